#!/usr/bin/env bats
# --precision bf16 on the processor: what is multiplied is rounded, on every machine alike, and little
# comes of it.

load helper

# Frames, and an RDIAN that answers to them: its convolutions are 3x3, 5x5 and 7x7.
setup_file() {
    export DATA=$BATS_FILE_TMPDIR/data MODEL=$BATS_FILE_TMPDIR/net.tar
    load helper
    scenes "$DATA" -n 6 -t 2 -s 96x80 -r 3 > /dev/null
    ir-train init --net rdian -r 1 "$DATA/images" > "$MODEL.new"
    train "$MODEL.new" --epochs 4 -r 1 -w "$MODEL"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# train CHECKPOINT ARGUMENT...
train() {
    ir-train -q -c "$1" -d cpu --crop 64 --batch 2 --epochs 3 "${@:2}" "$DATA/images" "$DATA/masks"
}

maps() {
    ir-detect -c "$MODEL" -d cpu --soft --depth 16 "$@" "$DATA"/images/*
}

# distance A B: of two streams of maps, the 2-norm of their difference over that of A.
distance() {
    "$PYTHON" - "$1" "$2" << 'END'
import sys
import numpy as np
def samples(path):
    data, out = open(path, "rb").read(), []
    while data:
        at, words = 0, []
        while len(words) < 4:
            end = at
            while data[end:end + 1].strip():
                end += 1
            if data[at:at + 1] == b"#":
                end = data.index(b"\n", at)
            elif end > at:
                words.append(data[at:end])
            at = end + 1
        w, h = int(words[1]), int(words[2])
        out.append(np.frombuffer(data[at:at + 2 * w * h], ">u2").astype(float))
        data = data[at + 2 * w * h:]
    return np.concatenate(out)
a, b = samples(sys.argv[1]), samples(sys.argv[2])
print(np.linalg.norm(a - b) / np.linalg.norm(a))
END
}

# within LOW VALUE HIGH
within() {
    awk -v low="$1" -v x="$2" -v high="$3" 'BEGIN { exit !(low <= x && x <= high) }' ||
        { echo "$2 is not from $1 to $3" && false; }
}

@test "convolutions of numbers with eight bits agree with their reference as in single precision" {
    local op error

    for op in conv2d conv_transpose2d; do
        run -0 test-ops -p bf16 -n 2 -o $op
        while read -r _ _ label error _; do
            [[ $label != *-bf16 ]] || within 0 "$error" 1e-5
        done <<< "$output"
    done
}

@test "every operation agrees with its reference, and none takes oneDNN's slow ways" {
    run test-ops -p bf16 -n 1
    [ "$status" = 0 ] || { grep -v '^ok ' <<< "$output" && false; }
    [[ $output == *"ok implementations base-bf16"* ]]
}

@test "detection changes, by what eight bits leave" {
    maps --precision fp32 > single
    maps --precision bf16 > half
    within 1e-6 "$(distance single half)" 2e-2
}

@test "tf32 is single precision" {
    cmp <(maps --precision fp32) <(maps)
}

@test "auto is what ir-detect does: bf16 where there are matrix instructions, else single precision" {
    unset IRTOOLS_PRECISION
    maps > default
    maps --precision auto | cmp default -
    IRTOOLS_PRECISION=fp32 maps | cmp - <(maps --precision fp32)
    maps --precision fp32 > single
    if grep -qw amx_bf16 /proc/cpuinfo; then maps --precision bf16; else cat single; fi | cmp default -
    ONEDNN_MAX_CPU_ISA=AVX512_CORE maps | cmp - single
}

@test "a precision that there is not: an option, a variable" {
    run --separate-stderr ir-detect -c "$MODEL" --precision half "$DATA"/images
    usage_error "--precision: 'half' is none of fp32, tf32, bf16, auto"
    IRTOOLS_PRECISION=half run --separate-stderr ir-detect -c "$MODEL" "$DATA"/images
    usage_error "IRTOOLS_PRECISION: 'half' is none of fp32, tf32, bf16, auto"
}

@test "hrl.mk trains and scores in tf32 unless it is told otherwise" {
    local given seen

    unset IRTOOLS_PRECISION
    for given in '' bf16; do
        # shellcheck disable=SC2016 # for the shell that runs it
        IRTOOLS_PRECISION=$given make -s -f "$REPO/hrl.mk" robustness DATA="$DATA" RUN=run SEVERITIES=1 \
            FAMILIES=isp TABLE=table DETECT='echo "$$IRTOOLS_PRECISION" >> seen; ir-detect -m top-hat' > /dev/null
        seen=$(sort -u seen)
        [ "$seen" = "${given:-tf32}" ] || { echo "$given: $seen" && false; }
        rm seen
    done
}

@test "a machine without matrix instructions gives the same, but for the order of sums" {
    maps --precision bf16 > here
    ONEDNN_MAX_CPU_ISA=AVX512_CORE maps --precision bf16 > without
    within 0 "$(distance here without)" 1e-3
}

@test "the same bits again, and with other threads nearly" {
    maps --precision bf16 -j 2 > a
    maps --precision bf16 -j 2 > b
    cmp a b
    maps --precision bf16 -j 1 > c
    within 0 "$(distance a c)" 1e-3
}

@test "training takes nearly the same steps, and not the same" {
    for precision in fp32 bf16; do
        train "$MODEL" --precision $precision -r 2 --log $precision -w $precision.tar
    done
    run ! cmp fp32.tar bf16.tar
    paste <(grep -v '^#' fp32) <(grep -v '^#' bf16) | awk -F '\t' -v columns="$(awk -F '\t' 'END { print NF }' fp32)" '
        { d = $3 - $(columns + 3); if (d < 0) d = -d; if (d > 0.02) exit 1; n++ } END { exit n < 3 }'
}
