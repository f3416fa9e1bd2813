"""What is pasted changes the image where it says and nowhere else, and depends on seed and id alone."""

from collections import Counter
from dataclasses import replace

import cv2
import numpy as np
import pytest
from lesion_samples import FULL, NEUTRAL, PAPER_MIX, disc, lesions, normal, options
from scipy.stats import chisquare

from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.lesionpaste.lesion import extract
from fundus_anomaly.methods.lesionpaste.synthesis import mixed_up, plan, synthesise
from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.twins import Row, coloured

SIDE, RETINA = 128, 400.0
SCALE = (SIDE / RETINA, SIDE / RETINA)


def twin(name, chosen=None, seed=0, epoch=0):
    bank = lesions()
    image, view = normal(SIDE)
    pastes = plan(bank, chosen or options(), seed, name, epoch)
    return image, view, bank, pastes, synthesise(image, view, SCALE, RETINA, bank, pastes)


@pytest.mark.parametrize("number", range(8))
def test_outside_of_the_pasted_masks_the_image_is_the_normal_one_bit_for_bit(number):
    image, view, _, _, made = twin(f"set/{number}")
    np.testing.assert_array_equal(made.image[~made.mask], image[~made.mask])
    assert not made.mask[~view].any()
    assert made.mask.any()


def test_the_mask_is_the_union_of_what_was_pasted():
    image, view, bank, pastes, made = twin("set/1", options(mix=((("MA", "HE", "EX", "SE"), 1.0),)))
    union = np.zeros_like(view)
    for paste in pastes:
        alone = synthesise(image, view, SCALE, RETINA, bank, [paste])
        assert Counter(np.unique(alone.masks)) == Counter([0, 1 << alone.kinds.index(bank[paste.lesion].kind)])
        union |= alone.mask
    np.testing.assert_array_equal(made.mask, union)


@pytest.mark.parametrize("number", range(4))
def test_pieces_of_the_normal_stand_where_the_lesions_would_and_in_their_shapes(number):
    image, _, _, pastes, made = twin(f"set/{number}", options(patch="normal"))
    *_, lesioned = twin(f"set/{number}")
    np.testing.assert_array_equal(made.masks, lesioned.masks)
    np.testing.assert_array_equal(made.image[~made.mask], image[~made.mask])
    assert (made.image[made.mask] != lesioned.image[lesioned.mask]).any()
    assert all(paste.cut.shape == paste.places.shape for paste in pastes)
    assert not any(np.array_equal(paste.cut, paste.places) for paste in pastes)


def test_a_piece_is_the_normal_itself_from_elsewhere_within_the_field_of_view():
    bank = lesions()
    image, view = normal(SIDE)
    once = options(NEUTRAL, most=0.1, mixup=(1, 1), patch="normal")
    (paste,) = plan(bank, once, 0, "set/5")
    made = synthesise(image, view, SCALE, RETINA, bank, [paste])
    rows, columns = np.nonzero(made.mask)
    top, left, height, width = rows.min(), columns.min(), np.ptp(rows) + 1, np.ptp(columns) + 1
    shape, piece = (one[top : top + height, left : left + width] for one in (made.mask, made.image))
    sources = [
        (y, x)
        for y in range(SIDE - height + 1)
        for x in range(SIDE - width + 1)
        if (image[y : y + height, x : x + width][shape] == piece[shape]).all()
    ]
    ((y, x),) = sources
    assert (y, x) != (top, left) and view[y : y + height, x : x + width].all()


def test_the_mix_of_types_fits_the_table_over_ten_thousand_draws():
    bank = [lesion for lesion in lesions()][:16]
    few = [next(lesion for lesion in bank if lesion.kind == kind) for kind in ("MA", "HE", "EX", "SE")]
    drawn = Counter(
        frozenset(few[paste.lesion].kind for paste in plan(few, options(NEUTRAL), 0, f"set/{number}"))
        for number in range(10_000)
    )
    expected = {frozenset(kinds): share * 10_000 for kinds, share in PAPER_MIX}
    assert set(drawn) == set(expected)
    assert chisquare([drawn[kinds] for kinds in expected], list(expected.values())).pvalue > 0.001


def test_the_number_of_lesions_is_uniform_from_one_to_half_as_many_again():
    bank = [lesion for lesion in lesions() if lesion.kind == "MA"]
    counts = Counter(len(plan(bank, options(mix=((("MA",), 1.0),)), 0, f"{n}")) for n in range(4000))
    assert sorted(counts) == list(range(1, 11))  # 7 lesions
    assert chisquare(list(counts.values())).pvalue > 0.001


MA_AND_SE = ((("MA", "SE"), 1.0),)


def drawn(count_by, images=4000, mix=MA_AND_SE):
    """Return the numbers of MA and SE of images, ``(images, 2)``; the bank has seven and two."""
    bank = lesions()
    chosen = options(NEUTRAL, mix, count_by=count_by)
    kinds = [[bank[paste.lesion].kind for paste in plan(bank, chosen, 0, f"{n}")] for n in range(images)]
    return np.array([(each.count("MA"), each.count("SE")) for each in kinds])


