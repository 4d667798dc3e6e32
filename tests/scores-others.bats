#!/usr/bin/env bats
# ir-score on what other programs wrote: PNG files, maps of any depth, masks that are not binary.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# Two masks and two predictions, one met, one missed; as PGM and as PNG.
sets() {
    mkdir true predicted png
    pgm 4 2 255 0 255 255 0 0 0 0 0 > true/a.pgm
    pgm 4 2 255 0 0 0 255 0 0 0 0 > true/b.pgm
    pgm 4 2 255 0 200 20 0 0 0 0 0 > predicted/a.pgm
    pgm 4 2 255 0 0 0 0 0 255 0 0 > predicted/b.pgm
    pnmtopng predicted/a.pgm > png/a.png
    pnmtopng predicted/b.pgm > png/b.png
    ir-score --all predicted true > expected
}

@test "a directory of PNG files is matched by name" {
    sets
    ir-score --all png true | diff expected -
    printf 'png/b.png\npng/a.png\n' > list
    ir-score --per-image @list true | cut -f 1 | diff <(printf 'name\nb\na\n') -
    ir-score png/a.png true/a.pgm | grep -qx 'iou  *0.500000'
}

@test "PNG masks as well, and of 1 bit and of colour" {
    sets
    mkdir masks
    pgmtoppm white true/a.pgm | pnmtopng > masks/a.png
    pamthreshold -simple true/b.pgm | pamtopnm | pnmtopng > masks/b.png
    [ "$(pngtopnm masks/b.png | head -c 2)" = P4 ]
    ir-score --all png masks | diff expected -
}

@test "maps of 16 bits in PNG keep their depth" {
    mkdir maps true
    pgm 3 1 65535 32767 32768 65535 > map.pgm
    pnmtopng map.pgm > maps/a.png
    pgm 3 1 255 255 255 255 > true/a.pgm
    ir-score maps true | grep -qx 'iou  *0.666667'
    ir-score -t 0.49999 maps true | grep -qx 'iou  *1.000000'
}

@test "a PNG file beside a Netpbm one of its name is left alone, another is read" {
    sets
    pgm 4 2 255 255 255 255 255 255 255 255 255 | pnmtopng > predicted/a.png
    ir-score --all predicted true | diff expected -
    cp png/a.png predicted/c.png
    run --separate-stderr ir-score predicted true
    one_line_error 1 '^ir-score: c: in predicted, but not in true$'
}

@test "a PNG file that is none, or cut short, is named in one line" {
    sets
    head -c 50 png/a.png > cut.png
    cp cut.png png/a.png
    run --separate-stderr ir-score png true
    one_line_error 1 '^ir-score: .*png/a.png'
    [[ -z $output ]]
    echo text > png/a.png
    run --separate-stderr ir-score png true
    one_line_error 1 '^ir-score: png/a.png: bad magic number'
    run --separate-stderr ir-score missing.png true/a.pgm
    one_line_error 1 '^ir-score: missing.png: No such file'
}

@test "PNG files need no program" {
    sets
    PATH=$IR_BIN ir-score --all png true | diff expected -
}

@test "a prediction of another size is an error, or fitted by --resize nearest" {
    sets
    pamenlarge 2 predicted/b.pgm | pnmtopng > png/b.png
    run --separate-stderr ir-score png true
    one_line_error 1 '^ir-score: b: the true mask is 4x2, the image 8x4 \(--resize nearest scales it\)$'
    ir-score --resize nearest png true | grep -qx 'iou  *0.100000'
}

@test "masks that are not binary are counted in one line" {
    sets
    run --separate-stderr ir-score predicted true
    [[ $status -eq 0 && -z $stderr ]]
    pgm 4 2 255 0 254 255 3 0 0 0 0 > true/a.pgm
    run --separate-stderr ir-score predicted true
    one_line_error 0 '^ir-score: 1 of 2 true masks is not binary \(the first: a\)'
    pgm 4 2 255 0 0 0 128 0 0 0 1 > true/b.pgm
    run --separate-stderr ir-score --tsv predicted true
    one_line_error 0 '^ir-score: 2 of 2 true masks are not binary \(the first: a\)'
    # what is scored is what lies above half of maxval, as before
    ir-score --all predicted true 2> warning | diff expected -
}
