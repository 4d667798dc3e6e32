#!/usr/bin/env bats
# ir-score --bootstrap and --versus: intervals over images, two predictions compared.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# image PIXELS: a mask of four pixels, the first PIXELS of which are true.
image() {
    awk -v n="$1" 'BEGIN { print "P2 4 1 255"; for (i = 0; i < 4; i++) print i < n ? 255 : 0 }'
}

# set DIR PIXELS...: an image each.
set_of() {
    local directory=$1 i=0
    shift
    mkdir -p "$directory"
    for n; do
        image "$n" > "$directory/$((100 + i)).pgm"
        i=$((i + 1))
    done
}

# field SCORE KEY FILE: from a table with a row per score.
field() {
    awk -F'\t' -v key="$2" -v score="$1" '
        NR == 1 { for (i = 1; i <= NF; i++) if ($i == key) k = i }
        $1 == score { print $k }' "$3"
}

# within FOUND LOW HIGH
within() {
    awk -v x="$1" -v low="$2" -v high="$3" 'BEGIN { exit !(x >= low && x <= high) }' ||
        { echo "$1 is not from $2 to $3"; return 1; }
}

@test "--bootstrap lists every score of --all with its value" {
    set_of true 1 2 3 4 0
    set_of predicted 1 1 4 0 2
    ir-score --bootstrap 50 --tsv predicted true > table
    [ "$(head -n 1 table)" = $'score\tvalue\tlow\thigh' ]
    ir-score --all --tsv predicted true > all
    /usr/bin/python3 - <<'PYTHON'
keys, row = (line.split("\t") for line in open("all").read().splitlines())
rows = [line.split("\t") for line in open("table").read().splitlines()[1:]]
every = dict(zip(keys, row))
assert len(rows) == 26 and rows[0][0] == "iou", len(rows)
for key, value, low, high in rows:
    assert every[key] == value, key
    assert value == "nan" or float(low) <= float(value) <= float(high), key
PYTHON
}

@test "text, --tsv and --json hold the same intervals" {
    set_of true 1 2 3 4
    set_of predicted 1 1 4 0
    for format in --bootstrap "--versus true --bootstrap"; do
        read -r -a options <<< "$format 20"
        ir-score "${options[@]}" predicted true > text
        ir-score "${options[@]}" --tsv predicted true > tsv
        ir-score "${options[@]}" --json predicted true > json
        /usr/bin/python3 - <<'PYTHON'
import json, math
lines = [line.split("\t") for line in open("tsv").read().splitlines()]
text = [line.split() for line in open("text").read().splitlines()]
scores = json.load(open("json"))
assert text[0] == lines[0] and list(scores) == [line[0] for line in lines[1:]]
for line, shown in zip(lines[1:], text[1:]):
    for key, value, rounded in zip(lines[0][1:], line[1:], shown[1:]):
        if value == "nan":
            assert rounded == "nan" and scores[line[0]][key] is None
        else:
            assert scores[line[0]][key] == float(value) and abs(float(rounded) - float(value)) < 1e-6
PYTHON
    done
}

@test "the interval of a mean is that of the binomial distribution" {
    # half of 40 images are right, half find nothing: niou is Binomial(40, 1/2) / 40
    # shellcheck disable=SC2046 # words
    set_of true $(yes 2 | head -n 40)
    # shellcheck disable=SC2046
    set_of predicted $(yes '2 0' | head -n 20)
    ir-score --bootstrap 4000 --tsv predicted true > table
    [ "$(field niou value table)" = 0.5 ]
    # its 2.5 and 97.5 % points are 14 and 26 of 40
    within "$(field niou low table)" 0.349 0.351
    within "$(field niou high table)" 0.649 0.651
}

