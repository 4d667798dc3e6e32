# shellcheck shell=bash
# What the recipes of hrl.mk lean on: one-line errors, processes that end together, lists of frames,
# rounds that are done. Read by "." into a recipe, which runs under bash -euo pipefail and sets
#
#   run data cache scale threads keep    the knobs RUN DATA CACHE RESIZE_MASKS THREADS KEEP
#   device severities                    and DEVICE SEVERITIES

# shellcheck disable=SC2154

shopt -s inherit_errexit
here=${BASH_SOURCE[0]%/*}
# shellcheck source=hrl/frames.sh
. "$here/frames.sh"

# fail MESSAGE...: one line and the end of the recipe.
fail() {
    echo "hrl.mk: $*" >&2
    exit 1
}

# ---- what is made whole or not at all ------------------------------------------------------------

# begin TARGET LOCK: $tmp, an empty directory beside TARGET to make it in. The lock is inherited:
# it is held as long as any process started from here lives. Ends the recipe if TARGET is a
# directory by now.
begin() {
    local dir lock

    target=$1
    dir=$(dirname "$1")
    tmp=$dir/.${1##*/}.tmp
    { mkdir -p "$dir" && [ -w "$dir" ]; } 2> /dev/null || fail "$dir: cannot be written into"
    exec {lock}> "$dir/.$2"
    flock -n "$lock" || fail "$dir: another make is at work there"
    [ ! -d "$target" ] || exit 0
    rm -rf "$tmp"
    mkdir "$tmp"
}

