"""The game in one process: hrl_pytorch.py CACHE NAMES BATCH CROP

What a round of one epoch of hrl.mk does with its defaults (ACM, STRATEGY=hrl), with PyTorch and the
package imagecorruptions: for each batch the policy chooses a corruption for each frame, the frames
are corrupted, the detector learns from crops of both, and its losses on the corrupted ones teach the
policy. CACHE/images and CACHE/masks-nearest hold the frames and masks, the file NAMES the names.

Prints the seconds of that epoch and the MiB of resident memory at the peak.
"""
import pathlib
import random
import resource
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

import package
import networks  # of tests/parity, where package has led

CORRUPTIONS = ["gaussian-noise", "shot-noise", "impulse-noise", "defocus-blur", "motion-blur",
               "gaussian-blur", "brightness", "contrast", "pixelate", "jpeg"]
SEVERITIES = [1, 3, 5]
ENTROPY = 0.2


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [1, 16, 32, 64, 128, 256]
        self.blocks = nn.Sequential(*[
            nn.Sequential(nn.Conv2d(i, o, 3, 2, 1), nn.BatchNorm2d(o), nn.ReLU())
            for i, o in zip(sizes, sizes[1:])])
        self.fc = nn.Linear(256, len(CORRUPTIONS) * len(SEVERITIES))
        nn.init.zeros_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)

    def forward(self, x):
        return F.log_softmax(self.fc(self.blocks(x).mean((2, 3))), 1)


def grey(path):
    """A frame of 8 bits from raw PGM or PPM."""
    data = path.read_bytes()
    width, height = (int(word) for word in data.split(maxsplit=4)[1:3])
    planes = 3 if data[:2] == b"P6" else 1
    raster = np.frombuffer(data[-width * height * planes:], np.uint8).reshape(height, width, planes)
    return raster[:, :, 0] if planes == 1 else np.rint(
        raster @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)


def crop_of(mask, side):
    """Where to cut, on a target every other time, and how to turn."""
    height, width = mask.shape
    last = max(height, side) - side, max(width, side) - side
    top, left = (random.randint(0, n) for n in last)
    targets = np.argwhere(mask > 127)
    if random.random() < 0.5 and len(targets):
        y, x = targets[random.randrange(len(targets))]
        top = random.randint(max(0, y - side + 1), min(y, last[0]))
        left = random.randint(max(0, x - side + 1), min(x, last[1]))
    return top, left, *(random.random() < 0.5 for _ in range(3))


def cut(image, where, side, fill):
    top, left, upside_down, mirrored, transposed = where
    out = np.full((side, side), fill, np.float32)
    part = image[top:top + side, left:left + side]
    out[:part.shape[0], :part.shape[1]] = part
    out = out[::-1] if upside_down else out
    out = out[:, ::-1] if mirrored else out
    return out.T if transposed else out


def small(frame):
    x = torch.from_numpy(frame / np.float32(255))[None, None]
    x = F.interpolate(x, (128, 128), mode="bilinear", antialias=True)
    return (x[0] - 0.5) / 0.25


def main():
    cache, names, batch, side = pathlib.Path(sys.argv[1]), *sys.argv[2:]
    batch, side = int(batch), int(side)
    names = pathlib.Path(names).read_text().split()
    corrupt = package.corrupt()
    torch.manual_seed(1)
    random.seed(1)
    net, policy = networks.ACM(), Policy()
    adam = torch.optim.Adam(net.parameters(), lr=1e-3)
    sgd = torch.optim.SGD(policy.parameters(), lr=1e-2)
    read = lambda kind, name: grey(cache / kind / f"{name}.pgm")  # noqa: E731
    pixels = np.concatenate([read("images", name).ravel() for name in names]) / np.float32(255)
    mean, std = float(pixels.mean()), float(pixels.std())
    del pixels

    start = time.perf_counter()
    random.shuffle(names)
    for i in range(0, len(names), batch):
        frames = [read("images", name) for name in names[i:i + batch]]
        masks = [read("masks-nearest", name) for name in names[i:i + batch]]

        logp = policy(torch.stack([small(frame) for frame in frames]))
        chosen = torch.multinomial(logp.detach().exp(), 1)[:, 0]
        spoiled = [corrupt(frame, CORRUPTIONS[s // 3], SEVERITIES[s % 3])[:, :, 0]
                   for frame, s in zip(frames, chosen.tolist())]

        crops = [crop_of(mask, side) for mask in masks]
        x = np.stack([cut(image, where, side, 255 * mean)
                      for images in (frames, spoiled) for image, where in zip(images, crops)])
        y = np.stack([cut(mask > 127, where, side, 0) for mask, where in zip(masks, crops)])
        x = (torch.from_numpy(x)[:, None] / 255 - mean) / std
        y = torch.from_numpy(np.concatenate([y, y]))[:, None]
        net.train()
        adam.zero_grad(set_to_none=True)
        loss = networks.loss(*net(x), y)
        clean, corrupted = loss[:len(frames)], loss[len(frames):]
        (clean.mean() + corrupted.mean()).backward()
        adam.step()

        reward = corrupted.detach()
        played = logp[torch.arange(len(frames)), chosen]
        entropy = -(logp.exp() * logp).sum(1)
        sgd.zero_grad(set_to_none=True)
        (-((reward - reward.mean()) * played + ENTROPY * entropy).mean()).backward()
        sgd.step()
    print(f"{time.perf_counter() - start:.3f} "
          f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f}")


main()
