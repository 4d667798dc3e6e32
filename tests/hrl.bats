#!/usr/bin/env bats
# hrl.mk's own logic, with stand-ins for the programs (tests/fake): rounds, resuming, pruning,
# knobs, the ring's deaths, conversion, tables. tests/hrl-real.bats plays the game with the real
# ones.

# DETECT is a recipe's text, which the recipe's shell expands
# shellcheck disable=SC2016,SC2030,SC2031

load helper
load hrl

setup() {
    play_in_tmp
    mkfifo fake/reached fake/never
    exec {never}<> fake/never
}

# checkpoints RUN: their checksums, to compare runs by.
checkpoints() {
    (cd "$1" && cksum [0-9]*/{detector.tar,policy.tar,images.list,masks.list,strategies,rewards})
}

# none_left: of the processes that the stand-ins know of, none is alive.
none_left() {
    local pid

    while read -r _ pid; do
        case $(ps -o stat= -p "$pid") in
        '' | Z*) ;;
        *) ps -f -p "$pid"; return 1 ;;
        esac
    done < fake/pids
}

# stopped_at PROGRAM ITEM [KNOB...]: a run in a session of its own, held where PROGRAM reaches its
# ITEM-th frame. Sets $make.
stopped_at() {
    echo "$1 $2" > fake/gate
    : > fake/pids
    setsid env --default-signal=HUP,INT,TERM make -f share/hrl.mk "${@:3}" 3>&- {never}>&- \
        > out 2> err &
    make=$!
    read -r _ < fake/reached
    rm fake/gate
}

# ended SIGNAL PID...: the time from the signal to make's end is under a second, make failed and
# left no process and no half round.
ended() {
    local began=${EPOCHREALTIME/./}

    kill -s "$1" -- "${@:2}"
    wait "$make" && status=0 || status=$? # not by "run": its subshell is not make's parent
    [ "$status" != 0 ]
    [ $((${EPOCHREALTIME/./} - began)) -lt 1000000 ]
    none_left
}

@test "a round holds checkpoints, lists, strategies, rewards and a log" {
    hrl DATA=data ROUNDS=2 BATCH=4 EPOCHS=2
    [ "$(ls run)" = $'0000\n0001\n0002\nknobs\nlog.tsv\npolicy.tsv' ]
    for round in 0001 0002; do
        (cd run/$round && [ "$(echo *)" = \
            'detector.tar images.list log masks.list policy.tar rewards strategies' ])
        cmp <(sed 's,/images/,/masks/,' run/$round/images.list) run/$round/masks.list
        sed 's,.*/,,; s,\.pgm$,,' run/$round/images.list > names
        cmp names <(cut -f 1 run/$round/strategies)
        cmp names <(cut -f 1 run/$round/rewards)
        # each epoch is the whole list, and no order comes twice
        cmp <(head -n 6 names | sort) data/train.txt
        cmp <(tail -n 6 names | sort) data/train.txt
    done
    for round in 0001 0002; do
        split -l 6 --filter='paste -s' run/$round/images.list
    done | sort -u > orders
    [ "$(wc -l < orders)" = 4 ]
}

@test "a finished run is left alone, and ROUNDS makes it go on" {
    hrl DATA=data ROUNDS=2
    : > fake/pids
    hrl DATA=data ROUNDS=2
    [ ! -s fake/pids ]
    hrl RUN=run ROUNDS=4
    hrl DATA=data ROUNDS=4 RUN=whole
    diff <(checkpoints run) <(checkpoints whole)
}

@test "the seed makes the run: same seed same run, other seed other lists" {
    hrl DATA=data ROUNDS=1 RUN=a
    hrl DATA=data ROUNDS=1 RUN=b
    hrl DATA=data ROUNDS=1 RUN=c SEED=2
    diff <(checkpoints a) <(checkpoints b)
    run ! cmp a/0001/images.list c/0001/images.list
}

@test "a run killed in the middle of a round ends like one that was not" {
    hrl DATA=data ROUNDS=3 RUN=whole
    for program in ir-policy ir-corrupt ir-train; do
        rm -rf run
        hrl DATA=data ROUNDS=1
        stopped_at $program 9 DATA=data ROUNDS=3
        kill -KILL -- -"$make"
        wait "$make" && status=0 || status=$?
        flock -w 5 run/.lock true # the ring ends by itself
        none_left
        [ ! -e run/0002 ]
        hrl DATA=data ROUNDS=3
        diff <(checkpoints run) <(checkpoints whole)
    done
}

@test "make alone killed: the ring does not outlive it" {
    for program in ir-policy ir-corrupt ir-train; do
        rm -rf run
        stopped_at $program 4 DATA=data ROUNDS=2
        kill -KILL "$make"
        wait "$make" && status=0 || status=$?
        flock -w 5 run/.lock true
        none_left
        [ "$(ls run)" = $'0000\nknobs' ]
    done
}

@test "SIGTERM to make ends the round, and nothing is left running" {
    stopped_at ir-train 4 DATA=data ROUNDS=2
    ended TERM "$make"
    [ "$(ls run)" = $'0000\nknobs' ]
}

@test "SIGINT from the terminal ends the round, and nothing is left running" {
    stopped_at ir-policy 4 DATA=data ROUNDS=2
    ended INT -"$make"
    [ "$(ls run)" = $'0000\nknobs' ]
}

@test "SIGHUP ends the round, and nothing is left running" {
    stopped_at ir-corrupt 4 DATA=data ROUNDS=2
    ended HUP -"$make"
    [ "$(ls run)" = $'0000\nknobs' ]
}

@test "one of the ring killed: within a second the round ends with one line" {
    for gate in ir-policy ir-corrupt ir-train; do
        for victim in ir-policy ir-corrupt ir-train tee; do
            rm -rf run
            stopped_at $gate 4 DATA=data ROUNDS=2 BATCH=2
            ended KILL "$(awk -v p=$victim '$1 == p { pid = $2 } END { print pid }' fake/pids)"
            stderr=$(grep -v '^make: ' err)
            [ "$stderr" = "hrl.mk: run/0001: $victim was killed by SIGKILL" ]
            [ "$(ls run)" = $'0000\nknobs' ]
        done
    done
}

