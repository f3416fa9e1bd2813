"""A figure as a separate HTML page: it fits any window, scrolls, and a click shows every pixel."""

from __future__ import annotations

import base64
import os
import struct
from pathlib import Path

from matplotlib.figure import Figure

from fundus_anomaly.files.whole import write_text
from fundus_anomaly.report.figures.style import save
from fundus_anomaly.report.pages.page import render

_CONTENT = """\
<h1>{{ title }}</h1>
<p>Click on the figure to enlarge it, and again to fit it to the window.</p>
<label><input type="checkbox" aria-label="enlarge"><img alt="{{ title }}" style="--width:{{ width }}px"
src="data:image/png;base64,{{ picture }}"></label>
"""


def figure_page(title: str, png: bytes) -> str:
    """Return a page that holds a picture, loads nothing and runs no script.

    Args:
        title: What the picture shows.
        png: A PNG file's content.
    """
    width, _ = struct.unpack(">II", png[16:24])
    return render("figure", _CONTENT, title, width=width, picture=base64.b64encode(png).decode("ascii"))


def save_with_page(
    figure: Figure, picture: str | os.PathLike[str], page: str | os.PathLike[str], title: str, dpi: int
) -> None:
    """Write a figure as PNG and as a page.

    Snakemake's report centres a picture in the window, where the top of one that is higher than the window cannot be
    reached; a page scrolls.

    Args:
        figure: What a ``draw`` function of this package returned.
        picture: The PNG file.
        page: The HTML file.
        title: Heading of the page.
        dpi: Dots an inch.
    """
    save(figure, picture, dpi)
    write_text(page, figure_page(title, Path(picture).read_bytes()))
