"""Statements about the tables: our figures and the published ones, side by side and never mistaken for each other."""

import io
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fundus_anomaly.errors import InputError
from fundus_anomaly.evaluation.image_metrics import FALSE_ALARMS
from fundus_anomaly.evaluation.pixel_intervals import Resampling
from fundus_anomaly.evaluation.pixel_sample import PixelSample
from fundus_anomaly.report.pages.table import page
from fundus_anomaly.report.tables import called
from fundus_anomaly.report.tables.ablations import ablation_markdown, ablation_table
from fundus_anomaly.report.tables.calibrated import calibrated_row
from fundus_anomaly.report.tables.called import called_counts
from fundus_anomaly.report.tables.excluded import without_names
from fundus_anomaly.report.tables.footnotes import (
    calibration_notes,
    comparison_note,
    footnotes,
    independence,
    index_fact,
    notes_of,
)
from fundus_anomaly.report.tables.pixel_differences import difference_part, difference_table
from fundus_anomaly.report.tables.published import FILE, published_rows
from fundus_anomaly.report.tables.resad import (
    FIGURES,
    headline,
    image_score_table,
    lesion_table,
    resad_markdown,
    resad_table,
)
from fundus_anomaly.report.tables.variant import Variant

PAPER = sorted((Path(__file__).resolve().parents[2].parent / "shared" / "papers").glob("000_*.txt"))


def metrics(base, lesions=("MA", "EX"), missing=False):
    """A long table whose values tell where they come from."""
    rows = []
    for level, scores in (("image", ("maximum", "mean")), ("pixel", ("",))):
        for score in scores:
            for subset in ("all", "abnormal_only", *(f"lesion:{name}" for name in lesions)):
                for number, metric in enumerate(dict.fromkeys(figure.metric for figure in FIGURES)):
                    value = base + (level == "pixel") * 0.1 + (score == "mean") * 0.05 + number * 0.001
                    value = np.nan if missing else value
                    note = "undefined: no labels" if missing else "7 regions" if metric == "aupro" else ""
                    rows.append((level, metric, score, subset, value, value - 0.01, value + 0.01, 5, 9, note))
    columns = ["level", "metric", "score", "subset", "value", "low", "high", "positives", "negatives", "note"]
    return pd.DataFrame(rows, columns=columns)


@pytest.fixture
def variants():
    return [
        Variant("ReSAD", {"coreset_fraction": 0.1, "training_images": 133}, metrics(0.7)),
        Variant("PatchCore", {"coreset_fraction": 0.1, "training_images": 133}, metrics(0.6)),
    ]


def calibrated(label, count):
    """A variant whose thresholds come from so many held-out normals."""
    row = metrics(0.7).iloc[:1].assign(metric=FALSE_ALARMS, subset="all", negatives=count, note="")
    return Variant(label, {}, pd.concat([metrics(0.7), row], ignore_index=True))


def test_the_footnotes_say_how_many_normals_a_threshold_has_and_what_it_lets_expect():
    rows = [calibrated("10%", 13), calibrated("ReSAD", 100), calibrated("PatchCore", 100)]
    few, many = calibration_notes(rows, "maximum", 0.95)
    assert few.startswith("Calibrated threshold of images, 10%: the highest of the scores of 13 held-out normals")
    assert "too few for 0.95" in few
    assert "7.1 % are expected above it" in few
    assert "ReSAD, PatchCore: rank 96 of the scores of 100 held-out normals; of new normals like them 5.0 %" in many
    assert "2.0 % to 8.9 % in nine of ten" in many
    assert calibration_notes([calibrated("ReSAD", 0)], "maximum", 0.95) == []


def test_sensitivity_and_specificity_stand_beside_the_balanced_accuracy_with_intervals(variants):
    text = resad_markdown(variants, "phantom", "maximum", "phantom", [])
    images = text.split("## Images")[1].split("## ")[0]
    for words in ("balanced accuracy", "sensitivity", "specificity"):
        column = [cell.strip() for cell in images.splitlines()[2].split("|")].index(f"{words}, calibrated threshold")
        assert "[" in images.splitlines()[4].split("|")[column]


