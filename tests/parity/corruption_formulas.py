"""The corruptions but JPEG in NumPy alone, from their definitions: frames are arrays of doubles in
[0, 1], results are clipped to that and not rounded.

Where the definition is what another library does (OpenCV's disk, its mirrored border, scikit-image's
Gaussian, Pillow's box filter) the formula below is that library's, in double precision.
"""

import math

import numpy as np


def gaussian_noise(x, severity, rng):
    return np.clip(x + rng.normal(0, [0.08, 0.12, 0.18, 0.26, 0.38][severity - 1], x.shape), 0, 1)


def shot_noise(x, severity, rng):
    events = [60, 25, 12, 5, 3][severity - 1]
    return np.clip(rng.poisson(x * events) / events, 0, 1)


def impulse_noise(x, severity, rng):
    share = [0.03, 0.06, 0.09, 0.17, 0.27][severity - 1]
    hit = rng.random(x.shape) < share
    return np.where(hit, rng.random(x.shape) < 0.5, x)


def gaussian_weights(reach, sigma):
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    return weights / weights.sum()


def convolve(x, kernel, border):
    """x under a kernel of odd sides; border: what np.pad() does outside x."""
    height, width = x.shape
    down, across = kernel.shape[0] // 2, kernel.shape[1] // 2
    padded = np.pad(x, ((down, down), (across, across)), mode=border)
    result = np.zeros_like(x)
    for i, row in enumerate(kernel):
        for j, weight in enumerate(row):
            result += weight * padded[i:i + height, j:j + width]
    return result


def defocus_blur(x, severity):
    radius, sigma = [(3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)][severity - 1]
    half, smooth = (8, 1) if radius <= 8 else (radius, 2)
    grid = np.arange(-half, half + 1)
    disk = (grid**2 + grid[:, None] ** 2 <= radius**2).astype(float)
    edge = gaussian_weights(smooth, sigma)
    kernel = convolve(disk / disk.sum(), np.outer(edge, edge), "reflect")
    return np.clip(convolve(x, kernel, "reflect"), 0, 1)


def motion_line(severity, angle):
    """Shifts across and down, and weights, of the line of motion-blur; angle in degrees."""
    radius, sigma = [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)][severity - 1]
    steps = np.arange(2 * radius + 1)
    weights = np.exp(-0.5 * (steps / sigma) ** 2)
    across = np.ceil(steps * math.cos(math.radians(angle)) - 0.5).astype(int)
    down = np.ceil(steps * math.sin(math.radians(angle)) - 0.5).astype(int)
    return across, down, weights / weights.sum()


def motion_blur(x, severity, angle):
    height, width = x.shape
    result = np.zeros_like(x)
    for across, down, weight in zip(*motion_line(severity, angle)):
        rows = np.clip(np.arange(height) + down, 0, height - 1)
        columns = np.clip(np.arange(width) + across, 0, width - 1)
        result += weight * x[np.ix_(rows, columns)]
    return np.clip(result, 0, 1)


def gaussian_blur(x, severity):
    sigma = [1, 2, 3, 4, 6][severity - 1]
    weights = gaussian_weights(int(4 * sigma + 0.5), sigma)
    return np.clip(convolve(convolve(x, weights[:, None], "edge"), weights[None], "edge"), 0, 1)


def brightness(x, severity):
    return np.clip(x + [0.1, 0.2, 0.3, 0.4, 0.5][severity - 1], 0, 1)


def contrast(x, severity):
    return np.clip((x - x.mean()) * [0.4, 0.3, 0.2, 0.1, 0.05][severity - 1] + x.mean(), 0, 1)


def box_matrix(side, small):
    """small x side: which samples each cell is the mean of, those whose centre lies in it. A centre
    on the border between two cells falls as Pillow's roundings have it."""
    scale = side / small
    sample = np.arange(side)
    centre = (np.arange(small) + 0.5)[:, None] * scale
    begin, end = ((centre + sign * scale * 0.5 + 0.5).astype(int) for sign in (-1, 1))
    place = (sample - centre + 0.5) * (1 / scale)
    inside = (sample >= begin) & (sample < end) & (place > -0.5) & (place <= 0.5)
    return inside / inside.sum(1, keepdims=True)


def nearest_cells(side, small):
    steps = np.full(side, small / side)
    steps[0] *= 0.5
    return np.minimum(np.cumsum(steps).astype(int), small - 1)


def pixelate(x, severity):
    scale = [0.6, 0.5, 0.4, 0.3, 0.25][severity - 1]
    height, width = x.shape
    down, across = max(int(height * scale), 1), max(int(width * scale), 1)
    cells = box_matrix(height, down) @ x @ box_matrix(width, across).T
    return cells[np.ix_(nearest_cells(height, down), nearest_cells(width, across))]
