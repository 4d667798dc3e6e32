/* The table of corruptions: which function with which parameters, and how one is applied. */
#include "corrupt.h"

#include <stdlib.h>

#include "base/base.h"
#include "stream/strategy.h"

typedef struct {
    corrupt_function *apply;
    int parameters; /* numbers per severity */
    double parameter[IR_SEVERITIES][2];
} corrupt_entry;

static const corrupt_entry table[IR_ALL_CORRUPTIONS] = {
    /* standard deviation */
    [IR_GAUSSIAN_NOISE] = {corrupt_gaussian_noise, 1, {{0.08}, {0.12}, {0.18}, {0.26}, {0.38}}},
    /* events at full scale */
    [IR_SHOT_NOISE] = {corrupt_shot_noise, 1, {{60}, {25}, {12}, {5}, {3}}},
    /* fraction of the pixels */
    [IR_IMPULSE_NOISE] = {corrupt_impulse_noise, 1, {{0.03}, {0.06}, {0.09}, {0.17}, {0.27}}},
    /* radius of the disk, sigma of its edge */
    [IR_DEFOCUS_BLUR] = {corrupt_defocus_blur,
                         2,
                         {{3, 0.1}, {4, 0.5}, {6, 0.5}, {8, 0.5}, {10, 0.5}}},
    /* radius, sigma: a line of 2 radius + 1 pixels */
    [IR_MOTION_BLUR] = {corrupt_motion_blur, 2, {{10, 3}, {15, 5}, {15, 8}, {15, 12}, {20, 15}}},
    /* sigma */
    [IR_GAUSSIAN_BLUR] = {corrupt_gaussian_blur, 1, {{1}, {2}, {3}, {4}, {6}}},
    /* what is added */
    [IR_BRIGHTNESS] = {corrupt_brightness, 1, {{0.1}, {0.2}, {0.3}, {0.4}, {0.5}}},
    /* what the distance from the mean is multiplied with */
    [IR_CONTRAST] = {corrupt_contrast, 1, {{0.4}, {0.3}, {0.2}, {0.1}, {0.05}}},
    /* scale */
    [IR_PIXELATE] = {corrupt_pixelate, 1, {{0.6}, {0.5}, {0.4}, {0.3}, {0.25}}},
    /* quality */
    [IR_JPEG] = {corrupt_jpeg, 1, {{25}, {18}, {15}, {10}, {7}}},
    /* standard deviation of the columns' offsets */
    [IR_FIXED_PATTERN] = {corrupt_fixed_pattern, 1, {{0.01}, {0.02}, {0.04}, {0.06}, {0.1}}},
    /* defects per pixel */
    [IR_BAD_PIXELS] = {corrupt_bad_pixels, 1, {{0.0005}, {0.001}, {0.002}, {0.005}, {0.01}}},
    /* amplitude */
    [IR_BANDING] = {corrupt_banding, 1, {{0.02}, {0.04}, {0.07}, {0.11}, {0.16}}},
    /* gain lost and offset gained in the corners */
    [IR_VIGNETTE] = {corrupt_vignette,
                     2,
                     {{0.2, 0.02}, {0.35, 0.04}, {0.5, 0.06}, {0.65, 0.08}, {0.8, 0.1}}},
    /* what is left of a frame in the next one */
    [IR_LAG] = {corrupt_lag, 1, {{0.2}, {0.35}, {0.5}, {0.6}, {0.7}}},
    /* optical depth where the haze is thickest */
    [IR_HAZE] = {corrupt_haze, 1, {{0.5}, {1}, {1.5}, {2}, {3}}},
    /* amplitude in pixels */
    [IR_JITTER] = {corrupt_jitter, 1, {{0.5}, {1}, {1.5}, {2.5}, {4}}},
    /* what is added in the middle, sigma in sides of the frame */
    [IR_GLARE] = {corrupt_glare, 2, {{0.4, 0.05}, {0.6, 0.08}, {1, 0.1}, {1.5, 0.12}, {2, 0.15}}},
    /* share of the pixels clipped at either end, bits that are left */
    [IR_AGC] = {corrupt_agc, 2, {{0.0005, 8}, {0.001, 7}, {0.002, 6}, {0.005, 5}, {0.01, 4}}},
    /* share of the lines */
    [IR_DROPPED_LINES] = {corrupt_dropped_lines, 1, {{0.02}, {0.05}, {0.1}, {0.2}, {0.3}}},
};

void corrupt_apply(ir_image *im, int corruption, int severity, uint64_t seed, uint64_t occurrence,
                   corrupt_scratch *scratch, corrupt_tables *tables)
{
    char *purpose = ir_format("corrupt %s %d", ir_corruptions[corruption].name, severity);
    corrupt_job job = {
        .severity = severity,
        .parameter = table[corruption].parameter[severity - 1],
        .rng = ir_rng_make(seed, purpose, im->name, occurrence),
        .scratch = scratch,
        .tables = tables,
    };
    free(purpose);
    table[corruption].apply(im, &job);
}

void corrupt_list(FILE *file)
{
    fprintf(file, "# corruption\tgroup\tseverity 1\t2\t3\t4\t5\n");
    for (int c = 0; c < IR_ALL_CORRUPTIONS; c++) {
        fprintf(file, "%s\t%s", ir_corruptions[c].name, ir_corruptions[c].group);
        for (int s = 0; s < IR_SEVERITIES; s++) {
            const double *parameter = table[c].parameter[s];
            fprintf(file, "\t%g", parameter[0]);
            if (table[c].parameters == 2)
                fprintf(file, ",%g", parameter[1]);
        }
        putc('\n', file);
    }
}

float *corrupt_buffer(corrupt_scratch *scratch, size_t count)
{
    if (count > scratch->capacity) {
        free(scratch->memory);
        scratch->memory = ir_aligned(count * sizeof *scratch->memory);
        scratch->capacity = count;
    }
    return scratch->memory;
}

void corrupt_scratch_free(corrupt_scratch *scratch)
{
    free(scratch->memory);
    *scratch = (corrupt_scratch){0};
}
