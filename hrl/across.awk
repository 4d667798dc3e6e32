# Trained on one set, tested on the others: clean IoU and the mean of nine, with half the widths of
# their 95 % intervals. To be read after runs.awk. After the list of the runs' tables come those.

END {
    if (failed) exit 1
    n = split("nuaa nudt irstd all", set, " ")
    print "net", "strategy", "trained", "tested", "iou", "iou_ci95", "mean-of-nine", "nine_ci95",
          "seeds", "epochs"
    for (cell in seeds_of) {
        split(cell, part, OFS)
        group = part[1] OFS part[3]
        if (!(group in known)) { known[group]; groups++ }
    }
    for (; groups > 0; groups--) {
        first = ""
        for (group in known) if (first == "" || group < first) first = group
        delete known[first]
        print_group(first)
    }
}

function print_group(group, part, trained, tested, cell) {
    split(group, part, OFS)
    for (trained = 1; trained <= n; trained++)
        for (tested = 1; tested <= 3; tested++) {
            cell = cell_name(part[1], set[trained], part[2], set[tested])
            print group, set[trained], set[tested], mean_of(cell, "clean", "iou"), \
                  mean_of(cell, "mean-of-nine", "iou"), count, count ? epochs_of[cell] : "-"
        }
}
