/* ir-detect: finds small targets in infrared images. See ir-detect(1). */
#include <stdlib.h>
#include <string.h>

#include "backend/options.h"
#include "base/base.h"
#include "checkpoint/models.h"
#include "detect.h"

static const char usage[] =
    "usage: ir-detect [-c detector | -m method] [options] [image ...]\n"
    "       ir-detect --list\n"
    "Writes a mask of 0 and 255 for every image, or what --soft, --targets or --feature say.\n"
    "\n"
    "  -c, --checkpoint file  a learned detector, made by ir-train, or the name of one of those "
    "that\n"
    "                         come with irtools (default: the default among these)\n"
    "      --list             prints what comes with irtools\n"
    "  -m, --method name      a classical detector: top-hat, mspcm, ipi, nram, pstnn\n"
    "  -t, --threshold x      a pixel is a target above x; learned: of the probability (default\n"
    "                         0.5), classical: of the saliency's range (default: see -k)\n"
    "      --soft             writes probability maps, or saliency scaled to its own range\n"
    "      --feature name     of -c: writes that map of the network's inside; list: their names\n"
    "      --depth bits       of --soft and --feature: 8 (default) or 16\n"
    "      --targets          writes records: name x y left top width height area score\n"
    "      --overlay dir      draws dir/NAME.png besides: the image, its targets outlined, their\n"
    "                         scores; -: to stdout, as PPM\n"
    "      --png              writes PNG instead of PGM\n"
    "  -o, --output dir       writes dir/NAME.pgm (--targets: dir/NAME.tsv), not to stdout\n"
    "      --root dir         of -o and --overlay: keeps the directories that an image lies in "
    "below dir\n"
    "  -k, --deviations k     of -m: the threshold is mean + k standard deviations (default: the "
    "method's)\n"
    "      --strict           of -m: an image whose iteration does not converge is an error\n"
    "      --radius n         of -m top-hat\n"
    "      --largest n        of -m mspcm\n"
    "      --patch n, --step n, --lambda x, --gamma x, --rank-ratio x, --tolerance x,\n"
    "      --iterations n     of the others; all are as published by default, see ir-detect(1)\n"
    "      --maxval n         the images' full range, when it is not their maxval\n"
    "      --adapt x          of -c: batch norms use the fraction x (0 to 1) of each image's own\n"
    "                         statistics\n"
    "      --adapt-window n   of --adapt: statistics of the last n images (default: 1)\n"
    "      --batch n          of -c: up to n images of one size go through the network together\n"
    "      --tile n|whole     of -c: frames larger than n x n, a multiple of 32, go in tiles of\n"
    "                         that size (default: very large frames do)\n"
    "      --overlap n        pixels that neighbouring tiles share, a multiple of 32\n"
    "  -d, --device name      of -c: auto (default), cpu, cuda, cuda:N\n"
    "      --precision p      fp32, tf32, bf16 or auto (default)\n"
    "      --fast             a GPU may use faster algorithms whose results vary\n"
    "  -j, --threads n        threads (default: all processors)\n"
    "      --profile          of -c: says on standard error where the time went\n"
    "  -v, --verbose          says how many images there were, and how many a second\n"
    "  -h, --help             prints this\n"
    "  -V, --version          prints the version\n"
    "\n"
    "An image operand is a file, a directory, @list or - (standard input, the default).\n";

enum {
    SOFT = 256,
    LIST,
    DEPTH,
    TARGETS,
    FEATURE,
    OVERLAY_PICTURES,
    PNG,
    STRICT,
    PROFILE,
    MAXVAL,
    BATCH,
    ADAPT,
    WINDOW,
    TILE,
    OVERLAP,
    ROOT,
    PARAMETER
};

