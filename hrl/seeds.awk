# One score of runs that differ by their seed alone: means over the seeds with 95 % intervals, and
# the gain over the first group with the interval of the paired differences (Student's t).
#
# To be read after statistics.awk and table.awk. The files are robustness tables; GROUP-SEED.tsv or
# GROUP-SEED/robustness.tsv says which group and seed each belongs to.

BEGIN { FS = OFS = "\t" }

FNR == 1 {
    enter(FILENAME)
    read_header()
    need_columns()
    datasets = "dataset" in column
    next
}

{
    key = condition_key()
    if (!(key in known)) { known[key]; order[++rows] = key }
    score[key, group, seed] = $column[metric]
}

END {
    if (failed) exit 1
    printf "%scorruption\tseverity", (datasets ? "dataset\t" : "")
    for (g = 1; g <= groups; g++) printf "\t%s\tci95\tseeds", name[g]
    for (g = 2; g <= groups; g++) printf "\tgain:%s\tci95\tseeds", name[g]
    print ""
    for (r = 1; r <= rows; r++) print_row(order[r])
}

# Sets group and seed from a table's name.
function enter(file, part, n) {
    sub(/\/robustness\.tsv$/, "", file)
    sub(/\.tsv$/, "", file)
    n = split(file, part, "/")
    if (part[n] !~ /^.+-[0-9]+$/) fail(file ": not named GROUP-SEED, such as hrl-1")
    seed = part[n]
    sub(/^.*-/, "", seed)
    group = part[n]
    sub(/-[0-9]+$/, "", group)
    if (!(group in number)) { number[group] = ++groups; name[groups] = group }
    if ((group, seed) in here) fail(file ": " group " has a seed " seed " already")
    here[group, seed]
    if (!(seed in seen)) { seen[seed]; seeds[++count] = seed }
}

# A mean, half the width of its 95 % interval, and how many it is of; "-" where there is none.
function print_mean(n, sum, squares) {
    printf "\t%s\t%s\t%d", (n ? sprintf("%.2f", sum / n) : "-"), mean_interval(n, sum, squares), n
}

function print_row(key, g, i, n, a, b, sum, squares) {
    printf "%s", key
    for (g = 1; g <= groups; g++) {
        n = sum = squares = 0
        for (i = 1; i <= count; i++) {
            a = score[key, name[g], seeds[i]]
            if (is_number(a)) { n++; sum += a; squares += a * a }
        }
        print_mean(n, sum, squares)
    }
    for (g = 2; g <= groups; g++) {
        n = sum = squares = 0
        for (i = 1; i <= count; i++) {
            a = score[key, name[1], seeds[i]]
            b = score[key, name[g], seeds[i]]
            if (is_number(a) && is_number(b)) { n++; sum += b - a; squares += (b - a) * (b - a) }
        }
        print_mean(n, sum, squares)
    }
    print ""
}
