"""What the pages of scores promise to those who read them."""

from __future__ import annotations

import base64
import re
from urllib.parse import unquote

import cv2
import numpy as np
import pytest
from html_seen import parsed
from sample_eye import SIZE, eye

from fundus_anomaly.errors import InputError
from fundus_anomaly.report.figures import heat_map
from fundus_anomaly.report.figures.heat_map import Scale
from fundus_anomaly.report.pages import scores
from fundus_anomaly.scoring.thresholds import calibration_in_words


def settings(**changes) -> scores.Settings:
    given = {
        "title": "Unknown",
        "method": "ReSAD",
        "threshold": 2.0,
        "threshold_meaning": calibration_in_words(4, 0.95),
        "rows_per_page": 10,
        "thumbnail": 32,
        "jpeg_quality": 80,
    }
    return scores.Settings(**{**given, **changes})


def pictures(_: str) -> tuple[np.ndarray, np.ndarray]:
    photograph, field = eye()
    return photograph, heat_map.overlay(photograph, np.ones((SIZE, SIZE), np.float32), field, Scale(0, 1), 0.8)


def test_the_highest_score_comes_first_with_its_percentile_and_its_side_of_the_threshold():
    found = [scores.Finding(n, f"/{n}", s) for n, s in (("a", 1.0), ("c", 3.5), ("b", 3.5), ("d", 2.0))]
    ((name, html),) = scores.pages(found, np.array([3.0, 1.0, 2.5, 0.5]), [], pictures, settings())
    cells = np.reshape(parsed(html).cells, (4, 7))
    assert name == "index.html"
    assert [cell[0] for cell in cells[:, 1]] == ["b", "c", "d", "a"]
    assert cells[:, 5].tolist() == ["1004 of 4", "1004 of 4", "502 of 4", "251 of 4"]
    assert [cell.strip() for cell in cells[:, 6]] == ["yes", "yes", "yes", "no"]
    assert cells[:, 4].tolist() == ["3.500", "3.500", "2.000", "1.000"]


def test_scores_of_the_page_are_written_alike_and_a_further_photograph_changes_no_other():
    found = [scores.Finding(n, n, s) for n, s in (("a", 119.9), ("b", 120.0), ("c", 90.04))]
    far = scores.Finding("letter", "letter", 123456.0)
    for scale in (None, Scale(84, 120)):
        shown = []
        for more in ([], [far]):
            ((_, html),) = scores.pages(
                [*found, *more], np.array([80.0, 99.0]), [], pictures, settings(threshold=90.0, scale=scale)
            )
            cells = np.reshape(parsed(html).cells, (-1, 7))
            shown.append({cell[1]: cell[4] for cell in cells})
        assert {name: text for name, text in shown[1].items() if name != "letterletter"} == shown[0]
        decimals = {len(text.partition(".")[2]) for text in shown[1].values()}
        assert len(decimals) == 1 and decimals != {0}


def test_known_labels_stand_beside_the_photographs_and_unknown_ones_make_no_column():
    found = [scores.Finding("a", "/a", 3.0, 1, 2), scores.Finding("b", "/b", 2.0, 0, 0)]
    ((_, html),) = scores.pages(found, np.array([1.0]), [], pictures, settings())
    assert np.reshape(parsed(html).cells, (2, 8))[:, 2].tolist() == ["abnormal, grade 2", "normal"]
    ((_, html),) = scores.pages([scores.Finding("a", "/a", 3.0)], np.array([1.0]), [], pictures, settings())
    assert len(parsed(html).cells) == 7


def test_thumbnails_lead_to_larger_pictures_whatever_the_image_is_called():
    given = settings(larger=("photograph/{id}.jpg", "png/{id}.png"))
    for name in ("unknown/Auge ß 1", 'javascript:"x"#?%', "{id}"):
        ((_, html),) = scores.pages([scores.Finding(name, "/a", 3.0)], np.ones(1), [], pictures, given)
        links = [unquote(source) for source in parsed(html).sources if not source.startswith("data:")]
        assert links == [f"photograph/{name}.jpg", f"png/{name}.png"]


