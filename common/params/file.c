/* Parameters to and from checkpoints: param/, state/, adam/m/, adam/v/, ema/, measured/. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "checkpoint/checkpoint.h"
#include "params/params_internal.h"

/* The families of arrays; those of state are state/ and measured/. */
enum { PARAM, STATE, ADAM_M, ADAM_V, EMA, MEASURED, FAMILIES };
static const char *const prefix[FAMILIES] = {"param/",  "state/", "adam/m/",
                                             "adam/v/", "ema/",   "measured/"};

static float *flat_of(const ir_params *p, int family)
{
    float *const flat[FAMILIES] = {p->trained.value, p->state.value, p->m, p->v,
                                   p->average,       p->measured};
    return flat[family];
}

static bool ends(const char *name, const char *ending)
{
    const size_t length = strlen(name), n = strlen(ending);
    return length >= n && strcmp(name + length - n, ending) == 0;
}

/* Fixed kernels are state as well, but nothing that could be measured. */
static bool belongs(const ir_param *param, int family)
{
    if (family == MEASURED)
        return ends(param->name, ".running_mean") || ends(param->name, ".running_var");
    return param->trained == (family != STATE);
}

static char *shape_text(int ndim, const int *dim)
{
    char text[128] = "(";
    for (int i = 0; i < ndim; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d", i ? ", " : "", dim[i]);
    snprintf(text + strlen(text), sizeof text - strlen(text), "%s)", ndim == 1 ? "," : "");
    return ir_strdup(text);
}

/* Variances and second moments; an undetected negative one would come out as a NaN. */
static bool is_square(const ir_param *param, int family)
{
    return family == ADAM_V || ends(param->name, ".running_var");
}

static const ir_array *find_array(const ir_checkpoint *ck, const ir_param *param, int family)
{
    const char *path = ir_checkpoint_path(ck);
    char *name = ir_format("%s%s", prefix[family], param->name);
    const ir_array *array = ir_checkpoint_find(ck, name);
    if (!array)
        ir_die("%s: %s is missing", path, name);
    if (array->ndim != param->ndim ||
        memcmp(array->dim, param->dim, (size_t)param->ndim * sizeof(int)) != 0)
        ir_die("%s: %s has shape %s, the network wants %s", path, name,
               shape_text(array->ndim, array->dim), shape_text(param->ndim, param->dim));
    for (size_t k = 0; k < param->size; k++)
        if (is_square(param, family) && array->data[k] < 0)
            ir_die("%s: %s holds a negative number", path, name);
    free(name);
    return array;
}

/* flat: where to; NULL: it is checked only. */
static void load_family(ir_params *p, const ir_checkpoint *ck, int family, float *flat)
{
    for (size_t i = 0; i < p->count; i++) {
        const ir_param *param = p->param[i];
        if (!belongs(param, family))
            continue;
        const ir_array *array = find_array(ck, param, family);
        if (flat)
            p->backend->write(p->backend, flat + param->offset, array->data,
                              ir_param_layout(param));
    }
}

static bool begins(const char *name, const char *beginning)
{
    return strncmp(name, beginning, strlen(beginning)) == 0;
}

static bool is_wanted(const ir_params *p, const char *name, const char *const *pass_over)
{
    for (int family = 0; family < FAMILIES; family++) {
        if (!begins(name, prefix[family]))
            continue;
        name += strlen(prefix[family]);
        const ir_param *param = ir_params_find(p, name);
        if (param)
            return belongs(param, family);
        for (; pass_over && *pass_over; pass_over++)
            if (begins(name, *pass_over))
                return true;
        return false;
    }
    return false;
}

static void refuse_extra(const ir_params *p, const ir_checkpoint *ck, const char *const *pass_over)
{
    for (size_t i = 0; i < ir_checkpoint_count(ck); i++) {
        const char *name = ir_checkpoint_at(ck, i)->name;
        if (!is_wanted(p, name, pass_over))
            ir_die("%s: %s is no array of this network", ir_checkpoint_path(ck), name);
    }
}

static bool holds_family(const ir_checkpoint *ck, int family)
{
    for (size_t i = 0; i < ir_checkpoint_count(ck); i++)
        if (begins(ir_checkpoint_at(ck, i)->name, prefix[family]))
            return true;
    return false;
}

void ir_params_load_values(ir_params *p, const ir_checkpoint *ck, ir_purpose purpose)
{
    const bool detect = purpose == IR_TO_DETECT;
    load_family(p, ck, PARAM, p->trained.value);
    load_family(p, ck, STATE, p->state.value);
    if (holds_family(ck, EMA))
        load_family(p, ck, EMA, detect ? p->trained.value : NULL);
    if (holds_family(ck, MEASURED))
        load_family(p, ck, MEASURED, detect ? p->state.value : NULL);
    p->version++;
}

void ir_params_load(ir_params *p, const ir_checkpoint *ck, ir_purpose purpose,
                    const char *const *pass_over)
{
    const bool moments = holds_family(ck, ADAM_M) || holds_family(ck, ADAM_V);
    const bool train = purpose == IR_TO_TRAIN;
    refuse_extra(p, ck, pass_over);
    ir_params_load_values(p, ck, purpose);
    p->have_moments = train && moments;
    if (p->have_moments)
        ir_params_allocate_gradients(p);
    if (moments) {
        load_family(p, ck, ADAM_M, p->m);
        load_family(p, ck, ADAM_V, p->v);
    }
    if (train && holds_family(ck, EMA)) {
        ir_params_average(p, 1);
        load_family(p, ck, EMA, p->average);
    }
}

static void save_family(ir_params *p, ir_checkpoint *ck, int family)
{
    for (size_t i = 0; i < p->count; i++) {
        const ir_param *param = p->param[i];
        if (!belongs(param, family))
            continue;
        char *name = ir_format("%s%s", prefix[family], param->name);
        ir_array *array = ir_checkpoint_add(ck, name, param->ndim, param->dim);
        p->backend->read(p->backend, flat_of(p, family) + param->offset, array->data,
                         ir_param_layout(param));
        free(name);
    }
}

void ir_params_save(ir_params *p, ir_checkpoint *ck, bool with_adam)
{
    if (with_adam)
        ir_params_allocate_gradients(p);
    for (int family = PARAM; family <= (with_adam ? ADAM_V : STATE); family++)
        save_family(p, ck, family);
    if (p->average)
        save_family(p, ck, EMA);
}

void ir_params_save_measured(ir_params *p, ir_checkpoint *ck)
{
    save_family(p, ck, MEASURED);
}
