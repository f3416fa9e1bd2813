"""MosMedData in its official layout, with its traps: whose slices are trained on, tested, and pasted."""

import os
import shutil
from pathlib import Path

import mosmed_samples
import nibabel
import numpy as np
import pytest
from mosmed_samples import ANNOTATED, HEALTHY, SETTINGS, SHAPE, SOURCE, rows, write_registry, write_volume

from fundus_anomaly.datasets import lesion_slices, registry
from fundus_anomaly.datasets.cuts import only, slice_number
from fundus_anomaly.errors import InputError

TESTED = [study for study in ANNOTATED if study != SOURCE]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return mosmed_samples.write_dataset(tmp_path_factory.mktemp("written") / "Lungen, Köln")


@pytest.fixture
def root(written, tmp_path):
    return shutil.copytree(written, tmp_path / "Lungen, Köln")


def load(root, seed=0, made=None, **settings):
    return registry.load("mosmed", SETTINGS | settings, root, made or root.parent / "slices", seed)


def problems_of(root, **settings):
    with pytest.raises(InputError) as error:
        load(root, **settings)
    return error.value.problems


def study_of(name):
    return name.split("/")[1]


def test_healthy_scans_train_and_slices_with_lesions_are_the_test(root):
    table = load(root).manifest
    normal, abnormal = table[table["split"] == "train"], table[table["split"] == "test"]
    assert set(normal["id"].map(study_of)) == set(HEALTHY)
    assert (normal[["label", "grade"]] == 0).all(axis=None)
    assert (normal["mask_lesion"] == "").all()
    assert abnormal["id"].tolist() == [f"mosmed/{study}/{number:04}" for study in TESTED for number in ANNOTATED[study]]
    assert (abnormal["label"] == 1).all()
    assert (abnormal["grade"] == -1).all()
    assert (abnormal["mask_lesion"] != "").all()
    assert (table["patient"] == "mosmed/" + table["id"].map(study_of)).all()


def test_normal_slices_are_spread_evenly_over_the_scans_and_over_the_middle_of_each(root):
    table = load(root).manifest
    normal = table[table["split"] == "train"]
    assert sorted(normal.groupby("patient").size()) == [2, 2, 3, 3]
    numbers = normal["id"].str.rpartition("/")[2].astype(int).groupby(normal["patient"]).agg(list)
    assert {tuple(slices) for slices in numbers} == {(4, 7), (4, 6, 8)}
    foot = load(root, middle=[0, 0.25], normal_slices=12).manifest
    assert set(foot.loc[foot["label"] == 0, "id"].str[-4:]) == {"0000", "0001", "0002"}


def test_a_short_scan_gives_what_it_has_and_the_others_make_up_for_it(root):
    short = mosmed_samples.hounsfield("study_0001")[:, :, :1]
    write_volume(root / "studies/CT-0/study_0001.nii.gz", short)
    dataset = load(root, normal_slices=13)
    normal = dataset.manifest[dataset.manifest["label"] == 0]
    assert sorted(normal.groupby("patient").size()) == [1, 4, 4, 4]
    assert any("The middle of 1 healthy scans holds fewer" in n and "study_0001" in n for n in dataset.notes)
    every = load(root, normal_slices=1000)
    assert (every.manifest["label"] == 0).sum() == 1 + 3 * 6


def test_the_source_studys_slices_are_unused_and_the_first_has_the_largest_lesions(root):
    unused = load(root).unused
    assert unused["id"].tolist() == ["mosmed/source/01", "mosmed/source/02", "mosmed/source/03"]
    assert unused["split"].tolist() == ["unused"] * 3
    assert [Path(path).name for path in unused["path"]] == ["0005.png", "0006.png", "0004.png"]
    assert set(unused["patient"]) == {f"mosmed/{SOURCE}"}
    assert set(unused["patient"]).isdisjoint(load(root).manifest["patient"])
    other = load(root, source_study="study_0258")
    assert set(other.unused["patient"]) == {"mosmed/study_0258"}
    assert f"mosmed/{SOURCE}" in set(other.manifest["patient"])


