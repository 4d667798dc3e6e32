#!/usr/bin/env bats
# The CUDA backend on the emulated device of tests/cuda: the same sources that nvcc compiles, run on
# the processor. On a real device "make check-gpu" runs more.

load helper

setup_file() {
    cd "$BATS_FILE_TMPDIR" || return 1
    PATH=${IR_BIN:-$BATS_TEST_DIRNAME/../build/bin}:$PATH
    ir-scenes -n 4 -s 64x64 -r 1 -o s
}

setup() {
    cd "$BATS_FILE_TMPDIR" || return 1
    t=$BATS_TEST_TMPDIR
    export IRTOOLS_PLUGINS=${IR_BIN%/bin}/emulated
}

# init NET FILE OPTION...: a fresh detector without dropout.
init() {
    ir-train init --net "$1" -r 3 --dropout 0 --mean 0.3 --std 0.1 -w "$2" "${@:3}"
}

# largest_difference A B: of two 16-bit maps' samples, in their units.
largest_difference() {
    paste <(samples <"$1" | tr ' ' '\n') <(samples <"$2" | tr ' ' '\n') |
        awk '{ d = $1 - $2; d = d < 0 ? -d : d; most = d > most ? d : most } END { print most + 0 }'
}

# losses DEVICE CHECKPOINT OPTION...: the clean loss of every epoch.
losses() {
    rm -f "$t/log.$1"
    ir-train -c "$2" -d "$1" --precision fp32 --batch 2 --crop 32 -r 1 -w "$t/trained.$1.tar" \
        --log "$t/log.$1" "${@:3}" s/images s/masks
    awk '!/^#/ { print $3 }' "$t/log.$1"
}

# close TOLERANCE A B: two files of numbers, line by line; numbers above 1 by their size.
close() {
    paste "$2" "$3" | awk -v most="$1" '
        { d = $1 - $2; d = d < 0 ? -d : d; size = $1 > 1 ? $1 : 1 }
        !(d <= most * size) { print NR ": " $0; bad = 1 }
        END { exit bad || NR == 0 }'
}

@test "every operation, chain and graph in single precision" {
    test-ops -d cuda -n 1 -p fp32 >"$t/out" || { grep FAIL "$t/out"; false; }
}

@test "every operation with TF32 products" {
    test-ops -d cuda -n 1 -p tf32 >"$t/out" || { grep FAIL "$t/out"; false; }
}

@test "every operation in bfloat16" {
    test-ops -d cuda -n 1 -p bf16 >"$t/out" || { grep FAIL "$t/out"; false; }
}

@test "every network finds what it finds on the CPU" {
    for net in $(networks); do
        init "$net" "$t/$net.tar"
        for device in cpu cuda; do
            ir-detect -c "$t/$net.tar" -d $device --precision fp32 --soft --depth 16 \
                s/images/scene00001.pgm >"$t/$device.pgm"
        done
        [ "$(largest_difference "$t/cpu.pgm" "$t/cuda.pgm")" -le 1 ] || {
            echo "$net: $(largest_difference "$t/cpu.pgm" "$t/cuda.pgm")"
            return 1
        }
    done
}

# More images than a recorded pass needs to be replayed, of two sizes.
@test "batch norms that adapt find what they find on the CPU" {
    init acm "$t/acm.tar" --init published
    pamcut -width 50 -height 40 s/images/scene00001.pgm >"$t/small.pgm"
    mkdir "$t/frames"
    for i in 1 2 3; do
        for frame in s/images/*.pgm "$t/small.pgm"; do
            cp "$frame" "$t/frames/$i$(basename "$frame")"
        done
    done
    for window in 1 4; do
        for device in cpu cuda; do
            ir-detect -c "$t/acm.tar" -d $device --precision fp32 --soft --depth 16 --adapt 0.5 \
                --adapt-window $window --batch 3 -o "$t/$device" "$t/frames"
        done
        for map in "$t"/cpu/*; do
            [ "$(largest_difference "$map" "$t/cuda/${map##*/}")" -le 2 ]
        done
    done
    ir-detect -c "$t/acm.tar" -d cpu --soft --depth 16 s/images/scene00001.pgm >"$t/plain.pgm"
    [ "$(largest_difference "$t/plain.pgm" "$t/cpu/1scene00001.pgm")" -gt 50 ]
}

