"""Pages that a tiny run has little of, with much in them: the index, the audit, tables wider than a phone, a figure."""

import cv2
import numpy as np
import pandas as pd
import pytest
from headless import CHROMIUM, CUT_OFF, NAMES, WINDOWS

from fundus_anomaly.audit.findings import Finding
from fundus_anomaly.report.pages import audit, index, table
from fundus_anomaly.report.pages.figure import figure_page

pytestmark = [pytest.mark.workflow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")]
WIDE = pd.DataFrame({f"a column of figures {n}": ["0.500 [0.400, 0.600]"] * 3 for n in range(12)})


def index_page():
    links = [index.Link("Tables 1 and 2", "tables/resad.html", [("CSV", "tables/resad.csv")])]
    sections = [index.Section("Headlines", ["ReSAD: 8 photographs."], WIDE, links)]
    long = {"configuration": "x" * 300}
    return index.index_page("Phantom", {"dataset": "phantom"}, sections, {"numpy": "2"}, long)


def audit_page():
    names = [f"own/{n}" for n in range(30)]
    manifest = pd.DataFrame({"id": names, "split": "test", "label": 0, "grade": -1, "patient": names})
    facts = pd.DataFrame({"error_kind": "", "format": "JPEG", "mode": "RGB", "bits": 8, "width": 9, "height": 9}, [0])
    found = [
        Finding(
            "photograph: blank", severity, tuple(names), f"{'a/long/path' * 20}: blank.", "Replace it", exclude=names
        )
        for severity in ("error", "warning", "note")
    ]
    return audit.page("own", manifest, facts, found, ["2 files were left alone."], [], on_bad_image="fail")


def table_page():
    columns = " | ".join(WIDE.columns)
    rows = "\n".join(f"| {' | '.join(row)} |" for row in WIDE.to_numpy())
    return table.page(f"# Tables 1 and 2\n\n| {columns} |\n|{'---|' * len(WIDE.columns)}\n{rows}\n\n- A footnote.\n")


def drawn_figure():
    return figure_page("Anomaly maps", cv2.imencode(".png", np.full((300, 2400, 3), 200, np.uint8))[1].tobytes())


PAGES = {"index": index_page, "audit": audit_page, "table": table_page, "figure": drawn_figure}


@pytest.mark.parametrize("window", WINDOWS, ids=NAMES)
@pytest.mark.parametrize("kind", PAGES)
def test_a_page_is_whole_and_accessible(browser, tmp_path, kind, window):
    page = tmp_path / f"{kind}.html"
    page.write_text(PAGES[kind](), encoding="utf-8")
    browser.open(page, **window)
    # What is folded away is looked at, too.
    browser.value("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert browser.violations() == []
    assert browser.value(CUT_OFF) == []
    assert browser.complaints() == []
