#!/usr/bin/env bats
# Runs, data and values that mean harm, or look as if they did: what comes from elsewhere is data to
# hrl.mk, never a program, and nothing is written through it. With stand-ins for the programs.

# the texts are not to be expanded
# shellcheck disable=SC2016,SC2030,SC2031

load helper
load hrl

setup() {
    play_in_tmp
}

# Each would make the file pwned if a shell or make took it for its own text; the first in many ways.
texts=(
    '$(touch pwned)`touch pwned`;touch pwned;$(shell touch pwned)";touch pwned;"'\'';touch pwned;'\'
    '$(touch pwned)'
    'a`touch pwned`'
    $'a;touch pwned|touch pwned&touch pwned\ntouch pwned\n'
    "a';touch pwned;'\";touch pwned;\""
    '$(shell touch pwned)${shell touch pwned}'
    'a%b#c\d(e)*?[f]{g,h}<i>!~=:'
)

# harmless KNOB, after a call: nothing was run, and make ended with one line or well.
harmless() {
    [ ! -e pwned ] || { echo "$1: '$text' was run"; return 1; }
    # shellcheck disable=SC2154 # of run
    [ "$status" = 0 ] || [ "$(grep -vc '^make: \*\*\*' <<< "$stderr")" = 1 ] ||
        { echo "$1: $stderr"; return 1; }
}

shape='DATA INIT VAL STRATEGY NET LAMBDA BATCH EPOCHS SEED SEVERITIES HOLD CROP LR LR_STEPS LR_SCHEDULE EMA NORMALISE LOSS REWARD POLICY_LR
    ENTROPY MAXVAL RESIZE_MASKS INIT_OPTIONS TRAIN_OPTIONS POLICY_OPTIONS ROUNDS'

@test "a value on the command line is never run, whatever it holds" {
    for text in "${texts[@]}"; do
        for knob in RUN DATA SEVERITIES TRAIN_OPTIONS; do
            run --separate-stderr hrl show "$knob=$text"
            harmless "$knob"
            refused "$knob "
        done
    done
    text=${texts[0]}
    for knob in $shape KEEP DEVICE THREADS MPIRUN CACHE METHOD TEST METRIC; do
        run --separate-stderr hrl show "$knob=$text"
        harmless "$knob"
        refused "$knob "
    done
    [ ! -e run ]
}

@test "nor is a value that names a file, which may hold nearly anything" {
    hrl DATA=data ROUNDS=1 > /dev/null
    hrl robustness > /dev/null
    for text in "${texts[@]}"; do
        for knob in CHECKPOINT TABLE REPORT RUNS; do
            run --separate-stderr hrl "$([ $knob = RUNS ] && echo compare || echo show)" "$knob=$text"
            harmless "$knob"
        done
        [[ $text != *$'\n'* ]] || continue
        cp run/robustness.tsv "$text"
        [ "$(hrl show TABLE="$text")" = "$(hrl show)" ]
        [ ! -e pwned ]
    done
    hrl robustness TABLE='$(touch pwned)`touch pwned`;&.tsv' > /dev/null
    cmp run/robustness.tsv '$(touch pwned)`touch pwned`;&.tsv'
    [ ! -e pwned ]
}

@test "nor is one in the environment" {
    for text in "${texts[@]}"; do
        for knob in RUN TRAIN_OPTIONS; do
            run --separate-stderr env "$knob=$text" make -f share/hrl.mk show
            harmless "$knob"
            refused "$knob "
        done
    done
}

@test "a recorded value is never run, under any goal" {
    mkdir -p run/0000
    record() {
        printf '%s %s\n' "$knob" "${text%%$'\n'*}" > run/knobs
        run --separate-stderr hrl show
        harmless "$knob"
        refused "run/knobs: $knob "
    }
    text=${texts[0]}
    for knob in $shape; do record; done
    for text in "${texts[@]}"; do
        for knob in DATA SEVERITIES TRAIN_OPTIONS; do record; done
    done
    text='$(touch pwned)'
    printf 'ROUNDS 1; touch pwned\nSEVERITIES %s\nRESIZE_MASKS %s\n' "$text" "$text" > run/knobs
    for goal in train robustness show compare report watch data help run/0001; do
        run --separate-stderr hrl $goal RUNS='run run'
        harmless "$goal"
    done
}

@test "recorded knobs: other line ends are read, a knob that comes twice is refused" {
    hrl DATA=data ROUNDS=1 EPOCHS=2 BATCH=3
    cp run/knobs whole
    sed -i 's/$/\r/' run/knobs
    truncate -s -2 run/knobs
    echo 'OTHER $(touch pwned)' >> whole
    hrl ROUNDS=2
    cp whole run/knobs
    hrl ROUNDS=3
    [ "$(wc -l < run/0003/images.list)" = 12 ]
    [ ! -e pwned ]
    echo EPOCHS 3 >> run/knobs
    run --separate-stderr hrl ROUNDS=4
    refused 'run/knobs: EPOCHS comes twice'
}

