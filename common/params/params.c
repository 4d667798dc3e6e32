/* Named parameters in flat arrays: making, initialising, the optimizers' steps. */
#include "params/params.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/philox.h"
#include "params/params_internal.h"

ir_params *ir_params_new(ir_backend *backend)
{
    ir_params *p = ir_calloc(1, sizeof *p);
    p->backend = backend;
    p->version = 1;
    return p;
}

void ir_params_free(ir_params *p)
{
    if (!p)
        return;
    float *flat[] = {p->trained.value, p->grad,    p->m,       p->v,
                     p->state.value,   p->average, p->measured};
    for (size_t i = 0; i < sizeof flat / sizeof flat[0]; i++)
        p->backend->free(p->backend, flat[i]);
    for (size_t i = 0; i < p->count; i++) {
        free(p->param[i]->name);
        free(p->param[i]);
    }
    free(p->param);
    free(p->start);
    free(p);
}

ir_backend *ir_params_backend(const ir_params *p)
{
    return p->backend;
}

size_t ir_params_count(const ir_params *p)
{
    return p->count;
}

ir_param *ir_params_at(const ir_params *p, size_t i)
{
    return p->param[i];
}

size_t ir_params_trained(const ir_params *p)
{
    return p->trained.numbers;
}

uint64_t ir_params_version(const ir_params *p)
{
    return p->version;
}

void ir_params_changed(ir_params *p)
{
    p->version++;
}

bool ir_params_have_moments(const ir_params *p)
{
    return p->have_moments;
}

ir_param *ir_params_find(const ir_params *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->param[i]->name, name) == 0)
            return p->param[i];
    return NULL;
}

static bool same_dims(const ir_param *param, int ndim, const int *dim)
{
    return param->ndim == ndim && memcmp(param->dim, dim, (size_t)ndim * sizeof *dim) == 0;
}

ir_param *ir_params_use(ir_params *p, const char *name, int ndim, const int *dim, bool trained,
                        ir_initial start)
{
    ir_param *param = ir_params_find(p, name);
    if (param) {
        if (!same_dims(param, ndim, dim) || param->trained != trained)
            ir_die("parameter %s is used with two shapes", name);
        return param;
    }
    if (p->frozen)
        ir_die("parameter %s is new in a network that has its parameters", name);
    param = ir_calloc(1, sizeof *param);
    param->name = ir_strdup(name);
    param->ndim = ndim;
    memcpy(param->dim, dim, (size_t)ndim * sizeof *dim);
    param->size = 1;
    for (int i = 0; i < ndim; i++)
        param->size *= (size_t)dim[i];
    param->taps = 1;
    param->trained = trained;
    ir_flat *flat = trained ? &p->trained : &p->state;
    param->offset = flat->size;
    flat->size += (param->size + IR_PARAM_ALIGN - 1) / IR_PARAM_ALIGN * IR_PARAM_ALIGN;
    flat->numbers += param->size;
    p->param = ir_realloc(p->param, p->count + 1, sizeof *p->param);
    p->start = ir_realloc(p->start, p->count + 1, sizeof *p->start);
    p->start[p->count] = start;
    p->param[p->count++] = param;
    return param;
}

ir_layout ir_param_layout(const ir_param *param)
{
    const int channels = param->taps > 1 ? param->dim[1] : 1;
    const size_t row = (size_t)channels * (size_t)param->taps;
    return (ir_layout){param->size / row, channels, param->taps};
}

void ir_params_freeze(ir_params *p)
{
    if (p->frozen)
        return;
    p->frozen = true;
    ir_backend *b = p->backend;
    const size_t trained = (p->trained.size + 1) * sizeof(float);
    p->trained.value = b->alloc(b, trained);
    p->state.value = b->alloc(b, (p->state.size + 1) * sizeof(float));
    for (size_t i = 0; i < p->count; i++) {
        ir_param *param = p->param[i];
        param->value = (param->trained ? p->trained.value : p->state.value) + param->offset;
    }
}

void ir_params_allocate_gradients(ir_params *p)
{
    if (p->grad)
        return;
    ir_params_freeze(p);
    const size_t bytes = (p->trained.size + 1) * sizeof(float);
    p->grad = p->backend->alloc(p->backend, bytes);
    p->m = p->backend->alloc(p->backend, bytes);
    p->v = p->backend->alloc(p->backend, bytes);
    for (size_t i = 0; i < p->count; i++)
        if (p->param[i]->trained)
            p->param[i]->grad = p->grad + p->param[i]->offset;
}

static double drawn_value(const ir_initial *start, size_t i, ir_rng *rng)
{
    switch (start->kind) {
    case IR_INIT_UNIFORM:
        return start->bound * (2 * ir_rng_uniform(rng) - 1);
    case IR_INIT_NORMAL:
        return start->bound * ir_rng_normal(rng);
    case IR_INIT_VALUES:
        return start->values[i];
    default:
        return start->bound;
    }
}

static float first_value(const ir_initial *start, size_t i, ir_rng *rng)
{
    const double value = drawn_value(start, i, rng);
    return (float)(start->balanced ? (i % 2 ? -fabs(value) : fabs(value)) : value);
}

void ir_params_init(ir_params *p, uint64_t seed)
{
    for (size_t i = 0; i < p->count; i++) {
        ir_param *param = p->param[i];
        float *value = ir_malloc(param->size * sizeof *value);
        ir_rng rng = ir_rng_make(seed, "init", param->name, 0);
        for (size_t k = 0; k < param->size; k++)
            value[k] = first_value(&p->start[i], k, &rng);
        ir_param_put(p, param, value);
        free(value);
    }
    if (p->m) {
        p->backend->clear(p->backend, p->m, p->trained.size * sizeof(float));
        p->backend->clear(p->backend, p->v, p->trained.size * sizeof(float));
    }
    p->have_moments = false;
}

void ir_params_adam(ir_params *p, ir_adam adam, long step)
{
    const double correct1 = 1 - pow(adam.beta1, (double)step);
    const double correct2 = 1 - pow(adam.beta2, (double)step);
    p->backend->adam(p->backend, p->trained.value, p->grad, p->m, p->v, p->trained.size,
                     (float)(adam.lr / correct1), adam.beta1, adam.beta2,
                     (float)(1 / sqrt(correct2)), (float)adam.eps);
    p->have_moments = true;
    p->version++;
}

void ir_params_finish_sums(ir_params *p)
{
    if (p->backend->comm)
        p->backend->sum_finish(p->backend);
}

void ir_params_sgd(ir_params *p, double lr)
{
    p->backend->sgd(p->backend, p->trained.value, p->grad, p->trained.size, (float)lr);
    p->version++;
}

void ir_param_get(ir_params *p, const ir_param *param, float *value)
{
    p->backend->read(p->backend, param->value, value, ir_param_layout(param));
}

void ir_param_get_grad(ir_params *p, const ir_param *param, float *grad)
{
    p->backend->read(p->backend, param->grad, grad, ir_param_layout(param));
}

void ir_param_put(ir_params *p, ir_param *param, const float *value)
{
    p->backend->write(p->backend, param->value, value, ir_param_layout(param));
    p->version++;
}
