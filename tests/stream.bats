#!/usr/bin/env bats
# common/stream: Netpbm images, operands, names, matching, records, the sink.

# shellcheck disable=SC2016,SC2059,SC2094

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# frame FILE VALUE...: a 1x1 image of each value, one after the other.
frame() {
    local file=$1 value
    shift
    for value; do
        pgm 1 1 255 "$value"
    done > "$file"
}

# A raster that no buffer holds.
big() {
    printf 'P5\n300 300\n255\n'
    head -c 90000 /dev/zero
}

# bad PATTERN, the file on standard input: test-stream must refuse it with that one line.
bad() {
    cat > bad.pgm
    run --separate-stderr test-stream show 0 bad.pgm
    one_line_error 1 "^test-stream: bad.pgm: $1" && [ -z "$output" ]
}

@test "all formats, plain and raw, give the same samples" {
    local expected='2 2 255 103 : 0 1 2 100'
    [ "$(pgm 2 2 255 0 1 2 100 | test-stream show 0)" = "stdin#1 $expected" ]
    [ "$(printf 'P5 2 2 255\n\0\1\2d' | test-stream show 0)" = "stdin#1 $expected" ]
    [ "$(printf 'P6 2 2 255\n\0\0\0\1\1\1\2\2\2ddd' | test-stream show 0)" = "stdin#1 $expected" ]
    [ "$(printf 'P3 2 2 255 0 0 0 1 1 1 2 2 2 100 100 100\n' | test-stream show 0)" = \
        "stdin#1 $expected" ]
    local pam='P7\nWIDTH 2\nHEIGHT 2\nMAXVAL 255\nDEPTH'
    [ "$(printf "$pam 1\nTUPLTYPE GRAYSCALE\nENDHDR\n\0\1\2d" | test-stream show 0)" = \
        "stdin#1 $expected" ]
    [ "$(printf "$pam 1\nENDHDR\n\0\1\2d" | test-stream show 0)" = "stdin#1 $expected" ]
    [ "$(printf "$pam 2\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n\0a\1b\2cdd" | test-stream show 0)" = \
        "stdin#1 $expected" ]
    [ "$(printf "$pam 4\nTUPLTYPE RGB_ALPHA\nENDHDR\n\0\0\0a\1\1\1b\2\2\2cdddd" |
        test-stream show 0)" = "stdin#1 $expected" ]
}

@test "a bitmap's 1 is black" {
    [ "$(printf 'P1\n2 2\n1 0\n0 0\n' | test-stream show 0)" = "stdin#1 2 2 1 3 : 0 1 1 1" ]
    [ "$(printf 'P4\n2 2\n\x80\0' | test-stream show 0)" = "stdin#1 2 2 1 3 : 0 1 1 1" ]
}

@test "colour becomes luma, rounded" {
    run test-stream show 0 - <<< 'P3 5 1 255 255 0 0  0 255 0  0 0 255  10 20 30  255 255 255'
    [ "$output" = "stdin#1 5 1 255 528 : 76 150 29 18 255" ]
    run test-stream show 0 - <<< 'P3 1 1 65535 65535 65535 65535'
    [ "$output" = "stdin#1 1 1 65535 65535 : 65535" ]
}

@test "1, 8, 14 and 16 bits stay what they are" {
    [ "$(printf 'P5 2 1 65535\n\x01\x02\xff\xff' | test-stream show 0)" = \
        "stdin#1 2 1 65535 65793 : 258 65535" ]
    for maxval in 1 100 255 256 16383 65535; do
        {
            printf 'P5\n300 200\n%d\n' $maxval
            awk -v m=$maxval 'BEGIN { for (i = 0; i < 60000; i++) {
                v = (i * 7919) % (m + 1)
                if (m > 255) printf "%c", int(v / 256)
                printf "%c", v % 256 } }'
        } > in.pgm
        test-stream put - in.pgm | cmp - in.pgm
    done
}

