/* Graphs that nobody thought of: random operations on random earlier values, with values that have
 * many consumers, none, are kept, or start backward in the middle. */
#include <stdio.h>

#include "cases.h"

enum { MOST_VALUES = 40 };

typedef struct {
    reftest *t;
    int count, names;
    value value[MOST_VALUES];
    int readers[MOST_VALUES];
} pile;

static ir_shape shape_of(value v)
{
    return v.ref->shape;
}
static bool same_plane(ir_shape a, ir_shape b)
{
    return a.n == b.n && a.h == b.h && a.w == b.w;
}

static void push(pile *p, value v)
{
    p->readers[p->count] = 0;
    p->value[p->count++] = v;
}

/* A value, more often a late one. */
static int pick(pile *p)
{
    int a = reftest_between(p->t, 0, p->count - 1), b = reftest_between(p->t, 0, p->count - 1);
    return a > b ? a : b;
}

/* Another value whose plane is the same (so that it can be concatenated); i itself if there is
 * none. */
static int pick_beside(pile *p, int i, bool same_channels)
{
    for (int tries = 0; tries < 10; tries++) {
        int k = pick(p);
        ir_shape a = shape_of(p->value[i]), b = shape_of(p->value[k]);
        if (same_plane(a, b) && (!same_channels || a.c == b.c))
            return k;
    }
    return i;
}

static value random_conv(pile *p, value x, const char *name)
{
    reftest *t = p->t;
    ir_shape s = shape_of(x);
    ir_conv c = {.out = reftest_between(t, 1, t->setup.channels),
                 .kernel = s.h > 2 && s.w > 2 && reftest_chance(t, 0.6) ? 3 : 1};
    c.pad = c.kernel / 2;
    c.stride = s.h > 4 && s.w > 4 ? reftest_between(t, 1, 2) : 1;
    c.depthwise = reftest_chance(t, 0.2);
    if (c.depthwise)
        c.out = s.c;
    c.bias = reftest_chance(t, 0.3);
    if (s.h * s.w <= 40 && reftest_chance(t, 0.2))
        return reftest_conv_transpose2d(
            t, x, name, (ir_conv){.out = c.out, .kernel = 4, .stride = 2, .pad = 1});
    return reftest_conv2d(t, x, name, c);
}

/* Displaced by 0 to 1, or not at all. */
static value random_deform(pile *p, value x, const char *name)
{
    reftest *t = p->t;
    ir_deform d = {.out = reftest_between(t, 1, t->setup.channels),
                   .kernel_h = 1 + 2 * reftest_between(t, 0, 1),
                   .kernel_w = 1 + 2 * reftest_between(t, 0, 1)};
    ir_conv displace = {.out = 2 * d.kernel_h * d.kernel_w, .kernel = 1};
    char offset[24];
    if (reftest_chance(t, 0.3))
        return reftest_deform_conv2d(t, x, NULL, name, d);
    snprintf(offset, sizeof offset, "%s_offset", name);
    value by = reftest_sigmoid(t, reftest_conv2d(t, x, offset, displace));
    return reftest_deform_conv2d(t, x, &by, name, d);
}

static value random_pool(pile *p, value x)
{
    reftest *t = p->t;
    ir_shape s = shape_of(x);
    switch (reftest_between(t, 0, 5)) {
    case 0:
        return s.h > 2 && s.w > 2 ? reftest_max_pool(t, x, 3, 2, 1) : reftest_global_max_pool(t, x);
    case 1:
        return s.h > 1 && s.w > 1 ? reftest_avg_pool(t, x, 2, 2) : reftest_global_avg_pool(t, x);
    case 2:
        return reftest_global_avg_pool(t, x);
    case 3:
        return reftest_global_max_pool(t, x);
    case 4:
        return reftest_channel_mean(t, x);
    default:
        return reftest_channel_max(t, x);
    }
}

static value random_activation(pile *p, value x)
{
    switch (reftest_between(p->t, 0, 3)) {
    case 0:
        return reftest_leaky_relu(p->t, x, 0.2);
    case 1:
        return reftest_sigmoid(p->t, x);
    default:
        return reftest_relu(p->t, x);
    }
}

/* Sum or product with another value or with what is left of itself. */
static value random_binary(pile *p, int i)
{
    reftest *t = p->t;
    value a = p->value[i], b;
    switch (reftest_between(t, 0, 3)) {
    case 0:
        b = reftest_sigmoid(t, reftest_global_avg_pool(t, a));
        break;
    case 1:
        b = reftest_channel_mean(t, a);
        break;
    default: {
        int k = pick_beside(p, i, true);
        p->readers[k]++;
        b = p->value[k];
    }
    }
    return reftest_chance(t, 0.6) ? reftest_add(t, a, b) : reftest_mul(t, a, b, 1.5);
}

static value random_rearrangement(pile *p, int i)
{
    reftest *t = p->t;
    value x = p->value[i];
    ir_shape s = shape_of(x);
    int k = pick_beside(p, i, false);
    switch (reftest_between(t, 0, 4)) {
    case 0: {
        int first = reftest_between(t, 0, s.c - 1);
        return reftest_slice(t, x, first, reftest_between(t, 1, s.c - first));
    }
    case 1:
        return reftest_resize(t, x, reftest_between(t, 1, 12), reftest_between(t, 1, 12),
                              reftest_chance(t, 0.5));
    case 2:
        return reftest_dropout(t, x, 0.25);
    case 3:
        return s.h * s.w <= 150 ? reftest_irfft2(t, reftest_rfft2(t, x), s.w)
                                : reftest_scale(t, x, -0.5);
    default:
        p->readers[k]++;
        return reftest_concat(t, 2, (value[]){x, p->value[k]});
    }
}

static value random_operation(pile *p, int i)
{
    reftest *t = p->t;
    value x = p->value[i];
    ir_shape s = shape_of(x);
    char name[16];
    snprintf(name, sizeof name, "p%d", p->names++);
    int what = reftest_between(t, 0, 99);
    if (what < 30)
        return what < 27 ? random_conv(p, x, name) : random_deform(p, x, name);
    if (what < 45 && s.n * s.h * s.w >= 24)
        return reftest_batchnorm(t, x, name, 0.1);
    if (what < 65)
        return random_activation(p, x);
    if (what < 80)
        return random_binary(p, i);
    if (what < 90)
        return random_pool(p, x);
    return random_rearrangement(p, i);
}

void random_graph(reftest *t, int most)
{
    pile p = {.t = t};
    int operations = reftest_between(t, 3, most), inputs = reftest_between(t, 1, 2);
    ir_shape s = {reftest_between(t, 1, 4), reftest_between(t, 1, t->setup.channels),
                  reftest_between(t, 4, 12), reftest_between(t, 4, 12)};
    if (t->setup.large && reftest_chance(t, 0.1))
        s = (ir_shape){1, reftest_between(t, 1, 12), reftest_between(t, 46, 60),
                       reftest_between(t, 46, 60)};
    for (int i = 0; i < inputs; i++)
        push(&p, reftest_input(t, s, FILL_NORMAL, true));
    for (int i = 0; i < operations; i++) {
        int from = i < inputs ? i : pick(&p); /* every input is read */
        p.readers[from]++;
        push(&p, random_operation(&p, from));
    }
    for (int i = inputs; i < p.count; i++) {
        if (p.readers[i] == 0 || reftest_chance(t, 0.1))
            reftest_seed(t, p.value[i]);
        else if (reftest_chance(t, 0.1))
            reftest_seed_only(t, p.value[i]);
        else if (reftest_chance(t, 0.15))
            reftest_keep(t, p.value[i]);
    }
}
