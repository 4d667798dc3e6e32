# What the tests of several processes share ("load mpi", after "load helper").

# shellcheck shell=bash disable=SC2154

# Open MPI starts nothing as root unless told twice, no more processes than there are processors unless
# told, and binds each to a processor that other tests may be using.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
export OMPI_MCA_btl=self,tcp OMPI_MCA_btl_tcp_if_include=lo

# need_mpi: skips the test where there is no MPI, or the plug-in was not built for it.
need_mpi() {
    command -v mpirun > /dev/null || skip "no mpirun here (Debian: openmpi-bin)"
    [ -e "$IR_BIN/libir-mpi.so" ] || skip "libir-mpi.so was not built (Debian: libopenmpi-dev)"
    [ -z "${IR_ASAN:-}" ] || skip "MPI's own memory is not the sanitizer's to judge"
}

# ranks N PROGRAM ARGUMENT...: so many processes of it, and the launcher's own words left out.
ranks() {
    mpirun -q -n "$@"
}

# said_once STATUS PATTERN, after "run --separate-stderr": it failed so, and one line of a program's own,
# which matches, is among what the launcher has to say.
said_once() {
    stderr=$(grep -E '^(ir-|hrl\.mk)' <<< "$stderr")
    one_line_error "$@"
}
