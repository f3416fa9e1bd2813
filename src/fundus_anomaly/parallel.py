"""Work on many files at once, results in order, with a bounded number waiting; and products in one thread."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from typing import TypeVar

from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")


def ordered_map(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Yield ``function(item)`` in the order of the items, computed by several threads.

    At most twice as many results as threads wait to be taken, so that memory does not grow with the number of items.
    Decoding and resizing release the interpreter lock, so that threads suffice.

    Args:
        function: Must not depend on the order of its calls.
        items: What it is called with.
        threads: Number of threads, at least 1.
    """
    with ThreadPoolExecutor(max(1, threads)) as pool:
        waiting: deque[Future[Result]] = deque()
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) >= 2 * max(1, threads):
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@cache
def linear_algebra() -> ThreadpoolController:
    """Return what knows the BLAS libraries that are loaded at the first call; looking for them takes milliseconds."""
    return ThreadpoolController()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let each BLAS library work in the thread that calls it: no barriers, and sums in one order.

    torch's own is not among them: it counts threads by itself.
    """
    with linear_algebra().limit(limits=1, user_api="blas"):
        yield
