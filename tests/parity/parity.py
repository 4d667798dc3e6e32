"""Compares a network of irtools with its PyTorch definition, on random input and the same weights.

    parity.py test-detector NET CHECKPOINT [N H W]

Dropout is off on both sides, PyTorch computes in double precision. Prints one line a quantity and ends
with status 1 when one is out of tolerance: probability maps 1e-5 (training: 1e-4; largest difference),
losses and running statistics 1e-5 (relative), every parameter's gradient 1e-3 (2-norm, relative).

Where a ReLU's input or a maximum's rival rounds to the other side, a gradient changes by a finite
amount: in single precision PyTorch's own gradients of these networks are off by 1e-3 to 1e-2 on about
every second input, and by 1e-5 on the others; those of balistd, which takes the ReLU of 50 spectra, are
so on every input. So several inputs are tried, and a gradient must be right on one of them, or as near
as PyTorch's in single precision, the median within twice that one's; a wrong gradient is wrong on all.
All else must be right on each. That such a gradient is nevertheless the right one is shown by
reference.py, which has the same graph computed in double.
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


def relative(a, b, floor=0):
    return float(np.linalg.norm(a - b) / max(np.linalg.norm(b), floor, 1e-12))


# How the program writes its numbers, and what is tolerated of them: the largest difference of the
# probabilities in training and in detection, the relative error of losses and statistics.
SINGLE = {"type": "<f4", "training": 1e-4, "detection": 1e-5, "sums": 1e-5}
DOUBLE = {"type": "<f8", "training": 1e-10, "detection": 1e-10, "sums": 1e-10}


def sections(data, kind):
    out, at = {}, 0
    while at < len(data):
        end = data.index(b"\n", at)
        name, count = data[at:end].decode().split()
        at = end + 1 + np.dtype(kind).itemsize * int(count)
        out[name] = np.frombuffer(data[end + 1:at], kind).astype(np.float64)
    return out


INPUTS = 8


def scene(n, h, w, seed):
    """Noise with bright blobs, and the blobs: with masks that have nothing to do with the images what is
    left of the gradients behind the batch norms is rounding. Images differ in brightness and contrast:
    where they all have the same mean, batch norms of pooled features divide by next to nothing."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:h, :w]
    images = rng.normal(size=(n, 1, h, w))
    masks = np.zeros((n, 1, h, w))
    for i in range(n):
        for _ in range(4):
            cy, cx = rng.random(2) * (h, w)
            blob = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * rng.uniform(2, 6) ** 2))
            images[i, 0] += 5 * blob
            masks[i, 0][blob > 0.5] = 1
        images[i] = images[i] * rng.uniform(0.5, 2) + rng.normal()
    return images.astype("<f4"), masks.astype("<f4")


def load(net, meta, arrays):
    model = networks.NETWORKS[net](momentum=float(meta["bn_momentum"]), dropout=0.0,
                                   sfim=meta["sfim"] == "1").double()
    missing, extra = model.load_state_dict(checkpoint.state_dict(arrays), strict=False)
    assert not extra and all(m.endswith("num_batches_tracked") for m in missing), (missing, extra)
    return model


def scale(model, name):
    """What a statistic's error is measured against, beside itself: a mean may cancel, and so may the
    variance of numbers that lie close together far from 0."""
    module = model.get_submodule(name.rpartition(".")[0])
    if not isinstance(module, torch.nn.BatchNorm2d):
        return 0
    m = module.momentum
    mean, variance = module.running_mean.numpy() / m, (module.running_var.numpy() - (1 - m)) / m
    if name.endswith("running_var"):
        return m * np.linalg.norm(mean ** 2)
    return m * np.linalg.norm(np.sqrt(np.maximum(variance, 0)))


def compare(program, model, path, images, masks, tolerance=SINGLE):
    """Everything but the gradients, reported; the gradients by name, the model's left in it."""
    ours = sections(subprocess.run([program, path, *map(str, np.array(images.shape)[[0, 2, 3]])],
                                   input=images.tobytes() + masks.tobytes(),
                                   stdout=subprocess.PIPE, check=True).stdout,
                    tolerance["type"])
    x, y = torch.from_numpy(images).double(), torch.from_numpy(masks).double()

    heads, edge = model(x)
    p, loss = heads[-1], networks.loss(heads, edge, y)
    loss.mean().backward()
    report("training/probability",
           np.abs(ours["training/probability"] - p.detach().numpy().ravel()).max(),
           tolerance["training"])
    report("training/loss", relative(ours["training/loss"], loss.detach().numpy()),
           tolerance["sums"])
    for name, t in model.named_buffers():
        if not name.endswith("num_batches_tracked"):
            error = relative(ours[f"state/{name}"], t.numpy().ravel(), scale(model, name))
            report(f"state/{name}", error, tolerance["sums"])
    model.eval()  # with the statistics of that step
    with torch.no_grad():
        p = model(x)[0][-1].numpy().ravel()
    assert p.std() > 1e-3, "the network says the same everywhere"
    report("detection/probability", np.abs(ours["detection/probability"] - p).max(),
           tolerance["detection"])
    return {name[5:]: g for name, g in ours.items() if name.startswith("grad/")}


def gradients(model):
    return {k: t.grad.double().numpy().ravel() for k, t in model.named_parameters()
            if t.requires_grad}


def errors(got, wanted, least=1e-3):
    """A gradient that cancels to less than this much of the largest (a bias before a batch norm, a scale
    before one), by default what is rounding in any single-precision code, is measured against that."""
    floor = least * max(np.linalg.norm(g) for g in wanted.values())
    return {name: relative(got[name], g, floor) for name, g in wanted.items()}


def single(model, images, masks):
    """The gradients of PyTorch in single precision."""
    model = model.float()
    heads, edge = model(torch.from_numpy(images))
    networks.loss(heads, edge, torch.from_numpy(masks)).mean().backward()
    return gradients(model)


def main(program, net, path, n=4, h=64, w=32):
    meta, arrays = checkpoint.read(path)
    ours, pytorch = [], []
    for seed in range(INPUTS):
        images, masks = scene(n, h, w, seed)
        model = load(net, meta, arrays)
        got = compare(program, model, path, images, masks)
        wanted = gradients(model)
        ours.append(errors(got, wanted))
        best = {name: min(e[name] for e in ours) for name in wanted}
        if max(best.values()) <= 1e-3:
            break
        pytorch.append(errors(single(load(net, meta, arrays), images, masks), wanted))
    for name, error in best.items():
        if error <= 1e-3:
            report(f"grad/{name}", error, 1e-3)
        else:
            typical = [np.median([e[name] for e in some]) for some in (ours, pytorch)]
            report(f"grad/{name}", typical[0], 2 * typical[1])
    trained = sum(t.numel() for t in model.parameters() if t.requires_grad)
    print(f"# {net}: {trained} trainable parameters, {seed + 1} inputs")
    return failed


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4], *map(int, sys.argv[4:])))
