"""examples.py [HEADER ...]: does every example in a header's comments compile?

An example is what stands indented in a comment, if some line of it ends with ";". Each becomes the body of
a function behind an include of its header and of examples.h, which declares what examples take as
given. Prints the compiler's errors, at the header's lines, and fails when there are any. $CC: the compiler.
"""

import os
import re
import subprocess
import sys

COMMENT = re.compile(r"/\*.*?\*/", re.S)
INDENTED = re.compile(r"^ \*     (.*)$")
HERE = os.path.dirname(os.path.abspath(__file__))


def examples(text):
    """(line, statements) of each."""
    for comment in COMMENT.finditer(text):
        first = text.count("\n", 0, comment.start()) + 1
        block = []
        for number, line in enumerate(comment.group().split("\n") + [""]):
            match = INDENTED.match(line)
            if match:
                block.append((first + number, match.group(1)))
                continue
            if any(statement.endswith(";") for _, statement in block):
                yield block[0][0], "\n".join(statement for _, statement in block)
            block = []


def program(header, found):
    parts = [f'#include "{os.path.abspath(header)}"', f'#include "{HERE}/examples.h"']
    for number, (line, statements) in enumerate(found):
        parts.append(f"void example_{number}(void)\n{{\n#line {line} \"{header}\"\n{statements}\n}}")
    return "\n".join(parts) + "\n"


def compiles(source):
    command = os.environ.get("CC", "cc").split()
    command += ["-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wno-unused", "-Werror", "-fsyntax-only"]
    command += ["-Icommon", "-Itests/ops", "-x", "c", "-"]
    return subprocess.run(command, input=source, text=True, check=False).returncode == 0


def main():
    failed = False
    for header in sys.argv[1:]:
        with open(header, encoding="utf-8") as file:
            found = list(examples(file.read()))
        if found and not compiles(program(header, found)):
            failed = True
    return 1 if failed else 0


sys.exit(main())
