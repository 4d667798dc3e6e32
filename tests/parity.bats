#!/usr/bin/env bats
# The same numbers as PyTorch, on the device that IR_TEST_DEVICE names (the CPU).

load helper

setup() {
    "$PYTHON" -c 'import torch, numpy' 2>/dev/null || skip "python3-torch is not installed"
}

# From the published start: from the other, all probabilities are near 0.02. With momentum 1, detection
# has a batch's statistics and not those that nothing has.
parity() { # PARAMETERS NET [OPTION ...]
    local parameters=$1 net=$2
    ir-train init --net "$net" --init published --bn-momentum 1 "${@:3}" -r 3 --mean 0.4 --std 0.14 >"$BATS_TEST_TMPDIR/net.tar"
    run "$PYTHON" "$BATS_TEST_DIRNAME/parity/parity.py" "$IR_BIN/test-detector" "$net" \
        "$BATS_TEST_TMPDIR/net.tar"
    grep -E '^FAIL|^#' <<<"$output"
    [ "$status" = 0 ]
    [[ "$output" == *"# $net: $parameters trainable parameters"* ]]
}

# The tests of this are marked cpu: the device has no part in them.
#
# The graph of a network as it is and with an option more, computed in double by tests/ops.
graph_in_double() { # NET OPTION
    local net=$1 options
    for options in "" "$2"; do
        # shellcheck disable=SC2086 # no option is no argument
        ir-train init --net "$net" --init published --bn-momentum 1 $options -r 3 --mean 0.4 --std 0.14 \
            >"$BATS_TEST_TMPDIR/net$options.tar"
    done
    run "$PYTHON" "$BATS_TEST_DIRNAME/parity/reference.py" "$IR_BIN/test-reference" "$net" \
        "$BATS_TEST_TMPDIR/net.tar" "$BATS_TEST_TMPDIR/net$2.tar"
    grep -vE '^ok' <<<"$output"
    [ "$status" = 0 ]
    [[ "$output" == *"# $net, sfim 0"* && "$output" == *"# $net, sfim 1"* ]]
}

@test "acm: probabilities, gradients and statistics are PyTorch's" {
    parity 397823 acm
}

@test "acm with the published momentum" {
    parity 397823 acm --bn-momentum 0.9
}

@test "acm with SFIM" {
    parity 424479 acm --sfim
}

@test "alcnet" {
    parity 426961 alcnet
}

@test "alcnet with SFIM" {
    parity 453617 alcnet --sfim
}

@test "rdian" {
    parity 216558 rdian
}

@test "rdian with SFIM" {
    parity 237742 rdian --sfim
}

@test "dnanet" {
    parity 4696568 dnanet
}

@test "dnanet with SFIM" {
    parity 4702040 dnanet --sfim
}

# Published as 0.966 M by a count that leaves out the weights of modules that hold modules: the three
# gates' 3 x 4096 and the four deformable convolutions' 7776.
@test "isnet" {
    parity 985810 isnet
}

@test "isnet with SFIM" {
    parity 1012466 isnet --sfim
}

@test "balistd" {
    parity 9322116 balistd
}

@test "balistd without SFIM" {
    parity 4665156 balistd --no-sfim
}

# bats test_tags=cpu
@test "acm's graph in double, without and with SFIM: every gradient is PyTorch's" {
    graph_in_double acm --sfim
}

# bats test_tags=cpu
@test "alcnet's graph in double" {
    graph_in_double alcnet --sfim
}

# bats test_tags=cpu
@test "rdian's graph in double" {
    graph_in_double rdian --sfim
}

# bats test_tags=cpu
@test "dnanet's graph in double" {
    graph_in_double dnanet --sfim
}

# bats test_tags=cpu
@test "isnet's graph in double" {
    graph_in_double isnet --sfim
}

# bats test_tags=cpu
@test "balistd's graph in double, with and without SFIM: every gradient is PyTorch's" {
    graph_in_double balistd --no-sfim
}
