#!/usr/bin/env bats
# ir-corrupt: the ten corruptions against their definitions, one strategy per image, bad input.

load helper

NAMES=(gaussian-noise shot-noise impulse-noise defocus-blur motion-blur gaussian-blur
    brightness contrast pixelate jpeg)
PYTHON=${PYTHON:-/usr/bin/python3}

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# point WIDTH HEIGHT INDEX: one sample of 65535, the others 0.
point() {
    awk -v w="$1" -v h="$2" -v at="$3" 'BEGIN {
        print "P2\n" w " " h "\n65535"
        for (i = 0; i < w * h; i++) print i == at ? 65535 : 0 }' | pnmtopnm
}

# flat SIDE VALUE: a square 8-bit PGM of one value.
flat() {
    awk -v n="$1" -v v="$2" \
        'BEGIN { print "P2\n" n " " n "\n255"; for (i = 0; i < n * n; i++) print v }' | pnmtopnm
}

# correlation A B: of the samples of two images of one size.
correlation() {
    paste <(samples <"$1" | tr ' ' '\n' | tail -n +2) <(samples <"$2" | tr ' ' '\n' | tail -n +2) |
        awk '{ n++; a += $1; b += $2; aa += $1 * $1; bb += $2 * $2; ab += $1 * $2 }
             END { print (n * ab - a * b) / sqrt((n * aa - a * a) * (n * bb - b * b)) }'
}

# near_zero X: below 0.08 in size, five standard errors for 64 x 64 samples.
near_zero() {
    awk -v x="$1" 'BEGIN { exit !(x > -0.08 && x < 0.08) }'
}

# ---- the table and the numbers ------------------------------------------------------------------

@test "--list prints name, group and five parameters of all ten" {
    ir-corrupt --list | awk -F '\t' '$2 != "camera"' >list
    [[ $(grep -vc '^#' list) -eq 10 ]]
    [[ $(grep -v '^#' list | cut -f 1 | xargs) == "${NAMES[*]}" ]]
    [[ $(grep -v '^#' list | cut -f 2 | uniq -c | xargs) == '3 noise 3 blur 4 isp' ]]
    [[ $(grep -v '^#' list | awk -F '\t' 'NF != 7' | wc -l) -eq 0 ]]
    grep -qx $'shot-noise\tnoise\t60\t25\t12\t5\t3' list
    grep -qx $'defocus-blur\tblur\t3,0.1\t4,0.5\t6,0.5\t8,0.5\t10,0.5' list
}

@test "-h and -V go to standard output" {
    [[ $(ir-corrupt -h) == usage:\ ir-corrupt* ]]
    [[ $(ir-corrupt -V) == 'ir-corrupt (irtools) 0.1.0' ]]
}

@test "brightness and contrast of a few samples" {
    pgm 4 1 255 0 100 200 255 >a.pgm
    [[ $(ir-corrupt -n brightness -s 2 a.pgm | samples) == '255 51 151 251 255' ]]
    # mean 138.75; 83.25 123.25 163.25 185.25
    [[ $(ir-corrupt -n contrast -s 1 a.pgm | samples) == '255 83 123 163 185' ]]
    pgm 4 1 16383 0 1000 16000 16383 >b.pgm
    [[ $(ir-corrupt -n brightness -s 1 b.pgm | samples) == '16383 1638 2638 16383 16383' ]]
}

@test "a bright point becomes defocus-blur's disk; outside the frame is its mirror image" {
    point 9 9 40 >point.pgm
    # radius 3: 29 pixels of 65535 / 29
    ir-corrupt -n defocus-blur -s 1 point.pgm | samples | tr ' ' '\n' | tail -n +2 >disk
    [[ $(sort -n disk | uniq -c | xargs) == '52 0 29 2260' ]]
    # the point beside the corner is seen four times from it, the corner itself once
    [[ $(point 9 9 10 | ir-corrupt -n defocus-blur -s 1 | samples | cut -d ' ' -f 2) == 9039 ]]
    [[ $(point 9 9 0 | ir-corrupt -n defocus-blur -s 1 | samples | cut -d ' ' -f 2) == 2260 ]]
}

