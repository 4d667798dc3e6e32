# shellcheck shell=bash disable=SC2034
# Stand-ins for the programs, for tests of hrl.mk's own logic: they read and write what the real
# ones do, in the same order, but an "image" is a line and a "checkpoint" is a checksum of all that
# went into it. IR_FAKE names a directory:
#
#   pids             every stand-in adds "PROGRAM PID" when it starts
#   arguments        and its command line
#   gate             if there, "PROGRAM N": that program stops at its N-th item, after it has
#                    written its PID into the FIFO reached, until the test ends, which alone
#                    holds the FIFO never open and writes nothing into it

set -euo pipefail
program=${0##*/}
if [ "${1:-}" = -V ]; then
    echo "$program (irtools) 0.0.0"
    exit
fi
echo "$program $$" >> "$IR_FAKE/pids"
echo "$program $*" >> "$IR_FAKE/arguments"

item=0
# one_item: counts, and stops at the gate.
one_item() {
    local who at

    item=$((item + 1))
    read -r who at 2> /dev/null < "$IR_FAKE/gate" || return 0
    if [ "$program $item" = "$who $at" ]; then
        echo $$ > "$IR_FAKE/reached"
        read -r < "$IR_FAKE/never" || die "the test is gone"
    fi
}

die() {
    echo "$program: $*" >&2
    exit 1
}

# The options that have no argument are listed; all others have one. Sets option[NAME] and operand.
declare -A option=()
operand=()
parse() {
    while [ $# -gt 0 ]; do
        case $1 in
        --tsv | --list) option[$1]=1 ;;
        -?*) option[$1]=$2; shift ;;
        *) operand+=("$1") ;;
        esac
        shift
    done
}

# names @LIST: the items' names.
names() {
    sed 's,.*/,,; s,\.pgm$,,' "${1#@}"
}
