#!/usr/bin/env bats
# ir-train: what it learns, what it writes, how it goes on, what it refuses.

load helper

# Small frames of 64 x 64 and a fresh detector, for all tests of this file.
setup_file() {
    export DATA=$BATS_FILE_TMPDIR/data START=$BATS_FILE_TMPDIR/start.tar
    export PLAIN=$BATS_FILE_TMPDIR/plain.tar # without dropout: losses can be foretold
    load helper
    scenes "$DATA" -n 7 -s 64x64 -r 5 > /dev/null
    ir-train init --net acm -r 1 "$DATA/images" > "$START"
    ir-train init --net acm -r 1 --dropout 0 "$DATA/images" > "$PLAIN"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# Ends what a failed test left waiting for a FIFO.
teardown() {
    [[ -z ${feeder:-} ]] || kill "$feeder" 2> /dev/null || true
}

# train ARGUMENT...: a run over the frames in small crops.
train() {
    ir-train -c "$START" --crop 64 -j 1 "$@" "$DATA/images" "$DATA/masks"
}

# Paths of the frames, or of what lies beside them under the same names.
paths() {
    printf '%s\n' "$DATA/$1"/*.pgm
}

# copies N DIRECTORY: a list that holds the directory's frames N times over.
copies() {
    for ((i = 0; i < $1; i++)); do
        paths "$2"
    done
}

# All members of a checkpoint but the counters in meta.
arrays() {
    tar tf "$1" | grep -v '^meta$'
    tar xOf "$1" --exclude meta | sha256sum
}

# column N FILE: that column of a log, comments left out.
column() {
    awk -v n="$1" '!/^#/ { print $n }' "$2"
}

# close_to A B TOLERANCE
close_to() {
    awk -v a="$1" -v b="$2" -v t="$3" 'BEGIN { d = a - b; exit !(d <= t && d >= -t) }' || {
        echo "$1 and $2 differ by more than $3"
        return 1
    }
}

# ---- init ----------------------------------------------------------------------------------------

@test "init measures the mean of the images' means and deviations" {
    mkdir images
    pgm 2 1 255 0 255 > images/a.pgm
    pgm 4 1 1000 200 200 200 200 > images/b.pgm # pooled, the mean would be 0.3
    ir-train init --net acm images > start.tar
    run -0 tar xOf start.tar meta
    [[ $output == *"net acm"* && $output == *"init prior"* && $output == *"seed 0"* ]]
    close_to "$(awk '$1 == "mean" { print $2 }' <<< "$output")" 0.35 1e-9
    close_to "$(awk '$1 == "std" { print $2 }' <<< "$output")" 0.25 1e-9
    cat images/*.pgm | ir-train init --net acm | cmp - start.tar
    ir-train init --net acm --mean 0.35 --std 0.25 | cmp - start.tar
    ir-train init --net acm --maxval 2000 --mean 0.35 --std 0.25 -w other.tar
    cmp start.tar other.tar
}

@test "init takes the frames' maxval from --maxval" {
    pgm 2 1 65535 0 16383 > frame.pgm
    ir-train init --net acm --maxval 16383 frame.pgm > start.tar
    close_to "$(tar xOf start.tar meta | awk '$1 == "mean" { print $2 }')" 0.5 1e-9
}

# same_map FRAME FRAME: the detector own.tar gives both probabilities that differ by rounding alone.
same_map() {
    ir-detect -c own.tar -j 1 --soft --depth 16 "$1" > one
    ir-detect -c own.tar -j 1 --soft --depth 16 "$2" > other
    [[ $(pamarith -difference one other | pamsumm -max -brief) -le 1 ]]
}

@test "init --normalise image: each frame's own mean and deviation, in detection and training" {
    local frame

    ir-train init --net acm --normalise image -r 1 -w own.tar
    [[ $(tar xOf own.tar meta | grep -E '^(mean|std|normalise) ') == "normalise image" ]]
    # half the contrast and another brightness: the same input
    pamdepth 65535 "$DATA/images/scene00001.pgm" > frame.pgm
    pamfunc -multiplier 0.5 frame.pgm > half.pgm
    pamfunc -adder 8192 half.pgm > brighter.pgm
    same_map frame.pgm brighter.pgm
    ir-train init --net acm --mean .3 --std .1 -r 1 -w set.tar
    ir-detect -c set.tar -j 1 --soft --depth 16 frame.pgm > one
    run ! cmp -s <(ir-detect -c set.tar -j 1 --soft --depth 16 brighter.pgm) one
    for frame in frame brighter; do
        ir-train -c own.tar --crop 32 -j 1 -r 3 --log $frame.log -w $frame.tar \
            <(cat $frame.pgm $frame.pgm) \
            <(cat "$DATA/masks/scene00001.pgm" "$DATA/masks/scene00001.pgm")
    done
    close_to "$(column 3 frame.log)" "$(column 3 brighter.log)" 1e-5
    tar xOf frame.tar meta | grep -qx 'normalise image'
    # one grey, one pixel
    pgm 1 1 255 9 > dot.pgm
    pamscale -nomix -width 40 -height 40 dot.pgm > grey.pgm
    ir-detect -c own.tar -j 1 grey.pgm dot.pgm > masks
    same_map grey.pgm <(pgm 1 1 255 200 | pamscale -nomix -width 40 -height 40)
    # nothing else is taken for it
    mkdir odd && tar xf own.tar -C odd && sed -i 's/^normalise image/normalise fog/' odd/meta
    tar cf odd.tar -C odd meta param state
    run --separate-stderr ir-detect -c odd.tar dot.pgm
    one_line_error 1 "^ir-detect: odd.tar: meta: normalise: 'fog' is neither set nor image$"
}

@test "init: a seed gives the same parameters, another seed others; the prior is in the last layer" {
    ir-train init --net acm -r 7 --mean .3 --std .1 > a.tar
    ir-train init --net acm -r 7 --mean .3 --std .1 | cmp - a.tar
    ir-train init --net acm -r 8 --mean .3 --std .1 > b.tar
    [[ $(arrays a.tar) != $(arrays b.tar) ]]
    ir-train init --net acm -r 7 --mean .3 --std .1 --init published > c.tar
    for tar in a c; do
        mkdir $tar
        tar xf $tar.tar -C $tar
    done
    run -1 diff -rq a c
    [[ ${#lines[@]} -eq 3 && $output == *" a/meta "* && $output == *" a/param/head.block.4.bias.npy "* &&
        $output == *" a/param/head.block.4.weight.npy "* ]]
}

@test "init: as published, seed 2 starts with a head that can only say no; prior gives it both signs" {
    signs() {
        ir-train init --net acm -r 2 --mean .3 --std .1 --init "$1" |
            tar xO param/head.block.4.weight.npy | tail -c 16 | od -An -tf4 |
            awk '{ for (i = 1; i <= NF; i++) printf "%s", $i < 0 ? "-" : "+" }'
    }
    [[ $(signs published) == "----" ]]
    [[ $(signs prior) == "+-+-" ]]
}

# ---- training ------------------------------------------------------------------------------------

@test "training lowers the loss and raises the IoU" {
    iou() {
        ir-detect -c "$1" "$DATA/images" | ir-score --tsv - "$DATA/masks" |
            awk -F '\t' 'NR == 2 { print $1 }'
    }
    train --epochs 150 --shuffle --batch 4 --log log -w end.tar
    before=$(iou "$START") after=$(iou end.tar)
    first=$(column 3 log | head -n 1) last=$(column 3 log | tail -n 1)
    echo "loss from $first to $last, IoU from $before to $after"
    awk -v a="$first" -v b="$last" 'BEGIN { exit !(a > 0.9 && b < 0.7) }'
    awk -v a="$before" -v b="$after" 'BEGIN { exit !(a < 0.1 && b > a + 0.3) }'
}

@test "training crops: test-crop" {
    run -0 test-crop
}

@test "the same run gives the same bytes, another seed gives others" {
    train -j 2 --epochs 2 --shuffle --batch 3 -q > a.tar
    train -j 2 --epochs 2 --shuffle --batch 3 -q -w b.tar
    cmp a.tar b.tar
    train -j 2 --epochs 2 --shuffle --batch 3 -q -r 99 > c.tar
    [[ $(arrays a.tar) != $(arrays c.tar) ]]
    tar xOf c.tar meta | grep -qx 'seed 99'
}

@test "two runs of two epochs give the bytes of one run of four" {
    train --epochs 4 --shuffle --batch 3 --lr-steps 1,3 --log log -w whole.tar
    train --epochs 2 --shuffle --batch 3 --lr-steps 1,3 --log halves -w half.tar
    ir-train -c half.tar --epochs 2 --shuffle --batch 3 --lr-steps 1,3 --log halves --crop 64 -j 1 \
        "$DATA/images" "$DATA/masks" > end.tar
    cmp whole.tar end.tar
    [[ $(column 6 log | tr '\n' ' ') == "0.001 0.0001 0.0001 1e-05 " ]]
    [[ $(grep -c '^#' halves) -eq 1 ]]
    diff <(cut -f 1-4,6 log) <(cut -f 1-4,6 halves)
    # 7 frames in batches of 3 leave one alone: two steps an epoch
    [[ $(column 1 log | tr '\n' ' ') == "1 2 3 4 " && $(column 2 log | tr '\n' ' ') == "2 4 6 8 " ]]
    tar xOf end.tar meta > lines
    for line in 'epoch 4' 'step 8' 'images 28' 'adam.step 8' 'seed 1'; do
        grep -qx "$line" lines
    done
}

# rates OPTION...: the rate of each of the 12 steps of four passes of six frames, one run a pass.
rates() {
    paths images | head -n 6 > images.txt
    paths masks | head -n 6 > masks.txt
    rm -f log
    cp "$PLAIN" now.tar
    for _ in 1 2 3 4; do
        ir-train -q -c now.tar --crop 64 -j 1 --batch 2 --log log --measure 0 "$@" -w now.tar \
            @images.txt @masks.txt
    done
}

@test "the cosine is PyTorch's, step by step, in one run or in one for each pass" {
    # the log has each pass's last rate; the parameters depend on all of them
    rates --lr 0.01 --lr-schedule cosine --total-epochs 4 --lr-end 0.001
    awk 'BEGIN { for (t = 2; t < 12; t += 3)
        printf "%.9g\n", 0.001 + 0.009 * (1 + cos(3.14159265358979 * t / 12)) / 2 }' > expected
    column 6 log | diff expected -
    ir-train -q -c "$PLAIN" --crop 64 -j 1 --batch 2 --measure 0 --lr 0.01 --lr-schedule cosine \
        --total-epochs 4 --lr-end 0.001 --epochs 4 -w whole.tar @images.txt @masks.txt
    cmp whole.tar now.tar
    # behind its end it stays there
    ir-train -c now.tar --crop 64 -j 1 --batch 2 --lr 0.01 --lr-schedule cosine --total-epochs 4 \
        --lr-end 0.001 --log log -w now.tar @images.txt @masks.txt
    [[ $(column 6 log | tail -n 1) == 0.001 ]]
    # in the game the corrupted frames are a pipe: the frames tell how many there are
    xargs cat < images.txt | ir-train -c "$PLAIN" --crop 64 --batch 2 --lr 0.01 --log pipe -w x.tar \
        --lr-schedule cosine --total-epochs 4 --lr-end 0.001 --corrupted - @images.txt @masks.txt
    [[ $(column 6 pipe) == "$(head -n 1 expected)" ]]
}

@test "a warm-up rises step by step to where the rate would be, over runs" {
    rates --lr 0.01 --warmup 8
    [[ $(column 6 log | tr '\n' ' ') == "0.00375 0.0075 0.01 0.01 " ]]
    rates --lr 0.01 --warmup 8 --lr-steps 1
    [[ $(column 6 log | tr '\n' ' ') == "0.00375 0.00075 0.001 0.001 " ]]
}

@test "with cross-entropy: the sum of both losses, the reward the soft-IoU alone" {
    pass() {
        ir-train -c "$PLAIN" --crop 64 -j 1 --batch 7 --log "$1" -R "$1.rewards" -w "$1.tar" \
            --corrupted "$DATA/images" "${@:2}" "$DATA/images" "$DATA/masks"
    }
    pass plain
    pass one --loss soft-iou+bce
    pass three --loss soft-iou+bce --bce-weight 3
    pass none --loss soft-iou+bce --bce-weight 0
    cmp plain.rewards one.rewards
    cmp plain.tar none.tar
    run -1 cmp -s one.tar three.tar
    # the first loss of a detector that says 0.018 everywhere: near -log(1 - 0.018) for most pixels
    plain=$(column 3 plain) one=$(column 3 one) three=$(column 3 three)
    close_to "$(awk -v a="$one" -v b="$plain" -v c="$three" 'BEGIN { print 3 * (a - b) - (c - b) }')" 0 1e-5
    awk -v a="$one" -v b="$plain" 'BEGIN { exit !(a - b > 0.015 && a - b < 0.2) }'
}

@test "loss and gradients with cross-entropy are PyTorch's, with one output and with several" {
    "$PYTHON" -c 'import torch' 2> /dev/null || skip "python3-torch is not installed"
    "$PYTHON" "$REPO/tests/parity/average.py" frames data # symmetric: a crop is the frame
    for net in acm dnanet; do
        ir-train init --net $net -r 1 --init published --dropout 0 data/images > $net.tar
        ir-train -c $net.tar --crop 64 --batch 7 --loss soft-iou+bce --bce-weight 2 --log $net.log \
            -w after.tar data/images data/masks
        "$PYTHON" "$REPO/tests/parity/loss.py" data 2 $net.log $net.tar after.tar
    done
}

@test "two runs on corrupted streams give the arrays of one run on both" {
    pass() { # CHECKPOINT PASSES CORRUPTED
        copies "$2" images > images.txt
        copies "$2" masks > masks.txt
        ir-train -q -c "$1" --corrupted "$3" --crop 64 -j 1 --batch 7 --measure 2 \
            @images.txt @masks.txt
    }
    # 14 frames are a whole number of batches; the halves differ
    copies 2 images | xargs cat > first
    paths images | xargs -n 1 pnminvert > second
    paths images | xargs -n 1 pnminvert >> second
    cat first second > both
    pass "$START" 4 both > whole.tar
    pass "$START" 2 first > half.tar
    pass half.tar 2 second > end.tar
    [[ $(arrays whole.tar) == $(arrays end.tar) ]]
    diff <(tar xOf whole.tar meta | grep -v '^epoch') <(tar xOf end.tar meta | grep -v '^epoch')
}

@test "saving on the way, a signal in the middle: the last whole checkpoint stays" {
    for signal in TERM INT; do
        rm -f out.tar log
        mkfifo log
        # a shell ignores SIGINT for its background jobs, and cannot undo what it was started with
        env --default-signal=INT ir-train -c "$START" --crop 64 -j 1 --epochs 1000000 \
            --save-every 1 --log log -w out.tar "$DATA/images" "$DATA/masks" &
        pid=$!
        exec 5< log
        read -r -u 5 _ && read -r -u 5 _ && read -r -u 5 epoch _
        [[ $epoch == 2 && -s out.tar ]] # the log's second record comes after the first save
        kill -s $signal $pid
        status=0
        wait $pid || status=$?
        exec 5<&-
        [[ $status -eq $((128 + $(kill -l $signal))) ]]
        run -0 tar xOf out.tar meta
        [[ $(awk '$1 == "epoch" { print $2 }' <<< "$output") -ge 1 ]]
        ir-train -c out.tar --crop 64 -j 1 -q "$DATA/images" "$DATA/masks" > /dev/null
        run -0 ls -A
        [[ ${#lines[@]} -eq 2 ]] # out.tar and log
    done
}

@test "shuffling: another order in every pass, each frame once" {
    mkdir grey masks
    for i in 1 2 3 4 5 6; do
        pgm 1 1 100 $((10 * i)) | pamscale -nomix 64 > grey/$i.pgm
        pgm 1 1 1 1 | pamscale -nomix 64 > masks/$i.pgm
    done
    ir-train init --net acm --mean 0 --std 1 --bn-momentum 1 > now.tar
    # With momentum 1 the first statistics are those of the pass's last batch: its mean grey.
    pass() { # ARGUMENT...
        ir-train -q -c now.tar --crop 64 -j 1 -w now.tar "$@" grey masks
        tar xOf now.tar state/stem.0.running_mean.npy | tail -c 4 | od -An -tf4 | tr -d ' '
    }
    for i in 1 2 3 4 5 6; do
        pass --shuffle --batch 2
    done > last
    [[ $(sort -u last | wc -l) -ge 3 ]]
    close_to "$(pass --batch 2)" 0.55 1e-6
    for i in 1 2; do
        close_to "$(pass --shuffle --batch 6)" 0.35 1e-6
    done
    # the same from memory, in the second of two passes
    close_to "$(pass --shuffle --batch 6 --epochs 2)" 0.35 1e-6
}

@test "a pass of rate 0 leaves the parameters, momentum 0 the statistics" {
    train -q --lr 0 --bn-momentum 0 -w zero.tar
    train -q --lr 0 --bn-momentum 1 -w one.tar
    for tar in "$START" zero.tar one.tar; do
        mkdir "${tar##*/}.d"
        tar xf "$tar" -C "${tar##*/}.d"
    done
    diff -r start.tar.d/param zero.tar.d/param
    diff -r start.tar.d/param one.tar.d/param
    # the first batch norm; those within the residual blocks have a momentum of their own
    cmp {start,zero}.tar.d/state/stem.0.running_mean.npy
    run -1 cmp {start,one}.tar.d/state/stem.0.running_mean.npy
    tar xOf one.tar meta | grep -qx 'bn_momentum 1'
}

