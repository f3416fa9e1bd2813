"""What is kept of a source's imports is that source's, whatever became of the store or of the file's name and time."""

import json
import os

import pytest

from support import import_statements
from support.import_statements import Statement, remember, statements_of

SOURCE = "import a.b as c\nfrom ..d import e, f\ndef g():\n    from . import h\n"
STATEMENTS = [Statement(0, "a.b", ()), Statement(2, "d", ("e", "f")), Statement(1, "", ("h",))]


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(import_statements, "_known", {})


@pytest.fixture
def place(tmp_path):
    (tmp_path / "one.py").write_text(SOURCE)
    (tmp_path / "kept").mkdir()
    return tmp_path


def forget(monkeypatch):
    """Begin as a new process does, in which nothing may be parsed."""
    monkeypatch.setattr(import_statements, "_known", {})
    monkeypatch.setattr(import_statements.ast, "parse", lambda *_: pytest.fail("a source was parsed again"))


def test_a_new_process_parses_nothing_that_the_store_has(place, monkeypatch):
    store = place / "kept" / "imports.json"
    remember([place / "one.py"], store)
    before = store.stat()
    forget(monkeypatch)
    remember([place / "one.py"], store)
    assert statements_of(place / "one.py") == STATEMENTS
    assert store.stat() == before


def test_another_content_with_the_old_name_size_and_time_is_parsed_anew(place):
    file, store = place / "one.py", place / "kept" / "imports.json"
    remember([file], store)
    times = file.stat()
    file.write_text(SOURCE.replace("..d", "..x"))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    remember([file], store)
    assert statements_of(file)[1] == Statement(2, "x", ("e", "f"))
    assert len(json.loads(store.read_text())) == 1, "what no file has any more goes"


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "3", '{"a": 1}', '{"a": [[0, "b"]]}', '{"a": [[0, 1, []]]}', '{"a": [["0", "b", []]]}', "\ud800"],
)
def test_a_damaged_store_is_made_anew(place, content):
    store = place / "kept" / "imports.json"
    store.write_bytes(content.encode("utf-8", "surrogatepass"))
    remember([place / "one.py"], store)
    assert statements_of(place / "one.py") == STATEMENTS
    assert len(json.loads(store.read_text())) == 1


def test_what_cannot_be_parsed_read_or_written_stops_nothing(place):
    (place / "half.py").write_text("def f(:")
    (place / "gone.py").symlink_to(place / "nowhere.py")
    (place / "kept" / "imports.json").mkdir()
    files = [place / "half.py", place / "gone.py", place / "one.py"]
    remember(files, place / "kept" / "imports.json")
    remember(files, place / "no such folder" / "imports.json")
    assert not (place / "no such folder").exists()
    assert statements_of(place / "one.py") == STATEMENTS
    with pytest.raises(SyntaxError):
        statements_of(place / "half.py")
