#!/usr/bin/env bats
# What a file is by its bytes, not by its name: Netpbm headers of every form, every format that is
# read, and those that are not, each with its name and what converts it.

# shellcheck disable=SC2059,SC2012,SC2154

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# pam DEPTH MAXVAL LINE...: the header of a PAM of 1 x 1 with these lines more.
pam() {
    printf 'P7\nWIDTH 1\nHEIGHT 1\nDEPTH %d\nMAXVAL %d\n' "$1" "$2"
    shift 2
    printf "$*"
    printf 'ENDHDR\n'
}

# shows EXPECTED: what test-stream shows of standard input.
shows() {
    [ "$(test-stream show 0 -)" = "stdin#1 $1" ]
}

# bad PATTERN, the file on standard input: it is refused with that one line.
bad() {
    cat > bad.pgm
    run --separate-stderr test-stream show 0 bad.pgm
    one_line_error 1 "^test-stream: bad.pgm: $1" && [ -z "$output" ]
}

# every PATTERN FILE: all programs that read images refuse the file by that line.
every() {
    run --separate-stderr ir-corrupt -n jpeg -s 1 "$2"
    one_line_error 1 "^ir-corrupt: $1"
    run --separate-stderr ir-detect -m top-hat "$2"
    one_line_error 1 "^ir-detect: $1"
    run --separate-stderr ir-train init --net acm "$2"
    one_line_error 1 "^ir-train: $1"
    run --separate-stderr ir-score "$2" good.pgm
    one_line_error 1 "^ir-score: $1"
}

@test "every tuple type that pam(5) defines, alpha ignored" {
    { pam 1 1 'TUPLTYPE BLACKANDWHITE\n'; printf '\1'; } | shows '1 1 1 1 : 1'
    { pam 2 1 'TUPLTYPE BLACKANDWHITE_ALPHA\n'; printf '\1\0'; } | shows '1 1 1 1 : 1'
    { pam 1 9 'TUPLTYPE GRAYSCALE\n'; printf '\7'; } | shows '1 1 9 7 : 7'
    { pam 2 9 'TUPLTYPE GRAYSCALE_ALPHA\n'; printf '\7\1'; } | shows '1 1 9 7 : 7'
    { pam 3 9 'TUPLTYPE RGB\n'; printf '\7\7\7'; } | shows '1 1 9 7 : 7'
    { pam 4 9 'TUPLTYPE RGB_ALPHA\n'; printf '\7\7\7\1'; } | shows '1 1 9 7 : 7'
    { pam 4 300 'TUPLTYPE RGB_ALPHA\n'; printf '\1\1\1\1\1\1\0\0'; } | shows '1 1 300 257 : 257'
    { pam 1 9; printf '\7'; } | shows '1 1 9 7 : 7'
    { pam 3 9; printf '\7\7\7'; } | shows '1 1 9 7 : 7'
}

@test "a PAM whose planes mean nothing known is refused" {
    for depth in 2 4; do
        { pam $depth 9; printf '\7\7\7\7'; } | bad "a PAM of $depth planes and type ''"
    done
    { pam 1 9 'TUPLTYPE RGB\n'; printf '\7'; } | bad "a PAM of 1 planes and type 'RGB'"
    { pam 1 9 'TUPLTYPE GRAYSCALE_ALPHA\n'; printf '\7'; } | bad 'a PAM of 1 planes'
    { pam 5 9 'TUPLTYPE RGB_ALPHA\n'; printf '\7\7\7\7\7'; } | bad 'a PAM of 5 planes'
    { pam 2 9 'TUPLTYPE DEPTH\nTUPLTYPE MAP\n'; printf '\7\7'; } | bad ".* type 'DEPTH MAP'"
    { pam 1 4095 'TUPLTYPE BLACKANDWHITE\n'; printf '\1\1'; } | bad '.*BLACKANDWHITE has maxval 1'
    { pam 2 255 'TUPLTYPE BLACKANDWHITE_ALPHA\n'; printf '\1\1'; } | bad '.*has maxval 1'
}

