"""A figure's page: the picture whole, of any shape, with nothing from elsewhere."""

import base64
import re

import pytest
from html_seen import parsed

from fundus_anomaly.report.figures.style import new_figure
from fundus_anomaly.report.pages.figure import figure_page, save_with_page


@pytest.mark.parametrize("size", [(6.8, 1.2), (3, 30), (2, 250)])
def test_the_page_holds_the_picture_itself_and_can_be_scrolled(tmp_path, size):
    save_with_page(new_figure(*size), tmp_path / "a.png", tmp_path / "a.html", "Twins <&>", 160)
    png, html = (tmp_path / "a.png").read_bytes(), (tmp_path / "a.html").read_text(encoding="utf-8")
    (source,) = parsed(html).sources
    assert base64.b64decode(source.removeprefix("data:image/png;base64,")) == png
    assert "Twins &lt;&amp;&gt;" in html
    assert not re.search(r"height:\s*100|overflow:\s*hidden|<script", html)
    assert "default-src 'none'" in html
    assert int.from_bytes(png[20:24], "big") <= 30_000


def test_a_title_is_no_markup():
    html = figure_page("<script>x</script>", b"\x89PNG" + bytes(20) + b"\0" * 8)
    assert "<script" not in html
