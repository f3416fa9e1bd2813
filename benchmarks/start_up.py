"""What a run's jobs take to start: CPU seconds until a script's first line of work, and the modules loaded by then.

Each script is started as a job starts it and ends where its work would begin; planning is timed too. CPU seconds of
user and system together, the median of a few starts: a busy machine changes them less than the clock.

    python benchmarks/start_up.py                  # the default run, 3 starts a script
    python benchmarks/start_up.py --starts 5 --configfile config/idrid.yaml
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import statistics
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SCRIPTS = PROJECT / "workflow" / "scripts"
# What costs most, so that a look shows who still loads it.
HEAVY = (
    *("torch", "torch._dynamo", "torchvision", "timm", "sklearn", "scipy", "scipy.stats", "faiss", "cv2"),
    *("matplotlib", "pandas", "nibabel", "imagehash", "onnx", "MLstatkit"),
)
# As Snakemake starts a script, whose object of the job it would find; the name keeps the work from beginning.
START = """
import runpy, sys
runpy.run_path({script!r}, run_name="started")
print(len(sys.modules), *(name for name in {heavy!r} if name in sys.modules))
"""


def cpu_of(command: list[str]) -> tuple[float, str]:
    """Return the CPU seconds of a command and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    folders = os.pathsep.join(str(PROJECT / name) for name in ("workflow", "src"))
    done = subprocess.run(
        command, cwd=PROJECT, env=os.environ | {"PYTHONPATH": folders}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def planned(arguments: list[str]) -> dict[str, int]:
    """Return how many jobs of each rule a whole run has."""
    command = [sys.executable, "-m", "snakemake", "-n", "--forceall", "--cores", "2", *arguments]
    jobs = re.findall(r"^(\w+) +(\d+)$", cpu_of(command)[1], re.MULTILINE)
    return {rule: int(count) for rule, count in jobs if (SCRIPTS / f"{rule}.py").is_file()}


def started(rule: str, starts: int) -> tuple[float, list[str]]:
    """Return the median CPU seconds of a script's start; the number of modules and the heavy ones among them."""
    code = START.format(script=str(SCRIPTS / f"{rule}.py"), heavy=HEAVY)
    found = [cpu_of([sys.executable, "-c", code]) for _ in range(starts)]
    return statistics.median(seconds for seconds, _ in found), found[0][1].split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--starts", type=int, default=3, help="starts of each script, of which the median counts")
    parser.add_argument("--configfile", help="another run than the default one")
    options = parser.parse_args()
    arguments = ["--configfile", options.configfile] if options.configfile else []
    jobs = planned(arguments)
    plan = [cpu_of([sys.executable, "-m", "snakemake", "-n", "--quiet", "all", *arguments])[0] for _ in range(2)]
    print("| rule | jobs | CPU s a start | in all | modules | heavy ones |\n|---|---|---|---|---|---|")
    total = 0.0
    for rule, count in sorted(jobs.items()):
        seconds, (modules, *heavy) = started(rule, options.starts)
        total += count * seconds
        cells = rule, count, f"{seconds:.2f}", f"{count * seconds:.1f}", modules, ", ".join(heavy)
        print("|", " | ".join(map(str, cells)), "|", flush=True)
    print(
        f"\n{sum(jobs.values())} jobs: {total:.0f} s of CPU in their start-up; `snakemake -n`: {min(plan):.1f} s of CPU"
    )


if __name__ == "__main__":
    main()