@test "comments and blanks in a header, wherever they may stand" {
    local expected='1 1 255 7 : 7'
    for header in 'P5 1 1 255\n' 'P5\n# a\n1 # w\n#\n1\n255\n' 'P5\t1\r\n1\r\n255\n' \
        'P5\n#a 9 9 9\n1 1 255\n' 'P5 1 1 255#c\n' 'P5\v1\f1 255 ' '\n\n P5 1 1 255\n' \
        'P7\n\n# c\n  WIDTH  1 \nHEIGHT\t1\r\nMAXVAL 255\nDEPTH 1\n#\nENDHDR \n'; do
        printf "$header"'\7' | shows "$expected"
    done
    printf 'P2#\n1#\n1#\n255#\n7' | shows "$expected"
}

@test "broken headers are refused in one line" {
    printf 'P' | bad 'a single byte'
    printf 'P8 1 1 255\n\7' | bad 'bad magic number 0x5038'
    printf 'P5 1 1' | bad 'truncated: the file ends in the image'
    printf 'P5 # 1 1 255\n' | bad 'truncated: the file ends in the image'
    printf 'P5 1x 1 255\n\7' | bad 'junk behind the width'
    printf 'P5 1 1 a\n\7' | bad 'junk, where the maxval should be'
    printf 'P5 1 1 65536\n\7\7' | bad 'maxval 65536 is not from 1 to 65535'
    printf 'P5 1 1 4294967297\n\7' | bad 'the maxval is too large'
    printf 'P5 4294967297 1 255\n\7' | bad 'the width is too large'
    printf 'P5 1000000000 1000000000 255\n\7' | bad '1000000000x1000000000 is too large'
    printf 'P7 WIDTH 1\n' | bad 'junk in the header, behind P7'
    { pam 1 255 'WIDTH 1\n'; printf '\7'; } | bad 'the PAM header gives WIDTH twice'
    { pam 1 255 'COLOUR 1\n'; printf '\7'; } | bad "the PAM header has a line 'COLOUR'"
    printf 'P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nENDHDR\n\7' | bad 'the PAM header has no MAXVAL'
    printf 'P7\nWIDTH -1\nHEIGHT 1\nDEPTH 1\nMAXVAL 1\nENDHDR\n\7' | bad '.*is no number'
    printf 'P7\nWIDTH 1 2\nENDHDR\n' | bad ".*WIDTH of the PAM, '1 2', is no number"
    printf 'P7\nWIDTH 18446744073709551617\nENDHDR\n' | bad 'the WIDTH of the PAM is too large'
    { pam 1 255 "TUPLTYPE $(printf '%0300d' 0)\n"; printf '\7'; } | bad 'a line of the PAM'
    { pam 1 255 "$(printf 'TUPLTYPE %0200d\\n' 0 0)"; printf '\7'; } | bad '.*type is too long'
}

@test "a plain raster, numbers and bits in every form, may end with its last digit" {
    printf 'P2 3 1 9 1 2\n3' | shows '3 1 9 6 : 1 2 3'
    printf 'P2 3 1 9 1#one\n2\t3#' | shows '3 1 9 6 : 1 2 3'
    printf 'P3 1 1 255 10 20 30' | shows '1 1 255 18 : 18'
    printf 'P1 4 1 0101' | shows '4 1 1 2 : 1 0 1 0'
    printf 'P1 4 1 0 1#\n 01' | shows '4 1 1 2 : 1 0 1 0'
    [ "$(printf 'P1 2 1 01P2 1 1 9 4 P1 1 1 0' | test-stream show 0 | cut -d ' ' -f 6- |
        tr '\n' ' ')" = ': 1 0 : 4 : 1 ' ]
    printf 'P2 3 1 9 1 2' | bad 'truncated: the file ends in the image'
    printf 'P1 3 1 01' | bad 'truncated: the file ends in the image'
    printf 'P1 3 1 012' | bad 'junk, where a 0 or a 1 should be'
    printf 'P2 1 1 9 10' | bad 'a sample is 10, above the maxval 9'
    printf 'P3 1 1 9 1 2 x' | bad 'junk, where the sample should be'
    printf 'P2 1 1 9 4294967297' | bad 'the sample is too large'
}

@test "a header of comments is read in time linear in its length" {
    {
        printf 'P7\n'
        yes '# x' | head -n 4000000
        printf '#'
        head -c 4000000 /dev/zero | tr '\0' x
        printf '\n'
        pam 1 255 | tail -n +2
        printf '\7'
    } > comments.pam
    timeout 60 test-stream show 0 comments.pam | grep -qx 'comments 1 1 255 7 : 7'
}

