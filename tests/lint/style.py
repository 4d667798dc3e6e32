"""style.py FILE ...: what of the style clang-format and cppcheck do not see.

A condition tests a pointer itself, not against NULL; NULL is spelt out where the truth is kept.
No blank line follows the declarations that a function starts with. Prints FILE:LINE: what is wrong,
and fails when something is. --fix: takes the blank lines out.
"""

import re
import sys

DECLARATION = re.compile(
    r"(?:(?:static|const|volatile|struct|enum|union|unsigned|signed|long|short)\s+)*"
    r"[A-Za-z_]\w*(?:\s+const)?(?:\s+|\s*\*+\s*)(?:const\s+)?\**[A-Za-z_]\w*\s*[\[=,;(]"
)
STATEMENT = re.compile(r"(?:return|goto|else|if|for|while|switch|do|case|break|continue)\b")
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.S)
NULL_TEST = re.compile(r"\b(?:if|while) \(.*[!=]= (?:NULL|nullptr)\b")


def only_declares(lines):
    """Whether these lines hold declarations, at least one, and nothing else."""
    code = COMMENT.sub("", "\n".join(lines))
    found, depth, start = 0, 0, 0
    for at, character in enumerate(code):
        depth += character in "([{"
        depth -= character in ")]}"
        if character == ";" and depth == 0:
            statement = code[start : at + 1].strip()
            if STATEMENT.match(statement) or not DECLARATION.match(statement):
                return False
            found, start = found + 1, at + 1
    return found > 0 and not code[start:].strip()


def blank_lines(lines):
    """Indices of the blank lines behind functions' first declarations."""
    begin = None
    for i, line in enumerate(lines):
        if line == "{":
            begin = i + 1
        elif line == "}":
            begin = None
        elif line == "" and begin is not None:
            if only_declares(lines[begin:i]):
                yield i
            begin = None


def check(path, fix):
    with open(path, encoding="utf-8") as file:
        lines = file.read().split("\n")
    blank = list(blank_lines(lines))
    if fix:
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(line for i, line in enumerate(lines) if i not in set(blank)))
        return []
    found = [(i + 1, "a blank line follows the declarations") for i in blank]
    found += [
        (i + 1, "a condition compares with NULL")
        for i, line in enumerate(lines)
        if NULL_TEST.search(line)
    ]
    return [f"{path}:{number}: {wrong}" for number, wrong in sorted(found)]


def main():
    fix = sys.argv[1:2] == ["--fix"]
    found = [wrong for path in sys.argv[1 + fix :] for wrong in check(path, fix)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


sys.exit(main())
