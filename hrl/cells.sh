# shellcheck shell=bash
# The cells that tables.mk plays: the list of them, and where each run of a cell stands. Read by "."
# into a recipe of tables.mk, with RUNS, CELLS, ACROSS, NUAA, NUDT and IRSTD in the environment.

# shellcheck disable=SC2034,SC2153,SC2154 # set by name, or by the recipe

# shellcheck source=hrl/run.sh
. "${BASH_SOURCE[0]%/*}/run.sh"
# shellcheck source=hrl/play.sh
. "$here/play.sh"
# shellcheck source=hrl/paper.sh
. "$here/paper.sh"

fail() {
    printable "tables.mk: $*" >&2
    exit 1
}

sets=(nuaa nudt irstd)
kind+=([NUAA]=-absolute [NUDT]=-absolute [IRSTD]=-absolute [RUNS]=path)
# The knobs that a line of the list has fields for, or that tables.mk itself gives.
fixed=(DATA INIT STRATEGY NET EPOCHS SEED)

# ---- the list ------------------------------------------------------------------------------------

# read_cells: sets cells, the names NET-SET-STRATEGY in the order of the lists CELLS, and of each
# seeds_of, rounds_of, epochs_of and options_of, its knobs, a line each.
declare -A seeds_of rounds_of epochs_of options_of
read_cells() {
    local list line n

    cells=()
    known_nets=$(awk '$1 == "net" { print $2 }' "$here/costs.tsv" | xargs)
    known_methods=$(awk '$1 == "method" { print $2 }' "$here/costs.tsv" | xargs)
    for list in $CELLS; do
        [ -e "$list" ] || [[ $list = */* ]] || list=$here/$list
        { [ -f "$list" ] && [ -r "$list" ]; } || fail "CELLS: $list is not a file that can be read"
        n=0
        while IFS= read -r line || [ -n "$line" ]; do
            n=$((n + 1))
            line=${line%$'\r'}
            [[ $line =~ ^[[:blank:]]*(#|$) ]] || read_cell "$list: line $n: "
        done < "$list"
    done
}

# read_cell WHERE: line, one cell.
read_cell() {
    local field cell

    [[ $line != *$'\t\t'* && $line != $'\t'* ]] || fail "$1an empty field"
    IFS=$'\t' read -ra field <<< "$line"
    [ "${#field[@]}" -ge 6 ] ||
        fail "$1has ${#field[@]} fields, not net, set, strategy, seeds, rounds and epochs"
    check_net "$1" "${field[0]}" "${field[2]}"
    must_be "$1" set "${field[1]}" one "${sets[@]}" all
    cell=${field[0]}-${field[1]}-${field[2]}
    [[ ! -v seeds_of[$cell] ]] || fail "$1$cell comes twice"
    must_be "$1" seeds "${field[3]}" wholes 0 14
    [ -z "$(tr ' ' '\n' <<< "$value" | sort | uniq -d)" ] || fail "$1a seed comes twice"
    seeds_of[$cell]=$value
    if [ "${field[2]}" = classical ]; then
        [ "${field[*]:4}" = '- -' ] ||
            fail "$1a classical method has - for rounds and epochs, and no knobs"
    else
        must_be "$1" rounds "${field[4]}" whole 1 4
        must_be "$1" epochs "${field[5]}" whole 1 4
    fi
    rounds_of[$cell]=${field[4]} epochs_of[$cell]=${field[5]} options_of[$cell]=''
    read_options "$1" "$cell" "${field[@]:6}"
    cells+=("$cell")
}

# check_net WHERE NET STRATEGY
check_net() {
    local plain=${2%+sfim}

    plain=${plain%+no-sfim}
    if [ "$3" = classical ]; then
        # shellcheck disable=SC2086 # words
        must_be "$1" method "$2" one $known_methods
    else
        # shellcheck disable=SC2086
        must_be "$1" net "$plain" one $known_nets
        must_be "$1" strategy "$3" one none random noise blur isp hrl classical
    fi
}

# must_be WHERE WHAT VALUE KIND...: sets value; the kinds are those of knobs.sh.
must_be() {
    local wrong='' words

    IFS=' ' read -ra words <<< "$3" || true
    value=${words[*]}
    fits "${@:4}"
    [ -z "$wrong" ] || fail "$1$2 $wrong"
}

# read_options WHERE CELL KNOB=VALUE...
read_options() {
    local option knob

    for option in "${@:3}"; do
        knob=${option%%=*}
        [[ $option = *=* && " ${shapes[*]} " = *" $knob "* ]] ||
            fail "$1$option: not a knob that shapes a run"
        [[ " ${fixed[*]} " != *" $knob "* ]] || fail "$1$knob is not for the list to say"
        [[ $'\n'${options_of[$2]} != *$'\n'"$knob="* ]] || fail "$1$knob comes twice"
        if [ "$knob" = VAL ]; then # in the directory of the set, which may be another each time
            fits_name "$1" "${option#*=}"
        else
            checked "$1" "$knob" "${option#*=}"
        fi
        options_of[$2]+=$knob=$value$'\n'
    done
}

# fits_name WHERE FILE: sets value to the list VAL, a file in the set's directory.
fits_name() {
    local wrong=''

    value=$2
    fits_path "$value"
    [[ $value != */* ]] || wrong='is a file of the directory of the set, without a /'
    [ -z "$wrong" ] || fail "$1VAL $wrong"
}

