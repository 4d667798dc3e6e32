# shellcheck shell=bash
# Plays the runs of the paper's tables by hrl.mk, and reckons what is left of that in hours. Read by "."
# into cells.sh.

# shellcheck disable=SC2030,SC2031,SC2034,SC2153,SC2154 # what cells.sh and the recipe set, or read

# play CELL-SEED [across]: trains that run as far as it goes, and tests it where that was not done yet.
play() {
    local cell=${1%-*} seed=${1##*-} run goal at missing net set strategy data tested

    stand "$cell" "$seed" "${2:-}"
    directory "$set"
    [ "$at" -ge "$goal" ] || train_run
    stand "$cell" "$seed" "${2:-}"
    for tested in "${missing[@]}"; do
        directory "$tested"
        test_run
    done
}

# train_run: begins it as the list says, on data, or goes on with it as it was begun.
train_run() {
    local options=(RESIZE_MASKS=nearest) option given init=''

    [ "$set" != all ] || join "$data"
    if [ -d "$run/0000" ]; then
        say_differences
        hrl RUN="$run" ROUNDS="$goal"
        return
    fi
    mapfile -t given < <(printf %s "${options_of[$cell]}")
    case $net in
    *+sfim) init=--sfim ;;
    *+no-sfim) init=--no-sfim ;;
    esac
    for option in "${given[@]}"; do
        case $option in
        INIT_OPTIONS=*) init+=${init:+ }${option#*=} ;;
        VAL=*) options+=("VAL=$data/${option#*=}") ;;
        *) options+=("$option") ;;
        esac
    done
    hrl RUN="$run" ROUNDS="$goal" DATA="$data" NET="${net%+*}" STRATEGY="$strategy" SEED="$seed" \
        EPOCHS="${epochs_of[$cell]}" ${init:+"INIT_OPTIONS=$init"} "${options[@]}"
}

# say_differences: where a run that is there was begun otherwise than the list says. It goes on as it was
# begun.
say_differences() {
    local option own says

    while IFS= read -r option; do
        own=$(recorded_knob "$run" "${option%%=*}")
        says=${option#*=}
        [ "$own" = "$says" ] || [[ $option = VAL=* && $own = */"$says" ]] ||
            echo "$run: begun with ${option%%=*} \"$own\", where the list says \"$says\": goes on so" >&2
    done < <(printf '%s\n' "ROUNDS=${rounds_of[$cell]}" "EPOCHS=${epochs_of[$cell]}"
        printf %s "${options_of[$cell]}")
}

# test_run: on the set tested, of data.
test_run() {
    local how=(RUN="$run" TABLE="$(table_of "$run" "$tested")" RESIZE_MASKS=nearest)

    echo "$run: testing on $tested"
    if [ "$strategy" = classical ]; then
        how+=(METHOD="$net" DATA="$data" FAMILIES=clean)
    else
        how+=(TEST="$data" FAMILIES="$FAMILIES")
    fi
    hrl robustness "${how[@]}" > /dev/null
}

# hrl ARGUMENT...: hrl.mk, which takes for given only what it is given here.
hrl() {
    local clean=() name machine=()

    for name in THREADS DEVICE KEEP; do
        [ -z "${!name}" ] || machine+=("$name=${!name}")
    done
    for name in "${knobs[@]}" MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL GNUMAKEFLAGS; do
        clean+=(-u "$name")
    done
    env "${clean[@]}" make --no-print-directory -f "$HERE/hrl.mk" "$@" "${machine[@]}"
}

# join DIRECTORY: makes it a data directory of all three sets: NAME of nuaa is nuaa/NAME there.
join() {
    local set data list

    mkdir -p "$1/images" "$1/masks"
    for set in "${sets[@]}"; do
        directory "$set"
        ln -sfnT "$data/images" "$1/images/$set"
        ln -sfnT "$data/masks" "$1/masks/$set"
    done
    for list in train test; do
        for set in "${sets[@]}"; do
            directory "$set"
            frame_names "$list" | sed "s,^,$set/,"
        done | put "$1/$list.txt"
    done
}

# ---- what is left --------------------------------------------------------------------------------

# left GOAL: a line for each cell that is not played to its end, with its hours and what says so, and
# the sum.
left() {
    local cell seed run goal at missing net set strategy data own SEVERITIES='1 3 5'

    for cell in $(played "$1"); do
        split_cell "$cell"
        directory "$set"
        [ -n "$data" ] || continue
        for seed in ${seeds_of[$cell]}; do
            stand "$cell" "$seed" "$([ "$1" != across ] || echo across)"
            own=$(seconds_of "$run")
            printf '%s\t' "$net" "$set" "$strategy" "$seed" "$((goal > at ? goal - at : 0))" \
                "${epochs_of[$cell]}" "${own:--}"
            echo "${missing[*]:--}"
        done
    done > "$tmp/runs"
    sizes > "$tmp/sizes"
    # shellcheck disable=SC2086 # words
    awk -f "$here/left.awk" -v conditions="$(($(conditions_of $FAMILIES | wc -l) + 1))" \
        "$here/costs.tsv" "$tmp/sizes" "$tmp/runs"
    say_absent "$1"
}

# seconds_of RUN: a round's mean, by its log.tsv.
seconds_of() {
    [ ! -f "$1/log.tsv" ] || awk -F '\t' '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == "seconds") k = i; next }
        { sum += $k; n++ }
        END { if (n) printf "%.3f", sum / n }' "$1/log.tsv"
}

# sizes: the lengths of the lists of the sets that were given: name, training, testing.
sizes() {
    local set data

    for set in "${sets[@]}"; do
        directory "$set"
        [ -z "$data" ] ||
            printf '%s\t%d\t%d\n' "$set" "$(frame_names train | wc -l)" "$(frame_names test | wc -l)"
    done
}

# say_absent GOAL: which sets were not given, and how many of the goal's cells that leaves out.
say_absent() {
    local cell net set strategy data out=0 absent=''

    for set in "${sets[@]}"; do
        directory "$set"
        [ -n "$data" ] || absent+="${absent:+, }${set^^}="
    done
    for cell in $(played "$1"); do
        split_cell "$cell"
        directory "$set"
        [ -n "$data" ] || out=$((out + 1))
    done
    [ "$out" = 0 ] || echo "Not given: $absent; that leaves out $out of the list's cells."
}
