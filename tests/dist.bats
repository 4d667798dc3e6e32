#!/usr/bin/env bats
# What is passed on: the source tarball, and what Debian's packages are made of. (That these build, install
# and go away again on a system with nothing on it, tests/distribution/run tests.)

# each test's PATH is its own
# shellcheck disable=SC2030,SC2031

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
}

built() {
    make --no-print-directory -C "$REPO" BUILD="$PWD/build" "$@"
}

@test "make dist holds what git knows, under the version's name, always in the same bytes" {
    git -C "$REPO" rev-parse 2> /dev/null || skip "this is no clone"
    version=$(ir-detect -V | sed 's/.* //')
    built dist > said
    [ "$(cat said)" = "$PWD/build/irtools-$version.tar.gz" ]
    tar tf "build/irtools-$version.tar.gz" | diff - <(git -C "$REPO" ls-files | LC_ALL=C sort | sed "s,^,irtools-$version/,")
    cp "build/irtools-$version.tar.gz" first.tar.gz
    umask 077
    built dist > said
    cmp first.tar.gz "build/irtools-$version.tar.gz"
}

@test "the tarball needs no git: it plans every program, and makes itself again" {
    git -C "$REPO" rev-parse 2> /dev/null || skip "this is no clone"
    built dist > /dev/null
    mkdir tree
    tar xf build/irtools-*.tar.gz -C tree --strip-components=1
    mkdir bin
    printf '#!/bin/sh\necho git was called >&2\nexit 1\n' > bin/git
    chmod +x bin/git
    PATH=$PWD/bin:$PATH
    make -C tree --no-print-directory -n NVCC= all > plan 2> complaints
    diff complaints /dev/null
    [ "$(grep -c "LD build/bin/ir-" plan)" = 6 ]
    make -C tree --no-print-directory dist > /dev/null
    cmp build/irtools-*.tar.gz tree/build/irtools-*.tar.gz
    # what was made there is not source
    make -C tree --no-print-directory dist > /dev/null
    cmp build/irtools-*.tar.gz tree/build/irtools-*.tar.gz
}

@test "a clone on a machine without git packs its files, but for what was made there" {
    git -C "$REPO" rev-parse 2> /dev/null || skip "this is no clone"
    mkdir -p bin clone/build clone/.git/objects
    (cd "$REPO" && git ls-files -z | xargs -0 cp --parents -t "$OLDPWD/clone" && git ls-files) |
        LC_ALL=C sort > known
    touch clone/build/made
    for program in bash cat chmod cp date dirname echo env find grep gzip head ln ls make mkdir mv rm sed sh sort tail tar \
        tr touch gcc cc nproc; do
        ln -s "$(type -P $program)" bin
    done
    PATH=$PWD/bin make -s -C clone NVCC= MPICC= dist > said
    tar tf clone/build/irtools-*.tar.gz | sed 's,^[^/]*/,,' | diff known -
}

# profiles ARGUMENT...: which packages beside irtools make deb would make.
profiles() {
    built -n "$@" deb | grep -o 'build-profiles=[^ ]*' | sed 's/.*=//'
}

@test "make deb makes the packages for which there is something here" {
    [ "$(profiles NVCC= MPI_FOUND=)" = '' ]
    mkdir -p toolkit/{bin,include}
    touch toolkit/include/cudnn.h
    printf '#!/bin/sh\necho sm_80\n' > toolkit/bin/nvcc
    chmod +x toolkit/bin/nvcc
    [ "$(profiles NVCC="$PWD/toolkit/bin/nvcc" MPI_FOUND=)" = pkg.irtools.cuda ]
    [ "$(profiles NVCC="$PWD/toolkit/bin/nvcc" MPI_FOUND=yes LARGE_MODELS=models/x.tar)" = \
        pkg.irtools.cuda,pkg.irtools.mpi,pkg.irtools.models ]
    # each profile has its package, and each package its files
    for package in irtools{,-cuda,-mpi,-models}; do
        grep -qx "Package: $package" "$REPO/packaging/debian/control"
        [ "$package" = irtools-models ] || [ -s "$REPO/packaging/debian/$package.install" ]
    done
}

@test "make deb tells the packages' make nothing of its own command line, and gives them the licence" {
    mkdir bin
    # shellcheck disable=SC2016 # for that shell
    printf '#!/bin/sh\necho "$MAKEFLAGS" > %q\ncp debian/copyright %q\ntouch ../x.deb\n' "$PWD/flags" "$PWD/licence" \
        > bin/dpkg-buildpackage
    printf '#!/bin/sh\n' > bin/lintian
    chmod +x bin/*
    PATH=$PWD/bin:$PATH built deb NVCC= BUILD_PACKAGES= PACKAGE_PACKAGES= > said
    [ "$(cat flags)" = '' ]
    head -c "$(stat -c %s "$REPO/LICENSE")" licence | cmp - "$REPO/LICENSE"
    grep -q /usr/share/common-licenses/GPL-2 licence # Debian wants to be told
}

@test "the packages' own test: a small game" {
    run --separate-stderr "$REPO/packaging/debian/tests/small-game" "$REPO/hrl.mk"
    [ "$status" = 0 ]
    [[ $output == *'the game was played, '[1-9]* ]]
}

@test "the default model is part of irtools, others of irtools-models" {
    [ -e /usr/share/dpkg/architecture.mk ] || skip "no dpkg-dev is here"
    mkdir -p tree/models
    cp -R "$REPO/packaging/debian" tree
    printf 'install:\n' > tree/Makefile
    touch tree/models/{acm,dnanet,balistd}.tar tree/models/{acm,dnanet}.md
    echo acm > tree/models/default
    make -C tree --no-print-directory -n -f debian/rules override_dh_auto_install > plan
    grep -q "mv models/balistd.tar models/dnanet.tar models/dnanet.md $PWD/tree/debian/irtools-models/" plan
    rm tree/models/{dnanet,balistd}.*
    make -C tree --no-print-directory -n -f debian/rules override_dh_auto_install > plan
    [ "$(grep -c irtools-models plan)" = 0 ]
}
