"""The style of every figure, and how one is saved: equal inputs give equal bytes."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import matplotlib.style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.whole import whole

# The palette of Okabe and Ito (2008), "Color Universal Design", distinguishable in all common colour blindness.
# In the order of a plot's lines: dark ones first, on white paper.
METHOD_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
METHOD_DASHES = ("solid", (0, (5, 1.5)), (0, (1.5, 1)), (0, (6, 1.5, 1.5, 1.5)), (0, (3, 1)), (0, (1, 2)), (0, (8, 2)))
# Perceptually uniform, and distinguishable in colour blindness. Its blue and green do not occur in a retina: inferno's
# purple over a photograph looks like a haemorrhage and its orange like nothing at all.
HEAT_COLOUR_MAP = "viridis"
QUIET = "#666666"
# Pixels of a side; matplotlib itself stops at 65,535.
_LONGEST = 30_000

_LOOK = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": False,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.4,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "text.parse_math": False,
    "text.usetex": False,
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "savefig.bbox": "standard",
    # Names of clip paths are hashed with this salt; without one they are random.
    "svg.hashsalt": "fundus_anomaly",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}
# None leaves the entry out: a date or a version would make equal figures differ.
_METADATA = {
    ".png": {"Software": None},
    ".svg": {"Date": None, "Creator": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def styled(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Return ``function`` running under the house look, whatever matplotlibrc the user has."""

    @functools.wraps(function)
    def run(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with matplotlib.style.context(["default", _LOOK]):
            return function(*args, **kwargs)

    return run


def line_of(number: int) -> dict[str, object]:
    """Return colour and dashes of a plot's line, the same for a method in every panel.

    Args:
        number: Of the method, from 0.
    """
    return {
        "color": METHOD_COLOURS[number % len(METHOD_COLOURS)],
        "linestyle": METHOD_DASHES[number % len(METHOD_DASHES)],
    }


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of ``width`` × ``height`` inches, outside pyplot's global list of figures."""
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    return figure


def shortened(text: str, limit: int) -> str:
    r"""Return ``text`` if it has at most ``limit`` characters, else its end, the telling part of an id, after "…".

    Letters that matplotlib's own font lacks (Chinese ones, say) are written as their code, ``\u4e2d``: as empty boxes
    two images could not be distinguished, and a font of the system's would make the figure differ from one to the next.
    """
    font = get_font(findfont("DejaVu Sans"))
    text = "".join(
        c if font.get_char_index(ord(c)) else c.encode("ascii", "backslashreplace").decode("ascii") for c in text
    )
    return text if len(text) <= limit else "…" + text[len(text) - limit + 1 :]


@styled
def save(figure: Figure, path: str | os.PathLike[str], dpi: int) -> None:
    """Write a figure, whole or not at all; the same figure gives the same bytes on every day.

    Args:
        figure: What a ``draw`` function of this package returned.
        path: The file; its suffix, ``.png``, ``.svg`` or ``.pdf``, says the format.
        dpi: Dots an inch of a PNG, and of photographs inside an SVG or PDF; fewer where a side would be too long for
            browsers.

    Raises:
        InputError: If the suffix is not one of the three.
        OSError: If the file cannot be written; what was at ``path`` before is then untouched.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _METADATA:
        raise InputError(
            Problem(f"figure {path}", f"suffix {suffix!r}", ", ".join(_METADATA), "name the file with one of these")
        )
    dpi = min(dpi, _LONGEST / max(figure.get_size_inches()))
    with whole(path) as temporary:
        figure.savefig(temporary, format=suffix[1:], dpi=dpi, metadata=_METADATA[suffix])
