#!/usr/bin/env bats
# Models and real frames, where IR_SHARED names a directory with weights/ (those that LESPS's authors
# published) and the data sets sirst/, nudt-sirst/ and irstd-1k/.

load helper

setup() {
    [ -e "${IR_SHARED:-}/weights/ACM_full.pth.tar" ] || skip "IR_SHARED names no directory with weights/"
    "$PYTHON" -c 'import torch, numpy' 2> /dev/null || skip "python3-torch is not installed"
    cd "$BATS_TEST_TMPDIR" || return
}

# iou DETECTOR: in percent, of the list that test.images and test.masks are.
iou() {
    ir-detect -c "$1" @test.images | ir-score --tsv - @test.masks 2> /dev/null |
        awk -F '\t' 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "iou") c = i } NR == 2 { print 100 * $c }'
}

@test "the published ACM scores as published, and in half precision the same to 0.1 IoU" {
    sed -n '/^# from-pytorch\.py /,/^\.Ed/p' "$REPO/man/ir-checkpoint.5" |
        sed -e '$d' -e 's/\\e/\\/g' -e 's/^\\&//' > from-pytorch.py
    "$PYTHON" from-pytorch.py "$IR_SHARED"/weights/ACM_full.{pth.tar,meta} acm.tar
    ir-train export -c acm.tar --half -w half.tar
    # IoU that its authors print, and that of NUAA-SIRST's other split
    while read -r set published; do
        [ -d "$IR_SHARED/$set" ] || continue
        make -s -f "$REPO/hrl.mk" data DATA="$IR_SHARED/$set" CACHE="$PWD/$set" RESIZE_MASKS=nearest
        sed "s,.*,$set/images/&.pgm," "$IR_SHARED/$set/test.txt" > test.images
        sed "s,.*,$set/masks-nearest/&.pgm," "$IR_SHARED/$set/test.txt" > test.masks
        echo "$set $published $(iou acm.tar) $(iou half.tar)"
    done <<< $'nudt-sirst 57.42\nirstd-1k 57.49\nsirst 64.86' > found
    cat found
    [ "$(wc -l < found)" -ge 1 ]
    awk 'function off(a, b) { return (a - b) ^ 2 > 0.01 }
         off($2, $3) || off($3, $4) { bad = 1 } END { exit bad }' found
}
