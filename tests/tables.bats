#!/usr/bin/env bats
# tables.mk: the list of cells, playing it, what is left, the tables. With stand-ins for the programs
# (tests/fake), but for the last tests, which play tiny games.

# shellcheck disable=SC2016,SC2030,SC2031,SC2154

load helper
load hrl

setup() {
    play_in_tmp
    cp "$REPO/tables.mk" share
    for set in nuaa nudt irstd; do cp -r data $set; done
}

tables() { make -f share/tables.mk "$@"; }

# cell NET SET STRATEGY SEEDS ROUNDS EPOCHS [KNOB=VALUE...]: adds a line to the list.
cell() {
    local IFS=$'\t'

    echo "$*" >> cells
}

# row TABLE METHOD SET CORRUPTION: its fields from the fourth on, with blanks between.
row() {
    awk -F '\t' -v method="$2" -v set="$3" -v corruption="$4" \
        '$1 == method && $2 == set && $3 == corruption' "tables/table$1.tsv" | cut -f 4- | tr '\t' ' '
}

# ious VALUE...: what the tests to come find, a run each: clean and three corruptions at three severities.
ious() {
    local value i

    for value; do for i in {0..9}; do echo "$value"; done; done > fake/ious
}

@test "tables: the list's cells are played, each seed in its directory, and stand beside the paper's figures" {
    cell acm nuaa none "1 2" 2 3 BATCH=4 "LR_STEPS=1 2" "INIT_OPTIONS=--init published"
    ious 0.60 0.64
    tables NUAA=nuaa NUDT=nudt IRSTD=irstd CELLS=./cells THREADS=1 > out 2> err
    [ "$(echo tables/*-*)" = 'tables/acm-nuaa-none-1 tables/acm-nuaa-none-2' ]
    for knob in "DATA $PWD/nuaa" 'NET acm' 'STRATEGY none' 'SEED 2' 'EPOCHS 3' 'ROUNDS 2' 'BATCH 4' 'LR_STEPS 1 2' \
        'INIT_OPTIONS --init published' 'RESIZE_MASKS nearest'; do
        grep -qx "$knob" tables/acm-nuaa-none-2/knobs
    done
    # 12.706 times the deviation over the square root of 2
    [ "$(row 1 ACM nuaa clean)" = '67.09 62.00 25.41 92.02 50.00 0.00 40.61 12.50 0.00 2 6 -' ]
    [ "$(row 1 ACM nudt clean)" = '65.90 - - 96.93 - - 17.05 - - 0 - -' ]
    [ "$(row 6 none nuaa mean-of-nine)" = '29.87 62.00 25.41 55.48 0.00 0.00 2 6 a' ]
    grep -q '^Table 7: ' out
    grep -q '^a: .*39.21 .*36.43' out
    [ "$(grep -c '<table>' tables/tables.html)" = 7 ]
    grep -q '<td>ACM</td><td>nuaa</td><td>clean</td><td class="paper">67.09</td><td class="ours">62.00</td>' tables/tables.html
}

@test "tables: what was played is not played again, a stopped run goes on, a table older than its run is made anew" {
    cell acm nuaa none 1 2 1
    cell acm nuaa hrl 1 2 1
    tables NUAA=nuaa CELLS=./cells > out 2> err
    : > fake/pids
    tables NUAA=nuaa CELLS=./cells > out 2> err
    [ ! -s fake/pids ]
    rm -r tables/acm-nuaa-hrl-1/0002
    tables NUAA=nuaa CELLS=./cells > out 2> err
    [ -d tables/acm-nuaa-hrl-1/0002 ]
    [ "$(grep -c ir-train fake/pids)" = 1 ]
    [ tables/acm-nuaa-hrl-1/robustness.tsv -nt tables/acm-nuaa-hrl-1/0002/log ]
    [ "$(grep -c '^tables/.*: testing on nuaa$' out)" = 1 ]
}

