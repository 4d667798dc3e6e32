#!/usr/bin/env bats
# What bash, zsh and fish complete on the programs' command lines, with what completions/ makes of the
# programs' own words; and that man, whatis and apropos know the manual pages.

load helper

setup() {
    COMPLETIONS=${IR_BIN%/bin}/completions
    cd "$BATS_TEST_TMPDIR" || return
    mkdir maps
    touch mine.tar 'with blank.tar'
}

# The programs that are installed, and each with its commands, "-" where it does without one.
PROGRAMS='ir-corrupt ir-detect ir-policy ir-score ir-train'
COMMANDS='ir-corrupt: ir-detect: ir-policy:init ir-policy:sample ir-policy:update ir-policy:play
    ir-policy:stats ir-score: ir-score:report ir-train: ir-train:init ir-train:export'

# in_bash LINE and so on: what that shell offers at its end, one a line.
in_bash() {
    # shellcheck disable=SC2016 # the inner shell expands
    bash --norc -c '
        source "$1/${2%% *}"
        read -ra COMP_WORDS <<< "${2//=/ = }" # bash splits there too
        [[ $2 != *[\ =] ]] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        "$(complete -p "${2%% *}" | sed "s/.*-F \([^ ]*\).*/\1/")"
        printf "%s\n" "${COMPREPLY[@]}"' - "$COMPLETIONS/bash" "$1" | sort -u | grep .
}
in_zsh() {
    zsh -f "$REPO/tests/complete.zsh" "$COMPLETIONS/zsh" "$1"
}
in_fish() { # --name=value is offered whole
    # shellcheck disable=SC2016 # fish expands
    HOME=$PWD fish --no-config -c 'source $argv[1]; complete -C $argv[2]' \
        "$COMPLETIONS/fish/${1%% *}.fish" "$1" | sed 's/\t.*//; s/^--[a-z-]*=//; s,/$,,' | sort -u
}