@test "formats that are not read are named, and what converts them" {
    pgm 2 2 255 1 2 3 4 > good.pgm
    while IFS='|' read -r bytes name remedy; do
        for file in frame.pgm frame.png; do
            printf "$bytes" > $file
            every "$file: $name data, which is not read \\($remedy\\)$" $file
        done
    done <<'END'
Pf\n1 1\n|PFM|floats: pfmtopam .*
\x93NUMPY\x01|NumPy|images are Netpbm, PNG, .*
RIFF\0\1\1\0WEBPVP8|WebP|dwebp -ppm converts it
\0\0\0\x18ftypmp42|MP4|ffmpeg -i FILE .*
\x1f\x8b\x08|gzip|gunzip unpacks it
PK\x03\x04|ZIP|unzip unpacks it
END
    ir-train init --net acm good.pgm > acm.tar
    every 'acm.tar: checkpoint data, which is not read \(-c reads it\)$' acm.tar
}

@test "on a pipe there are Netpbm and PNG, and others are named" {
    pgm 2 2 255 1 2 3 4 > a.pgm
    pnmtopng -quiet a.pgm > a.png
    [ "$(cat a.png a.pgm a.png | test-stream show 0 - | cut -d ' ' -f 6-)" = \
        $': 1 2 3 4\n: 1 2 3 4\n: 1 2 3 4' ]
    pnmtojpeg a.pgm > a.jpg
    run --separate-stderr bash -c 'cat a.jpg | test-stream show 0 -'
    one_line_error 1 'stdin#1: JPEG data, which is read from files alone \(jpegtopnm converts it\)$'
    pamtotiff -quiet a.pgm > a.tif
    run --separate-stderr bash -c 'cat a.tif | test-stream show 0 -'
    one_line_error 1 'stdin#1: TIFF data, which is read from files alone \(ir-corrupt -n none '
    # a file is one on standard input, too
    [ "$(test-stream show 0 - < a.tif)" = 'stdin#1 2 2 255 10 : 1 2 3 4' ]
    pgm 1 1 255 9 | pnmtojpeg > a.jpg
    [ "$(test-stream show 0 - < a.jpg)" = 'stdin#1 1 1 255 9 : 9' ]
}

# A ramp of 16 x 8 as every format that is read; *.jpg and *.j2k say the same within a grey level.
kinds() {
    mkdir kinds
    # shellcheck disable=SC2046
    pgm 16 8 255 $(seq 0 2 255) > kinds/a.pgm
    pnmtopng -quiet kinds/a.pgm > kinds/b.png
    pamtotiff -quiet kinds/a.pgm > kinds/c.tif
    pnmtojpeg -quality 100 kinds/a.pgm > kinds/d.jpg
    ppmtobmp -quiet kinds/a.pgm > kinds/e.bmp
    pnmtorast -quiet kinds/a.pgm > kinds/f.ras
    pamtofits kinds/a.pgm > kinds/g.fits
    pamtogif kinds/a.pgm > kinds/h.gif
    pamtojpeg2k -quiet kinds/a.pgm > kinds/i.j2k 2> /dev/null
    pnmtosgi -quiet kinds/a.pgm > kinds/j.sgi
    ppmtopcx -quiet kinds/a.pgm > kinds/k.pcx 2> /dev/null
    pamtoqoi kinds/a.pgm > kinds/l.qoi
}

# same LINE: what test-stream shows is that ramp, within half a grey level on average.
same() {
    awk '{ exit !($2 == 16 && $3 == 8 && $4 == 255 && $5 >= 16256 - 64 && $5 <= 16256 + 64) }' <<< "$1"
}

