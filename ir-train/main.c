/* ir-train: trains a detector on frames and masks, and on corrupted frames beside them. */
#include <string.h>
#include <unistd.h>

#include "backend/options.h"
#include "base/base.h"
#include "comm/comm.h"
#include "export.h"
#include "init.h"
#include "stream/mask.h"
#include "train.h"

static const char usage[] =
    "usage: ir-train init --net NET [option ...] [image ...] > detector.tar\n"
    "       ir-train -c detector.tar [option ...] images masks > new.tar\n"
    "       ir-train export -c detector.tar [option ...] > model.tar\n"
    "\n"
    "init: a fresh detector, its input normalised by the images' mean and deviation.\n"
    "      --net NET            a network of ir-nets(7); list: prints their names\n"
    "      --sfim, --no-sfim    SFIM at the fusion points, or not; balistd has it by default\n"
    "      --init prior|published\n"
    "                           the head's bias at the log-odds of a target pixel (prior,\n"
    "                           the default), or everything as PyTorch starts it\n"
    "      --normalise set|image\n"
    "                           by the mean and deviation of all images (set), or its own\n"
    "      --mean M --std S     in units of maxval, instead of images\n"
    "      --bn-momentum M      weight of a batch in the running statistics (0.1)\n"
    "      --dropout P          probability of the dropout, where the network has one (0.1)\n"
    "      --maxval N           that of the images, whatever the files say\n"
    "  -r, --seed N             random seed (0)\n"
    "  -w, --write FILE         the checkpoint, instead of standard output\n"
    "\n"
    "Training: one pass over frames and their masks.\n"
    "  -c, --checkpoint FILE    the detector to go on from\n"
    "      --corrupted STREAM   the same frames corrupted, trained on beside the clean ones\n"
    "  -R, --rewards FILE       each corrupted frame's loss, written batch by batch\n"
    "      --reward loss|rise   of -R: that loss (default), or its rise over the clean one's\n"
    "      --lambda X           weight of the corrupted frames' loss (1)\n"
    "      --batch N            frames of a step (16)\n"
    "      --epochs N           passes (1)\n"
    "      --shuffle            another order in each pass\n"
    "      --crop N             side of the training crops, a multiple of 32 (256)\n"
    "      --lr X               Adam's learning rate (0.001)\n"
    "      --lr-steps N,N...    epochs after which the rate falls to a tenth\n"
    "      --lr-schedule steps|cosine\n"
    "                           as --lr-steps says, or down a cosine in --total-epochs\n"
    "      --total-epochs N     when the cosine ends, counted from the checkpoint's first epoch\n"
    "      --lr-end X           where the cosine ends (0)\n"
    "      --warmup N           steps in which the rate rises to where it would be (0)\n"
    "      --bn-momentum M      instead of the checkpoint's\n"
    "      --measure N          batches of the last pass that the statistics which detection\n"
    "                           uses are measured on (those of 256 frames); 0: remembered ones\n"
    "      --ema D              detection uses weights averaged over the steps with decay D;\n"
    "                           instead of the checkpoint's; 0: the last weights\n"
    "      --loss soft-iou|soft-iou+bce\n"
    "                           with binary cross-entropy, or without (soft-iou)\n"
    "      --bce-weight X       weight of the cross-entropy (1)\n"
    "      --reduction image|batch\n"
    "                           soft-IoU per image and averaged (image), or over the batch\n"
    "      --save-every N       write the checkpoint (-w) every N passes as well\n"
    "      --log FILE           append a record per pass here, not to standard error\n"
    "      --maxval N           that of the frames, whatever the files say\n"
    "      --true-above X       a pixel is true above X of its mask's maxval\n"
    "      --resize nearest     scales a mask of another size to its frame's\n"
    "  -r, --seed N             random seed, instead of the checkpoint's\n"
    "  -d, --device DEVICE      auto, cpu, cuda, cuda:N (auto)\n"
    "      --precision P        fp32, tf32 (default), bf16 or auto\n"
    "      --fast               a GPU may use faster algorithms whose results vary\n"
    "  -j, --threads N          threads (all processors)\n"
    "  -w, --write FILE         the checkpoint, instead of standard output\n"
    "  -v, --verbose            say what is trained\n"
    "      --profile            a table of where the time went, on standard error\n"
    "  -q, --quiet              no record, no progress line on standard error\n"
    "\n"
    "export: what detection needs of a checkpoint, with a checksum.\n"
    "      --half               weights in half precision\n"
    "      --describe FILE      lines 'key value' that say what it is: name, trained_on,\n"
    "                           scores, licence, made_by\n"
    "  -c, --checkpoint FILE    the trained detector\n"
    "  -w, --write FILE         the checkpoint, instead of standard output\n"
    "\n"
    "  -h, --help   -V, --version\n";

