# One score of several robustness tables, side by side, with the gain over the first table, and the 95 %
# interval of that where the tables have their frames beside them (interval.awk).
# To be read after statistics.awk, table.awk and interval.awk. -v names="a b": the names of the tables'
# columns.

BEGIN {
    FS = OFS = "\t"
    wanted = split(names, name, " ")
}

FNR == 1 {
    read_header()
    in_frames = FILENAME ~ /\.frames\.tsv$/
    if (in_frames) next
    tables++
    need_columns()
    if (tables == 1) datasets = "dataset" in column
    if (datasets != ("dataset" in column))
        fail(FILENAME ": " (datasets ? "no column dataset, as the first table has" : \
             "a column dataset, which the first table has not"))
    next
}

in_frames {
    if ((metric, 1) in of) add_frame(tables)
    next
}

{
    key = condition_key()
    if (("held" in column) && $column["held"] == "held") is_held[$column["corruption"]]
    if (tables == 1) order[++rows] = key
    score[key, tables] = $column[metric]
}

END {
    if (failed) exit 1
    if (tables < wanted) fail("a table is empty, of " names)
    printf "%scorruption\tseverity", (datasets ? "dataset\t" : "")
    for (t = 1; t <= tables; t++) printf "\t%s", name[t]
    for (t = 2; t <= tables; t++) printf "\tgain%s\tci95", (tables > 2 ? ":" name[t] : "")
    print ""
    for (i = 1; i <= rows; i++) print_row(order[i])
}

function print_row(key, t) {
    printf "%s", key
    for (t = 1; t <= tables; t++) printf "\t%s", ((key, t) in score ? score[key, t] : "-")
    for (t = 2; t <= tables; t++)
        printf "\t%s\t%s", gain(score[key, 1], score[key, t]), gain_interval(key, t)
    print ""
}

function gain(a, b) {
    return a ~ /^-?[0-9]/ && b ~ /^-?[0-9]/ ? sprintf("%+.2f", b - a) : "-"
}
