#!/usr/bin/env python3
"""Writes a checkpoint with something changed, for tests of what readers make of it.

usage: edit_checkpoint.py FROM TO CODE

CODE is Python that changes `members`, a dict of member name to bytes in the archive's order, or
`order`, the list of names that are written (a name may stand twice). array(NAME) is a member's array,
npy(ARRAY) an array's .npy bytes, np NumPy.
"""
import io
import sys
import tarfile

import numpy as np


def main(source, target, code):
    with tarfile.open(source) as tar:
        members = {m.name: tar.extractfile(m).read() for m in tar}
    order = list(members)

    def array(name):
        return np.load(io.BytesIO(members[name]))

    def npy(data):
        out = io.BytesIO()
        np.lib.format.write_array(out, data, version=(1, 0))
        return out.getvalue()

    exec(code, {"members": members, "order": order, "array": array, "npy": npy, "np": np})
    with tarfile.open(target, "w") as tar:
        for name in order:
            info = tarfile.TarInfo(name)
            info.size = len(members[name])
            tar.addfile(info, io.BytesIO(members[name]))


if __name__ == "__main__":
    main(*sys.argv[1:])
