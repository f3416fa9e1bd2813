"""How often do the intervals of pixel figures hold the truth?

Simulated test sets whose truth is known. Images differ in how bright their maps are, in how well their lesions stand
out and, by a log-normal law as wide as IDRiD's (σ 1.1), in how large these are; larger lesions stand out more. The two
eyes of a patient are alike (correlation .6). Of each nominal 95 % interval the table shows the coverage, and how
often the truth lies below and above it: of the percentile bootstrap with 1,000 resamples and of the studentised one.
A second map of the same images is as good as the first: its difference from it should be covered, too, and p should
be below .05 in 5 % of the tests. "–" is no interval.

PYTHONPATH=src python benchmarks/coverage_pixels.py
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from fundus_anomaly.evaluation import pixel_gradients
from fundus_anomaly.evaluation.bootstrap import by_patient, multiplicities, owners, percentile_interval
from fundus_anomaly.evaluation.pixel_intervals import FIGURES, Resampling, pixel_differences, pixel_intervals
from fundus_anomaly.evaluation.pixel_sample import PixelSample

LIMIT, CONFIDENCE = 0.3, 0.95
EDGES = np.linspace(-4, 10, 97)
PIXELS, MEDIAN_AREA, SPREAD_OF_AREA, REGIONS = 150_000, 0.013, 1.1, 30
LEVEL, CONTRAST, CONTRAST_OF_AREA, SPREAD_OF_CONTRAST, ALIKE = 0.6, 1.6, 0.3, 0.5, 0.6


class Test(NamedTuple):
    """A kind of test set: patients, images of each, the share of patients who are abnormal and have the lesion."""

    name: str
    patients: int
    images: int
    abnormal: float
    lesion: float


TESTS = (
    Test("30 images", 30, 1, 1, 1),
    Test("60 images of 30 patients", 30, 2, 1, 1),
    Test("115 images, 34 of them normal", 115, 1, 81 / 115, 1),
    Test("as many, 14 with the lesion", 115, 1, 81 / 115, 14 / 115),
    Test("10 images", 10, 1, 1, 1),
    Test("5 images", 5, 1, 1, 1),
    Test("4 images", 4, 1, 1, 1),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tests", type=int, default=400, help="simulated tests of each kind")
    parser.add_argument("--resamples", type=int, default=500, help="of the studentised bootstrap")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| test | figure | truth | percentiles | studentised | half of them narrower than | difference | p < .05 |")
    print("|---|---|---|---|---|---|---|---|")
    for number, test in enumerate(TESTS):
        for row in rows_of(test, number, arguments.tests, Resampling(LIMIT, arguments.resamples, CONFIDENCE, 0)):
            print(f"| {' | '.join(row)} |", flush=True)


def rows_of(test: Test, number: int, tests: int, resampling: Resampling) -> list[list[str]]:
    """Return a row of text for each figure."""
    whole = drawn(test._replace(patients=40_000), np.random.default_rng([number, 0]))
    truth = figures(whole[0])
    before, after, difference = (np.full((tests, len(FIGURES), 2), np.nan) for _ in range(3))
    p_values = np.full((tests, len(FIGURES)), np.nan)
    for one in range(tests):
        draw = np.random.default_rng([number, one + 1])
        first, second, patients, groups = drawn(test, draw)
        values = [dict(zip(FIGURES, figures(sample), strict=True)) for sample in (first, second)]
        before[one] = percentiles(first, patients, groups, one)
        drawing = resampling._replace(seed=one)
        found = pixel_intervals(first, values[0], patients, groups, drawing)
        after[one] = [found[name][:2] for name in FIGURES]
        compared = pixel_differences(first, second, *values, patients, groups, drawing)
        difference[one] = [compared[name][1:3] for name in FIGURES]
        p_values[one] = [compared[name].p_value for name in FIGURES]
    rows = []
    for figure, name in enumerate(FIGURES):
        ends = after[:, figure]
        significant = p_values[:, figure]
        rows.append(
            [
                test.name,
                name,
                f"{truth[figure]:.3f}",
                coverage(before[:, figure], truth[figure]),
                coverage(ends, truth[figure]),
                "–" if np.isnan(ends).all() else f"{np.nanmedian(ends[:, 1] - ends[:, 0]):.3f}",
                coverage(difference[:, figure], 0),
                "–" if np.isnan(significant).all() else f"{(significant < 0.05).mean():.1%}",
            ]
        )
    return rows


def coverage(ends: np.ndarray, truth: float) -> str:
    """Return how many of the intervals (n, 2) hold the truth, and how many lie above and below it."""
    ends = ends[~np.isnan(ends[:, 0])]
    if not len(ends):
        return "–"
    below, above = (truth < ends[:, 0]).mean(), (truth > ends[:, 1]).mean()
    return f"{1 - below - above:.1%} ({below:.1%}, {above:.1%})"


def figures(sample: PixelSample) -> list[float]:
    """Return the figures of a test set."""
    positive, negative, regions = (one.sum(axis=0, dtype=np.float64) for one in sample[1:])
    return [
        float(pixel_gradients.roc_auc(positive, negative)[0]),
        float(pixel_gradients.average_precision(positive, negative)[0]),
        float(pixel_gradients.aupro(regions, negative, LIMIT)[0]),
    ]


def percentiles(sample: PixelSample, patients: list[str], groups: np.ndarray, seed: int) -> list[tuple[float, float]]:
    """Return the percentile intervals of 1,000 resamples."""
    owner, strata = owners(patients, groups)
    positive, negative, regions = (by_patient(one, owner) for one in sample[1:])
    weights = np.concatenate(list(multiplicities(strata, 1000, seed)))
    negatives = weights @ negative
    found = (
        pixel_gradients.roc_auc(weights @ positive, negatives),
        pixel_gradients.average_precision(weights @ positive, negatives),
        pixel_gradients.aupro(weights @ regions, negatives, LIMIT),
    )
    return [percentile_interval(values[0], CONFIDENCE) for values in found]


def drawn(test: Test, draw: np.random.Generator) -> tuple[PixelSample, PixelSample, list[str], np.ndarray]:
    """Return a test set by two maps that are as good as each other, whose images these are, and their groups."""
    patient = np.repeat(np.arange(test.patients), test.images)
    abnormal = patient < round(test.abnormal * test.patients)
    with_lesion = abnormal & (patient < round(test.lesion * test.patients))

    def of_images() -> np.ndarray:
        own, shared = draw.standard_normal(len(patient)), draw.standard_normal(test.patients)[patient]
        return np.sqrt(ALIKE) * shared + np.sqrt(1 - ALIKE) * own

    level, size = LEVEL * of_images(), of_images()
    area = with_lesion * np.minimum(MEDIAN_AREA * np.exp(SPREAD_OF_AREA * size), 0.6)
    number = with_lesion * (1 + draw.poisson(REGIONS * np.exp(0.8 * size)))
    samples = []
    for _ in range(2):
        contrast = CONTRAST + CONTRAST_OF_AREA * size + SPREAD_OF_CONTRAST * of_images()
        parts = (
            PIXELS * area[:, None] * shares(level + contrast, 1),
            PIXELS * (1 - area[:, None]) * shares(level, 1),
            number[:, None] * shares(level + contrast - 0.5, 1.2),
        )
        samples.append(PixelSample([str(image) for image in range(len(patient))], *parts))
    return *samples, [f"{one:06d}" for one in patient], abnormal.astype(int)


def shares(mean: np.ndarray, spread: float) -> np.ndarray:
    """Return the share of normally distributed scores in each bin, (n, bins)."""
    below = norm.cdf((EDGES - mean[:, None]) / spread)
    below[:, 0], below[:, -1] = 0, 1
    return np.diff(below, axis=1)


if __name__ == "__main__":
    main()
