"""The library that multiplies is measured and checked before anything depends on it."""

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from threadpoolctl import threadpool_info

from fundus_anomaly.errors import InputError
from fundus_anomaly.neighbours import products


@pytest.fixture(autouse=True)
def unmeasured():
    products.fastest_product.cache_clear()
    # Tests before these may have loaded further libraries, as no job does.
    products.linear_algebra.cache_clear()
    yield
    products.fastest_product.cache_clear()


@pytest.mark.parametrize("name", products.PRODUCTS)
def test_each_library_passes_its_check(name):
    products.check(name, products.PRODUCTS[name])


def wrong_in_one_value(left, right, out):
    products.by_numpy(left, right, out)
    out[400, 200] += np.float32(0.05)


def without_the_last_channel(left, right, out):
    products.by_numpy(left[:, :-1], right[:, :-1], out)


def unwritten(left, right, out):
    products.by_numpy(left[:-1], right, out[:-1])


@pytest.mark.parametrize("wrong", [wrong_in_one_value, without_the_last_channel, unwritten])
def test_a_library_that_multiplies_wrongly_stops_the_job_with_its_name_and_a_remedy(monkeypatch, wrong):
    monkeypatch.setitem(products.PRODUCTS, "numpy", wrong)
    with pytest.raises(InputError, match=r"matrix products by numpy .*openblas.*OPENBLAS_CORETYPE"):
        products.fastest_product()


def test_the_fastest_is_taken_and_the_log_names_it_and_its_kernels(monkeypatch, caplog):
    monkeypatch.setattr(products, "_seconds", {products.by_numpy: 2.0, products.by_torch: 1.0}.__getitem__)
    with caplog.at_level(logging.INFO):
        assert products.fastest_product() is products.by_torch
        assert products.fastest_product() is products.by_torch
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith("matrix products by torch (openblas ")
    assert f"in torch {torch.__version__}" in caplog.text


def blas_threads():
    # That of faiss, which another test may have loaded, counts in each thread for itself, and multiplies nothing here.
    found = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    return [pool["num_threads"] for pool in found if pool["threading_layer"] != "openmp"]


def test_each_thread_multiplies_alone_and_the_number_of_threads_comes_back():
    torch.set_num_threads(3)
    before, torchs = blas_threads(), torch.get_num_threads()
    meeting = threading.Barrier(3)

    def inside(number):
        meeting.wait(10)
        return torch.get_num_threads(), set(blas_threads()), threading.get_ident()

    with products.threads_of_one(3) as pool:
        found = list(pool.map(inside, range(3)))
    assert {one[0] for one in found} == {1}
    assert all(one[1] == {1} for one in found)
    assert len({one[2] for one in found}) == 3
    assert (blas_threads(), torch.get_num_threads()) == (before, torchs)


SOURCES = Path(__file__).resolve().parents[2] / "src"
IN_ANOTHER_PROCESS = """
import torch
{setting}
from fundus_anomaly.neighbours.products import relative_error
print(relative_error(100))
"""


@pytest.mark.parametrize(
    ("setting", "least"),
    [
        ("", 0.0),
        ("torch.set_float32_matmul_precision('high')", 2.0**-6),
        ("torch.set_float32_matmul_precision('medium')", 2.0**-6),
        ("torch.backends.fp32_precision = 'tf32'", 2.0**-6),
    ],
)
def test_the_bound_allows_for_inputs_that_torch_may_cut_however_that_was_asked_for(setting, least):
    command = [sys.executable, "-c", IN_ANOTHER_PROCESS.format(setting=setting)]
    environment = os.environ | {"PYTHONPATH": str(SOURCES)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert least < float(done.stdout) < least + 1e-4
