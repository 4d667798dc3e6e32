# shellcheck shell=bash
# The paper's tables, the published figure beside ours, from the runs that are there. Read by "." into
# cells.sh.

# shellcheck disable=SC2153,SC2154 # what cells.sh and the recipe set

titles=(
    [1]='Table 1: clean frames of three sets'
    [2]='Table 2: robustness on NUAA-SIRST, trained with HRL'
    [3]='Table 3: robustness on NUAA-SIRST, trained without and with HRL'
    [4]='Table 4: robustness on NUDT-SIRST, trained without and with HRL'
    [5]='Table 5: clean frames, trained without and with HRL'
    [6]='Table 6: strategies, ACM on NUAA-SIRST'
    [7]="Table 7: SFIM, the paper's own network on NUAA-SIRST")
legend='IoU, Pd and RCE in percent, Fa in pixels per million. _paper: as published; _ci95: half the 95 %
interval of ours over seeds (Student'\''s t); - where nothing was run.'

# print_tables: makes RUNS/table1.tsv and so on and RUNS/tables.html, and prints them.
print_tables() {
    local n made=()

    tested_runs > "$tmp/runs"
    read_tables "$here/paper.awk" -v to="$tmp/table" "$tmp/runs" "$here/published.tsv"
    mkdir -p "$RUNS"
    for n in "${!titles[@]}"; do
        made+=("$RUNS/table$n.tsv")
        put "$RUNS/table$n.tsv" < "$tmp/table$n.tsv"
        echo "${titles[n]}"
        shown < "$RUNS/table$n.tsv"
        echo
    done
    echo "$legend"
    awk -F '\t' 'NR == FNR { text[$1] = $2; order[++n] = $1; next }
        { k = split($NF, key, " "); for (i = 1; i <= k; i++) used[key[i]] }
        END { for (i = 1; i <= n; i++) if (order[i] in used) print order[i] ": " text[order[i]] }' \
        <(grep -v '^#' "$here/notes.tsv") "${made[@]}"
    page "${made[@]}" | put "$RUNS/tables.html"
    echo "$RUNS/tables.html"
}

# print_across: makes RUNS/across.tsv, and prints it.
print_across() {
    tested_runs | awk -F '\t' -v nets=" $ACROSS " '
        index(nets, " " $3 " ") && ($5 == "none" || $5 == "hrl")' > "$tmp/runs"
    read_tables "$here/across.awk" "$tmp/runs" > "$tmp/across.tsv"
    mkdir -p "$RUNS"
    put "$RUNS/across.tsv" < "$tmp/across.tsv"
    shown < "$RUNS/across.tsv"
}

# read_tables PROGRAM OPERAND...: of awk, and after the operands the tables that $tmp/runs lists.
read_tables() {
    local tables table

    mapfile -t tables < <(cut -f 1 "$tmp/runs")
    for table in "${tables[@]}"; do check_whole "$table"; done
    awk -f "$here/statistics.awk" -f "$here/table.awk" -f "$here/runs.awk" -v metric=iou -f "$@" \
        "${tables[@]}"
}

# tested_runs: a line for each table of each run in RUNS, whoever made it: the table, the set that it was
# tested on, net, set, strategy, seed, epochs.
tested_runs() {
    local run name net set strategy seed tested table there epochs
    local form='^[a-z0-9+-]+-(nuaa|nudt|irstd|all)-(none|random|noise|blur|isp|hrl|classical)-([0-9]+)$'

    for run in "$RUNS"/*-*-*-*; do
        name=${run##*/}
        [[ $name =~ $form && -d $run ]] || continue
        seed=${BASH_REMATCH[3]} epochs=-
        split_cell "${name%-*}"
        there=("$run"/[0-9][0-9][0-9][0-9])
        if [ -d "${there[0]}" ]; then
            is_what_it_says
            epochs=$((10#${there[-1]##*/} * $(recorded_knob "$run" EPOCHS)))
        fi
        for tested in "${sets[@]}"; do
            table=$(table_of "$run" "$tested")
            [ ! -s "$table" ] || printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "./$table" "$tested" "$net" "$set" \
                "$strategy" "$seed" "$epochs"
        done
    done
}

# is_what_it_says: a run's name is a promise that its knobs must keep.
is_what_it_says() {
    local own

    own="$(recorded_knob "$run" NET) $(recorded_knob "$run" STRATEGY) $(recorded_knob "$run" SEED)"
    [ "$own" = "${net%+*} $strategy $seed" ] ||
        fail "$run: by its knobs it is of NET, STRATEGY and SEED $own: another name, please"
}

# page TABLE...: all of them on one HTML page, which needs no other file.
page() {
    local n

    for n in "${!titles[@]}"; do printf '%s\n' "${titles[n]}"; done |
        awk -f "$here/page.awk" -v legend="${legend//$'\n'/ }" - "$here/notes.tsv" "$@"
}
