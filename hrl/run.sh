# shellcheck shell=bash
# What the recipes of hrl.mk lean on. Read by "." into a recipe, which runs under bash -euo pipefail.

# shellcheck disable=SC2034,SC2120,SC2154 # knobs are set by name

shopt -s inherit_errexit
here=${BASH_SOURCE[0]%/*}
# shellcheck source=hrl/knobs.sh
. "$here/knobs.sh"
# shellcheck source=hrl/frames.sh
. "$here/frames.sh"
# shellcheck source=hrl/ring.sh
. "$here/ring.sh"
# shellcheck source=hrl/rounds.sh
. "$here/rounds.sh"
# shellcheck source=hrl/scores.sh
. "$here/scores.sh"
# shellcheck source=hrl/conditions.sh
. "$here/conditions.sh"
# shellcheck source=hrl/tables.sh
. "$here/tables.sh"

# fail MESSAGE...: one line and the end of the recipe.
fail() {
    printable "hrl.mk: $*" >&2
    exit 1
}

# printable TEXT: that line, with question marks for what a terminal would obey.
printable() {
    local text=${1//[[:cntrl:]]/?}

    printf '%s\n' "${text//$'\xc2'[$'\x80'-$'\x9f']/?}"
}

# start [RUN]: sets the knobs, those of that run, and what follows from them.
start() {
    read_knobs "$@"
    # so that what is trained and scored depends less on the machine
    export IRTOOLS_PRECISION=${IRTOOLS_PRECISION:-tf32}
    cache=''
    # of each of several processes, where they are bound to some of a machine's processors, those
    trainer="-d $DEVICE${THREADS:+ -j $THREADS}"
    THREADS=${THREADS:-$(nproc)}
    TABLE=${TABLE:-$RUN/${METHOD:-robustness}.tsv}
    REPORT=${REPORT:-${RUNS:+report.html}}
    REPORT=${REPORT:-$RUN/report.html}
    DETECT=${DETECT:-}
    maxval=${MAXVAL:+--maxval $MAXVAL}
    machine="-d $DEVICE -j $THREADS"
    [ -n "$MPIRUN" ] || trainer=$machine
}

# ---- what is made whole or not at all ------------------------------------------------------------

# begin TARGET LOCK: tmp, an empty directory beside TARGET to make it in. The lock is inherited: it is
# held as long as any process started from here lives. Fails if TARGET is a directory by now.
begin() {
    local dir

    target=$1
    dir=$(dirname "$1")
    tmp=$dir/.${1##*/}.tmp
    { mkdir -p "$dir" && [ -w "$dir" ]; } 2> /dev/null || fail "$dir: cannot be written into"
    take_lock "$dir/.$2" -n || fail "$dir: another make is at work there"
    [ ! -d "$target" ] || return 1
    { rm -rf "$tmp" && mkdir "$tmp"; } || fail "$tmp: cannot be made"
}

# take_lock FILE [-n]: sets lock, by which that file is locked until it is closed.
take_lock() {
    [ ! -L "$1" ] || fail "$1: a link, in the place of a lock"
    exec {lock}>> "$1" || fail "$1: cannot be written"
    flock "${@:2}" "$lock"
}

# finish [TEXT]: tmp becomes the target, and what the members had to say is said.
finish() {
    say_members '' "$@"
    rm -f "$tmp"/*.err "$tmp"/*.fifo
    sync "$tmp"/* "$tmp"
    mv -T "$tmp" "$target"
}

# say_members BEGINNING [TEXT]: what the members said in lines that begin so, once each, but for those
# that have TEXT in them.
say_members() {
    find "$tmp" -name '*.err' -exec cat {} + | tr '\001-\010\013-\037\177' '?' |
        awk -v from="$1" -v but="${2:-}" '
            index($0, from) == 1 && !(but != "" && index($0, but)) && !said[$0]++' >&2
}

# put FILE: standard input becomes FILE, which is another's until then, not a link's.
put() {
    rm -f "$1.tmp"
    cat > "$1.tmp"
    mv -fT "$1.tmp" "$1"
}
