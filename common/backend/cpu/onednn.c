/* The only file that knows oneDNN's C API: 2.x, and 3.x where the two differ (the first section).
 */
#include "backend/cpu/onednn.h"

#include <dlfcn.h>
#include <dnnl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/base.h"

static void check(dnnl_status_t status, const char *what)
{
    if (status != dnnl_success)
        ir_die("oneDNN: %s failed with status %d", what, (int)status);
}

/* ---- memory descriptors and convolution descriptors, 2.x against 3.x ----------------------- */

#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t md_ref;
typedef struct {
    dnnl_memory_desc_t own;
} md;
static md_ref ref(const md *m)
{
    return m->own;
}
static md md_make(int ndim, const dnnl_dims_t dims, dnnl_data_type_t type, dnnl_format_tag_t tag)
{
    md m;
    check(dnnl_memory_desc_create_with_tag(&m.own, ndim, dims, type, tag), "a description");
    return m;
}
static void md_free(md *m)
{
    dnnl_memory_desc_destroy(m->own);
}
#else
typedef const dnnl_memory_desc_t *md_ref;
typedef struct {
    dnnl_memory_desc_t own;
} md;
static md_ref ref(const md *m)
{
    return &m->own;
}
static md md_make(int ndim, const dnnl_dims_t dims, dnnl_data_type_t type, dnnl_format_tag_t tag)
{
    md m;
    check(dnnl_memory_desc_init_by_tag(&m.own, ndim, dims, type, tag), "a description");
    return m;
}
static void md_free(md *m)
{
    (void)m;
}
#endif

typedef struct {
    md src, weights, bias, dst;
    bool has_bias;
    dnnl_dims_t stride, dilate, pad_before, pad_after;
} window;

/* forward: the hint that 2.x and 3.x want for a backward description; NULL when making forward.
 * NULL when this oneDNN cannot do it by that algorithm. */
static dnnl_primitive_desc_t describe(dnnl_engine_t engine, unsigned direction, const window *w,
                                      dnnl_alg_kind_t alg, dnnl_primitive_desc_t forward,
                                      dnnl_primitive_attr_t attr)
{
    dnnl_primitive_desc_t pd = NULL;
    const md_ref src = ref(&w->src), weights = ref(&w->weights), dst = ref(&w->dst);
    const md_ref bias = w->has_bias && direction == IR_DNN_FORWARD ? ref(&w->bias) : NULL;
    dnnl_status_t status;
#if DNNL_VERSION_MAJOR >= 3
    if (direction == IR_DNN_FORWARD)
        status = dnnl_convolution_forward_primitive_desc_create(
            &pd, engine, dnnl_forward_training, alg, src, weights, bias, dst, w->stride, w->dilate,
            w->pad_before, w->pad_after, attr);
    else if (direction == IR_DNN_DATA)
        status = dnnl_convolution_backward_data_primitive_desc_create(
            &pd, engine, alg, src, weights, dst, w->stride, w->dilate, w->pad_before, w->pad_after,
            forward, attr);
    else
        status = dnnl_convolution_backward_weights_primitive_desc_create(
            &pd, engine, alg, src, weights, NULL, dst, w->stride, w->dilate, w->pad_before,
            w->pad_after, forward, attr);
#else
    dnnl_convolution_desc_t desc;
    if (direction == IR_DNN_FORWARD)
        status = dnnl_dilated_convolution_forward_desc_init(&desc, dnnl_forward_training, alg, src,
                                                            weights, bias, dst, w->stride,
                                                            w->dilate, w->pad_before, w->pad_after);
    else if (direction == IR_DNN_DATA)
        status = dnnl_dilated_convolution_backward_data_desc_init(
            &desc, alg, src, weights, dst, w->stride, w->dilate, w->pad_before, w->pad_after);
    else
        status = dnnl_dilated_convolution_backward_weights_desc_init(
            &desc, alg, src, weights, NULL, dst, w->stride, w->dilate, w->pad_before, w->pad_after);
    if (status == dnnl_success)
        status = dnnl_primitive_desc_create(&pd, &desc, attr, engine, forward);
#endif
    return status == dnnl_success ? pd : NULL;
}

