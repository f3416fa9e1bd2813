"""ReSAD in memory gives what the workflow's stages give: the same bank, the same maps and scores."""

import numpy as np
import pytest
import torch
import yaml

from fundus_anomaly.device import device_for
from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.imaging.prepared_images import PreparedPhotographs
from fundus_anomaly.methods.resad.detector import ReSAD, Settings
from fundus_anomaly.networks.interface import load
from fundus_anomaly.scoring.by_position import Options
from fundus_anomaly.scoring.calibrated_maps import read_positions
from fundus_anomaly.scoring.contract import read_scores

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module", params=["ReSAD", "PatchCore"])
def case(request, finished):
    """Settings of a method in the tiny run, and the folder of its variant below bank and scores."""
    config = yaml.safe_load((finished.folder / "config.yaml").read_text(encoding="utf-8"))
    changes = {"region": 2} if request.param == "ReSAD" else {"region": 0, "spatial": "off", "pool": 3}
    resad = config["resad"] | changes
    settings = Settings(
        **resad,
        coreset=config["bank"]["coreset"],
        epsilon=config["bank"]["epsilon"],
        **{name: config["features"][name] for name in ("batch", "dtype")},
    )
    pattern = f"bank/*/pool~{settings.pool}/region~{settings.region}/spatial~{settings.spatial}/*/normals~1.0/*"
    folder = finished.one(pattern)
    return finished, settings, str(folder.relative_to(finished.results / "bank"))


def test_the_stages_and_the_page_agree(case):
    project, settings, variant = case
    threads = torch.get_num_threads()
    try:
        device = device_for(0, 1)
        weights = project.results / "weights" / "efficientnet_lite0.weights"
        backbone = load("efficientnet_lite0", weights, device=device, precision="float32", threads=1, onnx={})
        with open_h5(project.results / "images/resad/train.h5", "image", "field_of_view", "id") as file:
            detector = ReSAD.fit(PreparedPhotographs(file), backbone, settings, seed=0)
            photographs = PreparedPhotographs(file)
            patients = [name.rsplit("_", 1)[0] for name in photographs.ids]
            normals = detector.calibrate(photographs, patients, Options(smoothing=1.5, shrinkage=4, floor=0.1))
        scores = project.results / "scores" / variant
        for name in ("mean", "spread"):
            found = read_positions(scores / "calibrated" / "positions.h5")
            assert np.array_equal(getattr(detector.positions, name), getattr(found, name))
        with open_h5(scores / "calibrated" / "calibration.h5", "distance") as file:
            maps = [normals.calibrated(number) for number in range(len(photographs))]
            assert np.array_equal(np.stack(maps), file["distance"][:])
        with open_h5(project.results / "bank" / variant / "memory_bank.h5", "feature") as file:
            assert np.array_equal(detector.bank, file["feature"][:])
        with open_h5(project.results / "images/resad/test.h5", "image", "field_of_view", "id") as file:
            photographs = PreparedPhotographs(file)
            places = range(len(photographs))
            found = detector.score(photographs.images(places), photographs.fields_of_view(places))
        with open_h5(project.results / "scores" / variant / "test.h5", "distance") as file:
            assert np.array_equal(found.maps, file["distance"][:])
        table = read_scores(project.results / "scores" / variant / "test.csv")
        assert found.own.tolist() == table["maximum"].tolist()
        assert table["id"].tolist() == photographs.ids
    finally:
        torch.set_num_threads(threads)
