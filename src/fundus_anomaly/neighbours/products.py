"""Which library multiplies float32 matrices on this machine: the fastest of those at hand, checked before it is used.

A library may choose kernels that are slow, or wrong, on a processor younger than itself. So each is measured once a
process, and its product compared with float64; what is computed from products does not depend on which is chosen.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.parallel import linear_algebra, one_blas_thread

logger = logging.getLogger(__name__)

# ``product(left, right, out)`` writes ``left @ right.T``; float32 (m, d), (n, d) and (m, n), rows contiguous.
Product = Callable[[np.ndarray, np.ndarray, np.ndarray], None]

_ROUNDING = 2.0**-24
# Rows, channels and columns of what is measured: a block of the coreset's and of the search's size.
_MEASURED = (1024, 153, 512)
_REPEATS = 4


def by_numpy(left: np.ndarray, right: np.ndarray, out: np.ndarray) -> None:
    """Multiply with the BLAS of numpy."""
    np.matmul(left, right.T, out=out)


def by_torch(left: np.ndarray, right: np.ndarray, out: np.ndarray) -> None:
    """Multiply with the BLAS of torch."""
    torch.mm(torch.from_numpy(left), torch.from_numpy(right).T, out=torch.from_numpy(out))


PRODUCTS: dict[str, Product] = {"numpy": by_numpy, "torch": by_torch}


def relative_error(channels: int) -> float:
    """Return κ such that a squared distance from float32 products errs by at most ``κ·(|x|² + |y|²)``.

    The bound is that of a sum in any order (Higham 2002, Accuracy and Stability of Numerical Algorithms, section 4.2):
    d float32 roundings of ``|y|² + 2|x||y|``, and a few more for centring, norms and the last addition. Torch may have
    been told to round the inputs of products to TF32 or bfloat16: both inputs cut to 8 bits add 2⁻⁶.

    Args:
        channels: Number of channels, d.
    """
    return (2 * channels + 32) * _ROUNDING + (0.0 if _inputs_are_whole() else 2.0**-6)


def _inputs_are_whole() -> bool:
    """Return whether torch is known to multiply float32 as it is."""
    try:
        return torch.get_float32_matmul_precision() == "highest"
    except RuntimeError:
        # Torch refuses to say once `torch.backends.fp32_precision` has been set too.
        return False


@cache
def fastest_product() -> Product:
    """Return the fastest product of one thread, measured and checked at the first call, and log which it is.

    Raises:
        InputError: If a library's product is further from float64's than its roundings allow.
    """
    with _one_thread():
        for name, product in PRODUCTS.items():
            check(name, product)
        seconds = {name: _seconds(product) for name, product in PRODUCTS.items()}
    rows, channels, columns = _MEASURED
    rates = {name: 2e-9 * rows * channels * columns / taken for name, taken in seconds.items()}
    chosen = max(rates, key=rates.__getitem__)
    measured = ", ".join(f"{name} {rate:.0f} GFLOP/s" for name, rate in rates.items())
    logger.info("matrix products by %s (%s; one thread: %s)", chosen, kernels(), measured)
    return PRODUCTS[chosen]


def check(name: str, product: Product) -> None:
    """Compare a product of odd sizes with float64.

    Args:
        name: Of the library, for the message.
        product: What is checked.

    Raises:
        InputError: If it is off.
    """
    rng = np.random.default_rng(0)
    left, right = (rng.standard_normal((rows, 301)).astype(np.float32) for rows in (517, 263))
    found = np.full((len(left), len(right)), np.nan, np.float32)
    product(left, right, found)
    wide_left, wide_right = left.astype(np.float64), right.astype(np.float64)
    # |Σ aᵢbᵢ| errs by at most κ/2·(|a|² + |b|²), as the squared distance does by κ times it.
    norms = (wide_left**2).sum(axis=1)[:, None] + (wide_right**2).sum(axis=1)
    # Where wide products are themselves a library's, a sum written out is not.
    exact = np.einsum("ic,jc->ij", wide_left, wide_right)
    off = np.abs(found - exact) > relative_error(left.shape[1]) / 2 * norms
    # A NaN is off too.
    off |= ~np.isfinite(found)
    if off.any():
        where = f"matrix products by {name} ({kernels()})"
        wrong = f"{np.count_nonzero(off)} of {off.size} values wrong beyond rounding"
        remedy = f"update {name}, or set OPENBLAS_CORETYPE=Haswell (or MKL_CBWR=COMPATIBLE) and try again"
        raise InputError(Problem(where, wrong, "the product of float64 within float32's rounding", remedy))


def kernels() -> str:
    """Return the BLAS libraries of this process with their versions and the processors they take this one for."""
    found = [
        f"{pool.info()['internal_api']} {pool.info()['version']} {pool.info().get('architecture', '')}".strip()
        + f" in {_package(pool.filepath)}"
        for pool in linear_algebra().lib_controllers
        if pool.user_api == "blas"
    ]
    library = "MKL" if torch.backends.mkl.is_available() else "BLAS"
    return "; ".join([*found, f"{library} {torch.backends.cpu.get_cpu_capability()} in torch {torch.__version__}"])


@contextmanager
def threads_of_one(threads: int) -> Iterator[ThreadPoolExecutor]:
    """Yield threads in which a product takes one thread: independent blocks need no barrier.

    Barriers stall on a busy machine.

    Args:
        threads: How many.

    Raises:
        InputError: As :func:`fastest_product`.
    """
    fastest_product()
    # torch has a number of threads for each thread.
    with _one_thread(), ThreadPoolExecutor(threads, "product", torch.set_num_threads, (1,)) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with one_blas_thread():
            yield
    finally:
        torch.set_num_threads(before)


def _package(path: str) -> str:
    """Return the package that a library lies in: its folder less the suffix that wheels give it."""
    parts = path.replace("\\", "/").split("/")
    return parts[-2].removesuffix(".libs") if len(parts) > 1 else path


def _seconds(product: Product) -> float:
    rows, channels, columns = _MEASURED
    left, right = np.ones((rows, channels), np.float32), np.ones((columns, channels), np.float32)
    out = np.empty((rows, columns), np.float32)
    product(left, right, out)
    best = np.inf
    for _ in range(_REPEATS):
        start = time.perf_counter()
        product(left, right, out)
        best = min(best, time.perf_counter() - start)
    return best
