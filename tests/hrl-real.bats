#!/usr/bin/env bats
# The game of hrl.mk played with the real programs on a few small scenes.

load helper

setup_file() {
    load helper
    scenes "$BATS_FILE_TMPDIR/data" -n 14 -t 4 -s 64x64 -r 3
}

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    ln -s "$BATS_FILE_TMPDIR/data" data
}

# Two batches of four and a short one in each epoch.
hrl() {
    make -f "$REPO/hrl.mk" DATA=data CROP=32 BATCH=4 EPOCHS=1 THREADS=1 "$@"
}

# checkpoints RUN: checksums of all that a run is made of
checkpoints() {
    (cd "$1" && cksum [0-9]*/{detector.tar,policy.tar,images.list,masks.list,strategies,rewards})
}

# refused PATTERN, after "run --separate-stderr hrl": make failed with one other line.
refused() {
    stderr=$(grep -v '^make: ' <<< "$stderr")
    one_line_error 2 "$1"
}

# halfway: a run in a session of its own whose strategies stop coming in the second batch. Sets
# $make.
halfway() {
    mkdir slow
    mkfifo reached never
    exec {never}<> never # open here alone: what waits for it ends with this test
    cat > slow/tee <<'END'
#!/bin/sh
case $1 in
*/strategies) sed -u 5q | /usr/bin/tee "$@"; echo > reached; read -r _ < never ;;
*) exec /usr/bin/tee "$@" ;;
esac
END
    chmod +x slow/tee
    PATH=$PWD/slow:$PATH setsid env --default-signal=HUP,INT,TERM \
        make -f "$REPO/hrl.mk" DATA=data CROP=32 BATCH=4 EPOCHS=1 THREADS=1 ROUNDS=2 \
        3>&- {never}>&- > out 2> err &
    make=$!
    read -r _ < reached
}

# ended SIGNAL PID: within a second make has failed, with nothing left but the start. (Where a sanitizer
# looks for leaks at the end of every program, or a device is let go of: ten.)
ended() {
    local began=${EPOCHREALTIME/./} limit=1000000

    [ -z "${IR_ASAN:-}${IRTOOLS_DEVICE:-}" ] || limit=10000000
    kill -s "$1" -- "$2"
    wait "$make" && status=0 || status=$?
    [ "$status" != 0 ]
    [ $((${EPOCHREALTIME/./} - began)) -lt "$limit" ]
    [ -z "$(pgrep -s "$make" -x 'ir-.*' -r R,S,D,T)" ]
    [ "$(ls run)" = $'0000\nknobs' ]
}

