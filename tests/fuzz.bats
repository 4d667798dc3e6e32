#!/usr/bin/env bats
# The parsers' fuzz targets, without a fuzzer: small inputs that they must read or refuse, and all
# that fuzzing ever found (tests/fuzz/found/TARGET). "make fuzz" looks for more.

load helper

targets() {
    local file

    for file in "$REPO"/tests/fuzz/target_*.c; do
        file=${file##*/target_}
        echo "${file%.c}"
    done
}

@test "fuzz: each target reads the seeds that are good and refuses those called bad" {
    "$REPO/tests/fuzz/seeds" "$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR"
    for target in $(targets); do
        run -0 "replay-$target" "$target"/*
        [ "${#lines[@]}" = "$(find "$target" -type f | wc -l)" ]
        for line in "${lines[@]}"; do
            case $line in
            */bad-*": read") echo "not refused: $line" && false ;;
            */bad-*) ;;
            *": read") ;;
            *) echo "refused: $line" && false ;;
            esac
        done
    done
}

@test "fuzz: what fuzzing found is read or refused" {
    for target in $(targets); do
        for file in "$REPO/tests/fuzz/found/$target"/*; do
            [ -e "$file" ] || continue
            run timeout 60 "replay-$target" "$file"
            [ "$status" = 0 ] || { echo "$file: $status: $output" && false; }
        done
    done
}
