#!/usr/bin/env python3
"""Compares ir-corrupt (from PATH) with the Python package imagecorruptions on 8-bit frames.

usage: corruptions.py DIR    a directory of 8-bit PGM frames, each at least 48 pixels a side

The deterministic corruptions must agree to one grey level: the package truncates where ir-corrupt
rounds. Motion blur too, once its random angle is known; that is read off what ir-corrupt makes of
one bright point in a frame of the same name. The noises must have the same mean and variance at each
of 16 brightnesses, within five standard errors.

Prints one record per corruption and severity. Exit status: 0 all agree, 1 something does not,
77 the package is not installed.
"""

import inspect
import math
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
    from imagecorruptions import corrupt, corruptions
    from PIL import Image
except ImportError as error:
    print(f"skipped: imagecorruptions cannot be imported ({error})")
    sys.exit(77)

SAME = {
    "defocus-blur": "defocus_blur",
    "gaussian-blur": "gaussian_blur",
    "brightness": "brightness",
    "contrast": "contrast",
    "pixelate": "pixelate",
    "jpeg": "jpeg_compression",
}
NOISE = {
    "gaussian-noise": "gaussian_noise",
    "shot-noise": "shot_noise",
    "impulse-noise": "impulse_noise",
}
SEVERITIES = range(1, 6)
LEVELS = np.arange(0, 256, 17)
PIXELS_PER_LEVEL = 1 << 14


def keep_package_working():
    """The released package calls skimage's gaussian() by an argument that has since been renamed."""
    if "multichannel" in inspect.signature(corruptions.gaussian).parameters:
        return
    gaussian = corruptions.gaussian
    corruptions.gaussian = lambda image, sigma, **_: gaussian(image, sigma=sigma, channel_axis=-1)


def read_pgm(path):
    return np.array(Image.open(path))


def write_pgm(path, image, maxval):
    height, width = image.shape
    kind = ">u2" if maxval > 255 else "u1"
    path.write_bytes(b"P5\n%d %d\n%d\n" % (width, height, maxval) + image.astype(kind).tobytes())


def ir_corrupt(name, severity, source, target):
    """The corrupted frames of the directory source, by name, in the new directory target."""
    subprocess.run(
        ["ir-corrupt", "-n", name, "-s", str(severity), "-o", target, source], check=True
    )
    return {path.stem: path for path in target.iterdir()}


def read_pgm16(path):
    """Pillow scales some 16-bit PGM files; read the raster as it is."""
    data = path.read_bytes()
    width, height, maxval = (int(word) for word in data.split(maxsplit=4)[1:4])
    return np.frombuffer(data[-2 * width * height:], ">u2").reshape(height, width), maxval


def line_shifts(angle, length):
    """What motion blur shifts by, as the package rounds it; angle in degrees."""
    radians = math.radians(angle)
    steps = np.arange(length)
    return (
        np.ceil(steps * math.cos(radians) - 0.5).astype(int),
        np.ceil(steps * math.sin(radians) - 0.5).astype(int),
    )


def angle_of(point_spread, radius, sigma):
    """The angle, to a hundredth of a degree, whose line is the response to a point in the middle."""
    length = 2 * radius + 1
    weights = corruptions.getMotionBlurKernel(length, sigma)
    middle = point_spread.shape[0] // 2
    best = (np.inf, 0.0)
    for angle in np.arange(-45, 45.005, 0.01):
        dx, dy = line_shifts(angle, length)
        line = np.zeros_like(point_spread)
        np.add.at(line, (middle - dy, middle - dx), weights)
        best = min(best, (np.abs(line - point_spread).max(), angle))
    return best


def motion_reference(image, severity, angle):
    uniform = np.random.uniform
    np.random.uniform = lambda low, high: angle
    try:
        return corrupt(image, severity, "motion_blur")[:, :, 0]
    finally:
        np.random.uniform = uniform


def motion_angles(severity, frames, work):
    """The angle that ir-corrupt draws for each frame's name."""
    points = work / "points"
    points.mkdir(exist_ok=True)
    point = np.zeros((101, 101))
    point[50, 50] = 65535
    for name in frames:
        write_pgm(points / f"{name}.pgm", point, 65535)
    radius, sigma = [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)][severity - 1]
    angles = {}
    for name, path in ir_corrupt("motion-blur", severity, points, work / f"psf-{severity}").items():
        spread, maxval = read_pgm16(path)
        off, angles[name] = angle_of(spread / maxval, radius, sigma)
        if off > 1 / maxval:
            sys.exit(f"{name}: motion-blur {severity}: no angle gives this line ({off})")
    return angles


def compare(reference, paths):
    """The largest difference and the share of pixels that differ."""
    largest, differing, pixels = 0, 0, 0
    for name, expected in reference.items():
        difference = np.abs(read_pgm(paths[name]).astype(int) - expected.astype(int))
        largest = max(largest, int(difference.max()))
        differing += int((difference > 0).sum())
        pixels += difference.size
    return largest, differing / pixels


def moments(samples):
    """Mean, variance and their standard errors."""
    mean, variance = samples.mean(), samples.var()
    fourth = ((samples - mean) ** 4).mean()
    count = samples.size
    return mean, variance, math.sqrt(variance / count), math.sqrt(
        max(fourth - variance**2, 0) / count
    )


def compare_noise(name, severity, work):
    """The largest distance of mean and variance over all brightnesses, in standard errors."""
    side = math.isqrt(PIXELS_PER_LEVEL)
    source = work / "flat"
    source.mkdir(exist_ok=True)
    for level in LEVELS:
        write_pgm(source / f"{level}.pgm", np.full((side, side), level), 255)
    paths = ir_corrupt(name, severity, source, work / f"{name}-{severity}")
    worst = [0.0, 0.0]
    for level in LEVELS:
        flat = Image.fromarray(np.full((side, side, 3), level, np.uint8))
        expected = moments(np.rint(getattr(corruptions, NOISE[name])(flat, severity)))
        found = moments(read_pgm(paths[str(level)]).astype(float))
        for i in range(2):
            error = math.hypot(expected[i + 2], found[i + 2])
            difference = abs(expected[i] - found[i])
            worst[i] = max(worst[i], difference / error if error else difference * 1e9)
    return worst


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    keep_package_working()
    np.random.seed(1)
    source = pathlib.Path(sys.argv[1])
    frames = {path.stem: read_pgm(path) for path in sorted(source.glob("*.pgm"))}
    good = bool(frames)
    with tempfile.TemporaryDirectory() as directory:
        work = pathlib.Path(directory)
        print("# corruption\tseverity\tlargest difference\tshare of pixels that differ")
        for name in [*SAME, "motion-blur"]:
            for severity in SEVERITIES:
                if name == "motion-blur":
                    angles = motion_angles(severity, frames, work)
                    reference = {
                        n: motion_reference(f, severity, angles[n]) for n, f in frames.items()
                    }
                else:
                    reference = {
                        n: corrupt(f, severity, SAME[name])[:, :, 0] for n, f in frames.items()
                    }
                paths = ir_corrupt(name, severity, source, work / f"{name}-{severity}")
                largest, share = compare(reference, paths)
                good &= largest <= 1
                print(f"{name}\t{severity}\t{largest}\t{share:.4f}")
        print("# corruption\tseverity\tmean off by\tvariance off by, both in standard errors")
        for name in NOISE:
            for severity in SEVERITIES:
                mean, variance = compare_noise(name, severity, work)
                good &= mean < 5 and variance < 5
                print(f"{name}\t{severity}\t{mean:.2f}\t{variance:.2f}")
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