@test "a bias that batch norm takes away again stays as it is, rounding does not move it" {
    local each
    train > new.tar
    for each in fuse1.post.0 fuse1.post.1 head.block.0; do
        tar xOf "$START" "param/$each.weight.npy" > before
        run -1 cmp before <(tar xOf new.tar "param/$each.weight.npy")
    done
    for each in fuse1.post.0 fuse2.bottomup.0 fuse2.bottomup.3; do
        tar xOf "$START" "param/$each.bias.npy" | cmp - <(tar xOf new.tar "param/$each.bias.npy")
    done
}

@test "one image a half: both reductions are the same; four images: they are not" {
    cat "$DATA"/images/*.pgm > frames
    for batch in 1 4; do
        for reduction in image batch; do
            train -q --corrupted frames --batch $batch --reduction $reduction -w $reduction$batch.tar
        done
    done
    cmp image1.tar batch1.tar
    [[ $(arrays image4.tar) != $(arrays batch4.tar) ]]
}

@test "frames smaller than the crop are padded, other sizes cropped, in one stream" {
    scenes wide -n 3 -s 150x64 -r 1 > /dev/null
    scenes high -n 3 -s 64x200 -r 2 > /dev/null
    cat "$DATA"/images/*.pgm wide/images/*.pgm high/images/*.pgm > images
    cat "$DATA"/masks/*.pgm wide/masks/*.pgm high/masks/*.pgm > masks
    ir-train -c "$START" --crop 96 --batch 5 -j 1 --epochs 2 -q -w a.tar images masks
    ir-train -c "$START" --crop 96 --batch 5 -j 1 -q -w b.tar images - < masks
    ir-train -c b.tar --crop 96 --batch 5 -j 1 -q -w b.tar images masks
    cmp a.tar b.tar
}

@test "14 bits in a 16-bit file: --maxval gives what the true maxval gives" {
    scenes deep -n 4 -s 64x64 -b 14 -r 3 > /dev/null
    mkdir wide
    for file in deep/images/*.pgm; do # the same samples under maxval 65535
        { printf 'P5\n64 64\n65535\n'; tail -c $((2 * 64 * 64)) "$file"; } > "wide/${file##*/}"
    done
    ir-train -c "$START" --crop 64 -j 1 -q -w a.tar deep/images deep/masks
    ir-train -c "$START" --crop 64 -j 1 -q -w b.tar --maxval 16383 wide deep/masks
    cmp a.tar b.tar
    ir-train -c "$START" --crop 64 -j 1 -q -w c.tar wide deep/masks
    [[ $(arrays a.tar) != $(arrays c.tar) ]]
}