# offers SHELL LINE WORD...: exactly these.
offers() {
    diff <("in_$1" "$2") <([ $# = 2 ] || printf '%s\n' "${@:3}" | sort -u) || {
        echo "$1: $2"
        return 1
    }
}

# The same in every shell.
check_shell() {
    [ "$1" = bash ] || command -v "$1" > /dev/null || skip "no $1 is here"
    # shellcheck disable=SC2046 # names of networks
    offers "$1" 'ir-train init --net ' $(networks)
    offers "$1" 'ir-detect -m ' ipi mspcm nram pstnn top-hat
    offers "$1" 'ir-detect --precision=t' tf32
    offers "$1" 'ir-train --loss=soft-iou+' soft-iou+bce
    offers "$1" 'ir-corrupt -n jp' jpeg
    offers "$1" 'ir-corrupt -s ' 1 2 3 4 5
    offers "$1" 'ir-detect --tile w' whole
    offers "$1" 'ir-train ex' export
    offers "$1" 'ir-score rep' report
    offers "$1" 'ir-train --lr-s' --lr-schedule --lr-steps
    offers "$1" 'ir-train init --no' --no-sfim --normalise # and no others: those of training are not init's
    offers "$1" 'ir-policy play --la' --lag
    offers "$1" 'ir-corrupt --output ' maps
    offers "$1" 'ir-detect -c min' mine.tar
    offers "$1" 'ir-policy stats -c min' mine.tar
    offers "$1" 'ir-score mi' mine.tar
}

@test "bash completes options, words, files and commands" {
    check_shell bash
    offers bash 'ir-detect @mi' @mine.tar
    offers bash 'ir-score --thresholds '
    # and leaves nothing behind but its functions
    # shellcheck disable=SC2016 # the inner shell expands
    bash --norc -c 'for f in "$1"/*; do source "$f"; done; declare -F' - "$COMPLETIONS/bash" |
        grep -v bats |
        diff - <(printf 'declare -f _ir_%s\n' corrupt detect policy score train)
}

@test "zsh completes options, words, files and commands" {
    check_shell zsh
    offers zsh 'ir-detect @mi' mine.tar
}

@test "fish completes options, words, files and commands" {
    check_shell fish
    offers fish 'ir-detect @mi' @mine.tar
}

@test "completions offer the models that come with irtools" {
    mkdir bin
    printf '#!/bin/sh\nprintf "# name\\tnet\\nacm-joint\\tacm\\ndna\\tdnanet\\n"\n' > bin/ir-detect
    chmod +x bin/ir-detect
    PATH=$PWD/bin:$PATH
    offers bash 'ir-detect -c ac' acm-joint
    ! command -v zsh > /dev/null || offers zsh 'ir-detect -c ac' acm-joint
    ! command -v fish > /dev/null || offers fish 'ir-detect -c ac' acm-joint
}

@test "every option that -h prints is completed, and every one that is completed is there" {
    for program in $PROGRAMS; do
        { "$program" -h; [ "$program" != ir-score ] || ir-score report -h; } |
            grep -E '^ +-' | sed -E 's/  +[^- ].*//' | grep -oE -- '(^|[ ,])--?[A-Za-z][a-z-]*' |
            tr -d ' ,' | sort -u > printed
        [ "$(wc -l < printed)" -gt 10 ]
        awk -F '\t' 'NF > 2 { if ($2 != "-") print "-" $2; if ($3 != "-") print "--" $3 }' \
            "$COMPLETIONS/$program.tsv" | sort -u | diff printed -
    done
    for both in $COMMANDS; do
        program=${both%:*} command=${both#*:}
        awk -F '\t' -v c="${command:--}" 'NF > 2 && $1 == c && $3 !~ /^(help|version|list|formats)$/ {
            print ($3 == "-" ? "-" $2 : "--" $3) ($4 == "-" ? "" : "=1") }' "$COMPLETIONS/$program.tsv" > offered
        [ -s offered ]
        while read -r option; do
            # the second is unknown: nothing is done
            "$program" ${command:+"$command"} "$option" --no-such-option 2>&1 < /dev/null |
                grep -v 'unknown option --no-such-option' | grep 'unknown option\|needs a value\|takes no value' && {
                echo "$both $option"
                return 1
            }
            true
        done < offered
    done
}

@test "what is completed is what the programs take: each word, and nothing that they refuse" {
    for both in $COMMANDS; do
        program=${both%:*} command=${both#*:}
        awk -F '\t' -v c="${command:--}" '$1 == c && $5 == "words" {
            n = split($6, word, " ")
            for (i = 1; i <= n; i++) print ($3 == "-" ? "-" $2 : "--" $3) "=" word[i] }' \
            "$COMPLETIONS/$program.tsv" > taken
        while read -r option; do
            "$program" ${command:+"$command"} "$option" --no-such-option 2>&1 < /dev/null |
                grep 'is none of\|is not a' && return 1
            true
        done < taken
    done
}

@test "man, whatis and apropos know every manual page by its name" {
    command -v mandb > /dev/null || skip "no man-db is here"
    for page in "$REPO"/man/*.[1-9]; do
        section=${page##*.}
        mkdir -p "man/man$section"
        cp "$page" "man/man$section"
    done
    mandb -qc man 2> complaints
    diff complaints /dev/null
    for page in "$REPO"/man/*.[1-9]; do
        name=${page##*/}
        section=${name##*.} name=${name%.*}
        # one line: the name, and what it is
        [ "$(whatis -M man -s "$section" -l "$name" | grep -cE "^$name \($section\) +- [a-z].*[^.]$")" = 1 ]
        [ "$(whatis -M man -s "$section" -l "$name" | sed 's/.*) *- //')" = "$(sed -n 's/^\.Nd //p' "$page")" ]
        apropos -M man -l infrared irtools detector corruption | grep -q .
    done
}