enum {
    CORRUPTED = 256,
    REWARD,
    LAMBDA,
    BATCH,
    EPOCHS,
    SHUFFLE,
    CROP,
    LR,
    LR_STEPS,
    LR_SCHEDULE,
    LR_END,
    TOTAL_EPOCHS,
    WARMUP,
    BN_MOMENTUM,
    MEASURE,
    EMA,
    LOSS,
    BCE_WEIGHT,
    REDUCTION,
    SAVE_EVERY,
    LOG,
    PROFILE,
    MAXVAL,
    TRUE_ABOVE,
    RESIZE
};

static const struct option long_options[] = {
    {"checkpoint", required_argument, NULL, 'c'},
    {"corrupted", required_argument, NULL, CORRUPTED},
    {"rewards", required_argument, NULL, 'R'},
    {"reward", required_argument, NULL, REWARD},
    {"lambda", required_argument, NULL, LAMBDA},
    {"batch", required_argument, NULL, BATCH},
    {"epochs", required_argument, NULL, EPOCHS},
    {"shuffle", no_argument, NULL, SHUFFLE},
    {"crop", required_argument, NULL, CROP},
    {"lr", required_argument, NULL, LR},
    {"lr-steps", required_argument, NULL, LR_STEPS},
    {"lr-schedule", required_argument, NULL, LR_SCHEDULE},
    {"lr-end", required_argument, NULL, LR_END},
    {"total-epochs", required_argument, NULL, TOTAL_EPOCHS},
    {"warmup", required_argument, NULL, WARMUP},
    {"bn-momentum", required_argument, NULL, BN_MOMENTUM},
    {"measure", required_argument, NULL, MEASURE},
    {"ema", required_argument, NULL, EMA},
    {"loss", required_argument, NULL, LOSS},
    {"bce-weight", required_argument, NULL, BCE_WEIGHT},
    {"reduction", required_argument, NULL, REDUCTION},
    {"save-every", required_argument, NULL, SAVE_EVERY},
    {"log", required_argument, NULL, LOG},
    {"profile", no_argument, NULL, PROFILE},
    {"maxval", required_argument, NULL, MAXVAL},
    {"true-above", required_argument, NULL, TRUE_ABOVE},
    {"resize", required_argument, NULL, RESIZE},
    {"seed", required_argument, NULL, 'r'},
    IR_BACKEND_OPTIONS,
    {"write", required_argument, NULL, 'w'},
    {"verbose", no_argument, NULL, 'v'},
    {"quiet", no_argument, NULL, 'q'},
    IR_LAST_OPTIONS,
};

/* "200,300" */
static void parse_lr_steps(rate_schedule *o, char *list)
{
    char *rest = list, *word;
    o->lr_steps = 0;
    while ((word = strsep(&rest, ","))) {
        if (o->lr_steps == MAX_LR_STEPS)
            ir_usage_die("--lr-steps: more than %d of them", MAX_LR_STEPS);
        const long least = o->lr_steps > 0 ? o->lr_step[o->lr_steps - 1] + 1 : 1;
        o->lr_step[o->lr_steps++] = ir_number(word, least, 1000000000, "--lr-steps");
    }
}

