# The curves of a run's log.tsv as text, one below the other: loss, and the held-out IoU where there
# is one.
# -v name=RUN -v rounds=50 -v lines=24 -v columns=80: the run, how far it goes, the terminal's size.

BEGIN { FS = "\t" }

NR == 1 {
    for (i = 1; i <= NF; i++) column[$i] = i
    next
}

{
    n++
    round[n] = $column["round"]
    clean[n] = $column["loss_clean"]
    corrupted[n] = $column["loss_corrupted"]
    iou[n] = times(100, $column["iou"])
    rate = $column["images_per_second"]
    seconds += $column["seconds"]
}

END {
    if (!n) {
        print name ": no round is done yet"
        exit
    }
    last = rounds > round[n] ? rounds : round[n]
    printf "%s: round %d of %d, %d s, %.1f images/s\n", name, round[n], last, seconds, rate
    split("", none)
    measured = any(iou)
    height = int((lines - 4) / (measured ? 2 : 1)) - 3
    height = height < 4 ? 4 : height > 16 ? 16 : height
    width = columns - 12 < 20 ? 20 : columns - 12
    print "loss: * clean" (any(corrupted) ? ", o corrupted" : "")
    chart(clean, corrupted)
    if (measured) {
        print "IoU of the frames held out, %"
        chart(iou, none)
    }
}

function times(a, b) { return is_number(b) ? a * b : b }
function is_number(x) { return x ~ /^-?[0-9.]+(e[-+]?[0-9]+)?$/ }

function any(y, i) {
    for (i = 1; i <= n; i++) if (is_number(y[i])) return 1
    return 0
}

# The least and the largest of what is known so far and of y, into low and high.
function widen(y, i) {
    for (i = 1; i <= n; i++) {
        if (!is_number(y[i])) continue
        if (!known || y[i] + 0 < low) low = y[i] + 0
        if (!known || y[i] + 0 > high) high = y[i] + 0
        known = 1
    }
}

# Puts y's mark into every column from its first round to its last, between rounds by proportion.
function draw(y, mark, i, c, first, end, value) {
    for (i = 1; i <= n; i++) {
        if (!is_number(y[i])) continue
        end = place(round[i])
        first = i > 1 && is_number(y[i - 1]) ? place(round[i - 1]) : end
        for (c = first; c <= end; c++) {
            value = end > first ? y[i - 1] + (y[i] - y[i - 1]) * (c - first) / (end - first) : y[i]
            cell[int((high - value) / (high - low) * (height - 1) + 0.5), c] = mark
        }
    }
}

# The column of a round, which is on the screen whatever a table says.
function place(r, at) {
    at = last > 1 ? int((r - 1) / (last - 1) * (width - 1) + 0.5) : 0
    return at < 0 ? 0 : at < width ? at : width - 1
}

function chart(a, b, row, c, line) {
    known = 0
    split("", cell)
    widen(a)
    widen(b)
    if (!known) return
    if (low == high) high = low + 1
    draw(b, "o")
    draw(a, "*")
    for (row = 0; row < height; row++) {
        line = ""
        for (c = 0; c < width; c++) line = line ((row, c) in cell ? cell[row, c] : " ")
        sub(/ +$/, "", line)
        printf "%9.4g |%s\n", high - (high - low) * row / (height - 1), line
    }
    line = sprintf("%" width "s", "")
    gsub(/ /, "-", line)
    printf "%9s +%s\n%10s1%" (width - 1) "d\n", "", line, "", last
}
