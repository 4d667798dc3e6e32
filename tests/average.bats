#!/usr/bin/env bats
# What detection uses in place of what training goes on with: statistics that are measured (ir-train
# --measure) and averaged weights (--ema).

load helper

setup_file() {
    export DATA=$BATS_FILE_TMPDIR/data START=$BATS_FILE_TMPDIR/start.tar END=$BATS_FILE_TMPDIR/end.tar
    load helper
    scenes "$DATA" -n 7 -s 64x64 -r 5 > /dev/null
    ir-train init --net acm -r 1 "$DATA/images" > "$START"
    train "$START" --epochs 2 --ema 0.9 -w "$END"
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# train CHECKPOINT ARGUMENT...: a run over the frames in small crops: three steps a pass.
train() {
    ir-train -q -c "$1" --crop 64 -j 1 --batch 3 --shuffle "${@:2}" "$DATA/images" "$DATA/masks"
}

# members CHECKPOINT FAMILY...: the names of all members, or the bytes of those of the families.
members() {
    if (($# == 1)); then
        tar tf "$1"
    else
        tar xOf "$1" --wildcards "${@:2}" | sha256sum
    fi
}

# edit FROM TO CODE: see edit_checkpoint.py.
edit() {
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$@"
}

@test "two halves and a run that saves on its way end with the bytes of one run" {
    train "$START" --epochs 4 --ema 0.9 --measure 2 -w whole.tar
    train "$START" --epochs 4 --ema 0.9 --measure 2 --save-every 1 -w saved.tar
    train "$START" --epochs 2 --ema 0.9 --measure 2 -w half.tar
    train half.tar --epochs 2 --measure 2 -w end.tar # with the decay of the first half
    cmp whole.tar saved.tar
    cmp whole.tar end.tar
    tar xOf end.tar meta > lines
    grep -qx 'ema 0\.9.*' lines && grep -qx 'ema.step 8' lines
}

@test "measuring and averaging leave what training goes on with alone" {
    train "$START" --epochs 2 --measure 0 -w plain.tar
    for option in "--measure 1" "--measure 16" "--ema 0.5"; do
        # shellcheck disable=SC2086 # two words
        train "$START" --epochs 2 --save-every 1 $option -w other.tar
        [[ $(members plain.tar 'param/*' 'state/*' 'adam/*') == \
            "$(members other.tar 'param/*' 'state/*' 'adam/*')" ]]
    done
    [[ $(members plain.tar) != *measured/* && $(members plain.tar) != *ema/* ]]
    [[ $(members other.tar | grep -c '^ema/') == "$(members other.tar | grep -c '^param/')" ]]
    [[ $(members other.tar | grep -c '^measured/') == "$(members other.tar | grep -c '^state/')" ]]
}

@test "only as many batches are measured as the last pass has, and the option says" {
    for n in 1 2 16; do
        train "$START" --measure $n -w $n.tar
    done
    [[ $(members 1.tar 'measured/*') != "$(members 2.tar 'measured/*')" ]]
    [[ $(members 2.tar 'measured/*') == "$(members 16.tar 'measured/*')" ]] # 7 frames, one left alone
    train "$START" --epochs 2 --measure 2 -w two.tar
    train "$START" --epochs 2 --measure 5 -w five.tar
    cmp two.tar five.tar
}

@test "unless told otherwise they are measured on 256 frames, whatever the batch" {
    for i in 1 2 3 4 5 6; do
        printf '%s\n' "$DATA"/images/*.pgm >> images
        printf '%s\n' "$DATA"/masks/*.pgm >> masks
    done
    for n in '' '--measure 128' '--measure 16'; do
        # shellcheck disable=SC2086 # two words
        ir-train -q -c "$START" --crop 32 -j 1 --batch 2 $n -w "of$n.tar" @images @masks
    done
    cmp of.tar 'of--measure 128.tar'
    [[ $(members of.tar 'measured/*') != "$(members 'of--measure 16.tar' 'measured/*')" ]]
}

@test "one batch measured with the weights it was trained on: its own statistics" {
    ir-train init --net acm -r 1 --bn-momentum 1 "$DATA/images" > now.tar
    ir-train -q -c now.tar --crop 64 -j 1 --batch 7 --lr 0 -w end.tar "$DATA/images" "$DATA/masks"
    # with momentum 1 the running statistics are the last batch's; the blocks' own have 0.1
    for name in stem.0.running_mean stem.0.running_var head.block.1.running_var; do
        tar xOf end.tar "state/$name.npy" > state
        tar xOf end.tar "measured/$name.npy" | cmp - state
    done
    tar xOf end.tar state/layer1.0.bn1.running_mean.npy > state
    run -1 cmp state <(tar xOf end.tar measured/layer1.0.bn1.running_mean.npy)
}

@test "statistics are update_bn()'s and weights AveragedModel's, of clean and corrupted frames" {
    "$PYTHON" -c 'import torch' 2> /dev/null || skip "python3-torch is not installed"
    average() {
        "$PYTHON" "$REPO/tests/parity/average.py" "$@"
    }
    average frames data
    ir-train init --net acm -r 1 data/images > 0.tar
    pass() { # FROM TO BATCH [OPTION...]
        ir-train -q -c "$1" --crop 64 --batch "$3" "${@:4}" --corrupted data/corrupted -w "$2" \
            data/images data/masks
    }
    for i in 1 2 3 4; do
        pass $((i - 1)).tar $i.tar 7 --ema 0.3
    done
    average weights 0.3 [1-4].tar
    # batches of four frames and of three, each with its corrupted twins
    pass 4.tar averaged.tar 4
    average statistics data 4 averaged.tar
    pass 4.tar last.tar 4 --ema 0
    average statistics data 4 last.tar
}

@test "detection uses the averaged weights and the measured statistics" {
    edit "$END" moved.tar '
for name in list(order):
    family, rest = name.split("/", 1) if "/" in name else (name, "")
    if family in ("ema", "measured"):
        members[{"ema": "param/", "measured": "state/"}[family] + rest] = members[name]
        order.remove(name)'
    for option in --soft --targets "--feature fuse1"; do
        # shellcheck disable=SC2086 # two words
        ir-detect -c "$END" $option "$DATA/images" > found
        # shellcheck disable=SC2086
        ir-detect -c moved.tar $option "$DATA/images" | cmp - found
    done
    for family in ema measured; do
        cp "$END" without.tar
        tar --delete -f without.tar --wildcards "$family/*"
        run -1 cmp <(ir-detect -c without.tar --soft "$DATA/images") \
            <(ir-detect -c "$END" --soft "$DATA/images")
    done
}

@test "--ema 0 ends the average; --measure 0 is not for averaged weights" {
    train "$END" --ema 0 -w end.tar
    [[ $(members end.tar) != *ema/* && $(members end.tar) == *measured/* ]]
    run -1 grep -q '^ema' <(tar xOf end.tar meta)
    for from in "$START --ema 0.9" "$END"; do
        # shellcheck disable=SC2086 # three words
        run --separate-stderr train $from --measure 0 -w no.tar
        usage_error '--measure 0: averaged weights have no statistics but measured ones'
    done
    run --separate-stderr train "$START" --ema 1.5
    usage_error "--ema: '?1.5"
    run --separate-stderr train "$START" --measure -1
    usage_error '--measure: '
}

@test "arrays of averages that are missing, of another network, of another shape, or no numbers" {
    refused() { # CODE PATTERN
        edit "$END" bad.tar "$1"
        run --separate-stderr ir-detect -c bad.tar "$DATA/images"
        one_line_error 1 "^ir-detect: bad\.tar: $2"
        run --separate-stderr train bad.tar
        one_line_error 1 "^ir-train: bad\.tar: $2"
    }
    # a family is there as a whole or not at all
    refused 'order.remove("ema/head.block.0.weight.npy")' 'ema/head\.block\.0\.weight is missing'
    refused 'order.remove("measured/stem.0.running_var.npy")' 'measured/stem\.0\.running_var is missing'
    refused 'n = "ema/head.block.9.weight.npy"; members[n] = npy(np.zeros(1, "f4")); order.append(n)' \
        'ema/head\.block\.9\.weight is no array of this network'
    # of the other kind
    refused 'n = "ema/stem.0.running_var.npy"; members[n] = members["state" + n[3:]]; order.append(n)' \
        'ema/stem\.0\.running_var is no array'
    refused 'n = "measured/stem.0.weight.npy"; members[n] = members["param" + n[8:]]; order.append(n)' \
        'measured/stem\.0\.weight is no array'
    refused 'members["ema/stem.0.weight.npy"] = npy(np.ones(3, "f4"))' \
        'ema/stem\.0\.weight has shape \(3,\), the network wants \('
    refused 'n = "measured/stem.0.running_var.npy"; members[n] = npy(-array(n))' \
        'measured/stem\.0\.running_var holds a negative number'
    refused 'n = "measured/stem.0.running_mean.npy"; members[n] = npy(array(n) * np.float32("nan"))' \
        'measured/stem\.0\.running_mean.*not finite'
}

@test "averaged weights without the steps behind them cannot be gone on with" {
    for key in ema ema.step; do
        edit "$END" bad.tar "members['meta'] = b''.join(l for l in members['meta'].splitlines(True)
                                                       if l.split()[0] != b'$key')"
        run --separate-stderr train bad.tar
        one_line_error 1 "^ir-train: bad\.tar: meta: no $key"
        ir-detect -c bad.tar "$DATA/images" > /dev/null
    done
}

@test "a checkpoint without averages, as 0.1 wrote them, detects by what it has, and gets some" {
    train "$START" --measure 0 -w old.tar
    edit old.tar moved.tar '
for name in list(order):
    if name.startswith("state/"):
        members["measured" + name[5:]] = members[name]
        order.append("measured" + name[5:])'
    ir-detect -c old.tar --soft "$DATA/images" > found
    ir-detect -c moved.tar --soft "$DATA/images" | cmp - found
    train old.tar --ema 0.9 -w new.tar
    [[ $(members new.tar) == *ema/* && $(members new.tar) == *measured/* ]]
}
