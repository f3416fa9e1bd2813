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
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "one.py").write_text(SOURCE)
    (tmp_path / "kept").mkdir()
    return tmp_path


def forget(monkeypatch):
    """Begin as a new process does, in which nothing may be parsed."""
    monkeypatch.setattr(import_statements, "_known", {})
    monkeypatch.setattr(import_statements.ast, "parse", lambda *_: pytest.fail("a source was parsed again"))


def test_a_new_process_parses_nothing_that_the_store_has(place, monkeypatch):
    store = place / "kept" / "imports.json"
    remember([place / "src"], store)
    before = store.stat()
    forget(monkeypatch)
    remember([place / "src"], store)
    assert statements_of(place / "src" / "one.py") == STATEMENTS
    assert store.stat() == before


def test_another_content_with_the_old_name_size_and_time_is_parsed_anew(place):
    file, store = place / "src" / "one.py", place / "kept" / "imports.json"
    remember([place / "src"], store)
    times = file.stat()
    file.write_text(SOURCE.replace("..d", "..x"))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    remember([place / "src"], store)
    assert statements_of(file)[1] == Statement(2, "x", ("e", "f"))
    assert statements_of(file)[0] == STATEMENTS[0]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "3", '{"a": 1}', '{"a": [[0, "b"]]}', '{"a": [[0, 1, []]]}', '{"a": [["0", "b", []]]}', "\ud800"],
)
def test_a_damaged_store_is_made_anew(place, content):
    store = place / "kept" / "imports.json"
    store.write_bytes(content.encode("utf-8", "surrogatepass"))
    remember([place / "src"], store)
    assert statements_of(place / "src" / "one.py") == STATEMENTS
    assert len(json.loads(store.read_text())) == 1


def test_a_store_that_other_code_made_is_not_believed(place, monkeypatch):
    store = place / "kept" / "imports.json"
    monkeypatch.setattr(import_statements, "_EXTRACTOR", b"other code")
    monkeypatch.setattr(import_statements, "_parsed", lambda *_: [])
    remember([place / "src"], store)
    monkeypatch.undo()
    import_statements._known.clear()
    remember([place / "src"], store)
    assert statements_of(place / "src" / "one.py") == STATEMENTS


def test_what_another_project_has_stays_in_the_store_until_it_is_full(place, monkeypatch):
    store = place / "kept" / "imports.json"
    (place / "other").mkdir()
    (place / "other" / "two.py").write_text("import two")
    remember([place / "src"], store)
    remember([place / "other"], store)
    assert len(json.loads(store.read_text())) == 2
    monkeypatch.setattr(import_statements, "_MOST_FILES", 2)
    (place / "other" / "three.py").write_text("import three")
    remember([place / "other"], store)
    assert len(json.loads(store.read_text())) == 2
    assert [file.name for file in store.parent.iterdir()] == ["imports.json"]


def test_what_cannot_be_parsed_read_or_written_stops_nothing(place):
    source = place / "src"
    (source / "half.py").write_text("def f(:")
    (source / "deep.py").write_text("-" * 200_000 + "1")
    (source / "gone.py").symlink_to(place / "nowhere.py")
    (source / ".hidden").mkdir()
    (source / ".hidden" / "many.py").write_text("import many")
    (place / "kept" / "imports.json").mkdir()
    remember([source], place / "kept" / "imports.json")
    remember([source], place / "no such folder" / "imports.json")
    assert not (place / "no such folder").exists()
    assert [file.name for file in (place / "kept").iterdir()] == ["imports.json"]
    assert statements_of(source / "one.py") == STATEMENTS
    assert len(import_statements._known) == 1
    with pytest.raises(SyntaxError):
        statements_of(source / "half.py")
