/* A checkpoint in the memory of one process comes to be in that of others. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "checkpoint/checkpoint.h"
#include "checkpoint/checkpoint_internal.h"
#include "comm/comm.h"

/* What comes before an array's numbers. */
typedef struct {
    char name[IR_MAX_MEMBER_NAME + 1];
    int ndim, dim[IR_MAX_DIMS];
    bool half;
} heading;

/* Rank 0's text, on the others a new string. */
static char *broadcast_text(ir_comm *comm, char *text)
{
    size_t length = text ? strlen(text) : 0;
    comm->broadcast(comm, &length, sizeof length);
    if (comm->rank > 0)
        text = ir_calloc(length + 1, 1);
    comm->broadcast(comm, text, length);
    return text;
}

static void broadcast_array(ir_comm *comm, ir_checkpoint *checkpoint, size_t i)
{
    ir_array *array = comm->rank == 0 ? ir_checkpoint_at(checkpoint, i) : NULL;
    heading h = {0};
    if (array) {
        h.ndim = array->ndim;
        h.half = array->half;
        memcpy(h.dim, array->dim, sizeof h.dim);
        snprintf(h.name, sizeof h.name, "%s", array->name);
    }
    comm->broadcast(comm, &h, sizeof h);
    if (!array) {
        array = ir_checkpoint_add(checkpoint, h.name, h.ndim, h.dim);
        array->half = h.half;
    }
    comm->broadcast(comm, array->data, ir_array_size(array) * sizeof *array->data);
}

ir_checkpoint *ir_checkpoint_broadcast(ir_checkpoint *own, ir_comm *comm)
{
    const bool first = comm->rank == 0;
    ir_checkpoint *checkpoint = first ? own : ir_calloc(1, sizeof *checkpoint);
    size_t arrays = checkpoint->arrays;
    char *path = broadcast_text(comm, checkpoint->path);
    char *meta = broadcast_text(comm, first ? ir_meta_print(checkpoint) : NULL);
    if (!first) {
        checkpoint->path = path;
        ir_meta_parse(checkpoint, meta, strlen(meta));
    }
    free(meta);
    comm->broadcast(comm, &arrays, sizeof arrays);
    for (size_t i = 0; i < arrays; i++)
        broadcast_array(comm, checkpoint, i);
    return checkpoint;
}
