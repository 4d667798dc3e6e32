/* The command line of ir-score. */
#include "score_options.h"

#include "base/base.h"
#include "base/option.h"
#include "stream/mask.h"

enum { DEFAULT_THRESHOLDS = 100, DEFAULT_RESAMPLES = 1000, MAX_RESAMPLES = 1000000 };

static const char usage[] =
    "usage: ir-score [options] predicted true\n"
    "       ir-score report [-o file] run-or-table ...\n"
    "Scores predicted masks or probability maps against true masks: IoU, nIoU, Pd, Fa.\n"
    "\n"
    "  -t x, --threshold x   a pixel is predicted above x of maxval (default 0.5)\n"
    "      --match how       how targets are matched: distance (centroids less than 3 pixels "
    "apart;\n"
    "                        default), opdc or shooting\n"
    "      --all             every score of the set\n"
    "      --tsv             a header line and a row of scores instead of text\n"
    "      --json            one JSON object\n"
    "      --per-image       a row (with --json an object) per image instead\n"
    "      --roc             a row per threshold and the area under the pixel curve instead\n"
    "      --bootstrap n     every score with its 95 % interval, from n resamples of the images\n"
    "      --versus other    a second prediction: every score's difference, its interval and how\n"
    "                        often its sign flips\n"
    "  -r seed               of the resampling (default 0)\n"
    "  -j n                  threads of the resampling (default: all processors)\n"
    "      --pr              precision and recall per threshold and the area under them instead\n"
    "      --thresholds n    of the curves: 0, 1/n, ..., 1 (default 100)\n"
    "      --rce scores      adds the relative corruption error; scores: --tsv of the clean "
    "images\n"
    "      --true-above x    a pixel is true above x of its mask's maxval\n"
    "      --resize nearest  scales a mask of another size to its prediction's\n"
    "      --overlay dir     writes dir/NAME.ppm: hits green, misses blue, false alarms red\n"
    "      --png             of --overlay: writes dir/NAME.png\n"
    "      --root dir        of --overlay: keeps the directories of an image below dir\n"
    "      --frames images   of --overlay: the frames to draw on\n"
    "      --maxval n        of --frames: the frames' full range\n"
    "  -h, --help            prints this\n"
    "  -V, --version         prints the version\n"
    "\n"
    "predicted, true and images are each a file, a directory, @list or - (standard input).\n";

enum {
    MATCH = 256,
    TSV,
    JSON,
    PER_IMAGE,
    ROC,
    THRESHOLDS,
    RCE,
    ALL,
    PR,
    RESIZE,
    TRUE_ABOVE,
    OVERLAY,
    PNG,
    ROOT,
    FRAMES,
    MAXVAL,
    BOOTSTRAP,
    VERSUS,
};

static const struct option long_options[] = {
    {"threshold", required_argument, NULL, 't'},
    {"match", required_argument, NULL, MATCH},
    {"tsv", no_argument, NULL, TSV},
    {"json", no_argument, NULL, JSON},
    {"per-image", no_argument, NULL, PER_IMAGE},
    {"roc", no_argument, NULL, ROC},
    {"thresholds", required_argument, NULL, THRESHOLDS},
    {"all", no_argument, NULL, ALL},
    {"pr", no_argument, NULL, PR},
    {"bootstrap", required_argument, NULL, BOOTSTRAP},
    {"versus", required_argument, NULL, VERSUS},
    {"rce", required_argument, NULL, RCE},
    {"true-above", required_argument, NULL, TRUE_ABOVE},
    {"resize", required_argument, NULL, RESIZE},
    {"overlay", required_argument, NULL, OVERLAY},
    {"png", no_argument, NULL, PNG},
    {"root", required_argument, NULL, ROOT},
    {"frames", required_argument, NULL, FRAMES},
    {"maxval", required_argument, NULL, MAXVAL},
    IR_LAST_OPTIONS,
};

static void set_format(options *o, table_format format)
{
    if (o->format != FORMAT_TEXT && o->format != format)
        ir_usage_die("--tsv and --json do not go together");
    o->format = format;
}