@test "tables: make -n plays nothing and says what is left, in hours, and by what they are reckoned" {
    cell acm nuaa none "1 2" 4 1
    cell acm nudt hrl 1 4 1
    cell mspcm irstd classical 1 - -
    make -f share/hrl.mk DATA=nuaa STRATEGY=none EPOCHS=1 RUN=tables/acm-nuaa-none-1 ROUNDS=2 > out
    make -f share/hrl.mk RUN=tables/acm-nuaa-none-1 ROUNDS=3 > out # begun for 2
    sed -i 's/^\(ROUNDS\) .*/\1 4/' tables/acm-nuaa-none-1/knobs
    awk -F '\t' -v OFS='\t' 'NR > 1 { $9 = 3600 } 1' tables/acm-nuaa-none-1/log.tsv > log
    mv log tables/acm-nuaa-none-1/log.tsv
    : > fake/arguments
    make -n -f share/tables.mk NUAA=nuaa NUDT=nudt CELLS=./cells > out
    run ! grep -v ' --list$' fake/arguments
    grep -qx 'acm-nuaa-none  *1 2  *5  *2  *5\.00  its rounds, other seeds' out
    grep -qx 'acm-nudt-hrl  *1  *4  *1  *0\.00  costs\.tsv' out
    grep -qx 'together  *5\.0 hours' out
    grep -qx 'Not given: IRSTD=; that leaves out 1 of the list.s cells\.' out
    run ! grep -q mspcm out
}

@test "tables: make -n reckons by the lengths of the lists and the table of costs" {
    cell dnanet nuaa none 1 50 8
    for ((i = 0; i < 1000; i++)); do echo "train1"; done > nuaa/train.txt
    make -n -f share/tables.mk NUAA=nuaa CELLS=./cells > out
    # 400 epochs of 1000 frames of 428 ms, and a test of 10 times 2 frames
    grep -qx 'dnanet-nuaa-none  *1  *50  *1  *47\.56  costs\.tsv' out
}

@test "tables: runs made by hand count, whether the list has them or not, and print needs no data set" {
    cell acm nuaa none 1 2 1
    make -f share/hrl.mk DATA=nudt NET=dnanet STRATEGY=hrl EPOCHS=2 ROUNDS=3 SEED=7 RUN=tables/dnanet-nudt-hrl-7 > out
    make -f share/hrl.mk robustness RUN=tables/dnanet-nudt-hrl-7 > out
    tables print CELLS=./cells > out
    [ "$(row 5 DNANet+HRL nudt clean)" = '93.70 80.00 - 99.26 50.00 - 3.17 12.50 - 1 6 -' ]
    [ "$(row 1 ACM nuaa clean)" = '67.09 - - 92.02 - - 40.61 - - 0 - -' ]
}

@test "tables: a run begun otherwise than the list says goes on as it was begun, and that is said" {
    cell acm nuaa none 1 4 1 BATCH=2
    make -f share/hrl.mk DATA=nuaa STRATEGY=none EPOCHS=1 ROUNDS=1 BATCH=3 RUN=tables/acm-nuaa-none-1 > out
    rm -r tables/acm-nuaa-none-1/0001
    tables NUAA=nuaa CELLS=./cells > out 2> err
    grep -qx 'tables/acm-nuaa-none-1: begun with BATCH "3", where the list says "2": goes on so' err
    grep -qx 'tables/acm-nuaa-none-1: begun with ROUNDS "1", where the list says "4": goes on so' err
    [ -s tables/acm-nuaa-none-1/robustness.tsv ]
    [ ! -e tables/acm-nuaa-none-1/0002 ]
}

