/* One synthetic infrared scene.
 *
 * Background: clouds, ground texture, or both with a horizon between them, each a random field with
 * a power-law spectrum; then vignetting and the sensor's noise; then the targets, each placed where
 * its signal-to-clutter ratio can be had. Samples are in units of the largest grey level. */
#include "scene.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

scene *scene_new(int width, int height)
{
    scene *s = ir_calloc(1, sizeof *s);
    s->width = width;
    s->height = height;
    s->sample = ir_calloc((size_t)width * (size_t)height, sizeof *s->sample);
    s->truth = ir_calloc((size_t)width * (size_t)height, sizeof *s->truth);
    return s;
}

void scene_free(scene *s)
{
    free(s->sample);
    free(s->truth);
    free(s);
}

static double between(ir_rng *rng, double low, double high)
{
    return low + (high - low) * ir_rng_uniform(rng);
}

/* ---- background ---- */

/* A clear sky, darker towards the top, with clouds where the field rises above a level: many, few
 * or overcast. */
static void add_sky(scene *s, field_maker *maker, ir_rng *rng)
{
    const float *field = field_make(maker, rng, between(rng, 2.9, 3.9), between(rng, 1, 2));
    double base = between(rng, 0.05, 0.4), fall = between(rng, 0, 0.12);
    double level = between(rng, -2.5, 1), contrast = between(rng, 0.05, 0.2);
    for (int y = 0, i = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++, i++) {
            double cloud = field[i] > level ? field[i] - level : 0;
            s->sample[i] = (float)(base + fall * y / s->height + contrast * cloud);
        }
}

/* Row of the horizon for every column: a tilted line with a ridge on it. */
static void draw_horizon(const scene *s, ir_rng *rng, float *horizon)
{
    double middle = between(rng, 0.35, 0.85) * s->height;
    double tilt = between(rng, -0.08, 0.08);
    double relief = between(rng, 0, 0.04) * s->height;
    field_profile(rng, s->width, 3, horizon);
    for (int x = 0; x < s->width; x++)
        horizon[x] = (float)(middle + tilt * (x - s->width / 2) + relief * horizon[x]);
}

/* Ground from the horizon down: rougher than clouds, drawn out sideways. */
static void add_ground(scene *s, field_maker *maker, ir_rng *rng, const float *horizon)
{
    const float *field = field_make(maker, rng, between(rng, 2.1, 3.1), between(rng, 1, 4));
    double base = between(rng, 0.1, 0.6), contrast = between(rng, 0.03, 0.1);
    double edge = between(rng, 0.6, 1.5); /* pixels: the optics' blur of the horizon */
    for (int y = 0, i = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++, i++) {
            double share = 0.5 + 0.5 * tanh((y - horizon[x]) / edge);
            s->sample[i] += (float)(share * (base + contrast * field[i] - s->sample[i]));
        }
}

static void draw_background(scene *s, field_maker *maker, ir_rng *rng)
{
    float *horizon = ir_malloc((size_t)s->width * sizeof *horizon);
    double kind = ir_rng_uniform(rng);
    add_sky(s, maker, rng);
    draw_horizon(s, rng, horizon);
    if (kind < 0.2) /* ground alone */
        for (int x = 0; x < s->width; x++)
            horizon[x] = -10;
    if (kind < 0.6)
        add_ground(s, maker, rng, horizon);
    free(horizon);
}

/* ---- sensor ---- */

/* Light falls off towards the corners, as the square of the distance from the optical axis. */
static void vignette(scene *s, ir_rng *rng)
{
    double strength = between(rng, 0, 0.3);
    double cx = between(rng, 0.4, 0.6) * s->width, cy = between(rng, 0.4, 0.6) * s->height;
    double corner = 0.25 * ((double)s->width * s->width + (double)s->height * s->height);
    for (int y = 0, i = 0; y < s->height; y++)
        for (int x = 0; x < s->width; x++, i++) {
            double r2 = ((x - cx) * (x - cx) + (y - cy) * (y - cy)) / corner;
            s->sample[i] *= (float)(1 - strength * (r2 < 1 ? r2 : 1));
        }
}

/* Each pixel's own noise, and the faint stripes of a column-wise readout. */
static void add_noise(scene *s, ir_rng *rng)
{
    double sigma = between(rng, 0.002, 0.01), stripe = between(rng, 0, 0.003);
    for (int x = 0; x < s->width; x++) {
        float column = (float)(stripe * ir_rng_normal(rng));
        for (int y = 0; y < s->height; y++)
            s->sample[(size_t)y * (size_t)s->width + (size_t)x] += column;
    }
    for (size_t i = 0; i < (size_t)s->width * (size_t)s->height; i++)
        s->sample[i] += (float)(sigma * ir_rng_normal(rng));
}

/* ---- targets ---- */

/* The noise-free target at (x, y), its peak being 1. */
static double profile(const scene_target *t, double x, double y)
{
    double c = cos(t->angle), n = sin(t->angle);
    double along = c * (x - t->x) + n * (y - t->y), aside = c * (y - t->y) - n * (x - t->x);
    double r2 = along * along + aside * aside / (t->aspect * t->aspect);
    return exp(-4 * M_LN2 * r2 / (t->across * t->across));
}

