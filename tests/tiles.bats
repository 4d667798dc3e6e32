#!/usr/bin/env bats
# ir-detect --tile: frames too large for the network, in tiles that overlap.

load helper

# A frame of 100x90, and an ACM whose random weights answer to the image.
setup_file() {
    export DATA=$BATS_FILE_TMPDIR/data NET=$BATS_FILE_TMPDIR/net.tar
    load helper
    scenes "$DATA" -n 1 -s 100x90 -r 3 > /dev/null
    mv "$DATA"/images/*.pgm "$DATA/frame.pgm"
    ir-train init --net acm --init published -r 1 --mean 0.4 --std 0.14 > "$NET.plain"
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$NET.plain" "$NET" '
rng = np.random.default_rng(1)
for name in members:
    if name.startswith(("param/", "state/")):
        a = array(name)
        members[name] = npy((a * rng.uniform(1, 2, a.shape)).astype("<f4"))'
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

learned() {
    ir-detect -c "$NET" "$@"
}

# said ARGUMENT...: what -v says, but for the speed.
said() {
    learned -v "$@" 2>&1 > /dev/null | sed 's/,.*images.*//'
}

# far_apart A B: the largest difference of two maps, in steps of 1/65535.
far_apart() {
    paste -d ' ' <(samples < "$1" | tr ' ' '\n') <(samples < "$2" | tr ' ' '\n') |
        awk '{ d = $1 > $2 ? $1 - $2 : $2 - $1 } d > most { most = d } END { print most + 0 }'
}

# Tiles of 64x64 of which neighbours share 32 pixels, in a frame of 100x90: each alone is an image
# that ends where the frame does.
piece() { # LEFT WIDTH TOP HEIGHT, then the same for what the tile decides
    pamcut -left "$1" -width "$2" -top "$3" -height "$4" "$DATA/frame.pgm" > piece.pgm
    learned --soft --depth 16 piece.pgm |
        pamcut -left $(($5 - $1)) -width "$6" -top $(($7 - $3)) -height "$8"
}

@test "a tile decides what it would as an image, up to the middle of what it shares" {
    for row in "0 64 0 48" "32 58 48 42"; do
        read -r top height first rows <<< "$row"
        piece 0 64 "$top" "$height" 0 48 "$first" "$rows" > left.pgm
        piece 32 64 "$top" "$height" 48 32 "$first" "$rows" > middle.pgm
        piece 64 36 "$top" "$height" 80 20 "$first" "$rows" > right.pgm
        pnmcat -leftright left.pgm middle.pgm right.pgm > "row.$top"
    done
    pnmcat -topbottom row.0 row.32 > want
    learned --soft --depth 16 --tile 64 --overlap 32 "$DATA/frame.pgm" | cmp - want
    [ "$(samples < want | tr ' ' '\n' | sort -u | wc -l)" -gt 1000 ]
}

# normalised LINES OUT: the network with these lines of meta in place of its mean and std.
normalised() {
    mkdir new && tar xf "$NET" -C new
    grep -vE '^(mean|std) ' new/meta > meta
    printf '%s\n' "$1" >> meta
    mv meta new/meta
    (cd new && tar cf "../$2" meta param state)
    rm -r new
}

@test "with a frame's own mean and deviation, tiles are normalised by those of the whole frame" {
    normalised 'normalise image' own.tar
    ir-train init --net acm "$DATA/frame.pgm" > measured.tar
    normalised "$(tar xOf measured.tar meta | grep -E '^(mean|std) ')" same.tar
    for net in own same; do
        ir-detect -c $net.tar --soft --depth 16 --tile 64 --overlap 32 "$DATA/frame.pgm" > $net.pgm
    done
    cmp own.pgm same.pgm
    run ! cmp -s own.pgm <(learned --soft --depth 16 --tile 64 --overlap 32 "$DATA/frame.pgm")
}

