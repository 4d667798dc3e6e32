#!/usr/bin/env bats
# Several processes train one detector: mpirun -n N ir-train.

# START is each test's own
# shellcheck disable=SC2012,SC2030,SC2031

load helper
load mpi

setup_file() {
    load helper
    export DATA=$BATS_FILE_TMPDIR/data START=$BATS_FILE_TMPDIR/start.tar
    export DROPPING=$BATS_FILE_TMPDIR/dropping.tar # with dropout, of which much is seen at once
    scenes "$DATA" -n 7 -s 64x64 -r 5 > /dev/null
    ir-train init --net acm -r 1 --dropout 0 "$DATA/images" > "$START"
    ir-train init --net acm -r 1 --dropout 0.5 "$DATA/images" > "$DROPPING"
}

# Ends what a failed test left waiting.
teardown() {
    [[ -z ${launcher:-} ]] || kill "$launcher" 2> /dev/null || true
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    need_mpi
}

# train N FILE ARGUMENT...: N processes, the trained detector in FILE.tar, losses in FILE.log.
train() {
    rm -f "$2.log"
    ${1:+ranks "$1"} ir-train -q -c "$START" --crop 64 -j 1 --log "$2.log" -w "$2.tar" "${@:3}" \
        "$DATA/images" "$DATA/masks"
}

# losses FILE: of each epoch, clean and corrupted.
losses() {
    awk '!/^#/ { print $3, $4 }' "$1.log"
}

# near TOLERANCE A B: two files' numbers, line by line.
near() {
    paste -d ' ' "$2" "$3" | awk -v most="$1" '
        { n = NF / 2
          for (i = 1; i <= n; i++) {
              d = $i - $(n + i)
              if (!(d <= most && d >= -most)) { print NR ": " $0; bad = 1 }
          } }
        END { exit bad || NR == 0 }'
}

# same_gradients A B: what Adam's first moments, which after one step are a tenth of the gradients, differ
# by in their 2-norm, array by array and in all, is rounding; running statistics, which are of the way
# forward alone, do not differ.
same_gradients() {
    PYTHONPATH=$REPO/tests/parity "$PYTHON" - "$@" <<- 'PYTHON'
		import checkpoint, numpy as np, sys
		most = 2e-6
		one, other = (checkpoint.read(path)[1] for path in sys.argv[1:])
		names = [n for n in one if n.startswith("adam/m/")]
		norm = lambda arrays: sum(float((a.astype("f8") ** 2).sum()) for a in arrays) ** 0.5
		whole = norm(one[n] for n in names)
		error = norm(one[n] - other[n] for n in names) / whole
		print("all:", error)
		assert names and error < most
		for n in names:
		    size = max(norm([one[n]]), 1e-3 * whole)
		    assert norm([one[n] - other[n]]) < 10 * most * size, (n, norm([one[n] - other[n]]) / size)
		for n in one:
		    if n.startswith("state/"):
		        assert (one[n] == other[n]).all(), n
		    if n.startswith("measured/"): # behind the step
		        assert np.allclose(one[n], other[n], rtol=1e-5, atol=1e-6), n
	PYTHON
}

@test "every collective brings what it should, whoever is absent" {
    for n in 2 3; do ranks $n test-comm; done
    run --separate-stderr test-comm
    one_line_error 1 '^test-comm: alone$'
    run --separate-stderr mpirun -n 2 test-comm differ
    stderr=$(grep '^test-comm' <<< "$stderr")
    one_line_error 1 '^test-comm: rank 1 on .* has other, rank 0 on .* has the same$'
}

# same_step OPTION...: of one process and of three, forward to the same bits. The rate is so low that
# statistics measured behind the step are of the same weights.
same_step() {
    for n in '' 3; do train "$n" "run$n" --batch 7 --lr 1e-9 "$@" || return; done
    diff <(losses run) <(losses run3) && same_gradients run.tar run3.tar
}

# Shares of three, two and two frames.
@test "three processes take the first step of one" {
    same_step
    same_step --loss soft-iou+bce --lambda 0.5 --corrupted "$DATA/images" -R rewards
    [ "$(cut -f 1 rewards)" = "$(ls "$DATA/images" | sed 's/\.pgm$//')" ]
}

@test "so they do where a loss is one over all pixels of the batch" {
    same_step --reduction batch
    same_step --reduction batch --loss soft-iou+bce --corrupted "$DATA/images"
}

