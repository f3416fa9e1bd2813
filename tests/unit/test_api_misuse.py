"""What a caller of the library did wrong is told apart from what is wrong with a file."""

from types import SimpleNamespace

import numpy as np
import pytest

from fundus_anomaly import load
from fundus_anomaly.api import Detector
from fundus_anomaly.errors import InputError

SETTINGS = {"size": 32, "aspect": "stretch", "graham": False, "max_pixels": 10**6}
NO_NAMES = [np.zeros((4, 4, 3), np.uint8), b"a.jpg", None, 3, ["a.jpg"]]


def score(photograph):
    """Ask a detector that has read its file, and whose bank is of no matter here."""
    detector = Detector.__new__(Detector)
    detector.trained = SimpleNamespace(preprocessing=SETTINGS)
    return detector.score(photograph)


@pytest.mark.parametrize("name", NO_NAMES, ids=lambda name: type(name).__name__)
@pytest.mark.parametrize(("function", "what"), [(load, "a detector"), (score, "a photograph")], ids=["load", "score"])
def test_what_is_no_name_of_a_file_is_a_type_error_that_says_what_it_has_to_be(function, what, name):
    with pytest.raises(TypeError, match=f"{what} is given by the name of its file .*, not by {type(name).__name__}"):
        function(name)


@pytest.mark.parametrize(
    ("options", "error", "told"),
    [
        ({"device": "gpu"}, ValueError, "device must be 'cpu' or 'cuda', not 'gpu'"),
        ({"device": 0}, ValueError, "device must be 'cpu' or 'cuda', not 0"),
        ({"threads": 0}, ValueError, "threads must be at least 1, not 0"),
        ({"threads": 1.5}, TypeError, "threads must be a whole number, not 1.5"),
        ({"threads": "2"}, TypeError, "threads must be a whole number, not '2'"),
    ],
)
def test_an_option_that_cannot_be_is_refused_before_the_file_is_read(tmp_path, options, error, told):
    with pytest.raises(error, match=told) as refused:
        load(tmp_path / "detector.h5", **options)
    assert not isinstance(refused.value, InputError)


@pytest.mark.parametrize("name", ["nothing.h5", "", "."])
def test_a_detector_that_is_not_there_is_named_with_what_makes_one(tmp_path, name):
    with pytest.raises(InputError, match=r"found no file.*`snakemake detector`"):
        load(tmp_path / name)


@pytest.mark.parametrize("name", ["nothing.jpg", ".", "https://example.org/eye.jpg"])
def test_a_photograph_that_is_not_there_is_named_without_a_word_of_the_configuration(tmp_path, name):
    with pytest.raises(InputError, match=r"found no file.*correct the path") as refused:
        score(tmp_path / name)
    assert "config" not in str(refused.value)
    assert "exclude" not in str(refused.value)


def test_no_remedy_for_users_is_one_for_programmers(tmp_path):
    for name, content in (("a.jpg", b"Dear Sir"), ("empty.jpg", b"")):
        (tmp_path / name).write_bytes(content)
        for function in (load, score):
            with pytest.raises(InputError) as refused:
                function(tmp_path / name)
            assert "numpy" not in str(refused.value)
            assert "Traceback" not in str(refused.value)