# ---- corrupted frames and rewards ----------------------------------------------------------------

@test "rewards: in the frames' order, each the corrupted frame's own loss" {
    # With the published start p is about 1/2: loss 1/2 where everything is target, 1 where nothing.
    ir-train init --net acm --init published --dropout 0 --mean .4 --std .1 > published.tar
    pgm 1 1 255 255 | pamscale -nomix 64 > full.pgm
    pgm 1 1 255 0 | pamscale -nomix 64 > empty.pgm
    cat full.pgm empty.pgm full.pgm full.pgm empty.pgm > masks
    printf "$DATA/images/scene0000%d.pgm\n" 3 1 2 1 5 > images
    for reduction in image batch; do
        xargs cat < images | ir-train -c published.tar --crop 64 --batch 8 --corrupted - -j 1 \
            -R rewards.$reduction --reduction $reduction --log log.$reduction @images masks \
            > /dev/null
    done
    cmp rewards.image rewards.batch
    grep -v '^#' rewards.image > rewards
    [[ $(cut -f 1 rewards | tr '\n' ' ') == \
        "scene00003 scene00001 scene00002 scene00001 scene00005 " ]]
    [[ $(awk '{ printf "%d", ($2 > 0.9) }' rewards) == 01001 ]]
    mean=$(awk '{ s += $2 } END { print s / NR }' rewards)
    close_to "$(column 4 log.image)" "$mean" 2e-5
    close_to "$(column 3 log.image)" "$mean" 2e-5 # the corrupted frames are the clean ones
}

