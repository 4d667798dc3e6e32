#!/usr/bin/env python3
"""Compares ir-corrupt (from PATH) with its definitions, over the PGM frames of a directory.

usage: corruptions.py formulas DIR    with NumPy alone (corruption_formulas.py), any depth, no JPEG
       corruptions.py package DIR     with the Python package imagecorruptions, 8 bits, frames of at
                                      least 48 pixels a side

The deterministic corruptions must agree to rounding with the formulas, to one grey level with the
package, which truncates. Motion blur too, once its random angle is known: that is read off what
ir-corrupt makes of one bright point in a frame of the same name. The noises must have the same mean
and variance at each of 16 brightnesses, within five standard errors.

Prints one record per corruption and severity. Exit status: 0 all agree, 1 something does not,
77 the package is not installed.
"""

import inspect
import math
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import corruption_formulas as formulas

DETERMINISTIC = ["defocus-blur", "gaussian-blur", "brightness", "contrast", "pixelate"]
NOISE = ["gaussian-noise", "shot-noise", "impulse-noise"]
SEVERITIES = range(1, 6)
LEVELS = np.arange(16) / 15
FLAT = 128  # pixels a side of the frames of one brightness
DEEP = 65535


def read_pgm(path):
    """The samples of a raw PGM without comments, and its maxval."""
    data = path.read_bytes()
    width, height, maxval = (int(word) for word in data.split(maxsplit=4)[1:4])
    kind = np.dtype(">u2" if maxval > 255 else "u1")
    raster = data[len(data) - width * height * kind.itemsize:]
    return np.frombuffer(raster, kind).reshape(height, width).astype(float), maxval


def write_pgm(path, image, maxval):
    height, width = image.shape
    kind = ">u2" if maxval > 255 else "u1"
    path.write_bytes(b"P5\n%d %d\n%d\n" % (width, height, maxval) + image.astype(kind).tobytes())


def ir_corrupt(name, severity, source, work):
    """The corrupted frames of the directory source, by name."""
    target = work / f"{source.name}-{name}-{severity}"
    subprocess.run(
        ["ir-corrupt", "-n", name, "-s", str(severity), "-o", target, source], check=True
    )
    return {path.stem: read_pgm(path)[0] for path in target.iterdir()}


class Formulas:
    """What the formulas say, in units of samples."""

    deterministic, tolerance, depths = DETERMINISTIC, 0.55, [255, 16383]

    def __init__(self):
        self.rng = np.random.default_rng(1)

    def same(self, name, image, maxval, severity):
        return getattr(formulas, name.replace("-", "_"))(image / maxval, severity) * maxval

    def motion(self, image, maxval, severity, angle):
        return formulas.motion_blur(image / maxval, severity, angle) * maxval

    def noise(self, name, image, maxval, severity):
        noise = getattr(formulas, name.replace("-", "_"))
        return noise(image / maxval, severity, self.rng) * maxval


class Package:
    """What the package makes of the frame as grey RGB."""

    deterministic, tolerance, depths = [*DETERMINISTIC, "jpeg"], 1, [255]

    def __init__(self):
        try:
            from imagecorruptions import corrupt, corruptions
            from PIL import Image
        except ImportError as error:
            print(f"skipped: imagecorruptions cannot be imported ({error})")
            sys.exit(77)
        self.corrupt, self.module, self.pil = corrupt, corruptions, Image
        # the released package calls skimage's gaussian() by an argument that has been renamed
        gaussian = corruptions.gaussian
        if "multichannel" not in inspect.signature(gaussian).parameters:
            corruptions.gaussian = lambda x, sigma, **_: gaussian(x, sigma=sigma, channel_axis=-1)
        np.random.seed(1)

    def same(self, name, image, maxval, severity):
        if maxval != 255:
            sys.exit("the package takes 8-bit frames")
        name = "jpeg_compression" if name == "jpeg" else name.replace("-", "_")
        return self.corrupt(image.astype(np.uint8), severity, name)[:, :, 0].astype(float)

    def motion(self, image, maxval, severity, angle):
        uniform = np.random.uniform
        np.random.uniform = lambda low, high: angle
        try:
            return self.same("motion-blur", image, maxval, severity)
        finally:
            np.random.uniform = uniform

    def noise(self, name, image, _, severity):
        colour = self.pil.fromarray(np.repeat(image.astype(np.uint8)[:, :, None], 3, 2))
        return getattr(self.module, name.replace("-", "_"))(colour, severity)


