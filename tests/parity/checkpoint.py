"""Checkpoints of irtools in NumPy: see ir-checkpoint(5)."""
import io
import tarfile

import numpy as np


def read(path):
    """meta as a dict of strings, arrays as a dict of member name (without .npy) to ndarray."""
    with tarfile.open(path) as tar:
        members = {m.name: tar.extractfile(m).read() for m in tar}
    meta = dict(line.split(" ", 1) for line in members.pop("meta").decode().splitlines())
    return meta, {n[:-4]: np.load(io.BytesIO(b)) for n, b in members.items()}


def state_dict(arrays, *families):
    """The PyTorch state_dict that those families hold; param/ and state/ where none are named."""
    import torch
    return {n.split("/", 1)[1]: torch.from_numpy(a.copy()) for n, a in arrays.items()
            if n.startswith(families or ("param/", "state/"))}
