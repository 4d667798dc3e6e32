#!/usr/bin/env bats
# make demo in half its rounds, with two seeds: the adversary's detector is ahead under corruptions.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return 1
    [ -z "${IR_ASAN:-}" ] || skip "takes minutes with a sanitizer, and checks what is learned"
}

demo() {
    make -s -f "$REPO/mk/demo.mk" demo-run DEMO=demo ROUNDS=4 SEED="$1" > said
}

# gain ROW: the last table's gain in that row, in points
gain() {
    awk -F '\t' -v row="$1" '$1 == row && NF > 4 { gain = $5 } END { print gain + 0 }' said
}

# ahead SEED: by 5 points over nine corruptions, and on clean frames not behind by as much.
ahead() {
    demo "$1"
    echo "nine $(gain mean-of-nine), clean $(gain clean)"
    awk -v nine="$(gain mean-of-nine)" -v clean="$(gain clean)" \
        'BEGIN { exit !(nine >= 5 && clean >= -5) }'
}

@test "hrl is ahead of none under corruptions, seed 1" {
    ahead 1
}

@test "hrl is ahead of none under corruptions, seed 2" {
    ahead 2
}
