# What is chosen from by lesioned copies of held-out normals, and what these copies are made of.

from fundus_anomaly.files.digest import sha256
from fundus_anomaly.plan import candidates

CANDIDATES = or_stop(candidates.expand, config)
BY_LESIONS = f"{RESULTS}/selection/{BANK_SPACE.wildcard_pattern}"
PASTED = config["select"]["lesions"] == "source"
# What makes a choice, from photographs on.
SELECTING = ["images", "features", "resc", "coreset", "memory_bank", "calibrate", "lesion_bank", "lesioned"]
SELECTING += ["score_lesioned", "evaluate_lesioned", "table_select"]


def annotated_for_selection():
    """Return the manifest's rows of the images whose lesions are pasted; any that is tested stops the workflow."""
    images = config["lesionpaste"]["source"]["images"]
    if not images:
        raise WorkflowError(
            "select.lesions is source, and lesionpaste.source.images is empty: name the annotated image whose lesions "
            "are to be pasted, or set select.lesions to none."
        )
    patients = dict(zip(DATASET.manifest["id"], DATASET.manifest["patient"]))
    named = {"lesionpaste.source.images": images}
    or_stop(require_sources, SOURCE_DATASET, named, set(patients), patients)
    table = source_rows(SOURCE_DATASET, images)
    columns = dict(zip(SOURCE_DATASET.lesions, manifest.mask_columns(SOURCE_DATASET.lesions)))
    or_stop(require_mask_files, table, columns, kinds_for_selection())
    return table


def kinds_for_selection():
    """Return the types of lesion that LesionPaste's main row pastes."""
    return lesionpaste_rows.kinds_of(table_rows(lesionpaste_rows.MAIN_TABLE))


def selection_bank_seconds(wildcards):
    """Return the time that the bank needs: that of LesionPaste's own of the same images."""
    key = source_key(config["lesionpaste"]["source"]["images"])
    return LESIONPASTE_NEEDS.lesion_bank_seconds(Wildcards(fromdict={"sources": key}))


def normals_for_selection(wildcards):
    """Return the prepared training images; too few of them, or of too few patients, stop the workflow."""
    train = DATASET.manifest[DATASET.manifest["split"] == "train"]
    or_stop(candidates.require_normals, train["patient"].tolist(), config)
    return f"{RESULTS}/images/resad/train.h5"


def candidate_paths(name):
    """Return a file of the bank of each candidate."""
    space = Paramspace(
        pd.DataFrame([row["variant"] for row in CANDIDATES], columns=variants.RESC_KEYS + variants.BANK_KEYS)
    )
    return [f"{RESULTS}/selection/{instance}/{name}" for instance in space.instance_patterns]


def selection_code():
    """Return the SHA-256 of each file of code that makes a choice, by its name."""
    files, _ = imports_of([SCRIPTS / f"{script}.py" for script in SELECTING], PYTHON_FOLDERS)
    return {str(file.relative_to(PROJECT)): sha256(file) for file in files}


def selection_results(wildcards):
    """Return what the target makes; without candidates there is nothing to choose from."""
    if not CANDIDATES:
        raise WorkflowError("select.candidates is empty: name settings to choose from, as config.yaml does.")
    return rules.table_select.output


# What lesioned copies are made of, for tables.
LESIONED_FACTS = {
    "lesions": "of annotated images, pasted as by LesionPaste" if PASTED else "drawn, none of a real one",
    "lesions of a copy": f"1 to {config['select']['most']}",
    "dataset": config["dataset"],
    "image size": config["preprocessing"]["size"],
    "seed": config["seed"],
}