/* False for the options that are not about the learning rate. */
static bool set_rate(rate_schedule *rate, int option)
{
    static const char *const schedules[] = {"steps", "cosine"};
    switch (option) {
    case LR:
        rate->lr = ir_real(optarg, 0, 1000, "--lr");
        return true;
    case LR_STEPS:
        parse_lr_steps(rate, optarg);
        return true;
    case LR_SCHEDULE:
        rate->cosine = ir_choice(optarg, schedules, 2, "--lr-schedule") == 1;
        return true;
    case LR_END:
        rate->end = ir_real(optarg, 0, 1000, "--lr-end");
        return true;
    case TOTAL_EPOCHS:
        rate->total_epochs = ir_number(optarg, 1, 1000000000, "--total-epochs");
        return true;
    case WARMUP:
        rate->warmup = ir_number(optarg, 0, 1000000000, "--warmup");
        return true;
    default:
        return false;
    }
}

/* Options of the training; false for options of the run. */
static bool set_training(train_options *o, int option)
{
    static const char *const losses[] = {"soft-iou", "soft-iou+bce"};
    static const char *const reductions[] = {"image", "batch"}, *const resizes[] = {"nearest"};
    switch (option) {
    case LAMBDA:
        o->lambda = ir_real(optarg, 0, 1e6, "--lambda");
        return true;
    case BATCH:
        o->batch = (int)ir_number(optarg, 1, 4096, "--batch");
        return true;
    case EPOCHS:
        o->epochs = ir_number(optarg, 1, 1000000, "--epochs");
        return true;
    case SHUFFLE:
        o->shuffle = true;
        return true;
    case CROP:
        o->crop = (int)ir_number(optarg, 32, 4096, "--crop");
        return true;
    case BN_MOMENTUM:
        o->bn_momentum = ir_real(optarg, 0, 1, "--bn-momentum");
        return true;
    case MEASURE:
        o->measure = (int)ir_number(optarg, 0, 65536, "--measure");
        return true;
    case EMA:
        o->ema = ir_real(optarg, 0, 1, "--ema");
        return true;
    case LOSS:
        o->has_bce = ir_choice(optarg, losses, 2, "--loss") == 1;
        return true;
    case BCE_WEIGHT:
        o->bce_weight = ir_real(optarg, 0, 1e6, "--bce-weight");
        return true;
    case REDUCTION:
        o->whole_batch = ir_choice(optarg, reductions, 2, "--reduction") == 1;
        return true;
    case MAXVAL:
        o->maxval = ir_maxval(optarg);
        return true;
    case TRUE_ABOVE:
        o->true_above = ir_masks_threshold(optarg);
        return true;
    case RESIZE:
        o->resize = ir_choice(optarg, resizes, 1, "--resize") == 0;
        return true;
    case 'r':
        o->seed = ir_seed(optarg);
        o->has_seed = true;
        return true;
    default:
        return set_rate(&o->rate, option);
    }
}

static void set_run(train_options *o, int option)
{
    static const char *const rewards[] = {"loss", "rise"};
    switch (option) {
    case 'c':
        o->checkpoint = optarg;
        break;
    case CORRUPTED:
        o->corrupted = optarg;
        break;
    case 'R':
        o->rewards = optarg;
        break;
    case REWARD:
        o->rise = ir_choice(optarg, rewards, 2, "--reward") == 1;
        o->has_reward = true;
        break;
    case SAVE_EVERY:
        o->save_every = ir_number(optarg, 1, 1000000, "--save-every");
        break;
    case LOG:
        o->log = optarg;
        break;
    case 'w':
        o->write = strcmp(optarg, "-") == 0 ? NULL : optarg;
        break;
    case 'v':
        o->verbose = true;
        break;
    case PROFILE:
        o->profile = true;
        break;
    case 'q':
        o->quiet = true;
        break;
    }
}