static dnnl_primitive_desc_t describe_reorder(dnnl_engine_t engine, md_ref from, md_ref to)
{
    dnnl_primitive_desc_t pd = NULL;
    check(dnnl_reorder_primitive_desc_create(&pd, from, engine, to, engine, NULL), "a reorder");
    return pd;
}

/* ---- engine and scratchpad ----------------------------------------------------------------- */

struct ir_dnn {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    void *scratch; /* as large as the largest primitive wants; shared, since one runs at a time */
    size_t scratch_bytes;
    int slow;
    char slow_description[128];
};

/* oneDNN is C++: a failed allocation within it is an exception, which nothing catches on its way
 * through C and which would end the program by abort() with words of its own. */
static void on_exception(void)
{
    ir_die("oneDNN: out of memory, or another fault that it does not return");
}

/* The runtime of C++ comes with oneDNN alone; nothing here is linked with it. */
static void catch_exceptions(void)
{
    void (*(*set_terminate)(void (*)(void)))(void);

    *(void **)&set_terminate = dlsym(RTLD_DEFAULT, "_ZSt13set_terminatePFvvE");
    if (set_terminate)
        set_terminate(on_exception);
}

ir_dnn *ir_dnn_new(void)
{
    ir_dnn *dnn = ir_calloc(1, sizeof *dnn);
    catch_exceptions();
    check(dnnl_engine_create(&dnn->engine, dnnl_cpu, 0), "the engine");
    check(dnnl_stream_create(&dnn->stream, dnn->engine, dnnl_stream_in_order), "the stream");
    return dnn;
}

void ir_dnn_free(ir_dnn *dnn)
{
    if (!dnn)
        return;
    dnnl_stream_destroy(dnn->stream);
    dnnl_engine_destroy(dnn->engine);
    free(dnn->scratch);
    free(dnn);
}

int ir_dnn_slow(const ir_dnn *dnn, const char **description)
{
    if (description)
        *description = dnn->slow_description;
    return dnn->slow;
}

static void want_scratch(ir_dnn *dnn, size_t bytes)
{
    if (bytes <= dnn->scratch_bytes)
        return;
    free(dnn->scratch);
    dnn->scratch = ir_aligned(bytes);
    dnn->scratch_bytes = bytes;
}

/* ---- one primitive with its memories ------------------------------------------------------- */

enum { MAX_ARGS = 5 };

typedef struct {
    dnnl_primitive_t primitive; /* NULL: not made */
    dnnl_exec_arg_t arg[MAX_ARGS];
    int args;
} call;

static int call_add(ir_dnn *dnn, call *c, int index, md_ref description)
{
    dnnl_memory_t memory;
    check(dnnl_memory_create(&memory, description, dnn->engine, DNNL_MEMORY_NONE), "a memory");
    c->arg[c->args] = (dnnl_exec_arg_t){index, memory};
    return c->args++;
}

/* data[i] for the i-th argument added. */
static void call_run(ir_dnn *dnn, call *c, const void *const *data)
{
    for (int i = 0; i < c->args; i++)
        check(dnnl_memory_set_data_handle(c->arg[i].memory, (void *)(uintptr_t)data[i]),
              "a memory");
    check(dnnl_primitive_execute(c->primitive, dnn->stream, c->args, c->arg), "a primitive");
    check(dnnl_stream_wait(dnn->stream), "a primitive");
}

static void call_free(call *c)
{
    for (int i = 0; i < c->args; i++)
        dnnl_memory_destroy(c->arg[i].memory);
    if (c->primitive)
        dnnl_primitive_destroy(c->primitive);
}

/* The code that oneDNN makes for a primitive goes where mmap() finds room, and oneDNN 2.6 goes on
 * to write it where there was none. So there has to be room before. A primitive's code was at most
 * three times 256 KiB; this is plenty, for instructions to come. */
