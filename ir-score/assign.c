/* The Hungarian method by shortest augmenting paths (D. F. Crouse, "On implementing 2D rectangular
 * assignment algorithms", IEEE Trans. AES 52(4), 2016): rows join one after the other, each by the
 * cheapest path of reduced costs to a column that is free.
 *
 * Costs are distances in the plane, so that a row need not look at every column. The distance of a
 * box of columns and the highest of their duals bound the reduced costs of all in it from below;
 * boxes are opened in the order of that bound, as far as the shortest path requires. The pairs are
 * those, bit by bit, of looking at every column each time. */
#include "assign.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "boxes.h"
#include "heap.h"
#include "match.h"

/* A row that the search for a path reached, and how far from its start. */
typedef struct {
    int row;
    double length;
} scanned;

/* A problem with rows <= columns. */
typedef struct {
    const ir_component *row, *column;
    int rows, columns;
    double *u, *v;           /* dual variables of rows and columns */
    int *row_of, *column_of; /* the pairing so far, -1 for none */
    boxes boxes;             /* of the columns */
    double *highest;         /* by box: of its columns' duals */
    int *parent;             /* by box; -1 of the first */
    int *leaf;               /* by column: the box that holds it and no other box does */

    /* Of the search at hand; outside of one all are as they began. */
    double *shortest; /* by column: length of the path to it, as far as known */
    int *path;        /* by column: which of the scanned rows comes before it on that path */
    bool *seen;       /* by column: whether the search reached it */
    scanned *scan;    /* the rows reached, in this order */
    int scans;
    double most; /* an upper bound of the path: to the nearest free column known */
    int *known;  /* columns with a path, in the order in which they were found */
    int knowns;
    heap frontier; /* boxes to open: key the bound, what the box, where the scan */
    heap reach;    /* known columns: key the path's length, what the column; some are outdated */

    /* The columns not reached yet, in a list whose order settles ties, from the last to the first.
     * A column that is removed is replaced by the last one. */
    int *remaining, *place; /* the list; by column where it stands */
    int left;
    int *taken; /* by scan the place that was taken out after it */
    heap_entry *tie;
    size_t ties, tie_capacity;
} problem;

/* Sets the parents of boxes and columns. All duals are 0. */
static void link_boxes(problem *p)
{
    p->highest = ir_calloc((size_t)p->boxes.boxes, sizeof *p->highest);
    p->parent = ir_calloc((size_t)p->boxes.boxes, sizeof *p->parent);
    p->parent[0] = -1;
    for (int i = 0; i < p->boxes.boxes; i++) {
        const box *b = &p->boxes.box[i];

        if (b->child > 0)
            p->parent[b->child] = p->parent[b->child + 1] = i;
        for (int k = b->first; b->child == 0 && k < b->end; k++)
            p->leaf[p->boxes.item[k]] = i;
    }
}

/* A column's dual has become lower. */
static void lower_boxes(problem *p, int column)
{
    for (int i = p->leaf[column]; i >= 0; i = p->parent[i]) {
        const box *b = &p->boxes.box[i];
        double highest = -INFINITY;

        if (b->child > 0)
            highest = fmax(p->highest[b->child], p->highest[b->child + 1]);
        for (int k = b->first; b->child == 0 && k < b->end; k++)
            highest = fmax(highest, p->v[p->boxes.item[k]]);
        if (highest == p->highest[i])
            return;
        p->highest[i] = highest;
    }
}

