/* Matching by what lies near against matching by every pair, on images of every kind: who takes
 * whom, and what is counted. Prints what differs; exit 1 when anything does. */
#include "base/philox.h"
#include "dense.h"

enum { SIDE = 120, LEVEL = 1, KINDS = 7 };

typedef struct {
    int width, height;
    uint16_t pixel[SIDE * SIDE];
} picture;

static void put(picture *p, int x, int y)
{
    if (x >= 0 && y >= 0 && x < p->width && y < p->height)
        p->pixel[y * p->width + x] = LEVEL;
}

/* Dots on a lattice, where distances are equal over and over. */
static void draw_lattice(picture *p, ir_rng *rng)
{
    int step = 2 + (int)ir_rng_below(rng, 4), left = (int)ir_rng_below(rng, 3);
    double density = ir_rng_uniform(rng);
    for (int y = (int)ir_rng_below(rng, 3); y < p->height; y += step)
        for (int x = left; x < p->width; x += step)
            if (ir_rng_uniform(rng) < density)
                put(p, x, y);
}

/* Squares around one centre: all distances are zero or nearly. */
static void draw_rings(picture *p, ir_rng *rng)
{
    int x = (int)ir_rng_below(rng, (uint32_t)p->width);
    int y = (int)ir_rng_below(rng, (uint32_t)p->height);
    for (int r = (int)ir_rng_below(rng, 3); r < p->width; r += 2 + (int)ir_rng_below(rng, 2))
        for (int k = -r; k <= r; k++) {
            put(p, x + k, y - r);
            put(p, x + k, y + r);
            put(p, x - r, y + k);
            put(p, x + r, y + k);
        }
}

/* Boxes of a few pixels, anywhere or in a corner. */
static void draw_boxes(picture *p, ir_rng *rng, int most, int within)
{
    int n = (int)ir_rng_below(rng, (uint32_t)most);
    for (int i = 0; i < n; i++) {
        int x = (int)ir_rng_below(rng, (uint32_t)within);
        int y = (int)ir_rng_below(rng, (uint32_t)within);
        int width = 1 + (int)ir_rng_below(rng, 4), height = 1 + (int)ir_rng_below(rng, 4);

        for (int k = 0; k < width * height; k++)
            put(p, x + k % width, y + k / width);
    }
}

static void draw_noise(picture *p, ir_rng *rng)
{
    double density = ir_rng_uniform(rng) * ir_rng_uniform(rng);
    for (int i = 0; i < p->width * p->height; i++)
        if (ir_rng_uniform(rng) < density)
            p->pixel[i] = LEVEL;
}

static void draw(picture *p, uint32_t kind, ir_rng *rng)
{
    memset(p->pixel, 0, sizeof p->pixel);
    switch (kind) {
    case 0:
        draw_boxes(p, rng, 6, SIDE);
        break;
    case 1:
        draw_boxes(p, rng, 400, SIDE);
        break;
    case 2:
        draw_boxes(p, rng, 300, SIDE / 3);
        draw_boxes(p, rng, 4, SIDE);
        break;
    case 3:
        draw_lattice(p, rng);
        break;
    case 4:
        draw_rings(p, rng);
        break;
    case 5:
        draw_noise(p, rng);
        break;
    default:; /* nothing */
    }
}

/* What a detector makes of the targets: moved a little, with some changes. */
static void spoil(picture *to, const picture *from, ir_rng *rng)
{
    int dx = (int)ir_rng_below(rng, 5) - 2, dy = (int)ir_rng_below(rng, 5) - 2;
    double kept = 0.7 + 0.3 * ir_rng_uniform(rng);
    memset(to->pixel, 0, sizeof to->pixel);
    for (int y = 0; y < to->height; y++)
        for (int x = 0; x < to->width; x++)
            if (from->pixel[y * from->width + x] == LEVEL && ir_rng_uniform(rng) < kept)
                put(to, x + dx, y + dy);
    draw_boxes(to, rng, 20, SIDE);
}

/* Pixels in both, of every pair of components. */
static long *dense_overlap(const ir_components *a, const ir_components *b, const picture *p)
{
    size_t n = (size_t)ir_components_count(a), m = (size_t)ir_components_count(b), runs;
    long *overlap = ir_calloc(n * m, sizeof *overlap);
    int *label = ir_calloc((size_t)p->width * (size_t)p->height, sizeof *label);
    const ir_run *run = ir_components_runs(a, &runs);
    for (size_t i = 0; i < runs; i++)
        for (int x = run[i].first; x < run[i].end; x++)
            label[run[i].row * p->width + x] = run[i].component + 1;
    run = ir_components_runs(b, &runs);
    for (size_t i = 0; i < runs; i++)
        for (int x = run[i].first; x < run[i].end; x++) {
            int of_a = label[run[i].row * p->width + x];

            if (of_a > 0)
                overlap[(size_t)(of_a - 1) * m + (size_t)run[i].component]++;
        }
    free(label);
    return overlap;
}

