#!/usr/bin/env bats
# ir-score report: the page that it writes of runs made by hand, its errors, and how it looks in a
# browser where there is one.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

# table FILE LINE...: the lines with their blanks turned into tabs.
table() {
    local file=$1

    shift
    printf '%s\n' "$@" | tr ' ' '\t' > "$file"
}

# robustness FILE CLEAN IOU...: a table of three corruptions' rows (severities 1 and 5) from six
# IoUs.
robustness() {
    local file=$1 clean=$2 name level
    local rows=("corruption severity iou pd fa rce" "clean - $2 80.00 1.00 -")

    shift 2
    for name in gaussian-noise contrast jpeg; do
        for level in 1 5; do
            rows+=("$name $level $1 50.00 2.00 10.00")
            shift
        done
        rows+=("$name mean 33.00 50.00 2.00 10.00")
    done
    table "$file" "${rows[@]}" "mean-of-ten mean ${clean%.*}.50 50.00 2.00 10.00"
}

# square SIDE LEFT TOP SIZE VALUE GROUND: a PGM with a square on its ground.
square() {
    awk -v n="$1" -v x0="$2" -v y0="$3" -v s="$4" -v v="$5" -v g="$6" 'BEGIN {
        printf "P2\n%d %d\n255\n", n, n
        for (y = 0; y < n; y++) for (x = 0; x < n; x++)
            print (x >= x0 && x < x0 + s && y >= y0 && y < y0 + s ? v : g)
    }'
}

# play DIR LOSS: a run of three rounds with every part but frames.
play() {
    mkdir -p "$1/0000" "$1/scored"
    printf 'DATA /data\nSTRATEGY hrl\nNET acm\nSEED 7\nVAL \nSEVERITIES 1 5\n' > "$1/knobs"
    printf 'key\tvalue\nversion\t0.1.0\nmachine\tx86_64, a processor\ndevice\tcpu\n' \
        > "$1/0000/about.tsv"
    printf 'threads\t2\ncommand\tmake -f hrl.mk RUN=%s SEED=7\n' "$1" >> "$1/0000/about.tsv"
    table "$1/log.tsv" \
        "round frames loss_clean loss_corrupted iou entropy images_per_second lr seconds" \
        "1 10 0.9 0.95 0.1 3.4 100 0.001 1" "2 10 $2 0.9 0.25 3.2 100 0.001 1" \
        "3 10 0.5 0.8 0.5 2.5 100 0.001 1"
    table "$1/policy.tsv" "round corruption severity share" "1 jpeg 1 0.5" "1 jpeg 5 0.5" \
        "2 jpeg 1 0.25" "2 jpeg 5 0.75" "3 jpeg 1 0" "3 jpeg 5 1"
    robustness "$1/robustness.tsv" 60.25 50.00 40.00 30.00 20.00 10.00 0.00
    for part in clean corrupted; do
        table "$1/scored/$part.tsv" "score value low high" "iou 0.625 0.5 0.75" \
            "niou 0.5 0.25 0.75" "f1 0.75 0.7 0.8" "pd_distance 0.875 0.5 1" \
            "fa_per_million_distance 12.5 1 20" "hiou nan nan nan" "pr_area 0.5 0.4 0.6" \
            "roc_area 0.9 0.8 1"
    done
    {
        table roc 'threshold true_positive_rate false_positive_rate pd fa_per_million' \
            '0 0.9 0.01 1 1000' '0.5 0.5 0.001 0.5 10' '1 0 0 0 0'
        cat roc
        printf '# area\t0.9125\n'
    } > "$1/scored/roc.tsv"
    {
        table pr 'threshold precision recall f1' '0 0.25 1 0.4' '0.5 0.75 0.5 0.6' '1 nan 0 0'
        cat pr
        printf '# area\t0.4375\n'
    } > "$1/scored/pr.tsv"
}

# show DIR NAME IOU HITS ALARMS LEFT: adds a frame of 8x8 with a target of 2x2 at column 1, row 2, and
# what DIR found: a square at column LEFT, row 2. ALARMS: pixels of false alarms.
show() {
    mkdir -p "$1/scored/corrupted" "$1/scored/found" frames truth
    [ -e "$1/scored/images.tsv" ] || table "$1/scored/images.tsv" \
        'name iou intersection union targets hits false_alarms false_alarm_pixels pixels corruption severity frame truth'
    printf '%s\t' "$2" "$3" 4 4 1 "$4" 0 "$5" 64 jpeg 5 "frames/$2.pgm" >> "$1/scored/images.tsv"
    printf '%s\n' "truth/$2.pgm" >> "$1/scored/images.tsv"
    square 8 1 2 2 110 10 > "frames/$2.pgm"
    square 8 1 2 2 60 10 > "$1/scored/corrupted/$2.pgm"
    square 8 1 2 2 255 0 > "truth/$2.pgm"
    square 8 "$6" 2 2 255 0 > "$1/scored/found/$2.pgm"
}

