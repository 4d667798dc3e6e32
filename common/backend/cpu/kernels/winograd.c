/* Winograd's algorithm forward, and backward to the data: see winograd.h. */
#include "winograd.h"

#include <omp.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "winograd_tiles.h"

enum {
    GROUP = 8,             /* tiles whose sums are in registers at a time; divides STRIP */
    MOST_PAIRS = 128 * 128 /* of channels, whose gradient's sums still fit the cache */
};

/* Transformed weights. All convolutions of a backend that have the same weights share them. */
typedef struct shared_weights {
    const void *of, *folded; /* as in convolution: weights_of, folded */
    unsigned direction;
    int m;
    int users;
    uint64_t version;
    float *value; /* [block of oc][place][ic][B] */
    struct shared_weights *next;
} shared_weights;

struct winograd {
    tiling tiles;
    int m, ic, oc; /* logical channels */
    bool backward;
    int threads;
    ir_cpu *cpu;
    shared_weights *weights;
    size_t workspace; /* floats of each thread: a strip's samples, and products [place][tile][B] */
};

unsigned winograd_directions(const convolution *what)
{
    const ir_shape s = what->src;
    const long tiles = (long)what->batch * ((s.h + 3) / 4) * ((s.w + 3) / 4);
    const long pairs = (long)what->src.c * what->dst.c;
    if (what->kernel != 3 || what->stride != 1 || what->pad != 1 || what->dilation != 1 ||
        what->depthwise || tiles < GROUP)
        return 0;
    return IR_DNN_FORWARD | IR_DNN_DATA | (pairs <= MOST_PAIRS ? IR_DNN_WEIGHTS : 0);
}

static size_t places_of(int m)
{
    return (size_t)((m + 2) * (m + 2));
}

/* Whether weights transformed for 4x4 take much more memory than the tensors do. Then the time goes
 * into reading them, not into products, and those for 2x2 are less than half as many. */
static bool is_mostly_weights(const convolution *what)
{
    const long pixels = (long)what->batch * what->src.h * what->src.w;
    return 36L * what->src.c * what->dst.c > 8 * pixels * (what->src.c + what->dst.c);
}

static size_t weight_floats(const winograd *c)
{
    return places_of(c->m) * (size_t)c->ic * (size_t)padded(c->oc);
}

static shared_weights *take_weights(const winograd *c, const convolution *what, unsigned direction)
{
    shared_weights *w = c->cpu->winograd_weights;
    while (w && (w->of != what->weights_of || w->folded != what->folded ||
                 w->direction != direction || w->m != c->m))
        w = w->next;
    if (!w) {
        w = ir_calloc(1, sizeof *w);
        *w = (shared_weights){what->weights_of, what->folded, direction, c->m,
                              .next = c->cpu->winograd_weights};
        w->value = ir_aligned(weight_floats(c) * sizeof(float));
        memset(w->value, 0, weight_floats(c) * sizeof(float));
        c->cpu->winograd_weights = w;
    }
    w->users++;
    return w;
}

static void leave_weights(ir_cpu *cpu, shared_weights *weights)
{
    shared_weights **at = (shared_weights **)&cpu->winograd_weights;
    if (--weights->users > 0)
        return;
    while (*at != weights)
        at = &(*at)->next;
    *at = weights->next;
    free(weights->value);
    free(weights);
}

winograd *winograd_new(ir_backend *b, const convolution *what, unsigned direction)
{
    winograd *c = ir_calloc(1, sizeof *c);
    c->cpu = (ir_cpu *)b;
    c->backward = direction == IR_DNN_DATA;
    c->m = what->direct & direction || is_mostly_weights(what) ? 2 : 4;
    c->tiles = tiling_of(what->src, c->m);
    c->ic = c->backward ? what->dst.c : what->src.c;
    c->oc = c->backward ? what->src.c : what->dst.c;
    c->threads = c->cpu->threads;
    c->weights = take_weights(c, what, direction);
    c->workspace = places_of(c->m) * (place_step(padded(c->ic)) + STRIP * B);
    return c;
}

void winograd_free(winograd *c)
{
    if (!c)
        return;
    leave_weights(c->cpu, c->weights);
    free(c);
}

size_t winograd_scratch_bytes(const winograd *c)
{
    return c->workspace * (size_t)c->threads * sizeof(float);
}

/* ---- weights ------------------------------------------------------------------------------- */

/* G g */
static void filter_line(int m, const double g[3], double y[MOST_IN])
{
    if (m == 2) {
        y[0] = g[0];
        y[1] = (g[0] + g[1] + g[2]) / 2;
        y[2] = (g[0] - g[1] + g[2]) / 2;
        y[3] = g[2];
        return;
    }
    const double a = POINT_A, b = POINT_B, aa = a * a, bb = b * b;
    const double even_a = (g[0] + aa * g[2]) / (2 * aa * (aa - bb)),
                 odd_a = g[1] / (2 * a * (aa - bb));
    const double even_b = (g[0] + bb * g[2]) / (2 * bb * (bb - aa)),
                 odd_b = g[1] / (2 * b * (bb - aa));
    y[0] = g[0] / (aa * bb);
    y[1] = even_a + odd_a;
    y[2] = even_a - odd_a;
    y[3] = even_b + odd_b;
    y[4] = even_b - odd_b;
    y[5] = g[2];
}