@test "options name no file, and are options" {
    for options in '--log mine' '--log=mine' --lo --write '--w x' '--checkpoint y' '-w mine' \
            '--lr 1 -w mine' '--lr 1 -- x' 'mine' '--lr /mine' '--lr @mine' '--rewards -' '--output x'; do
        for knob in INIT_OPTIONS TRAIN_OPTIONS POLICY_OPTIONS; do
            run --separate-stderr hrl DATA=data "$knob=$options"
            refused "$knob "
        done
    done
    [ ! -e run ]
    hrl DATA=data ROUNDS=1 TRAIN_OPTIONS='--bn-momentum 0.5 --shift -1.5e-3'
    grep -q '^ir-train -c .* --bn-momentum 0.5 --shift -1.5e-3 ' fake/arguments
}

@test "MPIRUN is words of a command, of which no shell makes anything else" {
    # shellcheck disable=SC2088 # no shell is to make a home of it
    for text in 'mpirun $(touch pwned)' 'mpirun; touch pwned' 'mpirun > pwned' '-n 2' 'a=`b`' 'm*' '~/mpirun'; do
        run --separate-stderr hrl DATA=data MPIRUN="$text"
        harmless MPIRUN
        refused 'MPIRUN '
    done
    [ ! -e run ]
}

# spoiled: a run of two rounds with all that a run can have; mine is what must stay as it is.
spoiled() {
    printf '%s\n' train2 > held
    printf '%s\n' 0.25 0.5 0.5 0.5 > fake/ious
    rm -rf run mine elsewhere
    hrl DATA=data ROUNDS=2 VAL=held > /dev/null 2>&1
    rm fake/ious
    hrl robustness > /dev/null
    mkdir run/scored elsewhere
    echo mine > mine
    echo mine > elsewhere/detector.tar
}

# untouched: so it has
untouched() {
    [ "$(cat mine elsewhere/*)" = $'mine\nmine' ] && [ "$(ls elsewhere)" = detector.tar ]
}

@test "a link, a FIFO or a device in a run is refused, whatever it stands for" {
    spoiled
    cp -R run whole
    for file in knobs log.tsv policy.tsv best.tar best.tsv robustness.tsv report.html .lock .log.lock \
            .robustness.lock .scored.lock 0000 0000/train.txt 0000/val.txt 0001 0002/detector.tar 0002/log \
            0002/strategies 0003 scored scored/stamp scored/images.tsv; do
        for target in mine elsewhere gone fifo; do
            rm -rf "run/$file"
            if [ $target = fifo ]; then mkfifo "run/$file"; else ln -s "$PWD/$target" "run/$file"; fi
            # every kind for some, a link for each
            run --separate-stderr timeout 60 make -f share/hrl.mk ROUNDS=3 KEEP=1
            refused "run/$file: neither a file nor a directory"
            rm -rf "run/$file"
            cp -R "whole/$file" "run/$file" 2> /dev/null || true
            [[ $file = log.tsv || $file = 0001 || $file = .lock ]] || break
        done
        untouched
        [ ! -e gone ]
    done
    ln -s "$PWD/mine" run/report.html
    for goal in train robustness show report watch data run/0003; do
        run --separate-stderr timeout 20 make -f share/hrl.mk $goal
        refused 'run/report.html: neither a file nor a directory'
    done
    untouched
}

@test "a link where hrl.mk makes a file before it has its name is replaced, not followed" {
    spoiled
    for file in .0003.tmp .scored.tmp .robustness.tsv.tmp knobs.tmp log.tsv.tmp policy.tsv.tmp best.tar.tmp \
            .best.tar.tmp best.tsv.tmp; do
        rm -rf "run/$file"
        ln -s "$PWD/mine" "run/$file"
    done
    ln -s "$PWD/elsewhere" run/.0004.tmp
    printf '%s\n' 0.75 0.875 > fake/ious
    hrl ROUNDS=4 > /dev/null 2>&1
    rm fake/ious
    [ "$(cat run/best.tsv)" = $'0004\t0.875' ]
    cmp run/best.tar run/0004/detector.tar
    hrl robustness > /dev/null
    untouched
    rm -rf run
    mkdir run
    ln -s "$PWD/mine" run/knobs.tmp
    hrl DATA=data ROUNDS=0
    untouched
    grep -qx "DATA $PWD/data" run/knobs
}

@test "compare waits for no FIFO in a run" {
    mkdir a b
    printf 'corruption\tseverity\tiou\nclean\t-\t60.00\n' > a/robustness.tsv
    mkfifo b/robustness.tsv
    run --separate-stderr timeout 20 make -f share/hrl.mk compare RUNS='a b'
    refused '^hrl.mk: b/robustness.tsv: not a plain file$'
}

