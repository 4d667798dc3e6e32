/* Checkpoints from a shell: what tests/checkpoint.bats drives.
 *
 *   test-checkpoint copy KIND IN OUT   reads IN and writes it back ("-": standard input, output)
 *   test-checkpoint halve IN OUT       a detector, all of its arrays in half precision
 *   test-checkpoint list KIND IN       meta, then one line per array: name, dimensions, sum
 *   test-checkpoint make OUT           a new one: arrays of 1 to 4 dimensions, known values
 *   test-checkpoint infinite OUT       one with an infinite number, which must not be written
 *   test-checkpoint stall OUT          starts to write OUT, prints "ready", waits to be killed */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/output.h"
#include "checkpoint/checkpoint.h"

/* The same meta again: every line that the reader kept is in the copy. */
static void copy(const char *kind, const char *in, const char *out)
{
    ir_checkpoint *checkpoint = ir_checkpoint_read(in, kind);
    ir_checkpoint_write(checkpoint, strcmp(out, "-") == 0 ? NULL : out);
    ir_checkpoint_free(checkpoint);
}

static void halve(const char *in, const char *out)
{
    ir_checkpoint *checkpoint = ir_checkpoint_read(in, "detector");
    for (size_t i = 0; i < ir_checkpoint_count(checkpoint); i++)
        ir_checkpoint_at(checkpoint, i)->half = true;
    ir_checkpoint_write(checkpoint, out);
    ir_checkpoint_free(checkpoint);
}

static void list(const char *kind, const char *in)
{
    ir_checkpoint *checkpoint = ir_checkpoint_read(in, kind);
    printf("format %ld\n", ir_meta_number(checkpoint, "format", 1, 1));
    printf("step %ld\n", ir_meta_number(checkpoint, "step", 0, 1000));
    printf("mean %.9g\n", ir_meta_real(checkpoint, "mean", 0, 1));
    for (size_t i = 0; i < ir_checkpoint_count(checkpoint); i++) {
        const ir_array *array = ir_checkpoint_at(checkpoint, i);
        double sum = 0;
        printf("%s", array->name);
        for (int d = 0; d < array->ndim; d++)
            printf(" %d", array->dim[d]);
        for (size_t k = 0; k < ir_array_size(array); k++)
            sum += array->data[k];
        printf(" %.9g\n", sum);
    }
    ir_checkpoint_free(checkpoint);
}

/* Element k of the array made i-th is k + i / 8. */
static ir_checkpoint *sample(void)
{
    static const char *const name[] = {"state/mean", "param/conv.weight", "param/b", "adam/v/b",
                                       "adam/m/b"};
    static const int dim[] = {4, 3, 2, 5};
    ir_checkpoint *checkpoint = ir_checkpoint_new("detector");
    ir_meta_set(checkpoint, "step", "%d", 7);
    ir_meta_set(checkpoint, "mean", "%.9g", 0.25);
    ir_meta_set(checkpoint, "step", "%d", 12);
    for (int i = 0; i < 5; i++) {
        ir_array *array = ir_checkpoint_add(checkpoint, name[i], i % 4 + 1, dim);
        for (size_t k = 0; k < ir_array_size(array); k++)
            array->data[k] = (float)k + (float)i / 8;
    }
    return checkpoint;
}

static void make(const char *out)
{
    ir_checkpoint *checkpoint = sample();
    ir_checkpoint_write(checkpoint, out);
    ir_checkpoint_free(checkpoint);
}

static void infinite(const char *out)
{
    ir_checkpoint *checkpoint = sample();
    ir_checkpoint_find(checkpoint, "param/b")->data[1] = INFINITY;
    ir_checkpoint_write(checkpoint, out);
    ir_checkpoint_free(checkpoint);
}

static void stall(const char *path)
{
    ir_output out = ir_output_open(path);
    fputs("the beginning of a file\n", out.file);
    fflush(out.file);
    puts("ready");
    ir_flush(stdout, "standard output");
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    ir_start("test-checkpoint");
    if (argc == 5 && strcmp(argv[1], "copy") == 0)
        copy(argv[2], argv[3], argv[4]);
    else if (argc == 4 && strcmp(argv[1], "halve") == 0)
        halve(argv[2], argv[3]);
    else if (argc == 4 && strcmp(argv[1], "list") == 0)
        list(argv[2], argv[3]);
    else if (argc == 3 && strcmp(argv[1], "make") == 0)
        make(argv[2]);
    else if (argc == 3 && strcmp(argv[1], "infinite") == 0)
        infinite(argv[2]);
    else if (argc == 3 && strcmp(argv[1], "stall") == 0)
        stall(argv[2]);
    else
        ir_usage_die("wrong arguments");
    ir_flush(stdout, "standard output");
    return 0;
}