def test_counted_by_type_each_type_has_its_own_uniform_number():
    counts = drawn("type")
    for column, most in ((0, 10), (1, 3)):
        found = Counter(counts[:, column].tolist())
        assert sorted(found) == list(range(1, most + 1))
        assert chisquare(list(found.values())).pvalue > 0.001
    assert abs(np.corrcoef(counts.T)[0, 1]) < 0.05


def test_counted_by_image_all_lesions_together_are_uniform_and_each_lesion_is_as_likely():
    counts = drawn("image")
    found = Counter(counts.sum(axis=1).tolist())
    assert sorted(found) == list(range(1, 14))  # nine lesions
    assert chisquare(list(found.values())).pvalue > 0.001
    assert counts[:, 1].sum() / counts.sum() == pytest.approx(2 / 9, abs=0.01)


def test_with_one_type_both_ways_to_count_are_the_same_draw():
    one = ((("MA",), 1.0),)
    np.testing.assert_array_equal(drawn("type", 50, one), drawn("image", 50, one))


def test_a_largest_number_that_is_whole_is_reached_in_spite_of_rounding():
    bank = [lesions()[0]] * 20
    chosen = options(NEUTRAL, ((("MA",), 1.0),), most=1.15)  # 1.15 · 20 < 23 in floating point
    assert max(len(plan(bank, chosen, 0, f"{n}")) for n in range(400)) == 23


def test_places_are_shares_of_the_image():
    bank, (image, view) = [lesions()[0]], normal(SIDE)
    for y, x in ((0.5, 0.5), (0.25, 0.4)):
        paste = plan(bank, options(NEUTRAL, ((("MA",), 1.0),)), 0, "x")[0]
        made = synthesise(image, view, SCALE, RETINA, bank, [replace(paste, places=np.array([[y, x], [0, 0]]))])
        centre = np.argwhere(made.mask).mean(axis=0)
        np.testing.assert_allclose(centre, np.array([y, x]) * SIDE, atol=1.0)


def test_a_twin_depends_on_seed_image_and_epoch_and_on_nothing_else():
    same = [twin("set/7")[-1].image for _ in range(2)]
    np.testing.assert_array_equal(*same)
    for other in (twin("set/8"), twin("set/7", seed=1), twin("set/7", epoch=1)):
        assert (other[-1].image != same[0]).any()


def test_the_rows_of_table_1_share_lesions_places_and_weights():
    rows = [plan(lesions(), options(each), 0, "set/1") for each in (FULL, NEUTRAL, replace(FULL, rotation=0))]
    for others in rows[1:]:
        for first, second in zip(rows[0], others, strict=True):
            assert (first.lesion, first.weight) == (second.lesion, second.weight)
            np.testing.assert_array_equal(first.places, second.places)


def test_the_weights_are_uniform_in_their_range_and_one_without_mixup():
    weights = [paste.weight for n in range(300) for paste in plan(lesions(), options(), 0, f"{n}")]
    assert 0.5 <= min(weights) < 0.51
    assert 0.79 < max(weights) <= 0.8
    assert {paste.weight for paste in plan(lesions(), options(mixup=(1, 1)), 0, "x")} == {1.0}


@pytest.mark.parametrize("weight", [0.5, 0.8, 1.0])
def test_mixup_is_the_papers_equation(weight):
    random = np.random.default_rng(0)
    image, lesion = random.integers(0, 256, (9, 9, 3)).astype(np.uint8), random.random((9, 9, 3)) * 255
    mask = random.random((9, 9)) < 0.5
    m = mask[..., None].astype(float)
    wanted = (1 - weight) * (m * image) + weight * (m * lesion) + (1 - m) * image
    np.testing.assert_array_equal(mixed_up(image, lesion, mask, weight), wanted.round().astype(np.uint8))


def test_mixup_with_a_mask_between_0_and_1_mixes_by_it_and_leaves_the_rest():
    random = np.random.default_rng(0)
    image, lesion = random.integers(0, 256, (9, 9, 3)).astype(np.uint8), random.random((9, 9, 3)) * 255
    mask = np.where(random.random((9, 9)) < 0.5, random.random((9, 9)), 0).astype(np.float32)
    m = mask[..., None].astype(float)
    wanted = 0.4 * m * image + 0.6 * m * lesion + (1 - m) * image
    np.testing.assert_array_equal(mixed_up(image, lesion, mask, 0.6), wanted.round().astype(np.uint8))
    # A mask of ones is the binary one.
    whole = np.ones((9, 9), np.float32)
    np.testing.assert_array_equal(mixed_up(image, lesion, whole, 0.6), mixed_up(image, lesion, whole > 0, 0.6))


