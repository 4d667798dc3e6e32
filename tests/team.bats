#!/usr/bin/env bats
# common/backend/cpu/team.c: the threads of parallel regions, in libgomp's place.

load helper

setup() {
    unset OMP_WAIT_POLICY GOMP_SPINCOUNT # helper.bash sets the first
    cd "$BATS_TEST_TMPDIR" || return 1
}

# how often thread i of n has to come: in regions of 1, 2, ... n, 1, 2, ... threads
expected() {
    awk -v n="$1" 'BEGIN {
        for (r = 0; r < 2000; r++) { size = 1 + r % n; nested += size; for (i = 0; i < size; i++) count[i]++ }
        for (i = 0; i < n; i++) printf "%d ", count[i]
        print "nested " nested "\nwrong 0"
    }'
}

@test "every thread comes to every region once, waits at barriers and has nested regions for itself" {
    for threads in 1 2 3 8; do
        for policy in "" passive active; do
            # who spins without end must not do so on one processor with others
            [ "$policy$threads" != active8 ] || continue
            OMP_WAIT_POLICY=$policy test-team regions $threads > got
            expected $threads | diff - got
        done
        GOMP_SPINCOUNT=100 test-team regions $threads > got
        expected $threads | diff - got
    done
}

@test "more threads than processors come through, on one processor" {
    taskset -c "$(taskset -cp $$ | sed 's/.*[ ,-]//')" test-team regions 8 > got
    expected 8 | diff - got
}

@test "regions of several callers do not mix" {
    test-team callers > got
    printf '12000\n%.0s' 1 2 3 4 | diff - got
}

@test "who waits for a thread without a processor stops spinning, unless told otherwise" {
    # seconds of 50 waits of 0.02 s
    awk '{ print; exit !($1 < 0.1) }' <<< "$(test-team waiting)"
    awk '{ print; exit !($1 < 0.1) }' <<< "$(OMP_WAIT_POLICY=passive test-team waiting)"
    awk '{ print; exit !($1 > 0.2) }' <<< "$(OMP_WAIT_POLICY=active test-team waiting)"
    awk '{ print; exit !($1 > 0.2) }' <<< "$(GOMP_SPINCOUNT=infinity test-team waiting)"
    awk '{ print; exit !($1 < 0.1) }' <<< "$(OMP_WAIT_POLICY=active GOMP_SPINCOUNT=0 test-team waiting)"
}

@test "beside others that never rest, spinning takes no time to speak of" {
    hogs=()
    for _ in $(seq $((2 * $(nproc)))); do
        sh -c 'while :; do :; done' 3>&- &
        hogs+=($!)
    done
    used=$(test-team beside)
    kill "${hogs[@]}"
    # seconds for 2000 regions of some 5 microseconds
    awk '{ print; exit !($1 < 0.4) }' <<< "$used"
}

@test "the programs and oneDNN call nothing else of OpenMP" {
    for program in ir-detect ir-train ir-policy; do
        nm -D "$IR_BIN/$program" | awk '$2 == "T" && /omp_/i { print $3 }' | sort > has
        {
            nm -D "$IR_BIN/$program" | awk '$1 == "U" { print $2 }'
            nm -D "$(ldd "$IR_BIN/$program" | awk '/libdnnl/ { print $3 }')" | awk '$1 == "U" { print $2 }'
        } | grep -iE '^g?omp_' | sed 's/@.*//' | sort -u > wants
        [ -s wants ]
        [ -z "$(comm -13 has wants)" ]
    done
}
