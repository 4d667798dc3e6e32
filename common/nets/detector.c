/* A learned detector: a network with its options, its parameters, and its graphs by shape. */
#include "nets/detector.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "checkpoint/checkpoint.h"
#include "graph/adaptation.h"
#include "nets/nets.h"

/* Frames of many sizes come back in other orders: as many graphs are kept as the backend has room
 * for, the two last always. */
enum { MULTIPLE = 32, KEPT_GRAPHS = 64 };

/* never_run: beginnings of the names of arrays that published checkpoints hold of modules that
 * the published code never runs. */
typedef struct {
    const char *name;
    ir_net_builder *build;
    bool sfim; /* has it unless told otherwise */
    ir_detector_tiles tiles;
    const char *const *never_run;
} network;

static const network networks[] = {
#define IR_BEGINNINGS(...)                                                                         \
    (const char *const[])                                                                          \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }
#define IR_NETWORK(name, ...) {#name, ir_##name, __VA_ARGS__},
#include "nets/nets.def"
#undef IR_NETWORK
};
enum { NETWORKS = sizeof networks / sizeof networks[0] };

/* One graph, and the shape and mode that it was made for. */
typedef struct {
    ir_detector_graph graph;
    ir_mode mode;
    int n, h, w, group, batch;
    unsigned long used; /* the most recent ones are kept */
} cached;

struct ir_detector {
    ir_backend *backend;
    ir_net_options options;
    const network *network;
    char *feature;             /* or NULL */
    ir_profile *profile;       /* or NULL */
    ir_adaptation *adaptation; /* or NULL */
    ir_params *params;
    ir_normalisation normalisation;
    double bce_weight; /* 0: the objective is soft-IoU alone */
    bool whole_batch;  /* ir_detector_set_whole_batch() */
    int batch;         /* ir_detector_set_batch() */
    cached cache[KEPT_GRAPHS];
    unsigned long clock;
};

const char *const *ir_net_names(int *count)
{
    static const char *names[NETWORKS];
    for (int i = 0; i < NETWORKS; i++)
        names[i] = networks[i].name;
    *count = NETWORKS;
    return names;
}

void ir_net_check(const char *net)
{
    int count;
    const char *const *names = ir_net_names(&count);
    ir_choice(net, names, count, "--net");
}

static const network *find_network(const char *net)
{
    for (int i = 0; i < NETWORKS; i++)
        if (strcmp(net, networks[i].name) == 0)
            return &networks[i];
    return NULL;
}

ir_net_options ir_net_defaults(const char *net)
{
    ir_net_check(net);
    ir_net_options options = {.prior = true, .bn_momentum = 0.1, .dropout = 0.1};
    snprintf(options.net, sizeof options.net, "%s", net);
    options.sfim = find_network(net)->sfim;
    return options;
}

/* The smallest graph that there is, not planned: it makes the parameters, and names the features.
 */
static ir_graph *smallest_graph(ir_detector *d)
{
    ir_graph *g = ir_graph_new(d->params, IR_DETECTION);
    d->network->build(g, ir_input(g, (ir_shape){1, 1, MULTIPLE, MULTIPLE}, false), &d->options);
    return g;
}

/* A detector whose parameters exist but have no values yet. */
static ir_detector *make(ir_backend *backend, ir_net_options options,
                         const ir_normalisation *normalisation)
{
    ir_detector *d = ir_calloc(1, sizeof *d);
    d->backend = backend;
    d->options = options;
    d->network = find_network(options.net);
    d->params = ir_params_new(backend);
    d->normalisation = *normalisation;
    ir_graph_free(smallest_graph(d));
    ir_params_freeze(d->params);
    return d;
}

ir_detector *ir_detector_new(ir_backend *backend, ir_net_options options, uint64_t seed,
                             const ir_normalisation *normalisation)
{
    ir_net_check(options.net);
    ir_detector *d = make(backend, options, normalisation);
    ir_params_init(d->params, seed);
    return d;
}

