"""The command ``fundus-anomaly``: it writes a configuration, has Snakemake run the workflow, and says what came of it.

The library knows nothing of Snakemake: the workflow runs in a process of its own, from a clone of the project.
"""

from __future__ import annotations

import argparse
import csv
import importlib.util
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

_CLONE = Path(__file__).resolve().parents[2]
_NEEDED = ("snakemake", "torch", "timm", "cv2", "h5py", "yaml", "jsonschema")
_FREE = 5 * 10**9
_ABOVE = "above the threshold"
_NO_WORKFLOW = "The workflow is not here: clone the project and say where: fundus-anomaly --workflow FOLDER …"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what a command line says, and return the status that the process is to end with.

    Args:
        arguments: Those of the command line by default.
    """
    given = _parser().parse_args(arguments)
    if given.what == "card":
        return card(given.detector)
    if not (given.workflow / "workflow" / "Snakefile").is_file():
        print(_NO_WORKFLOW, file=sys.stderr)
        return 2
    if given.what == "doctor":
        return doctor(given.workflow)
    config: dict[str, object] = {}
    targets, files = ["all"], []
    name = "phantom"
    if given.what != "demo":
        folder = given.folder.resolve()
        name = given.name or experiment_of(folder)
        config = {"data_root": str(folder), "experiment": name}
    if given.what == "train":
        targets, files = ["resad", "detector"], [given.workflow / "config" / "images.yaml"]
    elif given.what == "predict":
        targets = ["predict"]
        config["detector"] = str(given.detector.resolve())
    status = run(given.workflow, targets, files, config, given.cores, ["-n"] if given.dry_run else [])
    if status == 0 and not given.dry_run:
        print(outcome(Path("results") / name, trained=given.what == "train"))
    elif status:
        print("The run stopped; what is said above names the cause and what to do.", file=sys.stderr)
    return status


def card(detector: Path) -> int:
    """Print a detector's model card, and return the status that the process is to end with."""
    from fundus_anomaly.errors import InputError
    from fundus_anomaly.methods.resad.detector_file import read_card

    try:
        print(read_card(detector), end="")
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def experiment_of(folder: Path) -> str:
    """Return the name of the results of a folder of photographs: its own, of letters, digits, ``_`` and ``-`` alone."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", folder.name).strip("_") or "photographs"


def run(
    workflow: Path,
    targets: Sequence[str],
    files: Sequence[Path],
    config: Mapping[str, object],
    cores: str,
    more: Sequence[str] = (),
) -> int:
    """Run the workflow in the working folder, its progress on the terminal, and return its status.

    Args:
        workflow: The clone.
        targets: Rules.
        files: Configuration files of the project.
        config: What is changed of them. It goes through a file, in which no character of a path means anything.
        cores: How many, or ``"all"``.
        more: Further options.
    """
    with tempfile.TemporaryDirectory(prefix="fundus-anomaly") as folder:
        own = Path(folder) / "config.json"
        own.write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
        command = [sys.executable, "-m", "snakemake", *targets, "--snakefile", workflow / "Snakefile", *more]
        command += ["--cores", cores, "--resources", "gpu=1", "--configfile", *files, own]
        return subprocess.run(list(map(str, command)), check=False).returncode


def outcome(results: Path, *, trained: bool = False) -> str:
    """Return what came of a run, in words.

    Args:
        results: Its folder.
        trained: Whether it made a detector.
    """
    said = f"Open {results / 'index.html'}"
    table = results / "images.csv"
    if trained:
        return f"The detector is {results / 'detector.h5'}. {said}"
    if not table.is_file():
        return said
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    counts = Counter(row["decision"] for row in rows)
    expected = next((row["false_alarms"] for row in rows if row.get("false_alarms")), "")
    alarms = f" at {100 * float(expected):.1f} % false alarms" if expected else ""
    said = [f"{counts.pop(_ABOVE, 0)} {_ABOVE}{alarms}", *(f"{count} {name}" for name, count in sorted(counts.items()))]
    return f"{len(rows)} photographs: {', '.join(said)}; open {results / 'index.html'}"


def doctor(workflow: Path) -> int:
    """Say what the machine has of what the workflow needs, and return 1 if anything is missing.

    Args:
        workflow: The clone.
    """
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    free = shutil.disk_usage(Path.cwd()).free
    checks = [
        ("Python 3.11 or 3.12", (3, 11) <= sys.version_info < (3, 13), ".".join(map(str, sys.version_info[:3]))),
        ("workflow", True, str(workflow)),
        ("packages", not missing, f"missing: {', '.join(missing)}" if missing else "all there"),
        ("5 GB of free disk", free >= _FREE, f"{free / 1e9:.0f} GB"),
        ("GPU (not needed)", True, "there" if shutil.which("nvidia-smi") else "none: the CPU is used"),
    ]
    for what, fine, found in checks:
        print(f"{'ok' if fine else 'MISSING':<8}{what}: {found}")
    return 0 if all(fine for _, fine, _ in checks) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fundus-anomaly", description="ReSAD on photographs of the retina.")
    parser.add_argument("--workflow", type=Path, default=_CLONE, help="the clone of the project")
    commands = parser.add_subparsers(dest="what", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--cores", default="all", help="how many (default: all)")
    shared.add_argument("--dry-run", action="store_true", help="only say what would be done")
    named = argparse.ArgumentParser(add_help=False)
    named.add_argument("--name", help="of the results (default: the folder's)")
    commands.add_parser("demo", parents=[shared], help="the default run, on photographs that the workflow draws")
    train = commands.add_parser("train", parents=[shared, named], help="learn from normal photographs of your own")
    train.add_argument("folder", type=Path, help="folder with the folders normal and unknown")
    predict = commands.add_parser("predict", parents=[shared, named], help="judge new photographs")
    predict.add_argument("detector", type=Path, help="the file that train made")
    predict.add_argument("folder", type=Path, help="folder of photographs")
    shown = commands.add_parser("card", help="what a detector was made of, promises, and is not for")
    shown.add_argument("detector", type=Path, help="the file that train made")
    commands.add_parser("doctor", help="what this machine has of what is needed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
