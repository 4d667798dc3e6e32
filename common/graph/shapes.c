/* The shapes of operations' results, and what does not fit. */
#include "graph/shapes.h"

#include <stdarg.h>
#include <stdio.h>

/* Says why not; the shape is then of no use. */
__attribute__((format(printf, 2, 3))) static ir_shape misfit(char wrong[IR_MISFIT],
                                                             const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(wrong, IR_MISFIT, format, args);
    va_end(args);
    return (ir_shape){0};
}

/* ---- products of weights --------------------------------------------------------------------- */

ir_shape ir_shape_of_conv2d(const ir_call *call, char wrong[IR_MISFIT])
{
    const ir_shape s = call->in[0]->shape;
    const int reach = call->dilation * (call->kernel - 1), out = call->shape.c;
    const int h = s.h + 2 * call->pad - reach - 1, w = s.w + 2 * call->pad - reach - 1;
    if (call->depthwise && out != s.c)
        return misfit(wrong, "depthwise with %d channels in and %d out", s.c, out);
    if (h < 0 || w < 0)
        return misfit(wrong, "an input of %d x %d is smaller than the kernel", s.w, s.h);
    return (ir_shape){s.n, out, h / call->stride + 1, w / call->stride + 1};
}

ir_shape ir_shape_of_conv_transpose2d(const ir_call *call, char wrong[IR_MISFIT])
{
    const ir_shape s = call->in[0]->shape;
    const int more = call->kernel - 2 * call->pad;
    if (call->depthwise || call->dilation > 1)
        return misfit(wrong, "neither depthwise nor dilated is supported");
    return (ir_shape){s.n, call->shape.c, (s.h - 1) * call->stride + more,
                      (s.w - 1) * call->stride + more};
}

ir_shape ir_shape_of_linear(const ir_call *call, char wrong[IR_MISFIT])
{
    const ir_shape s = call->in[0]->shape;
    if (s.h != 1 || s.w != 1)
        return misfit(wrong, "an input of %d x %d pixels", s.w, s.h);
    return (ir_shape){s.n, call->shape.c, 1, 1};
}

/* (N, C kh kw, H, W): channel c kh kw + t is what tap t sees of channel c. */
ir_shape ir_shape_of_deform(const ir_call *call, char wrong[IR_MISFIT])
{
    const ir_shape s = call->in[0]->shape;
    const int kh = call->kernel_h, kw = call->kernel_w, taps = kh * kw;
    if (kh < 1 || kw < 1 || kh % 2 == 0 || kw % 2 == 0)
        return misfit(wrong, "a kernel of %d x %d", kw, kh);
    if (call->inputs > 1) {
        const ir_shape t = call->in[1]->shape;
        if (t.n != s.n || t.c != 2 * taps || t.h != s.h || t.w != s.w)
            return misfit(wrong, "offsets of %dx%dx%dx%d for %d taps on %dx%dx%dx%d", t.n, t.c, t.h,
                          t.w, taps, s.n, s.c, s.h, s.w);
    }
    return (ir_shape){s.n, s.c * taps, s.h, s.w};
}

/* ---- element by element ---------------------------------------------------------------------- */

/* The first input's; the second has it too, or one number per channel, pixel or image. */
ir_shape ir_shape_of_broadcast(const ir_call *call, char wrong[IR_MISFIT])
{
    const ir_shape s = call->in[0]->shape, t = call->in[1]->shape;
    const bool channels = t.c == s.c || t.c == 1;
    const bool pixels = (t.h == s.h && t.w == s.w) || (t.h == 1 && t.w == 1);
    if (t.n != s.n || !channels || !pixels)
        return misfit(wrong, "%dx%dx%dx%d does not broadcast to %dx%dx%dx%d", t.n, t.c, t.h, t.w,
                      s.n, s.c, s.h, s.w);
    return s;
}

/* ---- channels -------------------------------------------------------------------------------- */