@test "clean and corrupted frames exchanged: their losses are exchanged" {
    mkdir inverted
    for file in "$DATA"/images/*.pgm; do
        pnminvert "$file" > "inverted/${file##*/}"
    done
    ir-train -c "$PLAIN" --crop 64 -j 1 --log a --corrupted inverted -R rewards \
        "$DATA/images" "$DATA/masks" > /dev/null
    ir-train -c "$PLAIN" --crop 64 -j 1 --log b --corrupted "$DATA/images" \
        inverted "$DATA/masks" > /dev/null
    close_to "$(column 3 a)" "$(column 4 b)" 2e-6
    close_to "$(column 4 a)" "$(column 3 b)" 2e-6
    close_to "$(column 4 a)" "$(awk '!/^#/ { s += $2; n++ } END { print s / n }' rewards)" 2e-5

    # --reward rise: the corrupted frame's loss less the clean one's, so exchanged it changes sign
    for which in "inverted $DATA/images up" "$DATA/images inverted down"; do
        read -r corrupted clean rises <<< "$which"
        ir-train -c "$PLAIN" --crop 64 -j 1 -q --corrupted "$corrupted" -R "$rises" --reward rise \
            "$clean" "$DATA/masks" > /dev/null
    done
    paste rewards up down | awk '!/^#/ { e = $4 + $6; n++; if (e * e > 4e-12) exit 1; s += $4 * $4 }
        END { exit !(n > 1 && s / n > 1e-6) }'
    close_to "$(awk '!/^#/ { s += $2; n++ } END { print s / n }' up)" \
        "$(awk -v c="$(column 4 a)" -v p="$(column 3 a)" 'BEGIN { print c - p }')" 4e-5
    run -2 ir-train -c "$PLAIN" --reward rise "$DATA/images" "$DATA/masks"
    [[ $output == *'--reward is for -R'* ]]
    run -2 ir-train -c "$PLAIN" --reward gap -R r --corrupted inverted "$DATA/images" "$DATA/masks"
    [[ $output == *--reward*gap* ]]
    run -1 close_to "$(column 3 a)" "$(column 4 a)" 1e-4
}

