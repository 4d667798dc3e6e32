# What the tests of hrl.mk share ("load hrl", after "load helper"): the makefile as installed, the
# stand-ins for the programs, tiny frames.

# shellcheck shell=bash

# play_in_tmp: makes the test's directory the working directory, with hrl.mk in share/, stand-ins in
# PATH and six frames to train and two to test on in data/.
play_in_tmp() {
    cd "$BATS_TEST_TMPDIR" || return
    # as installed: not beside a build/bin
    mkdir share
    cp -R "$REPO/hrl.mk" "$REPO/hrl" share
    export IR_BIN IR_FAKE=$BATS_TEST_TMPDIR/fake
    mkdir fake
    PATH=$BATS_TEST_DIRNAME/fake:/usr/bin:/bin
    frames data 6 train
    frames data 2 test
}

# frames DIR COUNT SET: tiny frames and masks, named in DIR/SET.txt.
frames() {
    local i

    mkdir -p "$1/images" "$1/masks"
    for ((i = 1; i <= $2; i++)); do
        pgm 3 2 255 1 2 3 4 5 "$i" > "$1/images/$3$i.pgm"
        pgm 3 2 255 0 0 255 0 0 0 > "$1/masks/$3$i.pgm"
        echo "$3$i"
    done > "$1/$3.txt"
}

hrl() {
    make -f share/hrl.mk "$@"
}

# refused PATTERN, after "run --separate-stderr hrl": make failed with one line of hrl.mk's own.
refused() {
    stderr=$(grep -v '^make: \*\*\*' <<< "$stderr")
    one_line_error 2 "$1"
}

# cached KIND/NAME: a file of the cache
cached() {
    echo .irtools-cache/*/"$1".pgm
}
