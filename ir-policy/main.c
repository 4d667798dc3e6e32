/* ir-policy: the strategy network N_S, which learns to choose the corruption that hurts most. */
#include <string.h>

#include "backend/options.h"
#include "base/base.h"
#include "policy_options.h"

static const char usage[] =
    "usage: ir-policy init [--severities L,L,L] [-r SEED] [-w FILE]\n"
    "       ir-policy sample -c POLICY [option ...] [image ...] > strategies\n"
    "       ir-policy update -c POLICY -S FILE -R FILE [-w FILE] [option ...] [image ...]\n"
    "       ir-policy play -c POLICY -R FILE -w FILE [option ...] [image ...] > strategies\n"
    "       ir-policy stats -c POLICY [option ...] [image ...]\n"
    "\n"
    "init makes a policy that chooses uniformly; sample chooses a strategy for every image;\n"
    "update learns from the rewards they got; play does both, batch by batch; stats prints\n"
    "the mean probability of every strategy.\n"
    "\n"
    "  -c, --checkpoint FILE  the policy\n"
    "  -w, --write FILE       where the new policy goes, instead of standard output\n"
    "  -S, --strategies FILE  update: the strategies that were sampled\n"
    "  -R, --rewards FILE     update, play: the loss under each strategy\n"
    "      --strategy SET     hrl: the network chooses (the default); random, noise, blur, isp:\n"
    "                         uniformly from that set, and nothing is learned\n"
    "      --hold LIST        groups or corruptions that are never chosen: noise,jpeg\n"
    "      --batch N          images that are chosen for, and learned from, together (16)\n"
    "      --lr X             learning rate (0.0001)\n"
    "      --baseline mean|none\n"
    "                         what is subtracted from a batch's rewards (mean)\n"
    "      --entropy X        weight of an entropy bonus (0)\n"
    "      --lag 0|1          play: 1 goes one batch ahead of the rewards (0)\n"
    "      --severities L,L,L\n"
    "                         init: the three severities that are played with (1,3,5)\n"
    "      --maxval N         the frames' range, where it is not their maxval\n"
    "  -r, --seed N           random seed (0)\n"
    "  -d, --device DEVICE    auto, cpu, cuda, cuda:N (auto)\n"
    "      --precision P      fp32, tf32 (default), bf16 or auto\n"
    "      --fast             a GPU may use faster algorithms whose results vary\n"
    "  -j, --threads N        threads (1: the network is small)\n"
    "  -v, --verbose          update, play: a line per batch on standard error\n"
    "  -q, --quiet            not even that\n"
    "  -h, --help             print this help\n"
    "  -V, --version          print the version\n"
    "\n"
    "An IMAGE is a file, a directory, @LIST or - (standard input, the default).\n";

/* Options without a short form; capitals and small letters that no short option uses. */
enum {
    STRATEGY = 'y',
    BATCH = 'b',
    LR = 'l',
    BASELINE = 'a',
    ENTROPY = 'e',
    SEVERITIES = 's',
    MAXVAL = 'm',
    LAG = 'g',
    HOLD = 'o'
};

static const char short_options[] = ":c:w:S:R:r:d:j:vqhV";

static const struct option long_options[] = {
    {"checkpoint", required_argument, NULL, 'c'},
    {"write", required_argument, NULL, 'w'},
    {"strategies", required_argument, NULL, 'S'},
    {"rewards", required_argument, NULL, 'R'},
    {"strategy", required_argument, NULL, STRATEGY},
    {"batch", required_argument, NULL, BATCH},
    {"lr", required_argument, NULL, LR},
    {"baseline", required_argument, NULL, BASELINE},
    {"entropy", required_argument, NULL, ENTROPY},
    {"severities", required_argument, NULL, SEVERITIES},
    {"lag", required_argument, NULL, LAG},
    {"hold", required_argument, NULL, HOLD},
    {"maxval", required_argument, NULL, MAXVAL},
    {"seed", required_argument, NULL, 'r'},
    IR_BACKEND_OPTIONS,
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    IR_LAST_OPTIONS,
};

/* options: which of them the command takes; needed: which it cannot do without. */
typedef struct {
    const char *name;
    command *run;
    const char *options, *needed;
} command_info;

