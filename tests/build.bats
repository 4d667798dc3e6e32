#!/usr/bin/env bats
# The Makefile: what make install puts where and make uninstall takes away, and what a changed
# header rebuilds. Works on the tree as it was built for the tests.

load helper

# Sets $build as it was named for the tests: the dependencies speak of objects by that name.
named() {
    build=${IR_BIN%/bin}
    build=${build#"$REPO/"}
}

# Other tests run these programs meanwhile: nothing may have to be made.
setup_file() {
    named
    if ! built -q tests; then
        echo "$build is older than the source: make tests"
        return 1
    fi
}

setup() {
    named
    cd "$BATS_TEST_TMPDIR" || return
}

built() {
    make --no-print-directory -C "$REPO" BUILD="$build" "$@"
}

# files DIR: all that is not a directory, sorted.
files() {
    (cd "$1" && find . ! -type d | sort)
}

# to_install PREFIX: what make install has to put there, as "files" says it.
to_install() {
    local file

    for file in ir-corrupt ir-detect ir-policy ir-score ir-train; do
        echo "./$1/bin/$file"
        echo "./$1/share/bash-completion/completions/$file"
        echo "./$1/share/zsh/site-functions/_$file"
        echo "./$1/share/fish/vendor_completions.d/$file.fish"
    done
    for file in "$REPO"/man/*.[1-9]; do
        echo "./$1/share/man/man${file##*.}/${file##*/}"
    done
    for file in {hrl,models,tables}.mk \
        hrl/{cells,condition,conditions,convert,frames,knobs,models,paper,play,ring,rounds,run,scores,tables}.sh \
        hrl/shell.mk \
        hrl/{across,card,compare,interval,intervals,left,page,paper,robustness,runs,seeds,statistics,table,watch}.awk \
        hrl/{cells,cells-gpu,costs,notes,published}.tsv; do
        echo "./$1/share/irtools/$file"
    done
    for file in "$REPO"/models/{default,*.tar,*.md}; do
        [ ! -e "$file" ] || echo "./$1/share/irtools/models/${file##*/}"
    done
    for file in libir-{cuda,mpi}.so; do
        [ ! -e "$IR_BIN/$file" ] || echo "./$1/lib/irtools/$file"
    done
}

# users INCLUDED DIR...: the C files that include it themselves; objects: what is made of them.
users() {
    grep -rl --include='*.c' "^#include $1" "${@:2}" | sort
}
# beside HEADER: the sources that include it from its own directory, or from the tests, there through
# another header too
beside() {
    users "\"${1##*/}\"" "${1%/*}"
    users "\"[./]*/$1\"" tests
    grep -rl --include='*.h' "^#include \"[./]*/$1\"" tests | while read -r header; do beside "$header"; done
}
# through HEADER: the sources that include it, themselves or through headers of the library or of their
# own directory
through() {
    users "$1" common ir-* tests
    grep -rl --include='*.h' "^#include $1" common ir-* tests | while read -r header; do
        case $header in
        common/*) through "\"${header#common/}\"" ;;
        *) beside "$header" ;;
        esac
    done
}
objects() {
    sed 's/c$/o/'
}

# compiled FILE: the objects, without the build directory, that a change of FILE compiles anew;
# linked FILE: the library and the programs that it makes anew.
compiled() {
    built -n -W "$1" tests | sed -n "s,^ *echo '  CC $build/\(.*\)';.*,\1,p" | sort
}
linked() {
    built -n -W "$1" tests | sed -n "s,^ *echo '  \(LD\|AR\) $build/\(.*\)';.*,\2,p" | sort
}

@test "make install PREFIX= DESTDIR=: every program, page, script and completion, and uninstall takes them away" {
    mkdir -p root/opt/ir/{bin,share/man/man1}
    touch root/opt/ir/bin/mine root/opt/ir/share/man/man1/mine.1
    built install PREFIX=/opt/ir DESTDIR="$PWD/root"
    diff <(to_install opt/ir | sort) <(files root | grep -v mine)
    for program in root/opt/ir/bin/ir-*; do
        cmp "$program" "$IR_BIN/${program##*/}"
        [ "$(stat -c %a "$program")" = 755 ]
    done
    [ "$(find root/opt/ir/share -name '*.[1-9]' -perm 644 ! -name mine.1 | wc -l)" = \
        "$(find "$REPO/man" -name '*.[1-9]' | wc -l)" ]
    built uninstall PREFIX=/opt/ir DESTDIR="$PWD/root"
    diff <(files root) - <<< $'./opt/ir/bin/mine\n./opt/ir/share/man/man1/mine.1'
    [ ! -e root/opt/ir/share/irtools ] && [ ! -e root/opt/ir/lib/irtools ]
}

