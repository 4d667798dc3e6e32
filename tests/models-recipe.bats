#!/usr/bin/env bats
# models.mk: a model made from three data sets of a few scenes, with its card.

load helper

# play [NAME=VALUE...]: the whole recipe, as small as it gets.
play() {
    make -f "$REPO/models.mk" acm NUAA=a NUDT=b IRSTD=c MODELS=box WORK=work THREADS=2 HOLD_OUT=4 \
        KNOBS='ROUNDS=1 EPOCHS=1 BATCH=4 CROP=32 STRATEGY=none SEVERITIES=1' "$@"
}

# refused PATTERN, after "run --separate-stderr": make failed with one line of models.mk's own.
refused() {
    stderr=$(grep -v '^make.*\*\*\* \[' <<< "$stderr")
    one_line_error 2 "$1"
}

# An ACM made in box/ and work/ of scenes of three sizes, one of them larger than the crop by far; the
# last set in BasicIRSTD's layout.
setup_file() {
    load helper
    cd "$BATS_FILE_TMPDIR" || return
    scenes a -n 11 -t 3 -s 64x64 -r 1
    scenes b -n 12 -t 3 -s 64x80 -r 2
    scenes c -n 11 -t 3 -s 128x128 -r 3
    mkdir c/img_idx
    mv c/train.txt c/img_idx/train_X.txt
    sed 's/$/.png/; s/$/\r/' c/test.txt > c/img_idx/test_X.txt
    rm c/test.txt
    play > said 2>&1 || { cat said; return 1; }
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    ln -s "$BATS_FILE_TMPDIR"/{a,b,c} .
    cp -a "$BATS_FILE_TMPDIR"/{box,work} .
}

column() {
    awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i } NR > 1 { print $c }'
}

@test "the joint lists name every frame of each training list once, a part of them held out" {
    [ "$(wc -l < work/data/train.txt)" = 19 ] # 8 + 9 + 8 less one in four
    [ "$(wc -l < work/data/val.txt)" = 6 ]
    [ "$(wc -l < work/data/test.txt)" = 9 ]
    for set in nuaa:a nudt:b irstd:c; do
        (cd "${set#*:}/images" && printf '%s\n' *.pgm) | sed "s/\.pgm$//; s,^,${set%:*}/,"
    done | sort > all
    sort work/data/{train,val,test}.txt | diff all -
    cmp work/data/images/irstd/scene00001.pgm c/images/scene00001.pgm
    [ "$(wc -l < work/acm/0001/images.list)" = 19 ]
    [ -s work/acm/best.tar ]
}

@test "the model is the best round's in half precision, described, sealed and the default" {
    ir-train export -c work/acm/best.tar --half | tar xOf - meta | grep -v '^sha256 ' > expected
    tar xOf box/acm.tar meta > found
    head -n "$(wc -l < expected)" found | diff expected -
    [ "$(tail -n +"$(($(wc -l < expected) + 1))" found | cut -d ' ' -f 1 | xargs)" = \
        'name trained_on scores licence made_by sha256' ]
    export IRTOOLS_MODELS=$PWD/box
    cmp <(ir-detect a/images) <(ir-detect -c box/acm.tar a/images)
    [ "$(ir-detect --list | tail -n +2 | cut -f 1,2,3,7)" = $'acm\tacm\t397823\tdefault' ]
    [[ "$(ir-detect --list)" = *'NUAA-SIRST, NUDT-SIRST, IRSTD-1K'* ]]
}

@test "the scores are those of the model on each test list, with the jackknife's intervals" {
    [ "$(column dataset < work/acm.scores.tsv | uniq -c | awk '{ print $2, $1 }' | xargs)" = \
        'work/data/sets/nuaa 23 work/data/sets/nudt 23 work/data/sets/irstd 23' ]
    sed 's,.*,b/images/&.pgm,' b/test.txt > images
    sed 's,.*,b/masks/&.pgm,' b/test.txt > masks
    ir-detect -c box/acm.tar @images | ir-score --per-image --tsv - @masks > by-frame
    "$PYTHON" - <<'PYTHON'
import csv
rows = list(csv.DictReader(open("by-frame"), delimiter="\t"))
def iou(rows):
    return 100 * sum(int(r["intersection"]) for r in rows) / sum(int(r["union"]) for r in rows)
left = [iou(rows[:i] + rows[i + 1:]) for i in range(len(rows))]
n, mean = len(rows), sum(left) / len(left)
half = 4.303 * ((n - 1) / n * sum((x - mean) ** 2 for x in left)) ** 0.5
[row] = [r for r in csv.DictReader(open("work/acm.intervals.tsv"), delimiter="\t")
         if r["dataset"].endswith("/nudt") and r["corruption"] == "clean"]
assert n == 3
assert abs(float(row["iou"]) - iou(rows)) < 0.006, (row, iou(rows))
assert abs(float(row["iou_ci95"]) - half) < 0.02 + 0.001 * half, (row, half)
PYTHON
}

