#!/usr/bin/env bats
# make bench: its parts, with next to nothing to do, print their tables; what is not there is skipped
# by name. No figure is looked at.

load helper

# Nothing is installed for this: the peers are those that are there already.
setup() {
    cd "$BATS_TEST_TMPDIR" || return
    export TURNS=1 FRAMES=3 REPEAT=2 SIDE=64 ROUNDS=1 IR_BIN
    unset SIRST PARTS
    IR_BENCH_PYTHON=$PYTHON
    [ ! -e "$(dirname "$IR_BIN")/bench-venv/whole" ] ||
        IR_BENCH_PYTHON=$(dirname "$IR_BIN")/bench-venv/bin/python
    export IR_BENCH_PYTHON
}

# bench PART...: runs these.
bench() {
    PARTS=$* "$REPO/tests/bench/run" > out 2> err || { cat out err; return 1; }
    [ ! -s err ] || { cat err; return 1; }
}

# has MODULE
has() {
    "$IR_BENCH_PYTHON" -W ignore -c "import $1" 2> /dev/null
}

# rows WORK...: these rows and no others are in out, each whole and its ratio that of its figures.
rows() {
    awk -F '\t' -v want="$(printf '%s\n' "$@")" '
        function bad(why) { print why ": " $0; failed = 1 }
        BEGIN { n = split(want, names, "\n") }
        /^#/ { next }
        !header++ { if ($0 != "work\tours\tpeer\tunit\tby\troofline_%\tratio\twanted\treached") bad("header"); next }
        $1 != names[++row] { bad("not " names[row]) }
        NF != 9 || $2 <= 0 || $3 <= 0 { bad("not whole") }
        ($7 - $3 / $2) ^ 2 > (0.006 + 0.002 * $7) ^ 2 { bad("ratio") }
        $9 != ($8 == "-" ? "-" : $7 + 0.005 >= $8 ? "yes" : "no") && $7 != $8 { bad("reached") }
        END { if (row != n) { print row " rows of " n; failed = 1 }; exit failed }' out || { cat out; return 1; }
}

@test "the detectors and the start beside PyTorch" {
    NETS=alcnet bench detectors
    rows 'alcnet train, batch 4' 'alcnet train, batch 4: memory' \
        'alcnet detect, batch 1' 'alcnet detect, batch 1: memory'
    bench startup
    rows 'acm, start to first mask' 'acm, one frame: memory'
    grep -q '^# frames: 1 generated scenes' out
}

@test "the corruptions beside imagecorruptions" {
    NAMES='jpeg contrast' SEVERITIES=3 bench corruptions
    if has imagecorruptions; then
        rows jpeg jpeg:\ memory contrast contrast:\ memory
        grep -q '^# frames: 3 generated scenes' out
        awk -F '\t' '$1 == "jpeg" && $8 != 3 || $1 == "contrast" && $8 != 10 { exit 1 }' out
    else
        grep -q '^# skipped for want of imagecorruptions: ' out
    fi
}

@test "scoring beside pyirstdmetrics" {
    bench scores
    if has py_irstd_metrics; then
        rows ir-score{,\ --all},\ spoiled\ maps{", from files",", decoded beforehand",} \
            ir-score\ --all,\ spoiled\ maps:\ memory \
            ir-score{,\ --all},\ noisy\ maps{", from files",", decoded beforehand",} \
            ir-score\ --all,\ noisy\ maps:\ memory
        [ "$(grep -c '^# reading these files and nothing else: [0-9]' out)" -eq 2 ]
    else
        grep -q '^# skipped for want of pyirstdmetrics: ' out
    fi
}

@test "an epoch of the game beside one process of PyTorch" {
    CROP=32 BATCH=2 bench hrl
    if has imagecorruptions; then
        rows 'HRL epoch, acm, 3 frames' 'HRL epoch, acm: memory'
    else
        grep -q '^# skipped for want of imagecorruptions: an epoch of the game' out
    fi
}

@test "how cost grows, with its exponent" {
    SIDES='64 96' BATCHES='1 2' LENGTHS='2 8' THREADS_AT='1 2' MORE=20 bench growth
    [ "$(grep -c '^exponent' out)" = 4 ]
    awk -F '\t' '$1 == "batch" || $1 == "exponent" { inside = $1 == "batch" }
        inside { a[$1] = $2 }
        $1 == "exponent" && 2 in a && !seen++ { found = $2; want = log(a[2] / a[1]) / log(2) }
        END { exit !(seen && (found - want) ^ 2 < 1e-4) }' out
    grep -q $'^constant memory\t\tyes\t\tyes\t\tyes$' out
}

@test "what is not there is skipped by name, and nothing else stops" {
    printf '#!/bin/sh\nexec /usr/bin/python3 -S -E "$@"\n' > bare
    chmod +x bare
    IR_BENCH_PYTHON=$PWD/bare bench corruptions scores startup detectors classical hrl
    grep '^# skipped' out | cut -d : -f 1 | sort | uniq -c | awk '{ print $1, $NF }' |
        diff <(printf '%s\n' '1 imagecorruptions' '1 pyirstdmetrics' '1 python3-scipy' '3 python3-torch') -
    run ! grep -v '^#' out
}

@test "a part of another name is refused" {
    run --separate-stderr env PARTS='scores noise' "$REPO/tests/bench/run"
    one_line_error 2 "^tests/bench/run: PARTS: 'noise' is none of "
}
