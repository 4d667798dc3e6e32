/* ir-corrupt: applies a named corruption, or one strategy record per image, to a stream of images.
 *
 * Reads an image and, with -S, its record; corrupts; writes and flushes: in a ring of pipes the
 * image leaves before the next record has come. */
#include <stdlib.h>

#include "base/base.h"
#include "base/name_counter.h"
#include "base/option.h"
#include "base/pipeline.h"
#include "corrupt.h"
#include "stream/format.h"
#include "stream/record.h"
#include "stream/stream.h"

static const char usage[] =
    "usage: ir-corrupt (-n NAME -s SEVERITY | -S STRATEGIES) [-v] [-r SEED] [-j N] [-o DIR]\n"
    "                  [--png] [--maxval N] [IMAGE ...]\n"
    "       ir-corrupt -n none [-v] [-j N] [-o DIR] [--png] [--maxval N] [IMAGE ...]\n"
    "       ir-corrupt --list | --formats\n"
    "\n"
    "Corrupts infrared frames as ImageNet-C does, or as infrared cameras do.\n"
    "\n"
    "  -n, --name NAME        the corruption; --list shows them; none: images as they are read\n"
    "  -s, --severity N       1 to 5\n"
    "  -S, --strategies FILE  one record \"name corruption severity logp\" per image instead\n"
    "  -r, --seed N           random seed (0)\n"
    "  -j, --threads N        threads (one per processor)\n"
    "  -o, --output DIR       write DIR/NAME.pgm instead of a stream on standard output\n"
    "      --root DIR         of -o: keep the directories that an image lies in below DIR\n"
    "      --png              write PNG instead of PGM\n"
    "      --maxval N         the frames' range, where it is not their maxval\n"
    "      --list             print name, group and parameters of every corruption\n"
    "      --formats          print the formats of files that all programs read\n"
    "  -v, --verbose          print the number of images and their rate at the end\n"
    "  -h, --help             print this help\n"
    "  -V, --version          print the version\n"
    "\n"
    "An IMAGE is a file, a directory, @LIST or - (standard input, the default).\n";

typedef struct {
    int corruption, severity; /* -1, 0: from the strategies */
    const char *strategies, *directory, *root;
    uint64_t seed;
    int threads, maxval; /* maxval 0: the files' own */
    bool png, verbose;
} options;

enum { OPTION_LIST = 256, OPTION_FORMATS, OPTION_MAXVAL, OPTION_ROOT, OPTION_PNG };

/* Used as a corruption's index: images are not changed. */
enum { NO_CORRUPTION = IR_ALL_CORRUPTIONS };

static const struct option long_options[] = {
    {"name", required_argument, NULL, 'n'},
    {"severity", required_argument, NULL, 's'},
    {"strategies", required_argument, NULL, 'S'},
    {"seed", required_argument, NULL, 'r'},
    {"threads", required_argument, NULL, 'j'},
    {"output", required_argument, NULL, 'o'},
    {"root", required_argument, NULL, OPTION_ROOT},
    {"png", no_argument, NULL, OPTION_PNG},
    {"maxval", required_argument, NULL, OPTION_MAXVAL},
    {"formats", no_argument, NULL, OPTION_FORMATS},
    {"list", no_argument, NULL, OPTION_LIST},
    {"verbose", no_argument, NULL, 'v'},
    IR_LAST_OPTIONS,
};

static int corruption_named(const char *name)
{
    const char *names[IR_ALL_CORRUPTIONS + 1];
    for (int i = 0; i < IR_ALL_CORRUPTIONS; i++)
        names[i] = ir_corruptions[i].name;
    names[NO_CORRUPTION] = "none";
    return ir_choice(name, names, IR_ALL_CORRUPTIONS + 1, "-n");
}

_Noreturn static void print(void list(FILE *))
{
    list(stdout);
    ir_flush(stdout, "standard output");
    exit(0);
}

static void check_options(const options *o)
{
    if (o->root && !o->directory)
        ir_usage_die("--root needs -o");
    if (o->strategies && (o->corruption >= 0 || o->severity))
        ir_usage_die("-S takes the place of -n and -s");
    if (!o->strategies && o->corruption < 0 && !o->severity)
        ir_usage_die("-n NAME and -s SEVERITY, or -S STRATEGIES, must be given");
    if (!o->strategies && o->corruption < 0)
        ir_usage_die("-n NAME is missing");
    if (o->corruption == NO_CORRUPTION && o->severity)
        ir_usage_die("-n none has no severity");
    if (!o->strategies && !o->severity && o->corruption != NO_CORRUPTION)
        ir_usage_die("-s SEVERITY is missing");
}

