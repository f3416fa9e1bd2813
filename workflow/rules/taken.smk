# What a method takes and sees beside normal photographs, as its schema says, and how its rows are made.

from fundus_anomaly.networks.weights import require_weights
from fundus_anomaly.plan.row_facts import row_facts


def taken(what, file):
    """Return a function that gives a file if a method takes what is in it, and nothing otherwise."""
    return lambda wildcards: file if what in METHODS_TAKE[wildcards.method] else []


def prepared_images(split):
    """Return a function that gives a split's photographs as a method sees them."""
    return lambda wildcards: f"{RESULTS}/images/{METHODS_SEE[wildcards.method]}/{split}.h5"


def abnormal_images(wildcards):
    """Return the prepared photographs that are labelled abnormal if a method learns from any; too few stop the workflow.

    How many are left once those are taken away that the audit found to be copies, and those held out, its fit sees.
    """
    if "abnormal" not in METHODS_TAKE[wildcards.method]:
        return []
    settings = fitted_row(wildcards)["settings"]
    key = f"methods.{wildcards.method}.anomalies" if "anomalies" in settings else ""
    or_stop(require_labelled, len(BESIDE), settings.get("anomalies", 1), wildcards.method, key)
    return prepared_images(UNUSED)(wildcards)


def abnormal_taken(wildcards, columns):
    """Return the rows of abnormal photographs that a method may learn from; none if it learns from normals alone."""
    table = BESIDE if "abnormal" in METHODS_TAKE[wildcards.method] else BESIDE.iloc[:0]
    return columns_of(table, None, columns)


def backbone_taken(wildcards):
    """Return the backbone's weights if a method starts from them; a graph, which it cannot start from, stops the workflow."""
    if "backbone" not in METHODS_TAKE[wildcards.method]:
        return []
    or_stop(require_weights, wildcards.method, config["backbone"]["name"])
    return f"{RESULTS}/weights/{config['backbone']['name']}.weights"


def textures_taken(wildcards):
    """Return the user's textures, if the method's settings name a folder of them."""
    folder = fitted_row(wildcards)["settings"].get("texture_folder")
    return [str(file) for file in or_stop(texture_files, folder)] if folder else []


def networks_of(method):
    """Return the names of the networks that a method starts from; a setting of another method's is none of its own."""
    names = {"backbone": config["backbone"]["name"], "network": config["lesionpaste"]["network"]["name"]}
    return {name: value for name, value in names.items() if name in METHODS_TAKE[method]}


def networks_taken(wildcards):
    return networks_of(wildcards.method)


def row_as_made(row):
    """Return a row of another method with what tables say of how it was made.

    What its jobs took is no input of a table: nothing else would be outdated by it.
    """
    names = list(networks_of(row["method"]).values())
    side = RUN.preprocessing[METHODS_SEE[row["method"]]]["size"]
    run = f"{row['method']}/{row['key']}/{row['run']}"
    return row | {
        "title": row["name"].removesuffix(f", repeat {row['repeat']}"),
        "facts": row_facts(row, side, names[0] if names else "", METHODS_PUBLISHED[row["method"]]),
        "benchmarks": {rule: f"{RESULTS}/benchmarks/{rule}/{run}.tsv" for rule in ("fit", "apply")},
    }


COMPARED_ROWS = [row_as_made(row) for row in RUN.compared]
# Of the rows that see LesionPaste's photographs the side of these.
APART = {
    row["name"]: RUN.preprocessing["lesionpaste"]["size"]
    for row in RUN.compared
    if METHODS_SEE[row["method"]] == "lesionpaste"
}
