/* Connected components by runs: each row is cut into runs of true pixels, runs that touch one of
 * the row above are joined (union-find whose root is the run that comes first), and only then are
 * pixels summed, run by run. */
#include "base/components.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

struct ir_components {
    ir_run *run; /* while searching, run.component is the parent run */
    size_t runs, run_room;
    ir_component *component;
    int components;
    size_t component_room;
};

ir_components *ir_components_new(void)
{
    return ir_calloc(1, sizeof(ir_components));
}

void ir_components_free(ir_components *c)
{
    if (c == NULL)
        return;
    free(c->run);
    free(c->component);
    free(c);
}

int ir_components_count(const ir_components *c)
{
    return c->components;
}

const ir_component *ir_components_at(const ir_components *c, int i)
{
    return &c->component[i];
}

const ir_run *ir_components_runs(const ir_components *c, size_t *count)
{
    *count = c->runs;
    return c->run;
}

static void add_run(ir_components *c, int row, int first, int end)
{
    if (c->runs == c->run_room) {
        c->run_room = c->run_room ? 2 * c->run_room : 256;
        c->run = ir_realloc(c->run, c->run_room, sizeof *c->run);
    }
    c->run[c->runs] = (ir_run){row, first, end, (int)c->runs};
    c->runs++;
}

/* The first column >= x whose pixel is true, or width. Masks are nearly all false: a loop without
 * branches over some pixels at a time skips most of them. */
static int next_true(const uint16_t *row, int x, int width, int level)
{
    enum { STEP = 64 };
    for (; x + STEP <= width; x += STEP) {
        uint16_t above = 0;
        for (int i = 0; i < STEP; i++)
            above |= row[x + i] >= level;
        if (above)
            break;
    }
    while (x < width && row[x] < level)
        x++;
    return x;
}

static void find_runs(ir_components *c, const uint16_t *row, int y, int width, int level)
{
    for (int x = next_true(row, 0, width, level); x < width; x = next_true(row, x, width, level)) {
        int first = x;
        while (x < width && row[x] >= level)
            x++;
        add_run(c, y, first, x);
    }
}

static int root(ir_run *run, int i)
{
    while (run[i].component != i) {
        run[i].component = run[run[i].component].component;
        i = run[i].component;
    }
    return i;
}

static void join(ir_run *run, int a, int b)
{
    a = root(run, a);
    b = root(run, b);
    if (a < b)
        run[b].component = a;
    else
        run[a].component = b;
}

/* Joins the runs above .. row - 1 (the row above) with the runs row .. end - 1. */
static void join_rows(ir_run *run, size_t above, size_t row, size_t end)
{
    size_t a = above, b = row;
    while (a < row && b < end) {
        if (run[a].end >= run[b].first && run[b].end >= run[a].first)
            join(run, (int)a, (int)b);
        if (run[a].end < run[b].end)
            a++;
        else
            b++;
    }
}

/* A new component that starts with this run; its sums are not means yet. */
static int add_component(ir_components *c, const ir_run *run)
{
    if ((size_t)c->components == c->component_room) {
        c->component_room = c->component_room ? 2 * c->component_room : 64;
        c->component = ir_realloc(c->component, c->component_room, sizeof *c->component);
    }
    c->component[c->components] = (ir_component){.left = run->first, .top = run->row};
    return c->components++;
}

/* Adds a run; width and height hold the right and bottom edges until all runs are in. */
static void grow(ir_component *component, const ir_run *run)
{
    long length = run->end - run->first;

    component->area += length;
    component->row += (double)run->row * (double)length;
    component->column += 0.5 * (double)length * (double)(run->first + run->end - 1);
    if (run->first < component->left)
        component->left = run->first;
    if (run->end > component->width)
        component->width = run->end;
    component->height = run->row + 1;
}

/* Numbers the components, and sums their runs. A root comes before all of its component's other
 * runs, so every run's parent has its number already. */
static void collect(ir_components *c)
{
    c->components = 0;
    for (size_t i = 0; i < c->runs; i++) {
        ir_run *run = &c->run[i];

        if (run->component == (int)i)
            run->component = add_component(c, run);
        else
            run->component = c->run[run->component].component;
        grow(&c->component[run->component], run);
    }
    for (int i = 0; i < c->components; i++) {
        ir_component *component = &c->component[i];

        component->row /= (double)component->area;
        component->column /= (double)component->area;
        component->width -= component->left;
        component->height -= component->top;
    }
}

int ir_components_find(ir_components *c, const uint16_t *pixel, int width, int height, int level)
{
    size_t above = 0;

    c->runs = 0;
    for (int y = 0; y < height; y++) {
        size_t row = c->runs;

        find_runs(c, pixel + (size_t)y * (size_t)width, y, width, level);
        join_rows(c->run, above, row, c->runs);
        above = row;
    }
    collect(c);
    return c->components;
}
