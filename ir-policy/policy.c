/* The strategy network with its parameters, its checkpoint and its graphs.
 *
 * Meta of its checkpoint: net (strategy), corruptions, severities, mean, std, seed, step, images,
 * optimizer, lr.
 *
 * The network has an output for each corruption that the policy knows, at each of its severities. A
 * policy does not know the corruptions that were added to irtools after it was made. It never
 * chooses them: their log p is -infinity. */
#include "policy.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* The input's normalisation. It need be only roughly right, since batch norm follows. It is the
 * same for all images, so that the network still sees which are bright. */
#define INPUT_MEAN 0.5
#define INPUT_STD  0.25

enum { GRAPHS = 2 }; /* full batches, and the short last one */

/* Checkpoints that do not name their corruptions know the first ten. */
enum { UNNAMED_CORRUPTIONS = 10 };

/* The corruptions that a policy knows, in the order of its outputs. */
typedef struct {
    int count;
    int corruption[IR_CORRUPTIONS];
} known_corruptions;

typedef struct {
    ir_graph *graph;
    ir_node *image, *logp;
    int n;
} policy_graph;

struct policy {
    ir_params *params;
    known_corruptions known;
    ir_severities severities;
    choice_held held;     /* of --hold */
    double mean, std, lr; /* lr: of the last step */
    uint64_t seed;
    long step, images;
    policy_graph graph[GRAPHS];
    int next; /* the graph to replace next */
};

static int outputs_of(const policy *p)
{
    return p->known.count * IR_LEVELS;
}

static known_corruptions first_corruptions(int count)
{
    known_corruptions known = {.count = count};
    for (int i = 0; i < count; i++)
        known.corruption[i] = i;
    return known;
}

/* A policy whose parameters exist but have no values yet. */
static policy *make(ir_backend *backend, const known_corruptions *known)
{
    const ir_shape shape = {1, 1, IR_STRATEGY_NET_SIDE, IR_STRATEGY_NET_SIDE};
    policy *p = ir_calloc(1, sizeof *p);
    p->known = *known;
    p->params = ir_params_new(backend);
    ir_graph *g = ir_graph_new(p->params, IR_TRAINING);
    ir_strategy_net(g, ir_input(g, shape, false), outputs_of(p));
    ir_graph_free(g);
    ir_params_freeze(p->params);
    return p;
}

policy *policy_new(ir_backend *backend, const ir_severities *severities, uint64_t seed)
{
    const known_corruptions all = first_corruptions(IR_CORRUPTIONS);
    policy *p = make(backend, &all);
    ir_params_init(p->params, seed);
    p->severities = *severities;
    p->mean = INPUT_MEAN;
    p->std = INPUT_STD;
    p->seed = seed;
    return p;
}

/* ---- checkpoint ---- */

static ir_severities load_severities(const ir_checkpoint *checkpoint)
{
    const char *text = ir_meta_text(checkpoint, "severities");
    ir_severities s = {{0}};
    int end = 0, *l = s.level;
    if (sscanf(text, "%1d %1d %1d%n", &l[0], &l[1], &l[2], &end) != IR_LEVELS ||
        text[end] != '\0' || l[0] < 1 || l[0] >= l[1] || l[1] >= l[2] || l[2] > IR_SEVERITIES)
        ir_die("%s: meta: severities: '%s' is not %d rising numbers from 1 to %d",
               ir_checkpoint_path(checkpoint), text, IR_LEVELS, IR_SEVERITIES);
    return s;
}

/* The index of a corruption that a policy can play and that is not among those known yet; or -1. */
static int new_corruption(const known_corruptions *known, const char *name)
{
    const int found = ir_corruption_index(name);
    for (int i = 0; i < known->count; i++)
        if (known->corruption[i] == found)
            return -1;
    return found < IR_CORRUPTIONS ? found : -1;
}

static known_corruptions load_corruptions(const ir_checkpoint *checkpoint)
{
    const char *text = ir_meta_find(checkpoint, "corruptions");
    if (!text)
        return first_corruptions(UNNAMED_CORRUPTIONS);
    known_corruptions known = {0};
    char *copy = ir_strdup(text), *rest = copy, *word;
    while ((word = strsep(&rest, " "))) {
        const int corruption = new_corruption(&known, word);
        if (corruption < 0)
            ir_die("%s: meta: corruptions: '%s' is twice there or none that a policy of this "
                   "version of irtools plays",
                   ir_checkpoint_path(checkpoint), word);
        known.corruption[known.count++] = corruption;
    }
    free(copy);
    return known;
}

