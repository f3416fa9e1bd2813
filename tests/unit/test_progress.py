"""Progress is visible and logged."""

import logging

from fundus_anomaly.progress import bar, track


def test_items_pass_unchanged_and_the_log_says_what_and_how_many(caplog):
    with caplog.at_level(logging.INFO):
        assert list(track(iter("abc"), 3, "features of train", "photograph")) == ["a", "b", "c"]
    last = caplog.messages[-1]
    assert "features of train" in last
    assert "3/3" in last
    assert "photograph" in last


def test_the_log_holds_one_line_a_state_and_not_one_an_item(caplog):
    with caplog.at_level(logging.INFO):
        list(track(range(5000), 5000, "quick"))
    assert 1 <= len(caplog.messages) < 10
    assert not any("\r" in line or "\n" in line for line in caplog.messages)


def test_a_continued_run_starts_where_it_was(caplog):
    with caplog.at_level(logging.INFO), bar(10, "coreset", "position", initial=7) as shown:
        shown.update(3)
    assert "7/10" in caplog.messages[0]
    assert "10/10" in caplog.messages[-1]