def motion_lines(severity, side):
    """The different lines that angles a hundredth of a degree apart give: pairs of an angle and the
    response to a point in the middle of a frame."""
    lines = {}
    for angle in np.arange(-45, 45.005, 0.01):
        across, down, weights = formulas.motion_line(severity, angle)
        key = across.tobytes() + down.tobytes()
        if key not in lines:
            response = np.zeros((side, side))
            np.add.at(response, (side // 2 - down, side // 2 - across), weights)
            lines[key] = (angle, response)
    return lines.values()


def motion_angles(severity, names, work):
    """The angle that ir-corrupt draws for each frame's name."""
    side = 101
    points = work / "points"
    points.mkdir(exist_ok=True)
    point = np.zeros((side, side))
    point[side // 2, side // 2] = DEEP
    for name in names:
        write_pgm(points / f"{name}.pgm", point, DEEP)
    angles, lines = {}, motion_lines(severity, side)
    for name, spread in ir_corrupt("motion-blur", severity, points, work).items():
        off, angles[name] = min((np.abs(line - spread / DEEP).max(), a) for a, line in lines)
        if off > 1 / DEEP:
            sys.exit(f"{name}: motion-blur {severity}: no angle gives this line ({off})")
    return angles


def compare_frames(reference, source, work):
    """Prints a record for each deterministic corruption; true when all agree."""
    frames = {path.stem: read_pgm(path) for path in sorted(source.glob("*.pgm"))}
    good = bool(frames)
    print("# corruption\tseverity\tlargest difference\tmean difference")
    for name in [*reference.deterministic, "motion-blur"]:
        for severity in SEVERITIES:
            angles = motion_angles(severity, frames, work) if name == "motion-blur" else {}
            found = ir_corrupt(name, severity, source, work)
            differences = []
            for frame, (image, maxval) in frames.items():
                if angles:
                    expected = reference.motion(image, maxval, severity, angles[frame])
                else:
                    expected = reference.same(name, image, maxval, severity)
                differences.append(np.abs(found[frame] - expected).ravel())
            difference = np.concatenate(differences)
            good &= difference.max() <= reference.tolerance
            print(f"{name}\t{severity}\t{difference.max():.3f}\t{difference.mean():.4f}")
    return good


def moments(samples):
    """Mean, variance and their standard errors."""
    mean, variance = samples.mean(), samples.var()
    excess = max(((samples - mean) ** 4).mean() - variance**2, 0)
    return mean, variance, math.sqrt(variance / samples.size), math.sqrt(excess / samples.size)


def distance(found, expected):
    """How far mean and variance lie apart, in standard errors."""
    a, b = moments(found), moments(expected)
    off = []
    for i in range(2):
        error = math.hypot(a[i + 2], b[i + 2])
        difference = abs(a[i] - b[i])
        off.append(difference / error if error else math.inf if difference else 0)
    return off


def compare_noise(reference, maxval, work):
    """Prints a record for each noise; true when all agree."""
    flat = work / f"flat-{maxval}"
    flat.mkdir()
    frames = {f"{x:.3f}": np.full((FLAT, FLAT), np.rint(x * maxval)) for x in LEVELS}
    for name, image in frames.items():
        write_pgm(flat / f"{name}.pgm", image, maxval)
    good = True
    print(f"# corruption\tseverity\tmean, variance off by, in standard errors (maxval {maxval})")
    for name in NOISE:
        for severity in SEVERITIES:
            found = ir_corrupt(name, severity, flat, work)
            off = [
                distance(found[level], np.rint(reference.noise(name, image, maxval, severity)))
                for level, image in frames.items()
            ]
            mean, variance = np.max(off, 0)
            good &= mean < 5 and variance < 5
            print(f"{name}\t{severity}\t{mean:.2f}\t{variance:.2f}")
    return good


def main():
    references = {"formulas": Formulas, "package": Package}
    if len(sys.argv) != 3 or sys.argv[1] not in references:
        sys.exit(__doc__)
    reference = references[sys.argv[1]]()
    with tempfile.TemporaryDirectory() as work:
        good = compare_frames(reference, pathlib.Path(sys.argv[2]), pathlib.Path(work))
        for maxval in reference.depths:
            good &= compare_noise(reference, maxval, pathlib.Path(work))
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
