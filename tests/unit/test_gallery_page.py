"""What the pages to look through scored photographs promise to those who read them."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pytest
from html_seen import parsed

from fundus_anomaly.errors import InputError
from fundus_anomaly.quality.shift import Light
from fundus_anomaly.quality.verdict import NOT_JUDGED, WITH_CARE
from fundus_anomaly.report.figures.heat_map import Scale
from fundus_anomaly.report.pages import gallery_page
from fundus_anomaly.report.pages.gallery_card import Finding
from fundus_anomaly.report.pages.gallery_files import FILES
from fundus_anomaly.scoring.thresholds import calibration_in_words

NORMALS = np.array([3.0, 1.0, 2.5, 0.5])
HOSTILE = "<script>alert(1)</script>\"><img src=x onerror='y'>&amp;"


class Cards(HTMLParser):
    """The attributes of each card, and its facts."""

    def __init__(self):
        super().__init__()
        self.cards, self._in_facts = [], False

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "article":
            self.cards.append(given | {"facts": ""})
        self._in_facts = given.get("class") == "facts" if tag == "p" else self._in_facts

    def handle_endtag(self, tag):
        self._in_facts = self._in_facts and tag != "p"

    def handle_data(self, data):
        if self._in_facts and self.cards:
            self.cards[-1]["facts"] += f"{data} "


def cards(html):
    read = Cards()
    read.feed(html.split("<dialog")[0])
    return read.cards


def settings(**changes) -> gallery_page.Settings:
    given = {
        "title": "Unknown",
        "method": "ReSAD",
        "threshold": 2.0,
        "threshold_meaning": calibration_in_words(4, 0.95),
        "scale": Scale(84, 120),
        "rows_per_page": 10,
    }
    return gallery_page.Settings(**given | changes)


def first_page(found, left_out=(), normals=NORMALS, light=None, **changes):
    return next(gallery_page.pages(found, normals, left_out, settings(**changes), light))[1]


def test_the_highest_score_comes_first_with_its_percentile_and_its_side_of_the_threshold():
    found = [Finding(n, s) for n, s in (("a", 1.0), ("c", 3.5), ("b", 3.5), ("d", 2.0))]
    shown = cards(first_page(found, scale=Scale(1, 2)))
    assert [card["data-id"] for card in shown] == ["b", "c", "d", "a"]
    assert [re.findall(r"percentile (\d+)\s+\((\d of 4)\)", card["facts"])[0] for card in shown] == [
        ("100", "4 of 4"),
        ("100", "4 of 4"),
        ("50", "2 of 4"),
        ("25", "1 of 4"),
    ]
    assert [card["data-decision"].split()[0] for card in shown] == ["above", "above", "above", "below"]
    assert [re.search(r"score ([\d.]+)", card["facts"])[1] for card in shown] == ["3.500", "3.500", "2.000", "1.000"]


def test_scores_are_written_alike_and_a_further_photograph_changes_no_other():
    found = [Finding(n, s) for n, s in (("a", 119.9), ("b", 120.0), ("c", 90.04))]
    few, more = (
        {card["data-id"]: card["facts"] for card in cards(first_page(some, threshold=90.0))}
        for some in (found, [*found, Finding("letter", 123456.0)])
    )
    assert {name: text for name, text in more.items() if name != "letter"} == few


def test_known_labels_say_what_was_missed_and_unknown_ones_make_no_word_of_it():
    found = [Finding("a", 3.0, 0), Finding("b", 2.5, 1, 2), Finding("c", 1.0, 1, 1), Finding("d", 0.5, 0)]
    html = first_page(found)
    assert [card["data-kind"] for card in cards(html)] == ["false alarm", "", "missed", ""]
    assert [card["data-label"] for card in cards(html)] == [
        "normal",
        "abnormal, grade 2",
        "abnormal, grade 1",
        "normal",
    ]
    assert 'value="kind:missed"' in html
    html = first_page([Finding("a", 3.0)])
    assert "data-label" not in html.split("<script>")[0] and "kind:" not in html.split("<script>")[0]
    assert not re.search(r": missed|false alarm|annotated", parsed(html.split("<script>")[0]).text)


def test_what_is_judged_with_care_says_why_and_can_be_chosen():
    html = first_page([Finding("a", 3.0, quality=WITH_CARE, reason="blurred")])
    assert cards(html)[0]["data-quality"] == WITH_CARE
    assert "with care: blurred" in cards(html)[0]["facts"]
    assert f'<option value="quality:{WITH_CARE}">' in html
    assert "1 is judged with care" in parsed(html).text


def test_what_cannot_be_judged_comes_last_without_a_score_or_a_heat_map_and_is_no_miss():
    refused = Finding("z", float("nan"), 1, 3, NOT_JUDGED, "no fundus")
    html = first_page([refused, Finding("a", 1.0, 0)], light=Light("red", "another camera"))
    card = cards(html)[1]
    assert (card["data-id"], card["data-decision"], card["data-kind"]) == ("z", NOT_JUDGED, "")
    assert "data-heat" not in card and "score" not in card["facts"] and "no fundus" in card["facts"]
    assert "heat/z" not in html and "contour/z" not in html and "png/z" not in html
    assert "1 photographs, scored by" in html and "1 more cannot be judged" in html
    assert '<p class="light red"><strong>red</strong>' in html


def test_pictures_lie_beside_the_page_whatever_the_image_is_called():
    for name in ("unknown/Auge ß 1", 'javascript:"x"#?%', "{id}"):
        html = first_page([Finding(name, 3.0, annotated=True)], lesions={"MA": "#56B4E9"}).split("<script>")[0]
        sources = {unquote(source) for source in parsed(html).sources}
        assert sources == {file for file in FILES.of(name) if not file.startswith("heat/")}
        assert unquote(cards(html)[0]["data-heat"]) == FILES.of(name).heat
    assert "truth/" not in first_page([Finding("a", 3.0)])


def test_the_page_is_for_a_dark_room_and_a_phone_and_says_what_its_colours_mean():
    html = first_page([Finding("a", 3.0)])
    assert "prefers-color-scheme:dark" in html and "@media (max-width" in html and "@media print" in html
    assert "width=device-width" in html
    assert all(end in parsed(html).text for end in ("≤ 84", "102", "≥ 120"))
    assert "linear-gradient" in html


def test_the_page_says_once_how_many_normals_there_are_and_what_share_of_false_alarms_to_expect():
    text = parsed(first_page([Finding("a", 1.0)])).text
    assert text.count("4 held-out normals") == 1
    assert "of new normals like them 20.0 % are expected above it" in text


def test_hostile_names_are_shown_as_they_are_and_do_nothing():
    found = [Finding(HOSTILE, 1.0, reason=HOSTILE)]
    given = {"title": HOSTILE, "method": HOSTILE, "threshold_meaning": HOSTILE, "left_out_title": HOSTILE}
    html = first_page(found, [(HOSTILE, HOSTILE)], **given)
    seen = parsed(html)
    assert seen.tags.count("script") == 1
    assert seen.tags.count("img") == 3
    assert "onerror='" not in html
    (card,) = cards(html)
    assert card["data-id"] == HOSTILE
    # Tab, heading, method, meaning, left out three times, id, reason.
    assert seen.text.count(HOSTILE) == 9


def test_the_only_script_is_ours_and_the_policy_lets_no_other_run_nor_anything_be_fetched():
    plain, hostile = first_page([Finding("a", 1.0)]), first_page([Finding(HOSTILE, 1.0)])
    scripts = [re.findall(r"<script>(.*?)</script>", html, re.DOTALL)[-1] for html in (plain, hostile)]
    assert scripts[0] == scripts[1]
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in plain
    assert "default-src 'none'; img-src 'self' data:;" in plain
    assert "Research use only" in plain and "not a diagnosis" in plain
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|innerHTML|eval\(", scripts[0])


def test_many_images_make_several_pages_and_none_twice():
    found = [Finding(f"image/{n:03d}", float(n)) for n in range(25)]
    made = list(gallery_page.pages(found, np.arange(5.0), [], settings()))
    assert [name for name, _ in made] == ["index.html", "page_2.html", "page_3.html"]
    shown = [card["data-id"] for _, html in made for card in cards(html)]
    assert shown == [f"image/{n:03d}" for n in range(24, -1, -1)]
    assert {"page_2.html", "page_3.html"} <= set(parsed(made[0][1]).sources)


def test_the_eyes_of_a_patient_are_on_one_page_known_by_a_number_that_names_nobody():
    found = [
        Finding(f"{n:02d}", 20.0 - n, patient=f"Doe, J. {n % 8}", eye=("right", "left")[n // 8]) for n in range(16)
    ]
    made = list(gallery_page.pages([*found, Finding("alone", 30.0)], NORMALS, [], settings(rows_per_page=6)))
    shown = [cards(html) for _, html in made]
    assert [card["data-id"] for card in shown[0]] == ["alone", "00", "01", "08", "09"]
    assert [len(page) for page in shown] == [5, 6, 6]
    patients = {card["data-id"]: card["data-patient"] for page in shown for card in page}
    assert all(patients[f"{n:02d}"] == patients[f"{n + 8:02d}"] for n in range(8))
    assert len(set(patients.values())) == 9
    assert [card["data-eye"] for card in shown[0][1:]] == ["right", "right", "left", "left"]
    assert "right eye" in shown[0][1]["facts"]
    assert not any("Doe" in html for _, html in made)
    assert 'id="arranged"' in made[0][1]


def test_a_patient_of_more_photographs_than_a_page_holds_is_on_several():
    found = [Finding(f"{n}", 9.0 - n, patient="one") for n in range(9)]
    shown = [cards(html) for _, html in gallery_page.pages(found, NORMALS, [], settings(rows_per_page=4))]
    assert [len(page) for page in shown] == [4, 4, 1]


def test_photographs_of_as_many_patients_are_not_arranged_by_them():
    html = first_page([Finding("a", 3.0, patient="p"), Finding("b", 2.0)])
    assert "data-patient" not in html.split("<script>")[0] and 'id="arranged"' not in html


def test_only_lesions_that_are_outlined_somewhere_can_be_asked_for():
    colours = {"MA": "#56B4E9", "HE": "#D55E00"}
    html = first_page([Finding("a", 3.0, annotated=True, lesions=("HE",)), Finding("b", 2.0)], lesions=colours)
    assert [card.get("data-lesions") for card in cards(html)] == ["HE", None]
    assert "<option>HE</option>" in html and "<option>MA</option>" not in html
    assert 'id="lesion"' not in first_page([Finding("a", 3.0)], lesions=colours)


def test_a_full_page_of_long_names_has_less_than_three_megabytes():
    found = [Finding(f"{'Auge ß/' * 20}{n}", float(n), 1, 2, annotated=True) for n in range(500)]
    ((_, html),) = gallery_page.pages(found, NORMALS, [], settings(rows_per_page=500, lesions={"MA": "#56B4E9"}))
    assert len(html.encode()) < 3_000_000


def test_all_images_without_a_score_are_named_at_once():
    found = [Finding(n, s) for n, s in (("first", np.nan), ("fine", 1.0), ("second", np.inf))]
    with pytest.raises(InputError, match=r"(?s)first.*second"):
        first_page(found)


def test_a_folder_without_photographs_still_gives_a_page():
    html = first_page([], [("broken.jpg", "truncated")], normals=np.array([]), left_out_title="Cannot be judged")
    assert "broken.jpg: truncated" in parsed(html).text
    assert "Cannot be judged: 1" in parsed(html).text
