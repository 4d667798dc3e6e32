/* Image streams and records by hand: what tests/stream.bats drives.
 *
 *   test-stream show MAXVAL OPERAND...        one line per image: name, width, height, maxval, sum,
 *                                             samples (of small images). MAXVAL 0: the file's
 *   test-stream count OPERAND...              ir_stream_count()
 *   test-stream twice OPERAND...              the names, twice over
 *   test-stream shuffle OPERAND...            the names backwards, by ir_stream_set_order()
 *   test-stream match OPERAND...              one line per set of images: names and sums
 *   test-stream rematch OPERAND...            as match, twice: in order, then backwards
 *   test-stream sizes OPERAND OPERAND         match, sizes compared
 *   test-stream put DIR OPERAND...            a copy of the stream; DIR "-": standard output
 *   test-stream nearest WIDTH HEIGHT OPERAND  scaled masks on standard output
 *   test-stream strategies|rewards FILE [NAME...]  records; with names, the ones expected
 *   test-stream target                        one target record
 *   test-stream severities TEXT               the levels, and the level of severity 3 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "stream/record.h"
#include "stream/stream.h"

static unsigned long sum(const ir_image *im)
{
    unsigned long total = 0;
    for (int i = 0; i < im->width * im->height; i++)
        total += im->pixel[i];
    return total;
}

static void print_image(const ir_image *im)
{
    printf("%s %d %d %d %lu", im->name, im->width, im->height, im->maxval, sum(im));
    for (int i = 0; i < im->width * im->height && im->width * im->height <= 64; i++)
        printf("%s%d", i ? " " : " : ", im->pixel[i]);
    putchar('\n');
}

static void print_names(ir_stream *stream)
{
    ir_image im = {0};
    while (ir_stream_next(stream, &im))
        puts(im.name);
    ir_image_free(&im);
}

static size_t *backwards(long count)
{
    size_t n = count < 0 ? 0 : (size_t)count, *order = ir_malloc(n * sizeof *order);
    for (size_t i = 0; i < n; i++)
        order[i] = n - 1 - i;
    return order;
}

static void show(int maxval, int operands, char **operand)
{
    ir_stream *stream = ir_stream_open(operands, operand);
    ir_image im = {0};
    ir_stream_set_maxval(stream, maxval);
    while (ir_stream_next(stream, &im)) {
        print_image(&im);
        ir_flush(stdout, "standard output");
    }
    ir_image_free(&im);
    ir_stream_close(stream);
}

static void again(bool shuffle, int operands, char **operand)
{
    ir_stream *stream = ir_stream_open(operands, operand);
    if (shuffle) {
        size_t *order = backwards(ir_stream_count(stream));
        ir_stream_set_order(stream, order);
        free(order);
    } else {
        print_names(stream);
    }
    ir_stream_rewind(stream);
    print_names(stream);
    ir_stream_close(stream);
}

static void print_matches(ir_matched *matched, int streams, bool sizes)
{
    ir_image *im = ir_calloc((size_t)streams, sizeof *im);
    while (ir_matched_next(matched, im)) {
        for (int s = 0; s < streams; s++) {
            if (sizes && s > 0)
                ir_check_same_size(&im[0], &im[s], "the mask", NULL);
            printf("%s%s:%lu", s ? " " : "", im[s].name, sum(&im[s]));
        }
        putchar('\n');
    }
    for (int s = 0; s < streams; s++)
        ir_image_free(&im[s]);
    free(im);
}

static void match(const char *job, int operands, char **operand)
{
    ir_matched *matched = ir_matched_open(operands, operand);
    print_matches(matched, operands, strcmp(job, "sizes") == 0);
    if (strcmp(job, "rematch") == 0) {
        size_t *order = backwards(ir_matched_count(matched));
        ir_matched_set_order(matched, order);
        ir_matched_rewind(matched);
        print_matches(matched, operands, false);
        free(order);
    }
    ir_matched_close(matched);
}

static void put(const char *directory, int operands, char **operand)
{
    ir_stream *stream = ir_stream_open(operands, operand);
    ir_sink *sink =
        ir_sink_open(strcmp(directory, "-") == 0 ? NULL : directory, NULL, stream, "pgm");
    ir_image im = {0}, copy = {0};
    while (ir_stream_next(stream, &im)) {
        ir_image_copy(&copy, &im);
        ir_sink_put(sink, &copy);
    }
    ir_image_free(&im);
    ir_image_free(&copy);
    ir_sink_close(sink);
    ir_stream_close(stream);
}

static void nearest(const char *width, const char *height, char **operand)
{
    ir_stream *stream = ir_stream_open(1, operand);
    ir_image im = {0};
    while (ir_stream_next(stream, &im)) {
        ir_image_scale_nearest(&im, (int)ir_number(width, 1, IR_MAX_SIDE, "width"),
                               (int)ir_number(height, 1, IR_MAX_SIDE, "height"));
        print_image(&im);
    }
    ir_image_free(&im);
    ir_stream_close(stream);
}

static void strategies(const char *path, int names, char **name)
{
    ir_records *records = ir_records_open(path);
    ir_strategy strategy;
    for (int i = 0; i < names; i++) {
        ir_strategy_expect(records, name[i], &strategy);
        ir_strategy_write(stdout, &strategy);
    }
    while (names == 0 && ir_strategy_read(records, &strategy))
        ir_strategy_write(stdout, &strategy);
    printf("# %s\n", ir_records_where(records));
    ir_records_close(records);
}

static void rewards(const char *path, int names, char **name)
{
    ir_records *records = ir_records_open(path);
    ir_reward reward;
    for (int i = 0; i < names; i++) {
        ir_reward_expect(records, name[i], &reward);
        ir_reward_write(stdout, &reward);
    }
    while (names == 0 && ir_reward_read(records, &reward))
        ir_reward_write(stdout, &reward);
    printf("# %s\n", ir_records_where(records));
    ir_records_close(records);
}

static void severities(const char *text)
{
    ir_severities s = ir_severities_parse(text);
    printf("%d %d %d %d\n", s.level[0], s.level[1], s.level[2], ir_severities_level(&s, 3));
}

static void count(int operands, char **operand)
{
    ir_stream *stream = ir_stream_open(operands, operand);
    printf("%ld\n", ir_stream_count(stream));
    ir_stream_close(stream);
}

static void run(const char *job, int n, char **argument)
{
    const ir_target target = {1.5, 2.25, 1, 2, 3, 4, 12, 0.1};
    if (strcmp(job, "show") == 0 && n >= 1)
        show((int)ir_number(argument[0], 0, 65535, "maxval"), n - 1, argument + 1);
    else if (strcmp(job, "count") == 0)
        count(n, argument);
    else if (strcmp(job, "twice") == 0 || strcmp(job, "shuffle") == 0)
        again(strcmp(job, "shuffle") == 0, n, argument);
    else if (strcmp(job, "match") == 0 || strcmp(job, "rematch") == 0 || strcmp(job, "sizes") == 0)
        match(job, n, argument);
    else if (strcmp(job, "put") == 0 && n >= 1)
        put(argument[0], n - 1, argument + 1);
    else if (strcmp(job, "nearest") == 0 && n == 3)
        nearest(argument[0], argument[1], argument + 2);
    else if (strcmp(job, "strategies") == 0 && n >= 1)
        strategies(argument[0], n - 1, argument + 1);
    else if (strcmp(job, "rewards") == 0 && n >= 1)
        rewards(argument[0], n - 1, argument + 1);
    else if (strcmp(job, "target") == 0)
        ir_target_write(stdout, "a", &target);
    else if (strcmp(job, "severities") == 0 && n == 1)
        severities(argument[0]);
    else
        ir_usage_die("wrong arguments");
}

int main(int argc, char **argv)
{
    ir_start(argv[0]);
    run(argc > 1 ? argv[1] : "", argc - 2, argv + 2);
    ir_flush(stdout, "standard output");
    return 0;
}
