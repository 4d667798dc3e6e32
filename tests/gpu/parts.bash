# The parts of check: run_NAME tests one thing, in a directory of its own, and prints "ok ...",
# "not ok ..." or "ok ... # skip WHY" for each check, and after a failure what is known of it in lines
# that begin with "#". A part NAME-WHAT is run_NAME with $part set; $time is the seconds that it has.

# shellcheck shell=bash disable=SC2034,SC2154 # check and common.bash

# Seconds; in the order in which they are begun: the long ones first.
declare -A limit=()
parts=()
part() {
    parts+=("$1")
    limit[$1]=$2
}
part policy 480
part memcheck 400
part racecheck 300
part train 400
part parity-isnet 300
part parity-dnanet 300
part parity-balistd 300
part ops-fp32 300
part hrl 300
part detect 240
part weights 240
part ops-tf32 240
part ops-bf16 240
part parity-rdian 240
part parity-alcnet 240
part parity-acm 240
part steps-dnanet 180
part steps-acm 120

# Every operation in a precision; in single precision chains, random graphs and all else too. What ends
# the program, such as an access out of bounds, or has it wait forever takes what comes after it along:
# then that is checked one by one.
run_ops() {
    local ask=(test-ops -d cuda -p "${part#*-}") rounds=(-n "${IR_GPU_ROUNDS:-8}") name status

    timeout --foreground -k 5 $(((time + 1) / 2)) "${ask[@]}" "${rounds[@]}" 2>&1 | tee output
    status=${PIPESTATUS[0]}
    if [ "$status" -le 1 ] && grep -q '^[0-9]* ok, [0-9]* failed$\|^test-ops: device cuda: ' output; then
        return "$status"
    fi
    echo "not ok test-ops: $(ended "$status"), after: $(tail -n 1 output)"
    for name in $("${ask[@]}" -l); do
        ! grep -q "^\(ok\|FAIL\) $name cuda" output || continue
        timeout --foreground -k 5 30 "${ask[@]}" "${rounds[@]}" -o "$name" >one 2>&1
        status=$?
        grep -v finite-differences one
        grep -q '^[0-9]* ok, [0-9]* failed$' one || echo "not ok $name: $(ended "$status"): $(tail -n 1 one)"
    done
}

# ended STATUS: how, in words.
ended() {
    case $1 in
    124 | 137) echo "ran out of its time" ;;
    *) if [ "$1" -gt 128 ]; then echo "was killed by SIG$(kill -l "$1")"; else echo "ended with status $1"; fi ;;
    esac
}

# bats_tests FILE [OPTION...]: but those that say that they are about the CPU. One that waits for ever
# leaves the others half of the part's time.
bats_tests() {
    export BATS_TEST_TIMEOUT=${BATS_TEST_TIMEOUT:-$(((time + 1) / 2))}
    bats --formatter tap --filter-tags '!cpu' "${@:2}" "$root/tests/$1.bats"
}

# A network, without and with its option: its numbers are PyTorch's.
run_parity() {
    IR_TEST_DEVICE=cuda bats_tests parity --filter "^${part#*-}"
}

# The programs' tests with the device as the default one.
on_device() {
    IRTOOLS_DEVICE=cuda bats_tests "$@"
}
run_train() { on_device train; }
run_detect() { on_device detect; }
run_policy() { on_device policy; }
run_hrl() { on_device hrl-real; }
run_weights() { on_device weights; }

# Twenty training steps on the CPU and on the device. Adam divides by the gradient's size, so that
# rounding grows from step to step, at times tenfold in one: at this rate the losses of one and of two
# threads of the CPU are the same to six digits in the first three steps, up to 1e-4 apart in the
# next two, and in the mean of all twenty 2e-4 (acm) and 6e-5 (dnanet). So the first three are
# compared tightly and the mean of all loosely, five times what acm needs.
run_steps() {
    local net=${part#*-} side=${IR_GPU_SIDE:-128} device

    ir-scenes -n 4 -s "${side}x$side" -r 7 -o s >&2 || return
    ir-train init --net "$net" -r 3 --dropout 0 --mean 0.3 --std 0.1 -w start.tar || return
    for device in cpu cuda; do
        ir-train -c start.tar -d $device --precision fp32 --batch 4 --crop "$side" --lr 1e-4 \
            --epochs 20 -r 1 --log $device.log -w end.tar s/images s/masks || return
        awk '!/^#/ { print $3 }' $device.log >$device
    done
    paste cpu cuda | awk -v net="$net" '
        function verdict(ok, what, value, most) {
            printf "%s %s: %s %.1e, at most %g\n", ok ? "ok" : "not ok", net, what, value, most
        }
        { d = $1 - $2; d = d < 0 ? -d : d; sum += d; print "# " $1, $2, d }
        NR <= 3 && d > first { first = d }
        END {
            verdict(NR == 20 && first <= 5e-5, "largest difference of the first three losses", first, 5e-5)
            verdict(NR == 20 && sum / 20 <= 1e-3, "mean difference of twenty losses", sum / 20, 1e-3)
        }'
}

# What compute-sanitizer finds, where it is there and takes the device: accesses out of bounds, and
# threads of a block that do not wait for each other. Under it everything is slow: what there was no
# time for is skipped. sanitize WORD OPERATION...: WORD begins the line of its summary; of no operation:
# of all.
sanitize() {
    local tool tried errors status most=$((time > 40 ? time - 20 : time)) word=$1 name
    local found='^=* *\(Invalid\|Error: Race\|Warning: Race\)'

    shift
    tool=$(PATH=$PATH:/usr/local/cuda/bin command -v compute-sanitizer) || {
        echo "ok $part # skip compute-sanitizer is not installed"
        return
    }
    sanitized() {
        timeout -k 5 "$1" "$tool" --tool "$part" --report-api-errors no --error-exitcode 0 \
            test-ops -d cuda "${@:2}" 2>&1
    }
    tried=$(sanitized 60 -n 0 -o leaky_relu)
    if ! grep -q '^ok leaky_relu' <<<"$tried" || ! grep -q "$word SUMMARY" <<<"$tried"; then
        echo "ok $part # skip $(grep -m 1 '^=* *Error\|not supported\|^test-ops' <<<"$tried" ||
            tail -n 1 <<<"$tried")"
        return
    fi
    for name in "${@:-}"; do
        sanitized $((most > SECONDS ? most - SECONDS : 1)) -n 1 ${name:+-o "$name"}
        [ $? != 124 ] || exit 124
    done | tee output
    status=${PIPESTATUS[0]}
    errors=$(sed -n "s/^=* $word SUMMARY: \([0-9]*\) .*/\1/p" output | awk '{ n += $1 } END { if (NR) print n }')
    if [ "${errors:-0}" != 0 ] || grep -q "$found" output; then
        echo "not ok $part: ${errors:-no summary,} errors"
        grep -m 1 -A 5 "$found" output | sed 's/^/# /'
    elif [ "$status" = 124 ]; then
        echo "ok $part # skip the rest: no time after $(grep -c '^ok .* cuda' output) checks without errors"
    elif [ -z "$errors" ]; then
        echo "not ok $part: no summary, status $status"
    else
        echo "ok $part: no errors"
    fi
}
run_memcheck() { sanitize ERROR; }
# The operations whose kernels share memory within a block.
run_racecheck() {
    sanitize RACECHECK batchnorm rfft2 irfft2 global_avg_pool global_max_pool soft_iou conv2d
}
