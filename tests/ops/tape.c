/* Tensors and steps of a tape; forward and backward through them. */
#include "tape.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

tensor *tape_tensor(tape *t, ir_shape shape)
{
    tensor *x = ir_calloc(1, sizeof *x);
    x->shape = shape;
    x->size = shape_size(shape);
    x->v = ir_calloc(x->size, sizeof *x->v);
    x->g = ir_calloc(x->size, sizeof *x->g);
    t->tensor = ir_realloc(t->tensor, (size_t)t->tensors + 1, sizeof(tensor *));
    t->tensor[t->tensors++] = x;
    return x;
}

void tape_free(tape *t)
{
    for (int i = 0; i < t->tensors; i++) {
        free(t->tensor[i]->v);
        free(t->tensor[i]->g);
        free(t->tensor[i]);
    }
    for (int i = 0; i < t->steps; i++) {
        free(t->step[i]->in);
        free(t->step[i]);
    }
    free(t->tensor);
    free(t->step);
    *t = (tape){0};
}

step *tape_step(tape *t, const reference_op *op, int inputs, tensor *const *in, ir_shape out)
{
    step *s = ir_malloc(sizeof *s);
    *s = (step){.op = op, .training = t->training, .inputs = inputs};
    s->in = ir_calloc((size_t)inputs, sizeof(tensor *));
    for (int i = 0; i < inputs; i++)
        s->in[i] = in[i];
    t->step = ir_realloc(t->step, (size_t)t->steps + 1, sizeof(step *));
    t->step[t->steps++] = s;
    s->out = tape_tensor(t, out);
    return s;
}

static void round_all(const tape *t, double *x, size_t n)
{
    for (size_t e = 0; t->rounded && e < n; e++)
        x[e] = (float)x[e];
}

void tape_forward(tape *t)
{
    for (int i = 0; i < t->steps; i++) {
        const step *s = t->step[i];
        s->op->forward(s);
        round_all(t, s->out->v, s->out->size);
    }
}

void tape_backward(tape *t)
{
    for (int i = t->steps - 1; i >= 0; i--) {
        const step *s = t->step[i];
        if (s->op->backward)
            s->op->backward(s);
        for (int k = 0; k < s->inputs; k++)
            round_all(t, s->in[k]->g, s->in[k]->size);
    }
}

void tape_zero_grads(tape *t)
{
    for (int i = 0; i < t->tensors; i++)
        memset(t->tensor[i]->g, 0, t->tensor[i]->size * sizeof *t->tensor[i]->g);
}

static bool has_computed_input(const step *s)
{
    for (int k = 0; k < s->inputs; k++)
        if (!s->in[k]->leaf)
            return true;
    return false;
}

double tape_margin(const tape *t, bool leaves)
{
    double least = INFINITY;
    for (int i = 0; i < t->steps; i++) {
        const step *s = t->step[i];
        if (s->op->margin && (leaves || has_computed_input(s)))
            least = fmin(least, s->op->margin(s));
    }
    return least;
}