def test_every_published_number_is_in_the_file_once():
    figures = pd.read_csv(FILE)
    figures = figures[figures["paper"] == "resad"]
    assert len(figures) == 7 * 4 + 6 * 2 + 7 * 4
    assert not figures.duplicated(["table", "dataset", "method", "metric", "level"]).any()
    assert figures.value.between(0.6, 0.95).all()


@pytest.mark.real
@pytest.mark.skipif(not PAPER, reason="needs the paper's text in ../shared/papers")
def test_the_published_rows_are_those_that_the_paper_prints():
    text = PAPER[0].read_text(encoding="utf-8")
    printed = {"ReSAD": "Ours", "with ReSC": "with ReSC"}
    printed |= {f"without {part}": f"wo {part}" for part in ("ReSC", "region module", "spatial module")}
    lines = [line.lower().split("\t") for line in text.splitlines()]
    rows = {(line[0].split(" [")[0], *line[1:]) for line in lines}
    pixels, both = published_rows("idrid", [1]), published_rows("adam", [1])
    for (_, idrid), (_, adam) in zip(pixels.iterrows(), both.iterrows(), strict=True):
        values = [idrid.pixel_auc, idrid.pixel_balanced_accuracy, adam.pixel_auc, adam.pixel_balanced_accuracy]
        assert (printed.get(idrid.method, idrid.method).lower(), *(f"{v:.3f}" for v in values)) in rows
    for table in (2, 3):
        for _, row in published_rows("idrid", [table]).iterrows():
            values = [f"{value:.3f}" for value in row.drop("method").dropna()]
            assert (printed.get(row.method, row.method).lower(), *values) in rows


def test_ours_come_first_with_their_intervals_and_the_published_rows_say_that_they_are(variants):
    table = resad_table(variants, "idrid", "maximum")
    assert table.method.tolist()[:2] == ["ReSAD", "PatchCore"]
    assert table.source.tolist() == ["this run"] * 2 + ["published"] * 7
    ours, theirs = table.iloc[0], table[table.source == "published"].set_index("method").loc["ReSAD"]
    assert (ours.image_auc, ours.image_auc_low, ours.image_auc_high) == pytest.approx((0.7, 0.69, 0.71))
    assert ours.pixel_auc == pytest.approx(0.8)
    assert (theirs.image_auc, theirs.pixel_auc) == (0.941, 0.907)
    assert theirs.pixel_balanced_accuracy_best_on_test == 0.819
    assert np.isnan(theirs.pixel_balanced_accuracy_at_normal_quantile)
    assert np.isnan(theirs.pixel_aupro)


def test_the_image_score_of_the_table_is_the_one_asked_for(variants):
    assert resad_table(variants, "idrid", "mean").image_auc[0] == pytest.approx(0.75)
    by_score = image_score_table(variants)
    assert by_score[["auc_maximum", "auc_mean"]].iloc[1].tolist() == pytest.approx([0.6, 0.65])


def test_a_dataset_that_is_not_in_the_paper_has_our_rows_only(variants):
    assert resad_table(variants, "phantom", "maximum").source.tolist() == ["this run"] * 2
    assert "published" not in resad_markdown(variants, "phantom", "maximum", "Phantom", [])


def test_the_machine_readable_table_has_one_number_a_cell(variants):
    table = resad_table(variants, "idrid", "maximum")
    back = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    assert all(pd.api.types.is_numeric_dtype(back[column]) for column in back.columns.drop(["method", "source"]))
    assert "133,0.7" in table.to_csv(index=False)


def test_every_line_of_a_markdown_table_has_the_same_width(variants):
    text = resad_markdown(variants, "idrid", "maximum", "IDRiD", ["a footnote"])
    assert text.startswith("# IDRiD\n")
    assert text.endswith("- a footnote\n")
    for part in text.split("## ")[1:]:
        assert len({len(line) for line in part.splitlines() if line.startswith("|")}) == 1


