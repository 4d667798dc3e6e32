# shellcheck shell=bash
# What the report says of a run's detector on the test list: RUN/scored. Read by "." into run.sh.

# shellcheck disable=SC2154 # the knobs, and what run.sh sets

# detector: CHECKPOINT, or the run's best, or its last round's.
detector() {
    local from=$CHECKPOINT all

    all=("$RUN"/[0-9][0-9][0-9][0-9]/detector.tar)
    if [ -z "$from" ] && [ -e "$RUN/best.tar" ]; then
        from=$RUN/best.tar
    elif [ -z "$from" ]; then
        from=${all[-1]}
        [ -e "$from" ] || fail "$RUN: no detector there yet, and no CHECKPOINT given"
    fi
    [ -r "$from" ] || fail "$from: cannot be read"
    echo "$from"
}

# copy_detector: that one as $tmp/detector.tar.
copy_detector() {
    local from

    from=$(detector)
    cp "$from" "$tmp/detector.tar"
}

# score_run: makes RUN/scored, the scores of the run's detector on the test list, clean and with each
# frame under another strategy; again when the detector or the list is another.
score_run() {
    local from stamp

    from=$(detector)
    stamp=$({ cksum < "$from"; echo "$DATA $SEED $SEVERITIES $MAXVAL $RESIZE_MASKS";
        frame_names test; } | cksum)
    ! scored_as "$stamp" || return 0
    rm -rf "$RUN/scored"
    begin "$RUN/scored" scored.lock || return 0
    copy_detector
    frame_names test | awk '!seen[$0]++' > "$tmp/names"
    cached "$tmp/names"
    known_as "$tmp/names" > "$tmp/known"
    paths images "$tmp/names" > "$tmp/frames.list"
    paths masks "$tmp/names" > "$tmp/truth.list"
    spread_strategies "$tmp/known" > "$tmp/strategies"
    for kind in clean corrupted found; do
        known_as "$tmp/names" "$tmp/$kind/" > "$tmp/$kind.list"
    done
    together scores
    images_table < "$tmp/by-frame" > "$tmp/images.tsv"
    echo "$stamp" > "$tmp/stamp"
    rm -r "$tmp"/{detector.tar,names,known,by-frame,clean,*.list}
    finish
    exec {lock}>&-
}

# scored_as STAMP: RUN/scored was made from the same, and the frames that it names are still there.
scored_as() {
    [ "$(cat "$RUN/scored/stamp" 2> /dev/null)" = "$1" ] &&
        tail -n +2 "$RUN/scored/images.tsv" | cut -f 12,13 | tr '\t' '\n' |
        xargs -d '\n' ls -- > /dev/null 2>&1
}

# scores: the members that make them.
scores() {
    detect_soft clean "$tmp/frames.list"
    score --bootstrap 1000 --thresholds 255 "@$tmp/clean.list" > "$tmp/clean.tsv"
    score --roc --thresholds 255 "@$tmp/clean.list" > "$tmp/roc.tsv"
    score --pr --thresholds 255 "@$tmp/clean.list" > "$tmp/pr.tsv"
    # shellcheck disable=SC2086 # options
    member ir-corrupt -S "$tmp/strategies" -r "$SEED" -j "$THREADS" $maxval \
        -o "$tmp/corrupted" "@$tmp/frames.list"
    detect_soft found "$tmp/corrupted.list"
    score --bootstrap 1000 --thresholds 255 "@$tmp/found.list" > "$tmp/corrupted.tsv"
    score --per-image "@$tmp/found.list" > "$tmp/by-frame"
}

# detect_soft KIND LIST: the probability maps of these frames.
detect_soft() {
    # shellcheck disable=SC2086
    member ir-detect -c "$tmp/detector.tar" --soft $maxval $machine -o "$tmp/$1" "@$2"
}

# score OPTION... LIST: of the maps of that list.
score() { member ir-score --tsv "$@" "@$tmp/truth.list"; }

# spread_strategies NAMES: a strategy for each, all of them in turn. A step that has no factor in common
# with their number comes to each, and to other corruptions sooner than to the next severity.
spread_strategies() {
    strategies | awk -v OFS='\t' '
        function common(a, b) { return b ? common(b, a % b) : a }
        NR == FNR { strategy[n++] = $0; next }
        FNR == 1 { for (step = 7; common(n, step) > 1;) step++ }
        { print $0, strategy[(FNR - 1) * step % n], 0 }' - "$1"
}

# images_table: the scores by frame on standard input, with the strategy and the paths of each.
images_table() {
    paste - <(echo $'corruption\tseverity'; cut -f 2,3 "$tmp/strategies") \
        <(echo frame; cat "$tmp/frames.list") <(echo truth; cat "$tmp/truth.list")
}

# strategies: every corruption that can be played with, at every severity.
strategies() {
    # shellcheck disable=SC2046 # words
    conditions_of $(played_families)
}

# played_families: the groups of corruptions that a policy plays.
played_families() { ir-corrupt --list | awk '!/^#/ && $2 != "camera" && !seen[$2]++ { print $2 }'; }

# conditions_of FAMILY...: every corruption of these families at every severity.
conditions_of() {
    corruptions "$@" | while read -r name; do
        for level in $SEVERITIES; do printf '%s\t%s\n' "$name" "$level"; done
    done
}

# corruptions FAMILY...: the names of the corruptions of these families.
corruptions() {
    ir-corrupt --list | awk -v families=" $* " '!/^#/ && index(families, " " $2 " ") { print $1 }'
}

# corruption_sets: sets, an array of awk's options: what statistics.awk is to know of the corruptions. The
# paper's means are over those that its tables have rows of.
corruption_sets() {
    local published

    published=$(awk -F '\t' '/^#/ || $6 ~ /^(corruption|clean|mean-of-.*)$/ { next }
        !seen[$6]++ { print $6 }' "$here/published.tsv")
    # shellcheck disable=SC2034,SC2046 # its callers read it; words
    sets=(-v paper="$(xargs <<< "$published")" -v camera="$(corruptions camera | xargs)"
        -v played="$(corruptions $(played_families) | xargs)")
}

# held: the names of the corruptions that HOLD keeps out of training.
held() {
    [ -n "$HOLD" ] || return 0
    ir-corrupt --list | awk -v list="$HOLD" '
        BEGIN { n = split(list, word, /[ ,]+/) }
        /^#/ || $2 == "camera" { next }
        {
            all++
            for (i = 1; i <= n; i++)
                if (word[i] == $1 || word[i] == $2) { known[i]; name[$1] }
        }
        END {
            for (i = 1; i <= n; i++)
                if (word[i] != "" && !(i in known)) { print word[i]; exit 1 }
            for (c in name) count++
            if (count == all) { print "everything"; exit 2 }
            for (c in name) print c
        }'
}

# check_held: HOLD names what there is, and leaves something to play with.
check_held() {
    local said status=0

    said=$(held) || status=$?
    case $status in
    1) fail "HOLD: $said is none of $(played_families | xargs) and no corruption that a policy plays" ;;
    2) fail "HOLD: \"$HOLD\" leaves no corruption to play with" ;;
    esac
}
