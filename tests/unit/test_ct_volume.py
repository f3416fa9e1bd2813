"""A CT volume is shown the same way, however it is stored; a broken one is refused before memory is taken."""

import gzip
import struct
import warnings

import mosmed_samples
import nibabel
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fundus_anomaly.datasets.cuts import Cut
from fundus_anomaly.datasets.lesion_slices import is_lesion
from fundus_anomaly.datasets.slice_files import write_slices
from fundus_anomaly.errors import InputError
from fundus_anomaly.imaging.ct_volume import CtVolume, read_header, require_hounsfield_units, windowed

# x to the right, y to the front, z to the head.
VOXELS = (100 * np.arange(5)[:, None, None] + 10 * np.arange(4)[:, None] + np.arange(3)).astype(np.int16)


def problems_of(path, read=read_header):
    with pytest.raises(InputError) as error:
        read(path)
    return [problem.found for problem in error.value.problems]


@pytest.mark.parametrize("axes", ["RAS", "LPS", "LAS", "RPI", "SAR", "PSR", "ILP"])
@pytest.mark.parametrize("suffix", [".nii", ".nii.gz"])
def test_the_front_is_up_and_the_right_on_the_left_whatever_the_stored_axes(tmp_path, axes, suffix):
    path = tmp_path / f"volume{suffix}"
    mosmed_samples.write_volume(path, VOXELS, axes)
    header, volume = read_header(path), CtVolume(path)
    assert "".join(header.axes) == axes
    assert sorted(header.shape) == [3, 4, 5]
    assert header.slices == len(volume) == 3
    for number in range(3):
        picture = volume[number]
        assert (picture.shape, picture.dtype) == ((4, 5), np.float32)
        front_right, back_left = 100 * 4 + 10 * 3 + number, number
        assert (picture[0, 0], picture[-1, -1]) == (front_right, back_left)
        assert np.array_equal(picture, VOXELS[::-1, ::-1, number].T)


def test_slices_are_counted_from_the_foot(tmp_path):
    mosmed_samples.write_volume(tmp_path / "v.nii", VOXELS, "RAI")
    assert [CtVolume(tmp_path / "v.nii")[number].min() for number in range(3)] == [0, 1, 2]


def test_stored_numbers_are_scaled_to_hounsfield_units(tmp_path):
    image = nibabel.Nifti1Image(VOXELS, np.eye(4))
    image.header.set_slope_inter(2, -1024)
    nibabel.save(image, tmp_path / "v.nii.gz")
    raw = nibabel.load(tmp_path / "v.nii.gz")
    assert raw.dataobj.slope == 2
    assert np.array_equal(CtVolume(tmp_path / "v.nii.gz")[1], raw.get_fdata()[::-1, ::-1, 1].T)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_voxel_that_is_no_number_is_an_error_that_names_its_slice(tmp_path, value):
    voxels = VOXELS.astype(np.float32)
    voxels[1, 2, 2] = value
    mosmed_samples.write_volume(tmp_path / "v.nii", voxels)
    volume = CtVolume(tmp_path / "v.nii")
    assert volume[1].shape == (4, 5)
    with pytest.raises(InputError, match=r"v\.nii, slice 2: found 1 voxels that are infinite or not a number"):
        volume[2]


def test_the_papers_window_goes_from_minus_1000_to_400():
    values = np.array([-2048, -1000, -300, 400, 3000], np.float32)
    assert windowed(values, -300, 1400).tolist() == [0, 0, 128, 255, 255]


@given(st.floats(-3000, 3000), st.floats(0, 500), st.floats(-2000, 2000), st.floats(1, 4000))
def test_a_denser_voxel_is_never_darker(value, more, level, width):
    darker, brighter = windowed(np.array([value, value + more], np.float32), level, width).tolist()
    assert darker <= brighter


