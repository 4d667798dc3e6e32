# shellcheck shell=bash
# Rounds that are done: the best one, old checkpoints, the run's own tables log.tsv and policy.tsv, and
# its curves in a terminal. Read by "." into run.sh.

# shellcheck disable=SC2154 # the knobs, and what run.sh sets

# settle: keeps the best round's detector, then drops the checkpoints of older rounds.
settle() {
    local best rounds dir

    best=$(best_round)
    if [ -n "$best" ] && [ "$best" != "$(cat "$RUN/best.tsv" 2> /dev/null)" ]; then
        put "$RUN/best.tar" < "$RUN/${best%%$'\t'*}/detector.tar"
        put "$RUN/best.tsv" <<< "$best"
    fi
    if [ -n "$KEEP" ]; then
        rounds=("$RUN"/[0-9][0-9][0-9][0-9])
        for dir in "${rounds[@]:0:${#rounds[@]} > KEEP ? ${#rounds[@]} - KEEP : 0}"; do
            rm -f "$dir/detector.tar" "$dir/policy.tar"
        done
    fi
}

# best_round: the round with the highest IoU on the held-out list, the first of equals, and that
# IoU; nothing when none was scored.
best_round() {
    local dir iou scored

    scored=("$RUN"/[0-9][0-9][0-9][0-9]/val.tsv)
    [ -e "${scored[0]}" ] || return 0
    for dir in "${scored[@]%/val.tsv}"; do
        iou=$(val_iou "$dir")
        [ -z "$iou" ] || printf '%s\t%s\n' "${dir##*/}" "$iou"
    done | sort -t $'\t' -k 2,2gr -k 1,1 | sed 1q
}

# val_iou ROUND
val_iou() {
    awk -F '\t' 'FNR == 1 { for (i = 1; i <= NF; i++) column[$i] = i }
                 FNR == 2 && $column["iou"] ~ /^(nan|[0-9.]+(e[-+]?[0-9]+)?)$/ { print $column["iou"] }
                 ' "$1/val.tsv" 2> /dev/null || true
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

# record: log.tsv and policy.tsv of the run get the rounds that they lack, a row in the one and a row
# for each strategy in the other. They are mended where a full disk or a power cut has torn them: a table
# is written whole or not at all. One at a time: the report may come while a round ends.
record() {
    local dir round lock logged shared
    local SEVERITIES=${record[SEVERITIES]:-$SEVERITIES} log=$RUN/log.tsv policy=$RUN/policy.tsv

    take_lock "$RUN/.log.lock"
    logged=$(whole_rows 9 "$log")
    shared=$(whole_rows 4 "$policy")
    for dir in "$RUN"/[0-9][0-9][0-9][0-9]; do
        round=$((10#${dir##*/}))
        [ -s "$dir/log" ] || continue
        if ! has_round "$round" "$logged"; then
            logged+=$'\n'$(log_row "$round" "$dir")
            # written last: its policy may be half there
            shared=$(grep -v "^$round"$'\t' <<< "$shared") || true
        fi
        if [ -e "$dir/strategies" ] && ! has_round "$round" "$shared"; then
            shared+=$'\n'$(strategies | policy_rows "$round" "$dir/strategies")
        fi
    done
    rewrite "$policy" "$shared" round corruption severity share
    rewrite "$log" "$logged" round frames loss_clean loss_corrupted iou entropy images_per_second \
        lr seconds
    exec {lock}>&-
}

# whole_rows FIELDS TABLE: the rows of TABLE that have so many fields, and whose round has as many rows
# as others; a last one without its newline may have lost more than that.
whole_rows() {
    [ -e "$2" ] || return 0
    { cat "$2"; echo x; } | awk -F '\t' -v fields="$1" '
        NR > 2 && known == fields && line ~ /^[0-9]+\t/ {
            row[++n] = line
            round[n] = line + 0
            if (++count[line + 0] > most) most = count[line + 0]
        }
        { line = $0; known = NF }
        END { for (i = 1; i <= n; i++) if (count[round[i]] == most) print row[i] }'
}

# has_round ROUND ROWS
has_round() {
    [[ $'\n'$2 = *$'\n'$1$'\t'* ]]
}

# rewrite TABLE ROWS COLUMN...: makes it of these, in the order of the rounds, unless it is so already.
rewrite() {
    local whole

    [ -n "$2" ] || [ -e "$1" ] || return 0
    whole=$(tr ' ' '\t' <<< "${*:3}"; sed '/^$/d' <<< "$2" | sort -s -n -k 1,1)
    [ "$whole"$'\nx' = "$(cat "$1" 2> /dev/null; echo x)" ] || put "$1" <<< "$whole"
}

# log_row ROUND DIR
log_row() {
    local entropy=-

    # -ln p of what was played: its mean is the entropy's estimate
    [ ! -e "$2/strategies" ] ||
        entropy=$(awk -F '\t' '{ sum -= $4 } END { if (NR) printf "%.6f", sum / NR; else print "-" }' \
            "$2/strategies")
    awk -F '\t' -v OFS='\t' -v round="$1" -v frames="$(wc -l < "$2/images.list")" \
        -v iou="$(val_iou "$2")" -v entropy="$entropy" '
        !/^#/ { clean = $3; corrupted = $4; rate = $5; lr = $6; seconds = $7 }
        END {
            print round, frames, clean, corrupted == "" ? "-" : corrupted, iou == "" ? "-" : iou,
                  entropy, rate, lr, seconds
        }' "$2/log"
}

# policy_rows ROUND STRATEGIES: which share of the frames was given each of the strategies on standard
# input, those that were played by nobody included.
policy_rows() {
    awk -F '\t' -v OFS='\t' -v round="$1" '
        NR == FNR { played[$2, $3]++; all++; next }
        { printf "%s\t%s\t%s\t%.6f\n", round, $1, $2, played[$1, $2] / all }' "$2" -
}

# about: what the run began with, for $tmp/about.tsv.
about() {
    local processor

    processor=$(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo 2> /dev/null | sed 1q)
    printf '%s\t%s\n' key value version "$(ir-train -V | sed 's/.* //')" \
        machine "$(uname -m)${processor:+, $processor}" device "$DEVICE" threads "$THREADS" \
        command "$(told)"
}

# watch ROUNDS: the run's curves as text; on a terminal again and again until nobody works on it.
watch() {
    local idle=0 size

    [ -d "$RUN" ] || fail "$RUN: no run there"
    while :; do
        size=$(stty size 2> /dev/null < /dev/tty) || size='24 80'
        if [ -t 1 ]; then printf '\033[H\033[2J'; fi
        if [ -s "$RUN/log.tsv" ]; then
            awk -f "$here/watch.awk" -v name="$RUN" -v rounds="$1" -v lines="${size% *}" \
                -v columns="${size#* }" "$RUN/log.tsv"
        else
            echo "$RUN: no round is done yet"
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

    inode=$(stat -c %i "$RUN/.lock" 2> /dev/null) && grep -q "FLOCK.*:$inode " /proc/locks
}
