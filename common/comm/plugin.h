/* What libir-mpi.so exports, and all that the programs know of it. */
#ifndef IR_COMM_PLUGIN_H
#define IR_COMM_PLUGIN_H

#include "comm/comm.h"

#define IR_MPI_PLUGIN "libir-mpi.so"
#define IR_MPI_OPEN   "ir_mpi_comm_open"
#define IR_MPI_BUILT  "ir_mpi_interface"

/* A plug-in works with the programs that were built with the same comm.h: with this number, of
 * which the first part is counted up when that changes its meaning. */
enum { IR_COMM_VERSION = 2 };
#define IR_COMM_INTERFACE ((uint64_t)IR_COMM_VERSION << 32 | (uint64_t)sizeof(ir_comm))

typedef ir_comm *ir_mpi_open(void);
ir_mpi_open ir_mpi_comm_open;
extern const uint64_t ir_mpi_interface; /* IR_COMM_INTERFACE, as it was built */

#endif
