#!/usr/bin/env bats
# All networks: each learns and plays, takes frames of any size, and refuses what is not its own.

# shellcheck disable=SC2030,SC2031 # bats runs each test in a shell of its own

load helper

NETS=$(networks | xargs)

# A fresh detector of every kind; eight small frames, each around a target.
setup_file() {
    export FRESH=$BATS_FILE_TMPDIR SMALL=$BATS_FILE_TMPDIR/small
    load helper
    for net in $NETS; do
        ir-train init --net "$net" --init published -r 1 --mean 0.4 --std 0.14 -w "$FRESH/$net.tar"
    done
    scenes "$BATS_FILE_TMPDIR/scenes" -n 8 -s 64x64 -r 5
    cut_out "$BATS_FILE_TMPDIR/scenes" "$SMALL"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# cut_out FROM TO: 32 x 32 pixels of each scene, with its first target in them; and the lists.
cut_out() {
    mkdir -p "$2/images" "$2/masks"
    cp "$1"/*.txt "$2"
    awk '!/^#/ && !seen[$1]++ { printf "%s %d %d\n", $1, $2, $3 }' "$1/targets.tsv" |
        while read -r name x y; do
            left=$((x < 16 ? 0 : x > 48 ? 32 : x - 16)) top=$((y < 16 ? 0 : y > 48 ? 32 : y - 16))
            for kind in images masks; do
                pamcut -left $left -top $top -width 32 -height 32 "$1/$kind/$name.pgm" > "$2/$kind/$name.pgm"
            done
        done
}

# ---- learning ------------------------------------------------------------------------------------

# learns EPOCHS BATCH RATE NET [OPTION...]: the loss falls, and the IoU of those frames exceeds 0.3.
learns() {
    ir-train init --net "${@:4}" -r 1 "$SMALL/images" > start.tar
    ir-train -c start.tar --crop 32 --epochs "$1" --batch "$2" --lr "$3" --shuffle -j 1 --log log -w end.tar \
        "$SMALL/images" "$SMALL/masks"
    loss=$(awk '!/^#/ { print $3 }' log | sed -n '1p; $p' | xargs)
    iou=$(ir-detect -c end.tar "$SMALL/images" | ir-score --tsv - "$SMALL/masks" | awk 'NR == 2 { print $1 }')
    echo "loss $loss, IoU $iou"
    awk -v loss="$loss" -v iou="$iou" 'BEGIN { split(loss, l, " "); exit !(l[2] < 0.75 * l[1] && iou > 0.3) }'
}

@test "acm learns" {
    learns 100 4 5e-3 acm
}

@test "acm with SFIM learns" {
    learns 100 4 2e-3 acm --sfim
}

@test "alcnet learns" {
    learns 80 4 5e-3 alcnet
}

@test "rdian learns" {
    learns 25 4 3e-3 rdian
}

@test "dnanet learns" {
    learns 50 4 2e-3 dnanet
}

@test "isnet learns" {
    learns 25 2 2e-3 isnet
}

@test "balistd learns" {
    learns 50 4 2e-3 balistd
}

@test "every network plays a round of the game" {
    for net in $NETS; do
        make -f "$REPO/hrl.mk" DATA="$SMALL" NET="$net" RUN="$net" CROP=32 BATCH=2 EPOCHS=1 ROUNDS=1 THREADS=1
        [ "$(wc -l < "$net/0001/rewards")" = "$(wc -l < "$SMALL/train.txt")" ]
        tar xOf "$net/0001/detector.tar" meta > says
        grep -qx "net $net" says
        grep -qx 'step 3' says
    done
    # the ablation of the paper's table 7
    make -f "$REPO/hrl.mk" DATA="$SMALL" NET=balistd RUN=without CROP=32 BATCH=2 EPOCHS=1 ROUNDS=0 \
        THREADS=1 INIT_OPTIONS=--no-sfim
    run ! grep sfim <(tar tf without/0000/detector.tar)
}

# ---- frames smaller than the deepest stride ------------------------------------------------------

# frame WIDTH HEIGHT: a generated one.
frame() {
    awk -v w="$1" -v h="$2" 'BEGIN {
        print "P2", w, h, 255
        for (i = 0; i < w * h; i++)
            print (i * 7919 + int(i / w) * 104729) % 200 + (i % 97 == 0) * 55
    }'
}

@test "frames of one pixel, one row, one column and odd sides" {
    for size in '1 1' '1 70' '70 1' '31 33' '33 31' '2 3'; do
        # shellcheck disable=SC2086
        frame $size > frame.pgm
        for net in $NETS; do
            ir-detect -c "$FRESH/$net.tar" --soft --depth 16 frame.pgm > one
            pamfile one | grep -q "PGM raw, ${size/ / by }  maxval 65535" || { echo "$net $size"; return 1; }
            ir-detect -c "$FRESH/$net.tar" --soft --depth 16 -j 1 - < frame.pgm | cmp - one
            ir-detect -c "$FRESH/$net.tar" --targets frame.pgm > /dev/null
        done
    done
}

@test "a small frame gives what it gives in the corner of one filled up with the mean" {
    pgmmake 0.4 32 32 > grey.pgm # 102 of 255, the detectors' mean
    for size in '1 1' '31 29'; do
        # shellcheck disable=SC2086
        frame $size > frame.pgm
        pnmpaste frame.pgm 0 0 grey.pgm > filled.pgm
        for net in $NETS; do
            ir-detect -c "$FRESH/$net.tar" --soft --depth 16 frame.pgm > small
            ir-detect -c "$FRESH/$net.tar" --soft --depth 16 filled.pgm |
                pamcut -left 0 -top 0 -width "${size% *}" -height "${size#* }" |
                pamarith -difference - small | pamsumm -max -brief > difference
            [[ $(< difference) -le 1 ]] || { echo "$net $size"; return 1; }
        done
    done
}

@test "training on frames of one pixel, one row, one column and odd sides" {
    mkdir images masks
    i=0
    for size in '1 1' '1 70' '70 1' '31 33'; do
        i=$((i + 1))
        # shellcheck disable=SC2086
        frame $size > images/$i.pgm
        pamfunc -multiplier 0 images/$i.pgm > masks/$i.pgm
    done
    # a target, for there is no training without one
    # shellcheck disable=SC2046 # a word each
    pgm 31 33 255 $(seq 1023 | awk '{ print 255 * ($1 % 511 == 0) }') > masks/4.pgm
    for net in $NETS; do
        ir-train -q -c "$FRESH/$net.tar" --crop 32 --batch 4 -w end.tar images masks
        ir-detect -c end.tar images > /dev/null
        # alone: no batch, and one line
        run --separate-stderr ir-train -q -c "$FRESH/$net.tar" --crop 32 -w alone.tar images/1.pgm masks/1.pgm
        one_line_error 1 '^ir-train: '
    done
}

@test "crops that are no multiple of the deepest stride are refused" {
    for net in $NETS; do
        for crop in 16 31 33 0; do
            run --separate-stderr ir-train -q -c "$FRESH/$net.tar" --crop $crop "$SMALL/images" "$SMALL/masks"
            usage_error '^ir-train: .*--crop'
        done
    done
}

# ---- what is not its own -------------------------------------------------------------------------

@test "--net list names every network there is a builder of" {
    networks > listed
    [ "$(wc -l < listed)" -ge 6 ]
    sed -n 's/^IR_NETWORK(\([a-z0-9]*\),.*/\1/p' "$REPO/common/nets/nets.def" | diff - listed
    while read -r net; do
        grep -q "^\.It $net Ta " "$REPO/man/ir-nets.7"
    done < listed
}

@test "an unknown network is refused with the names of those there are" {
    for net in tarpit ACM '' dnanet2; do
        run --separate-stderr ir-train init --net "$net" --mean 0.4 --std 0.14
        usage_error "^ir-train: --net.*acm.*alcnet.*rdian.*dnanet.*isnet.*balistd"
        [[ -z $output ]]
    done
}

# relabelled FROM KEY VALUE: bad.tar, with another meta.
relabelled() {
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$1" bad.tar "
import re
members['meta'] = re.sub(rb'(?m)^$2 .*\$', b'$2 $3', members['meta'])"
}

# refused PATTERN: by ir-detect and ir-train, with one line that names the file and an array.
refused() {
    run --separate-stderr ir-detect -c bad.tar "$SMALL/images"
    one_line_error 1 "^ir-detect: bad.tar: $1" || return 1
    [[ -z $output ]]
    run --separate-stderr ir-train -q -c bad.tar -w out.tar "$SMALL/images" "$SMALL/masks"
    one_line_error 1 "^ir-train: bad.tar: $1" || return 1
    [[ ! -e out.tar ]]
}

@test "a checkpoint of another network than its meta says" {
    for net in $NETS; do
        for other in $NETS; do
            [[ $net == "$other" ]] && continue
            relabelled "$FRESH/$net.tar" net "$other"
            refused '(param|state)/.* (is missing|is no array of this network|has shape .*, the network wants .*)$'
        done
    done
}

@test "a checkpoint of another sfim than its meta says" {
    for net in acm alcnet rdian dnanet isnet; do
        relabelled "$FRESH/$net.tar" sfim 1
        refused '(param|state)/.*sfim\..* is missing$'
        ir-train init --net $net --sfim --mean 0.4 --std 0.14 > with.tar
        relabelled with.tar sfim 0
        refused '(param|state)/.*sfim\..* is no array of this network$'
    done
    relabelled "$FRESH/balistd.tar" sfim 0
    refused '(param|state)/.*sfim\..* is no array of this network$'
    relabelled "$FRESH/acm.tar" sfim 2
    refused 'meta: sfim'
    relabelled "$FRESH/acm.tar" sfim yes
    refused 'meta: sfim'
}

@test "a checkpoint without sfim in its meta is of the network's own kind" {
    for net in $NETS; do
        "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$FRESH/$net.tar" old.tar "
members['meta'] = b''.join(l for l in members['meta'].splitlines(True) if not l.startswith(b'sfim'))"
        ir-detect -c old.tar --soft "$SMALL/images" | cmp - <(ir-detect -c "$FRESH/$net.tar" --soft "$SMALL/images")
    done
}
