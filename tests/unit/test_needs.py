"""What jobs ask for follows from the size and number of the photographs, and nothing else."""

from types import SimpleNamespace as Job

import pytest

from fundus_anomaly.plan.extent import Extent
from fundus_anomaly.plan.file_needs import FileNeeds
from fundus_anomaly.plan.lesionpaste_needs import LesionPasteNeeds
from fundus_anomaly.plan.resad_needs import ResadNeeds

CONFIG = {
    "features": {"batch": 4, "dtype": "float32"},
    "bank": {"index": "flat"},
    "evaluation": {"calibration_images": 1000, "bootstrap": 5000},
}


def idrid(**sides):
    return Extent(
        counts={"train": 132, "test": 115},
        audited={"train": 134, "test": 115, "unused": 149},
        lesions=["MA", "HE", "EX", "SE"],
        sides={"resad": 784, "lesionpaste": 256, "compared": 256} | sides,
    )


def resad(extent=None, **config):
    return ResadNeeds(extent or idrid(), CONFIG | config)


BANK = Job(backbone="efficientnet_lite0", pool="1", normals="1.0", coreset="0.1")
TRAIN = Job(backbone="efficientnet_lite0", pool="1", split="train")
WIDE_BANK = Job(backbone="wide_resnet50_2", pool="1", normals="1.0", coreset="0.1")


def test_idrids_bank_has_as_many_entries_as_its_run_chooses():
    assert idrid().positions == 98**2
    assert resad().train_positions(BANK) == 132 * 98**2
    assert round(resad().entries(BANK)) == 126_773


@pytest.mark.parametrize(
    ("backbone", "pool", "channels"),
    [
        ("efficientnet_lite0", "1", 152),
        ("resnet18", "1", 384),
        ("wide_resnet50_2", "1", 1536),
        ("onnx", "3", 1536),
        ("wide_resnet50_2", "3-1024", 1024),
    ],
)
def test_channels_are_the_networks_or_what_a_row_pools_them_to(backbone, pool, channels):
    assert resad().channels(Job(backbone=backbone, pool=pool)) == channels


def test_a_network_alone_has_channels_too():
    assert resad().channels(Job(backbone="resnet34")) == 384


def test_what_is_written_takes_its_number_of_values():
    values = 132 * 98**2 * 152
    assert resad().resc_bytes(TRAIN) == 4 * values
    assert resad(features={"batch": 4, "dtype": "float16"}).resc_bytes(TRAIN) == 2 * values
    assert resad().features_bytes(TRAIN) == 2 * values
    assert resad().memory_bank_bytes(BANK) == pytest.approx(4 * values / 10)
    assert resad().coreset_scratch(BANK) == 4 * values
    assert resad().coreset_scratch(WIDE_BANK) == 4 * 132 * 98**2 * 350


def test_half_of_the_normals_and_of_the_positions_is_a_quarter_of_the_search():
    half = Job(backbone=BANK.backbone, pool="1", normals="0.5", coreset="0.05")
    assert resad().score_seconds(half) == pytest.approx(resad().score_seconds(BANK) / 4)


def test_calibration_takes_as_many_normals_as_there_are_up_to_what_is_configured():
    by_photograph = resad().score_seconds(BANK) / 115
    assert resad().calibrate_seconds(BANK) == pytest.approx(132 * by_photograph)
    few = resad(evaluation={"calibration_images": 32, "bootstrap": 5000})
    assert few.calibrate_seconds(BANK) == pytest.approx(32 * by_photograph)


def test_lesioned_copies_are_searched_for_as_test_photographs_are_and_are_none_of_the_run():
    extent = Extent(idrid().counts, idrid().audited, idrid().lesions, idrid().sides, lesioned=264)
    needs = resad(extent)
    assert needs.score_lesioned_seconds(BANK) == pytest.approx(264 / 115 * needs.score_seconds(BANK))
    copies = Job(backbone="efficientnet_lite0", pool="1", split="lesioned")
    assert needs.resc_bytes(copies) == 2 * needs.resc_bytes(TRAIN)
    assert extent.all == idrid().all
    assert resad().resc_bytes(copies) == 0


def test_an_approximate_index_needs_more_memory_and_a_wider_network_too():
    assert resad(bank={"index": "ivf"}).score_mb(BANK, 1) > resad().score_mb(BANK, 1)
    for name in ("features_mb", "resc_mb", "coreset_mb", "memory_bank_mb", "score_mb"):
        narrow, wide = (
            Job(backbone=backbone, pool="1", normals="1.0", coreset="0.1", split="train")
            for backbone in ("efficientnet_lite0", "wide_resnet50_2")
        )
        assert getattr(resad(), name)(wide, 1) > getattr(resad(), name)(narrow, 1)


def test_four_times_the_pixels_are_four_times_the_features_and_sixteen_times_the_attention():
    double = resad(idrid(resad=1568))
    assert double.features_seconds(TRAIN) == pytest.approx(4 * resad().features_seconds(TRAIN))
    attention = [needs.resc_seconds(TRAIN) - 0.1 * 132 for needs in (resad(), double)]
    assert attention[1] == pytest.approx(16 * attention[0])


def test_files_are_counted_as_the_audit_reads_them_and_prepared_images_as_the_manifest_has_them():
    needs = FileNeeds(idrid(), {"width": 4288, "height": 2848})
    assert needs.photographs_seconds(Job(split="unused")) == pytest.approx(14.9)
    assert needs.masks_seconds(Job(split="test")) == pytest.approx(0.2 * 115 * 4)
    assert needs.photographs_seconds(Job(split="source")) == 0
    assert needs.phantom_seconds(Job()) == pytest.approx(0.5 * 398)
    assert needs.images_bytes(Job(split="train", prepared="lesionpaste")) == pytest.approx(1.9 * 256**2 * 132)
    assert needs.images_mb(Job(prepared="resad"), 2) > needs.images_mb(Job(prepared="lesionpaste"), 2)


def test_a_classifier_is_trained_on_normals_and_as_many_twins_and_tested_on_all():
    training = {"batch": 64, "epochs": 50}
    needs = LesionPasteNeeds(idrid(), training, {"a": ["x", "y"]}, tested_epochs=[10, 20])
    vgg16, small = Job(network="vgg16"), Job(network="efficientnet_lite0")
    assert needs.train_seconds(small) == pytest.approx(6e-6 * 256**2 * 264 * 50)
    assert needs.classify_seconds(small) == pytest.approx(2e-6 * 256**2 * 247 * 3)
    assert needs.train_mb(vgg16, 2) > needs.train_mb(small, 2)
    assert needs.train_mb(small, 3) - needs.train_mb(small, 2) == 600
    assert needs.lesion_bank_seconds(Job(sources="a")) == 40


def test_a_run_without_a_split_needs_nothing_for_it():
    empty = Extent({}, {}, [], {"resad": 784, "lesionpaste": 256, "compared": 256})
    assert resad(empty).score_seconds(BANK) == 0
    assert FileNeeds(empty, {}).images_seconds(Job(split="train", prepared="resad")) == 0
