/* Connected components against a flood fill, on random images of every density. Prints what
 * differs; exit 1 when anything does. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/philox.h"
#include "stream/components.h"

enum { SIDE = 70, LEVEL = 128 };

typedef struct {
    int width, height;
    uint16_t pixel[SIDE * SIDE];
    int label[SIDE * SIDE]; /* -1: false, or not reached yet */
} picture;

/* Fills the component that holds (x, y) and measures it. */
static void flood(picture *p, int x, int y, int label, ir_component *sum)
{
    size_t i = (size_t)y * (size_t)p->width + (size_t)x;
    if (x < 0 || y < 0 || x >= p->width || y >= p->height || p->pixel[i] < LEVEL ||
        p->label[i] >= 0)
        return;
    p->label[i] = label;
    sum->area++;
    sum->row += y;
    sum->column += x;
    sum->left = x < sum->left ? x : sum->left;
    sum->top = y < sum->top ? y : sum->top;
    sum->width = x > sum->width ? x : sum->width;
    sum->height = y > sum->height ? y : sum->height;
    for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
            flood(p, x + dx, y + dy, label, sum);
}

static int flood_all(picture *p, ir_component *component)
{
    int count = 0;
    for (int i = 0; i < p->width * p->height; i++)
        p->label[i] = -1;
    for (int y = 0; y < p->height; y++) {
        for (int x = 0; x < p->width; x++) {
            ir_component c = {.left = SIDE, .top = SIDE};

            flood(p, x, y, count, &c);
            if (c.area == 0)
                continue;
            c.row /= (double)c.area;
            c.column /= (double)c.area;
            c.width -= c.left - 1;
            c.height -= c.top - 1;
            component[count++] = c;
        }
    }
    return count;
}

static int same(const ir_component *a, const ir_component *b)
{
    return a->area == b->area && a->row == b->row && a->column == b->column && a->left == b->left &&
           a->top == b->top && a->width == b->width && a->height == b->height;
}

/* The runs must cover exactly the true pixels, each with its component's number. */
static int runs_agree(const ir_components *c, const picture *p)
{
    size_t count, next = 0, pixels = (size_t)p->width * (size_t)p->height;
    const ir_run *run = ir_components_runs(c, &count);
    for (size_t i = 0; i < count; i++) {
        for (int x = run[i].first; x < run[i].end; x++) {
            size_t at = (size_t)run[i].row * (size_t)p->width + (size_t)x;

            while (next < at)
                if (p->label[next++] >= 0)
                    return 0;
            if (next++ != at || p->label[at] != run[i].component)
                return 0;
        }
    }
    while (next < pixels)
        if (p->label[next++] >= 0)
            return 0;
    return 1;
}

int main(void)
{
    static picture p;
    static ir_component expected[SIDE * SIDE];
    ir_components *c;
    ir_rng rng = ir_rng_make(1, "components", "test", 0);
    int wrong = 0;
    ir_start("test-components");
    c = ir_components_new();
    for (int trial = 0; trial < 2000; trial++) {
        double density = ir_rng_uniform(&rng);
        int count, ok;

        p.width = 1 + (int)ir_rng_below(&rng, SIDE);
        p.height = 1 + (int)ir_rng_below(&rng, SIDE);
        for (int i = 0; i < p.width * p.height; i++)
            p.pixel[i] = ir_rng_uniform(&rng) < density ? LEVEL : LEVEL - 1;
        count = flood_all(&p, expected);
        ok = ir_components_find(c, p.pixel, p.width, p.height, LEVEL) == count;
        ok = ok && ir_components_count(c) == count && runs_agree(c, &p);
        for (int i = 0; ok && i < count; i++)
            ok = same(ir_components_at(c, i), &expected[i]);
        if (!ok)
            printf("trial %d: a %dx%d image differs\n", trial, p.width, p.height);
        wrong += !ok;
    }
    ir_components_free(c);
    return wrong != 0;
}
