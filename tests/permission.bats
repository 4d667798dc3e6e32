#!/usr/bin/env bats
# Files that may not be read and directories that may not be written into: each program says so in
# one line and exits 1.

load helper

setup_file() {
    load helper
    cd "$BATS_FILE_TMPDIR" || return
    scenes s -n 2 -t 1 -s 64x64 -r 1
    ir-train init --net acm --mean 0.4 --std 0.1 -w detector.tar
    ir-policy init -w policy.tar
    ir-policy sample -c policy.tar s/images > strategies
    awk -F '\t' '{ print $1 "\t0.5" }' strategies > rewards
    ir-score --tsv s/masks s/masks > scores.tsv
    cp -R s/images corrupted
    ls s/images/*.pgm > list
    mkdir locked
    cp detector.tar locked/old.tar
}

setup() {
    cd "$BATS_FILE_TMPDIR" || return
    need_humble
    locked=$(ls -l locked)
    t=$BATS_TEST_TMPDIR
}

teardown() {
    chmod -R u+rwX .
}

# unreadable FILE COMMAND...: without the right to read FILE the command fails with its name.
unreadable() {
    chmod 000 "$1"
    run --separate-stderr humbly "${@:2}"
    chmod u+rwX "$1"
    one_line_error 1 "^$2: $1: Permission denied$"
}

# unwritable FILE COMMAND...: the command fails with the name of FILE, in a directory without the
# right to write, and leaves that directory as it was.
unwritable() {
    chmod a-w locked
    run --separate-stderr humbly "${@:2}"
    chmod u+w locked
    one_line_error 1 "^$2: $1: Permission denied$"
    [ "$(ls -l locked)" = "$locked" ]
    cmp detector.tar locked/old.tar
}

@test "ir-corrupt" {
    frame=$(head -n 1 list)
    unreadable "$frame" ir-corrupt -n jpeg -s 1 "$frame"
    unreadable s/images ir-corrupt -n jpeg -s 1 s/images
    unreadable list ir-corrupt -n jpeg -s 1 @list
    unreadable "$frame" ir-corrupt -n jpeg -s 1 @list
    unreadable strategies ir-corrupt -S strategies s/images
    unwritable 'locked/[^:]*' ir-corrupt -n jpeg -s 1 -o locked s/images
    unwritable locked/new ir-corrupt -n jpeg -s 1 -o locked/new s/images
}

@test "ir-policy" {
    frame=$(head -n 1 list)
    unreadable policy.tar ir-policy sample -c policy.tar s/images
    unreadable "$frame" ir-policy sample -c policy.tar s/images
    unreadable "$frame" ir-policy stats -c policy.tar s/images
    for file in policy.tar strategies rewards "$frame"; do
        unreadable "$file" ir-policy update -c policy.tar -S strategies -R rewards -w "$t/new" s/images
    done
    unreadable rewards ir-policy play -c policy.tar -R rewards -w "$t/new" s/images
    [ ! -e "$t/new" ]
    unwritable locked/new.tar ir-policy init -w locked/new.tar
    unwritable locked/old.tar ir-policy update -c policy.tar -S strategies -R rewards \
        -w locked/old.tar s/images
}

@test "ir-train" {
    train=(ir-train -q -j 1 -c detector.tar --crop 32)
    unreadable "$(head -n 1 list)" ir-train init --net acm s/images
    for file in detector.tar "$(head -n 1 list)" s/masks corrupted; do
        unreadable "$file" "${train[@]}" -w "$t/new" --corrupted corrupted s/images s/masks
    done
    [ ! -e "$t/new" ]
    unwritable locked/new.tar "${train[@]}" -w locked/new.tar s/images s/masks
    unwritable locked/old.tar "${train[@]}" -w locked/old.tar s/images s/masks
    unwritable locked/rewards "${train[@]}" -w "$t/new" -R locked/rewards --corrupted corrupted \
        s/images s/masks
    unwritable locked/log "${train[@]}" -w "$t/new" --log locked/log s/images s/masks
    [ ! -e "$t/new" ]
}

@test "ir-detect" {
    frame=$(head -n 1 list)
    unreadable detector.tar ir-detect -c detector.tar s/images
    for detector in '-c detector.tar' '-m top-hat'; do
        # shellcheck disable=SC2086 # two words
        for file in "$frame" s/images; do
            unreadable "$file" ir-detect $detector s/images
        done
        # shellcheck disable=SC2086
        unwritable 'locked/[^:]*' ir-detect $detector -o locked s/images
        # shellcheck disable=SC2086
        unwritable 'locked/[^:]*' ir-detect $detector --targets -o locked s/images
    done
}

@test "ir-score" {
    for file in corrupted s/masks s/images; do
        unreadable "$file" ir-score --overlay "$t/overlay" --frames s/images corrupted s/masks
    done
    unreadable scores.tsv ir-score --rce scores.tsv s/masks s/masks
    unwritable 'locked/[^:]*' ir-score --overlay locked --frames s/images s/masks s/masks
    unwritable locked/new ir-score --overlay locked/new --frames s/images s/masks s/masks
}

@test "hrl.mk" {
    # denied MODE FILE [KNOB...]: a run with FILE in that MODE; make's own word is left out
    denied() {
        chmod "$1" "$2"
        run --separate-stderr humbly make -f "$REPO/hrl.mk" DATA=s CACHE="$t/cache" RUN="$t/run" \
            ROUNDS=0 "${@:3}"
        chmod u+rwX "$2"
        stderr=$(grep -v '^make: \*\*\*' <<< "$stderr")
    }
    denied 000 s/train.txt
    one_line_error 2 '^hrl.mk: .*/s/train.txt: cannot be read$'
    frame=s/images/$(head -n 1 s/train.txt).pgm
    denied 000 "$frame"
    one_line_error 2 "^hrl.mk: .*/run/0000: $(head -n 1 s/train.txt): .*/$frame cannot be read$"
    denied 000 detector.tar INIT=detector.tar
    one_line_error 2 "^hrl.mk: .*detector.tar.*Permission denied"
    for run in locked locked/run; do
        denied a-w locked RUN=$run
        one_line_error 2 "^hrl.mk: $run: cannot be written into$"
    done
    [ ! -e "$t/run/0000" ]
}
