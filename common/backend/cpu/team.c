/* The threads of the CPU's parallel regions: what GCC's "#pragma omp parallel" and oneDNN call, and
 * no more of OpenMP than that.
 *
 * Two regions are some microseconds apart, and a thread that sleeps in between wakes up too late:
 * it has to spin. But one that spins while the thread it waits for has no processor keeps that
 * thread, or another program's, from its own. libgomp spins for as long as it was told before the
 * program began, so it is slow alone or slow beside others. Here a thread spins for as long as that
 * pays: half as long when it was in vain, a little longer when it was not. (Karlin, Li, Manasse,
 * Owicki, "Empirical studies of competitive spinning for a shared-memory multiprocessor", SOSP
 * 1991.)
 *
 * The names are libgomp's: what GCC compiled for it finds this in its place. What clang compiles
 * calls libomp by other names, and keeps all of it. A region within a region has one thread, as
 * there. */
#ifndef __clang__
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <math.h>
#include <omp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/base.h"

/* Seconds that a thread may spin at a time: when processors are there, and when they are short. */
#define LONG_SPIN  1e-3
#define SHORT_SPIN 2e-6
/* Processors are short for so many seconds after a thread lost one for so long; looked for so
 * often. */
#define SHORTAGE 50e-3
#define LOSS     2e-3
#define LOOK     2e-3

void GOMP_parallel(void (*run)(void *), void *data, unsigned threads, unsigned flags);
void GOMP_barrier(void);

/* ---- waiting --------------------------------------------------------------------------------- */

/* Opens again and again; who waits names the time that it has seen. */
typedef struct {
    atomic_uint time;
    atomic_uint sleepers;
} gate;

