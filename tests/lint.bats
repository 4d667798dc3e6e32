#!/usr/bin/env bats
# What make lint checks by programs of our own: names and examples in comments, and style.

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

@test "lint: conditions test pointers themselves, and declarations end without a blank line" {
    printf 'int f(const char *s)\n{\n    int n = 0;\n    if (s)\n        n = 1;\n\n    return n;\n}\n' > good.c
    run -0 python3 "$REPO/tests/lint/style.py" good.c
    [ -z "$output" ]

    printf 'int f(const char *s)\n{\n    int n = 0;\n\n    if (s != NULL)\n        n = 1;\n    return n;\n}\n' > bad.c
    run -1 python3 "$REPO/tests/lint/style.py" bad.c
    [ "$output" = "bad.c:4: a blank line follows the declarations
bad.c:5: a condition compares with NULL" ]
    python3 "$REPO/tests/lint/style.py" --fix bad.c
    [ "$(sed -n 4p bad.c)" = "    if (s != NULL)" ]
}
