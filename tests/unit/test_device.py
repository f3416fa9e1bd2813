"""A job takes the GPU that it was granted, and no more threads than it was granted."""

import logging

import pytest
import torch

from fundus_anomaly.device import device_for


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("granted", "there", "device"), [(0, True, "cpu"), (1, True, "cuda"), (1, False, "cpu")])
def test_the_gpu_is_used_where_granted_and_there(monkeypatch, caplog, threads, granted, there, device):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "a GPU")
    with caplog.at_level(logging.INFO):
        assert device_for(granted, 1) == device
    assert ("no GPU was found" in caplog.text) == (granted and not there)


def test_threads_are_those_granted(threads):
    device_for(0, 2)
    assert torch.get_num_threads() == 2
    device_for(0, 0)
    assert torch.get_num_threads() == 1


FLAGS = {
    (torch.backends.cuda.matmul, "allow_tf32"): False,
    (torch.backends.cudnn, "allow_tf32"): False,
    (torch.backends.cudnn, "deterministic"): True,
    (torch.backends.cudnn, "benchmark"): False,
}


@pytest.fixture
def flags_turned_round():
    before = {(part, name): getattr(part, name) for part, name in FLAGS}
    for (part, name), wanted in FLAGS.items():
        setattr(part, name, not wanted)
    yield
    for (part, name), value in before.items():
        setattr(part, name, value)


@pytest.mark.parametrize("granted", [0, 1])
def test_float32_is_not_rounded_to_tf32_and_algorithms_repeat_their_bits(flags_turned_round, threads, granted):
    device_for(granted, 1)
    assert {(part, name): getattr(part, name) for part, name in FLAGS} == FLAGS
    assert torch.get_float32_matmul_precision() == "highest"