def patched(path, offset, kind, *values):
    data = bytearray(path.read_bytes())
    struct.pack_into(f"<{kind}", data, offset, *values)
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("shape", "found"),
    [
        ((4, 4), "4×4 voxels"),
        ((4, 4, 4, 2), "4×4×4×2 voxels"),
        ((4097, 2, 2), "4097×2×2 voxels"),
    ],
)
def test_a_volume_has_three_sides_that_a_scanner_can_make(tmp_path, shape, found):
    nibabel.save(nibabel.Nifti1Image(np.zeros(shape, np.uint8), np.eye(4)), tmp_path / "v.nii.gz")
    assert problems_of(tmp_path / "v.nii.gz") == [found]


def test_a_header_that_promises_too_much_is_refused_before_a_voxel_is_read(tmp_path):
    mosmed_samples.write_volume(tmp_path / "v.nii", VOXELS)
    patched(tmp_path / "v.nii", 40, "8h", 3, 4096, 4096, 4096, 1, 1, 1, 1)
    assert problems_of(tmp_path / "v.nii", CtVolume) == ["4096×4096×4096 voxels"]
    patched(tmp_path / "v.nii", 40, "8h", 3, 0, 4, 4, 1, 1, 1, 1)
    assert problems_of(tmp_path / "v.nii") == ["0×4×4 voxels"]


@pytest.mark.parametrize("affine", [np.diag([1, np.nan, 1, 1]), np.diag([1, np.inf, 1, 1]), np.diag([1, 0, 1, 1.0])])
def test_an_affine_matrix_says_where_every_axis_leads(tmp_path, affine):
    image = nibabel.Nifti1Image(VOXELS, np.eye(4))
    nibabel.save(image, tmp_path / "v.nii")
    patched(tmp_path / "v.nii", 252, "2h", 0, 1)
    patched(tmp_path / "v.nii", 280, "12f", *affine[:3].ravel())
    (found,) = problems_of(tmp_path / "v.nii")
    assert "the affine matrix" in found


