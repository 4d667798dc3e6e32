# shellcheck shell=bash
# What the recipes of models.mk lean on: the joint data set, and what is said of a model. Read by "."
# into a recipe, which runs under bash -euo pipefail.

# shellcheck disable=SC2153,SC2154 # models.mk sets name, run and what is in capitals

# shellcheck source=hrl/run.sh
. "${BASH_SOURCE[0]%/*}/run.sh"

# fail MESSAGE...: one line and the end of the recipe.
fail() {
    printable "models.mk: $*" >&2
    exit 1
}

# ---- the joint data set --------------------------------------------------------------------------

# title SET
title() {
    local variable=TITLE_$1

    echo "${!variable}"
}

# directory SET: where that was said to be.
directory() {
    local variable=${1^^} part

    [ -n "${!variable:-}" ] || fail "$variable is missing: the directory of $(title "$1")"
    for part in '' /images /masks; do
        [ -d "${!variable}$part" ] || fail "$variable: no directory ${!variable}$part"
    done
    realpath "${!variable}"
}

# check_places: neither WORK nor MODELS is refused in the end, after hours.
check_places() {
    { mkdir -p "$MODELS" && [ -w "$MODELS" ]; } 2> /dev/null ||
        fail "$MODELS: cannot be written into (MODELS= names another place)"
    { mkdir -p "$WORK" && [ -w "$WORK" ]; } 2> /dev/null ||
        fail "$WORK: cannot be written into (WORK= names another place)"
    [ -z "$RUN" ] || [ -d "$RUN/0000" ] || fail "RUN: $RUN is no run of hrl.mk"
}

# join_sets: makes WORK/data of the three sets, for hrl.mk's DATA and VAL. Frames are not copied:
# images/SET and masks/SET lead to theirs, and the lists name them SET/NAME. sets/SET is that set
# alone, for hrl.mk's TEST. What is there must be of the same directories.
join_sets() {
    local set from tmp=$WORK/.data.tmp

    for set in $SETS; do
        from=$(directory "$set")/images
        [ ! -d "$WORK/data" ] || [ "$WORK/data/images/$set" -ef "$from" ] ||
            fail "${set^^}: $WORK/data is of another one (WORK= names another place)"
    done
    [ ! -d "$WORK/data" ] || return 0
    rm -rf "$tmp"
    mkdir -p "$tmp"/{images,masks,sets}
    for set in $SETS; do join_set "$set" "$tmp"; done
    sync "$tmp"
    mv -T "$tmp" "$WORK/data"
}

# join_set SET TO
join_set() {
    local data repeat=REPEAT_$1 to=$2/sets/$1 part list i

    # shellcheck disable=SC2034 # frame_names reads it
    data=$(directory "$1")
    mkdir "$to"
    for part in images masks; do
        ln -s "$data/$part" "$to/$part"
        ln -s "../sets/$1/$part" "$2/$part/$1"
    done
    for list in train test; do frame_names $list > "$to/$list.txt"; done
    shuffled 1 1 < "$to/train.txt" | awk -v of="$HOLD_OUT" 'NR % of == 0' | sort > "$to/val.txt"
    grep -vxFf "$to/val.txt" "$to/train.txt" > "$to/rest" ||
        fail "$(title "$1"): no frame is left to train on"
    for ((i = 0; i < ${!repeat}; i++)); do sed "s,^,$1/," "$to/rest"; done >> "$2/train.txt"
    sed "s,^,$1/," "$to/val.txt" >> "$2/val.txt"
    sed "s,^,$1/," "$to/test.txt" >> "$2/test.txt"
    rm "$to/rest"
}

# ---- what is said of a model ---------------------------------------------------------------------

# intervals TABLE: its scores, each followed by half the width of its 95 % interval over the frames.
intervals() {
    paste <(intervals_of iou "$1") <(intervals_of pd "$1") <(intervals_of fa "$1") |
        cut -f 1-5,9-10,14-15
}

# intervals_of METRIC TABLE
intervals_of() {
    local sets

    corruption_sets
    awk "${sets[@]}" -f "$here/statistics.awk" -f "$here/table.awk" -f "$here/interval.awk" \
        -f "$here/intervals.awk" -v metric="$1" "$2" "$(frames_of "$2")"
}

