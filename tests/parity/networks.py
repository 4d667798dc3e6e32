"""The networks in PyTorch, with the state_dict names of the published code, written for comparison.

Each is called with an image batch and returns its probability maps, the last one being the output,
and the log-odds of its edge map or None; loss() is what it is trained on, one number an image.
"""
import torch
from torch import nn
from torch.nn import functional as F


def conv_bn_relu(i, o, kernel=3, stride=1, bias=False, momentum=0.1):
    return [nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=bias),
            nn.BatchNorm2d(o, momentum=momentum), nn.ReLU()]


class Residual(nn.Module):
    """relu(body(x) + shortcut); what inherits it has the body."""

    def __init__(self, i, o, stride, momentum):
        super().__init__()
        self.downsample = nn.Identity()
        if stride != 1 or i != o:
            self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False),
                                            nn.BatchNorm2d(o, momentum=momentum))

    def forward(self, x):
        return F.relu(self.body(x) + self.downsample(x))


class BasicBlock(Residual):
    """torchvision's: the momentum is the shortcut's alone."""

    def __init__(self, i, o, stride, momentum):
        super().__init__(i, o, stride, momentum)
        self.conv1, self.bn1, _ = conv_bn_relu(i, o, stride=stride)
        self.conv2, self.bn2, _ = conv_bn_relu(o, o)

    def body(self, x):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))


class BodyBlock(Residual):
    """ISNet's."""

    def __init__(self, i, o, stride, momentum):
        super().__init__(i, o, stride, momentum)
        self.body = nn.Sequential(*conv_bn_relu(i, o, stride=stride, momentum=momentum),
                                  *conv_bn_relu(o, o, momentum=momentum)[:2])


class SFIM(nn.Module):
    """BALISTD's spatial-frequency interaction; the names are irtools'."""

    def __init__(self, c):
        super().__init__()
        def refine():
            return nn.Sequential(nn.Conv2d(c, c, 3, 1, 1, groups=c, bias=False), nn.ReLU(),
                                 nn.Conv2d(c, c, 1, bias=False))
        self.real, self.imag, self.spatial = refine(), refine(), BasicBlock(c, c, 1, 0.1)

    def forward(self, x):
        f = torch.fft.rfft2(x)
        return self.spatial(torch.fft.irfft2(torch.complex(self.real(f.real), self.imag(f.imag)),
                                             s=x.shape[2:]))


