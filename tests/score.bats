#!/usr/bin/env bats
# ir-score: the scores by hand and against NumPy, the tables, the pictures, what it refuses.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# blocks WIDTH HEIGHT MAXVAL [X,Y,W,H[,VALUE]]...: an image that is 0 but for these blocks.
blocks() {
    awk -v args="$*" 'BEGIN {
        n = split(args, a, " "); w = a[1]; h = a[2]
        printf "P2\n%d %d\n%d\n", w, h, a[3]
        for (i = 4; i <= n; i++) {
            parts = split(a[i], b, ",")
            for (y = b[2]; y < b[2] + b[4]; y++)
                for (x = b[1]; x < b[1] + b[3]; x++)
                    p[y, x] = parts > 4 ? b[5] : a[3]
        }
        for (y = 0; y < h; y++)
            for (x = 0; x < w; x++)
                print p[y, x] + 0
    }'
}

# value KEY FILE: a column of the first row of a table with a header.
value() {
    awk -F'\t' -v key="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == key) k = i }
                            NR == 2 { print $k }' "$2"
}

# scores ARGUMENT...: what ir-score --tsv says, in scores.tsv.
scores() {
    ir-score --tsv "$@" > scores.tsv
}

# expect KEY VALUE...: of scores.tsv
expect() {
    local found
    while [[ $# -gt 0 ]]; do
        found=$(value "$1" scores.tsv)
        [[ $found == "$2" ]] || { echo "$1 is $found, expected $2"; return 1; }
        shift 2
    done
}

# Two frames with three targets: one met exactly, one missed, one met in part beside a false alarm.
two_frames() {
    mkdir true predicted
    blocks 20 10 255 2,2,2,2 12,4,2,2 > true/a.pgm
    blocks 20 10 255 2,2,2,2 > predicted/a.pgm
    blocks 10 10 255 1,1,4,2 > true/b.pgm
    blocks 10 10 255 1,1,4,1 7,7,3,2 > predicted/b.pgm
}

# ---- the scores ----------------------------------------------------------------------------------

@test "scores of two small frames, worked out by hand" {
    two_frames
    scores predicted true
    # a: 4 of 8; b: 4 of 14; together 8 of 22
    expect iou 0.363636363636364 niou 0.392857142857143 pd 0.666666666666667 fa_per_million 20000 \
        images 2 targets 3 hits 2 false_alarm_pixels 6 pixels 300
}

@test "a perfect prediction scores 1, 1, 1, 0" {
    two_frames
    scores true true
    expect iou 1 niou 1 pd 1 fa_per_million 0
}

@test "text, --tsv and --json say the same" {
    two_frames
    scores predicted true
    ir-score predicted true > text
    ir-score --json predicted true > json
    /usr/bin/python3 - <<'PYTHON'
import json
keys, row = (line.split("\t") for line in open("scores.tsv").read().splitlines())
tsv = dict(zip(keys, map(float, row)))
text = {k: float(v) for k, v in (line.split() for line in open("text"))}
assert json.load(open("json")) == tsv, tsv
assert list(text) == keys and all(abs(text[k] - tsv[k]) < 1e-6 for k in keys), text
PYTHON
}

@test "a centroid must lie less than 3 pixels away" {
    blocks 20 20 255 5,5,1,1 > true.pgm
    blocks 20 20 255 8,5,1,1 > at3.pgm
    blocks 20 20 255 7,7,1,1 > at2.8.pgm
    scores at3.pgm true.pgm
    expect pd 0 hits 0 false_alarm_pixels 1
    scores at2.8.pgm true.pgm
    expect pd 1 hits 1 false_alarm_pixels 0 iou 0
}

@test "a detection serves one target, the first in raster order" {
    blocks 20 20 255 5,5,1,1 7,5,1,1 > true.pgm
    blocks 20 20 255 6,5,1,1 > one.pgm
    scores one.pgm true.pgm
    expect targets 2 hits 1 false_alarm_pixels 0
}

@test "a target takes the first detection near enough, not the nearest" {
    # the first target takes the upper detection, the second is left with none near enough
    blocks 20 20 255 5,5,1,1 5,3,1,1 > true.pgm
    blocks 20 20 255 5,1,1,1 5,9,1,1 > predicted.pgm
    scores predicted.pgm true.pgm
    expect hits 1 false_alarm_pixels 1
    blocks 20 20 255 5,5,1,1 > true.pgm
    blocks 20 20 255 4,3,3,1 5,5,1,1 > predicted.pgm
    scores predicted.pgm true.pgm
    # the three pixels above are taken, the exact one is the false alarm
    expect hits 1 false_alarm_pixels 1
}

@test "pixels that touch at a corner are one target" {
    blocks 10 10 255 2,2,1,1 3,3,1,1 5,2,1,1 4,4,1,1 > true.pgm
    scores true.pgm true.pgm
    expect targets 2
}

@test "a pixel is true above half of maxval" {
    pgm 2 1 200 100 101 > true.pgm
    pgm 2 1 255 255 255 > predicted.pgm
    scores predicted.pgm true.pgm
    expect iou 0.5
}

@test "-t compares value / maxval exactly" {
    pgm 2 1 255 51 52 > map.pgm
    pgm 2 1 255 255 255 > true.pgm
    scores -t 0.2 map.pgm true.pgm
    expect iou 0.5
    scores -t 0.1999 map.pgm true.pgm
    expect iou 1
    pgm 2 1 10 3 4 > map.pgm
    scores -t 0.3 map.pgm true.pgm
    expect iou 0.5
    scores -t 0 map.pgm true.pgm
    expect iou 1
    scores -t 1 true.pgm true.pgm
    expect iou 0 pd 0
}

@test "maps of 16 bits are compared at their own depth" {
    pgm 3 1 65535 32767 32768 65535 > map.pgm
    pgm 3 1 255 255 255 255 > true.pgm
    scores map.pgm true.pgm
    expect iou 0.666666666666667
}

@test "without targets pd is undefined, without any true pixel iou too" {
    blocks 5 5 255 > none.pgm
    blocks 5 5 255 1,1,2,1 > some.pgm
    scores none.pgm none.pgm
    expect iou nan niou nan pd nan fa_per_million 0
    scores some.pgm none.pgm
    expect iou 0 niou 0 pd nan fa_per_million 80000
    ir-score none.pgm none.pgm | grep -qx 'pd  *nan'
    ir-score --json none.pgm none.pgm | grep -q '"iou": null, "niou": null, "pd": null,'
}

@test "an image with nothing true or predicted is left out of niou" {
    mkdir true predicted
    blocks 5 5 255 1,1,2,1 > true/a.pgm
    blocks 5 5 255 1,1,1,1 > predicted/a.pgm
    blocks 5 5 255 > true/b.pgm
    cp true/b.pgm predicted/b.pgm
    scores predicted true
    expect niou 0.5 images 2
    ir-score --per-image predicted true | grep -q $'^b\tnan\t0\t0\t0\t0\t0\t0\t25$'
}

@test "random sets agree with the definitions in NumPy to 1e-12" {
    /usr/bin/python3 "$REPO/tests/parity/scores.py"
}

@test "components agree with a flood fill on random images" {
    test-components
}

@test "matching by what lies near agrees with matching by every pair, on random images" {
    test-matching
}

@test "a hundred thousand components are matched in time and memory that grow with them" {
    # dots two apart in rows and columns, found one pixel to the right: each is near two
    dots() {
        "$PYTHON" -c "
import sys
row = bytes(255 * (x % 2 == $1 and x < 500) for x in range(501))
sys.stdout.buffer.write(b'P5 501 800 255\n' + (row + bytes(501)) * 400)"
    }
    dots 0 > true.pgm
    dots 1 > predicted.pgm
    (
        [ -n "${IR_ASAN:-}" ] || ulimit -v 2000000 # a sanitizer reserves more than that
        timeout 60 ir-score --all --tsv predicted.pgm true.pgm > scores.tsv
    )
    expect targets 100000 hits 100000 false_alarm_pixels 0 pd_opdc 1 loc_iou 1 seg_iou 0
}

# ---- operands ------------------------------------------------------------------------------------

@test "predictions come from standard input, a list or a directory" {
    two_frames
    scores predicted true
    mv scores.tsv directory.tsv
    cat predicted/*.pgm | scores - true
    cmp scores.tsv directory.tsv
    printf 'predicted/b.pgm\npredicted/a.pgm\n' > list
    scores @list true
    cmp scores.tsv directory.tsv
}

@test "--match distance is accepted, another way is a usage error" {
    two_frames
    scores predicted true
    ir-score --match distance --tsv predicted true | cmp - scores.tsv
    run --separate-stderr ir-score --match overlap predicted true
    usage_error "--match: 'overlap'"
}

# ---- tables --------------------------------------------------------------------------------------

@test "--per-image has a row per image, in order" {
    two_frames
    ir-score --per-image predicted true > rows
    {
        printf 'name\tiou\tintersection\tunion\ttargets\thits\tfalse_alarms\tfalse_alarm_pixels\tpixels\n'
        printf 'a\t0.5\t4\t8\t2\t1\t0\t0\t200\n'
        printf 'b\t0.285714285714286\t4\t14\t1\t1\t1\t6\t100\n'
    } | diff - rows
}

@test "--per-image --json has an object a line, with names quoted" {
    mkdir true
    blocks 3 3 255 1,1,1,1 > 'true/a"b.pgm'
    ir-score --per-image --json true true |
        /usr/bin/python3 -c 'import json, sys; assert json.loads(sys.stdin.read())["name"] == "a\"b"'
}

@test "images from standard input go by their masks' names" {
    two_frames
    cat predicted/*.pgm | ir-score --per-image - true | cut -f 1 | tail -n +2 > names
    printf 'a\nb\n' | cmp - names
}

@test "--roc: rates over thresholds and the area under them" {
    # two true pixels of 0.9 and 0.4, two false ones of 0.6 and 0.1
    pgm 4 1 10 9 6 4 1 > map.pgm
    pgm 4 1 255 255 0 255 0 > true.pgm
    ir-score --roc --thresholds 5 map.pgm true.pgm > roc
    cut -f 1-3 roc > rates
    {
        printf 'threshold\ttrue_positive_rate\tfalse_positive_rate\n'
        printf '0\t1\t1\n0.2\t1\t0.5\n0.4\t0.5\t0.5\n0.6\t0.5\t0\n0.8\t0.5\t0\n1\t0\t0\n'
        printf '# area\t0.75\n'
    } | diff - rates
}

@test "--roc follows Pd and Fa down the thresholds" {
    blocks 20 20 100 3,3,2,2,90 12,12,2,1,30 > map.pgm
    blocks 20 20 255 3,3,2,2 > true.pgm
    ir-score --roc --thresholds 4 map.pgm true.pgm | cut -f 1,4,5 > found
    printf 'threshold\tpd\tfa_per_million\n0\t1\t5000\n0.25\t1\t5000\n0.5\t1\t0\n0.75\t1\t0\n1\t0\t0\n' |
        diff - <(grep -v '^#' found)
}

@test "--roc --json holds the same points and area" {
    two_frames
    ir-score --roc predicted true > roc
    ir-score --roc --json predicted true > json
    /usr/bin/python3 - <<'PYTHON'
import json
lines = [line.split("\t") for line in open("roc").read().splitlines()]
roc = json.load(open("json"))
assert len(roc["points"]) == 101
for row, point in zip(lines[1:-1], roc["points"]):
    assert dict(zip(lines[0], map(float, row))) == point
assert float(lines[-1][1]) == roc["area"] and lines[-1][0] == "# area"
PYTHON
}

@test "--roc of a set without targets is undefined, not an error" {
    blocks 4 4 255 > none.pgm
    ir-score --roc none.pgm none.pgm | tail -n 1 | grep -qx $'# area\tnan'
}

# ---- RCE -----------------------------------------------------------------------------------------

@test "--rce is the relative loss of IoU" {
    two_frames
    scores true true
    mv scores.tsv clean.tsv
    scores --rce clean.tsv predicted true
    expect iou 0.363636363636364 rce 0.636363636363636
    ir-score --rce clean.tsv --json predicted true | grep -q '"rce": 0.636363636363636}'
}

@test "--rce of scores that were cut short is an error" {
    two_frames
    ir-score --tsv predicted true | head -c -1 > clean.tsv
    run --separate-stderr ir-score --rce clean.tsv predicted true
    one_line_error 1 '^ir-score: clean.tsv:2: the last line has no newline: it was cut short \(make'
}

@test "--rce of clean scores of 0 or nan is undefined" {
    two_frames
    printf 'iou\n0\n' > zero.tsv
    printf 'iou\nnan\n' > nan.tsv
    scores --rce zero.tsv predicted true
    expect rce nan
    scores --rce nan.tsv predicted true
    expect rce nan
}

@test "--rce refuses files that are no scores" {
    two_frames
    printf 'iou\tpd\nhalf\t1\n' > text.tsv
    printf 'iou\tpd\n1.5\t1\n' > above.tsv
    printf 'pd\tiou\n1\n' > short.tsv
    printf 'pd\n1\n' > other.tsv
    printf 'iou\n' > header.tsv
    printf 'iou\n1\n1\n' > rows.tsv
    : > empty.tsv
    while read -r file pattern; do
        run --separate-stderr ir-score --rce "$file" predicted true
        one_line_error 1 "^ir-score: $pattern" || { echo "$file"; return 1; }
        [[ -z $output ]]
    done <<'CASES'
text.tsv text.tsv:2: iou is 'half'
above.tsv above.tsv:2: iou is '1.5'
short.tsv short.tsv:2: 1 field, the header has 2
other.tsv other.tsv: no column iou
header.tsv header.tsv: no row after the header
rows.tsv rows.tsv:3: a second row
empty.tsv empty.tsv: empty: a table was expected
missing.tsv missing.tsv: No such file
CASES
}

# ---- pictures ------------------------------------------------------------------------------------

@test "--overlay paints hits green, misses blue, false alarms red over the frame" {
    mkdir frames true predicted
    pgm 4 1 1000 1000 500 0 250 > frames/a.pgm
    pgm 4 1 255 255 255 0 0 > true/a.pgm
    pgm 4 1 255 255 0 255 0 > predicted/a.pgm
    ir-score --overlay pictures --frames frames predicted true > text
    [[ $(head -n 1 pictures/a.ppm) == P6 ]]
    [[ $(samples < pictures/a.ppm) == "255 0 255 0 0 0 255 255 0 0 64 64 64" ]]
    grep -q '^iou' text
}

@test "--overlay takes the frames' range from --maxval" {
    pgm 2 1 65535 16383 0 > frame.pgm
    pgm 2 1 255 0 0 > none.pgm
    ir-score --overlay pictures --frames frame.pgm --maxval 16383 none.pgm none.pgm
    [[ $(samples < pictures/none.ppm) == "255 255 255 255 0 0 0" ]]
}

@test "--overlay does not write two images of one name" {
    pgm 1 1 255 0 > a.pgm
    printf 'a.pgm\na.pgm\n' > list
    run --separate-stderr ir-score --overlay pictures --frames @list @list @list
    one_line_error 1 '^ir-score: a.pgm: twice among the images'
}

@test "--overlay does not overwrite the frames" {
    mkdir frames masks
    pgm 2 2 255 9 8 7 6 | pgmtoppm white > frames/a.ppm
    pgm 2 2 255 0 255 0 0 > masks/a.pgm
    cp frames/a.ppm kept.ppm
    run --separate-stderr ir-score --overlay frames --frames frames masks masks
    one_line_error 1 '^ir-score: frames/a.ppm: an input that output to frames would overwrite$'
    cmp frames/a.ppm kept.ppm
    ir-score --overlay masks --frames frames masks masks
    [ "$(ls masks)" = $'a.pgm\na.ppm' ]
}

@test "--overlay into a directory that cannot be made fails" {
    pgm 1 1 255 0 > a.pgm
    run --separate-stderr ir-score --overlay a.pgm --frames a.pgm a.pgm a.pgm
    one_line_error 1 '^ir-score: a.pgm: '
}

# ---- bad input -----------------------------------------------------------------------------------

@test "a mask of another size is named, and scaled only when asked" {
    mkdir true predicted
    blocks 6 4 255 0,0,2,2 > true/odd.pgm
    blocks 3 2 255 0,0,1,1 > predicted/odd.pgm
    run --separate-stderr ir-score predicted true
    one_line_error 1 '^ir-score: odd: the true mask is 6x4, the image 3x2 \(--resize nearest scales it\)$'
    [[ -z $output ]]
    run --separate-stderr ir-score - true < predicted/odd.pgm
    one_line_error 1 '^ir-score: odd: the true mask is 6x4'
    scores --resize nearest predicted true
    expect iou 1 pixels 6
}

@test "a frame of another size is named" {
    pgm 2 1 255 0 0 > mask.pgm
    pgm 1 1 255 0 > frame.pgm
    run --separate-stderr ir-score --overlay pictures --frames frame.pgm mask.pgm mask.pgm
    one_line_error 1 '^ir-score: mask: the frame is 1x1, the image 2x1$'
}

@test "streams of unequal length are an error" {
    two_frames
    run --separate-stderr ir-score predicted/a.pgm true/a.pgm
    [[ $status -eq 0 ]]
    cat true/*.pgm > both.pgm
    run --separate-stderr ir-score predicted/a.pgm both.pgm
    one_line_error 1 '^ir-score: .*b'
    rm predicted/b.pgm
    run --separate-stderr ir-score predicted true
    one_line_error 1 '^ir-score: b: '
    [[ -z $output ]]
}

@test "broken images are an error" {
    two_frames
    pnmtopnm true/a.pgm > whole.pgm
    head -c 40 whole.pgm > predicted/a.pgm
    run --separate-stderr ir-score predicted true
    one_line_error 1 '^ir-score: .*predicted/a.pgm'
    echo 'no image' > predicted/a.pgm
    run --separate-stderr ir-score predicted true
    one_line_error 1 '^ir-score: .*predicted/a.pgm'
    mkdir empty
    run --separate-stderr ir-score empty true
    one_line_error 1 '^ir-score: empty'
    run --separate-stderr ir-score - true < /dev/null
    one_line_error 1 '^ir-score: '
}

@test "a full disk is an error" {
    two_frames
    for option in --tsv --json --per-image --roc; do
        run --separate-stderr bash -c "ir-score $option predicted true > /dev/full"
        one_line_error 1 '^ir-score: standard output: No space left'
    done
}

@test "wrong command lines" {
    two_frames
    while read -r -a arguments; do
        run --separate-stderr ir-score "${arguments[@]}"
        usage_error '^ir-score: ' || { echo "${arguments[*]}"; return 1; }
        [[ -z $output ]]
    done <<'CASES'
predicted
predicted true true
-x predicted true
-t 1.5 predicted true
-t nan predicted true
--thresholds 5 predicted true
--roc --thresholds 0 predicted true
--per-image --roc predicted true
--tsv --json predicted true
--rce scores.tsv --roc predicted true
--resize bicubic predicted true
--overlay pictures predicted true
--frames true predicted true
--maxval 100 predicted true
--tsv=1 predicted true
CASES
}

@test "-h and -V" {
    ir-score -h | grep -q '^usage: ir-score '
    [[ $(ir-score -V) == "ir-score (irtools) 0.1.0" ]]
}
