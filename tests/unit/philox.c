/* Philox against its published answers, its streams and its distributions.
 *
 *   test-philox known         the blocks of three published counters and keys
 *   test-philox statistics    "NAME VALUE LOW HIGH" lines; exit 1 when a value is out of bounds
 *   test-philox draw SEED PURPOSE ITEM OCCURRENCE    eight words of that stream
 *
 * Bounds are 4.5 standard errors of the estimate, from the distribution's exact moments: the seeds
 * are fixed, so a right generator passes always and one that is off by a few per mille fails. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/philox.h"

static int failures;

static void check(const char *name, double value, double expected, double standard_error)
{
    double low = expected - 4.5 * standard_error, high = expected + 4.5 * standard_error;
    bool good = value >= low && value <= high;
    printf("%s %.6g %.6g %.6g%s\n", name, value, low, high, good ? "" : " OUT OF BOUNDS");
    failures += !good;
}

static void known(void)
{
    static const uint32_t counter[3][4] = {
        {0, 0, 0, 0},
        {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
        {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
    };
    static const uint32_t key[3][2] = {{0, 0}, {0xffffffff, 0xffffffff}, {0xa4093822, 0x299f31d0}};
    for (int i = 0; i < 3; i++) {
        uint32_t block[4];
        memcpy(block, counter[i], sizeof block);
        ir_philox4x32(block, key[i]);
        printf("%08x %08x %08x %08x\n", block[0], block[1], block[2], block[3]);
    }
}

static void uniform(void)
{
    enum { DRAWS = 1 << 20, BINS = 64 };
    ir_rng rng = ir_rng_make(1, "uniform", "x", 0);
    double sum = 0, squares = 0, lagged = 0, before = 0, low_bits = 0;
    long bin[BINS] = {0}, outside = 0;
    for (int i = 0; i < DRAWS; i++) {
        double u = ir_rng_uniform(&rng);
        sum += u;
        squares += u * u;
        lagged += (u - 0.5) * before;
        before = u - 0.5;
        low_bits += fmod(u * 0x1p45, 1); /* the lowest 8 of the 53 bits */
        outside += u < 0 || u >= 1;
        bin[(int)(u * BINS) & (BINS - 1)]++;
    }
    double chi = 0, expected = (double)DRAWS / BINS;
    for (int i = 0; i < BINS; i++)
        chi += ((double)bin[i] - expected) * ((double)bin[i] - expected) / expected;
    check("uniform-mean", sum / DRAWS, 0.5, sqrt(1 / 12.0 / DRAWS));
    check("uniform-square", squares / DRAWS, 1 / 3.0, sqrt(4 / 45.0 / DRAWS));
    check("uniform-lag", lagged / DRAWS, 0, 1 / 12.0 / sqrt(DRAWS));
    check("uniform-chi-square", chi, BINS - 1, sqrt(2.0 * (BINS - 1)));
    check("uniform-low-bits", low_bits / DRAWS, 0.5 - 0x1p-9, sqrt(1 / 12.0 / DRAWS));
    check("uniform-outside", (double)outside, 0, 0);
}

static void below(void)
{
    enum { DRAWS = 700000 };
    ir_rng rng = ir_rng_make(1, "below", "x", 0);
    long count[7] = {0};
    for (int i = 0; i < DRAWS; i++)
        count[ir_rng_below(&rng, 7)]++;
    double chi = 0;
    for (int i = 0; i < 7; i++)
        chi += (double)(count[i] - DRAWS / 7) * (double)(count[i] - DRAWS / 7) / (DRAWS / 7);
    check("below-chi-square", chi, 6, sqrt(12));

    /* 2^32 is 4/3 of n: without rejection every third number comes twice as often as the others. */
    const uint32_t n = 0xC0000000;
    long third = 0;
    for (int i = 0; i < DRAWS; i++)
        third += ir_rng_below(&rng, n) % 3 == 0;
    check("below-unbiased", (double)third / DRAWS, 1 / 3.0, sqrt(2 / 9.0 / DRAWS));
}

static void normal(void)
{
    enum { DRAWS = 1 << 20 };
    ir_rng rng = ir_rng_make(1, "normal", "x", 0);
    double sum = 0, squares = 0, cubes = 0, fourths = 0, pairs = 0, before = 0;
    long beyond = 0;
    for (int i = 0; i < DRAWS; i++) {
        double z = ir_rng_normal(&rng);
        sum += z;
        squares += z * z;
        cubes += z * z * z;
        fourths += z * z * z * z;
        pairs += z * before;
        before = z;
        beyond += fabs(z) > 3;
    }
    double tail = erfc(3 / sqrt(2));
    check("normal-mean", sum / DRAWS, 0, 1 / sqrt(DRAWS));
    check("normal-variance", squares / DRAWS, 1, sqrt(2.0 / DRAWS));
    check("normal-third", cubes / DRAWS, 0, sqrt(15.0 / DRAWS));
    check("normal-fourth", fourths / DRAWS, 3, sqrt(96.0 / DRAWS));
    check("normal-pairs", pairs / DRAWS, 0, 1 / sqrt(DRAWS));
    check("normal-beyond-3", (double)beyond / DRAWS, tail, sqrt(tail / DRAWS));
}

