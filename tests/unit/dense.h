/* Matching by looking at every pair: what the program's way, which looks at those near by, must
 * agree with bit by bit. */
#ifndef TEST_DENSE_H
#define TEST_DENSE_H

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../../ir-score/match.h"
#include "base/base.h"

static void dense_distance(const ir_components *truth, const ir_components *predicted,
                           int *detection_of)
{
    int targets = ir_components_count(truth), detections = ir_components_count(predicted);
    bool *taken = ir_calloc((size_t)detections, sizeof *taken);
    for (int t = 0; t < targets; t++) {
        detection_of[t] = -1;
        for (int d = 0; d < detections && detection_of[t] < 0; d++)
            if (!taken[d] && match_distance_between(ir_components_at(predicted, d),
                                                    ir_components_at(truth, t)) < 3) {
                taken[d] = true;
                detection_of[t] = d;
            }
    }
    free(taken);
}

/* ---- the assignment, rows <= columns; cost(i, j) = cost[i * row_step + j * column_step] ---- */

typedef struct {
    const double *cost;
    size_t row_step, column_step;
    int rows, columns;
    double *u, *v, *shortest;
    int *path, *row_of, *column_of, *remaining;
    bool *row_seen, *column_seen;
} dense_problem;

static int dense_nearest(dense_problem *p, int i, double length, int left)
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

static int dense_find_free(dense_problem *p, int row, double *length)
{
    int left = p->columns;
    for (int j = 0; j < p->columns; j++) {
        p->shortest[j] = INFINITY;
        p->column_seen[j] = false;
        p->remaining[j] = p->columns - 1 - j;
    }
    memset(p->row_seen, 0, (size_t)p->rows * sizeof *p->row_seen);
    *length = 0;
    for (int i = row;;) {
        int k, j;

        p->row_seen[i] = true;
        k = dense_nearest(p, i, *length, left);
        j = p->remaining[k];
        *length = p->shortest[j];
        p->column_seen[j] = true;
        p->remaining[k] = p->remaining[--left];
        if (p->row_of[j] < 0)
            return j;
        i = p->row_of[j];
    }
}

static void dense_add_row(dense_problem *p, int row)
{
    double length;
    int j = dense_find_free(p, row, &length), i;
    p->u[row] += length;
    for (i = 0; i < p->rows; i++)
        if (p->row_seen[i] && i != row)
            p->u[i] += length - p->shortest[p->column_of[i]];
    for (int k = 0; k < p->columns; k++)
        if (p->column_seen[k])
            p->v[k] -= length - p->shortest[k];
    do {
        int next;

        i = p->path[j];
        p->row_of[j] = i;
        next = p->column_of[i];
        p->column_of[i] = j;
        j = next;
    } while (i != row);
}

static void dense_assign(const double *cost, int rows, int columns, int *column_of)
{
    bool wide = rows <= columns;
    size_t n = (size_t)(wide ? rows : columns), m = (size_t)(wide ? columns : rows);
    dense_problem p = {.cost = cost,
                       .row_step = wide ? (size_t)columns : 1,
                       .column_step = wide ? 1 : (size_t)columns,
                       .rows = (int)n,
                       .columns = (int)m,
                       .u = ir_calloc(n + 2 * m, sizeof(double)),
                       .path = ir_calloc(3 * m + n, sizeof(int)),
                       .row_seen = ir_calloc(n + m, sizeof(bool))};
    p.v = p.u + n;
    p.shortest = p.v + m;
    p.row_of = p.path + m;
    p.remaining = p.row_of + m;
    p.column_of = p.remaining + m;
    p.column_seen = p.row_seen + n;
    for (int i = 0; i < rows; i++)
        column_of[i] = -1;
    memset(p.row_of, -1, m * sizeof *p.row_of);
    memset(p.column_of, -1, n * sizeof *p.column_of);
    for (int i = 0; i < p.rows && m > 0; i++)
        dense_add_row(&p, i);
    memcpy(column_of, wide ? p.column_of : p.row_of, (size_t)rows * sizeof *column_of);
    free(p.u);
    free(p.path);
    free(p.row_seen);
}