class Fuse(nn.Module):
    def __init__(self, c, m, sfim):
        super().__init__()
        def weigh():
            return [*conv_bn_relu(c, c // 4, 1, bias=True, momentum=m),
                    nn.Conv2d(c // 4, c, 1), nn.BatchNorm2d(c, momentum=m), nn.Sigmoid()]
        self.topdown = nn.Sequential(nn.AdaptiveAvgPool2d(1), *weigh())
        self.bottomup = nn.Sequential(*weigh())
        self.post = nn.Sequential(*conv_bn_relu(c, c, bias=True, momentum=m))
        self.sfim = SFIM(c) if sfim else nn.Identity()

    def forward(self, high, low):
        return self.sfim(self.post(2 * low * self.topdown(high) + 2 * high * self.bottomup(low)))


class Head(nn.Module):
    def __init__(self, c, m, dropout):
        super().__init__()
        self.block = nn.Sequential(*conv_bn_relu(c, c // 4, momentum=m), nn.Dropout(dropout),
                                   nn.Conv2d(c // 4, 1, 1))

    def forward(self, x):
        return self.block(x)


def stem(m):
    return nn.Sequential(nn.BatchNorm2d(1, momentum=m), *conv_bn_relu(1, 8, stride=2, momentum=m),
                         *conv_bn_relu(8, 8, momentum=m), *conv_bn_relu(8, 16, momentum=m),
                         nn.MaxPool2d(3, 2, 1))


def stage(block, count, i, o, stride, m):
    return nn.Sequential(*[block(i if k == 0 else o, o, stride if k == 0 else 1, m)
                           for k in range(count)])


def deconv(c):
    return nn.ConvTranspose2d(c, c // 2, 4, 2, 1)


def resize(x, size, align_corners=False):
    return F.interpolate(x, size=size, mode="bilinear", align_corners=align_corners)


class ACM(nn.Module):
    """BasicIRSTD's ASKCResUNet."""

    def __init__(self, momentum=0.1, dropout=0.1, sfim=False):
        super().__init__()
        m = momentum
        self.stem = stem(m)
        self.layer1 = stage(BasicBlock, 3, 16, 16, 1, m)
        self.layer2 = stage(BasicBlock, 3, 16, 32, 2, m)
        self.layer3 = stage(BasicBlock, 3, 32, 64, 2, m)
        self.deconv2, self.deconv1 = deconv(64), deconv(32)
        self.fuse2, self.fuse1 = Fuse(32, m, sfim), Fuse(16, m, sfim)
        self.uplayer2 = stage(BasicBlock, 3, 32, 32, 1, m)
        self.uplayer1 = stage(BasicBlock, 3, 16, 16, 1, m)
        self.head = Head(16, m, dropout)

    def forward(self, x):
        c1 = self.layer1(self.stem(x))
        c2 = self.layer2(c1)
        c3 = self.layer3(c2)
        u2 = self.uplayer2(self.fuse2(self.deconv2(c3), c2))
        u1 = self.uplayer1(self.fuse1(self.deconv1(u2), c1))
        return [torch.sigmoid(resize(self.head(u1), x.shape[2:]))], None


class ALCNet(nn.Module):
    """BasicIRSTD's ASKCResNetFPN, without the two stages that it never runs."""

    def __init__(self, momentum=0.1, dropout=0.1, sfim=False):
        super().__init__()
        m = momentum
        self.stem = stem(m)
        self.layer1 = stage(BasicBlock, 4, 16, 16, 1, m)
        self.layer2 = stage(BasicBlock, 4, 16, 32, 2, m)
        self.layer3 = stage(BasicBlock, 4, 32, 64, 2, m)
        self.deconv2, self.deconv1, self.deconv0 = deconv(64), deconv(32), deconv(16)
        self.fuse23, self.fuse12 = Fuse(32, m, sfim), Fuse(16, m, sfim)
        self.head = Head(8, m, dropout)

    def forward(self, x):
        c1 = self.layer1(self.stem(x))
        c2 = self.layer2(c1)
        u2 = self.fuse23(self.deconv2(self.layer3(c2)), c2)
        u1 = self.fuse12(self.deconv1(u2), c1)
        return [torch.sigmoid(resize(self.head(self.deconv0(u1)), x.shape[2:]))], None


def conv_batch(i, o, kernel=3, stride=1, m=0.1):
    return nn.Sequential(nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=False),
                         nn.BatchNorm2d(o, momentum=m), nn.LeakyReLU())


class Direction(nn.Module):
    def __init__(self, dy, dx):
        super().__init__()
        kernel = torch.zeros(1, 1, 5, 5)
        kernel[0, 0, 2, 2] = 1
        kernel[0, 0, 2 + 2 * dy, 2 + 2 * dx] = -1
        self.weight = nn.Parameter(kernel, requires_grad=False)

    def forward(self, x):
        return F.conv2d(x, self.weight, padding=2)


class NarrowBlock(nn.Module):
    def __init__(self, c, kernel, m):
        super().__init__()
        self.layer1 = conv_batch(c, c // 2, kernel, m=m)
        self.layer2 = conv_batch(c // 2, c, kernel, m=m)

    def forward(self, x):
        return self.layer2(self.layer1(x)) + x


class CBAM(nn.Module):
    def __init__(self, c):
        super().__init__()
        gate = self.ChannelGate = nn.Module()
        gate.mlp = nn.Sequential(nn.Flatten(), nn.Linear(c, 1), nn.ReLU(), nn.Linear(1, c))
        gate = self.SpatialGate = nn.Module()
        gate.spatial = nn.Module()
        gate.spatial.conv = nn.Conv2d(2, 1, 7, padding=3, bias=False)
        gate.spatial.bn = nn.BatchNorm2d(1, momentum=0.01)

    def forward(self, x):
        mlp, spatial = self.ChannelGate.mlp, self.SpatialGate.spatial
        weights = mlp(F.adaptive_avg_pool2d(x, 1)) + mlp(F.adaptive_max_pool2d(x, 1))
        x = x * torch.sigmoid(weights)[:, :, None, None]
        pooled = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)
        return x * torch.sigmoid(spatial.bn(spatial.conv(pooled)))


class RDIAN(nn.Module):
    """Its authors' RDIAN."""

    def __init__(self, momentum=0.1, dropout=0.1, sfim=False):
        super().__init__()
        m = momentum
        self.conv1, self.conv2 = conv_batch(1, 16, m=m), conv_batch(16, 32, stride=2, m=m)
        for i, count in enumerate((1, 2, 2, 2)):
            branch = nn.Sequential(*[NarrowBlock(32, 2 * i + 1, m) for _ in range(count)])
            setattr(self, f"residual_block{i}", branch)
        self.cbam = CBAM(32)
        self.conv_cat, self.conv_res = conv_batch(128, 32, m=m), conv_batch(16, 32, 1, m=m)
        clockwise = (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1)
        for i, (dy, dx) in enumerate(clockwise):
            setattr(self, f"d1{i + 1}", Direction(dy, dx))
        self.sfim = SFIM(32) if sfim else nn.Identity()
        self.head = Head(32, m, dropout)

    def forward(self, x):
        d = [getattr(self, f"d1{i + 1}")(x) for i in range(8)]
        first = self.conv1(x)
        y = self.conv2(first + first * torch.sigmoid(sum(d[i] * d[i + 4] for i in range(4))))
        y = [getattr(self, f"residual_block{i}")(y) for i in range(4)]
        y = self.cbam(self.sfim(self.conv_cat(torch.cat(y, 1))))
        y = F.relu(resize(y, x.shape[2:]) + self.conv_res(first))
        return [torch.sigmoid(self.head(y))], None


class ChannelAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.fc1 = nn.Conv2d(c, c // 16, 1, bias=False)
        self.fc2 = nn.Conv2d(c // 16, c, 1, bias=False)

    def forward(self, x):
        pooled = F.adaptive_avg_pool2d(x, 1), F.adaptive_max_pool2d(x, 1)
        return x * torch.sigmoid(sum(self.fc2(F.relu(self.fc1(p))) for p in pooled))


class SpatialAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(2, 1, 7, padding=3, bias=False)

    def forward(self, x):
        pooled = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
        return x * torch.sigmoid(self.conv1(pooled))


class NestedBlock(nn.Module):
    """DNANet's residual block: refined by its attentions, by SFIM or not at all."""

    def __init__(self, i, o, m, refine):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(i, o, 3, 1, 1), nn.BatchNorm2d(o, momentum=m)
        self.conv2, self.bn2 = nn.Conv2d(o, o, 3, 1, 1), nn.BatchNorm2d(o, momentum=m)
        self.shortcut = None
        if i != o:
            self.shortcut = nn.Sequential(nn.Conv2d(i, o, 1), nn.BatchNorm2d(o, momentum=m))
        if refine == "attention":
            self.ca, self.sa = ChannelAttention(o), SpatialAttention()
        if refine == "sfim":
            self.sfim = SFIM(o)
        self.refine = refine

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        if self.refine == "attention":
            y = self.sa(self.ca(y))
        if self.refine == "sfim":
            y = self.sfim(y)
        return F.relu(y + (self.shortcut(x) if self.shortcut else x))


class DNANet(nn.Module):
    """BasicIRSTD's DNANet."""

    def __init__(self, momentum=0.1, dropout=0.1, sfim=False, refine="attention"):
        super().__init__()
        c = 16, 32, 64, 128, 256
        def nested(count, i, o):
            return nn.Sequential(*[NestedBlock(i if k == 0 else o, o, momentum, refine)
                                   for k in range(count)])
        for i in range(5):
            for j in range(5 - i):
                width = j * c[i] + (c[i + 1] if j else 0) + (c[i - 1] if i and j else 0)
                if j == 0:
                    width = c[i - 1] if i else 1
                setattr(self, f"conv{i}_{j}", nested(2 if i else 1, width, c[i]))
        self.conv0_4_final = nested(1, 5 * c[0], c[0])
        for i in range(1, 5):
            setattr(self, f"conv0_{i}_1x1", nn.Conv2d(c[i], c[0], 1))
            setattr(self, f"final{i}", nn.Conv2d(c[0], 1, 1))
        self.sfim = SFIM(c[0]) if sfim else nn.Identity()

    def forward(self, x):
        def scale(t, factor):
            return resize(t, [int(s * factor) for s in t.shape[2:]], True)
        node = {}
        for total in range(5):
            above = F.max_pool2d(node[total - 1, 0], 2) if total else x
            node[total, 0] = getattr(self, f"conv{total}_0")(above)
            for j in range(1, total + 1):
                i = total - j
                parts = [node[i, k] for k in range(j)] + [scale(node[i + 1, j - 1], 2)]
                if i:
                    parts.append(scale(node[i - 1, j], 0.5))
                node[i, j] = getattr(self, f"conv{i}_{j}")(torch.cat(parts, 1))
        parts = [scale(getattr(self, f"conv0_{i}_1x1")(node[i, 4 - i]), 2 ** i)
                 for i in (4, 3, 2, 1)] + [node[0, 4]]
        fused = self.sfim(self.conv0_4_final(torch.cat(parts, 1)))
        heads = node[0, 1], node[0, 2], node[0, 3], fused
        return [torch.sigmoid(getattr(self, f"final{i + 1}")(t)) for i, t in enumerate(heads)], None


class BALISTD(DNANet):
    """DNANet with SFIM in place of its attentions, or with neither."""

    def __init__(self, momentum=0.1, dropout=0.1, sfim=True):
        super().__init__(momentum, dropout, False, "sfim" if sfim else None)


def sample(x, y, z):
    """x (N,C,H,W) at the points (y, z), each (N,H,W), bilinearly; zero outside, without a slope at the
    points that just leave it."""
    n, c, h, w = x.shape
    flat = x.flatten(2)
    near = (y > -1) & (y < h) & (z > -1) & (z < w)
    top, left = y.detach().floor(), z.detach().floor()
    out = 0
    for dy in 0, 1:
        for dz in 0, 1:
            i, j = top + dy, left + dz
            weight = ((y - top) if dy else (1 - y + top)) * ((z - left) if dz else (1 - z + left))
            weight = weight * (near & (i >= 0) & (i < h) & (j >= 0) & (j < w))
            at = (i.clamp(0, h - 1) * w + j.clamp(0, w - 1)).long().flatten(1)[:, None].expand(n, c, -1)
            out = out + weight[:, None] * flat.gather(2, at).view(n, c, *y.shape[1:])
    return out


class DeformConv(nn.Module):
    """Deformable convolution (Dai et al., ICCV 2017), stride 1, one group."""

    def __init__(self, c, kernel):
        super().__init__()
        kh, kw = kernel
        usual = nn.Conv2d(c, c, kernel)
        self.weight, self.bias = usual.weight, usual.bias
        self.conv_offset = nn.Conv2d(c, 2 * kh * kw, kernel, 1, (kh // 2, kw // 2))

    def forward(self, x):
        n, c, h, w = x.shape
        kh, kw = self.weight.shape[2:]
        offset = self.conv_offset(x)
        rows, columns = torch.meshgrid(torch.arange(h, device=x.device),
                                       torch.arange(w, device=x.device), indexing="ij")
        out = self.bias[None, :, None, None]
        for t in range(kh * kw):
            y = rows + t // kw - kh // 2 + offset[:, 2 * t]
            z = columns + t % kw - kw // 2 + offset[:, 2 * t + 1]
            out = out + torch.einsum("oc,nchw->nohw", self.weight[:, :, t // kw, t % kw],
                                     sample(x, y, z))
        return out


class TTOA(nn.Module):
    def __init__(self, c, sfim):
        super().__init__()
        self.preprocess = nn.Sequential(nn.Conv2d(c, c // 2, 1), nn.Conv2d(c // 2, c, 1))
        self.dcn_row, self.dcn_colum = DeformConv(c, (1, 3)), DeformConv(c, (3, 1))
        self.sfim = SFIM(c) if sfim else nn.Identity()

    def forward(self, low, high):
        low, high = self.preprocess(low), self.preprocess(high)
        return self.sfim(sum(low + torch.sigmoid(dcn(low)) * high
                             for dcn in (self.dcn_row, self.dcn_colum)))


class Gate(nn.Module):
    def __init__(self, c, m):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(c, c, 1, 1))
        self._gate_conv = nn.Sequential(
            nn.BatchNorm2d(c + 1, momentum=m), nn.Conv2d(c + 1, c + 1, 1), nn.ReLU(),
            nn.Conv2d(c + 1, 1, 1), nn.BatchNorm2d(1, momentum=m), nn.Sigmoid())

    def forward(self, x, y):
        return F.conv2d(x * (1 + self._gate_conv(torch.cat([x, y], 1))), self.weight)


class Difference(nn.Module):
    def __init__(self, c, m):
        super().__init__()
        self.conv1, self.bn1, _ = conv_bn_relu(c, c, momentum=m)
        self.conv2, self.bn2, _ = conv_bn_relu(c, c, momentum=m)

    def forward(self, x):
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))


class TFD(nn.Module):
    """Taylor finite difference."""

    def __init__(self, c, m):
        super().__init__()
        self.res1, self.res2, self.gate = Difference(c, m), Difference(c, m), Gate(c, m)

    def forward(self, u0, y):
        d0 = self.res1(u0)
        u2 = F.relu(self.res2(F.relu(u0 + d0)))
        return 3 * F.relu(d0) + u2 + self.gate(u2, y)


def gradient(x):
    """Magnitude of the central differences of x (N,1,H,W), zero outside."""
    x = F.pad(x, (1, 1, 1, 1))
    v, h = x[:, :, 2:, 1:-1] - x[:, :, :-2, 1:-1], x[:, :, 1:-1, 2:] - x[:, :, 1:-1, :-2]
    return torch.sqrt(v ** 2 + h ** 2 + 1e-6)


class ISNet(nn.Module):
    """BasicIRSTD's ISNet, without the modules that it never runs."""

    def __init__(self, momentum=0.1, dropout=0.1, sfim=False):
        super().__init__()
        m = momentum
        self.stem = stem(m)
        self.layer1 = stage(BodyBlock, 4, 16, 16, 1, m)
        self.layer2 = stage(BodyBlock, 4, 16, 32, 2, m)
        self.layer3 = stage(BodyBlock, 4, 32, 64, 2, m)
        self.deconv2, self.deconv1 = deconv(64), deconv(32)
        self.TTOA_low, self.TTOA_high = TTOA(32, sfim), TTOA(16, sfim)
        self.uplayer2 = stage(BodyBlock, 4, 32, 32, 1, m)
        self.uplayer1 = stage(BodyBlock, 4, 16, 16, 1, m)
        self.dsn1, self.dsn2, self.dsn3 = (nn.Conv2d(c, 1, 1) for c in (64, 32, 16))
        self.dsup = nn.Conv2d(1, 64, 1)
        self.myb1, self.myb2, self.myb3 = (TFD(64, m) for _ in range(3))
        self.fuse = nn.Conv2d(64, 1, 1, bias=False)
        self.head = Head(16, m, dropout)

    def forward(self, x):
        size = x.shape[2:]
        c1 = self.layer1(self.stem(x))
        c2 = self.layer2(c1)
        c3 = self.layer3(c2)
        u2 = self.uplayer2(self.TTOA_low(self.deconv2(c3), c2))
        u1 = self.uplayer1(self.TTOA_high(self.deconv1(u2), c1))
        edge = self.dsup(gradient(x))
        edge = self.myb1(edge, resize(self.dsn1(c3), size, True))
        edge = self.myb2(edge, resize(self.dsn2(u2), size, True))
        edge = self.fuse(self.myb3(edge, resize(self.dsn3(u1), size, True)))
        u1 = resize(u1, size)
        return [torch.sigmoid(self.head(torch.sigmoid(edge) * u1 + u1))], edge


NETWORKS = {"acm": ACM, "alcnet": ALCNet, "rdian": RDIAN, "dnanet": DNANet, "isnet": ISNet,
            "balistd": BALISTD}


def soft_iou(p, y):
    """Per image: 1 - (sum p y + 1) / (sum p + sum y - sum p y + 1)."""
    i, p, y = (t.flatten(1).sum(1) for t in (p * y, p, y))
    return 1 - (i + 1) / (p + y - i + 1)


def loss(heads, edge, y):
    """Per image: soft-IoU, the mean over the heads; the edge map's 10 BCE + soft-IoU against the
    mask's gradient, the latter of the sigmoid of a probability, as BasicIRSTD computes it."""
    total = sum(soft_iou(p, y) for p in heads) / len(heads)
    if edge is not None:
        truth, p = gradient(y), torch.sigmoid(edge)
        bce = F.binary_cross_entropy(p, truth, reduction="none").flatten(1).mean(1)
        total = total + 10 * bce + soft_iou(torch.sigmoid(p), truth)
    return total
