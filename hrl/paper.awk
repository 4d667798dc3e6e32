# Tables 1 to 7 of the paper, each into a file TO1.tsv, TO2.tsv, ...: the published figure, ours, half
# the width of the 95 % interval of ours, and of how many seeds and epochs ours is. To be read after
# runs.awk. -v to=TO. After the list of the runs' tables comes published.tsv, then the tables.

BEGIN {
    metrics[1] = metrics[5] = metrics[7] = "iou pd fa"
    metrics[2] = metrics[3] = metrics[4] = metrics[6] = "iou rce"
}

FILENAME == ARGV[2] && !/^#/ && $1 != "table" { row[++rows] = $0 }

END {
    if (failed) exit 1
    average_sets()
    for (t = 1; t <= 7; t++) print_header(t, to t ".tsv")
    for (r = 1; r <= rows; r++) {
        split(row[r], field, OFS)
        print_row(field[1], to field[1] ".tsv")
    }
}

# What the tables' average is of: the mean over the three sets for each seed that all of them have.
function average_sets(cell, part) {
    for (cell in seeds_of) {
        split(cell, part, OFS)
        if (part[2] == "nuaa" && part[4] == "nuaa") average_of(part[1], part[3], cell)
    }
}

function average_of(net, strategy, cell, k, i, j, m, x, sum, n, name, set, metric, seed, all) {
    split("nuaa nudt irstd", name, " ")
    split("iou pd fa", metric, " ")
    for (j = 1; j <= 3; j++) set[j] = cell_name(net, name[j], strategy, name[j])
    all = cell_name(net, "average", strategy, "average")
    k = split(seeds_of[cell], seed, " ")
    for (i = 1; i <= k; i++)
        for (m = 1; m <= 3; m++) {
            sum = n = 0
            for (j = 1; j <= 3; j++) {
                x = score[set[j], "clean", metric[m], seed[i]]
                if (is_number(x)) { sum += x; n++ }
            }
            if (n == 3) score[all, "clean", metric[m], seed[i]] = sum / 3
        }
    averaged[all] = seeds_of[cell]
    averaged_epochs[all] = epochs_of[cell]
}

function print_header(t, file, metric, k, i, line) {
    k = split(metrics[t], metric, " ")
    line = "method" OFS "set" OFS "corruption"
    for (i = 1; i <= k; i++) line = line OFS metric[i] "_paper" OFS metric[i] OFS metric[i] "_ci95"
    print line, "seeds", "epochs", "note" > file
}

function print_row(t, file, metric, k, i, cell, line, most) {
    cell = cell_name(field[3], field[5], field[4], field[5])
    if (cell in averaged) { seeds_of[cell] = averaged[cell]; epochs_of[cell] = averaged_epochs[cell] }
    k = split(metrics[t], metric, " ")
    line = field[2] OFS field[5] OFS field[6]
    for (i = 1; i <= k; i++) {
        line = line OFS published(metric[i]) OFS mean_of(cell, field[6], metric[i])
        if (count > most) most = count
    }
    print line, most + 0, most ? epochs_of[cell] : "-", field[11] > file
}

function published(metric) {
    return field[metric == "iou" ? 7 : metric == "pd" ? 8 : metric == "fa" ? 9 : 10]
}
