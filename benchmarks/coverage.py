"""Do the intervals and thresholds of image scores cover what they say? Simulated tests with a known truth.

Scores are binormal, so that the area under the ROC curve is Φ(gap / √2). Before: DeLong's (Obuchowski's) interval
without a transformation, clipped to [0, 1], Clopper–Pearson's where the classes are separated, and a linear quantile
of the held-out normals. Now: the library's. As Markdown:

PYTHONPATH=src python benchmarks/coverage.py
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from scipy.stats import norm
from tabulate import tabulate

from fundus_anomaly.evaluation.clustered_delong import components, disjoint_pairs, patient_sums, variance_of
from fundus_anomaly.evaluation.delong import compare
from fundus_anomaly.evaluation.logit_interval import clopper_pearson, logit_interval
from fundus_anomaly.evaluation.proportions import mean_interval, share_interval
from fundus_anomaly.scoring.thresholds import calibrate

CONFIDENCE = 0.95


class Design(NamedTuple):
    """A test: which image is abnormal, whose it is, and how much the images of a patient have in common."""

    name: str
    abnormal: np.ndarray
    patients: np.ndarray
    correlation: float
    areas: tuple[float, ...]


def alone(name: str, abnormals: int, normals: int, *areas: float) -> Design:
    """Return a test with one image a patient."""
    count = abnormals + normals
    return Design(name, np.arange(count) < abnormals, np.arange(count), 0.0, areas)


def eyes(name: str, abnormal: list[tuple[bool, bool]], correlation: float, *areas: float) -> Design:
    """Return a test with two eyes a patient."""
    patients = np.repeat(np.arange(len(abnormal)), 2)
    return Design(name, np.ravel(abnormal), patients, correlation, areas)


def eyes_of(abnormals: int, normals: int, mixed: int = 0) -> list[tuple[bool, bool]]:
    """Return both eyes of patients with two abnormal eyes, two normal ones, or one of each."""
    return [(True, True)] * abnormals + [(False, False)] * normals + [(True, False)] * mixed


DESIGNS = [
    alone("IDRiD: 81 abnormal, 34 normal", 81, 34, 0.8, 0.9, 0.95, 0.98),
    alone("grade 1: 5 and 34", 5, 34, 0.7, 0.9),
    alone("grade 4: 13 and 34", 13, 34, 0.9, 0.97),
    eyes("phantom: 16 + 16 patients, two eyes, r .7", eyes_of(16, 16), 0.7, 0.8, 0.85, 0.9, 0.95, 0.98),
    eyes("30 patients, an eye of each kind, r .7", eyes_of(0, 0, 30), 0.7, 0.8, 0.9),
    eyes("30 patients, a third mixed, r .7", eyes_of(10, 10, 10), 0.7, 0.8, 0.9, 0.95),
    eyes("5 + 16 patients, two eyes, r .7", eyes_of(5, 16), 0.7, 0.8, 0.9),
    alone("20 and 20", 20, 20, 0.7, 0.9),
    alone("10 and 100", 10, 100, 0.8, 0.95),
    alone("200 and 200", 200, 200, 0.9, 0.99),
]
FEW = [alone(f"{few} and 34", few, 34, 0.5, 0.8) for few in (2, 3, 4)]
HANGING = [
    eyes(f"{patients} patients, an eye of each kind, r .99", eyes_of(0, 0, patients), 0.99, 0.55, 0.8)
    for patients in (3, 5, 10)
]


def drawn(design: Design, area: float, repeats: int, draw: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the (n,) scores of simulated tests."""
    count = int(design.patients.max()) + 1
    for _ in range(repeats):
        shared = draw.standard_normal(count)[design.patients]
        own = draw.standard_normal(len(design.patients))
        level = np.sqrt(design.correlation) * shared + np.sqrt(1 - design.correlation) * own
        yield level + np.sqrt(2) * norm.ppf(area) * design.abnormal


def both_intervals(design: Design, scores: np.ndarray) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the interval as it was and as it is; the latter without the limit of three patients."""
    component = components(design.abnormal, scores)
    area = float(np.clip(component[design.abnormal].mean(), 0, 1))
    area = round(area) if min(area, 1 - area) < 1e-12 else area
    sums = patient_sums(design.abnormal, component, design.patients)
    pairs = disjoint_pairs(design.abnormal, design.patients)
    half = norm.ppf((1 + CONFIDENCE) / 2) * np.sqrt(max(0.0, variance_of(sums)))
    if area in (0, 1):
        before = clopper_pearson(area * pairs, pairs, CONFIDENCE)
    else:
        before = max(0.0, area - half), min(1.0, area + half)
    return before, logit_interval(area, sums, pairs, CONFIDENCE)[:2]


def areas(designs: list[Design], repeats: int, draw: np.random.Generator) -> str:
    """Return the coverage of intervals of the area, before and now."""
    rows = []
    for design in designs:
        for area in design.areas:
            found = np.array([both_intervals(design, scores) for scores in drawn(design, area, repeats, draw)])
            row = [design.name, f"{area:g}"]
            for ends in found.transpose(1, 2, 0):
                below, above = (area < ends[0]).mean(), (area > ends[1]).mean()
                row += [f"{1 - below - above:.3f}", f"{below:.3f} / {above:.3f}", f"{np.mean(ends[1] - ends[0]):.3f}"]
            rows.append(row)
    columns = ["covers", "truth below / above", "width"]
    return table(["test", "AUC", *(f"{when}: {what}" for when in ("before", "now") for what in columns)], rows)


def tests(repeats: int, draw: np.random.Generator) -> str:
    """Return how often DeLong's test at 5 % rejects two equally good scores, by patients of the smaller class."""
    rows = []
    for few in (2, 3, 5, 13, 81):
        count = few + 34
        abnormal = np.arange(count) < few
        rejected = 0
        for _ in range(repeats):
            shared = np.sqrt(0.6) * draw.standard_normal(count) + np.sqrt(2) * norm.ppf(0.7) * abnormal
            a, b = (components(abnormal, shared + np.sqrt(0.4) * draw.standard_normal(count)) for _ in range(2))
            spread = variance_of(patient_sums(abnormal, b - a, np.arange(count)))
            rejected += abs((b - a)[abnormal].mean()) > norm.ppf(0.975) * np.sqrt(spread) > 0
        rows.append([f"{few} and 34", f"{rejected / repeats:.3f}"])
    return table(["test", "rejects at 5 %"], rows)