def test_colours_and_complex_numbers_are_no_hounsfield_units(tmp_path):
    nibabel.save(nibabel.Nifti1Image(VOXELS.astype(np.complex64), np.eye(4)), tmp_path / "v.nii")
    assert problems_of(tmp_path / "v.nii") == ["voxels of type complex64"]


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
@pytest.mark.parametrize(
    "content",
    [b"", b"x" * 1000, gzip.compress(b"no volume", mtime=0), gzip.compress(b"x" * 1000, mtime=0)[:-12]],
    ids=["empty", "text", "packed text", "cut packed text"],
)
def test_a_file_that_is_no_volume_is_an_error_that_names_it(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    (found,) = problems_of(tmp_path / name)
    assert "a file that cannot be read" in found
    assert "a file that cannot be read" in problems_of(tmp_path / "absent.nii")[0]


@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
def test_a_volume_that_was_cut_short_has_a_header_and_no_voxels(tmp_path, name):
    noise = np.random.default_rng(0).integers(-1000, 400, (20, 20, 20)).astype(np.int16)
    mosmed_samples.write_volume(tmp_path / name, noise)
    content = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content[: len(content) // 2])
    assert read_header(tmp_path / name).slices == 20
    assert "a file that cannot be read" in problems_of(tmp_path / name, CtVolume)[0]


@given(st.integers(0, 347), st.binary(min_size=1, max_size=8))
def test_a_header_with_any_damage_is_read_or_refused_in_words(tmp_path_factory, offset, damage):
    path = tmp_path_factory.mktemp("damaged") / "v.nii"
    mosmed_samples.write_volume(path, VOXELS)
    data = bytearray(path.read_bytes())
    data[offset : offset + len(damage)] = damage
    path.write_bytes(bytes(data))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            volume = CtVolume(path)
            assert volume[len(volume) - 1].dtype == np.float32
        except InputError as error:
            assert "v.nii" in str(error)


def with_codes(path, sform, qform, kind=nibabel.Nifti1Image):
    affine = np.diag([-1, -1, 2, 1.0])
    image = kind(VOXELS, affine)
    image.set_sform(affine, sform)
    image.set_qform(affine, qform)
    nibabel.save(image, path)
    return path


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("name", ["v.nii", "v.nii.gz"])
def test_a_volume_whose_codes_state_no_orientation_is_refused_whatever_its_matrix(tmp_path, kind, name):
    for read in (read_header, CtVolume):
        assert problems_of(with_codes(tmp_path / name, 0, 0, kind=kind), read) == ["sform_code 0 and qform_code 0"]
    for codes in ((1, 0), (0, 1), (2, 1), (4, 4)):
        assert read_header(with_codes(tmp_path / name, *codes, kind=kind)).axes == ("L", "P", "S")


def test_two_orientations_that_contradict_each_other_are_refused(tmp_path):
    image = nibabel.Nifti1Image(VOXELS, np.diag([-1, -1, 2, 1.0]))
    image.set_sform(np.diag([-1, -1, 2, 1.0]), 1)
    image.set_qform(np.diag([1, -1, 2, 1.0]), 1)
    nibabel.save(image, tmp_path / "v.nii")
    assert problems_of(tmp_path / "v.nii") == ["axes LPS by its sform and RPS by its qform"]


@pytest.mark.parametrize("kind", [np.uint16, np.int16, np.float32])
@pytest.mark.parametrize("by", [0, 1024, 1000, 2048, 32768])
def test_a_study_without_air_is_noticed_as_shifted(tmp_path, kind, by):
    stored = mosmed_samples.hounsfield("study_0001").astype(np.int32) + by
    if kind != np.float32 and not np.iinfo(kind).min <= stored.min() <= stored.max() <= np.iinfo(kind).max:
        pytest.skip("not numbers of this kind")
    mosmed_samples.write_volume(tmp_path / "v.nii.gz", stored.astype(kind))
    volume = CtVolume(tmp_path / "v.nii.gz")
    if by == 0:
        require_hounsfield_units(volume, tmp_path / "v.nii.gz")
        return
    with pytest.raises(InputError, match=r"v\.nii\.gz: found 0\.00% of the voxels below -500.*subtract 1024"):
        require_hounsfield_units(volume, tmp_path / "v.nii.gz")


def test_a_shift_that_the_header_takes_back_is_none(tmp_path):
    shifted = (mosmed_samples.hounsfield("study_0001").astype(np.int32) + 1500).astype(np.uint16)
    image = nibabel.Nifti1Image(shifted, np.eye(4))
    image.header.set_slope_inter(1, -1500)
    nibabel.save(image, tmp_path / "v.nii")
    require_hounsfield_units(CtVolume(tmp_path / "v.nii"), tmp_path / "v.nii")


def test_slices_of_a_shifted_study_are_refused_and_those_of_its_mask_are_not(tmp_path):
    shifted = (mosmed_samples.hounsfield("study_0255").astype(np.int32) + 2048).astype(np.uint16)
    mosmed_samples.write_volume(tmp_path / "v.nii", shifted)
    mosmed_samples.write_volume(tmp_path / "m.nii", mosmed_samples.lesion_mask("study_0255"))
    window = {"level": -300, "width": 1400}
    with pytest.raises(InputError, match="scl_inter"):
        write_slices([Cut(str(tmp_path / "v.nii"), (str(tmp_path / "0005.png"),), False)], window, threads=1)
    assert not (tmp_path / "0005.png").exists()
    write_slices([Cut(str(tmp_path / "m.nii"), (str(tmp_path / "0005_lesion.png"),), True)], window, threads=1)
    assert (tmp_path / "0005_lesion.png").exists()


def test_soft_edges_of_a_volume_count_from_a_half_on():
    values = np.array([0, 0.01, 0.49, 0.5, 1, 2, 255], np.float32)
    assert is_lesion(values).tolist() == [False, False, False, True, True, True, True]
