#!/usr/bin/env python3
"""Times the classical detectors of ir-detect (from PATH) beside classical_reference.py, which does
what the published code does, in NumPy and SciPy, on one processor each, in turn.

usage: classical.py [FRAME.pgm ...]    (default: a generated scene of 256x256)

Prints for each method the medians of TURNS turns (3) in milliseconds of processor time an image,
their ratio and the iterations that both took. ir-detect's time is that of the process over ten
images.
"""
import os
import pathlib
import re
import resource
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
    start = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run(["ir-detect", "-m", method, "-v", "-j", "1", *[path] * IMAGES], check=True,
                         capture_output=True)
    end = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime
    counts = re.findall(r": (\d+) iterations", run.stderr.decode())
    return 1000 * seconds / IMAGES, int(counts[0]) if counts else 0


def time_reference(method, image):
    start = time.process_time()
    _, iterations, _, _ = getattr(reference, method)(image)
    return 1000 * (time.process_time() - start), iterations


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
            print(method, pathlib.Path(path).stem, f"{mine:.1f}", f"{other:.1f}",
                  f"{other / mine:.1f}", ours[0][1], theirs[0][1], sep="\t", flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(sys.argv[1:])
    else:
        with tempfile.TemporaryDirectory() as work:
            subprocess.run(["ir-scenes", "-n", "1", "-s", "256x256", "-r", "1", "-o", work],
                           check=True, stdout=subprocess.DEVNULL)
            main([str(next(pathlib.Path(work).glob("images/*.pgm")))])
