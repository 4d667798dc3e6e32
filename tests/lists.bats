#!/usr/bin/env bats
# Lists of paths as people, editors and other systems write them, in every program that reads one.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    mkdir -p f
    for i in 1 2 3; do
        awk -v i="$i" 'BEGIN {
            print "P2 32 32 255"
            for (k = 0; k < 1024; k++) print(k == 300 + i ? 255 : 0) }' > f/$i.pgm
    done
}

# reads NAMES PATHS: every program takes images of these names from @list, those of the files PATHS.
reads() {
    local names program
    names=$(test-stream show 0 @list | cut -d ' ' -f 1 | tr '\n' ' ')
    [ "$names" = "$1" ] || { echo "names: $names" && return 1; }
    for program in 'ir-corrupt -n pixelate -s 1' 'ir-detect -m top-hat'; do
        # shellcheck disable=SC2086
        [ "$($program -v @list 2>&1 > /dev/null | sed 's/.*: \([0-9]*\) images,.*/\1/')" = \
            "$(wc -w <<< "$1")" ]
    done
    [ "$(ir-score --per-image @list @list | tail -n +2 | cut -f 1 | tr '\n' ' ')" = "$1" ]
    [ "$(ir-policy sample -c policy.tar @list | cut -f 1 | grep -v '^#' | tr '\n' ' ')" = "$1" ]
    ir-train init --net acm @list | cmp - <(xargs cat <<< "$2" | ir-train init --net acm)
    ir-train -q -c start.tar --crop 32 -j 1 -w out.tar @list @list
    [ "$(tar xOf out.tar meta | awk '$1 == "images" { print $2 }')" = "$(wc -w <<< "$1")" ]
    test-stream show 0 @- < list | cmp - <(test-stream show 0 @list)
}

# refused PATTERN: every program refuses @list by that line and says nothing else.
refused() {
    local program
    for program in 'ir-corrupt -n jpeg -s 1' 'ir-detect -m top-hat' 'ir-score f' \
        'ir-policy sample -c policy.tar' 'ir-train init --net acm' \
        'ir-train -q -c start.tar --crop 32 f'; do
        # shellcheck disable=SC2086
        run --separate-stderr $program @list
        one_line_error 1 "^${program%% *}: $1" || { echo "$program" && return 1; }
        [ -z "$output" ]
    done
}

start() {
    ir-policy init > policy.tar
    ir-train init --net acm f > start.tar
}

@test "a last line without a newline" {
    start
    printf 'f/1.pgm\nf/2.pgm\nf/3.pgm' > list
    reads '1 2 3 ' 'f/1.pgm f/2.pgm f/3.pgm'
}

@test "a byte-order mark, carriage returns, blanks at the end, empty lines, comments" {
    start
    printf '\xef\xbb\xbf# frames\r\nf/1.pgm\r\n\r\n  \t\r\nf/2.pgm  \t\r\n#f/3.pgm\r\n' > list
    reads '1 2 ' 'f/1.pgm f/2.pgm'
    printf '\xef\xbb\xbff/2.pgm\nf/1.pgm \n' > list
    reads '2 1 ' 'f/2.pgm f/1.pgm'
    printf '# a\n\xef\xbb\xbff/2.pgm\n' > list # a mark further on is a letter of a name
    refused 'list:2: .*f/2.pgm: No such file or directory$'
}

@test "a file whose name ends in a blank is itself, where it is there" {
    start
    cp f/2.pgm 'f/1.pgm '
    printf 'f/1.pgm \n' > list
    [ "$(test-stream show 0 @list | cut -d ' ' -f 2-)" = \
        "$(test-stream show 0 f/2.pgm | cut -d ' ' -f 2-)" ]
    rm 'f/1.pgm '
    [ "$(test-stream show 0 @list)" = "$(test-stream show 0 f/1.pgm)" ]
}

@test "a path that stands twice is two images" {
    start
    printf 'f/1.pgm\nf/2.pgm\nf/1.pgm\n' > list
    reads '1 2 1 ' 'f/1.pgm f/2.pgm f/1.pgm'
}

@test "a zero byte, UTF-16 and a line that is no path are refused" {
    start
    printf 'f/1.pgm\nf/2\0.pgm\n' > list
    refused 'list:2: a zero byte: not a list of paths$'
    printf 'f/1.pgm\nf/2.pgm\0' > list
    refused 'list:2: a zero byte: not a list of paths$'
    printf 'f/1.pgm\n' | iconv -f UTF-8 -t UTF-16 > list
    refused 'list: UTF-16, which is not read \(iconv '
    printf 'f/1.pgm\n%05000d\n' 0 > list
    refused 'list:2: a line of more than 4095 bytes is no path$'
    printf 'f/1.pgm\n\x1b[31mred\n' > list
    refused 'list:2: \?\[31mred: No such file or directory$'
}

@test "a path of 4,095 bytes is read, and a comment may be longer" {
    local path
    path=$(printf './%.0s' {1..2044})f/1.pgm
    [ "${#path}" = 4095 ]
    printf '#%09000d\n%s\r\n' 0 "$path" > list
    [ "$(test-stream show 0 @list)" = "$(test-stream show 0 f/1.pgm)" ]
    printf './%s\n' "$path" > list
    run --separate-stderr test-stream show 0 @list
    one_line_error 1 'list:1: a line of more than 4095 bytes is no path$'
}

# The second read of the file fails, in the middle of a line.
@test "a list or records whose rest cannot be read are not taken for whole" {
    strace -f -o trace true || skip "no strace that may trace"
    for ((i = 0; i < 1000; i++)); do echo ./f/1.pgm; done > list
    run --separate-stderr strace -qq -o trace -P "$PWD/list" -e trace=read -e inject=read:error=EIO:when=2 \
        test-stream show 0 @list
    one_line_error 1 '^test-stream: list: Input/output error$'
    for ((i = 0; i < 1000; i++)); do printf '1\tjpeg\t1\t0\n'; done > records
    # shellcheck disable=SC2016
    run --separate-stderr bash -c 'strace -f -qq -o trace -P "$PWD/records" -e trace=read \
        -e inject=read:error=EIO:when=2 ir-corrupt -S records @list > /dev/null'
    one_line_error 1 '^ir-corrupt: records: Input/output error$'
}

@test "what is no list ends without filling the memory" {
    (
        [ -n "${IR_ASAN:-}" ] || ulimit -v 400000 # a sanitizer needs memory of its own
        run --separate-stderr test-stream show 0 @/dev/zero
        one_line_error 1 '^test-stream: /dev/zero:1: a zero byte'
        run --separate-stderr bash -c 'yes | tr -d "\n" | test-stream show 0 @-'
        one_line_error 1 '^test-stream: standard input:1: a line of more than 4095 bytes'
    )
}