# The second step's loss comes after Adam's first, which turns rounding into whole steps.
@test "every network's first steps are the CPU's" {
    for net in $(networks); do
        init "$net" "$t/$net.tar"
        losses cpu "$t/$net.tar" >"$t/cpu"
        losses cuda "$t/$net.tar" >"$t/cuda"
        close 1e-4 "$t/cpu" "$t/cuda" || {
            echo "$net"
            return 1
        }
    done
}

@test "large batches, which arrive by a stream of their own, are those that the CPU gets" {
    init acm "$t/acm.tar"
    for device in cpu cuda; do
        losses $device "$t/acm.tar" --batch 4 --crop 128 --epochs 2 >"$t/$device"
    done
    close 1e-4 "$t/cpu" "$t/cuda"
}

@test "training twice gives the same bytes, and so does training in two halves" {
    init acm "$t/acm.tar"
    for i in 1 2; do
        ir-train -c "$t/acm.tar" -d cuda --batch 2 --crop 64 --epochs 4 -w "$t/$i.tar" -q \
            s/images s/masks
    done
    cmp "$t/1.tar" "$t/2.tar"
    ir-train -c "$t/acm.tar" -d cuda --batch 2 --crop 64 --epochs 1 -w "$t/half.tar" -q \
        s/images s/masks
    ir-train -c "$t/half.tar" -d cuda --batch 2 --crop 64 --epochs 3 -w "$t/half.tar" -q \
        s/images s/masks
    cmp "$t/1.tar" "$t/half.tar"
}

# At a rate of 0 only the crops and what is dropped make the epochs differ.
@test "dropout drops what it drops on the CPU, step after step" {
    ir-train init --net acm -r 3 --dropout 0.5 --mean 0.3 --std 0.1 -w "$t/acm.tar"
    losses cpu "$t/acm.tar" --lr 0 --epochs 4 >"$t/cpu"
    losses cuda "$t/acm.tar" --lr 0 --epochs 4 >"$t/cuda"
    close 2e-5 "$t/cpu" "$t/cuda"
}

@test "bfloat16 trains" {
    init acm "$t/acm.tar" --init prior
    ir-train -c "$t/acm.tar" -d cuda --precision bf16 --batch 4 --crop 64 --epochs 12 \
        --log "$t/log" -w "$t/trained.tar" s/images s/masks
    awk '!/^#/ { last = $3; if (!n++) first = $3 } END { exit !(last < first - 0.01) }' "$t/log"
}

# Pieces of work that detection in one image takes, once the graph has been recorded.
@test "in bfloat16 too a convolution, its bias and its ReLU are one piece of work" {
    init acm "$t/acm.tar"
    for _ in {1..10}; do echo s/images/scene00001.pgm; done >"$t/list"
    for precision in fp32 bf16; do
        rm -f "$t/waits"
        EMULATED_CUDA_WAITS=$t/waits ir-detect -c "$t/acm.tar" -d cuda --precision $precision \
            "@$t/list" >"$t/masks"
        awk '$1 > 20' "$t/waits" | tail -n 3 | sort -u >"$t/$precision"
    done
    diff "$t/fp32" "$t/bf16"
}

# bfloat16 has eight bits: between 1/2 and 1 it holds multiples of 1/256 alone.
@test "bfloat16 does not round the losses, nor what is made of them" {
    for net in acm isnet; do
        init $net "$t/$net.tar"
        ir-train -c "$t/$net.tar" -d cuda --precision bf16 --batch 2 --crop 32 -q --log "$t/log" \
            --corrupted s/images -R "$t/rewards" -w "$t/trained.tar" s/images s/masks
        awk '{ x = 256 * $2; off += x - int(x) > 0 } END { exit off < 4 }' "$t/rewards"
        awk '!/^#/ { x = 4096 * $3; exit x == int(x) }' "$t/log"
        rm "$t/log"
    done
}