static void need_address_space_for_code(void)
{
    enum { CODE_BYTES = 16 << 20 };
    void *space =
        mmap(NULL, CODE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (space == MAP_FAILED)
        ir_die("out of memory (%d bytes for a convolution's code)", CODE_BYTES);
    munmap(space, CODE_BYTES);
}

static void call_finish(call *c, dnnl_primitive_desc_t pd)
{
    need_address_space_for_code();
    check(dnnl_primitive_create(&c->primitive, pd), "a primitive");
    dnnl_primitive_desc_destroy(pd);
}

/* ---- a convolution ------------------------------------------------------------------------- */

/* One direction: its primitive, and its weights (or their gradient) in the layout it chose. */
typedef struct {
    call run, reorder; /* reorder: plain to packed; for WEIGHTS packed to plain */
    void *packed;
} way;

struct ir_dnn_conv {
    ir_dnn *dnn;
    ir_dnn_shape shape;
    way forward, data, weights;
};

/* What a direction computes is of floats; of bfloat16 is what it is given. */
static dnnl_data_type_t type_of(const ir_dnn_shape *s, bool result)
{
    return s->bf16 && !result ? dnnl_bf16 : dnnl_f32;
}

static window window_of(const ir_dnn_shape *s, unsigned direction)
{
    const dnnl_format_tag_t layout = s->bf16          ? dnnl_acdb
                                     : s->block == 16 ? dnnl_aBcd16b
                                                      : dnnl_aBcd8b;
    const dnnl_data_type_t weights = type_of(s, direction == IR_DNN_WEIGHTS);
    const int k = s->kernel;
    window w = {
        .src = md_make(4, (dnnl_dims_t){s->n, s->ic, s->ih, s->iw},
                       type_of(s, direction == IR_DNN_DATA), layout),
        .dst = md_make(4, (dnnl_dims_t){s->n, s->oc, s->oh, s->ow},
                       type_of(s, direction == IR_DNN_FORWARD), layout),
        .weights =
            s->depthwise
                ? md_make(5, (dnnl_dims_t){s->oc, 1, 1, k, k}, weights, dnnl_format_tag_any)
                : md_make(4, (dnnl_dims_t){s->oc, s->ic, k, k}, weights, dnnl_format_tag_any),
        .bias = md_make(1, (dnnl_dims_t){s->oc}, dnnl_f32, dnnl_a),
        .has_bias = s->bias,
        .stride = {s->stride, s->stride},
        .dilate = {s->dilation - 1, s->dilation - 1},
        .pad_before = {s->pad, s->pad},
        .pad_after = {s->pad, s->pad},
    };
    return w;
}

static void window_free(window *w)
{
    md_free(&w->src);
    md_free(&w->dst);
    md_free(&w->weights);
    md_free(&w->bias);
}

static md plain_weights(const ir_dnn_shape *s)
{
    const int k = s->kernel;
    return s->depthwise ? md_make(5, (dnnl_dims_t){s->oc, 1, 1, k, k}, dnnl_f32, dnnl_abcde)
                        : md_make(4, (dnnl_dims_t){s->oc, s->ic, k, k}, dnnl_f32, dnnl_abcd);
}

/* The scratchpad is ours; an activation runs before forward's write. */
static dnnl_primitive_attr_t attributes(const ir_dnn_shape *s, unsigned direction)
{
    dnnl_primitive_attr_t attr;
    check(dnnl_primitive_attr_create(&attr), "attributes");
    check(dnnl_primitive_attr_set_scratchpad_mode(attr, dnnl_scratchpad_mode_user), "attributes");
    if (s->activation && direction == IR_DNN_FORWARD) {
        dnnl_post_ops_t ops;
        check(dnnl_post_ops_create(&ops), "post-ops");
#if DNNL_VERSION_MAJOR >= 3
        check(dnnl_post_ops_append_eltwise(ops, dnnl_eltwise_relu, s->slope, 0), "post-ops");
#else
        check(dnnl_post_ops_append_eltwise(ops, 1.0f, dnnl_eltwise_relu, s->slope, 0), "post-ops");
#endif
        check(dnnl_primitive_attr_set_post_ops(attr, ops), "post-ops");
        dnnl_post_ops_destroy(ops);
    }
    return attr;
}

static void note_slow(ir_dnn *dnn, dnnl_primitive_desc_t pd, const ir_dnn_shape *s,
                      unsigned direction)
{
    const char *name = "";
    dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
    if (strncmp(name, "ref", 3) != 0 && strncmp(name, "simple", 6) != 0)
        return;
    dnn->slow++;
    snprintf(dnn->slow_description, sizeof dnn->slow_description,
             "%s: %dx%d %d->%d, stride %d, pad %d, dilation %d, direction %u", name, s->kernel,
             s->kernel, s->ic, s->oc, s->stride, s->pad, s->dilation, direction);
}

/* By one algorithm, or NULL. */
static dnnl_primitive_desc_t describe_way(ir_dnn *dnn, const ir_dnn_shape *shape,
                                          unsigned direction, const window *w, dnnl_alg_kind_t alg)
{
    const bool forward = direction == IR_DNN_FORWARD;
    window ahead = window_of(shape, IR_DNN_FORWARD);
    dnnl_primitive_desc_t hint =
        forward ? NULL : describe(dnn->engine, IR_DNN_FORWARD, &ahead, alg, NULL, NULL);
    dnnl_primitive_attr_t attr = attributes(shape, direction);
    dnnl_primitive_desc_t pd =
        forward || hint ? describe(dnn->engine, direction, w, alg, hint, attr) : NULL;
    dnnl_primitive_attr_destroy(attr);
    window_free(&ahead);
    if (hint)
        dnnl_primitive_desc_destroy(hint);
    return pd;
}

/* The weights' gradient by Winograd's algorithm where there are many channels. Fewer are
 * kernels/winograd_gradient.c's; over more tiles the error of its sums grows. */
static bool pays_winograd(const ir_dnn_shape *s, unsigned direction)
{
    const long tiles = (long)s->batch * ((s->oh + 3) / 4) * ((s->ow + 3) / 4);
    return direction == IR_DNN_WEIGHTS && !s->bf16 && s->kernel == 3 && s->stride == 1 &&
           s->pad == 1 && s->dilation == 1 && !s->depthwise && s->block == 16 && s->ic >= 64 &&
           s->oc >= 32 && tiles >= 16 && tiles <= 8192;
}

static dnnl_primitive_desc_t best_way(const ir_dnn_conv *conv, unsigned direction, const window *w)
{
    dnnl_primitive_desc_t pd = NULL;
    if (pays_winograd(&conv->shape, direction))
        pd = describe_way(conv->dnn, &conv->shape, direction, w, dnnl_convolution_winograd);
    if (!pd)
        pd = describe_way(conv->dnn, &conv->shape, direction, w, dnnl_convolution_direct);
    if (!pd)
        ir_die("oneDNN: it has no convolution %dx%d, %d->%d", conv->shape.kernel,
               conv->shape.kernel, conv->shape.ic, conv->shape.oc);
    return pd;
}

static void make_way(ir_dnn_conv *conv, way *way, unsigned direction)
{
    ir_dnn *dnn = conv->dnn;
    window described = window_of(&conv->shape, direction), *w = &described;
    dnnl_primitive_desc_t pd = best_way(conv, direction, w);
    note_slow(dnn, pd, &conv->shape, direction);
    const bool gradient = direction == IR_DNN_WEIGHTS;
    const md_ref packed = dnnl_primitive_desc_query_md(
        pd, gradient ? dnnl_query_diff_weights_md : dnnl_query_weights_md, 0);
    const md_ref scratch = dnnl_primitive_desc_query_md(pd, dnnl_query_scratchpad_md, 0);

    call *run = &way->run;
    call_add(dnn, run, direction == IR_DNN_DATA ? DNNL_ARG_DIFF_SRC : DNNL_ARG_SRC, ref(&w->src));
    call_add(dnn, run, gradient ? DNNL_ARG_DIFF_WEIGHTS : DNNL_ARG_WEIGHTS, packed);
    call_add(dnn, run, direction == IR_DNN_FORWARD ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST,
             ref(&w->dst));
    call_add(dnn, run, DNNL_ARG_SCRATCHPAD, scratch);
    if (direction == IR_DNN_FORWARD && w->has_bias)
        call_add(dnn, run, DNNL_ARG_BIAS, ref(&w->bias));
    want_scratch(dnn, dnnl_memory_desc_get_size(scratch));
    const size_t bytes = dnnl_memory_desc_get_size(packed);
    way->packed = ir_aligned(bytes);
    memset(way->packed, 0, bytes);

    md plain = plain_weights(&conv->shape);
    const md_ref from = gradient ? packed : ref(&plain), to = gradient ? ref(&plain) : packed;
    call_add(dnn, &way->reorder, DNNL_ARG_FROM, from);
    call_add(dnn, &way->reorder, DNNL_ARG_TO, to);
    call_finish(&way->reorder, describe_reorder(dnn->engine, from, to));
    md_free(&plain);
    call_finish(run, pd);
    window_free(w);
}

bool ir_dnn_has_bf16(ir_dnn *dnn, const ir_dnn_shape *shape, unsigned directions)
{
    for (unsigned d = IR_DNN_FORWARD; d <= IR_DNN_WEIGHTS; d *= 2) {
        const char *name = "";
        if (!(directions & d))
            continue;
        window w = window_of(shape, d);
        dnnl_primitive_desc_t pd = describe_way(dnn, shape, d, &w, dnnl_convolution_direct);
        if (pd)
            dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name);
        const bool has = strstr(name, "amx");
        window_free(&w);
        if (pd)
            dnnl_primitive_desc_destroy(pd);
        if (!has)
            return false;
    }
    return true;
}