# two: none and hrl, whole.
two() {
    play none 0.7
    sed -i 's/hrl/none/' none/knobs
    rm none/policy.tsv
    sed -i 's/\t0\.[89]5*\t\(0\.[0-9]*\)\t[23].[0-9]*/\t-\t\1\t-/' none/log.tsv
    play hrl 0.6
    show none a 0.2 0 0 4
    show none b 0.5 1 0 1
    show hrl a 0.9 1 0 1
    show hrl b 0.25 0 4 6
}

# pictures PAGE: the page's PNG pictures as picture1.ppm, picture2.ppm, ...
pictures() {
    local n=0 data

    grep -o 'data:image/png;base64,[^"]*' "$1" | sed 's/.*,//' > uris
    while read -r data; do
        n=$((n + 1))
        base64 -d <<< "$data" | pngtopnm > "picture$n.ppm"
    done < uris
}

# pixel PICTURE X Y: red green blue.
pixel() {
    pamcut -left "$2" -top "$3" -width 1 -height 1 "$1" | pamdepth -quiet 255 | samples |
        awk '{ print $2, $(NF > 2 ? 3 : 2), $NF }'
}

@test "a page of two whole runs is valid HTML and needs nothing else" {
    two
    ir-score report -o page.html none hrl
    run tidy -qe page.html
    [[ $status -eq 0 && -z $output ]]
    run ! grep -nE 'https?:|<script|<link|@import|url\(' page.html
    run ! grep -oE '(src|href)="[^"]*"' <(grep -oE '(src|href)="[^"]{0,22}' page.html |
        grep -vE 'href="(#[a-z]*|data:image/png;base64,?)$')
    [ "$(grep -c '<section' page.html)" = 7 ]
    grep -q 'prefers-color-scheme:dark' page.html
    grep -q '@media print' page.html
}

@test "the same input gives the same page, on standard output as well" {
    two
    ir-score report -o page.html none hrl
    sleep 1
    ir-score report none/ hrl > again.html
    cmp page.html again.html
}

@test "what was run: knobs, seed, version, machine, command" {
    two
    ir-score report none hrl > page.html
    grep -q '<tr><th scope="row">Seed</th><td>7</td><td>7</td></tr>' page.html
    grep -q '<tr><th scope="row">Strategy</th><td>none</td><td>hrl</td></tr>' page.html
    grep -q '<th scope="row">Rounds done</th><td>3</td>' page.html
    grep -q '<th scope="row">irtools</th><td>0.1.0</td>' page.html
    grep -q '<th scope="row">Machine</th><td>x86_64, a processor</td>' page.html
    grep -q '<th scope="row">Device</th><td>cpu</td>' page.html
    grep -q 'hrl began with <code>make -f hrl.mk RUN=hrl SEED=7</code>' page.html
    grep -q '<th scope="row">SEVERITIES</th><td>1 5</td>' page.html
    run ! grep -q '<th scope="row">VAL<' page.html
}

@test "scores with their intervals; what is undefined is n/a" {
    two
    ir-score report hrl > page.html
    grep -qF '<th scope="row">IoU, %</th><td class="number">62.50 <small>[50.00, 75.00]</small></td>' page.html
    grep -qF '<th scope="row">Fa, pixels per million</th><td class="number">12.5 <small>[1.0, 20.0]</small></td>' page.html
    grep -qF '<th scope="row">hIoU, %</th><td class="number">n/a</td>' page.html
    run ! grep -niE '[^a-z](nan|inf)[^a-z]' page.html
}

@test "the heat map's colours are viridis from 0 to 100 percent" {
    robustness t.tsv 60.00 0.00 100.00 50.00 nan 12.50 75.00
    ir-score report t.tsv > page.html
    tr -d '\n' < page.html > line
    # fill, then the title, then the number in it
    cell() { grep -qF "fill=\"$1\"><title>$2: $3 IoU, %</title></rect><text class=\"$4\"" line; }
    cell '#440154' 'gaussian-noise, 1' 0.0 on-dark
    cell '#fde725' 'gaussian-noise, 5' 100.0 on-light
    cell '#21918c' 'contrast, 1' 50.0 on-dark
    cell '#472d7b' 'jpeg, 1' 12.5 on-dark
    cell '#5ec962' 'jpeg, 5' 75.0 on-light
    [ "$(grep -o 'class="none"' page.html | wc -l)" = 1 ]
    grep -q '>n/a</text>' page.html
}

@test "bars have the IoU's height, and the clean IoU's line" {
    robustness t.tsv 50.00 100.00 25.00 0.00 nan 12.50 75.00
    ir-score report t.tsv > page.html
    # from 8 (100 %) down to 116 (0 %)
    heights=$(grep -o 'class="bar s0" x="[0-9.]*" y="[0-9.]*" width="[0-9.]*" height="[0-9.]*"' page.html |
        sed 's/.* y="\([0-9.]*\)".*height="\([0-9.]*\)"/\1 \2/')
    diff - <(echo "$heights") <<< $'8.0 108.0\n89.0 27.0\n116.0 0.0\n102.5 13.5\n35.0 81.0'
    [ "$(grep -c 'class="level s0" d="M34 62.0H236"' page.html)" = 3 ]
}