def test_the_markdown_shows_intervals_marks_published_rows_and_dashes_what_the_paper_does_not_give(variants):
    lines = resad_markdown(variants, "idrid", "maximum", "IDRiD", []).splitlines()
    ours = next(line for line in lines if line.startswith("| ReSAD "))
    assert "0.800 [0.790, 0.810]" in ours
    theirs = [line for line in lines if line.startswith("| ReSAD (published)")]
    assert len(theirs) == 2
    assert "0.907" in theirs[0]
    assert "–" in theirs[0]
    assert sum(line.startswith("| AnoGAN (published)") for line in lines) == 1, "the paper has it for pixels only"


def test_each_lesion_type_has_a_row_for_each_method(variants):
    table = lesion_table(variants, "maximum")
    assert table[["lesion", "method"]].to_numpy().tolist() == [
        ["MA", "ReSAD"],
        ["MA", "PatchCore"],
        ["EX", "ReSAD"],
        ["EX", "PatchCore"],
    ]
    assert lesion_table([Variant("ReSAD", {}, metrics(0.7, ()))], "maximum").empty


def test_a_lesion_type_has_every_figure_that_all_images_have(variants):
    table = lesion_table(variants, "maximum")
    assert {figure.column for figure in FIGURES if figure.subset == "all"} <= set(table.columns)
    text = resad_markdown(variants, "idrid", "maximum", "IDRiD", [])
    for level in ("image", "pixel"):
        part = text.split(f"## Lesion types, {level}s")[1].split("## ")[0]
        assert all(words in part for words in ("AUC", "balanced accuracy, calibrated threshold", "average precision"))
        assert ("AUPRO" in part) == (level == "pixel")


def test_a_table_as_a_page_has_its_rows_its_footnotes_and_no_markup_of_others(variants):
    variants = [Variant("<script>alert(1)</script> | a", variants[0].params, variants[0].metrics)]
    html = page(
        resad_markdown(
            variants,
            "idrid",
            "maximum",
            "IDRiD & more",
            ["Excluded images: *a* __b__ `x` <b> &amp; [l](http://l) ![i](http://i) \\_"],
        )
    )
    seen = Seen()
    seen.feed(html)
    assert not {"script", "b", "em", "strong", "code", "a", "img"} & set(seen.tags)
    assert "Excluded images: *a* __b__ `x` <b> &amp; [l](http://l) ![i](http://i) \\_" in seen.texts
    assert seen.tags.count("table") == 5
    assert "<script>alert(1)</script> | a" in seen.texts
    assert "0.700 [0.690, 0.710]" in seen.texts
    assert "IDRiD & more" in seen.texts
    assert not any("|" in text for text in seen.texts if "script" not in text)


class Seen(HTMLParser):
    """The tags of a page and the texts between them."""

    def __init__(self):
        super().__init__()
        self.tags, self.texts = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.texts.append(data.strip())


def test_ablations_show_the_effective_number_of_neighbours_beside_the_published_table():
    variants = [
        Variant("with ReSC", {"reading": "matmul|x", "effective_neighbours": 106.4}, metrics(0.7)),
        Variant("uniform", {"reading": "matmul", "effective_neighbours": 9464.2}, metrics(0.7)),
        Variant("without ReSC", {"reading": "none"}, metrics(0.6)),
    ]
    table = ablation_table(variants, "idrid", "maximum")
    assert table.effective_neighbours.tolist()[:2] == [106.4, 9464.2]
    assert table[table.source == "published"].method.tolist() == published_rows("idrid", [3]).method.tolist()
    assert table.set_index(["source", "method"]).loc[("published", "without ReSC"), "image_auc"] == 0.769
    lines = ablation_markdown(variants, "idrid", "maximum", "Ablations", []).splitlines()
    first = next(line for line in lines if line.startswith("| with ReSC "))
    assert " 106 |" in first
    assert r"matmul\|x" in first
    assert any(" 9464 |" in line for line in lines)


def test_the_headline_is_short_and_compares_a_method_with_its_published_self(variants):
    text = headline(resad_table(variants, "idrid", "maximum"))
    assert len(text.splitlines()) == 2 + 4
    assert "0.700 [0.690, 0.710]" in text
    assert "ReSAD (published)" in text
    assert "fAnoGAN" not in text


