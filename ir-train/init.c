/* ir-train init: the network's first parameters and the normalisation of its input. */
#include "init.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "base/base.h"
#include "base/option.h"
#include "history.h"
#include "nets/detector.h"
#include "stream/stream.h"

typedef struct {
    const char *net;
    int prior, sfim;             /* negative: as the network has it */
    double bn_momentum, dropout; /* likewise */
    uint64_t seed;
    ir_normalisation normalisation; /* mean and std negative: not given */
    int maxval;
    const char *write;
} init_options;

enum { NET = 256, INIT, NORMALISE, MEAN, STD, BN_MOMENTUM, DROPOUT, SFIM, NO_SFIM, MAXVAL };

static const struct option long_options[] = {
    {"net", required_argument, NULL, NET},
    {"init", required_argument, NULL, INIT},
    {"normalise", required_argument, NULL, NORMALISE},
    {"mean", required_argument, NULL, MEAN},
    {"std", required_argument, NULL, STD},
    {"bn-momentum", required_argument, NULL, BN_MOMENTUM},
    {"dropout", required_argument, NULL, DROPOUT},
    {"sfim", no_argument, NULL, SFIM},
    {"no-sfim", no_argument, NULL, NO_SFIM},
    {"maxval", required_argument, NULL, MAXVAL},
    {"seed", required_argument, NULL, 'r'},
    {"write", required_argument, NULL, 'w'},
    IR_LAST_OPTIONS,
};

/* --net list: a name a line. */
static _Noreturn void list_networks(void)
{
    int count;
    const char *const *names = ir_net_names(&count);
    for (int i = 0; i < count; i++)
        puts(names[i]);
    ir_flush(stdout, "standard output");
    exit(0);
}

static void set_option(init_options *o, int option)
{
    static const char *const start[] = {"prior", "published"}, *const by[] = {"set", "image"};
    switch (option) {
    case NET:
        if (strcmp(optarg, "list") == 0)
            list_networks();
        ir_net_check(optarg);
        o->net = optarg;
        break;
    case INIT:
        o->prior = ir_choice(optarg, start, 2, "--init") == 0;
        break;
    case MEAN:
        o->normalisation.mean = ir_real(optarg, 0, 1, "--mean");
        break;
    case STD:
        o->normalisation.std = ir_real(optarg, 1e-6, 1, "--std");
        break;
    case NORMALISE:
        o->normalisation.own = ir_choice(optarg, by, 2, "--normalise") == 1;
        break;
    case BN_MOMENTUM:
        o->bn_momentum = ir_real(optarg, 0, 1, "--bn-momentum");
        break;
    case DROPOUT:
        o->dropout = ir_real(optarg, 0, 0.99, "--dropout");
        break;
    case SFIM:
        o->sfim = 1;
        break;
    case NO_SFIM:
        o->sfim = 0;
        break;
    case MAXVAL:
        o->maxval = ir_maxval(optarg);
        break;
    case 'r':
        o->seed = ir_seed(optarg);
        break;
    case 'w':
        o->write = optarg;
        break;
    }
}

static void parse(init_options *o, int argc, char **argv, const char *usage)
{
    const ir_normalisation *n = &o->normalisation;
    int option;
    while ((option = ir_option(argc, argv, ":r:w:hV", long_options, usage)) != -1)
        set_option(o, option);
    if (!o->net)
        ir_usage_die("init: --net is missing");
    if ((n->mean < 0) != (n->std < 0))
        ir_usage_die("init: --mean and --std come together");
    if (n->own && n->mean >= 0)
        ir_usage_die("init: --mean and --std are a set's: of no use with --normalise image");
    if (n->mean >= 0 && optind < argc)
        ir_usage_die("init: %s: images are of no use beside --mean and --std", argv[optind]);
}

/* As BasicIRSTD: the mean of the images' means and the mean of their standard deviations. */
static void measure(const init_options *o, ir_normalisation *n, int operands, char *const *operand)
{
    ir_stream *stream = ir_stream_open(operands, operand);
    ir_image im = {0};
    double means = 0, stds = 0;
    long count = 0;
    if (o->maxval > 0)
        ir_stream_set_maxval(stream, o->maxval);
    for (; ir_stream_next(stream, &im); count++) {
        const ir_normalisation moments = ir_image_moments(&im);

        means += moments.mean;
        stds += moments.std;
    }
    ir_stream_close(stream);
    ir_image_free(&im);
    n->mean = means / (double)count;
    n->std = stds / (double)count;
    if (!(n->std > 0))
        ir_die("every image is of one grey: no standard deviation to normalise by");
}

/* The network's default options, changed by the command line. */
static ir_net_options net_options(const init_options *o)
{
    ir_net_options net = ir_net_defaults(o->net);
    if (o->prior >= 0)
        net.prior = o->prior;
    if (o->sfim >= 0)
        net.sfim = o->sfim;
    if (o->bn_momentum >= 0)
        net.bn_momentum = o->bn_momentum;
    if (o->dropout >= 0)
        net.dropout = o->dropout;
    return net;
}

void init_command(int argc, char **argv, const char *usage)
{
    init_options o = {.prior = -1,
                      .sfim = -1,
                      .bn_momentum = -1,
                      .dropout = -1,
                      .normalisation = {.mean = -1, .std = -1}};
    parse(&o, argc, argv, usage);
    if (!o.normalisation.own && o.normalisation.mean < 0)
        measure(&o, &o.normalisation, argc - optind, argv + optind);

    const history h = history_new(o.seed);
    ir_backend *backend = ir_backend_open("cpu", 1);
    ir_detector *detector = ir_detector_new(backend, net_options(&o), o.seed, &o.normalisation);
    ir_checkpoint *checkpoint = ir_detector_save(detector, false);
    history_write(&h, checkpoint);
    ir_checkpoint_write(checkpoint, o.write);
    ir_checkpoint_free(checkpoint);
    ir_detector_free(detector);
    ir_backend_close(backend);
}
