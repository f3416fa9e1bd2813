"""Every page of a finished run: told to load nothing from elsewhere, without a handler or a script that is not ours."""

import re
from html.parser import HTMLParser
from urllib.parse import unquote

import pytest

from fundus_anomaly.report.pages.page import POLICY, policy_of

pytestmark = pytest.mark.workflow


class Read(HTMLParser):
    """What a page holds that a browser would run or fetch, and its policy."""

    def __init__(self):
        super().__init__()
        self.policies, self.handlers, self.addresses, self.tags = [], [], [], set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        given = dict(attributes)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policies.append(given["content"])
        self.handlers += [name for name in given if name.startswith("on")]
        self.addresses += [
            given[name] for name in ("src", "href", "srcset", "data", "action", "formaction") if given.get(name)
        ]


def test_no_page_of_a_run_can_run_or_fetch_anything(finished):
    pages = sorted(finished.results.rglob("*.html"))
    kinds = {"audit/audit.html", "heat_maps/index.html", "tables/resad.html", "tables/lesionpaste_3.html"}
    assert kinds < {str(page.relative_to(finished.results)) for page in pages}
    assert any(page.parent.name == "figures" for page in pages)
    for page in pages:
        read = Read()
        text = page.read_text(encoding="utf-8")
        read.feed(text)
        script = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
        assert read.policies == [policy_of(script[0]) if script else POLICY], page
        assert len(script) == (page.parent.name == "heat_maps"), page
        assert not read.handlers, page
        assert read.tags.isdisjoint({"link", "iframe", "object", "embed", "base", "form"}), page
        outside = [one for one in read.addresses if ":" in one.split("/")[0] and not one.startswith("data:image/")]
        assert not outside and not [one for one in read.addresses if one.startswith(("/", "\\"))], page
        style = text.split("<style>")[1].split("</style>")[0]
        assert "url(" not in style and "@import" not in style, page


def test_the_index_leads_to_every_page_of_the_run_and_to_nothing_that_is_not_there(finished):
    read = Read()
    text = (finished.results / "index.html").read_text(encoding="utf-8")
    read.feed(text)
    led = {unquote(address) for address in read.addresses}
    assert [address for address in led if not (finished.results / address).is_file()] == []
    made = {str(page.relative_to(finished.results)) for page in finished.results.rglob("*.html")}
    # The audit without names is for the report.
    assert made - led == {"index.html", "audit/summary.html"}
    assert str(finished.folder) not in text
    assert len(text) < 200_000
    # Time and memory of the rules that take longest, as they were measured.
    for rule in ("images", "features", "resc", "coreset", "score", "calibrate", "train"):
        assert re.search(rf"<td>{rule}</td><td>\d+</td><td>[\d.]+ (s|min)", text), rule
