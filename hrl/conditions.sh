# shellcheck shell=bash
# The conditions of the robustness table, played several at a time: on this machine, or by GNU parallel
# on others. Read by "." into run.sh.

# shellcheck disable=SC2154 # the knobs, and what run.sh and the recipe set

# list_conditions DATA DIR: lists in DIR the test frames of DATA, their masks, and what they are to be
# scored under.
list_conditions() {
    # shellcheck disable=SC2034 # cached and paths read them
    local data=$1 cache

    find_cache "$1"
    mkdir "$2"
    frame_names test > "$2/test.txt"
    cached "$2/test.txt"
    paths images "$2/test.txt" > "$2/images"
    paths masks "$2/test.txt" > "$2/masks"
    echo "$cache" > "$2/cache"
    {
        echo clean 0
        # shellcheck disable=SC2086 # words
        conditions_of $FAMILIES | tr '\t' ' '
    } > "$2/conditions"
}

# conditions: plays those of each list, $tmp/1, $tmp/2, ...; the scores go to CORRUPTION.SEVERITY.tsv
# beside the list.
conditions() {
    local n where=here

    [ -z "$PARALLEL" ] || where=elsewhere
    for n in "${!names[@]}"; do
        sed "s/^/$((n + 1)) /" "$tmp/$((n + 1))/conditions"
    done | "play_$where"
}

# play_here: each condition on standard input, by a process of this machine.
play_here() {
    export tmp here METHOD DETECT DEVICE SEED MAXVAL
    export -f play_one progress
    member xargs -P "$THREADS" -n 3 bash -euo pipefail -c 'play_one "$@" || exit 255' play_one
}

# play_one N CORRUPTION SEVERITY
play_one() {
    local to=$tmp/$1/$2.$3

    bash "$here/condition.sh" "$tmp" "$@" > "$to.part" && mv "$to.part" "$to.tsv" && progress "$tmp"/*/*.tsv
}

# progress FILE...: how many there are, on a terminal.
progress() {
    [ ! -t 5 ] || printf '\r%d conditions scored' $# >&5
}

# ---- on other machines ---------------------------------------------------------------------------

# pack_job: makes $tmp/job.tar, all that a machine without these files needs: condition.sh, its
# knobs, the detector, and for each list the frames, the masks and their paths.
pack_job() {
    local dir n kind knob job=$tmp/job

    mkdir "$job"
    cp "$here/condition.sh" "$job"
    [ ! -e "$tmp/detector.tar" ] || cp "$tmp/detector.tar" "$job"
    for knob in METHOD DETECT DEVICE SEED MAXVAL IRTOOLS_PRECISION LC_ALL; do
        printf 'export %s=%q\n' "$knob" "${!knob-}"
    done > "$job/knobs"
    # where irtools is as on this machine, it is found
    # shellcheck disable=SC2016 # that machine expands it
    printf 'PATH=$PATH:%q\n' "$PATH" >> "$job/knobs"
    for dir in "$tmp"/[0-9]*/; do
        n=${dir%/}
        n=${n##*/}
        mkdir "$job/$n"
        for kind in images masks; do
            below_cache "$dir" "$kind" "$n.cache/" > "$job/$n/$kind"
        done
        tar -chf "$job/$n.tar" -C "$(cat "$dir/cache")" --transform "s,^,$n.cache/," --verbatim-files-from \
            -T <(for kind in images masks; do below_cache "$dir" "$kind"; done)
    done
    tar -cf "$tmp/job.tar" -C "$job" .
    rm -r "$job"
}

# below_cache DIR KIND [BEGINNING]: the paths of that list, from the cache on.
below_cache() {
    local cache

    cache=$(cat "$1/cache")
    awk -v from="${#cache}" -v with="${3:-}" '{ print with substr($0, from + 2) }' "$1/$2"
}

# What a machine runs for one condition, N CORRUPTION SEVERITY. Each unpacks the job for itself, into a
# directory that is gone with it: one directory for all would have to be locked while it is made, and
# nobody would know when to remove it. Where it is the machine that asks, the job is where it was packed.
# In single quotes, which every login shell knows, so it has none of its own.
# shellcheck disable=SC2016 # bash -c expands it there
unpack_and_play='
    job=job.tar && [ -e "$job" ] || job=../job.tar
    trap "rm -rf \"\$dir\"" EXIT
    dir=$(mktemp -d) && tar -xf "$job" -C "$dir" && cd "$dir" && tar -xf "$1.tar" || exit
    . ./knobs
    echo "@@ $*"
    bash condition.sh . "$@"'

# play_elsewhere: each condition on standard input, by PARALLEL. What it says begins with a line that tells
# whose scores follow; GNU parallel does not mix two jobs' lines.
play_elsewhere() {
    member parallel | awk -v dir="$tmp" '
        $1 == "@@" { close(file); file = dir "/" $2 "/" $3 "." $4 ".tsv"; next }
        { print > file }'
}

# parallel: PARALLEL, with a directory on each machine that is gone afterwards. GNU parallel takes a
# variable of this name for options of its own.
parallel() (
    local status=0 launcher remote=.irtools-$RANDOM-$$

    read -ra launcher <<< "$PARALLEL"
    unset PARALLEL
    cd "$tmp" || exit
    command "${launcher[@]}" --workdir "$remote" --basefile job.tar --cleanup --halt now,fail=1 \
        --colsep ' ' bash -c "'$unpack_and_play'" condition '{1} {2} {3}' || status=$?
    [ "$status" = 0 ] || command "${launcher[@]}" --nonall rm -rf "$remote" > /dev/null 2>&1 || true
    exit "$status"
)