/* G g G'; in backward, g is turned by half a circle. */
static void transform_filter(int m, const float *g, bool turned, double to[MOST_PLACES])
{
    double columns[3][MOST_IN] = {{0}};
    for (int x = 0; x < 3; x++) {
        double column[3];
        for (int y = 0; y < 3; y++)
            column[y] = g[turned ? 8 - (3 * y + x) : 3 * y + x];
        filter_line(m, column, columns[x]);
    }
    for (int y = 0; y < m + 2; y++)
        filter_line(m, (double[]){columns[0][y], columns[1][y], columns[2][y]}, to + y * (m + 2));
}

void winograd_set_weights(winograd *c, const float *oihw, uint64_t version)
{
    const size_t places = places_of(c->m), ic = (size_t)c->ic, oc = (size_t)c->oc;
    if (c->weights->version == version)
        return;
    c->weights->version = version;
#pragma omp parallel for schedule(static) num_threads(c->threads)
    for (size_t o = 0; o < oc; o++)
        for (size_t i = 0; i < ic; i++) {
            double all[MOST_PLACES + MOST_IN];
            float *to = c->weights->value + (o / B * places * ic + i) * B + o % B;
            transform_filter(c->m, oihw + 9 * (c->backward ? i * oc + o : o * ic + i), c->backward,
                             all);
            for (size_t p = 0; p < places; p++)
                to[p * ic * B] = (float)all[p];
        }
}

/* ---- products ------------------------------------------------------------------------------ */

/* products[tile] = the sum over ic of samples[tile][ic] weights[ic], for a group of tiles */
INLINE void multiply_group(const float *samples, int channels, int ic, const pixel *weights,
                           pixel *products)
{
    for (int t = 0; t < GROUP; t++)
        products[t] = (pixel){0};
    add_products(products, GROUP, 1, samples, channels, 1, weights, ic);
}

/* A strip's products with the weights of one block of oc. */
INLINE void multiply(const winograd *c, int m, const float *samples, int count, int block,
                     pixel *products)
{
    const int channels = padded(c->ic), places = (m + 2) * (m + 2);
    const pixel *weights =
        (const pixel *)c->weights->value + (size_t)(block * places) * (size_t)c->ic;
    for (int p = 0; p < places; p++)
        for (int t = 0; t < count; t += GROUP)
            multiply_group(samples + (size_t)p * place_step(channels) + t * channels, channels,
                           c->ic, weights + p * c->ic, products + p * STRIP + t);
}

/* Writes or adds to *to: result + bias, times slope where that is below 0. */
INLINE void finish(pixel *to, const pixel *result, const pixel *bias, winograd_end end)
{
    pixel value = *result + *bias;
    rectify_pixel(&value, end.slope);
    *to = end.add ? *to + value : value;
}

INLINE void store(const tiling *g, int m, tile t, const pixel *y, const pixel *bias,
                  winograd_end end, pixel *plane)
{
    for (int v = 0; v < m && t.y + v < g->h; v++) {
        pixel *to = plane + (size_t)(t.y + v) * (size_t)g->w + t.x;
        for (int u = 0; u < m && t.x + u < g->w; u++)
            finish(&to[u], &y[v * m + u], bias, end);
    }
}

INLINE void transform_results(const winograd *c, int m, const pixel *products, int first, int count,
                              int block, winograd_end end, float *dst)
{
    const tiling *g = &c->tiles;
    const int in = m + 2, blocks = padded(c->oc) / B;
    const pixel bias = end.bias ? *(const pixel *)(end.bias + block * B) : (pixel){0};
    for (int i = 0; i < count; i++) {
        const tile t = tile_at(g, m, first + i);
        pixel half[MOST_PLACES], y[MOST_PLACES];
        for (int x = 0; x < in; x++)
            results_line(m, products + x * STRIP + i, in * STRIP, half + x, in);
        for (int v = 0; v < m; v++)
            results_line(m, half + v * in, 1, y + v * m, 1);
        store(g, m, t, y, &bias, end,
              (pixel *)dst + (size_t)(t.image * blocks + block) * (size_t)g->h * (size_t)g->w);
    }
}

INLINE void run(const winograd *c, int m, const float *src, winograd_end end, float *dst,
                float *scratch)
{
    const int tiles = tiles_of(&c->tiles), channels = padded(c->ic);
#pragma omp parallel for schedule(static) num_threads(c->threads) if (tiles > STRIP)
    for (int first = 0; first < tiles; first += STRIP) {
        const int count = tiles - first < STRIP ? tiles - first : STRIP;
        float *samples = scratch + (size_t)omp_get_thread_num() * c->workspace;
        pixel *products = (pixel *)(samples + places_of(m) * place_step(channels));
        transform_samples(&c->tiles, m, channels, src, first, count, samples);
        for (int block = 0; block < padded(c->oc) / B; block++) {
            multiply(c, m, samples, count, block, products);
            transform_results(c, m, products, first, count, block, end, dst);
        }
    }
}

void winograd_run(const winograd *c, const float *src, winograd_end end, float *dst, float *scratch)
{
    if (c->m == 2)
        run(c, 2, src, end, dst, scratch);
    else
        run(c, 4, src, end, dst, scratch);
}