@test "a graph that is used often measures its convolutions, and computes the same" {
    init acm "$t/acm.tar"
    for i in {1..24}; do echo s/images/scene00001.pgm; done >"$t/list"
    ir-detect -c "$t/acm.tar" -d cuda --precision fp32 --soft --depth 16 "@$t/list" >"$t/maps"
    ir-detect -c "$t/acm.tar" -d cpu --soft --depth 16 "@$t/list" >"$t/want"
    pnmsplit "$t/maps" "$t/map.%d"
    pnmsplit "$t/want" "$t/want.%d"
    for i in 0 1 18 19 20 21 23; do
        [ "$(largest_difference "$t/map.$i" "$t/want.$i")" -le 1 ]
    done
    ir-train -c "$t/acm.tar" -d cuda --precision fp32 --fast --batch 2 \
        --crop 32 --epochs 12 -r 1 --log "$t/log.fast" -w "$t/fast.tar" s/images s/masks
    losses cpu "$t/acm.tar" --epochs 12 >"$t/cpu"
    awk '!/^#/ { print $3 }' "$t/log.fast" >"$t/fast"
    # rounding makes trajectories part: the first epochs are close, the last are near
    close 1e-4 <(head -2 "$t/cpu") <(head -2 "$t/fast")
    close 0.05 <(tail -1 "$t/cpu") <(tail -1 "$t/fast")
}

@test "the policy chooses what it chooses on the CPU" {
    ir-policy init -r 5 -w "$t/p.tar"
    ir-policy sample -c "$t/p.tar" -d cpu -r 2 s/images >"$t/strategies"
    ir-policy sample -c "$t/p.tar" -d cuda --precision fp32 -r 2 s/images >"$t/other"
    diff <(cut -f1-3 "$t/strategies") <(cut -f1-3 "$t/other")
    awk '{ print $1 "\t" ($3 - 1) / 4 }' "$t/strategies" >"$t/rewards"
    for device in cpu cuda; do
        ir-policy update -c "$t/p.tar" -d $device --precision fp32 -S "$t/strategies" -R "$t/rewards" \
            --lr 0.5 -w "$t/$device.tar" s/images
        ir-policy stats -c "$t/$device.tar" -d cpu s/images | awk '!/^#/ { print $NF }' >"$t/$device"
    done
    close 1e-5 "$t/cpu" "$t/cuda"
}

@test "images in batches, and a mask before the next image is sent" {
    init acm "$t/acm.tar"
    detect() {
        ir-detect -c "$t/acm.tar" -d cuda --precision fp32 --soft --depth 16 "$@"
    }
    for batch in 1 3; do
        detect --batch $batch -o "$t/$batch" s/images
    done
    for frame in "$t"/1/*.pgm; do
        [ "$(largest_difference "$frame" "$t/3/${frame##*/}")" -le 1 ]
    done
    mkfifo "$t/in" "$t/out"
    detect <"$t/in" >"$t/out" 3>&- &
    exec 8>"$t/in" 9<"$t/out"
    for frame in s/images/*.pgm; do
        cat "$frame" >&8
        name=${frame##*/}
        timeout 20 head -c "$(stat -c %s "$t/1/$name")" <&9 | cmp - "$t/1/$name"
    done
    exec 8>&-
    wait $!
    exec 9<&-
}