/* The sums over hits, from every pair. */
static void dense_found(const ir_components *truth, const ir_components *predicted,
                        const long *overlap, const int *detection_of, counts *c)
{
    size_t m = (size_t)ir_components_count(predicted);
    for (int t = 0; t < ir_components_count(truth); t++) {
        long both, inside = 0, of_target = ir_components_at(truth, t)->area, of_detection;
        int d = detection_of[t];
        double whole;

        if (d < 0)
            continue;
        both = overlap[(size_t)t * m + (size_t)d];
        of_detection = ir_components_at(predicted, d)->area;
        whole = (double)(of_target + of_detection - both);
        for (int i = 0; i < ir_components_count(truth); i++)
            inside += overlap[(size_t)i * m + (size_t)d];
        c->pair_iou += (double)both / whole;
        c->pair_merging += (double)(inside - both) / whole;
        c->pair_interference += (double)(of_detection - inside) / whole;
        c->pair_perception += (double)(of_target - both) / whole;
        c->hits++;
    }
}

static bool agree(const counts *a, const counts *b)
{
    return a->hits == b->hits && a->pair_iou == b->pair_iou && a->pair_merging == b->pair_merging &&
           a->pair_interference == b->pair_interference &&
           a->pair_perception == b->pair_perception && a->lone_targets == b->lone_targets &&
           a->lone_detections == b->lone_detections && a->spare_targets == b->spare_targets &&
           a->spare_detections == b->spare_detections;
}

/* Whether one way to match gives what every pair gives: the counts, and with them, in their exact
 * sums, who took whom. */
static bool check(matcher *m, match_kind kind, const ir_components *truth,
                  const ir_components *predicted, const long *overlap)
{
    int *detection_of = ir_calloc((size_t)ir_components_count(truth), sizeof *detection_of);
    counts expected = {0}, found = matcher_count(m, kind);
    bool same;
    if (kind == MATCH_OPDC)
        dense_opdc(truth, predicted, overlap, detection_of, &expected);
    else
        dense_distance(truth, predicted, detection_of);
    dense_found(truth, predicted, overlap, detection_of, &expected);
    same = agree(&expected, &found);
    free(detection_of);
    return same;
}

/* Whether the matches themselves are the same. */
static bool check_matches(const ir_components *truth, const ir_components *predicted,
                          const long *overlap)
{
    size_t n = (size_t)ir_components_count(truth), m = (size_t)ir_components_count(predicted);
    int *expected = ir_calloc(2 * n, sizeof *expected), *found = expected + n;
    counts c = {0};
    pairs listed = {0};
    bool same;
    dense_distance(truth, predicted, expected);
    match_distance(truth, predicted, found);
    same = memcmp(expected, found, n * sizeof *found) == 0;
    for (size_t i = 0; i < n * m; i++)
        if (overlap[i] > 0)
            pairs_add(&listed, (int)(i / m), (int)(i % m), overlap[i]);
    dense_opdc(truth, predicted, overlap, expected, &c);
    match_opdc(truth, predicted, &listed, found, &c);
    same = same && memcmp(expected, found, n * sizeof *found) == 0;
    free(listed.pair);
    free(expected);
    return same;
}

int main(int argc, char **argv)
{
    static picture a, b;
    ir_components *truth, *predicted;
    ir_rng rng = ir_rng_make(1, "matching", "test", 0);
    matcher *m;
    int wrong = 0;
    ir_start("test-matching");
    long trials = argc > 1 ? ir_number(argv[1], 1, 1000000, "TRIALS") : 400;
    truth = ir_components_new();
    predicted = ir_components_new();
    m = matcher_new(true);
    for (long trial = 0; trial < trials; trial++) {
        ir_image first, second;
        long *overlap;

        a.width = b.width = 1 + (int)ir_rng_below(&rng, SIDE);
        a.height = b.height = 1 + (int)ir_rng_below(&rng, SIDE);
        draw(&a, ir_rng_below(&rng, KINDS), &rng);
        if (ir_rng_below(&rng, 3) > 0)
            spoil(&b, &a, &rng);
        else
            draw(&b, ir_rng_below(&rng, KINDS), &rng);
        first = (ir_image){.width = a.width, .height = a.height, .maxval = LEVEL, .pixel = a.pixel};
        second = first;
        second.pixel = b.pixel;
        ir_components_find(truth, a.pixel, a.width, a.height, LEVEL);
        ir_components_find(predicted, b.pixel, b.width, b.height, LEVEL);
        matcher_set_truth(m, &first);
        matcher_set_prediction(m, &second, LEVEL);
        overlap = dense_overlap(truth, predicted, &a);
        if (!check(m, MATCH_DISTANCE, truth, predicted, overlap) ||
            !check(m, MATCH_OPDC, truth, predicted, overlap) ||
            !check_matches(truth, predicted, overlap)) {
            printf("trial %ld: %dx%d, %d targets, %d detections: differs\n", trial, a.width,
                   a.height, ir_components_count(truth), ir_components_count(predicted));
            wrong++;
        }
        free(overlap);
    }
    matcher_free(m);
    ir_components_free(truth);
    ir_components_free(predicted);
    return wrong != 0;
}
