#!/usr/bin/env bats
# Several processes on two hosts (hosts.bash). mpirun runs on the first and enters the second as it would
# by ssh.

load helper
load mpi
load hosts

setup_file() {
    load helper
    load hosts
    export DATA=$BATS_FILE_TMPDIR/data START=$BATS_FILE_TMPDIR/start.tar
    export HERE=ir-here-$$ THERE=ir-there-$$ # namespaces, and names of the hosts
    scenes "$DATA" -n 4 -s 64x64 -r 5 > /dev/null
    ir-train init --net acm -r 1 "$DATA/images" > "$START"
    make_hosts "$HERE" "$THERE" 10.213.77 || true
}

teardown_file() {
    load hosts
    remove_hosts "$HERE" "$THERE"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    need_mpi
    ip netns exec "$THERE" true 2> /dev/null || skip "no network namespaces here: they want root and iproute2"
    ways_to "$THERE" "$PWD"
    unset OMPI_MCA_btl_tcp_if_include
}

teardown() {
    [[ -z ${launcher:-} ]] || kill "$launcher" 2> /dev/null || true
    ip -n "$THERE" link set wire up 2> /dev/null || true
}

# hosts ARGUMENT...: mpirun of two processes, one on each host; what is cut off is missed in seconds.
hosts() {
    ./on "$HERE" mpirun --mca plm_rsh_agent "$PWD/agent" --mca oob_tcp_keepalive_time 2 \
        --mca oob_tcp_keepalive_intvl 1 --mca oob_tcp_keepalive_probes 3 \
        --host 10.213.77.1:1,10.213.77.2:1 -n 2 -x PATH -x OMP_WAIT_POLICY "$@"
}

@test "two processes on two hosts train to the bits of two on one" {
    hosts hostname > names
    [ "$(sort names)" = "$HERE"$'\n'"$THERE" ]
    hosts ir-train -q -c "$START" --crop 64 -j 1 --batch 3 -w out.tar "$DATA/images" "$DATA/masks"
    mpirun -n 2 ir-train -q -c "$START" --crop 64 -j 1 --batch 3 -w want.tar "$DATA/images" "$DATA/masks"
    cmp out.tar want.tar
}

@test "a process that fails on the other host is named with it" {
    mkdir none
    run --separate-stderr ./on "$HERE" mpirun --mca plm_rsh_agent "$PWD/agent" \
        --host 10.213.77.1:1,10.213.77.2:1 -x PATH -n 1 ir-train -q -c "$START" -w out.tar "$DATA/images" \
        "$DATA/masks" : -x PATH -n 1 env IRTOOLS_PLUGINS="$PWD/none" ir-train -q -c "$START" -w out.tar \
        "$DATA/images" "$DATA/masks"
    said_once 1 "^ir-train: rank 1 on $THERE: there is no libir-mpi.so"
    [ ! -e out.tar ]
}

@test "a host cut off: all processes end within ten seconds, and nothing is written" {
    mkfifo corrupted rewards
    hosts ir-train -q -c "$START" --crop 32 -j 1 --batch 2 --corrupted corrupted -R rewards -w out.tar \
        "$DATA/images" "$DATA/masks" 2> err 3>&- &
    launcher=$!
    exec 9< rewards 8> corrupted
    cat "$DATA"/images/scene0000[12].pgm >&8
    for _ in 1 2; do read -r -t 100 -u 9; done
    mapfile -t pids < <(ip netns pids "$HERE" && ip netns pids "$THERE")
    [ ${#pids[@]} -ge 4 ]
    ip -n "$THERE" link set wire down
    for pid in "${pids[@]}"; do
        timeout 10 tail --pid="$pid" -f /dev/null || {
            ps -o pid,comm -p "$pid"
            return 1
        }
    done
    if wait "$launcher"; then return 1; fi
    launcher=''
    exec 8>&- 9<&-
    [ ! -e out.tar ]
    cat err
    grep -q 10.213.77.2 err || grep -q "$THERE" err
}