@test "STRATEGY=none: ir-train killed, one line" {
    stopped_at ir-train 4 DATA=data STRATEGY=none
    ended TERM "$(awk '$1 == "ir-train" { pid = $2 } END { print pid }' fake/pids)"
    [ "$(grep -v '^make: ' err)" = "hrl.mk: run/0001: ir-train was killed by SIGTERM" ]
}

@test "one of the ring missing: one line, and no orphan" {
    hrl DATA=data ROUNDS=1
    cp -R "$BATS_TEST_DIRNAME/fake" some
    PATH=$PWD/some:/usr/bin:/bin
    for program in ir-policy ir-corrupt ir-train; do
        mv some/$program hidden
        run --separate-stderr hrl ROUNDS=2
        refused "^hrl.mk: run/0002: $program: not found in PATH$"
        mv hidden some/$program
        none_left
        [ ! -e run/0002 ]
    done
    hrl ROUNDS=2
}

# launcher: a stand-in for mpirun in PATH, which starts one process and notes what it was asked for.
launcher() {
    mkdir -p launch
    cat > launch/mpirun <<- 'BASH'
		#!/bin/bash
		echo "$*" >> "$IR_FAKE/launched"
		while [[ $1 = -* ]]; do shift 2; done
		"$@"
		status=$?
		[ "$status" = 0 ] || printf '%s\n' ------- 'mpirun has much to say' ------- >&2
		exit "$status"
	BASH
    chmod +x launch/mpirun
    PATH=$BATS_TEST_DIRNAME/fake:$PWD/launch:/usr/bin:/bin
}

@test "MPIRUN stands before ir-train in a round and before nothing else, and is no part of the run" {
    launcher
    for strategy in hrl none; do
        rm -rf run fake/launched fake/arguments
        hrl DATA=data ROUNDS=1 STRATEGY=$strategy MPIRUN='  mpirun  --hostfile /a/hosts -n 3 '
        [ "$(wc -l < fake/launched)" = 1 ]
        grep -q '^--hostfile /a/hosts -n 3 ir-train -c run/0000/detector.tar ' fake/launched
        # each process takes the processors that it is bound to, unless told otherwise
        run ! grep -e ' -j ' fake/launched
        run ! grep MPIRUN run/knobs
        hrl ROUNDS=2
        [ "$(wc -l < fake/launched)" = 1 ]
    done
    hrl ROUNDS=3 MPIRUN='mpirun -n 3' THREADS=2
    grep -q '^-n 3 .* -j 2 ' fake/launched
}

@test "MPIRUN: one line when ir-train fails, whatever the launcher has to say, or when there is no launcher" {
    launcher
    hrl DATA=data ROUNDS=1
    run --separate-stderr hrl ROUNDS=2 MPIRUN='nowhere -n 2'
    refused 'MPIRUN: nowhere: not found in PATH'
    cp -R "$BATS_TEST_DIRNAME/fake" some
    printf '%s\n' '#!/bin/bash' 'echo ir-train: no luck >&2' 'exit 1' > some/ir-train
    PATH=$PWD/some:$PWD/launch:/usr/bin:/bin
    run --separate-stderr hrl ROUNDS=2 MPIRUN='mpirun -n 2'
    refused '^hrl.mk: run/0002: ir-train: no luck$'
    [ ! -e run/0002 ]
}

@test "one of the ring failing: its own line, and no complaint of its neighbours" {
    hrl DATA=data ROUNDS=1
    cp -R "$BATS_TEST_DIRNAME/fake" some
    PATH=$PWD/some:/usr/bin:/bin
    for program in ir-policy ir-corrupt ir-train; do
        mv some/$program hidden
        printf '#!/bin/sh\necho "%s: train3: bad" >&2\nexit 1\n' $program > some/$program
        chmod +x some/$program
        run --separate-stderr hrl ROUNDS=2
        refused "^hrl.mk: run/0002: $program: train3: bad$"
        mv hidden some/$program
        none_left
    done
}

@test "a member that failed keeps its pipe open, so that its reader has nothing to complain of" {
    # shellcheck disable=SC2034 # member writes there
    tmp=$PWD
    # shellcheck source=hrl/ring.sh
    . share/hrl/ring.sh
    exec {pipe}< <(member sh -c 'exit 3' 3>&- 9> ends)
    read -r -t 0.5 -u "$pipe" && status=0 || status=$?
    kill $!
    [ "$status" -gt 128 ] # not the end of the file
    [ "$(cat ends)" = '3 sh' ]
}

@test "two makes on one run: the second is refused" {
    stopped_at ir-train 4 DATA=data ROUNDS=1
    run --separate-stderr hrl DATA=data ROUNDS=1
    kill -KILL -- -"$make"
    refused "^hrl.mk: run: another make is at work there$"
}