@test "the card has what it took, every score, and no path of this machine" {
    cp "$BATS_FILE_TMPDIR/box/acm.md" card
    grep -q '    make -f models.mk acm NUAA=dir NUDT=dir IRSTD=dir$' card
    grep -q '^| data | the training lists of NUAA-SIRST (8 frames), NUDT-SIRST (9 frames), IRSTD-1K (8 frames); one frame of 4 ' card
    # shellcheck disable=SC2016
    grep -q '^| recipe | `STRATEGY=none NET=acm .*CROP=32.*ROUNDS=1` |$' card
    grep -q '^| epochs | 1 in 1 rounds, the best of which is 0001 |$' card
    grep -q '^| hours | 0\.0 |$' card
    grep -Eq '^\| machine \| .+, device auto, 2 threads \|$' card
    grep -q '^| versions | irtools [0-9.]*.*libdnnl' card
    [ "$(grep -c '^| NUAA-SIRST | clean | [0-9.]* ± [0-9.]* | [0-9.]* ± [0-9.]* | [0-9.]* ± [0-9.]* |$' card)" = 1 ]
    [ "$(grep -c '^| | corrupted | [0-9.]* ± ' card)" = 3 ]
    [ "$(grep -cE '^\| [a-z-]+ \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \|$' card)" = 10 ]
    [ "$(grep -c '^- .*(IoU .*(IoU .*(IoU ' card)" = 3 ]
    grep -q '^weights MIT' card
    run ! grep -q / <(grep -v '^weights\|^| recipe\|^    make' card)
    run ! grep -qF "$BATS_FILE_TMPDIR" card
}

@test "of a run that there is: RUN=" {
    mv work/acm mine
    rm -r box work/acm.*
    make -f "$REPO/models.mk" acm RUN=mine NUAA=a NUDT=b IRSTD=c MODELS=box WORK=work THREADS=2 > said
    [ ! -e work/acm ]
    cmp box/acm.tar "$BATS_FILE_TMPDIR/box/acm.tar"
    run --separate-stderr play RUN=none
    refused '^models.mk: RUN: none is no run of hrl.mk$'
}

@test "a data set that is missing, is none, or is another than before" {
    rm -r box
    run --separate-stderr play NUDT=
    refused '^models.mk: NUDT is missing: the directory of NUDT-SIRST$'
    run --separate-stderr play IRSTD=none
    refused '^models.mk: IRSTD: no directory none$'
    mkdir bare
    run --separate-stderr play IRSTD=bare
    refused '^models.mk: IRSTD: no directory bare/images$'
    run --separate-stderr play NUDT=a
    refused '^models.mk: NUDT: work/data is of another one \(WORK= names another place\)$'
    cp -RL a listless
    rm listless/train.txt
    run --separate-stderr play NUAA=listless WORK=new
    refused '^models.mk: .*/listless: no train.txt and no img_idx/train_NAME.txt$'
    [ ! -e new/data ] && [ ! -e box/acm.tar ]
}

@test "no model of that name, no place to write to, blanks in paths" {
    run --separate-stderr make -f "$REPO/models.mk" none
    [[ $status -eq 2 && $stderr = *"No rule to make target 'none'"* ]]
    : > file
    run --separate-stderr play MODELS=file
    refused '^models.mk: file: cannot be written into \(MODELS= names another place\)$'
    run --separate-stderr play 'WORK=a b'
    [[ $status -eq 2 && $stderr = *'WORK has a blank in it: a b'* ]]
    mkdir 'x y'
    cp -RL a 'x y' # that of a data set may
    play NUAA='x y/a' WORK=new MODELS=new-box > said
    [ -s new-box/acm.md ]
}

@test "what is given is taken letter by letter" {
    local knob

    for knob in NUAA WORK MODELS RUN CACHE; do
        run --separate-stderr play "$knob=\$(shell touch pwned.$knob)"
        [ "$status" -ne 0 ] || [ "$knob" = CACHE ]
        [ ! -e "pwned.$knob" ]
    done
}

@test "make -f models.mk alone says how to use it, and its recipes train what they name" {
    make -f "$REPO/models.mk" | grep -q 'make -f models.mk alcnet NUAA=dir NUDT=dir IRSTD=dir'
    for name in acm alcnet dnanet balistd; do
        make -n -f "$REPO/models.mk" $name NUAA=a NUDT=b IRSTD=c WORK=new | grep -q "NET=$name ROUNDS="
    done
    make -n -f "$REPO/models.mk" own RECIPE_own='NET=alcnet ROUNDS=3' NUAA=a NUDT=b IRSTD=c WORK=new |
        grep -q 'RUN=.* NET=alcnet ROUNDS=3'
}

@test "again: nothing is made anew; what is missing, and nothing else, is" {
    cd "$BATS_FILE_TMPDIR" # where the run was begun; the last test of this file
    stamps() { stat -c '%n %Y %Z' box/acm.tar work/acm.scores.tsv work/acm/0001/detector.tar "$@"; }
    stamps box/acm.md > before
    play > again
    stamps box/acm.md | diff before -
    stamps > before
    rm box/acm.md
    echo 'By hand: small frames.' > box/acm.notes
    play > again
    stamps | diff before -
    grep -q '^By hand: small frames.$' box/acm.md
    # another round is another model only if it is better
    play KNOBS='ROUNDS=2 EPOCHS=1 BATCH=4 CROP=32 STRATEGY=none SEVERITIES=1' > again 2>&1
    [ -d work/acm/0002 ]
}