static void save_corruptions(const known_corruptions *known, ir_checkpoint *checkpoint)
{
    char *text = ir_strdup("");
    for (int i = 0; i < known->count; i++) {
        const char *name = ir_corruptions[known->corruption[i]].name;
        char *longer = ir_format("%s%s%s", text, i > 0 ? " " : "", name);
        free(text);
        text = longer;
    }
    ir_meta_set(checkpoint, "corruptions", "%s", text);
    free(text);
}

/* Seeds use all 64 bits, more than ir_meta_number() takes. */
static uint64_t load_seed(const ir_checkpoint *checkpoint)
{
    const char *text = ir_meta_text(checkpoint, "seed");
    uint64_t seed;
    char *end;
    errno = 0;
    seed = strtoull(text, &end, 10);
    if (errno != 0 || *end != '\0' || text[0] < '0' || text[0] > '9')
        ir_die("%s: meta: seed: '%s' is no seed", ir_checkpoint_path(checkpoint), text);
    return seed;
}

policy *policy_load(ir_backend *backend, const ir_checkpoint *checkpoint)
{
    const char *net = ir_meta_text(checkpoint, "net");
    if (strcmp(net, "strategy") != 0)
        ir_die("%s: meta: net: '%s' is not known here", ir_checkpoint_path(checkpoint), net);
    const known_corruptions known = load_corruptions(checkpoint);
    policy *p = make(backend, &known);
    p->severities = load_severities(checkpoint);
    p->mean = ir_meta_real(checkpoint, "mean", -1e6, 1e6);
    p->std = ir_meta_real(checkpoint, "std", 1e-12, 1e6);
    p->seed = load_seed(checkpoint);
    p->step = ir_meta_count(checkpoint, "step", 0);
    p->images = ir_meta_count(checkpoint, "images", 0);
    if (p->step > 0)
        p->lr = ir_meta_real(checkpoint, "lr", 0, 1e6);
    ir_params_load(p->params, checkpoint, IR_TO_TRAIN, NULL);
    return p;
}

void policy_save(policy *p, const char *path)
{
    ir_checkpoint *checkpoint = ir_checkpoint_new("policy");
    const int *level = p->severities.level;
    ir_meta_set(checkpoint, "net", "strategy");
    save_corruptions(&p->known, checkpoint);
    ir_meta_set(checkpoint, "severities", "%d %d %d", level[0], level[1], level[2]);
    ir_meta_set(checkpoint, "mean", "%.17g", p->mean);
    ir_meta_set(checkpoint, "std", "%.17g", p->std);
    ir_meta_set(checkpoint, "seed", "%" PRIu64, p->seed);
    ir_meta_set(checkpoint, "step", "%ld", p->step);
    ir_meta_set(checkpoint, "images", "%ld", p->images);
    ir_meta_set(checkpoint, "optimizer", "sgd");
    if (p->step > 0)
        ir_meta_set(checkpoint, "lr", "%.17g", p->lr);
    ir_params_save(p->params, checkpoint, false);
    ir_checkpoint_write(checkpoint, path);
    ir_checkpoint_free(checkpoint);
}

void policy_free(policy *p)
{
    if (!p)
        return;
    for (int i = 0; i < GRAPHS; i++)
        if (p->graph[i].graph)
            ir_graph_free(p->graph[i].graph);
    ir_params_free(p->params);
    free(p);
}

void policy_hold(policy *p, choice_held held)
{
    int left = 0;
    for (int i = 0; i < p->known.count; i++)
        left += !held.corruption[p->known.corruption[i]];
    if (left == 0)
        ir_usage_die("--hold: every corruption that the policy knows is held");
    p->held = held;
}

const ir_severities *policy_severities(const policy *p)
{
    return &p->severities;
}

double policy_mean(const policy *p)
{
    return p->mean;
}

double policy_std(const policy *p)
{
    return p->std;
}

/* ---- running ---- */