static problem problem_new(const ir_component *row, int rows, const ir_component *column,
                           int columns)
{
    problem p = {.row = row, .column = column, .rows = rows, .columns = columns};
    size_t n = (size_t)rows, m = (size_t)columns;
    p.u = ir_calloc(n + 2 * m, sizeof *p.u);
    p.v = p.u + n;
    p.shortest = p.v + m;
    p.row_of = ir_calloc(6 * m + 2 * n, sizeof *p.row_of);
    p.path = p.row_of + m;
    p.known = p.path + m;
    p.remaining = p.known + m;
    p.place = p.remaining + m;
    p.leaf = p.place + m;
    p.column_of = p.leaf + m;
    p.taken = p.column_of + n;
    p.seen = ir_calloc(m, sizeof *p.seen);
    p.scan = ir_calloc(n, sizeof *p.scan);
    p.boxes = boxes_new(column, columns);
    link_boxes(&p);
    memset(p.row_of, -1, m * sizeof *p.row_of);
    memset(p.column_of, -1, n * sizeof *p.column_of);
    for (int j = 0; j < columns; j++) {
        p.shortest[j] = INFINITY;
        p.place[j] = columns - 1 - j;
        p.remaining[p.place[j]] = j;
    }
    p.left = columns;
    return p;
}

static void problem_free(problem *p)
{
    free(p->u);
    free(p->row_of);
    free(p->seen);
    free(p->scan);
    free(p->tie);
    free(p->highest);
    free(p->parent);
    heap_free(&p->frontier);
    heap_free(&p->reach);
    boxes_free(&p->boxes);
}

/* ---- the list of columns not reached ---- */

static void take_out(problem *p, int place)
{
    int last = p->remaining[--p->left];
    p->taken[p->scans - 1] = place;
    p->remaining[p->left] = p->remaining[place];
    p->remaining[place] = last;
    p->place[last] = place;
}

/* Undoes the last take_out() that is not undone. */
static void put_back(problem *p, int place)
{
    int last = p->remaining[place], column = p->remaining[p->left];
    p->remaining[p->left] = last;
    p->place[last] = p->left++;
    p->remaining[place] = column;
    p->place[column] = place;
}

/* ---- the search ---- */

/* By far more than bounds, lengths and duals are off. */
static const double rounding = 1e-3;

/* A path through a scanned row to column j. Of equal ones that through the row reached first. */
static void relax(problem *p, int scan, int j)
{
    const scanned *s = &p->scan[scan];
    double r;
    if (p->seen[j])
        return;
    r = s->length + match_distance_between(&p->row[s->row], &p->column[j]) - p->u[s->row] - p->v[j];
    if (r > p->most)
        return; /* the search ends before it */
    if (r < p->shortest[j]) {
        if (isinf(p->shortest[j]))
            p->known[p->knowns++] = j;
        p->shortest[j] = r;
        p->path[j] = scan;
        heap_push(&p->reach, (heap_entry){r, j, 0});
        p->most = p->row_of[j] < 0 ? r : p->most;
    } else if (r == p->shortest[j] && scan < p->path[j]) {
        p->path[j] = scan;
    }
}

static void open_box(problem *p, int scan, int at, double limit);

/* Opens a box for a scanned row when its bound is within the limit, else keeps it for later. */
static void offer(problem *p, int scan, int at, double limit)
{
    const scanned *s = &p->scan[scan];
    double bound = s->length - p->u[s->row] + box_distance(&p->boxes.box[at], &p->row[s->row]) -
                   p->highest[at];
    if (bound <= limit)
        open_box(p, scan, at, limit);
    else if (bound <= p->most + rounding)
        heap_push(&p->frontier, (heap_entry){bound, at, scan});
}

static void open_box(problem *p, int scan, int at, double limit)
{
    const box *b = &p->boxes.box[at];
    if (b->child > 0) {
        offer(p, scan, b->child, limit);
        offer(p, scan, b->child + 1, limit);
        return;
    }
    for (int k = b->first; k < b->end; k++)
        relax(p, scan, p->boxes.item[k]);
}

static bool is_outdated(const problem *p, const heap_entry *e)
{
    return p->seen[e->what] || e->key != p->shortest[e->what];
}

/* As far as boxes must be opened for the nearest column known; -infinity when none is. */
static double find_limit(problem *p)
{
    while (p->reach.n > 0 && is_outdated(p, &p->reach.entry[0]))
        heap_pop(&p->reach);
    return p->reach.n > 0 ? p->reach.entry[0].key + rounding : -INFINITY;
}