# finish: $tmp becomes the target, and what the members had to say is said.
finish() {
    find "$tmp" -name '*.err' -exec cat {} + >&2
    rm -f "$tmp"/*.err "$tmp"/*.fifo
    sync "$tmp"/* "$tmp"
    mv -T "$tmp" "$target"
}

# ---- processes that end together -----------------------------------------------------------------

# member PROGRAM ARGUMENT...: one process of a pipeline that runs under together. A member that
# failed keeps its ends of the pipes open until it is killed, so that its neighbours do not come to
# their own conclusions about a closed pipe. What it says goes to $tmp/PROGRAM.err; only ir-train
# speaks to a terminal itself, for its progress line.
member() {
    local status err

    if [[ $1 = ir-train && -t 2 ]]; then
        exec {err}>&2
    else
        exec {err}>> "$tmp/$1.err"
    fi
    # bash's own word about a killed child goes to /dev/null
    { "$@" 2>&"$err" 9>&- && status=0 || status=$?; } 2> /dev/null
    exec {err}>&-
    echo "$status $1" >&9
    [ "$status" = 0 ] || exec sleep 10
}

# together FUNCTION: runs a pipeline of members in a process group of its own. As soon as one of
# them has failed, or this shell is told to end, or is killed, the whole group is killed: all that
# they write is in $tmp and not yet the target.
together() {
    local status name ends life

    rm -f "$tmp"/{ends,gone,life}.fifo
    mkfifo "$tmp"/{ends,gone,life}.fifo
    gone=''
    set -m
    { end_with_life & "$1"; } 9> "$tmp/ends.fifo" 8> "$tmp/gone.fifo" &
    group=$!
    set +m
    trap end_group EXIT
    trap 'exit 1' HUP INT TERM
    exec {ends}< "$tmp/ends.fifo" {gone}< "$tmp/gone.fifo" {life}> "$tmp/life.fifo"
    while read -r -u "$ends" status name; do
        [ "$status" = 0 ] || { end_group; blame "$status" "$name"; }
    done
    { wait "$group"; } 2> /dev/null || { end_group; fail "$target: one of the processes vanished"; }
    trap - EXIT HUP INT TERM
    exec {ends}<&- {gone}<&- {life}>&-
}

# end_with_life: kills the group when nobody holds the other end of life.fifo any more.
end_with_life() {
    exec 9>&-
    read -r < "$tmp/life.fifo" || kill -KILL 0
}

# end_group: kills the group and waits for all of it: a killed process takes its time, and the shell
# can only wait for the group's first. The last one gone is the last to hold gone.fifo.
end_group() {
    { kill -KILL -- "-$group" && wait "$group"; } 2> /dev/null || true
    [ -z "$gone" ] || read -r -u "$gone" || true
}

# blame STATUS PROGRAM: the one line that says who died.
blame() {
    local said

    said=$(grep -sv -e "^Try '" -e '^xargs: ' "$tmp/$2.err" | head -n 1) || true
    if [ "$1" = 127 ]; then
        fail "$target: $2: not found in PATH"
    elif [ "$1" -gt 128 ]; then
        fail "$target: $2 was killed by SIG$(kill -l "$1")"
    fi
    fail "$target: ${said:-$2 failed with status $1}"
}

# ---- frames --------------------------------------------------------------------------------------

# cached LIST...: sees to it that the frames and masks of these names are in the cache.
cached() {
    local names list

    names=$(for list; do names_in "$list"; done)
    # shellcheck disable=SC2317 # together calls them
    convert() { bash "$here/convert.sh" "$data" "$cache" "$scale" "$threads"; }
    # shellcheck disable=SC2317
    conversion() { printf '%s' "${names:+$names$'\n'}" | member convert; }
    together conversion
}

# shuffled LIST SEED EPOCHS: the lines of LIST, EPOCHS times over, each time in another order that
# depends on SEED alone: Fisher-Yates driven by Park and Miller's minimal standard generator, whose
# products fit a double, so that every awk gives the same.
shuffled() {
    awk -v seed="$2" -v epochs="$3" '
        function below(n) { state = state * 16807 % 2147483647; return state % n }
        { line[NR] = $0 }
        END {
            state = seed % 2147483646 + 1
            for (i = 0; i < 8; i++) below(1)
            for (e = 0; e < epochs; e++) {
                for (i = NR; i > 1; i--) {
                    j = below(i) + 1
                    t = line[i]; line[i] = line[j]; line[j] = t
                }
                for (i = 1; i <= NR; i++) print line[i]
            }
        }' "$1"
}

# learning_rate ROUND RATE STEP...: a tenth for every STEP that ROUND is past.
learning_rate() {
    local round=$((10#$1)) rate=$2 step falls=0

    shift 2
    for step; do
        [[ $step =~ ^[0-9]+$ ]] || fail "LR_STEPS: $step is not the number of a round"
        [ "$round" -le "$step" ] || falls=$((falls + 1))
    done
    awk -v rate="$rate" -v falls="$falls" \
        'BEGIN { if (rate + 0 != rate) exit 1; printf "%.9g\n", rate / 10 ^ falls }' ||
        fail "LR: $rate is not a number"
}

# ---- rounds that are done ------------------------------------------------------------------------

# settle: keeps the best round's detector, then drops the checkpoints of older rounds.
settle() {
    local best rounds dir

    best=$(best_round)
    if [ -n "$best" ] && [ "$best" != "$(cat "$run/best.tsv" 2> /dev/null)" ]; then
        cp "$run/${best%%$'\t'*}/detector.tar" "$run/.best.tar.tmp"
        mv "$run/.best.tar.tmp" "$run/best.tar"
        echo "$best" > "$run/best.tsv"
    fi
    if [ -n "$keep" ]; then
        rounds=("$run"/[0-9][0-9][0-9][0-9])
        for dir in "${rounds[@]:0:${#rounds[@]} > keep ? ${#rounds[@]} - keep : 0}"; do
            rm -f "$dir/detector.tar" "$dir/policy.tar"
        done
    fi
}

# best_round: the round with the highest IoU on the held-out list, the first of equals, and that
# IoU; nothing when none was scored.
best_round() {
    local dir iou

    for dir in "$run"/[0-9][0-9][0-9][0-9]; do
        iou=$(val_iou "$dir")
        [ -z "$iou" ] || printf '%s\t%s\n' "${dir##*/}" "$iou"
    done | sort -t $'\t' -k 2,2gr -k 1,1 | sed 1q
}

# val_iou ROUND
val_iou() {
    awk -F '\t' 'FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
                 FNR == 2 { print $column["iou"] }' "$1/val.tsv" 2> /dev/null || true
}

# say_round: the round that was just made, in a line.
say_round() {
    awk -F '\t' -v round="$target" -v iou="$(val_iou "$target")" '
        !/^#/ { clean = $3; corrupted = $4; rate = $5; seconds = $7 }
        END {
            printf "%s: loss %.4f", round, clean
            if (corrupted != "-") printf ", corrupted %.4f", corrupted
            if (iou != "") printf ", held-out IoU %.2f %%", 100 * iou
            printf "; %.0f s, %.1f images/s\n", seconds, rate
        }' "$target/log"
}

