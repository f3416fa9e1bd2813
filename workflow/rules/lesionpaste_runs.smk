# What LesionPaste's rules share: the rows of its tables, the runs of a row, and the files of each.

from fundus_anomaly.methods.lesionpaste.keys import SYNTHESIS_KEYS

# The paper's tables of LesionPaste that the configuration has rows for; the main one first.
PAPER_TABLES = [
    table for table in dict.fromkeys(row["table"] for row in LESIONPASTE_ROWS) if table != lesionpaste_rows.RIVALS
]
FOLDS = sorted(set(DATASET.manifest["fold"]) - {NO_FOLD})
# Each training of a row: its folder, and its fold (None where the dataset has none) and repeat.
RUNS = {
    f"repeat~{repeat}" if fold is None else f"fold~{fold}/repeat~{repeat}": (fold, repeat)
    for fold in FOLDS or [None]
    for repeat in config["lesionpaste"]["repeats"]
}
# Epochs whose weights are tested for the column "best epoch on the test".
TESTED_EPOCHS = lesionpaste_rows.epochs_tested(config["lesionpaste"]["training"])
TRAINED = f"{RESULTS}/lesionpaste/{{network}}/{{row}}/{{run}}"
CLASSIFIED = f"{RESULTS}/scores/lesionpaste/{{network}}/{{row}}/{{run}}"


# Where a dataset is divided into folds, normal images of the split "train" are tested too, each in its own fold.
TESTED_SPLITS = ["test", "train"] if FOLDS else ["test"]


def tested_rows():
    """Return the manifest's rows of all images that a classifier is tested on."""
    table = DATASET.manifest[DATASET.manifest["split"].isin(TESTED_SPLITS)]
    return columns_of(table, None, ["id", "label", "grade", "patient"])


def in_fold(table, run, held_out):
    """Return the rows of a run's fold, or of all the others; all rows of a dataset without folds."""
    fold, _ = RUNS[run]
    return table if fold is None else table[(table["fold"] == fold) == held_out]


def trained_rows(run):
    """Return id and patient of the normal images that a run trains on."""
    table = DATASET.manifest[DATASET.manifest["split"] == "train"]
    return columns_of(in_fold(table, run, held_out=False), None, ["id", "patient"])


def tested_ids(run):
    """Return the ids of the images that a run is tested on."""
    table = DATASET.manifest[DATASET.manifest["split"].isin(TESTED_SPLITS)]
    return in_fold(table, run, held_out=True)["id"].tolist()


def bank_of(row):
    """Return the lesion bank of a training."""
    return f"{RESULTS}/lesion_bank/{source_key(row['sources'])}/bank.h5"


def training_bank(wildcards):
    """Return the lesion bank of a training; too few patients for any training stop the workflow."""
    table = DATASET.manifest[DATASET.manifest["split"] == "train"]
    patients = in_fold(table, wildcards.run, held_out=False)["patient"].tolist()
    or_stop(require_two_patients, patients, f"normal images to train on ({wildcards.run})")
    return bank_of(TRAININGS[wildcards.row])


def table_rows(table):
    """Return the rows of one of LesionPaste's tables."""
    return [row for row in LESIONPASTE_ROWS if row["table"] == table]


def lesionpaste_files(table, name, folder="lesionpaste"):
    """Return one file of each row and run of a table, the runs of a row side by side.

    They are in the folder of the classifiers, or in `scores/lesionpaste` or `evaluation/lesionpaste`.
    """
    network = config["lesionpaste"]["network"]["name"]
    keys = [row["key"] for row in table_rows(table)]
    return [f"{RESULTS}/{folder}/{network}/{key}/{run}/{name}" for key in keys for run in RUNS]


def tables_and_curves(tables):
    """Return what shows a number of LesionPaste's tables."""
    names = [f"tables/lesionpaste_{table}.csv" for table in tables] + [
        f"figures/learning_curves_{table}.png" for table in tables
    ]
    return [f"{RESULTS}/{name}" for name in names]


def lesionpaste_results(wildcards):
    """Return what the target makes; a run without an annotated image cannot have it."""
    bank = Path(bank_of(annotated(table_rows(lesionpaste_rows.MAIN_TABLE))[0]))
    figures = [*rules.figure_twins.output, *(rules.figure_gradcam.output if ABNORMAL_TESTED else [])]
    return [str(bank.with_name("lesions.png")), *figures, *tables_and_curves(PAPER_TABLES[:1])]


def lesionpaste_ablation_results(wildcards):
    """Return what the target makes: every table but the main one, and the contact sheets of the banks."""
    rows = annotated([row for row in LESIONPASTE_ROWS if row["table"] in PAPER_TABLES[1:]])
    if not rows:
        raise WorkflowError("lesionpaste.ablations is empty: give rows of Table 1, 2, A1 or A2, as config.yaml does.")
    banks = dict.fromkeys(map(bank_of, rows))
    return [str(Path(bank).with_name("lesions.png")) for bank in banks] + tables_and_curves(PAPER_TABLES[1:])


# LesionPaste's rows of Table 3, and the control that stands beside other methods alone.
OUR_ROWS = [row for row in LESIONPASTE_ROWS if row["table"] in (lesionpaste_rows.MAIN_TABLE, lesionpaste_rows.RIVALS)]
# Other methods are fitted once: where each fold has its own training, LesionPaste's rows and the published ones stand alone.
OTHER_ROWS = [] if FOLDS else COMPARED_ROWS


def rival_runs():
    """Return the row of Table 3 that each run belongs to, its run, and the folder of its scores and evaluation."""
    network = config["lesionpaste"]["network"]["name"]
    ours = [(row["name"], run, f"lesionpaste/{network}/{row['key']}/{run}") for row in OUR_ROWS for run in RUNS]
    others = [(row["title"], row["run"], f"{row['method']}/{row['key']}/{row['run']}") for row in OTHER_ROWS]
    return ours + others


def rival_tables(wildcards):
    """Return what the target makes: of each paper that the configuration names its tables, whole."""
    found = []
    if "resad" in config["compared"]["tables"]:
        found += [*rules.table_compared.output, *rules.figure_compared.output, *rules.figure_compared_learning.output]
    if "lesionpaste" in config["compared"]["tables"]:
        if not SOURCES:
            raise WorkflowError(
                "compared.tables names lesionpaste, and lesionpaste.source.images is empty: name the annotated image whose "
                "lesions are to be pasted, or set compared.tables to [resad]."
            )
        if not {0, 1} <= set(tested_rows()["label"]):
            raise WorkflowError(
                "Table 3 whole compares methods by normal against abnormal test images, and the test has one class alone: "
                "give images of both, or set compared.tables to [resad]."
            )
        annotated(OUR_ROWS)
        found += rules.table_rivals.output
    return found