static const command_info commands[] = {
    {"init", init_command, "swrdjpf", ""},
    {"sample", sample_command, "cyobmrdjpf", "c"},
    {"update", update_command, "cwSRyoblaemdjpf", "cSR"},
    {"play", play_command, "cwRyoblaegmrdjpf", "cwR"},
    {"stats", stats_command, "cbmdjpf", "c"},
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const command_info *find_command(const char *name)
{
    const char *names[COMMANDS];
    for (int i = 0; i < COMMANDS; i++)
        names[i] = commands[i].name;
    return &commands[ir_choice(name, names, COMMANDS, "command")];
}

/* "-c", "--batch": how an option is written; a new string. */
static char *spell(int option)
{
    for (const struct option *l = long_options; l->name; l++)
        if (l->val == option && !strchr(short_options, option))
            return ir_format("--%s", l->name);
    return ir_format("-%c", option);
}

/* How the policy learns; false for another option. */
static bool set_learning(options *o, int option)
{
    static const char *const baselines[] = {"mean", "none"};
    switch (option) {
    case STRATEGY:
        o->set = (enum choice_set)ir_choice(optarg, choice_set_names, SETS, "--strategy");
        return true;
    case BATCH:
        o->batch = (int)ir_number(optarg, 1, 4096, "--batch");
        return true;
    case LR:
        o->lr = ir_real(optarg, 0, 1000, "--lr");
        return true;
    case BASELINE:
        o->baseline = ir_choice(optarg, baselines, 2, "--baseline") == 0;
        return true;
    case ENTROPY:
        o->entropy = ir_real(optarg, 0, 1000, "--entropy");
        return true;
    case LAG:
        o->lag = (int)ir_number(optarg, 0, 1, "--lag");
        return true;
    case HOLD:
        o->held = choice_held_parse(optarg);
        return true;
    case SEVERITIES:
        o->severities = ir_severities_parse(optarg);
        return true;
    default:
        return false;
    }
}

static void set_option(options *o, int option)
{
    if (set_learning(o, option) || ir_backend_option(&o->backend, option))
        return;
    switch (option) {
    case 'c':
        o->checkpoint = optarg;
        break;
    case 'w':
        o->write = optarg;
        break;
    case 'S':
        o->strategies = optarg;
        break;
    case 'R':
        o->rewards = optarg;
        break;
    case MAXVAL:
        o->maxval = ir_maxval(optarg);
        break;
    case 'r':
        o->seed = ir_seed(optarg);
        break;
    case 'v':
        o->verbose = true;
        break;
    case 'q':
        o->verbose = false;
        break;
    }
}

/* Standard input can be one thing only. */
static void check_stdin(const options *o)
{
    const char *const input[] = {o->checkpoint, o->strategies, o->rewards};
    int dashes = o->operands == 0;
    for (int i = 0; i < o->operands; i++)
        dashes += strcmp(o->operand[i], "-") == 0;
    for (int i = 0; i < 3; i++)
        dashes += input[i] && strcmp(input[i], "-") == 0;
    if (dashes > 1)
        ir_usage_die("standard input ('-', or no image) can be read once only");
}

static void check(const command_info *command, const options *o, const char *given)
{
    for (const char *c = command->needed; *c != '\0'; c++)
        if (!strchr(given, *c))
            ir_usage_die("%s: %s is missing", command->name, spell(*c));
    if (command->run == init_command && o->operands > 0)
        ir_usage_die("init: %s: no operand is wanted", o->operand[0]);
    if (command->run == play_command && strcmp(o->write, "-") == 0)
        ir_usage_die("play: -w -: standard output is for the strategies");
    if (command->run != init_command)
        check_stdin(o);
}

/* argv[0] is the command. */
static options parse(const command_info *command, int argc, char **argv)
{
    options o = {.baseline = true,
                 .lr = 1e-4,
                 .severities = {{1, 3, 5}},
                 .batch = 16,
                 .backend = ir_backend_defaults(IR_TF32)};
    char given[128] = "";
    int option;
    o.backend.threads = 1; /* the network is small */
    while ((option = ir_option(argc, argv, short_options, long_options, usage)) != -1) {
        set_option(&o, option);
        if (!strchr("vq", option) && !strchr(command->options, option))
            ir_usage_die("%s: %s does not go with this command", command->name, spell(option));
        if (!strchr(given, option))
            given[strlen(given)] = (char)option;
    }
    o.operands = argc - optind;
    o.operand = argv + optind;
    check(command, &o, given);
    return o;
}

int main(int argc, char **argv)
{
    const command_info *command;
    options o;
    ir_start("ir-policy");
    if (argc > 1 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0))
        ir_print_help(usage);
    if (argc > 1 && (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0))
        ir_print_version();
    if (argc < 2)
        ir_usage_die("a command is missing: init, sample, update, play or stats");
    command = find_command(argv[1]);
    o = parse(command, argc - 1, argv + 1);
    command->run(&o);
    ir_flush(stdout, "standard output");
    return 0;
}
