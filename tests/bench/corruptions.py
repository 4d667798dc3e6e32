"""Times the Python package imagecorruptions: corruptions.py NAME DIR SEVERITY ...

Prints milliseconds of processor time a frame of DIR (raw grey PGM of 8 bits), the mean of the
severities, and MiB of resident memory at the peak. The frames are decoded beforehand; the package
makes three colours of each.
"""
import pathlib
import resource
import sys
import time

import cv2
import numpy as np

import package

cv2.setNumThreads(1)
name, directory, *severities = sys.argv[1:]
corrupt = package.corrupt()
frames = [package.read_pgm(path) for path in sorted(pathlib.Path(directory).glob("*.pgm"))]
frames = [frame.astype(np.uint8) for frame, maxval in frames]
corrupt(frames[0], name, int(severities[0]))  # what is made once
start = time.process_time()
for severity in severities:
    for frame in frames:
        corrupt(frame, name, int(severity))
taken = time.process_time() - start
print(f"{1000 * taken / len(frames) / len(severities):.6f} "
      f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f}")