@test "an installed ir-detect finds the models that were installed with it, and only those" {
    mkdir -p tree
    cp -R "$REPO"/{Makefile,*.mk,mk,common,completions,ir-*,man,hrl,tests} tree # with a box of its own
    mkdir -p tree/models "tree/$build"
    cp -R "$REPO/$build"/{bin,completions} "tree/$build"
    scenes data -n 1 -s 64x64 -r 1
    ir-train init --net acm --mean 0.4 --std 0.1 -r 7 | ir-train export -c - -w tree/models/tiny.tar
    printf 'tiny\n' > tree/models/default
    printf 'about it\n' > tree/models/tiny.md
    echo no > tree/models/notes.txt
    make -C tree --no-print-directory BUILD="$build" -o all -o completions install PREFIX="$PWD/here" NVCC= > /dev/null
    [ "$(cd here/share/irtools/models && echo *)" = 'default tiny.md tiny.tar' ]
    here/bin/ir-detect data/images | cmp - <(ir-detect -c tree/models/tiny.tar data/images)
    [ "$(here/bin/ir-detect --list | tail -n 1 | cut -f 1,7)" = $'tiny\tdefault' ]
}

@test "the MPI plug-in is made and installed where mpicc is found, and only there" {
    mkdir -p some
    printf '#!/bin/sh\n' > some/mpicc
    chmod +x some/mpicc
    plan() { built -n -B NVCC= BUILD="$PWD/new" DESTDIR="$PWD/root" "$@"; }
    [ "$(plan MPICC= all install | grep -c 'MPICC\|libir-mpi')" = 0 ]
    [ "$(plan MPICC=nowhere all install | grep -c 'MPICC\|libir-mpi')" = 0 ]
    plan MPICC="$PWD/some/mpicc" all | grep -q "MPICC $PWD/new/bin/libir-mpi.so"
    plan MPICC="$PWD/some/mpicc" install | grep -q "libir-mpi.so $PWD/root.*/lib/irtools"
    plan MPICC= mpi | grep -q "MPICC $PWD/new/bin/libir-mpi.so" # when asked for by name, always
}

@test "the CUDA plug-in is made and installed where nvcc and cuDNN are found, and only there" {
    mkdir -p toolkit/{bin,include}
    printf '#!/bin/sh\n' > toolkit/bin/nvcc
    chmod +x toolkit/bin/nvcc
    plan() { built -n -B BUILD="$PWD/new" DESTDIR="$PWD/root" "$@"; }
    [ "$(plan NVCC= all install | grep -c 'NVCC\|libir-cuda')" = 0 ]
    echo "#include <cudnn.h>" | gcc -E - > /dev/null 2>&1 ||
        [ "$(plan NVCC="$PWD/toolkit/bin/nvcc" CPATH= all install | grep -c 'NVCC')" = 0 ]
    touch toolkit/include/cudnn.h
    plan NVCC="$PWD/toolkit/bin/nvcc" all > planned
    grep -q "LD $PWD/new/bin/libir-cuda.so" planned
    plan NVCC="$PWD/toolkit/bin/nvcc" install |
        grep -q "install -m 755 $PWD/new/bin/libir-cuda.so $PWD/root/usr/local/lib/irtools"
    plan NVCC= cuda | grep -q "LD $PWD/new/bin/libir-cuda.so" # when asked for by name, always
}

