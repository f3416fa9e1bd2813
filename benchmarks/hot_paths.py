"""Write benchmarks/results.md: each hot path beside its peers, on this machine: `make bench`."""

import datetime
import platform
import subprocess
import sys
from pathlib import Path

from fundus_anomaly.files.whole import write_text
from fundus_anomaly.neighbours.products import kernels

HERE = Path(__file__).resolve().parent
PATHS = ("hot_features", "hot_search", "hot_coreset", "hot_pixel_auc")


def processor() -> str:
    """Return the processor's name and how many there are."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if platform.system() == "Linux" else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} × {names[0]}" if names else platform.processor()


def main() -> None:
    """Run every hot path in a process of its own and gather the tables; options are passed on."""
    tables = []
    for name in PATHS:
        command = [sys.executable, str(HERE / f"{name}.py"), *sys.argv[1:]]
        tables.append(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    about = f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}, {processor()}, {platform.system()}; {kernels()}."
    note = "Drawn data, two threads; the ways took turns in one process. Written by `make bench`."
    write_text(HERE / "results.md", "\n".join(["# Hot paths, side by side\n", f"{about} {note}\n", *tables]))


if __name__ == "__main__":
    main()
