/* Matching targets with detections: by distance, by OPDC, by the shooting rule. */
#include "match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "assign.h"
#include "base/base.h"
#include "boxes.h"

double match_distance_between(const ir_component *a, const ir_component *b)
{
    double dy = a->row - b->row, dx = a->column - b->column;
    return sqrt(dy * dy + dx * dx);
}

/* The first of them, behind which the others stand; NULL for none. */
static const ir_component *all_of(const ir_components *c)
{
    return ir_components_count(c) > 0 ? ir_components_at(c, 0) : NULL;
}

/* ---- by distance ---- */

/* The first detection near the target that is not taken; -1: none. */
static int first_near(const boxes *all, const ir_component *target, const ir_component *detection,
                      const bool *taken)
{
    boxes_walk w;
    int first = -1;
    boxes_near(&w, all, target, MATCH_DISTANCE_BELOW);
    for (int d; (d = boxes_next(&w)) >= 0;)
        if ((first < 0 || d < first) && !taken[d] &&
            match_distance_between(&detection[d], target) < MATCH_DISTANCE_BELOW)
            first = d;
    return first;
}

void match_distance(const ir_components *truth, const ir_components *predicted, int *detection_of)
{
    int targets = ir_components_count(truth), detections = ir_components_count(predicted);
    const ir_component *detection = all_of(predicted);
    boxes all;
    bool *taken;
    for (int t = 0; t < targets; t++)
        detection_of[t] = -1;
    if (targets == 0 || detections == 0)
        return;
    all = boxes_new(detection, detections);
    taken = ir_calloc((size_t)detections, sizeof *taken);
    for (int t = 0; t < targets; t++) {
        int d = first_near(&all, ir_components_at(truth, t), detection, taken);

        if (d >= 0)
            taken[d] = true;
        detection_of[t] = d;
    }
    free(taken);
    boxes_free(&all);
}

/* ---- OPDC ---- */

/* Whether the IoU is at least one half. The published code compares the quotient, so this does too.
 * */
static bool overlap_enough(const ir_component *a, const ir_component *b, long both)
{
    return (double)both / (double)(a->area + b->area - both) >= 0.5;
}

/* The two sides, and whom each could match: by overlap, or by distance. */
typedef struct {
    int targets, detections;
    const ir_component *target, *detection;
    const pairs *overlap;
    bool any_overlapping, any_near;
    bool *wants, *wanted; /* by target, by detection: whether it has such a candidate */
} candidates;

static void find_near(candidates *k)
{
    boxes all = boxes_new(k->detection, k->detections);
    for (int t = 0; t < k->targets; t++) {
        boxes_walk w;

        boxes_near(&w, &all, &k->target[t], MATCH_DISTANCE_BELOW);
        for (int d; (d = boxes_next(&w)) >= 0;)
            if (match_distance_between(&k->target[t], &k->detection[d]) < MATCH_DISTANCE_BELOW)
                k->any_near = k->wants[t] = k->wanted[d] = true;
    }
    boxes_free(&all);
}

static candidates candidates_new(const ir_components *truth, const ir_components *predicted,
                                 const pairs *overlap)
{
    candidates k = {.targets = ir_components_count(truth),
                    .detections = ir_components_count(predicted),
                    .target = all_of(truth),
                    .detection = all_of(predicted),
                    .overlap = overlap};
    k.wants = ir_calloc((size_t)k.targets, sizeof *k.wants);
    k.wanted = ir_calloc((size_t)k.detections, sizeof *k.wanted);
    for (size_t i = 0; i < overlap->n; i++) {
        const pair *p = &overlap->pair[i];

        if (overlap_enough(&k.target[p->target], &k.detection[p->detection], p->both))
            k.any_overlapping = k.wants[p->target] = k.wanted[p->detection] = true;
    }
    if (k.targets > 0 && k.detections > 0)
        find_near(&k);
    return k;
}

static void candidates_free(candidates *k)
{
    free(k->wants);
    free(k->wanted);
}

static void match_by_overlap(const candidates *k, int *detection_of)
{
    assign_least(k->target, k->targets, k->detection, k->detections, detection_of);
    for (int t = 0; t < k->targets; t++) {
        int d = detection_of[t];

        if (d >= 0 &&
            !overlap_enough(&k->target[t], &k->detection[d], pairs_both(k->overlap, t, d)))
            detection_of[t] = -1;
    }
}

/* Those of one side that have no partner yet, in order. */
typedef struct {
    ir_component *component;
    int *index, n;
} rest;

static rest rest_of(const ir_component *side, int n, const bool *has_partner)
{
    rest r = {.component = ir_calloc((size_t)n, sizeof *r.component),
              .index = ir_calloc((size_t)n, sizeof *r.index)};
    for (int i = 0; i < n; i++)
        if (!has_partner[i]) {
            r.component[r.n] = side[i];
            r.index[r.n++] = i;
        }
    return r;
}

static void rest_free(rest *r)
{
    free(r->component);
    free(r->index);
}

