"""The page that leads to everything of a run."""

from pathlib import Path

import pandas as pd
from html_seen import parsed

from fundus_anomaly.report.pages.index import Link, Section, index_page
from fundus_anomaly.report.pages.index_parts import costs, judged, links
from fundus_anomaly.report.pages.run_index import data, headlines, in_words, there

HOSTILE = "<script>alert(1)</script>\"><img src=x onerror='y'>&amp;"


def seen(*arguments):
    return parsed(index_page(*arguments))


def table(**figures):
    row = {"method": "ReSAD", "source": "this run", **figures}
    return pd.DataFrame([row])


def test_whatever_a_value_holds_is_shown_as_text():
    part = Section(HOSTILE, [HOSTILE], pd.DataFrame({HOSTILE: [HOSTILE]}), [Link(HOSTILE, "a.html")])
    read = seen(HOSTILE, {HOSTILE: HOSTILE}, [part], {HOSTILE: "1"}, {HOSTILE: HOSTILE})
    assert not {"script", "img"} & set(read.tags)
    assert read.text.count(HOSTILE) == 12
    assert "Research use only" in read.text


def test_links_lead_beside_the_page_whatever_a_folder_is_called():
    (link,) = links([["Lesions", "lesion_bank/a b ü#/lesions.html", ["png"]]])
    read = seen("run", {}, [Section("Figures", links=[link])], {}, {})
    assert read.sources == ["lesion_bank/a%20b%20%C3%BC%23/lesions.html", "lesion_bank/a%20b%20%C3%BC%23/lesions.png"]


def test_a_table_has_its_workbook_beside_it():
    (link,) = links([["Every photograph", "images.csv", ["xlsx"]]])
    assert seen("run", {}, [Section("Photographs", links=[link])], {}, {}).sources == ["images.csv", "images.xlsx"]


def test_a_part_without_anything_in_it_is_left_out():
    read = seen("run", {}, [Section("empty"), Section("of nothing", table=pd.DataFrame())], {}, {})
    assert not {"h2", "table", "details"} & set(read.tags)


def test_the_headline_has_the_intervals_or_counts_what_has_no_labels():
    figures = {
        f"{name}{end}": 0.5 for name in ("image_auc", "pixel_auc", "pixel_aupro") for end in ("", "_low", "_high")
    }
    (labelled,) = headlines(table(**figures))
    assert labelled.table["image AUC"].tolist() == ["0.500 [0.500, 0.500]"]
    counts = {"normals": 0, "normals_called": 0, "abnormals": 0, "abnormals_called": 0}
    nothing = dict.fromkeys(figures, float("nan"))
    (unlabelled,) = headlines(table(**nothing, **counts, unlabelled=8, unlabelled_called=3, false_alarms=0.05))
    assert unlabelled.words[0].startswith("ReSAD: 8 photographs, 3 above the threshold")
    assert unlabelled.table.empty


def test_photographs_and_decisions_are_counted():
    manifest = pd.DataFrame(
        {"id": list("abcd"), "split": ["train", "train", "test", "test"], "label": [0, 0, 1, -1], "grade": -1}
    ).assign(patient=list("ppqr"))
    assert in_words(manifest) == {
        "learned from": "2 normal photographs",
        "tested": "1 abnormal, 1 without a label photographs",
    }
    part = data(manifest, [], 1, [])
    assert part.words == ["The audit found nothing wrong. 1 image was excluded."]
    assert part.table["images"].sum() == 4
    part = judged(pd.Series(["above", "below", "below"]))
    assert part.words == ["3 photographs."]
    assert part.table.to_numpy().tolist() == [["below", 2], ["above", 1]]


def test_of_further_pages_those_are_led_to_that_are_there():
    given = [["Compared", "tables/compared.html", ["csv", "md"]], ["Rivals", "tables/rivals.html", ["csv"]]]
    made = ["results/own/tables/compared.html", "results/own/tables/compared.md", "results/own/tables/rivals.csv"]
    assert there(given, Path("results/own"), made) == [("Compared", "tables/compared.html", ["md"])]


def test_what_a_run_took_has_a_part_where_anything_is_known():
    table = pd.DataFrame([("coreset", "9", "12 min 5 s", "4 min 0 s", "1,024 MB")], columns=list("abcde"))
    assert "Of the rules that take longest" in seen("run", {}, [costs(table)], {}, {}).text
    assert "h2" not in seen("run", {}, [costs(table[:0])], {}, {}).tags