/* Opens boxes until no closed one can hold a column as near as the nearest known. */
static void explore(problem *p)
{
    for (double limit = find_limit(p); p->frontier.n > 0; limit = find_limit(p)) {
        double bound = p->frontier.entry[0].key;
        heap_entry e;

        if (p->reach.n > 0 && bound > limit)
            return;
        e = heap_pop(&p->frontier);
        open_box(p, e.where, e.what, fmax(limit, bound));
    }
}

/* Whether column a is to be reached before b, both being as near: one that is free, of those the
 * last in the list; of others the first. */
static bool goes_before(const problem *p, int a, int b)
{
    bool a_free = p->row_of[a] < 0, b_free = p->row_of[b] < 0;
    if (a_free != b_free)
        return a_free;
    return a_free ? p->place[a] > p->place[b] : p->place[a] < p->place[b];
}

static void add_tie(problem *p, heap_entry e)
{
    if (p->ties == p->tie_capacity) {
        p->tie_capacity = p->tie_capacity ? 2 * p->tie_capacity : 16;
        p->tie = ir_realloc(p->tie, p->tie_capacity, sizeof *p->tie);
    }
    p->tie[p->ties++] = e;
}

/* The nearest column not reached yet. */
static int nearest_column(problem *p)
{
    heap_entry best;
    explore(p);
    best = heap_pop(&p->reach);
    p->ties = 0;
    while (p->reach.n > 0 && p->reach.entry[0].key == best.key) {
        heap_entry e = heap_pop(&p->reach);

        if (is_outdated(p, &e))
            continue;
        if (goes_before(p, e.what, best.what)) {
            add_tie(p, best);
            best = e;
        } else {
            add_tie(p, e);
        }
    }
    for (size_t i = 0; i < p->ties; i++)
        heap_push(&p->reach, p->tie[i]);
    return best.what;
}

/* The free column at the end of the shortest path from a row, and the path's length. */
static int find_free_column(problem *p, int row, double *length)
{
    *length = 0;
    p->most = INFINITY;
    for (int i = row;;) {
        int j;

        p->scan[p->scans++] = (scanned){i, *length};
        offer(p, p->scans - 1, 0, find_limit(p));
        j = nearest_column(p);
        *length = p->shortest[j];
        p->seen[j] = true;
        take_out(p, p->place[j]);
        if (p->row_of[j] < 0)
            return j;
        i = p->row_of[j];
    }
}

static void forget_search(problem *p)
{
    for (int k = 0; k < p->knowns; k++) {
        p->shortest[p->known[k]] = INFINITY;
        p->seen[p->known[k]] = false;
    }
    while (p->scans > 0)
        put_back(p, p->taken[--p->scans]);
    p->knowns = 0;
    p->frontier.n = p->reach.n = 0;
}

static void add_row(problem *p, int row)
{
    double length;
    int j = find_free_column(p, row, &length), i;
    p->u[row] += length;
    for (int k = 1; k < p->scans; k++) {
        i = p->scan[k].row;
        p->u[i] += length - p->shortest[p->column_of[i]];
    }
    for (int k = 0; k < p->knowns; k++) {
        int column = p->known[k];

        if (!p->seen[column])
            continue;
        p->v[column] -= length - p->shortest[column];
        lower_boxes(p, column);
    }
    do { /* every row on the path hands its column on to the row before it */
        int next;

        i = p->scan[p->path[j]].row;
        p->row_of[j] = i;
        next = p->column_of[i];
        p->column_of[i] = j;
        j = next;
    } while (i != row);
    forget_search(p);
}

void assign_least(const ir_component *row, int rows, const ir_component *column, int columns,
                  int *column_of)
{
    bool wide = rows <= columns;
    problem p;
    for (int i = 0; i < rows; i++)
        column_of[i] = -1;
    if (rows == 0 || columns == 0)
        return;
    p = wide ? problem_new(row, rows, column, columns) : problem_new(column, columns, row, rows);
    for (int i = 0; i < p.rows; i++)
        add_row(&p, i);
    memcpy(column_of, wide ? p.column_of : p.row_of, (size_t)rows * sizeof *column_of);
    problem_free(&p);
}
