"""Compares ir-detect -c (from PATH) with the same network in PyTorch.

    detect.py CHECKPOINT IMAGE...    8-bit PGM images

The reference reads the image, divides by 255, normalises, pads with zeros right and below to multiples
of 32, runs the network and cuts the padding off. A 16-bit soft map must be within its rounding plus
1e-5 of that; the mask must be its threshold at 0.5 wherever the probability is not that near.
"""
import subprocess
import sys

import numpy as np
import torch

import checkpoint
import networks


def read_pgm(data):
    size, maxval, samples = data.split(b"\n", 3)[1:]
    width, height = map(int, size.split())
    kind = ">u2" if int(maxval) > 255 else "u1"
    return np.frombuffer(samples, kind).reshape(height, width).astype(float) / int(maxval)


def detect(path, image, *options):
    return read_pgm(subprocess.run(["ir-detect", "-c", path, "--precision", "fp32", *options, image], check=True,
                                   stdout=subprocess.PIPE).stdout)


def reference(meta, model, image):
    height, width = image.shape
    x = (image - float(meta["mean"])) / float(meta["std"])
    x = np.pad(x, ((0, -height % 32), (0, -width % 32)))
    with torch.no_grad():
        p = model(torch.from_numpy(x[None, None]))[0][-1]
    return p.numpy()[0, 0, :height, :width]


def main(path, *images):
    meta, arrays = checkpoint.read(path)
    model = networks.NETWORKS[meta["net"]](momentum=0.1, dropout=0.0).double()
    model.load_state_dict(checkpoint.state_dict(arrays), strict=False)
    model.eval()
    failed = False
    for image in images:
        with open(image, "rb") as file:
            p = reference(meta, model, read_pgm(file.read()))
        error = np.abs(detect(path, image, "--soft", "--depth", "16") - p).max()
        near = np.abs(p - 0.5) < 1e-5
        wrong = np.sum((detect(path, image) != (p > 0.5)) & ~near)
        print(f"{image}: largest difference {error:.2e}, {wrong} pixels of the mask differ, "
              f"probabilities {p.min():.3f} to {p.max():.3f}")
        failed |= error > 0.5 / 65535 + 1e-5 or wrong > 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