@test "what is dropped is what one process drops" {
    START=$DROPPING
    same_step --corrupted "$DATA/images"
    # a tenth of this would show that other numbers were dropped
    train '' other -r 2 --batch 7 --corrupted "$DATA/images"
    run ! near 1e-5 <(losses run) <(losses other)
}

@test "every network's first step is that of one process" {
    for net in $(networks); do
        ir-train init --net "$net" -r 1 --mean 0.3 --std 0.1 -w "$net.tar"
        START=$net.tar
        for n in '' 2; do train "$n" "run$n" --crop 32 --batch 7 --lr 1e-9 --measure 0; done
        diff <(losses run) <(losses run2) && same_gradients run.tar run2.tar || {
            echo "$net"
            return 1
        }
    done
}

@test "every gradient is in one sum, which starts when it is complete" {
    for net in $(ir-train init --net list | cut -f 1); do
        read -r sums later <<< "$(test-buckets "$net")"
        echo "$net: $sums sums, $later collectives behind the first"
        [[ $sums -ge 1 && ($sums = 1 || $later -ge 1) ]]
    done
    [[ $(test-buckets dnanet | cut -d ' ' -f 1) -ge 10 ]] # of 4.7 million numbers
}

@test "the profile says how long a process waited for the others" {
    train 2 run --batch 7 --profile 2> profile
    cat profile
    awk -F '\t' '$1 == "collectives" { found++; good = NF == 7 && $3 > 50 && $4 > 0 && $7 > 0 }
        $1 == "total" { total = $4 } END { exit !(found == 1 && good && total > 0) }' profile
    train '' alone --batch 7 --profile 2> profile
    run ! grep collectives profile
}

# Seven frames in batches of four: the last has three, and one of four processes nothing to do.
@test "a short last batch, with fewer frames than processes, is as one process trains on it" {
    for n in '' 4; do
        train "$n" "run$n" --batch 4 --lr 1e-9 --ema 0.9 --corrupted "$DATA/images" -R "rewards$n"
    done
    near 1e-6 <(losses run) <(losses run4)
    near 1e-6 <(cut -f 2 rewards) <(cut -f 2 rewards4)
    same_gradients run.tar run4.tar
}

@test "the same processes give the same bits, in one run or in two halves" {
    train 2 whole --epochs 2 --shuffle --batch 3
    train 2 again --epochs 2 --shuffle --batch 3
    cmp whole.tar again.tar
    train 2 half --shuffle --batch 3
    START=half.tar train 2 end --shuffle --batch 3
    cmp whole.tar end.tar
}

# farthest A B: how far two columns of losses are apart at most.
farthest() {
    paste "$1" "$2" | awk '{ d = $1 - $2; d = d < 0 ? -d : d; if (d > most) most = d } END { print most + 0 }'
}

# Two threads round otherwise than one, and so does Adam's every step behind them.
@test "a hundred steps' losses are those of one process, as far as those of another number of threads are" {
    options=(--crop 32 --batch 7 --epochs 100 --measure 1 --lr 1e-4)
    train '' one "${options[@]}"
    train '' threads "${options[@]}" -j 2
    train 2 two "${options[@]}"
    for run in one threads two; do losses $run | cut -d ' ' -f 1 > $run.clean; done
    [ "$(wc -l < one.clean)" = 100 ]
    near 1e-6 <(head -n 1 one.clean) <(head -n 1 two.clean)
    threads=$(farthest one.clean threads.clean) ranks=$(farthest one.clean two.clean)
    echo "threads $threads, processes $ranks"
    awk "BEGIN { exit !($ranks <= 3 * $threads && $threads < 0.01) }"
}

