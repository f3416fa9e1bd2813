"""A finished run ends with its headline and with where everything lies."""

import pandas as pd
import pytest

import show_results


@pytest.fixture
def results(tmp_path, monkeypatch):
    (tmp_path / "tables").mkdir()
    pd.DataFrame({"method": ["ReSAD"]}).to_csv(tmp_path / "tables" / "resad.csv", index=False)
    monkeypatch.setattr(show_results, "headline", lambda table: f"headline of {table['method'][0]}")
    return tmp_path


def test_the_headline_comes_first_and_only_what_exists_is_named(results, capsys):
    (results / "report.html").touch()
    show_results.main(results)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "headline of ReSAD"
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
