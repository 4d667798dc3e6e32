"""The same work as bench-detector in PyTorch:

    pytorch.py [OPTION ...] train|detect[,...] NET N[,...] SIDE ROUNDS [THREADS]
    pytorch.py count NET[,...] SIDE

On the CPU detection is a frozen trace; on a GPU everything is eager, channels last, with TF32 products,
cuDNN's measured algorithms and Adam in one kernel; or compiled, for each batch by itself. --help lists
the options, which mean what they mean to bench-detector.

count prints for each network the megabytes that a forward pass of one image has to move if everything
that is done number by number is done on the way: what convolutions, matrix products, pools, resizings
and Fourier transforms read and write in single precision, and the parameters.
"""
import argparse
import resource
import statistics
import sys
import time

import torch

sys.path.insert(0, sys.path[0] + "/../parity")
import networks  # noqa: E402

MOVING = ("convolution", "pool", "upsample", "_fft", "mm", "gather", "index")


class Output(torch.nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x)[0][-1]


def count(net, side):
    from torch.utils._python_dispatch import TorchDispatchMode
    from torch.utils._pytree import tree_flatten
    moved = 0

    class Counter(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            nonlocal moved
            out = function(*args, **(kwargs or {}))
            if any(word in str(function) for word in MOVING):
                moved += sum(t.numel() * t.element_size() for t in tree_flatten((args, out))[0]
                             if isinstance(t, torch.Tensor))
            return out

    model = networks.NETWORKS[net]().eval()
    with torch.no_grad(), Counter():
        model(torch.randn(1, 1, side, side))
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{net}: {moved / 1e6:.1f} MB an image, {parameters} parameters", flush=True)


class Work:
    """One kind of work on one batch; step() asks for it, wait() until all of it is done."""

    def __init__(self, options, mode, n):
        self.options, self.cuda = options, options.device != "cpu"
        torch.manual_seed(1)
        self.model = networks.NETWORKS[options.net]().to(options.device)
        self.left = self.memory() if self.cuda else 0
        self.x = torch.randn(n, 1, options.side, options.side)
        self.y = (torch.rand(n, 1, options.side, options.side) < 0.001).float()
        if self.cuda:
            self.model = self.model.to(memory_format=torch.channels_last)
            self.x, self.y = self.x.pin_memory(), self.y.pin_memory()
        self.step = self.train if mode == "train" else self.detect
        if mode == "train":
            self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-4, fused=self.cuda)
            self.run = self.compiled(self.objective)
        else:
            self.model.eval()
            self.run = self.compiled(Output(self.model).eval())
            if not self.cuda and not options.compile:
                with torch.no_grad():
                    self.run = torch.jit.freeze(torch.jit.trace(self.run, self.x))

    def compiled(self, function):
        if not self.options.compile:
            return function
        torch._dynamo.reset()  # each batch for itself, not one program for batches of any size
        return torch.compile(function, mode=self.options.compile, dynamic=False)

    def objective(self, x, y):
        heads, edge = self.model(x)
        return networks.loss(heads, edge, y).mean()

    def there(self, tensor):
        return tensor.to(self.options.device, non_blocking=True)

    def train(self):
        self.optimizer.zero_grad(set_to_none=True)
        self.run(self.there(self.x), self.there(self.y)).backward()
        self.optimizer.step()

    def detect(self):
        with torch.inference_mode():
            self.run(self.there(self.x)).cpu()

    def wait(self):
        if self.cuda:
            torch.cuda.synchronize()

    def memory(self):
        return torch.cuda.mem_get_info()[0]

    def peak(self):
        """MiB: the device's beyond the context and the first copy of the weights, or the process's."""
        if self.cuda:
            weights = sum(p.numel() * p.element_size() for p in self.model.parameters())
            return (self.left - self.memory() + weights) / 2 ** 20
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(options, mode, n):
    work = Work(options, mode, n)

    def timed(steps):
        start = time.perf_counter()
        for _ in range(steps):
            work.step()
        work.wait()
        return time.perf_counter() - start

    timed(options.warm or (2 if mode == "train" else 5))
    times = []
    while len(times) < options.rounds and (len(times) < 3 or sum(times) < options.seconds):
        times.append(timed(options.steps))
    times = [1e3 * t / options.steps / n for t in times]
    print(f"PyTorch {torch.__version__} {mode}, batch {n}, {options.side}x{options.side}: "
          f"{statistics.median(times):.5f} ms an image (least {min(times):.5f}), peak "
          f"{work.peak():.0f} MiB", flush=True)


def main():
    if sys.argv[1:2] == ["count"]:
        for net in sys.argv[2].split(","):
            count(net, int(sys.argv[3]))
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("-d", dest="device", default="cpu")
    parser.add_argument("-k", dest="steps", type=int, default=1)
    parser.add_argument("-s", dest="seconds", type=float, default=float("inf"))
    parser.add_argument("-w", dest="warm", type=int, default=0)
    parser.add_argument("--compile", metavar="MODE", help="torch.compile's mode")
    parser.add_argument("modes")
    parser.add_argument("net")
    parser.add_argument("batches")
    parser.add_argument("side", type=int)
    parser.add_argument("rounds", type=int)
    parser.add_argument("threads", type=int, nargs="?", default=torch.get_num_threads())
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    torch.set_float32_matmul_precision("high" if options.device != "cpu" else "highest")
    torch.backends.cudnn.benchmark = True
    failed = False
    for mode in options.modes.split(","):
        for n in map(int, options.batches.split(",")):
            try:
                measure(options, mode, n)
            except (RuntimeError, ValueError) as error:  # batch norm of one number, no memory, ...
                print(f"PyTorch {mode}, batch {n}: failed: {str(error).splitlines()[0]}", flush=True)
                failed = True
            if options.device != "cpu":
                torch.cuda.empty_cache()
    sys.exit(failed)


if __name__ == "__main__":
    main()
