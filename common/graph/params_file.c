/* Parameters to and from checkpoints: param/, state/, adam/m/, adam/v/. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "graph/params_internal.h"

/* The four families of arrays; all but state/ exist for trained parameters only. */
enum { PARAM, STATE, ADAM_M, ADAM_V, FAMILIES };
static const char *const prefix[FAMILIES] = {"param/", "state/", "adam/m/", "adam/v/"};

static float *place_of(ir_params *p, const ir_param *param, int family)
{
    switch (family) {
    case ADAM_M:
        return p->m + param->offset;
    case ADAM_V:
        return p->v + param->offset;
    default:
        return param->value;
    }
}

static bool belongs(const ir_param *param, int family)
{
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
    static const char ending[] = "running_var";
    const size_t length = strlen(param->name), n = sizeof ending - 1;
    return family == ADAM_V ||
           (family == STATE && length >= n && strcmp(param->name + length - n, ending) == 0);
}

static void load_family(ir_params *p, const ir_checkpoint *ck, int family)
{
    const char *path = ir_checkpoint_path(ck);
    for (size_t i = 0; i < p->count; i++) {
        ir_param *param = p->param[i];
        if (!belongs(param, family))
            continue;
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
        p->backend->write(p->backend, place_of(p, param, family), array->data,
                          ir_param_layout(param));
        free(name);
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

void ir_params_load(ir_params *p, const ir_checkpoint *ck, const char *const *pass_over)
{
    refuse_extra(p, ck, pass_over);
    load_family(p, ck, PARAM);
    load_family(p, ck, STATE);
    p->have_moments = holds_family(ck, ADAM_M) || holds_family(ck, ADAM_V);
    if (p->have_moments) {
        ir_params_make_room(p);
        load_family(p, ck, ADAM_M);
        load_family(p, ck, ADAM_V);
    }
    p->version++;
}

void ir_params_save(ir_params *p, ir_checkpoint *ck, bool with_adam)
{
    if (with_adam)
        ir_params_make_room(p);
    for (int family = 0; family < FAMILIES; family++) {
        if (family >= ADAM_M && !with_adam)
            continue;
        for (size_t i = 0; i < p->count; i++) {
            const ir_param *param = p->param[i];
            if (!belongs(param, family))
                continue;
            char *name = ir_format("%s%s", prefix[family], param->name);
            ir_array *array = ir_checkpoint_add(ck, name, param->ndim, param->dim);
            p->backend->read(p->backend, place_of(p, param, family), array->data,
                             ir_param_layout(param));
            free(name);
        }
    }
}
