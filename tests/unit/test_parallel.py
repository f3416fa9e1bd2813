"""Work in threads gives the same as work in order."""

import threading
import time

import pytest

from fundus_anomaly.parallel import ordered_map


@pytest.mark.parametrize("threads", [0, 1, 3])
def test_results_come_in_the_order_of_the_items(threads):
    def slow_first(item):
        time.sleep(0.02 if item == 0 else 0)
        return item * item

    assert list(ordered_map(slow_first, range(20), threads)) == [n * n for n in range(20)]


def test_work_is_shared_between_threads():
    both = threading.Barrier(2, timeout=5)
    assert list(ordered_map(lambda item: both.wait() is not None and item, range(1, 3), 2)) == [1, 2]


def test_no_more_than_twice_the_threads_wait_to_be_taken():
    started = []
    results = ordered_map(started.append, range(1000), 2)
    next(results)
    time.sleep(0.05)
    assert len(started) <= 4
    results.close()


def test_an_error_of_one_item_is_raised():
    with pytest.raises(ZeroDivisionError):
        list(ordered_map(lambda item: 1 / item, [1, 0, 2], 2))
