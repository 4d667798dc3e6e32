#!/usr/bin/env bats
# The weights that LESPS's authors published (XinyiYing/LESPS, log/SIRST3, full supervision) give the IoU
# that they published with them, on NUDT-SIRST and IRSTD-1K. IR_SHARED names the directory that has
# weights/, nudt-sirst/ and irstd-1k/.

load helper

setup_file() {
    [ -d "${IR_SHARED:-}/weights" ] || return 0
    cd "$BATS_FILE_TMPDIR" || return
    sed -n '/^# from-pytorch\.py /,/^\.Ed/p' "$REPO/man/ir-checkpoint.5" |
        sed -e '$d' -e 's/\\e/\\/g' -e 's/^\\&//' > from-pytorch.py
    for set in nudt-sirst irstd-1k; do
        mkdir $set
        ln -s "$IR_SHARED/$set/images" "$IR_SHARED/$set/masks" $set
        tee $set/test.txt < "$IR_SHARED/$set/test.txt" | head -n 1 > $set/train.txt
        make -f "$REPO/hrl.mk" data DATA=$set CACHE="$PWD/cache-$set"
        sed "s,.*,$PWD/cache-$set/images/&.pgm," "$IR_SHARED/$set/test.txt" > $set.images
        sed "s,.*,$PWD/cache-$set/masks/&.pgm," "$IR_SHARED/$set/test.txt" > $set.masks
    done
}

setup() {
    [ -d "${IR_SHARED:-}/weights" ] || skip "IR_SHARED names no directory with weights"
    "$PYTHON" -c 'import torch, numpy' 2> /dev/null || skip "python3-torch is not installed"
    cd "$BATS_FILE_TMPDIR" || return
}

# detector NAME: NAME.tar of the published weights and the meta beside them.
detector() {
    "$PYTHON" from-pytorch.py "$IR_SHARED/weights/$1_full.pth.tar" "$IR_SHARED/weights/$1_full.meta" "$1.tar"
}

# iou SET: in percent, of the masks on standard input.
iou() {
    ir-score --tsv - "@$1.masks" |
        awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "iou") k = i } NR == 2 { print 100 * $k }'
}

# near FOUND PUBLISHED: to 0.1
near() {
    echo "$1, published: $2"
    awk -v x="$1" -v y="$2" 'BEGIN { exit !(x - y <= 0.1 && y - x <= 0.1) }'
}

# padded LIST: these frames as LESPS pads them: by what is zero to the network, right and below, to the
# next multiple of 32 above their size.
padded() {
    "$PYTHON" - "$1" <<'PYTHON'
import numpy, sys
for path in open(sys.argv[1]).read().split():
    with open(path, "rb") as file:
        assert file.readline() == b"P5\n"
        width, height = map(int, file.readline().split())
        assert file.readline() == b"255\n"
        frame = numpy.frombuffer(file.read(), numpy.uint8).reshape(height, width)
    whole = numpy.full((height // 32 * 32 + 32, width // 32 * 32 + 32), 95, numpy.uint8)
    whole[:height, :width] = frame
    sys.stdout.buffer.write(b"P5\n%d %d\n255\n" % whole.shape[::-1] + whole.tobytes())
PYTHON
}

# cropped SIDE: masks of that side, of larger ones on standard input.
cropped() {
    "$PYTHON" -c '
import numpy, sys
side, stream = int(sys.argv[1]), sys.stdin.buffer
while stream.readline() == b"P5\n":
    width, height = map(int, stream.readline().split())
    stream.readline()
    mask = numpy.frombuffer(stream.read(width * height), numpy.uint8).reshape(height, width)
    sys.stdout.buffer.write(b"P5\n%d %d\n255\n" % (side, side) + mask[:side, :side].tobytes())' "$1"
}

@test "ACM's published weights give their published IoU on NUDT-SIRST and IRSTD-1K" {
    detector ACM
    near "$(ir-detect -c ACM.tar @nudt-sirst.images | iou nudt-sirst)" 57.42
    near "$(ir-detect -c ACM.tar @irstd-1k.images | iou irstd-1k)" 57.49
}

@test "ALCNet's give theirs on frames padded as LESPS pads them, and more on frames as they are" {
    detector ALCNet
    near "$(padded nudt-sirst.images | ir-detect -c ALCNet.tar | cropped 256 | iou nudt-sirst)" 61.78
    near "$(padded irstd-1k.images | ir-detect -c ALCNet.tar | cropped 512 | iou irstd-1k)" 62.03
    near "$(ir-detect -c ALCNet.tar @nudt-sirst.images | iou nudt-sirst)" 63.31
    near "$(ir-detect -c ALCNet.tar @irstd-1k.images | iou irstd-1k)" 62.24
}
