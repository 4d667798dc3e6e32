"""Writes weights as somebody publishes them, and says what PyTorch detects with them.

    published.py NET WEIGHTS FRAME MEAN STD [dict] [PREFIX] > map

WEIGHTS becomes the state_dict of a network with the running statistics of a pass, num_batches_tracked,
fixed kernels and what published code makes and never runs; in a dict {"state_dict": ...} when asked for, its
names behind PREFIX. map is the PGM that ir-detect --soft --depth 16 should make of FRAME, an 8-bit one.
"""
import pathlib
import sys

import numpy as np
import torch

from corruptions import read_pgm
from networks import NETWORKS
from top_hat import pgm

NEVER_RUN = {"alcnet": ["uplayer1.0.conv1.weight", "uplayer2.1.bn1.running_mean"],
             "isnet": ["SA.cweight", "gate1._gate_conv.1.weight", "d1.bias", "head2.block.1.weight",
                       "conv2_1.weight", "conv16.weight", "cw.weight", "res3.bn2.running_var"]}


def main(net, weights, path, mean, std, *form):
    torch.manual_seed(1)
    model = NETWORKS[net]().double()
    frame, _ = read_pgm(pathlib.Path(path))
    height, width = frame.shape
    x = torch.zeros((1, 1, -(-height // 32) * 32, -(-width // 32) * 32), dtype=torch.double)
    x[0, 0, :height, :width] = torch.from_numpy((frame / 255 - float(mean)) / float(std))
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1  # so that one pass gives the statistics
    with torch.no_grad():
        model(x * torch.tensor([1, 0.5, 2]).view(3, 1, 1, 1))

    prefix = next((word for word in form if word != "dict"), "")
    published = {prefix + name: value.float() if value.is_floating_point() else value
                 for name, value in model.state_dict().items()}
    for name in NEVER_RUN.get(net, ()):
        published[prefix + name] = torch.rand(3)
    torch.save({"epoch": 400, "state_dict": published} if "dict" in form else published, weights)

    with torch.no_grad():
        p = model.eval()(x)[0][-1][0, 0, :height, :width].numpy()
    assert p.max() - p.min() > 0.01, "the network says the same everywhere"
    sys.stdout.buffer.write(pgm(np.rint(p * 65535).astype(int), 65535))


if __name__ == "__main__":
    main(*sys.argv[1:])
