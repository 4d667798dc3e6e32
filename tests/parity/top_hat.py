#!/usr/bin/env python3
"""Compares ir-detect -m top-hat (from PATH) with the definition of the top-hat, in NumPy.

usage: top_hat.py [SEED]

Random images of 1x1 to 40x40 pixels, 1 to 16 bits, and squares from 3 pixels to wider than the image.
Masks and 16-bit saliency maps must be the same. Prints what differs; exit 1 when anything does.
"""
import subprocess
import sys

import numpy as np


def slide(f, image, n, border):
    """f over the square windows of 2n+1 pixels a side; border stands for pixels outside."""
    height, width = image.shape
    padded = np.pad(image, n, constant_values=border)
    windows = [padded[i:i + height, j:j + width] for i in range(2 * n + 1) for j in range(2 * n + 1)]
    return f(np.stack(windows), axis=0)


def top_hat(image, n):
    n = min(n, max(image.shape))  # windows wider than this hold the whole image anyway
    return image - slide(np.max, slide(np.min, image, n, 1 << 16), n, -1)


def pgm(image, maxval):
    kind = ">u2" if maxval > 255 else "u1"
    return b"P5\n%d %d\n%d\n" % (*image.shape[::-1], maxval) + image.astype(kind).tobytes()


def detect(image, maxval, n, *options):
    out = subprocess.run(["ir-detect", "-m", "top-hat", "--radius", str(n), *options], check=True,
                         input=pgm(image, maxval), stdout=subprocess.PIPE).stdout
    size, depth, samples = out.split(b"\n", 3)[1:]
    assert size == b"%d %d" % image.shape[::-1], size
    kind = ">u2" if int(depth) > 255 else "u1"
    return np.frombuffer(samples, kind).reshape(image.shape).astype(int)


def main():
    rng = np.random.default_rng(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    wrong = 0
    for trial in range(60):
        maxval = int(rng.choice([1, 255, 16383, 65535]))
        image = rng.integers(0, maxval + 1, rng.integers(1, 41, 2))
        n = int(rng.integers(1, 25)) if trial % 3 else 1000
        k = float(rng.uniform(0, 3))
        saliency = top_hat(image, n)
        scaled = (saliency - saliency.min()) / max(1, saliency.max() - saliency.min())
        mask = detect(image, maxval, n, "-k", repr(k))
        soft = detect(image, maxval, n, "--soft", "--depth", "16")
        expected = saliency > saliency.mean() + k * saliency.std()
        if (mask != 255 * expected).any() or (soft != np.rint(65535 * scaled)).any():
            wrong += 1
            print(f"image of {image.shape}, maxval {maxval}, n {n}, k {k} differs")
    print(f"{trial + 1} images compared, {wrong} differ")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
