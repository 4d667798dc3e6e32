/* Gaussian, shot and impulse noise. */
#include "corrupt.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "random_batch.h"
#include "stream/strategy.h"

enum { CHUNK = RANDOM_BATCH }; /* pixels worked on at a time */

static size_t chunk_of(size_t left)
{
    return left < CHUNK ? left : CHUNK;
}

/* ---- Gaussian ---------------------------------------------------------------------------------*/

IR_WIDE static void add_scaled(uint16_t *restrict pixel, const float *restrict normal, float scale,
                               int maxval, int n)
{
    float limit = maxval;
#pragma omp simd
    for (int i = 0; i < n; i++)
        pixel[i] = corrupt_sample(pixel[i] + scale * normal[i], limit);
}

/* x + N(0, c^2) */
void corrupt_gaussian_noise(ir_image *im, corrupt_job *job)
{
    size_t n = (size_t)im->width * im->height;
    float normal[CHUNK];
    for (size_t i = 0; i < n; i += CHUNK) {
        random_normals(&job->rng, normal);
        add_scaled(im->pixel + i, normal, (float)(job->parameter[0] * im->maxval), im->maxval,
                   (int)chunk_of(n - i));
    }
}

/* ---- impulse ----------------------------------------------------------------------------------*/

IR_WIDE static void salt_and_pepper(uint16_t *restrict pixel, const uint32_t *restrict word,
                                    uint32_t pepper, uint32_t either, int maxval, int n)
{
    uint16_t salt = (uint16_t)maxval;
#pragma omp simd
    for (int i = 0; i < n; i++)
        pixel[i] = word[i] < pepper ? 0 : word[i] < either ? salt : pixel[i];
}

/* Each pixel becomes 0 or maxval, c / 2 of them each. */
void corrupt_impulse_noise(ir_image *im, corrupt_job *job)
{
    size_t n = (size_t)im->width * im->height;
    uint32_t word[CHUNK], either = (uint32_t)(job->parameter[0] * 0x1p32);
    for (size_t i = 0; i < n; i += CHUNK) {
        random_words(&job->rng, word);
        salt_and_pepper(im->pixel + i, word, either / 2, either, im->maxval, (int)chunk_of(n - i));
    }
}

/* ---- shot -------------------------------------------------------------------------------------
 *
 * A pixel's Poisson number is drawn from a table of the distributions of 256 brightnesses, 0/255 to
 * 255/255. A sample of another depth lies a little above one of them; a second, small Poisson
 * number makes up for that, as the sum of two is Poisson with the sum of the means. */

enum { LEVELS = 256, EVENTS = 128 };

typedef struct {
    uint32_t below[LEVELS][EVENTS]; /* 2^32 P(number <= k) */
    uint8_t guide[LEVELS][256];     /* the smallest number for each first byte of a random word */
} shot_table;

struct corrupt_tables {
    pthread_mutex_t lock;
    shot_table *shot[IR_SEVERITIES];
};

corrupt_tables *corrupt_tables_new(void)
{
    corrupt_tables *tables = ir_calloc(1, sizeof *tables);
    pthread_mutex_init(&tables->lock, NULL);
    return tables;
}

void corrupt_tables_free(corrupt_tables *tables)
{
    for (int s = 0; s < IR_SEVERITIES; s++)
        free(tables->shot[s]);
    pthread_mutex_destroy(&tables->lock);
    free(tables);
}

static void fill_level(double mean, uint32_t *below, uint8_t *guide)
{
    double probability = exp(-mean), sum = 0;
    for (int k = 0; k < EVENTS; k++) {
        sum += probability;
        probability *= mean / (k + 1);
        double scaled = sum * 0x1p32;
        below[k] = scaled < UINT32_MAX ? (uint32_t)scaled : UINT32_MAX;
    }
    below[EVENTS - 1] = UINT32_MAX;
    int k = 0;
    for (int byte = 0; byte < 256; byte++) {
        while ((uint32_t)byte << 24 >= below[k])
            k++;
        guide[byte] = (uint8_t)k;
    }
}

static const shot_table *shot_table_of(corrupt_tables *tables, const corrupt_job *job)
{
    pthread_mutex_lock(&tables->lock);
    shot_table **slot = &tables->shot[job->severity - 1];
    if (!*slot) {
        *slot = ir_malloc(sizeof **slot);
        for (int level = 0; level < LEVELS; level++)
            fill_level(level / 255.0 * job->parameter[0], (*slot)->below[level],
                       (*slot)->guide[level]);
    }
    const shot_table *table = *slot;
    pthread_mutex_unlock(&tables->lock);
    return table;
}

static int draw(const shot_table *table, int level, uint32_t word)
{
    const uint32_t *below = table->below[level];
    int k = table->guide[level][word >> 24];
    while (k < EVENTS - 1 && word >= below[k])
        k++;
    return k;
}

/* A Poisson number of a mean below 1/4, by inversion. */
static int draw_small(double mean, uint32_t word)
{
    double u = word * 0x1p-32;
    if (u < 1 - mean) /* <= exp(-mean): nearly always */
        return 0;
    double probability = exp(-mean), sum = probability;
    int k = 0;
    while (u >= sum && k < EVENTS) {
        k++;
        probability *= mean / k;
        sum += probability;
    }
    return k;
}

/* Poisson(x c) / c */
void corrupt_shot_noise(ir_image *im, corrupt_job *job)
{
    const shot_table *table = shot_table_of(job->tables, job);
    size_t n = (size_t)im->width * im->height;
    unsigned maxval = im->maxval;
    float scale = (float)(maxval / job->parameter[0]);
    double remainder_mean = job->parameter[0] / 255 / maxval;
    uint32_t word[CHUNK], second[CHUNK];
    for (size_t i = 0; i < n; i += CHUNK) {
        uint16_t *pixel = im->pixel + i;
        random_words(&job->rng, word);
        if (maxval != 255)
            random_words(&job->rng, second);
        for (size_t j = 0; j < chunk_of(n - i); j++) {
            unsigned level = pixel[j] * 255u / maxval, left = pixel[j] * 255u % maxval;
            int events = draw(table, (int)level, word[j]);
            if (left)
                events += draw_small(left * remainder_mean, second[j]);
            pixel[j] = corrupt_sample(events * scale, maxval);
        }
    }
}