@test "clean frames as corrupted ones train like the clean frames alone" {
    copies 5 images > images.txt
    copies 5 masks > masks.txt
    xargs cat < images.txt | ir-train -c "$PLAIN" --crop 64 --batch 7 -j 1 --corrupted - \
        --precision fp32 --log double @images.txt @masks.txt > /dev/null
    START=$PLAIN train --epochs 5 --batch 7 --precision fp32 --log single > /dev/null
    close_to "$(column 3 double)" "$(column 3 single | awk '{ s += $1 } END { print s / NR }')" 5e-4
    close_to "$(column 3 double)" "$(column 4 double)" 1e-6
}

@test "lambda 0 trains on the clean frames only, lambda 1 on both" {
    copies 60 images > images.txt
    copies 60 masks > masks.txt
    for ((i = 0; i < 7; i++)); do
        pgm 1 1 255 0 | pamscale -nomix 64
    done > black7
    for ((i = 0; i < 60; i++)); do
        cat black7
    done > black
    for lambda in 0 1; do
        ir-train -q -c "$START" --crop 64 --batch 7 -j 1 --corrupted black --lambda $lambda \
            -w $lambda.tar @images.txt @masks.txt
        ir-train -c $lambda.tar --crop 64 --batch 7 -j 1 --lr 0 --corrupted black7 --log log.$lambda \
            "$DATA/images" "$DATA/masks" > /dev/null
    done
    cat log.0 log.1
    [[ $(arrays 0.tar) != $(arrays 1.tar) ]]
    awk -v loss="$(column 3 log.0)" 'BEGIN { exit !(loss < 0.9) }'
}

