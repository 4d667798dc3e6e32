"""Compares a network of irtools with its PyTorch definition, on random input and the same weights.

    parity.py test-detector NET CHECKPOINT [N H W]

Dropout is off on both sides. Prints one line a quantity and ends with
status 1 when one is out of tolerance: probability maps 1e-5 (largest difference), every parameter's
gradient 1e-3 (2-norm, relative), losses and running statistics 1e-5.
"""
import subprocess
import sys

import numpy as np
import torch

import checkpoint
import networks

failed = False


def report(what, error, tolerance):
    global failed
    ok = error <= tolerance
    failed |= not ok
    print(f"{'ok' if ok else 'FAIL'}\t{what}\t{error:.2e}\t{tolerance:g}")


def relative(a, b, floor=1e-12):
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(b), floor))


def sections(data):
    out, at = {}, 0
    while at < len(data):
        end = data.index(b"\n", at)
        name, count = data[at:end].decode().split()
        at = end + 1 + 4 * int(count)
        out[name] = np.frombuffer(data[end + 1:at], "<f4").astype(np.float64)
    return out


def scene(n, h, w):
    """Noise with bright blobs, and the blobs: with masks that have nothing to do with the images what is
    left of the gradients behind the batch norms is rounding."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:h, :w]
    images = rng.normal(size=(n, 1, h, w))
    masks = np.zeros((n, 1, h, w))
    for i in range(n):
        for _ in range(4):
            cy, cx = rng.random(2) * (h, w)
            blob = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * rng.uniform(4, 12) ** 2))
            images[i, 0] += 5 * blob
            masks[i, 0][blob > 0.5] = 1
    return images.astype("<f4"), masks.astype("<f4")


def main(program, net, path, n=4, h=96, w=64):
    images, masks = scene(n, h, w)
    ours = sections(subprocess.run([program, path, str(n), str(h), str(w)], check=True,
                                   input=images.tobytes() + masks.tobytes(),
                                   stdout=subprocess.PIPE).stdout)

    # double precision on PyTorch's side: what differs is our rounding, not two roundings
    meta, arrays = checkpoint.read(path)
    model = networks.NETWORKS[net](momentum=float(meta["bn_momentum"]), dropout=0.0).double()
    state = checkpoint.state_dict(arrays)
    missing, extra = model.load_state_dict(state, strict=False)
    assert not extra and all(m.endswith("num_batches_tracked") for m in missing), (missing, extra)
    x, y = torch.from_numpy(images).double(), torch.from_numpy(masks).double()

    model.eval()
    with torch.no_grad():
        p = model(x)
    report("detection/probability", np.abs(ours["detection/probability"] - p.numpy().ravel()).max(),
           1e-5)
    model.train()
    p = model(x)
    loss = networks.soft_iou(p, y)
    loss.mean().backward()
    report("training/probability",
           np.abs(ours["training/probability"] - p.detach().numpy().ravel()).max(), 1e-5)
    report("training/loss", np.abs(ours["training/loss"] - loss.detach().numpy()).max(), 1e-5)
    # A gradient that cancels to less than a thousandth of the largest (a bias before a batch norm, a
    # scale before one) is rounding in any single-precision code: it is measured against that floor.
    floor = 1e-3 * max(float(t.grad.norm()) for t in model.parameters())
    for name, t in model.named_parameters():
        got, want = ours[f"grad/{name}"], t.grad.numpy().ravel()
        report(f"grad/{name}", relative(got, want, floor), 1e-3)
    for name, t in model.named_buffers():
        if not name.endswith("num_batches_tracked"):
            report(f"state/{name}", relative(ours[f"state/{name}"], t.numpy().ravel()), 1e-5)
    trained = sum(t.numel() for t in model.parameters())
    print(f"# {net}: {trained} trainable parameters")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4], *map(int, sys.argv[4:])))
