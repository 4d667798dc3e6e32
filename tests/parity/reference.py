"""Compares what a network's graph says, computed in double, with its PyTorch definition.

    reference.py test-reference NET CHECKPOINT ...

Here nothing is left to rounding: where both sides compute in double, no ReLU's input comes near enough
to zero to fall on the other side, so every parameter's gradient must be PyTorch's, on the first input.
The operations of tests/ops compute the graph that the programs run; that a backend's kernels are those
operations is what test-ops shows.

Prints one line a quantity and ends with status 1 when one is out of tolerance: probability maps 1e-10
(largest difference), losses and running statistics 1e-10, gradients 1e-9 (2-norm, relative). What double
leaves is less on every input that was tried: 2e-13 of the probabilities, 1e-12 of the statistics, 1e-10
of the gradients, most of it from batch norms of two images' means; on the one below a tenth of that.
"""
import sys

import checkpoint
import parity

# A gradient that is zero but for rounding (a bias before a batch norm) has 3e-16 of the largest one's
# norm; it is measured against this much of that, as is what little else is so small.
FLOOR = 1e-5


def main(program, net, *paths):
    images, masks = parity.scene(2, 64, 32, 0)
    for path in paths:
        meta, arrays = checkpoint.read(path)
        model = parity.load(net, meta, arrays)
        print(f"# {net}, sfim {meta['sfim']}")
        got = parity.compare(program, model, path, images, masks, parity.DOUBLE)
        wanted = parity.gradients(model)
        assert got.keys() == wanted.keys(), got.keys() ^ wanted.keys()
        for name, error in parity.errors(got, wanted, FLOOR).items():
            parity.report(f"grad/{name}", error, 1e-9)
    return parity.failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
