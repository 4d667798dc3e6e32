#!/usr/bin/env bats
# The robustness table, played on several machines: hrl.mk's PARALLEL.

load helper
load hrl

setup_file() {
    load helper
    export MADE=$BATS_FILE_TMPDIR/made
    mkdir "$MADE"
    scenes "$MADE/data" -n 4 -t 3 -s 64x64 -r 5 > /dev/null
    # frames of one name in two directories, and a name with a blank
    mapfile -t name < "$MADE/data/test.txt"
    for kind in images masks; do
        (
            cd "$MADE/data/$kind" || exit
            mkdir a b
            mv "${name[0]}.pgm" a/one.pgm
            mv "${name[1]}.pgm" b/one.pgm
            mv "${name[2]}.pgm" 'a frame.pgm'
        )
    done
    printf '%s\n' a/one b/one 'a frame' > "$MADE/data/test.txt"
    ir-train init --net acm -r 1 "$MADE/data/images" > "$MADE/detector.tar"
}

# A host is what ./agent makes of ssh: another home, an environment of its own, and nothing of this test's
# directory but that.
setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    command -v rsync > /dev/null || skip "no rsync here"
    mkdir share homes
    cp -R "$REPO/hrl.mk" "$REPO/hrl" share
    cp -r "$MADE"/* .
    local hide="unshare --map-root-user --mount $PWD/hide"
    unshare --map-root-user --mount true 2> /dev/null || hide=
    cat > agent <<- END
		#!/bin/bash
		while [[ \$1 = -* ]]; do
		    case \$1 in -l | -o | -p | -S) shift ;; esac
		    shift
		done
		mkdir -p "$PWD/homes/\$1/.empty" && cd "$PWD/homes/\$1" || exit
		echo "\$1" >> "$PWD/asked"
		shift
		[ "\$1" != -- ] || shift
		exec env -i HOME="\$PWD" TMPDIR="\$PWD" PATH=/usr/bin:/bin SHELL=\${shell-/bin/sh} $hide bash -c "\$*"
	END
    cat > hide <<- END
		#!/bin/bash
		for directory in "$PWD"/{data,.irtools-cache,.there.tsv.tmp}; do
		    mount --bind .empty "\$directory" || exit
		done
		exec "\$@"
	END
    chmod +x agent hide
}

# on_hosts HOSTS KNOB...: the table, played there.
on_hosts() {
    hrl robustness PARALLEL="parallel --ssh $PWD/agent --sshlogin $1" DATA=data SEVERITIES=3 "${@:2}"
}

@test "hosts without these files give the same table, and keep nothing" {
    hrl robustness DATA=data SEVERITIES=3 CHECKPOINT=detector.tar TABLE=here.tsv > /dev/null
    on_hosts 2/a,1/b CHECKPOINT=detector.tar TABLE=there.tsv > /dev/null
    cmp here.tsv there.tsv
    cmp here.frames.tsv there.frames.tsv
    [ "$(sort -u asked)" = $'a\nb' ]
    [ -z "$(find homes -mindepth 2 ! -path '*/.parallel*' ! -path '*/.empty*')" ]
}

@test "so do a classical method and a command, on this machine and another" {
    for knob in 'METHOD=top-hat' "DETECT=ir-detect -m top-hat -j 1 -k 5"; do
        hrl robustness DATA=data SEVERITIES=3 FAMILIES=noise "$knob" MAXVAL=2000 SEED=3 TABLE=here.tsv > /dev/null
        on_hosts 1/:,1/a FAMILIES=noise "$knob" MAXVAL=2000 SEED=3 TABLE=there.tsv > /dev/null
        cmp here.tsv there.tsv
    done
    [ "$(wc -l < there.tsv)" -ge 6 ]
    # which would be another without that MAXVAL
    hrl robustness DATA=data SEVERITIES=3 FAMILIES=noise "$knob" SEED=3 TABLE=other.tsv > /dev/null
    run ! cmp other.tsv there.tsv
    [ -z "$(find . -maxdepth 1 -name '.irtools-[0-9]*')" ]
}

@test "what fails there is one line, and nothing stays" {
    run --separate-stderr on_hosts 2/a DETECT='ir-detect -m no-such-method' TABLE=there.tsv
    refused '^hrl\.mk: there\.tsv: ir-detect: .*no-such-method'
    [ ! -e there.tsv ]
    [ -z "$(find homes -mindepth 2 ! -path '*/.parallel*' ! -path '*/.empty*')" ]
    # without a shell GNU parallel runs nothing there and is content
    shell='' run --separate-stderr on_hosts 2/a METHOD=top-hat TABLE=there.tsv
    refused '^hrl\.mk: there\.tsv: clean 0: no scores came back$'
    [ ! -e there.tsv ]
    # a host that is not there
    # shellcheck disable=SC2016
    echo 'echo "ssh: Could not resolve hostname $1" >&2; exit 255' > agent
    run --separate-stderr on_hosts 2/a METHOD=top-hat TABLE=there.tsv
    refused '^hrl\.mk: there\.tsv: ssh: Could not resolve hostname'
    run --separate-stderr hrl robustness PARALLEL=no-such-launcher DATA=data METHOD=top-hat
    refused 'PARALLEL: no-such-launcher: not found in PATH'
    run --separate-stderr hrl robustness PARALLEL='parallel; touch pwned' DATA=data METHOD=top-hat
    refused 'PARALLEL has ; in it'
    [ ! -e pwned ]
}