@test "runs beside each other, with what the others gain over the first" {
    robustness a.tsv 60.00 50.00 40.00 30.00 20.00 10.00 nan
    robustness b.tsv 61.50 45.00 40.00 30.00 20.00 10.00 5.00
    sed -i '/^contrast\t5/d' b.tsv
    ir-score report a.tsv b.tsv > page.html
    row() { grep -qF "<tr><th scope=\"row\">$1</th><td>$2</td>$3</tr>" page.html; }
    n='<td class="number">'
    row clean - "${n}60.00</td>${n}61.50</td>${n}1.50</td>"
    row gaussian-noise 1 "${n}50.00</td>${n}45.00</td>${n}−5.00</td>"
    row contrast 5 "${n}20.00</td>${n}&ndash;</td>${n}&ndash;</td>"
    row jpeg 5 "${n}n/a</td>${n}5.00</td>${n}n/a</td>"
}

@test "several datasets have a part of the section each" {
    robustness t.tsv 60.00 50.00 40.00 30.00 20.00 10.00 5.00
    {
        sed '1s/^/dataset\t/; 1!s/^/one\t/' t.tsv
        sed '1d; s/^/two\t/; s/60.00/61.00/' t.tsv
    } > both.tsv
    ir-score report both.tsv > page.html
    [ "$(grep -o '<h3>Tested on [a-z]*' page.html)" = $'<h3>Tested on one\n<h3>Tested on two' ]
    [ "$(grep -o 'clean 6[01].00' page.html)" = $'clean 60.00\nclean 61.00' ]
    [ "$(grep -c '<figure class="small">' page.html)" = 6 ]
}

@test "curves: losses, held-out IoU, entropy, ROC and PR go through their points" {
    two
    ir-score report none hrl > page.html
    tr -d '\n' < page.html > line
    # x: 0 to 3 from 62 to 466; y: 0.5 to 1 from 252 to 12
    grep -qF 'class="line s0" d="M196.7 60.0L331.3 156.0L466.0 252.0"' line
    grep -qF 'class="line s1" d="M196.7 60.0L331.3 204.0L466.0 252.0"' line
    grep -qF 'class="line s1 second" d="M196.7 36.0L331.3 60.0L466.0 108.0"' line
    # IoU: 10 to 50 percent
    grep -qF 'class="line s1" d="M196.7 252.0L331.3 162.0L466.0 12.0"' line
    # entropy: 0 to 4; only hrl's
    grep -qF 'class="line s1" d="M196.7 48.0L331.3 60.0L466.0 102.0"' line
    [ "$(grep -o 'pure chance' line | wc -l)" = 1 ]
    # ROC on a logarithmic axis of six decades, without the point at 0
    grep -qF 'class="line s0" d="M331.3 36.0L264.0 132.0"' line
    grep -qF 'hrl area 0.9125' line
    # PR without the point that is undefined
    grep -qF 'class="line s1" d="M466.0 192.0L264.0 72.0"' line
    grep -qF 'hrl area 0.4375' line
}

@test "the policy's map has a row per strategy, a column per round, up to the largest share" {
    two
    ir-score report none hrl > page.html
    grep -qF 'fill="#440154"><title>jpeg 1, 3: 0.00 % of' page.html
    grep -qF 'fill="#fde725"><title>jpeg 5, 3: 100.00 % of' page.html
    grep -qF 'fill="#21918c"><title>jpeg 1, 1: 50.00 % of' page.html
    grep -q 'none was trained without an adversary' page.html
}

@test "the gallery: misses, false alarms, gains and losses, each the worst first" {
    two
    ir-score report none hrl > page.html
    sed -n '/id="gallery"/,$p' page.html | grep -oE '<h3>[^<]*|<b>[^<]*' > found
    diff - found <<'END'
<h3>Worst misses of hrl
<b>b
<h3>Worst false alarms of hrl
<b>b
<h3>Biggest gains of hrl over none
<b>a
<h3>Biggest losses of hrl over none
<b>b
END
    for i in 1 2 3 4 5 6; do show hrl c$i 0.$i 0 $i 6; done
    ir-score report hrl > page.html
    sed -n '/id="gallery"/,$p' page.html | grep -oE '<h3>[^<]*|<b>[^<]*' > found
    diff - found <<'END'
<h3>Worst misses of hrl
<b>c1
<b>c2
<b>b
<b>c3
<h3>Worst false alarms of hrl
<b>c6
<b>c5
<b>b
<b>c4
END
}