def test_a_figure_that_the_evaluation_lacks_is_named():
    short = metrics(0.7)
    with pytest.raises(InputError, match="metrics of ReSAD: pixel aupro all"):
        resad_table([Variant("ReSAD", {}, short[short.metric != "aupro"])], "idrid", "maximum")


def test_metrics_read_back_from_their_file_give_the_same_tables(variants):
    def again(frame):
        return pd.read_csv(io.StringIO(frame.to_csv(index=False)))

    read = [variant._replace(metrics=again(variant.metrics)) for variant in variants]
    one, other = (resad_markdown(which, "idrid", "maximum", "IDRiD", []) for which in (variants, read))
    assert one == other
    assert notes_of(read, FIGURES, "maximum") == notes_of(variants, FIGURES, "maximum")


def uncalled(labels, scores=None, threshold=2.0):
    """Two methods whose test has these labels; the second calls every image abnormal."""
    scores = np.arange(len(labels)) if scores is None else np.array(scores)
    return [
        Variant(
            name,
            {"coreset_fraction": 0.1, "threshold": threshold, "false_alarms": 0.05}
            | called_counts(scores + more, np.array(labels), threshold),
            metrics(0.7, (), missing=True),
        )
        for name, more in (("ReSAD", 0), ("PatchCore", 100))
    ]


@pytest.mark.parametrize(
    "labels, words, cells",
    [
        (
            [-1] * 17,
            "17 photographs, 2 above the threshold (false alarms expected: 0.85 if all were normal)",
            ["2 of 17", "17 of 17"],
        ),
        ([1] * 17, "17 abnormal photographs, 2 above the threshold", ["2 of 17", "17 of 17"]),
        (
            [0] * 17,
            "17 normal photographs, 2 above the threshold (false alarms expected: 0.85)",
            ["2 of 17", "17 of 17"],
        ),
        ([-1], "1 photograph, 0 above the threshold (false alarms expected: 0.050 if all were normal)", ["0 of 1"]),
        (
            [1] * 16 + [-1],
            "16 abnormal photographs, 1 above the threshold; 1 photograph, 1 above the threshold "
            "(false alarms expected: 0.050 if all were normal)",
            ["1 of 16", "1 of 1"],
        ),
    ],
)
def test_a_test_without_both_classes_is_reported_in_numbers_and_no_table_is_all_dashes(labels, words, cells):
    variants = uncalled(labels, threshold=15.0)
    table = resad_table(variants, "images", "maximum")
    text = resad_markdown(variants, "images", "maximum", "Mine", notes_of(variants, FIGURES, "maximum"))
    assert "nan" not in text.lower() and "–" not in text
    assert all(cell in text for cell in cells)
    assert text.count("undefined: no labels") == 1
    again = pd.read_csv(io.StringIO(table.to_csv(index=False)))
    for one in (table, again):
        lines = headline(one).splitlines()
        assert lines[0] == f"ReSAD: {words}"
        assert lines[1].startswith("PatchCore: ")
        assert len(lines) == 2


def test_abnormal_images_alone_with_masks_keep_the_figures_of_their_pixels():
    (one, other) = uncalled([1] * 17, threshold=15.0)
    whole = metrics(0.7)
    whole.loc[whole.level == "image", ["value", "low", "high"]] = np.nan
    variants = [variant._replace(metrics=whole) for variant in (one, other)]
    text = resad_markdown(variants, "images", "maximum", "Mine", [])
    assert "## Pixels" in text and "## Images (the paper's" not in text and "2 of 17" in text
    shown = headline(resad_table(variants, "images", "maximum"))
    assert "pixel AUC" in shown and "image AUC" not in shown and "17 abnormal photographs, 2 above" in shown


def test_a_test_of_both_classes_has_the_columns_that_it_had(variants):
    assert not set(called.COLUMNS) & set(resad_table(variants, "idrid", "maximum").columns)