/* A set's mean and std, unless the images' own are said to count. */
static ir_normalisation load_normalisation(const ir_checkpoint *ck)
{
    if (ir_meta_find(ck, "normalise")) {
        const char *by = ir_meta_text(ck, "normalise");

        if (strcmp(by, "image") == 0)
            return (ir_normalisation){.own = true};
        if (strcmp(by, "set") != 0)
            ir_die("%s: meta: normalise: '%s' is neither set nor image", ir_checkpoint_path(ck),
                   by);
    }
    return (ir_normalisation){.mean = ir_meta_real(ck, "mean", -1e6, 1e6),
                              .std = ir_meta_real(ck, "std", 1e-12, 1e6)};
}

static void save_normalisation(const ir_normalisation *n, ir_checkpoint *ck)
{
    if (n->own) {
        ir_meta_set(ck, "normalise", "image");
        return;
    }
    ir_meta_set(ck, "mean", "%.17g", n->mean);
    ir_meta_set(ck, "std", "%.17g", n->std);
}

ir_detector *ir_detector_load(ir_backend *backend, const ir_checkpoint *ck, ir_purpose purpose)
{
    const char *net = ir_meta_text(ck, "net");
    if (!find_network(net))
        ir_die("%s: a network '%s' is not known here", ir_checkpoint_path(ck), net);
    ir_net_options options = ir_net_defaults(net);
    const char *init = ir_meta_text(ck, "init");
    if (strcmp(init, "prior") != 0 && strcmp(init, "published") != 0)
        ir_die("%s: init is '%s', neither prior nor published", ir_checkpoint_path(ck), init);
    options.prior = strcmp(init, "prior") == 0;
    options.bn_momentum = ir_meta_real(ck, "bn_momentum", 0, 1);
    options.dropout = ir_meta_real(ck, "dropout", 0, 0.99);
    if (ir_meta_find(ck, "sfim"))
        options.sfim = ir_meta_number(ck, "sfim", 0, 1) != 0;
    const ir_normalisation normalisation = load_normalisation(ck);
    ir_detector *d = make(backend, options, &normalisation);
    ir_params_load(d->params, ck, purpose, d->network->never_run);
    return d;
}

ir_checkpoint *ir_detector_save(ir_detector *d, bool with_adam)
{
    ir_checkpoint *ck = ir_checkpoint_new("detector");
    ir_meta_set(ck, "net", "%s", d->options.net);
    ir_meta_set(ck, "init", "%s", d->options.prior ? "prior" : "published");
    ir_meta_set(ck, "bn_momentum", "%.17g", d->options.bn_momentum);
    ir_meta_set(ck, "dropout", "%.17g", d->options.dropout);
    save_normalisation(&d->normalisation, ck);
    ir_meta_set(ck, "sfim", "%d", d->options.sfim);
    ir_params_save(d->params, ck, with_adam);
    return ck;
}

static void drop_graph(cached *c)
{
    ir_graph_free(c->graph.graph);
    memset(c, 0, sizeof *c);
}

static void drop_graphs(ir_detector *d)
{
    for (int i = 0; i < KEPT_GRAPHS; i++)
        drop_graph(&d->cache[i]);
}

void ir_detector_free(ir_detector *d)
{
    if (!d)
        return;
    drop_graphs(d);
    ir_adaptation_free(d->adaptation);
    ir_params_free(d->params);
    free(d->feature);
    free(d);
}

ir_params *ir_detector_params(ir_detector *d)
{
    return d->params;
}

const ir_net_options *ir_detector_options(const ir_detector *d)
{
    return &d->options;
}

const ir_normalisation *ir_detector_normalisation(const ir_detector *d)
{
    return &d->normalisation;
}

int ir_detector_multiple(const ir_detector *d)
{
    (void)d;
    return MULTIPLE;
}

ir_detector_tiles ir_detector_tile(const ir_detector *d)
{
    return d->network->tiles;
}

void ir_detector_set_bn_momentum(ir_detector *d, double momentum)
{
    d->options.bn_momentum = momentum;
    drop_graphs(d);
}

void ir_detector_set_dropout(ir_detector *d, double probability)
{
    d->options.dropout = probability;
    drop_graphs(d);
}