@test "the gallery's pictures: frame, corrupted, truth, the masks of all runs, the target marked" {
    two
    ir-score report none hrl > page.html
    pictures page.html
    [ "$(wc -l < uris)" = 20 ]
    # b, missed by hrl: grey from 10 to 110 is black to white in both frames
    [ "$(pixel picture1.ppm 0 0)" = '0 0 0' ]
    [ "$(pixel picture1.ppm 1 2)" = '255 255 255' ]
    [ "$(pixel picture2.ppm 2 3)" = '128 128 128' ]
    [ "$(pixel picture3.ppm 1 2)" = '255 255 255' ]
    [ "$(pixel picture4.ppm 1 2)" = '255 255 255' ] # none found it
    [ "$(pixel picture5.ppm 1 2)" = '86 180 233' ]  # hrl did not
    [ "$(pixel picture5.ppm 6 2)" = '230 159 0' ]   # but this
    [ "$(pixel picture5.ppm 4 2)" = '0 0 0' ]
    grep -qF '<rect class="target" x="-1" y="0" width="6" height="6"/>' page.html
    grep -qF '<rect class="alarm" x="4" y="0" width="6" height="6"/>' page.html
    [ "$(grep -o 'class="target"' page.html | wc -l)" = 20 ]
    # hrl's of b in three cases, none's of a in the one of its gain
    [ "$(grep -o 'class="alarm"' page.html | wc -l)" = 4 ]
    grep -q 'image-rendering:pixelated' page.html
}

@test "large frames are cut around what matters" {
    play hrl 0.6
    show hrl far 0 0 4 6
    square 200 180 100 4 200 0 | tee frames/far.pgm hrl/scored/corrupted/far.pgm > truth/far.pgm
    square 200 20 190 4 255 0 > hrl/scored/found/far.pgm
    ir-score report hrl > page.html
    [ "$(grep -o 'shown: [^<]*' page.html)" = $'shown: 64x64 pixels from column 136, row 69\nshown: 64x64 pixels from column 0, row 136' ]
    pictures page.html
    [ "$(pamfile picture1.ppm | grep -o '64 by 64')" = '64 by 64' ]
    [ "$(pixel picture1.ppm 44 31)" = '255 255 255' ]
    [ "$(pixel picture8.ppm 20 54)" = '230 159 0' ]
}

@test "a frame of one pixel" {
    play hrl 0.6
    show hrl dot 0 0 1 6
    for file in frames/dot.pgm hrl/scored/corrupted/dot.pgm truth/dot.pgm hrl/scored/found/dot.pgm; do
        pgm 1 1 255 0 > $file
    done
    ir-score report hrl > page.html
    tidy -qe page.html
    grep -q 'shown: 1x1 pixels' page.html
}

@test "names are escaped wherever they stand" {
    local run='<i>&"run' name="<b>&'x"

    play "$run" 0.6
    sed -i 's,^DATA.*,DATA /<script>alert(1)</script>,' "$run/knobs"
    sed -i 's,a processor,a <hr> \xff\x01 processor,' "$run/0000/about.tsv"
    sed -i 's,^jpeg,<u>jpeg,' "$run/robustness.tsv"
    show "$run" "$name" 0.1 0 4 6
    ir-score report "$run" > page.html
    run ! grep -qE "<(i|hr|u|script)>|<b>&'" page.html
    grep -qF '&lt;b&gt;&amp;&#39;x' page.html
    grep -qF '&lt;i&gt;&amp;&quot;run' page.html
    grep -qF '&lt;script&gt;alert(1)' page.html
    grep -qF 'a &lt;hr&gt; �� processor' page.html
    grep -qF '&lt;u&gt;jpeg' page.html
    run tidy -qe page.html
    [[ $status -eq 0 && -z $output ]]
}

@test "runs whose directories have the same name keep their paths" {
    mkdir x y
    play x/run 0.6
    play y/run 0.6
    ir-score report x/run y/run > page.html
    grep -q '<title>irtools report: x/run, y/run</title>' page.html
    ir-score report x/run > page.html
    grep -q '<title>irtools report: run</title>' page.html
}

@test "a part that is missing is left out, with the command that makes it" {
    mkdir bare
    echo 'STRATEGY none' > bare/knobs
    robustness t.tsv 60.00 50.00 40.00 30.00 20.00 10.00 5.00
    ir-score report bare t.tsv > page.html
    tidy -qe page.html
    missing() { grep -q "<p class=\"missing\">$1.*<code>make -f hrl.mk $2</code>" page.html; }
    missing 'No robustness table of bare' 'robustness RUN=bare'
    missing 'No scores of the clean frames of bare' 'report RUN=bare'
    missing 'No scores of the corrupted frames of bare' 'report RUN=bare'
    missing 'No training curves of bare' 'report RUN=bare'
    missing 'No curves of bare' 'report RUN=bare'
    missing 'No frames for the gallery of bare' 'report RUN=bare'
    grep -q 'bare was trained without an adversary' page.html
    grep -q 'No scores of the clean frames of t.tsv, which is a table alone' page.html
    [ "$(grep -c 'No robustness table of' page.html)" = 1 ]
}

