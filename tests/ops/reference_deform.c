/* Deformable convolution:
 *
 *     y[n,o,i,j] = bias[o] + sum_{c,u,v} weight[o,c,u,v] x(n, c, i+u-kh/2+dy, j+v-kw/2+dx)
 *
 * dy, dx = offset[n,2t,i,j], offset[n,2t+1,i,j] with t = u kw + v. Between the pixels x is the sum
 * of the pixels around, each times (1 - its distance down) (1 - its distance across); outside of
 * the image it is 0. */
#include <math.h>

#include "reference.h"

/* A tap of an output pixel. */
typedef struct {
    int n, i, j, t;
    double y, x; /* where it looks */
} tap;

/* Where in offset the displacement downwards is; the one across lies a plane behind. */
static size_t displacement(const step *s, const tap *p)
{
    return at(s->in[1]->shape, p->n, 2 * p->t, p->i, p->j);
}

static void each_tap(const step *s, void (*visit)(const step *s, const tap *p))
{
    ir_shape sx = s->in[0]->shape, sw = s->weight->shape;
    size_t plane = (size_t)sx.h * (size_t)sx.w;
    for (int n = 0; n < sx.n; n++) {
        for (int i = 0; i < sx.h; i++) {
            for (int j = 0; j < sx.w; j++) {
                for (int t = 0; t < sw.h * sw.w; t++) {
                    tap p = {n, i, j, t, i + t / sw.w - sw.h / 2, j + t % sw.w - sw.w / 2};
                    if (s->inputs > 1) {
                        p.y += s->in[1]->v[displacement(s, &p)];
                        p.x += s->in[1]->v[displacement(s, &p) + plane];
                    }
                    visit(s, &p);
                }
            }
        }
    }
}

/* Visits the pixels of the cell around p that lie in the image, with 1 - distance on either axis
 * and how that grows as p moves. */
typedef struct {
    int i, j;
    double vertical, horizontal, down, across;
} neighbour;

static void each_neighbour(const step *s, const tap *p,
                           void (*visit)(const step *s, const tap *p, neighbour q))
{
    ir_shape sx = s->in[0]->shape;
    if (p->y <= -1 || p->x <= -1)
        return;
    for (int k = 0; k < 4; k++) {
        double y = floor(p->y) + k / 2, x = floor(p->x) + k % 2;
        if (y < 0 || y >= sx.h || x < 0 || x >= sx.w)
            continue;
        visit(s, p,
              (neighbour){(int)y, (int)x, 1 - fabs(p->y - y), 1 - fabs(p->x - x), k / 2 ? 1 : -1,
                          k % 2 ? 1 : -1});
    }
}

static void forward_neighbour(const step *s, const tap *p, neighbour q)
{
    ir_shape sx = s->in[0]->shape, sw = s->weight->shape, sy = s->out->shape;
    for (int c = 0; c < sx.c; c++) {
        double x = q.vertical * q.horizontal * s->in[0]->v[at(sx, p->n, c, q.i, q.j)];
        for (int o = 0; o < sy.c; o++)
            s->out->v[at(sy, p->n, o, p->i, p->j)] += s->weight->v[at(sw, o, c, 0, p->t)] * x;
    }
}

static void forward_tap(const step *s, const tap *p)
{
    each_neighbour(s, p, forward_neighbour);
}

static void forward(const step *s)
{
    ir_shape sy = s->out->shape;
    for (int n = 0; n < sy.n; n++)
        for (int o = 0; o < sy.c; o++)
            for (int i = 0; i < sy.h; i++)
                for (int j = 0; j < sy.w; j++)
                    s->out->v[at(sy, n, o, i, j)] = s->bias->v[o];
    each_tap(s, forward_tap);
}

static void backward_neighbour(const step *s, const tap *p, neighbour q)
{
    ir_shape sx = s->in[0]->shape, sw = s->weight->shape, sy = s->out->shape;
    size_t plane = (size_t)sx.h * (size_t)sx.w;
    for (int c = 0; c < sx.c; c++) {
        size_t e = at(sx, p->n, c, q.i, q.j);
        double seen = 0; /* the gradient of what the tap sees of channel c */
        for (int o = 0; o < sy.c; o++) {
            double g = s->out->g[at(sy, p->n, o, p->i, p->j)];
            size_t w = at(sw, o, c, 0, p->t);
            s->weight->g[w] += g * q.vertical * q.horizontal * s->in[0]->v[e];
            seen += g * s->weight->v[w];
        }
        s->in[0]->g[e] += seen * q.vertical * q.horizontal;
        if (s->inputs == 1)
            continue;
        s->in[1]->g[displacement(s, p)] += seen * q.down * q.horizontal * s->in[0]->v[e];
        s->in[1]->g[displacement(s, p) + plane] += seen * q.vertical * q.across * s->in[0]->v[e];
    }
}

static void backward_tap(const step *s, const tap *p)
{
    each_neighbour(s, p, backward_neighbour);
}

static void backward(const step *s)
{
    ir_shape sy = s->out->shape;
    for (int n = 0; n < sy.n; n++)
        for (int o = 0; o < sy.c; o++)
            for (int i = 0; i < sy.h; i++)
                for (int j = 0; j < sy.w; j++)
                    s->bias->g[o] += s->out->g[at(sy, n, o, i, j)];
    each_tap(s, backward_tap);
}

/* The derivative by an offset jumps on the lines between pixels. */
static double margin(const step *s)
{
    double least = INFINITY;
    for (size_t e = 0; s->inputs > 1 && e < s->in[1]->size; e++) {
        double d = s->in[1]->v[e], distance = fabs(d - round(d));
        if (distance > 0)
            least = fmin(least, distance);
    }
    return least;
}

tensor *ref_deform_conv2d(tape *t, tensor *x, tensor *offset, tensor *weight, tensor *bias)
{
    static const reference_op op = {"deform_conv2d", forward, backward, margin};
    ir_shape out = {x->shape.n, weight->shape.n, x->shape.h, x->shape.w};
    step *s = tape_step(t, &op, offset ? 2 : 1, (tensor *[]){x, offset}, out);
    s->weight = weight;
    s->bias = bias;
    return s->out;
}
