# shellcheck shell=bash
# Processes that end together: a pipeline of members, of which none outlives another's failure or the
# shell that started it. Read by "." into run.sh, which sets tmp and target.

# shellcheck disable=SC2154 # the knobs, and what run.sh sets

# member [-l] PROGRAM ARGUMENT...: one process of a pipeline that runs under together; with -l as many
# as MPIRUN, where it is given, starts of it. A member that
# failed keeps its ends of the pipes open until it is killed, so that its neighbours do not come to
# their own conclusions about a closed pipe. What it says goes to $tmp/PROGRAM.err; only ir-train
# speaks to a terminal itself, for its progress line.
member() {
    local status err launcher=()

    if [ "$1" = -l ]; then
        read -ra launcher <<< "$MPIRUN"
        shift
    fi
    if [[ $1 = ir-train && ${#launcher[@]} = 0 && -t $stderr ]]; then
        exec {err}>&"$stderr"
    else
        exec {err}>> "$tmp/$1.err"
    fi
    # bash's own word about a killed child goes to /dev/null
    { "${launcher[@]}" "$@" 2>&"$err" 9>&- && status=0 || status=$?; } 2> /dev/null
    exec {err}>&-
    echo "$status $1" >&9
    [ "$status" = 0 ] || exec sleep 10
}

# together FUNCTION: runs a pipeline of members in a process group of its own. As soon as one of
# them has failed, or this shell is told to end, or is killed, the whole group is killed: all that
# they write is in $tmp and not yet the target.
#
# Three pipes go between the two: members write into ends how they ended; gone ends when the last of
# them is gone; life ends when this shell is. They are there before the group is, so that whenever
# this shell is killed, nobody waits for another end.
together() {
    local status name ends gone life ends_in gone_in life_in

    ring_pipe ends_in ends
    ring_pipe gone_in gone
    ring_pipe life_in life
    set -m
    {
        exec {ends_in}<&- {gone_in}<&- {life}>&- 9>&"$ends" {ends}>&-
        exec {stderr}>&2 2>> "$tmp/ring.err" # what the group's own shell has to say
        end_with_life "$life_in" &
        exec {life_in}<&-
        "$1"
    } &
    group=$!
    set +m
    trap end_group EXIT
    trap 'exit 1' HUP INT TERM
    exec {ends}>&- {gone}>&- {life_in}<&-
    while read -r -u "$ends_in" status name; do
        [ "$status" = 0 ] || { end_group; blame "$status" "$name"; }
    done
    { wait "$group"; } 2> /dev/null || { end_group; blame_none; }
    trap - EXIT HUP INT TERM
    exec {ends_in}<&- {gone_in}<&- {life}>&-
}

# ring_pipe IN OUT: sets these two to the ends of a new pipe. It is opened for both first, which waits
# for nobody.
ring_pipe() {
    local both in out

    rm -f "$tmp/ring.fifo"
    mkfifo "$tmp/ring.fifo"
    # shellcheck disable=SC2094
    exec {both}<> "$tmp/ring.fifo" {in}< "$tmp/ring.fifo" {out}> "$tmp/ring.fifo" {both}>&-
    printf -v "$1" %s "$in"
    printf -v "$2" %s "$out"
}

# end_with_life PIPE: kills the group when nobody holds the other end any more.
end_with_life() {
    exec 9>&-
    read -r -u "$1" || kill -KILL 0
}

# end_group: kills the group and waits for all of it: a killed process takes its time, and the shell
# can only wait for the group's first. The last one gone is the last to hold gone.
end_group() {
    { kill -KILL -- "-$group" && wait "$group"; } 2> /dev/null || true
    read -r -u "$gone_in" || true
}

# blame_none: the one line where no member said how it ended: what the group's shell said, its notice
# of a killed process aside, which is a list of the pipeline.
blame_none() {
    local said

    said=$(grep -sv -E '^( +|.*line [0-9]+: +)[0-9]+ ' "$tmp/ring.err" | head -n 1) || true
    fail "$target: ${said:-one of the processes vanished}"
}

# blame STATUS PROGRAM: the one line that says who died, the program's own where a launcher has more to
# say; of a conversion all that it has to say.
blame() {
    local said='' line signal

    # xargs and parallel run others, whose status is theirs
    if [[ $2 != xargs && $2 != parallel ]]; then
        [ "$1" != 127 ] || fail "$target: $2: not found in PATH"
        said=$(grep -s "^$2: " "$tmp/$2.err" | head -n 1) || true
    fi
    said=${said:-$(grep -sv -e "^Try '" -e '^xargs: ' -e '^parallel: This job failed' -e '^-*$' "$tmp/$2.err" | head -n 1)} || true
    if [ "$1" -gt 128 ] && signal=$(kill -l "$1" 2> /dev/null); then # 255 is a host out of reach
        fail "$target: $2 was killed by SIG$signal"
    fi
    if [ "$2" = convert ] && [ -n "$said" ]; then
        while IFS= read -r line; do
            printable "hrl.mk: $target: $line" >&2
        done < "$tmp/$2.err"
        exit 1
    fi
    fail "$target: ${said:-$2 failed with status $1}"
}
