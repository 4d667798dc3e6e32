#!/usr/bin/env bats
# The same numbers as PyTorch. Debian's python3-torch belongs to Debian's python3.

load helper

setup() {
    /usr/bin/python3 -c 'import torch, numpy' 2>/dev/null || skip "python3-torch is not installed"
}

parity() { # NET INIT
    ir-train init --net "$1" --init "$2" -r 3 --mean 0.4 --std 0.14 >"$BATS_TEST_TMPDIR/net.tar"
    run /usr/bin/python3 "$BATS_TEST_DIRNAME/parity/parity.py" "$IR_BIN/test-detector" "$1" \
        "$BATS_TEST_TMPDIR/net.tar"
    grep -E '^FAIL|^#' <<<"$output"
    [ "$status" = 0 ]
}

@test "acm: probabilities, gradients and statistics are PyTorch's" {
    parity acm prior
    [[ "$output" == *"397823 trainable parameters"* ]]
}

@test "acm from the published start too" {
    parity acm published
}
