"""What the processors can do at most: roofline.py THREADS

Prints billions of floating-point operations a second, in the product of two single-precision
matrices by NumPy's BLAS, and billions of bytes a second, read and written, in copying 128 MiB: the
best of some turns.
"""
import os
import sys
import threading
import time

threads = int(sys.argv[1])
os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = sys.argv[1]

import numpy as np  # noqa: E402

SIDE, BYTES, TURNS = 1536, 1 << 27, 5


def best(work):
    times = []
    for _ in range(TURNS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


a, b = (np.random.default_rng(i).random((SIDE, SIDE), np.float32) for i in range(2))
parts = [(np.ones(BYTES // threads, np.uint8), np.zeros(BYTES // threads, np.uint8))
         for _ in range(threads)]


def copy():
    workers = [threading.Thread(target=np.copyto, args=(to, of)) for of, to in parts]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


print(f"{2 * SIDE**3 / best(lambda: a @ b) / 1e9:.1f} {2 * BYTES / best(copy) / 1e9:.1f}")
