# The robustness table from files NAME.SEVERITY.tsv by "ir-score --per-image", clean.0.tsv the first.
# IoU, Pd and RCE in percent, Fa in pixels per million.
#
# With statistics.awk. FRAMES, of the environment: the file that gets what each frame adds to the scores.
# -v held=: the corruptions kept out of training, whose rows are marked in a column of their own.

BEGIN {
    FS = OFS = "\t"
    frames = ENVIRON["FRAMES"]
    marks = mark(held, is_held)
    terms = split("intersection union hits targets false_alarm_pixels pixels", term, " ")
    line = "corruption" OFS "severity" OFS "name"
    for (i = 1; i <= terms; i++) line = line OFS term[i]
    print line > frames
}

FNR == 1 {
    for (i = 1; i <= NF; i++) column[$i] = i
    n = split(FILENAME, part, "/")
    split(part[n], part, ".")
    corruption[++rows] = part[1]
    severity[rows] = part[1] == "clean" ? "-" : part[2]
    next
}

{
    line = corruption[rows] OFS severity[rows] OFS $column["name"]
    for (i = 1; i <= terms; i++) {
        sum[rows, term[i]] += $column[term[i]]
        line = line OFS $column[term[i]]
    }
    print line > frames
}

END {
    for (i = 1; i <= rows; i++) {
        iou[i] = ratio(100, sum[i, "intersection"], sum[i, "union"])
        pd[i] = ratio(100, sum[i, "hits"], sum[i, "targets"])
        fa[i] = ratio(1e6, sum[i, "false_alarm_pixels"], sum[i, "pixels"])
    }
    print "corruption", "severity", "iou", "pd", "fa", "rce" (marks ? OFS "held" : "")
    for (i = 1; i <= rows; i++) {
        print_row(corruption[i], severity[i], iou[i], pd[i], fa[i])
        if (i > 1 && corruption[i] != corruption[i + 1])
            print_mean(corruption[i], corruption[i])
    }
    if (has_all_played()) {
        print_mean("mean-of-nine", "nine")
        print_mean("mean-of-" all_played, all_played)
    }
    print_mean("mean-of-camera", "camera")
    if (marks) {
        print_mean("mean-of-played", "played")
        print_mean("mean-of-held", "held")
    }
}

# Scores may be "nan", which not every awk can reckon with.
function ratio(scale, a, b) { return b == 0 ? "nan" : scale * a / b }
function times(a, b) { return b == "nan" ? b : a * b }
function plus(a, b) { return a == "nan" || b == "nan" ? "nan" : a + b }
function fixed(x) { return x == "nan" ? x : sprintf("%.2f", x) }

# RCE = (IoU(clean) - IoU) / IoU(clean)
function rce(x) {
    if (x == "nan" || iou[1] == "nan" || iou[1] == 0) return "nan"
    return 100 * (iou[1] - x) / iou[1]
}

function print_row(name, severity, iou, pd, fa) {
    print name, severity, fixed(iou), fixed(pd), fixed(fa),
          (severity == "-" ? "-" : fixed(rce(iou))) (marks ? OFS (name in is_held ? "held" : "-") : "")
}

# Whether there are rows of all that a policy plays.
function has_all_played(i, name, there) {
    for (i = 1; i <= rows; i++) there[corruption[i]]
    for (name in is_played)
        if (!(name in there)) return 0
    return 1
}

# Over the rows of a set of corruptions.
function print_mean(name, set, i, n, a, b, c) {
    for (i = 2; i <= rows; i++) {
        if (!counts(corruption[i], set)) continue
        n++
        a = plus(a, iou[i])
        b = plus(b, pd[i])
        c = plus(c, fa[i])
    }
    if (n) print_row(name, "mean", times(1 / n, a), times(1 / n, b), times(1 / n, c))
}
