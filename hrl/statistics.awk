# What the tables' programs share: which corruptions a mean is of, and Student's t.
# -v paper=, -v played=, -v camera=: the corruptions of the paper's means, those that a policy plays, and
# those of the camera group (corruption_sets of scores.sh).

BEGIN {
    mark(paper, is_paper)
    mark(camera, is_camera)
    all_played = in_words(mark(played, is_played))
}

# in_words(N): the mean of all that are played has their number in its name.
function in_words(n, word, words) {
    words = split("one two three four five six seven eight nine ten eleven twelve thirteen fourteen " \
                  "fifteen sixteen seventeen eighteen nineteen twenty", word, " ")
    return n in word ? word[n] : n
}

# mark(LIST, SET): the words of LIST become SET's indices; how many there are.
function mark(list, set, word, n, i) {
    n = split(list, word, " ")
    for (i = 1; i <= n; i++) set[word[i]]
    return n
}

# Whether a corruption is one of those that a mean is of: a set of them, or that one alone. is_held: those
# kept out of training.
function counts(name, set) {
    if (set == "camera") return name in is_camera
    if (set == "nine") return name in is_paper
    if (set == all_played) return name in is_played
    if (set == "played") return name in is_played && !(name in is_held)
    if (set == "held") return name in is_held
    return name == set
}

# The 97.5 % quantile of Student's t.
function t975(freedom, t, n) {
    n = split("12.706 4.303 3.182 2.776 2.571 2.447 2.365 2.306 2.262 2.228 2.201 2.179 2.160 2.145 " \
              "2.131 2.120 2.110 2.101 2.093 2.086 2.080 2.074 2.069 2.064 2.060 2.056 2.052 2.048 " \
              "2.045 2.042", t, " ")
    return freedom <= n ? t[freedom] : 1.96
}

function is_number(x) { return x ~ /^-?[0-9]/ }

# Half the width of the 95 % interval of a mean of n numbers, of their sum and that of their squares; "-"
# of fewer than two.
function mean_interval(n, sum, squares, mean, variance) {
    if (n < 2) return "-"
    mean = sum / n
    variance = (squares - n * mean * mean) / (n - 1)
    return sprintf("%.2f", t975(n - 1) * sqrt((variance > 0 ? variance : 0) / n))
}
