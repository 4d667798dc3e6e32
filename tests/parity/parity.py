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


def relative(a, b):
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-12))


def sections(data):
    out, at = {}, 0
    while at < len(data):
        end = data.index(b"\n", at)
        name, count = data[at:end].decode().split()
        at = end + 1 + 4 * int(count)
        out[name] = np.frombuffer(data[end + 1:at], "<f4").astype(np.float64)
    return out


def main(program, net, path, n=3, h=96, w=64):
    rng = np.random.default_rng(1)
    images = rng.normal(size=(n, 1, h, w)).astype("<f4")
    masks = (rng.random((n, 1, h, w)) < 0.01).astype("<f4")
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
    largest = max(float(t.grad.norm()) for t in model.parameters())
    for name, t in model.named_parameters():
        got, want = ours[f"grad/{name}"], t.grad.numpy().ravel()
        # a bias before a batch norm has no gradient but rounding: measured against the largest
        tiny = np.linalg.norm(want) < 1e-9 * largest
        report(f"grad/{name}", np.linalg.norm(got) / largest if tiny else relative(got, want), 1e-3)
    for name, t in model.named_buffers():
        if not name.endswith("num_batches_tracked"):
            report(f"state/{name}", relative(ours[f"state/{name}"], t.numpy().ravel()), 1e-5)
    trained = sum(t.numel() for t in model.parameters())
    print(f"# {net}: {trained} trainable parameters")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4], *map(int, sys.argv[4:])))
