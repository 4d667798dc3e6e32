"""MSPCM, IPI, NRAM and PSTNN in NumPy and SciPy, in double precision and with whole singular value
decompositions: from an image (an array of doubles) to its saliency. See ir-detect(1) for what each
is and where it comes from.

Every function returns (saliency, iterations, residual, converged).
"""

import numpy as np
from scipy import ndimage

# ---- patches -------------------------------------------------------------------------------------


def starts(length, patch, step):
    """Where patches start along a side: every step pixels, and one that ends with the side."""
    places = list(range(0, length - patch, step))
    return places + [length - patch]


def places(shape, patch, step):
    """Top left corners, down the columns first, and the patches' height and width."""
    height, width = (min(patch, side) for side in shape)
    corners = [(top, left) for left in starts(shape[1], width, step)
               for top in starts(shape[0], height, step)]
    return corners, height, width


def cut(image, corners, height, width):
    """patches x height x width"""
    return np.array([image[y:y + height, x:x + width] for y, x in corners])


def median_image(patches, corners, shape):
    """Every pixel is the median of what the patches over it say, 0 where none is."""
    height, width = patches.shape[1:]
    over = np.zeros(shape, int)  # patches so far, each in a layer of its own
    layers = []
    for patch, (top, left) in zip(patches, corners):
        window = np.s_[top:top + height, left:left + width]
        while len(layers) <= over[window].max():
            layers.append(np.full(shape, np.nan))
        for layer in range(over[window].min(), over[window].max() + 1):
            here = over[window] == layer
            layers[layer][window][here] = patch[here]
        over[window] += 1
    said = np.sort(layers, axis=0)  # what is not a number comes last
    low, high = (np.take_along_axis(said, i[None], 0)[0]
                 for i in (np.maximum(over - 1, 0) // 2, over // 2))
    return np.where(over > 0, (low + high) / 2, 0)


def last_image(patches, corners, shape):
    """Every pixel is what the last patch over it says."""
    height, width = patches.shape[1:]
    image = np.zeros(shape)
    for patch, (top, left) in zip(patches, corners):
        image[top:top + height, left:left + width] = patch
    return image


def unit_range(image):
    return (image - image.min()) / (image.max() - image.min())


def flat(image):
    return image.min() == image.max()


# ---- MSPCM ---------------------------------------------------------------------------------------


def mspcm(image, largest=9):
    """The largest contrast over patches of 3, 5, ... pixels a side; a scale's contrast is the
    smallest product of the centre patch's mean less two opposite neighbours'."""
    best = np.zeros_like(image)
    for side in range(3, largest + 1, 2):
        mean = ndimage.uniform_filter(np.pad(image, 2 * side, mode="edge"), side, mode="nearest")

        def less(down, across):
            moved = np.roll(mean, (-down * side, -across * side), (0, 1))
            return (mean - moved)[2 * side:-2 * side, 2 * side:-2 * side]

        products = [less(*d) * less(-d[0], -d[1]) for d in [(0, 1), (1, 0), (1, 1), (1, -1)]]
        best = np.maximum(best, np.min(products, axis=0))
    return best, 0, 0.0, True


# ---- IPI -----------------------------------------------------------------------------------------


def shrink(x, threshold):
    return np.sign(x) * np.maximum(np.abs(x) - threshold, 0)


def apg(data, weight, tolerance, iterations):
    """Accelerated proximal gradient of |A|_* + weight |E|_1 + |data - A - E|^2 / (2 mu), where mu
    falls. Stops by the tolerance, when the rank has stood still for over ten iterations and E has
    nearly as many nonzeros as when that began, or when the rank is over 0.3 of what it can be."""
    singular = np.linalg.svd(data, compute_uv=False)
    mu = singular[min(1, singular.size - 1)]
    last_mu = max(0.005 * singular[min(3, singular.size - 1)], 1e-5 * singular[0])
    a = a_old = e = e_old = np.zeros_like(data)
    t = t_old = 1.0
    rank_old = card_old = still = 0
    converged = False
    for iteration in range(1, iterations + 1):
        momentum = (t_old - 1) / t
        ya, ye = a + momentum * (a - a_old), e + momentum * (e - e_old)
        half = (ya + ye - data) / 2
        u, s, v = np.linalg.svd(ya - half, full_matrices=False)
        rank = int((s > mu / 2 * (1 + 1e-7)).sum())  # the first mu / 2 is a singular value
        a_old, e_old = a, e
        a = u[:, :rank] * (s[:rank] - mu / 2) @ v[:rank]
        e = shrink(ye - half, weight * mu / 2)
        card = int((e != 0).sum())
        both = a + e - ya - ye
        change = np.linalg.norm([2 * (ya - a) + both, 2 * (ye - e) + both])
        residual = change / (2 * max(1, np.linalg.norm([a, e])))
        t_old, t = t, (1 + np.sqrt(1 + 4 * t * t)) / 2
        mu = max(0.9 * mu, last_mu)
        if rank == rank_old:
            still += 1
            converged = still > 10 and abs(card - card_old) < 20
        else:
            still, card_old = 0, card
        rank_old = rank
        if converged or residual <= tolerance or rank > 0.3 * min(data.shape):
            return a, e, iteration, residual, True
    return a, e, iteration, residual, False


def ipi(image, patch=50, step=10, weight=1.0, tolerance=1e-6, iterations=1000):
    if flat(image):
        return np.zeros_like(image), 0, 0.0, True
    corners, height, width = places(image.shape, patch, step)
    patches = cut(unit_range(image), corners, height, width)
    data = patches.reshape(len(corners), -1).T
    _, e, count, residual, converged = apg(data, weight / np.sqrt(max(image.shape)), tolerance,
                                           iterations)
    found = median_image(e.T.reshape(patches.shape), corners, image.shape)
    return np.maximum(found, 0), count, residual, converged


# ---- NRAM ----------------------------------------------------------------------------------------


def gamma_norm_step(x, rho, before, gamma):
    """The proximal step of the gamma norm by difference-of-convex iteration from `before`."""
    u, s, v = np.linalg.svd(x, full_matrices=False)
    for _ in range(100):
        after = np.maximum(s - (1 + gamma) * gamma / (gamma + before) ** 2 / rho, 0)
        change = ((after - before) ** 2).sum()
        if change < 1e-6:
            break
        before = after
    return u * after @ v, after


def column_shrink(x, threshold):
    norm = np.linalg.norm(x, axis=0)
    return x * (np.maximum(norm - threshold, 0) / np.where(norm > 0, norm, 1))


def nram_admm(data, weight, beta, gamma, tolerance, iterations):
    rows, columns = data.shape
    rho = 3 * np.sqrt(max(rows, columns))
    target = edges = y = np.zeros_like(data)
    singular = np.zeros(min(rows, columns))
    for iteration in range(1, iterations + 1):
        whole = data - target - edges - y / rho
        background, singular = gamma_norm_step(whole, rho, singular, gamma)
        rest = data - background - edges - y / rho
        threshold = weight * np.sqrt(min(rows, columns)) / 2.5 / (np.abs(rest) + 0.04)
        target = np.maximum(rest - threshold / rho, 0)
        edges = column_shrink(data - target - background - y / rho, beta / rho)
        left = data - target - background - edges
        y = y - rho * left
        rho *= 1.1
        residual = np.linalg.norm(left) / np.linalg.norm(data)
        if residual < tolerance:
            return background, target, edges, iteration, residual, True
    return background, target, edges, iteration, residual, False


def nram(image, patch=50, step=10, weight=1.0, gamma=0.002, tolerance=1e-7, iterations=1000):
    if flat(image):
        return np.zeros_like(image), 0, 0.0, True
    corners, height, width = places(image.shape, patch, step)
    patches = cut(unit_range(image), corners, height, width)
    data = patches.reshape(len(corners), -1).T
    scale = 1 / np.sqrt(min(data.shape))
    _, target, _, count, residual, converged = nram_admm(data, weight * scale, 3 * scale, gamma,
                                                         tolerance, iterations)
    found = last_image(target.T.reshape(patches.shape), corners, image.shape)
    return found, count, residual, converged


# ---- PSTNN ---------------------------------------------------------------------------------------


def gaussian3(sigma):
    line = np.exp(-0.5 * (np.arange(-1, 2) / sigma) ** 2)
    return np.outer(line, line) / line.sum() ** 2


def corner_prior(image):
    """Corner strength times the larger eigenvalue of the structure tensor, scaled to 0 to 1."""
    smooth = ndimage.convolve(image, gaussian3(2), mode="reflect")
    down, across = (np.gradient(smooth, axis=axis) if image.shape[axis] > 1 else 0 * smooth
                    for axis in (0, 1))
    xx, xy, yy = (ndimage.convolve(p, gaussian3(9), mode="reflect")
                  for p in (across * across, across * down, down * down))
    root = np.sqrt((xx - yy) ** 2 + 4 * xy ** 2)
    large, small = (xx + yy + root) / 2, (xx + yy - root) / 2
    total = large + small
    prior = large * small / np.where(total > 0, total, 1) * large
    return np.zeros_like(prior) if flat(prior) else unit_range(prior)


def partial_sum_step(x, keep, tau):
    """The proximal step of the partial sum of the tensor nuclear norm; x is patches x rows x
    columns: each slice of its Fourier transform along the patches keeps its `keep` largest singular
    values, the others are shrunk."""
    slices = np.fft.rfft(x, axis=0)
    u, s, v = np.linalg.svd(slices, full_matrices=False)
    s[:, keep:] = np.maximum(s[:, keep:] - tau, 0)
    return np.fft.irfft((u * s[:, None, :]) @ v, n=len(x), axis=0)


def kept_rank(x, ratio):
    """How many singular values of the tensor, unfolded along the patches, come before the first
    that is less than ratio of the largest; at least 1."""
    singular = np.linalg.svd(x.reshape(len(x), -1), compute_uv=False)
    small = np.flatnonzero(singular < ratio * singular[0])
    return max(1, int(small[0])) if small.size else 1


def pstnn_admm(x, weight, prior, keep, tolerance, iterations):
    mu = 2e-3
    target = y = np.zeros_like(x)
    weights = np.ones_like(x)
    size = np.linalg.norm(x)
    nonzero = 0
    for iteration in range(1, iterations + 1):
        background = partial_sum_step(x - target - y / mu, keep, 1 / mu)
        target = np.maximum(x - background - y / mu - weights * weight / mu, 0)
        with np.errstate(divide="ignore"):
            weights = keep / (np.abs(target) + 0.01) / prior
        left = background + target - x
        residual = np.linalg.norm(left) / size
        nonzero_old, nonzero = nonzero, int((target > 0).sum())
        if residual < tolerance or nonzero == nonzero_old > 0:
            return background, target, iteration, residual, True
        y = y + mu * left
        mu = min(1.05 * mu, 1e10)
    return background, target, iteration, residual, False


def pstnn(image, patch=40, step=40, weight=0.7, ratio=0.1, tolerance=1e-3, iterations=500):
    """image: from 0 to 255"""
    if flat(image):
        return np.zeros_like(image), 0, 0.0, True
    corners, height, width = places(image.shape, patch, step)
    x = cut(image, corners, height, width)
    prior = cut(corner_prior(image), corners, height, width)
    weight = weight / np.sqrt(max(height, width) * len(corners))
    _, target, count, residual, converged = pstnn_admm(x, weight, prior, kept_rank(x, ratio),
                                                       tolerance, iterations)
    return last_image(target, corners, image.shape), count, residual, converged
