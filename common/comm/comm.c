/* Who was started by a launcher of MPI, loading the plug-in, and what is made of its collectives.
 */
#include "comm/comm.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "base/plugin.h"
#include "comm/plugin.h"

/* ---- what the launcher said ------------------------------------------------------------------
 *
 * Open MPI's mpirun sets the first of each; MPICH's, and Slurm's srun --mpi=pmi2, the second; srun
 * --mpi=pmix sets PMIX_RANK, and how many there are is known to Slurm. A batch script of Slurm has
 * its variables too, but no rank. */

static const char *const rank_names[] = {"OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK", NULL};
static const char *const size_names[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS",
                                         "SLURM_NTASKS", NULL};

/* The first of these variables that is a number; -1 where there is none. */
static int told(const char *const *names)
{
    for (; *names; names++) {
        const char *text = getenv(*names);
        if (text && *text >= '0' && *text <= '9')
            return atoi(text);
    }
    return -1;
}

int ir_comm_told_rank(void)
{
    return told(size_names) == 1 ? -1 : told(rank_names);
}

/* The others of those that may fail alike speak after each other. */
static void let_the_first_speak(void)
{
    const long rank = ir_comm_told_rank(), milliseconds = 2000 + 100 * (rank < 30 ? rank : 30);
    const struct timespec wait = {milliseconds / 1000, milliseconds % 1000 * 1000000};
    nanosleep(&wait, NULL);
}

void ir_comm_start(void)
{
    if (ir_comm_told_rank() <= 0)
        return;
    ir_when_dying(let_the_first_speak, NULL);
    if (!freopen("/dev/null", "w", stdout))
        ir_die_errno("/dev/null");
}

/* ---- opening ------------------------------------------------------------------------------- */

static ir_comm *group; /* that of this process */

static void end_group(int status)
{
    group->abort(group, status);
}

static const char *host(void)
{
    static char name[64];
    if (gethostname(name, sizeof name - 1) != 0)
        return "a host without a name";
    return name;
}

static void *open_library(void)
{
    char *why;
    void *library = ir_plugin_open(IR_MPI_PLUGIN, &why);
    if (!library)
        ir_die("rank %d on %s: %s; without it, start one process", ir_comm_told_rank(), host(),
               why ? why : "there is no " IR_MPI_PLUGIN " beside the program");
    const uint64_t *built = dlsym(library, IR_MPI_BUILT);
    if (!built || *built != IR_COMM_INTERFACE)
        ir_die("rank %d on %s: %s is of another version than this program: install both again",
               ir_comm_told_rank(), host(), IR_MPI_PLUGIN);
    return library;
}

ir_comm *ir_comm_open(void)
{
    ir_mpi_open *open_group;
    if (ir_comm_told_rank() < 0)
        return NULL;
    *(void **)&open_group = dlsym(open_library(), IR_MPI_OPEN);
    if (!open_group)
        ir_die("%s: %s", IR_MPI_PLUGIN, dlerror());
    ir_comm *c = open_group();
    const int size = told(size_names);
    if (size > 0 && c->size != size)
        ir_die("%s is for %s, and the launcher of another MPI started these %d processes",
               IR_MPI_PLUGIN, c->library, size);
    if (c->size == 1) {
        ir_comm_close(c);
        return NULL;
    }
    group = c;
    ir_when_dying(c->rank > 0 ? let_the_first_speak : NULL, end_group);
    return c;
}

void ir_comm_close(ir_comm *c)
{
    if (!c)
        return;
    ir_when_dying(NULL, NULL);
    group = NULL;
    free(c->gathered);
    c->close(c);
}

/* ---- what is made of the collectives ------------------------------------------------------- */

typedef struct {
    char host[64], text[200];
} identity;

void ir_comm_agree(ir_comm *c, const char *text)
{
    identity mine = {0};
    snprintf(mine.host, sizeof mine.host, "%s", host());
    snprintf(mine.text, sizeof mine.text, "%s", text);
    const identity *all = ir_comm_gather_all(c, &mine, sizeof mine);
    for (int r = 1; r < c->size && c->rank == 0; r++)
        if (strcmp(all[r].text, mine.text) != 0)
            ir_die("rank %d on %s has %s, rank 0 on %s has %s", r, all[r].host, all[r].text,
                   mine.host, mine.text);
}

void ir_comm_set_absent(ir_comm *c, bool absent)
{
    c->absent = absent;
}

void ir_comm_sum_start(ir_comm *c, float *values, size_t count)
{
    if (c->absent)
        memset(values, 0, count * sizeof *values);
    c->all_reduce_start(c, values, count);
}

void ir_comm_sum_finish(ir_comm *c)
{
    c->all_reduce_finish(c);
}

const void *ir_comm_gather_all(ir_comm *c, const void *own, size_t bytes)
{
    const size_t all = bytes * (size_t)c->size;
    if (c->gathered_bytes < all) {
        c->gathered = ir_realloc(c->gathered, all, 1);
        c->gathered_bytes = all;
    }
    c->all_gather(c, own, bytes, c->gathered);
    return c->gathered;
}

void ir_comm_sum_few(ir_comm *c, double *values, size_t count)
{
    if (c->absent)
        memset(values, 0, count * sizeof *values);
    const double *all = ir_comm_gather_all(c, values, count * sizeof *values);
    for (size_t i = 0; i < count; i++) {
        values[i] = 0;
        for (int r = 0; r < c->size; r++)
            values[i] += all[(size_t)r * count + i];
    }
}