@test "all formats that are read, in one directory, whatever the files are called" {
    local name i=0
    kinds
    test-stream show 0 kinds > shown
    [ "$(cut -d ' ' -f 1 shown | tr '\n' ' ')" = 'a b c d e f g h i j k l ' ]
    while read -r line; do same "$line"; done < shown
    [ "$(grep -c ' 16256$' shown)" -ge 11 ] # JPEG may be a little off
    mkdir renamed # by other names: one after another takes the next one's extension
    for name in kinds/*; do
        i=$((i + 1))
        cp "$name" "renamed/$i.$(ls kinds | sed -n "$((i % 12 + 1))s/.*\\.//p")"
        cp "$name" "renamed/x$i"
    done
    test-stream show 0 renamed > shown
    [ "$(wc -l < shown)" = 24 ]
    while read -r line; do same "$line"; done < shown
    # every one of the programs reads them so
    [ "$(ir-corrupt -v -n pixelate -s 1 -o out kinds 2>&1 | cut -d , -f 1)" = 'ir-corrupt: 12 images' ]
    ir-detect -m top-hat -o masks kinds
    [ "$(ls masks | wc -l)" = 12 ]
    [ "$(ir-score --tsv kinds kinds 2> /dev/null | tail -n 1 | cut -f 1)" = 1 ]
    ir-train init --net acm kinds > /dev/null
    ir-policy init > policy.tar
    [ "$(ir-policy sample -c policy.tar kinds | grep -vc '^#')" = 12 ]
}

@test "the formats that are read are listed, and what reads them" {
    ir-corrupt --formats > list
    grep -qxP 'TIFF\ttif tiff\tirtools' list
    grep -qxP 'Sun raster\tras sun rast\trasttopnm \(netpbm\)' list
    [ "$(grep -vc '^#' list)" = 12 ]
}

@test "a converter that is missing is named, and the package that has it" {
    kinds
    for file in d.jpg:JPEG:jpegtopnm e.bmp:BMP:bmptopnm 'f.ras:Sun raster:rasttopnm' \
        g.fits:FITS:fitstopnm h.gif:GIF:giftopnm; do
        IFS=: read -r name format program <<< "$file"
        run --separate-stderr env PATH="$IR_BIN" test-stream show 0 "kinds/$name"
        one_line_error 1 "^test-stream: kinds/$name: $program \\(package netpbm\\), which reads $format files, is not"
    done
    PATH=$IR_BIN test-stream show 0 kinds/a.pgm kinds/b.png kinds/c.tif > shown
    [ "$(wc -l < shown)" = 3 ]
}

@test "a converter that fails behind a whole image has not read the file" {
    kinds
    mkdir bin
    printf '#!/bin/sh\nprintf "P5 1 1 255 a"\nexit 1\n' > bin/jpegtopnm
    chmod +x bin/jpegtopnm
    PATH=$PWD/bin:$PATH run --separate-stderr test-stream show 0 kinds/d.jpg
    one_line_error 1 '^test-stream: kinds/d.jpg: jpegtopnm cannot read this JPEG$'
    [ "$output" = 'd 1 1 255 97 : 97' ]
}

@test "a file of any format that is cut short is refused by name" {
    kinds
    mkdir cut
    for file in kinds/*; do
        cut=cut/${file#*/}
        head -c "$(($(stat -c %s "$file") / 2))" "$file" > "$cut"
        run --separate-stderr test-stream show 0 "$cut"
        one_line_error 1 "^test-stream: $cut: "
        [ -z "$output" ]
    done
}

@test "a directory of which half is something else: what is no image is counted, the first named" {
    mkdir mixed
    pgm 2 2 255 1 2 3 4 > mixed/b.pgm
    pnmtopng -quiet mixed/b.pgm > mixed/c.png
    pnmtopng -quiet mixed/b.pgm > mixed/d # by its bytes
    echo words > mixed/a.txt
    printf 'PK\3\4' > mixed/z.zip
    : > mixed/empty
    : > mixed/.hidden
    mkdir mixed/sub
    run --separate-stderr test-stream show 0 mixed
    one_line_error 0 '^test-stream: mixed: 3 of 6 files are no image and left out \(the first: a.txt\)$'
    [ "$(cut -d ' ' -f 1 <<< "$output" | tr '\n' ' ')" = 'b c d ' ]
    rm mixed/a.txt mixed/empty
    run --separate-stderr ir-detect -m top-hat -o out mixed
    one_line_error 0 '^ir-detect: mixed: 1 of 4 files is no image and left out \(the first: z.zip\)$'
    # what is called an image must be one
    echo words > mixed/a.tif
    run --separate-stderr test-stream show 0 mixed
    [[ $status -eq 1 && $stderr = *$'\n''test-stream: mixed/a.tif: bad magic number 0x776f: '* ]]
}

@test "a directory without images says what its files are" {
    pgm 2 2 255 1 2 3 4 > good.pgm
    mkdir empty words numpy
    every 'empty: no image in this directory$' empty
    echo words > words/README
    echo words > words/notes
    every 'words: no image in this directory; of its 2 files README is the first$' words
    printf '\x93NUMPY\1' > numpy/a.npy
    every 'numpy: no image in this directory; a.npy is NumPy \(images are Netpbm, ' numpy
}

