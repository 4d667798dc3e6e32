#!/usr/bin/env bats
# ir-detect --overlay: pictures of what was found, and a film of them.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# frame WIDTH HEIGHT MAXVAL X Y...: a dark frame with bright pixels at those places.
frame() {
    local width=$1 height=$2 maxval=$3
    shift 3
    awk -v w="$width" -v h="$height" -v m="$maxval" -v spots="$*" 'BEGIN {
        n = split(spots, s, " ")
        for (i = 1; i < n; i += 2) bright[s[i] "," s[i + 1]]
        print "P2", w, h, m
        for (y = 0; y < h; y++) for (x = 0; x < w; x++)
            print((x "," y) in bright ? int(0.9 * m) : int(m / 10)) }'
}

# pixels PICTURE COLOUR: where in the picture that colour is, "x,y ...".
pixels() {
    pngtopnm "$1" | pnmtoplainpnm | awk -v wanted="$2" '
        NR == 2 { w = $1 }
        NR > 3 { for (i = 1; i <= NF; i++) {
            rgb = rgb (k % 3 ? " " : "") $i
            if (++k % 3 == 0) {
                if (rgb == wanted) printf "%s%d,%d", n++ ? " " : "", p % w, p / w
                rgb = ""; p++
            } } }'
}

yellow='255 214 0'

@test "--overlay: the frame, a line of it around each target, an outline, the score" {
    frame 40 20 255 5 10 > a.pgm
    ir-detect -m top-hat --overlay pictures -o masks a.pgm
    ir-detect -m top-hat a.pgm | cmp - masks/a.pgm
    [ "$(pngtopnm pictures/a.png | head -n 2 | tr '\n' ' ')" = 'P6 40 20 ' ]
    # two pixels away, rounded
    [[ "$(pixels pictures/a.png "$yellow") " = *'4,8 5,8 6,8 '*'3,9 7,9 '*'3,10 7,10 '* ]]
    [ "$(pixels pictures/a.png "$yellow" | tr ' ' '\n' | awk -F , '$1 < 8' | wc -l)" = 12 ]
    # the frame itself is there; what is one pixel away from the target, too
    pngtopnm pictures/a.png | ppmtopgm > grey.pgm
    for at in '5 10 229' '4 9 25' '0 0 25'; do
        read -r x y value <<< "$at"
        [ "$(pamcut -left "$x" -top "$y" -width 1 -height 1 grey.pgm | samples)" = "255 $value" ]
    done
    # to the right of it "1.00", in seven rows
    score=$(pixels pictures/a.png "$yellow" | tr ' ' '\n' | awk -F , '$1 > 8')
    [ "$(cut -d , -f 2 <<< "$score" | sort -un | wc -l)" = 7 ]
    [ "$(wc -l <<< "$score")" -gt 40 ]
}

@test "--overlay: no label lies on another" {
    # two targets, one above the other: there is room for one label between them and the edge
    frame 60 30 255 30 10 30 16 > a.pgm
    ir-detect -m top-hat --radius 2 --overlay pictures a.pgm > masks
    pixels pictures/a.png "$yellow" | tr ' ' '\n' > lit
    right=$(awk -F , '$1 > 34' lit | wc -l) left=$(awk -F , '$1 < 27' lit | wc -l)
    [ "$right" -gt 40 ] && [ "$left" = "$right" ] # "1.00" each
}

