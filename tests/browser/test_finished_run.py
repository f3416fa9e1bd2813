"""Every page of a finished run in a real browser."""

import pytest
from headless import CHROMIUM, CUT_OFF, DESK, NAMES, WINDOWS

pytestmark = [pytest.mark.workflow, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed here")]


@pytest.mark.parametrize("window", WINDOWS, ids=NAMES)
def test_every_page_opens_without_complaint_loads_nothing_from_elsewhere_and_is_whole_and_accessible(
    browser, finished, window
):
    pages = sorted(finished.results.rglob("*.html"))
    assert {"index.html", "audit.html", "resad.html", "curves.html"} <= {page.name for page in pages}
    wrong = {}
    for page in pages:
        browser.open(page, **window)
        beside = finished.results.as_uri() + "/"
        elsewhere = [one for one in browser.asked_for() if not one.startswith((beside, "data:"))]
        if found := [*browser.complaints(), *elsewhere, *browser.value(CUT_OFF), *browser.violations()]:
            wrong[str(page.relative_to(finished.results))] = found
    assert wrong == {}


def test_the_index_opens_what_it_leads_to(browser, finished):
    browser.open(finished.results / "index.html", **DESK)
    browser.click(".links a")
    browser.value("new Promise((done) => setTimeout(done, 500))")
    assert browser.value("location.pathname").endswith("/heat_maps/index.html")