/* Mean, variance, and chi-square over the values around the mean. */
static void poisson(double mean)
{
    enum { DRAWS = 400000, MOST = 4096 };
    static long count[MOST];
    char item[32], name[64];
    snprintf(item, sizeof item, "%g", mean);
    ir_rng rng = ir_rng_make(1, "poisson", item, 0);
    memset(count, 0, sizeof count);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        long k = ir_rng_poisson(&rng, mean);
        sum += (double)k;
        squares += ((double)k - mean) * ((double)k - mean);
        count[k < 0 ? 0 : k >= MOST ? MOST - 1 : k]++;
    }
    snprintf(name, sizeof name, "poisson-%g-mean", mean);
    check(name, sum / DRAWS, mean, sqrt(mean / DRAWS));
    snprintf(name, sizeof name, "poisson-%g-variance", mean);
    check(name, squares / DRAWS, mean, sqrt((mean + 2 * mean * mean) / DRAWS));

    double chi = 0;
    int bins = 0;
    for (int k = 0; k < MOST; k++) {
        double expected = DRAWS * exp(k * log(mean) - mean - lgamma(k + 1));
        if (expected < 25)
            continue;
        chi += ((double)count[k] - expected) * ((double)count[k] - expected) / expected;
        bins++;
    }
    snprintf(name, sizeof name, "poisson-%g-chi-square", mean);
    check(name, chi, bins, sqrt(2.0 * bins));
}

/* Mean and variance only, where counts of single values say little. */
static void poisson_large(void)
{
    enum { DRAWS = 100000 };
    const double mean = 1e6;
    ir_rng rng = ir_rng_make(1, "poisson", "large", 0);
    double sum = 0, squares = 0;
    for (int i = 0; i < DRAWS; i++) {
        double k = (double)ir_rng_poisson(&rng, mean);
        sum += k;
        squares += (k - mean) * (k - mean);
    }
    check("poisson-1e6-mean", sum / DRAWS, mean, sqrt(mean / DRAWS));
    check("poisson-1e6-variance", squares / DRAWS, mean, mean * sqrt(2.0 / DRAWS));
    check("poisson-zero", (double)ir_rng_poisson(&rng, 0), 0, 0);
}

/* Where element 0 of five goes is uniform, and every order is a permutation. */
static void permutation(void)
{
    enum { DRAWS = 100000, N = 5 };
    ir_rng rng = ir_rng_make(1, "permutation", "x", 0);
    long place[N][N] = {{0}}, wrong = 0;
    for (int i = 0; i < DRAWS; i++) {
        size_t order[N], seen = 0;
        ir_rng_permutation(&rng, N, order);
        for (size_t k = 0; k < N; k++) {
            seen |= (size_t)1 << order[k];
            place[k][order[k] % N]++;
        }
        wrong += seen != (1 << N) - 1;
    }
    double chi = 0, expected = (double)DRAWS / N;
    for (int k = 0; k < N; k++)
        for (int v = 0; v < N; v++)
            chi += ((double)place[k][v] - expected) * ((double)place[k][v] - expected) / expected;
    check("permutation-wrong", (double)wrong, 0, 0);
    /* (N - 1)^2 degrees of freedom, scaled by N / (N - 1) for a doubly constrained table */
    check("permutation-chi-square", chi * (N - 1) / N, (N - 1) * (N - 1),
          sqrt(2.0 * (N - 1) * (N - 1)));
}

/* Streams that differ in one part of their key are not correlated. */
static void independence(void)
{
    enum { DRAWS = 1 << 16 };
    static const struct {
        uint64_t seed;
        const char *purpose, *item;
        uint64_t occurrence;
    } other[] = {{2, "p", "a", 0}, {1, "q", "a", 0}, {1, "p", "b", 0}, {1, "p", "a", 1}};
    for (int o = 0; o < 4; o++) {
        ir_rng x = ir_rng_make(1, "p", "a", 0);
        ir_rng y = ir_rng_make(other[o].seed, other[o].purpose, other[o].item, other[o].occurrence);
        double sum = 0;
        for (int i = 0; i < DRAWS; i++)
            sum += (ir_rng_uniform(&x) - 0.5) * (ir_rng_uniform(&y) - 0.5);
        check("independence", sum / DRAWS, 0, 1 / 12.0 / sqrt(DRAWS));
    }
}

static void statistics(void)
{
    uniform();
    below();
    normal();
    const double means[] = {0.01, 0.5, 3, 9.99, 10, 12.5, 60, 500};
    for (int i = 0; i < 8; i++)
        poisson(means[i]);
    poisson_large();
    permutation();
    independence();
}

int main(int argc, char **argv)
{
    ir_start(argv[0]);
    if (argc == 2 && strcmp(argv[1], "known") == 0) {
        known();
    } else if (argc == 2 && strcmp(argv[1], "statistics") == 0) {
        statistics();
    } else if (argc == 6 && strcmp(argv[1], "draw") == 0) {
        ir_rng rng = ir_rng_make(ir_seed(argv[2]), argv[3], argv[4], ir_seed(argv[5]));
        for (int i = 0; i < 8; i++)
            printf("%08x%c", ir_rng_u32(&rng), i < 7 ? ' ' : '\n');
    } else {
        ir_usage_die("wrong arguments");
    }
    ir_flush(stdout, "standard output");
    return failures > 0;
}