# Corrupted frames by standard input, and a batch's rewards before the next batch's frames are there.
@test "the first process alone reads and writes, batch by batch" {
    mkfifo corrupted rewards
    ranks 2 ir-train -q -c "$START" --crop 64 -j 1 --batch 3 --corrupted - -R rewards -w out.tar \
        "$DATA/images" "$DATA/masks" < corrupted 3>&- &
    launcher=$!
    exec 8> corrupted 9< rewards
    for frame in "$DATA"/images/*.pgm; do
        cat "$frame" >&8
        n=$((n + 1))
        for ((i = 0; n % 3 == 0 && i < 3; i++)); do
            read -r -t 100 -u 9
            echo "$REPLY"
        done
    done > got
    exec 8>&-
    timeout 100 cat <&9 >> got
    exec 9<&-
    wait $launcher
    launcher=''
    [ "$(cut -f 1 got)" = "$(ls "$DATA/images" | sed 's/\.pgm$//')" ]
    train 2 want --batch 3 --corrupted "$DATA/images" -R want.tsv
    cmp out.tar want.tar
    cmp got want.tsv
}

# ---- what cannot be done -------------------------------------------------------------------------

# mpi_train N ARGUMENT...: how that fails.
mpi_train() {
    run --separate-stderr mpirun -n "$1" ir-train -q -c "$START" --crop 64 -j 1 -w out.tar "${@:2}"
}

@test "more processes than frames in a batch are refused before anything is read" {
    mkfifo never
    mpi_train 3 --batch 2 --corrupted never "$DATA/images" "$DATA/masks"
    said_once 2 '--batch 2: fewer frames than processes, of which there are 3'
    [ ! -e out.tar ]
}

@test "a wrong command line, data or checkpoint is one line of the first process" {
    mpi_train 3 --batch 4 "$DATA/images"
    said_once 2 'two operands are needed'
    mpi_train 3 --batch 4 --crop 33 "$DATA/images" "$DATA/masks"
    said_once 2 '--crop: 33 is not a multiple'
    mpi_train 3 --batch 4 "$DATA/images" nowhere
    said_once 1 'nowhere: No such file'
    START=nowhere.tar mpi_train 3 --batch 4 "$DATA/images" "$DATA/masks"
    said_once 1 'nowhere.tar: No such file'
    mkdir masks
    cp "$DATA"/masks/*.pgm masks
    sed -i '$ s/.$//' masks/scene00007.pgm
    mpi_train 2 --batch 3 "$DATA/images" masks
    said_once 1 'scene00007'
    run --separate-stderr mpirun -n 2 ir-train init --net acm
    said_once 2 'init: one process does that'
    [ ! -e out.tar ]
}

@test "without the plug-in, or with another's, it says so once and does not train twice" {
    export IRTOOLS_PLUGINS=$BATS_TEST_TMPDIR
    mpi_train 3 --batch 4 "$DATA/images" "$DATA/masks"
    said_once 1 'rank 0 on .*: there is no libir-mpi.so beside the program; without it, start one process'
    echo 'const unsigned long ir_mpi_interface = 1;' | gcc -shared -fPIC -x c -o libir-mpi.so -
    mpi_train 3 --batch 4 "$DATA/images" "$DATA/masks"
    said_once 1 'rank 0 on .*: libir-mpi.so is of another version than this program'
    echo nonsense > libir-mpi.so
    mpi_train 3 --batch 4 "$DATA/images" "$DATA/masks"
    said_once 1 'rank 0 on .*: .*libir-mpi.so'
    [ ! -e out.tar ]
    # it is not even looked at without a launcher, nor by one process of one
    ir-train -q -c "$START" --crop 64 -j 1 --measure 0 -w out.tar "$DATA/images" "$DATA/masks"
    mpirun -n 1 ir-train -q -c "$START" --crop 64 -j 1 --measure 0 -w out1.tar "$DATA/images" "$DATA/masks"
    cmp out.tar out1.tar
}

@test "a process that alone lacks the plug-in is named" {
    mkdir none
    run --separate-stderr timeout 20 mpirun -n 1 ir-train -q -c "$START" -j 1 -w out.tar "$DATA/images" \
        "$DATA/masks" : -n 1 env IRTOOLS_PLUGINS=none ir-train -q -c "$START" -j 1 -w out.tar \
        "$DATA/images" "$DATA/masks"
    said_once 1 'rank 1 on .*: there is no libir-mpi.so'
    [ ! -e out.tar ]
}

@test "a process that computes otherwise than the first is named" {
    run --separate-stderr mpirun -n 1 ir-train -q -c "$START" -j 1 -w out.tar "$DATA/images" "$DATA/masks" : \
        -n 1 ir-train --precision bf16 -q -c "$START" -j 1 -w out.tar "$DATA/images" "$DATA/masks"
    said_once 1 'rank 1 on .* has irtools .* in bfloat16, rank 0 on .* has irtools .* computing with [a-z0-9]+$'
    run --separate-stderr mpirun -n 2 ir-train -d cuda -q -c "$START" -w out.tar "$DATA/images" "$DATA/masks"
    said_once 2 '-d cuda: several processes train on processors alone so far'
    [ ! -e out.tar ]
}

# ---- what fails on the way -----------------------------------------------------------------------

# on_the_way: three processes, launcher's children pids, that have taken a step and wait for frames.
on_the_way() {
    mkfifo corrupted rewards
    mpirun -n 3 ir-train -q -c "$START" --crop 32 -j 1 --batch 3 --corrupted corrupted -R rewards \
        -w out.tar "$DATA/images" "$DATA/masks" 2> err 3>&- &
    launcher=$!
    exec 9< rewards 8> corrupted # as they are opened there
    cat "$DATA"/images/scene0000[123].pgm >&8
    for _ in 1 2 3; do read -r -t 100 -u 9; done
    mapfile -t pids < <(pgrep -P $launcher -x ir-train)
    [ ${#pids[@]} = 3 ]
}

# none_left: within ten seconds the launcher and all that it started are gone, and have written nothing.
none_left() {
    local pid

    for pid in "$launcher" "${pids[@]}"; do
        timeout 10 tail --pid="$pid" -f /dev/null || { echo "$pid is still there"; return 1; }
    done
    if wait "$launcher"; then return 1; fi
    launcher=''
    exec 8>&- 9<&-
    [ ! -e out.tar ] && [ -z "$(find . -name '.*' -type f)" ]
}

@test "a process killed: the launcher names it, and all end" {
    for victim in 0 2; do
        on_the_way
        for pid in "${pids[@]}"; do
            if grep -qzx "OMPI_COMM_WORLD_RANK=$victim" "/proc/$pid/environ"; then kill -KILL "$pid"; fi
        done
        none_left
        grep -q "rank $victim .* signal 9" err
        rm corrupted rewards
    done
}

@test "the launcher told to end, or killed: all end" {
    for signal in TERM KILL; do
        on_the_way
        kill -$signal $launcher
        none_left
        run ! grep '^ir-train' err
        rm corrupted rewards
    done
}

# ---- the game ------------------------------------------------------------------------------------

@test "the game with MPIRUN: rounds as of one process, and one line of what fails" {
    mkdir share
    cp -R "$REPO/hrl.mk" "$REPO/hrl" share
    mkdir data
    cp -R "$DATA/images" "$DATA/masks" data
    (cd data/images && printf '%s\n' *.pgm) | sed 's/\.pgm$//' | tee data/train.txt > data/test.txt
    play() {
        make -f share/hrl.mk DATA=data CROP=32 BATCH=4 EPOCHS=1 THREADS=1 ROUNDS=1 "$@"
    }
    play RUN=one > /dev/null
    play RUN=two MPIRUN='mpirun -q -n 2' > /dev/null
    near 1e-3 <(awk '!/^#/ { print $3, $4 }' one/0001/log) <(awk '!/^#/ { print $3, $4 }' two/0001/log)
    diff <(head -n 4 one/0001/strategies) <(head -n 4 two/0001/strategies)
    [ "$(wc -l < two/0001/rewards)" = 7 ]
    run --separate-stderr play RUN=two ROUNDS=2 MPIRUN='mpirun -q -n 2' TRAIN_OPTIONS=
    [ "$status" -eq 0 ]
    run --separate-stderr play RUN=two ROUNDS=3 MPIRUN='mpirun -q -n 5'
    stderr=$(grep -v '^make: ' <<< "$stderr")
    one_line_error 2 '^hrl.mk: two/0003: ir-train: --batch 4: fewer frames than processes, of which there are 5$'
    # a host that does not answer, by what stands for ssh
    # shellcheck disable=SC2016
    printf '%s\n' '#!/bin/sh' 'echo "ssh: connect to host $1 port 22: Connection timed out" >&2' 'exit 255' > agent
    chmod +x agent
    run --separate-stderr play RUN=two ROUNDS=3 \
        MPIRUN="mpirun -q --mca plm_rsh_agent $PWD/agent --host nowhere:1,localhost:1 -n 2"
    stderr=$(grep -v '^make: ' <<< "$stderr")
    one_line_error 2 '^hrl.mk: two/0003: ssh: connect to host nowhere port 22: Connection timed out$'
    [ ! -e two/0003 ]
}
