# One score of several robustness tables, side by side, with the gain over the first table.
# -v metric=iou -v names="a b": the names of the tables' columns.

BEGIN { FS = OFS = "\t"; wanted = split(names, name, " ") }

FNR == 1 {
    tables++
    split("", column)
    for (i = 1; i <= NF; i++) column[$i] = i
    if (!(metric in column)) {
        print "hrl.mk: " FILENAME ": no column " metric > "/dev/stderr"
        failed = 1
        exit 1
    }
    next
}

{
    key = $1 OFS $2
    if (tables == 1) order[++rows] = key
    score[key, tables] = $column[metric]
}

END {
    if (failed) exit 1
    if (tables < wanted) {
        print "hrl.mk: a table is empty, of " names > "/dev/stderr"
        exit 1
    }
    printf "corruption\tseverity"
    for (t = 1; t <= tables; t++) printf "\t%s", name[t]
    for (t = 2; t <= tables; t++) printf "\tgain%s", (tables > 2 ? ":" name[t] : "")
    print ""
    for (i = 1; i <= rows; i++) print_row(order[i])
}

function print_row(key, t) {
    printf "%s", key
    for (t = 1; t <= tables; t++) printf "\t%s", ((key, t) in score ? score[key, t] : "-")
    for (t = 2; t <= tables; t++) printf "\t%s", gain(score[key, 1], score[key, t])
    print ""
}

function gain(a, b) {
    return a ~ /^-?[0-9]/ && b ~ /^-?[0-9]/ ? sprintf("%+.2f", b - a) : "-"
}
