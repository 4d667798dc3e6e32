"""Compares ir-detect --adapt (from PATH) with the same network in PyTorch.

    adapt.py CHECKPOINT RATE WINDOW IMAGE...    8-bit PGM images, a stream

In the reference every batch normalisation is given, before it runs, the mean and the biased variance
that are blended from the learned ones and those of the last WINDOW images, without what stands for
padding; where it sees one value alone, the learned ones. Prints how far the 16-bit soft maps are from
the reference, and ends with status 1 when that is more than their rounding plus 3e-5:
a channel of little variance is divided by little where the statistics are the image's.
"""
import subprocess
import sys
import tempfile

import torch
from torch import nn
from torch.nn import functional as F

import checkpoint
import detect
import networks


class Adapting(nn.BatchNorm2d):
    """size: rows and columns of the image, and of the padded image; the same for all layers."""
    rate, window, size = 0, 1, None

    def __init__(self, learned):
        super().__init__(learned.num_features, dtype=torch.float64)
        self.load_state_dict(learned.state_dict())
        self.seen = []

    def forward(self, x):
        rows, columns, height, width = self.size
        own = x[0, :, :-(-rows * x.shape[2] // height), :-(-columns * x.shape[3] // width)].flatten(1)
        mean, variance = self.running_mean, self.running_var
        if own.shape[1] > 1:
            self.seen = (self.seen + [own])[-self.window:]
            means = torch.stack([s.mean(1) for s in self.seen])
            squares = torch.stack([(s ** 2).mean(1) for s in self.seen])
            mean = (1 - self.rate) * mean + self.rate * means.mean(0)
            variance = (1 - self.rate) * variance + self.rate * (squares.mean(0) - means.mean(0) ** 2)
        return F.batch_norm(x, mean, variance, self.weight, self.bias, False, 0, self.eps)


def adapt(module):
    for name, child in module.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(module, name, Adapting(child))
        else:
            adapt(child)


def main(path, rate, window, *images):
    meta, arrays = checkpoint.read(path)
    model = networks.NETWORKS[meta["net"]](momentum=0.1, dropout=0.0).double()
    model.load_state_dict(checkpoint.state_dict(arrays), strict=False)
    adapt(model)
    model.eval()
    Adapting.rate, Adapting.window = float(rate), int(window)
    failed = False
    with tempfile.TemporaryDirectory() as out:
        subprocess.run(["ir-detect", "-c", path, "--precision", "fp32", "--soft", "--depth", "16", "--adapt",
                        rate, "--adapt-window", window, "-o", out, *images], check=True)
        for image in images:
            with open(image, "rb") as file:
                x = detect.read_pgm(file.read())
            with open(f"{out}/{image.rpartition('/')[2]}", "rb") as file:
                got = detect.read_pgm(file.read())
            Adapting.size = *x.shape, *(-(-side // 32) * 32 for side in x.shape)
            p = detect.reference(meta, model, x)
            error = abs(got - p).max()
            print(f"{image}: largest difference {error:.2e}, probabilities {p.min():.3f} to {p.max():.3f}")
            failed |= error > 0.5 / 65535 + 3e-5 or (x.size > 1 and p.std() < 1e-3)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