# refused PATTERN ARGUMENT...: ir-score report says one line and writes nothing.
refused() {
    run --separate-stderr timeout 60 ir-score report -o page.html "${@:2}"
    one_line_error 1 "^ir-score: $1"
    [ ! -e page.html ]
}

@test "what is no run, no table, or broken: one line with its place" {
    play hrl 0.6
    robustness good.tsv 60.00 50.00 40.00 30.00 20.00 10.00 5.00
    refused 'nothing: No such file or directory$' nothing
    refused 'nothing: No such file or directory$' hrl nothing
    mkdir empty
    refused 'empty: no run of hrl.mk: none of knobs, robustness.tsv and scored/ is in it$' empty
    : > t.tsv
    refused 't.tsv: empty: a table was expected$' t.tsv
    head -n 1 good.tsv > t.tsv
    refused 't.tsv: no row after the header$' t.tsv
    sed '3s/\t[^\t]*$//' good.tsv > t.tsv
    refused 't.tsv:3: 5 fields, the header has 6$' t.tsv
    sed '3s/$/\t1/' good.tsv > t.tsv
    refused 't.tsv:3: 7 fields, the header has 6$' t.tsv
    sed '4s/40.00/forty/' good.tsv > t.tsv
    refused "t.tsv:4: iou is 'forty', not a number$" t.tsv
    sed '4s/40.00/inf/' good.tsv > t.tsv
    refused "t.tsv:4: iou is 'inf', not a number$" t.tsv
    sed '4s/40.00//' good.tsv > t.tsv
    refused "t.tsv:4: iou is '', not a number$" t.tsv
    cut -f 1,2 good.tsv > t.tsv
    refused 't.tsv: no column iou$' t.tsv
    printf 'a\0b\n' > t.tsv
    refused 't.tsv:1: a zero byte: not a table$' t.tsv
    sed -i '2s/0.9/none/' hrl/scored/roc.tsv
    refused "hrl/scored/roc.tsv:2: true_positive_rate is 'none', not a number$" hrl
}

@test "a broken part of a run: one line with its place" {
    play hrl 0.6
    show hrl a 0.2 0 0 4
    sed -i 's/^# area.*/# area\tlarge/' hrl/scored/pr.tsv
    refused "hrl/scored/pr.tsv:5: the area 'large' is not a number$" hrl
    sed -i '$d' hrl/scored/pr.tsv
    rm hrl/scored/found/a.pgm
    refused 'hrl/scored/found/a.pgm: No such file' hrl
    pgm 2 2 255 0 0 0 0 > hrl/scored/found/a.pgm
    refused 'hrl/scored/found/a.pgm: the corrupted frame is 8x8, the image 2x2$' hrl
    echo P5 > frames/a.pgm
    refused 'frames/a.pgm: ' hrl
}

# ---- directories that somebody else made ---------------------------------------------------------

@test "only plain files are read: no FIFO, device, directory or socket, and nothing waits" {
    play hrl 0.6
    show hrl a 0.2 0 0 4
    # instead PART MAKE...: refused with MAKE's thing in the place of PART
    instead() {
        mv "$1" kept
        "${@:2}" "$1"
        refused "$1: not a plain file$" hrl
        rm -rf "$1"
        mv kept "$1"
    }
    for part in knobs log.tsv 0000/about.tsv scored/roc.tsv scored/found/a.pgm; do
        instead "hrl/$part" mkfifo
        instead "hrl/$part" mkdir
    done
    instead frames/a.pgm mkfifo
    instead truth/a.pgm ln -s /dev/zero
    instead hrl/policy.tsv "$PYTHON" -c 'import socket, sys
socket.socket(socket.AF_UNIX).bind(sys.argv[1])'
}

@test "nothing outside of a run's directory is read for it, by a link or by a name" {
    play hrl 0.6
    show hrl a 0.2 0 0 4
    echo 'SEED secret' > outside
    # within it a link is as good as a file
    mv hrl/log.tsv hrl/0000/log.tsv
    ln -s 0000/log.tsv hrl/log.tsv
    ir-score report -o whole.html hrl
    mkdir elsewhere
    ln -s ../hrl elsewhere/hrl
    ir-score report elsewhere/hrl | sed 's,elsewhere/hrl,hrl,' | cmp - whole.html
    mv hrl/knobs kept
    ln -s "$PWD/outside" hrl/knobs
    refused 'hrl/knobs: leads out of hrl \(put a copy there in place of the link\)$' hrl
    ln -sf ../outside hrl/knobs
    refused 'hrl/knobs: leads out of hrl ' hrl
    ln -sf /dev/zero hrl/knobs
    refused 'hrl/knobs: leads out of hrl ' hrl
    ln -sf knobs hrl/knobs
    refused 'hrl/knobs: Too many levels of symbolic links$' hrl
    rm hrl/knobs
    mv kept hrl/knobs
    mv hrl/scored outside.d
    ln -s ../outside.d hrl/scored
    refused 'hrl/scored/clean.tsv: leads out of hrl ' hrl
    rm hrl/scored
    mv outside.d hrl/scored
    sed -i 's,^a\t,../../../frames/a\t,' hrl/scored/images.tsv
    refused 'hrl/scored/corrupted/../../../frames/a.pgm: leads out of hrl ' hrl
}

