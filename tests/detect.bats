#!/usr/bin/env bats
# ir-detect: top-hat and a learned detector, masks, maps and targets, what it refuses.

load helper

# Frames of two sizes, and an ACM whose random weights answer to the image: untrained ones do not.
setup_file() {
    export DATA=$BATS_FILE_TMPDIR/data NET=$BATS_FILE_TMPDIR/net.tar
    load helper
    scenes "$DATA" -n 4 -s 96x70 -r 3 > /dev/null
    mkdir "$DATA/frames"
    cp "$DATA"/images/*.pgm "$DATA/frames"
    pamcut -width 64 -height 37 "$(first_frame)" > "$DATA/frames/small.pgm"
    ir-train init --net acm --init published -r 1 --mean 0.4 --std 0.14 > "$NET.plain"
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$NET.plain" "$NET" '
rng = np.random.default_rng(1)
for name in members:
    if name.startswith(("param/", "state/")):
        a = array(name)
        members[name] = npy((a * rng.uniform(1, 2, a.shape)).astype("<f4"))'
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

first_frame() {
    printf '%s\n' "$DATA"/images/*.pgm | head -n 1
}

top_hat() {
    ir-detect -m top-hat "$@"
}

learned() {
    ir-detect -c "$NET" "$@"
}

# ---- top-hat -------------------------------------------------------------------------------------

# A point of 200 and a block of 5 x 5 of 150 on 50.
point_and_block() {
    awk 'BEGIN {
        print "P2 20 12 255"
        for (y = 0; y < 12; y++)
            for (x = 0; x < 20; x++)
                print (x == 3 && y == 4) ? 200 : (x >= 9 && x < 14 && y >= 3 && y < 8) ? 150 : 50
    }'
}

@test "top-hat finds what is narrower than the square and nothing wider" {
    point_and_block > frame.pgm
    top_hat --radius 2 --targets frame.pgm | grep -v '^#' > targets
    printf 'frame\t3\t4\t3\t4\t1\t1\t1\t1\n' | diff - targets
    top_hat --radius 3 -t 0 --targets frame.pgm | grep -v '^#' > targets
    printf 'frame\t11\t5\t9\t3\t5\t5\t25\t0.666666667\nframe\t3\t4\t3\t4\t1\t1\t1\t1\n' | diff - targets
}

@test "--soft is the saliency scaled to its own range" {
    point_and_block > frame.pgm
    [[ $(top_hat --radius 3 --soft frame.pgm | samples | tr ' ' '\n' | sort -n | uniq -c | xargs) == \
        "214 0 25 170 2 255" ]] # one of the 255 is the maxval
    [[ $(top_hat --radius 3 --soft --depth 16 frame.pgm | samples | tr ' ' '\n' | sort -n | uniq -c |
        xargs) == "214 0 25 43690 2 65535" ]]
}

@test "-t is a fraction of the saliency's range, -k deviations above its mean" {
    pgm 5 1 255 0 30 0 100 0 > frame.pgm # the saliency is the frame
    [[ $(top_hat --radius 1 -t 0.3 frame.pgm | samples) == "255 0 0 0 255 0" ]]
    [[ $(top_hat --radius 1 -t 0.29 frame.pgm | samples) == "255 0 255 0 255 0" ]]
    # mean 26, standard deviation 38.78
    [[ $(top_hat --radius 1 -k 0.1 frame.pgm | samples) == "255 0 255 0 255 0" ]]
    [[ $(top_hat --radius 1 -k 0.11 frame.pgm | samples) == "255 0 0 0 255 0" ]]
    [[ $(top_hat --radius 1 -k 1.91 frame.pgm | samples) == "255 0 0 0 0 0" ]]
}

@test "a frame without contrast has no targets" {
    pgm 3 2 255 7 7 7 7 7 7 > flat.pgm
    for options in "" "-t 0" "-k 0" "--soft"; do
        # shellcheck disable=SC2086
        [[ $(top_hat $options flat.pgm | samples) == "255 0 0 0 0 0 0" ]]
    done
}

@test "top-hat agrees with netpbm's opening" {
    # a white point on a black patch makes the largest saliency 255, so that --soft is the saliency
    ppmmake rgb:00/00/00 5 5 | ppmtopgm > patch.pgm
    pgm 1 1 255 255 | pnmpaste - 2 2 patch.pgm > point.pgm
    pnmpaste point.pgm 40 30 "$(first_frame)" > frame.pgm
    printf 'P1 5 5 %025d\n' 0 > square.pbm
    pgmmorphconv -open square.pbm frame.pgm > opening.pgm
    # netpbm leaves the border as it is
    pamarith -subtract frame.pgm opening.pgm | pamcut -left 4 -right -5 -top 4 -bottom -5 > expected.pgm
    top_hat --radius 2 --soft frame.pgm | pamcut -left 4 -right -5 -top 4 -bottom -5 > found.pgm
    [[ $(samples < expected.pgm | tr ' ' '\n' | sort -nu | wc -l) -gt 10 ]]
    cmp expected.pgm found.pgm
}

@test "top-hat agrees with its definition in NumPy on random images of any size and depth" {
    "$PYTHON" "$REPO/tests/parity/top_hat.py"
}

@test "top-hat writes the same bytes for any number of threads" {
    for what in "" --soft --targets; do
        # shellcheck disable=SC2086
        top_hat $what -j 1 "$DATA/frames" "$DATA/images" "$DATA/frames" > one
        for j in 2 3 8; do
            # shellcheck disable=SC2086
            top_hat $what -j $j "$DATA/frames" "$DATA/images" "$DATA/frames" | cmp - one
        done
    done
}

@test "top-hat finds most targets of generated scenes" {
    top_hat -k 6 "$DATA/images" | ir-score --tsv - "$DATA/masks" |
        awk -F'\t' 'NR == 2 { print; exit !($3 >= 0.5 && $1 > 0.1) }'
}

@test "--maxval is the images' range" {
    pgm 3 1 65535 0 16383 0 > frame.pgm
    [[ $(top_hat --radius 1 -t 0.5 --maxval 16383 frame.pgm | samples) == "255 0 255 0" ]]
    run --separate-stderr top_hat --maxval 1000 frame.pgm
    one_line_error 1 '^ir-detect: frame.*16383'
}

# ---- learned -------------------------------------------------------------------------------------

@test "a learned detector gives PyTorch's probabilities and mask" {
    "$PYTHON" -c 'import torch, numpy' 2> /dev/null || skip "python3-torch is not installed"
    "$PYTHON" "$REPO/tests/parity/detect.py" "$NET" "$DATA"/frames/*.pgm
}

@test "the mask is the soft map above one half, or above -t" {
    learned "$DATA/frames" > masks
    learned --soft --depth 16 "$DATA/frames" > maps
    learned --soft "$DATA/frames" > coarse
    learned -t 0.7 "$DATA/frames" > high
    ir-score --tsv maps masks | awk -F'\t' 'NR == 2 { exit !($1 > 0.999 && $6 > 0) }'
    ir-score --tsv coarse masks | awk -F'\t' 'NR == 2 { exit !($1 > 0.99) }'
    ir-score --tsv -t 0.7 maps high | awk -F'\t' 'NR == 2 { exit !($1 > 0.999 && $6 > 0) }'
    run ! cmp -s masks high
}

@test "an image's result does not depend on the others in the stream" {
    learned --soft "$DATA/frames" > together
    for frame in "$DATA"/frames/*.pgm; do
        learned --soft "$frame"
    done | cmp - together
    cat "$DATA"/frames/*.pgm | learned --soft | cmp - together
    set -- "$DATA/frames/small.pgm" "$(first_frame)"
    cat "$@" "$@" "$@" | learned --soft > mixed
    learned --soft "$@" > once
    cat once once once | cmp - mixed
}

@test "--batch: any device finds what it finds image by image" {
    set -- "$DATA/frames/small.pgm" "$DATA"/images/*.pgm "$DATA/frames/small.pgm"
    for batch in 1 3; do
        learned --soft --batch $batch "$@" | pnmtoplainpnm > maps.$batch
    done
    [ "$(wc -w < maps.1)" -gt 20000 ]
    paste -d ' ' <(tr -s ' ' '\n' < maps.1) <(tr -s ' ' '\n' < maps.3) |
        awk '{ d = $1 - $2 } d * d > 9 { bad = 1 } END { exit bad }'
}

# bats test_tags=cpu
@test "--batch: images of one size go together, and each gets what it gets alone" {
    set -- "$DATA/frames/small.pgm" "$DATA"/images/*.pgm "$DATA/frames/small.pgm"
    learned "$@" > masks.want
    learned --targets "$@" > targets.want
    [ "$(wc -l < targets.want)" -gt 6 ]
    for batch in 1 2 3 16; do
        learned --batch $batch "$@" | cmp - masks.want
        learned --targets --batch $batch "$@" > targets
        # sums over images of another number are rounded otherwise
        diff <(cut -f 1-8 targets) <(cut -f 1-8 targets.want)
        paste targets targets.want | awk -F'\t' 'NR > 1 && ($9 - $18) ^ 2 > 1e-10 { exit 1 }'
    done
    learned --batch 3 -o masks "$DATA/frames"
    cat masks/*.pgm | cmp - <(learned "$DATA/frames")
    name=$(learned --feature list | head -n 1)
    learned --feature "$name" --batch 3 "$@" > maps
    [ "$(pnmfile -allimages maps | wc -l)" -eq 6 ]
    learned --batch 2 --profile "$@" 2>&1 > /dev/null | grep -q conv2d
}

@test "images of one pixel, one row, one column" {
    pgm 1 1 255 7 > 1x1.pgm
    pgm 40 1 255 $(seq 40) > 40x1.pgm
    pgm 1 33 255 $(seq 33) > 1x33.pgm
    for detect in top_hat learned; do
        for what in "" --soft; do
            $detect $what ./*.pgm > out
            pamfile -allimages out | grep -o '[0-9]* by [0-9]*' | tr '\n' , > sizes
            [[ $(< sizes) == "1 by 1,1 by 33,40 by 1," ]]
        done
        $detect --targets ./*.pgm > targets
    done
}

# ---- what is written -----------------------------------------------------------------------------

# Targets of the masks in $1 (a directory), by NumPy from the maps in $2.
reference_targets() {
    "$PYTHON" - "$REPO/tests/parity" "$1" "$2" <<'PYTHON'
import os, sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import scores

def read(*path):
    size, maxval, samples = open(os.path.join(*path), "rb").read().split(b"\n", 3)[1:]
    width, height = map(int, size.split())
    kind = ">u2" if int(maxval) > 255 else "u1"
    return np.frombuffer(samples, kind).reshape(height, width) / int(maxval)

for name in sorted(os.listdir(sys.argv[2])):
    soft = read(sys.argv[3], name)
    for c in scores.components(read(sys.argv[2], name) > 0):
        (y, x), (top, left), (bottom, right) = c.mean(axis=0), c.min(axis=0), c.max(axis=0)
        print(name[:-4], "%.9g" % x, "%.9g" % y, left, top, right - left + 1, bottom - top + 1,
              len(c), "%.3f" % soft[tuple(c.T)].max(), sep="\t")
PYTHON
}

@test "--targets are the components of the mask, the score the largest value" {
    for detect in "learned -t 0.6" "top_hat -k 5"; do
        rm -rf masks maps
        $detect -o masks "$DATA/frames"
        ${detect%% *} --soft --depth 16 -o maps "$DATA/frames"
        reference_targets masks maps > expected
        [[ $(wc -l < expected) -gt 5 ]]
        $detect --targets "$DATA/frames" | awk -F'\t' -v OFS='\t' '!/^#/ { $9 = sprintf("%.3f", $9); print }' |
            diff expected -
    done
}

@test "targets begin with a comment that names the fields" {
    [[ $(top_hat --targets "$(first_frame)" | head -n 1) == \
        $'# name\tx\ty\tleft\ttop\twidth\theight\tarea\tscore' ]]
}

@test "-o writes a file per image, the same as on standard output" {
    mkdir old
    for detect in learned top_hat; do
        $detect -o $detect "$DATA/frames"
        [[ $(ls "$detect") == $(ls "$DATA/frames") ]]
        $detect "$DATA/frames" | cmp - <(cat "$detect"/*)
        $detect -o $detect --targets "$DATA/frames"
        grep -h -v '^#' $detect/*.tsv | cmp - <($detect --targets "$DATA/frames" | grep -v '^#')
        [[ $(find $detect -name '*.tsv' | wc -l) -eq 5 ]]
    done
    top_hat -o old "$(first_frame)"
    [[ -s old/$(basename "$(first_frame)") ]]
}

@test "masks are raw PGM of 8 bits with 0 and 255, soft maps as deep as asked" {
    frame=$(first_frame)
    [[ $(learned "$frame" | head -c 12 | tr '\n' ' ') == "P5 96 70 255"* ]]
    [[ $(learned "$frame" | samples | tr ' ' '\n' | tail -n +2 | sort -nu | xargs) == "0 255" ]]
    [[ $(learned --soft "$frame" | pamfile) == *"maxval 255" ]]
    [[ $(learned --soft --depth 16 "$frame" | pamfile) == *"maxval 65535" ]]
}

@test "images come from standard input without an operand" {
    cp "$(first_frame)" frame.pgm
    top_hat frame.pgm > mask.pgm
    top_hat < frame.pgm | cmp - mask.pgm
    learned frame.pgm > mask.pgm
    learned - < frame.pgm | cmp - mask.pgm
    [[ $(top_hat -k 5 --targets < frame.pgm | grep -v '^#' | cut -f 1 | sort -u) == 'stdin#1' ]]
}

@test "-v says how many images there were" {
    for detect in learned top_hat; do
        run --separate-stderr $detect -v "$DATA/frames"
        [[ $status -eq 0 && $stderr =~ ^ir-detect:\ 5\ images,\ [0-9.]+\ images/s$ ]]
        run --separate-stderr $detect "$DATA/frames"
        [[ -z $stderr ]]
    done
}

# ---- bad checkpoints -----------------------------------------------------------------------------

# refused PATTERN: bad.tar gives one line that names it; nothing is written.
refused() {
    run --separate-stderr ir-detect -c bad.tar -o out "$DATA/frames"
    one_line_error 1 "^ir-detect: bad.tar: .*$1" || return 1
    [[ ! -e out ]]
}

edit() {
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$NET" bad.tar "$1"
}

# with_array EXPRESSION PATTERN: an array replaced by what the expression makes of it, called a.
with_array() {
    edit "name = 'param/layer1.0.conv1.weight.npy'; a = array(name); members[name] = npy($1)"
    refused "layer1.0.conv1.weight.*$2"
}

@test "a checkpoint that is no tar, cut short, empty or missing" {
    echo 'no tar at all' > bad.tar
    refused ''
    head -c $(($(wc -c < "$NET") / 2)) "$NET" > bad.tar
    refused ''
    : > bad.tar
    refused ''
    rm bad.tar
    refused 'No such file'
    cp "$(first_frame)" bad.tar
    refused ''
}

@test "a checkpoint with an array missing, doubled or too many" {
    edit "order.remove('param/layer1.0.conv1.weight.npy')"
    refused 'layer1.0.conv1.weight'
    edit "order.remove('state/layer1.0.bn1.running_mean.npy')"
    refused 'layer1.0.bn1.running_mean'
    edit "order.append('param/layer1.0.conv1.weight.npy')"
    refused 'layer1.0.conv1.weight'
    edit "members['param/other.npy'] = members['param/deconv1.bias.npy']; order.append('param/other.npy')"
    refused 'other'
}

@test "a checkpoint with an array of the wrong shape, type, order or with NaN" {
    with_array 'a[:, :-1]' ''
    with_array 'a.reshape(-1)' ''
    with_array 'a.astype("<f8")' ''
    with_array 'a.astype(">f4")' ''
    with_array 'np.asfortranarray(a)' ''
    with_array 'np.where(a == a.max(), np.float32("nan"), a)' ''
    with_array 'np.where(a == a.max(), np.float32("inf"), a)' ''
}

@test "a checkpoint with a negative variance" {
    edit "n = 'state/stem.2.running_var.npy'; a = array(n); a[3] = -1e-3; members[n] = npy(a)"
    refused 'state/stem.2.running_var holds a negative number'
}

@test "a checkpoint of a policy, of an unknown network, without its mean" {
    ir-policy init > bad.tar
    refused ''
    edit "members['meta'] = members['meta'].replace(b'net acm', b'net tarpit')"
    refused 'tarpit'
    edit "members['meta'] = b''.join(l for l in members['meta'].splitlines(True) if b'mean' not in l)"
    refused 'mean'
}

@test "weights that give no number are an error, not a mask" {
    # infinite features, added with both signs
    edit "
scale, head = 'param/head.block.1.weight.npy', 'param/head.block.4.weight.npy'
members[scale] = npy(np.full_like(array(scale), 3e38))
members[head] = npy(np.resize(np.float32([3e38, -3e38]), array(head).shape))"
    run --separate-stderr ir-detect -c bad.tar -o out "$DATA/frames"
    one_line_error 1 "^ir-detect: .*: the detector's output is not a number"
    [[ -z $(ls out 2> /dev/null) ]]
}

# ---- bad images and the system -------------------------------------------------------------------

@test "broken images are named" {
    pnmtopnm "$(first_frame)" > frame.pgm
    head -c 3000 frame.pgm > cut.pgm
    echo 'no image' > text.pgm
    printf 'P5 4 4 0\n0000' > zero.pgm
    printf 'P5 1000000000 4 255\n0000' > wide.pgm
    mkdir none
    for detect in learned top_hat; do
        for bad in cut.pgm text.pgm zero.pgm wide.pgm missing.pgm none; do
            run --separate-stderr $detect --targets $bad
            one_line_error 1 "^ir-detect: .*${bad%.pgm}" || { echo "$detect $bad"; return 1; }
            [[ -z $output ]]
        done
        run --separate-stderr $detect < /dev/null
        one_line_error 1 '^ir-detect: '
    done
}

@test "what comes before a broken image is written whole" {
    printf 'P5 4 4 255\n0000' > broken.pgm
    for detect in learned top_hat; do
        for threads in 1 4; do
            rm -rf $detect
            run --separate-stderr $detect -o $detect -j $threads "$DATA/frames/small.pgm" broken.pgm
            one_line_error 1 '^ir-detect: .*broken'
            [[ $(ls $detect) == small.pgm ]]
        done
        $detect "$DATA/frames/small.pgm" | cmp - $detect/small.pgm
    done
}

@test "two images of one name do not go to one file" {
    for what in "" --targets; do
        # shellcheck disable=SC2086
        run --separate-stderr top_hat $what -o out "$(first_frame)" "$(first_frame)"
        one_line_error 1 '^ir-detect: .*scene.*: twice among the images'
    done
}

@test "an output directory that is a file is an error" {
    echo kept > file
    for detect in learned top_hat; do
        run --separate-stderr $detect -o file "$(first_frame)"
        one_line_error 1 '^ir-detect: file: '
        [[ $(< file) == kept ]]
    done
}

@test "a full disk and a closed pipe are errors" {
    for what in "" --soft --targets; do
        for detect in "-c $NET" "-m top-hat"; do
            run --separate-stderr bash -c "ir-detect $detect $what $DATA/frames > /dev/full"
            one_line_error 1 '^ir-detect: standard output: No space left'
        done
    done
    for detect in "-c $NET" "-m top-hat"; do
        run --separate-stderr bash -c "set -o pipefail; trap '' PIPE
            { ir-detect $detect --soft $DATA/frames $DATA/frames $DATA/frames; } | head -c 1 > /dev/null"
        one_line_error 1 '^ir-detect: standard output: Broken pipe'
    done
}

@test "wrong command lines" {
    while read -r -a arguments; do
        run --separate-stderr ir-detect "${arguments[@]}"
        usage_error '^ir-detect: ' || { echo "${arguments[*]}"; return 1; }
        [[ -z $output ]]
    done <<'CASES'
-c net.tar -m top-hat frame.pgm
-m bottom-hat frame.pgm
-c net.tar -k 3 frame.pgm
-c net.tar --radius 3 frame.pgm
-m top-hat -d cpu frame.pgm
-m top-hat -k 3 -t 0.5 frame.pgm
-m top-hat -t 2 frame.pgm
-m top-hat -t nan frame.pgm
-m top-hat --radius 0 frame.pgm
-m top-hat -j 0 frame.pgm
-m top-hat --batch 2 frame.pgm
-c net.tar --batch 0 frame.pgm
-c net.tar --batch 1025 frame.pgm
-m top-hat --maxval 70000 frame.pgm
-m top-hat --depth 16 frame.pgm
-m top-hat --soft --depth 12 frame.pgm
-m top-hat --soft --targets frame.pgm
-m top-hat --soft -t 0.5 frame.pgm
-m top-hat -x frame.pgm
-m
CASES
}

@test "an unknown device is a usage error, one that is not there a failure" {
    run --separate-stderr learned -d abacus "$(first_frame)"
    usage_error '^ir-detect: device abacus'
    run --separate-stderr learned -d cuda:99 "$(first_frame)"
    one_line_error 1 '^ir-detect: device cuda:99'
    learned -d cpu "$(first_frame)" | cmp - <(IRTOOLS_DEVICE=cpu learned "$(first_frame)")
}

@test "-h and -V" {
    ir-detect -h | grep -q '^usage: ir-detect '
    [[ $(ir-detect -V) == "ir-detect (irtools) 0.1.0" ]]
}

@test "frames are not overwritten by their own masks" {
    mkdir frames
    pgm 2 2 255 1 2 3 4 >frames/a.pgm
    cp frames/a.pgm kept.pgm
    run --separate-stderr ir-detect -m top-hat -o frames frames
    one_line_error 1 '^ir-detect: frames/a.pgm: an input that output to frames would overwrite'
    cmp frames/a.pgm kept.pgm
}

# ---- where the time goes --------------------------------------------------------------------------

@test "--profile: a table by operation whose seconds add up, beside the same mask" {
    cd "$BATS_TEST_TMPDIR" || return
    ir-scenes -n 2 -s 64x64 -o scenes
    ir-train init --net acm --mean .4 --std .1 > net.tar
    ir-detect -c net.tar scenes/images > plain
    run --separate-stderr ir-detect -c net.tar --profile -o masks scenes/images
    [ "$status" -eq 0 ]
    cat masks/* | cmp - plain
    # shellcheck disable=SC2154 # bats sets stderr
    awk -F '\t' '/^#/ { next } $1 == "total" { total = $4; next } { sum += $4; share += $5 }
        $1 == "conv2d" && $2 == "forward" { convs = $3; rate = $6 } $2 != "forward" { exit 1 }
        END { exit !(total > 0 && sum > 0.9 * total && sum < 1.1 * total && share > 99 &&
                     share < 101 && convs > 40 && rate > 0) }' <<<"$stderr"
    run -2 ir-detect -m top-hat --profile scenes/images
}
