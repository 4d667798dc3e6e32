"""The camera corruptions in NumPy, from the equations in ir-corrupt(1), with the same random numbers.

camera.py NAME SEVERITY SEED FRAME RESULT

FRAME and RESULT are raw PGM files. Prints the largest difference between RESULT and what the
equation gives, in samples; fails when it is above one.
"""

import math
import os
import sys

import numpy as np

from philox import Rng


def read_pgm(path):
    with open(path, "rb") as file:
        data = file.read()
    fields = data.split(None, 4)[:4]
    width, height, maxval = map(int, fields[1:])
    depth = ">u2" if maxval > 255 else "u1"
    start = len(data) - width * height * np.dtype(depth).itemsize
    return np.frombuffer(data[start:], depth).reshape(height, width).astype(float), maxval


def grid(x):
    height, width = x.shape
    return np.arange(height)[:, None], np.arange(width)[None]


def fixed_pattern(x, rng, c):
    columns = np.array([rng.normal() for _ in range(x.shape[1])])
    rows = np.array([rng.normal() for _ in range(x.shape[0])])
    return x + c * columns[None] + c / 2 * rows[:, None]


def bad_pixels(x, rng, c):
    x = x.copy()
    for _ in range(max(int(c * x.size + 0.5), 1)):
        at, hot = rng.below(x.size), rng.below(2)
        side = 2 if rng.below(4) == 0 else 1
        top, left = divmod(at, x.shape[1])
        x[top:top + side, left:left + side] = hot
    return x


def banding(x, rng, c):
    period, phase = 8 + 24 * rng.uniform(), rng.uniform()
    return x + c * np.sin(2 * math.pi * (grid(x)[0] / period + phase))


def vignette(x, rng, lost, gained):
    height, width = x.shape
    across = (0.5 + (rng.uniform() - 0.5) / 5) * width - 0.5
    down = (0.5 + (rng.uniform() - 0.5) / 5) * height - 0.5
    y, column = grid(x)
    rr = 4 * ((column - across) ** 2 + (y - down) ** 2) / (width**2 + height**2)
    return x * np.maximum(1 - lost * rr, 0) + gained * rr


def lag(x, rng, c):
    angle = 2 * math.pi * rng.uniform()
    weights = [c**k for k in range(32) if c**k > 1e-3]
    y, column = grid(x)
    result = np.zeros_like(x)
    for k, weight in enumerate(weights):
        rows = np.clip(y + math.floor(2 * k * math.sin(angle) + 0.5), 0, x.shape[0] - 1)
        columns = np.clip(column + math.floor(2 * k * math.cos(angle) + 0.5), 0, x.shape[1] - 1)
        result += weight / sum(weights) * x[rows, columns]
    return result


def haze(x, rng, c):
    y, column = grid(x)
    depth = 0.5
    for _ in range(2):
        across, down, phase = 2 * rng.uniform() - 1, 2 * rng.uniform() - 1, rng.uniform()
        place = across * column / x.shape[1] + down * y / x.shape[0] + phase
        depth = depth + np.cos(2 * math.pi * place) / 4
    through = np.exp(-c * depth)
    return x * through + x.mean() * (1 - through)


def jitter(x, rng, c):
    period, phase = 16 + 48 * rng.uniform(), rng.uniform()
    result = np.empty_like(x)
    columns = np.arange(x.shape[1])
    for y, row in enumerate(x):
        shift = c * math.sin(2 * math.pi * (y / period + phase)) + c / 4 * rng.normal()
        result[y] = np.interp(columns + shift, columns, row)
    return result


def glare(x, rng, c, width):
    across = rng.uniform() * x.shape[1] - 0.5
    down = rng.uniform() * x.shape[0] - 0.5
    sigma = width * math.sqrt(x.size)
    y, column = grid(x)
    return x + c * np.exp(-((column - across) ** 2 + (y - down) ** 2) / (2 * sigma**2))


def agc(samples, maxval, clipped, bits):
    """Of whole numbers, so that ties between two levels fall to the same side."""
    ordered = np.sort(samples, axis=None)
    out = int(clipped * samples.size)
    low, high = ordered[out], ordered[samples.size - 1 - out]
    if low >= high:
        low, high = 0, maxval
    x = np.clip((samples - low) / (high - low), 0, 1)
    steps = 2**bits - 1
    return np.floor(x * steps + 0.5) / steps


def dropped_lines(x, rng, c):
    x = x.copy()
    begins = c / (2.5 * (1 - c))
    arrived, y = None, 0
    while y < len(x):
        if rng.uniform() >= begins:
            arrived, y = x[y].copy(), y + 1
            continue
        end, repeats = y + 1 + rng.below(4), rng.below(2)
        x[y:end] = arrived if repeats and arrived is not None else 0
        y = end
        if y < len(x):
            arrived, y = x[y].copy(), y + 1
    return x


CAMERA = {
    "fixed-pattern": (fixed_pattern, [[0.01], [0.02], [0.04], [0.06], [0.1]]),
    "bad-pixels": (bad_pixels, [[0.0005], [0.001], [0.002], [0.005], [0.01]]),
    "banding": (banding, [[0.02], [0.04], [0.07], [0.11], [0.16]]),
    "vignette": (vignette, [[0.2, 0.02], [0.35, 0.04], [0.5, 0.06], [0.65, 0.08], [0.8, 0.1]]),
    "lag": (lag, [[0.2], [0.35], [0.5], [0.6], [0.7]]),
    "haze": (haze, [[0.5], [1], [1.5], [2], [3]]),
    "jitter": (jitter, [[0.5], [1], [1.5], [2.5], [4]]),
    "glare": (glare, [[0.4, 0.05], [0.6, 0.08], [1, 0.1], [1.5, 0.12], [2, 0.15]]),
    "agc": (agc, [[0.0005, 8], [0.001, 7], [0.002, 6], [0.005, 5], [0.01, 4]]),
    "dropped-lines": (dropped_lines, [[0.02], [0.05], [0.1], [0.2], [0.3]]),
}


def main():
    name, severity, seed, before, after = sys.argv[1:]
    frame, maxval = read_pgm(before)
    result, _ = read_pgm(after)
    rng = Rng(int(seed), f"corrupt {name} {severity}",
              os.path.splitext(os.path.basename(before))[0])
    function, parameters = CAMERA[name]
    numbers = parameters[int(severity) - 1]
    if function is agc:
        wanted = agc(frame, maxval, *numbers)
    else:
        wanted = function(frame / maxval, rng, *numbers)
    difference = np.abs(result - np.clip(wanted, 0, 1) * maxval).max()
    print(f"{name} {severity}: {difference:.3f} of {maxval}")
    if not difference <= 1:
        sys.exit(f"{name} {severity}: {difference} samples from its equation")


main()