# codes NAME=VALUE... GOAL: the kinds of GPU that nvcc would make code and PTX for, of a toolkit that knows
# some, on a machine with the GPUs of "here".
codes() {
    PATH=$PWD/toolkit/bin:$PATH built -n BUILD="$PWD/new" NVCC="$PWD/toolkit/bin/nvcc" "$@" |
        grep -m 1 'memory.cu$' | grep -o 'code=[a-z0-9_]*' | sed 's/code=//' | xargs
}

@test "the plug-in is made for the GPUs that are there, for those asked for, or for all that nvcc knows" {
    mkdir -p toolkit/{bin,include}
    touch toolkit/include/cudnn.h here
    printf '#!/bin/sh\nprintf "sm_%%s\\n" 75 80 86 87 89 90 100\n' > toolkit/bin/nvcc
    printf '#!/bin/sh\ncat "%s/here"\n' "$PWD" > toolkit/bin/nvidia-smi
    chmod +x toolkit/bin/*
    [ "$(codes cuda)" = compute_80 ] # no GPU: PTX, of which the driver makes code
    printf '8.7\n8.7\n' > here
    [ "$(codes cuda)" = 'sm_87 compute_87' ]
    printf '12.1\n' > here # later than this toolkit
    [ "$(codes cuda)" = compute_80 ]
    printf '8.0\n9.0\n' > here
    [ "$(codes cuda)" = 'sm_80 sm_90 compute_90' ]
    [ "$(codes CUDA_ARCH='87 100' cuda)" = 'sm_87 sm_100 compute_87' ]
    [ "$(codes CUDA_ARCH=all cuda)" = 'sm_80 sm_87 sm_89 sm_90 sm_100 compute_90' ]
    [ "$(codes bundle)" = 'sm_80 sm_87 sm_89 sm_90 sm_100 compute_90' ]
}

@test "a plug-in made for other GPUs is made anew" {
    mkdir -p toolkit/{bin,include}
    touch toolkit/include/cudnn.h
    printf '#!/bin/sh\necho sm_80\n' > toolkit/bin/nvcc
    chmod +x toolkit/bin/nvcc
    plan() { built -n BUILD="$PWD/new" NVCC="$PWD/toolkit/bin/nvcc" "$@" "$PWD/new/cuda/made-for"; }
    built BUILD="$PWD/new" NVCC="$PWD/toolkit/bin/nvcc" CUDA_ARCH=80 "$PWD/new/cuda/made-for"
    [ "$(cat new/cuda/made-for)" = '-gencode arch=compute_80,code=sm_80 -gencode arch=compute_80,code=compute_80' ]
    plan CUDA_ARCH=80 | grep -q 'up to date'
    [ "$(plan CUDA_ARCH=90 | grep -c 'up to date')" = 0 ]
    built -n BUILD="$PWD/new" NVCC="$PWD/toolkit/bin/nvcc" -W "$PWD/new/cuda/made-for" CUDA_ARCH=80 cuda |
        grep -q 'NVCC .*memory.o'
}

@test "the installed hrl.mk plays, scores and compares with the installed programs alone" {
    scenes data -n 4 -t 2 -s 64x64 -r 1
    built install PREFIX="$PWD/here" > /dev/null
    mkdir none
    # shellcheck disable=SC2030 # of this test alone
    PATH=$PWD/here/bin:$PWD/none:/usr/bin:/bin
    [ "$(command -v ir-train)" = "$PWD/here/bin/ir-train" ]
    hrl() { make -f here/share/irtools/hrl.mk THREADS=1 "$@"; }
    hrl DATA=data ROUNDS=1 EPOCHS=1 BATCH=2 CROP=32
    [ -s run/0001/rewards ]
    hrl robustness SEVERITIES=1 FAMILIES='noise blur isp' DETECT='ir-detect -m top-hat' > table
    [ "$(wc -l < table)" = 24 ] # a header, clean, ten corruptions and their means, two means
    hrl compare RUNS='run run' > side
    [ "$(wc -l < side)" = 24 ]
}

@test "a changed header of one program rebuilds what includes it, and only that" {
    cd "$REPO"
    users '"roc.h"' ir-score | objects | diff - <(compiled ir-score/roc.h)
    # what holds ir-score's files, tests and replays of fuzzing among them
    [ "$(linked ir-score/roc.h | sort | xargs)" = \
        'bin/bench-scoring bin/ir-score bin/replay-report bin/replay-table bin/test-matching' ]
}

@test "a changed header of the library rebuilds what includes it, through other headers too" {
    cd "$REPO"
    through '"stream/components.h"' | sort -u > "$BATS_TEST_TMPDIR/found"
    grep -qx ir-detect/learned.c "$BATS_TEST_TMPDIR/found" # through detection.h
    objects < "$BATS_TEST_TMPDIR/found" | diff - <(compiled common/stream/components.h)
    made=$(linked common/stream/components.h)
    for target in libir.a bin/ir-{corrupt,detect,policy,score,scenes,train} bin/test-components; do
        grep -qx "$target" <<< "$made"
    done
}

@test "a changed header of the kernels rebuilds them for every instruction set" {
    cd "$REPO"
    local kernels=common/backend/cpu/kernels
    { # itself or through a header beside it
        echo convolve.h
        grep -l '^#include "convolve.h"' $kernels/*.h | sed 's,.*/,,'
    } | while read -r header; do users "\"$header\"" $kernels; done | sort -u > "$BATS_TEST_TMPDIR/found"
    grep -qx $kernels/winograd.c "$BATS_TEST_TMPDIR/found"
    for isa in "$build"/kernels/*; do
        objects < "$BATS_TEST_TMPDIR/found" | sed "s,.*/,kernels/${isa##*/}/,"
    done | sort | diff - <(compiled common/backend/cpu/kernels/convolve.h)
}

