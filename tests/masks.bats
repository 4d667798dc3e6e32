#!/usr/bin/env bats
# What a mask's samples mean, in ir-score and ir-train alike: two values, values between, a
# threshold by hand, sets without a target, other sizes.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# score TRUE...: IoU of a prediction 0 0 255 255 with a true mask of that maxval and four samples.
score() {
    pgm 4 1 255 0 0 255 255 > predicted.pgm
    pgm 4 1 "$@" > true.pgm
    run --separate-stderr ir-score --tsv "${options[@]}" predicted.pgm true.pgm
    [[ $status -eq 0 ]] && tail -n 1 <<< "$output" | cut -f 1
}

# frames N: so many frames of 64 x 64, each with a bright block, in images/.
frames() {
    mkdir -p images
    for ((i = 0; i < $1; i++)); do
        awk -v i="$i" 'BEGIN {
            print "P2 64 64 255"
            for (y = 0; y < 64; y++) for (x = 0; x < 64; x++)
                print(y >= 20 && y < 24 && x >= 30 && x < 34 ? 230 : 50 + (7 * x + i) % 11) }' \
            > images/$i.pgm
    done
}

# masks N MAXVAL BACKGROUND TARGET [DIRECTORY]: their masks, in masks/.
masks() {
    mkdir -p "${5:-masks}"
    for ((i = 0; i < $1; i++)); do
        awk -v m="$2" -v b="$3" -v t="$4" 'BEGIN {
            print "P2 64 64", m
            for (y = 0; y < 64; y++) for (x = 0; x < 64; x++)
                print(y >= 20 && y < 24 && x >= 30 && x < 34 ? t : b) }' > "${5:-masks}/$i.pgm"
    done
}

# train ARGUMENT...: a step over images; the checkpoint in out.tar.
train() {
    [[ -e start.tar ]] || ir-train init --net acm --dropout 0 images > start.tar
    run --separate-stderr ir-train -q -c start.tar --crop 64 -j 1 -w out.tar "$@"
}

@test "a mask of 0 and one other value is true where it is not 0, and that is said" {
    [ "$(score 255 0 0 255 255)" = 1 ]
    [ "$(score 1 0 0 1 1)" = 1 ]
    for value in 1 2 38 127 128 254; do
        [ "$(score 255 0 0 $value $value)" = 1 ]
        score 255 0 0 $value $value
        one_line_error 0 "^ir-score: true: the true mask holds 0 and $value, the maxval is 255: "
        [[ $stderr = *--true-above* ]]
    done
    [ "$(score 65535 0 0 1 1)" = 1 ]
    score 255 0 0 255 255
    [ -z "$stderr" ]
    score 255 0 0 0 0
    [ -z "$stderr" ]
}

@test "a palette's colours are two values" {
    pgm 4 1 255 0 0 255 255 > predicted.pgm
    printf 'P3 4 1 255 0 0 0  0 0 0  128 0 0  128 0 0\n' > true.ppm
    [ "$(ir-score --tsv predicted.pgm true.ppm 2> err | tail -n 1 | cut -f 1)" = 1 ]
    grep -q 'holds 0 and 38' err
    mkdir png
    pnmtopng true.ppm > png/true.png 2> /dev/null
    pngtopnm png/true.png | head -c 2 | grep -qx P6
    [ "$(ir-score --tsv predicted.pgm png 2> err | tail -n 1 | cut -f 1)" = 1 ]
}

@test "two values are said once of a run, other values counted at its end" {
    mkdir predicted true
    for i in a b c d; do
        pgm 4 1 255 0 0 255 255 > predicted/$i.pgm
        pgm 4 1 255 0 0 1 1 > true/$i.pgm
    done
    run --separate-stderr ir-score --tsv predicted true
    one_line_error 0 '^ir-score: a: the true mask holds 0 and 1'
    pgm 4 1 255 0 1 254 255 > true/b.pgm
    pgm 4 1 255 7 7 7 7 > true/d.pgm
    run --separate-stderr ir-score --tsv predicted true
    [ "$(wc -l <<< "$stderr")" = 2 ]
    [[ $stderr = *'2 of 4 true masks are not binary (the first: b)'*--true-above* ]]
}

@test "a mask of one grey alone is no mask of two values" {
    pgm 4 1 255 255 255 255 255 > predicted.pgm
    pgm 4 1 255 1 1 1 1 > true.pgm
    run --separate-stderr ir-score --tsv predicted.pgm true.pgm
    one_line_error 0 '1 of 1 true masks is not binary'
    [ "$(tail -n 1 <<< "$output" | cut -f 1)" = 0 ]
    pgm 4 1 255 255 255 255 255 > true.pgm
    run --separate-stderr ir-score --tsv predicted.pgm true.pgm
    [[ -z $stderr && "$(tail -n 1 <<< "$output" | cut -f 1)" = 1 ]]
}