# bats test_tags=cpu
@test "--batch: tiles that go together give what each gives alone" {
    learned --soft --depth 16 --tile 64 --overlap 32 "$DATA/frame.pgm" > alone
    for batch in 2 4 6 16; do # of 6 tiles; 4: the second time two of the first four once more
        learned --soft --depth 16 --tile 64 --overlap 32 --batch $batch "$DATA/frame.pgm" > together
        [ "$(far_apart alone together)" -le 1 ]
    done
}

# ACM whose gates of the global mean say the same whatever the mean is.
local_acm() {
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$NET" local.tar '
for name in ("param/fuse1.topdown.5.weight.npy", "param/fuse2.topdown.5.weight.npy"):
    members[name] = npy(0 * array(name))'
}

@test "but for global means, ACM gives in tiles what it gives at once: down to rounding, with 608" {
    local_acm
    scenes long -n 1 -s 2432x96 -r 5 > /dev/null
    pamflip -transpose long/images/*.pgm > high.pgm
    for frame in long/images/*.pgm high.pgm; do
        ir-detect -c local.tar --soft --depth 16 "$frame" > whole
        ir-detect -c local.tar --soft --depth 16 --tile 1216 --overlap 608 "$frame" > tiles
        ir-detect -c local.tar --soft --depth 16 --tile 1216 --overlap 0 "$frame" > torn
        echo "$(far_apart whole tiles) $(far_apart whole torn) of 65535"
        [ "$(far_apart whole tiles)" -le 1 ]
        [ "$(far_apart whole torn)" -gt 10 ]
    done
}

@test "a target over a seam is one target" {
    learned -t 0.1 --tile 64 --overlap 32 "$DATA/frame.pgm" > mask.pgm
    learned --tile 64 --overlap 32 --soft --depth 16 "$DATA/frame.pgm" > map.pgm
    learned -t 0.1 --tile 64 --overlap 32 --targets "$DATA/frame.pgm" > targets
    "$PYTHON" - "$REPO/tests/parity" <<'PYTHON'
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
import scores

def read(path):
    size, maxval, samples = open(path, "rb").read().split(b"\n", 3)[1:]
    width, height = map(int, size.split())
    return np.frombuffer(samples, ">u2" if int(maxval) > 255 else "u1").reshape(height, width)

rows = [line.split("\t") for line in open("targets") if line[0] != "#"]
soft, found = read("map.pgm") / 65535, scores.components(read("mask.pgm") > 0)
assert len(rows) == len(found)
over = 0
for row, c in zip(rows, found):
    (top, left), (bottom, right) = c.min(axis=0), c.max(axis=0)
    assert [int(x) for x in row[3:8]] == [left, top, right - left + 1, bottom - top + 1, len(c)]
    assert abs(float(row[8]) - soft[tuple(c.T)].max()) < 2e-5
    over += left < 48 <= right or top < 48 <= bottom
assert over > 0
PYTHON
}

@test "frames no larger than a tile take the way without tiles" {
    pamcut -width 64 -height 64 "$DATA/frame.pgm" > small.pgm
    for what in "" --soft --targets; do
        # shellcheck disable=SC2086
        learned $what "$DATA/frame.pgm" small.pgm > whole
        # shellcheck disable=SC2086
        for size in 128 whole 0; do
            learned $what --tile $size "$DATA/frame.pgm" small.pgm 2> said | cmp - whole
        done
    done
    [[ $(said --tile 64 "$DATA/frame.pgm" small.pgm) == \
        "ir-detect: frame: 6 tiles of 64x64"$'\n'"ir-detect: 2 images" ]]
}

@test "small frames and large ones in one stream, in order" {
    pamcut -width 64 -height 64 "$DATA/frame.pgm" > small.pgm
    set -- small.pgm "$DATA/frame.pgm" small.pgm small.pgm "$DATA/frame.pgm" "$DATA/frame.pgm"
    for frame in "$@"; do
        learned --tile 64 "$frame"
    done > want
    cat "$@" | learned --tile 64 | cmp - want
    learned --tile 64 --batch 2 "$@" | cmp - want
    learned --tile 64 -o masks small.pgm "$DATA/frame.pgm"
    cat masks/small.pgm masks/frame.pgm | cmp - <(head -c "$(cat masks/*.pgm | wc -c)" want)
}

@test "a frame of more than four tiles of pixels goes in tiles, what needs it whole does not" {
    pamscale -width 4100 -height 4098 "$DATA/frame.pgm" > large.pgm
    pamcut -width 4096 -height 4096 large.pgm > most.pgm
    [[ $(said large.pgm most.pgm) == \
        "ir-detect: large: 9 tiles of 2048x2048"$'\n'"ir-detect: 2 images" ]]
    learned large.pgm | cmp - <(learned --tile 2048 --overlap 256 large.pgm)
    for whole in "--tile whole" "--feature layer1" "--adapt 0.1"; do
        # shellcheck disable=SC2086
        [[ $(said $whole large.pgm) == "ir-detect: 1 images" ]]
    done
}

@test "a frame in tiles takes six bytes a pixel and the memory of one tile" {
    [ -z "${IR_ASAN:-}" ] || skip "a sanitizer needs memory of its own"
    pamscale -width 4096 -height 3072 "$DATA/frame.pgm" > large.pgm
    ir-train init --net acm --mean 0.4 --std 0.14 > net.tar
    for what in --verbose --targets --soft; do
        peak=$("$PYTHON" - "$what" -j 2 -c net.tar --tile 512 large.pgm large.pgm <<'PYTHON'
import resource, subprocess, sys
subprocess.run(["ir-detect", *sys.argv[1:]], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PYTHON
        )
        echo "$what $peak KiB"
        ((peak < 6 * 4096 * 3072 / 1024 + 60 * 1024))
    done
}

@test "weights that give no number are an error in tiles too" {
    "$PYTHON" "$REPO/tests/edit_checkpoint.py" "$NET" huge.tar '
name = "param/stem.1.weight.npy"
members[name] = npy((array(name) * 0 + 3e38).astype("<f4"))'
    run --separate-stderr ir-detect -c huge.tar --tile 64 "$DATA/frame.pgm"
    one_line_error 1 "^ir-detect: frame: the detector's output is not a number"
}

@test "wrong command lines" {
    while IFS=: read -r arguments says; do
        # shellcheck disable=SC2086
        run --separate-stderr ir-detect $arguments frame.pgm
        usage_error "^ir-detect: $says" || { echo "$arguments"; return 1; }
        [[ -z $output ]]
    done <<'CASES'
-c net.tar --tile 100:--tile: 100 is not a multiple of 32
-c net.tar --tile 31:--tile: '31'
-c net.tar --tile 16:--tile: '16'
-c net.tar --tile -64:--tile: '-64'
-c net.tar --tile 65536:--tile: '65536'
-c net.tar --tile 99999999999999999999:--tile: '99999999999999999999'
-c net.tar --tile half:--tile: 'half'
-c net.tar --tile 64x64:--tile: '64x64'
-c net.tar --tile 512 --overlap 20:--overlap: 20 is not a multiple of 32
-c net.tar --tile 512 --overlap -32:--overlap: '-32'
-c net.tar --tile 512 --overlap 288:--overlap: 288 is more than half a tile of 512
-c net.tar --tile 32 --overlap 32:--overlap: 32 is more than half a tile of 32
-c net.tar --overlap 64:--overlap needs --tile
-c net.tar --tile whole --overlap 64:--overlap needs --tile
-c net.tar --feature layer1 --tile 64:--feature is of whole frames
-c net.tar --adapt 0.1 --tile 64:--adapt is to whole frames
-m top-hat --tile 64:--tile and --overlap need -c
-m ipi --overlap 64:--tile and --overlap need -c
CASES
}