void ir_detector_set_bce(ir_detector *d, double weight)
{
    d->bce_weight = weight;
    drop_graphs(d);
}

void ir_detector_set_batch(ir_detector *d, int images)
{
    d->batch = images;
}

void ir_detector_set_whole_batch(ir_detector *d)
{
    d->whole_batch = true;
    drop_graphs(d);
}

static ir_node *find_feature(const ir_graph *g, const char *name)
{
    for (int i = 0; i < ir_graph_features(g); i++)
        if (strcmp(ir_graph_feature_name(g, i), name) == 0)
            return ir_graph_feature(g, i);
    ir_die("the network has no feature '%s' (--feature list prints their names)", name);
}

void ir_detector_set_profile(ir_detector *d, ir_profile *profile)
{
    d->profile = profile;
    drop_graphs(d);
}

void ir_detector_set_adaptation(ir_detector *d, double rate, int window)
{
    drop_graphs(d);
    ir_adaptation_free(d->adaptation);
    d->adaptation = ir_adaptation_new(d->backend, rate, window);
}

void ir_detector_set_feature(ir_detector *d, const char *name)
{
    ir_graph *g = smallest_graph(d);
    find_feature(g, name);
    ir_graph_free(g);
    free(d->feature);
    d->feature = ir_strdup(name);
    drop_graphs(d);
}

void ir_detector_print_features(ir_detector *d, FILE *to)
{
    ir_graph *g = smallest_graph(d);
    for (int i = 0; i < ir_graph_features(g); i++)
        fprintf(to, "%s\n", ir_graph_feature_name(g, i));
    ir_graph_free(g);
}

/* What a network is trained on. */
typedef struct {
    ir_node *mask;
    int group; /* images of a loss */
    double bce_weight;
} objective;

/* Soft-IoU, and with a weight that is not 0 so much of the cross-entropy. */
static ir_node *head_loss(ir_graph *g, ir_node *logit, ir_node *probability, const objective *o)
{
    ir_node *loss = ir_soft_iou(g, probability, o->mask, o->group);
    if (o->bce_weight <= 0)
        return loss;
    return ir_add(g, loss, ir_scale(g, ir_bce(g, logit, o->mask, o->group), o->bce_weight));
}

/* The mean over the heads of each one's loss. */
static ir_node *mask_loss(ir_graph *g, const ir_net_output *out, ir_node *const *probability,
                          const objective *o)
{
    ir_node *sum = head_loss(g, out->head[0], probability[0], o);
    for (int i = 1; i < out->heads; i++)
        sum = ir_add(g, sum, head_loss(g, out->head[i], probability[i], o));
    return out->heads == 1 ? sum : ir_scale(g, sum, 1.0 / out->heads);
}

/* ISNet's, as BasicIRSTD computes it: 10 BCE + soft-IoU against the mask's gradient, the latter of
 * the sigmoid of what is a probability already. */
static ir_node *edge_loss(ir_graph *g, ir_node *edge, ir_node *mask, int group)
{
    ir_node *truth = ir_gradient_magnitude(g, mask);
    ir_node *squashed = ir_sigmoid(g, ir_sigmoid(g, edge));
    return ir_add(g, ir_scale(g, ir_bce(g, edge, truth, group), 10),
                  ir_soft_iou(g, squashed, truth, group));
}

static ir_node *make_objective(ir_graph *g, const ir_net_output *out, ir_node *const *probability,
                               const objective *o)
{
    ir_node *loss = mask_loss(g, out, probability, o);
    return out->edge ? ir_add(g, loss, edge_loss(g, out->edge, o->mask, o->group)) : loss;
}

/* Every batch norm has statistics: also those that only the loss sees. */
static void keep_all(ir_graph *g, const ir_net_output *out)
{
    for (int i = 0; i < out->heads; i++)
        ir_graph_keep(g, out->head[i]);
    if (out->edge)
        ir_graph_keep(g, out->edge);
}