@test "a page takes the place of a link or a FIFO and writes into neither" {
    play hrl 0.6
    ir-score report hrl > expected
    echo precious > victim
    ln -s ../victim hrl/report.html
    ir-score report -o hrl/report.html hrl
    cmp hrl/report.html expected
    [ ! -L hrl/report.html ]
    [ "$(cat victim)" = precious ]
    ln -sf ../not-there hrl/report.html
    ir-score report -o hrl/report.html hrl
    cmp hrl/report.html expected
    [ ! -e not-there ]
    rm hrl/report.html
    mkfifo hrl/report.html
    timeout 20 ir-score report -o hrl/report.html hrl
    cmp hrl/report.html expected
    rm hrl/report.html
    mkdir hrl/report.html
    run --separate-stderr ir-score report -o hrl/report.html hrl
    one_line_error 1 '^ir-score: hrl/report.html: a directory is there, which no file can replace$'
    ir-score report -o /dev/stdout hrl | cmp - expected
    [ -z "$(find . -name '*.part')" ]
}

@test "a run without a round stands beside others, whatever it has of its tables" {
    play hrl 0.6
    mkdir new
    cp hrl/knobs new
    for part in log policy robustness; do
        for how in 'sed 1q' 'sed d'; do
            rm -f new/*.tsv
            $how "hrl/$part.tsv" > "new/$part.tsv"
            run --separate-stderr ir-score report -o page.html hrl new
            [[ $status -eq 0 && -z $stderr ]]
            grep -q '<p class="missing">No training curves of new' page.html
            grep -q '<p class="missing">No robustness table of new' page.html
            grep -q '<th scope="row">Rounds done</th><td>3</td><td></td>' page.html
            tidy -qe page.html
        done
    done
}

@test "a last line that was cut short is left out with a word, or refused where all hangs on it" {
    two
    cp hrl/log.tsv whole
    sed -i '$d' hrl/log.tsv
    ir-score report none hrl > expected
    head -c -30 whole > hrl/log.tsv
    run --separate-stderr ir-score report -o page.html none hrl
    said='^ir-score: hrl/log.tsv:4: the last line has no newline: it was cut short and is left out$'
    one_line_error 0 "$said"
    cmp page.html expected
    head -c -1 whole > hrl/log.tsv # the row is whole, but who knows?
    run --separate-stderr ir-score report -o page.html none hrl
    one_line_error 0 "$said"
    cmp page.html expected
    cp whole hrl/log.tsv
    printf 'VAL here' >> hrl/knobs
    run --separate-stderr ir-score report -o page.html none hrl
    one_line_error 0 '^ir-score: hrl/knobs:7: the last line has no newline'
    rm page.html
    head -c -1 hrl/robustness.tsv > t.tsv
    refused 't.tsv:12: the last line has no newline: it was cut short \(make the table again\)$' t.tsv
    truncate -s 100G hrl/knobs
    refused 'hrl/knobs: larger than 1024 MiB: not a table$' hrl
    printf 'SEED 7\nNET a\0b\n' > hrl/knobs
    refused 'hrl/knobs:2: a zero byte: not a table$' hrl
}

@test "frames that are not on this machine leave their pictures out" {
    two
    rm frames/a.pgm truth/b.pgm
    ir-score report none hrl > page.html
    tidy -qe page.html
    grep -q '<b>a</b> under jpeg 5: .*; not shown, since frames/a.pgm is not on this machine</p>' page.html
    grep -q '<b>b</b> under jpeg 5: .*; not shown, since truth/b.pgm is not on this machine</p>' page.html
    run ! grep -q 'data:image' page.html
}

@test "names with directories" {
    play hrl 0.6
    mkdir -p hrl/scored/{found,corrupted}/sub frames/sub truth/sub
    show hrl sub/a 0.2 0 3 4
    ir-score report hrl > page.html
    grep -q '<b>sub/a</b> under jpeg 5.*; shown: 8x8' page.html
    pictures page.html
    [ "$(wc -l < uris)" = 8 ] # in two cases
}

@test "a table of n rows, each with names of its own, gives a page that grows with n" {
    mkdir hrl
    echo 'STRATEGY hrl' > hrl/knobs
    policy() {
        printf 'round\tcorruption\tseverity\tshare\n' > hrl/policy.tsv
        seq "$1" | awk -v OFS='\t' '{ print $1, "c" $1, 1, 0.5 }' >> hrl/policy.tsv
        timeout 60 ir-score report hrl | wc -c
    }
    [ "$(policy 40000)" -lt $((42 * $(policy 1000))) ]
    rm hrl/policy.tsv
    {
        printf 'dataset\tcorruption\tseverity\tiou\n'
        seq 40000 | awk -v OFS='\t' '{ print "d" $1 % 50, "c" $1, "s" $1, 50 }'
    } > hrl/robustness.tsv
    timeout 60 ir-score report hrl > page.html
    [ "$(wc -c < page.html)" -lt 10000000 ]
    tidy -qe page.html
    grep -q '<p class="missing">39980 rows are left out: only the first 20 data sets, 100 corruptions and 20 severities are shown.</p>' page.html
    rm hrl/robustness.tsv
    seq 100000 | sed 's/.*/KNOB& value/' >> hrl/knobs
    timeout 60 ir-score report hrl > page.html
    [ "$(grep -c '<th scope="row">KNOB' page.html)" = 100000 ]
    mkdir hrl/scored
    {
        printf 'score\tvalue\tlow\thigh\n'
        seq 100000 | awk -v OFS='\t' '{ print "score" $1, 1, 1, 1 }'
    } > hrl/scored/clean.tsv
    timeout 60 ir-score report hrl > page.html
    [ "$(grep -c '<th scope="row">score[0-9]' page.html)" = 100000 ]
}

