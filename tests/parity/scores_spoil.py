#!/usr/bin/env python3
"""Writes spoiled copies of true masks, as predictions to score.

usage: scores_spoil.py SEED TRUE PREDICTED [CROWDED]
       scores_spoil.py --random SEED TRUE PREDICTED

TRUE holds raw PGM files of 0 and maxval. A target is shifted, torn, grown, joined to its neighbour
or lost; false alarms come in; some predictions are empty. Depth and values differ from file to
file: maps of 8 and 16 bits, with values on both sides of one half. CROWDED: the masks are written
there once more, with more small targets beside theirs, some masks without any, and it is those that
the predictions are of. --random: writes both, small masks of so many single pixels that distances
tie everywhere. Left out are those where it is a matter of rounding whether a distance is below 3
pixels: the package squares some by a BLAS that may fuse multiplication and addition.
"""
import glob
import os
import sys

import numpy as np

from scores_published import read


def spoil(rng, mask):
    height, width = mask.shape
    kind = rng.integers(0, 8)
    if kind == 0:
        return np.zeros_like(mask)
    if kind == 1:
        return mask
    out = np.roll(mask, rng.integers(-4, 5, 2), (0, 1)) if kind % 2 else mask.copy()
    if kind in (2, 3, 4):
        out |= np.roll(out, rng.integers(1, 4), rng.integers(0, 2))
    if kind in (4, 5, 6):
        out &= rng.uniform(size=mask.shape) < rng.uniform(0.4, 1)
    ys, xs = np.nonzero(mask)
    for _ in range(rng.integers(0, 5)):
        y, x, r = rng.integers(0, height), rng.integers(0, width), rng.integers(1, 4)
        if len(ys) and rng.uniform() < 0.7:
            i = rng.integers(len(ys))
            y, x = ys[i] + rng.integers(-7, 8), xs[i] + rng.integers(-7, 8)
        out[max(y, 0):max(y + r, 0), max(x, 0):max(x + r, 0)] = True
    if kind == 7 and len(ys) > 1:
        out[ys.min():ys.max() + 1, xs.mean().astype(int)] = True
    return out


def crowd(rng, mask):
    if rng.uniform() < 0.1:
        return np.zeros_like(mask)
    out = mask.copy()
    ys, xs = np.nonzero(mask)
    for _ in range(rng.integers(0, 6) if len(ys) else 0):
        i = rng.integers(len(ys))
        y, x = np.clip([ys[i] + rng.integers(-6, 7), xs[i] + rng.integers(-6, 7)], 0, None)
        out[y:y + rng.integers(1, 3), x:x + rng.integers(1, 3)] = True
    return out


def write(directory, path, samples, maxval):
    samples = samples.astype(">u2" if maxval > 255 else "u1")
    with open(os.path.join(directory, os.path.basename(path)), "wb") as file:
        file.write(b"P5\n%d %d\n%d\n" % (*samples.shape[::-1], maxval) + samples.tobytes())


def centroids(mask):
    from skimage import measure
    return [np.array(p.centroid) for p in measure.regionprops(measure.label(mask, connectivity=2))]


def is_rounding(mask, found):
    differences = [a - b for a in centroids(mask) for b in centroids(found)]
    return any((np.linalg.norm(d) < 3) != (np.sqrt(d[0] * d[0] + d[1] * d[1]) < 3)
               for d in differences)


def write_random(seed, true, predicted):
    rng = np.random.default_rng(seed)
    for directory in true, predicted:
        os.makedirs(directory, exist_ok=True)
    for i in range(200):
        size = rng.integers(2, 24, 2)
        mask = rng.uniform(size=size) < rng.uniform(0, 0.25)
        found = mask & (rng.uniform(size=size) < 0.8)
        found |= rng.uniform(size=size) < rng.uniform(0, 0.2)
        if is_rounding(mask, found):
            continue
        write(true, "%03d.pgm" % i, 255 * mask, 255)
        write(predicted, "%03d.pgm" % i, 255 * found, 255)


def main():
    if sys.argv[1] == "--random":
        write_random(int(sys.argv[2]), *sys.argv[3:])
        return
    rng = np.random.default_rng(int(sys.argv[1]))
    for directory in sys.argv[3:]:
        os.makedirs(directory, exist_ok=True)
    for path in sorted(glob.glob(os.path.join(sys.argv[2], "*.pgm"))):
        samples, maxval = read(path)
        mask = 2 * samples.astype(int) > maxval
        if len(sys.argv) > 4:
            mask = crowd(rng, mask)
            write(sys.argv[4], path, 255 * mask, 255)
        out = spoil(rng, mask)
        maxval = int(rng.choice([255, 1000, 65535]))
        half = maxval // 2
        high = rng.integers(half + 1, maxval + 1, out.shape)
        low = np.where(rng.uniform(size=out.shape) < 0.9, 0, rng.integers(0, half + 1, out.shape))
        write(sys.argv[3], path, np.where(out, high, low), maxval)


if __name__ == "__main__":
    main()
