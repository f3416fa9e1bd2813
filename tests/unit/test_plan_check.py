"""What data and settings cannot give together is refused before the first job; what they may give is not."""

import pandas as pd
import pytest

from fundus_anomaly.datasets.subsets import require_two_patients
from fundus_anomaly.errors import InputError
from fundus_anomaly.plan.bank import require_mask_files, require_scorable


def scorable(patients, *, nlist=100, index="flat", normals=1.0, coreset=0.1, calibration=32, size=96):
    require_scorable(
        [f"a/{number}" for number in range(len(patients))],
        patients,
        {"normals": normals, "coreset": coreset},
        size=size,
        search={"index": index, "nlist": nlist},
        calibration=calibration,
        seed=0,
    )


def test_more_cells_than_the_bank_can_have_entries_are_refused():
    # 4 images of 12 × 12 positions, a tenth of them.
    scorable(list("abcd"), index="ivf", nlist=58)
    scorable(list("abcd"), index="flat", nlist=1000)
    with pytest.raises(InputError, match=r"config, bank\.nlist: found 59; allowed: at most 58"):
        scorable(list("abcd"), index="ivf", nlist=59)
    # A size that is no multiple of the stride has a position more a side.
    scorable(list("abcd"), index="ivf", nlist=round(0.1 * 4 * 13**2), size=97)


def test_a_bank_of_one_patient_gives_no_threshold():
    scorable(list("aabb"))
    with pytest.raises(InputError, match="entries of patient 'a' alone"):
        scorable(list("aa"))
    with pytest.raises(InputError, match="raise the variant's share `normals`"):
        scorable(list("aabbcc"), normals=0.1)


def test_normals_of_one_patient_cannot_calibrate_maps():
    patients = list("aabbcc")
    scorable(patients, calibration=3)
    with pytest.raises(InputError, match=r"evaluation\.calibration_images: found 2, all of one patient"):
        scorable(patients, calibration=2)


def test_normals_of_one_patient_cannot_be_trained_on():
    require_two_patients(["a", "a", "b"], "normal images to train on (repeat~0)")
    for patients in ([], ["a"], ["a", "a"]):
        with pytest.raises(InputError, match=rf"\(fold~1/repeat~0\): found {len(patients)} of"):
            require_two_patients(patients, "normal images to train on (fold~1/repeat~0)")


def test_a_type_without_a_mask_file_cannot_be_pasted():
    table = pd.DataFrame({"id": ["x", "y"], "mask_MA": ["m.png", ""], "mask_HE": ["", "h.png"], "mask_EX": ["", ""]})
    columns = {kind: f"mask_{kind}" for kind in ("MA", "HE", "EX")}
    require_mask_files(table, columns, ["MA", "HE"])
    with pytest.raises(InputError) as error:
        require_mask_files(table, columns, ["MA", "EX", "XX"])
    assert [problem.where for problem in error.value.problems] == [
        "config, lesionpaste.mix, type 'EX'",
        "config, lesionpaste.mix, type 'XX'",
    ]
    assert error.value.problems[0].allowed == "types with one: MA, HE"
