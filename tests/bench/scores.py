"""Times the Python package pyirstdmetrics: scores.py [--all] [--files] PREDICTED TRUE

Prints milliseconds of processor time a frame and MiB of resident memory at the peak, for IoU, nIoU,
Pd and Fa, or with --all for every score that it has in common with ir-score --all. The masks are
decoded beforehand; with --files reading them from the page cache and decoding them counts, a frame
at a time as its scores are updated.
"""
import pathlib
import resource
import sys
import time

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))

import py_irstd_metrics as published  # noqa: E402
import scores_published  # noqa: E402


def four_scores(frames):
    options = {"with_dynamic": False, "with_binary": True}
    metrics = [published.CMMetrics(metric_handlers={
        "iou": published.IoUHandler(sample_based=images, **options)}) for images in (False, True)]
    metrics.append(published.ProbabilityDetectionAndFalseAlarmRate())
    for prediction, mask in frames:
        for metric in metrics:
            metric.update(prediction, mask)
    return [metric.get() for metric in metrics]


predicted, true = sys.argv[-2:]
count = sum(1 for _ in scores_published.pairs(predicted, true))
if "--files" not in sys.argv:
    decoded = list(scores_published.pairs(predicted, true))
    scores_published.pairs = lambda *_: decoded
start = time.process_time()
if "--all" in sys.argv:
    scores_published.package_scores(predicted, true)
else:
    four_scores(scores_published.pairs(predicted, true))
taken = time.process_time() - start
print(f"{1000 * taken / count:.6f} "
      f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f}")
