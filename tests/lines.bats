#!/usr/bin/env bats
# Records of several processes in one pipe: whole lines, whoever else writes there.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# packets COMMAND...: its standard output, a pipe that keeps one write from the next (O_DIRECT); fails
# if a write ends within a line, or holds more than PIPE_BUF bytes of several lines. Says how many
# writes there were in the file "writes".
packets() {
    cat > packets.py <<'PYTHON'
import os, subprocess, sys
out, into = os.pipe2(os.O_DIRECT)
child = subprocess.Popen(sys.argv[1:], stdout=into)
os.close(into)
writes = 0
while packet := os.read(out, 1 << 16):
    writes += 1
    os.write(1, packet)
    if not packet.endswith(b"\n") or len(packet) > 4096:
        sys.exit(f"write {writes}, {len(packet)} bytes, ends in {packet[-40:]}")
open("writes", "w").write(str(writes))
sys.exit(child.wait())
PYTHON
    "$PYTHON" packets.py "$@"
}

# dots FILE: a frame with 441 targets of one pixel.
dots() {
    awk 'BEGIN {
        print "P2 64 64 255"
        for (i = 0; i < 4096; i++) print i % 64 % 3 == 1 && int(i / 64) % 3 == 1 ? 255 : 0
    }' > "$1"
}

@test "lines are written whole, many at a time, whatever pieces they are printed in" {
    seq -f 'line %.0f of some length, and more of it' 20000 > in
    packets test-base lines flush < in > out
    cmp in out
    (($(cat writes) < $(wc -c < in) / 3200))
}

@test "a line longer than PIPE_BUF stays whole and in its place" {
    { echo short; head -c 30000 /dev/zero | tr '\0' x; echo; echo short; } > in
    test-base lines flush < in > out
    cmp in out
    { echo short; head -c 4095 /dev/zero | tr '\0' x; echo; echo short; } > in
    packets test-base lines flush < in > out
    cmp in out
    [ "$(cat writes)" = 3 ]
}

@test "what is behind the last line's end waits for the stream's" {
    printf 'whole\nhalf' > in
    [ "$(test-base lines flush < in)" = whole ]
    test-base lines close < in > out
    cmp in out
}

@test "a text that cannot be written is an error with its reason" {
    seq 100000 > in
    run --separate-stderr bash -c 'test-base lines flush < in > /dev/full'
    one_line_error 1 '^test-base: standard output: No space left on device$'
    run --separate-stderr bash -c 'test-base lines flush < in >&-'
    one_line_error 1 '^test-base: standard output: Bad file descriptor$'
}

@test "every program writes its records in whole lines" {
    dots dots.pgm
    packets ir-detect -m top-hat -t 0.5 -j 1 --targets dots.pgm > targets
    [ "$(wc -l < targets)" = 442 ]

    scenes data -n 4 -t 3 -s 64x64
    for i in $(seq 40); do cat data/images/*.pgm; done > many.pgm
    for i in $(seq 40); do cat data/masks/*.pgm; done > masks.pgm
    ir-policy init > policy.tar
    packets ir-policy sample -c policy.tar --batch 160 many.pgm > strategies
    [ "$(wc -l < strategies)" = 160 ]
    packets ir-score --per-image --tsv masks.pgm masks.pgm > scores
    [ "$(wc -l < scores)" = 161 ]
    packets ir-score --roc --thresholds 200 --tsv masks.pgm masks.pgm > roc
    [ "$(wc -l < roc)" -gt 190 ]
    ir-corrupt -S strategies many.pgm > corrupted.pgm
    ir-train init --net acm --mean 0.4 --std 0.1 > a.tar
    packets ir-train -q -c a.tar --crop 32 --batch 160 --corrupted corrupted.pgm -R - -w b.tar \
        many.pgm masks.pgm > rewards
    [ "$(wc -l < rewards)" = 160 ]
}

@test "eight processes that share a FIFO tear no line of one another" {
    dots frame_with_a_rather_long_name.pgm
    for i in 1 2 3 4 5 6 7 8; do printf 'frame_with_a_rather_long_name.pgm\n%.0s' $(seq 40) > list$i; done
    mkfifo all
    cat all > targets &
    reader=$!
    exec 8> all
    writers=()
    for i in 1 2 3 4 5 6 7 8; do
        ir-detect -m top-hat -t 0.5 -j 1 --targets @list$i >&8 3>&- &
        writers+=($!)
    done
    exec 8>&-
    for writer in "${writers[@]}"; do wait "$writer"; done
    wait $reader
    [ "$(wc -l < targets)" = $((8 * (1 + 40 * 441))) ]
    awk -F '\t' '!/^# name\tx\ty\tleft\ttop\twidth\theight\tarea\tscore$/ &&
        (NF != 9 || $1 !~ /^frame_with_a_rather_long_name$/) { print; bad = 1 } END { exit bad }' targets
}
