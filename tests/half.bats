#!/usr/bin/env bats
# Half precision: the conversion against NumPy's, and arrays of it in checkpoints.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

@test "all 65,536 halves become NumPy's floats" {
    test-half widen > floats
    "$PYTHON" - <<'PYTHON'
import numpy as np
ours = np.fromfile("floats", "<f4")
theirs = np.arange(65536, dtype="<u2").view("<f2").astype("<f4")
assert len(ours) == 65536
same = (ours.view("<u4") == theirs.view("<u4")) | (np.isnan(ours) & np.isnan(theirs))
assert same.all(), np.flatnonzero(~same)[:10]
PYTHON
}

@test "floats at, between and around all halves, and of every size, become NumPy's halves" {
    "$PYTHON" - <<'PYTHON'
import numpy as np
half = np.arange(65536, dtype="<u2").view("<f2").astype("<f4")
half = np.sort(half[np.isfinite(half)])
middle = (half[1:] + half[:-1]) / 2
ends = np.float32([65504, 65519.996, 65520, 65536, 3e38, np.inf, 0, 1e-45, 2**-25, 2**-24])
values = np.concatenate([half, middle, ends, -ends])
around = [np.nextafter(values, np.float32(to)) for to in (-np.inf, np.inf)]
sizes = np.random.default_rng(1).integers(0, 2**32, 1 << 20, dtype="<u4").view("<f4")
values = np.concatenate([values, *around, sizes[np.isfinite(sizes)], np.float32([np.nan, -np.nan])])
values.astype("<f4").tofile("floats")
PYTHON
    test-half narrow < floats > halves
    "$PYTHON" - <<'PYTHON'
import numpy as np
values, ours = np.fromfile("floats", "<f4"), np.fromfile("halves", "<f2")
with np.errstate(over="ignore"):
    theirs = values.astype("<f2")
assert len(values) == len(ours) > 300000
same = (ours.view("<u2") == theirs.view("<u2")) | (np.isnan(ours) & np.isnan(theirs))
assert same.all(), (values[~same][:10], ours[~same][:10])
PYTHON
}

@test "float16 arrays are read, written back byte for byte, and are what NumPy writes" {
    test-checkpoint make good.tar
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" good.tar half.tar '
for n in order[1:]:
    members[n] = npy(array(n).astype("<f2"))'
    test-checkpoint copy detector half.tar copy.tar
    [ "$(wc -c < copy.tar)" -lt "$(wc -c < good.tar)" ]
    diff <(test-checkpoint list detector good.tar) <(test-checkpoint list detector copy.tar)
    "$PYTHON" - <<'PYTHON'
import tarfile
half, copy = tarfile.open("half.tar"), tarfile.open("copy.tar")
names = half.getnames()
assert names == copy.getnames() and len(names) == 6
for name in names:
    assert half.extractfile(name).read() == copy.extractfile(name).read(), name
PYTHON
    test-checkpoint halve good.tar ours.tar
    cmp ours.tar copy.tar
}

@test "float16 arrays with numbers that are not finite, of another byte order, cut short" {
    test-checkpoint make good.tar
    refused() {
        "$PYTHON" "$REPO/tests/edit_checkpoint.py" good.tar bad.tar "members['param/b.npy'] = $1"
        run --separate-stderr test-checkpoint copy detector bad.tar out.tar
        one_line_error 1 "^test-checkpoint: bad.tar: param/b.npy: $2" && [ ! -e out.tar ]
    }
    refused 'npy(np.array([1, np.nan], "<f2"))' 'element 1 is not finite$'
    refused 'npy(np.array([1, 2, -np.inf], "<f2"))' 'element 2 is not finite$'
    refused 'npy(np.ones(3, ">f2"))' 'big-endian'
    refused 'npy(np.ones(3, "<f2"))[:-1]' 'fewer numbers'
    refused 'npy(np.ones(3, "<f2")) + bytes(2)' 'bytes behind its last number'
}

@test "a number beyond half precision is not written" {
    test-checkpoint make good.tar
    test-checkpoint halve good.tar old.tar
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" good.tar large.tar '
n = "param/b.npy"
members[n] = npy(np.float32([-65519, 65519]))'
    test-checkpoint halve large.tar at-most.tar
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" good.tar large.tar '
n = "param/b.npy"
members[n] = npy(np.float32([1, -65520]))'
    cp old.tar before.tar
    run --separate-stderr test-checkpoint halve large.tar old.tar
    one_line_error 1 '^test-checkpoint: old.tar: param/b holds -65520, and half precision ends at 65504; not written$'
    cmp old.tar before.tar
}
