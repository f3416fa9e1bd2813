"""What `make test-fast` leaves to `make test`, and fixtures that several files use."""

import pytest

# Each takes more than five seconds of CPU time, or starts programs.
SLOW = {
    "test_anogan.py",
    "test_attention.py",
    "test_auto_encoder.py",
    "test_backbones.py",
    "test_by_position.py",
    "test_config.py",
    "test_coreset.py",
    "test_datasets_mosmed.py",
    "test_devnet.py",
    "test_displacement.py",
    "test_draem.py",
    "test_evaluation_intervals.py",
    "test_f_anogan.py",
    "test_figures.py",
    "test_figures_gradcam.py",
    "test_fit.py",
    "test_fuzz_readers.py",
    "test_hostile_input.py",
    "test_hostile_workflow.py",
    "test_lesionpaste_bad_input.py",
    "test_lesionpaste_class_activation.py",
    "test_lesionpaste_synthesis.py",
    "test_lesionpaste_training.py",
    "test_memory_bank.py",
    "test_methods.py",
    "test_patches.py",
    "test_phantom.py",
    "test_pins.py",
    "test_predict.py",
    "test_products.py",
    "test_quality.py",
    "test_rival_configurations.py",
    "test_shift.py",
    "test_start_up.py",
    "test_supervised.py",
    "test_training_epochs.py",
    "test_vgg16_convolutions.py",
    "test_without_maps.py",
}


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.name in SLOW:
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def lite0(tmp_path_factory):
    """Return EfficientNet-Lite0 with ImageNet's weights, as a method is given it."""
    from fundus_anomaly.methods.interface import Network
    from fundus_anomaly.networks.weights import fetch

    path = tmp_path_factory.mktemp("weights") / "lite0.weights"
    fetch("efficientnet_lite0", "", "", path)
    return Network("efficientnet_lite0", path)