# ---- where a run stands --------------------------------------------------------------------------

# directory SET: sets data to where its frames are, as given; to nothing where that was not given.
directory() {
    case $1 in
    nuaa) data=$NUAA ;;
    nudt) data=$NUDT ;;
    irstd) data=$IRSTD ;;
    all) if [ -n "$NUAA" ] && [ -n "$NUDT" ] && [ -n "$IRSTD" ]; then data=$RUNS/all; else data=; fi ;;
    esac
}

# split_cell CELL: sets net, set, strategy.
split_cell() {
    strategy=${1##*-}
    net=${1%-*}
    set=${net##*-}
    net=${net%-*}
}

# stand CELL SEED [across]: sets run, its directory; goal and at, the rounds that it goes to and has; and
# missing, the sets that it is yet to be tested on. A run goes to where it was begun to go.
stand() {
    local tested tests there=(/nowhere)

    run=$RUNS/$1-$2 at=0 missing=()
    split_cell "$1"
    goal=${rounds_of[$1]}
    [ "$goal" != - ] || goal=0
    if [ -d "$run/0000" ]; then
        goal=$(recorded_knob "$run" ROUNDS)
        there=("$run"/[0-9][0-9][0-9][0-9])
        at=$((10#${there[-1]##*/}))
    fi
    tests=("$set")
    if [ "$set" = all ] || [ -n "${3:-}" ]; then tests=("${sets[@]}"); fi
    for tested in "${tests[@]}"; do
        directory "$tested"
        [ -z "$data" ] || is_tested || missing+=("$tested")
    done
}

# is_tested: the run's table of the set tested is there, and made after its last round.
is_tested() {
    local table

    table=$(table_of "$run" "$tested")
    [ -s "$table" ] && [ "$at" -ge "$goal" ] && ! [ "$table" -ot "${there[-1]}/log" ]
}

# table_of RUN TESTED: its robustness table of that set.
table_of() {
    local net set strategy

    split_cell "${1%-*}"
    if [ "$set" = "$2" ]; then echo "$1/robustness.tsv"; else echo "$1/on-$2.tsv"; fi
}

# recorded_knob RUN KNOB: what the run began with, by RUN/knobs, which may come from anybody.
recorded_knob() (
    use_run "$1"
    printf %s "${record[$2]:-${default[$2]:-}}"
)

# played GOAL: the cells that this goal plays; with across those of the nets ACROSS, on any set.
played() {
    local cell net set strategy

    for cell in "${cells[@]}"; do
        split_cell "$cell"
        if [ "$1" = across ]; then
            [[ " $ACROSS " = *" $net "* && " none hrl " = *" $strategy "* ]] || continue
        elif [ "$set" = all ]; then
            continue
        fi
        echo "$cell"
    done
}

# begin_tables: what every recipe begins with; tmp, an empty directory until its end.
begin_tables() {
    read_given
    read_cells
    tmp=$(mktemp -d)
    trap 'rm -rf "$tmp"' EXIT
}

# check_tables GOAL: reads what was given, and says what make has to know: the runs to be played.
check_tables() {
    local cell seed net set strategy data

    read_given
    read_cells
    printf ok
    for cell in $(played "$1"); do
        split_cell "$cell"
        directory "$set"
        for seed in ${seeds_of[$cell]}; do
            [ -z "$data" ] || printf ' %s' "$cell-$seed"
        done
    done
}

# read_given: checks the directories that were given.
read_given() {
    local name value

    for name in NUAA NUDT IRSTD RUNS; do
        checked '' "$name" "${!name}"
        printf -v "$name" %s "$value"
        [ -z "$value" ] || [ "$name" = RUNS ] || [ -d "$value" ] || fail "$name: no directory $value"
    done
}
