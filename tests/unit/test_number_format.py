"""Numbers for readers: no bare point, no exponent, and as many decimals for all that are compared."""

import math
import re

import numpy as np
import pytest

from fundus_anomaly.report.number_format import NONE, alike, fixed, short, significant
from fundus_anomaly.report.tables.layout import number, parameter

PLAIN = re.compile(r"-?\d+(\.\d+)?")


def drawn(seed: int, count: int = 400) -> list[float]:
    random = np.random.default_rng(seed)
    values = random.choice([-1, 1], count) * 10 ** random.uniform(-5, 7, count)
    return [*values.tolist(), 0.0, 9.9996, 99.96, 99.95, 115.0, 119.9, 120.0, 999.96, -0.0004]


@pytest.mark.parametrize("digits", [1, 2, 3, 4])
def test_every_number_is_plain_and_right_to_its_last_digit(digits):
    for value in drawn(digits):
        text = significant(value, digits)
        assert PLAIN.fullmatch(text), (value, text)
        assert not re.fullmatch(r"-0(\.0*)?", text)
        decimals = len(text.partition(".")[2])
        assert abs(float(text) - value) <= 0.5 * 10**-decimals + 1e-9 * abs(value)
        counted = text.lstrip("-0.").replace(".", "")
        assert value == 0 or len(counted) >= digits


def test_numbers_that_are_compared_have_the_same_decimals_and_keep_their_order():
    for seed in range(20):
        values = [abs(value) % 500 for value in drawn(seed, 50)]
        written = alike(values)
        texts = {value: written(value) for value in values}
        assert len({len(text.partition(".")[2]) for text in texts.values()}) == 1
        ordered = [float(texts[value]) for value in sorted(values)]
        assert ordered == sorted(ordered)


def test_the_faults_that_were_seen():
    assert [alike([115.0, 119.9])(value) for value in (115, 116, 119.9, 120)] == ["115.0", "116.0", "119.9", "120.0"]
    assert significant(115, 3) == "115"
    assert significant(1.5, 2) == "1.5" and significant(9.96, 2) == "10"
    assert fixed(-0.0001, 2) == "0.00"


def test_what_is_no_number_is_a_dash():
    assert significant(math.nan, 3) == fixed(math.nan, 2) == alike([])(math.nan) == NONE
    assert significant(math.inf, 3) == "∞"
    assert number(math.nan) == parameter(math.nan) == NONE


def test_short_numbers_drop_zeros_that_all_of_them_have():
    assert short([34.0, 40.0, 46.0]) == ["34", "40", "46"]
    assert short([0.5, 1.0, 1.5]) == ["0.5", "1.0", "1.5"]
    assert short([0.0, 0.0]) == ["0", "0"]


@pytest.mark.parametrize("values", [[1000, 1000.25, 1000.5], [138.0, 138.1, 138.2], [-3.0, 0.0, 3.0], [1e5, 5e5, 9e5]])
def test_numbers_that_differ_little_are_distinguished(values):
    assert len(set(short(values))) == 3
    written = alike(values)
    assert len({written(value) for value in values}) == 3


@pytest.mark.parametrize(
    "value, text", [(1.5, "1.50"), (12.0, "12.0"), (106.4, "106"), (9464.2, "9464"), (0.1, "0.100"), (7, "7")]
)
def test_a_measured_parameter_keeps_its_zeros(value, text):
    assert parameter(value) == text
