/* What a focal-plane array and its readout do: fixed pattern, bad pixels, banding, lag, jitter,
 * dropped lines. x is a sample divided by maxval, u a uniform number in [0, 1), n a normal one. */
#include "corrupt.h"

#include <math.h>
#include <string.h>

static int clamp(int i, int n)
{
    return i < 0 ? 0 : i < n ? i : n - 1;
}

static uint16_t *row_of(const ir_image *im, int y)
{
    return im->pixel + (size_t)y * im->width;
}

/* The frame's samples as they came. */
static const uint16_t *copy_of(const ir_image *im, uint16_t *workspace)
{
    memcpy(workspace, im->pixel, (size_t)im->width * im->height * sizeof *workspace);
    return workspace;
}

/* pixel[x] += column[x] + offset, in units of samples; column may be NULL. */
static void add_offsets(uint16_t *pixel, const float *column, float offset, int width, float maxval)
{
    for (int x = 0; x < width; x++)
        pixel[x] = corrupt_sample(pixel[x] + (column ? column[x] : 0) + offset, maxval);
}

/* x + c n[column] + (c / 2) n[row]: the offsets that a column's amplifier and a row's bias leave
 * behind (EMVA Standard 1288, release 4.0, 2021: column and row nonuniformity). The columns'
 * numbers are drawn first. */
void corrupt_fixed_pattern(ir_image *im, corrupt_job *job)
{
    float *column = corrupt_buffer(job->scratch, (size_t)im->width);
    const double c = job->parameter[0] * im->maxval;
    for (int x = 0; x < im->width; x++)
        column[x] = (float)(c * ir_rng_normal(&job->rng));
    for (int y = 0; y < im->height; y++)
        add_offsets(row_of(im, y), column, (float)(c / 2 * ir_rng_normal(&job->rng)), im->width,
                    im->maxval);
}

/* c defects per pixel, one at least, each dead (0) or hot (maxval): what an array's operability
 * leaves out (Rogalski, "Infrared Detectors"). One in four is a cluster of 2 x 2. */
void corrupt_bad_pixels(ir_image *im, corrupt_job *job)
{
    const size_t pixels = (size_t)im->width * im->height;
    size_t defects = (size_t)(job->parameter[0] * (double)pixels + 0.5);
    for (defects = defects > 0 ? defects : 1; defects > 0; defects--) {
        const uint32_t at = ir_rng_below(&job->rng, (uint32_t)pixels);
        const int hot = (int)ir_rng_below(&job->rng, 2);
        const int side = ir_rng_below(&job->rng, 4) == 0 ? 2 : 1;
        const int left = (int)(at % (uint32_t)im->width), top = (int)(at / (uint32_t)im->width);

        for (int y = top; y < top + side && y < im->height; y++)
            for (int x = left; x < left + side && x < im->width; x++)
                row_of(im, y)[x] = (uint16_t)(hot ? im->maxval : 0);
    }
}

/* x + c sin(2 pi (y / period + phase)): interference of the supply with the readout, row by row
 * (periodic noise: Gonzalez and Woods, "Digital Image Processing", chapter 5). period = 8 + 24 u
 * rows, phase = u. */
void corrupt_banding(ir_image *im, corrupt_job *job)
{
    const double period = 8 + 24 * ir_rng_uniform(&job->rng), phase = ir_rng_uniform(&job->rng);
    const double c = job->parameter[0] * im->maxval;
    for (int y = 0; y < im->height; y++)
        add_offsets(row_of(im, y), NULL, (float)(c * sin(2 * M_PI * (y / period + phase))),
                    im->width, im->maxval);
}

/* ---- lag --------------------------------------------------------------------------------------*/

enum { SPEED = 2, FRAMES_MAX = 32 };
#define FORGOTTEN 1e-3 /* the weight of a frame that is not seen any more */

/* sum[x] += weight from[x + shift], where the row's end samples go on. */
static void add_shifted(float *sum, const uint16_t *from, int shift, float weight, int width)
{
    const int first = clamp(-shift, width + 1), last = clamp(width - shift, width + 1);
    for (int x = 0; x < first; x++)
        sum[x] += weight * from[0];
    for (int x = first; x < last; x++)
        sum[x] += weight * from[x + shift];
    for (int x = last > first ? last : first; x < width; x++)
        sum[x] += weight * from[width - 1];
}