@pytest.mark.parametrize("seed", range(5))
def test_folds_divide_persons_evenly_healthy_and_annotated_ones_alike(root, seed):
    table = load(root, seed).manifest
    assert (table.groupby("patient")["fold"].nunique() == 1).all()
    persons = table.drop_duplicates("patient").groupby(["label", "fold"]).size()
    assert persons.tolist() == [2, 2, 2, 2]
    three = load(root, seed, folds=3).manifest.drop_duplicates("patient").groupby(["label", "fold"]).size()
    assert sorted(three.tolist()) == [1, 1, 1, 1, 2, 2]


def test_the_seed_draws_the_folds(root):
    drawn = {tuple(load(root, seed).manifest.drop_duplicates("patient")["fold"]) for seed in range(8)}
    assert len(drawn) > 1
    assert load(root, 3).manifest.equals(load(root, 3).manifest)


def test_every_image_and_mask_of_the_manifest_is_cut_from_a_volume_of_the_dataset(root):
    dataset = load(root)
    cut = [image for cut in dataset.cuts for image in cut.images]
    wanted = [*dataset.audited["path"], *filter(None, dataset.audited["mask_lesion"])]
    assert sorted(cut) == sorted(wanted)
    assert len(set(cut)) == len(cut)
    for each in dataset.cuts:
        study = Path(each.volume).name.removesuffix(".nii.gz").removesuffix("_mask")
        assert {Path(image).parent.name for image in each.images} == {study}
        assert each.lesions == ("masks" in each.volume)
    for image in cut:
        assert slice_number(image) == int(Path(image).name[:4])


def test_of_a_source_dataset_only_the_annotated_slices_are_cut(root):
    dataset = load(root)
    row = dataset.unused.iloc[0]
    image, mask = only(dataset.cuts, {row["path"], row["mask_lesion"]})
    assert (image.images, image.lesions) == ((row["path"],), False)
    assert (mask.images, mask.lesions) == ((row["mask_lesion"],), True)


def test_the_registry_may_be_sorted_in_any_way_and_lack_the_mark_and_the_slashes(root):
    expected = load(root)
    text = "\n".join([mosmed_samples.HEADER, *reversed(rows())]).replace(",/", ",") + "\n"
    (root / "dataset_registry.csv").write_text(text, encoding="utf-8")
    assert load(root).manifest.equals(expected.manifest)
    assert load(root).unused.equals(expected.unused)


def test_studies_that_are_neither_healthy_nor_annotated_are_counted_and_left_out(root):
    assert any("1 studies that are neither CT-0 nor annotated" in note for note in load(root).notes)


def test_a_difference_from_the_official_counts_is_a_note_or_an_error(root):
    counts = {count.part: (count.official, count.found) for count in load(root).counts}
    assert counts == {
        "healthy scans": (254, 4),
        "annotated studies": (50, 5),
        "normal slices": (2024, 10),
        "slices with lesions, the source study's included": (759, 10),
    }
    assert any("annotated studies: 5 found, 50 by the publication, -45" in note for note in load(root).notes)
    assert any("759 by the publication" in note for note in load(root).notes)
    # Only the paper gives the number of slices with lesions: a whole copy may hold another.
    assert len(problems_of(root, strict_counts=True)) == 3