@test "the biggest gains among 50000 frames, without looking at each for each" {
    two
    for run in none hrl; do
        seq 50000 | awk -v OFS='\t' -v iou="0.$((${#run} == 3 ? 9 : 1))5" \
            '{ print "f" $1, iou, 4, 4, 1, 1, 0, 0, 64, "jpeg", 5, "gone.pgm", "gone.pgm" }' \
            >> $run/scored/images.tsv
    done
    timeout 60 ir-score report none hrl > page.html
    grep -q '<b>f1</b> under jpeg 5: .*; not shown, since gone.pgm is not' page.html
}

@test "a name of millions of bytes is cut where it labels, and moves nothing out of bounds" {
    mkdir hrl
    echo 'STRATEGY hrl' > hrl/knobs
    {
        printf 'round\tcorruption\tseverity\tshare\n'
        seq 9000 | awk -v OFS='\t' '{ print $1, "c", 1, 0.5 }'
        head -c 12000000 /dev/zero | tr '\0' x
        printf '\tc\t1\t0.5\n'
    } > hrl/policy.tsv
    ir-score report hrl > page.html
    [ "$(grep -c '<rect x=.*fill=.*<title>c 1, [0-9x]' page.html)" = 9001 ]
    grep -q "<title>c 1, x\{64\}…: " page.html
    [ "$(wc -c < page.html)" -lt 3000000 ]
    rm page.html
    # the same as a number: the message shows its beginning
    {
        printf 'round\tcorruption\tseverity\tshare\n1\tc\t1\t'
        head -c 12000000 /dev/zero | tr '\0' x
        echo
    } > hrl/policy.tsv
    refused "hrl/policy.tsv:2: share is 'x{80}\.\.\.', not a number$" hrl
}

@test "columns: thousands are read, two of a name are refused, a return within a line is no end" {
    robustness good.tsv 60.00 50.00 40.00 30.00 20.00 10.00 5.00
    ir-score report good.tsv > expected
    mkdir wide
    # reads: the same table, as wide/good.tsv, gives the same page
    reads() { ir-score report wide/good.tsv | sed 's,wide/good.tsv,good.tsv,' | cmp - expected; }
    extra=$(seq -f 'x%.0f' 9000 | paste -s)
    awk -v extra="$extra" '{ print extra "\t" $0 "\t" extra }' good.tsv > wide/good.tsv
    reads
    sed 's/$/\r/' good.tsv > wide/good.tsv
    reads
    awk -F '\t' -v OFS='\t' '{ print $0, $3 }' good.tsv > t.tsv
    refused 't.tsv: two columns are called iou$' t.tsv
    sed '4s/40.00/4\r0.00/' good.tsv > t.tsv
    refused "t.tsv:4: iou is '4\?0.00', not a number$" t.tsv
}

@test "numbers that leave an axis no steps" {
    local low high

    play hrl 0.6
    cp hrl/log.tsv whole
    while read -r low high; do
        sed "2s/0.9/$low/; 3s/0.6/$high/; 4s/0.5/$high/" whole > hrl/log.tsv
        timeout 20 ir-score report hrl > page.html
        run ! grep -E '[MLHV" >]-?(nan|inf)[^o]' page.html
        tidy -qe page.html
    done <<'END'
0 4.9e-324
-1e-310 1e-310
1e308 1e308
-1e308 1e308
1e300 1.0000000000000002e300
-9e299 9e299
9007199254740993 9007199254740994
END
    sed -i 's/0.25$/1e307/; s/0.75$/-1e308/' hrl/policy.tsv
    timeout 20 ir-score report hrl > page.html
    run ! grep -E '[MLHV" >]-?(nan|inf)[^o]' page.html
}

