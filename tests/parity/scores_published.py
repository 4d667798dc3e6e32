#!/usr/bin/env python3
"""Compares ir-score --all (from PATH) with the Python package pyirstdmetrics.

usage: scores_published.py [--time] PREDICTED TRUE

PREDICTED and TRUE are directories of raw PGM files of the same names. Every score that both compute
must agree to 1e-9; where the package says 0 for a quotient by zero ir-score says nan, and images in
which nothing is true or predicted are kept from the package's nIoU. Prints what differs; exit 1 when anything does, 77 when the package is not installed. --time: prints instead how
many seconds the package needs for its scores and how many ir-score --all, whole processes but for
the reading of Python's own libraries.
"""
import glob
import math
import os
import subprocess
import sys
import time
import warnings

try:
    import numpy as np
    import py_irstd_metrics as published
except ImportError:
    sys.exit(77)

TOLERANCE = 1e-9
warnings.simplefilter("ignore")  # of numpy, over means of nothing


def read(path):
    """Samples and maxval of a raw PGM without comments."""
    data = open(path, "rb").read()
    magic, width, height, maxval = data.split(maxsplit=4)[:4]
    assert magic == b"P5", path
    kind = np.dtype(">u2" if int(maxval) > 255 else "u1")
    size = int(width) * int(height) * kind.itemsize
    return np.frombuffer(data[-size:], kind).reshape(int(height), int(width)), int(maxval)


def pairs(predicted, true):
    for path in sorted(glob.glob(os.path.join(predicted, "*.pgm"))):
        samples, maxval = read(path)
        mask, mask_maxval = read(os.path.join(true, os.path.basename(path)))
        yield samples / maxval, 2 * mask.astype(int) > mask_maxval


def package_scores(predicted, true):
    options = {"with_dynamic": False, "with_binary": True}
    pixels = published.CMMetrics(metric_handlers={
        "iou": published.IoUHandler(sample_based=False, **options),
        "precision": published.PrecisionHandler(sample_based=False, **options),
        "recall": published.RecallHandler(sample_based=False, **options),
        "f1": published.FmeasureHandler(sample_based=False, beta=1, **options)})
    images = published.CMMetrics(metric_handlers={
        "niou": published.IoUHandler(sample_based=True, **options)})
    matchings = {
        "distance": published.MatchingBasedMetrics(
            matching_method=published.DistanceOnlyMatching(distance_threshold=3)),
        "opdc": published.MatchingBasedMetrics(
            matching_method=published.OPDCMatching(overlap_threshold=0.5, distance_threshold=3)),
        "shooting": published.ShootingRuleBasedProbabilityDetectionAndFalseAlarmRate()}
    plain = published.ProbabilityDetectionAndFalseAlarmRate()
    errors = published.HierarchicalIoUBasedErrorAnalysis()
    every = [pixels, plain, errors, *matchings.values()]
    for prob, mask in pairs(predicted, true):
        for metric in every:
            metric.update(prob, mask)
        if mask.any() or (prob > 0.5).any():
            images.update(prob, mask)

    found = {key: value["binary"] for key, value in {**pixels.get(), **images.get()}.items()}
    for name, metric in matchings.items():
        values = metric.get()
        found["pd_" + name] = values["probability_detection"]
        found["fa_per_million_" + name] = 1e6 * values["false_alarm"]
        if name != "shooting":
            found["hiou" if name == "opdc" else "hiou_distance"] = values["hiou"]
    found["pd"] = plain.get()["probability_detection"]
    found["fa_per_million"] = 1e6 * plain.get()["false_alarm"]
    shares = errors.get()
    for ours, theirs in {"seg_iou": "seg_iou", "seg_merging": "seg_mrg_err",
                         "seg_interference": "seg_itf_err", "seg_perception": "seg_pcp_err",
                         "loc_iou": "loc_iou", "loc_one_to_many": "loc_s2m_err",
                         "loc_many_to_one": "loc_m2s_err", "loc_interference": "loc_itf_err",
                         "loc_perception": "loc_pcp_err"}.items():
        found[ours] = shares[theirs]
    return {key: float(np.ravel(value)[0]) for key, value in found.items()}


def our_scores(predicted, true):
    text = subprocess.run(["ir-score", "--all", "--tsv", predicted, true], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    keys, row = (line.split("\t") for line in text.splitlines())
    return dict(zip(keys, map(float, row)))


def measure(predicted, true):
    start = time.perf_counter()
    package_scores(predicted, true)
    middle = time.perf_counter()
    our_scores(predicted, true)
    end = time.perf_counter()
    print(f"pyirstdmetrics {middle - start:.3f} s, ir-score {end - middle:.3f} s, "
          f"{(middle - start) / (end - middle):.0f} times as fast")


def main():
    if sys.argv[1] == "--time":
        measure(*sys.argv[2:])
        return
    theirs, ours = package_scores(*sys.argv[1:]), our_scores(*sys.argv[1:])
    wrong = 0
    for key, value in theirs.items():
        got = 0.0 if math.isnan(ours[key]) else ours[key]
        if not abs(got - value) <= TOLERANCE * max(1, abs(value)):
            wrong += 1
            print(f"{key} is {ours[key]!r}, pyirstdmetrics says {value!r}")
    print(f"{len(theirs)} scores compared, {wrong} differ")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
