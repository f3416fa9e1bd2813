"""What a run says that it will take, and that one that does not fit on the disk is refused."""

import pytest

from fundus_anomaly.errors import InputError
from fundus_anomaly.plan.forecast import Job, disk_needed, forecast, require_disk

GB = 1e9


def job(stage, stays=0.0, passing=0.0, alone=False, scratch=0.0, memory=1000.0, seconds=0.0):
    return Job(stage, stays, passing, alone, scratch, memory, seconds)


KEPT = [job("features", 3.7 * GB), *[job("resc", 7.3 * GB, seconds=600)] * 12, job("coreset", scratch=1.8 * GB)]
REMOVED = [
    job("features", passing=3.7 * GB),
    *[job("resc", passing=size * GB, alone=True, seconds=600) for size in (3.9, 3.4) * 6],
    job("coreset", scratch=1.8 * GB),
]


def test_what_is_removed_counts_once_where_jobs_follow_each_other():
    assert disk_needed(KEPT) == pytest.approx((3.7 + 12 * 7.3 + 1.8) * GB)
    assert disk_needed(REMOVED) == pytest.approx((3.7 + 3.9 + 1.8) * GB)


def test_the_table_names_each_stage_once_with_its_sums_and_leaves_small_ones_out():
    lines = forecast([*KEPT, job("evaluate", seconds=3)]).splitlines()
    assert [line.split()[0] for line in lines[2:-1]] == ["features", "resc", "coreset"]
    assert lines[3].split() == ["resc", "12", "87.600", "0.000", "1000", "120.0"]
    assert lines[-1].startswith("at most 93.10 GB")


def test_nothing_to_do_says_nothing():
    assert forecast([]) == forecast([job("audit")]) == ""


def test_a_run_that_does_not_fit_is_refused_with_what_it_needs_and_the_remedy():
    with pytest.raises(InputError, match=r"20\.0 GB free; allowed: 93\.3 GB.*set keep to \[\]") as error:
        require_disk(KEPT, 20 * GB, "/data", 0, ["features", "resc"])
    assert "disk of /data" in str(error.value)
    with pytest.raises(InputError) as error:
        require_disk(REMOVED, 5 * GB, "/data", 0, [])
    assert "set keep" not in str(error.value)


def test_a_run_fits_with_what_its_own_old_outputs_free_and_one_without_files_always_does():
    require_disk(REMOVED, 20 * GB, "/data", 0, [])
    require_disk(KEPT, 20 * GB, "/data", 80 * GB, ["resc"])
    require_disk([job("audit")], 0, "/data", 0, [])
