"""Print docs/rule-graph.md: which rule needs which, as Snakemake plans the default configuration: `make docs`."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGETS = ("all", "compared", "rivals", "detector", "lesionpaste_ablations", "select", "proxy")
PAGE = """\
# Which rule needs which

From [config.yaml](../config.yaml), for the targets {targets}. An arrow
leads from a rule to one that uses its output; one rule stands for all jobs of its kind. Written by `make docs` from

```bash
snakemake {command} --rulegraph mermaid-js
```

```mermaid
flowchart TB
{lines}
```
"""


def planned() -> str:
    """Return the graph as Snakemake prints it, of a folder without results."""
    # Without the terminal's profile: it is the machine's business.
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", *TARGETS]
    with tempfile.TemporaryDirectory() as folder:
        run = [*command, "--directory", folder, "--workflow-profile", "none", "--rulegraph", "mermaid-js"]
        return subprocess.run(run, check=True, capture_output=True, text=True).stdout


def page(graph: str) -> str:
    """Return the page, the graph's rules by their names and in order.

    Snakemake numbers the rules, gives each a colour and lists both as they come.
    """
    names = dict(re.findall(r"^\s*(id\d+)\[(\w+)\]", graph, re.MULTILINE))
    arrows = sorted((names[one], names[other]) for one, other in re.findall(r"(id\d+) --> (id\d+)", graph))
    return PAGE.format(
        targets=", ".join(f"`{target}`" for target in TARGETS),
        command=" ".join(TARGETS),
        lines="\n".join(f"    {one} --> {other}" for one, other in arrows),
    )


if __name__ == "__main__":
    print(page(planned()), end="")