@test "a ring: a batch's rewards come before the next one is asked for" {
    mkfifo corrupted rewards
    # Writes a batch, waits for its rewards, goes on; keeps the stream open until the last reward.
    feed() {
        local files=("$DATA"/images/*.pgm) at file name
        exec 3< rewards 4> corrupted
        for ((at = 0; at < ${#files[@]}; at += 3)); do
            cat "${files[@]:at:3}" >&4
            for file in "${files[@]:at:3}"; do
                read -r -u 3 name _
                [[ $name == "$(basename "$file" .pgm)" ]] || return 1
            done
        done
        exec 4>&-
        run ! read -r -u 3 name
    }
    feed &
    feeder=$!
    timeout 60 ir-train -q -c "$START" --crop 64 --batch 3 -j 1 --corrupted corrupted -R rewards \
        -w out.tar "$DATA/images" "$DATA/masks"
    wait $feeder
    tar xOf out.tar meta | grep -qx 'step 3'
}

# ---- what it says --------------------------------------------------------------------------------

@test "records go to standard error, to a log that grows, or nowhere" {
    run -0 --separate-stderr train -w out.tar
    [[ -z $output && $(wc -l <<< "$stderr") -eq 2 ]]
    header=$'# epoch\tstep\tloss_clean\tloss_corrupted\timages_per_second\tlr\tseconds'
    [[ $(head -n 1 <<< "$stderr") == "$header" ]]
    run -0 --separate-stderr train -q -w out.tar
    [[ -z $stderr ]]
    train --epochs 2 --log log -w out.tar
    run -0 --separate-stderr train --log log -w out.tar
    [[ -z $stderr && $(column 1 log | tr '\n' ' ') == "1 2 1 " && $(head -n 1 log) == "$header" ]]
    [[ $(awk -F '\t' 'NF != 7' log) == "" ]]
    run -0 --separate-stderr train -v -q -w out.tar
    [[ $stderr == *"acm, 397823 parameters"* ]]
}

@test "a progress line on a terminal: loss, rate, time left" {
    run -0 script -qec "ir-train -c '$START' --crop 64 --batch 2 -j 1 --epochs 4 -w out.tar \
        '$DATA/images' '$DATA/masks'" /dev/null
    [[ $output =~ epoch\ [0-9]+\ +step\ [0-9]+\ +loss\ 0\.[0-9]+\ +[0-9.]+\ images/s\ +0:00:[0-9]+\ left ]]
    run -2 script -qec "ir-train -c '$START' '$DATA/images' '$DATA/masks'" /dev/null
    [[ $output == *"-w FILE"* ]]
}

@test "the usage and the version" {
    run -0 --separate-stderr ir-train -h
    [[ $output == usage:* && -z $stderr ]]
    run -0 ir-train init -h
    [[ $output == usage:* ]]
    run -0 ir-train -V
    [[ $output == "ir-train (irtools) "* ]]
}

# ---- bad input -----------------------------------------------------------------------------------

# fails PATTERN ARGUMENT...: the run over two operands fails with one line and leaves out.tar alone.
fails() {
    local pattern=$1
    shift
    cp "$START" out.tar
    run --separate-stderr ir-train -q -c "$START" --crop 64 -j 1 -w out.tar "$@"
    one_line_error 1 "$pattern"
    cmp out.tar "$START"
    [[ -z $(find . -name '*.part') ]]
}

@test "masks and corrupted frames of another size" {
    pgm 1 1 255 200 | pamscale -nomix -xsize 325 -ysize 220 > Misc_111.pgm
    pgm 1 1 255 255 | pamscale -nomix -xsize 592 -ysize 400 > mask.pgm
    fails '^ir-train: Misc_111: mask is 592x400, the image 325x220 \(--resize nearest' Misc_111.pgm mask.pgm
    fails '^ir-train: Misc_111: corrupted image is 592x400, the image 325x220$' \
        --corrupted mask.pgm Misc_111.pgm Misc_111.pgm
}

@test "a failure is one line, with or without -q" {
    for quiet in -q ''; do
        run --separate-stderr ir-train $quiet -c "$START" missing.pgm "$DATA/masks/scene00001.pgm"
        one_line_error 1 'missing\.pgm'
    done
}

@test "streams of unequal length" {
    cat "$DATA"/images/*.pgm > seven
    cat "$DATA"/images/*[1-6].pgm > six
    fails 'six' seven six
    fails 'seven' six seven
    fails '^ir-train: scene00007: the corrupted images end' --corrupted six \
        "$DATA/images" "$DATA/masks"
    fails 'a corrupted image without a frame' --corrupted seven six six
    mkdir masks
    cp "$DATA"/masks/*[1-6].pgm masks
    fails 'scene00007' "$DATA/images" masks
    cp "$DATA/masks/scene00006.pgm" masks/scene9.pgm
    fails 'scene' "$DATA/images" masks
}

@test "images that are none" {
    echo 'not an image' > text.pgm
    head -c 3000 "$DATA/images/scene00001.pgm" > cut.pgm
    mkdir empty
    : > void.pgm
    fails 'text\.pgm' text.pgm "$DATA/masks/scene00001.pgm"
    fails 'cut\.pgm' "$DATA/images/scene00001.pgm" cut.pgm
    fails 'empty' empty "$DATA/masks"
    fails 'void\.pgm' void.pgm "$DATA/masks/scene00001.pgm"
    fails 'missing\.pgm: No such file' missing.pgm "$DATA/masks/scene00001.pgm"
    fails 'corrupted|cut\.pgm' --corrupted cut.pgm "$DATA/images/scene00001.pgm" \
        "$DATA/masks/scene00001.pgm"
    fails 'standard input' --corrupted - "$DATA/images" "$DATA/masks" < /dev/null
    fails 'one image is no batch' "$DATA/images/scene00001.pgm" "$DATA/masks/scene00001.pgm"
    run --separate-stderr ir-train init --net acm empty
    one_line_error 1 'empty'
    pgm 2 1 255 7 7 > grey.pgm
    run --separate-stderr ir-train init --net acm grey.pgm
    one_line_error 1 'no standard deviation'
}

@test "checkpoints that are none" {
    head -c 900000 "$START" > half.tar
    cp "$START" lacking.tar
    tar --delete -f lacking.tar param/deconv1.weight.npy
    echo text > text.tar
    for bad in half lacking text; do
        cp $bad.tar old.tar
        run --separate-stderr ir-train -q -c $bad.tar --crop 64 -w $bad.tar "$DATA/images" \
            "$DATA/masks"
        one_line_error 1 "$bad\.tar"
        cmp $bad.tar old.tar
    done
}

@test "a loss that is not a number ends the run before anything is written" {
    mkdir huge
    tar xf "$START" -C huge
    # every weight of one convolution becomes 2e38: its sums are infinite
    weights=huge/param/layer1.0.conv1.weight.npy
    values=$((($(wc -c < $weights) - 128) / 4))
    { head -c 128 $weights; for ((i = 0; i < values; i++)); do printf '\x99\x76\x16\x7f'; done; } > new
    mv new $weights
    tar tf "$START" > members
    tar cf huge.tar -C huge -T members
    cp "$START" out.tar
    cp "$START" rewards
    run --separate-stderr ir-train -q -c huge.tar --crop 64 -j 1 -w out.tar -R rewards \
        --corrupted "$DATA/images" "$DATA/images" "$DATA/masks"
    one_line_error 1 'scene0000[1-7]: step 1: the loss is not finite'
    cmp out.tar "$START"
    cmp rewards "$START"
}

@test "a full disk, a place that cannot be written to" {
    # shellcheck disable=SC2016 # the inner shell expands them
    run --separate-stderr bash -c 'ir-train -q -c "$START" --crop 64 "$DATA/images" "$DATA/masks" \
        > /dev/full'
    one_line_error 1 'No space left on device'
    run --separate-stderr bash -c 'ir-train init --net acm --mean .4 --std .1 > /dev/full'
    one_line_error 1 'No space left on device'
    for option in -w -R --log; do
        run --separate-stderr train -q --corrupted "$DATA/images" -w out.tar $option /dev/full
        one_line_error 1 '/dev/full: No space left on device'
        [[ $option == -w || ! -e out.tar ]]
    done
    # found out before the training, not after it
    run --separate-stderr train -q -w missing/out.tar
    one_line_error 1 'missing/out\.tar: No such file'
    # shellcheck disable=SC2016 # the inner shell expands them
    run --separate-stderr bash -c 'ir-train -q -c "$START" --crop 64 "$DATA/images" "$DATA/masks" |
        true; exit "${PIPESTATUS[0]}"'
    one_line_error 1 'Broken pipe'
}

@test "wrong command lines" {
    refuses() {
        local pattern=$1
        shift
        run --separate-stderr ir-train "$@"
        usage_error "$pattern"
    }
    images=$DATA/images masks=$DATA/masks
    refuses '-c is missing'
    refuses 'two operands' -c "$START" -w x "$images"
    refuses 'unknown option --frobnicate' --frobnicate
    refuses 'needs a value' -c
    refuses '-R needs --corrupted' -c "$START" -R r -w x "$images" "$masks"
    refuses 'share standard output' -c "$START" --corrupted "$images" -R - "$images" "$masks"
    refuses '--epochs' -c "$START" --corrupted "$images" --epochs 2 -w x "$images" "$masks"
    refuses '--shuffle' -c "$START" --corrupted "$images" --shuffle -w x "$images" "$masks"
    refuses '--save-every needs -w' -c "$START" --save-every 2 "$images" "$masks"
    refuses '--batch' -c "$START" --batch 1 -w x "$images" "$masks"
    refuses '--batch' -c "$START" --batch 0 -w x "$images" "$masks"
    refuses '--crop: 100 is not a multiple of 32' -c "$START" --crop 100 -w x "$images" "$masks"
    refuses '--crop' -c "$START" --crop 16 -w x "$images" "$masks"
    refuses '--lr' -c "$START" --lr -1 -w x "$images" "$masks"
    refuses '--lr' -c "$START" --lr nan -w x "$images" "$masks"
    refuses '--lr-steps' -c "$START" --lr-steps 30,20 -w x "$images" "$masks"
    refuses 'cosine needs --total-epochs' -c "$START" --lr-schedule cosine -w x "$images" "$masks"
    refuses '--total-epochs is for --lr-schedule cosine' -c "$START" --total-epochs 2 -w x "$images" "$masks"
    refuses '--lr-end is for --lr-schedule cosine' -c "$START" --lr-end 0 -w x "$images" "$masks"
    refuses '--lr-steps is for --lr-schedule steps' -c "$START" --lr-schedule cosine \
        --total-epochs 2 --lr-steps 1 -w x "$images" "$masks"
    refuses '--lr-schedule' -c "$START" --lr-schedule step -w x "$images" "$masks"
    refuses '--lr-schedule cosine: - does not tell how many frames' -c "$START" \
        --lr-schedule cosine --total-epochs 2 -w x - "$masks"
    refuses '--loss' -c "$START" --loss bce -w x "$images" "$masks"
    refuses '--bce-weight is for --loss soft-iou\+bce' -c "$START" --bce-weight 1 -w x "$images" "$masks"
    refuses '--lambda' -c "$START" --lambda much -w x "$images" "$masks"
    refuses '--reduction' -c "$START" --reduction sum -w x "$images" "$masks"
    refuses '--bn-momentum' -c "$START" --bn-momentum 2 -w x "$images" "$masks"
    refuses 'standard input' -c - -w x - "$masks"
    refuses 'second time' -c "$START" --epochs 2 -w x - "$masks"
    refuses 'second time' -c "$START" --shuffle -w x "$images" -
    refuses '--net is missing' init "$images"
    refuses "'vgg'" init --net vgg "$images"
    refuses '--mean and --std' init --net acm --mean .4 "$images"
    refuses 'no use' init --net acm --mean .4 --std .1 "$images"
    refuses 'no use with --normalise image' init --net acm --normalise image --mean .4 --std .1
    refuses '--normalise' init --net acm --normalise frame "$images"
    refuses '--std' init --net acm --mean .4 --std 0
    refuses '--init' init --net acm --init random "$images"
    [[ ! -e x ]]
}

@test "--profile: forward and backward, beside the same checkpoint" {
    cd "$BATS_TEST_TMPDIR" || return
    ir-train init --net acm --mean .4 --std .1 > net.tar
    ir-train -q -c net.tar --crop 64 --batch 4 -j 1 "$DATA/images" "$DATA/masks" > plain.tar
    run --separate-stderr ir-train -q -c net.tar --crop 64 --batch 4 -j 1 --profile -w profiled.tar \
        "$DATA/images" "$DATA/masks"
    [ "$status" -eq 0 ]
    cmp plain.tar profiled.tar
    # shellcheck disable=SC2154 # bats sets stderr
    [[ "$stderr" == *$'\nbatchnorm\tbackward\t'* && "$stderr" == *$'\nsoft_iou\tforward\t'* ]]
    # products are parts of the sums that they end in
    [[ "$stderr" == *$'\nadd\tforward\t'* && "$stderr" != *$'\nmul\t'* ]]
}

@test "--profile: what is resized to be put together is resized there" {
    ir-train init --net dnanet --mean .4 --std .1 > net.tar
    run -0 --separate-stderr ir-train -q -c net.tar --crop 32 --batch 2 --profile -w new.tar \
        "$DATA/images" "$DATA/masks"
    [[ "$stderr" == *$'\nconcat\tbackward\t'* && "$stderr" != *$'\nresize\t'* ]]
}

@test "--profile: what a large network computes once more in backward has rows of its own" {
    ir-train init --net dnanet --mean .4 --std .1 > net.tar
    run -0 --separate-stderr ir-train -q -c net.tar --crop 64 --batch 4 --profile -w new.tar \
        "$DATA/images" "$DATA/masks"
    [[ "$stderr" == *$'\nconcat\trecompute\t'* && "$stderr" == *$'\nconcat\tforward\t'* ]]
}