def test_the_page_is_for_a_dark_room_and_a_phone_and_says_what_its_colours_mean():
    ((_, html),) = scores.pages(
        [scores.Finding("a", "/a", 3.0)], np.ones(1), [], pictures, settings(scale=Scale(84, 120))
    )
    assert "prefers-color-scheme:dark" in html and "@media (max-width" in html
    assert "width=device-width" in html
    assert all(end in parsed(html).text for end in ("≤ 84", "102", "≥ 120"))
    assert "linear-gradient" in html


def test_the_page_says_once_how_many_normals_there_are_and_what_share_of_false_alarms_to_expect():
    found = [scores.Finding("a", "/a", 1.0)]
    ((_, html),) = scores.pages(found, np.array([3.0, 1.0, 2.5, 0.5]), [], pictures, settings())
    text = parsed(html).text
    assert text.count("4 held-out normals") == 1
    assert "4 images" not in text
    assert "of new normals like them 20.0 % are expected above it" in text


HOSTILE = "<script>alert(1)</script>\"><img src=x onerror='y'>&amp;"


def test_hostile_names_are_shown_as_they_are_and_do_nothing():
    found = [scores.Finding(HOSTILE, HOSTILE, 1.0)]
    given = settings(title=HOSTILE, method=HOSTILE, threshold_meaning=HOSTILE)
    ((_, html),) = scores.pages(found, np.array([1.0]), [(HOSTILE, HOSTILE)], pictures, given)
    seen = parsed(html)
    assert "script" not in seen.tags
    assert seen.tags.count("img") == 2
    assert "onerror='" not in html
    assert seen.cells[1] == HOSTILE * 2
    assert seen.text.count(HOSTILE) == 8  # tab, heading, method, meaning, left out twice, id, path


def test_a_page_loads_nothing_from_elsewhere_and_says_what_it_is_not():
    ((_, html),) = scores.pages([scores.Finding("a", "/a", 1.0)], np.array([1.0]), [], pictures, settings())
    assert all(source.startswith("data:image/jpeg;base64,") for source in parsed(html).sources)
    assert "default-src 'none'" in html
    assert "Research use only" in html and "not a diagnosis" in html


def test_many_images_make_several_pages_and_none_twice():
    found = [scores.Finding(f"image/{n:03d}", f"/{n}", float(n)) for n in range(25)]
    made = list(scores.pages(found, np.arange(5.0), [], pictures, settings()))
    assert [name for name, _ in made] == ["index.html", "page_2.html", "page_3.html"]
    shown = [re.findall(r"image/\d{3}(?=<br>)", html) for _, html in made]
    assert [name for page in shown for name in page] == [f"image/{n:03d}" for n in range(24, -1, -1)]
    assert {s for s in parsed(made[0][1]).sources if not s.startswith("data:")} == {"page_2.html", "page_3.html"}


def test_only_the_pictures_of_the_page_at_hand_are_asked_for():
    asked = []

    def watched(name):
        asked.append(name)
        return pictures(name)

    found = [scores.Finding(f"{n}", f"/{n}", float(n)) for n in range(25)]
    next(scores.pages(found, np.arange(5.0), [], watched, settings()))
    assert len(asked) == 10


def test_thumbnails_are_small_whatever_the_photograph():
    address = scores.embedded(np.full((1500, 3000, 3), (200, 100, 50), np.uint8), 64, 80)
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(address.split(",")[1]), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture.shape == (32, 64, 3)
    assert np.abs(picture[16, 32].astype(int) - (200, 100, 50)).max() < 8


def test_all_images_without_a_score_are_named_at_once():
    found = [scores.Finding(n, n, s) for n, s in (("first", np.nan), ("fine", 1.0), ("second", np.inf))]
    with pytest.raises(InputError, match=r"(?s)first.*second"):
        list(scores.pages(found, np.array([1.0]), [], pictures, settings()))


def test_a_folder_without_photographs_still_gives_a_page():
    ((name, html),) = scores.pages([], np.array([]), [("broken.jpg", "truncated")], pictures, settings())
    assert name == "index.html"
    assert "broken.jpg: truncated" in parsed(html).text
