"""Tables as nobody wants them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from hostile_case import Case

from fundus_anomaly.audit.fact_tables import PHOTOGRAPH_FACTS, read_facts
from fundus_anomaly.audit.findings import Finding, findings_table, read_findings
from fundus_anomaly.datasets import registry
from fundus_anomaly.datasets.columns import COLUMNS
from fundus_anomaly.datasets.eyeq import _labelled
from fundus_anomaly.datasets.label_table import read_table
from fundus_anomaly.datasets.manifest import read_manifest, write_manifest
from fundus_anomaly.errors import raise_if_any

SETTINGS = {"table": "", "normals": "normal", "unknowns": "unknown", "masks_inverted": False}

EYEQ = "Label_EyeQ_train.csv"


def table(text: str | bytes, name: str = "table.csv"):
    """Return a maker of a root with a table, two images, and an image outside of it."""

    def make(folder: Path) -> Path:
        for path in ("root/normal/a.jpg", "root/unknown/b.jpg", "outside.jpg"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(b"x")
        (folder / "root/normal/link.jpg").symlink_to(folder / "outside.jpg")
        (folder / "root" / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return folder / "root"

    return make


def row(cells: str, columns: str = "path,split"):
    """Return a maker of a table with one good row and this one."""
    return table(f"{columns}\nunknown/b.jpg,test\n{cells}\n")


def images(root: Path, results: Path) -> pd.DataFrame:
    return registry.load("images", SETTINGS | {"table": "table.csv"}, root, results, 0).manifest


def manifest_file(root: Path, results: Path) -> str:
    write_manifest(images(root, results), results / "manifest.csv")
    return (results / "manifest.csv").read_text(encoding="utf-8")


def labels(root: Path, results: Path) -> pd.DataFrame:
    return read_table(root / "table.csv", ("path", "split"))


def eyeq(root: Path, results: Path) -> pd.DataFrame:
    problems = []
    found = _labelled(root / EYEQ, problems)
    raise_if_any(problems)
    return found


def endless(folder: Path) -> Path:
    (folder / EYEQ).symlink_to("/dev/zero")
    return folder


def formula_below_here(folder: Path) -> Path:
    """Write images whose path begins with a formula when the root is the working folder."""
    here = folder.parent / "work"
    for name in ("=1+1.jpg", "good.jpg"):
        (here / name).write_bytes(b"x")
    (here / "table.csv").write_text("path,split\ngood.jpg,train\n=1+1.jpg,test\n")
    return Path()


def written(text: str):
    def make(folder: Path) -> Path:
        (folder / "own.csv").write_text(text)
        return folder / "own.csv"

    return make


def tampered_findings(folder: Path) -> Path:
    text = findings_table([Finding("k", "error", ("a",), "d")]).to_csv(index=False).replace("error", "none")
    return written(text)(folder)


def both_ids(found: pd.DataFrame) -> bool:
    return found["id"].tolist() == ["images/normal/a.jpg", "images/unknown/b.jpg"]


GOOD = "path,split\r\nnormal/a.jpg,train\r\nunknown/b.jpg,test\r\n"

WIDE = ",".join(f"c{n}" for n in range(250))

CASES = [
    Case("byte-order mark and CRLF", table("\ufeff" + GOOD), images, handled=both_ids),
    Case("trailing commas and blank rows", table(GOOD.replace("\r\n", ",,,\n") + ",,,\n \n"), images, handled=both_ids),
    Case(
        "an image twice",
        row("normal/../unknown/b.jpg,test"),
        images,
        ("line 2", "line 3", "a second time", "remove one"),
    ),
    Case(
        "unknown label",
        row("normal/a.jpg,train,sick", "path,split,label"),
        images,
        ("line 3, label", "'sick'", "0, 1, -1, normal, abnormal", "correct the cell"),
    ),
    Case("missing column", table("path,label\na.jpg,0\n"), images, ("table.csv, header", "no column 'split'", "CSV")),
    Case("no rows", table("path,split\n"), images, ("no image of split 'train'", "no image of split 'test'")),
    Case(
        "path out of the root", row("../outside.jpg,train"), images, ("line 3, path", "leads out", "correct the cell")
    ),
    Case("absolute path", row("/etc/hostname.jpg,train"), images, ("line 3, path", "leads out", "correct the cell")),
    Case("link out of the root", row("normal/link.jpg,train"), images, ("line 3, path", "leads out", "correct")),
    Case(
        "embedded newline", row('"a\nb.jpg",train'), images, ("line 4, path", "control character", "correct the cell")
    ),
    Case("NUL in a path", row("a\0.jpg,train"), images, ("table.csv", "correct")),
    Case(
        "formula as a patient",
        row("normal/a.jpg,train,=cmd|'/C calc'!A0", "path,split,patient"),
        manifest_file,
        handled=lambda text: ",'=cmd|'/C calc'!A0," in text and ",=" not in text,
    ),
    Case(
        "formula in full width as a patient",
        row("normal/a.jpg,train,＝1+1", "path,split,patient"),
        manifest_file,
        handled=lambda text: ",'＝1+1," in text,
    ),
    Case(
        "line break in a patient",
        row('normal/a.jpg,train,"a\u2028b"', "path,split,patient"),
        images,
        ("line 3, patient", "without control characters", "correct the cell"),
    ),
    Case("formula as a path", formula_below_here, images, ("path", "'=1+1.jpg'", "no spreadsheet", "absolute path")),
    Case(
        "formula as a lesion",
        row("normal/a.jpg,train,", "path,split,mask_=1+1"),
        images,
        ("header", "rename the column"),
    ),
    Case("Latin-1", table("path,split\nmüller.jpg,train\n".encode("latin-1")), labels, ("table.csv", "CSV in UTF-8")),
    Case("semicolons", table("path;split\na;b\n"), labels, ("table.csv, header", "no column 'path'", "commas")),
    Case("no table but bytes", table(bytes(range(256)) * 9), labels, ("table.csv", "an unreadable CSV", "commas")),
    Case("open quote", table('path,split\n"a,b\n'), labels, ("table.csv", "an unreadable CSV", "commas")),
    Case("cell of a megabyte", table("path,split\n" + "a" * 2**20), labels, ("table.csv", "field larger", "commas")),
    Case(
        "ten million blank lines",
        table("path,split\n" + "\n" * 10**7),
        labels,
        handled=lambda found: found.empty,
        mib=192,
    ),
    Case(
        "short rows below a wide header",
        table(f"path,split,{WIDE}\n" + "a,b\n" * 30_000),
        labels,
        ("table.csv, line", "5,000,000 cells"),
        mib=256,
    ),
    Case(
        "300 columns", table(f"path,split,{WIDE},{WIDE}\n"), labels, ("table.csv, line 1", "502 columns", "256 columns")
    ),
    Case(
        "EyeQ: an image twice",
        table("image,quality,DR_grade\n1_left.jpeg,0,0\n1_left.jpeg,0,1\n", EYEQ),
        eyeq,
        (EYEQ, "second rows", "line 3", "correct or remove the rows"),
    ),
    Case(
        "EyeQ: unknown codes",
        table("image,quality,DR_grade\n../1_left.jpeg,9,7\n", EYEQ),
        eyeq,
        ("names", "'../1_left.jpeg' (line 2)", "codes", "grades"),
    ),
    Case("EyeQ: a table without an end", endless, eyeq, (EYEQ, "not a regular file", "as EyeQ publishes it")),
    Case(
        "manifest without columns",
        written("id,path\na,b\n"),
        lambda path, results: read_manifest(path),
        ("own.csv", "'label'", "delete"),
    ),
    Case(
        "manifest with texts for numbers",
        written(",".join(COLUMNS) + "\n" + ",".join(COLUMNS) + "\n"),
        lambda path, results: read_manifest(path),
        ("own.csv", "'label'", "'fold'", "delete"),
    ),
    Case(
        "facts that are cut short",
        written("id,pa"),
        lambda path, results: read_facts(path, PHOTOGRAPH_FACTS),
        ("own.csv", "delete"),
    ),
    Case(
        "findings of no severity",
        tampered_findings,
        lambda path, results: read_findings(path),
        ("own.csv", "'none'", "delete"),
    ),
]