@test "other options in mk/config.mk rebuild everything" {
    cd "$REPO"
    # not those of the other build inside this one, or of sources that are gone
    (cd "$build" && find ./* -path ./asan -prune -o -name '*.o' -print) | sed 's,^\./,,' | sort |
        while read -r object; do
            source=${object%o}c
            [[ $source != kernels/* ]] || source=common/backend/cpu/kernels/${source##*/}
            [ ! -e "$source" ] || echo "$object"
        done | diff - <(compiled mk/config.mk)
}

# stub NAME LINE: a program of that name in bin, a shell script.
stub() {
    mkdir -p bin
    printf '#!/bin/sh\n%s\n' "$2" > "bin/$1"
    chmod +x "bin/$1"
}

@test "make deps says what is missing before it installs it, and needs no sudo where nothing is" {
    # shellcheck disable=SC2031 # not the PATH of the test above
    local deps=(make --no-print-directory -C "$REPO" BUILD="$PWD/new" PATH="$PWD/bin:$PATH" deps)

    stub apt-get "echo apt-get \"\$@\" >> '$PWD/log'"
    stub sudo "echo sudo >> '$PWD/log'; \"\$@\""
    stub id 'echo 1000'
    stub dpkg-query 'echo install ok installed'
    run --separate-stderr "${deps[@]}"
    [ "$status" = 0 ] && [ -z "$stderr" ] && [ ! -e log ]

    stub dpkg-query 'case "$*" in *netpbm | *gcc) exit 1 ;; *) echo install ok installed ;; esac'
    run --separate-stderr "${deps[@]}"
    [ "$status" = 0 ]
    [ "$stderr" = 'missing: gcc netpbm; installing by sudo apt-get' ]
    [ "$(head -n 1 log)" = sudo ] && grep -q 'apt-get install .* gcc netpbm$' log
}