static options parse(int argc, char **argv)
{
    options o = {.corruption = -1, .threads = ir_default_threads()};
    int option;
    while ((option = ir_option(argc, argv, ":n:s:S:r:j:o:vhV", long_options, usage)) != -1) {
        switch (option) {
        case 'n':
            o.corruption = corruption_named(optarg);
            break;
        case 's':
            o.severity = (int)ir_number(optarg, 1, IR_SEVERITIES, "-s");
            break;
        case 'S':
            o.strategies = optarg;
            break;
        case 'r':
            o.seed = ir_seed(optarg);
            break;
        case 'j':
            o.threads = ir_threads(optarg);
            break;
        case 'o':
            o.directory = optarg;
            break;
        case OPTION_ROOT:
            o.root = optarg;
            break;
        case OPTION_MAXVAL:
            o.maxval = ir_maxval(optarg);
            break;
        case OPTION_LIST:
            print(corrupt_list);
        case OPTION_FORMATS:
            print(ir_format_list);
        case OPTION_PNG:
            o.png = true;
            break;
        case 'v':
            o.verbose = true;
            break;
        }
    }
    check_options(&o);
    return o;
}

/* ---- the stream -------------------------------------------------------------------------------*/

typedef struct {
    const options *options;
    ir_stream *images;
    ir_records *strategies; /* NULL: the same corruption for all */
    ir_name_counter *names;
    corrupt_tables *tables;
    ir_sink *sink;
    long count;
} job;

typedef struct {
    ir_image image;
    int corruption, severity;
    uint64_t occurrence;
    corrupt_scratch scratch;
} item;

static void no_more_strategies(const job *j)
{
    ir_strategy strategy;
    if (j->strategies && ir_strategy_read(j->strategies, &strategy))
        ir_die("%s: no image for the strategy of %s", ir_records_where(j->strategies),
               strategy.name);
}

static bool read_item(void *context, void *slot)
{
    job *j = context;
    item *it = slot;
    if (!ir_stream_next(j->images, &it->image)) {
        no_more_strategies(j);
        return false;
    }
    it->corruption = j->options->corruption;
    it->severity = j->options->severity;
    if (j->strategies) {
        ir_strategy strategy;
        ir_strategy_expect(j->strategies, it->image.name, &strategy);
        it->corruption = strategy.corruption;
        it->severity = strategy.severity;
    }
    it->occurrence = ir_count_name(j->names, it->image.name);
    return true;
}

static void corrupt_item(void *context, void *slot)
{
    job *j = context;
    item *it = slot;
    if (it->corruption == NO_CORRUPTION)
        return;
    corrupt_apply(&it->image, it->corruption, it->severity, j->options->seed, it->occurrence,
                  &it->scratch, j->tables);
}

static void write_item(void *context, void *slot)
{
    job *j = context;
    item *it = slot;
    ir_sink_put(j->sink, &it->image);
    j->count++;
}

static void clear_item(void *slot)
{
    item *it = slot;
    ir_image_free(&it->image);
    corrupt_scratch_free(&it->scratch);
}

int main(int argc, char **argv)
{
    static const ir_pipeline pipeline = {sizeof(item), read_item, corrupt_item, write_item,
                                         clear_item};
    ir_start("ir-corrupt");
    options o = parse(argc, argv);

    double start = ir_seconds();
    job j = {
        .options = &o,
        .images = ir_stream_open(argc - optind, argv + optind),
        .strategies = o.strategies ? ir_records_open(o.strategies) : NULL,
        .names = ir_name_counter_new(),
        .tables = corrupt_tables_new(),
    };
    j.sink = ir_sink_open(o.directory, o.root, j.images, o.png ? "png" : "pgm");
    if (o.maxval)
        ir_stream_set_maxval(j.images, o.maxval);
    ir_pipeline_run(&pipeline, &j, o.threads);
    if (o.verbose)
        ir_warn("%ld images, %.1f images/s", j.count, (double)j.count / (ir_seconds() - start));

    ir_sink_close(j.sink);
    corrupt_tables_free(j.tables);
    ir_name_counter_free(j.names);
    if (j.strategies)
        ir_records_close(j.strategies);
    ir_stream_close(j.images);
    return 0;
}
