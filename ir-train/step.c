/* The training step. */
#include "step.h"

#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "stream/record.h"

/* name: of the frame, or NULL where the loss is a whole batch's. */
static void check_loss(float loss, const char *name, long step)
{
    if (!isfinite(loss))
        ir_die("%s%sstep %ld: the loss is not finite; nothing is written", name ? name : "",
               name ? ": " : "", step);
}

/* A loss node's numbers: those of all images of the whole batch, here if this is the first process,
 * or each half's one, which is the same everywhere. images: of part; without a share it may be
 * NULL. */
static float *losses_of(const trainer *t, const ir_detector_graph *g, const ir_node *node,
                        const batch *part, int images, bool of_images)
{
    float *own = ir_calloc((size_t)images, sizeof *own), *all;
    ir_node_get(g->graph, node, own);
    if (!t->share || !part || !of_images)
        return own;
    all = ir_calloc((size_t)batch_whole_images(part), sizeof *all);
    share_gather(t->share, part, own, all);
    free(own);
    return all;
}

/* A reward is the loss of the corrupted frame itself, whatever the step is trained on; or, rise,
 * that less the loss of the same frame uncorrupted. How hard a frame is in itself, which no
 * corruption changes, is then no longer in the rewards. */
static void write_rewards(trainer *t, const ir_detector_graph *g, const batch *b, long step)
{
    float *loss = losses_of(t, g, g->reward, b, batch_images(b), true);
    for (int i = 0; t->rewards && i < batch_whole_images(b); i++)
        check_loss(loss[i], b->name[i % b->whole], step);
    for (int i = 0; t->rewards && i < b->whole; i++) {
        ir_reward reward = {.loss = loss[b->whole + i] - (t->rise ? loss[i] : 0)};
        snprintf(reward.name, sizeof reward.name, "%s", b->name[i]);
        ir_reward_write(t->rewards, &reward);
    }
    if (t->rewards)
        ir_flush(t->rewards, t->rewards_name);
    free(loss);
}

/* ---- losses ---------------------------------------------------------------------------------- */

static double mean(const float *x, int count)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += x[i];
    return sum / count;
}

/* What will be wanted of the batch once its losses are there. By then it may hold other frames. */
static pending_step pending_of(const trainer *t, const batch *b, long step)
{
    const int whole = t->whole_batch ? b->whole : 1;
    pending_step p = {.is_there = true,
                      .images = batch_images(b),
                      .side = b->side,
                      .group = t->whole_batch ? b->count : 1,
                      .losses = batch_whole_images(b) / whole,
                      .clean = b->whole / whole,
                      .frames = b->whole,
                      .step = step};
    if (t->whole_batch || !b->name)
        return p;
    p.name = ir_calloc((size_t)b->whole, sizeof *p.name);
    for (int i = 0; i < b->whole; i++)
        p.name[i] = ir_strdup(b->name[i]);
    return p;
}

/* part: the pending step's, where batches are divided; then its losses are taken in the same step.
 */
static bool take_loss(trainer *t, const batch *part, step_loss *loss)
{
    const pending_step p = t->pending;
    if (!p.is_there)
        return false;
    /* the graph used last, so it is there still */
    const ir_detector_graph *g =
        ir_detector_graph_for(t->detector, IR_TRAINING, p.images, p.side, p.side, p.group);
    float *all = losses_of(t, g, g->objective, part, p.images, !t->whole_batch);
    for (int i = 0; i < p.losses; i++)
        check_loss(all[i], p.name ? p.name[i % p.frames] : NULL, p.step);
    *loss = (step_loss){.clean = mean(all, p.clean), .frames = p.frames, .step = p.step};
    if (p.losses > p.clean)
        loss->corrupted = mean(all + p.clean, p.clean);
    free(all);
    for (int i = 0; p.name && i < p.frames; i++)
        free(p.name[i]);
    free(p.name);
    t->pending = (pending_step){0};
    return true;
}

bool train_take_loss(trainer *t, step_loss *loss)
{
    return take_loss(t, NULL, loss);
}

/* ---- the step -------------------------------------------------------------------------------- */

/* d objective / d loss: the mean of the clean losses plus lambda times that of the corrupted ones.
 */
static void seed_objective(const trainer *t, const ir_detector_graph *g, const batch *b)
{
    const int group = t->whole_batch ? b->count : 1, all = t->whole_batch ? 1 : b->whole;
    const int losses = batch_images(b) / group, clean = b->count / group;
    float *seed = ir_calloc((size_t)losses, sizeof *seed);
    for (int i = 0; i < losses; i++)
        seed[i] = (float)((i < clean ? 1.0 : t->lambda) / all);
    ir_node_seed(g->graph, g->objective, seed);
    free(seed);
}

/* The decay rises to h->ema, so that the first weights are soon forgotten. */
static void average_weights(const trainer *t, history *h)
{
    const double steps = (double)h->ema_step;
    const double decay = steps > 0 ? fmin(h->ema, (1 + steps) / (10 + steps)) : 0;
    if (h->ema <= 0)
        return;
    ir_params_average(ir_detector_params(t->detector), 1 - decay);
    h->ema_step++;
}

/* Ahead, the device works through the step while the program goes on. Then the program waits for
 * two things only: the losses of the step before, once this one's forward pass is queued, and this
 * step's rewards, once its backward pass is. */
bool train_step(trainer *t, const batch *b, history *h, step_loss *loss)
{
    const int images = batch_images(b), group = t->whole_batch ? b->count : 1;
    const ir_share share = {b->count, {b->first, b->first + b->whole - b->count}};
    ir_params *params = ir_detector_params(t->detector);
    /* A graph for another batch may take the place of the one that has the last losses. */
    bool told = t->pending.frames != b->whole && take_loss(t, NULL, loss);
    if (t->share)
        ir_detector_set_batch(t->detector, batch_whole_images(b));
    const ir_detector_graph *g =
        ir_detector_graph_for(t->detector, IR_TRAINING, images, b->side, b->side, group);
    /* forward, the clean and the corrupted half in one pass */
    ir_node_put(g->graph, g->image, b->image);
    ir_node_put(g->graph, g->mask, b->mask);
    ir_graph_set_step(g->graph, h->seed, (uint64_t)h->step);
    ir_graph_set_share(g->graph, share);
    ir_graph_forward(g->graph);
    if (t->rewarded)
        ir_node_fetch(g->graph, g->reward);
    told = take_loss(t, NULL, loss) || told;
    ir_node_fetch(g->graph, g->objective);
    t->pending = pending_of(t, b, ++h->step);

    /* Who waits for the rewards works on while this step goes backward. */
    if (t->rewarded && !t->ahead)
        write_rewards(t, g, b, h->step);

    seed_objective(t, g, b);
    ir_graph_backward(g->graph);
    ir_params_finish_sums(params);
    ir_params_adam(params, h->adam, ++h->adam_step);
    average_weights(t, h);

    if (t->rewarded && t->ahead)
        write_rewards(t, g, b, h->step);
    return t->ahead ? told : take_loss(t, b, loss);
}
