#!/usr/bin/env bats
# ir-score at the edges: nothing there, nothing true, everything predicted, one pixel. No score is
# ever anything but a finite number or undefined: "nan" in text and TSV, null in JSON.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# image FILE WIDTH HEIGHT VALUE: one that is the same all over.
image() {
    local sample=()

    mapfile -t sample < <(yes "$4" | head -n $(($2 * $3)))
    mkdir -p "${1%/*}"
    pgm "$2" "$3" 255 "${sample[@]}" > "$1"
}

# pair NAME WIDTH HEIGHT PREDICTED TRUE
pair() {
    image "predicted/$1.pgm" "$2" "$3" "$4"
    image "true/$1.pgm" "$2" "$3" "$5"
}

# Every table there is of predicted/ and true/.
tables=('' --all --per-image --roc --pr '--bootstrap 20' '--versus predicted'
    '--match opdc' '--match shooting' '--roc --match opdc')

# sound: every table is made without a word, of finite numbers or nan, in JSON null.
sound() {
    local options

    for options in "${tables[@]}"; do
        # shellcheck disable=SC2086 # several words
        run --separate-stderr ir-score --tsv $options predicted true
        [[ $status -eq 0 && -z $stderr ]] || { echo "$options: $stderr"; return 1; }
        if tr '\t' '\n' <<< "$output" | grep -ixE '[-+]?(nan|inf|infinity)' | grep -vx nan; then
            return 1
        fi
        # shellcheck disable=SC2086
        ir-score --json $options predicted true > out.json || return 1
        /usr/bin/python3 - "$options" <<'END' || return 1
import json, sys
def refuse(what):
    raise ValueError(what)
for line in open("out.json"):
    json.loads(line, parse_constant=refuse)
END
        # shellcheck disable=SC2086
        ir-score $options predicted true > out.txt || return 1
        [[ -s out.json && -s out.txt ]] || return 1
    done
}

# field NAME TABLE: of the only row.
field() {
    awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i }
        NR == 2 { print $c }' "$2"
}

# all NAME...: the values of these scores of --all.
all() {
    local name

    ir-score --tsv --all predicted true > all.tsv
    for name; do field "$name" all.tsv; done | paste -sd ' '
}

@test "empty sets are refused by name" {
    pair a 2 2 255 255
    mkdir nothing
    : > list
    run --separate-stderr ir-score nothing true
    one_line_error 1 '^ir-score: nothing: '
    run --separate-stderr ir-score predicted nothing
    one_line_error 1 '^ir-score: nothing: '
    run --separate-stderr ir-score @list true
    one_line_error 1 '^ir-score: list: |^ir-score: @list: '
    run --separate-stderr ir-score - true/a.pgm < /dev/null
    one_line_error 1 '^ir-score: (stdin|standard input)'
    for options in --all --roc --pr --per-image '--bootstrap 10'; do
        # shellcheck disable=SC2086
        run --separate-stderr ir-score $options - @list < /dev/null
        [[ $status -eq 1 && -z $output ]]
    done
}

@test "one pixel, true and predicted" {
    pair a 1 1 255 255
    sound
    [ "$(all iou niou pd fa_per_million precision recall f1 hiou)" = '1 1 1 0 1 1 1 1' ]
    [ "$(all pr_area roc_area)" = '1 nan' ]
}

@test "one pixel, true and not predicted" {
    pair a 1 1 0 255
    sound
    [ "$(all iou niou pd fa_per_million precision recall f1 hiou)" = '0 0 0 0 nan 0 0 0' ]
}

@test "one pixel, predicted and not true" {
    pair a 1 1 255 0
    sound
    [ "$(all iou niou pd fa_per_million precision recall f1)" = '0 0 nan 1000000 0 nan 0' ]
    [ "$(all pd_opdc pd_shooting fa_per_million_shooting)" = '0 nan 1000000' ]
}

@test "one pixel, neither" {
    pair a 1 1 0 0
    sound
    [ "$(all iou niou pd fa_per_million precision recall f1)" = 'nan nan nan 0 nan nan nan' ]
    [ "$(all pr_area roc_area)" = 'nan nan' ]
}

@test "no target in any image, and no prediction" {
    pair a 4 3 0 0
    pair b 4 3 0 0
    sound
    [ "$(all iou niou pd fa_per_million)" = 'nan nan nan 0' ]
    [ "$(ir-score --json predicted true | grep -o '"[a-z]*": null' | paste -sd ' ')" = \
        '"iou": null "niou": null "pd": null' ]
}

@test "no target in any image, and false alarms" {
    pair a 4 3 255 0
    pair b 4 3 0 0
    sound
    [ "$(all iou niou pd fa_per_million precision recall roc_area)" = '0 0 nan 500000 0 nan nan' ]
}

@test "everything predicted" {
    pair a 4 3 255 0
    pgm 4 3 255 0 0 0 0 0 255 255 0 0 0 0 0 > true/a.pgm
    sound
    # the centroids (1.5, 1) fall together: the detection is a hit, and no false alarm
    [ "$(all targets hits false_alarm_pixels iou recall precision)" = \
        '1 1 0 0.166666666666667 1 0.166666666666667' ]
    [ "$(all roc_area pr_area)" = '0.5 0.166666666666667' ]
}

@test "everything true and predicted" {
    pair a 4 3 255 255
    sound
    [ "$(all iou pd fa_per_million f1 pr_area roc_area)" = '1 1 0 1 1 nan' ]
}

@test "maps that are grey all over" {
    pair a 4 3 128 255
    pair b 4 3 127 255
    sound
    [ "$(all iou niou)" = '0.5 0.5' ]
}

@test "one column and one row" {
    pair a 1 7 255 255
    pair b 9 1 255 0
    sound
    [ "$(all iou pd fa_per_million)" = '0.4375 1 562500' ]
}

@test "names that match nothing are listed, five at most, then counted" {
    for i in 1 2 3; do pair "frame$i" 2 2 255 255; done
    for i in 4 5; do image predicted/frame$i.pgm 2 2 255; done
    run --separate-stderr ir-score predicted true
    one_line_error 1 '^ir-score: frame4, frame5: in predicted, but not in true$'
    for i in 6 7 8; do image predicted/frame$i.pgm 2 2 255; done
    run --separate-stderr ir-score predicted true
    one_line_error 1 '^ir-score: frame4, frame5, frame6, frame7, frame8: in predicted, but not in true$'
    image predicted/frame9.pgm 2 2 255
    image predicted/frame0.pgm 2 2 255
    run --separate-stderr ir-score predicted true
    one_line_error 1 '^ir-score: frame0, frame4, frame5, frame6, frame7 and 2 more: in predicted, but not in true$'
    [[ -z $output ]]
    run --separate-stderr ir-score true predicted
    one_line_error 1 '^ir-score: frame0, frame4, frame5, frame6, frame7 and 2 more: in predicted, but not in true$'
    run --separate-stderr ir-score --versus true true predicted
    one_line_error 1 'frame0, frame4, frame5, frame6, frame7 and 2 more: in predicted, but not in true$'
}
