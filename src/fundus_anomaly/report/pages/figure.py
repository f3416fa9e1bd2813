"""A figure as an HTML page of its own: it fits any window, scrolls, and a click shows every pixel."""

from __future__ import annotations

import base64
import os
import struct
from html import escape
from pathlib import Path

from matplotlib.figure import Figure

from fundus_anomaly.files.whole import write_text
from fundus_anomaly.report.figures.style import save

_STYLE = """
:root{color-scheme:light dark;--ink:#1f2933;--soft:#5f6c7b;--page:#fbfbfa}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa6b2;--page:#161a1f}}
body{margin:0;padding:1rem;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
h1{font-size:1.15rem;font-weight:600;margin:0}
p{color:var(--soft);margin:.1rem 0 .8rem}
input{position:absolute;opacity:0}
label{display:block;overflow:auto}
img{display:block;height:auto;background:#fff;width:100%;max-width:var(--width);cursor:zoom-in}
input:checked+img{width:max(var(--width),180%);max-width:none;cursor:zoom-out}
input:focus-visible+img{outline:2px solid #3b6ea5}
"""


def figure_page(title: str, png: bytes) -> str:
    """Return a page that holds a picture, loads nothing and runs no script.

    Args:
        title: What the picture shows.
        png: A PNG file's content.
    """
    width, _ = struct.unpack(">II", png[16:24])
    name = escape(title)
    picture = base64.b64encode(png).decode("ascii")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        "style-src 'unsafe-inline'\">"
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{name}</title>'
        f"<style>{_STYLE}</style></head>\n<body><h1>{name}</h1><p>Click on the figure to enlarge it, and again to fit "
        f'it to the window.</p>\n<label><input type="checkbox" aria-label="enlarge"><img alt="{name}" '
        f'style="--width:{width}px" src="data:image/png;base64,{picture}"></label></body></html>\n'
    )


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
