/* REINFORCE: the gradient that a batch's rewards give.
 *
 * Eq. (6): grad E = 1/N sum_i L_i grad log p(s_i | x_i). With the baseline, L_i - mean(L) stands
 * for L_i: the same direction in expectation (as the mean holds L_i itself, (N-1)/N of the length)
 * and less variance. The entropy bonus adds entropy/N sum_i H_i, H = - sum_k p_k log p_k. */
#include "reinforce.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "session.h"

/* By log p, the softmax still to come: d H / d log p_k = - p_k (log p_k + 1); the constant is
 * dropped, for the log-softmax turns it into nothing. */
static void add_entropy(const float *logp, double weight, float *gradient)
{
    for (int k = 0; k < IR_STRATEGIES; k++)
        if (isfinite(logp[k])) /* what is held has no share in it */
            gradient[k] -= (float)(weight * exp(logp[k]) * logp[k]);
}

static double mean_reward(const batch *b)
{
    double sum = 0;
    for (int i = 0; i < b->n; i++)
        sum += b->reward[i];
    return sum / b->n;
}

static double mean_entropy(const batch *b)
{
    double sum = 0;
    for (int i = 0; i < b->n * IR_STRATEGIES; i++)
        if (isfinite(b->logp[i]))
            sum -= exp(b->logp[i]) * b->logp[i];
    return sum / b->n;
}

/* weight: of each image's term, or NULL: 1 */
static void learn(policy *p, const batch *b, const options *o, const double *weight)
{
    const double baseline = o->baseline ? mean_reward(b) : 0;
    float *gradient = ir_calloc((size_t)b->n * IR_STRATEGIES, sizeof *gradient);
    for (int i = 0; i < b->n; i++) {
        float *row = gradient + (size_t)i * IR_STRATEGIES;
        row[b->strategy[i]] = (float)((weight ? weight[i] : 1) * (b->reward[i] - baseline) / b->n);
        if (o->entropy > 0)
            add_entropy(b->logp + (size_t)i * IR_STRATEGIES, o->entropy / b->n, row);
    }
    policy_ascend(p, b->n, gradient, o->lr);
    free(gradient);
}

static void say(const batch *b)
{
    fprintf(stderr, "%s: %d images, mean reward %.4f, entropy %.4f\n", ir_program(), b->n,
            mean_reward(b), mean_entropy(b));
}

/* p / q of what was drawn, image by image. */
static double *importance(const batch *b, const float *drawn)
{
    double *weight = ir_calloc((size_t)b->n, sizeof *weight);
    for (int i = 0; i < b->n; i++) {
        const int at = i * IR_STRATEGIES + b->strategy[i];
        weight[i] = exp((double)b->logp[at] - drawn[at]);
    }
    return weight;
}

void reinforce_step(policy *p, const batch *b, const float *drawn, const options *o)
{
    double *weight = drawn ? importance(b, drawn) : NULL;
    if (o->verbose)
        say(b);
    if (o->set == SET_HRL)
        learn(p, b, o, weight);
    free(weight);
}

void reinforce_late_step(policy *p, batch *b, const options *o)
{
    const size_t bytes = (size_t)b->n * IR_STRATEGIES * sizeof *b->logp;
    float *drawn = ir_malloc(bytes);
    memcpy(drawn, b->logp, bytes);
    if (o->set == SET_HRL)
        session_forward(p, b, b->logp);
    reinforce_step(p, b, drawn, o);
    free(drawn);
}