@test "output that cannot be written" {
    two
    run --separate-stderr ir-score report -o missing/page.html hrl
    one_line_error 1 '^ir-score: missing/page.html: No such file or directory$'
    run --separate-stderr bash -c 'ir-score report hrl > /dev/full'
    one_line_error 1 '^ir-score: standard output: No space left on device$'
    # no other program is needed
    env PATH="$IR_BIN" ir-score report hrl | cmp - <(ir-score report hrl)
}

@test "parts that may not be read, and a directory that may not be written into" {
    need_humble
    play hrl 0.6
    chmod 000 hrl/log.tsv
    run --separate-stderr humbly ir-score report hrl
    one_line_error 1 '^ir-score: hrl/log.tsv: Permission denied$'
    chmod 644 hrl/log.tsv
    chmod 000 hrl/knobs
    run --separate-stderr humbly ir-score report hrl
    one_line_error 1 '^ir-score: hrl/knobs: Permission denied$'
    chmod 644 hrl/knobs
    mkdir locked
    echo old > locked/page.html
    chmod a-w locked
    run --separate-stderr humbly ir-score report -o locked/page.html hrl
    one_line_error 1 '^ir-score: locked/page.html: Permission denied$'
    [ "$(cat locked/page.html)" = old ]
    chmod u+w locked
}

@test "numbers of any size leave the charts whole" {
    play hrl 1e308
    sed -i 's/\t0.5\t0.8/\t-1e308\t1e-300/' hrl/log.tsv
    ir-score report hrl > page.html
    run ! grep -E '[MLHV" ]-?(nan|inf)' page.html
    tidy -qe page.html
}

@test "wrong command lines of the report" {
    run --separate-stderr ir-score report
    usage_error "^ir-score: report needs a run's directory or a robustness table$"
    run --separate-stderr ir-score report -x hrl
    usage_error '^ir-score: unknown option'
    ir-score report -h | grep -q '^usage: ir-score report'
}

# ---- in a browser --------------------------------------------------------------------------------

# browse FILE OPTION...: headless Chromium on that file.
browse() {
    HOME=$PWD timeout 120 chromium --headless --no-sandbox --disable-gpu --no-first-run \
        --disable-dev-shm-usage --user-data-dir="$PWD/chromium" "${@:2}" "file://$PWD/$1" 2> console
}

@test "in Chromium: nothing overflows at 1280 and 400 pixels, and nothing is said to the console" {
    command -v chromium > /dev/null || skip 'chromium is not installed'
    two
    robustness hrl/robustness.tsv 60.25 50.00 40.00 30.00 20.00 10.00 0.00
    mkdir -p "a-directory-whose-name-is-quite-long/and-goes-on"
    cp -R hrl "a-directory-whose-name-is-quite-long/and-goes-on/"
    ir-score report -o page.html none hrl a-directory-whose-name-is-quite-long/and-goes-on/hrl
    cat > measure <<'END'
<script>
addEventListener("load", () => {
    for (const d of document.querySelectorAll("details")) d.open = true;
    const e = document.documentElement;
    const broken = [...document.querySelectorAll("main *")].filter(x => !x.closest(".scroll") && !x.ownerSVGElement &&
        x.getBoundingClientRect().right > innerWidth + 1).length;
    parent.postMessage(`measured ${innerWidth} ${e.scrollWidth <= innerWidth} ${broken} ` +
        document.querySelectorAll("section").length, "*");
});
</script>
END
    sed '/<\/body>/e cat measure' page.html > measured.html
    # a frame is as narrow as one likes, a window is not
    for width in 1280 400; do
        cat > frame.html <<END
<!DOCTYPE html><title>t</title><body style="margin:0">
<script>
addEventListener("message", e => { document.body.append(e.data) });
</script>
<iframe style="border:0;width:${width}px;height:900px" src="measured.html"></iframe>
END
        browse frame.html --window-size=1400,1000 --dump-dom > dom
        grep -o 'measured [0-9a-z ]*' dom | grep -qx "measured $width true 0 7" || { cat dom; return 1; }
    done
    browse page.html --enable-logging=stderr --dump-dom > dom
    grep -q '</footer>' dom
    run ! grep CONSOLE console
    # the measure notices: a page that is too wide, and one with an error
    sed 's,</h1>,</h1><p style="width:1500px">wide</p><script>missing()</script>,' measured.html > wide.html
    sed -i 's/measured.html/wide.html/' frame.html
    browse frame.html --window-size=1400,1000 --enable-logging=stderr --dump-dom > dom
    grep -q 'measured 400 false' dom
    grep -q 'CONSOLE.*missing is not defined' console
}
