#!/usr/bin/env bats
# Images into a directory: which sub-directories they keep, what is refused before anything is
# written, and that nothing is ever written elsewhere. For every program with such an option.

# shellcheck disable=SC2086 # kinds are words

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
}

# frame FILE...: a frame of 3 x 3 with a bright pixel in the middle.
frame() {
    local file
    for file; do
        mkdir -p "$(dirname "./$file")"
        pgm 3 3 255 1 1 1 1 200 1 1 1 1 > "./$file"
    done
}

# Every kind of output into directory $1 from the operands behind it, one program after the other;
# "each" calls the command given with the name of the kind.
kinds=(corrupt mask soft targets overlay)
write() { # KIND DIRECTORY OPERAND
    case $1 in
    corrupt) ir-corrupt -n pixelate -s 1 "${@:4}" -o "$2" "$3" ;;
    mask) ir-detect -m top-hat "${@:4}" -o "$2" "$3" ;;
    soft) ir-detect -m top-hat --soft "${@:4}" -o "$2" "$3" ;;
    targets) ir-detect -m top-hat --targets "${@:4}" -o "$2" "$3" ;;
    overlay) ir-score "${@:4}" --overlay "$2" --frames "$3" "$3" "$3" > /dev/null 2> overlay.err ||
        { cat overlay.err >&2 && false; } ;;
    esac
}

extension() {
    case $1 in
    targets) echo tsv ;;
    overlay) echo ppm ;;
    *) echo pgm ;;
    esac
}

# files DIRECTORY: the files below it, without their extensions.
files() {
    (cd "$1" && find . -type f | sed 's,^\./,,; s,\.[a-z]*$,,' | LC_ALL=C sort | tr '\n' ' ')
}

@test "a list's paths keep the directories that they do not have in common" {
    frame 'set/frames/41/1(7).pgm' 'set/frames/32/1(7).pgm' 'set/frames/32/deep/er/2.pgm'
    printf 'set/frames/41/1(7).pgm\nset/frames/32/1(7).pgm\n%s/set/./frames//32/deep/er/2.pgm\n' \
        "$PWD" > list
    for kind in "${kinds[@]}"; do
        write $kind out-$kind @list
        [ "$(files out-$kind)" = '32/1(7) 32/deep/er/2 41/1(7) ' ]
        [ "$(find out-$kind -name "*.$(extension $kind)" | wc -l)" = 3 ]
        [ -z "$(find out-$kind -name '*.part')" ]
    done
    # of one directory nothing is kept; nor of files and directories that are operands
    grep 41 list > one
    write mask flat @one
    [ "$(files flat)" = '1(7) ' ]
    write mask plain set/frames/41
    [ "$(files plain)" = '1(7) ' ]
    ir-detect -m top-hat -o files set/frames/32/deep/er/2.pgm 'set/frames/41/1(7).pgm'
    [ "$(files files)" = '1(7) 2 ' ]
}

@test "each image has its own place: what is written where is what belongs there" {
    mkdir -p a/x a/y
    pgm 2 1 255 1 2 > a/x/f.pgm
    pgm 2 1 255 3 4 > a/y/f.pgm
    { pgm 2 1 255 5 6; pgm 2 1 255 7 8; } > a/x/two.pgm
    pgm 2 1 255 9 10 > a/y/two.pgm
    printf 'a/%s.pgm\n' y/f x/two x/f y/two > list
    ir-corrupt -n pixelate -s 1 -j 3 -o out @list
    [ "$(files out)" = 'x/f x/two x/two#2 y/f y/two ' ]
    [ "$(samples < out/x/f.pgm)" = "$(ir-corrupt -n pixelate -s 1 a/x/f.pgm | samples)" ]
    [ "$(samples < out/y/f.pgm)" = "$(ir-corrupt -n pixelate -s 1 a/y/f.pgm | samples)" ]
    ir-corrupt -n pixelate -s 1 a/x/two.pgm | cmp - <(cat out/x/two.pgm 'out/x/two#2.pgm')
    [ "$(samples < out/y/two.pgm)" = "$(ir-corrupt -n pixelate -s 1 a/y/two.pgm | samples)" ]
    ir-corrupt -n pixelate -s 1 -o out - a/y/f.pgm < a/x/f.pgm
    cmp out/stdin#1.pgm out/x/f.pgm
    cmp out/f.pgm out/y/f.pgm
}

@test "--root keeps the directories below it, whatever a list has in common" {
    frame 'set/41/7.pgm' 'set/41/8.pgm'
    printf '%s\n' set/41/7.pgm set/41/8.pgm > list
    for kind in "${kinds[@]}"; do
        write $kind out-$kind @list --root set
        [ "$(files out-$kind)" = '41/7 41/8 ' ]
    done
    ir-detect -m top-hat --root "$PWD/." -o dir set/41
    [ "$(files dir)" = 'set/41/7 set/41/8 ' ]
    for kind in "${kinds[@]}"; do
        run --separate-stderr write $kind no @list --root set/4
        one_line_error 1 ': set/41/7.pgm: not below set/4, which --root gives$'
    done
    [ ! -e no ]
    run --separate-stderr ir-detect -m top-hat --root set @list
    usage_error '--root needs -o'
    run --separate-stderr ir-corrupt -n jpeg -s 1 --root set @list
    usage_error '--root needs -o'
    run --separate-stderr ir-score --root set @list @list
    usage_error '--root needs --overlay'
}

