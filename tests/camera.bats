#!/usr/bin/env bats
# ir-corrupt: the camera group against its equations, which strategies cannot be one of it, bad input.

load helper

CAMERA=(fixed-pattern bad-pixels banding vignette lag haze jitter glare agc dropped-lines)
PYTHON=${PYTHON:-/usr/bin/python3}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# frame WIDTH HEIGHT MAXVAL: a gradient with a bright spot and some texture.
frame() {
    awk -v w="$1" -v h="$2" -v m="$3" 'BEGIN {
        print "P2\n" w " " h "\n" m
        for (y = 0; y < h; y++) for (x = 0; x < w; x++) {
            v = 0.3 + 0.2 * x / w + 0.1 * y / h + 0.05 * sin(x * 1.3) * cos(y * 0.7)
            if ((x - w / 2) ^ 2 + (y - h / 2) ^ 2 < 5) v = 0.9
            print int(v * m + 0.5)
        } }' | pnmtopnm
}

# against_equation FRAME: every camera corruption of it at every severity.
against_equation() {
    local name severity

    for name in "${CAMERA[@]}"; do
        for severity in 1 2 3 4 5; do
            ir-corrupt -n "$name" -s "$severity" -r 7 "$1" > result.pgm
            $PYTHON "$BATS_TEST_DIRNAME/parity/camera.py" "$name" "$severity" 7 "$1" result.pgm
        done
    done
}

@test "--list has the camera group: ten names with five severities" {
    ir-corrupt --list > list
    [ "$(awk -F '\t' '$2 == "camera" { print $1 }' list | xargs)" = "${CAMERA[*]}" ]
    [ "$(awk -F '\t' '$2 == "camera" && NF != 7' list | wc -l)" -eq 0 ]
}

@test "8 bits: every camera corruption is its equation to one grey level" {
    frame 96 70 255 > f.pgm
    against_equation f.pgm
}

@test "16 bits: every camera corruption is its equation to one level in 65535" {
    frame 60 83 65535 > f.pgm
    against_equation f.pgm
}

@test "frames of 1 x N, N x 1, 1 x 1 and of 1 bit" {
    frame 1 40 255 > f.pgm
    against_equation f.pgm
    frame 40 1 1000 > f.pgm
    against_equation f.pgm
    frame 1 1 255 > f.pgm
    against_equation f.pgm
    frame 50 40 1 > f.pgm
    for name in "${CAMERA[@]}"; do
        ir-corrupt -n "$name" -s 5 f.pgm > result.pgm
        [ "$(pamfile -machine < result.pgm | cut -d ' ' -f 4,5,7)" = '50 40 1' ]
    done
}

@test "severities grow: each moves the frame's samples further than the one two below" {
    local before now

    frame 256 256 255 > f.pgm
    for name in "${CAMERA[@]}"; do
        before=0
        for severity in 1 3 5; do
            now=$(ir-corrupt -n "$name" -s "$severity" -r 2 f.pgm |
                pamarith -difference - f.pgm | pamsumm -sum -brief)
            [ "$now" -gt "$before" ] || { echo "$name $severity: $now after $before"; false; }
            before=$now
        done
    done
}

@test "a frame of one value: automatic gain keeps it, haze and lag do nothing" {
    # shellcheck disable=SC2046 # a word each
    pgm 8 4 255 $(yes 119 | head -n 32) > f.pgm
    for severity in 1 5; do
        for name in haze lag jitter; do
            [ "$(ir-corrupt -n "$name" -s "$severity" f.pgm | samples)" = "$(samples < f.pgm)" ]
        done
    done
    ir-corrupt -n agc -s 5 f.pgm | samples | grep -q ' 119 119 119'
}

@test "threads, order and company do not change a camera corruption" {
    for i in 1 2 3 4 5; do frame $((30 + i)) 40 255 > "f$i.pgm"; done
    for name in "${CAMERA[@]}"; do
        ir-corrupt -n "$name" -s 3 -r 3 -j 1 -o one f1.pgm f2.pgm f3.pgm f4.pgm f5.pgm
        ir-corrupt -n "$name" -s 3 -r 3 -j 4 -o four f5.pgm f3.pgm f1.pgm f2.pgm f4.pgm
        diff -r one four
        ir-corrupt -n "$name" -s 3 -r 4 f1.pgm > other
        ! cmp -s other one/f1.pgm || [ "$name" = agc ]
        rm -r one four
    done
}

@test "a record may name one by hand, but no policy plays it" {
    frame 32 32 255 > a.pgm
    frame 32 32 255 > b.pgm
    printf 'a\tbanding\t3\t-3\nb\tbanding\t3\t-3\n' > strategies
    ir-corrupt -S strategies -o out a.pgm b.pgm
    ir-corrupt -n banding -s 3 a.pgm | cmp - out/a.pgm
    ir-policy init > policy.tar
    printf 'a\t0.5\nb\t0.5\n' > rewards
    run ir-policy update -c policy.tar -S strategies -R rewards a.pgm b.pgm
    [ "$status" = 1 ]
    [[ "$output" == *"strategies:1: banding is for testing alone: no policy plays it"* ]]
    ir-policy sample -c policy.tar --batch 2 a.pgm b.pgm | cut -f 2 > played
    run ! grep -qxF -f <(printf '%s\n' "${CAMERA[@]}") played
}
