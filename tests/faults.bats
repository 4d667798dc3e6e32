#!/usr/bin/env bats
# A few tries of each of the faults that tests/faults/run makes. "tests/faults/run -n 100" is the
# campaign.

load helper

setup() {
    [ -z "${IR_ASAN:-}" ] || skip "sanitizers have their own way with memory and tracing"
}

# few PART [OPTION...]: three tries of it, or as many as OPTION says.
few() {
    run "$REPO/tests/faults/run" -n 3 "${@:2}" "$1"
    echo "$output"
    [ "$status" = 0 ]
    [[ $output != *skipped:* ]] || skip "${output#*skipped: }"
}

@test "faults: a game that is killed goes on to the same bytes" {
    few kill
}

@test "faults: where one process is killed the others end, in a line, and the game goes on" {
    few kill-one
}

@test "faults: a program that is stopped for a while changes nothing" {
    few stop -n 1
}

@test "faults: of two makes in a run one says so and ends" {
    few two -n 1
}

@test "faults: files from the future change nothing" {
    few clock -n 2
}

@test "faults: few open files are enough, or the game says so" {
    few files
}

@test "faults: each program on a full disk says so and leaves nothing half" {
    few disk-programs -n 2
}

@test "faults: a limit on files that cuts in the middle of a write leaves nothing half" {
    few bytes -n 1
}

@test "faults: nor does it under a game" {
    few tiny-bytes -n 1
}

@test "faults: system calls that fail end each program in a line, with nothing half" {
    few calls -n 1
}

@test "faults: malloc() that fails ends each program in a line, with nothing half" {
    few malloc
}

# The shell that waits for a member is killed, the member itself comes to its end.
@test "faults: where a shell of the game's is killed its neighbour says so in one line" {
    cd "$BATS_TEST_TMPDIR"
    scenes data -n 4 -t 1 -s 64x64 > out
    mkdir bin
    cat > bin/tee <<- EOF
		#!/bin/sh
		case \$1 in *rewards) kill -KILL \$PPID ;; esac
		exec $(command -v tee) "\$@"
	EOF
    chmod +x bin/tee
    PATH=$PWD/bin:$PATH run --separate-stderr make -f "$REPO/hrl.mk" DATA=data CROP=32 BATCH=2 \
        EPOCHS=1 ROUNDS=1 THREADS=1
    [ "$status" = 2 ]
    stderr=$(grep -v '^make' <<< "$stderr")
    echo "$stderr"
    [[ $stderr = "hrl.mk: "*": one of the processes vanished" && $stderr != *$'\n'* ]]
}

# A failed allocation within a C++ library is an exception.
@test "faults: malloc() that fails within a library aborts no program" {
    run "$REPO/tests/faults/run" -n 6 -p train malloc-libraries
    echo "$output"
    [[ $output == *"of "*" calls of malloc() fails"* && $output != *"ended with 134"* ]]
}

# A program that does not write to another name first.
@test "faults: a file that is left half is seen" {
    mkdir "$BATS_TEST_TMPDIR/bin"
    cat > "$BATS_TEST_TMPDIR/bin/ir-policy" <<- EOF
		#!/bin/sh
		if [ "\$1" != init ]; then exec "$IR_BIN/ir-policy" "\$@"; fi
		for to; do :; done
		"$IR_BIN/ir-policy" init > whole && cat whole 2> /dev/null > "\$to" && exit 0
		echo "No space left on device" >&2
		exit 1
	EOF
    chmod +x "$BATS_TEST_TMPDIR/bin/ir-policy"
    PATH=$BATS_TEST_TMPDIR/bin:$PATH run "$REPO/tests/faults/run" -n 2 -p policy-init disk-programs
    echo "$output"
    [[ $output != *"no root, no tmpfs"* ]] || skip "only root makes a disk to fill"
    [[ $status = 1 && $output == *"left policy.tar, not whole"* ]]
}
