"""Time and memory of a run's rules, from what Snakemake measured of their jobs."""

import math

import pytest

from fundus_anomaly.report.tables.job_costs import duration, job_costs


def benchmark(folder, name, seconds, megabytes):
    (folder / name).write_text(f"s\th:m:s\tmax_rss\tcpu_time\n{seconds}\t0:00:00\t{megabytes}\t1\n")
    return folder / name


def test_each_rule_has_its_jobs_their_time_and_their_memory(tmp_path):
    files = {
        "features": [benchmark(tmp_path, "a", 61.5, 1234.5), benchmark(tmp_path, "b", 3000, 900), tmp_path / "none"],
        "judge": [benchmark(tmp_path, "c", 0.31, "-")],
        "train": [tmp_path / "none"],
    }
    (tmp_path / "damaged").write_text("no table")
    table = job_costs(files | {"fit": [tmp_path / "damaged"]})
    assert table.to_numpy().tolist() == [
        ["features", "2", "51 min 2 s", "50 min 0 s", "1,234 MB"],
        ["judge", "1", "0.3 s", "0.3 s", "–"],
    ]
    assert job_costs({}).empty


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1 min 0 s"),
        (3599.4, "59 min 59 s"),
        (3599.6, "1 h 0 min"),
        (8400, "2 h 20 min"),
        (math.nan, "–"),
    ],
)
def test_a_time_is_written_as_it_is_read(seconds, words):
    assert duration(seconds) == words
