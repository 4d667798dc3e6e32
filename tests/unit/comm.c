/* What the collectives of a group must bring: run by mpirun -n N test-comm. Says nothing where all
 * is well. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "comm/comm.h"

enum { NUMBERS = 1001, MOST = 16 };

static void expect(bool right, const char *what)
{
    if (!right)
        ir_die("%s", what);
}

/* What rank r has at place i: numbers whose sum depends on its order and its precision. */
static float number(int r, int i)
{
    return (float)((r % 2 ? -1e7 : 1e7) + i + 0.1 * r);
}

static float sum_without(int size, int i, int absent)
{
    double total = 0;
    for (int r = 0; r < size; r++)
        total += r == absent ? 0 : number(r, i);
    return (float)total;
}

/* The same of numbers in double precision. */
static double wide_number(int r, int i)
{
    return (r % 2 ? -1e17 : 1e17) + 100.0 * (i + r);
}

static double wide_sum_without(int size, int i, int absent)
{
    double total = 0;
    for (int r = 0; r < size; r++)
        total += r == absent ? 0 : wide_number(r, i);
    return total;
}

/* Two sums under way at once, and another collective between. */
static void test_sum(ir_comm *c, int absent)
{
    float x[NUMBERS], y[NUMBERS];
    double few[2] = {wide_number(c->rank, 0), wide_number(c->rank, 1)};
    for (int i = 0; i < NUMBERS; i++)
        y[NUMBERS - 1 - i] = x[i] = number(c->rank, i);
    ir_comm_set_absent(c, c->rank == absent);
    ir_comm_sum_start(c, x, NUMBERS);
    ir_comm_sum_few(c, few, 2);
    ir_comm_sum_start(c, y, NUMBERS);
    ir_comm_sum_finish(c);
    ir_comm_set_absent(c, false);
    for (int i = 0; i < NUMBERS; i++)
        expect(x[i] == sum_without(c->size, i, absent) && y[NUMBERS - 1 - i] == x[i],
               "a sum is not that in the order of the ranks");
    for (int i = 0; i < 2; i++)
        expect(few[i] == wide_sum_without(c->size, i, absent), "a sum of few is another");
    /* fewer numbers than ranks */
    x[0] = (float)c->rank;
    ir_comm_sum_start(c, x, 1);
    ir_comm_sum_finish(c);
    ir_comm_sum_finish(c); /* of none */
    expect(x[0] == (float)(c->size * (c->size - 1) / 2), "a sum of one number is another");
}

/* Rank r gets r blocks of two numbers, rank 0 none. */
static void test_scatter(ir_comm *c)
{
    int count[MOST], blocks = 0, first = 0;
    float all[MOST * MOST] = {0}, own[2 * MOST] = {0}, back[MOST * MOST] = {0};
    for (int r = 0; r < c->size; r++) {
        first += r < c->rank ? r : 0;
        blocks += count[r] = r;
    }
    for (int i = 0; i < 2 * blocks && c->rank == 0; i++)
        all[i] = (float)(100 + i);
    c->scatter(c, all, count, 2 * sizeof *all, own);
    for (int i = 0; i < 2 * count[c->rank]; i++)
        expect(own[i] == (float)(100 + 2 * first + i), "a block went to another rank");
    expect(own[2 * count[c->rank]] == 0, "more blocks came than were wanted");
    c->gather(c, own, count, 2 * sizeof *own, back);
    expect(memcmp(back, all, sizeof all) == 0, "what was gathered is not what was scattered");
}

static void test_all_gather(ir_comm *c)
{
    const int own = 7 * c->rank;
    const int *all = ir_comm_gather_all(c, &own, sizeof own);
    for (int r = 0; r < c->size; r++)
        expect(all[r] == 7 * r, "all-gather brought something else");
}

static void test_broadcast(ir_comm *c)
{
    const size_t size = 1 << 20;
    char *text = ir_calloc(size, 1);
    memset(text, c->rank == 0 ? 'x' : 'y', size);
    c->broadcast(c, text, size);
    expect(text[0] == 'x' && text[size - 1] == 'x', "a broadcast did not arrive");
    c->broadcast(c, NULL, 0);
    free(text);
}

int main(int argc, char **argv)
{
    ir_start(argv[0]);
    ir_comm_start();
    ir_comm *c = ir_comm_open();
    if (!c)
        ir_die("alone");
    expect(c->size <= MOST, "too many");
    for (int absent = -1; absent < c->size; absent++)
        test_sum(c, absent);
    test_scatter(c);
    test_all_gather(c);
    test_broadcast(c);
    ir_comm_agree(c, "the same");
    if (argc > 1)
        ir_comm_agree(c, c->rank == 1 ? "other" : "the same");
    ir_comm_close(c);
    return 0;
}
