#!/usr/bin/env bats
# Peak resident memory of large jobs, against what PyTorch 1.13 needs for the same.

load helper

setup() {
    [ -z "${IR_ASAN:-}" ] || skip "a sanitizer needs memory of its own"
}

peak_kib() { # COMMAND ...
    /usr/bin/python3 - "$@" <<'PYTHON'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PYTHON
}

@test "balistd detects in a frame of 640x512 in less than 600 MB" {
    ir-scenes -n 1 -s 640x512 -o "$BATS_TEST_TMPDIR/scenes"
    ir-train init --net balistd --mean 0.4 --std 0.1 >"$BATS_TEST_TMPDIR/net.tar"
    peak=$(peak_kib ir-detect -c "$BATS_TEST_TMPDIR/net.tar" "$BATS_TEST_TMPDIR/scenes/images")
    echo "$peak KiB"
    ((peak * 1024 < 600000000))
}

@test "a training step, or detection, takes the share of PyTorch's memory that it may" {
    # work, network, batch, MiB of PyTorch, thousandths of it
    while read -r work net batch torch share; do
        ir-train init --net "$net" --mean 0.4 --std 0.1 >"$BATS_TEST_TMPDIR/net.tar"
        peak=$(peak_kib bench-detector -w 0 "$work" "$BATS_TEST_TMPDIR/net.tar" "$batch" 256 1)
        echo "$work $net: $((peak / 1024)) MiB, $((1000 * peak / 1024 / torch)) thousandths"
        ((peak < torch * 1024 * share / 1000))
    done <<'END'
train acm 8 555 333
train alcnet 4 366 333
train rdian 4 1140 333
train dnanet 4 3048 550
train isnet 4 3614 333
train balistd 4 4593 550
detect dnanet 1 552 333
detect balistd 1 700 333
END
}

@test "with little memory -h and -V work, and what cannot start says so in one line" {
    # shellcheck disable=SC2046
    pgm 64 64 255 $(awk 'BEGIN { for (i = 0; i < 4096; i++) print i * i % 251 }') > "$BATS_TEST_TMPDIR/a.pgm"
    for room in 130000 170000 220000 300000; do
        for program in ir-corrupt ir-policy ir-train ir-detect ir-score; do
            (ulimit -v $room; timeout 60 $program -h > /dev/null)
            (ulimit -v $room; timeout 60 $program -V > /dev/null)
        done
        for method in ipi nram pstnn; do
            for threads in 1 3; do
                ended=0
                (ulimit -v $room; timeout 60 ir-detect -m $method --patch 10 -j $threads \
                    "$BATS_TEST_TMPDIR/a.pgm" > /dev/null 2> "$BATS_TEST_TMPDIR/said") || ended=$?
                echo "$room $method $threads: $ended, $(cat "$BATS_TEST_TMPDIR/said")"
                [ $ended = 0 ] || { [ $ended = 1 ] && [ "$(wc -l < "$BATS_TEST_TMPDIR/said")" = 1 ] &&
                    grep -qE '^ir-detect: .*(out of memory|cannot|failed)' "$BATS_TEST_TMPDIR/said"; }
            done
        done
    done
}

# starve KIB PROGRAM ...: it ends soon, by itself, and says one line at most. (The loader says 127. What
# libgomp says before the program begins has an empty line before it.)
starve() {
    local ended=0
    (ulimit -v "$1"; timeout 60 "${@:2}" > /dev/null 2> "$BATS_TEST_TMPDIR/said") || ended=$?
    echo "$*: $ended, $(cat "$BATS_TEST_TMPDIR/said")"
    [ $ended = 0 ] || [ $ended = 1 ] || [ $ended = 127 ]
    [ "$(grep -c . "$BATS_TEST_TMPDIR/said")" -le 1 ]
}

@test "memory that ends anywhere ends every program with one line" {
    cd "$BATS_TEST_TMPDIR"
    ir-scenes -n 4 -s 64x64 -t 1 -o s
    ir-train init --net acm --mean 0.4 --std 0.1 > net.tar
    ir-policy init > policy.tar
    for room in $(seq 60000 2000 140000) $(seq 150000 25000 400000); do
        starve "$room" ir-corrupt -n gaussian-noise -s 2 -j 2 s/images
        starve "$room" ir-policy sample -c policy.tar --batch 4 -j 2 s/images
        starve "$room" ir-train -q -j 2 --crop 32 --batch 4 -c net.tar -w out.tar s/images s/masks
        starve "$room" ir-detect -c net.tar -j 2 s/images
        starve "$room" ir-detect -m pstnn --patch 10 -j 2 s/images
        starve "$room" ir-score s/masks s/masks
    done
    grep -q ': 0,' <<< "$(starve 400000 ir-train -q -j 1 --crop 32 --batch 4 -c net.tar -w out.tar \
        s/images s/masks)" # the last room is enough
}

@test "frames of ever other sizes do not add up: weights are packed once, old graphs dropped" {
    for side in 64 96 128 160 192 224 256 288; do
        for other in 64 96 128 160; do
            ir-scenes -n 1 -s "${side}x$other" -t 1 -o "$BATS_TEST_TMPDIR/s$side-$other"
        done
    done
    find "$BATS_TEST_TMPDIR"/s*/images -name '*.pgm' >"$BATS_TEST_TMPDIR/list"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/list")" = 32 ]
    ir-train init --net dnanet --mean 0.4 --std 0.1 >"$BATS_TEST_TMPDIR/net.tar"
    one=$(peak_kib ir-detect -c "$BATS_TEST_TMPDIR/net.tar" "$BATS_TEST_TMPDIR/s256-128/images")
    all=$(peak_kib ir-detect -c "$BATS_TEST_TMPDIR/net.tar" "@$BATS_TEST_TMPDIR/list")
    echo "one size $((one / 1024)) MiB, 32 sizes $((all / 1024)) MiB"
    # what graphs may take together, and the weights transformed for tiles of 2x2 and of 4x4
    ((all < one + (512 + 108) * 1024))
}