def test_ablations_of_photographs_without_labels_say_why_there_is_no_table():
    text = ablation_markdown([Variant("with ReSC", {}, metrics(0.7, (), missing=True))], "images", "maximum", "A", [])
    assert "No figures" in text and "–" not in text


def test_the_page_of_a_report_counts_who_was_left_out_and_names_nobody():
    excluded = {"unknown/Erika": "Patient 'Erika Mustermann': (train)", "unknown/2": "damaged"}
    text = "\n".join(footnotes({}, excluded, 0.95, 0.9, "maximum", False, []))
    assert "unknown/Erika (Patient" in text
    unnamed = without_names(text, excluded)
    assert "Erika" not in unnamed and "Excluded images: 2, named in audit/left_out.csv" in unnamed
    assert without_names(text, {}) == text


def pixels(seed, gap):
    """Counts of the same twenty images by another map, eight of them normal."""
    draw = np.random.default_rng(0)
    level, own = draw.normal(20, 3, 20), np.random.default_rng(seed).normal(gap, 1, 20)
    abnormal = np.arange(20) >= 8

    def counts(mean, number):
        scores = [draw.normal(one, 5, number).clip(0, 63).astype(int) for one in mean]
        return np.array([np.bincount(one, minlength=64) for one in scores], np.float32)

    lesions = abnormal[:, None] * counts(level + own, 50)
    return PixelSample([f"i{number:02d}" for number in range(20)], lesions, counts(level, 3000), lesions / 10)


def test_pixel_figures_of_two_methods_are_compared_over_the_same_resamples(variants):
    samples = [pixels(1, 10), pixels(2, 6)]
    ids = samples[0].ids
    test = {"id": [*ids, "left out"], "label": [0] * 8 + [1] * 13, "patient": [*ids, "left out"]}
    drawing = Resampling(0.3, 200, 0.95, 0)
    table = difference_table(variants, samples, "PatchCore", test, drawing)
    assert table["figure"].tolist() == ["auc", "average_precision", "aupro"]
    assert set(table["method"]) == {"ReSAD"}
    # The tables' figures, which are exact, give the difference; the resamples its interval.
    assert table["difference"].to_numpy() == pytest.approx(0.1)
    assert ((table["low"] < 0.1) & (table["high"] > 0.1)).all()
    text = resad_markdown(variants, "idrid", "maximum", "IDRiD", [], difference_part(table, 0.95))
    heading = "## Pixels, difference from “PatchCore” (paired bootstrap over patients, 95%)"
    line = text.split(heading)[1].split("|\n")[2]
    assert line.startswith("| ReSAD")
    assert line.count("+0.1000 [") == 3
    assert line.count(", p ") == 3


def test_differences_are_left_out_where_there_is_nothing_to_compare(variants):
    drawing = Resampling(0.3, 100, 0.95, 0)
    sample, none = pixels(1, 10), PixelSample([], *np.zeros((3, 0, 1), np.float32))
    test = {"id": sample.ids, "label": [0] * 8 + [1] * 12, "patient": sample.ids}
    assert difference_part(difference_table(variants, [none, none], "PatchCore", test, drawing), 0.95) == []
    assert difference_table(variants, [sample, sample], "", test, drawing).empty
    same = difference_table(variants, [sample, sample], "PatchCore", test | {"patient": ["one"] * 20}, drawing)
    assert same["low"].isna().all()
    assert "no interval: fewer than 5 patients" in "".join(difference_part(same, 0.95))


def test_variants_that_were_evaluated_on_other_images_are_not_compared(variants):
    sample = pixels(1, 10)
    fewer = PixelSample(sample.ids[1:], *(counts[1:] for counts in sample[1:]))
    test = {"id": sample.ids, "label": [0] * 8 + [1] * 12, "patient": sample.ids}
    with pytest.raises(InputError, match="ReSAD and PatchCore: found 1 images"):
        difference_table(variants, [fewer, sample], "PatchCore", test, Resampling(0.3, 100, 0.95, 0))


