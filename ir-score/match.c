/* Matching targets with detections: by distance, by OPDC, by the shooting rule. */
#include "match.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "assign.h"
#include "base/base.h"

double match_distance_between(const ir_component *a, const ir_component *b)
{
    double dy = a->row - b->row, dx = a->column - b->column;

    return sqrt(dy * dy + dx * dx);
}

/* ---- by distance ---- */

void match_distance(const ir_components *truth, const ir_components *predicted, int *detection_of)
{
    int targets = ir_components_count(truth), detections = ir_components_count(predicted);
    bool *taken = ir_calloc((size_t)detections + 1, sizeof *taken);

    for (int t = 0; t < targets; t++) {
        const ir_component *target = ir_components_at(truth, t);

        detection_of[t] = -1;
        for (int d = 0; d < detections && detection_of[t] < 0; d++) {
            const ir_component *detection = ir_components_at(predicted, d);

            if (!taken[d] && match_distance_between(detection, target) < MATCH_DISTANCE_BELOW) {
                taken[d] = true;
                detection_of[t] = d;
            }
        }
    }
    free(taken);
}

/* ---- OPDC ---- */

/* Whether the IoU is at least one half, the quotient being what the published code compares. */
static bool overlap_enough(const ir_component *a, const ir_component *b, long both)
{
    return (double)both / (double)(a->area + b->area - both) >= 0.5;
}

/* Which pairs could match, and who has one. */
typedef struct {
    int targets, detections;
    double *distance; /* targets x detections */
    bool *overlapping;
    bool any_overlapping, any_near;
} candidates;

static candidates candidates_new(const ir_components *truth, const ir_components *predicted,
                                 const long *overlap)
{
    candidates k = {.targets = ir_components_count(truth),
                    .detections = ir_components_count(predicted)};
    size_t pairs = (size_t)k.targets * (size_t)k.detections, i = 0;

    k.distance = ir_calloc(pairs + 1, sizeof *k.distance);
    k.overlapping = ir_calloc(pairs + 1, sizeof *k.overlapping);
    for (int t = 0; t < k.targets; t++) {
        for (int d = 0; d < k.detections; d++, i++) {
            const ir_component *a = ir_components_at(truth, t), *b = ir_components_at(predicted, d);

            k.distance[i] = match_distance_between(a, b);
            k.overlapping[i] = overlap_enough(a, b, overlap[i]);
            k.any_overlapping |= k.overlapping[i];
            k.any_near |= k.distance[i] < MATCH_DISTANCE_BELOW;
        }
    }
    return k;
}

static void match_by_overlap(const candidates *k, int *detection_of)
{
    assign_least(k->distance, k->targets, k->detections, detection_of);
    for (int t = 0; t < k->targets; t++) {
        int d = detection_of[t];

        if (d >= 0 && !k->overlapping[(size_t)t * (size_t)k->detections + (size_t)d])
            detection_of[t] = -1;
    }
}

/* The detections that no target has yet, in order; returns how many. */
static int free_detections(const candidates *k, const int *detection_of, int *list)
{
    bool *taken = ir_calloc((size_t)k->detections + 1, sizeof *taken);
    int n = 0;

    for (int t = 0; t < k->targets; t++)
        if (detection_of[t] >= 0)
            taken[detection_of[t]] = true;
    for (int d = 0; d < k->detections; d++)
        if (!taken[d])
            list[n++] = d;
    free(taken);
    return n;
}

/* Assigns what is left once more, by distance. */
static void match_by_distance(const candidates *k, int *detection_of)
{
    int *row = ir_calloc((size_t)k->targets + 1, sizeof *row);
    int *column = ir_calloc((size_t)k->detections + 1, sizeof *column);
    int *found = ir_calloc((size_t)k->targets + 1, sizeof *found);
    int columns = free_detections(k, detection_of, column), rows = 0;
    double *cost;
    size_t i = 0;

    for (int t = 0; t < k->targets; t++)
        if (detection_of[t] < 0)
            row[rows++] = t;
    cost = ir_calloc((size_t)rows * (size_t)columns + 1, sizeof *cost);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            cost[i++] = k->distance[(size_t)row[r] * (size_t)k->detections + (size_t)column[c]];
    assign_least(cost, rows, columns, found);
    for (int r = 0; r < rows; r++)
        if (found[r] >= 0 &&
            cost[(size_t)r * (size_t)columns + (size_t)found[r]] < MATCH_DISTANCE_BELOW)
            detection_of[row[r]] = column[found[r]];
    free(row);
    free(column);
    free(found);
    free(cost);
}

/* Those without a match: lone ones have no candidate, spare ones lost theirs to a rival. */
static void count_unmatched(const candidates *k, const int *detection_of, counts *c)
{
    bool *wanted = ir_calloc((size_t)k->detections + 1, sizeof *wanted);
    size_t i = 0;
    int matched = 0;

    for (int t = 0; t < k->targets; t++) {
        bool wants = false;

        for (int d = 0; d < k->detections; d++, i++) {
            if (k->overlapping[i] || k->distance[i] < MATCH_DISTANCE_BELOW)
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

void match_opdc(const ir_components *truth, const ir_components *predicted, const long *overlap,
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
    free(k.distance);
    free(k.overlapping);
}

/* ---- the shooting rule ---- */

enum { HIT_RADIUS = 1, NEAR_RADIUS = 4 };

/* Marks what lies within radius of a component of the image. */
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

        if (memchr(row + run[i].first, 1, (size_t)(run[i].end - run[i].first)) != NULL) {
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