/* The reward is the objective where that is each image's soft-IoU and nothing else. */
static void add_losses(const ir_detector *d, cached *c, const ir_net_output *out,
                       ir_node *const *probability)
{
    ir_detector_graph *dg = &c->graph;
    ir_graph *g = dg->graph;
    const bool plain =
        out->heads == 1 && !out->edge && c->group == 1 && d->bce_weight <= 0 && !d->whole_batch;
    dg->mask = ir_input(g, ir_node_shape(dg->image), false);
    dg->reward = ir_soft_iou(g, dg->probability, dg->mask, 1);
    ir_graph_keep(g, dg->reward);
    if (d->whole_batch)
        ir_graph_span_losses(g);
    const objective o = {dg->mask, c->group, d->bce_weight};
    dg->objective = plain ? dg->reward : make_objective(g, out, probability, &o);
    ir_graph_start_backward_at(g, dg->objective);
}

static void build(ir_detector *d, cached *c)
{
    const ir_shape shape = {c->n, 1, c->h, c->w};
    ir_detector_graph *dg = &c->graph;
    ir_graph *g = dg->graph = ir_graph_new(d->params, c->mode);
    dg->image = ir_input(g, shape, false);
    if (d->adaptation && c->mode == IR_DETECTION)
        dg->extent = ir_graph_adapt(g, d->adaptation, dg->image);
    const ir_net_output out = d->network->build(g, dg->image, &d->options);
    ir_node *probability[IR_MAX_HEADS] = {NULL};
    for (int i = 0; i < out.heads; i++)
        probability[i] = ir_sigmoid(g, out.head[i]);
    dg->probability = probability[out.heads - 1];
    ir_graph_keep(g, dg->probability);
    if (d->feature) {
        dg->feature = find_feature(g, d->feature);
        ir_graph_keep(g, dg->feature);
    }
    if (c->mode == IR_MEASURING)
        keep_all(g, &out);
    if (c->mode == IR_TRAINING)
        add_losses(d, c, &out, probability);
    ir_graph_set_profile(g, d->profile);
    ir_graph_set_batch(g, c->batch);
    ir_graph_plan(g);
}

static cached *find_graph(ir_detector *d, ir_mode mode, int n, int h, int w, int group)
{
    for (int i = 0; i < KEPT_GRAPHS; i++) {
        cached *c = &d->cache[i];
        if (c->graph.graph && c->mode == mode && c->n == n && c->h == h && c->w == w &&
            c->group == group && c->batch == d->batch)
            return c;
    }
    return NULL;
}

/* Drops the least recently used graphs until the limit allows another; returns a free place.
 * Training uses two, for the whole batch and for the last batch of an epoch; where graphs are
 * large, the second is made again each time. */
static cached *evict(ir_detector *d, ir_mode mode)
{
    const ir_backend *b = d->backend;
    const size_t limit = mode == IR_DETECTION ? b->graphs_limit : b->training_limit;
    const int least = mode == IR_DETECTION ? 1 : 0;
    for (;;) {
        cached *oldest = NULL, *empty = NULL;
        size_t bytes = 0;
        int count = 0;
        for (int i = 0; i < KEPT_GRAPHS; i++) {
            cached *c = &d->cache[i];
            if (!c->graph.graph) {
                empty = c;
                continue;
            }
            count++;
            bytes += ir_graph_bytes(c->graph.graph);
            if (!oldest || c->used < oldest->used)
                oldest = c;
        }
        if (empty && (bytes < limit || count <= least))
            return empty;
        drop_graph(oldest);
    }
}

ir_detector_graph *ir_detector_graph_for(ir_detector *d, ir_mode mode, int n, int h, int w,
                                         int group)
{
    cached *c = find_graph(d, mode, n, h, w, group);
    if (!c) {
        /* a batch that fills a device's memory in training leaves none to measure in */
        if (mode == IR_MEASURING && d->backend->available)
            drop_graphs(d);
        c = evict(d, mode);
        *c = (cached){.mode = mode, .n = n, .h = h, .w = w, .group = group, .batch = d->batch};
        build(d, c);
    }
    c->used = ++d->clock;
    return &c->graph;
}
