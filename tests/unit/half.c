/* Half precision, for tests/half.bats to hold against NumPy's.
 *
 *   test-half widen    all 65,536 halves as floats, on standard output as they lie in memory
 *   test-half narrow   the floats on standard input as halves
 *   test-half time     milliseconds for a million numbers each way */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "checkpoint/half.h"

enum { HALVES = 1 << 16 };

static void widen(void)
{
    for (uint32_t i = 0; i < HALVES; i++) {
        const float value = ir_half_to_float((uint16_t)i);
        fwrite(&value, sizeof value, 1, stdout);
    }
}

static void narrow(void)
{
    float value;
    while (fread(&value, sizeof value, 1, stdin) == 1) {
        const uint16_t half = ir_half_from_float(value);
        fwrite(&half, sizeof half, 1, stdout);
    }
}

static void measure(void)
{
    enum { COUNT = 1000000 };
    float *value = ir_calloc(COUNT, sizeof *value);
    uint16_t *half = ir_calloc(COUNT, sizeof *half);
    double start = ir_seconds();

    for (int i = 0; i < COUNT; i++)
        value[i] = ir_half_to_float((uint16_t)(i * 7));
    printf("widen %.2f ms\n", 1e3 * (ir_seconds() - start));
    start = ir_seconds();
    for (int i = 0; i < COUNT; i++)
        half[i] = ir_half_from_float(value[i]);
    printf("narrow %.2f ms\n", 1e3 * (ir_seconds() - start));
    free(half);
    free(value);
}

int main(int argc, char **argv)
{
    ir_start("test-half");
    if (argc == 2 && strcmp(argv[1], "widen") == 0)
        widen();
    else if (argc == 2 && strcmp(argv[1], "narrow") == 0)
        narrow();
    else if (argc == 2 && strcmp(argv[1], "time") == 0)
        measure();
    else
        ir_usage_die("wrong arguments");
    ir_flush(stdout, "standard output");
    return 0;
}
