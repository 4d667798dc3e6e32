# What is left to play, in hours. After costs.tsv and the sets' sizes (name, training, testing) a line
# for each run: net, set, strategy, seed, rounds left, epochs in a round, seconds that its rounds took or
# "-", the sets that it is yet to be tested on or "-". -v conditions=: a test's, clean included.

BEGIN { FS = OFS = "\t" }
FILENAME == ARGV[1] && $1 == "set" { training[$2] = $3; testing[$2] = $4; size[$2] = $5 }
FILENAME == ARGV[1] && /^(net|method|work)\t/ { train[$2] = $3; test[$2] = $4 }
FILENAME == ARGV[2] {
    training[$1] = $2
    testing[$1] = $3
}
FILENAME == ARGV[3] {
    cell = $1 "-" $2 "-" $3
    n++
    of[n] = cell
    seed[n] = $4
    rounds[n] = $5
    seconds[n] = $7
    if ($7 != "-") { took[cell] += $7; runs[cell]++ }
    reckoned[n] = $5 ? round_seconds($1, $2, $3) * $6 : 0
    testing_seconds[n] = tests_seconds($1, $3, $8)
    tables[n] = $8 == "-" ? 0 : split($8, each, " ")
    if (!(cell in known)) { known[cell]; order[++cells] = cell }
}
END {
    for (i = 1; i <= n; i++) add(i)
    for (c = 1; c <= cells; c++) if (order[c] in seeds) print_cell(order[c])
    if (n && !lines) print "Everything is played."
    if (lines) printf "%-24s  %51.1f hours\n", "together", all / 3600
}

# An epoch, by the table of costs.
function round_seconds(net, set, strategy, cost) {
    sub(/\+.*/, "", net)
    cost = train[net] * (strategy == "none" ? 1 : 2) + (strategy == "none" ? 0 : train["corrupting"])
    return cost * training[set] / 1000
}

function tests_seconds(net, strategy, tested, each, k, i, sum) {
    if (tested == "-") return 0
    sub(/\+.*/, "", net)
    k = split(tested, each, " ")
    for (i = 1; i <= k; i++)
        sum += testing[each[i]] * size[each[i]] * (strategy == "classical" ? test[net] : \
               conditions * (test[net] + test["corrupting"])) / 1000
    return sum
}

function add(i, cell, each) {
    cell = of[i]
    if (!rounds[i] && !tables[i]) return
    each = reckoned[i]
    if (rounds[i]) {
        if (seconds[i] != "-") { each = rounds[i] * seconds[i]; says(cell, "its rounds") }
        else if (cell in runs) { each = rounds[i] * took[cell] / runs[cell]; says(cell, "other seeds") }
        else { each *= rounds[i]; says(cell, "costs.tsv") }
    } else says(cell, "costs.tsv")
    seeds[cell] = seeds[cell] (cell in seeds ? " " : "") seed[i]
    rounds_of[cell] += rounds[i]
    tables_of[cell] += tables[i]
    hours[cell] += each + testing_seconds[i]
    all += each + testing_seconds[i]
}

function says(cell, what) {
    if (index(by[cell], what)) return
    by[cell] = by[cell] (by[cell] == "" ? "" : ", ") what
}

function print_cell(cell) {
    if (!lines++)
        printf "%-24s  %-14s  %8s  %8s  %11s  %s\n", "left", "seeds", "rounds", "tests", "hours", "by"
    printf "%-24s  %-14s  %8d  %8d  %11.2f  %s\n", cell, seeds[cell], rounds_of[cell], tables_of[cell],
           hours[cell] / 3600, by[cell]
}