@test "the same seed gives the same intervals, whatever the threads" {
    set_of true 1 2 3 4 1 2 3
    set_of predicted 1 1 4 0 2 2 2
    ir-score --bootstrap 200 -r 5 -j 1 --tsv predicted true > one
    ir-score --bootstrap 200 -r 5 -j 3 --tsv predicted true | cmp - one
    ir-score --bootstrap 200 -r 6 --tsv predicted true > another
    run cmp -s another one
    [ "$status" = 1 ]
    ir-score --versus true -r 5 -j 1 --tsv predicted true > one
    ir-score --versus true -r 5 -j 3 --bootstrap 1000 --tsv predicted true | cmp - one
}

@test "images that are all alike leave no doubt" {
    set_of true 2 2 2
    set_of predicted 1 1 1
    ir-score --bootstrap 30 --tsv predicted true > table
    [ "$(field iou low table) $(field iou high table)" = "0.5 0.5" ]
}

@test "an undefined score has no interval" {
    set_of true 0 0
    set_of predicted 1 0
    ir-score --bootstrap 30 --tsv predicted true > table
    [ "$(field recall value table) $(field recall low table)" = "nan nan" ]
    # precision is 0 where the first image was drawn, and undefined elsewhere
    [ "$(field precision low table) $(field precision high table)" = "0 0" ]
    ir-score --bootstrap 30 --json predicted true |
        /usr/bin/python3 -c 'import json, sys; assert json.load(sys.stdin)["recall"]["low"] is None'
}

@test "--versus: the difference, its interval and how often its sign flips" {
    # image by image the IoU differs by 1 and by -1/2: two draws of the second, one in four, flip it
    set_of true 2 2
    set_of predicted 2 0
    set_of other 0 1
    ir-score --versus other --bootstrap 4000 --tsv predicted true > table
    [ "$(head -n 1 table)" = $'score\tvalue\tother\tdifference\tlow\thigh\tflips' ]
    [ "$(field niou value table) $(field niou other table)" = "0.5 0.25" ]
    [ "$(field niou difference table)" = 0.25 ]
    [ "$(field niou low table) $(field niou high table)" = "-0.5 1" ]
    within "$(field niou flips table)" 0.22 0.28
    ir-score --versus predicted --bootstrap 4000 --tsv other true > turned
    [ "$(field niou difference turned) $(field niou low turned)" = "-0.25 -1" ]
    [ "$(field niou flips turned)" = "$(field niou flips table)" ]
}

@test "--versus: no difference counts as a flip" {
    set_of true 2 2
    set_of predicted 2 1
    set_of other 1 1
    ir-score --versus other --bootstrap 4000 --tsv predicted true > table
    [ "$(field niou difference table)" = 0.25 ]
    within "$(field niou flips table)" 0.22 0.28
}

@test "--versus: better on every image never flips, the same never differs" {
    set_of true 3 4 3
    set_of predicted 3 3 2
    set_of other 1 2 1
    ir-score --versus other --tsv predicted true > table
    [ "$(field iou flips table)" = 0 ]
    within "$(field iou low table)" 0.2 1
    ir-score --versus predicted --tsv predicted true > table
    [ "$(field iou difference table) $(field iou low table) $(field iou flips table)" = "0 0 nan" ]
}

@test "--versus is matched by name and must fit" {
    set_of true 3 4 3
    set_of predicted 3 3 2
    set_of other 1 2 1
    pgm 2 1 255 0 0 > other/101.pgm
    run --separate-stderr ir-score --versus other predicted true
    one_line_error 1 '^ir-score: 101: the other prediction is 2x1, the image 4x1$'
    [[ -z $output ]]
    rm other/101.pgm
    run --separate-stderr ir-score --versus other predicted true
    one_line_error 1 '^ir-score: 101: in predicted, but not in other$'
}

@test "wrong command lines of the bootstrap" {
    set_of true 1
    while read -r -a arguments; do
        run --separate-stderr ir-score "${arguments[@]}" true true
        usage_error '^ir-score: ' || { echo "${arguments[*]}"; return 1; }
    done <<'CASES'
--bootstrap 0
--bootstrap many
--bootstrap 10 --per-image
--bootstrap 10 --roc
--bootstrap 10 --rce scores.tsv
--versus true --pr
--versus true --overlay pictures --frames true
-r 1
-j 0 --bootstrap 10
CASES
}