/* The sum over k of (1 - c) c^k x shifted by k v: an array that answers with a time constant, as
 * microbolometers do, before a scene that moves by v a frame. v is two pixels long, in the
 * direction 2 pi u; outside the frame its edge goes on. */
void corrupt_lag(ir_image *im, corrupt_job *job)
{
    const size_t pixels = (size_t)im->width * im->height;
    const double c = job->parameter[0], angle = 2 * M_PI * ir_rng_uniform(&job->rng);
    float *sum = corrupt_buffer(job->scratch, (size_t)im->width + (pixels + 1) / 2);
    const uint16_t *from = copy_of(im, (void *)(sum + im->width));
    float weight[FRAMES_MAX], total = 0;
    int frames = 0;
    for (double w = 1; w > FORGOTTEN && frames < FRAMES_MAX; w *= c)
        total += weight[frames++] = (float)w;
    for (int y = 0; y < im->height; y++) {
        memset(sum, 0, (size_t)im->width * sizeof *sum);
        for (int k = 0; k < frames; k++) {
            const int across = (int)floor(SPEED * k * cos(angle) + 0.5);
            const int down = (int)floor(SPEED * k * sin(angle) + 0.5);

            add_shifted(sum, from + (size_t)clamp(y + down, im->height) * im->width, across,
                        weight[k] / total, im->width);
        }
        for (int x = 0; x < im->width; x++)
            row_of(im, y)[x] = corrupt_sample(sum[x], im->maxval);
    }
}

/* ---- jitter -----------------------------------------------------------------------------------*/

/* to[x] = from at x + shift, between two samples their weighted mean; the ends go on. */
static void shift_row(uint16_t *to, const uint16_t *from, double shift, int width, int maxval)
{
    const double whole = floor(shift);
    const float part = (float)(shift - whole);
    for (int x = 0; x < width; x++) {
        const int at = x + (int)whole;
        const float a = from[clamp(at, width)], b = from[clamp(at + 1, width)];
        to[x] = corrupt_sample(a + part * (b - a), maxval);
    }
}

/* Row y is read at x + c sin(2 pi (y / period + phase)) + (c / 4) n: a camera that vibrates while a
 * rolling readout goes down the frame (Baker, Bennett, Kang, Szeliski, "Removing rolling shutter
 * wobble", CVPR 2010). period = 16 + 48 u rows, phase = u. */
void corrupt_jitter(ir_image *im, corrupt_job *job)
{
    const double period = 16 + 48 * ir_rng_uniform(&job->rng), phase = ir_rng_uniform(&job->rng);
    const double c = job->parameter[0];
    uint16_t *old = (void *)corrupt_buffer(job->scratch, ((size_t)im->width + 1) / 2);
    for (int y = 0; y < im->height; y++) {
        const double sway = c * sin(2 * M_PI * (y / period + phase));

        memcpy(old, row_of(im, y), (size_t)im->width * sizeof *old);
        shift_row(row_of(im, y), old, sway + c / 4 * ir_rng_normal(&job->rng), im->width,
                  im->maxval);
    }
}

/* ---- dropped lines ----------------------------------------------------------------------------*/

enum { RUN_MAX = 4 };

/* The share c of the lines is lost on the way, in runs of 1 to 4, and shows black or, as likely,
 * the last line that arrived (line drop-out: Richards, "Remote Sensing Digital Image Analysis").
 * Before the first line that arrived there is black. */
void corrupt_dropped_lines(ir_image *im, corrupt_job *job)
{
    const double mean_run = (1 + RUN_MAX) / 2.0, c = job->parameter[0];
    const double begins = c / (mean_run * (1 - c)); /* so that the share lost is c */
    const size_t bytes = (size_t)im->width * sizeof *im->pixel;
    const uint16_t *arrived = NULL;
    for (int y = 0; y < im->height;) {
        if (ir_rng_uniform(&job->rng) >= begins) {
            arrived = row_of(im, y++);
            continue;
        }
        const int end = y + 1 + (int)ir_rng_below(&job->rng, RUN_MAX);
        const int repeats = (int)ir_rng_below(&job->rng, 2);

        for (; y < end && y < im->height; y++) {
            if (repeats && arrived)
                memcpy(row_of(im, y), arrived, bytes);
            else
                memset(row_of(im, y), 0, bytes);
        }
        /* a run is followed by a line that arrives */
        if (y < im->height)
            arrived = row_of(im, y++);
    }
}