@pytest.mark.parametrize(
    ("row", "column", "found"),
    [
        ("../study,CT-0,/studies/CT-0/study_0900.nii.gz,", "study_id", "'../study'"),
        (",CT-0,/studies/CT-0/study_0900.nii.gz,", "study_id", "''"),
        ("study_0900,CT-7,/studies/CT-0/study_0001.nii.gz,", "category", "'CT-7'"),
        ("study_0900,CT-0,/studies/CT-0/study_0900.nii.gz,", "study_file", "no such file"),
        ("study_0900,CT-0,/../outside.nii.gz,", "study_file", "leads out of the dataset's root"),
        ("study_0900,CT-0,/studies/../../outside.nii.gz,", "study_file", "leads out of the dataset's root"),
        ("study_0900,CT-0,/etc/passwd,", "study_file", "not the name of a NIfTI file"),
        ("study_0900,CT-0,/studies/link.nii.gz,", "study_file", "leads out of the dataset's root"),
        ("study_0900,CT-0,/linked/outside.nii.gz,", "study_file", "leads out of the dataset's root"),
        ("study_0900,CT-0,,", "study_file", "nothing"),
        ('study_0900,CT-0,"/studies/a\nb.nii.gz",', "study_file", "not the name of a NIfTI file"),
        ("study_0900,CT-0,/more.nii.gz,/masks/study_0256_mask.nii.gz", "mask_file", "a mask of a healthy scan"),
        ("study_0900,CT-1,/more.nii.gz,/masks/none.nii.gz", "mask_file", "no such file"),
    ],
)
def test_a_row_that_cannot_be_meant_is_an_error_with_its_line(root, row, column, found):
    volume = root.parent / "outside.nii.gz"
    for place in (volume, root / "more.nii.gz"):
        write_volume(place, mosmed_samples.hounsfield("study_0900"))
    (root / "studies/link.nii.gz").symlink_to(volume)
    (root / "linked").symlink_to(root.parent)
    write_registry(root, [*rows()[:-1], row])
    told = [problem for problem in problems_of(root) if problem.where.endswith(f", {column}")]
    assert len(told) == 1
    assert found in told[0].found
    assert "dataset_registry.csv, line 1" in told[0].where


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("study_0001,CT-0,/more.nii.gz,", "study 'study_0001' a second time, first in line 2"),
        ("study_0900,CT-0,/studies/CT-0/study_0001.nii.gz,", "study_0001.nii.gz' a second time, first in line 2"),
        ("study_0900,CT-0,/studies/./CT-0//study_0001.nii.gz,", "study_0001.nii.gz' a second time, first in line 2"),
        ("study_0900,CT-1,/more.nii.gz,/more.nii.gz", "more.nii.gz' a second time, first in line 11"),
    ],
)
def test_a_study_or_a_file_that_stands_twice_would_be_one_person_twice(root, row, found):
    write_volume(root / "more.nii.gz", mosmed_samples.hounsfield("study_0900"))
    write_registry(root, [*rows()[:-1], row])
    (problem,) = problems_of(root)
    assert found in problem.found
    assert problem.where.endswith("line 11")


def test_every_row_and_every_header_that_is_wrong_is_reported_at_once(root):
    write_registry(root, [*rows(), "study_0001,CT-9,/x.txt,", "study_0901,CT-0,/studies/CT-0/study_0901.nii.gz,"])
    (root / "studies/CT-0/study_0003.nii.gz").write_bytes(b"no volume")
    write_volume(root / "masks/study_0257_mask.nii.gz", np.zeros((64, 48, 11), np.uint8))
    write_volume(root / "masks/study_0259_mask.nii.gz", mosmed_samples.lesion_mask("study_0259"), "LPS")
    told = "\n".join(map(str, problems_of(root)))
    for part in (
        "study_0003.nii.gz: found a file that cannot be read",
        "study_0257_mask.nii.gz: found 64×48×11 voxels, axes RAS; allowed: 64×48×12 voxels",
        "study_0259_mask.nii.gz: found 64×48×12 voxels, axes LPS; allowed: 64×48×12 voxels, axes RAS",
        "line 12: found study 'study_0001' a second time",
        "line 12, category",
        "line 13, study_file",
    ):
        assert part in told


def test_every_mask_whose_voxels_cannot_be_read_is_reported_at_once(root):
    for study in ("study_0256", "study_0258"):
        file = root / f"masks/{study}_mask.nii.gz"
        file.write_bytes(file.read_bytes()[:-40])
    assert [Path(problem.where).name[:10] for problem in problems_of(root)] == ["study_0256", "study_0258"]


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"source_study": "study_0555"}, "config, data.mosmed.source_study"),
        ({"source_study": "study_0001"}, "config, data.mosmed.source_study"),
        ({"middle": [0.75, 0.25], "normal_slices": 1}, "config, data.mosmed.middle"),
        ({"folds": 5}, "config, data.mosmed.folds"),
        ({"registry": "registry.csv"}, "registry.csv"),
        ({"registry": "../outside.csv"}, "outside.csv"),
    ],
)
def test_a_setting_that_the_dataset_cannot_meet_is_an_error_that_names_it(root, settings, where):
    (root.parent / "outside.csv").write_text(mosmed_samples.HEADER)
    assert any(problem.where.endswith(where) for problem in problems_of(root, **settings))


