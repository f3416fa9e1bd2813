"""An input error tells everything that is wrong at once, each with its remedy."""

import pytest

from fundus_anomaly.errors import InputError, Problem, raise_if_any

ONE = Problem("a.csv, row 3", "'x'", "a number", "correct the row")
TWO = Problem("b.png", "0 bytes", "an image", "replace the file")


def test_every_problem_is_reported_with_place_finding_rule_and_remedy():
    text = str(InputError([ONE, TWO]))
    for problem in (ONE, TWO):
        assert all(part in text for part in (problem.where, problem.found, problem.allowed, problem.remedy))
    assert text.startswith("2 problems")


def test_one_problem_needs_no_list():
    assert InputError(ONE).problems == (ONE,)
    assert str(InputError(ONE)).startswith("1 problem with")


def test_no_problem_is_no_error_and_a_generator_of_problems_is_taken_whole():
    raise_if_any(iter(()))
    with pytest.raises(InputError) as caught:
        raise_if_any(problem for problem in (ONE, TWO))
    assert caught.value.problems == (ONE, TWO)