@test "defocus-blur of a bright, tall frame of 16 bits does not depend on where the frame begins" {
    awk 'BEGIN { print "P2\n9 2600\n65535"
        for (i = 0; i < 9 * 2600; i++) print 55536 + int(10000 * rand()) }' | pnmtopnm >tall.pgm
    pamcut -top 2400 tall.pgm >end.pgm
    for s in 1 3 5; do
        ir-corrupt -n defocus-blur -s $s tall.pgm | pamcut -top 2420 >from_the_top.pgm
        ir-corrupt -n defocus-blur -s $s end.pgm | pamcut -top 20 | cmp - from_the_top.pgm
    done
}

@test "pixelate shows means of boxes" {
    pgm 4 4 255 0 10 100 110 20 31 120 130 0 0 0 0 0 0 0 3 >a.pgm
    # half the size: means 15.25, 115, 0, 0.75
    [[ $(ir-corrupt -n pixelate -s 2 a.pgm | samples) == \
        '255 15 15 115 115 15 15 115 115 0 0 1 1 0 0 1 1' ]]
    # a quarter of the size of one pixel is still one pixel
    [[ $(pgm 1 1 255 7 | ir-corrupt -n pixelate -s 5 | samples) == '255 7' ]]
}

@test "jpeg is libjpeg at 8 bits, whatever the depth" {
    scenes s -n 1 -s 75x67
    frame=$(echo s/images/*.pgm)
    quality=(25 18 15 10 7)
    for s in 1 2 3 4 5; do
        pnmtojpeg --quality="${quality[s - 1]}" "$frame" | jpegtopnm 2>/dev/null >expected.pgm
        ir-corrupt -n jpeg -s $s "$frame" | cmp - expected.pgm
    done
    pamdepth 65535 "$frame" 2>/dev/null | ir-corrupt -n jpeg -s 5 >deep.pgm
    [[ $(head -c 15 deep.pgm | tr '\n' ' ') == 'P5 75 67 65535 ' ]]
    pamdepth 255 deep.pgm 2>/dev/null | cmp - expected.pgm
}

@test "jpeg goes on beside a frame of other sides than whole blocks as libjpeg does" {
    for sides in 1x1 1x17 9x1 7x8 8x7 130x5 131x33; do
        scenes "s$sides" -n 1 -s 256x64 -r "${#sides}"
        pamcut -left 3 -top 5 -width "${sides%x*}" -height "${sides#*x}" "s$sides"/images/*.pgm >frame.pgm
        [[ $(pamfile -machine frame.pgm | cut -d ' ' -f 4,5) == "${sides/x/ }" ]]
        pnmtojpeg --quality=18 frame.pgm | jpegtopnm 2>/dev/null | pnmtopnm >expected.pgm
        ir-corrupt -n jpeg -s 2 frame.pgm | cmp - expected.pgm
    done
}

@test "jpeg is libjpeg to the bit at every quality, on noise and extremes too" {
    test-jpeg
}

@test "all but jpeg agree with their formulas in NumPy, at 8 and 14 bits" {
    scenes s -n 1 -s 291x65 -r 1 # 291: centres on the borders of cells
    scenes t -n 1 -s 71x65 -b 14 -r 2
    mkdir frames
    cp s/images/*.pgm frames/eight.pgm
    cp t/images/*.pgm frames/fourteen.pgm
    pgm 5 2 65535 0 65535 1000 30000 9 70 800 20000 40000 65535 | pnmtopnm >frames/tiny.pgm
    "$PYTHON" "$REPO/tests/parity/corruptions.py" formulas frames
}

@test "on 8 bits all agree with the Python package imagecorruptions" {
    scenes s -n 2 -s 87x65
    status=0
    "$PYTHON" "$REPO/tests/parity/corruptions.py" package s/images >out || status=$?
    cat out
    [[ $status -ne 77 ]] || skip "$(<out)"
    [[ $status -eq 0 ]]
}

@test "size, depth and order stay, from 1x1 and one bit to 16 bits" {
    pgm 1 1 255 9 >a.pgm
    printf 'P1\n3 2\n1 0 1 0 1 0\n' >b.pbm
    pgm 2 7 16383 $(seq 0 13) >c.pgm
    pgm 7 2 65535 $(seq 14) >d.pgm
    printf 'P3\n1 2\n1023\n1 2 3 4 5 6\n' >e.ppm
    for name in "${NAMES[@]}"; do
        for s in 1 5; do
            ir-corrupt -n "$name" -s $s a.pgm b.pbm c.pgm d.pgm e.ppm >out
            [[ $(pamfile -allimages -machine out | cut -d ' ' -f 4-7 | tr '\n' ';') == \
                *'1 1 1 255;3 2 1 1;2 7 1 16383;7 2 1 65535;1 2 1 1023;' ]]
        done
    done
}

@test "colour becomes luma" {
    printf 'P3\n3 1\n255\n255 0 0 0 255 0 0 0 255\n' |
        ir-corrupt -n brightness -s 2 | samples >out
    [[ $(<out) == '255 127 201 80' ]]
}

@test "--maxval: 14 bits in a 16-bit file" {
    pgm 2 1 65535 0 10000 >a.pgm
    [[ $(ir-corrupt -n brightness -s 1 --maxval 16383 a.pgm | samples) == '16383 1638 11638' ]]
    run --separate-stderr ir-corrupt -n brightness -s 1 --maxval 9999 a.pgm
    one_line_error 1 '^ir-corrupt: a.pgm: .*10000.*9999'
}

# ---- random numbers -----------------------------------------------------------------------------

@test "the same bytes for any number of threads" {
    scenes s -n 7 -s 70x64
    for name in "${NAMES[@]}"; do
        ir-corrupt -j 1 -n "$name" -s 3 s/images >one
        ir-corrupt -j 2 -n "$name" -s 3 s/images | cmp - one
        ir-corrupt -j 9 -n "$name" -s 3 s/images | cmp - one
        [[ $(pamfile -allimages one | wc -l) -eq 7 ]]
    done
}

@test "the same bytes however xargs splits the frames, and from standard input" {
    scenes s -n 5 -s 64x66
    for name in gaussian-noise shot-noise impulse-noise motion-blur; do
        ir-corrupt -n $name -s 2 -o whole s/images
        printf '%s\n' s/images/* | xargs -P 3 -n 2 ir-corrupt -n $name -s 2 -o split
        diff -r whole split
        # the names that standard input's images have
        mkdir -p numbered
        i=0
        for frame in s/images/*; do
            cp "$frame" numbered/stdin#$((++i)).pgm
        done
        ir-corrupt -n $name -s 2 numbered >files
        cat s/images/* | ir-corrupt -n $name -s 2 | cmp - files
        cat s/images/* | ir-corrupt -n $name -s 2 - | cmp - files
    done
}

@test "seed, name and how often a name came choose the random numbers" {
    flat 64 128 >a.pgm
    cp a.pgm b.pgm
    printf '%s\n' a.pgm b.pgm a.pgm >list
    for name in gaussian-noise shot-noise impulse-noise motion-blur; do
        [[ $name != motion-blur ]] || point 64 64 2080 | tee a.pgm >b.pgm
        ir-corrupt -n $name -s 3 @list >three
        ir-corrupt -n $name -s 3 @list | cmp - three
        ir-corrupt -n $name -s 3 -r 0 @list | cmp - three
        pamsplit three 'part%d' >/dev/null 2>&1
        ir-corrupt -n $name -s 3 a.pgm | cmp - part0
        ir-corrupt -n $name -s 3 -r 1 a.pgm >seed
        run ! cmp -s part0 part1
        run ! cmp -s part0 part2
        run ! cmp -s part0 seed
    done
}

@test "nothing in common between corruptions or severities of one frame" {
    flat 64 128 >a.pgm
    ir-corrupt -n gaussian-noise -s 1 a.pgm >g1
    ir-corrupt -n gaussian-noise -s 2 a.pgm >g2
    ir-corrupt -n shot-noise -s 1 a.pgm >p1
    ir-corrupt -n impulse-noise -s 5 a.pgm >i5
    for pair in 'g1 g2' 'g1 p1' 'g1 i5' 'p1 i5'; do
        read -r a b <<<"$pair"
        near_zero "$(correlation "$a" "$b")"
    done
    awk -v r="$(correlation g1 g1)" 'BEGIN { exit !(r > 0.99) }'
}

@test "neighbouring samples of the noises have nothing in common" {
    flat 128 128 >a.pgm
    for name in gaussian-noise shot-noise impulse-noise; do
        ir-corrupt -n $name -s 3 a.pgm >n
        for shift in '1 0' '0 1' '4 0' '64 0' '0 4' '0 8'; do
            read -r x y <<<"$shift"
            pamcut -left "$x" -top "$y" -width 64 -height 64 n >shifted
            pamcut -left 0 -top 0 -width 64 -height 64 n >here
            near_zero "$(correlation here shifted)"
        done
    done
}

# ---- strategies ---------------------------------------------------------------------------------

@test "-S: each image gets the corruption of its record" {
    scenes s -n 10 -s 64x66
    frames=(s/images/*.pgm)
    {
        echo '# name corruption severity logp'
        for i in {0..9}; do
            printf '%s\t%s\t%d\t%s\n' "$(basename "${frames[i]}" .pgm)" "${NAMES[i]}" \
                $((i % 5 + 1)) -3.4
        done
    } >strategies
    for i in {0..9}; do
        ir-corrupt -n "${NAMES[i]}" -s $((i % 5 + 1)) -r 5 "${frames[i]}"
    done >expected
    ir-corrupt -S strategies -r 5 s/images | cmp - expected
    ir-corrupt -j 1 -S strategies -r 5 s/images | cmp - expected
    ir-corrupt -S - -r 5 s/images <strategies | cmp - expected
    awk -F '\t' -v OFS='\t' '!/^#/ { $1 = "stdin#" ++n } 1' strategies >byorder
    cat s/images/* | ir-corrupt -S byorder >piped
    [[ $(pamfile -allimages piped | wc -l) -eq 10 ]]
}

@test "in a ring of FIFOs an image leaves before the next record comes" {
    scenes s -n 4 -s 64x66
    frames=(s/images/*.pgm)
    for threads in 1 3; do
        rm -f to from
        mkfifo to from
        ir-corrupt -j $threads -S to s/images >from 3>&- &
        child=$!
        exec 4<from 5>to
        for i in 0 1 2 3; do
            ir-corrupt -n "${NAMES[i]}" -s 2 "${frames[i]}" >expected
            printf '%s\t%s\t2\t-1\n' "$(basename "${frames[i]}" .pgm)" "${NAMES[i]}" >&5
            timeout 20 head -c "$(stat -c %s expected)" <&4 | cmp - expected
        done
        exec 5>&-
        [[ $(timeout 20 wc -c <&4) -eq 0 ]]
        exec 4<&-
        wait $child
    done
}

@test "records that do not fit: one line, exit 1" {
    scenes s -n 2 -s 64x64
    mapfile -t names < <(basename -as .pgm s/images/*.pgm)
    bad() { # PATTERN RECORD...
        local pattern=$1
        shift
        printf '%b\n' "$@" >strategies
        run --separate-stderr ir-corrupt -S strategies s/images
        one_line_error 1 "^ir-corrupt: strategies$pattern"
    }
    good0="${names[0]}\tjpeg\t1\t-1" good1="${names[1]}\tjpeg\t1\t-1"
    bad ':2: unknown corruption .fog' "$good0" "${names[1]}\tfog\t1\t-1"
    bad ':1: .*severity .9' "${names[0]}\tjpeg\t9\t-1" "$good1"
    bad ':1: .*severity .0' "${names[0]}\tjpeg\t0\t-1" "$good1"
    bad ':1: .*severity .1\.5' "${names[0]}\tjpeg\t1.5\t-1" "$good1"
    bad ':1: 3 fields' "${names[0]}\tjpeg\t1" "$good1"
    bad ':1: 5 fields' "$good0\tx" "$good1"
    bad ':1: .*logp .nan' "${names[0]}\tjpeg\t1\tnan" "$good1"
    bad ':1: .*logp .0\.5' "${names[0]}\tjpeg\t1\t0.5" "$good1"
    bad ":1: .*${names[1]}.*${names[0]}" "$good1" "$good0"
    bad ".*ends.*${names[1]}" "$good0"
    bad ':3: no image for the strategy of more' "$good0" "$good1" 'more\tjpeg\t1\t-1'
    : >strategies
    run --separate-stderr ir-corrupt -S strategies s/images
    one_line_error 1 "strategies.*${names[0]}"
    run --separate-stderr ir-corrupt -S missing s/images
    one_line_error 1 '^ir-corrupt: missing: No such file'
    run --separate-stderr ir-corrupt -S s/images s/images
    one_line_error 1 '^ir-corrupt: s/images: Is a directory'
}

# ---- output -------------------------------------------------------------------------------------

@test "-o writes a file per image, whole, and the same bytes" {
    scenes s -n 3 -s 64x66
    ir-corrupt -n gaussian-blur -s 1 s/images >stream
    ir-corrupt -n gaussian-blur -s 1 -o out s/images
    diff <(ls out) <(ls s/images)
    cat out/* | cmp - stream
    # over what is there
    ir-corrupt -n gaussian-blur -s 1 -o out s/images
    cat out/* | cmp - stream
}

@test "-o: a frame that fails leaves what was there" {
    mkdir out
    echo good >out/bad.pgm
    printf 'P5\n9 9\n255\nshort' >bad.pgm
    run --separate-stderr ir-corrupt -n jpeg -s 1 -o out bad.pgm
    one_line_error 1 '^ir-corrupt: bad.pgm: '
    [[ $(<out/bad.pgm) == good && $(ls out) == bad.pgm ]]
    flat 8 1 >a.pgm
    run --separate-stderr ir-corrupt -n jpeg -s 1 -o a.pgm a.pgm
    one_line_error 1 '^ir-corrupt: a.pgm: '
    run --separate-stderr ir-corrupt -n jpeg -s 1 -o twice a.pgm a.pgm
    one_line_error 1 '^ir-corrupt: a.pgm: twice'
}

@test "-v says how many images and how fast" {
    flat 8 1 >a.pgm
    run --separate-stderr ir-corrupt -v -n jpeg -s 1 -o out a.pgm a.pgm/../a.pgm a.pgm
    one_line_error 1 '.'
    cp a.pgm b.pgm
    run --separate-stderr ir-corrupt -v -n jpeg -s 1 -o out a.pgm b.pgm
    one_line_error 0 '^ir-corrupt: 2 images, [0-9.]+ images/s$'
}

@test "a full disk and a closed pipe: one line, exit 1" {
    scenes s -n 4 -s 256x256
    run --separate-stderr bash -c 'ir-corrupt -n jpeg -s 1 s/images >/dev/full'
    one_line_error 1 '^ir-corrupt: standard output: No space left on device$'
    run --separate-stderr bash -c 'ir-corrupt --list >/dev/full'
    one_line_error 1 '^ir-corrupt: standard output: No space left on device$'
    # shellcheck disable=SC2016 # for the inner shell
    run --separate-stderr bash -c 'ir-corrupt -n jpeg -s 1 s/images | true; exit ${PIPESTATUS[0]}'
    one_line_error 1 '^ir-corrupt: standard output: Broken pipe$'
}

# ---- bad input ----------------------------------------------------------------------------------

@test "wrong command lines: exit 2" {
    flat 8 1 >a.pgm
    wrong() { # PATTERN ARGUMENT...
        local pattern=$1
        shift
        run --separate-stderr ir-corrupt "$@" a.pgm
        usage_error "^ir-corrupt: .*$pattern"
        [[ -z $output ]]
    }
    wrong 'must be given'
    wrong '-n NAME is missing' -s 1
    wrong '-s SEVERITY is missing' -n jpeg
    wrong '-S takes the place' -n jpeg -s 1 -S x
    wrong '-S takes the place' -s 1 -S x
    wrong '-S takes the place' -n jpeg -S x
    wrong '-n: .*fog' -n fog -s 1
    for s in 0 6 9 1.5 x '' nan; do
        wrong '-s: ' -n jpeg -s "$s"
    done
    wrong 'seed: ' -n jpeg -s 1 -r x
    for j in 0 x -1; do
        wrong '-j: ' -n jpeg -s 1 -j "$j"
    done
    for m in 0 70000 x; do
        wrong '--maxval: ' -n jpeg -s 1 --maxval "$m"
    done
    wrong '-x' -n jpeg -s 1 -x
    wrong '--nonsense' -n jpeg -s 1 --nonsense
    run --separate-stderr ir-corrupt -n jpeg -s
    usage_error '^ir-corrupt: .*-s'
    run --separate-stderr ir-corrupt -n jpeg -s 1 - -
    usage_error '^ir-corrupt: .*standard input'
    run --separate-stderr ir-corrupt -S -
    usage_error '^ir-corrupt: .*standard input'
}

@test "images that are none: one line, exit 1, nothing on standard output" {
    bad() { # PATTERN FILE
        run --separate-stderr ir-corrupt -n brightness -s 1 "$2"
        one_line_error 1 "^ir-corrupt: $2: .*$1"
        [[ -z $output ]]
        # and the same as standard input
        run --separate-stderr ir-corrupt -n brightness -s 1 <"$2"
        one_line_error 1 "^ir-corrupt: (stdin|standard input).*$1"
    }
    printf 'P5\n9 9\n255\nshort' >truncated.pgm
    bad 'truncated' truncated.pgm
    printf 'P2\n2 2\n255\n1 2 3\n' >plain.pgm
    bad '' plain.pgm
    printf 'P5\n2 2\n0\nabcd' >zero.pgm
    bad 'axval' zero.pgm
    printf 'P5\n2 2\n70000\nabcdefgh' >maxval.pgm
    bad 'axval' maxval.pgm
    printf 'P5\n1000000000 2\n255\nabcd' >wide.pgm
    bad '' wide.pgm
    printf 'P5\n2 1000000000\n255\nabcd' >high.pgm
    bad '' high.pgm
    printf 'P5\n2 2\n' >header.pgm
    bad '' header.pgm
    printf 'P5\n-2 2\n255\nabcd' >negative.pgm
    bad '' negative.pgm
    head -c 2000 /dev/zero | tr '\0' '\377' >garbage.pgm
    bad '' garbage.pgm
    printf 'Not a picture.\n' >text.pgm
    bad '' text.pgm
    : >empty.pgm
    bad 'no image' empty.pgm
    printf 'P2\n1 1\n7\n9\n' >above.pgm
    bad '' above.pgm
}

@test "garbage after a good image, and a bad image after good ones" {
    flat 8 1 >a.pgm
    { cat a.pgm; echo rubbish; } >both.pgm
    run --separate-stderr bash -c 'ir-corrupt -n jpeg -s 1 both.pgm >out'
    one_line_error 1 '^ir-corrupt: both.pgm#2: '
    run --separate-stderr bash -c 'ir-corrupt -n jpeg -s 1 a.pgm a.pgm both.pgm a.pgm >out'
    one_line_error 1 '^ir-corrupt: both.pgm#2: '
}

@test "paths that lead nowhere: one line, exit 1" {
    mkdir nothing
    echo text >nothing/readme.txt
    none() { # PATTERN OPERAND
        run --separate-stderr ir-corrupt -n jpeg -s 1 "$2"
        one_line_error 1 "^ir-corrupt: $1"
        [[ -z $output ]]
    }
    none 'missing.pgm: No such file' missing.pgm
    none 'nothing: ' nothing
    none 'list: No such file' @list
    echo missing.pgm >list
    none 'list:1: missing.pgm: No such file' @list
    echo nothing >list
    none 'list:1: nothing: .*directory' @list
    : >list
    none 'list: no path' @list
    mkdir dir.pgm
    none 'dir.pgm: ' dir.pgm
    mkdir -p frames/a.pgm
    none 'frames/a.pgm: Is a directory' frames
    ln -s loop.pgm loop.pgm
    none 'loop.pgm: ' loop.pgm
}

@test "frames are not overwritten by their own corruptions" {
    mkdir frames
    pgm 2 2 255 1 2 3 4 >frames/a.pgm
    cp frames/a.pgm kept.pgm
    run --separate-stderr ir-corrupt -n brightness -s 1 -o frames frames
    one_line_error 1 '^ir-corrupt: frames/a.pgm: an input that output to frames would overwrite'
    cmp frames/a.pgm kept.pgm
}
