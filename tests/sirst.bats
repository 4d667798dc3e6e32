#!/usr/bin/env bats
# Real frames: NUAA-SIRST (images/, masks/, train.txt, test.txt) where SIRST names its directory.

load helper

setup_file() {
    [ -n "${SIRST:-}" ] || return 0
    export CACHE=$BATS_FILE_TMPDIR/cache MASKS=$BATS_FILE_TMPDIR/cache/masks-nearest
    make -f "$REPO/hrl.mk" data DATA="$SIRST" CACHE="$CACHE" RESIZE_MASKS=nearest
    for set in train test; do
        sed "s,.*,$CACHE/images/&.pgm," "$SIRST/$set.txt" > "$BATS_FILE_TMPDIR/$set.images"
        sed "s,.*,$MASKS/&.pgm," "$SIRST/$set.txt" > "$BATS_FILE_TMPDIR/$set.masks"
    done
}

setup() {
    [ -n "${SIRST:-}" ] || skip "SIRST names no directory"
    cd "$BATS_TEST_TMPDIR" || return
}

# score KEY: one score of the table on standard input.
score() {
    awk -F '\t' -v key="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == key) k = i } NR == 2 { print $k }'
}

@test "every PNG becomes a PGM of its size; the one mask of another size must be asked for" {
    [ "$(find "$CACHE/images" -name '*.pgm' | wc -l)" = 427 ]
    [ "$(find "$MASKS" -name '*.pgm' | wc -l)" = 427 ]
    while read -r name; do
        pamfile -size "$CACHE/images/$name.pgm" > image
        pamfile -size "$MASKS/$name.pgm" > mask
        cmp image mask
    done < <(cat "$SIRST/train.txt" "$SIRST/test.txt")
    run --separate-stderr make -f "$REPO/hrl.mk" data DATA="$SIRST" CACHE=refused
    [ "$status" != 0 ]
    # shellcheck disable=SC2154 # run sets it
    [[ "$(head -n 1 <<< "$stderr")" == *Misc_111*592x400*325x220* ]]
}

@test "Top-Hat on the test list: 263 targets, IoU 48 percent, Pd 93 percent" {
    ir-detect -m top-hat "@$BATS_FILE_TMPDIR/test.images" |
        ir-score --tsv - "@$BATS_FILE_TMPDIR/test.masks" > scores
    [ "$(score images < scores)" = 214 ]
    [ "$(score targets < scores)" = 263 ]
    awk -v iou="$(score iou < scores)" -v pd="$(score pd < scores)" \
        'BEGIN { exit !(iou > .475 && iou < .485 && pd > .925 && pd < .94) }'
}

@test "every corruption keeps the frames' sizes and changes the frames" {
    head -n 5 "$BATS_FILE_TMPDIR/test.images" > list
    xargs -n 1 ppmtopgm < list > clean
    for name in $(ir-corrupt --list | awk '!/^#/ && $2 != "camera" { print $1 }'); do
        ir-corrupt -n "$name" -s 3 @list > corrupted
        echo "$name: $(wc -c < corrupted) of $(wc -c < clean) bytes"
        [ "$(wc -c < corrupted)" = "$(wc -c < clean)" ]
        run ! cmp -s clean corrupted
    done
}

@test "ACM learns real frames, and a round of the game runs on them" {
    mkdir few
    ln -s "$SIRST/images" "$SIRST/masks" few/
    head -n 16 "$SIRST/train.txt" > few/train.txt
    head -n 4 "$SIRST/test.txt" > few/test.txt
    make -f "$REPO/hrl.mk" DATA=few CACHE="$CACHE" STRATEGY=none RUN=none ROUNDS=3 EPOCHS=4 \
        BATCH=8 CROP=128
    loss() { sed '/^#/d' "$1/log" | cut -f 3; }
    awk -v first="$(loss none/0001)" -v last="$(loss none/0003)" 'BEGIN { exit !(last < first) }'
    make -f "$REPO/hrl.mk" DATA=few CACHE="$CACHE" STRATEGY=hrl RUN=hrl ROUNDS=1 EPOCHS=1 BATCH=8 \
        CROP=128
    [ "$(grep -vc '^#' hrl/0001/rewards)" = 16 ]
}