@test "other knobs than the run's are refused by name" {
    hrl DATA=data ROUNDS=1
    cp -R data other
    echo train1 > list
    before=$(checkpoints run)
    for knob in DATA=other STRATEGY=random NET=dnanet INIT=run/0001/detector.tar LAMBDA=2 BATCH=3 \
            EPOCHS=2 SEED=7 'SEVERITIES=1 2 3' CROP=64 LR=0.1 LR_STEPS=1 POLICY_LR=1 ENTROPY=1 \
            NORMALISE=image LOSS=soft-iou+bce REWARD=rise RESIZE_MASKS=nearest VAL=list MAXVAL=255 TRAIN_OPTIONS=--fast POLICY_OPTIONS=--fast \
            INIT_OPTIONS=--sfim; do
        run --separate-stderr hrl ROUNDS=2 "$knob"
        value=${knob#*=}
        refused "${knob%%=*} is \".*${value/+/.}\" here but \".*\" in run"
    done
    [ "$(checkpoints run)" = "$before" ]
    hrl ROUNDS=2 KEEP=5 THREADS=1 DEVICE=cpu
    hrl DATA="$PWD/data" EPOCHS=3 ROUNDS=3
}

@test "knobs reach the programs" {
    hrl DATA=data ROUNDS=1 NET=dnanet LAMBDA=0.5 BATCH=3 SEED=4 SEVERITIES='2 3 4' CROP=64 LR=0.25 \
        POLICY_LR=0.125 ENTROPY=0.75 MAXVAL=1023 DEVICE=cpu THREADS=3 \
        INIT_OPTIONS='--init published' TRAIN_OPTIONS='--bn-momentum 0.9' \
        POLICY_OPTIONS='--baseline none' STRATEGY=blur NORMALISE=image LOSS=soft-iou+bce REWARD=rise
    grep -q '^ir-train init --net dnanet --normalise image -r 4 --maxval 1023 --init published ' fake/arguments
    grep '^ir-train -c' fake/arguments > train
    grep '^ir-policy play' fake/arguments > policy
    grep '^ir-corrupt' fake/arguments > corrupt
    for option in '--lambda 0.5' '--batch 3' '--crop 64' '--lr 0.25' '-r 40001' \
            '--bn-momentum 0.9' '--maxval 1023' '-d cpu' '-j 3' '--loss soft-iou+bce' '--reward rise'; do
        grep -q -e " $option " train
    done
    grep -q '^ir-policy init -r 4 --severities 2 3 4 ' fake/arguments
    for option in '--lr 0.125' '--entropy 0.75' '--strategy blur' '--batch 3' '-r 40001' \
            '--maxval 1023' '--baseline none'; do
        grep -q -e " $option " policy
    done
    grep -q -e ' -S - -r 40001 -j 3 --maxval 1023 ' corrupt
}

@test "LR_STEPS are rounds after which the rate falls to a tenth" {
    hrl DATA=data ROUNDS=4 LR=0.5 LR_STEPS='1 3'
    rates=$(sed -n 's/^ir-train -c.* --lr \([^ ]*\) .*/\1/p' fake/arguments | paste -s -d ' ')
    [ "$rates" = '0.5 0.05 0.05 0.005' ]
}

@test "a rate or step that is no number is refused before anything is made" {
    run --separate-stderr hrl DATA=data ROUNDS=1 LR=fast
    refused 'LR is "fast": not a number'
    run --separate-stderr hrl DATA=data ROUNDS=1 LR_STEPS='1 x'
    refused 'LR_STEPS is "1 x": not whole numbers'
    [ ! -e run ]
}

@test "INIT is the start" {
    echo mine > given.tar
    hrl DATA=data ROUNDS=1 INIT=given.tar
    cmp given.tar run/0000/detector.tar
    run grep '^ir-train init' fake/arguments
    [ "$status" = 1 ]
}

@test "STRATEGY=none trains without a ring" {
    hrl DATA=data ROUNDS=2 STRATEGY=none
    [ "$(ls run/0002)" = $'detector.tar\nimages.list\nlog\nmasks.list' ]
    [ "$(awk '{ print $1 }' fake/pids | sort -u)" = ir-train ]
}

@test "KEEP drops older checkpoints, and make does not start over" {
    hrl DATA=data ROUNDS=5 RUN=whole
    hrl DATA=data ROUNDS=3 KEEP=2
    [ "$(echo run/*/detector.tar)" = 'run/0002/detector.tar run/0003/detector.tar' ]
    [ "$(echo run/*/policy.tar)" = 'run/0002/policy.tar run/0003/policy.tar' ]
    [ -s run/0000/train.txt ] && [ -s run/0001/strategies ]
    hrl ROUNDS=5 KEEP=1
    [ "$(echo run/*/*.tar)" = 'run/0005/detector.tar run/0005/policy.tar' ]
    cmp run/0005/detector.tar whole/0005/detector.tar
    [ "$(grep -c '^ir-train -c' fake/arguments)" = 10 ]
}

@test "older rounds may be deleted altogether; without the last one's detector make says so" {
    hrl DATA=data ROUNDS=3 RUN=whole
    hrl DATA=data ROUNDS=2
    rm -r run/0001
    hrl ROUNDS=3
    [ ! -e run/0001 ]
    cmp run/0003/detector.tar whole/0003/detector.tar
    rm run/0003/detector.tar
    run --separate-stderr hrl ROUNDS=4
    refused '^hrl.mk: run/0003 has no detector.tar any more$'
}

@test "VAL holds names out, scores them and keeps the best round" {
    printf 'train2\ntrain5\n' > held
    printf '%s\n' 0.25 0.5 0.5 0.125 > fake/ious
    hrl DATA=data ROUNDS=4 VAL=held KEEP=1
    run ! grep -h -e train2 -e train5 run/0*/images.list
    [ "$(wc -l < run/0001/images.list)" = 12 ]
    [ "$(sed -n 2p run/0003/val.tsv | cut -f 1)" = 0.5 ]
    [ "$(cat run/best.tsv)" = $'0002\t0.5' ]
    hrl DATA=data ROUNDS=2 RUN=whole VAL=held
    cmp run/best.tar whole/0002/detector.tar
}

@test "VAL that leaves no frame, or is not there: one line" {
    run --separate-stderr hrl DATA=data VAL=data/train.txt
    refused '^hrl.mk: run/0000: no frame is left to train on$'
    run --separate-stderr hrl DATA=data VAL=nothing
    refused 'nothing: cannot be read$'
    [ ! -e run/0000 ]
}

@test "wrong knobs: one line" {
    run --separate-stderr hrl
    refused 'DATA is missing'
    run --separate-stderr hrl DATA=nowhere
    refused 'no directory .*nowhere'
    run --separate-stderr hrl DATA=data STRATEGY=fog
    refused 'STRATEGY is "fog": not none random noise blur isp hrl'
    for rounds in many 10001 '' '3 4' 2.5; do
        run --separate-stderr hrl DATA=data ROUNDS="$rounds"
        refused 'ROUNDS is ".*": not a whole number from 0 on'
    done
    run --separate-stderr hrl DATA=data KEEP=0
    refused 'KEEP is "0": not a whole number from 1 on'
    for knob in EPOCHS=many EPOCHS=0 THREADS=all SEED=-1 SEED=18446744073709551615; do
        run --separate-stderr hrl DATA=data $knob
        refused "${knob%=*} is \"${knob#*=}\": not a whole number from"
    done
    run --separate-stderr hrl DATA=data RUN='my run'
    refused 'RUN has a blank in it: my run'
    run --separate-stderr hrl DATA=data RUN=/
    refused 'RUN is empty'
    run --separate-stderr hrl DATA=data RUN=-x
    refused 'RUN begins with -: -x'
    for c in : % ';' = '&' '(' ')' '[' '*' '?' '!' '~' '`' "'" '"' '$' "\\" '#'; do
        run --separate-stderr hrl DATA=data RUN="a${c}b"
        refused 'RUN has .* in it: a.b'
        run --separate-stderr hrl DATA="a${c}b"
        refused 'DATA has .* in it: .*/a.b'
    done
    run --separate-stderr hrl DATA=data TRAIN_OPTIONS="--log 'my log'"
    refused "TRAIN_OPTIONS has ' in it: --log 'my log'"
    run --separate-stderr hrl DATA=data RUN=share/hrl
    refused 'RUN: share/hrl is where the scripts of hrl.mk are'
    rm data/train.txt
    run --separate-stderr hrl DATA=data
    refused 'data: no train.txt and no img_idx/train_NAME.txt$'
    [ ! -e run/0000 ]
}

@test "works from another directory, with a relative RUN" {
    mkdir elsewhere
    (cd elsewhere && make -f ../share/hrl.mk DATA=../data ROUNDS=1)
    hrl RUN="$PWD/elsewhere/run/" ROUNDS=2
    [ -s elsewhere/run/0002/detector.tar ]
    [ ! -e .irtools-cache ]
}

@test "help prints the knobs" {
    run hrl help
    [ "$status" = 0 ]
    [[ $output == *"LAMBDA=1 "* && $output != *"#"* && $output != *"SHELL"* ]]
}

# ---- conversion ----------------------------------------------------------------------------------

@test "PNG of every kind becomes PGM of its depth" {
    printf 'P3\n2 1\n255\n255 0 0 10 20 30\n' | pamtopng > data/images/train1.png
    printf 'P3\n2 1\n255\n200 200 200 9 9 9\n' | pamtopng > data/images/train2.png
    printf 'P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n%b' \
        '\xc8\xc8\xc8\x80\x09\x09\x09\x00' | pamtopng > data/images/train3.png
    printf 'P3\n2 1\n255\n200 0 0 0 0 9\n' | pnmtopng -quiet > data/images/train4.png
    pgm 2 1 65535 40000 7 | pnmtopng -quiet > data/images/train5.png
    pgm 2 1 1 1 0 | pgmtopbm | pnmtopng -quiet > data/images/train6.png
    # RGB, RGB, RGBA, palette, grey, grey
    types=$(for i in 1 2 3 4 5 6; do od -An -tu1 -j25 -N1 data/images/train$i.png; done)
    [ "$(tr -d '\n ' <<< "$types")" = 226300 ]
    for i in 1 2 3 4 5 6; do
        rm data/{images,masks}/train$i.pgm
        pgm 2 1 255 127 128 | pnmtopng -quiet > data/masks/train$i.png
    done
    hrl DATA=data data
    [ "$(samples < "$(cached images/train1)")" = '255 76 18' ]
    [ "$(samples < "$(cached images/train2)")" = '255 200 9' ]
    [ "$(samples < "$(cached images/train3)")" = '255 200 9' ]
    [ "$(samples < "$(cached images/train4)")" = '255 60 1' ]
    [ "$(samples < "$(cached images/train5)")" = '65535 40000 7' ]
    printf 'P5\n2 1\n1\n\1\0' | cmp "$(cached images/train6)" -
    # what is true in a mask the programs say
    [ "$(samples < "$(cached masks/train1)")" = '255 127 128' ]
}

@test "Netpbm frames are used as they are" {
    printf 'P3\n3 2\n1023\n%s\n' '1000 0 0  0 0 0  0 0 0  0 0 0  0 0 0  0 0 0' \
        > data/images/train1.ppm
    rm data/images/train1.pgm
    hrl DATA=data data
    cmp "$(cached images/train1)" data/images/train1.ppm
    [ "$(samples < "$(cached masks/train1)")" = '255 0 0 255 0 0 0' ]
}

@test "a mask of another size stops the conversion by name, unless it may be scaled" {
    pgm 6 4 255 0 0 0 0 255 255  0 0 0 0 255 255  0 0 0 0 0 0  0 0 0 0 0 0 > data/masks/train3.pgm
    run --separate-stderr hrl DATA=data
    refused '^hrl.mk: run/0000: train3: mask is 6x4, the image 3x2 '
    [ ! -e run/0000 ]
    hrl DATA=data RESIZE_MASKS=nearest ROUNDS=1
    [ "$(samples < "$(cached masks-nearest/train3)")" = '255 0 0 255 0 0 0' ]
    # what was scaled is not taken for a good one
    run --separate-stderr hrl DATA=data RUN=other
    refused 'train3: mask is 6x4'
    run --separate-stderr hrl DATA=data RUN=other RESIZE_MASKS=cubic
    refused 'RESIZE_MASKS is "cubic": not nearest'
}

@test "frames that are missing or broken: one line with the name" {
    rm data/images/train2.pgm
    run --separate-stderr hrl DATA=data
    refused '^hrl.mk: run/0000: train2: nothing of that name in .*/data/images$'
    head -c 60 <(pgm 3 2 255 1 2 3 4 5 6 | pnmtopng -quiet) > data/images/train2.png
    run --separate-stderr hrl DATA=data
    refused '^hrl.mk: run/0000: train2: .*/train2.png: this PNG is truncated$'
    echo text > data/images/train2.pgm
    rm data/images/train2.png
    run --separate-stderr hrl DATA=data
    refused '^hrl.mk: run/0000: train2: .*/train2.pgm: bad magic number 0x7465: '
    pgm 3 2 255 1 2 3 4 5 > data/images/train2.pgm
    run --separate-stderr hrl DATA=data
    refused '^hrl.mk: run/0000: train2: .*/train2.pgm: truncated: the file ends in the image$'
    pgm 3 2 255 1 2 3 4 5 6 > data/images/train2.pgm
    rm data/masks/train2.pgm
    run --separate-stderr hrl DATA=data
    refused '^hrl.mk: run/0000: train2: nothing of that name in .*/data/masks$'
    [ -z "$(find .irtools-cache -name '*.part')" ]
}

@test "the conversion goes on where it was stopped, and follows changed files" {
    rm data/images/train6.pgm
    run hrl DATA=data data
    [ "$status" != 0 ]
    pgm 3 2 255 6 6 6 6 6 6 > data/images/train6.pgm
    touch -d '1 hour ago' "$(cached masks/train1)"
    before=$(stat -c %Y "$(cached masks/train2)")
    hrl DATA=data data
    [ "$(stat -c %Y "$(cached masks/train2)")" = "$before" ]
    [ -e "$(cached images/train6)" ]
    pgm 3 2 255 255 255 0 0 0 0 > data/masks/train1.pgm
    hrl DATA=data data
    [ "$(samples < "$(cached masks/train1)")" = '255 255 255 0 0 0 0' ]
    # a new frame is held against the old mask
    rm data/images/train1.pgm
    pgm 2 2 255 1 2 3 4 > data/images/train1.ppm
    run --separate-stderr hrl DATA=data data
    refused 'train1: mask is 3x2, the image 2x2 '
}

@test "a frame that is older than its conversion is converted again: the clock was set back" {
    hrl data DATA=data
    printf 'P2\n3 2\n255\n9 9 9 9 9 9\n' | pnmtopng -quiet > new.png
    touch -d '1 hour ago' new.png
    mv new.png data/images/train2.png
    rm data/images/train2.pgm
    hrl data DATA=data
    [ "$(samples < "$(cached images/train2)")" = '255 9 9 9 9 9 9' ]
    # what is as it was is not converted again, whatever the time
    before=$(stat -c %i "$(cached images/train2)")
    hrl data DATA=data
    [ "$(stat -c %i "$(cached images/train2)")" = "$before" ]
}

@test "two conversions into one cache at once" {
    frames data 40 train
    hrl DATA=data RUN=a ROUNDS=0 CACHE=cache &
    hrl DATA=data RUN=b ROUNDS=0 CACHE=cache
    wait $!
    [ "$(find cache/masks -name '*.pgm' | wc -l)" = 40 ]
    [ -z "$(find cache -name '*.part')" ]
}

@test "BasicIRSTD's lists, carriage returns and extensions" {
    mkdir data/img_idx
    sed 's/$/.png\r/' data/train.txt > data/img_idx/train_NUAA.txt
    mv data/train.txt expected
    hrl DATA=data ROUNDS=0
    cmp run/0000/train.txt expected
}

# ---- tables --------------------------------------------------------------------------------------

# The stand-in for ir-corrupt has three corruptions that are played, two of which are among the paper's nine.
@test "robustness: clean, every corruption and severity, means of the paper's and of all that are played" {
    hrl DATA=data ROUNDS=1
    hrl robustness > table
    cmp table run/robustness.tsv
    cat > expected <<'END'
corruption	severity	iou	pd	fa	rce
clean	-	80.00	50.00	12.50	-
gaussian-noise	1	70.00	50.00	12.50	12.50
gaussian-noise	3	50.00	50.00	12.50	37.50
gaussian-noise	5	30.00	50.00	12.50	62.50
gaussian-noise	mean	50.00	50.00	12.50	37.50
impulse-noise	1	10.00	50.00	12.50	87.50
impulse-noise	3	10.00	50.00	12.50	87.50
impulse-noise	5	10.00	50.00	12.50	87.50
impulse-noise	mean	10.00	50.00	12.50	87.50
contrast	1	70.00	50.00	12.50	12.50
contrast	3	50.00	50.00	12.50	37.50
contrast	5	30.00	50.00	12.50	62.50
contrast	mean	50.00	50.00	12.50	37.50
banding	1	70.00	50.00	12.50	12.50
banding	3	50.00	50.00	12.50	37.50
banding	5	30.00	50.00	12.50	62.50
banding	mean	50.00	50.00	12.50	37.50
mean-of-nine	mean	50.00	50.00	12.50	37.50
mean-of-three	mean	36.67	50.00	12.50	54.17
mean-of-camera	mean	50.00	50.00	12.50	37.50
END
    diff expected run/robustness.tsv
    # those that are played alone, and one group, of which there is no mean of nine
    hrl robustness FAMILIES='noise blur isp' TABLE=played.tsv
    grep -v -e banding -e camera expected | diff - played.tsv
    hrl robustness FAMILIES=isp TABLE=isp.tsv
    grep -e '^corr' -e clean -e contrast expected | diff - isp.tsv
    run --separate-stderr hrl robustness FAMILIES=fog
    refused 'FAMILIES is "fog": not among clean noise blur isp camera'
    [ "$(ls -A run)" = $'.lock\n.log.lock\n.robustness.lock\n0000\n0001\nknobs\nlog.tsv\npolicy.tsv\nrobustness.frames.tsv\nrobustness.tsv' ]
}

@test "robustness: a corruption new to ir-corrupt is tested, and is in no mean of the paper's" {
    printf '%s\n' $'# corruption\tgroup' gaussian-noise$'\tnoise' contrast$'\tisp' impulse-fog$'\tweather' \
        > fake/list
    hrl DATA=data ROUNDS=1
    hrl robustness FAMILIES='noise isp' TABLE=without.tsv
    [[ $(< without.tsv) != *mean-of* ]]
    sed -i 's/weather/isp/' fake/list
    hrl robustness > table
    grep -P '^(impulse-fog|mean-of-.*)\tmean' table | cut -f 1,3 | diff - <(
        printf '%s\t%s\n' impulse-fog 10.00 mean-of-nine 50.00 mean-of-three 36.67)
}

@test "report: each of the strategies is taken before one comes twice, however many there are" {
    local n

    for n in 1 6 7 30 42 210; do
        # shellcheck disable=SC2016 # the inner shell expands
        bash -c '. share/hrl/scores.sh; n=$1; strategies() { seq "$n"; }; spread_strategies <(seq "$n")' - $n |
            cut -f 2 | sort -u | wc -l | grep -x $n
    done
}

@test "robustness: the best round, the last, a given detector, a command" {
    hrl DATA=data ROUNDS=2
    hrl robustness DETECT='tee seen | cat' SEVERITIES=5 TABLE=mine.tsv
    grep -q '^contrast	5	30.00' mine.tsv
    [ "$(wc -l < mine.tsv)" = 13 ]
    hrl robustness DETECT='tee -a seen < "$$tmp/detector.tar"; cat' THREADS=1 > /dev/null
    grep -qFf run/0002/detector.tar seen
    echo best > run/best.tar
    hrl robustness DETECT='tee -a seen < "$$tmp/detector.tar"; cat' > /dev/null
    grep -q best seen
    echo given > mine.tar
    hrl robustness CHECKPOINT=mine.tar DETECT='tee -a seen < "$$tmp/detector.tar"; cat' > /dev/null
    grep -q given seen
}

@test "what the programs say in a round that goes well is said at its end" {
    mkdir some
    cp "$BATS_TEST_DIRNAME"/fake/* some
    sed -i '3i echo "ir-policy: batch 1" >&2' some/ir-policy
    PATH=$PWD/some:/usr/bin:/bin
    hrl DATA=data ROUNDS=1 2> said
    diff said - <<< $'ir-policy: batch 1\nir-policy: batch 1' # init and play
}

@test "robustness that fails leaves the old table, with one line" {
    hrl DATA=data ROUNDS=1
    echo old > run/robustness.tsv
    run --separate-stderr hrl robustness DETECT='sh -c "echo mine: broken >&2; exit 1"'
    refused '^hrl.mk: run/robustness.tsv: mine: broken$'
    run --separate-stderr hrl robustness TABLE=run/0001
    refused '^hrl.mk: run/0001 is a directory$'
    run --separate-stderr hrl robustness CHECKPOINT=nothing.tar
    refused '^hrl.mk: nothing.tar: cannot be read$'
    [ "$(cat run/robustness.tsv)" = old ]
    run --separate-stderr hrl robustness RUN=empty DATA=data
    refused '^hrl.mk: empty: no detector there yet, and no CHECKPOINT given$'
}

@test "seeds: means over runs that differ by their seed, with 95 % intervals" {
    local seed

    for seed in 1 2 3; do
        printf 'corruption\tseverity\tiou\nclean\t-\t%s\n' "6$seed.00" > none-$seed.tsv
        printf 'corruption\tseverity\tiou\nclean\t-\t%s\n' "6$((2 * seed)).50" > hrl-$seed.tsv
    done
    # 61 62 63 and 62.5 64.5 66.5: t = 4.303 with two degrees of freedom
    hrl seeds RUNS='none-1.tsv none-2.tsv none-3.tsv hrl-1.tsv hrl-2.tsv hrl-3.tsv' > table
    cat > expected <<'END'
corruption	severity	none	ci95	seeds	hrl	ci95	seeds	gain:hrl	ci95	seeds
clean	-	62.00	2.48	3	64.50	4.97	3	2.50	2.48	3
END
    diff expected table
    # pairs alone count for the gain; one run has no interval
    hrl seeds RUNS='none-2.tsv hrl-2.tsv hrl-3.tsv' | tail -n 1 | cut -f 3-11 > row
    [ "$(xargs < row)" = '62.00 - 1 65.50 12.71 2 2.50 - 1' ]
    run --separate-stderr hrl seeds RUNS='a.tsv none-1.tsv'
    refused 'a.tsv is missing'
    run --separate-stderr hrl seeds RUNS='none-1.tsv hrl-1.tsv' METRIC=fog
    refused 'no column fog'
    cp none-1.tsv odd.tsv
    run --separate-stderr hrl seeds RUNS='none-1.tsv odd.tsv'
    refused 'odd: not named GROUP-SEED, such as hrl-1'
    run --separate-stderr hrl seeds RUNS='none-1.tsv ./none-1.tsv'
    refused 'none has a seed 1 already'
}

@test "compare: tables side by side with the gain" {
    mkdir a b
    {
        printf 'corruption\tseverity\tiou\trce\n'
        printf 'clean\t-\t60.00\t-\njpeg\t1\t40.00\t33.33\n'
    } > a/robustness.tsv
    sed 's/60.00/59.50/; s/40.00/52.25/; s/33.33/12.18/' a/robustness.tsv > b/robustness.tsv
    hrl compare RUNS='a b' > table
    diff table - <<'END'
corruption	severity	a	b	gain	ci95
clean	-	60.00	59.50	-0.50	-
jpeg	1	40.00	52.25	+12.25	-
END
    hrl compare RUNS='a b/robustness.tsv a' METRIC=rce > table
    diff table - <<'END'
corruption	severity	a	b/robustness.tsv	a	gain:b/robustness.tsv	ci95	gain:a	ci95
clean	-	-	-	-	-	-	-	-
jpeg	1	33.33	12.18	33.33	-21.15	-	+0.00	-
END
    run --separate-stderr hrl compare RUNS='a c'
    refused '^hrl.mk: c is missing'
    run --separate-stderr hrl compare RUNS=a
    refused 'RUNS must name two runs at least'
    run --separate-stderr hrl compare RUNS='a b' METRIC=fog
    refused 'a/robustness.tsv: no column fog'
    # another table's column is not taken for it
    cut -f 1-3 b/robustness.tsv > c=1.tsv
    run --separate-stderr hrl compare RUNS='a c=1.tsv' METRIC=rce
    refused 'c=1.tsv: no column rce'
    : > empty.tsv
    run --separate-stderr hrl compare RUNS='empty.tsv a b'
    refused 'a table is empty, of empty.tsv a b'
}

# table FILE IOU...: a robustness table: clean, jpeg 1, contrast 1, and their means.
table() {
    printf '%s\t%s\t%s\n' corruption severity iou clean - "$2" jpeg 1 "$3" jpeg mean "$3" contrast 1 "$4" \
        mean-of-nine mean "$5" > "$1"
}

# counts FILE COUNTS...: what each of four frames adds, of these three conditions in turn.
counts() {
    printf 'corruption\tseverity\tname\tintersection\tunion\n' > "$1"
    printf '%s\n' "${@:2}" | awk -v OFS='\t' '
        BEGIN { split("clean - jpeg 1 contrast 1", condition, " ") }
        { for (i = 1; i <= NF; i++) {
              split($i, part, "/")
              print condition[2 * NR - 1], condition[2 * NR], "frame" i, part[1], part[2] } }' >> "$1"
}

@test "compare: the interval of a gain, by the jackknife over the frames" {
    table a.tsv 62.50 42.11 28.57 35.34
    table b.tsv 70.00 57.89 45.71 51.80
    counts a.frames.tsv '8/10 6/10 9/12 2/8' '4/10 6/12 5/10 1/6' '3/9 5/10 2/10 0/6'
    counts b.frames.tsv '7/10 8/10 9/12 4/8' '6/10 6/12 7/10 3/6' '3/9 7/10 4/10 2/6'
    hrl compare RUNS='a.tsv b.tsv' > compared
    diff compared - <<'END'
corruption	severity	a.tsv	b.tsv	gain	ci95
clean	-	62.50	70.00	+7.50	24.77
jpeg	1	42.11	57.89	+15.78	22.76
jpeg	mean	42.11	57.89	+15.78	22.76
contrast	1	28.57	45.71	+17.14	19.29
mean-of-nine	mean	35.34	51.80	+16.46	14.32
END
    # none: of other frames, of a table that is not the frames' own, of no frames
    sed 's/frame3/frame5/' b.frames.tsv > other.frames.tsv
    cp b.tsv other.tsv
    [ "$(hrl compare RUNS='a.tsv other.tsv' | tail -n +2 | cut -f 6 | sort -u)" = - ]
    table b.tsv 70.00 57.89 45.91 51.90
    [ "$(hrl compare RUNS='a.tsv b.tsv' | tail -n +2 | cut -f 6 | xargs)" = '24.77 22.76 22.76 - -' ]
    rm b.frames.tsv
    [ "$(hrl compare RUNS='a.tsv b.tsv' | tail -n +2 | cut -f 6 | sort -u)" = - ]
}

@test "compare, seeds: a table that is torn, short of a column or of a cell is refused" {
    printf 'corruption\tseverity\tiou\nclean\t-\t60.00\njpeg\t1\t40.00\n' > a-1.tsv
    head -c -3 a-1.tsv > torn-1.tsv
    head -c -7 a-1.tsv > short-1.tsv
    echo >> short-1.tsv
    cut -f 1,3 a-1.tsv > narrow-1.tsv
    sed 's/$/\r/' a-1.tsv > b-1.tsv
    for goal in compare seeds; do
        run --separate-stderr hrl $goal RUNS='a-1.tsv torn-1.tsv'
        refused '^hrl.mk: torn-1.tsv: the last line has no newline: it was cut short'
        run --separate-stderr hrl $goal RUNS='a-1.tsv short-1.tsv'
        refused '^hrl.mk: ./short-1.tsv:3: 2 fields, the header has 3$'
        run --separate-stderr hrl $goal RUNS='a-1.tsv narrow-1.tsv'
        refused '^hrl.mk: ./narrow-1.tsv: no column severity$'
    done
    [ "$(hrl compare RUNS='a-1.tsv b-1.tsv' | tail -n 1)" = $'jpeg\t1\t40.00\t40.00\t+0.00\t-' ]
    [ "$(hrl seeds RUNS='a-1.tsv b-1.tsv' | tail -n 1 | cut -f 3,6,9)" = $'40.00\t40.00\t0.00' ]
}

@test "tables are aligned on a terminal" {
    mkdir a
    printf 'corruption\tseverity\tiou\nclean\t-\t60.00\n' > a/robustness.tsv
    script -qc "make -f share/hrl.mk compare RUNS='a a'" /dev/null | tr -d '\r' > table
    diff table - <<'END'
corruption  severity      a      a   gain  ci95
clean              -  60.00  60.00  +0.00     -
END
}

# ---- the run's own tables, live curves, the report -----------------------------------------------

# column NAME FILE: that column of a table, without its name.
column() {
    awk -F '\t' -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next }
        { print $c }' "$2"
}

@test "log.tsv has a row per round, policy.tsv the share of each strategy" {
    printf '%s\n' train1 train4 > held
    printf '0.25\n0.5\n' > fake/ious
    hrl DATA=data ROUNDS=2 EPOCHS=3 VAL=held
    [ "$(head -n 1 run/log.tsv | tr '\t' ' ')" = \
        'round frames loss_clean loss_corrupted iou entropy images_per_second lr seconds' ]
    [ "$(cut -f 1-5,7- run/log.tsv | tail -n +2)" = \
        $'1\t12\t0.75\t0.875\t0.25\t10\t0.001\t1\n2\t12\t0.75\t0.875\t0.5\t10\t0.001\t1' ]
    awk -F '\t' '{ s -= $4 } END { printf "%.6f\n", s / NR }' run/0002/strategies > entropy
    [ "$(column entropy run/log.tsv | tail -n 1)" = "$(cat entropy)" ]
    # three corruptions at three severities, twice; the shares of a round add up
    [ "$(wc -l < run/policy.tsv)" = 19 ]
    awk -F '\t' 'NR > 1 { sum[$1] += $4 } END { printf "%.4f %.4f\n", sum[1], sum[2] }' \
        run/policy.tsv | grep -qx '1.0000 1.0000'
    played=$(awk -F '\t' '$2 == "contrast" && $3 == 3' run/0001/strategies | wc -l)
    awk -F '\t' -v n="$played" '$1 == 1 && $2 == "contrast" && $3 == 3 { print ($4 - n / 12) ^ 2 < 1e-8 }' \
        run/policy.tsv | grep -qx 1
}

@test "log.tsv goes on where the run does, keeps deleted rounds, and is caught up with" {
    hrl DATA=data ROUNDS=2
    hrl ROUNDS=3
    [ "$(column round run/log.tsv | paste -sd ' ')" = '1 2 3' ]
    rm -r run/0001
    hrl ROUNDS=4
    [ "$(column round run/log.tsv | paste -sd ' ')" = '1 2 3 4' ]
    # as of a run that began without it, or was killed between a round and its row
    sed -i '/^[34]\t/d' run/log.tsv run/policy.tsv
    hrl ROUNDS=4
    [ "$(column round run/log.tsv | paste -sd ' ')" = '1 2 3 4' ]
    [ "$(column round run/policy.tsv | uniq | paste -sd ' ')" = '1 2 3 4' ]
    cp run/policy.tsv whole.tsv
    sed -i '$d' run/log.tsv
    hrl ROUNDS=4
    cmp run/policy.tsv whole.tsv
}

@test "two that record at once write each row once" {
    hrl DATA=data ROUNDS=4
    sed -i 1q run/log.tsv
    rm run/policy.tsv
    local pids=()
    for _ in 1 2 3; do
        hrl ROUNDS=4 &
        pids+=($!)
    done
    wait "${pids[@]}"
    [ "$(column round run/log.tsv | paste -sd ' ')" = '1 2 3 4' ]
    [ "$(wc -l < run/policy.tsv)" = 37 ]
}

@test "STRATEGY=none: no policy.tsv, and a log without corrupted losses" {
    hrl DATA=data ROUNDS=1 STRATEGY=none
    [ ! -e run/policy.tsv ]
    [ "$(tail -n 1 run/log.tsv)" = $'1\t18\t0.75\t-\t-\t-\t10\t0.001\t1' ]
}

@test "about.tsv: what the run began with" {
    hrl DATA=data ROUNDS=0 THREADS=3 DEVICE=cpu SEVERITIES='1 3 5' TRAIN_OPTIONS='--verbose --bn-momentum 1'
    [ "$(sed -n 's/^version\t//p' run/0000/about.tsv)" = 0.0.0 ]
    [ "$(sed -n 's/^device\t//p' run/0000/about.tsv)" = cpu ]
    [ "$(sed -n 's/^threads\t//p' run/0000/about.tsv)" = 3 ]
    sed -n 's/^machine\t//p' run/0000/about.tsv | grep -q "^$(uname -m)"
    command=$(sed -n 's/^command\t//p' run/0000/about.tsv)
    [ "$command" = "make -f hrl.mk RUN=run DATA=$PWD/data SEVERITIES='1 3 5' TRAIN_OPTIONS='--verbose --bn-momentum 1' ROUNDS=0" ]
}

@test "watch prints a run's curves once where the output is no terminal" {
    run --separate-stderr hrl watch RUN=nothing
    refused '^hrl.mk: nothing: no run there$'
    hrl DATA=data ROUNDS=0
    hrl watch | grep -qx 'run: no round is done yet'
    tr ' ' '\t' > run/log.tsv <<'END'
round frames loss_clean loss_corrupted iou entropy images_per_second lr seconds
1 10 1.0 0.5 0.25 - 12.34 0.001 5
2 10 0.5 0.5 0.75 - 12.34 0.001 5
3 10 0 - nan - 12.34 0.001 5
END
    hrl watch ROUNDS=3 > curves
    head -n 2 curves | diff - <(printf '%s\n' 'run: round 3 of 3, 15 s, 12.3 images/s' \
        'loss: * clean, o corrupted')
    [ "$(sed -n 3p curves | tr -d ' ' | cut -c 1-4)" = '1|**' ]
    # the corrupted loss is level and ends halfway; the clean one falls to the lower right corner
    [ "$(grep -c oooooooooooooooooooo curves)" = 1 ]
    grep -q '^ *0 | *\**$' curves
    grep -qx 'IoU of the frames held out, %' curves
    grep -q '^ *75 | *\**$' curves
    [ "$(wc -L < curves)" -le 80 ]
}

# One round of somebody else's, a long way beyond the screen.
@test "watch draws no more than the screen is wide, whatever round a table names" {
    mkdir -p run/0000
    printf 'round\tloss_clean\tloss_corrupted\tiou\timages_per_second\tseconds\n' > run/log.tsv
    printf '%s\t0.5\t-\t-\t1\t1\n' 1 1e12 inf -1e12 nan 2 >> run/log.tsv
    timeout 20 make -f share/hrl.mk watch DATA=data > curves
    [ "$(wc -L < curves)" -le 80 ]
    grep -q '\*' curves
}

@test "watch on a terminal ends when nobody works on the run, not before" {
    stopped_at ir-train 4 DATA=data ROUNDS=1
    script -qfc 'make -f share/hrl.mk watch' /dev/null > shown 2>&1 < /dev/null {never}>&- 3>&- &
    watcher=$!
    sleep 5
    kill -0 "$watcher"
    grep -q 'no round is done yet' shown
    kill -KILL -- -"$make"
    wait "$make" && status=0 || status=$?
    wait "$watcher"
}

# ---- several datasets ----------------------------------------------------------------------------

@test "robustness on other directories than the run's: one table with a column dataset" {
    frames other/set 3 test
    frames data2 1 test
    hrl DATA=data ROUNDS=1
    hrl robustness TABLE=data.tsv > /dev/null
    # one directory prints what it always has
    hrl robustness TEST=data2/ TABLE=one.tsv > one
    diff data.tsv one
    hrl robustness TEST='other/set data' > both
    cmp both run/robustness.tsv
    [ "$(head -n 1 both)" = $'dataset\tcorruption\tseverity\tiou\tpd\tfa\trce' ]
    for set in other/set data; do
        grep "^$set	" both | cut -f 2- | diff <(tail -n +2 data.tsv) -
    done
    [ "$(wc -l < both)" = 41 ]
    # each set's own frames and masks were scored
    grep -q '^ir-score --per-image --tsv - @run/.robustness.tsv.tmp/2/masks$' fake/arguments
    compgen -G '.irtools-cache/set-*/images/test3.pgm'
    hrl compare RUNS='both both' > compared
    [ "$(sed -n 2p compared)" = $'other/set\tclean\t-\t80.00\t80.00\t+0.00\t-' ]
    [ "$(wc -l < compared)" = 41 ]
    run --separate-stderr hrl compare RUNS='both data.tsv'
    refused '^hrl.mk: ./data.tsv: no column dataset, as the first table has$'
    run --separate-stderr hrl compare RUNS='data.tsv both'
    refused '^hrl.mk: ./both: a column dataset, which the first table has not$'
}

@test "robustness needs no DATA with TEST; a directory that is not there is named" {
    hrl robustness DETECT=cat TEST=data TABLE=mine.tsv RUN=none > /dev/null
    [ "$(wc -l < mine.tsv)" = 21 ]
    hrl robustness DETECT=cat TEST='data' CACHE=kept TABLE=mine.tsv RUN=none > /dev/null
    compgen -G 'kept/data-*/images/test1.pgm'
    run --separate-stderr hrl robustness DETECT=cat TEST='data nowhere' RUN=none
    refused 'TEST: no directory nowhere\.'
    run --separate-stderr hrl robustness DETECT=cat TEST='da|ta' RUN=none
    refused 'TEST has \| in it: da\|ta\.'
}

@test "robustness with FAMILIES=clean is of the clean frames alone" {
    hrl DATA=data ROUNDS=1
    hrl robustness FAMILIES=clean > table
    [ "$(cut -f 1,3 table)" = $'corruption\tiou\nclean\t80.00' ]
}