# score_of SET CORRUPTION COLUMN: of WORK/NAME.intervals.tsv.
score_of() {
    awk -F '\t' -v set="$1" -v corruption="$2" -v wanted="$3" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == wanted) column = i }
        { sub(/.*\//, "", $1) }
        $1 == set && $2 == corruption && ($3 == "-" || $3 == "mean") { print $column }' \
        "$WORK/$name.intervals.tsv"
}

# description: the lines for ir-train export --describe.
description() {
    local set sets='' scores=''

    for set in $SETS; do
        sets+=${sets:+, }$(title "$set")
        scores+="${scores:+; }$(title "$set") $(score_of "$set" clean iou)"
        scores+=" / $(score_of "$set" mean-of-nine iou)"
    done
    cat << END
name $name
trained_on $sets (training lists, STRATEGY=$(knob STRATEGY))
scores IoU clean / mean of nine corruptions: $scores
licence $LICENCE
made_by irtools $(fact version), models.mk
END
}

# knob NAME: that knob of the run; fact KEY: a row of its about.tsv.
knob() { sed -n "s/^$1 //p" "$run/knobs"; }
fact() { awk -F '\t' -v key="$1" '$1 == key { print $2 }' "$run/0000/about.tsv"; }

# recipe: the run's knobs that are no paths and not empty.
recipe() {
    sed -nE '/^(DATA|VAL|INIT) /d
        s/^([A-Z_]+) ([^ ]+)$/\1=\2/p
        s/^([A-Z_]+) ([^ ]+ .*)/\1="\2"/p' "$run/knobs" | xargs -d '\n' echo
}

# versions: of the program and of what it computes with.
versions() {
    local commit

    commit=$(git -C "$HERE" rev-parse --short HEAD 2> /dev/null) || commit=
    printf 'irtools %s%s' "$(fact version)" "${commit:+ ($commit)}"
    # shellcheck disable=SC2046 # paths of libraries
    ldd "$(command -v ir-train)" | awk '/libdnnl|libfftw3f/ { print $3 }' | xargs -r readlink -f |
        sed 's,.*/,, ; s/^/, /' | tr -d '\n'
    echo
}

# data_lines: which frames.
data_lines() {
    local set text=''

    for set in $SETS; do
        text+="${text:+, }$(title "$set") ($(wc -l < "$WORK/data/sets/$set/train.txt") frames)"
    done
    echo "the training lists of $text; one frame of $HOLD_OUT is held out to choose the round"
}

# sets_options: NUAA=dir NUDT=dir IRSTD=dir
sets_options() {
    local set

    for set in $SETS; do printf ' %s=dir' "${set^^}"; done
}

# epochs, hours: of the whole run.
epochs() {
    awk -F '\t' -v each="$(knob EPOCHS)" '
        NR > 1 { rounds++ }
        END { printf "%d in %d rounds", rounds * each, rounds }' "$run/log.tsv"
    [ ! -e "$run/best.tsv" ] || printf ', the best of which is %s' "$(cut -f 1 "$run/best.tsv")"
    echo
}
hours() {
    awk -F '\t' '
        NR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
        NR > 1 { sum += $column["seconds"] }
        END { printf "%.1f\n", sum / 3600 }' "$run/log.tsv"
}

# card: MODELS/NAME.md.
card() {
    local row set titles=''

    row=$(IRTOOLS_MODELS=$MODELS ir-detect --list | awk -F '\t' -v name="$name" '$1 == name')
    for set in $SETS; do titles+="$set=$(title "$set");"; done
    cat << END
# $name

The network \`$(cut -f 2 <<< "$row")\`, $(cut -f 3 <<< "$row") parameters,
$(stat -c %s "$MODELS/$name.tar") bytes with weights in half precision. It is made by

    make -f models.mk $name$(sets_options)

| | |
|---|---|
| data | $(data_lines) |
| recipe | \`$(recipe)\` |
| seed | $(knob SEED) |
| epochs | $(epochs) |
| hours | $(hours) |
| machine | $(fact machine), device $(fact device), $(fact threads) threads |
| versions | $(versions) |

END
    awk -f "$here/card.awk" -v titles="$titles" -v severities="$(knob SEVERITIES)" \
        "$WORK/$name.intervals.tsv"
    [ ! -e "$MODELS/$name.notes" ] || { echo; cat "$MODELS/$name.notes"; }
    printf '\n## Licence of the data\n\n%s\n' "$LICENCE"
}
