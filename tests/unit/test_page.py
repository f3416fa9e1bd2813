"""All pages are of one template: values are text whatever they hold, and the browser is told to load nothing."""

import ast
from pathlib import Path

import jinja2
import pandas as pd
import pytest

from fundus_anomaly.report.pages.page import POLICY, render, shown_table
from fundus_anomaly.report.pages.style import STYLE

PAGES = Path(__file__).resolve().parents[2] / "src" / "fundus_anomaly" / "report" / "pages"
EVIL = "<script>alert(1)</script>\" onerror='x' {{ 7 * 7 }}"


def test_a_value_is_text_in_content_attribute_title_and_table():
    table = shown_table(pd.DataFrame({EVIL: [EVIL], "n": [3]}), [True])
    html = render("audit", '<p title="{{ said }}">{{ said }}</p>{{ parts.table(table) }}', EVIL, said=EVIL, table=table)
    assert "<script" not in html and '" onerror' not in html
    assert "49" not in html, "a value is no template"
    assert html.count("&lt;script&gt;") == 5
    assert '<tr class="differs">' in html and '<td class="number">3</td>' in html


def test_a_value_that_is_missing_is_a_mistake_and_no_gap():
    with pytest.raises(jinja2.UndefinedError):
        render("audit", "{{ nothing }}", "title")


def test_the_policy_allows_pictures_within_the_page_and_its_own_style_alone():
    html = render("table", "", "t")
    assert f'http-equiv="Content-Security-Policy" content="{POLICY}"' in html
    assert POLICY.startswith("default-src 'none'; img-src data:; style-src 'unsafe-inline'")
    assert html.index("Content-Security-Policy") < html.index("<title>") < html.index("<style>")
    assert html.count("<style>") == 1 and STYLE in html
    assert "url(" not in STYLE and "@import" not in STYLE


def test_no_page_has_a_document_or_a_style_of_its_own():
    for path in set(PAGES.glob("*.py")) - {PAGES / "page.py", PAGES / "style.py"}:
        texts = [
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        assert not [text for text in texts if "<!doctype" in text.lower() or "<style" in text], path
