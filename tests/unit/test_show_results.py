"""A finished run ends with its headline and with where everything lies."""

import pandas as pd
import pytest

from fundus_anomaly.files.checksummed import write_csv
from fundus_anomaly.quality.shift import Light
from fundus_anomaly.quality.tables import summary
from support import show_results

TABLES = show_results._TABLES


@pytest.fixture
def results(tmp_path, monkeypatch):
    (tmp_path / "tables").mkdir()
    for name, method in (("resad.csv", "ReSAD"), ("lesionpaste_3.csv", "LesionPaste")):
        pd.DataFrame({"method": [method]}).to_csv(tmp_path / "tables" / name, index=False)
    monkeypatch.setattr(
        show_results,
        "_TABLES",
        {name: (title, lambda table: f"headline of {table['method'][0]}") for name, (title, _) in TABLES.items()},
    )
    return tmp_path


def test_the_headlines_come_first_and_only_what_exists_is_named(results, capsys):
    (results / "report.html").touch()
    show_results.main(results)
    lines = [line for line in capsys.readouterr().out.splitlines() if line]
    assert lines[1] == "headline of ReSAD"
    assert lines[3] == "headline of LesionPaste"
    assert [line.split()[-1] for line in lines if str(results) in line] == [
        str(results / "tables"),
        str(results / "report.html"),
    ]


def test_all_of_a_whole_run_is_named(results, capsys):
    for name in ("figures", "heat_maps", "audit"):
        (results / name).mkdir()
    for name in ("heat_maps/index.html", "audit/audit.html", "report.html"):
        (results / name).touch()
    show_results.main(results)
    assert capsys.readouterr().out.count(str(results)) == 5


def test_a_run_of_one_method_shows_that_method_alone(results, capsys):
    (results / "tables" / "resad.csv").unlink()
    show_results.main(results)
    shown = capsys.readouterr().out
    assert "headline of LesionPaste" in shown
    assert "ReSAD" not in shown


def test_a_run_ends_with_how_many_can_be_judged_and_with_the_traffic_light(results, capsys):
    (results / "quality").mkdir()
    light = Light("red", "the photographs seem to be of another camera (medians of 3 photographs: contrast 9)")
    write_csv(results / show_results.SUMMARY, summary(["judged", "cannot be judged", "judged with care"], light))
    show_results.main(results)
    said = capsys.readouterr().out
    assert "3 photographs, 1 cannot be judged, 1 judged with care\n" in said
    assert f"red: {light.words}.\n" in said
    show_results.main(results, ["resad.csv"])
    assert "red" not in capsys.readouterr().out