@test "a PNG is read under any name, and a Netpbm file called .png" {
    pgm 2 2 255 1 2 3 4 > a.pgm
    pnmtopng -quiet a.pgm > a.png
    for name in b.pgm b.dat b b.PNG b.Png; do
        cp a.png $name
        [ "$(test-stream show 0 $name)" = 'b 2 2 255 10 : 1 2 3 4' ]
    done
    cp a.pgm c.png
    [ "$(test-stream show 0 c.png)" = 'c 2 2 255 10 : 1 2 3 4' ]
    mkfifo d.png
    cat a.png > d.png &
    [ "$(timeout 60 test-stream show 0 d.png)" = 'd 2 2 255 10 : 1 2 3 4' ]
    head -c 40 a.png > e.png
    run --separate-stderr test-stream show 0 e.png
    one_line_error 1 '^test-stream: e.png: this PNG is truncated$'
}

@test "a PNG of more pixels than images may have is refused before it is decoded" {
    pgm 2 2 255 1 2 3 4 > good.pgm
    large_png 30000 > a.png
    every 'a.png: 30000x30000 is too large \(at most 32768 a side, 268435456 pixels\)$' a.png
    large_png 40000 > a.png
    every 'a.png: 40000x40000 is too large' a.png
}

@test "extensions in a directory, in upper, lower and mixed case, in every program" {
    mkdir one two png
    pgm 2 2 255 0 0 0 255 > m.pgm
    cp m.pgm one/a.PGM
    cp m.pgm one/b.Pnm
    cp m.pgm two/a.pgm
    cp m.pgm two/b.PAM
    [ "$(test-stream show 0 one | cut -d ' ' -f 1 | tr '\n' ' ')" = 'a b ' ]
    [ "$(ir-score --tsv one two | tail -n 1 | cut -f 1)" = 1 ]
    ir-corrupt -n pixelate -s 1 -o out one
    ir-detect -m top-hat -o masks one
    ir-train init --net acm one > /dev/null
    [[ "$(ls out)" = $'a.pgm\nb.pgm' && "$(ls masks)" = $'a.pgm\nb.pgm' ]]
    pnmtopng -quiet m.pgm > png/a.PNG
    pnmtopng -quiet m.pgm > png/b.Png
    [ "$(ir-score --tsv png two | tail -n 1 | cut -f 1)" = 1 ]
}

# card OLD NEW VALUE < FITS: the card of the keyword OLD replaced by another of 80 bytes.
card() {
    awk -v RS='\001' -v old="$1" -v new="$2" -v value="$3" '{
        at = index($0, sprintf("%-8s=", old))
        if (!at) exit 1
        printf "%s%-80s%s", substr($0, 1, at - 1), sprintf("%-8s= %20s", new, value), substr($0, at + 80)
    }'
}

@test "FITS: samples as they are, not stretched; floats, cubes and other scales are refused" {
    local frame why name value

    pgm 3 1 255 10 15 20 > small.pgm
    pgm 3 1 65535 1000 1005 40000 > large.pgm
    for frame in small large; do
        # cameras do not say their range
        pamtofits $frame.pgm | card DATAMAX X 0 | card DATAMIN Y 0 > $frame.fits
        ir-corrupt -n none $frame.fits | cmp - <(ir-corrupt -n none $frame.pgm)
    done
    card NAXIS NAXIS 3 < small.fits | card X NAXIS3 2 > cube.fits
    while read -r name value why; do
        if [ "$name" = cube ]; then cp cube.fits odd.fits; else card "$name" "$name" "$value" < small.fits > odd.fits; fi
        [ "$(wc -c < odd.fits)" = "$(wc -c < small.fits)" ]
        run --separate-stderr ir-corrupt -n none odd.fits
        one_line_error 1 "^ir-corrupt: odd.fits: a FITS file .*$why"
        [ -z "$output" ]
    done << 'END'
BITPIX -32 floating-point samples
BITPIX 32 32 bits a sample
BSCALE 2.0 stand for others
BZERO 10 stand for others
cube - more than one plane
END
    sed 's/END  /OND  /' small.fits > endless.fits
    run --separate-stderr ir-corrupt -n none endless.fits
    one_line_error 1 'endless.fits: the header of this FITS file has no end'
}