def folds(repeats: int, draw: np.random.Generator) -> str:
    """Return what pooling the logits of five folds' classifiers does to the area and to the test."""
    count = 200
    abnormal, fold = np.arange(count) % 2 == 0, np.arange(count) // 2 % 5
    rows = []
    for spread in (0.0, 0.5, 1.0):
        pooled, within = [], []
        for _ in range(repeats):
            level = draw.standard_normal(count) * np.sqrt(0.6)
            a, b = (
                level
                + draw.standard_normal(count) * np.sqrt(0.4)
                + np.sqrt(2) * norm.ppf(0.9) * abnormal
                + scale * draw.standard_normal(5)[fold]
                for scale in (spread, 0.0)
            )
            pooled.append(compare(abnormal, a, b))
            within.append(compare(abnormal, a, b, None, fold))
        rows.append(
            [f"{spread:g}"]
            + [
                text
                for found in (pooled, within)
                for text in (
                    f"{np.mean([one.auc_a for one in found]):.3f}",
                    f"{np.mean([one.p_value < 0.05 for one in found]):.3f}",
                )
            ]
        )
    heads = [f"{how}: {what}" for how in ("pooled", "within folds") for what in ("AUC", "rejects at 5 %")]
    return table(["SD of the folds' offsets", *heads], rows)


def thresholds(repeats: int, draw: np.random.Generator) -> str:
    """Return the share of new normals that are called abnormal at the threshold for 5 %, before and now."""
    rows = []
    for count in (13, 16, 32, 48, 100, 133):
        scores = draw.standard_normal((repeats, count))
        before = norm.sf(np.quantile(scores, 0.95, axis=1))
        now = norm.sf([calibrate(one, 0.95).threshold for one in scores])
        said = calibrate(np.arange(count), 0.95)
        rows.append([count, spread_of(before), spread_of(now), f"{said.expected:.3f} ({said.low:.3f}–{said.high:.3f})"])
    return table(["held-out normals", "before", "now", "the footnote says"], rows)


def spread_of(shares: np.ndarray) -> str:
    """Return mean, 5th and 95th percentile."""
    return f"{np.mean(shares):.3f} ({np.quantile(shares, 0.05):.3f}–{np.quantile(shares, 0.95):.3f})"


def shares(repeats: int, draw: np.random.Generator) -> str:
    """Return the coverage of the intervals of sensitivity, specificity and balanced accuracy."""
    rows = []
    phantom = np.repeat(np.arange(16), 2)
    for name, abnormal, normal, correlation in (
        ("IDRiD: 81 abnormal, 34 normal", np.arange(81), np.arange(34), 0.0),
        ("phantom: 16 + 16 patients, two eyes, r .7", phantom, phantom, 0.7),
    ):
        for sensitivity, specificity in ((0.55, 0.95), (0.85, 0.9)):
            covered = np.zeros(3)
            for _ in range(repeats):
                found = []
                for patients, chance in ((abnormal, sensitivity), (normal, specificity)):
                    level = np.sqrt(correlation) * draw.standard_normal(patients.max() + 1)[patients]
                    level += np.sqrt(1 - correlation) * draw.standard_normal(len(patients))
                    hits = level < norm.ppf(chance)
                    found.append((float(hits.mean()), *share_interval(hits, patients, CONFIDENCE)))
                ends = [found[0][1:], found[1][1:], mean_interval(*found)]
                truth = sensitivity, specificity, (sensitivity + specificity) / 2
                covered += [low <= value <= high for (low, high), value in zip(ends, truth, strict=True)]
            rows.append([name, f"{sensitivity:g} / {specificity:g}", *(f"{one / repeats:.3f}" for one in covered)])
    return table(["test", "sensitivity / specificity", "sensitivity", "specificity", "balanced accuracy"], rows)


def table(heads: list[str], rows: list[list[object]]) -> str:
    """Return a Markdown table."""
    return tabulate(rows, heads, tablefmt="github", disable_numparse=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=4000, help="simulated tests for each row")
    repeats = parser.parse_args().repeats
    parts: list[tuple[str, Callable[[int, np.random.Generator], str]]] = [
        ("Intervals of the AUC, 95 %", lambda *how: areas(DESIGNS, *how)),
        ("Few patients in a class (no interval is given with two)", lambda *how: areas(FEW, *how)),
        ("Scores that hang on the patient", lambda *how: areas(HANGING, *how)),
        ("DeLong's test of two scores with AUC .7 (no test is given with two)", tests),
        ("Five folds, AUC .9 of both scores", lambda repeats, draw: folds(repeats // 4, draw)),
        ("Share of new normals called abnormal at the threshold for 5 %: mean (5th–95th percentile)", thresholds),
        ("Intervals at the threshold, 95 %", shares),
    ]
    for number, (title, made) in enumerate(parts):
        print(f"## {title}\n\n{made(repeats, np.random.default_rng(number))}\n", flush=True)


if __name__ == "__main__":
    main()
