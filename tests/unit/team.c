/* The team by hand: what tests/team.bats drives.
 *
 *   test-team regions THREADS    regions of all sizes, nested ones, barriers; says how often each
 *                                thread number came
 *   test-team callers            regions of several callers at a time
 *   test-team waiting            processor seconds of waits for a thread that sleeps
 *   test-team beside             processor seconds of many small regions */
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"

enum { MOST = 16, REGIONS = 2000 };

static void run_regions(int threads)
{
    long count[MOST] = {0}, nested = 0;
    for (int r = 0; r < REGIONS; r++) {
        const int size = 1 + r % threads;
        omp_set_num_threads(size);
#pragma omp parallel reduction(+ : nested)
        {
            const int me = omp_get_thread_num();
            if (omp_get_num_threads() != size || omp_in_parallel() != (size > 1))
                ir_die("region %d: %d threads", r, omp_get_num_threads());
            count[me]++;
#pragma omp parallel
            nested += omp_get_num_threads() == 1 && omp_get_thread_num() == 0;
            if (omp_get_thread_num() != me)
                ir_die("region %d: thread %d is lost", r, me);
        }
    }
    for (int i = 0; i < threads; i++)
        printf("%ld ", count[i]);
    printf("nested %ld\n", nested);
}

/* Before a barrier each thread writes its cell, behind it it reads its neighbour's. */
static void pass_barriers(int threads)
{
    int cell[MOST] = {0}, wrong = 0;
    omp_set_num_threads(threads);
#pragma omp parallel reduction(+ : wrong)
    for (int turn = 1; turn <= REGIONS; turn++) {
        cell[omp_get_thread_num()] = turn;
#pragma omp barrier
        wrong += cell[(omp_get_thread_num() + 1) % threads] != turn;
#pragma omp barrier
    }
    printf("wrong %d\n", wrong);
}

static void *call(void *sum)
{
    for (int r = 0; r < REGIONS; r++) {
        atomic_int here = 0;
#pragma omp parallel
        atomic_fetch_add(&here, omp_get_thread_num() + 1);
        *(long *)sum += here;
    }
    return NULL;
}

static void run_callers(void)
{
    enum { CALLERS = 4 };
    pthread_t thread[CALLERS];
    long sum[CALLERS] = {0};
    omp_set_num_threads(3);
    for (int i = 0; i < CALLERS; i++)
        pthread_create(&thread[i], NULL, call, &sum[i]);
    for (int i = 0; i < CALLERS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < CALLERS; i++)
        printf("%ld\n", sum[i]);
}

/* A thread that sleeps stands for one that has no processor. */
static void wait_in_vain(void)
{
    enum { TURNS = 50 };
    omp_set_num_threads(2);
    for (int turn = 0; turn < TURNS; turn++)
#pragma omp parallel
        if (omp_get_thread_num() == turn % 2)
            usleep(20000);
}

static void run_beside(void)
{
    omp_set_num_threads(2);
    for (int r = 0; r < REGIONS; r++) {
#pragma omp parallel
        for (volatile int i = 0; i < 10000; i++)
            continue;
    }
}

static void print_used(void)
{
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    printf("%.4f\n", (double)used.tv_sec + 1e-9 * (double)used.tv_nsec);
}

int main(int argc, char **argv)
{
    ir_start(argv[0]);
    if (argc == 3 && strcmp(argv[1], "regions") == 0) {
        const int threads = (int)ir_number(argv[2], 1, MOST, "threads");
        run_regions(threads);
        pass_barriers(threads);
    } else if (argc == 2 && strcmp(argv[1], "callers") == 0) {
        run_callers();
    } else if (argc == 2 && strcmp(argv[1], "waiting") == 0) {
        wait_in_vain();
        print_used();
    } else if (argc == 2 && strcmp(argv[1], "beside") == 0) {
        run_beside();
        print_used();
    } else {
        ir_usage_die("wrong arguments");
    }
    ir_flush(stdout, "standard output");
    return 0;
}
