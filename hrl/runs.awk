# The robustness tables of several runs, for paper.awk and across.awk. To be read after statistics.awk and
# table.awk. The first file lists them: the table, the set that it was tested on, net, set, strategy,
# seed, epochs.
#
# seeds_of[cell], epochs_of[cell] and score[cell, corruption, metric, seed], of which a cell is
# cell_name(net, set, strategy, tested); a corruption's score is its mean over the severities.

BEGIN { FS = OFS = "\t" }

FILENAME == ARGV[1] {
    cell = cell_name($3, $4, $5, $2)
    cell_of[$1] = cell
    seed_of[$1] = $6
    seeds_of[cell] = seeds_of[cell] (cell in seeds_of ? " " : "") $6
    if (!(cell in least) || $7 < least[cell]) least[cell] = $7
    if (!(cell in most) || $7 > most[cell]) most[cell] = $7
    epochs_of[cell] = least[cell] == most[cell] ? most[cell] : least[cell] "-" most[cell]
    next
}

FILENAME in cell_of && FNR == 1 {
    read_header()
    need_columns()
    next
}

FILENAME in cell_of {
    condition_key()
    if ($column["severity"] == "mean" || $column["corruption"] == "clean")
        for (i in column)
            score[cell_of[FILENAME], $column["corruption"], i, seed_of[FILENAME]] = $column[i]
    next
}

function cell_name(net, set, strategy, tested) { return net OFS set OFS strategy OFS tested }

# The mean of a score over a cell's seeds and half the width of its 95 % interval; "-" for what there
# is not. Sets count, of how many seeds.
function mean_of(cell, corruption, metric, seed, k, i, x, sum, squares) {
    count = 0
    k = split(seeds_of[cell], seed, " ")
    for (i = 1; i <= k; i++) {
        x = score[cell, corruption, metric, seed[i]]
        if (is_number(x)) { count++; sum += x; squares += x * x }
    }
    return (count ? sprintf("%.2f", sum / count) : "-") OFS mean_interval(count, sum, squares)
}
