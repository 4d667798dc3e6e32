"""Compares ir-detect --feature (from PATH) with what flows through PyTorch.

    features.py NET CHECKPOINT [NAME ...]

On a random frame whose sides are no multiples of 32, for every name that --feature list prints or for
those given: the mean over the channels, without the padding, scaled to its own range. One line a name;
ends with status 1 when one differs by more than 1e-4 of the range anywhere.
"""
import subprocess
import sys

import numpy as np
import torch

import checkpoint
import parity
from top_hat import pgm

# Where a name is not a module's: the module, and whether its input or output is meant.
PLACES = {"rdian": {"fused": ("cbam", "input"), "attended": ("cbam", "output")},
          "dnanet": {"fused": ("sfim", "output")},
          "balistd": {"fused": ("sfim", "output")},
          "isnet": {"fused": ("head", "input"), "edge": ("fuse", "output")}}
SFIM = {"before": ("", "input"), "frequency": (".spatial", "input"), "after": ("", "output")}


def place(net, name):
    if name in PLACES.get(net, {}):
        return PLACES[net][name]
    module, _, part = name.rpartition(".")
    if part in SFIM:
        return module + SFIM[part][0], SFIM[part][1]
    return name.replace("x0_", "conv0_"), "output"


def tap(model, net, names):
    """A dict that every pass of the model fills with the values of those names."""
    taken = {}

    def hook(name, what):
        def take(_, inputs, output):
            taken[name] = inputs[0] if what == "input" else output
        return take

    for name in names:
        if name == "direction":
            for i in range(8):
                model.get_submodule(f"d1{i + 1}").register_forward_hook(hook(i, "output"))
        else:
            module, what = place(net, name)
            model.get_submodule(module).register_forward_hook(hook(name, what))
    return taken


def run(model, net, names, image):
    height, width = image.shape
    x = np.zeros((1, 1, -(-height // 32) * 32, -(-width // 32) * 32))
    x[0, 0, :height, :width] = image
    taken = tap(model, net, names)
    with torch.no_grad():
        model.eval()(torch.from_numpy(x))
    if "direction" in names:
        taken["direction"] = torch.sigmoid(sum(taken[i] * taken[i + 4] for i in range(4)))
    if net == "isnet" and "edge" in names:
        taken["edge"] = torch.sigmoid(taken["edge"])
    maps = {}
    for name in names:
        m = taken[name][0].mean(0).numpy()
        m = m[:-(-height * m.shape[0] // x.shape[2]), :-(-width * m.shape[1] // x.shape[3])]
        assert m.max() > m.min(), f"{name} is constant"
        maps[name] = (m - m.min()) / (m.max() - m.min())
    return maps


def detect(path, frame, *options):
    return subprocess.run(["ir-detect", "-c", path, "--feature", *options], input=frame,
                          stdout=subprocess.PIPE, check=True).stdout


def main(net, path, *names):
    meta, arrays = checkpoint.read(path)
    names = names or detect(path, b"", "list").decode().split()
    rng = np.random.default_rng(1)
    frame = rng.integers(0, 40000, (70, 45))
    frame[30:33, 20:23] = 65535
    image = (frame / 65535 - float(meta["mean"])) / float(meta["std"])
    for name, wanted in run(parity.load(net, meta, arrays), net, names, image).items():
        written = detect(path, pgm(frame, 65535), name, "--depth", "16")
        header, raster = pgm(wanted, 65535)[:-2 * wanted.size], written[-2 * wanted.size:]
        assert written.startswith(header) and len(written) == len(header) + len(raster), written[:20]
        got = np.frombuffer(raster, ">u2").reshape(wanted.shape) / 65535
        parity.report(name, np.abs(got - wanted).max(), 1e-4)
    return parity.failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