def test_a_wrong_root_is_an_error_that_says_what_should_be_there(tmp_path):
    (problem,) = problems_of(tmp_path / "nowhere")
    assert problem.found == "no such file"
    assert problem.allowed == "MosMedData's registry below the root"


def test_a_mask_without_a_lesion_leaves_its_study_out_and_says_so(root):
    write_volume(root / "masks/study_0257_mask.nii.gz", np.zeros(SHAPE, np.uint8))
    dataset = load(root)
    assert "mosmed/study_0257" not in set(dataset.manifest["patient"])
    assert any("1 masks hold no lesion" in note and "study_0257" in note for note in dataset.notes)
    assert not any("study_0257" in cut.volume for cut in dataset.cuts)


def counting(monkeypatch):
    """Return a list that grows by a name with each mask whose voxels are read."""
    read = []

    def reading(path):
        read.append(Path(path).name)
        return mosmed_volume(path)

    mosmed_volume = lesion_slices.CtVolume
    monkeypatch.setattr(lesion_slices, "CtVolume", reading)
    return read


def test_voxels_of_masks_are_read_once_and_again_only_where_a_mask_changed(root, monkeypatch):
    read = counting(monkeypatch)
    before = load(root)
    assert len(read) == len(ANNOTATED)
    assert load(root).audited.equals(before.audited)
    assert len(read) == len(ANNOTATED)
    changed = mosmed_samples.lesion_mask("study_0257")
    changed[10, 10, 9] = 1
    write_volume(root / "masks/study_0257_mask.nii.gz", changed)
    assert "mosmed/study_0257/0009" in set(load(root).manifest["id"])
    assert read[len(ANNOTATED) :] == ["study_0257_mask.nii.gz"]
    os.utime(root / "masks/study_0256_mask.nii.gz", ns=(1, 1))
    load(root)
    assert read[len(ANNOTATED) + 1 :] == ["study_0256_mask.nii.gz"]


@pytest.mark.parametrize("cut", [0, 10, 60, 120, 200, -1, -5])
def test_a_memo_that_was_cut_short_or_scribbled_on_loses_no_lesion(root, cut):
    made = root.parent / "slices"
    expected = load(root).audited
    memo = made / "lesion_slices.csv"
    text = memo.read_text()
    memo.write_text(text[:cut])
    assert load(root).audited.equals(expected)
    assert memo.read_text() == text
    memo.write_bytes(b"\xff\xfe\n,,,\n")
    assert load(root).audited.equals(expected)
    assert memo.read_text() == text


def test_where_the_memo_cannot_be_written_masks_are_read_each_time(root, monkeypatch):
    read = counting(monkeypatch)
    made = root.parent / "a file"
    made.write_text("in the way of the folder")
    for times in (1, 2):
        assert len(load(root, made=made).unused) == 3
        assert len(read) == times * len(ANNOTATED)


def test_only_headers_are_read_of_studies(root, monkeypatch):
    load(root)

    def refuse(self):
        raise AssertionError("voxels were read")

    monkeypatch.setattr(nibabel.arrayproxy.ArrayProxy, "get_unscaled", refuse)
    assert len(load(root).manifest) == 17


def test_volumes_that_the_registry_does_not_name_are_named(root):
    one = next((root / "masks").glob("*.nii.gz"))
    (root / "masks" / "study_0999_mask.nii.gz").write_bytes(one.read_bytes())
    (sentence,) = load(root).unread
    assert "'study_0999_mask.nii.gz'" in sentence


def test_studies_that_differ_in_case_alone_are_refused(root):
    registry = root / "dataset_registry.csv"
    text = registry.read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if "study_0001" in line)
    registry.write_text(f"{text}\n{row.replace('study_0001', 'STUDY_0001', 1)}\n", encoding="utf-8")
    assert any("a second time" in problem.found for problem in problems_of(root))
