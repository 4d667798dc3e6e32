# The robustness table from files NAME.SEVERITY.tsv by "ir-score --tsv", clean.0.tsv the first.
# IoU, Pd and RCE in percent, Fa in pixels per million.

BEGIN { FS = OFS = "\t" }

FNR == 1 {
    for (i = 1; i <= NF; i++) column[$i] = i
    next
}

{
    n = split(FILENAME, part, "/")
    split(part[n], part, ".")
    corruption[++rows] = part[1]
    severity[rows] = part[1] == "clean" ? "-" : part[2]
    iou[rows] = times(100, $column["iou"])
    pd[rows] = times(100, $column["pd"])
    fa[rows] = $column["fa_per_million"]
}

END {
    print "corruption", "severity", "iou", "pd", "fa", "rce"
    for (i = 1; i <= rows; i++) {
        print_row(corruption[i], severity[i], iou[i], pd[i], fa[i])
        if (i > 1 && corruption[i] != corruption[i + 1])
            print_mean(corruption[i], corruption[i], "")
    }
    print_mean("mean-of-nine", "", "impulse-noise")
    print_mean("mean-of-ten", "", "")
}

# Scores may be "nan", which not every awk can reckon with.
function times(a, b) { return b == "nan" ? b : a * b }
function plus(a, b) { return a == "nan" || b == "nan" ? "nan" : a + b }
function fixed(x) { return x == "nan" ? x : sprintf("%.2f", x) }

# RCE = (IoU_clean - IoU) / IoU_clean
function rce(x) {
    if (x == "nan" || iou[1] == "nan" || iou[1] == 0) return "nan"
    return 100 * (iou[1] - x) / iou[1]
}

function print_row(name, severity, iou, pd, fa) {
    print name, severity, fixed(iou), fixed(pd), fixed(fa), severity == "-" ? "-" : fixed(rce(iou))
}

# Over the rows of one corruption, or of all but one.
function print_mean(name, only, except, i, n, a, b, c) {
    for (i = 2; i <= rows; i++) {
        if ((only != "" && corruption[i] != only) || corruption[i] == except) continue
        n++
        a = plus(a, iou[i])
        b = plus(b, pd[i])
        c = plus(c, fa[i])
    }
    if (n) print_row(name, "mean", times(1 / n, a), times(1 / n, b), times(1 / n, c))
}