@test "tables: a run whose knobs belie its name is refused, and no knob of it is ever run" {
    make -f share/hrl.mk DATA=nuaa STRATEGY=none ROUNDS=1 RUN=tables/rdian-nuaa-none-1 > out
    make -f share/hrl.mk robustness RUN=tables/rdian-nuaa-none-1 > out
    run --separate-stderr tables print
    refused '^tables\.mk: tables/rdian-nuaa-none-1: by its knobs it is of .* acm none 1'
    mv tables/rdian-nuaa-none-1 tables/acm-nuaa-none-1
    for knob in EPOCHS ROUNDS; do
        cp tables/acm-nuaa-none-1/knobs kept
        sed -i "s/^$knob .*/$knob sets[\$(touch injected)]/" tables/acm-nuaa-none-1/knobs
        run --separate-stderr tables print
        [ ! -e injected ]
        run --separate-stderr make -n -f share/tables.mk NUAA=nuaa
        [ ! -e injected ]
        cp kept tables/acm-nuaa-none-1/knobs
    done
}

@test "tables: the cells of a set that was not given are dashes, and that is said once" {
    cell acm nuaa none 1 1 1
    cell acm nudt none 1 1 1
    cell acm irstd none 1 1 1
    tables NUAA=nuaa CELLS=./cells > out 2> err
    [ "$(grep -c 'Not given' err)" = 1 ]
    grep -qx 'Not given: NUDT=, IRSTD=; that leaves out 2 of the list.s cells\.' err
    [ "$(echo tables/*-*)" = tables/acm-nuaa-none-1 ]
}

@test "tables: the average is over the sets, of the seeds that all three have" {
    cell acm nuaa none "1 2" 1 1
    cell acm nudt none 1 1 1
    cell acm irstd none 1 1 1
    ious 0.3 0.4 0.5 0.7
    tables NUAA=nuaa NUDT=nudt IRSTD=irstd CELLS=./cells THREADS=1 > out 2> err
    [ "$(row 1 ACM nuaa clean)" = '67.09 35.00 63.53 92.02 50.00 0.00 40.61 12.50 0.00 2 1 -' ]
    [ "$(row 1 ACM average clean)" = '65.14 50.00 - 92.95 50.00 - 34.78 12.50 - 1 1 -' ]
}

@test "tables: across tests each run on all sets, and one trained on all of them together" {
    for set in nuaa nudt all; do cell acm $set hrl 1 1 1; done
    cell alcnet nuaa hrl 1 1 1
    printf '\357\273\277x/train1.png\r\n' > irstd/train.txt
    mkdir irstd/images/x irstd/masks/x
    cp irstd/images/train1.pgm irstd/images/x/train1.pgm
    cp irstd/masks/train1.pgm irstd/masks/x/train1.pgm
    tables across NUAA=nuaa NUDT=nudt IRSTD=irstd CELLS=./cells > out 2> err
    [ "$(wc -l < tables/acm-all-hrl-1/0000/train.txt)" = 13 ]
    tail -n 1 tables/acm-all-hrl-1/0000/train.txt | grep -qx irstd/x/train1
    [ "$(wc -l < tables/across.tsv)" = 13 ]
    grep -qx $'acm\thrl\tnudt\tirstd\t80.00\t-\t.*\t1\t1' tables/across.tsv
    grep -qx $'acm\thrl\tall\tnuaa\t80.00\t-\t.*\t1\t1' tables/across.tsv
    grep -qx $'acm\thrl\tirstd\tnuaa\t-\t-\t-\t-\t0\t-' tables/across.tsv
    run ! grep -q alcnet tables/across.tsv
    : > fake/pids
    tables across NUAA=nuaa NUDT=nudt IRSTD=irstd CELLS=./cells > out 2> err
    [ ! -s fake/pids ]
}

