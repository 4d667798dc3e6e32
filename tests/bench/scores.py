"""Times the Python package pyirstdmetrics: scores.py [--all] PREDICTED TRUE

Prints milliseconds of processor time a frame and MiB of resident memory at the peak, for IoU, nIoU,
Pd and Fa, or with --all for every score that it has in common with ir-score --all. The masks are
decoded beforehand.
"""
import pathlib
import resource
import sys
import time

sys.path.insert(1, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))

import py_irstd_metrics as published  # noqa: E402
import scores_published  # noqa: E402


def four_scores(decoded):
    options = {"with_dynamic": False, "with_binary": True}
    metrics = [published.CMMetrics(metric_handlers={
        "iou": published.IoUHandler(sample_based=images, **options)}) for images in (False, True)]
    metrics.append(published.ProbabilityDetectionAndFalseAlarmRate())
    for prediction, mask in decoded:
        for metric in metrics:
            metric.update(prediction, mask)
    return [metric.get() for metric in metrics]


predicted, true = sys.argv[-2:]
decoded = list(scores_published.pairs(predicted, true))
scores_published.pairs = lambda *_: decoded
start = time.process_time()
if sys.argv[1] == "--all":
    scores_published.package_scores(predicted, true)
else:
    four_scores(decoded)
taken = time.process_time() - start
print(f"{1000 * taken / len(decoded):.6f} "
      f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f}")
