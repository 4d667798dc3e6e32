# Faults under a game of hrl.mk: two rounds on four generated frames.
#
# Read by run, whose directory for everything is $work.

# shellcheck shell=bash disable=SC2154 # run sets n, seed, work, HRL

# play RUN [ARGUMENT...]: sets play, the command that plays there, or goes on.
play() {
    play=(make -f "$HRL" DATA="$work/data" RUN="$1" CROP=32 BATCH=2 EPOCHS=1 ROUNDS=2 THREADS=1
        STRATEGY=hrl "${@:2}")
}

# game DIR [ARGUMENT...]: plays in DIR/run. What make says is in DIR/out and DIR/err.
game() {
    play "$1/run" "${@:2}"
    timeout 300 "${play[@]}" > "$1/out" 2> "$1/err"
}

# prepare: the frames, and the game that nothing happens to.
prepare() {
    local begin

    ir-scenes -n 6 -t 2 -s 64x64 -o data > /dev/null || return
    mkdir ref
    begin=${EPOCHREALTIME/./}
    game "$work/ref" || { cat ref/err >&2 && return 1; }
    duration=$((${EPOCHREALTIME/./} - begin)) # in microseconds
}

# same DIR: the game there has ended as the one that nothing happened to.
same() {
    local file

    for file in detector.tar policy.tar strategies rewards; do
        cmp -s "$1/run/0002/$file" "ref/run/0002/$file" || return
    done
}

# left DIR: temporary files that are there still. (A conversion that is killed leaves one in the
# cache, which a later one clears away when it is old.)
left() {
    find "$1/run" \( -name '*.part' -o -name '.*.tmp' -o -name '*.fifo' \) -printf '%f ' 2> /dev/null
}

# said DIR: how many lines the game has said on stderr, make's own aside.
said() {
    grep -cv '^make' "$1/err"
}

# goes_on DIR: plays on in DIR; wrong says what is wrong with how that ends.
goes_on() {
    wrong=''
    if ! game "$1"; then
        wrong="did not go on: $(grep -m 1 -v '^make' "$1/err")"
    elif ! same "$1"; then
        wrong='other bytes'
    elif [ -n "$(left "$1")" ]; then
        wrong="left behind: $(left "$1")"
    fi
}

# ---- a game in a session of its own --------------------------------------------------------------

# start_game DIR: in the background; $session is its number.
start_game() {
    play "$1/run"
    setsid "${play[@]}" > "$1/out" 2> "$1/err" < /dev/null &
    session=$!
}

# members: the processes of that session that still run, "PID NAME" each.
members() {
    ps -o pid=,stat=,comm= -s "$session" | awk '$2 !~ /^Z/ { print $1, $3 }'
}

# a_moment: waits for a part of the time that a game takes, as far as that is known.
a_moment() {
    local us=$((duration * (RANDOM % 1000) / 1000))

    sleep "$((us / 1000000)).$(printf %06d $((us % 1000000)))"
    # the machine may be less busy than it was, or more
    if [ -n "$(members)" ]; then
        duration=$((duration * 51 / 50))
    else
        duration=$((duration * 9 / 10))
    fi
}

# all_gone: waits until no member is left; false if that takes too long.
all_gone() {
    local i

    for ((i = 0; i < 300; i++)); do
        [ -n "$(members)" ] || return 0
        sleep 0.1
    done
    return 1
}