@test "the six strategies" {
    for strategy in random noise blur isp hrl; do
        hrl ROUNDS=1 STRATEGY=$strategy RUN=$strategy
        [ "$(wc -l < $strategy/0001/rewards)" = 10 ]
        cmp <(cut -f 1 $strategy/0001/strategies) <(cut -f 1 $strategy/0001/rewards)
    done
    hrl ROUNDS=1 STRATEGY=none RUN=none
    [ ! -e none/0001/strategies ]
    # each from its own set
    for set in noise blur isp; do
        groups=$(ir-corrupt --list | awk -v s=$set '
            NR == FNR { if ($2 == s) from[$1]; next }
            !($2 in from) { print $2 }' - $set/0001/strategies)
        [ -z "$groups" ]
    done
    # the policy learns with hrl alone
    tar xOf hrl/0001/policy.tar --wildcards 'param/*' | cksum > learned
    tar xOf hrl/0000/policy.tar --wildcards 'param/*' | cksum > start
    run ! cmp learned start
    tar xOf random/0001/policy.tar --wildcards 'param/*' | cksum | cmp - start
}

@test "a stopped run goes on, and ends like one that was never stopped" {
    hrl ROUNDS=2 RUN=whole
    halfway
    ended TERM "$make"
    hrl ROUNDS=2
    diff <(checkpoints run) <(checkpoints whole)
}

@test "SIGINT from the terminal in the middle of a round" {
    halfway
    ended INT -"$make"
}

@test "ir-policy killed in the middle of a round" {
    halfway
    ended KILL "$(pgrep -s "$make" -x ir-policy)"
    [ "$(grep -v '^make: ' err)" = 'hrl.mk: run/0001: ir-policy was killed by SIGKILL' ]
}

@test "ir-corrupt killed in the middle of a round" {
    halfway
    ended KILL "$(pgrep -s "$make" -x ir-corrupt)"
    [ "$(grep -v '^make: ' err)" = 'hrl.mk: run/0001: ir-corrupt was killed by SIGKILL' ]
}

@test "ir-train killed in the middle of a round" {
    halfway
    ended KILL "$(pgrep -s "$make" -x ir-train)"
    [ "$(grep -v '^make: ' err)" = 'hrl.mk: run/0001: ir-train was killed by SIGKILL' ]
}

@test "a frame that cannot be read ends the round with one line that names it" {
    hrl ROUNDS=1
    name=$(head -n 1 data/train.txt)
    rm data
    cp -R "$BATS_FILE_TMPDIR/data" data
    frame=$(grep -h -m 1 "/$name.pgm" run/0001/images.list)
    head -c 1000 "$(realpath "$frame")" > short
    mv short "$frame"
    touch -r "data/images/$name.pgm" "$frame" # it is not converted again
    run --separate-stderr hrl ROUNDS=2
    refused "^hrl.mk: run/0002: ir-[a-z]*: .*$name"
    [ ! -e run/0002 ]
}

@test "none and hrl from the same start, scored and compared" {
    hrl ROUNDS=0 RUN=start STRATEGY=none
    head -n 3 data/train.txt > held
    for strategy in none hrl; do
        hrl ROUNDS=2 RUN=$strategy STRATEGY=$strategy INIT=start/0000/detector.tar VAL=held KEEP=1
        cmp start/0000/detector.tar "$(find start -name detector.tar)"
        [ -s $strategy/best.tar ]
        hrl robustness RUN=$strategy SEVERITIES='1 5' FAMILIES='noise blur isp' > /dev/null
        [ "$(wc -l < $strategy/robustness.tsv)" = 34 ]
    done
    hrl compare RUNS='none hrl' > table
    [ "$(head -n 1 table)" = $'corruption\tseverity\tnone\thrl\tgain\tci95' ]
    awk -F '\t' '$1 == "mean-of-nine" { found = $6 ~ /^[0-9]+\.[0-9]+$/ } END { exit !found }' table
    [ "$(cut -f 1,2 table)" = "$(cut -f 1,2 none/robustness.tsv)" ]
}

@test "HOLD keeps a group out of training, and robustness marks it" {
    hrl ROUNDS=1 HOLD='noise, jpeg' EPOCHS=4
    [ "$(wc -l < run/0001/strategies)" -gt 30 ]
    run ! grep -e noise -e jpeg run/0001/strategies
    grep -qx 'HOLD noise, jpeg' run/knobs
    awk -F '\t' '/noise|jpeg/ && $4 > 0 { bad = 1 } END { exit bad }' run/policy.tsv
    hrl robustness SEVERITIES=3 FAMILIES='noise isp camera' DETECT='ir-detect -m top-hat -j 1' > table
    [ "$(head -n 1 table)" = $'corruption\tseverity\tiou\tpd\tfa\trce\theld' ]
    [ "$(awk -F '\t' 'NR > 1 && $7 == "held" { print $1 }' table | uniq | xargs)" = \
        'gaussian-noise shot-noise impulse-noise jpeg' ]
    [ "$(awk -F '\t' '/^mean/ { print $1 }' table | xargs)" = 'mean-of-camera mean-of-played mean-of-held' ]
    mean() {
        awk -F '\t' -v names=" $1 " '$2 == 3 && index(names, " " $1 " ") { n++; sum += $3 }
            END { printf "%.2f", sum / n }' table
    }
    near() { awk -v a="$(awk -v n="$1" '$1 == n { print $3 }' table)" -v b="$(mean "$2")" \
        'BEGIN { exit !((a - b) ^ 2 < 0.0002) }'; }
    near mean-of-held 'gaussian-noise shot-noise impulse-noise jpeg'
    near mean-of-played 'brightness contrast pixelate'
    near mean-of-camera "$(ir-corrupt --list | awk '$2 == "camera" { print $1 }' | xargs)"
    run --separate-stderr hrl ROUNDS=2 EPOCHS=4 HOLD=blur
    refused 'HOLD is "blur" here but "noise, jpeg" in run'
}

@test "LR_SCHEDULE=cosine runs down over all rounds, EMA averages: stopped or not, the same bits" {
    hrl ROUNDS=3 LR=1e-2 LR_SCHEDULE=cosine EMA=0.9 RUN=whole STRATEGY=none
    awk -F '\t' 'NR > 1 { if (NR > 2 && $8 >= last) exit 1; last = $8; n++ } END { exit n != 3 }' whole/log.tsv
    tar tf whole/0003/detector.tar | grep -q '^ema/'
    tar tf whole/0003/detector.tar | grep -q '^measured/'
    hrl ROUNDS=3 LR=1e-2 LR_SCHEDULE=cosine EMA=0.9 RUN=twice STRATEGY=none twice/0001
    hrl ROUNDS=3 RUN=twice
    cmp whole/0003/detector.tar twice/0003/detector.tar
    run --separate-stderr hrl ROUNDS=1 RUN=both LR_SCHEDULE=cosine LR_STEPS=1
    refused 'LR_STEPS does not go with LR_SCHEDULE=cosine'
}

@test "HOLD of everything, of an unknown name, of a camera corruption" {
    run --separate-stderr hrl ROUNDS=0 RUN=all HOLD='noise blur isp'
    refused '^hrl.mk: HOLD: "noise blur isp" leaves no corruption to play with$'
    run --separate-stderr hrl ROUNDS=0 RUN=fog HOLD='blur fog'
    refused '^hrl.mk: HOLD: fog is none of noise blur isp and no corruption that a policy plays$'
    run --separate-stderr hrl ROUNDS=0 RUN=camera HOLD=banding
    refused '^hrl.mk: HOLD: banding is none of noise blur isp'
    [ ! -e all/0000 ] && [ ! -e fog/0000 ] && [ ! -e camera/0000 ]
}

@test "robustness of a classical detector, by METHOD" {
    hrl robustness RUN=classical METHOD=mspcm SEVERITIES=3 FAMILIES='isp camera' > shown
    hrl robustness DETECT='ir-detect -m mspcm -j 1' SEVERITIES=3 FAMILIES='isp camera' TABLE=mspcm.tsv | diff shown -
    cmp classical/mspcm.tsv mspcm.tsv
    hrl show RUN=classical METHOD=mspcm | diff shown -
    [ "$(awk '$1 == "clean" { print ($4 > 20) }' mspcm.tsv)" = 1 ]
    for knob in CHECKPOINT=none/0001/detector.tar DETECT=cat; do
        echo "$knob"
        run -2 hrl robustness RUN=classical METHOD=mspcm $knob
        [[ $output == *'METHOD does not go with CHECKPOINT or DETECT'* ]]
    done
}

@test "robustness of a classical detector, by DETECT" {
    hrl robustness DETECT='ir-detect -m top-hat -j 1' SEVERITIES=3 FAMILIES=noise TABLE=top-hat.tsv > /dev/null
    sed 's,.*,data/images/&.pgm,' data/test.txt > images
    sed 's,.*,data/masks/&.pgm,' data/test.txt > truth
    percent() { awk 'NR == 2 { printf "%.2f", 100 * $1 }'; }
    iou=$(ir-detect -m top-hat @images | ir-score --tsv - @truth | percent)
    [ "$(awk '$1 == "clean" { print $3 }' top-hat.tsv)" = "$iou" ]
    noisy=$(ir-corrupt -n gaussian-noise -s 3 -r 1 @images | ir-detect -m top-hat |
        ir-score --tsv - @truth | percent)
    [ "$(awk '$1 == "gaussian-noise" && $2 == 3 { print $3 }' top-hat.tsv)" = "$noisy" ]
}

@test "robustness on two datasets, each with its own frames and masks" {
    scenes other -n 6 -t 3 -s 72x80 -r 9
    hrl robustness RUN=two DETECT='ir-detect -m top-hat -j 1' SEVERITIES=3 FAMILIES=blur TEST='data other' > /dev/null
    percent() { awk 'NR == 2 { printf "%.2f", 100 * $1 }'; }
    for set in data other; do
        hrl robustness DETECT='ir-detect -m top-hat -j 1' SEVERITIES=3 FAMILIES=blur DATA=$set TABLE=$set.tsv > /dev/null
        grep "^$set	" two/robustness.tsv | cut -f 2- | diff <(tail -n +2 $set.tsv) -
        sed "s,.*,$set/images/&.pgm," $set/test.txt > images
        sed "s,.*,$set/masks/&.pgm," $set/test.txt > truth
        iou=$(ir-detect -m top-hat @images | ir-score --tsv - @truth | percent)
        [ "$(awk -v s=$set '$1 == s && $2 == "clean" { print $4 }' two/robustness.tsv)" = "$iou" ]
    done
    run ! cmp -s data.tsv other.tsv
    ir-score report two/robustness.tsv > page.html
    whole page.html '<h3>Tested on data</h3>' '<h3>Tested on other</h3>'
}

# whole PAGE TEXT...: the page is valid and has these texts.
whole() {
    local page=$1 text

    tidy -qe "$page"
    shift
    for text; do grep -qF "$text" "$page" || { echo "no $text in $page"; return 1; }; done
}

@test "report: scores what is missing, once for each detector" {
    hrl ROUNDS=0 RUN=start STRATEGY=none
    for strategy in none hrl; do
        hrl ROUNDS=1 RUN=$strategy STRATEGY=$strategy INIT=start/0000/detector.tar
    done
    hrl robustness RUN=hrl SEVERITIES='1 5' > /dev/null
    [ "$(hrl report RUNS='none hrl')" = report.html ]
    whole report.html '<h1>Robustness report: none, hrl</h1>' 'hrl: strategies played' \
        'none was trained without an adversary' 'No robustness table of none' \
        'Biggest gains of hrl over none' 'ROC of pixels' "hrl began with <code>make -f hrl.mk RUN=hrl"
    # of both the same frames under the same strategies, each once
    for run in none hrl; do
        cut -f 1,10,11 $run/scored/images.tsv > $run.strategies
        cut -f 1 $run/scored/images.tsv | tail -n +2 | diff - <(cat data/test.txt)
        ls $run/scored
    done > files
    [ "$(sort files | uniq -c | awk '$1 != 2')" = '' ]
    cmp none.strategies hrl.strategies
    [ "$(tail -n +2 none.strategies | cut -f 2,3 | sort -u | wc -l)" = 4 ]
    # they are what the programs say of that detector
    sed 's,.*,data/images/&.pgm,' data/test.txt > images
    sed 's,.*,data/masks/&.pgm,' data/test.txt > truth
    iou=$(ir-detect -c hrl/0001/detector.tar @images | ir-score --tsv - @truth | awk 'NR == 2 { print $1 }')
    awk -F '\t' -v iou="$iou" '$1 == "iou" { print ($2 - iou) ^ 2 < 1e-12 }' hrl/scored/clean.tsv |
        grep -qx 1
    name=$(sed -n 2p data/test.txt)
    ir-corrupt -S hrl/scored/strategies -r 1 @images | ir-detect -c hrl/0001/detector.tar |
        ir-score --per-image - @truth | awk -v n="$name" '$1 == n { print $1, $2, $6 }' > expected
    [ -s expected ]
    awk -v n="$name" '$1 == n { print $1, $2, $6 }' hrl/scored/images.tsv | diff - expected
    # not made again for the same detector, made again for another
    touch -d '2001-01-01' none/scored/clean.tsv hrl/scored/clean.tsv
    [ "$(hrl report RUN=hrl)" = hrl/report.html ]
    cp report.html first.html
    hrl report RUNS='none hrl' > /dev/null
    cmp report.html first.html
    [ "$(stat -c %y hrl/scored/clean.tsv | cut -c 1-4)" = 2001 ]
    hrl ROUNDS=2 RUN=hrl
    hrl report RUNS='none hrl' REPORT=other.html > /dev/null
    [ "$(stat -c %y none/scored/clean.tsv | cut -c 1-4)" = 2001 ]
    [ "$(stat -c %y hrl/scored/clean.tsv | cut -c 1-4)" != 2001 ]
    run ! cmp -s other.html report.html
    # made again when its frames are gone
    rm -r .irtools-cache
    hrl report RUNS='none hrl' REPORT=again.html > /dev/null
    cmp other.html again.html
}

@test "report of what is no run, or has no detector: one line" {
    run --separate-stderr hrl report RUN=nothing
    refused '^ir-score: nothing: No such file or directory$'
    hrl ROUNDS=0
    rm run/0000/detector.tar
    run --separate-stderr hrl report
    refused '^hrl.mk: run: no detector there yet, and no CHECKPOINT given$'
    [ ! -e run/report.html ]
}

@test "report on frames in directories, with base names that come again" {
    scenes flat -n 6 -t 4 -s 64x64 -r 5
    mkdir -p seq/{images,masks}/{1,2}
    n=0
    while read -r name; do
        n=$((n + 1))
        for kind in images masks; do
            cp flat/$kind/"$name".pgm "seq/$kind/$((n % 2 + 1))/a($((n / 2))).pgm"
        done
        echo "/$((n % 2 + 1))/a($((n / 2)))"
    done < <(cat flat/train.txt flat/test.txt) > seq/train.txt
    cp seq/train.txt seq/test.txt
    hrl DATA=seq ROUNDS=1 STRATEGY=random RUN=seq-run
    hrl DATA=seq report RUN=seq-run
    whole seq-run/report.html '2+a(1)'
    [ "$(cut -f 1 seq-run/scored/images.tsv | tail -n +2)" = "$(sed 's,^/,,; s,/,+,' seq/test.txt)" ]
    [ "$(cd seq-run/scored/found && echo *)" = "$(cd seq-run/scored/corrupted && echo *)" ]
}

@test "masks of 0 and 1: trained on and scored, and said once; of 0 alone: refused" {
    cp -R "$BATS_FILE_TMPDIR/data" ones
    for mask in ones/masks/*.pgm; do
        pnmtoplainpnm "$mask" | awk 'NR > 3 { gsub(/255/, "1") } { print }' > plain
        mv plain "$mask"
    done
    [ "$(pgmhist "$mask" | awk '$1 ~ /^[0-9]+$/ { print $1 }' | paste -s)" = $'0\t1' ]
    for set in data ones; do
        hrl DATA=$set ROUNDS=2 RUN=$set-run STRATEGY=none 2> $set.said
        hrl DATA=$set robustness RUN=$set-run SEVERITIES=3 2> $set.scored > /dev/null
    done
    [ ! -s data.said ] && [ ! -s data.scored ]
    [ "$(grep -c 'holds 0 and 1, the maxval is 255' ones.said)" = 1 ]
    grep -q 'holds 0 and 1, the maxval is 255' ones.scored
    cmp data-run/0002/detector.tar ones-run/0002/detector.tar
    cmp data-run/robustness.tsv ones-run/robustness.tsv
    for mask in ones/masks/*.pgm; do pgmmake 0 64 64 > "$mask"; done
    run --separate-stderr hrl DATA=ones ROUNDS=1 RUN=none-run
    refused '^hrl.mk: none-run/0001: ir-train: .*no target in '
}

@test "make hrl is make -f hrl.mk, with the same knobs" {
    hrl ROUNDS=1 RUN=one
    make -C "$REPO" -o all hrl DATA="$PWD/data" RUN="$PWD/other" CROP=32 BATCH=4 EPOCHS=1 THREADS=1 ROUNDS=1
    [ "$(checkpoints one)" = "$(checkpoints other)" ]
    # shellcheck disable=SC2016 # nobody is to expand it
    run --separate-stderr make -C "$REPO" -o all hrl RUN="$PWD/third" DATA='$(shell touch pwned)' ROUNDS=1
    [ "$status" -ne 0 ]
    [ ! -e pwned ] && [ ! -e "$REPO/pwned" ]
}
