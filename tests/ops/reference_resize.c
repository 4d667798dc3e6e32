/* Bilinear interpolation as PyTorch's interpolate(mode="bilinear"), which samples the input of size
 * m at
 *
 *     align_corners:      x = o (m - 1) / (m' - 1), or 0 when m' = 1
 *     not align_corners:  x = max(0, (o + 1/2) m / m' - 1/2)
 *
 * for output position o of m', and mixes the values at floor(x) and, where there is one, the next.
 */
#include <math.h>

#include "reference.h"

typedef struct {
    int low, high;
    double weight; /* of high; that of low is 1 - weight */
} sample;

static sample sample_at(int o, int from, int to, bool align_corners)
{
    double x;
    if (align_corners)
        x = to > 1 ? (double)o * (from - 1) / (to - 1) : 0;
    else
        x = fmax(0, (o + 0.5) * from / to - 0.5);
    int low = (int)floor(x);
    return (sample){low, low + (low < from - 1), x - low};
}

/* visit(s, output element, input element, weight) for the four neighbours of every output element
 */
static void each_neighbour(const step *s,
                           void (*visit)(const step *s, size_t y, size_t x, double w))
{
    ir_shape in = s->in[0]->shape, out = s->out->shape;
    for (int n = 0; n < out.n; n++) {
        for (int c = 0; c < out.c; c++) {
            for (int i = 0; i < out.h; i++) {
                for (int j = 0; j < out.w; j++) {
                    sample a = sample_at(i, in.h, out.h, s->align_corners);
                    sample b = sample_at(j, in.w, out.w, s->align_corners);
                    size_t y = at(out, n, c, i, j);
                    visit(s, y, at(in, n, c, a.low, b.low), (1 - a.weight) * (1 - b.weight));
                    visit(s, y, at(in, n, c, a.low, b.high), (1 - a.weight) * b.weight);
                    visit(s, y, at(in, n, c, a.high, b.low), a.weight * (1 - b.weight));
                    visit(s, y, at(in, n, c, a.high, b.high), a.weight * b.weight);
                }
            }
        }
    }
}

static void one_forward(const step *s, size_t y, size_t x, double w)
{
    s->out->v[y] += w * s->in[0]->v[x];
}

static void one_backward(const step *s, size_t y, size_t x, double w)
{
    s->in[0]->g[x] += w * s->out->g[y];
}

static void forward(const step *s)
{
    for (size_t e = 0; e < s->out->size; e++)
        s->out->v[e] = 0;
    each_neighbour(s, one_forward);
}

static void backward(const step *s)
{
    each_neighbour(s, one_backward);
}

tensor *ref_resize(tape *t, tensor *x, int h, int w, bool align_corners)
{
    static const reference_op op = {"resize", forward, backward, NULL};
    step *s = tape_step(t, &op, 1, &x, (ir_shape){x->shape.n, x->shape.c, h, w});
    s->align_corners = align_corners;
    return s->out;
}
