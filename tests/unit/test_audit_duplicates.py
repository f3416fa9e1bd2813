"""Copies among photographs that all resemble each other."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from fundus_anomaly.audit.duplicates import alike, hamming_pairs, identical
from fundus_anomaly.audit.fact_tables import PHOTOGRAPH_FACTS, fact_table
from fundus_anomaly.audit.inspect import inspect_many, inspect_photograph
from fundus_anomaly.audit.photograph_findings import photograph_findings
from fundus_anomaly.datasets import registry
from fundus_anomaly.errors import InputError

REAL = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "idrid"
SETTINGS = {"grading": "B. Disease Grading", "segmentation": "A. Segmentation", "strict_counts": False}


def hashes(bits):
    return [np.packbits(row).tobytes().hex() for row in bits]


def test_pairs_are_those_of_a_plain_double_loop():
    random = np.random.default_rng(0)
    bits = random.integers(0, 2, (60, 128), dtype=np.uint8)
    bits[40:] = bits[:20] ^ (random.random((20, 128)) < 0.1)
    pairs, distances = hamming_pairs(hashes(bits), 30)
    expected = {
        (i, j): int((bits[i] != bits[j]).sum())
        for i in range(60)
        for j in range(i + 1, 60)
        if (bits[i] != bits[j]).sum() <= 30
    }
    assert {tuple(map(int, pair)): int(d) for pair, d in zip(pairs, distances, strict=True)} == expected
    assert len(expected) >= 20
    assert pairs.tolist() == sorted(pairs.tolist())


def test_blocks_change_nothing(monkeypatch):
    bits = np.random.default_rng(1).integers(0, 2, (50, 64), dtype=np.uint8)
    whole = hamming_pairs(hashes(bits), 26)
    monkeypatch.setattr("fundus_anomaly.audit.duplicates._BLOCK_BYTES", 8 * 50 * 3)
    parts = hamming_pairs(hashes(bits), 26)
    assert len(whole[0]) > 3
    assert all((a == b).all() for a, b in zip(whole, parts, strict=True))


def test_files_that_could_not_be_read_are_copies_of_nothing():
    assert identical(["", "", "a", "b", "a"]) == [[2, 4]]
    assert alike(["", "ff" * 8, "", "ff" * 8], 0) == [([1, 3], 0)]
    assert alike(["", ""], 10) == []
    assert alike([], 10) == []


def test_a_chain_of_copies_is_one_group_with_its_longest_link():
    bits = np.zeros((4, 64), np.uint8)
    bits[1, :4], bits[2, :9], bits[3, :] = 1, 1, 1
    assert alike(hashes(bits), 5) == [([0, 1, 2], 5)]


def test_a_threshold_that_makes_copies_of_everything_is_refused(monkeypatch):
    monkeypatch.setattr("fundus_anomaly.audit.duplicates._MAX_PAIRS", 100)
    bits = np.random.default_rng(2).integers(0, 2, (40, 64), dtype=np.uint8)
    with pytest.raises(InputError, match="lower data"):
        hamming_pairs(hashes(bits), 64)


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="the real IDRiD is not in ../shared/data/idrid")
def test_in_the_real_idrid_a_normal_training_image_is_found_to_be_a_diseased_test_image():
    dataset = registry.load("idrid", SETTINGS, REAL, "slices", 0)
    wanted = ["idrid/grading/train/118", "idrid/grading/train/119", "idrid/grading/train/120"]
    wanted += ["idrid/segmentation/07", "idrid/segmentation/08", "idrid/grading/train/029", "idrid/grading/test/064"]
    rows = dataset.audited[dataset.audited["id"].isin(wanted)].reset_index(drop=True)
    found = inspect_many(inspect_photograph, [(path, 10**8) for path in rows["path"]], 2, "photographs")
    facts = fact_table(rows[["id"]], found, PHOTOGRAPH_FACTS)
    findings = {finding.ids: finding for finding in photograph_findings(rows, facts, 0.12)}
    pair = ("idrid/grading/train/118", "idrid/grading/test/064")
    # Segmentation 07 is grading 029 in another file: the hash finds it, and no label contradicts it.
    assert {ids: finding.severity for ids, finding in findings.items()} == {
        pair: "error",
        ("idrid/segmentation/07", "idrid/grading/train/029"): "note",
    }
    assert "grade 0" in findings[pair].detail
    assert "grade 3" in findings[pair].detail
    assert findings[pair].advice.endswith(': "idrid/grading/train/118"')
    settled = photograph_findings(rows, facts, 0.12, ["idrid/grading/train/118"])
    assert {finding.severity for finding in settled} == {"note"}


def published(file):
    """Return a configuration that the project ships."""
    return yaml.safe_load((Path(__file__).parents[2] / "config" / file).read_text(encoding="utf-8"))


def found_in(rows, excluded=(), sources=()):
    """Return the findings on photographs as they are."""
    found = inspect_many(inspect_photograph, [(path, 10**8) for path in rows["path"]], 2, "photographs")
    return photograph_findings(rows, fact_table(rows[["id"]], found, PHOTOGRAPH_FACTS), 0.12, excluded, sources)


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="the real IDRiD is not in ../shared/data/idrid")
def test_in_the_real_idrid_an_annotated_image_is_found_to_be_a_test_image():
    dataset = registry.load("idrid_grading", SETTINGS, REAL, "slices", 0)
    source, copy = "idrid/segmentation/22", "idrid/grading/test/088"
    sources = [source, "idrid/segmentation/23", "idrid/segmentation/48"]
    rows = dataset.audited[dataset.audited["id"].isin([*sources, copy, "idrid/grading/train/053"])]
    rows = rows.reset_index(drop=True)
    # 48 is the photograph train/053, a diseased one that the benchmark does not use.
    found = [
        finding for finding in found_in(rows, (), sources) if finding.kind != "lesions of a patient of the benchmark"
    ]
    severities = {finding.ids: finding.severity for finding in found}
    assert severities == {(copy, source): "error", ("idrid/grading/train/053", "idrid/segmentation/48"): "note"}
    # So it is if the user excluded the annotated image, which gives lesions all the same.
    assert "error" in {finding.severity for finding in found_in(rows, [source], sources)}
    assert {finding.severity for finding in found_in(rows, [copy], sources)} == {"note"}
    configured = published("idrid_lesionpaste.yaml")["lesionpaste"]
    named = [name for table in configured["ablations"].values() for row in table for name in row.get("sources", [])]
    assert source not in named
    assert len(set(named)) == 10