static const struct option long_options[] = {
    {"checkpoint", required_argument, NULL, 'c'},
    {"list", no_argument, NULL, LIST},
    {"method", required_argument, NULL, 'm'},
    {"threshold", required_argument, NULL, 't'},
    {"soft", no_argument, NULL, SOFT},
    {"depth", required_argument, NULL, DEPTH},
    {"targets", no_argument, NULL, TARGETS},
    {"feature", required_argument, NULL, FEATURE},
    {"overlay", required_argument, NULL, OVERLAY_PICTURES},
    {"png", no_argument, NULL, PNG},
    {"output", required_argument, NULL, 'o'},
    {"deviations", required_argument, NULL, 'k'},
    {"strict", no_argument, NULL, STRICT},
    {"profile", no_argument, NULL, PROFILE},
    {"maxval", required_argument, NULL, MAXVAL},
    {"root", required_argument, NULL, ROOT},
    {"batch", required_argument, NULL, BATCH},
    {"adapt", required_argument, NULL, ADAPT},
    {"adapt-window", required_argument, NULL, WINDOW},
    {"tile", required_argument, NULL, TILE},
    {"overlap", required_argument, NULL, OVERLAP},
    {"radius", required_argument, NULL, PARAMETER + RADIUS},
    {"largest", required_argument, NULL, PARAMETER + LARGEST},
    {"patch", required_argument, NULL, PARAMETER + PATCH},
    {"step", required_argument, NULL, PARAMETER + STEP},
    {"lambda", required_argument, NULL, PARAMETER + LAMBDA},
    {"gamma", required_argument, NULL, PARAMETER + GAMMA},
    {"rank-ratio", required_argument, NULL, PARAMETER + RANK_RATIO},
    {"tolerance", required_argument, NULL, PARAMETER + TOLERANCE},
    {"iterations", required_argument, NULL, PARAMETER + ITERATIONS},
    IR_BACKEND_OPTIONS,
    {"verbose", no_argument, NULL, 'v'},
    IR_LAST_OPTIONS,
};

static int find_method(const char *name)
{
    const char *names[METHODS];
    for (int i = 0; i < METHODS; i++)
        names[i] = methods[i].name;
    return ir_choice(name, names, METHODS, "--method");
}

_Noreturn static void print_list(void)
{
    ir_models_list(stdout);
    ir_flush(stdout, "standard output");
    exit(0);
}

static void set_output(options *o, output_kind output)
{
    if (o->output != OUTPUT_MASK && o->output != output)
        ir_usage_die("--soft, --targets and --feature do not go together");
    o->output = output;
}

/* A whole number of the steps in which tiles can lie. */
static int tile_pixels(const char *text, int min, const char *what)
{
    enum { MULTIPLE = 32 };
    const int n = (int)ir_number(text, min, IR_MAX_SIDE, what);

    if (n % MULTIPLE != 0)
        ir_usage_die("%s: %d is not a multiple of %d", what, n, MULTIPLE);
    return n;
}

static bool is_whole(const char *text)
{
    return strcmp(text, "whole") == 0 || strcmp(text, "0") == 0;
}

static void set_parameter(options *o, int i)
{
    const parameter_kind *p = &parameter_kinds[i];
    if (p->whole)
        o->parameter[i] = (double)ir_number(optarg, (long)p->min, (long)p->max, p->name);
    else
        o->parameter[i] = ir_real(optarg, p->min, p->max, p->name);
}

static void set_option(options *o, int option)
{
    static const char *const depths[] = {"8", "16"};
    if (option >= PARAMETER) {
        set_parameter(o, option - PARAMETER);
        return;
    }
    switch (option) {
    case 'c':
        o->checkpoint = optarg;
        break;
    case LIST:
        print_list();
    case 'm':
        o->method = find_method(optarg);
        break;
    case 't':
        o->threshold = ir_real(optarg, 0, 1, "--threshold");
        break;
    case SOFT:
        set_output(o, OUTPUT_SOFT);
        break;
    case DEPTH:
        o->depth = ir_choice(optarg, depths, 2, "--depth") == 0 ? 8 : 16;
        break;
    case TARGETS:
        set_output(o, OUTPUT_TARGETS);
        break;
    case FEATURE:
        set_output(o, OUTPUT_FEATURE);
        o->feature = optarg;
        break;
    case OVERLAY_PICTURES:
        o->overlay = optarg;
        break;
    case PNG:
        o->png = true;
        break;
    case 'o':
        o->directory = optarg;
        break;
    case 'k':
        o->k = ir_real(optarg, 0, 1e6, "--deviations");
        break;
    case STRICT:
        o->strict = true;
        break;
    case ROOT:
        o->root = optarg;
        break;
    case MAXVAL:
        o->maxval = ir_maxval(optarg);
        break;
    case BATCH:
        o->batch = (int)ir_number(optarg, 1, 1024, "--batch");
        break;
    case ADAPT:
        o->adapt = ir_real(optarg, 0, 1, "--adapt");
        break;
    case WINDOW:
        o->window = (int)ir_number(optarg, 1, 1024, "--adapt-window");
        break;
    case TILE:
        o->tile = is_whole(optarg) ? 0 : tile_pixels(optarg, 32, "--tile");
        break;
    case OVERLAP:
        o->overlap = tile_pixels(optarg, 0, "--overlap");
        break;
    case PROFILE:
        o->profile = true;
        break;
    case 'v':
        o->verbose = true;
        break;
    }
}

