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

/* A reward is the loss of the corrupted frame itself, whatever the step is trained on. */
static void write_rewards(trainer *t, const ir_detector_graph *g, const batch *b, long step)
{
    float *loss = ir_calloc((size_t)batch_images(b), sizeof *loss);

    ir_node_fetch(g->graph, g->reward);
    ir_node_get(g->graph, g->reward, loss);
    for (int i = 0; i < batch_images(b); i++)
        check_loss(loss[i], b->name[i % b->count], step);
    for (int i = 0; i < b->count; i++) {
        ir_reward reward = {.loss = loss[b->count + i]};
        snprintf(reward.name, sizeof reward.name, "%s", b->name[i]);
        ir_reward_write(t->rewards, &reward);
    }
    ir_flush(t->rewards, t->rewards_name);
    free(loss);
}

static double mean(const float *x, int count)
{
    double sum = 0;

    for (int i = 0; i < count; i++)
        sum += x[i];
    return sum / count;
}

/* d objective / d loss: the mean of the clean losses plus lambda times that of the corrupted ones.
 */
static void backward(const trainer *t, const ir_detector_graph *g, int losses, int clean)
{
    float *seed = ir_calloc((size_t)losses, sizeof *seed);

    for (int i = 0; i < losses; i++)
        seed[i] = (float)((i < clean ? 1.0 : t->lambda) / clean);
    ir_node_seed(g->graph, g->objective, seed);
    ir_graph_backward(g->graph);
    free(seed);
}

step_loss train_step(trainer *t, const batch *b, history *h)
{
    const int images = batch_images(b), group = t->whole_batch ? b->count : 1;
    const int losses = images / group, clean = b->count / group;
    ir_detector_graph *g =
        ir_detector_graph_for(t->detector, IR_TRAINING, images, b->side, b->side, group);
    float *loss = ir_calloc((size_t)losses, sizeof *loss);

    ir_node_put(g->graph, g->image, b->image);
    ir_node_put(g->graph, g->mask, b->mask);
    ir_graph_set_step(g->graph, h->seed, (uint64_t)h->step);
    ir_graph_forward(g->graph);
    if (t->rewards)
        write_rewards(t, g, b, h->step + 1);
    ir_node_fetch(g->graph, g->objective);
    backward(t, g, losses, clean);
    h->step++;
    ir_params_adam(ir_detector_params(t->detector), h->adam, ++h->adam_step);

    /* last, so that a GPU has its work while this waits for the forward pass */
    ir_node_get(g->graph, g->objective, loss);
    for (int i = 0; i < losses; i++)
        check_loss(loss[i], t->whole_batch ? NULL : b->name[i % b->count], h->step);

    const step_loss result = {mean(loss, clean), b->paired ? mean(loss + clean, clean) : 0};
    free(loss);
    return result;
}
