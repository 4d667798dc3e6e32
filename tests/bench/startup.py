"""Detects in one frame as ir-detect does: startup.py CHECKPOINT FRAME.pgm > MASK.pgm"""
import io
import pathlib
import sys
import tarfile

import numpy
import torch
from torch.nn import functional as F

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
import networks  # noqa: E402

with tarfile.open(sys.argv[1]) as tar:
    text = {m.name: tar.extractfile(m).read() for m in tar}
meta = dict(line.split(" ", 1) for line in text["meta"].decode().splitlines())
weights = {name.split("/", 1)[1][:-4]: torch.from_numpy(numpy.load(io.BytesIO(data)))
           for name, data in text.items() if name.startswith(("param/", "state/"))}
net = networks.NETWORKS[meta["net"]]().eval()
net.load_state_dict(weights, strict=False)  # without counts of batches

data = pathlib.Path(sys.argv[2]).read_bytes()
width, height, maxval = (int(word) for word in data.split(maxsplit=4)[1:4])
kind = ">u2" if maxval > 255 else "u1"
frame = numpy.frombuffer(data, kind, width * height, len(data) - width * height
                         * numpy.dtype(kind).itemsize).reshape(1, 1, height, width)
x = torch.from_numpy((frame / maxval - float(meta["mean"])) / float(meta["std"])).float()
x = F.pad(x, (0, -width % 32, 0, -height % 32))
with torch.inference_mode():
    p = net(x)[0][-1][0, 0, :height, :width]
mask = ((p > 0.5) * 255).byte().numpy().tobytes()
sys.stdout.buffer.write(b"P5\n%d %d\n255\n" % (width, height) + mask)
