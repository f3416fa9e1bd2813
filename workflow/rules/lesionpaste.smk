# LesionPaste: the lesions of an annotated image, pasted onto normal images, and a classifier that tells them apart.


rule lesion_bank:
    input:
        photographs=lambda wildcards: source_table()["path"].tolist(),
        masks=lambda wildcards: mask_paths(source_table(), SOURCE_DATASET.lesions),
        admitted=ancient(f"{RESULTS}/audit/left_out.csv"),
        code=code("lesion_bank.py"),
    output:
        bank=f"{RESULTS}/lesion_bank/{{sources}}/bank.h5",
    log:
        f"{RESULTS}/logs/lesion_bank/{{sources}}.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=4000,
        runtime=60,
    params:
        sources=lambda wildcards: source_table().to_dict("records"),
        lesions=list(SOURCE_DATASET.lesions),
        inverted=SOURCE_DATASET.masks_inverted,
        kinds=list(dict.fromkeys(kind for part in config["lesionpaste"]["mix"] for kind in part["types"])),
        preprocessing=PREPROCESSING["lesionpaste"],
        max_pixels=config["data"]["max_pixels"],
    script:
        "../scripts/lesion_bank.py"


rule figure_lesion_bank:
    input:
        bank=f"{RESULTS}/lesion_bank/{{sources}}/bank.h5",
        code=code("figure_lesion_bank.py"),
    output:
        report(
            f"{RESULTS}/lesion_bank/{{sources}}/lesions.png",
            caption="../report/lesion_bank.rst",
            category="Figures",
            labels={"figure": "Lesion bank of {sources}"},
        ),
    log:
        f"{RESULTS}/logs/figure_lesion_bank/{{sources}}.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        columns=12,
        rows_a_type=3,
        dpi=160,
    script:
        "../scripts/figure_lesion_bank.py"


rule figure_twins:
    input:
        bank=SOURCE_BANK,
        images=f"{RESULTS}/images/lesionpaste/train.h5",
        code=code("figure_twins.py"),
    output:
        report(
            f"{RESULTS}/figures/twins.png",
            caption="../report/twins.rst",
            category="Figures",
            labels={"figure": "Artificial anomalous images"},
        ),
    log:
        f"{RESULTS}/logs/figure_twins.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        synthesis={key: config["lesionpaste"][key] for key in SYNTHESIS_KEYS},
        rows=config["figures"]["twins"],
        seed=config["seed"],
        dpi=160,
    script:
        "../scripts/figure_twins.py"


rule train:
    input:
        images=f"{RESULTS}/images/lesionpaste/train.h5",
        bank=SOURCE_BANK,
        weights=f"{RESULTS}/weights/{{network}}.weights",
        code=code("train.py"),
    output:
        weights=f"{RESULTS}/lesionpaste/{{network}}/{{row}}/repeat~{{repeat}}/classifier.pt",
        history=f"{RESULTS}/lesionpaste/{{network}}/{{row}}/repeat~{{repeat}}/history.csv",
    log:
        f"{RESULTS}/logs/train/{{network}}/{{row}}/repeat~{{repeat}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train/{{network}}/{{row}}/repeat~{{repeat}}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: workflow.cores or 1
    resources:
        gpu=1,
        mem_mb=8000,
        runtime=1440,
    params:
        row=lambda wildcards: {key: value for key, value in ROWS[wildcards.row].items() if key not in ("name", "key")},
        training=config["lesionpaste"]["training"],
        train=rows("train", ["id", "patient"]),
        repeat=lambda wildcards: int(wildcards.repeat),
        seed=config["seed"],
    script:
        "../scripts/train.py"


rule classify:
    input:
        images=f"{RESULTS}/images/lesionpaste/test.h5",
        weights=f"{RESULTS}/lesionpaste/{{network}}/{{row}}/repeat~{{repeat}}/classifier.pt",
        code=code("classify.py"),
    output:
        scores=f"{RESULTS}/lesionpaste/{{network}}/{{row}}/repeat~{{repeat}}/test.csv",
    log:
        f"{RESULTS}/logs/classify/{{network}}/{{row}}/repeat~{{repeat}}.log",
    conda:
        "../../envs/gpu.yaml"
    threads: workflow.cores or 1
    resources:
        gpu=1,
        mem_mb=4000,
        runtime=120,
    params:
        training={key: config["lesionpaste"]["training"][key] for key in ("head", "mean", "std", "batch", "precision")},
    script:
        "../scripts/classify.py"


rule table_lesionpaste:
    input:
        scores=lesionpaste_files("test.csv"),
        bank=SOURCE_BANK,
        left_out=f"{RESULTS}/audit/left_out.csv",
        published=PUBLISHED_LESIONPASTE,
        code=code("table_lesionpaste.py"),
    output:
        csv=report(f"{RESULTS}/tables/lesionpaste.csv", caption="../report/table_lesionpaste.rst", category="Tables"),
        md=f"{RESULTS}/tables/lesionpaste.md",
    log:
        f"{RESULTS}/logs/table_lesionpaste.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        dataset=config["dataset"],
        rows=[row["name"] for row in ROWS.values()],
        repeats=config["lesionpaste"]["repeats"],
        test=rows("test", ["id", "label", "grade"]),
        confidence=config["evaluation"]["confidence"],
        facts={
            "dataset": config["dataset"],
            "lesions of": ", ".join(SOURCE_IMAGES),
            "network": config["lesionpaste"]["network"]["name"],
            "image size": config["lesionpaste"]["preprocessing"]["size"],
            "epochs": config["lesionpaste"]["training"]["epochs"],
            "training normals": len(rows("train", ["id"])["id"]),
        },
    script:
        "../scripts/table_lesionpaste.py"


rule figure_learning_curves:
    input:
        histories=lesionpaste_files("history.csv"),
        code=code("figure_learning_curves.py"),
    output:
        report(
            f"{RESULTS}/figures/learning_curves.png",
            caption="../report/learning_curves.rst",
            category="Figures",
            labels={"figure": "Learning curves of LesionPaste"},
        ),
    log:
        f"{RESULTS}/logs/figure_learning_curves.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        rows=[row["name"] for row in ROWS.values()],
        repeats=config["lesionpaste"]["repeats"],
        dpi=160,
    script:
        "../scripts/figure_learning_curves.py"


rule lesionpaste:
    input:
        lesionpaste_results,