static void build(policy *p, policy_graph *g, int n)
{
    const ir_shape shape = {n, 1, IR_STRATEGY_NET_SIDE, IR_STRATEGY_NET_SIDE};
    if (g->graph)
        ir_graph_free(g->graph);
    g->graph = ir_graph_new(p->params, IR_TRAINING);
    g->n = n;
    g->image = ir_input(g->graph, shape, false);
    g->logp = ir_strategy_net(g->graph, g->image, outputs_of(p));
    ir_graph_keep(g->graph, g->logp);
    ir_graph_start_backward_at(g->graph, g->logp);
    ir_graph_plan(g->graph);
}

static policy_graph *graph_for(policy *p, int n)
{
    policy_graph *g;
    for (int i = 0; i < GRAPHS; i++)
        if (p->graph[i].n == n)
            return &p->graph[i];
    g = &p->graph[p->next];
    p->next = (p->next + 1) % GRAPHS;
    build(p, g, n);
    return g;
}

/* The strategy of one of the network's outputs. */
static int strategy_of(const policy *p, int output)
{
    return p->known.corruption[output / IR_LEVELS] * IR_LEVELS + output % IR_LEVELS;
}

/* log p of every strategy, n x IR_STRATEGIES, from the network's outputs. Unknown and held
 * strategies are never chosen. */
static void get_logp(const policy *p, const policy_graph *g, int n, float *logp)
{
    const int outputs = outputs_of(p);
    float *known = ir_malloc((size_t)n * (size_t)outputs * sizeof *known);
    ir_node_get(g->graph, g->logp, known);
    for (int i = 0; i < n * IR_STRATEGIES; i++)
        logp[i] = -INFINITY;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < outputs; k++)
            logp[i * IR_STRATEGIES + strategy_of(p, k)] = known[i * outputs + k];
    free(known);
}

static bool is_finite_row(const policy *p, const float *logp)
{
    for (int k = 0; k < outputs_of(p); k++)
        if (!isfinite(logp[strategy_of(p, k)]))
            return false;
    return true;
}

int policy_forward(policy *p, int n, const float *images, float *logp)
{
    policy_graph *g = graph_for(p, n);
    int bad = -1;
    ir_node_put(g->graph, g->image, images);
    ir_graph_forward(g->graph);
    get_logp(p, g, n, logp);
    for (int i = n - 1; i >= 0; i--)
        if (!is_finite_row(p, logp + (size_t)i * IR_STRATEGIES))
            bad = i;
    for (int i = 0; p->held.any && i < n; i++)
        choice_restrict(&p->held, logp + (size_t)i * IR_STRATEGIES);
    return bad;
}

/* Turns the gradient by the restricted log p into that by the network's. */
static void unrestrict(const policy *p, const policy_graph *g, int n, float *gradient)
{
    const size_t size = (size_t)n * IR_STRATEGIES;
    float *logp = ir_malloc(size * sizeof *logp);
    get_logp(p, g, n, logp);
    for (size_t i = 0; i < size; i += IR_STRATEGIES) {
        choice_restrict(&p->held, logp + i);
        choice_restrict_gradient(&p->held, logp + i, gradient + i);
    }
    free(logp);
}

/* Backward from the gradient by every strategy's log p. */
static void backward(const policy *p, const policy_graph *g, int n, const float *gradient)
{
    const int outputs = outputs_of(p);
    float *known = ir_malloc((size_t)n * (size_t)outputs * sizeof *known);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < outputs; k++)
            known[i * outputs + k] = gradient[i * IR_STRATEGIES + strategy_of(p, k)];
    ir_node_seed(g->graph, g->logp, known);
    ir_graph_backward(g->graph);
    free(known);
}

void policy_ascend(policy *p, int n, const float *gradient, double lr)
{
    policy_graph *g = graph_for(p, n);
    const size_t size = (size_t)n * IR_STRATEGIES;
    float *descent = ir_malloc(size * sizeof *descent);
    for (size_t i = 0; i < size; i++) /* the optimizer walks downhill */
        descent[i] = -gradient[i];
    if (p->held.any)
        unrestrict(p, g, n, descent);
    backward(p, g, n, descent);
    ir_params_sgd(p->params, lr);
    free(descent);
    p->lr = lr;
    p->step++;
    p->images += n;
}