@test "tables: a bad line of the list is one message with its number" {
    bad() {
        printf '# a comment\n\n%b\n' "$1" > cells
        run --separate-stderr make -n -f share/tables.mk NUAA=nuaa CELLS=./cells
        refused "^share/tables\.mk:[0-9]+: \*\*\* \./cells: line 3: $2"
    }
    refused() {
        [ "$status" = 2 ]
        [ "$(wc -l <<< "$stderr")" = 1 ]
        echo "$stderr"
        [[ $stderr =~ $1 ]]
    }
    bad 'acm\tnuaa\tnone\t1\t2' 'has 5 fields, not net, set'
    bad 'acm\tnuaa\tnone\t\t2\t3' 'an empty field'
    bad 'acn\tnuaa\tnone\t1\t2\t3' 'net is "acn": not acm'
    bad 'acm+sfin\tnuaa\tnone\t1\t2\t3' 'net is "acm\+sfin": not acm'
    bad 'acm\tsirst\tnone\t1\t2\t3' 'set is "sirst": not nuaa nudt irstd all'
    bad 'acm\tnuaa\tnoise!\t1\t2\t3' 'strategy is "noise!": not none'
    bad 'acm\tnuaa\tclassical\t1\t-\t-' 'method is "acm": not top-hat'
    bad 'ipi\tnuaa\tnone\t1\t2\t3' 'net is "ipi": not acm'
    bad 'ipi\tnuaa\tclassical\t1\t2\t3' 'a classical method has - for rounds'
    bad 'acm\tnuaa\tnone\t1 x\t2\t3' 'seeds is "1 x": not whole numbers'
    bad 'acm\tnuaa\tnone\t1 2 1\t2\t3' 'a seed comes twice'
    bad 'acm\tnuaa\tnone\t1\t0\t3' 'rounds is "0": not a whole number from 1'
    bad 'acm\tnuaa\tnone\t1\t2\ta[0]' 'epochs is "a\[0\]": not a whole number'
    bad 'acm\tnuaa\tnone\t1\t2\t3\tBATCH' 'BATCH: not a knob that shapes a run'
    bad 'acm\tnuaa\tnone\t1\t2\t3\tTHREADS=1' 'THREADS=1: not a knob that shapes a run'
    bad 'acm\tnuaa\tnone\t1\t2\t3\tSEED=1' 'SEED is not for the list to say'
    bad 'acm\tnuaa\tnone\t1\t2\t3\tBATCH=$(touch x)' 'BATCH is .* not a whole number'
    bad 'acm\tnuaa\tnone\t1\t2\t3\tBATCH=1\tBATCH=2' 'BATCH comes twice'
    bad 'acm\tnuaa\tnone\t1\t2\t3\tVAL=../x' 'VAL is a file of the directory of the set'
    [ ! -e x ]
    printf 'acm\tnuaa\tnone\t1\t2\t3\nacm\tnuaa\tnone\t2\t2\t3\n' > cells
    run --separate-stderr tables NUAA=nuaa CELLS=./cells
    refused '\./cells: line 2: acm-nuaa-none comes twice'
}

@test "tables: directories and lists that are not there, and names that mean something, are refused" {
    while IFS='|' read -r argument pattern; do
        run --separate-stderr make -n -f share/tables.mk "$argument"
        [ "$status" = 2 ]
        [[ $stderr =~ $pattern ]]
    done <<'END'
NUAA=nowhere|NUAA: no directory /.*/nowhere
NUDT=$(touch x)|NUDT has a blank
IRSTD=a;b|IRSTD has ; in it
RUNS=a=b|RUNS has = in it
RUNS=|RUNS is empty
CELLS=nowhere.tsv|CELLS: .*/share/hrl/nowhere.tsv is not a file
CELLS=./nuaa|CELLS: ./nuaa is not a file
END
    [ ! -e x ]
}

@test "tables: a run's table that is torn or lacks a column is refused by name" {
    cell acm nuaa none 1 1 1
    tables NUAA=nuaa CELLS=./cells > out
    cp tables/acm-nuaa-none-1/robustness.tsv kept
    while IFS='|' read -r edit pattern; do
        sed "$edit" kept > tables/acm-nuaa-none-1/robustness.tsv
        run --separate-stderr tables print CELLS=./cells
        refused "$pattern"
    done <<'END'
3s/\t[^\t]*$//|robustness\.tsv:3: 5 fields, the header has 6
1s/iou/jou/|robustness\.tsv: no column iou
END
    head -c -1 kept > tables/acm-nuaa-none-1/robustness.tsv
    run --separate-stderr tables print CELLS=./cells
    refused 'robustness\.tsv: the last line has no newline'
}

