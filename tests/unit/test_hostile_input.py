"""Bad and hostile input: a clear error or documented handling; no code run, no other file touched, memory bounded."""

import hostile_config
import hostile_hdf5
import hostile_images
import hostile_masks
import hostile_names
import hostile_tables
import hostile_volumes
import hostile_weights
import pytest
import torchvision.models  # noqa: F401  (what a module takes to be imported is no memory of a reader)
from hostile_case import outcome, snapshot

CASES = {
    "image": hostile_images.CASES,
    "mask": hostile_masks.CASES,
    "name": hostile_names.CASES,
    "table": hostile_tables.CASES,
    "weights": hostile_weights.CASES,
    "HDF5": hostile_hdf5.CASES,
    "volume": hostile_volumes.CASES,
    "config": hostile_config.CASES,
}


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{kind}: {case.name}") for kind, cases in CASES.items() for case in cases]
)
def test_bad_input_is_refused_in_clear_words_or_handled_as_documented(case, tmp_path):
    for name in ("in", "work", "outside", "results"):
        (tmp_path / name).mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("secret")
    made = case.make(tmp_path / "in")
    before = snapshot(tmp_path)
    found = outcome(case, made, tmp_path)
    assert snapshot(tmp_path) == before, "a file outside of the results was touched"
    assert found.kind == ("refused" if case.told else "read"), found.text
    assert found.text == "" or case.told, found.text
    missing = [words for words in case.told if words not in found.text]
    assert not missing, f"{missing} not in: {found.text}"
    assert found.mib < case.mib
