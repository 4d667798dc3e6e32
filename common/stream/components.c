/* Connected components by runs: each row is cut into runs of true pixels, runs that touch one of
 * the row above are joined (union-find whose root is the run that comes first), and only then are
 * pixels summed, run by run. */
#include "stream/components.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/wide.h"

struct ir_components {
    ir_run *run; /* while searching, run.component is the parent run */
    size_t runs, run_capacity;
    ir_component *component;
    int components;
    size_t component_capacity;
    unsigned char *flag; /* of a row's pixels */
    size_t flag_capacity;
};

ir_components *ir_components_new(void)
{
    return ir_calloc(1, sizeof(ir_components));
}

void ir_components_free(ir_components *c)
{
    if (!c)
        return;
    free(c->run);
    free(c->component);
    free(c->flag);
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
    if (c->runs == c->run_capacity) {
        c->run_capacity = c->run_capacity ? 2 * c->run_capacity : 256;
        c->run = ir_realloc(c->run, c->run_capacity, sizeof *c->run);
    }
    c->run[c->runs] = (ir_run){row, first, end, (int)c->runs};
    c->runs++;
}

/* Whether none of STEP pixels is >= level: where nearly all of nearly all masks end. In the
 * compiler's vectors, whose lanes are joined by words: a reduction of its own goes lane by lane. */
enum { STEP = 256, LANES = 16 };
typedef uint16_t lanes __attribute__((vector_size(LANES * sizeof(uint16_t))));

IR_WIDE static bool none_in_step(const uint16_t *pixel, uint16_t level)
{
    lanes any = {0}, some;
    uint64_t word[sizeof any / sizeof(uint64_t)];
    for (int i = 0; i < STEP; i += LANES) {
        memcpy(&some, pixel + i, sizeof some);
        any |= (lanes)(some >= level);
    }
    memcpy(word, &any, sizeof word);
    return (word[0] | word[1] | word[2] | word[3]) == 0;
}

/* A place before which, starting at i, no pixel is >= level: whole steps further. */
static size_t skip(const uint16_t *pixel, size_t i, size_t pixels, uint16_t level)
{
    while (i + STEP <= pixels && none_in_step(pixel + i, level))
        i += STEP;
    return i;
}

/* flag[x] = 1 where the pixel is true, else 0. */
IR_WIDE static void flag_row(const uint16_t *restrict row, int width, uint16_t level,
                             unsigned char *restrict flag)
{
#pragma omp simd
    for (int x = 0; x < width; x++)
        flag[x] = row[x] >= level;
}

/* The first column >= x whose flag is value, or width; eight at a time. There are that many bytes
 * behind the last one, whatever they hold. */
static int next_flag(const unsigned char *flag, int x, int width, unsigned char value)
{
    uint64_t other = value ? 0 : 0x0101010101010101, word;
    for (; x < width; x += (int)sizeof word) {
        memcpy(&word, flag + x, sizeof word);
        word = le64toh(word) ^ other;
        if (word != 0) {
            x += __builtin_ctzll(word) / 8;
            break;
        }
    }
    return x < width ? x : width;
}

static void find_runs(ir_components *c, const uint16_t *row, int y, int width, int level)
{
    flag_row(row, width, (uint16_t)level, c->flag);
    for (int x = next_flag(c->flag, 0, width, 1); x < width; x = next_flag(c->flag, x, width, 1)) {
        int first = x;
        x = next_flag(c->flag, x, width, 0);
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
    if ((size_t)c->components == c->component_capacity) {
        c->component_capacity = c->component_capacity ? 2 * c->component_capacity : 64;
        c->component = ir_realloc(c->component, c->component_capacity, sizeof *c->component);
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

static void reserve(ir_components *c, int width)
{
    size_t capacity = (size_t)width + sizeof(uint64_t);
    if (capacity <= c->flag_capacity)
        return;
    free(c->flag);
    c->flag = ir_calloc(capacity, 1);
    c->flag_capacity = capacity;
}

int ir_components_find(ir_components *c, const uint16_t *pixel, int width, int height, int level)
{
    size_t above = 0, pixels = (size_t)width * (size_t)height, clear = 0;
    c->runs = 0;
    reserve(c, width);
    for (int y = 0; y < height && level <= UINT16_MAX; y++) {
        size_t row = c->runs, start = (size_t)y * (size_t)width, end = start + (size_t)width;

        if (clear < end)
            clear = skip(pixel, clear > start ? clear : start, pixels, (uint16_t)level);
        if (clear < end)
            find_runs(c, pixel + start, y, width, level);
        join_rows(c->run, above, row, c->runs);
        above = row;
    }
    collect(c);
    return c->components;
}
