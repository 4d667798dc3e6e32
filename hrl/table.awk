# What compare.awk and seeds.awk have alike: the rows of a robustness table, by the names of its columns.
# Whoever wrote it, it is whole or refused.
# -v metric=iou: the column that is wanted.

{ sub(/\r$/, "") }

# Of the first line.
function read_header(i) {
    split("", column)
    columns = NF
    for (i = 1; i <= NF; i++) column[$i] = i
}

# What a robustness table's header holds.
function need_columns() {
    need(metric)
    need("corruption")
    need("severity")
}

function need(name) {
    if (!(name in column)) fail(FILENAME ": no column " name)
}

# What a row is of, all of which is there. Tables of several sets of frames have a column dataset.
function condition_key() {
    if (NF != columns) fail(FILENAME ":" FNR ": " NF " fields, the header has " columns)
    return (("dataset" in column) ? $column["dataset"] OFS : "") $column["corruption"] OFS \
           $column["severity"]
}

function fail(what) {
    print "hrl.mk: " what > "/dev/stderr"
    failed = 1
    exit 1
}
