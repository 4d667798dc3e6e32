#!/usr/bin/env bats
# ir-detect --adapt: batch norms that follow the frames.

load helper

# Frames of two sizes that are no multiples of 32 and one that is, and an ACM whose random weights
# answer to the image.
setup_file() {
    export DATA=$BATS_FILE_TMPDIR/data NET=$BATS_FILE_TMPDIR/net.tar
    load helper
    scenes "$DATA" -n 3 -s 96x70 -r 3 > /dev/null
    mkdir "$DATA/frames"
    cp "$DATA"/images/*.pgm "$DATA/frames"
    pamcut -width 64 -height 37 "$DATA/images/scene00001.pgm" > "$DATA/frames/small.pgm"
    pamcut -width 64 -height 64 "$DATA/images/scene00002.pgm" > "$DATA/frames/whole.pgm"
    net "$NET" acm
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# net FILE NAME: a fresh network with every weight and statistic another.
net() {
    ir-train init --net "$2" --init published -r 1 --mean 0.4 --std 0.14 > "$1.plain"
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$1.plain" "$1" '
rng = np.random.default_rng(1)
for name in members:
    if name.startswith(("param/", "state/")):
        a = array(name)
        members[name] = npy((a * rng.uniform(1, 2, a.shape)).astype("<f4"))'
}

adapt() {
    ir-detect -c "$NET" --precision fp32 --soft --depth 16 "$@"
}

numbers() {
    pnmtoplainpnm < "$1" | tr -s ' ' '\n'
}

# differ A B: the largest difference of two files of 16-bit maps, in their units.
differ() {
    paste <(numbers "$1") <(numbers "$2") |
        awk '{ d = $1 - $2; d = d < 0 ? -d : d; most = d > most ? d : most } END { print most + 0 }'
}

# dim FRAME: a tenth of its contrast.
dim() {
    pamdepth 65535 "$1" | pamfunc -multiplier 0.1
}

@test "the probabilities are PyTorch's with statistics blended layer by layer" {
    "$PYTHON" -c 'import torch, numpy' 2> /dev/null || skip "python3-torch is not installed"
    pgm 1 1 255 7 | pamdepth 255 > dot.pgm
    dim "$DATA/images/scene00003.pgm" > last.pgm
    set -- "$DATA"/frames/*.pgm dot.pgm last.pgm
    net dnanet.tar dnanet
    for window in 1 3; do
        "$PYTHON" "$REPO/tests/parity/adapt.py" "$NET" 0.3 $window "$@"
        "$PYTHON" "$REPO/tests/parity/adapt.py" "$NET" 1 $window "$@"
        "$PYTHON" "$REPO/tests/parity/adapt.py" dnanet.tar 0.5 $window "$@"
    done
}

@test "nothing is blended without the option, nor with 0" {
    adapt "$DATA/frames" > plain
    adapt --adapt 0 "$DATA/frames" | cmp - plain
    adapt --adapt 0 --adapt-window 8 "$DATA/frames" | cmp - plain
    run ! cmp -s plain <(adapt --adapt 0.1 "$DATA/frames")
}

@test "a frame's statistics are its own, in a batch too, and do not hang on the threads" {
    for frame in "$DATA"/frames/*.pgm; do
        adapt --adapt 0.5 "$frame"
    done > alone
    for j in 1 3; do
        adapt --adapt 0.5 -j $j "$DATA/frames" > together
        [ "$(differ alone together)" -le 1 ]
    done
    adapt --adapt 0.5 --batch 3 "$DATA/frames" > three
    [ "$(differ alone three)" -le 8 ]
}

@test "a window is of the last frames, in batches too" {
    for frame in "$DATA"/images/*.pgm; do
        dim "$frame" > "$(basename "$frame")"
    done
    set -- "$DATA"/images/*.pgm ./*.pgm "$DATA"/images/*.pgm
    adapt --adapt 0.5 --adapt-window 3 "$@" > stream
    adapt --adapt 0.5 --adapt-window 3 --batch 4 "$@" > batches
    [ "$(differ stream batches)" -le 8 ]
    adapt --adapt 0.5 "$@" > frames
    [ "$(differ stream frames)" -ge 100 ]
    # a first frame has none before it
    adapt --adapt 0.5 --adapt-window 3 "$1" > first
    [ "$(differ first <(adapt --adapt 0.5 "$1"))" = 0 ]
}

@test "with 1, neither gain nor offset of a frame matters" {
    dim "$DATA/frames/whole.pgm" > dim.pgm
    pamfunc -adder 20000 dim.pgm > bright.pgm
    for x in 0 1; do
        adapt --adapt $x dim.pgm > dim.$x
        adapt --adapt $x bright.pgm > bright.$x
    done
    [ "$(differ dim.0 bright.0)" -ge 1000 ]
    [ "$(differ dim.1 bright.1)" -le 50 ]
}

@test "padding is no part of a frame: one pixel has no statistics" {
    pgm 1 1 255 200 > dot.pgm
    adapt dot.pgm > plain
    adapt --adapt 1 dot.pgm > adapted
    [ "$(differ plain adapted)" -le 1 ]
    # nor does it enter the window
    adapt --adapt 1 --adapt-window 2 "$DATA/frames/whole.pgm" > one
    adapt --adapt 1 --adapt-window 2 dot.pgm "$DATA/frames/whole.pgm" > two
    tail -c "$(wc -c < one)" two | cmp - one
}

@test "a constant frame, a row and a column have finite probabilities" {
    pgm 40 1 255 $(seq 40) > row.pgm
    pgm 1 33 255 $(seq 33) > column.pgm
    pgmmake 0.5 64 64 > flat.pgm
    pgmmake 0 32 32 > black.pgm
    for window in 1 4; do
        adapt --adapt 1 --adapt-window $window row.pgm column.pgm flat.pgm black.pgm > maps
        [ "$(pamfile -allimages maps | wc -l)" -eq 4 ]
    done
}

@test "features are those of the adapting network" {
    for x in 0 0.5; do
        ir-detect -c "$NET" --adapt $x --feature fuse1 "$DATA/frames/whole.pgm" > feature.$x
    done
    run ! cmp -s feature.0 feature.0.5
}

@test "--adapt that cannot be is a wrong command line" {
    local frame=$DATA/frames/whole.pgm
    for x in -0.1 1.1 nan inf x ''; do
        run --separate-stderr ir-detect -c "$NET" --adapt "$x" "$frame"
        usage_error '^ir-detect: --adapt'
    done
    for n in 0 -1 1025 1.5 x ''; do
        run --separate-stderr ir-detect -c "$NET" --adapt 0.1 --adapt-window "$n" "$frame"
        usage_error '^ir-detect: --adapt-window'
    done
    run --separate-stderr ir-detect -c "$NET" --adapt-window 2 "$frame"
    usage_error '--adapt-window needs --adapt'
    run --separate-stderr ir-detect -m top-hat --adapt 0.1 "$frame"
    usage_error '--adapt needs -c'
}