def test_a_small_lesion_is_as_faint_as_in_a_photograph_of_the_same_size():
    """A dark square of 8 pixels, drawn onto a photograph and that made 12 times smaller, against the pasted one."""
    mask, view = np.zeros((480, 480), bool), np.ones((40, 40), bool)
    mask[203:211, 247:255] = True
    photograph = np.full((480, 480, 3), 200, np.uint8)
    photograph[mask] = 80
    real = cv2.resize(photograph, (40, 40), interpolation=cv2.INTER_AREA).astype(float)
    bank, grey = extract(photograph, {"MA": mask}, "a", 480.0), np.full((40, 40, 3), 200, np.uint8)
    loss = {}
    for kind in ("binary", "coverage"):
        chosen = options(NEUTRAL, ((("MA",), 1.0),), most=1, mixup=(1, 1), mask=kind)
        made = synthesise(grey, view, (1 / 12, 1 / 12), 480.0, bank, plan(bank, chosen, 0, "x"), chosen.mask)
        loss[kind] = (200 - made.image.astype(float)).sum() / (200 - real).sum()
    assert loss["coverage"] == pytest.approx(1, abs=0.03)
    assert loss["binary"] > 1.5


def test_places_are_spread_over_the_whole_field_of_view():
    bank = [lesions()[0]]
    image, view = normal(SIDE)
    heat = np.zeros((SIDE, SIDE))
    for number in range(1500):
        made = synthesise(
            image, view, SCALE, RETINA, bank, plan(bank, options(NEUTRAL, ((("MA",), 1.0),)), 0, f"{number}")
        )
        heat += made.mask
    quarters = [part.sum() for half in np.split(heat, 2) for part in np.split(half, 2, axis=1)]
    assert max(quarters) < 1.25 * min(quarters)
    # The outermost ring of places is reached too.
    assert heat[disc(SIDE) & ~disc(SIDE, 0.85)].sum() > 0.1 * heat.sum()


def test_a_lesion_keeps_its_size_relative_to_the_retina():
    bank = [lesion for lesion in lesions(retina=400.0) if lesion.kind == "SE"][:1]
    image, view = normal(SIDE)
    pastes = plan(bank, options(NEUTRAL, ((("SE",), 1.0),), most=1), 0, "x")
    # A photograph of twice the resolution, brought to the same size: the lesion is as large as before.
    once = synthesise(image, view, (0.32, 0.32), 400.0, bank, pastes).mask.sum()
    twice = synthesise(image, view, (0.16, 0.16), 800.0, bank, pastes).mask.sum()
    assert once == twice == pytest.approx((40 * 0.32) ** 2, rel=0.1)


def test_a_lesion_that_fits_nowhere_is_an_error_and_a_tight_one_finds_its_place():
    bank = [lesion for lesion in lesions() if lesion.kind == "SE"][:1]  # 40 of 400 pixels
    chosen = options(NEUTRAL, ((("SE",), 1.0),), most=1)
    image, view = normal(SIDE)
    narrow = np.zeros_like(view)
    narrow[5:18, 100:113] = True  # 13 pixels hold its 12.8
    made = synthesise(image, narrow, SCALE, RETINA, bank, plan(bank, chosen, 0, "x"))
    assert made.mask.any()
    assert not made.mask[~narrow].any()
    narrow[5, :] = False
    with pytest.raises(InputError, match="fit nowhere"):
        synthesise(image, narrow, SCALE, RETINA, bank, plan(bank, chosen, 0, "x"))


@pytest.mark.parametrize("count", [8, 9, 17, 33, 64])
def test_every_type_of_a_bank_with_many_types_is_marked_and_has_a_colour(count):
    few = [lesion for lesion in lesions() if lesion.kind == "MA"][:1]
    bank = [replace(few[0], kind=f"type{number:02}") for number in range(count)]
    image, view = normal(SIDE)
    pastes = [
        replace(paste, lesion=number)
        for number, paste in enumerate(
            plan([*few] * count, options(mix=((("MA",), 1.0),), most=100.0), 0, f"set/{count}")[:1] * count
        )
    ]
    places = np.random.default_rng(0)
    pastes = [replace(paste, places=places.random(paste.places.shape)) for paste in pastes]
    made = synthesise(image, view, SCALE, RETINA, bank, pastes)
    assert [int((made.masks >> bit & 1).any()) for bit in range(count)] == [1] * count
    assert made.masks.dtype.itemsize * 8 >= count
    union = np.zeros_like(view)
    for number, paste in enumerate(pastes):
        alone = synthesise(image, view, SCALE, RETINA, bank, [paste])
        assert set(np.unique(alone.masks).tolist()) == {0, 1 << number}
        union |= alone.mask
    np.testing.assert_array_equal(made.mask, union)
    row = Row("set/1", "all", count, image, made.image, made.masks, made.kinds)
    colours = lesion_colours(made.kinds)
    grey = coloured(replace(row, masks=np.zeros_like(made.masks)), colours)
    np.testing.assert_array_equal((coloured(row, colours) != grey).any(axis=2), made.mask)


def test_more_types_than_marks_are_refused():
    few = [lesion for lesion in lesions() if lesion.kind == "MA"][:1]
    image, view = normal(SIDE)
    with pytest.raises(InputError, match="65 types of lesion"):
        synthesise(image, view, SCALE, RETINA, [replace(few[0], kind=f"{number}") for number in range(65)], [])
