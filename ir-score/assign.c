/* The Hungarian method by shortest augmenting paths (D. F. Crouse, "On implementing 2D rectangular
 * assignment algorithms", IEEE Trans. AES 52(4), 2016): rows join one after the other, each by the
 * cheapest path of reduced costs to a column that is free. */
#include "assign.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* A problem with rows <= columns; cost(i, j) = cost[i * row_step + j * column_step]. */
typedef struct {
    const double *cost;
    size_t row_step, column_step;
    int rows, columns;
    double *u, *v;           /* dual variables of rows and columns */
    double *shortest;        /* by column: length of the path to it */
    int *path;               /* by column: the row before it on that path */
    int *row_of, *column_of; /* the pairing so far, -1 for none */
    int *remaining;          /* columns not reached yet */
    bool *row_seen, *column_seen;
} problem;

static problem problem_new(const double *cost, int rows, int columns)
{
    bool wide = rows <= columns;
    problem p = {.cost = cost,
                 .row_step = wide ? (size_t)columns : 1,
                 .column_step = wide ? 1 : (size_t)columns,
                 .rows = wide ? rows : columns,
                 .columns = wide ? columns : rows};
    size_t n = (size_t)p.rows, m = (size_t)p.columns;

    p.u = ir_calloc(n, sizeof *p.u);
    p.v = ir_calloc(m, sizeof *p.v);
    p.shortest = ir_calloc(m, sizeof *p.shortest);
    p.path = ir_calloc(m, sizeof *p.path);
    p.row_of = ir_calloc(m, sizeof *p.row_of);
    p.column_of = ir_calloc(n, sizeof *p.column_of);
    p.remaining = ir_calloc(m, sizeof *p.remaining);
    p.row_seen = ir_calloc(n, sizeof *p.row_seen);
    p.column_seen = ir_calloc(m, sizeof *p.column_seen);
    memset(p.row_of, -1, m * sizeof *p.row_of);
    memset(p.column_of, -1, n * sizeof *p.column_of);
    return p;
}

static void problem_free(problem *p)
{
    free(p->u);
    free(p->v);
    free(p->shortest);
    free(p->path);
    free(p->row_of);
    free(p->column_of);
    free(p->remaining);
    free(p->row_seen);
    free(p->column_seen);
}

/* Columns start in reverse order, so that equal costs pair row i with column i. */
static void forget_paths(problem *p)
{
    for (int j = 0; j < p->columns; j++) {
        p->shortest[j] = INFINITY;
        p->path[j] = -1;
        p->column_seen[j] = false;
        p->remaining[j] = p->columns - 1 - j;
    }
    memset(p->row_seen, 0, (size_t)p->rows * sizeof *p->row_seen);
}

/* Lengthens the paths through row i, which is length away from the start; returns where in
 * remaining the nearest column stands, at equal length one that is free. */
static int nearest_column(problem *p, int i, double length, int left)
{
    double least = INFINITY;
    int best = -1;

    for (int k = 0; k < left; k++) {
        int j = p->remaining[k];
        double r = length + p->cost[(size_t)i * p->row_step + (size_t)j * p->column_step] -
                   p->u[i] - p->v[j];

        if (r < p->shortest[j]) {
            p->path[j] = i;
            p->shortest[j] = r;
        }
        if (p->shortest[j] < least || (p->shortest[j] == least && p->row_of[j] < 0)) {
            least = p->shortest[j];
            best = k;
        }
    }
    return best;
}

/* The free column at the end of the shortest path from a row, and the path's length. */
static int find_free_column(problem *p, int row, double *length)
{
    int left = p->columns;

    forget_paths(p);
    *length = 0;
    for (int i = row;;) {
        int k, j;

        p->row_seen[i] = true;
        k = nearest_column(p, i, *length, left);
        j = p->remaining[k];
        *length = p->shortest[j];
        p->column_seen[j] = true;
        p->remaining[k] = p->remaining[--left];
        if (p->row_of[j] < 0)
            return j;
        i = p->row_of[j];
    }
}

static void add_row(problem *p, int row)
{
    double length;
    int j = find_free_column(p, row, &length), i;

    p->u[row] += length;
    for (i = 0; i < p->rows; i++)
        if (p->row_seen[i] && i != row)
            p->u[i] += length - p->shortest[p->column_of[i]];
    for (int k = 0; k < p->columns; k++)
        if (p->column_seen[k])
            p->v[k] -= length - p->shortest[k];
    do { /* every row on the path hands its column on to the row before it */
        int next;

        i = p->path[j];
        p->row_of[j] = i;
        next = p->column_of[i];
        p->column_of[i] = j;
        j = next;
    } while (i != row);
}

void assign_least(const double *cost, int rows, int columns, int *column_of)
{
    problem p;

    for (int i = 0; i < rows; i++)
        column_of[i] = -1;
    if (rows == 0 || columns == 0)
        return;
    p = problem_new(cost, rows, columns);
    for (int i = 0; i < p.rows; i++)
        add_row(&p, i);
    if (rows <= columns)
        memcpy(column_of, p.column_of, (size_t)rows * sizeof *column_of);
    else
        memcpy(column_of, p.row_of, (size_t)rows * sizeof *column_of);
    problem_free(&p);
}
