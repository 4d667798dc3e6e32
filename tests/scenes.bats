#!/usr/bin/env bats
# The generator of synthetic scenes: other tests and the demo stand on it.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

@test "as many scenes as asked, in lists that share them out" {
    ir-scenes -n 12 -t 5 -o s
    [[ $(find s/images -name '*.pgm' | wc -l) -eq 12 ]]
    [[ $(find s/masks -name '*.pgm' | wc -l) -eq 12 ]]
    [[ $(wc -l <s/train.txt) -eq 7 && $(wc -l <s/test.txt) -eq 5 ]]
    cat s/train.txt s/test.txt | sort >names
    diff names <(basename -as .pgm s/images/*.pgm)
    diff names <(basename -as .pgm s/masks/*.pgm)
}

@test "size and depth as asked: 8 bits, or 14 bits in a 16-bit file" {
    ir-scenes -n 1 -s 131x77 -o eight
    ir-scenes -n 1 -s 131x77 -b 14 -o fourteen
    for d in eight fourteen; do
        [[ $(pamfile -machine $d/images/*.pgm) == *'PGM RAW 131 77 1 '*' GRAYSCALE' ]]
        [[ $(head -c 13 $d/masks/*.pgm | tr '\n' ' ') == 'P5 131 77 255' ]]
    done
    [[ $(head -c 13 eight/images/*.pgm | tr '\n' ' ') == 'P5 131 77 255' ]]
    [[ $(head -c 15 fourteen/images/*.pgm | tr '\n' ' ') == 'P5 131 77 16383' ]]
    # The same scene: 14 bits only show it finer.
    cmp eight/masks/*.pgm fourteen/masks/*.pgm
    pamdepth 255 fourteen/images/*.pgm 2>/dev/null >coarse.pgm
    /usr/bin/python3 - <<'PYTHON'
import glob, numpy as np
def pgm(path):
    return np.frombuffer(open(path, "rb").read()[-131 * 77:], np.uint8).astype(int)
assert abs(pgm("coarse.pgm") - pgm(glob.glob("eight/images/*.pgm")[0])).max() <= 1
PYTHON
}

@test "the same seed gives the same bytes, another seed another scene" {
    ir-scenes -n 3 -r 7 -o a
    ir-scenes -n 3 -r 7 -o b
    diff -r a b
    ir-scenes -n 3 -r 8 -o c
    for i in images masks; do
        for f in "a/$i"/*; do
            run cmp -s "$f" "c/$i/${f##*/}"
            [[ $status -eq 1 ]]
        done
    done
    # A scene depends on its name, not on how many are made.
    ir-scenes -n 1 -r 7 -o d
    cmp a/images/scene00001.pgm d/images/scene00001.pgm
}

@test "masks are the half-maximum ellipses of the listed targets, to the pixel" {
    ir-scenes -n 30 -s 200x160 -r 3 -o s
    /usr/bin/python3 - <<'PYTHON'
import collections, csv, glob, os
import numpy as np
targets = collections.defaultdict(list)
for row in csv.reader(open("s/targets.tsv"), delimiter="\t"):
    targets[row[0]].append([float(v) for v in row[1:]])
files = sorted(glob.glob("s/masks/*.pgm"))
assert [os.path.basename(f)[:-4] for f in files] == sorted(targets)
y, x = np.mgrid[0:160, 0:200]
for f in files:
    mask = np.frombuffer(open(f, "rb").read()[-200 * 160:], np.uint8).reshape(160, 200)
    true = np.zeros(mask.shape, bool)
    found = targets[os.path.basename(f)[:-4]]
    assert 1 <= len(found) <= 4
    for x0, y0, across, aspect, angle, scr, amplitude in found:
        assert 2 <= across <= 9 and across * aspect >= 1.6 - 1e-6 and 0.6 <= aspect <= 1
        c, s = np.cos(angle), np.sin(angle)
        along, aside = c * (x - x0) + s * (y - y0), c * (y - y0) - s * (x - x0)
        one = (along / across) ** 2 + (aside / (across * aspect)) ** 2 <= 0.25
        assert one.any() and not (one & true).any()
        true |= one
    assert set(np.unique(mask)) == {0, 255}
    assert ((mask == 255) == true).all(), f
PYTHON
}

