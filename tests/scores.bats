#!/usr/bin/env bats
# ir-score: every score of the field, by hand and against the Python package pyirstdmetrics.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# rows TEXT...: a mask of 0 and 255, # being true, a word a row.
rows() {
    printf 'P2\n%d %d\n255\n' "${#1}" $#
    printf '%s\n' "$@" | sed 's/#/255 /g; s/\./0 /g'
}

# expect KEY VALUE...: of scores.tsv, the numbers to nine digits.
expect() {
    local found
    while [[ $# -gt 0 ]]; do
        found=$(awk -F'\t' -v key="$1" \
            'NR == 1 { for (i = 1; i <= NF; i++) if ($i == key) k = i }
             NR == 2 { if ($k == "nan") print $k; else printf "%.9g\n", $k }' scores.tsv)
        [[ $found == "$2" ]] || { echo "$1 is $found, expected $2"; return 1; }
        shift 2
    done
}

all() {
    ir-score --all --tsv "$@" > scores.tsv
}

# ---- pixels --------------------------------------------------------------------------------------

@test "precision, recall and F1 of the set" {
    rows '####......' > true.pgm
    rows '.###..##.#' > predicted.pgm
    all predicted.pgm true.pgm
    expect precision 0.5 recall 0.75 f1 0.6
}

@test "precision without a prediction and recall without a target are undefined" {
    rows '....' > none.pgm
    rows '.#..' > some.pgm
    all none.pgm some.pgm
    expect precision nan recall 0 f1 0
    all some.pgm none.pgm
    expect precision 0 recall nan f1 0 pr_area nan roc_area nan
    all none.pgm none.pgm
    expect f1 nan
    ir-score --all --json none.pgm none.pgm |
        /usr/bin/python3 -c 'import json, sys; assert json.load(sys.stdin)["f1"] is None'
}

@test "--pr: precision and recall over thresholds and the area by steps" {
    # two true pixels of 0.9 and 0.4, two false ones of 0.6 and 0.1
    pgm 4 1 10 9 6 4 1 > map.pgm
    pgm 4 1 255 255 0 255 0 > true.pgm
    ir-score --pr --thresholds 5 map.pgm true.pgm > curve
    {
        printf 'threshold\tprecision\trecall\tf1\n'
        printf '0\t0.5\t1\t0.666666666666667\n0.2\t0.666666666666667\t1\t0.8\n'
        printf '0.4\t0.5\t0.5\t0.5\n0.6\t1\t0.5\t0.666666666666667\n'
        printf '0.8\t1\t0.5\t0.666666666666667\n1\tnan\t0\t0\n'
        printf '# area\t0.833333333333333\n'
    } | diff - curve
    ir-score --pr --thresholds 5 --json map.pgm true.pgm | /usr/bin/python3 -c '
import json, sys
pr = json.load(sys.stdin)
assert abs(pr["area"] - 5 / 6) < 1e-12 and len(pr["points"]) == 6, pr
assert pr["points"][5] == {"threshold": 1, "precision": None, "recall": 0, "f1": 0}, pr'
}

@test "the areas go on to where everything is predicted" {
    # the second true pixel is found only there, among four
    pgm 4 1 10 9 0 0 0 > map.pgm
    pgm 4 1 255 255 255 0 0 > true.pgm
    all map.pgm true.pgm
    expect pr_area 0.75 roc_area 0.75
}

@test "the areas of --all are those of --pr and --roc, over maps of several depths" {
    mkdir map true
    pgm 4 1 10 9 6 4 1 > map/a.pgm
    pgm 4 1 255 255 0 255 0 > true/a.pgm
    pgm 3 1 65535 65535 100 40000 > map/b.pgm
    pgm 3 1 255 255 0 0 > true/b.pgm
    all --thresholds 7 map true
    expect pr_area "$(ir-score --pr --thresholds 7 map true |
        awk '/^# area/ { printf "%.9g", $3 }')"
    expect roc_area "$(ir-score --roc --thresholds 7 map true |
        awk '/^# area/ { printf "%.9g", $3 }')"
}

@test "--all begins with the default table" {
    rows '####......' > true.pgm
    rows '.###..##.#' > predicted.pgm
    ir-score predicted.pgm true.pgm > default
    ir-score --all predicted.pgm true.pgm | head -n "$(wc -l < default)" | diff default -
}

# ---- targets -------------------------------------------------------------------------------------

@test "OPDC prefers overlap to raster order, distance takes the first" {
    # by distance the target takes the speck above it, by OPDC what covers it
    rows '..#..' '.....' '.###.' '.###.' > predicted.pgm
    rows '.....' '.....' '.###.' '.###.' > true.pgm
    ir-score --match distance --tsv predicted.pgm true.pgm > scores.tsv
    expect pd 1 false_alarm_pixels 6
    ir-score --match opdc --tsv predicted.pgm true.pgm > scores.tsv
    expect pd 1 false_alarm_pixels 1 hits 1
    all predicted.pgm true.pgm
    expect hiou 0.5 seg_iou 1 loc_iou 0.5 hiou_distance 0 loc_many_to_one 0.5 loc_interference 0
}

@test "OPDC takes what overlaps by half, however far its centroid is" {
    rows '####################' > true.pgm
    rows '##########..........' > half.pgm
    rows '#########...........' > less.pgm
    all half.pgm true.pgm
    expect pd_opdc 1 seg_iou 0.5 pd_distance 0
    all less.pgm true.pgm
    expect pd_opdc 0 loc_perception 0.5 loc_interference 0.5
}

@test "OPDC takes what is near when nothing overlaps enough" {
    rows '........' '.##.....' '.##.....' > true.pgm
    rows '........' '..##....' '..##....' > predicted.pgm
    all predicted.pgm true.pgm
    # 2 of 6 pixels overlap
    expect pd_opdc 1 seg_iou 0.333333333 seg_interference 0.333333333 \
        seg_perception 0.333333333 seg_merging 0 hiou 0.333333333
}

@test "error shares: one detection over two targets" {
    rows '##.#....' > true.pgm
    rows '####....' > predicted.pgm
    all predicted.pgm true.pgm
    # the first target gets it (2 of 4): 1 pixel of the other target, 1 of the background
    expect seg_iou 0.5 seg_merging 0.25 seg_interference 0.25 seg_perception 0 \
        loc_iou 0.5 loc_one_to_many 0.5 loc_many_to_one 0 loc_perception 0
}

@test "error shares add up to what lacks to 1" {
    rows '##.#....' '........' '.......#' '.......#' > true.pgm
    rows '####....' '........' '........' '......#.' > predicted.pgm
    ir-score --all --json predicted.pgm true.pgm | /usr/bin/python3 -c '
import json, sys
s = json.load(sys.stdin)
total = lambda *keys: sum(s[k] for k in keys)
assert abs(total("seg_iou", "seg_merging", "seg_interference", "seg_perception") - 1) < 1e-12, s
assert abs(total("loc_iou", "loc_one_to_many", "loc_many_to_one", "loc_interference",
                 "loc_perception") - 1) < 1e-12, s'
}

@test "under OPDC an image without targets counts one missed, one without detections a false alarm" {
    rows '........' > none.pgm
    rows '.#......' > some.pgm
    all some.pgm none.pgm
    expect pd_opdc 0 pd_distance nan loc_interference 0.5 loc_perception 0.5 targets 0
    all none.pgm some.pgm
    expect pd_opdc 0 loc_interference 0.5 loc_perception 0.5 hiou 0
    all none.pgm none.pgm
    expect loc_interference 0.5 loc_perception 0.5 pd_shooting nan
}

@test "shooting: boxes of radius 1 hit, pixels beyond 4 are false" {
    rows '............' '.#..........' > true.pgm
    rows '..#.........' '............' > beside.pgm
    rows '...#.#......' '............' > near.pgm
    rows '....######..' '............' > across.pgm
    ir-score --match shooting --per-image beside.pgm true.pgm | tail -n 1 | cut -f 5-8 > row
    printf '1\t1\t0\t0\n' | diff - row
    ir-score --match shooting --per-image near.pgm true.pgm | tail -n 1 | cut -f 5-8 > row
    printf '1\t0\t0\t0\n' | diff - row
    ir-score --match shooting --per-image across.pgm true.pgm | tail -n 1 | cut -f 5-8 > row
    printf '1\t0\t1\t4\n' | diff - row
}

@test "--roc follows --match" {
    pgm 6 1 10 0 0 9 0 0 0 > map.pgm
    pgm 6 1 255 0 255 0 0 0 0 > true.pgm
    ir-score --roc --thresholds 2 --match shooting map.pgm true.pgm | grep -v '^#' | cut -f 4,5 > found.tsv
    printf 'pd\tfa_per_million\n1\t0\n1\t0\n0\t0\n' | diff - found.tsv
    pgm 6 1 255 0 0 0 0 0 255 > far.pgm
    ir-score --roc --thresholds 1 map.pgm far.pgm | sed -n 2p | cut -f 4 | grep -qx 0
}

@test "wrong combinations of what is asked for" {
    rows '.#.' > a.pgm
    while read -r -a arguments; do
        run --separate-stderr ir-score "${arguments[@]}" a.pgm a.pgm
        usage_error '^ir-score: ' || { echo "${arguments[*]}"; return 1; }
    done <<'CASES'
--all --per-image
--all --roc
--pr --roc
--pr --per-image
--pr --rce scores.tsv
--match overlap
CASES
}

# ---- the published package -----------------------------------------------------------------------

# need_package: PYTHON, an interpreter that has pyirstdmetrics: the one of every day, or one in a
# virtual environment made for all tests of this file.
need_package() {
    local venv=$BATS_FILE_TMPDIR/venv
    PYTHON=/usr/bin/python3
    "$PYTHON" -c 'import py_irstd_metrics' 2>/dev/null && return
    if [[ ! -d $venv ]]; then
        python3 -m venv "$venv" || skip "Python cannot make a virtual environment here"
        timeout 300 "$venv/bin/pip" install -q --retries 0 --timeout 10 pyirstdmetrics==1.0.2 ||
            echo "pip failed"
    fi > venv.log 2>&1
    PYTHON=$venv/bin/python
    "$PYTHON" -c 'import py_irstd_metrics' 2>/dev/null ||
        skip "pyirstdmetrics is not installed and PyPI is not reachable"
}

# spoiled SEED DIR: predictions of those masks spoiled, compared; then with crowded masks.
spoiled() {
    "$PYTHON" "$REPO/tests/parity/scores_spoil.py" "$1" "$2" predicted
    "$PYTHON" "$REPO/tests/parity/scores_published.py" predicted "$2"
    "$PYTHON" "$REPO/tests/parity/scores_spoil.py" "$1" "$2" predicted crowded
    "$PYTHON" "$REPO/tests/parity/scores_published.py" predicted crowded
}

@test "every score agrees with pyirstdmetrics to 1e-9 on generated scenes" {
    need_package
    scenes . -n 60 -s 128x96
    spoiled 1 masks
}

@test "every score agrees with pyirstdmetrics to 1e-9 where distances tie everywhere" {
    need_package
    for seed in 1 2 3; do
        "$PYTHON" "$REPO/tests/parity/scores_spoil.py" --random $seed "true$seed" "found$seed"
        "$PYTHON" "$REPO/tests/parity/scores_published.py" "found$seed" "true$seed"
    done
}

@test "every score agrees with pyirstdmetrics to 1e-9 on real masks, spoiled" {
    [ -n "${SIRST:-}" ] || skip "SIRST names no directory"
    need_package
    make -f "$REPO/hrl.mk" data DATA="$SIRST" CACHE=cache RESIZE_MASKS=nearest
    spoiled 2 cache/masks-nearest
}
