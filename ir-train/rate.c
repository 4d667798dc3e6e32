/* The learning rate over a training: steps or half a cosine, behind a linear warm-up. */
#include "rate.h"

#include <math.h>

static double in_steps(const rate_schedule *s, double epochs)
{
    double lr = s->lr;
    for (int i = 0; i < s->lr_steps; i++)
        lr *= epochs >= (double)s->lr_step[i] ? 0.1 : 1.0;
    return lr;
}

/* Loshchilov and Hutter, SGDR (ICLR 2017), without restarts. */
static double along_cosine(const rate_schedule *s, double epochs)
{
    const double way = fmin(epochs / (double)s->total_epochs, 1), end = fmax(s->end, 0);
    return end + (s->lr - end) * (1 + cos(M_PI * way)) / 2;
}

double rate_of_step(const rate_schedule *s, double epochs, long step)
{
    const double lr = s->cosine ? along_cosine(s, epochs) : in_steps(s, epochs);
    return step < s->warmup ? lr * (double)(step + 1) / (double)s->warmup : lr;
}
