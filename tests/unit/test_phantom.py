"""The phantom: who is in it, that its pictures follow from seed and id alone, and that its masks are exact."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from phantom import main as draw_phantom

from fundus_anomaly.datasets import registry
from fundus_anomaly.errors import InputError
from fundus_anomaly.phantom import cohort
from fundus_anomaly.phantom.lesions import icdr_grade
from fundus_anomaly.phantom.patient import traits
from fundus_anomaly.phantom.render import render

SEED, WIDTH, HEIGHT = 7, 210, 180
SOURCES = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture(scope="module")
def eyes():
    return cohort.plan(SEED, 4, 4, 8)


@pytest.fixture(scope="module")
def abnormal(eyes):
    return [(eye, render(eye, SEED, WIDTH, HEIGHT)) for eye in eyes if eye.grade > 0]


def test_the_plan_has_the_patients_asked_for_each_with_two_eyes_in_one_split(eyes):
    assert len({eye.id for eye in eyes}) == len(eyes) == 32
    sides, splits = Counter(), {}
    for eye in eyes:
        sides[eye.patient] += 1
        splits.setdefault(eye.patient, set()).add(eye.split)
    assert set(sides.values()) == {2} and all(len(split) == 1 for split in splits.values())
    assert Counter(eye.split for eye in eyes) == {"train": 8, "test": 24}
    assert all(eye.grade == 0 for eye in eyes if eye.split == "train")


def test_an_abnormal_patient_has_lesions_in_both_eyes_and_the_grades_are_spread_evenly():
    eyes = cohort.plan(SEED, 0, 8, 40)
    grades = Counter(eye.patient for eye in eyes if eye.grade == 0)
    assert set(grades.values()) == {2} and len(grades) == 8
    by_grade = Counter(eye.grade for eye in eyes if eye.grade)
    assert sum(by_grade.values()) == 80 and all(12 <= by_grade[grade] <= 28 for grade in (1, 2, 3, 4))


def test_labelled_patients_beside_the_test_run_through_the_grades_and_stand_in_no_table_of_labels():
    eyes = cohort.plan(SEED, 1, 1, 1, 1, 8)
    labelled = [eye for eye in eyes if eye.split == "labelled"]
    assert len(labelled) == 16 and all(eye.lesions for eye in labelled)
    assert [eye.grade for eye in labelled if eye.eye == "right"] == 2 * [1, 2, 3, 4]
    assert [eye for eye in eyes if eye not in labelled] == cohort.plan(SEED, 1, 1, 1, 1)
    assert set(cohort.label_table(eyes)["split"]) == {"train", "test"}


def test_more_patients_change_none_of_those_already_there():
    few, many = cohort.plan(SEED, 2, 1, 3), cohort.plan(SEED, 5, 6, 7)
    assert set(few) < set(many)


def test_another_seed_gives_another_cohort():
    assert cohort.plan(1, 0, 0, 12) != cohort.plan(2, 0, 0, 12)


def test_planning_needs_no_imaging_library():
    code = "import sys; from fundus_anomaly.phantom import cohort; print(cohort.plan(0, 1, 1, 1)[0].id, *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=SOURCES, capture_output=True, text=True, check=True)
    first, *modules = done.stdout.split()
    assert first == "phantom/train/0000_left" and "cv2" not in modules


def test_its_labels_are_a_table_that_the_adapter_of_own_images_reads_as_the_same_images(tmp_path):
    eyes = cohort.plan(SEED, 2, 2, 4, 1)
    cohort.label_table(eyes).to_csv(tmp_path / "labels.csv", index=False)
    for eye in eyes:
        photograph, masks = cohort.file_names(eye)
        for name in (photograph, *masks.values()):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).touch()
    sizes = {"train_patients": 2, "test_normal_patients": 2, "test_abnormal_patients": 4, "source_patients": 1}
    sizes |= {"labelled_patients": 0}
    planned = registry.load("phantom", sizes, tmp_path, "slices", SEED)
    folders = {"table": "labels.csv", "normals": "", "unknowns": "", "masks_inverted": False}
    read = registry.load("images", folders, tmp_path, "slices", SEED)
    assert read.lesions == planned.lesions
    columns = list(planned.manifest.columns.drop(["id", "patient"]))
    assert read.manifest[columns].to_dict("records") == planned.manifest[columns].to_dict("records")
    patients = zip(planned.manifest["patient"], read.manifest["patient"], strict=True)
    assert len(set(patients)) == 8 == read.manifest["patient"].nunique()


def test_its_files_are_the_same_whatever_the_number_of_threads_and_of_images_asked_for(tmp_path):
    sizes = {"train_patients": 1, "test_normal_patients": 1, "test_abnormal_patients": 1, "source_patients": 1}
    sizes |= {"labelled_patients": 0}
    ids = [eye.id for eye in cohort.plan(SEED, **sizes)]

    def written(folder, threads, ids):
        settings = sizes | {"width": WIDTH, "height": HEIGHT}
        params = SimpleNamespace(seed=SEED, settings=settings, root=str(folder), ids=ids)
        draw_phantom(SimpleNamespace(labels=str(folder / "labels.csv")), params, threads)
        return {file.relative_to(folder): file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    one = written(tmp_path / "one", 1, ids)
    assert len(one) > len(ids)
    assert written(tmp_path / "three", 3, ids) == one
    some = written(tmp_path / "some", 2, ids[::-3])
    assert 0 < len(some) < len(one)
    assert {name: content for name, content in some.items() if name.suffix != ".csv"}.items() <= one.items()


def test_every_file_has_its_own_relative_name(eyes):
    names = []
    for eye in eyes:
        photograph, masks = cohort.file_names(eye)
        assert tuple(masks) == eye.lesions
        names += [photograph, *masks.values()]
    assert len(set(names)) == len(names) and not any(Path(name).is_absolute() for name in names)
    assert "train/0000_left.jpg" in names and "masks/MA/test/0001_right_MA.png" in names


def test_wrong_numbers_are_all_named_at_once():
    with pytest.raises(InputError) as raised:
        cohort.plan(SEED, -1, 5001, 2.0)
    assert [p.where.split()[-1] for p in raised.value.problems] == [
        "train_patients",
        "test_normal_patients",
        "test_abnormal_patients",
    ]


def test_a_picture_does_not_depend_on_what_was_rendered_before_it(abnormal, eyes):
    render(eyes[0], SEED, 128, 128)
    for eye, first in reversed(abnormal[:3]):
        again = render(eye, SEED, WIDTH, HEIGHT)
        assert np.array_equal(first.photograph, again.photograph)
        assert all(np.array_equal(first.masks[kind], again.masks[kind]) for kind in eye.lesions)
    assert not np.array_equal(abnormal[0][1].photograph, render(abnormal[0][0], SEED + 1, WIDTH, HEIGHT).photograph)


def test_outside_its_masks_an_eye_looks_as_it_would_without_lesions(abnormal):
    for eye, shown in abnormal[::2]:
        healthy = render(eye, SEED, WIDTH, HEIGHT, with_lesions=False)
        assert not healthy.masks and not healthy.lesions
        changed = (shown.photograph != healthy.photograph).any(axis=2)
        lesion = np.any([mask > 0 for mask in shown.masks.values()], axis=0)
        assert not changed[~lesion].any()
        assert changed[lesion].mean() > 0.5


@pytest.mark.parametrize(("kind", "darker"), [("MA", True), ("HE", True), ("EX", False), ("SE", False)])
def test_red_lesions_darken_the_retina_and_exudates_brighten_it(abnormal, kind, darker):
    changes = []
    for eye, shown in abnormal:
        if kind in eye.lesions:
            alone = shown.masks[kind] > 0
            for other in set(eye.lesions) - {kind}:
                alone &= shown.masks[other] == 0
            healthy = render(eye, SEED, WIDTH, HEIGHT, with_lesions=False).photograph
            changes.append((shown.photograph[alone, 1].astype(int) - healthy[alone, 1]).mean())
    assert changes and all(change < 0 if darker else change > 0 for change in changes)


def test_contrast_makes_lesions_fainter_and_leaves_the_masks(abnormal):
    eye, shown = abnormal[-1]
    faint = render(eye, SEED, WIDTH, HEIGHT, lesion_contrast=0.3)
    healthy = render(eye, SEED, WIDTH, HEIGHT, with_lesions=False).photograph.astype(int)
    assert all(np.array_equal(shown.masks[kind], faint.masks[kind]) for kind in eye.lesions)
    assert 0 < abs(faint.photograph - healthy).sum() < 0.6 * abs(shown.photograph - healthy).sum()


def test_every_planned_kind_and_no_other_has_a_mask_inside_the_field_of_view(abnormal):
    for eye, shown in abnormal:
        assert tuple(shown.masks) == eye.lesions
        for mask in shown.masks.values():
            assert mask.dtype == np.uint8 and set(np.unique(mask)) == {0, 255}
            assert shown.field_of_view[mask > 0].all()


def test_no_lesion_is_centred_on_the_optic_disc(abnormal):
    for _, shown in abnormal:
        assert min(shown.anatomy.disc_distance(lesion.centre) for lesion in shown.lesions) > 1.1


def test_the_grade_follows_from_the_lesions(abnormal):
    assert {eye.grade for eye, _ in abnormal} == {1, 2, 3, 4}
    for eye, shown in abnormal:
        assert icdr_grade(shown.lesions, shown.anatomy.fovea) == eye.grade
    assert icdr_grade([], np.zeros(2)) == 0


def test_more_severe_eyes_have_more_lesion(abnormal):
    area = {grade: [] for grade in (1, 2, 3, 4)}
    for eye, shown in abnormal:
        area[eye.grade].append(np.mean(np.any([mask > 0 for mask in shown.masks.values()], axis=0)))
    means = [np.mean(area[grade]) for grade in (1, 2, 3, 4)]
    assert means == sorted(means) and means[0] < 0.003


def test_patients_differ_and_the_two_eyes_of_one_are_mirrored_but_alike(eyes):
    normals = [eye for eye in eyes if eye.grade == 0]
    rendered = {eye.id: render(eye, SEED, WIDTH, HEIGHT) for eye in normals}
    colour = {i: r.photograph[r.field_of_view].mean(0) for i, r in rendered.items()}
    patients = sorted({eye.patient for eye in normals})
    assert len({traits(SEED, patient).log_colour.tobytes() for patient in patients}) == len(patients)
    pairs = [np.abs(colour[f"{p}_left"] - colour[f"{p}_right"]).sum() for p in patients]
    others = [np.abs(colour[f"{p}_left"] - colour[f"{q}_right"]).sum() for p in patients for q in patients if p != q]
    assert np.mean(pairs) < 0.7 * np.mean(others)
    for patient in patients:
        left, right = rendered[f"{patient}_left"], rendered[f"{patient}_right"]
        assert np.array_equal(left.field_of_view, right.field_of_view), "both eyes share the camera"
        assert not np.array_equal(left.photograph, right.photograph[:, ::-1])


def test_the_disc_lies_nasally_so_on_the_left_of_a_left_eye():
    seen = {"left": [], "right": []}
    for eye in cohort.plan(SEED, 10, 0, 0):
        shown = render(eye, SEED, 128, 110)
        brightness = shown.photograph.sum(axis=2).astype(float) * shown.field_of_view
        seen[eye.eye].append(np.argwhere(brightness >= np.quantile(brightness, 0.995))[:, 1].mean() / 128)
    assert np.median(seen["left"]) < 0.4 < 0.6 < np.median(seen["right"])


@pytest.mark.parametrize("size", [(128, 128), (64, 200), (300, 128), (700, 465)])
def test_any_size_works_and_keeps_every_mask(eyes, size):
    for eye in [eye for eye in eyes if eye.grade in (1, 4)][:3]:
        shown = render(eye, SEED, *size)
        assert shown.photograph.shape == (size[1], size[0], 3) and shown.photograph.dtype == np.uint8
        assert all(mask.shape == size[::-1] and mask.any() for mask in shown.masks.values())
        assert all(shown.field_of_view[mask > 0].all() for mask in shown.masks.values())
        assert 0.1 < shown.field_of_view.mean() < 0.95
        assert shown.photograph[~shown.field_of_view].mean() < 12


def test_a_size_beyond_the_limits_is_refused_before_any_memory_is_taken(eyes):
    with pytest.raises(InputError) as raised:
        render(eyes[0], SEED, 10**9, 3)
    assert len(raised.value.problems) == 2


def test_the_same_eye_at_twice_the_size_is_the_same_eye(eyes):
    small, large = (render(eyes[0], SEED, 160 * k, 140 * k).photograph.astype(float) for k in (1, 2))
    halved = large.reshape(140, 2, 160, 2, 3).mean((1, 3))
    assert np.corrcoef(small.ravel(), halved.ravel())[0, 1] > 0.98