static void check(const options *o)
{
    const bool classical = o->method >= 0, learned = !classical;
    if (classical && o->checkpoint)
        ir_usage_die("-c (a learned detector) and -m (a classical one) do not go together");
    if (learned && (o->k >= 0 || o->strict))
        ir_usage_die("-k and --strict need -m");
    for (int i = 0; i < PARAMETERS; i++)
        if (o->parameter[i] > 0 && (learned || methods[o->method].parameter[i] <= 0))
            ir_usage_die("--%s is not an option of %s", parameter_kinds[i].name,
                         learned ? "-c" : methods[o->method].name);
    if (classical && o->placed)
        ir_usage_die("-d, --precision and --fast need -c");
    if (classical && o->batch > 0)
        ir_usage_die("--batch needs -c");
    if (classical && o->adapt >= 0)
        ir_usage_die("--adapt needs -c");
    if (o->window > 0 && o->adapt < 0)
        ir_usage_die("--adapt-window needs --adapt");
    if (classical && o->profile)
        ir_usage_die("--profile needs -c");
    if (o->k >= 0 && o->threshold >= 0)
        ir_usage_die("-k and -t do not go together");
    if (o->root && !o->directory && !o->overlay)
        ir_usage_die("--root needs -o or --overlay");
    if (o->overlay && (o->output == OUTPUT_SOFT || o->output == OUTPUT_FEATURE))
        ir_usage_die("--overlay draws targets: it does not go with --soft and --feature");
    if (o->png && o->output == OUTPUT_TARGETS && !o->overlay)
        ir_usage_die("--png is of images: it does not go with --targets");
    if (classical && o->output == OUTPUT_FEATURE)
        ir_usage_die("--feature needs -c");
    if (o->depth > 0 && o->output != OUTPUT_SOFT && o->output != OUTPUT_FEATURE)
        ir_usage_die("--depth needs --soft or --feature");
    if (o->output == OUTPUT_SOFT && (o->threshold >= 0 || o->k >= 0))
        ir_usage_die("--soft has no threshold");
    if (o->output == OUTPUT_FEATURE && o->threshold >= 0)
        ir_usage_die("--feature has no threshold");
}

static void check_tiles(const options *o)
{
    if (o->method >= 0 && (o->tile >= 0 || o->overlap >= 0))
        ir_usage_die("--tile and --overlap need -c");
    if (o->overlap >= 0 && o->tile <= 0)
        ir_usage_die("--overlap needs --tile and its size");
    if (o->tile > 0 && 2 * o->overlap > o->tile)
        ir_usage_die("--overlap: %d is more than half a tile of %d", o->overlap, o->tile);
    if (o->tile > 0 && o->output == OUTPUT_FEATURE)
        ir_usage_die("--feature is of whole frames: it does not go with --tile");
    if (o->tile > 0 && o->adapt >= 0)
        ir_usage_die("--adapt is to whole frames: it does not go with --tile");
}

static options parse(int argc, char **argv)
{
    options o = {.method = -1,
                 .threshold = -1,
                 .k = -1,
                 .adapt = -1,
                 .tile = -1,
                 .overlap = -1,
                 .backend = ir_backend_defaults(IR_AUTO)};
    int option;
    while ((option = ir_option(argc, argv, ":c:m:t:o:k:d:j:vhV", long_options, usage)) != -1)
        if (ir_backend_option(&o.backend, option))
            o.placed |= option != 'j';
        else
            set_option(&o, option);
    check(&o);
    check_tiles(&o);
    if (o.depth == 0)
        o.depth = 8;
    return o;
}

int main(int argc, char **argv)
{
    double start;
    options o;
    long images;
    ir_start("ir-detect");
    start = ir_seconds();
    o = parse(argc, argv);
    if (o.feature && strcmp(o.feature, "list") == 0) {
        if (optind < argc)
            ir_usage_die("--feature list: %s: images are of no use here", argv[optind]);
        list_features(&o);
        return 0;
    }
    if (o.method < 0)
        images = detect_learned(&o, argc - optind, argv + optind);
    else
        images = detect_classical(&o, argc - optind, argv + optind);
    if (o.verbose)
        ir_warn("%ld images, %.1f images/s", images, (double)images / (ir_seconds() - start));
    return 0;
}
