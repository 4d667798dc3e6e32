# The tables of a model's card, in Markdown, from the table of "intervals" in models.sh.
# -v titles="nuaa=NUAA-SIRST;...": how the data sets are called. -v severities="1 3 5".

BEGIN {
    FS = "\t"
    sets = split(titles, pair, ";") - 1
    for (i = 1; i <= sets; i++) {
        split(pair[i], half, "=")
        set[i] = half[1]
        title[half[1]] = half[2]
    }
}

NR == 1 { next }
{ sub(/.*\//, "", $1) }
$2 == "clean" || ($3 == "mean" && $2 == "mean-of-nine") {
    row[$1, $2] = cells($4, $5) cells($6, $7) cells($8, $9)
}
$3 == "mean" && $2 !~ /^mean-of-/ {
    if (!($2 in known)) { known[$2]; corruption[++corruptions] = $2 }
    iou[$1, $2] = $4
}

END {
    print "## Scores on the test lists"
    print ""
    print "IoU and Pd in percent, Fa in pixels per million, each with half the width of its 95 % interval"
    print "over the frames. Corrupted: the mean over nine corruptions at severities " severities "."
    print ""
    print "| | | IoU | Pd | Fa |"
    print "|---|---|---|---|---|"
    for (i = 1; i <= sets; i++) {
        print "| " title[set[i]] " | clean |" row[set[i], "clean"]
        print "| | corrupted |" row[set[i], "mean-of-nine"]
    }
    print ""
    print "## IoU under each corruption"
    print ""
    line = "| |"; rule = "|---|"
    for (i = 1; i <= sets; i++) { line = line " " title[set[i]] " |"; rule = rule "---|" }
    print line
    print rule
    for (c = 1; c <= corruptions; c++) {
        line = "| " corruption[c] " |"
        for (i = 1; i <= sets; i++) line = line " " iou[set[i], corruption[c]] " |"
        print line
    }
    print ""
    print "## What it is bad at"
    print ""
    for (i = 1; i <= sets; i++) print "- " title[set[i]] ": " worst(set[i], 3) "."
}

function of(set, c) { return iou[set, corruption[c]] + 0 }

function cells(value, interval) { return " " value (interval == "-" ? "" : " ± " interval) " |" }

# The corruptions with the least IoU, the least first.
function worst(set, most, text, n, c, least) {
    split("", taken)
    for (n = 1; n <= most; n++) {
        least = 0
        for (c = 1; c <= corruptions; c++)
            if (!(c in taken) && (!least || of(set, c) < of(set, least))) least = c
        if (!least) break
        taken[least]
        text = text (n > 1 ? ", " : "") corruption[least] " (IoU " iou[set, corruption[least]] ")"
    }
    return text
}