@test "--true-above says by hand what is true, and nothing is guessed or said" {
    local options=(--true-above 0.2)
    [ "$(score 255 0 51 52 255)" = 1 ]
    [ "$(score 255 0 0 1 1)" = 0 ]
    score 255 0 0 1 1
    [ -z "$stderr" ]
    options=(--true-above 0)
    [ "$(score 255 0 0 1 2)" = 1 ]
    score 255 0 0 1 2
    [ -z "$stderr" ]
    for bad in 1 1.5 -0.1 x nan; do
        run --separate-stderr ir-score --true-above $bad predicted.pgm true.pgm
        usage_error '--true-above'
        run --separate-stderr ir-train -c none.tar --true-above $bad predicted.pgm true.pgm
        usage_error '--true-above'
    done
}

@test "predictions of 0 and 1 are empty by the threshold, which is said once" {
    mkdir predicted
    pgm 4 1 255 0 0 1 1 > predicted/a.pgm
    pgm 4 1 255 0 1 1 1 > predicted/b.pgm
    mkdir true
    pgm 4 1 255 0 0 255 255 | tee true/a.pgm > true/b.pgm
    run --separate-stderr ir-score --tsv predicted true
    one_line_error 0 '^ir-score: a: the prediction holds 0 and 1, the maxval is 255: .*\(-t 0 takes'
    run --separate-stderr ir-score --tsv -t 0 predicted true
    [[ -z $stderr && "$(tail -n 1 <<< "$output" | cut -f 1)" = 0.8 ]]
    pgm 4 1 255 0 1 2 3 | tee predicted/a.pgm > predicted/b.pgm # a map may be dim
    run --separate-stderr ir-score --tsv predicted true
    [[ $status -eq 0 && -z $stderr ]]
    pgm 4 1 255 0 0 1 1 > predicted/a.pgm # even of one value, where others are not
    pgm 4 1 255 0 0 1 200 > predicted/b.pgm
    run --separate-stderr ir-score --tsv predicted true
    [[ $status -eq 0 && -z $stderr ]]
}

@test "training on masks of 0 and 1 gives the bits that masks of 0 and 255 give" {
    frames 4
    masks 4 255 0 255
    train images masks
    [[ $status -eq 0 && -z $stderr ]]
    mv out.tar full.tar
    masks 4 255 0 1
    train images masks
    one_line_error 0 '^ir-train: 0: the mask holds 0 and 1, the maxval is 255: 1 is taken as true'
    cmp out.tar full.tar
    masks 4 255 3 77
    train --true-above 0.1 images masks
    [[ $status -eq 0 && -z $stderr ]]
    cmp out.tar full.tar
    masks 4 255 3 200
    train --epochs 3 images masks
    one_line_error 0 '^ir-train: 4 of 4 masks are not binary \(the first: 0\)'
}

@test "masks without a target are refused before training, or at the end of a stream" {
    frames 2
    masks 2 255 0 0
    cp /dev/null out.tar
    train images masks
    one_line_error 1 '^ir-train: masks: no target in 2 masks \(--true-above'
    masks 2 255 3 77
    train images masks
    one_line_error 1 '^ir-train: masks: no target in 2 masks \(--true-above'
    ls masks/* > list
    train images @list
    one_line_error 1 '^ir-train: @list: no target in 2 masks'
    train images - < <(cat masks/*)
    [[ $stderr = *'2 of 2 masks are not binary'*$'\n''ir-train: no target in 2 masks'* ]]
    [[ $status -eq 1 && ! -s out.tar ]]
    [ -z "$(find . -name '*.part')" ]
    train --true-above 0.2 images masks
    [[ $status -eq 0 && -z $stderr && -s out.tar ]]
    # one target among many is enough
    masks 1 255 0 255 one
    cp one/0.pgm masks/1.pgm
    train images masks
    [ "$status" -eq 0 ]
}

@test "ir-train names a mask of another size and its remedy, and scales it when asked" {
    frames 4
    masks 4 255 0 255
    train images masks
    mv out.tar same.tar
    for f in masks/*; do
        pamenlarge 2 "$f" > twice
        mv twice "$f"
    done
    train images masks
    one_line_error 1 '^ir-train: 0: mask is 128x128, the image 64x64 \(--resize nearest scales it\)$'
    train --resize nearest images masks
    [[ $status -eq 0 && -z $stderr ]]
    cmp out.tar same.tar
    run --separate-stderr ir-train -c start.tar --resize bicubic images masks
    usage_error '--resize'
}
