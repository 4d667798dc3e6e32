#!/usr/bin/env bats
# Peak resident memory of the two largest jobs. PyTorch 1.13 needs 3048 MiB for the training step.

load helper

setup() {
    [ -z "${IR_ASAN:-}" ] || skip "a sanitizer needs memory of its own"
}

peak_kib() { # COMMAND ...
    /usr/bin/python3 - "$@" <<'PYTHON'
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PYTHON
}

@test "balistd detects in a frame of 640x512 in less than 600 MB" {
    ir-scenes -n 1 -s 640x512 -o "$BATS_TEST_TMPDIR/scenes"
    ir-train init --net balistd --mean 0.4 --std 0.1 >"$BATS_TEST_TMPDIR/net.tar"
    peak=$(peak_kib ir-detect -c "$BATS_TEST_TMPDIR/net.tar" "$BATS_TEST_TMPDIR/scenes/images")
    echo "$peak KiB"
    ((peak * 1024 < 600000000))
}

@test "a training step of dnanet, batch 4 at 256x256, takes less than 55 % of PyTorch's memory" {
    ir-train init --net dnanet --mean 0.4 --std 0.1 >"$BATS_TEST_TMPDIR/net.tar"
    peak=$(peak_kib bench-detector train "$BATS_TEST_TMPDIR/net.tar" 4 256 1)
    echo "$peak KiB"
    ((peak < 3048 * 1024 * 55 / 100))
}