# waits [OPTION...]: trains 12 steps; whenever the host waited for most of a step, how many pieces of
# work the device did meanwhile and how many were left to it, without the first and the last times.
waits() {
    for _ in {1..6}; do ls s/images/*; done >"$t/images"
    sed 's/images/masks/' "$t/images" >"$t/masks"
    rm -f "$t/waits"
    EMULATED_CUDA_WAITS=$t/waits ir-train -c "$t/acm.tar" -d cuda --batch 2 --crop 64 -q \
        -w "$t/trained.tar" "$@" "@$t/images" "@$t/masks"
    awk '$1 > 20' "$t/waits" | sed '1,3d' | head -n -3
}

@test "while the host waits for a loss, the device has a whole step to do" {
    init acm "$t/acm.tar"
    waits >"$t/plain"
    cat "$t/plain"
    awk '$2 < 0.99 * $1 { exit 1 } END { exit NR < 6 }' "$t/plain"
    waits --corrupted "@$t/images" -R "$t/rewards" >"$t/rewarded"
    cat "$t/rewarded"
    # the rewards' sums need the forward pass: left is the way back
    awk '$2 < 0.4 * $1 { exit 1 } END { exit NR < 6 }' "$t/rewarded"
}

@test "a broken image is named when the rewards of all batches before it are out" {
    init acm "$t/acm.tar"
    for _ in 1 2 3; do ls s/images/*; done >"$t/images"
    sed 's/images/masks/' "$t/images" >"$t/masks"
    { xargs cat <"$t/images" | head -c 40000 && echo; } >"$t/broken" # the tenth of 12 is cut short
    mkfifo "$t/rewards"
    cat "$t/rewards" >"$t/got" 3>&- &
    run --separate-stderr ir-train -c "$t/acm.tar" -d cuda --batch 2 --crop 64 -q -w "$t/out.tar" \
        --corrupted "$t/broken" -R "$t/rewards" "@$t/images" "@$t/masks"
    one_line_error 1 '^ir-train: .*broken'
    wait $!
    [ "$(wc -l <"$t/got")" -eq 8 ] && [ ! -e "$t/out.tar" ]
}

@test "statistics are measured as on the CPU, and halves go on to the bits of a whole" {
    init acm "$t/acm.tar"
    pass() { # DEVICE FROM TO [OPTION...]
        ir-train -q -d "$1" --precision fp32 --batch 2 --crop 32 --ema 0.9 -c "$t/$2.tar" -w "$t/$3.tar" \
            "${@:4}" s/images s/masks
    }
    for device in cpu cuda; do
        pass $device acm $device --epochs 2 --lr 0
    done
    PYTHONPATH=$REPO/tests/parity "$PYTHON" - "$t/cpu.tar" "$t/cuda.tar" <<'PYTHON'
import checkpoint, numpy as np, sys
cpu, cuda = (checkpoint.read(path)[1] for path in sys.argv[1:])
names = [n for n in cpu if n.startswith("measured/")]
worst = max(np.abs(cpu[n] - cuda[n]).max() / np.abs(cpu[n]).max() for n in names)
assert len(names) == 94 and worst < 1e-4, (len(names), worst)
assert all((cpu[n] == cuda[n]).all() for n in cpu if n.startswith("ema/"))
PYTHON
    pass cuda acm whole --epochs 2
    pass cuda acm half
    pass cuda half end
    cmp "$t/whole.tar" "$t/end.tar"
    run -1 cmp <(tar xOf "$t/end.tar" ema/stem.1.weight.npy) \
        <(tar xOf "$t/end.tar" param/stem.1.weight.npy)
}

@test "nothing of the device's memory is left behind" {
    init acm "$t/acm.tar"
    export EMULATED_CUDA_LEAKS=1
    run --separate-stderr ir-train -c "$t/acm.tar" -d cuda --batch 2 --crop 64 --epochs 3 -q \
        -w "$t/trained.tar" s/images s/masks
    [[ $status -eq 0 && $stderr == *": 0 bytes of"* ]]
    run --separate-stderr ir-detect -c "$t/acm.tar" -d cuda -o "$t/masks" s/images
    [[ $status -eq 0 && $stderr == *": 0 bytes of"* ]]
}

@test "convolutions of which cuDNN wants much, or lists no algorithm that is deterministic" {
    for op in conv2d conv_transpose2d; do
        EMULATED_CUDNN_WORKSPACE=300000000 test-ops -d cuda -n 0 -p fp32 -o $op
        EMULATED_CUDNN_LIST=uncertain test-ops -d cuda -n 0 -p tf32 -o $op
    done
    init acm "$t/acm.tar"
    for time in 1 2; do
        EMULATED_CUDNN_LIST=uncertain losses cuda "$t/acm.tar" --epochs 2 >"$t/$time"
    done
    diff "$t/1" "$t/2"
}

# Each of the emulated algorithms rounds in its own way.
@test "an algorithm that wants much is taken where the device has much" {
    init acm "$t/acm.tar"
    losses cuda "$t/acm.tar" --epochs 1 >"$t/wanted"
    mv "$t/trained.cuda.tar" "$t/wanted.tar"
    export EMULATED_CUDNN_WORKSPACE=300000000
    EMULATED_CUDA_MEMORY=16000000000 losses cuda "$t/acm.tar" --epochs 1 >"$t/large"
    cmp "$t/wanted.tar" "$t/trained.cuda.tar"
    EMULATED_CUDA_MEMORY=4000000000 losses cuda "$t/acm.tar" --epochs 1 >"$t/small"
    run ! cmp -s "$t/wanted.tar" "$t/trained.cuda.tar"
}

# ---- devices that are not to be had ------------------------------------------------------------

@test "a device that is not there is one line, and auto takes the CPU" {
    init acm "$t/acm.tar"
    detect() {
        run --separate-stderr ir-detect -c "$t/acm.tar" -o "$t/out" "$@" s/images
    }
    EMULATED_CUDA_DEVICES=0 detect -d cuda
    one_line_error 1 'device cuda: .*no .*device'
    EMULATED_CUDA_DRIVER=old detect -d cuda
    one_line_error 1 'device cuda: .*driver'
    detect -d cuda:1
    one_line_error 1 'device cuda:1: there is only one GPU'
    EMULATED_CUDA_DEVICES=2 detect -d cuda:5
    one_line_error 1 'device cuda:5: there are only 2 GPUs'
    IRTOOLS_PLUGINS=$t detect -d cuda
    one_line_error 1 'device cuda: there is no libir-cuda.so'
    echo nonsense >"$t/libir-cuda.so"
    IRTOOLS_PLUGINS=$t detect -d cuda
    one_line_error 1 'device cuda: .*libir-cuda.so'
    # of another version, or of before there were any
    echo 'const unsigned long ir_cuda_interface = 1;' | gcc -shared -fPIC -x c -o "$t/libir-cuda.so" -
    for device in cuda auto; do
        IRTOOLS_PLUGINS=$t detect -d $device
        one_line_error 1 '^ir-detect: libir-cuda.so is of another version than this program: '
    done
    echo 'int ir_cuda_backend_open;' | gcc -shared -fPIC -x c -o "$t/libir-cuda.so" -
    IRTOOLS_PLUGINS=$t detect -d cuda
    one_line_error 1 'libir-cuda.so is of another version than this program'
    IRTOOLS_PLUGINS=$t detect -d cpu
    [ "$status" -eq 0 ]
    echo nonsense >"$t/libir-cuda.so"
    for device in cuda: cuda:x cuda:-1 cuda1 gpu; do
        detect -d $device
        usage_error "device $device is none of auto, cpu, cuda, cuda:N"
    done
    EMULATED_CUDA_DEVICES=0 detect -d auto
    [ "$status" -eq 0 ] && [ -z "$stderr" ]
    IRTOOLS_PLUGINS=$t detect
    [ "$status" -eq 0 ] && [ -z "$stderr" ]
}

@test "auto takes a GPU where there is one, and IRTOOLS_DEVICE is what auto would be" {
    init acm "$t/acm.tar"
    trained_on() {
        run --separate-stderr ir-train -c "$t/acm.tar" --batch 2 --crop 64 -v -w "$t/o.tar" \
            "${@:2}" s/images s/masks
        [[ $stderr == *"on $1"$'\n'* ]]
    }
    trained_on cuda:0
    IRTOOLS_DEVICE=cpu trained_on cpu
    IRTOOLS_DEVICE=cpu trained_on cuda:0 -d cuda
    IRTOOLS_DEVICE=tpu run --separate-stderr ir-detect -c "$t/acm.tar" s/images
    usage_error 'device tpu is none of'
}

@test "a device with too little memory says what is needed and what would fit" {
    init acm "$t/acm.tar"
    train() {
        run --separate-stderr ir-train -c "$t/acm.tar" -d cuda --batch "$1" --crop 256 -q \
            -w "$t/o.tar" s/images s/masks
    }
    EMULATED_CUDA_MEMORY=100000000 train 4
    one_line_error 1 '4 images need [0-9]+ MiB and [0-9]+ MiB are free: a batch of [1-3] would fit'
    fit=${stderr##*a batch of }
    EMULATED_CUDA_MEMORY=100000000 train "${fit%% *}"
    [ "$status" -eq 0 ]
    EMULATED_CUDA_MEMORY=70000000 train 4
    one_line_error 1 'not even one fits'
}
