/* What the air, the optics and automatic gain do: vignette, haze, glare, agc. x is a sample divided
 * by maxval, u a uniform number in [0, 1). */
#include "corrupt.h"

#include <math.h>
#include <string.h>

/* What becomes of a row: pixel = pixel gain[x] + offset[x], in units of samples. */
static void scale_row(uint16_t *pixel, const float *gain, const float *offset, int width,
                      float maxval)
{
    for (int x = 0; x < width; x++)
        pixel[x] = corrupt_sample(pixel[x] * gain[x] + offset[x], maxval);
}

/* Room for a gain and an offset of each pixel of a row. */
static float *row_buffer(const ir_image *im, corrupt_job *job)
{
    return corrupt_buffer(job->scratch, 2 * (size_t)im->width);
}

/* x (1 - g r^2) + o r^2, r the distance from the optical centre in half diagonals: the optics lose
 * light towards the corners (Zheng, Lin, Kang, "Single-image vignetting correction", CVPR 2006) and
 * the camera's own warm housing shines in there. The centre is off the frame's middle by up to a
 * tenth of its sides: (u - 0.5) / 5, across first. */
void corrupt_vignette(ir_image *im, corrupt_job *job)
{
    const double lost = job->parameter[0], gained = job->parameter[1] * im->maxval;
    const double across = (0.5 + (ir_rng_uniform(&job->rng) - 0.5) / 5) * im->width - 0.5;
    const double down = (0.5 + (ir_rng_uniform(&job->rng) - 0.5) / 5) * im->height - 0.5;
    const double scale = 4 / ((double)im->width * im->width + (double)im->height * im->height);
    float *gain = row_buffer(im, job), *offset = gain + im->width;
    for (int y = 0; y < im->height; y++) {
        for (int x = 0; x < im->width; x++) {
            const double rr = scale * ((x - across) * (x - across) + (y - down) * (y - down));
            gain[x] = (float)(1 - lost * rr > 0 ? 1 - lost * rr : 0);
            offset[x] = (float)(gained * rr);
        }
        scale_row(im->pixel + (size_t)y * im->width, gain, offset, im->width, im->maxval);
    }
}

/* ---- haze -------------------------------------------------------------------------------------*/

/* A wave over the frame: fewer than one period along each side, so it is smooth. */
typedef struct {
    double across, down, phase; /* periods per side, periods */
} wave;

static wave draw_wave(ir_rng *rng)
{
    wave w = {.across = 2 * ir_rng_uniform(rng) - 1};
    w.down = 2 * ir_rng_uniform(rng) - 1;
    w.phase = ir_rng_uniform(rng);
    return w;
}

static double wave_at(const wave *w, double x, double y)
{
    return cos(2 * M_PI * (w->across * x + w->down * y + w->phase));
}

static double mean_of(const ir_image *im)
{
    const size_t n = (size_t)im->width * im->height;
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += im->pixel[i];
    return (double)sum / (double)n;
}

/* x t + mean (1 - t), t = exp(-c d): what the air takes away of the scene it puts there of its own
 * (Koschmieder's law; Narasimhan and Nayar, "Vision and the atmosphere", IJCV 2002). The depth d is
 * 1/2 + (two waves) / 4, from 0 to 1; its light is the frame's mean. */
void corrupt_haze(ir_image *im, corrupt_job *job)
{
    const double mean = mean_of(im), c = job->parameter[0];
    const wave a = draw_wave(&job->rng), b = draw_wave(&job->rng);
    float *through = row_buffer(im, job), *light = through + im->width;
    for (int y = 0; y < im->height; y++) {
        for (int x = 0; x < im->width; x++) {
            const double along = (double)x / im->width, down = (double)y / im->height;
            const double d = 0.5 + (wave_at(&a, along, down) + wave_at(&b, along, down)) / 4;
            const double t = exp(-c * d);
            through[x] = (float)t;
            light[x] = (float)(mean * (1 - t));
        }
        scale_row(im->pixel + (size_t)y * im->width, through, light, im->width, im->maxval);
    }
}

/* x + c exp(-r^2 / (2 sigma^2)) about a point of the frame: the sun or a flare, overexposed, and
 * the light that it scatters in the lens (veiling glare: ISO 9358). sigma is in geometric means of
 * the frame's sides; the point is drawn across first. */
void corrupt_glare(ir_image *im, corrupt_job *job)
{
    const double c = job->parameter[0] * im->maxval;
    const double across = ir_rng_uniform(&job->rng) * im->width - 0.5;
    const double down = ir_rng_uniform(&job->rng) * im->height - 0.5;
    const double side = job->parameter[1] * sqrt((double)im->width * im->height);
    float *one = row_buffer(im, job), *light = one + im->width;
    for (int x = 0; x < im->width; x++)
        one[x] = 1;
    for (int y = 0; y < im->height; y++) {
        const double dy = (y - down) / side;

        for (int x = 0; x < im->width; x++) {
            const double dx = (x - across) / side;
            light[x] = (float)(c * exp(-0.5 * (dx * dx + dy * dy)));
        }
        scale_row(im->pixel + (size_t)y * im->width, one, light, im->width, im->maxval);
    }
}

/* ---- automatic gain ---------------------------------------------------------------------------*/

/* The samples that the display's range begins and ends at: beyond either lies the share p of the
 * pixels at most. */
static void range_of(const ir_image *im, double p, uint32_t *histogram, int *low, int *high)
{
    const size_t n = (size_t)im->width * im->height;
    const double clipped = p * (double)n;
    size_t below = 0, above = 0;
    memset(histogram, 0, ((size_t)im->maxval + 1) * sizeof *histogram);
    for (size_t i = 0; i < n; i++)
        histogram[im->pixel[i]]++;
    for (*low = 0; (double)(below += histogram[*low]) <= clipped;)
        ++*low;
    for (*high = im->maxval; (double)(above += histogram[*high]) <= clipped;)
        --*high;
}

/* (x - low) / (high - low), clipped, in 2^b levels: a camera that stretches what it sees and sends
 * few bits (Vickers, "Plateau equalization algorithm for real-time display of high-quality infrared
 * imagery", Optical Engineering 35, 1996, compares such ways). low and high leave the share p out
 * at either end; a frame of one value keeps it. */
void corrupt_agc(ir_image *im, corrupt_job *job)
{
    const size_t n = (size_t)im->width * im->height;
    const double steps = (1 << (int)job->parameter[1]) - 1;
    uint32_t *histogram = (void *)corrupt_buffer(job->scratch, 2 * ((size_t)im->maxval + 1));
    uint16_t *shown = (void *)(histogram + im->maxval + 1);
    int low, high;
    range_of(im, job->parameter[0], histogram, &low, &high);
    if (low >= high) {
        low = 0;
        high = im->maxval;
    }
    for (int v = 0; v <= im->maxval; v++) {
        double z = (double)(v - low) / (high - low);
        z = z > 0 ? z < 1 ? z : 1 : 0;
        shown[v] = (uint16_t)(floor(z * steps + 0.5) / steps * im->maxval + 0.5);
    }
    for (size_t i = 0; i < n; i++)
        im->pixel[i] = shown[im->pixel[i]];
}
