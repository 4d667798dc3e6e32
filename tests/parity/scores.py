#!/usr/bin/env python3
"""Compares ir-score (from PATH) with the definitions of its scores, written out in NumPy.

usage: scores.py [SEED]

Random masks and maps of blobs: many sizes and depths, empty ones, ones that touch corner to corner,
predictions that are shifted, torn and doubled targets. Components come from skimage where that is
installed, otherwise from a flood fill. Every score of the set, every image's row and the whole ROC
must agree to 1e-12. Prints what differs; exit 1 when anything does.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

try:
    from skimage import measure
except ImportError:
    measure = None

TOLERANCE = 1e-12


def label(mask):
    """8-connected components numbered from 1 by their first pixel in raster order."""
    if measure is not None:
        return measure.label(mask.astype("int64"), connectivity=2)
    labels = np.zeros(mask.shape, int)
    count = 0
    for start in zip(*np.nonzero(mask)):
        if labels[start]:
            continue
        count += 1
        labels[start] = count
        todo = [start]
        while todo:
            y, x = todo.pop()
            near = np.s_[max(y - 1, 0):y + 2, max(x - 1, 0):x + 2]
            for dy, dx in zip(*np.nonzero(mask[near] & (labels[near] == 0))):
                at = near[0].start + dy, near[1].start + dx
                labels[at] = count
                todo.append(at)
    return labels


def components(mask):
    labels = label(mask)
    return [np.argwhere(labels == i) for i in range(1, labels.max(initial=0) + 1)]


def count(predicted, truth):
    """The counts of one image: the columns of --per-image after the name."""
    candidates = components(predicted)
    targets = components(truth)
    hits = 0
    false = predicted.copy()
    for target in targets:
        for i, candidate in enumerate(candidates):
            if np.linalg.norm(candidate.mean(axis=0) - target.mean(axis=0)) < 3:
                hits += 1
                false[tuple(candidate.T)] = False
                del candidates[i]
                break
    both, either = np.sum(predicted & truth), np.sum(predicted | truth)
    return {"iou": both / either if either else np.nan, "intersection": both, "union": either,
            "targets": len(targets), "hits": hits, "false_alarms": len(candidates),
            "false_alarm_pixels": np.sum(false), "pixels": predicted.size}


def quotient(a, b):
    return a / b if b else np.nan


def scores(counts):
    total = {key: sum(c[key] for c in counts) for key in counts[0]}
    defined = [c["iou"] for c in counts if c["union"]]
    return {"iou": quotient(total["intersection"], total["union"]),
            "niou": np.mean(defined) if defined else np.nan,
            "pd": quotient(total["hits"], total["targets"]),
            "fa_per_million": 1e6 * total["false_alarm_pixels"] / total["pixels"],
            "images": len(counts), "targets": total["targets"], "hits": total["hits"],
            "false_alarm_pixels": total["false_alarm_pixels"], "pixels": total["pixels"]}


def roc(maps, truths, thresholds):
    rows = []
    positives = sum(np.sum(t) for t in truths)
    negatives = sum(np.sum(~t) for t in truths)
    for threshold in thresholds:
        masks = [m > threshold for m in maps]
        found = scores([count(m, t) for m, t in zip(masks, truths)])
        rows.append({"threshold": threshold,
                     "true_positive_rate": quotient(sum(np.sum(m & t) for m, t in
                                                        zip(masks, truths)), positives),
                     "false_positive_rate": quotient(sum(np.sum(m & ~t) for m, t in
                                                         zip(masks, truths)), negatives),
                     "pd": found["pd"], "fa_per_million": found["fa_per_million"]})
    x = np.array([1] + [r["false_positive_rate"] for r in rows])
    y = np.array([1] + [r["true_positive_rate"] for r in rows])
    return rows, np.sum((x[:-1] - x[1:]) * (y[:-1] + y[1:])) / 2


# ---- random sets ---------------------------------------------------------------------------------


def blobs(rng, height, width, number):
    """A mask with up to number discs; some so near that they touch."""
    y, x = np.mgrid[:height, :width]
    mask = np.zeros((height, width), bool)
    for _ in range(rng.integers(0, number + 1)):
        cy, cx, r = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(0.3, 4)
        mask |= (y - cy) ** 2 + (x - cx) ** 2 <= r * r
    return mask


def spoil(rng, truth):
    """A prediction of the mask: shifted by up to 4 pixels, with holes and false alarms."""
    shift = rng.integers(-4, 5, 2) * (rng.uniform() < 0.7)
    moved = np.roll(truth, shift, (0, 1))
    return (moved & (rng.uniform(size=truth.shape) < 0.9)) | blobs(rng, *truth.shape, 3)


def pgm(samples, maxval):
    height, width = samples.shape
    kind = ">u2" if maxval > 255 else "u1"
    return b"P5\n%d %d\n%d\n" % (width, height, maxval) + samples.astype(kind).tobytes()


def random_set(rng, directory, images, soft):
    """Writes predicted/ and true/; returns the maps in [0,1] and the true masks."""
    maps, truths = [], []
    for kind in "predicted", "true":
        os.makedirs(os.path.join(directory, kind))
    for i in range(images):
        height, width = rng.integers(1, 60, 2)
        maxval = int(rng.choice([1, 200, 255, 16383, 65535]))
        truth = blobs(rng, height, width, rng.integers(0, 6))
        mask = spoil(rng, truth)
        samples = mask * maxval
        if soft:
            high = rng.integers(0, maxval + 1, mask.shape)
            samples = np.where(mask, high, high // 4)
        for kind, data in ("predicted", pgm(samples, maxval)), ("true", pgm(truth * 255, 255)):
            with open(os.path.join(directory, kind, "%03d.pgm" % i), "wb") as file:
                file.write(data)
        maps.append(samples / maxval)
        truths.append(truth)
    return maps, truths


# ---- comparing -----------------------------------------------------------------------------------


def run(directory, *options):
    return subprocess.run(["ir-score", *options, "predicted", "true"], cwd=directory, check=True,
                          stdout=subprocess.PIPE, text=True).stdout


def table(text):
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    return [dict(zip(lines[0], line)) for line in lines[1:]]


class Comparison:
    def __init__(self):
        self.values = self.wrong = 0

    def check(self, where, expected, got):
        for key, value in expected.items():
            self.values += 1
            found = np.nan if got[key] is None else float(got[key])
            if np.isnan(value) and np.isnan(found):
                continue
            if not abs(found - value) <= TOLERANCE * max(1, abs(value)):
                self.wrong += 1
                print(f"{where}: {key} is {found!r}, expected {value!r}")

    def check_rows(self, where, expected, got):
        if len(expected) != len(got):
            self.wrong += 1
            print(f"{where}: {len(got)} rows, expected {len(expected)}")
        for i, (a, b) in enumerate(zip(expected, got)):
            self.check(f"{where}, row {i}", a, b)


def compare_masks(c, rng, directory, images):
    threshold = rng.choice([0, 0.25, 0.5, 0.9, 1 / 3])
    maps, truths = random_set(rng, directory, images, soft=rng.uniform() < 0.5)
    counts = [count(m > threshold, t) for m, t in zip(maps, truths)]
    options = ["-t", repr(float(threshold))]
    c.check("scores", scores(counts), table(run(directory, "--tsv", *options))[0])
    c.check("json", scores(counts), json.loads(run(directory, "--json", *options)))
    c.check_rows("per image", counts, table(run(directory, "--per-image", *options)))


def compare_roc(c, rng, directory):
    maps, truths = random_set(rng, directory, 5, soft=True)
    rows, area = roc(maps, truths, np.arange(21) / 20)
    text = run(directory, "--roc", "--thresholds", "20")
    c.check_rows("roc", rows, table(text))
    c.check("roc", {"area": area}, {"area": text.splitlines()[-1].split("\t")[1]})


def main():
    rng = np.random.default_rng(int(sys.argv[1]) if len(sys.argv) > 1 else 1)
    c = Comparison()
    for trial in range(12):
        with tempfile.TemporaryDirectory() as directory:
            compare_masks(c, rng, directory, images=1 if trial < 4 else 25)
    for trial in range(3):
        with tempfile.TemporaryDirectory() as directory:
            compare_roc(c, rng, directory)
    print(f"{c.values} values compared, {c.wrong} differ")
    sys.exit(c.wrong > 0)


if __name__ == "__main__":
    main()
