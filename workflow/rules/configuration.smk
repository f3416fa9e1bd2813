# This run's configuration: from the files and the command line, checked as a whole.

from snakemake.common.configfile import load_configfile
from snakemake.logging import logger

from support.command_line_config import require_given_once, typed
from support.configuration import combined, unread
from fundus_anomaly.errors import InputError
from fundus_anomaly.plan.settings import require_consistent
from support.unique_keys import require_unique_entries, require_unique_keys
from support.given_options import given_options
from support.schema import read_schema

SCHEMA = read_schema(PROJECT / "workflow/schemas/config.schema.yaml")
# How each method is printed that ours are compared with.
METHOD_TITLES = {name: part["title"] for name, part in SCHEMA["properties"]["methods"]["properties"].items()}
# Those whose figures differ much from training to training.
UNSTABLE = [name for name, part in SCHEMA["properties"]["methods"]["properties"].items() if part.get("unstable")]

# What each takes beside normal photographs.
METHODS_TAKE = {name: part.get("takes", []) for name, part in SCHEMA["properties"]["methods"]["properties"].items()}
# What each paper has, or its authors' code: the schema's defaults, but where they are not.
METHODS_PUBLISHED = {
    name: {key: value["default"] for key, value in part["properties"].items() if key != "rows"}
    | part.get("published", {})
    for name, part in SCHEMA["properties"]["methods"]["properties"].items()
}
# How photographs are prepared that each sees.
METHODS_SEE = {
    name: part.get("sees", "compared") for name, part in SCHEMA["properties"]["methods"]["properties"].items()
}


def configuration():
    """Return this run's configuration and remarks on how it came about; all that is wrong with it is an error.

    Snakemake has read the same files, but merges them into each other, and keeps one of two equal keys or options.
    """
    given, project = workflow.config_settings, PROJECT / "config.yaml"
    remarks = []
    if workflow.is_main_process:
        options = given_options(sys.argv)
        require_given_once(options)
        require_unique_entries(entry for entries in options["--config"] for entry in entries)
        require_unique_keys([project, *given.configfiles])
        if workflow.modifier.is_main_snakefile():
            remarks += unread(Path.cwd() / "config.yaml", project, given.configfiles)
    layers = [] if given.replace_workflow_config else [(str(project), load_configfile(project))]
    if workflow.modifier.skip_configfile:
        # The module statement of another workflow names a configuration; the command line belongs to that workflow.
        layers.append(("module", config))
    else:
        layers += [(str(file), load_configfile(file)) for file in given.configfiles]
        layers.append(("--config", typed(given.config or {}, SCHEMA)))
    result, replaced = combined(layers, SCHEMA)
    require_consistent(result, SCHEMA)
    return result, remarks + replaced


try:
    config, remarks = configuration()
except InputError as error:
    raise WorkflowError(str(error))
if workflow.is_main_process:
    for remark in remarks:
        logger.warning(remark)