static void set_option(options *o, int option)
{
    static const char *const matches[MATCHES] = {"distance", "opdc", "shooting"};
    static const char *const resizes[] = {"nearest"};
    switch (option) {
    case 't':
        o->threshold = ir_real(optarg, 0, 1, "--threshold");
        break;
    case MATCH:
        o->match = (match_kind)ir_choice(optarg, matches, MATCHES, "--match");
        break;
    case TSV:
        set_format(o, FORMAT_TSV);
        break;
    case JSON:
        set_format(o, FORMAT_JSON);
        break;
    case PER_IMAGE:
        o->per_image = true;
        break;
    case ROC:
        o->roc = true;
        break;
    case PR:
        o->pr = true;
        break;
    case BOOTSTRAP:
        o->bootstrap.resamples = ir_number(optarg, 1, MAX_RESAMPLES, "--bootstrap");
        break;
    case VERSUS:
        o->versus = true;
        o->operand[OTHER] = optarg;
        break;
    case 'r':
        o->seed_given = true;
        o->bootstrap.seed = ir_seed(optarg);
        break;
    case 'j':
        o->bootstrap.threads = ir_threads(optarg);
        break;
    case ALL:
        o->all = true;
        break;
    case THRESHOLDS:
        o->thresholds_given = true;
        o->thresholds = (int)ir_number(optarg, 1, 65535, "--thresholds");
        break;
    case RCE:
        o->rce = optarg;
        break;
    case TRUE_ABOVE:
        o->true_above = ir_masks_threshold(optarg);
        break;
    case RESIZE:
        o->resize = ir_choice(optarg, resizes, 1, "--resize") == 0;
        break;
    case OVERLAY:
        o->overlay = optarg;
        break;
    case PNG:
        o->png = true;
        break;
    case ROOT:
        o->root = optarg;
        break;
    case FRAMES:
        o->frames = true;
        o->operand[FRAME] = optarg;
        break;
    case MAXVAL:
        o->maxval = ir_maxval(optarg);
        break;
    }
}

/* What does not go together. */
static void check(const options *o)
{
    if (o->bootstrap.resamples > 0 && (o->per_image || o->roc || o->pr || o->rce))
        ir_usage_die("--bootstrap and --versus go with the scores of the set only");
    if (o->per_image + o->roc + o->pr + o->all > 1)
        ir_usage_die("of --per-image, --roc, --pr and --all only one can be given");
    if (o->rce && (o->per_image || o->roc || o->pr))
        ir_usage_die("--rce goes with the scores of the set only");
    if (o->thresholds_given && !o->roc && !o->pr && !o->all)
        ir_usage_die("--thresholds needs --roc, --pr or --all");
    if (o->seed_given && o->bootstrap.resamples == 0)
        ir_usage_die("-r needs --bootstrap or --versus");
    if (o->versus && o->frames)
        ir_usage_die("--versus and --frames do not go together");
    if (!o->overlay != !o->frames)
        ir_usage_die("--overlay and --frames need each other");
    if (o->png && !o->overlay)
        ir_usage_die("--png needs --overlay");
    if (o->root && !o->overlay)
        ir_usage_die("--root needs --overlay");
    if (o->maxval > 0 && !o->frames)
        ir_usage_die("--maxval needs --frames");
}

options parse_options(int argc, char **argv)
{
    options o = {.threshold = 0.5,
                 .true_above = -1,
                 .thresholds = DEFAULT_THRESHOLDS,
                 .bootstrap.threads = ir_default_threads()};
    int option;
    while ((option = ir_option(argc, argv, ":t:r:j:hV", long_options, usage)) != -1)
        set_option(&o, option);
    if (argc - optind != 2)
        ir_usage_die("two operands are needed: predicted and true masks");
    o.operand[PREDICTED] = argv[optind];
    o.operand[TRUTH] = argv[optind + 1];
    if (o.versus && o.bootstrap.resamples == 0)
        o.bootstrap.resamples = DEFAULT_RESAMPLES;
    o.all = o.all || o.bootstrap.resamples > 0;
    check(&o);
    return o;
}