static void open_gate(gate *g)
{
    atomic_fetch_add(&g->time, 1);
    if (atomic_load(&g->sleepers) > 0)
        syscall(SYS_futex, &g->time, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

static void rest(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb");
#endif
}

/* True when the gate opened within so many seconds of start. */
static bool spin(gate *g, unsigned seen, double start, double seconds)
{
    enum { TURNS = 16 }; /* between looks at the clock */

    do {
        for (int i = 0; i < TURNS; i++) {
            if (atomic_load(&g->time) != seen)
                return true;
            rest();
        }
    } while (ir_seconds() - start < seconds);
    return false;
}

/* True when it opened within so many turns. */
static bool spin_turns(gate *g, unsigned seen, long long turns)
{
    for (; turns > 0 && atomic_load(&g->time) == seen; turns--)
        rest();
    return atomic_load(&g->time) != seen;
}

static void sleep_at(gate *g, unsigned seen)
{
    atomic_fetch_add(&g->sleepers, 1);
    while (atomic_load(&g->time) == seen)
        syscall(SYS_futex, &g->time, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
    atomic_fetch_sub(&g->sleepers, 1);
}

/* ---- the team -------------------------------------------------------------------------------- */

static struct {
    pthread_mutex_t region; /* held by who runs one */
    int wanted;             /* threads of a region; 0: not said yet */
    int threads;            /* there are, the caller's not counted */
    bool told;              /* by the environment, how long to spin: */
    long long turns;
    _Atomic double short_until; /* when processors may be there again */
    gate begin, end, barrier;
    atomic_int busy;    /* threads that have not left the region */
    atomic_int arrived; /* at the barrier */
    void (*run)(void *);
    void *data;
    int size;
} team = {.region = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local struct {
    bool inside; /* a region */
    int number, size;
    double looked, used, slept; /* seconds: when, on a processor until then, in sleep since then */
    long ousted;                /* how often until then */
} self = {.size = 1};

/* Whether others had this thread's processor, for long, since it last looked. */
static void look(double now)
{
    struct rusage usage;
    double used;
    getrusage(RUSAGE_THREAD, &usage);
    used = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    if (usage.ru_nivcsw > self.ousted && now - self.looked - (used - self.used) - self.slept > LOSS)
        atomic_store(&team.short_until, now + SHORTAGE);
    self.looked = now;
    self.used = used;
    self.slept = 0;
    self.ousted = usage.ru_nivcsw;
}

static void wait_by_trial(gate *g, unsigned seen)
{
    double now = ir_seconds();
    if (now - self.looked > LOOK)
        look(now);
    if (spin(g, seen, now, now < atomic_load(&team.short_until) ? SHORT_SPIN : LONG_SPIN))
        return;
    now = ir_seconds();
    sleep_at(g, seen);
    self.slept += ir_seconds() - now;
}

static void wait_at(gate *g, unsigned seen)
{
    if (!team.told)
        wait_by_trial(g, seen);
    else if (!spin_turns(g, seen, team.turns))
        sleep_at(g, seen);
}

static void enter(int number, int size)
{
    self.inside = true;
    self.number = number;
    self.size = size;
    team.run(team.data);
    self.inside = false;
    self.number = 0;
    self.size = 1;
}

typedef struct {
    int number;
    unsigned seen; /* of team.begin */
} birth;

static void *work(void *argument)
{
    const birth born = *(birth *)argument;
    free(argument);
    for (unsigned seen = born.seen;; seen++) {
        wait_at(&team.begin, seen);
        if (born.number < team.size)
            enter(born.number, team.size);
        if (atomic_fetch_sub(&team.busy, 1) == 1)
            open_gate(&team.end);
    }
    return NULL;
}

static void tell(long long turns)
{
    team.told = true;
    team.turns = turns;
}

/* What libgomp would be told: GOMP_SPINCOUNT comes before OMP_WAIT_POLICY. */
static void ask_environment(void)
{
    const char *policy = getenv("OMP_WAIT_POLICY"), *count = getenv("GOMP_SPINCOUNT");
    char *end;
    if (count && isdigit((unsigned char)*count)) {
        const long long turns = strtoll(count, &end, 10);
        if (*end == '\0')
            tell(turns);
    } else if (count && strncasecmp(count, "infinit", strlen("infinit")) == 0) {
        tell(LLONG_MAX);
    }
    if (!team.told && policy && strcasecmp(policy, "active") == 0)
        tell(LLONG_MAX);
    if (!team.told && policy && strcasecmp(policy, "passive") == 0)
        tell(0);
}

static void start_threads(int threads)
{
    pthread_t thread;
    if (team.threads == 0) /* later ones read the answer as they wait */
        ask_environment();
    if (threads + 1 > ir_default_threads())
        atomic_store(&team.short_until, HUGE_VAL);
    for (; team.threads < threads; team.threads++) {
        birth *born = ir_malloc(sizeof *born);
        *born = (birth){team.threads + 1, atomic_load(&team.begin.time)};
        errno = pthread_create(&thread, NULL, work, born);
        if (errno)
            ir_die_errno("cannot start a thread");
        pthread_detach(thread);
    }
}

static void run_together(void (*run)(void *), void *data, int size)
{
    const unsigned ended = atomic_load(&team.end.time);
    if (team.threads < size - 1)
        start_threads(size - 1);
    team.run = run;
    team.data = data;
    team.size = size;
    atomic_store(&team.busy, team.threads);
    open_gate(&team.begin);
    enter(0, size);
    wait_at(&team.end, ended);
}

/* ---- what others call ------------------------------------------------------------------------ */

/* One thread, in a region of its own. */
static void run_alone(void (*run)(void *), void *data)
{
    const bool inside = self.inside;
    const int number = self.number, size = self.size;
    self.inside = true;
    self.number = 0;
    self.size = 1;
    run(data);
    self.inside = inside;
    self.number = number;
    self.size = size;
}

void GOMP_parallel(void (*run)(void *), void *data, unsigned threads, unsigned flags)
{
    const int size = threads > 0 ? (int)threads : omp_get_max_threads();
    (void)flags;
    if (self.inside || size == 1) {
        run_alone(run, data);
        return;
    }
    pthread_mutex_lock(&team.region);
    run_together(run, data, size);
    pthread_mutex_unlock(&team.region);
}

void GOMP_barrier(void)
{
    const unsigned seen = atomic_load(&team.barrier.time);
    if (self.size == 1)
        return;
    if (atomic_fetch_add(&team.arrived, 1) == self.size - 1) {
        atomic_store(&team.arrived, 0);
        open_gate(&team.barrier);
    } else {
        wait_at(&team.barrier, seen);
    }
}

void omp_set_dynamic(int dynamic)
{
    (void)dynamic; /* never: the number of threads shapes the last bits */
}

void omp_set_num_threads(int threads)
{
    team.wanted = threads;
}

int omp_get_max_threads(void)
{
    return team.wanted > 0 ? team.wanted : ir_default_threads();
}

int omp_get_num_threads(void)
{
    return self.size;
}

int omp_get_thread_num(void)
{
    return self.number;
}

int omp_in_parallel(void)
{
    return self.inside && self.size > 1;
}
#endif
