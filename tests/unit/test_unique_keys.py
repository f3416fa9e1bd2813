"""A key that stands twice is an error with file, line and key, however the file says it."""

import pytest
import yaml

from fundus_anomaly.errors import InputError
from support.unique_keys import require_unique_entries, require_unique_keys


def repeated(folder, text, name="mine.yaml"):
    """Return what is said of each repetition in a file."""
    file = folder / name
    file.write_text(text, encoding="utf-8")
    try:
        require_unique_keys([file])
    except InputError as error:
        return [f"{problem.where.removeprefix(str(folder))}: {problem.found}" for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("data: {a: 1}\nseed: 1\ndata: {b: 2}\n", ["/mine.yaml, line 3: the key 'data' again, which is in line 1"]),
        (
            "data:\n  exclude: [a]\n  window: {level: 1,\n    level: 2}\n  exclude: [b]\n",
            [
                "line 5: the key 'data.exclude' again, which is in line 2",
                "line 4: the key 'data.window.level' again",
            ],
        ),
        ("rows:\n- {name: a}\n- {name: b, mixup: 1, mixup: 2}\n", ["line 3: the key 'rows[1].mixup' again"]),
        ("ablations: {1: [a], '1': [b]}\n", ["the key 'ablations.1' again"]),
        ("on: 1\nyes: 2\n", ["line 2: the key 'yes' again, which is in line 1"]),
        ("a: &a {x: 1}\nb: {<<: *a, x: 2}\n", ["line 2: the key 'b.x' again, which is in line 1"]),
        ("a: &a {x: 1}\nb: &b {x: 2}\nc: {<<: [*a, *b]}\n", ["line 2: the key 'c.x' again, which is in line 1"]),
        ("a: &a {x: 1}\nb: &b {<<: *a}\nc: {x: 3, <<: *b}\n", ["the key 'c.x' again"]),
        ("a: &a {x: 1}\nb: &b {y: 1}\nc:\n  <<: *a\n  <<: *b\n", ["line 5: the key 'c.<<' again"]),
        ("? [a, b]\n: 1\n? [a, b]\n: 2\n", ["again"]),
        # What libyaml refuses, and Snakemake reads.
        (
            'title: "\\ud83d\\ude00"\nseed: 1\nseed: 2\n',
            ["/mine.yaml, line 3: the key 'seed' again, which is in line 2"],
        ),
        ("%YAML 1.3\n---\nseed: 1\nseed: 2\n", ["line 4: the key 'seed' again, which is in line 3"]),
    ],
)
def test_each_repetition_is_named_with_its_line(tmp_path, text, told):
    found = repeated(tmp_path, text)
    assert len(found) == len(told)
    assert all(words in line for words, line in zip(told, found, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "a: {x: 1}\nb: {x: 1}\n",
        "rows: [{name: a}, {name: b}]\n",
        "a: &a {x: 1}\nb: *a\nc: {<<: *a, y: 2}\nd: {<<: *a, y: 3}\n",
        "a: &a [*a]\n",
        "A1: 1\n1: 2\n1.5: 3\ntrue: 4\n'true': 5\n",
        "",
    ],
)
def test_what_names_each_key_once_is_left_alone(tmp_path, text):
    assert repeated(tmp_path, text) == []


def test_json_is_read_as_json(tmp_path):
    text = '{"data": {\t"exclude": ["a"],\n\t"exclude": ["b"]}, "a": {"a": 1}}'
    assert repeated(tmp_path, text, "mine.json") == [
        "/mine.json, line 2: the key 'data.exclude' again, which is in line 1"
    ]
    # YAML has no surrogate pairs: what it cannot read is gone through as JSON, without lines.
    assert repeated(tmp_path, '{"\\ud83d\\ude00": {"b": 1, "b": 2}}', "mine.json")[0].endswith(
        ("the key 'b' more than once in one object", "again, which is in line 1")
    )


def test_all_files_and_all_keys_are_named_at_once(tmp_path):
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text("x: 1\nx: 2\ny: 1\ny: 2\n")
    with pytest.raises(InputError) as error:
        require_unique_keys([tmp_path / "a.yaml", tmp_path / "b.yaml"])
    assert len(error.value.problems) == 4


@pytest.mark.parametrize(
    "entries",
    [
        ["seed=1", "seed=1"],
        ["data={exclude: [a]}", "data={exclude: [b]}"],
        ["data={exclude: [a], exclude: [b]}"],
        ["data={window: {level: 1}}", "data={window: 3}"],
        ["data=3", "data={window: {level: 1}}"],
        ["data_root=/data/\udce9t\udce9", "data_root=/data"],
    ],
)
def test_one_value_of_the_command_line_has_one_source(entries):
    with pytest.raises(InputError, match="--config: found"):
        require_unique_entries(entries)


def test_entries_of_one_section_may_stand_beside_each_other():
    require_unique_entries(
        ["data={on_bad_image: fail}", "data={exclude: [a, a]}", "resad={pool: 1}", "data_root=a: b: c", "experiment="]
    )
    require_unique_entries(["data_root=/data/\udce9t\udce9"])


def test_the_configurations_that_are_shipped_hold_each_key_once(request):
    root = request.config.rootpath
    require_unique_keys([root / "config.yaml", *(root / "config").glob("*.yaml")])
    assert yaml.safe_load("a: 1\na: 2") == {"a": 2}, "YAML itself says nothing"