@test "a round of others' without a strategy, and a score that is none, make no row of nonsense" {
    hrl DATA=data ROUNDS=2 > /dev/null
    : > run/0001/strategies
    printf 'iou\n1\\n9\\tx\n' > run/0002/val.tsv
    rm run/log.tsv run/policy.tsv
    hrl ROUNDS=2 > said 2>&1
    cat said
    [ ! -s said ]
    [ "$(awk -F '\t' '{ print NF }' run/log.tsv | sort -u)" = 9 ]
    [ "$(cut -f 1,5,6 run/log.tsv | sed -n 2p)" = $'1\t-\t-' ]
    [ "$(cut -f 1,5 run/log.tsv | sed -n 3p)" = $'2\t-' ]
    [ ! -e run/best.tsv ]
}

@test "what a terminal would obey is shown as question marks" {
    mkdir a
    printf 'corruption\tseverity\tiou\nfog\033]0;x\a\t-\t60.00\n' > a/robustness.tsv
    [ "$(hrl show RUN=a | tail -n 1)" = $'fog?]0;x?\t-\t60.00' ]
    [ "$(hrl compare RUNS='a a' | tail -n 1)" = $'fog?]0;x?\t-\t60.00\t60.00\t+0.00\t-' ]
    run --separate-stderr hrl show $'TABLE=x\033[2J'
    refused 'TABLE has a control character in it: x\?\[2J'
    mkdir some
    cp "$BATS_TEST_DIRNAME"/fake/* some
    printf '#!/bin/sh\nprintf "ir-policy: \\033[2J\\n" >&2\nexit 1\n' > some/ir-policy
    PATH=$PWD/some:/usr/bin:/bin
    run --separate-stderr hrl DATA=data ROUNDS=1
    refused '^hrl.mk: run/0000: ir-policy: \?\[2J$'
}

@test "a run whose name has a comma in it keeps its knobs" {
    hrl DATA=data RUN=a,b ROUNDS=1 EPOCHS=2 SEVERITIES='2 3 4'
    hrl RUN=a,b ROUNDS=2
    [ "$(wc -l < a,b/0002/images.list)" = 12 ]
    [ "$(echo "a,b"/*.tsv)" = 'a,b/log.tsv a,b/policy.tsv' ]
    grep -q $'\tcontrast\t4\t' a,b/policy.tsv
}

# ---- torn and killed -----------------------------------------------------------------------------

@test "tables that were torn are made whole" {
    hrl DATA=data ROUNDS=3 > /dev/null
    cp -R run whole
    # torn COMMAND: what a table is like after it is mended all the same
    torn() {
        rm -rf run
        cp -R whole run
        eval "$1"
        hrl ROUNDS=3
        cmp run/log.tsv whole/log.tsv
        cmp run/policy.tsv whole/policy.tsv
        [ -z "$(find run -name '*.tsv.tmp')" ]
    }
    for bytes in 1 5 30; do
        torn "truncate -s -$bytes run/log.tsv run/policy.tsv"
    done
    torn 'truncate -s 10 run/log.tsv'
    torn 'truncate -s -300 run/policy.tsv; sed -i 2d run/log.tsv'
    torn 'truncate -s -300 run/policy.tsv'
    torn ': > run/log.tsv; : > run/policy.tsv'
    torn 'echo >> run/log.tsv; echo >> run/policy.tsv'
    torn 'printf "4\t18" >> run/log.tsv'
    torn 'rm run/policy.tsv'
    # rows of rounds that were deleted are kept
    rm -r run/0001
    truncate -s -5 run/log.tsv
    hrl ROUNDS=3
    cmp run/log.tsv whole/log.tsv
    touch -d '2001-01-01' run/log.tsv run/policy.tsv
    hrl ROUNDS=3
    [ -z "$(find run -maxdepth 1 -name '*.tsv' -newermt 2002-01-01)" ]
}

@test "a recipe's shell that is killed before it listens to its processes leaves none, and no lock" {
    mkdir run
    # killed after each of the commands by which it sets up the ring
    for command in 'group=$!' 'set +m' 'trap end_group EXIT' "trap 'exit 1' HUP INT TERM"; do
        run bash -c '
            set -euo pipefail
            . share/hrl/run.sh
            tmp=run target=run/0001
            take_lock run/.lock
            ring() { member true; }
            exec > /dev/null 2>&1 # bats waits for all that hold its pipe
            at=$1
            trap '\''[ "$BASH_COMMAND" != "$at" ] || kill -KILL $BASHPID'\'' DEBUG
            set -T
            together ring' killed "$command"
        [ "$status" = 137 ]
        flock -w 10 run/.lock true
    done
}