ir_dnn_conv *ir_dnn_conv_new(ir_dnn *dnn, const ir_dnn_shape *shape, unsigned directions)
{
    ir_dnn_conv *conv = ir_calloc(1, sizeof *conv);
    conv->dnn = dnn;
    conv->shape = *shape;
    if (directions & IR_DNN_FORWARD)
        make_way(conv, &conv->forward, IR_DNN_FORWARD);
    if (directions & IR_DNN_DATA)
        make_way(conv, &conv->data, IR_DNN_DATA);
    if (directions & IR_DNN_WEIGHTS)
        make_way(conv, &conv->weights, IR_DNN_WEIGHTS);
    return conv;
}

void ir_dnn_conv_free(ir_dnn_conv *conv)
{
    if (!conv)
        return;
    way *ways[] = {&conv->forward, &conv->data, &conv->weights};
    for (int i = 0; i < 3; i++) {
        call_free(&ways[i]->run);
        call_free(&ways[i]->reorder);
        free(ways[i]->packed);
    }
    free(conv);
}

void ir_dnn_conv_set_weights(ir_dnn_conv *conv, const float *oihw)
{
    way *ways[] = {&conv->forward, &conv->data};
    for (int i = 0; i < 2; i++)
        if (ways[i]->run.primitive)
            call_run(conv->dnn, &ways[i]->reorder, (const void *[]){oihw, ways[i]->packed});
}

void ir_dnn_conv_forward(ir_dnn_conv *conv, const void *src, const float *bias, float *dst)
{
    way *f = &conv->forward;
    call_run(conv->dnn, &f->run, (const void *[]){src, f->packed, dst, conv->dnn->scratch, bias});
}

void ir_dnn_conv_backward_data(ir_dnn_conv *conv, const void *diff_dst, float *diff_src)
{
    way *d = &conv->data;
    call_run(conv->dnn, &d->run,
             (const void *[]){diff_src, d->packed, diff_dst, conv->dnn->scratch});
}

void ir_dnn_conv_backward_weights(ir_dnn_conv *conv, const void *src, const void *diff_dst,
                                  float *oihw)
{
    way *w = &conv->weights;
    call_run(conv->dnn, &w->run, (const void *[]){src, w->packed, diff_dst, conv->dnn->scratch});
    call_run(conv->dnn, &w->reorder, (const void *[]){w->packed, oihw});
}