/* Mean and standard deviation of the scene as it is within SCENE_RING pixels around the target. */
static void measure_clutter(const scene *s, const scene_target *t, double *mean, double *deviation)
{
    double reach = t->across / 2 + SCENE_RING, sum = 0, square = 0;
    int left = (int)fmax(0, t->x - reach), right = (int)fmin(s->width - 1, t->x + reach);
    int top = (int)fmax(0, t->y - reach), bottom = (int)fmin(s->height - 1, t->y + reach);
    int n = (right - left + 1) * (bottom - top + 1);
    for (int y = top; y <= bottom; y++)
        for (int x = left; x <= right; x++) {
            double v = s->sample[(size_t)y * (size_t)s->width + (size_t)x];
            sum += v;
            square += v * v;
        }
    *mean = sum / n;
    *deviation = sqrt(fmax(square / n - *mean * *mean, 0));
}

/* The background at the target's place, noise averaged out. */
static double background_at(const scene *s, const scene_target *t)
{
    int cx = (int)lrint(t->x), cy = (int)lrint(t->y);
    double sum = 0;
    for (int y = cy - 1; y <= cy + 1; y++)
        for (int x = cx - 1; x <= cx + 1; x++)
            sum += s->sample[(size_t)y * (size_t)s->width + (size_t)x];
    return sum / 9;
}

static bool far_from_others(const scene *s, const scene_target *t)
{
    for (int i = 0; i < s->targets; i++) {
        const scene_target *o = &s->target[i];
        if (hypot(o->x - t->x, o->y - t->y) < o->across + t->across + 2 * SCENE_RING)
            return false;
    }
    return true;
}

/* Draws a target; false when its ratio cannot be had where it fell: too close to another one, a
 * peak beyond what the sensor shows, or a background that is itself as bright as the peak should
 * be. */
static bool draw_target(const scene *s, ir_rng *rng, scene_target *t)
{
    double mean, deviation, margin, over;
    t->across = between(rng, 2, 9);
    t->aspect =
        fmax(between(rng, 0.6, 1), 1.6 / t->across); /* every target covers a pixel's centre */
    t->angle = between(rng, 0, M_PI);
    t->scr = 2 + 8 * sqrt(ir_rng_uniform(rng)); /* few are faint */
    margin = t->across / 2 + 2;
    t->x = between(rng, margin, s->width - 1 - margin);
    t->y = between(rng, margin, s->height - 1 - margin);
    if (!far_from_others(s, t))
        return false;
    measure_clutter(s, t, &mean, &deviation);
    over = background_at(s, t) - mean;
    t->amplitude = t->scr * deviation - over;
    return mean + t->scr * deviation < 0.98 && fabs(over) < 0.25 * t->scr * deviation;
}

static void add_target(scene *s, const scene_target *t)
{
    int reach = (int)ceil(2 * t->across) + 1, cx = (int)lrint(t->x), cy = (int)lrint(t->y);
    for (int y = cy - reach; y <= cy + reach; y++)
        for (int x = cx - reach; x <= cx + reach; x++) {
            size_t i = (size_t)y * (size_t)s->width + (size_t)x;
            double p;
            if (x < 0 || y < 0 || x >= s->width || y >= s->height)
                continue;
            p = profile(t, x, y);
            s->sample[i] += (float)(t->amplitude * p);
            s->truth[i] |= p >= 0.5;
        }
}

/* One to four of them. The clutter of each is measured before any is added. */
static void add_targets(scene *s, ir_rng *rng)
{
    enum { TRIES = 400 };
    int wanted = 1 + (int)ir_rng_below(rng, SCENE_MAX_TARGETS);

    s->targets = 0;
    for (int i = 0; i < TRIES && s->targets < wanted; i++)
        if (draw_target(s, rng, &s->target[s->targets]))
            s->targets++;
    for (int i = 0; i < s->targets; i++)
        add_target(s, &s->target[i]);
}

/* ---- the whole ---- */

void scene_make(scene *s, field_maker *maker, ir_rng *rng)
{
    do { /* a background on which not one target can be placed is very rare */
        memset(s->truth, 0, (size_t)s->width * (size_t)s->height);
        draw_background(s, maker, rng);
        vignette(s, rng);
        add_noise(s, rng);
        add_targets(s, rng);
    } while (s->targets == 0);
}

void scene_frame(const scene *s, int bits, ir_image *frame)
{
    double maxval = (1 << bits) - 1;
    ir_image_resize(frame, s->width, s->height);
    frame->maxval = (1 << bits) - 1;
    for (size_t i = 0; i < (size_t)s->width * (size_t)s->height; i++)
        frame->pixel[i] = (uint16_t)lrint(fmin(fmax(s->sample[i], 0), 1) * maxval);
}

void scene_mask(const scene *s, ir_image *mask)
{
    ir_image_resize(mask, s->width, s->height);
    mask->maxval = 255;
    for (size_t i = 0; i < (size_t)s->width * (size_t)s->height; i++)
        mask->pixel[i] = s->truth[i] ? 255 : 0;
}
