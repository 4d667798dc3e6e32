/* ir-score: compares predicted masks or probability maps with true masks. See ir-score(1). */
#include <string.h>

#include "base/base.h"
#include "base/option.h"
#include "counts.h"
#include "overlay.h"
#include "rce.h"
#include "report.h"
#include "roc.h"
#include "stream/stream.h"

static const char usage[] =
    "usage: ir-score [options] predicted true\n"
    "Scores predicted masks or probability maps against true masks: IoU, nIoU, Pd, Fa.\n"
    "\n"
    "  -t x, --threshold x   a pixel is predicted above x of maxval (default 0.5)\n"
    "      --match distance  how targets are matched: centroids less than 3 pixels apart\n"
    "      --tsv             a header line and a row of scores instead of text\n"
    "      --json            one JSON object\n"
    "      --per-image       a row (with --json an object) per image instead\n"
    "      --roc             a row per threshold and the area under the pixel curve instead\n"
    "      --thresholds n    of --roc: 0, 1/n, ..., 1 (default 100)\n"
    "      --rce scores      adds the relative corruption error; scores: --tsv of the clean "
    "images\n"
    "      --resize nearest  scales a mask of another size to its prediction's\n"
    "      --overlay dir     writes dir/NAME.ppm: hits green, misses blue, false alarms red\n"
    "      --frames images   of --overlay: the frames to draw on\n"
    "      --maxval n        of --frames: the frames' full range\n"
    "  -h, --help            prints this\n"
    "  -V, --version         prints the version\n"
    "\n"
    "predicted, true and images are each a file, a directory, @list or - (standard input).\n";

enum { DEFAULT_THRESHOLDS = 100 };
enum { PREDICTED, TRUTH, FRAME, STREAMS };

typedef struct {
    double threshold;
    table_format format;
    bool per_image, roc, resize;
    int thresholds; /* 0: not given */
    const char *rce, *overlay;
    int maxval;             /* of the frames; 0: not given */
    char *operand[STREAMS]; /* the frames' is NULL without an overlay */
} options;

enum {
    MATCH = 256,
    TSV,
    JSON,
    PER_IMAGE,
    ROC,
    THRESHOLDS,
    RCE,
    RESIZE,
    OVERLAY,
    FRAMES,
    MAXVAL,
};

static const struct option long_options[] = {
    {"threshold", required_argument, NULL, 't'},
    {"match", required_argument, NULL, MATCH},
    {"tsv", no_argument, NULL, TSV},
    {"json", no_argument, NULL, JSON},
    {"per-image", no_argument, NULL, PER_IMAGE},
    {"roc", no_argument, NULL, ROC},
    {"thresholds", required_argument, NULL, THRESHOLDS},
    {"rce", required_argument, NULL, RCE},
    {"resize", required_argument, NULL, RESIZE},
    {"overlay", required_argument, NULL, OVERLAY},
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
    static const char *const matches[] = {"distance"}, *const resizes[] = {"nearest"};

    switch (option) {
    case 't':
        o->threshold = ir_real(optarg, 0, 1, "--threshold");
        break;
    case MATCH:
        ir_choice(optarg, matches, 1, "--match");
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
    case THRESHOLDS:
        o->thresholds = (int)ir_number(optarg, 1, 65535, "--thresholds");
        break;
    case RCE:
        o->rce = optarg;
        break;
    case RESIZE:
        o->resize = ir_choice(optarg, resizes, 1, "--resize") == 0;
        break;
    case OVERLAY:
        o->overlay = optarg;
        break;
    case FRAMES:
        o->operand[FRAME] = optarg;
        break;
    case MAXVAL:
        o->maxval = ir_maxval(optarg);
        break;
    }
}

static options parse(int argc, char **argv)
{
    options o = {.threshold = 0.5};
    int option;

    while ((option = ir_option(argc, argv, ":t:hV", long_options, usage)) != -1)
        set_option(&o, option);
    if (argc - optind != 2)
        ir_usage_die("two operands are needed: predicted and true masks");
    o.operand[PREDICTED] = argv[optind];
    o.operand[TRUTH] = argv[optind + 1];
    if (o.per_image && o.roc)
        ir_usage_die("--per-image and --roc do not go together");
    if (o.rce != NULL && (o.per_image || o.roc))
        ir_usage_die("--rce goes with the scores of the set only");
    if (o.thresholds > 0 && !o.roc)
        ir_usage_die("--thresholds needs --roc");
    if ((o.overlay != NULL) != (o.operand[FRAME] != NULL))
        ir_usage_die("--overlay and --frames need each other");
    if (o.maxval > 0 && o.operand[FRAME] == NULL)
        ir_usage_die("--maxval needs --frames");
    return o;
}

/* Images from standard input have numbers for names; their masks know better. */
static void set_names(const options *o, ir_image *im)
{
    if (strcmp(o->operand[PREDICTED], "-") == 0)
        ir_image_set_name(&im[PREDICTED], im[TRUTH].name);
}

/* A mask of another size is an error, or scaled when that was asked for. */
static void fit(const options *o, ir_image *im)
{
    if (o->resize)
        ir_image_scale_nearest(&im[TRUTH], im[PREDICTED].width, im[PREDICTED].height);
    ir_check_same_size(&im[PREDICTED], &im[TRUTH], "the true mask");
    if (o->operand[FRAME] != NULL)
        ir_check_same_size(&im[PREDICTED], &im[FRAME], "the frame");
}

/* Reads all images and prints what was asked for; clean_iou: NULL without --rce. */
static void score(const options *o, const double *clean_iou)
{
    ir_matched *input = ir_matched_open(o->operand[FRAME] != NULL ? 3 : 2, o->operand);
    overlay *pictures = o->overlay != NULL ? overlay_new(o->overlay, input) : NULL;
    roc curve = roc_new(o->thresholds > 0 ? o->thresholds : DEFAULT_THRESHOLDS);
    matcher *m = matcher_new();
    ir_image im[STREAMS] = {0};
    totals sum = {0};

    if (o->maxval > 0)
        ir_matched_set_maxval(input, FRAME, o->maxval);
    while (ir_matched_next(input, im)) {
        int level = first_level_above(o->threshold, im[PREDICTED].maxval);
        counts c;

        set_names(o, im);
        fit(o, im);
        matcher_set_truth(m, &im[TRUTH]);
        c = matcher_count(m, &im[PREDICTED], level);
        if (o->per_image)
            report_image(stdout, im[PREDICTED].name, &c, o->format, sum.images == 0);
        if (o->roc)
            roc_add(&curve, m, &im[PREDICTED]);
        if (pictures != NULL)
            overlay_write(pictures, &im[PREDICTED], level, &im[TRUTH], &im[FRAME]);
        totals_add(&sum, &c);
    }
    if (o->roc)
        roc_print(stdout, &curve, o->format);
    else if (!o->per_image)
        report_totals(stdout, &sum, o->format, clean_iou);

    for (int i = 0; i < STREAMS; i++)
        ir_image_free(&im[i]);
    matcher_free(m);
    roc_free(&curve);
    overlay_free(pictures);
    ir_matched_close(input);
}

int main(int argc, char **argv)
{
    options o;
    double clean_iou;

    ir_start("ir-score");
    o = parse(argc, argv);
    if (o.rce != NULL)
        clean_iou = read_clean_iou(o.rce);
    score(&o, o.rce != NULL ? &clean_iou : NULL);
    ir_flush(stdout, "standard output");
    return 0;
}
