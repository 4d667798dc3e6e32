"""The Python package imagecorruptions under the names of ours, and a reader of PGM."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "parity"))
from corruptions import Package, read_pgm  # noqa: E402, F401


def corrupt():
    """A function of a grey frame of 8 bits, a name and a severity that returns three colours."""
    package = Package()

    def apply(frame, name, severity):
        name = "jpeg_compression" if name == "jpeg" else name.replace("-", "_")
        return package.corrupt(frame, severity, name)

    return apply