def test_footnotes_say_what_was_left_out_and_why():
    excluded = {"idrid/grading/train/118": "the same photograph as 064"}
    notes = footnotes({"backbone": "lite"}, excluded, 0.95, 0.9, "maximum", True, ["further"])
    text = "\n".join(notes)
    for part in ("backbone: lite", "118 (the same photograph as 064)", "90%", "⌈(n + 1)·0.95⌉", "Niu", "further"):
        assert part in text
    assert "Excluded images: none" in "\n".join(footnotes({}, {}, 0.95, 0.9, "maximum", False, []))


@pytest.mark.parametrize(
    ("patients", "told"),
    [
        (["p", "p", "q"], "Patients, not images, are taken as independent"),
        (["set/a", "set/b", "set/c"], "No patients are known, so images are taken as independent"),
        (["p", "p", "set/c"], "The patients of 2 of 3 test images are known"),
    ],
)
def test_the_footnotes_say_of_how_many_images_the_patient_is_known(patients, told):
    test = {"id": ["set/a", "set/b", "set/c"], "patient": patients}
    notes = footnotes({}, {}, 0.95, 0.9, "maximum", False, [], independence(test, []))
    assert sum(told in note for note in notes) == 1
    assert independence(test, ["set/c"]) == independence({key: cells[:2] for key, cells in test.items()}, [])


def test_the_comparison_of_two_methods_gives_its_p_value_or_why_there_is_none():
    assert "p = 0.030" in comparison_note("ReSAD", "PatchCore", 0.9, 0.8, 0.03, "")
    assert "p < 0.001" in comparison_note("ReSAD", "PatchCore", 0.9, 0.8, 1e-9, "")
    assert "p – (no variance)" in comparison_note("ReSAD", "PatchCore", 1.0, 0.0, float("nan"), "no variance")


def test_the_index_is_reported_with_its_lowest_recall_where_it_is_approximate():
    search = {"index": "ivf", "nlist": 100, "nprobe": 16}
    told = index_fact(search, [0.99123, 0.98765])
    assert told == "ivf, approximate, 16 of 100 cells searched, recall of the rows at least 0.9877"
    assert index_fact(search | {"index": "flat"}, []) == "flat, exact within float32 rounding"


def test_a_row_without_pixel_figures_stands_among_the_images_alone(variants):
    own = metrics(0.9)
    own = own[own["level"] == "image"]
    rows = [*variants, calibrated_row(variants[0], own, "mean")]
    table = resad_table(rows, "idrid", "maximum")
    row = table[table["method"] == "ReSAD, calibrated"].iloc[0]
    # The score of its own, .05 above that of the whole table, and nothing at the pixel level.
    assert row["image_auc"] == pytest.approx(0.95)
    assert row[[name for name in table if name.startswith("pixel")]].isna().all()
    pd.testing.assert_frame_equal(
        table[table["method"] != "ReSAD, calibrated"].reset_index(drop=True), resad_table(variants, "idrid", "maximum")
    )
    document = resad_markdown(rows, "idrid", "maximum", "T", [])
    parts = dict(part.split("\n", 1) for part in document.split("\n## ")[1:])
    assert "ReSAD, calibrated" in parts["Images (the paper's Table 2)"]
    assert "ReSAD, calibrated" in parts["Image AUC by image score"]
    assert "ReSAD, calibrated" in parts["Lesion types, images"]
    assert not [name for name, text in parts.items() if "ixels" in name and "calibrated |" in text]
    ablated = ablation_markdown(rows, "idrid", "maximum", "T", [])
    assert ablated.count("ReSAD, calibrated") == 1


def test_what_has_no_pixels_is_compared_by_none(variants):
    sample = PixelSample([], np.zeros((0, 0, 0)), *([None] * (len(PixelSample._fields) - 2)))
    rows = [*variants, calibrated_row(Variant("ReSAD", {}, metrics(0.9)), metrics(0.9), "mean")]
    test = {"id": [], "label": [], "patient": []}
    resampling = Resampling(0.3, 10, 0.95, 0)
    assert difference_table(rows, [sample, sample, None], "PatchCore", test, resampling).empty
