/* The meta keys of ir-train: seed, epoch, step, images, optimizer, adam.step, adam.lr, adam.beta1,
 * adam.beta2, adam.eps, ema, ema.step. */
#include "history.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "base/base.h"

history history_new(uint64_t seed)
{
    return (history){.seed = seed, .adam = {.beta1 = 0.9, .beta2 = 0.999, .eps = 1e-8}};
}

static long count_of(const ir_checkpoint *checkpoint, const char *key)
{
    return ir_meta_find(checkpoint, key) ? ir_meta_count(checkpoint, key, 0) : 0;
}

/* Seeds use all 64 bits, more than ir_meta_number() takes. */
static uint64_t seed_of(const ir_checkpoint *checkpoint)
{
    const char *text = ir_meta_find(checkpoint, "seed");
    char *end;
    if (!text)
        return 0;
    errno = 0;
    const uint64_t seed = strtoull(text, &end, 10);
    if (errno || *end || text[0] < '0' || text[0] > '9')
        ir_die("%s: meta: seed: '%s' is no seed", ir_checkpoint_path(checkpoint), text);
    return seed;
}

history history_read(const ir_checkpoint *checkpoint, const ir_params *params)
{
    history h = history_new(seed_of(checkpoint));
    h.epoch = count_of(checkpoint, "epoch");
    h.step = count_of(checkpoint, "step");
    h.images = count_of(checkpoint, "images");
    if (ir_params_have_moments(params))
        h.adam_step = ir_meta_count(checkpoint, "adam.step", 1);
    if (ir_params_have_average(params)) {
        h.ema = ir_meta_real(checkpoint, "ema", 0, 1);
        h.ema_step = ir_meta_count(checkpoint, "ema.step", 1);
    }
    return h;
}

void history_set_ema(history *h, double decay, ir_params *params)
{
    h->ema = decay;
    if (decay > 0)
        return;
    h->ema_step = 0;
    ir_params_drop_average(params);
}

void history_write(const history *h, ir_checkpoint *checkpoint)
{
    ir_meta_set(checkpoint, "seed", "%" PRIu64, h->seed);
    ir_meta_set(checkpoint, "epoch", "%ld", h->epoch);
    ir_meta_set(checkpoint, "step", "%ld", h->step);
    ir_meta_set(checkpoint, "images", "%ld", h->images);
    if (h->ema > 0) {
        ir_meta_set(checkpoint, "ema", "%.17g", h->ema);
        ir_meta_set(checkpoint, "ema.step", "%ld", h->ema_step);
    }
    if (h->adam_step == 0)
        return;
    ir_meta_set(checkpoint, "optimizer", "adam");
    ir_meta_set(checkpoint, "adam.step", "%ld", h->adam_step);
    ir_meta_set(checkpoint, "adam.lr", "%.9g", h->adam.lr);
    ir_meta_set(checkpoint, "adam.beta1", "%.9g", h->adam.beta1);
    ir_meta_set(checkpoint, "adam.beta2", "%.9g", h->adam.beta2);
    ir_meta_set(checkpoint, "adam.eps", "%.9g", h->adam.eps);
}
