"""export_onnx.py NET N SIDE PREFIX: a detector of PyTorch as PREFIX.onnx, for other runtimes, with an input
in PREFIX.in.npy and what PyTorch makes of it, probabilities, in PREFIX.out.npy."""
import sys

import numpy as np
import torch

from pytorch import Output, networks


def main():
    net, n, side, prefix = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    torch.manual_seed(1)
    model = networks.NETWORKS[net]().eval()
    for module in model.modules():  # statistics that let the image through, as a trained network's do
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = None
            module.train()
    x = torch.randn(n, 1, side, side)
    with torch.no_grad():
        model(torch.randn(2, 1, side, side))
        model = Output(model).eval()
        np.save(prefix + ".in.npy", x.numpy())
        np.save(prefix + ".out.npy", model(x).numpy())
        torch.onnx.export(model, x, prefix + ".onnx", opset_version=16, input_names=["image"])


main()