/* "-" may stand for one of a program's inputs. */
static void check_stdin(const char *const *input, int count)
{
    int dashes = 0;
    for (int i = 0; i < count; i++)
        dashes += input[i] && strcmp(input[i], "-") == 0;
    if (dashes > 1)
        ir_usage_die("standard input ('-') can be read once only");
}

static void check_rate(const rate_schedule *rate)
{
    if (rate->cosine && rate->total_epochs == 0)
        ir_usage_die("--lr-schedule cosine needs --total-epochs");
    if (rate->cosine && rate->lr_steps > 0)
        ir_usage_die("--lr-steps is for --lr-schedule steps");
    if (!rate->cosine && (rate->total_epochs > 0 || rate->end >= 0))
        ir_usage_die("%s is for --lr-schedule cosine",
                     rate->end >= 0 ? "--lr-end" : "--total-epochs");
}

static void check(const train_options *o, int operands, char **operand)
{
    if (!o->checkpoint)
        ir_usage_die("-c is missing ('ir-train init' makes a first checkpoint)");
    if (operands != 2)
        ir_usage_die("two operands are needed, images and masks; %d given", operands);
    const char *const input[] = {o->checkpoint, o->corrupted, operand[0], operand[1]};
    check_stdin(input, 4);
    if (o->rewards && !o->corrupted)
        ir_usage_die("-R needs --corrupted: a reward is a corrupted frame's loss");
    if (o->corrupted && (o->epochs > 1 || o->shuffle))
        ir_usage_die("%s: --corrupted is a stream that passes once",
                     o->shuffle ? "--shuffle" : "--epochs");
    if (o->batch == 1 && !o->corrupted)
        ir_usage_die("--batch: batch normalisation needs two images at least");
    check_rate(&o->rate);
    if (!o->rewards && o->has_reward)
        ir_usage_die("--reward is for -R");
    if (!o->has_bce && o->bce_weight >= 0)
        ir_usage_die("--bce-weight is for --loss soft-iou+bce");
    if (o->save_every > 0 && !o->write)
        ir_usage_die("--save-every needs -w");
    if (!o->write && o->rewards && strcmp(o->rewards, "-") == 0)
        ir_usage_die("-R -: rewards and checkpoint cannot share standard output; give -w FILE");
    if (!o->write && isatty(STDOUT_FILENO))
        ir_usage_die("a checkpoint is nothing for a terminal: -w FILE or > FILE");
}

int main(int argc, char **argv)
{
    train_options o = {.backend = ir_backend_defaults(IR_TF32),
                       .batch = 16,
                       .crop = 256,
                       .epochs = 1,
                       .lambda = 1,
                       .bce_weight = -1,
                       .rate = {.lr = 1e-3, .end = -1},
                       .bn_momentum = -1,
                       .ema = -1,
                       .measure = -1,
                       .true_above = -1};
    int option;
    ir_start(argv[0]);
    ir_comm_start();
    if (argc > 1 && (strcmp(argv[1], "init") == 0 || strcmp(argv[1], "export") == 0) &&
        ir_comm_told_rank() >= 0)
        ir_usage_die("%s: one process does that, not those of an MPI launcher", argv[1]);
    if (argc > 1 && strcmp(argv[1], "init") == 0) {
        init_command(argc - 1, argv + 1, usage);
        return 0;
    }
    if (argc > 1 && strcmp(argv[1], "export") == 0) {
        export_command(argc - 1, argv + 1, usage);
        return 0;
    }
    while ((option = ir_option(argc, argv, ":c:R:r:d:j:w:vqhV", long_options, usage)) != -1) {
        if (!set_training(&o, option) && !ir_backend_option(&o.backend, option))
            set_run(&o, option);
    }
    check(&o, argc - optind, argv + optind);
    train(&o, argv[optind], argv[optind + 1]);
    return 0;
}
