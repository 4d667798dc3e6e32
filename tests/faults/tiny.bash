# Faults under the smallest game there is: two frames of 32x32, another held out, one round. It takes
# a second, so that it can be played for every call of every program in it.
#
# Read by run after game.bash and programs.bash.

# shellcheck shell=bash disable=SC2154 # run sets n, work

# Of a ring, a score and the tables behind them.
tiny_programs=(ir-policy ir-corrupt ir-train ir-detect ir-score)

# tiny_image KIND I: a dark frame with a bright square, or its mask.
tiny_image() {
    awk -v mask="$([ "$1" = frame ] || echo 1)" -v i="$2" 'BEGIN {
        print "P2\n32 32\n255"
        for (y = 0; y < 32; y++)
            for (x = 0; x < 32; x++) {
                target = x > 8 + i && x < 12 + i && y > 9 && y < 13
                print mask ? 255 * target : target ? 220 : 40 + (7 * x + 13 * y * i) % 50
            }
    }'
}

# prepare_tiny: the frames; tiny/start, a game before its first round; what that round ends with, in
# tiny/want; and programs that run under a tracer if they are told to.
prepare_tiny() {
    local i program

    [ ! -d tiny ] || return 0
    mkdir -p tiny/data/{images,masks} tiny/bin
    for i in 1 2 3; do
        tiny_image frame "$i" > "tiny/data/images/$i.pgm"
        tiny_image mask "$i" > "tiny/data/masks/$i.pgm"
    done
    printf '1\n2\n' > tiny/data/train.txt
    echo 3 > tiny/data/test.txt
    for program in "${tiny_programs[@]}"; do
        cat > "tiny/bin/$program" <<- EOF
			#!/bin/sh
			[ "\$FAULT_IN" = $program ] || exec "$(command -v "$program")" "\$@"
			exec ${tracer[*]}.\$\$ \$FAULT "$(command -v "$program")" "\$@"
		EOF
    done
    chmod +x tiny/bin/*
    export FAULT_IN=''
    rounds=0 play_tiny
    mv tiny/run tiny/start
    cp -r tiny/start tiny/run
    play_tiny
    mv tiny/run tiny/want
    [ "$result" = 0 ] || { cat tiny/err >&2 && return 1; }
}

# play_tiny [COMMAND...]: plays in tiny/run, or goes on, under that command; result says how it ended,
# tiny/err what was said, through a pipe, so that a limit on files does not cut it, and wrong which
# processes it left running.
play_tiny() {
    local reader

    play "$work/tiny/run" DATA="$work/tiny/data" VAL="$work/tiny/data/test.txt" ROUNDS="${rounds:-1}"
    rm -f tiny/said && mkfifo tiny/said
    cat tiny/said > tiny/err &
    reader=$!
    PATH=$work/tiny/bin:$PATH setsid timeout 60 "$@" "${play[@]}" \
        > /dev/null 2> tiny/said < /dev/null &
    session=$!
    { wait "$session"; } 2> /dev/null
    result=$?
    wrong=''
    all_gone || { wrong="left running: $(members | tr '\n' ' ')" && kill_all; }
    wait "$reader"
}

# tiny_same: the round has ended as the one that nothing happened to.
tiny_same() {
    local file

    diff <(cd tiny/want && find . | sort) <(cd tiny/run && find . | sort) > diff || return
    for file in 0001/{detector.tar,policy.tar,strategies,rewards,val.tsv,images.list} policy.tsv \
        best.{tar,tsv}; do
        cmp -s "tiny/want/$file" "tiny/run/$file" || return
    done
    cmp -s <(cut -f 1-6 tiny/want/log.tsv) <(cut -f 1-6 tiny/run/log.tsv) # the rest are times
}

# try_tiny [COMMAND...]: the round with whatever fault is told, and once more without if that ended it;
# sets result and wrong.
try_tiny() {
    local first

    rm -rf tiny/run trace.*
    cp -r tiny/start tiny/run
    play_tiny "$@"
    # of a recipe's own shell that was killed make alone speaks
    [ -n "$wrong" ] || [ "$result" = 0 ] || [[ $(said tiny) -le 1 && -s tiny/err ]] ||
        wrong="$(said tiny) lines said: $(grep -v '^make' tiny/err | head -n 3 | tr '\n' '|')"
    if [ -z "$wrong" ] && [ "$result" != 0 ]; then
        first=$result
        FAULT_IN='' play_tiny
        [ "$result" = 0 ] || wrong="did not go on: $(grep -m 1 -v '^make' tiny/err)"
        result=$first
    fi
    [ -n "$wrong" ] || tiny_same || wrong="other bytes or files: $(head -n 2 diff | tr '\n' '|')"
}

# ---- calls ---------------------------------------------------------------------------------------

part_tiny_calls() {
    local program kind call errors error most i

    prepare_tiny || return 0
    for program in "${tiny_programs[@]}"; do
        for kind in 'read EIO EINTR' 'write EIO EINTR' 'openat EIO' 'rename,renameat EIO' 'fsync EIO'; do
            read -r call errors <<< "$kind"
            export FAULT_IN=$program FAULT="-e trace=$call"
            try_tiny
            most=$(cat trace.* | awk '{ if (++n[$1] > most) most = n[$1] } END { print most + 0 }')
            for error in $errors; do
                for i in $(some "$most" "$RANDOM"); do
                    FAULT="-e trace=$call -e inject=$call:error=$error:when=$i"
                    try_tiny
                    judged "$program under strace $FAULT"
                done
            done
            [ "$most" = 0 ] || row tiny-calls "$program in a game: $errors at one of $most $call"
        done
    done
    FAULT_IN=''
}

# ---- files that may not be larger ----------------------------------------------------------------

# Half of the tries cut tables and lists, the others checkpoints.
part_tiny_bytes() {
    local most=2000 k

    prepare_tiny || return 0
    export FAULT_IN=''
    for k in $(some "$most" "$RANDOM"); do
        try_tiny prlimit --fsize="$k"
        judged "prlimit --fsize=$k"
    done
    row tiny-bytes "no file of more than 1 to $most bytes in a game"
    most=$(find tiny/want -type f -printf '%s\n' | sort -n | tail -n 1)
    for k in $(some "$most" "$RANDOM"); do
        try_tiny prlimit --fsize="$k"
        judged "prlimit --fsize=$k"
    done
    row tiny-bytes "no file of more than 1 to $most bytes in a game"
}
