"""Names of patients, images and folders reach a job as they are, and nothing that is printed."""

import copy
import pickle
import pickletools

import pytest

from support.private import private

ROWS = {"id": ["unknown/Erika", "unknown/2"], "patient": ["Erika Mustermann", "p"], "label": [-1, 0]}


@pytest.mark.parametrize("values", [ROWS, ROWS["patient"], {"notes": ["/home/erika: 2 files"], "counts": []}, {}, []])
def test_what_is_printed_is_a_digest_and_what_a_job_gets_is_the_plain_value(values):
    hidden = private(values)
    assert hidden == values
    for text in (str(hidden), repr(hidden), f"{hidden}", f"{[hidden]}"):
        assert "rika" not in text and "sha256" in text
    for again in (pickle.loads(pickle.dumps(hidden)), copy.deepcopy(hidden)):
        assert again == values and type(again) is type(values)
    named = {argument for _, argument, _ in pickletools.genops(pickle.dumps(hidden)) if isinstance(argument, str)}
    assert not any("fundus_anomaly" in name for name in named)


def test_the_digest_changes_with_every_value_and_with_nothing_else():
    first = repr(private(ROWS))
    assert repr(private(copy.deepcopy(ROWS))) == first
    assert first.startswith("<2 entries")
    for changed in (
        ROWS | {"label": [-1, 1]},
        ROWS | {"patient": ["Erika Mustermann", "q"]},
        {name: values[::-1] for name, values in ROWS.items()},
        {name: values for name, values in ROWS.items() if name != "label"},
    ):
        assert repr(private(changed)) != first
