#!/usr/bin/env bats
# What make lint says of comments: names that the tree does not have, examples that do not compile.

load helper

setup() {
    cd "$BATS_TEST_TMPDIR" || return
    git init -q
}

@test "lint: a name in a comment must be in the tree" {
    printf '/* See other.c, where half() is; p_k and ir_NAME are no names. */\nint whole_part;\n' > one.c
    printf '// half of whole_part, as https://example.org/some_page has it\nint half(int x);\n' > other.c
    printf '# what one.c has\n' > rules.mk
    run -0 python3 "$REPO/tests/lint/names.py" .
    [ -z "$output" ]

    printf '/* Calls quarter() on\n * third_part, see gone.c. */\n' >> one.c
    printf '# what two.c has\n' >> rules.mk
    run -1 python3 "$REPO/tests/lint/names.py" .
    [ "$output" = "one.c:3: a comment names quarter, which is not there
one.c:4: a comment names third_part, which is not there
one.c:4: a comment names gone.c, which is not there
rules.mk:2: a comment names two.c, which is not there" ]
}

@test "lint: an example in a header's comment must compile" {
    cd "$REPO"
    local header=$BATS_TEST_TMPDIR/twice.h

    printf '/* Twice:\n *\n *     int y = twice(21);\n */\nint twice(int x);\n' > "$header"
    run -0 python3 tests/lint/examples.py "$header"
    [ -z "$output" ]

    sed -i 's/twice(21)/twice(21, 42)/' "$header"
    run -1 python3 tests/lint/examples.py "$header"
    [[ $output == *"$header:3:"*"too many arguments to function"* ]]
}