@test "tables: one goal at a time, and one run alone" {
    cell acm nuaa none "1 2" 1 1
    run --separate-stderr tables across print NUAA=nuaa CELLS=./cells
    [ "$status" = 2 ]
    [[ $stderr == 'share/tables.mk:'*': *** one goal at a time: across print.  Stop.' ]]
    tables play-acm-nuaa-none-2 NUAA=nuaa CELLS=./cells > out
    [ "$(echo tables/*-*)" = tables/acm-nuaa-none-2 ]
}

@test "tables: the lists that come with it hold, and together they have a cell for every row of the paper" {
    make -n -f share/tables.mk NUAA=nuaa NUDT=nudt IRSTD=irstd CELLS="cells.tsv cells-gpu.tsv" > left
    awk -F '\t' '!/^#/ && $1 != "table" && $5 != "average" { print $3 "-" $5 "-" $4 }' share/hrl/published.tsv | sort -u > rows
    [ "$(wc -l < rows)" = 51 ]
    while read -r name; do grep -q "^${name//+/[+]} " left; done < rows
}

@test "tables: the costs know every network" {
    PATH=$IR_BIN:/usr/bin:/bin
    ir-train init --net list | sort > nets
    awk -F '\t' '$1 == "net" { print $2 }' share/hrl/costs.tsv | sort | diff - nets
}

@test "tables: the published figures are whole: their count, their fields, their notes" {
    grep -v '^#' share/hrl/published.tsv | tail -n +2 > figures
    [ "$(cut -f 1 figures | uniq -c | xargs)" = '48 1 60 2 60 3 60 4 12 5 12 6 2 7' ]
    awk -F '\t' 'NF != 11 { exit 1 } { for (i = 7; i <= 10; i++) if ($i !~ /^([0-9]+\.[0-9][0-9]|-)$/) exit 1 }' figures
    cut -f 11 figures | tr ' ' '\n' | sort -u | sed '/^-$/d' > keys
    grep -v '^#' share/hrl/notes.tsv | cut -f 1 | diff - keys
    # a mean of nine is the mean of the nine above it
    awk -F '\t' '$1 >= 2 && $1 <= 4 {
        if ($6 != "mean-of-nine") { sum += $7; n++; next }
        if ($11 != "g" && (n != 9 || (sum / 9 - $7) ^ 2 > 0.0001)) { print $2, $1, sum / 9, $7; bad = 1 }
        sum = n = 0
    } END { exit bad }' figures
}

@test "tables: a tiny game with the real programs, with SFIM in ACM, and a classical method on clean frames alone" {
    PATH=$IR_BIN:/usr/bin:/bin
    rm -r nuaa
    scenes nuaa -n 6 -t 2 -s 64x64 -r 1 > out
    cell acm nuaa hrl 1 1 1 BATCH=4 CROP=32 SEVERITIES="2 3 4"
    cell acm+sfim nuaa none 1 1 1 BATCH=4 CROP=32 "INIT_OPTIONS=--init published"
    cell top-hat nuaa classical 1 - -
    tables NUAA=nuaa CELLS=./cells > out 2> err
    tar xOf tables/acm+sfim-nuaa-none-1/0001/detector.tar meta > said
    grep -qx 'sfim 1' said
    grep -qx 'init published' said
    [ "$(cut -f 1 tables/top-hat-nuaa-classical-1/robustness.tsv)" = $'corruption\nclean' ]
    [[ "$(row 1 Top-Hat nuaa clean)" =~ ^7\.14\ [0-9.]+\ -\ 79\.84\ [0-9.]+\ -\ 1012\.00\ [0-9.]+\ -\ 1\ -\ b\ h$ ]]
    [[ "$(row 2 ACM+HRL nuaa mean-of-nine)" =~ ^39\.21\ [0-9.]+\ -\ 42\.78\ ([0-9.]+|-|nan)\ -\ 1\ 1\ a$ ]]
    make -n -f share/tables.mk NUAA=nuaa CELLS=./cells > out
    grep -qx 'Everything is played\.' out
}
