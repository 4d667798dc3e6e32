# The robustness table from files NAME.SEVERITY.tsv by "ir-score --tsv", clean.0.tsv the first.
# IoU, Pd and RCE in percent, Fa in pixels per million.
#
# -v camera=, -v held=: the corruptions of the camera group, and those kept out of training, whose
# rows are marked in a column of their own. -v families=: the groups that were tested.

BEGIN {
    FS = OFS = "\t"
    mark(camera, is_camera)
    marks = mark(held, is_held)
}

function mark(list, set, word, n, i) {
    n = split(list, word, " ")
    for (i = 1; i <= n; i++) set[word[i]]
    return n
}

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
    print "corruption", "severity", "iou", "pd", "fa", "rce" (marks ? OFS "held" : "")
    for (i = 1; i <= rows; i++) {
        print_row(corruption[i], severity[i], iou[i], pd[i], fa[i])
        if (i > 1 && corruption[i] != corruption[i + 1])
            print_mean(corruption[i], corruption[i])
    }
    if (families ~ /noise/ && families ~ /blur/ && families ~ /isp/) {
        print_mean("mean-of-nine", "nine")
        print_mean("mean-of-ten", "ten")
    }
    print_mean("mean-of-camera", "camera")
    if (marks) {
        print_mean("mean-of-played", "played")
        print_mean("mean-of-held", "held")
    }
}

# Whether a corruption is one of those that a mean is of: a set of them, or that one alone.
function counts(name, set) {
    if (set == "camera") return name in is_camera
    if (set == "nine") return !(name in is_camera) && name != "impulse-noise"
    if (set == "ten") return !(name in is_camera)
    if (set == "played") return !(name in is_camera) && !(name in is_held)
    if (set == "held") return name in is_held
    return name == set
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
    print name, severity, fixed(iou), fixed(pd), fixed(fa),
          (severity == "-" ? "-" : fixed(rce(iou))) (marks ? OFS (name in is_held ? "held" : "-") : "")
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
