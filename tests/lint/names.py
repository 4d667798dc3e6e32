"""names.py [ROOT]: names in comments that the tree does not have.

A comment of C or CUDA, and HACKING.md, may name a function (it is followed by "()"), anything with an
underscore, and a file. Each must be in the tree: a function or a variable in some file's code, a file
by its name or the end of its path. Prints FILE:LINE: NAME, and fails when there is one.

Not looked up: addresses of web pages; words with NAME in them or, as in_SHELL, with
capitals behind small letters, which stand for many; an underscore
before a single letter, which is an index in a formula ("p_k", "sum_i").
"""

import os
import re
import subprocess
import sys

C = (".c", ".h", ".cu", ".cpp", ".def")
FORMATTED = (".md", ".tsv", ".1", ".5", ".7")  # prose and tables: no code
BINARY = (".tar", ".png", ".pgm", ".npy")
TEXT_WITH_NAMES = ("HACKING.md",)
ELSEWHERE = {"DBL_MAX", "stdio.h", "test_tags"}  # of C and of bats

COMMENT_OR_LITERAL = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.S
)
HASH_COMMENT = re.compile(r"(?:^|(?<=\s))#.*", re.M)
WORD = re.compile(r"[A-Za-z_]\w*")
FILE = re.compile(r"[\w./-]*\w\.(?:c|h|cu|cpp|def|mk|sh|awk|py|bats|bash)\b(?![\w(])")
NAME = re.compile(r"\b[A-Za-z_]\w*_\w+|\b[A-Za-z]\w*(?=\(\))")
PAGE = re.compile(r"\bhttps?://\S+")


def split(text):
    """The comments of C, each with its line, and the code without them."""
    comments, code, end = [], [], 0
    for match in COMMENT_OR_LITERAL.finditer(text):
        code.append(text[end : match.start()])
        end = match.end()
        if match.group().startswith(("//", "/*")):
            comments.append((text.count("\n", 0, match.start()) + 1, match.group()))
            code.append(" ")
        else:
            code.append(match.group())
    code.append(text[end:])
    return comments, "".join(code)


class Tree:
    """Every file's words, and the comments to be checked."""

    def __init__(self, files):
        self.files, self.words, self.code, self.comments = files, set(), [], []
        for path in files:
            if not path.endswith(BINARY) and os.path.isfile(path):
                self.read(path)
        self.all_code = "\n".join(self.code)

    def read(self, path):
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        if path in TEXT_WITH_NAMES:
            self.comments.append((path, 1, text))
        if path.endswith(C):
            comments, code = split(text)
            self.comments += [(path, line, comment) for line, comment in comments]
            self.code.append(code)
        elif path.endswith(FORMATTED):
            return
        else:
            code = HASH_COMMENT.sub("", text)
            self.comments += [
                (path, text.count("\n", 0, m.start()) + 1, m.group())
                for m in HASH_COMMENT.finditer(text)
            ]
        self.words.update(WORD.findall(code))

    def has_file(self, name):
        """Also true of a struct's field, as in "s.c"."""
        name = name.lstrip("./")
        if "NAME" in name:
            return True
        if any(file == name or file.endswith("/" + name) for file in self.files):
            return True
        field = re.compile(rf"\b{re.escape(name)}\b")
        return "/" not in name and field.search(self.all_code) is not None

    def has_name(self, name):
        head, _, tail = name.rpartition("_")
        is_index = head.isalnum() and len(tail) == 1
        stands_for_many = "NAME" in name or re.search("[a-z]_[A-Z]{2}", name)
        return stands_for_many or is_index or name in self.words or name in ELSEWHERE

    def unknown(self):
        for path, line, comment in self.comments:
            text = PAGE.sub(lambda page: " " * len(page.group()), comment)
            names = [m for m in FILE.finditer(text) if not self.has_file(m.group())]
            text = FILE.sub(lambda file: " " * len(file.group()), text)
            names += [m for m in NAME.finditer(text) if not self.has_name(m.group())]
            for match in sorted(names, key=re.Match.start):
                if match.group() not in ELSEWHERE:
                    yield path, line + text.count("\n", 0, match.start()), match.group()


def main():
    os.chdir(sys.argv[1] if len(sys.argv) > 1 else ".")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        capture_output=True, text=True, check=True,
    )
    found = list(Tree(sorted(set(listed.stdout.split("\n")) - {""})).unknown())
    for path, line, name in found:
        print(f"{path}:{line}: a comment names {name}, which is not there")
    return 1 if found else 0


sys.exit(main())
