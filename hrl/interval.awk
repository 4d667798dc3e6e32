# How sure a score or a gain is: the 95 % interval of a table's score, or of a difference of two
# tables' scores, by the jackknife over the test frames. Each frame in turn is left out of both tables;
# the spread of the differences that are left, times (n - 1) / n, is the variance (Efron and Tibshirani
# 1993, Eq. 11.5). It knows nothing of other trainings: for those there are seeds.
#
# With statistics.awk, table.awk, and compare.awk or intervals.awk. NAME.frames.tsv beside NAME.tsv has
# what each frame adds.

BEGIN {
    of["iou", 1] = "intersection"; of["iou", 2] = "union"; scale["iou"] = 100
    of["pd", 1] = "hits"; of["pd", 2] = "targets"; scale["pd"] = 100
    of["fa", 1] = "false_alarm_pixels"; of["fa", 2] = "pixels"; scale["fa"] = 1e6
}

# A line of the frames of table t.
function add_frame(t, key, n) {
    key = condition_key()
    n = ++frames[key, t]
    frame[key, t, n] = $column["name"]
    for (k = 1; k <= 2; k++) {
        part[key, t, n, k] = $column[of[metric, k]]
        whole[key, t, k] += $column[of[metric, k]]
    }
    if (!((key, t) in tested)) { tested[key, t]; at[t, ++conditions[t]] = key }
}

# What the tables' row is made of: sets made[1], made[2], ...; their number, 0 where the tables'
# frames are missing, are others in the two, or do not give the tables' own scores.
function made_of(key, t, i, n, each, set, dataset) {
    n = split(key, each, OFS)
    dataset = datasets ? each[1] OFS : ""
    set = each[n - 1]
    sub(/^mean-of-/, "", set)
    made_n = 0
    for (i = 1; i <= conditions[1]; i++) {
        if (each[n] != "mean" ? at[1, i] == key : is_part(at[1, i], dataset, set))
            made[++made_n] = at[1, i]
    }
    for (i = 1; i <= made_n; i++)
        if (!same_frames(made[i], t)) return made_n = 0
    if (!agrees(key, 1) || !agrees(key, t)) return made_n = 0
    return made_n
}

# Whether a condition is one of those that a dataset's mean is over.
function is_part(key, dataset, set, each, n) {
    n = split(key, each, OFS)
    return index(key, dataset) == 1 && each[n - 1] != "clean" && counts(each[n - 1], set)
}

function same_frames(key, t, i) {
    if (frames[key, 1] != frames[key, t]) return 0
    for (i = 1; i <= frames[key, 1]; i++)
        if (frame[key, 1, i] != frame[key, t, i]) return 0
    return 1
}

# The score in table t of what made[] holds, without frame n of each; n is 0: with all. "nan" where
# nothing is left to be divided by.
function score_without(t, n, i, sum, below) {
    for (i = 1; i <= made_n; i++) {
        below = whole[made[i], t, 2] - (n ? part[made[i], t, n, 2] : 0)
        if (below == 0) return "nan"
        sum += (whole[made[i], t, 1] - (n ? part[made[i], t, n, 1] : 0)) / below
    }
    return scale[metric] * sum / made_n
}

function agrees(key, t, ours, theirs) {
    ours = score_without(t, 0)
    theirs = score[key, t]
    if (ours == "nan" || theirs !~ /^-?[0-9]/) return 0
    return (ours - theirs) ^ 2 < 0.0001
}

# Half the width of the interval of the gain of table t over table 1, or "-".
function gain_interval(key, t) { return half_width(key, t, 0) }

# The same of table 1's score itself.
function score_interval(key) { return half_width(key, 1, 1) }

function half_width(key, t, alone, n, i, a, b, sum, squares, variance) {
    if (!made_of(key, t)) return "-"
    n = frames[made[1], 1]
    for (i = 2; i <= made_n; i++)
        if (frames[made[i], 1] != n) return "-"
    if (n < 2) return "-"
    for (i = 1; i <= n; i++) {
        a = alone ? 0 : score_without(1, i)
        b = score_without(t, i)
        if (a == "nan" || b == "nan") return "-"
        sum += b - a
        squares += (b - a) * (b - a)
    }
    variance = (n - 1) / n * (squares - sum * sum / n)
    return sprintf("%.2f", t975(n - 1) * sqrt(variance > 0 ? variance : 0))
}
