#!/usr/bin/env bats
# The CPU backend's operations, forward and backward, against plain C in double: tests/ops.

load helper

# What did not say "ok" is shown when the test fails.
passes() {
    [[ $status -eq 0 ]] && return
    grep -v '^ok ' <<<"$output"
    return 1
}

@test "every operation, chain and random graph agrees with its reference" {
    run test-ops -n 2
    passes
    [[ ${lines[-1]} =~ ^([0-9]+)\ ok,\ 0\ failed$ ]]
    # the references themselves and one instruction set are 110 checks at least
    ((BASH_REMATCH[1] >= 110))
}

@test "the instruction set every machine has is among those tried" {
    run test-ops -n 0 -o relu_for_two -i base
    passes
    [[ ${lines[0]} == "ok relu_for_two base "* ]]
}

@test "operations can be timed one by one" {
    run test-ops -b -o scale -i base
    [[ $status -eq 0 ]]
    [[ ${#lines[@]} -eq 1 ]]
    [[ $output =~ ^scale\ +base\ +forward\ +[0-9.]+\ ms\ +[0-9.]+\ GB/s\ +backward ]]
}

@test "what can be checked alone is listed" {
    run test-ops -l
    [[ $status -eq 0 && ${lines[0]} == conv2d && ${lines[-1]} == params_adam ]]
    [[ " ${lines[*]} " == *" u_net "*" implementations "* ]]
    run test-ops -l -d cuda -p bf16
    [[ $status -eq 0 && ${lines[0]} == conv2d && " ${lines[*]} " != *" u_net "* ]]
}

@test "a check that does not exist is a wrong command line" {
    run --separate-stderr test-ops -o conv3d -i base
    usage_error 'no check named conv3d'
    run --separate-stderr test-ops -b -o two_shapes -i base
    usage_error 'no operation named two_shapes'
}

@test "an instruction set that does not exist is a wrong command line" {
    run --separate-stderr test-ops -i mmx
    usage_error "'mmx' is none of base, portable, avx2, avx512, all"
}

@test "a graph that cannot be says why in one line" {
    local job
    declare -A why=(
        [gradient-wanted]='gradient_magnitude: backward needs its gradient, and it has none'
        [gradient-colour]='gradient_magnitude in the graph: 3 channels'
        [even-kernel]='deform in the graph: a kernel of 2 x 1'
        [few-offsets]='deform in block: offsets of 5x6x8x8 for 9 taps on 5x3x8x8'
        [odd-group]='bce in the graph: 5 images in groups of 2'
        [loss-by-map]='mul: its inputs are a loss and something else'
        [loss-inside]='linear: of a loss there are sums and products alone'
    )
    for job in "${!why[@]}"; do
        run --separate-stderr test-graph "$job"
        one_line_error 1 "^test-graph: ${why[$job]}\$"
    done
}
