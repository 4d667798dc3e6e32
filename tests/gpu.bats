#!/usr/bin/env bats
# check-gpu, bench-gpu and the bundle, in small, on the emulated device of tests/cuda and with PyTorch
# on the processor: that they test and time what they say, and that what fails is named.

load helper

setup() {
    [ -z "${IR_ASAN:-}" ] || skip "the scripts are the same"
    cd "$BATS_TEST_TMPDIR" || return 1
    export IRTOOLS_PLUGINS=${IR_BIN%/bin}/emulated IR_GPU_ROUNDS=0 IR_GPU_SIDE=64
    export IR_PYTHON=false # where PyTorch is not needed
    export IR_GPU_NETS=acm IR_GPU_GAMES=acm IR_GPU_BATCHES=2 IR_GPU_SECONDS=0 IR_GPU_WARM=1 \
        IR_GPU_FRAMES=4 IR_GPU_EPOCHS=3 IR_GPU_PYTORCH=cpu
}

check() {
    run "$REPO/tests/gpu/check" -o results "$@"
}

# stand_in PROGRAM TEXT: a copy of the programs, of which this one says just that.
stand_in() {
    mkdir -p bin
    ln -sf "$IR_BIN"/* bin
    rm -f "bin/$1"
    printf '#!/bin/sh\ncat <<"END"\n%s\nEND\n' "$2" > "bin/$1"
    chmod +x "bin/$1"
}

@test "check-gpu: parts on the emulated device, one with PyTorch" {
    "$PYTHON" -c 'import torch, numpy' 2> /dev/null || skip "python3-torch is not installed"
    IR_PYTHON=$PYTHON check steps-acm parity-acm
    [ "$status" -eq 0 ]
    grep -q '^ok acm: largest difference of the first three losses' results/steps-acm.log
    grep -q 'parity-acm: 3 passed, 0 failed, 0 skipped' <<< "$output"
    [ "${lines[-1]}" = "5 passed, 0 failed, 0 skipped" ]
    diff <(echo "$output") results/summary
    [ ! -e results/work ]
}

@test "check-gpu: a part that fails is named, the others run" {
    stand_in test-ops $'ok relu cuda 1e-8\nFAIL conv2d cuda 1.0e-01 forward\n1 ok, 1 failed'
    mkdir none
    IR_BIN=$PWD/bin IRTOOLS_PLUGINS=$PWD/none check ops-tf32 steps-acm memcheck
    [ "$status" -eq 1 ]
    [[ $output == *$'ops-tf32: 1 passed, 1 failed, 0 skipped'*$'\n    failed: conv2d cuda 1.0e-01 forward'* ]]
    [[ $output == *$'\n    failed: steps-acm ended with status 1\n'*'device cuda: there is no libir-cuda.so'* ]]
    [ "${lines[-1]}" = "1 passed, 2 failed, 1 skipped" ]
}

@test "check-gpu: what ends test-ops is named, and what comes after it is checked" {
    stand_in test-ops ''
    cat > bin/test-ops <<'END'
#!/bin/bash
# of four operations one ends the program and one ends it with a message
[[ " $* " != *" -l "* ]] || exec printf '%s\n' conv2d add mul scale
[[ " $* " == *" -o "* ]] && all=${*: -1} || all='conv2d add mul scale'
for name in $all; do
    case $name in
    add) kill -SEGV $$ ;;
    mul) echo 'test-ops: cuda: an illegal memory access was encountered' >&2; exit 1 ;;
    esac
    echo "ok $name finite-differences 1e-9"
    echo "ok $name cuda 1e-8"
done
echo "$# ok, 0 failed"
END
    IR_BIN=$PWD/bin check ops-bf16
    [ "$status" -eq 1 ]
    [[ $output == *$'\n    failed: test-ops: was killed by SIGSEGV, after: ok conv2d cuda'* ]]
    [[ $output == *$'\n    failed: add: was killed by SIGSEGV'* ]]
    [[ $output == *$'\n    failed: mul: ended with status 1: test-ops: cuda: an illegal memory'* ]]
    [ "${lines[-1]}" = "3 passed, 3 failed, 0 skipped" ] # conv2d twice, scale
    # without a device there is nothing to go on with
    stand_in test-ops ''
    printf '#!/bin/sh\necho "test-ops: device cuda: no driver" >&2\nexit 1\n' > bin/test-ops
    IR_BIN=$PWD/bin check ops-bf16
    [[ $output == *$'\n    failed: ops-bf16 ended with status 1\n        test-ops: device cuda: no driver\n0 passed, 1 failed, 0 skipped' ]]
}

@test "check-gpu: a test that fails is named with what it said" {
    stand_in bats $'1..2\nnot ok 1 it trains\n# (in test file tests/train.bats, line 7)\n# no such frame\nok 2 it ends'
    IR_BIN=$PWD/bin check train
    [ "$status" -eq 1 ]
    [[ $output == *$'\n    failed: it trains\n        # (in test file tests/train.bats, line 7)\n        # no such frame\n1 passed'* ]]
}

@test "check-gpu: other losses than the CPU's fail" {
    stand_in ir-train ''
    cat > bin/ir-train <<END
#!/bin/bash
# the device learns faster
[[ " \$* " != *" -d cuda "* ]] || set -- "\$@" --lr 2e-4
exec "$IR_BIN/ir-train" "\$@"
END
    IR_BIN=$PWD/bin check steps-acm
    [ "$status" -eq 1 ]
    [[ $output == *"failed: acm: largest difference of the first three losses"* ]]
}

@test "check-gpu: a part that runs out of its time, or checks nothing, fails" {
    stand_in bats ''
    IR_BIN=$PWD/bin check hrl
    [ "$status" -eq 1 ]
    [[ $output == *"failed: hrl checked nothing"* ]]
    stand_in test-ops ''
    printf '#!/bin/sh\necho ok relu\nexec sleep 20\n' > bin/test-ops
    IR_GPU_LIMIT=8 IR_BIN=$PWD/bin check ops-fp32
    [ "$status" -eq 1 ]
    [[ $output == *"failed: test-ops: ran out of its time, after: ok relu"* ]]
    [[ $output == *"failed: ops-fp32 ran out of its "[5-8]" s"* && $output == *"1 passed, 2 failed, 0 skipped" ]]
    check ops-fp16
    [ "$status" -eq 2 ]
    [[ $output == "check: no part is named ops-fp16"* ]]
}

@test "check-gpu: compute-sanitizer's errors fail, and where it cannot run it is skipped with its reason" {
    sanitizer() {
        stand_in compute-sanitizer "$1"
        IR_BIN=$PWD/bin check memcheck
    }
    sanitizer $'ok leaky_relu cuda 1e-8\n========= ERROR SUMMARY: 0 errors'
    [ "$status" -eq 0 ]
    sanitizer $'ok leaky_relu cuda 1e-8\n========= Invalid __global__ read of size 4 bytes\n========= ERROR SUMMARY: 3 errors'
    [ "$status" -eq 1 ]
    [[ $output == *"failed: memcheck: 3 errors"*"# ========= Invalid __global__ read"* ]]
    sanitizer '========= Error: Device not supported'
    [[ $output == *"skipped: memcheck # skip ========= Error: Device not supported"* ]]
}

@test "check-gpu: races within a block fail, and are looked for where blocks share memory" {
    stand_in compute-sanitizer ''
    cat > bin/compute-sanitizer <<'END'
#!/bin/bash
echo "$*" >> "$ASKED"
[ "$2" = racecheck ] || exit 3
while [ "$1" != test-ops ]; do shift; done
name=${*: -1}
echo "ok $name cuda 1e-8"
if [ -e "$RACES" ] && [ "$name" = rfft2 ]; then
    echo '========= Error: Race reported between Write access at tile_to_planes and Read access'
    echo '========= RACECHECK SUMMARY: 2 hazards displayed (2 errors, 0 warnings)'
else
    echo '========= RACECHECK SUMMARY: 0 hazards displayed (0 errors, 0 warnings)'
fi
END
    export RACES=$PWD/races ASKED=$PWD/asked
    IR_BIN=$PWD/bin check racecheck
    [ "$status" -eq 0 ] && [ "${lines[-1]}" = "8 passed, 0 failed, 0 skipped" ]
    for name in batchnorm rfft2 soft_iou; do
        grep -q -- "-o $name\$" asked
    done
    : > races
    IR_BIN=$PWD/bin check racecheck
    [ "$status" -eq 1 ]
    [[ $output == *"failed: racecheck: 2 errors"*"Race reported between Write access at tile_to_planes"* ]]
}

@test "check-gpu: compute-sanitizer is tried on an operation that there is, and for as long as there is time" {
    stand_in compute-sanitizer ''
    cat > bin/compute-sanitizer <<'END'
#!/bin/bash
# what it is tried on is run; all together takes too long
while [ "$1" != test-ops ]; do shift; done
if [[ " $* " == *" -o "* ]]; then "$@"; else echo ok conv2d cuda 1e-8; exec sleep 30; fi
echo '========= ERROR SUMMARY: 0 errors'
END
    IR_BIN=$PWD/bin IR_GPU_LIMIT=48 check memcheck
    [ "$status" -eq 0 ]
    [[ $output == *"skipped: memcheck # skip the rest: no time after 1 checks without errors"* ]]
}

@test "bench-gpu: a row for everything, ours and PyTorch's, and the game" {
    "$PYTHON" -c 'import torch, numpy' 2> /dev/null || skip "python3-torch is not installed"
    IR_PYTHON=$PYTHON "$REPO/tests/gpu/bench" -o bench.tsv > said
    diff said bench.tsv
    # once more, when there is no time: with -a nothing is lost
    sed '/^acm\ttrain\t2\tirtools\ttf32\t/d' bench.tsv > again.tsv
    IR_GPU_LIMIT=1 IR_PYTHON=$PYTHON "$REPO/tests/gpu/bench" -a -o again.tsv > /dev/null
    grep $'^acm\ttrain\t2\tirtools\ttf32\t-\t.*skipped: no time left$' again.tsv
    figures() { awk -F '\t' '/^acm/ && $6 != "-"' "$1" | sort; }
    [ "$(diff <(figures bench.tsv) <(figures again.tsv) | grep -c '^[<>]')" = 1 ]
    grep -q '^# device: ' bench.tsv
    [ "$(awk -F '\t' '!/^#/ { print NF }' bench.tsv | sort -u)" = 12 ]
    for what in $'detect\t1\tirtools\ttf32' $'detect\t1\tpytorch\teager' {train,detect}$'\t2\tirtools\ttf32' \
        {train,detect}$'\t2\tirtools\tbf16' {train,detect}$'\t2\tirtools\ttf32-fast' \
        {train,detect}$'\t2\tpytorch\teager' $'epoch\t2\tirtools\t'{ring,ring-lag1,alone}; do
        grep -q $'^acm\t'"$what"$'\t[0-9.]\+\t' bench.tsv || { echo "no $what"; return 1; }
    done
    # 0.021 GMAC for a frame of 64x64, and three times that to train
    awk -F '\t' '$2 == "detect" { d = $8 } $2 == "train" { t = $8 }
        END { exit !(d == "0.042" && t == "0.126") }' bench.tsv
    grep -q '^# acm train, batch 2' bench.tsv
}

@test "bench-gpu: what there is no time for is skipped by name, and a failure fails" {
    IR_GPU_LIMIT=1 "$REPO/tests/gpu/bench" > /dev/null
    [ "$(grep -c $'\tskipped: no time left$' gpu-bench.tsv)" = "$(grep -c ^acm gpu-bench.tsv)" ]
    [ "$(grep -c ^acm gpu-bench.tsv)" -ge 11 ]
    IRTOOLS_PLUGINS=$PWD run "$REPO/tests/gpu/bench" -o failed.tsv
    [ "$status" -eq 1 ]
    grep -q $'^acm\ttrain\t2\tirtools\ttf32\t-.*\tfailed: .*device cuda: there is no libir-cuda.so' failed.tsv
}

@test "bench-gpu: a long round that takes no longer than a short one is no measurement" {
    stand_in ir-train ''
    cat > bin/ir-train <<END
#!/bin/bash
# training alone, over more frames than one epoch's: ends at once
if [[ " \$* " == *"/corrupted -R "*"/0001/images.list "* ]]; then
    list=\${*: -2:1}
    [ \$(wc -l < "\${list#@}") -le 4 ] || exit 0
fi
exec "$IR_BIN/ir-train" "\$@"
END
    IR_BIN=$PWD/bin IR_GPU_EPOCHS=1 run "$REPO/tests/gpu/bench"
    [ "$status" -eq 1 ]
    grep -q $'^acm\tepoch\t2\tirtools\talone\t-\t-\t.*\tfailed: 2 epochs took [0-9.]* s, one alone [0-9.]*$' gpu-bench.tsv
}

@test "a bundle needs no library but the C library's, and tests itself" {
    command -v patchelf > /dev/null || skip "patchelf is not installed"
    "$REPO/tests/gpu/bundle" made "$IRTOOLS_PLUGINS/libir-cuda.so" \
        "$IR_BIN"/{ir-{train,detect,scenes,corrupt,policy,score},test-{ops,detector,crop},bench-detector}
    mkdir elsewhere
    mv made elsewhere/bundle
    ldd elsewhere/bundle/bin/* | awk '$2 == "=>" { print $3 }' | sort -u > found
    grep -q "$PWD/elsewhere/bundle/bin/../lib/libdnnl" found
    run ! grep -vE "^$PWD/elsewhere/bundle/|/lib(c|m|dl|rt|pthread|mvec)\.so" found
    unset IRTOOLS_PLUGINS
    run env -i PATH=/usr/bin:/bin IR_PYTHON=false IR_GPU_SIDE=64 elsewhere/bundle/check-gpu -o results steps-acm memcheck
    [ "$status" -eq 0 ]
    [[ $output == *"elsewhere/bundle/bin/libir-cuda.so"* ]]
    [ "${lines[-1]}" = "2 passed, 0 failed, 1 skipped" ]
    [ -x elsewhere/bundle/bench-gpu ]
}
