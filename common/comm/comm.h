/* The processes that train one network together, and what they tell one another.
 *
 * A table of collectives, behind which MPI stands as a plug-in (comm/plugin.h): every process of
 * the group calls the same ones in the same order. Sums are made in the order of the ranks, so that
 * the same group gives the same bits, whatever the network between them does. The calls may come
 * from any thread, but never from two at a time.
 *
 * What cannot be said or heard ends the process with a line, and with it all others. */
#ifndef IR_COMM_H
#define IR_COMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct ir_comm ir_comm;

struct ir_comm {
    int rank, size;      /* this process, from 0 on, of so many */
    const char *library; /* which MPI, for messages */

    /* Rank 0's data to all. */
    void (*broadcast)(ir_comm *c, void *data, size_t bytes);
    /* Of rank 0's blocks, of so many bytes each, the first count[0] to rank 0, the next count[1] to
     * rank 1 and so on. count is the same everywhere; all is read on rank 0 alone. */
    void (*scatter)(ir_comm *c, const void *all, const int *count, size_t block, void *own);
    /* The way back. all is written on rank 0 alone. */
    void (*gather)(ir_comm *c, const void *own, const int *count, size_t block, void *all);
    /* Everyone's bytes to everyone, one rank behind the other. */
    void (*all_gather)(ir_comm *c, const void *own, size_t bytes, void *all);
    /* Each number becomes its sum over the ranks: added up in double precision in their order, and
     * rounded once. For large arrays: each rank adds up a part. The sums are there after
     * all_reduce_finish, which waits for all that were started; until then nobody touches values.
     * Other collectives may come between. */
    void (*all_reduce_start)(ir_comm *c, float *values, size_t count);
    void (*all_reduce_finish)(ir_comm *c);
    /* Ends all processes. */
    void (*abort)(ir_comm *c, int status);
    void (*close)(ir_comm *c);

    /* For reports: collectives of this process, the bytes that it gave them, and the time that it
     * waited for them. */
    long calls;
    double bytes, seconds;

    /* Of this file's functions. */
    bool absent;    /* this process adds nothing to sums: see ir_comm_set_absent() */
    void *gathered; /* room for what all_gather brings */
    size_t gathered_bytes;
};

/* The rank that a launcher of MPI gave this process, where it started several; else -1. Needs no
 * plug-in. */
int ir_comm_told_rank(void);
/* Call behind ir_start(). In a process that a launcher started as another than its first, standard
 * output leads nowhere from now on, and a failure waits some seconds before it is said: all may
 * fail alike, and then the first says so and the launcher ends the others. */
void ir_comm_start(void);
/* The group that a launcher of MPI started this process in; NULL where none did, or this process
 * alone. Dies when the plug-in is not there, of another version, or of another MPI than the
 * launcher. From now on the process that dies ends them all. */
ir_comm *ir_comm_open(void);
void ir_comm_close(ir_comm *c); /* NULL: nothing to do */

/* Dies, on rank 0 and naming the other and its host, if some process has another text. For what
 * must be the same everywhere; at most 200 bytes. */
void ir_comm_agree(ir_comm *c, const char *text);

/* From now on this process adds nothing to any sum, whatever it computes: it has no share of the
 * batch, and only keeps step. */
void ir_comm_set_absent(ir_comm *c, bool absent);
/* all_reduce_start, to which who is absent adds nothing, and all_reduce_finish. */
void ir_comm_sum_start(ir_comm *c, float *values, size_t count);
void ir_comm_sum_finish(ir_comm *c);
/* Everyone's bytes, one rank behind the other, until the next call. */
const void *ir_comm_gather_all(ir_comm *c, const void *own, size_t bytes);
/* A few numbers' sums, in the order of the ranks; who is absent adds nothing. */
void ir_comm_sum_few(ir_comm *c, double *values, size_t count);

#endif