# ---- the run's own tables ------------------------------------------------------------------------

# record: log.tsv and policy.tsv of the run get the rounds that they lack, a row and thirty. One at a
# time: the report may come while a round ends.
record() {
    local dir round lock
    local -A known=()

    exec {lock}> "$run/.log.lock"
    flock "$lock"
    [ -e "$run/log.tsv" ] ||
        tr ' ' '\t' > "$run/log.tsv" \
            <<< 'round frames loss_clean loss_corrupted iou entropy images_per_second lr seconds'
    while read -r round _; do known[$round]=1; done < "$run/log.tsv"
    for dir in "$run"/[0-9][0-9][0-9][0-9]; do
        round=$((10#${dir##*/}))
        if [ -z "${known[$round]:-}" ] && [ -s "$dir/log" ]; then
            # what tells the round to be known comes last
            [ ! -e "$dir/strategies" ] || record_policy "$round" "$dir/strategies"
            log_row "$round" "$dir" >> "$run/log.tsv"
        fi
    done
    exec {lock}>&-
}

# log_row ROUND DIR
log_row() {
    local entropy=-

    # -ln p of what was played: its mean is the entropy's estimate
    [ ! -e "$2/strategies" ] ||
        entropy=$(awk -F '\t' '{ sum -= $4 } END { printf "%.6f", sum / NR }' "$2/strategies")
    awk -F '\t' -v OFS='\t' -v round="$1" -v frames="$(wc -l < "$2/images.list")" \
        -v iou="$(val_iou "$2")" -v entropy="$entropy" '
        !/^#/ { clean = $3; corrupted = $4; rate = $5; lr = $6; seconds = $7 }
        END {
            print round, frames, clean, corrupted == "" ? "-" : corrupted, iou == "" ? "-" : iou,
                  entropy, rate, lr, seconds
        }' "$2/log"
}

# record_policy ROUND STRATEGIES: which share of the frames was given each strategy, those that were
# played by nobody included.
record_policy() {
    local name level

    if [ ! -e "$run/policy.tsv" ]; then
        printf 'round\tcorruption\tseverity\tshare\n' > "$run/policy.tsv"
    elif grep -q "^$1"$'\t' "$run/policy.tsv"; then
        return # killed before the round's row in log.tsv
    fi
    ir-corrupt --list | awk '!/^#/ && $2 != "camera" { print $1 }' | while read -r name; do
        for level in $severities; do printf '%s\t%s\n' "$name" "$level"; done
    done | awk -F '\t' -v OFS='\t' -v round="$1" '
        NR == FNR { played[$2, $3]++; all++; next }
        { printf "%s\t%s\t%s\t%.6f\n", round, $1, $2, played[$1, $2] / all }' "$2" - \
        >> "$run/policy.tsv"
}

# about COMMAND: what the run began with, for $tmp/about.tsv.
about() {
    local processor

    processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2> /dev/null | sed 1q)
    printf '%s\t%s\n' key value version "$(ir-train -V | sed 's/.* //')" \
        machine "$(uname -m)${processor:+, $processor}" device "$device" threads "$threads" \
        command "$1"
}

# watch ROUNDS: the run's curves as text; on a terminal again and again until nobody works on it.
watch() {
    local idle=0 size

    [ -d "$run" ] || fail "$run: no run there"
    while :; do
        size=$(stty size 2> /dev/null < /dev/tty) || size='24 80'
        if [ -t 1 ]; then printf '\033[H\033[2J'; fi
        if [ -s "$run/log.tsv" ]; then
            awk -f "$here/watch.awk" -v name="$run" -v rounds="$1" -v lines="${size% *}" \
                -v columns="${size#* }" "$run/log.tsv"
        else
            echo "$run: no round is done yet"
        fi
        [ -t 1 ] || break
        if at_work; then idle=0; else idle=$((idle + 1)); fi
        [ "$idle" -lt 3 ] || break
        sleep 1
    done
}

# at_work: whether a make holds the run's lock. Found out without touching it: a make that comes
# just then would be refused.
at_work() {
    local inode

    inode=$(stat -c %i "$run/.lock" 2> /dev/null) && grep -q "FLOCK.*:$inode " /proc/locks
}

# ---- detectors -----------------------------------------------------------------------------------

# detector CHECKPOINT: that, or the run's best, or its last round's.
detector() {
    local from=$1 all

    all=("$run"/[0-9][0-9][0-9][0-9]/detector.tar)
    if [ -z "$from" ] && [ -e "$run/best.tar" ]; then
        from=$run/best.tar
    elif [ -z "$from" ]; then
        from=${all[-1]}
        [ -e "$from" ] || fail "$run: no detector there yet, and no CHECKPOINT given"
    fi
    [ -r "$from" ] || fail "$from: cannot be read"
    echo "$from"
}

# copy_detector CHECKPOINT: that one as $tmp/detector.tar.
copy_detector() {
    local from

    from=$(detector "$1")
    cp "$from" "$tmp/detector.tar"
}

# ---- scores for the report -----------------------------------------------------------------------

# forget_scores DETECTOR KNOBS: deletes RUN/scored unless it was made from the same and the frames
# that it names are still there; sets $stamp.
forget_scores() {
    stamp=$({ cksum < "$1"; echo "$2"; frame_names test; } | cksum)
    if [ "$(cat "$run/scored/stamp" 2> /dev/null)" = "$stamp" ] &&
        tail -n +2 "$run/scored/images.tsv" | cut -f 12,13 | tr '\t' '\n' |
        xargs -d '\n' ls > /dev/null 2>&1; then
        return
    fi
    rm -rf "$run/scored"
}

# spread_strategies NAMES: a strategy for each, all thirty in turn.
spread_strategies() {
    ir-corrupt --list | awk '!/^#/ && $2 != "camera" { print $1 }' | while read -r name; do
        for level in $severities; do printf '%s\t%s\n' "$name" "$level"; done
    done | awk -v OFS='\t' 'NR == FNR { strategy[n++] = $0; next }
        { print $0, strategy[(FNR - 1) * 7 % n], 0 }' - "$1"
}

# images_table: the scores by frame on standard input, with the strategy and the paths of each.
images_table() {
    paste - <(echo $'corruption\tseverity'; cut -f 2,3 "$tmp/strategies") \
        <(echo frame; cat "$tmp/frames.list") <(echo truth; cat "$tmp/truth.list")
}

# ---- tables --------------------------------------------------------------------------------------

# robustness_table DIR: of the scores NAME.SEVERITY.tsv of the conditions that DIR lists.
robustness_table() {
    local name severity files=()

    while read -r name severity; do
        files+=("$1/$name.$severity.tsv")
    done < "$1/conditions"
    awk -f "$here/robustness.awk" "${files[@]}"
}

# named_rows N NAME...: the table on standard input; of several tables that are to be one, under one
# header, with the N-th name, counted from 0, in the column dataset.
named_rows() {
    if [ $# -lt 3 ]; then
        cat
        return
    fi
    awk -v first="$1" -v name="${*:$1 + 2:1}" '
        NR == 1 && first == 0 { print "dataset\t" $0 }
        NR > 1 { print name "\t" $0 }'
}

# progress FILE...: how many there are, on a terminal.
progress() {
    [ ! -t 5 ] || printf '\r%d conditions scored' $# >&5
}

# aligned: the table on standard input, its columns padded where a person reads it.
aligned() {
    if [ ! -t 1 ]; then
        cat
        return
    fi
    awk -F '\t' '
        {
            for (i = 1; i <= NF; i++) {
                cell[NR, i] = $i
                if (length($i) > width[i]) width[i] = length($i)
            }
        }
        END {
            for (n = 1; n <= NR; n++) {
                printf "%-" width[1] "s", cell[n, 1]
                for (i = 2; i <= NF; i++) printf "  %" width[i] "s", cell[n, i]
                print ""
            }
        }'
}

# compare METRIC RUN...: the runs' tables side by side. A RUN may also be a table.
compare() {
    local metric=$1 name tables=()

    shift
    [ $# -gt 1 ] || fail "RUNS must name two runs at least"
    for name; do
        [ ! -d "$name" ] || name=$name/robustness.tsv
        [ -r "$name" ] ||
            fail "$name is missing: make -f hrl.mk robustness RUN=${name%/robustness.tsv}"
        [[ $name = /* ]] || name=./$name # awk takes a=b for an assignment
        tables+=("$name")
    done
    awk -f "$here/compare.awk" -v metric="$metric" -v names="$*" "${tables[@]}" | aligned
}
