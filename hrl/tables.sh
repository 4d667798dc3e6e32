# shellcheck shell=bash
# Tables of scores: robustness, several side by side. Read by "." into run.sh.

# shellcheck disable=SC2154 # the knobs, and what run.sh sets

# robustness_table DIR: of the scores NAME.SEVERITY.tsv of the conditions that DIR lists; DIR/frames
# becomes what each frame adds to them.
robustness_table() {
    local name severity sets files=()

    while read -r name severity; do
        files+=("$1/$name.$severity.tsv")
        [ -e "${files[-1]}" ] || fail "$target: $name $severity: no scores came back"
    done < "$1/conditions"
    corruption_sets
    FRAMES=$1/frames awk "${sets[@]}" -f "$here/statistics.awk" -f "$here/robustness.awk" \
        -v held="$(held | xargs)" "${files[@]}"
}

# named_rows N NAME...: the table on standard input; of several tables that are to be one, under one
# header, with the N-th name, counted from 0, in the column dataset.
named_rows() {
    if [ $# -lt 3 ]; then
        cat
        return
    fi
    awk -v first="$1" -v name="${*:$1 + 2:1}" '
        NR == 1 && first == 0 { print "dataset\t" $0 }
        NR > 1 { print name "\t" $0 }'
}

# shown: the table on standard input, its columns padded where a person reads it, without what a
# terminal would obey.
shown() { tr '\000-\010\013-\037\177' '?' | aligned; }

aligned() {
    if [ ! -t 1 ]; then
        cat
        return
    fi
    awk -F '\t' '
        {
            for (i = 1; i <= NF; i++) {
                cell[NR, i] = $i
                if (length($i) > width[i]) width[i] = length($i)
            }
        }
        END {
            for (n = 1; n <= NR; n++) {
                printf "%-" width[1] "s", cell[n, 1]
                for (i = 2; i <= NF; i++) printf "  %" width[i] "s", cell[n, i]
                print ""
            }
        }'
}

# compare METRIC RUN...: the runs' tables side by side. A RUN may also be a table.
compare() {
    local tables table frames sets files=()

    find_tables "${@:2}"
    corruption_sets
    for table in "${tables[@]}"; do
        files+=("$table")
        frames=$(frames_of "$table")
        [ ! -f "$frames" ] || [ ! -r "$frames" ] || files+=("$frames")
    done
    awk "${sets[@]}" -f "$here/statistics.awk" -f "$here/table.awk" -f "$here/interval.awk" \
        -f "$here/compare.awk" -v metric="$1" -v names="${*:2}" "${files[@]}" | shown
}

# compare_seeds METRIC RUN...: means over runs that differ by their seed alone, GROUP-SEED each.
compare_seeds() {
    local tables

    find_tables "${@:2}"
    awk -f "$here/statistics.awk" -f "$here/table.awk" -f "$here/seeds.awk" -v metric="$1" "${tables[@]}" | shown
}

# frames_of TABLE: the file beside it that says what each frame adds to its scores.
frames_of() { echo "${1%.tsv}.frames.tsv"; }

# find_tables RUN...: sets tables, the files.
find_tables() {
    local name

    tables=()
    [ $# -gt 1 ] || fail "RUNS must name two runs at least"
    for name; do
        if [ -d "$name" ]; then
            name=${name%/}/robustness.tsv
            [ ! -e "$name" ] || [ -f "$name" ] || fail "$name: not a plain file"
        fi
        [ -r "$name" ] ||
            fail "$name is missing: make -f hrl.mk robustness RUN=${name%/robustness.tsv}"
        check_whole "$name"
        [[ $name = /* ]] || name=./$name # awk takes a=b for an assignment
        tables+=("$name")
    done
}

# check_whole TABLE
check_whole() {
    [ ! -f "$1" ] || [ ! -s "$1" ] || [ "$(tail -c 1 "$1" | wc -l)" = 1 ] ||
        fail "$1: the last line has no newline: it was cut short (make the table again)"
}
