"""What names alone tell the audit: images that no job can be given, and what is not read."""

import pandas as pd
import pytest

from fundus_anomaly.audit.admission import admit
from fundus_anomaly.audit.findings import findings_from, findings_table
from fundus_anomaly.audit.named_findings import named_findings
from fundus_anomaly.errors import InputError

REFUSED = [
    {"id": "images/normal/a~1", "split": "train", "reason": r"data/M\\xfcller.jpg: the path cannot be used"},
    {"id": "images/unknown/b~2", "split": "test", "reason": "data/b{x}.jpg: the path cannot be used"},
    {"id": "images/c~3", "split": "unused", "reason": "data/c.jpg: the path cannot be used"},
]
MANIFEST = pd.DataFrame(
    {
        "id": ["images/normal/n", "images/unknown/u", "images/normal/a~1", "images/unknown/b~2"],
        "split": ["train", "test", "train", "test"],
    }
)


def test_images_refused_for_their_names_are_left_out_with_the_reason():
    findings = findings_from(findings_table(named_findings(REFUSED, ["normal: 1 not read: 'x.zip'."])))
    assert [finding.severity for finding in findings] == ["error", "error", "warning", "note"]
    left_out = admit(MANIFEST, findings, "exclude")
    assert left_out["id"].tolist() == ["images/normal/a~1", "images/unknown/b~2"]
    assert all("unusable name" in reason for reason in left_out["reason"])
    with pytest.raises(InputError, match="data/b"):
        admit(MANIFEST, findings, "fail")


def test_the_user_may_exclude_them_too():
    excluded = [image["id"] for image in REFUSED[:2]]
    left_out = admit(MANIFEST, named_findings(REFUSED, [], excluded), "fail", excluded)
    assert left_out["by"].tolist() == ["user", "user"]
    assert "the path cannot be used" in left_out["reason"][0]
