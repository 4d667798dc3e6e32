#!/usr/bin/env bats
# The README's recipes, one after the other, as they are printed there: on a few small scenes, and
# with training cut short through knobs in the environment.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    export ROUNDS=1 EPOCHS=1 CROP=32 BATCH=4
    cp -R "$REPO/hrl.mk" "$REPO/hrl" .
    scenes sirst -n 12 -t 4 -s 64x64 -r 5
    scenes deep -n 2 -t 1 -s 64x64 -b 14 -r 6
    mv deep/images frames14
    ir-corrupt -n none --png -o png sirst/images
    ir-corrupt -n none -o frames png
    cp -R sirst/masks truth
    ir-detect -m top-hat -o other sirst/images
    ir-detect -m top-hat --soft -o other-maps sirst/images
    ir-train init --net acm sirst/images > acm.tar
}

# blocks LANGUAGE: the README's blocks of that language, as block1, block2, ...
blocks() {
    awk -v fence="\`\`\`$1" '
        $0 == fence { inside = 1; n++; next }
        /^```/ { inside = 0 }
        inside { print > ("block" n) }' "$REPO/README.md"
}

@test "the README's shell commands run" {
    blocks sh
    [ -s block12 ]
    for ((i = 1; ; i++)); do
        [ -e block$i ] || break
        if grep -q '^parallel' block$i && ! command -v parallel > /dev/null; then
            continue
        fi
        bash -euo pipefail "block$i" > out 2> err || { cat "block$i" out err; return 1; }
    done
    # and made what they say
    [ "$(find masks -name '*.png' | wc -l)" = 12 ]
    [ "$(find masks14 -name '*.pgm' | wc -l)" = 2 ]
    [ "$(find features -name '*.pgm' | wc -l)" = 12 ]
    [ "$(find pictures -name '*.ppm' | wc -l)" = 12 ]
    [ "$(wc -l < strategies)" = 12 ]
    grep -q '^mean-of-ten' top-hat.tsv
    grep -q '^mean-of-ten' runs/hrl/robustness.tsv
}

@test "the README's Python reads a checkpoint" {
    blocks python
    echo 'count = sum(a.size for n, a in arrays.items() if n.startswith("param/"))' >> block1
    echo 'assert count == 397823' >> block1
    /usr/bin/python3 block1
}

@test "README, hrl.mk(7) and hrl.mk help name the same knobs" {
    knobs() { grep -o '\b[A-Z_]\{3,\}' | sort -u; }
    make -f hrl.mk help | grep -o '\b[A-Z_]\{3,\}=' | knobs > printed
    [ "$(wc -l < printed)" -gt 25 ]
    sed -n '/^| knob/,/^$/s/^| \([^|]*\)|.*/\1/p' "$REPO/README.md" | knobs > readme
    sed -n '/^\.Sh KNOBS/,/^\.Sh EXIT/s/^\.It Ar //p' "$REPO/man/hrl.mk.7" | knobs > page
    diff readme page
    diff printed page
}

@test "HACKING.md names files and functions that there are" {
    local name

    # shellcheck disable=SC2016 # backticks of Markdown
    grep -oE '`[a-zA-Z0-9_/.-]+\.(c|h|def|py|bats|mk)`' "$REPO/HACKING.md" | tr -d '`' | grep -v NAME | sort -u > files
    [ "$(wc -l < files)" -gt 20 ]
    while read -r name; do
        [ -n "$(find "$REPO"/{common,hrl,hrl.mk,tests,ir-*} -path "*/$name" -o -path "*/common/$name" | head -n 1)" ] ||
            { echo "no file $name"; return 1; }
    done < files
    grep -oE '\bir_[a-z_0-9]+\(' "$REPO/HACKING.md" | tr -d '(' | grep -vx 'ir_' | sort -u > functions
    [ "$(wc -l < functions)" -gt 4 ]
    while read -r name; do
        grep -rqw "$name" "$REPO"/{common,ir-*} || { echo "no function $name"; return 1; }
    done < functions
}