@test "two images that would be one file are refused before anything is written" {
    frame a/1.pgm b/1.pgm c/2.pgm
    mv b/1.pgm b/1.ppm
    mkdir both
    frame both/1.pgm
    cp b/1.ppm both/1.ppm
    for kind in corrupt mask soft targets; do # ir-score does not even match such names
        run --separate-stderr write $kind out both
        one_line_error 1 'both/1.pgm and both/1.ppm would both become out/1\.'"$(extension $kind)"
        [ ! -e out ]
    done
    run --separate-stderr ir-detect -m top-hat -o out c/2.pgm a/1.pgm b/1.ppm
    one_line_error 1 'a/1.pgm and b/1.ppm would both become out/1.pgm \(--root DIR keeps'
    run --separate-stderr ir-corrupt -n jpeg -s 1 -o out c/2.pgm a/1.pgm a/1.pgm
    one_line_error 1 'a/1.pgm: twice among the images, and both would become out/1.pgm'
    [ ! -e out ]
    ir-detect -m top-hat --root . -o out c/2.pgm a/1.pgm b/1.ppm
    [ "$(files out)" = 'a/1 b/1 c/2 ' ]
}

@test "an input is not overwritten by an output of another image" {
    frame r/N.pgm r/d/N.pgm
    cp r/d/N.pgm kept
    printf 'r/N.pgm\nr/d/N.pgm\n' > list
    run --separate-stderr ir-corrupt -n pixelate -s 1 -o r/d @list
    one_line_error 1 '^ir-corrupt: r/d/N.pgm: an input that output to r/d would overwrite$'
    cmp r/d/N.pgm kept
    ln -s r link
    run --separate-stderr ir-corrupt -n pixelate -s 1 -o r link
    one_line_error 1 'link/N.pgm: an input'
    mkdir l
    ln -s ../r/N.pgm l/N.pgm
    run --separate-stderr ir-corrupt -n pixelate -s 1 -o l l
    one_line_error 1 'l/N.pgm: an input'
    [ -L l/N.pgm ]
}

@test "a link in the directory is replaced, not followed, and a linked sub-directory refused" {
    frame set/41/7.pgm set/32/7.pgm
    printf '%s\n' set/41/7.pgm set/32/7.pgm > list
    mkdir away
    for kind in "${kinds[@]}"; do
        e=$(extension $kind)
        rm -rf out
        mkdir -p out/41 out/32
        echo precious > away/file
        ln -s ../../away/file out/41/7.$e
        ln -s ../../away/new out/32/7.$e
        write $kind out @list
        [ "$(cat away/file)" = precious ]
        [[ ! -e away/new && -f out/41/7.$e && ! -L out/41/7.$e && ! -L out/32/7.$e ]]
        rm -r out/41
        ln -s ../away out/41
        run --separate-stderr write $kind out @list
        one_line_error 1 "out/41: '41' is a link or a file, where a directory"
        [ "$(ls away)" = file ]
    done
    # a FIFO or a file that stands there; the directory itself may be a link
    rm -r out
    mkdir -p real/41
    mkfifo real/41/7.pgm
    ln -s real out
    timeout 60 ir-detect -m top-hat -o out @list
    [[ -f real/41/7.pgm && -f real/32/7.pgm ]]
    rm -r real/41
    : > real/41
    run --separate-stderr ir-detect -m top-hat -o out @list
    one_line_error 1 "'41' is a link or a file"
}

@test "no path leads out of the directory" {
    frame a/1.pgm b/c/2.pgm ..x.pgm ...pgm
    mkdir -p work/in
    cd work || return 1
    printf '%s\n' ../a/1.pgm in/../../b/c/2.pgm /../"$BATS_TEST_TMPDIR"/..x.pgm ../...pgm > list
    ir-detect -m top-hat -o in/out @list
    [ "$(files in/out)" = '.. ..x a/1 b/c/2 ' ]
    ir-detect -m top-hat --root ../b -o in/root ../a/../b/c/2.pgm
    [ "$(files in/root)" = 'c/2 ' ]
    run --separate-stderr ir-detect -m top-hat --root ../b -o in/no ../b/../a/1.pgm
    one_line_error 1 'not below ../b'
}

@test "a file keeps the permissions of the one that it replaces, and of names as long as can be" {
    local name
    name=$(printf '%0240d' 0)
    frame "$name.pgm"
    mkdir out
    : > "out/$name.pgm"
    chmod 640 "out/$name.pgm"
    ir-detect -m top-hat -o out "$name.pgm"
    [ "$(stat -c %a "out/$name.pgm")" = 640 ]
    [ -s "out/$name.pgm" ]
}

@test "many files are not synced one by one, all of them once at the end" {
    strace -qq true 2> /dev/null || skip "strace may not trace here"
    export ASAN_OPTIONS=detect_leaks=0 # which is nothing for a traced program
    mkdir f
    for i in $(seq 50); do
        pgm 1 1 255 "$i" > "f/$i.pgm"
    done
    strace -f -qq -o calls -e trace=fsync,fdatasync,syncfs,sync,renameat,rename,renameat2 \
        ir-corrupt -j 1 -n pixelate -s 1 -o out f
    [ "$(grep -cE 'fsync|fdatasync| sync\(' calls)" = 0 ]
    [ "$(grep -c 'rename' calls)" = 50 ]
    [ "$(grep -c 'syncfs' calls)" = 1 ]
    tail -n 2 calls | grep -q syncfs
}
