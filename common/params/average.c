/* Averages of parameters: of the trained ones over the steps of a training, and of the running
 * statistics over the batches that they are measured on. */
#include "params/params_internal.h"

/* Into *to, which is made when it is first needed. */
static void average(const ir_params *p, float **to, const ir_flat *from, double weight)
{
    if (!*to)
        *to = p->backend->alloc(p->backend, (from->size + 1) * sizeof(float));
    p->backend->average(p->backend, *to, from->value, from->size, (float)weight);
}

void ir_params_average(ir_params *p, double weight)
{
    average(p, &p->average, &p->trained, weight);
}

bool ir_params_have_average(const ir_params *p)
{
    return p->average;
}

void ir_params_drop_average(ir_params *p)
{
    p->backend->free(p->backend, p->average);
    p->average = NULL;
}

void ir_params_measure(ir_params *p, int batch)
{
    average(p, &p->measured, &p->state, 1.0 / batch);
}
