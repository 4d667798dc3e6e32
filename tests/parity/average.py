"""Compares what ir-train averages with torch.optim.swa_utils.

    average.py frames DIRECTORY              makes frames, masks and corrupted frames
    average.py statistics DIRECTORY BATCH CHECKPOINT
    average.py weights DECAY CHECKPOINT...   a run's checkpoints, one after each step

The frames are symmetric, so that the crops of a training, turned and flipped as they are, are the
frames. Statistics are those that update_bn() takes of the checkpoint's averaged weights, or else its
weights, over the batches of the pass that it was made by: within 1e-5 of the largest. Weights are
AveragedModel's of the steps before, with a decay that rises: within 1e-6 of the largest. Ends with
status 1 when one differs.
"""
import copy
import pathlib
import sys

import numpy as np
import torch
from torch.optim import swa_utils

import checkpoint
import parity

COUNT, SIDE = 7, 64


def symmetric(quarter):
    quarter = (quarter + quarter.T) / 2
    half = np.hstack([quarter, quarter[:, ::-1]])
    return np.vstack([half, half[::-1]])


def make(directory):
    rng = np.random.default_rng(1)
    for i in range(COUNT):
        scene = symmetric(rng.uniform(20 + 10 * i, 120, (SIDE // 2, SIDE // 2)))
        mask = symmetric(rng.uniform(0, 1, (SIDE // 2, SIDE // 2))) > 0.85
        noisy = scene + 30 + symmetric(rng.normal(0, 20, (SIDE // 2, SIDE // 2)))
        for name, image in (("images", scene + 60 * mask), ("masks", 255 * mask), ("corrupted", noisy)):
            path = pathlib.Path(directory, name, f"{i}.pgm")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"P5 %d %d 255\n" % (SIDE, SIDE) + np.clip(image, 0, 255).astype(np.uint8).tobytes())


def read(directory, meta):
    images = [np.frombuffer(p.read_bytes()[-SIDE * SIDE:], np.uint8) for p in sorted(directory.iterdir())]
    x = np.array(images).reshape(-1, 1, SIDE, SIDE) / 255
    return torch.from_numpy((x - float(meta["mean"])) / float(meta["std"]))


def largest_error(got, wanted):
    return max(np.abs(g - w).max() / np.abs(w).max() for g, w in zip(got, wanted))


def statistics(directory, batch, path):
    meta, arrays = checkpoint.read(path)
    model = parity.load(meta["net"], meta, arrays)
    model.load_state_dict(checkpoint.state_dict(arrays, "ema/"), strict=False)
    clean, corrupted = (read(pathlib.Path(directory, name), meta) for name in ("images", "corrupted"))
    swa_utils.update_bn([torch.cat([clean[i:i + batch], corrupted[i:i + batch]])
                         for i in range(0, COUNT, batch)], model)
    names = [n for n in arrays if n.startswith("measured/")]
    wanted = {n: v.numpy() for n, v in model.state_dict().items() if ".running_" in n}
    assert {n.split("/")[1] for n in names} == set(wanted)
    parity.report("statistics", largest_error([arrays[n] for n in names],
                                              [wanted[n.split("/")[1]] for n in names]), 1e-5)


def weights(decay, paths):
    def average(before, now, steps):
        return before + (now - before) * (1 - min(decay, (1 + steps) / (10 + steps)))

    averaged = None
    for path in paths:
        meta, arrays = checkpoint.read(path)
        model = parity.load(meta["net"], meta, arrays)
        averaged = averaged or swa_utils.AveragedModel(copy.deepcopy(model), avg_fn=average)
        averaged.update_parameters(model)
        wanted = dict(averaged.module.named_parameters())
        assert {n[len("ema/"):] for n in arrays if n.startswith("ema/")} == set(wanted)
        parity.report(f"weights of {path}", largest_error(
            [arrays["ema/" + n] for n in wanted], [w.detach().numpy() for w in wanted.values()]), 1e-6)


def main(what, *arguments):
    if what == "frames":
        make(*arguments)
    elif what == "statistics":
        statistics(arguments[0], int(arguments[1]), arguments[2])
    else:
        weights(float(arguments[0]), arguments[1:])
    return parity.failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