ir_shape ir_shape_of_concat(const ir_call *call, char wrong[IR_MISFIT])
{
    ir_shape s = call->in[0]->shape;
    for (int i = 1; i < call->inputs; i++) {
        const ir_shape t = call->in[i]->shape;
        if (t.n != s.n || t.h != s.h || t.w != s.w)
            return misfit(wrong, "part %d is %d x %d, the first %d x %d", i, t.w, t.h, s.w, s.h);
        s.c += t.c;
    }
    return s;
}

ir_shape ir_shape_of_slice(const ir_call *call, char wrong[IR_MISFIT])
{
    const ir_shape s = call->in[0]->shape;
    const int first = call->first, end = first + call->shape.c;
    if (first < 0 || end <= first || end > s.c)
        return misfit(wrong, "channels %d to %d of %d", first, end - 1, s.c);
    return (ir_shape){s.n, call->shape.c, s.h, s.w};
}

ir_shape ir_shape_of_one_channel(const ir_call *call, char wrong[IR_MISFIT])
{
    (void)wrong;
    const ir_shape s = call->in[0]->shape;
    return (ir_shape){s.n, 1, s.h, s.w};
}

ir_shape ir_shape_of_log_softmax(const ir_call *call, char wrong[IR_MISFIT])
{
    const ir_shape s = call->in[0]->shape;
    return s.h == 1 && s.w == 1 ? s : misfit(wrong, "an input of %d x %d pixels", s.w, s.h);
}

/* ---- pixels ---------------------------------------------------------------------------------- */

ir_shape ir_shape_of_pool(const ir_call *call, char wrong[IR_MISFIT])
{
    const ir_shape s = call->in[0]->shape;
    const int kernel = call->kernel, pad = call->pad;
    const int h = s.h + 2 * pad - kernel, w = s.w + 2 * pad - kernel;
    if (2 * pad > kernel || h < 0 || w < 0)
        return misfit(wrong, "kernel %d, padding %d on %d x %d", kernel, pad, s.w, s.h);
    return (ir_shape){s.n, s.c, h / call->stride + 1, w / call->stride + 1};
}

ir_shape ir_shape_of_one_pixel(const ir_call *call, char wrong[IR_MISFIT])
{
    (void)wrong;
    return (ir_shape){call->in[0]->shape.n, call->in[0]->shape.c, 1, 1};
}

ir_shape ir_shape_of_resize(const ir_call *call, char wrong[IR_MISFIT])
{
    (void)wrong;
    const ir_shape s = call->in[0]->shape;
    return (ir_shape){s.n, s.c, call->shape.h, call->shape.w};
}

ir_shape ir_shape_of_gradient_magnitude(const ir_call *call, char wrong[IR_MISFIT])
{
    const ir_shape s = call->in[0]->shape;
    return s.c == 1 ? s : misfit(wrong, "%d channels", s.c);
}

ir_shape ir_shape_of_rfft2(const ir_call *call, char wrong[IR_MISFIT])
{
    (void)wrong;
    const ir_shape s = call->in[0]->shape;
    return (ir_shape){s.n, 2 * s.c, s.h, s.w / 2 + 1};
}

ir_shape ir_shape_of_irfft2(const ir_call *call, char wrong[IR_MISFIT])
{
    const ir_shape s = call->in[0]->shape;
    const int w = call->shape.w;
    if (s.c % 2 || w / 2 + 1 != s.w)
        return misfit(wrong, "%d channels of width %d to width %d", s.c, s.w, w);
    return (ir_shape){s.n, s.c / 2, s.h, w};
}

/* ---- losses ---------------------------------------------------------------------------------- */

/* Of maps against the truth: a number for each group of images in a row. */
ir_shape ir_shape_of_loss(const ir_call *call, char wrong[IR_MISFIT])
{
    const ir_shape s = call->in[0]->shape, t = call->in[1]->shape;
    if (s.c != 1 || s.n != t.n || t.c != 1 || s.h != t.h || s.w != t.w)
        return misfit(wrong, "maps of different shapes");
    if (call->group < 1 || s.n % call->group)
        return misfit(wrong, "%d images in groups of %d", s.n, call->group);
    return (ir_shape){s.n / call->group, 1, 1, 1};
}
