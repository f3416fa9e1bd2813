"""Lesions are the 8-connected components of their masks, and a bank gives back what was put into it."""

import h5py
import numpy as np
import pytest
from lesion_samples import lesions

from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.lesionpaste.lesion import extract
from fundus_anomaly.methods.lesionpaste.lesion_bank import read_bank, require_fit, require_kinds, write_bank


def test_components_touch_by_corners_and_hold_no_pixel_of_their_neighbours():
    photograph = np.arange(8 * 9 * 3, dtype=np.uint8).reshape(8, 9, 3)
    mask = np.zeros((8, 9), bool)
    mask[range(1, 5), range(1, 5)] = True  # one lesion, by corners
    mask[1, 4] = True  # another, within the first one's box
    first, second = sorted(extract(photograph, {"MA": mask}, "a", 9.0), key=lambda lesion: -lesion.area)
    assert (first.box, first.area) == ((1, 1, 4, 4), 4)
    assert not first.mask[0, 3]
    np.testing.assert_array_equal(first.patch[first.mask], photograph[range(1, 5), range(1, 5)])
    assert not first.patch[~first.mask].any()
    assert (second.box, second.area) == ((1, 4, 1, 1), 1)


def test_overlapping_lesions_of_two_types_are_both_there():
    mask = np.ones((4, 4), bool)
    found = extract(np.ones((4, 4, 3), np.uint8), {"MA": mask, "HE": mask}, "a", 4.0)
    assert [(lesion.kind, lesion.area) for lesion in found] == [("MA", 16), ("HE", 16)]


def test_an_empty_mask_has_no_lesion():
    assert extract(np.ones((4, 4, 3), np.uint8), {"MA": np.zeros((4, 4), bool)}, "a", 4.0) == []


def test_a_bank_gives_back_what_was_put_into_it(tmp_path):
    put = lesions()
    write_bank(tmp_path / "bank.h5", put)
    got = read_bank(tmp_path / "bank.h5")
    assert len(got) == len(put) == 16
    for was, now in zip(put, got, strict=True):
        np.testing.assert_array_equal(was.patch, now.patch)
        np.testing.assert_array_equal(was.mask, now.mask)
        assert (was.kind, was.box, was.source, was.retina) == (now.kind, now.box, now.source, now.retina)


def test_a_bank_that_does_not_fit_together_or_is_too_large_is_refused(tmp_path):
    path = tmp_path / "bank.h5"
    write_bank(path, lesions())
    with pytest.raises(InputError, match="fewer source images"):
        read_bank(path, most_bytes=1000)
    with h5py.File(path, "r+") as file:
        file["shape"][0] = (500, 500)
    with pytest.raises(InputError, match="delete the bank"):
        read_bank(path)


def test_a_type_without_a_lesion_is_named_with_what_there_is():
    with pytest.raises(InputError, match=r"'PX'.*EX, HE, MA, SE") as error:
        require_kinds(lesions(), ["MA", "PX", "QX", "PX"], ["set/annotated"], {"PX": ["a_PX.tif", "b_PX.tif"]})
    empty, absent = error.value.problems
    assert "nothing marked in 'a_PX.tif', 'b_PX.tif'" in empty.found
    assert "no mask file of this type" in absent.found
    require_kinds(lesions(), ["MA", "HE"], ["set/annotated"], {})


def test_a_lesion_larger_than_half_of_the_retina_is_refused():
    require_fit(lesions(retina=400.0))
    with pytest.raises(InputError, match="at most half") as error:
        require_fit(lesions(retina=70.0))
    assert len(error.value.problems) == 2  # 40 and 41 pixels
