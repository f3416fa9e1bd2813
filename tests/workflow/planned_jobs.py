"""Print all that a target's jobs are given, as JSON: a program that is run in the project's folder."""

import json
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, ResourceSettings


def given(job) -> dict:
    """Return a job's rule, outputs, inputs and parameters in plain values, without its code and what made it."""
    inputs = {name: value for name, value in job.input._allitems() if name != "code"}
    params = {name: value for name, value in job.params._allitems() if name != "made"}
    return {"rule": job.rule.name, "input": inputs, "params": params, "output": list(job.output)}


def planned(target: str, files: list[str]) -> list[dict]:
    """Return what each job is given that a target plans, whatever is finished already."""
    with SnakemakeApi(OutputSettings(dryrun=True)) as api:
        settings = ConfigSettings(configfiles=[Path(file) for file in files])
        workflow = api.workflow(ResourceSettings(cores=1), settings, snakefile=Path("Snakefile"))
        workflow.dag(DAGSettings(targets={target})).execute_workflow(executor="dryrun")
        return [given(job) for job in workflow._workflow.dag.jobs]


if __name__ == "__main__":
    found = planned(sys.argv[1], sys.argv[2:])
    print("JOBS", json.dumps(found, default=str))
