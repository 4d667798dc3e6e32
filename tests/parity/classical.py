#!/usr/bin/env python3
"""Compares ir-detect -m METHOD (from PATH) with classical_reference.py.

usage: classical.py METHOD [DIR]

Saliency, on the scale of --soft, must agree to 1e-3 of its range in every pixel, over small random
images of all shapes and depths, with and without a target, and over regular patterns, or over the
PGM frames of DIR; iterations must be as many. Prints what differs; exit 1 when anything does.
"""
import os
import pathlib
import re
import subprocess
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy as np  # noqa: E402

import classical_reference as reference  # noqa: E402
from corruptions import read_pgm  # noqa: E402
from top_hat import pgm  # noqa: E402

TOLERANCE = 1e-3
# Parameters of the reference and their options.
SETTINGS = {
    "mspcm": [{}, {"largest": 5}],
    "ipi": [{}, {"patch": 20, "step": 6}, {"patch": 9, "step": 20},
            {"lambda": 3, "tolerance": 1e-3}],
    "nram": [{}, {"patch": 20, "step": 6}, {"patch": 9, "step": 20}, {"gamma": 0.01, "lambda": 2}],
    "pstnn": [{}, {"patch": 16, "step": 10}, {"lambda": 2, "rank-ratio": 0.3}, {"tolerance": 1e-6}],
}
KEYWORDS = {"lambda": "weight", "rank-ratio": "ratio"}


def detect(name, image, maxval, setting):
    """The saliency scaled to 0 to 1, and the iterations that -v tells of."""
    options = [word for key, value in setting.items() for word in ("--" + key, str(value))]
    run = subprocess.run(["ir-detect", "-m", name, "-v", "--soft", "--depth", "16", *options],
                         check=True, input=pgm(image.astype(int), maxval), capture_output=True)
    size, _, samples = run.stdout.split(b"\n", 3)[1:]
    assert size == b"%d %d" % image.shape[::-1], size
    count = re.search(r"stdin#1: (\d+) iterations", run.stderr.decode())
    return np.frombuffer(samples, ">u2").reshape(image.shape) / 65535, int(count[1]) if count else 0


def expected(name, image, maxval, setting):
    if name == "pstnn":
        image = image * 255 / maxval
    keywords = {KEYWORDS.get(key, key): value for key, value in setting.items()}
    saliency, iterations, _, _ = getattr(reference, name)(image.astype(float), **keywords)
    low, high = saliency.min(), saliency.max()
    return (saliency - low) / (high - low if high > low else 1), iterations


def random_frames(rng):
    """Smooth backgrounds with noise and, in every other one, a target: (what, image, maxval)."""
    shapes = [(70, 90), (57, 131), (100, 64), (41, 41), (30, 75), (12, 9), (1, 60), (60, 1), (1, 1),
              (64, 64), (200, 3)]
    for trial, (height, width) in enumerate(shapes):
        maxval = [255, 16383, 65535, 1][trial % 4] if trial != 9 else 255
        y, x = np.mgrid[:height, :width]
        image = 0.4 + 0.2 * np.sin(x / 17 + trial) * np.cos(y / 23) + rng.normal(0, 0.02, x.shape)
        if trial % 2 == 0:
            top, left = rng.integers(0, height), rng.integers(0, width)
            image += 0.5 * np.exp(-((x - left) ** 2 + (y - top) ** 2) / 4)
        image = np.rint(np.clip(image, 0, 1) * maxval)
        yield f"{width}x{height} of maxval {maxval}", image, maxval


def odd_frames():
    """Frames whose patches make matrices of hardly any rank, or of full rank."""
    y, x = np.mgrid[:60, :65]
    yield "stripes", (x % 7 > 3) * 100 + 20, 255
    yield "rows", 3 * y, 255
    yield "columns", 3 * x, 255
    yield "two halves", (x > 30) * 200, 255
    yield "a corner", ((x > 30) & (y > 30)) * 99 + 5, 255
    yield "a point", ((x == 20) & (y == 25)) * 255, 255
    yield "noise", np.random.default_rng(2).integers(0, 256, x.shape), 255


def main():
    name = sys.argv[1]
    frames = [*random_frames(np.random.default_rng(1)), *odd_frames()]
    if len(sys.argv) > 2:
        paths = sorted(pathlib.Path(sys.argv[2]).iterdir())
        frames = [(path.name, *read_pgm(path)) for path in paths]
    wrong = worst = compared = 0
    for setting in SETTINGS[name] if len(sys.argv) < 3 else [{}]:
        for what, image, maxval in frames:
            found, iterations = detect(name, image, maxval, setting)
            right, count = expected(name, image, maxval, setting)
            difference = np.abs(found - right).max()
            worst = max(worst, difference)
            compared += 1
            if difference > TOLERANCE or iterations != count:
                wrong += 1
                print(f"{name} {setting}: {what}: differs by {difference:.2g}, "
                      f"{iterations} iterations, not {count}")
    print(f"{name}: {compared} compared, largest difference {worst:.1e}, {wrong} wrong")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