@test "pictures do not change what is written beside them, and need no more of it" {
    mkdir frames
    for i in 1 2 3; do frame 64 64 255 $((8 * i)) 10 40 $((9 * i)) > frames/$i.pgm; done
    ir-train init --net acm frames > acm.tar
    for program in 'ir-detect -m top-hat' 'ir-detect -c acm.tar -t 0.1 --tile 32' \
        'ir-detect -c acm.tar -t 0.1'; do
        rm -rf pictures out
        # shellcheck disable=SC2086
        {
            $program frames > alone
            $program --overlay pictures frames | cmp - alone
            $program --targets frames > alone
            $program --targets --overlay pictures -o out frames
            cat out/*.tsv | grep -v '^#' | cmp - <(grep -v '^#' alone)
        }
        [ "$(ls pictures)" = $'1.png\n2.png\n3.png' ]
        # on standard output: PPM, or PNG, and nothing else
        # shellcheck disable=SC2086
        $program --overlay - frames > ppm
        pngtopnm pictures/1.png | cmp - <(head -c "$(pngtopnm pictures/1.png | wc -c)" ppm)
        # shellcheck disable=SC2086
        $program --overlay - --png frames | cmp - <(cat pictures/*)
    done
}

@test "a frame of more than 8 bits is stretched over what it holds" {
    frame 40 40 16383 5 10 20 20 > a.pgm
    pamdepth 400 a.pgm 2> /dev/null | sed 's/^400$/16383/' > dim.pgm # a fortieth of the range
    ir-detect -m top-hat --overlay pictures -o masks dim.pgm
    pngtopnm pictures/dim.png | ppmtopgm > grey.pgm
    [ "$(pamcut -left 20 -top 20 -width 1 -height 1 grey.pgm | samples)" = '255 255' ]
    [ "$(pamcut -left 0 -top 0 -width 1 -height 1 grey.pgm | samples)" = '255 0' ]
}

@test "scores stay inside of the picture and hide no target" {
    # at each border, in the corners, and two beside each other
    frame 60 60 255 0 0 59 0 0 59 59 59 30 30 36 30 > a.pgm
    ir-detect -m top-hat --overlay pictures -o masks a.pgm
    pngtopnm pictures/a.png | ppmtopgm > grey.pgm
    for at in '0 0' '59 0' '0 59' '59 59' '30 30' '36 30'; do
        read -r x y <<< "$at"
        [ "$(pamcut -left "$x" -top "$y" -width 1 -height 1 grey.pgm | samples)" = '255 229' ]
    done
    # six labels of "1.00": their halos are black nowhere else
    [ "$(pixels pictures/a.png '0 0 0' | wc -w)" -gt 300 ]
    # a frame of one pixel has no room for any
    pgm 1 1 255 7 > a.pgm
    ir-detect -m top-hat -t 0 --overlay pictures -o masks a.pgm
    [ "$(pngtopnm pictures/a.png | wc -c)" -gt 10 ]
}

@test "what does not go with --overlay is refused" {
    frame 20 20 255 5 10 > a.pgm
    run --separate-stderr ir-detect -m top-hat --soft --overlay pictures a.pgm
    usage_error '--overlay draws targets: it does not go with --soft and --feature'
    run --separate-stderr ir-detect -m top-hat --png -o out --overlay ./out a.pgm
    one_line_error 1 '^ir-detect: ./out: pictures and masks would be the same files'
    [ -z "$(ls out)" ]
    mkdir in
    pnmtopng a.pgm > in/a.png
    run --separate-stderr ir-detect -m top-hat --overlay in in
    one_line_error 1 '^ir-detect: in/a.png: an input that output to in would overwrite$'
    mkdir set
    cp a.pgm set/a.pgm
    ir-detect -m top-hat --root . --overlay pictures set > /dev/null
    [ -s pictures/set/a.png ]
}

@test "a film goes through by ffmpeg's pipes, and comes out with its targets outlined" {
    command -v ffmpeg > /dev/null || skip "no ffmpeg"
    mkdir frames
    for i in {1..12}; do frame 64 48 255 $((4 * i)) 20 > "frames/$i.pgm"; done
    ir-corrupt -n none frames/{1..12}.pgm |
        ffmpeg -v error -f image2pipe -c:v pgm -framerate 25 -i - -c:v ffv1 in.mkv
    ffmpeg -v error -i in.mkv -f image2pipe -c:v pgm - |
        ir-corrupt -n contrast -s 1 |
        ir-detect -m top-hat --overlay - |
        ffmpeg -v error -f image2pipe -c:v ppm -framerate 25 -i - -c:v ffv1 -pix_fmt gbrp out.mkv
    ffmpeg -v error -i out.mkv -f image2pipe -c:v ppm - > out.ppm
    ir-corrupt -n contrast -s 1 frames/{1..12}.pgm | ir-detect -m top-hat --overlay - |
        cmp - out.ppm
    # frames of 16 bits keep them
    ffmpeg -v error -i in.mkv -pix_fmt gray16be -f image2pipe -c:v pgm - |
        test-stream show 0 - > shown
    [ "$(cut -d ' ' -f 4 shown | sort -u)" = 65535 ]
    [ "$(wc -l < shown)" = 12 ]
}
