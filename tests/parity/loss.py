"""Compares the loss and the gradients of ir-train --loss soft-iou+bce with PyTorch's.

    loss.py DIRECTORY WEIGHT LOG BEFORE AFTER

DIRECTORY is what average.py makes, LOG and AFTER what one step on all its frames wrote from the
checkpoint BEFORE, without dropout: the first moments are a tenth of the gradients. The loss is within
2e-6 of PyTorch's in double precision, all gradients together within 1e-3, or as near as PyTorch's in
single precision (2-norm, relative): parity.py says why.
"""
import pathlib
import sys

import numpy as np
from torch.nn import functional as F

import average
import checkpoint
import networks
import parity


def step(model, images, masks, weight):
    """The mean loss and all gradients."""
    heads, edge = model.train()(images)
    loss = networks.loss(heads, edge, masks)
    for p in heads:
        bce = F.binary_cross_entropy(p, masks, reduction="none").flatten(1).mean(1)
        loss = loss + weight * bce / len(heads)
    loss.mean().backward()
    return loss.mean().item(), np.concatenate(list(parity.gradients(model).values()))


def main(directory, weight, log, before, after):
    meta, arrays = checkpoint.read(before)
    moments = checkpoint.read(after)[1]
    images, masks = (average.read(pathlib.Path(directory, name), meta) for name in ("images", "masks"))
    masks = (masks > masks.mean()).double()
    model = parity.load(meta["net"], meta, arrays)
    loss, gradients = step(model, images, masks, float(weight))
    _, rounded = step(parity.load(meta["net"], meta, arrays).float(), images.float(), masks.float(),
                      float(weight))
    parity.report("loss", abs(float(open(log).readlines()[-1].split("\t")[2]) - loss), 2e-6)
    got = np.concatenate([moments["adam/m/" + n].astype(float).ravel() * 10
                          for n, _ in model.named_parameters()])
    parity.report("gradients", parity.relative(got, gradients),
                  max(1e-3, parity.relative(rounded, gradients)))
    return parity.failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
