#!/usr/bin/env python3
"""Times the classical detectors of ir-detect (from PATH) beside classical_reference.py, which does
what the published code does, in NumPy and SciPy, on one processor each, in turn.

usage: classical.py [FRAME.pgm ...]    (default: a generated scene of 256x256)

Prints for each method the medians of TURNS turns (3) in milliseconds an image, their ratio and the
iterations that both took. ir-detect's time counts the whole process over ten images.
"""
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))

import classical_reference as reference  # noqa: E402
from corruptions import read_pgm  # noqa: E402

IMAGES = 10


def time_ours(method, path):
    start = time.monotonic()
    run = subprocess.run(["ir-detect", "-m", method, "-v", "-j", "1", *[path] * IMAGES], check=True,
                         capture_output=True)
    seconds = (time.monotonic() - start) / IMAGES
    counts = re.findall(r": (\d+) iterations", run.stderr.decode())
    return 1000 * seconds, int(counts[0]) if counts else 0


def time_reference(method, image):
    start = time.monotonic()
    _, iterations, _, _ = getattr(reference, method)(image)
    return 1000 * (time.monotonic() - start), iterations


def main(paths):
    turns = int(os.environ.get("TURNS", 3))
    print("method\tframe\tirtools_ms\tnumpy_ms\tratio\titerations\tnumpy_iterations")
    for path in paths:
        image, maxval = read_pgm(pathlib.Path(path))
        image *= 255 / maxval
        for method in ["mspcm", "ipi", "nram", "pstnn"]:
            ours, theirs = zip(*[(time_ours(method, path), time_reference(method, image))
                                 for _ in range(turns)])
            mine, other = (statistics.median(t for t, _ in both) for both in (ours, theirs))
            print(f"{method}\t{pathlib.Path(path).stem}\t{mine:.1f}\t{other:.1f}\t{other / mine:.1f}"
                  f"\t{ours[0][1]}\t{theirs[0][1]}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1:])
    else:
        with tempfile.TemporaryDirectory() as work:
            subprocess.run(["ir-scenes", "-n", "1", "-s", "256x256", "-r", "1", "-o", work], check=True,
                           stdout=subprocess.DEVNULL)
            main([str(next(pathlib.Path(work).glob("images/*.pgm")))])
