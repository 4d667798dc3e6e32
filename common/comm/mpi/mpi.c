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

/* A sum that is under way. Its tables stay as they are until it is there. */
typedef struct {
    float *values, *parts;                /* everyone's numbers of this rank's part */
    size_t capacity;                      /* of parts */
    int *count, *first, *counts, *firsts; /* of each rank, in values and in parts */
    MPI_Request request;                  /* the way there, then the way back */
} sum;

typedef struct {
    ir_comm comm; /* first: an ir_comm * is an mpi_comm * */
    char library[MPI_MAX_LIBRARY_VERSION_STRING];
    int *count, *first;   /* of each rank, in blocks */
    MPI_Comm there, back; /* of sums */
    sum *sum;             /* in the order in which they were started */
    int sums, sent_back, sums_capacity;
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

static void count_call(ir_comm *c, size_t bytes)
{
    c->calls++;
    c->bytes += (double)bytes;
}

/* Waits until what was asked for is done. */
static void finish(ir_comm *c, MPI_Request *request)
{
    static const double eager = 2e-3;
    static const struct timespec pause = {.tv_nsec = 100 * 1000};
    const double start = ir_seconds();
    for (int done = 0;;) {
        check(MPI_Test(request, &done, MPI_STATUS_IGNORE));
        const double waited = ir_seconds() - start;
        if (done) {
            c->seconds += waited;
            return;
        }
        if (waited < eager)
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
    count_call(c, c->rank == 0 ? bytes : 0);
    for (size_t at = 0; at < bytes; at += most) {
        const size_t rest = bytes - at;
        check(MPI_Ibcast((char *)data + at, (int)(rest < most ? rest : most), MPI_BYTE, 0,
                         MPI_COMM_WORLD, &request));
        finish(c, &request);
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
    count_call(c, c->rank == 0 ? block * (size_t)(m->first[c->size - 1] + count[c->size - 1]) : 0);
    check(MPI_Iscatterv(all, m->count, m->first, type, own, count[c->rank], type, 0, MPI_COMM_WORLD,
                        &request));
    finish(c, &request);
    check(MPI_Type_free(&type));
}

static void gather(ir_comm *c, const void *own, const int *count, size_t block, void *all)
{
    mpi_comm *m = mpi_of(c);
    MPI_Datatype type = block_type(block);
    MPI_Request request;
    find_places(m, count);
    count_call(c, block * (size_t)count[c->rank]);
    check(MPI_Igatherv(own, count[c->rank], type, all, m->count, m->first, type, 0, MPI_COMM_WORLD,
                       &request));
    finish(c, &request);
    check(MPI_Type_free(&type));
}

/* ---- sums ------------------------------------------------------------------------------------
 *
 * Every rank gets a part of everyone's numbers, adds these up, and sends the sums to everyone: so
 * each number goes over the network twice, however many ranks there are.
 *
 * Several sums may be under way. Each goes on to its way back as soon as its parts are there, which
 * is at another moment on each rank. The two ways therefore have a communicator each: on each of
 * them, all ranks start the same collectives in the same order. */

static size_t part_first(const ir_comm *c, size_t count, int rank)
{
    return count * (size_t)rank / (size_t)c->size;
}

/* The next sum; its memory is that of the sum which had this place in the step before. */
static sum *add_sum(mpi_comm *m)
{
    const size_t size = (size_t)m->comm.size;
    if (m->sums == m->sums_capacity) {
        m->sum = ir_realloc(m->sum, (size_t)++m->sums_capacity, sizeof *m->sum);
        sum *s = &m->sum[m->sums];
        *s = (sum){0};
        int **table[] = {&s->count, &s->first, &s->counts, &s->firsts};
        for (int i = 0; i < 4; i++)
            *table[i] = ir_calloc(size, sizeof **table[i]);
    }
    return &m->sum[m->sums++];
}

static void place_parts(const ir_comm *c, sum *s, size_t count)
{
    const size_t own = part_first(c, count, c->rank + 1) - part_first(c, count, c->rank);
    if (s->capacity < own * (size_t)c->size) {
        s->capacity = own * (size_t)c->size;
        s->parts = ir_realloc(s->parts, s->capacity, sizeof *s->parts);
    }
    for (int r = 0; r < c->size; r++) {
        s->first[r] = (int)part_first(c, count, r);
        s->count[r] = (int)part_first(c, count, r + 1) - s->first[r];
        s->firsts[r] = (int)own * r;
        s->counts[r] = (int)own;
    }
}

/* Adds up this rank's part and starts the way back. */
static void send_back(mpi_comm *m, sum *s)
{
    const ir_comm *c = &m->comm;
    const size_t own = (size_t)s->count[c->rank];
    float *sums = s->values + s->first[c->rank];
    for (size_t i = 0; i < own; i++) {
        double total = 0;
        for (int r = 0; r < c->size; r++)
            total += s->parts[(size_t)r * own + i];
        sums[i] = (float)total;
    }
    check(MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, s->values, s->count, s->first,
                          MPI_FLOAT, m->back, &s->request));
}

/* Sends back, in their order, all sums whose parts are there. */
static void go_on(mpi_comm *m)
{
    for (int done = 0; m->sent_back < m->sums; m->sent_back++) {
        sum *s = &m->sum[m->sent_back];
        check(MPI_Test(&s->request, &done, MPI_STATUS_IGNORE));
        if (!done)
            return;
        send_back(m, s);
    }
}

static void all_reduce_start(ir_comm *c, float *values, size_t count)
{
    mpi_comm *m = mpi_of(c);
    sum *s = add_sum(m);
    s->values = values;
    place_parts(c, s, count);
    count_call(c, count * sizeof *values);
    check(MPI_Ialltoallv(values, s->count, s->first, MPI_FLOAT, s->parts, s->counts, s->firsts,
                         MPI_FLOAT, m->there, &s->request));
    go_on(m);
}

static void all_reduce_finish(ir_comm *c)
{
    mpi_comm *m = mpi_of(c);
    for (; m->sent_back < m->sums; m->sent_back++) {
        finish(c, &m->sum[m->sent_back].request);
        send_back(m, &m->sum[m->sent_back]);
    }
    for (int k = 0; k < m->sums; k++)
        finish(c, &m->sum[k].request);
    m->sums = m->sent_back = 0;
}

/* Sums that are under way go on here: between them and their end there is no other call. */
static void all_gather(ir_comm *c, const void *own, size_t bytes, void *all)
{
    MPI_Request request;
    count_call(c, bytes);
    go_on(mpi_of(c));
    check(MPI_Iallgather(own, (int)bytes, MPI_BYTE, all, (int)bytes, MPI_BYTE, MPI_COMM_WORLD,
                         &request));
    finish(c, &request);
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
    MPI_Comm_free(&m->there);
    MPI_Comm_free(&m->back);
    MPI_Finalize();
    for (int k = 0; k < m->sums_capacity; k++) {
        sum *s = &m->sum[k];
        void *table[] = {s->count, s->first, s->counts, s->firsts, s->parts};
        for (int i = 0; i < 5; i++)
            free(table[i]);
    }
    free(m->sum);
    free(m->count);
    free(m->first);
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
    check(MPI_Comm_dup(MPI_COMM_WORLD, &m->there));
    check(MPI_Comm_dup(MPI_COMM_WORLD, &m->back));
    m->count = ir_calloc((size_t)c->size, sizeof *m->count);
    m->first = ir_calloc((size_t)c->size, sizeof *m->first);
    c->library = m->library;
    c->broadcast = broadcast;
    c->scatter = scatter;
    c->gather = gather;
    c->all_gather = all_gather;
    c->all_reduce_start = all_reduce_start;
    c->all_reduce_finish = all_reduce_finish;
    c->abort = abort_all;
    c->close = close_mpi;
    return c;
}