/* Assigns what is left once more, by distance. */
static void match_by_distance(const candidates *k, int *detection_of)
{
    bool *matched = ir_calloc((size_t)k->targets, sizeof *matched);
    bool *taken = ir_calloc((size_t)k->detections, sizeof *taken);
    int *found = ir_calloc((size_t)k->targets, sizeof *found);
    rest row, column;
    for (int t = 0; t < k->targets; t++)
        if (detection_of[t] >= 0)
            matched[t] = taken[detection_of[t]] = true;
    row = rest_of(k->target, k->targets, matched);
    column = rest_of(k->detection, k->detections, taken);
    assign_least(row.component, row.n, column.component, column.n, found);
    for (int r = 0; r < row.n; r++)
        if (found[r] >= 0 &&
            match_distance_between(&row.component[r], &column.component[found[r]]) <
                MATCH_DISTANCE_BELOW)
            detection_of[row.index[r]] = column.index[found[r]];
    rest_free(&row);
    rest_free(&column);
    free(matched);
    free(taken);
    free(found);
}

/* Those without a match: lone ones have no candidate, spare ones lost theirs to a rival. */
static void count_unmatched(const candidates *k, const int *detection_of, counts *c)
{
    int matched = 0;
    for (int t = 0; t < k->targets; t++) {
        c->lone_targets += !k->wants[t];
        c->spare_targets += k->wants[t] && detection_of[t] < 0;
        matched += detection_of[t] >= 0;
    }
    for (int d = 0; d < k->detections; d++)
        c->lone_detections += !k->wanted[d];
    c->spare_detections = k->detections - matched - c->lone_detections;
}

void match_opdc(const ir_components *truth, const ir_components *predicted, const pairs *overlap,
                int *detection_of, counts *c)
{
    candidates k = candidates_new(truth, predicted, overlap);
    for (int t = 0; t < k.targets; t++)
        detection_of[t] = -1;
    if (k.any_overlapping)
        match_by_overlap(&k, detection_of);
    if (k.any_near)
        match_by_distance(&k, detection_of);
    count_unmatched(&k, detection_of, c);
    candidates_free(&k);
}

/* ---- the shooting rule ---- */

enum { HIT_RADIUS = 1, NEAR_RADIUS = 4 };

/* Marks the pixels within radius of a component. */
static void mark_near(const ir_components *c, int radius, int width, int height, bool *mark)
{
    size_t n;
    const ir_run *run = ir_components_runs(c, &n);
    for (size_t i = 0; i < n; i++) {
        int first = run[i].first > radius ? run[i].first - radius : 0;
        int end = run[i].end + radius < width ? run[i].end + radius : width;

        for (int y = run[i].row - radius; y <= run[i].row + radius; y++)
            if (y >= 0 && y < height)
                memset(mark + (size_t)y * (size_t)width + first, 1, (size_t)(end - first));
    }
}

/* Targets with a marked pixel: the prediction, widened by the box around a target's pixel. */
static long count_hits(const ir_components *truth, const bool *mark, int width)
{
    bool *hit = ir_calloc((size_t)ir_components_count(truth) + 1, sizeof *hit);
    size_t n;
    const ir_run *run = ir_components_runs(truth, &n);
    long hits = 0;
    for (size_t i = 0; i < n; i++) {
        const bool *row = mark + (size_t)run[i].row * (size_t)width;

        if (memchr(row + run[i].first, 1, (size_t)(run[i].end - run[i].first))) {
            hits += !hit[run[i].component];
            hit[run[i].component] = true;
        }
    }
    free(hit);
    return hits;
}

/* Predicted pixels that are not marked, and the detections that hold some. */
static void count_false(const ir_components *predicted, const bool *mark, int width, counts *c)
{
    bool *seen = ir_calloc((size_t)ir_components_count(predicted) + 1, sizeof *seen);
    size_t n;
    const ir_run *run = ir_components_runs(predicted, &n);
    for (size_t i = 0; i < n; i++) {
        const bool *row = mark + (size_t)run[i].row * (size_t)width;
        long before = c->false_alarm_pixels;

        for (int x = run[i].first; x < run[i].end; x++)
            c->false_alarm_pixels += !row[x];
        if (c->false_alarm_pixels > before) {
            c->false_alarms += !seen[run[i].component];
            seen[run[i].component] = true;
        }
    }
    free(seen);
}

void match_shooting(const ir_components *truth, const ir_components *predicted, int width,
                    int height, counts *c)
{
    bool *mark = ir_calloc((size_t)width * (size_t)height, sizeof *mark);
    mark_near(predicted, HIT_RADIUS, width, height, mark);
    c->hits = count_hits(truth, mark, width);
    memset(mark, 0, (size_t)width * (size_t)height);
    mark_near(truth, NEAR_RADIUS, width, height, mark);
    c->false_alarms = c->false_alarm_pixels = 0;
    count_false(predicted, mark, width, c);
    free(mark);
}
