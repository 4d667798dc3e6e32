# A robustness table's score with half the width of its 95 % interval over the test frames, "-" where
# there is none. -v metric=iou. To be read after statistics.awk, table.awk and interval.awk; the table,
# then its frames.

BEGIN { FS = OFS = "\t" }

FNR == 1 {
    read_header()
    in_frames = NR > 1
    if (in_frames) next
    need_columns()
    datasets = "dataset" in column
    next
}

in_frames { add_frame(1); next }

{
    order[++rows] = condition_key()
    score[order[rows], 1] = $column[metric]
}

END {
    if (failed) exit 1
    print (datasets ? "dataset" OFS : "") "corruption", "severity", metric, metric "_ci95"
    for (i = 1; i <= rows; i++) print order[i], score[order[i], 1], score_interval(order[i])
}