@test "one to four targets, each number met; signal-to-clutter ratios from 2 to 10 in the frames" {
    ir-scenes -n 60 -r 5 -b 14 -o s
    /usr/bin/python3 - <<'PYTHON'
import collections, csv
import numpy as np
targets = collections.defaultdict(list)
for row in csv.reader(open("s/targets.tsv"), delimiter="\t"):
    targets[row[0]].append([float(v) for v in row[1:]])
assert {len(t) for t in targets.values()} == {1, 2, 3, 4}
said, seen = [], []
for name, found in targets.items():
    read = lambda d, t: np.frombuffer(open(f"s/{d}/{name}.pgm", "rb").read()[-256 * 256 * t:],
                                      np.uint8 if t == 1 else ">u2").reshape(256, 256)
    image, mask = read("images", 2).astype(float), read("masks", 1) > 0
    for x, y, across, aspect, angle, scr, amplitude in found:
        yy, xx = np.mgrid[0:256, 0:256]
        far = np.hypot(xx - x, yy - y) > 1.3 * across
        near = np.maximum(abs(xx - x), abs(yy - y)) <= across / 2 + 10
        clutter = image[near & far]
        spot = image[np.hypot(xx - x, yy - y) <= max(1.0, across / 4)].max()
        said.append(scr)
        seen.append((spot - clutter.mean()) / clutter.std())
said, seen = np.array(said), np.array(seen)
assert 2 <= said.min() < 4 and 9 < said.max() <= 10
# A frame's own noise and a cloud's edge in the ring move single values, not the picture.
assert np.corrcoef(said, seen)[0, 1] > 0.8, np.corrcoef(said, seen)
assert 0.9 < np.median(seen / said) < 1.3, np.median(seen / said)
assert seen.min() > 1, seen.min()
PYTHON
}

@test "backgrounds have a power-law spectrum" {
    ir-scenes -n 24 -r 9 -b 14 -o s
    /usr/bin/python3 - <<'PYTHON'
import glob
import numpy as np
slopes = []
f = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.rfftfreq(256), indexing="ij"))
window = np.outer(np.hanning(256), np.hanning(256))
for path in glob.glob("s/images/*.pgm"):
    image = np.frombuffer(open(path, "rb").read()[-256 * 256 * 2:], ">u2").reshape(256, 256) / 16383
    power = abs(np.fft.rfft2((image - image.mean()) * window)) ** 2
    edges = np.geomspace(3 / 256, 0.12, 8)
    band = [np.log(power[(f >= a) & (f < b)].mean()) for a, b in zip(edges, edges[1:])]
    slopes.append(np.polyfit(np.log(np.sqrt(edges[1:] * edges[:-1])), band, 1)[0])
assert -4 < np.median(slopes) < -2, np.median(slopes)
assert max(slopes) < -1.2, max(slopes)
PYTHON
}

@test "wrong command lines" {
    run --separate-stderr ir-scenes
    usage_error '^ir-scenes: -o is missing'
    for wrong in '-n 0' '-n x' '-t 33' '-s 63x64' '-s 64' '-s 64x64x' '-b 12' '-r -1' 'operand' '-q'; do
        # shellcheck disable=SC2086
        run --separate-stderr ir-scenes -o s $wrong
        usage_error '^ir-scenes: ' || {
            echo "$wrong"
            return 1
        }
    done
    [[ ! -e s ]]
    run --separate-stderr ir-scenes -n 1 -o /dev/null
    one_line_error 1 '^ir-scenes: /dev/null'
}

@test "help and version" {
    run ir-scenes -h
    [[ $status -eq 0 && $output == 'usage: ir-scenes'* ]]
    run ir-scenes -V
    [[ $status -eq 0 && $output == 'ir-scenes (irtools) '* ]]
}
