"""The same work as bench-detector in PyTorch: pytorch.py train|detect NET N SIDE ROUNDS [THREADS]"""
import resource
import statistics
import sys
import time

import torch

sys.path.insert(0, sys.path[0] + "/../parity")
import networks  # noqa: E402

mode, net, n, side, rounds = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
torch.set_num_threads(int(sys.argv[6]) if len(sys.argv) > 6 else torch.get_num_threads())
torch.manual_seed(1)
model = networks.NETWORKS[net]()
x = torch.randn(n, 1, side, side)
y = (torch.rand(n, 1, side, side) < 0.001).float()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)


def train():
    optimizer.zero_grad(set_to_none=True)
    heads, edge = model(x)
    networks.loss(heads, edge, y).mean().backward()
    optimizer.step()


def detect():
    with torch.inference_mode():
        run(x)


class Output(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x)[0][-1]


if mode == "detect":
    model.eval()
    with torch.no_grad():
        run = torch.jit.freeze(torch.jit.trace(Output().eval(), x))
times = []
for i in range(-2 if mode == "train" else -5, rounds):
    start = time.perf_counter()
    train() if mode == "train" else detect()
    if i >= 0:
        times.append((time.perf_counter() - start) * 1e3 / n)
print(f"PyTorch {torch.__version__} {mode}, batch {n}, {side}x{side}: "
      f"{statistics.median(times):.3f} ms an image (least {min(times):.3f}), peak "
      f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
