"""Lesioned copies of normals: seeded by the image alone, of the sizes that are promised, with exact masks."""

import json

import numpy as np
import pytest
from lesion_samples import FULL, disc, lesions, normal

from fundus_anomaly.errors import InputError
from fundus_anomaly.files.hdf5 import create_dataset, create_h5, open_h5, read_ids, read_texts, write_ids, write_texts
from fundus_anomaly.imaging.geometry import stretch
from fundus_anomaly.imaging.lesion_truth import lesion_truth
from fundus_anomaly.imaging.prepared_images import Normal, NormalImages
from fundus_anomaly.methods.lesionpaste.drawn_lesions import KINDS, drawn_lesions
from fundus_anomaly.methods.lesionpaste.lesioned_copies import copy_id, drawn, pasted, write_lesioned

SIDE = 300
SETTINGS = {
    "mix": [{"types": ["MA"], "share": 1.0}],
    "most": 1.5,
    "count_by": "type",
    "mask": "coverage",
    "patch": "lesion",
    "mixup": [0.5, 0.8],
    "augmentation": {
        "operations": ["flip", "rotation", "resize", "contrast", "brightness"],
        **{name: getattr(FULL, name) for name in ("flip", "rotation", "resize", "contrast", "brightness", "colour")},
    },
}


def grey(side=SIDE, scale=(1.0, 1.0), level=120):
    """A normal image of one colour on a black border."""
    view = disc(side)
    image = np.where(view[..., None], np.uint8(level), np.uint8(0)).repeat(3, axis=2)
    return Normal("set/a", image, view, scale, 0.95 * side / max(scale))


def test_what_is_drawn_depends_on_seed_and_name_alone():
    first, again = (drawn_lesions(grey(), 8, 0, "copy") for _ in range(2))
    assert (first.image == again.image).all()
    assert (first.masks == again.masks).all()
    for seed, name in ((1, "copy"), (0, "another")):
        assert (drawn_lesions(grey(), 8, seed, name).image != first.image).any()


def test_dark_lesions_are_darker_bright_ones_brighter_and_nothing_else_is_changed():
    seen = set()
    for number in range(30):
        image = grey()
        found = drawn_lesions(image, 1, 0, f"copy {number}")
        (bit,) = [bit for bit in range(len(KINDS)) if (found.masks >> bit & 1).any()]
        change = found.image[..., 1].astype(int) - image.image[..., 1]
        assert found.mask.any()
        assert (change[found.mask] > 0).all() if found.kinds[bit] == "bright spot" else (change[found.mask] < 0).all()
        # Blood takes most of the green away, and most is taken where the mask is.
        assert np.abs(change[~found.mask]).max() <= np.abs(change[found.mask]).max() / 2 + 1
        assert not (found.image != image.image)[~image.field_of_view].any()
        seen.add(found.kinds[bit])
    assert seen == set(KINDS)


@pytest.mark.parametrize("scale", [(1.0, 1.0), (0.5, 0.4)])
def test_lesions_have_the_sizes_of_their_kinds_relative_to_the_retina(scale):
    side = 1200
    image = grey(side, scale)
    for number in range(25):
        found = drawn_lesions(image, 1, 3, f"copy {number}")
        (bit,) = [bit for bit in range(len(KINDS)) if (found.masks >> bit & 1).any()]
        low, high = KINDS[found.kinds[bit]].diameter
        area = found.mask.sum() / (scale[0] * scale[1])
        diameter = 2 * np.sqrt(area / np.pi) / image.retina
        # Half a pixel of the image at each end of a diameter may count or not.
        slack = 1.0 / (image.retina * min(scale))
        assert low - slack <= diameter <= high + slack


def test_their_number_is_between_one_and_the_most():
    counts = []
    for number in range(60):
        masks = drawn_lesions(grey(level=90), 4, 1, f"copy {number}").masks
        counts.append(sum(bin(value).count("1") for value in np.unique(masks)))
        assert masks.any()
    assert max(counts) >= 3


def test_a_field_of_view_without_room_is_named():
    tiny = grey()._replace(field_of_view=np.pad(np.ones((3, 3), bool), ((0, SIDE - 3), (0, SIDE - 3))))
    with pytest.raises(InputError, match=r"normal image set/a.*room for a lesion"):
        drawn_lesions(tiny, 4, 0, "copy")


def test_pasted_lesions_are_as_many_as_said_of_all_types_and_masks_are_what_was_changed():
    make, kinds = pasted(lesions(), SETTINGS, most=3, seed=0)
    assert kinds == ("EX", "HE", "MA", "SE")
    image, view = normal(256)
    one = Normal("set/a", image, view, (1.0, 1.0), 400.0)
    seen = 0
    for number in range(12):
        found = make(one, f"copy {number}")
        changed = (found.image != image).any(axis=2)
        assert changed.any()
        assert not changed[~found.mask].any()
        assert changed[found.mask].mean() > 0.9
        seen |= int(np.bitwise_or.reduce(found.masks.ravel()))
        assert (make(one, f"copy {number}").image == found.image).all()
    # The mix of LesionPaste's own images has microaneurysms alone.
    assert seen == 0b1111


@pytest.fixture
def images(tmp_path):
    """Three normal images of 64×64 pixels."""
    path = tmp_path / "train.h5"
    source = json.dumps({"geometry": stretch(64).as_dict(), "height": 128, "width": 128})
    with create_h5(path) as file:
        create_dataset(file, "image", (3, 64, 64, 3), np.uint8)[:] = np.stack([normal(64, n)[0] for n in range(3)])
        create_dataset(file, "field_of_view", (3, 64, 64), np.uint8)[:] = disc(64)
        write_texts(file, "source", [source] * 3)
        write_ids(file, ["set/0", "set/1", "set/2"])
    return path


def test_copies_are_written_as_photographs_and_masks_are(images, tmp_path):
    copied, masks = tmp_path / "lesioned.h5", tmp_path / "masks.h5"
    with open_h5(images, "image") as file, create_h5(copied) as first, create_h5(masks) as second:
        write_lesioned(NormalImages(file), [2, 0], 2, drawn(5, 0), first, second)
    with open_h5(images, "image") as file, open_h5(copied, "image") as first, open_h5(masks, "coverage") as second:
        names = [copy_id(name, copy) for name in ("set/2", "set/0") for copy in (0, 1)]
        assert read_ids(first) == read_ids(second) == names
        assert read_texts(first, "normal") == ["set/2", "set/2", "set/0", "set/0"]
        assert list(second.attrs["lesions"]) == list(KINDS)
        normals = NormalImages(file)
        for place, (number, name) in enumerate(zip((2, 2, 0, 0), names, strict=True)):
            found = drawn_lesions(normals[number], 5, 0, name)
            assert (first["image"][place] == found.image).all()
            truth = [lesion_truth(one) for one in second["coverage"][place]]
            assert (np.any(truth, axis=0) == found.mask).all()
        assert (first["image"][0] != first["image"][1]).any()
