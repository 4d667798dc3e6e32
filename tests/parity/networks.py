"""The networks in PyTorch, with the state_dict names of the published code, written for comparison."""
import torch
from torch import nn
from torch.nn import functional as F


def conv_bn_relu(i, o, kernel=3, stride=1, bias=False, momentum=0.1):
    return [nn.Conv2d(i, o, kernel, stride, kernel // 2, bias=bias),
            nn.BatchNorm2d(o, momentum=momentum), nn.ReLU()]


class BasicBlock(nn.Module):
    def __init__(self, i, o, stride, momentum):
        super().__init__()
        self.conv1, self.bn1, _ = conv_bn_relu(i, o, stride=stride)
        self.conv2, self.bn2, _ = conv_bn_relu(o, o)
        self.downsample = None
        if stride != 1 or i != o:
            self.downsample = nn.Sequential(nn.Conv2d(i, o, 1, stride, bias=False),
                                            nn.BatchNorm2d(o, momentum=momentum))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + (self.downsample(x) if self.downsample else x))


class Fuse(nn.Module):
    def __init__(self, c, m):
        super().__init__()
        def weigh():
            return [*conv_bn_relu(c, c // 4, 1, bias=True, momentum=m),
                    nn.Conv2d(c // 4, c, 1), nn.BatchNorm2d(c, momentum=m), nn.Sigmoid()]
        self.topdown = nn.Sequential(nn.AdaptiveAvgPool2d(1), *weigh())
        self.bottomup = nn.Sequential(*weigh())
        self.post = nn.Sequential(*conv_bn_relu(c, c, bias=True, momentum=m))

    def forward(self, high, low):
        return self.post(2 * low * self.topdown(high) + 2 * high * self.bottomup(low))


class Head(nn.Module):
    def __init__(self, c, m, dropout):
        super().__init__()
        self.block = nn.Sequential(*conv_bn_relu(c, c // 4, momentum=m), nn.Dropout(dropout),
                                   nn.Conv2d(c // 4, 1, 1))

    def forward(self, x):
        return self.block(x)


class ACM(nn.Module):
    """BasicIRSTD's ASKCResUNet."""

    def __init__(self, momentum=0.1, dropout=0.1):
        super().__init__()
        m = momentum
        def stage(i, o, stride):
            return nn.Sequential(*[BasicBlock(i if k == 0 else o, o, stride if k == 0 else 1, m)
                                   for k in range(3)])
        self.stem = nn.Sequential(nn.BatchNorm2d(1, momentum=m),
                                  *conv_bn_relu(1, 8, stride=2, momentum=m),
                                  *conv_bn_relu(8, 8, momentum=m),
                                  *conv_bn_relu(8, 16, momentum=m), nn.MaxPool2d(3, 2, 1))
        self.layer1, self.layer2, self.layer3 = stage(16, 16, 1), stage(16, 32, 2), stage(32, 64, 2)
        self.deconv2, self.deconv1 = (nn.ConvTranspose2d(2 * c, c, 4, 2, 1) for c in (32, 16))
        self.fuse2, self.fuse1 = Fuse(32, m), Fuse(16, m)
        self.uplayer2, self.uplayer1 = stage(32, 32, 1), stage(16, 16, 1)
        self.head = Head(16, m, dropout)

    def forward(self, x):
        c1 = self.layer1(self.stem(x))
        c2 = self.layer2(c1)
        c3 = self.layer3(c2)
        u2 = self.uplayer2(self.fuse2(self.deconv2(c3), c2))
        u1 = self.uplayer1(self.fuse1(self.deconv1(u2), c1))
        y = F.interpolate(self.head(u1), size=x.shape[2:], mode="bilinear", align_corners=False)
        return torch.sigmoid(y)


NETWORKS = {"acm": ACM}


def soft_iou(p, y):
    """Per image: 1 - (sum p y + 1) / (sum p + sum y - sum p y + 1)."""
    i, p, y = (t.flatten(1).sum(1) for t in (p * y, p, y))
    return 1 - (i + 1) / (p + y - i + 1)
