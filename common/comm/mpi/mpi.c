/* The collectives by MPI: libir-mpi.so.
 *
 * MPI moves the bytes and adds nothing up: in which order its own sums are made is its own affair
 * and may change with the network and the number of bytes.
 *
 * A process may wait for minutes here, for the images of the next batch, on processors that others
 * could use. So every collective is started and then asked for, eagerly at first and with pauses
 * later; MPI's own waiting never sleeps. */
#include <mpi.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "base/base.h"
#include "comm/plugin.h"

typedef struct {
    ir_comm comm; /* first: an ir_comm * is an mpi_comm * */
    char library[MPI_MAX_LIBRARY_VERSION_STRING];
    int *count, *first;   /* of each rank, in blocks */
    int *counts, *firsts; /* the same where two are needed */
    float *parts;         /* all_reduce's: everyone's numbers of this rank's part */
    size_t parts_room;
} mpi_comm;

static mpi_comm *mpi_of(ir_comm *c)
{
    return (mpi_comm *)c;
}

static void check(int error)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length;
    if (error == MPI_SUCCESS)
        return;
    MPI_Error_string(error, text, &length);
    text[strcspn(text, "\n")] = '\0';
    ir_die("another process is out of reach: %s", text);
}

/* Waits until what was asked for is done. */
static void finish(MPI_Request *request)
{
    static const double eager = 2e-3;
    static const struct timespec pause = {.tv_nsec = 100 * 1000};
    const double start = ir_seconds();
    for (int done = 0;;) {
        check(MPI_Test(request, &done, MPI_STATUS_IGNORE));
        if (done)
            return;
        if (ir_seconds() - start < eager)
            sched_yield();
        else
            nanosleep(&pause, NULL);
    }
}

/* A block of bytes as one item: there are more bytes than an int counts. */
static MPI_Datatype block_type(size_t bytes)
{
    MPI_Datatype type;
    check(MPI_Type_contiguous((int)bytes, MPI_BYTE, &type));
    check(MPI_Type_commit(&type));
    return type;
}

static void broadcast(ir_comm *c, void *data, size_t bytes)
{
    static const size_t most = (size_t)1 << 30;
    MPI_Request request;
    (void)c;
    for (size_t at = 0; at < bytes; at += most) {
        const size_t rest = bytes - at;
        check(MPI_Ibcast((char *)data + at, (int)(rest < most ? rest : most), MPI_BYTE, 0,
                         MPI_COMM_WORLD, &request));
        finish(&request);
    }
}

static void find_places(mpi_comm *m, const int *count)
{
    int first = 0;
    for (int r = 0; r < m->comm.size; r++) {
        m->count[r] = count[r];
        m->first[r] = first;
        first += count[r];
    }
}

static void scatter(ir_comm *c, const void *all, const int *count, size_t block, void *own)
{
    mpi_comm *m = mpi_of(c);
    MPI_Datatype type = block_type(block);
    MPI_Request request;
    find_places(m, count);
    check(MPI_Iscatterv(all, m->count, m->first, type, own, count[c->rank], type, 0, MPI_COMM_WORLD,
                        &request));
    finish(&request);
    check(MPI_Type_free(&type));
}

static void gather(ir_comm *c, const void *own, const int *count, size_t block, void *all)
{
    mpi_comm *m = mpi_of(c);
    MPI_Datatype type = block_type(block);
    MPI_Request request;
    find_places(m, count);
    check(MPI_Igatherv(own, count[c->rank], type, all, m->count, m->first, type, 0, MPI_COMM_WORLD,
                       &request));
    finish(&request);
    check(MPI_Type_free(&type));
}

static void all_gather(ir_comm *c, const void *own, size_t bytes, void *all)
{
    MPI_Request request;
    (void)c;
    check(MPI_Iallgather(own, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, MPI_COMM_WORLD,
                         &request));
    finish(&request);
}

/* ---- sums ------------------------------------------------------------------------------------
 *
 * Every rank gets a part of everyone's numbers, adds these up, and sends the sums to everyone: so
 * each number goes over the network twice, however many ranks there are. */

static size_t part_first(const ir_comm *c, size_t count, int rank)
{
    return count * (size_t)rank / (size_t)c->size;
}

static float *exchange_parts(mpi_comm *m, const float *values, size_t count)
{
    ir_comm *c = &m->comm;
    const size_t own = part_first(c, count, c->rank + 1) - part_first(c, count, c->rank);
    MPI_Request request;
    if (m->parts_room < own * (size_t)c->size) {
        m->parts_room = own * (size_t)c->size;
        m->parts = ir_realloc(m->parts, m->parts_room, sizeof *m->parts);
    }
    for (int r = 0; r < c->size; r++) {
        m->first[r] = (int)part_first(c, count, r);
        m->count[r] = (int)part_first(c, count, r + 1) - m->first[r];
        m->firsts[r] = (int)own * r;
        m->counts[r] = (int)own;
    }
    check(MPI_Ialltoallv(values, m->count, m->first, MPI_FLOAT, m->parts, m->counts, m->firsts,
                         MPI_FLOAT, MPI_COMM_WORLD, &request));
    finish(&request);
    return m->parts;
}

static void all_reduce(ir_comm *c, float *values, size_t count)
{
    mpi_comm *m = mpi_of(c);
    const float *parts = exchange_parts(m, values, count);
    float *sums = values + m->first[c->rank];
    const size_t own = (size_t)m->count[c->rank];
    MPI_Request request;
    for (size_t i = 0; i < own; i++) {
        double total = 0;
        for (int r = 0; r < c->size; r++)
            total += parts[(size_t)r * own + i];
        sums[i] = (float)total;
    }
    check(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, values, m->count, m->first, MPI_FLOAT,
                          MPI_COMM_WORLD, &request));
    finish(&request);
}

/* ---- the beginning and the end ------------------------------------------------------------- */

static void abort_all(ir_comm *c, int status)
{
    (void)c;
    MPI_Abort(MPI_COMM_WORLD, status);
}

static void close_mpi(ir_comm *c)
{
    mpi_comm *m = mpi_of(c);
    MPI_Finalize();
    free(m->count);
    free(m->first);
    free(m->counts);
    free(m->firsts);
    free(m->parts);
    free(m);
}

const uint64_t ir_mpi_interface = IR_COMM_INTERFACE;

/* A launcher that is killed, as that of a ring whose other end failed, takes its processes with it.
 */
static void end_with_launcher(void)
{
    prctl(PR_SET_PDEATHSIG, SIGTERM);
}

ir_comm *ir_mpi_comm_open(void)
{
    mpi_comm *m = ir_calloc(1, sizeof *m);
    ir_comm *c = &m->comm;
    int provided, length;
    end_with_launcher();
    check(MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided));
    check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
    check(MPI_Get_library_version(m->library, &length));
    m->library[strcspn(m->library, ",\n")] = '\0';
    if (provided < MPI_THREAD_SERIALIZED)
        ir_die("%s is built without support of threads", m->library);
    check(MPI_Comm_rank(MPI_COMM_WORLD, &c->rank));
    check(MPI_Comm_size(MPI_COMM_WORLD, &c->size));
    int **table[] = {&m->count, &m->first, &m->counts, &m->firsts};
    for (int i = 0; i < 4; i++)
        *table[i] = ir_calloc((size_t)c->size, sizeof **table[i]);
    c->library = m->library;
    c->broadcast = broadcast;
    c->scatter = scatter;
    c->gather = gather;
    c->all_gather = all_gather;
    c->all_reduce = all_reduce;
    c->abort = abort_all;
    c->close = close_mpi;
    return c;
}