@test "images of a stream follow one another, with space between them or none" {
    printf 'P5 1 1 255\naP5 2 1 255\nbcP2 1 1 9 7\n\n\nP5 1 1 255\nd\n' > many.pgm
    run test-stream show 0 many.pgm
    [ "$output" = "many 1 1 255 97 : 97
many#2 2 1 255 197 : 98 99
many#3 1 1 9 7 : 7
many#4 1 1 255 100 : 100" ]
}

@test "names are base names without extension, stdin's are numbered from 1" {
    mkdir d
    frame d/a.b.pgm 1 2
    frame d/noext 3
    [ "$(test-stream twice d/a.b.pgm d/noext | head -n 3)" = "a.b
a.b#2
noext" ]
    [ "$(cat d/a.b.pgm d/noext | test-stream show 0 d/noext - | cut -d ' ' -f 1)" = "noext
stdin#1
stdin#2
stdin#3" ]
}

@test "a name that no record can hold is refused" {
    frame '#a.pgm' 1
    frame $'a\tb.pgm' 1
    for name in '#a.pgm' $'a\tb.pgm'; do
        run --separate-stderr test-stream show 0 "$name"
        one_line_error 1 'cannot stand in a record'
    done
}

@test "an image is given out before the next byte is looked at" {
    mkfifo in out
    timeout 60 test-stream show 0 < in > out 3>&- &
    exec 8> in 9< out
    for value in a b c; do
        printf 'P5 1 1 255\n%s' $value >&8
        read -r -t 20 name _ <&9
        [[ $name = stdin#? ]]
    done
    exec 8>&-
    wait $!
    exec 9<&-
}

@test "an image is written before the next one is waited for" {
    mkfifo in out
    timeout 60 test-stream put - < in > out 3>&- &
    exec 8> in 9< out
    for value in a b c; do
        printf 'P5\n1 1\n255\n%s' $value >&8
        read -r -t 20 -N 12 image <&9
        [ "$image" = $'P5\n1 1\n255\n'$value ]
    done
    exec 8>&-
    wait $!
    exec 9<&-
}

@test "a directory is its images in byte order" {
    mkdir d
    frame d/b.pgm 1
    frame d/B.pnm 2
    frame d/a10.pam 3
    frame d/a9.pbm 4
    frame d/z.ppm 5
    frame d/.hidden.pgm 6
    frame d/named.txt 7
    frame d/b.pgm~ 8
    mkdir d/c
    [ "$(test-stream show 0 d d/ | cut -d ' ' -f 1 | tr '\n' ' ')" = \
        "B a10 a9 b named z B a10 a9 b named z " ]
    [ "$(test-stream count d)" -eq 6 ]
}

@test "a list names files; blank and comment lines are skipped" {
    frame a.pgm 1
    frame b.pgm 2
    printf '# frames\na.pgm\n\nb.pgm\r\na.pgm\n' > list
    [ "$(test-stream show 0 @list | cut -d ' ' -f 1 | tr '\n' ' ')" = "a b a " ]
    [ "$(test-stream show 0 @- < list | cut -d ' ' -f 1 | tr '\n' ' ')" = "a b a " ]
    [ "$(test-stream count @list a.pgm)" -eq 4 ]
    [ "$(test-stream count @list - < /dev/null)" -eq -1 ]
}

@test "operands that are not there or hold no image" {
    mkdir empty
    frame a.pgm 1
    printf '# nothing\n' > nothing
    printf 'a.pgm\nmissing.pgm\n' > missing
    printf 'a.pgm\nempty\n' > directory
    printf 'a.pgm\n-\n' > dash
    : > zero.pgm
    while IFS='|' read -r operand pattern; do
        run --separate-stderr test-stream show 0 "$operand"
        one_line_error 1 "^test-stream: $pattern"
        [ -z "$output" ]
    done <<'END'
none.pgm|none.pgm: No such file or directory$
empty|empty: no image in this directory$
@none|none: No such file or directory$
@nothing|nothing: no path in this list$
@missing|missing:2: missing.pgm: No such file or directory$
@directory|directory:2: empty: a directory cannot stand in a list$
@dash|dash:2: '-' \(standard input\) cannot stand in a list$
@empty|empty: Is a directory$
zero.pgm|zero.pgm: no image in it$
END
    run --separate-stderr test-stream show 0 < /dev/null
    one_line_error 1 '^test-stream: standard input: no image in it$'
    run --separate-stderr test-stream show 0 - - < a.pgm
    usage_error 'standard input'
    run --separate-stderr test-stream show 0 a.pgm zero.pgm
    one_line_error 1 '^test-stream: zero.pgm: no image in it$'
}

@test "a file without read permission" {
    frame a.pgm 1
    need_humble
    chmod 000 a.pgm
    run --separate-stderr humbly test-stream show 0 a.pgm
    one_line_error 1 'a.pgm: Permission denied$'
}

@test "bad images are refused in one line that names them" {
    printf 'P5 4 4 255\nabc' | bad 'truncated: 3 of 16 bytes'
    printf 'P5 4 4 65535\nabc' | bad 'truncated: 3 of 32 bytes'
    printf 'P2 4 4 255 1 2 3' | bad '.'
    printf 'P6 4 4 255\nabc' | bad '.'
    printf 'P4 40 4\nabc' | bad '.'
    printf 'P5 4' | bad '.'
    printf 'P5 4 4 0\n0123456789abcdef' | bad 'maxval'
    printf 'P5 4 4 70000\n0123456789abcdef' | bad '.*70000'
    printf 'P5 0 4 255\n' | bad 'the image is 0x4'
    printf 'P5 4 0 255\n' | bad 'the image is 4x0'
    printf 'P5 -4 4 255\n' | bad 'junk'
    printf 'P5 1000000000 4 255\n' | bad '.*too large'
    printf 'P5 1000000000 1000000000 255\n' | bad '.*too large'
    printf 'P5 99999999999999999999 4 255\n' | bad '.*too large'
    printf 'P5 32769 1 255\n' | bad '32769x1 is too large'
    printf 'P5 32768 32768 255\n' | bad '32768x32768 is too large'
    printf 'P5 2 2 100\nabcz' | bad 'a sample is 122, above the maxval 100'
    printf 'P5 2 1 1000\n\0\1\xff\xff' | bad 'a sample is 65535, above the maxval 1000'
    printf 'P2 2 1 255 1 70000\n' | bad '.*70000'
    printf 'P6 1 1 100\nabz' | bad '.*122'
    printf 'P7\nWIDTH 1\nHEIGHT 1\nDEPTH 5\nMAXVAL 255\nENDHDR\nabcde' | bad 'a PAM of 5 planes'
    printf 'P7\nWIDTH 1\nHEIGHT 1\nDEPTH 900000000\nMAXVAL 255\nENDHDR\na' | bad 'a PAM of 900000000 planes'
    printf 'P7\nWIDTH 1\nHEIGHT 1\n' | bad '.'
    printf 'a text file\n' | bad 'bad magic number'
    head -c 4096 /dev/zero | bad 'bad magic number'
    printf 'P5 1 1 255\nagarbage' > bad.pgm
    run --separate-stderr test-stream show 0 bad.pgm
    one_line_error 1 '^test-stream: bad.pgm#2: bad magic number'
    [ "$output" = "bad 1 1 255 97 : 97" ]
}

@test "a maxval can be given; samples above it are an error" {
    printf 'P5 2 1 65535\n\x3f\xff\x00\x01' > a.pgm
    [ "$(test-stream show 16383 a.pgm)" = "a 2 1 16383 16384 : 16383 1" ]
    run --separate-stderr test-stream show 16382 a.pgm
    one_line_error 1 '^test-stream: a.pgm: a sample is 16383, above the maxval 16382 given$'
    frame b.pgm 200
    [ "$(test-stream show 1000 b.pgm)" = "b 1 1 1000 200 : 200" ]
}

@test "a stream starts over, unless it is a pipe" {
    frame a.pgm 1 2
    frame b.pgm 3
    [ "$(test-stream twice a.pgm b.pgm | tr '\n' ' ')" = "a a#2 b a a#2 b " ]
    [ "$(test-stream shuffle b.pgm b.pgm | tr '\n' ' ')" = "b b " ]
    run --separate-stderr test-stream twice - < a.pgm
    usage_error 'cannot be read a second time'
    run --separate-stderr test-stream twice <(cat a.pgm)
    usage_error 'cannot be read a second time'
    frame c.pgm 4
    [ "$(test-stream shuffle b.pgm c.pgm | tr '\n' ' ')" = "c b " ]
    run --separate-stderr test-stream shuffle b.pgm a.pgm
    usage_error 'a.pgm: several images in one file cannot be shuffled'
}

@test "directories and lists are matched by name" {
    mkdir x y
    for i in 1 2 3; do
        frame x/$i.pgm $i
        frame y/$i.ppm $((10 * i))
    done
    printf 'y/3.ppm\ny/1.ppm\ny/2.ppm\n' > list
    [ "$(test-stream match x y)" = "1:1 1:10
2:2 2:20
3:3 3:30" ]
    [ "$(test-stream match x @list)" = "$(test-stream match x y)" ]
    [ "$(test-stream match @list x)" = "3:30 3:3
1:10 1:1
2:20 2:2" ]
    [ "$(test-stream rematch x @list y | tail -n 3)" = "3:3 3:30 3:30
2:2 2:20 2:20
1:1 1:10 1:10" ]
}

@test "a name that comes again in a list" {
    mkdir x p q
    frame x/a.pgm 1
    frame x/b.pgm 2
    frame p/a.pgm 3
    frame q/a.pgm 4
    printf 'x/a.pgm\nx/b.pgm\nx/a.pgm\n' > again
    printf 'p/a.pgm\nq/a.pgm\nx/b.pgm\n' > both
    [ "$(test-stream match @again @both)" = "a:1 a:3
b:2 b:2
a:1 a:4" ]
    [ "$(test-stream match @both x)" = "a:3 a:1
a:4 a:1
b:2 b:2" ]
    run --separate-stderr test-stream match x @again
    one_line_error 1 '^test-stream: a: in @again, but not as often in x$'
    printf 'x/a.pgm\nx/b.pgm\n' > less
    run --separate-stderr test-stream match @again @less
    one_line_error 1 '^test-stream: a: in @again, but not as often in @less$'
}

@test "a name that comes again in other directories is matched by them, in any order" {
    mkdir -p x/41 x/32 y/41 y/32
    frame x/41/a.pgm 1
    frame x/32/a.pgm 2
    frame x/32/b.pgm 3
    frame y/41/a.pgm 10
    frame y/32/a.pgm 20
    frame y/32/b.pgm 30
    printf 'x/%s.pgm\n' 41/a 32/a 32/b 41/a > first
    printf 'y/%s.pgm\n' 32/b 32/a 41/a 41/a > second
    [ "$(test-stream match @first @second)" = "a:1 a:10
a:2 a:20
b:3 b:30
a:1 a:10" ]
    printf 'y/%s.pgm\n' 32/b 32/a 41/a > short
    run --separate-stderr test-stream match @first @short
    one_line_error 1 '^test-stream: a: in @first, but not as often in @short$'
    # where the directories say nothing, as they come
    frame y/a.pgm 40
    printf 'y/%s.pgm\n' 32/b 32/a 41/a a > other
    [ "$(test-stream match @first @other)" = "a:1 a:20
a:2 a:10
b:3 b:30
a:1 a:40" ]
}

@test "names that do not match are named" {
    mkdir x y z
    for i in 1 2 3; do
        frame x/$i.pgm $i
        frame y/$i.pgm $i
    done
    rm y/2.pgm
    run --separate-stderr test-stream match x y
    one_line_error 1 '^test-stream: 2: in x, but not in y$'
    [ -z "$output" ]
    run --separate-stderr test-stream match y x
    one_line_error 1 '^test-stream: 2: in x, but not in y$'
    frame y/2.pgm 1 2
    run --separate-stderr test-stream match x y
    one_line_error 1 '^test-stream: 2#2: in y, where x has 3$'
    frame z/1.pgm 1
    frame z/1.ppm 1
    run --separate-stderr test-stream match z y
    one_line_error 1 '^test-stream: 1: more than one file of this name in z$'
    run --separate-stderr test-stream match y z
    one_line_error 1 '^test-stream: 1: more than one file of this name in z$'
}

@test "files and standard input are matched by order" {
    mkdir x
    for i in 1 2 3; do
        frame x/$i.pgm $i
    done
    frame many.pgm 7 8 9
    [ "$(test-stream match x many.pgm)" = "1:1 many:7
2:2 many#2:8
3:3 many#3:9" ]
    [ "$(test-stream match - x < many.pgm | head -n 1)" = "stdin#1:7 1:1" ]
    frame few.pgm 7 8
    run --separate-stderr test-stream match x few.pgm
    one_line_error 1 '^test-stream: 3: in x, but few.pgm has no more images$'
    run --separate-stderr test-stream match - x < few.pgm
    one_line_error 1 '^test-stream: 3: in x, but standard input has no more images$'
    run --separate-stderr test-stream match - - < few.pgm
    usage_error 'standard input'
    run --separate-stderr test-stream rematch x few.pgm
    [ "$status" -eq 1 ]
    frame one.pgm 1
    run --separate-stderr test-stream rematch one.pgm - < one.pgm
    usage_error 'cannot be shuffled'
}

@test "a closed standard input is not the next file that is opened" {
    frame a.pgm 1
    run --separate-stderr bash -c 'test-stream match a.pgm - <&-'
    one_line_error 1 '^test-stream: stdin#1: Bad file descriptor'
}

@test "a mask of another size is named with both sizes" {
    mkdir x y
    pgm 2 3 255 0 0 0 0 0 0 > x/Misc_111.pgm
    pgm 3 2 255 0 0 0 0 0 0 > y/Misc_111.pgm
    run --separate-stderr test-stream sizes x y
    one_line_error 1 '^test-stream: Misc_111: the mask is 3x2, the image 2x3$'
}

@test "a mask is scaled by pixel centres" {
    pgm 2 2 255 1 2 3 4 > a.pgm
    [ "$(test-stream nearest 4 2 a.pgm)" = "a 4 2 255 20 : 1 1 2 2 3 3 4 4" ]
    [ "$(test-stream nearest 3 1 a.pgm)" = "a 3 1 255 11 : 3 4 4" ]
    pgm 5 1 255 1 2 3 4 5 > b.pgm
    [ "$(test-stream nearest 2 1 b.pgm)" = "b 2 1 255 6 : 2 4" ]
    [ "$(test-stream nearest 1 1 b.pgm)" = "b 1 1 255 3 : 3" ]
}

@test "a directory gets one whole file per image" {
    frame a.pgm 1 2
    test-stream put out a.pgm
    [ "$(ls -A out)" = "a#2.pgm
a.pgm" ]
    [ "$(test-stream show 0 'out/a#2.pgm' 2>&1 | cut -d ' ' -f 2-)" = "1 1 255 2 : 2" ]
    run --separate-stderr test-stream put out a.pgm a.pgm
    one_line_error 1 '^test-stream: a.pgm: twice among the images, and both would become out/a.pgm$'
    frame 'a#2.pgm' 3 # only when a.pgm is read it turns out to hold two
    run --separate-stderr test-stream put out a.pgm 'a#2.pgm'
    one_line_error 1 '^test-stream: a#2: two images of this name cannot both go to out$'
    run --separate-stderr test-stream put a.pgm a.pgm
    one_line_error 1 '^test-stream: a.pgm: File exists$'
    run --separate-stderr test-stream put none/out a.pgm
    one_line_error 1 '^test-stream: none/out: No such file or directory$'
}

@test "a failed write leaves the old file and nothing else" {
    mkdir out
    pgm 1 1 255 9 > out/big.pgm
    cp out/big.pgm good.pgm
    big > big.pgm
    run --separate-stderr bash -c 'ulimit -f 8; trap "" XFSZ; test-stream put out big.pgm'
    one_line_error 1 '^test-stream: out/big.pgm: File too large$'
    cmp out/big.pgm good.pgm
    [ "$(ls -A out)" = big.pgm ]
}

@test "images to a full disk or a closed pipe" {
    frame a.pgm 1
    big > big.pgm
    for image in a.pgm big.pgm; do
        run --separate-stderr bash -c 'test-stream put - "$1" > /dev/full' bash $image
        one_line_error 1 '^test-stream: standard output: No space left on device$'
    done
    run --separate-stderr bash -c 'test-stream put - big.pgm big.pgm big.pgm | head -c 1 > /dev/null
        exit "${PIPESTATUS[0]}"'
    one_line_error 1 '^test-stream: standard output: Broken pipe$'
}

@test "strategies and rewards are read and written back" {
    printf 'a\tgaussian-noise\t1\t-3.40119743\nb#2\tjpeg\t5\t0\n' > s
    { printf '# name corruption severity logp\n'; cat s; } > commented
    test-stream strategies commented | cmp - <(cat s; echo '# commented:3')
    test-stream strategies commented a 'b#2' | cmp - <(cat s; echo '# commented:3')
    test-stream strategies - < s | cmp - <(cat s; echo '# stdin:2')
    printf 'a\t0.123456791\nb\t1\n' > r
    test-stream rewards r a b | cmp - <(cat r; echo '# r:2')
    [ "$(test-stream target)" = $'a\t1.5\t2.25\t1\t2\t3\t4\t12\t0.1' ]
}

@test "bad strategies are refused with file, line and reason" {
    while IFS='|' read -r line pattern; do
        printf '# one\n%b\n' "$line" > s
        run --separate-stderr test-stream strategies s
        one_line_error 1 "^test-stream: s:2: $pattern$"
    done <<'END'
a\tjpeg\t1|3 fields, a strategy has 4
a|1 field, a strategy has 4
|1 field, a strategy has 4
a\tjpeg\t1\t-1\t\t\t\t\t\t\t|11 fields, a strategy has 4
a jpeg 1 -1|1 field, a strategy has 4
\tjpeg\t1\t-1|the name has 0 bytes, not 1 to 255
a\tfog\t1\t-1|unknown corruption 'fog'
a\tJPEG\t1\t-1|unknown corruption 'JPEG'
a\tjpeg\t9\t-1|the severity '9' is not from 1 to 5
a\tjpeg\t0\t-1|the severity '0' is not from 1 to 5
a\tjpeg\t1.5\t-1|the severity '1.5' is not from 1 to 5
a\tjpeg\t\t-1|the severity '' is not from 1 to 5
a\tjpeg\t1\t0.5|the logp '0.5' is above 0
a\tjpeg\t1\tnan|the logp 'nan' is not a finite number
a\tjpeg\t1\t-inf|the logp '-inf' is not a finite number
a\tjpeg\t1\t-1x|the logp '-1x' is not a finite number
a\tjpeg\t1\t|the logp '' is not a finite number
a\tjpeg\t1\t -1|the logp ' -1' is not a finite number
END
    printf '%0300d\tjpeg\t1\t-1\n' 0 > s
    run --separate-stderr test-stream strategies s
    one_line_error 1 '^test-stream: s:1: the name has 300 bytes'
    printf 'a\tjpeg\t1\t-1' > s
    run --separate-stderr test-stream strategies s
    one_line_error 1 '^test-stream: s:1: the last line has no end: cut off$'
    printf 'a\0b\tjpeg\t1\t-1\n' > s
    run --separate-stderr test-stream strategies s
    one_line_error 1 '^test-stream: s:1: a zero byte: not a record$'
    run --separate-stderr test-stream strategies none
    one_line_error 1 '^test-stream: none: No such file or directory$'
    mkdir d
    run --separate-stderr test-stream strategies d
    one_line_error 1 '^test-stream: d: Is a directory$'
}

@test "bad rewards are refused with file, line and reason" {
    for loss in nan inf x '' '1 '; do
        printf 'a\t%s\n' "$loss" > r
        run --separate-stderr test-stream rewards r
        one_line_error 1 "^test-stream: r:1: the loss '$loss' is not a finite number$"
    done
    printf 'a\n' > r
    run --separate-stderr test-stream rewards r
    one_line_error 1 '^test-stream: r:1: 1 field, a reward has 2$'
}

@test "records that come in another order or end early" {
    printf 'a\tjpeg\t1\t-1\nb\tjpeg\t1\t-1\n' > s
    run --separate-stderr test-stream strategies s b
    one_line_error 1 '^test-stream: s:1: a record of a, where b comes next$'
    run --separate-stderr test-stream strategies s a b c
    one_line_error 1 '^test-stream: s: ends after 2 lines, before the record of c$'
    printf 'a\t1\n' > r
    run --separate-stderr test-stream rewards r x
    one_line_error 1 '^test-stream: r:1: a record of a, where x comes next$'
    run --separate-stderr test-stream rewards r a x
    one_line_error 1 '^test-stream: r: ends after 1 line, before the record of x$'
}

@test "a record is given out before the next line is there" {
    mkfifo s
    timeout 60 test-stream strategies s a > out 3>&- &
    exec 8> s
    printf 'a\tjpeg\t1\t-1\n' >&8
    wait $!
    exec 8>&-
    [ "$(head -n 1 out)" = $'a\tjpeg\t1\t-1' ]
}

@test "severities are three rising numbers" {
    [ "$(test-stream severities '1 3 5')" = "1 3 5 1" ]
    [ "$(test-stream severities '2,3,4')" = "2 3 4 1" ]
    [ "$(test-stream severities '1, 2, 5')" = "1 2 5 -1" ]
    for bad in '' '1 3' '1 3 5 5' '1 3 3' '5 3 1' '0 1 2' '1 3 9' '1 3 5x' '135' '1 3 -5'; do
        run --separate-stderr test-stream severities "$bad"
        usage_error "^test-stream: severities: '$bad' is not 3 rising numbers from 1 to 5$"
    done
}