# choose [PATTERN]: one of the members whose name matches, each name as likely as another; sets pid
# and name, which is "none" where there is no member.
choose() {
    local names same

    pid='' name=none
    mapfile -t names < <(members | awk '{ print $2 }' | grep -e "${1:-.}" | sort -u)
    [ "${#names[@]}" -gt 0 ] || return 0
    name=${names[RANDOM % ${#names[@]}]}
    mapfile -t same < <(members | awk -v name="$name" '$2 == name { print $1 }')
    [ "${#same[@]}" = 0 ] || pid=${same[RANDOM % ${#same[@]}]}
}

kill_all() {
    local pids

    # bash's own word about a killed child goes to /dev/null
    {
        while pids=$(members | cut -d ' ' -f 1) && [ -n "$pids" ]; do
            # shellcheck disable=SC2086 # one word each
            kill -KILL $pids
        done
        wait "$session"
    } 2> /dev/null
}

part_kill() {
    local i middle=0 result

    for ((i = 0; i < n; i++)); do
        rm -rf try && mkdir try
        start_game "$work/try"
        a_moment
        [ -z "$(members)" ] || middle=$((middle + 1))
        kill_all
        result=1
        goes_on "$work/try"
        judged "kill -n $n -s $seed, try $i"
    done
    row kill "the whole tree killed at a random moment ($middle while it ran)"
}

# One process killed: the others end, one line says so, and the game goes on afterwards.
part_kill_one() {
    local i pid name result ends said names=''

    for ((i = 0; i < n; i++)); do
        rm -rf try && mkdir try
        start_game "$work/try"
        a_moment
        choose
        [ -z "$pid" ] || kill -KILL "$pid" 2> /dev/null
        names+=" $name"
        ends=''
        all_gone || { ends="left running: $(members | tr '\n' ' ')" && kill_all; }
        { wait "$session"; } 2> /dev/null
        result=$?
        said=$(said "$work/try")
        # the one line is make's to promise: without it the shells' own words may stand beside it
        [ -n "$ends" ] || { [ "$result" != 0 ] && [ "$said" -gt 1 ] && [ "$name" != make ] &&
            ends="$said lines said: $(grep -v '^make' try/err | head -n 3 | tr '\n' '|')"; }
        # what happened to the recipe's own shell make says; of make's own end nobody does
        [ -n "$ends" ] || { [ "$result" != 0 ] && [ ! -s try/err ] && [ "$name" != make ] &&
            ends='nothing said'; }
        goes_on "$work/try"
        wrong=${ends:-$wrong}
        judged "kill-one -n $n -s $seed, try $i, $name"
    done
    row kill-one "one process killed at a random moment: $(tr ' ' '\n' <<< "$names" | sed '/^$/d' |
        sort | uniq -c | awk '{ printf "%s%s %s", (NR > 1 ? ", " : ""), $2, $1 }')"
}

part_stop() {
    local i pid name result

    for ((i = 0; i < n; i++)); do
        rm -rf try && mkdir try
        start_game "$work/try"
        a_moment
        choose '^ir-'
        if [ -n "$pid" ]; then
            kill -STOP "$pid" 2> /dev/null
            sleep 1
            kill -CONT "$pid" 2> /dev/null
        fi
        wrong=''
        wait "$session"
        result=$?
        [ "$result" = 0 ] || wrong="ended with $result"
        [ -n "$wrong" ] || same "$work/try" || wrong='other bytes'
        judged "stop -n $n -s $seed, try $i, $name"
    done
    row stop 'a program stopped for a second'
}

part_two() {
    local i other result

    for ((i = 0; i < n; i++)); do
        rm -rf try && mkdir -p try/other
        start_game "$work/try"
        a_moment
        wrong=''
        play "$work/try/run"
        "${play[@]}" > try/other/out 2> try/other/err
        other=$?
        wait "$session"
        result=$?
        [ "$result$other" = 00 ] || grep -qh 'another make is at work' try/err try/other/err ||
            wrong="neither won: $(sed '/^make/d' try/err try/other/err | head -n 1)"
        if [ -z "$wrong" ]; then
            goes_on "$work/try"
        fi
        result=$((result + other))
        judged "two -n $n -s $seed, try $i"
    done
    row two 'a second make in the same run, a random moment later'
}

part_clock() {
    local i

    for ((i = 0; i < n && i < 4; i++)); do
        rm -rf try && mkdir try
        if [ "$((i % 2))" = 1 ]; then
            game "$work/try" ROUNDS=1 # the run is from the future
            find try -exec touch -h -d '+1 year' {} +
        else
            find data -exec touch -d '+1 year' {} + # the frames are
        fi
        goes_on "$work/try"
        judged "clock, try $i"
        find data -exec touch {} +
    done
    row clock 'files from the future: the frames, the run'
}

# A disk of so many KiB for the run; afterwards there is more of it.
part_disk() {
    local i size most reason result

    mkdir -p disk
    mount -t tmpfs -o size=1M none disk 2> /dev/null || { skip disk 'no root, no tmpfs' && return; }
    umount disk
    most=$(du -sk ref | cut -f 1)
    for ((i = 0; i < n; i++)); do
        size=$((4 * (1 + (most / 4) * i / n) + 4 * (RANDOM % (1 + most / 4 / n))))
        mount -t tmpfs -o size=${size}k none disk
        reason=''
        mkdir -p log
        play "$work/disk/run"
        timeout 300 "${play[@]}" > log/out 2> log/err
        result=$?
        if [ "$result" != 0 ]; then
            grep -q 'No space left' log/err || reason="said: $(grep -m 1 -v '^make' log/err)"
            [ "$(grep -cv '^make' log/err)" = 1 ] || reason="$(grep -cv '^make' log/err) lines said"
        fi
        mount -o remount,size=64M disk
        goes_on "$work/disk"
        wrong=${reason:-$wrong}
        judged "disk of $size KiB"
        umount disk
    done
    row disk "a full disk under the game, from 4 to $most KiB, and room again"
}

# Fewer open files than usual, down to so few that the shell itself cannot work.
part_files() {
    local limit result

    for ((limit = 200; limit >= 16; limit = limit > 40 ? limit / 2 : limit - (32 / n + 1))); do
        rm -rf try && mkdir try
        (ulimit -n "$limit" && game "$work/try")
        result=$?
        if [ "$result" != 0 ]; then
            wrong="$(said "$work/try") lines said: $(grep -m 1 -v '^make' try/err)"
            [ "$limit" -lt 32 ] && [ "$(said "$work/try")" -le 2 ] && goes_on "$work/try"
        else
            goes_on "$work/try"
        fi
        judged "ulimit -n $limit"
    done
    row files 'a limit on open files, from 200 down: the game'
}