/* ---- OPDC ---- */

typedef struct {
    int targets, detections;
    double *distance; /* targets x detections */
    bool *enough;     /* whether the IoU is at least one half */
} dense_pairs;

static dense_pairs dense_pairs_new(const ir_components *truth, const ir_components *predicted,
                                   const long *overlap)
{
    dense_pairs k = {ir_components_count(truth), ir_components_count(predicted), NULL, NULL};
    size_t all = (size_t)k.targets * (size_t)k.detections;
    k.distance = ir_calloc(all, sizeof *k.distance);
    k.enough = ir_calloc(all, sizeof *k.enough);
    for (size_t i = 0; i < all; i++) {
        const ir_component *a = ir_components_at(truth, (int)(i / (size_t)k.detections));
        const ir_component *b = ir_components_at(predicted, (int)(i % (size_t)k.detections));

        k.distance[i] = match_distance_between(a, b);
        k.enough[i] = (double)overlap[i] / (double)(a->area + b->area - overlap[i]) >= 0.5;
    }
    return k;
}

/* Assigns the pairs without a partner, keeps those that near or enough allows. */
static void dense_round(const dense_pairs *k, bool by_overlap, int *detection_of)
{
    size_t targets = (size_t)k->targets, detections = (size_t)k->detections, i = 0;
    int *row = ir_calloc(2 * targets + detections, sizeof *row), *found = row + targets;
    int *column = found + targets, rows = 0, columns = 0;
    double *cost = ir_calloc(targets * detections, sizeof *cost);
    for (int d = 0; d < k->detections; d++) {
        bool taken = false;

        for (int t = 0; t < k->targets; t++)
            taken = taken || detection_of[t] == d;
        if (!taken)
            column[columns++] = d;
    }
    for (int t = 0; t < k->targets; t++)
        if (detection_of[t] < 0)
            row[rows++] = t;
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            cost[i++] = k->distance[(size_t)row[r] * detections + (size_t)column[c]];
    dense_assign(cost, rows, columns, found);
    for (int r = 0; r < rows; r++) {
        size_t at = found[r] < 0 ? 0 : (size_t)row[r] * detections + (size_t)column[found[r]];

        if (found[r] >= 0 && (by_overlap ? k->enough[at] : k->distance[at] < 3))
            detection_of[row[r]] = column[found[r]];
    }
    free(row);
    free(cost);
}

static void dense_unmatched(const dense_pairs *k, const int *detection_of, counts *c)
{
    bool *wanted = ir_calloc((size_t)k->detections, sizeof *wanted);
    int matched = 0;
    for (int t = 0; t < k->targets; t++) {
        bool wants = false;

        for (int d = 0; d < k->detections; d++) {
            size_t i = (size_t)t * (size_t)k->detections + (size_t)d;

            if (k->enough[i] || k->distance[i] < 3)
                wants = wanted[d] = true;
        }
        c->lone_targets += !wants;
        c->spare_targets += wants && detection_of[t] < 0;
        matched += detection_of[t] >= 0;
    }
    for (int d = 0; d < k->detections; d++)
        c->lone_detections += !wanted[d];
    c->spare_detections = k->detections - matched - c->lone_detections;
    free(wanted);
}

static void dense_opdc(const ir_components *truth, const ir_components *predicted,
                       const long *overlap, int *detection_of, counts *c)
{
    dense_pairs k = dense_pairs_new(truth, predicted, overlap);
    bool any_enough = false, any_near = false;
    for (int t = 0; t < k.targets; t++)
        detection_of[t] = -1;
    for (size_t i = 0; i < (size_t)k.targets * (size_t)k.detections; i++) {
        any_enough = any_enough || k.enough[i];
        any_near = any_near || k.distance[i] < 3;
    }
    if (any_enough)
        dense_round(&k, true, detection_of);
    if (any_near)
        dense_round(&k, false, detection_of);
    dense_unmatched(&k, detection_of, c);
    free(k.distance);
    free(k.enough);
}

#endif
