"""The configuration as pages show it: every key that the run used, and none that may name a person or a folder."""

from pathlib import Path

import yaml

from support.configuration import combined
from support.schema import read_schema
from support.shown_configuration import shown_configuration

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_schema(ROOT / "workflow/schemas/config.schema.yaml")
DEFAULT = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
NAME = "Mustermann"


def shown(**changes):
    return shown_configuration(combined([("config.yaml", DEFAULT), ("own", changes)], SCHEMA)[0], SCHEMA)


def test_every_key_of_the_run_has_its_value_and_other_datasets_have_none():
    found = shown()
    assert found["resad.region"] == str(DEFAULT["resad"]["region"])
    assert found["dataset"] == '"phantom"'
    assert {key.split(".")[1] for key in found if key.startswith("data.")} >= {"phantom", "max_pixels"}
    assert not any(key.startswith(("data.eyeq", "data.idrid")) for key in found)
    assert any(key.startswith("data.eyeq") for key in shown(dataset="eyeq"))


def test_what_may_name_a_person_a_folder_or_an_image_is_said_to_be_set():
    rows = [{"name": "another eye", "sources": [NAME, f"{NAME} 2"]}]
    found = shown(
        dataset="images",
        data_root=f"/home/{NAME}",
        data={"exclude": [NAME], "images": {"table": f"{NAME}.csv", "normals": NAME, "unknowns": NAME}},
        backbone={"weights": f"/{NAME}.pth"},
        lesionpaste={
            "source": {"root": f"/{NAME}", "images": [NAME]},
            "network": {"weights": f"/{NAME}.pth"},
            "ablations": {"A1": rows},
        },
        compared={"methods": ["draem"]},
        methods={"draem": {"texture_folder": f"/{NAME}", "rows": [{"name": "own", "texture_folder": f"/{NAME}"}]}},
    )
    assert NAME not in " ".join(found.values())
    assert found["data_root"] == '"set, not shown"'
    assert found["data.exclude"] == '"1 set, not shown"'
    assert '"2 set, not shown"' in found["lesionpaste.ablations.A1"]
    assert shown()["data_root"] == '""'
