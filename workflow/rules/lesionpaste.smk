# LesionPaste: the lesions of an annotated image, pasted onto normal images, and a classifier that tells them apart.


rule lesion_bank:
    input:
        photographs=lambda wildcards: source_table(wildcards.sources)["path"].tolist(),
        masks=lambda wildcards: mask_paths(source_table(wildcards.sources), SOURCE_DATASET.lesions),
    output:
        bank=f"{RESULTS}/lesion_bank/{{sources}}/bank.h5",
    log:
        f"{RESULTS}/logs/lesion_bank/{{sources}}.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(LESIONPASTE_NEEDS.lesion_bank_mb),
        runtime=minutes(LESIONPASTE_NEEDS.lesion_bank_seconds),
    params:
        code=code("lesion_bank.py"),
        sources=lambda wildcards: source_table(wildcards.sources).to_dict("records"),
        lesions=list(SOURCE_DATASET.lesions),
        inverted=SOURCE_DATASET.masks_inverted,
        kinds=lambda wildcards: lesionpaste_rows.kinds_of(rows_with(wildcards.sources)),
        excluded=lambda wildcards: [name for name in SOURCES[wildcards.sources] if name in config["data"]["exclude"]],
        preprocessing=RUN.preprocessing["lesionpaste"],
        max_pixels=config["data"]["max_pixels"],
    script:
        "../scripts/lesion_bank.py"


rule figure_lesion_bank:
    input:
        bank=f"{RESULTS}/lesion_bank/{{sources}}/bank.h5",
    output:
        picture=f"{RESULTS}/lesion_bank/{{sources}}/lesions.png",
        page=report(
            f"{RESULTS}/lesion_bank/{{sources}}/lesions.html",
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
        code=code("figure_lesion_bank.py"),
        title="Lesion bank",
        columns=12,
        rows_a_type=3,
        dpi=160,
    script:
        "../scripts/figure_lesion_bank.py"


rule figure_twins:
    input:
        bank=lambda wildcards: bank_of(LESIONPASTE_ROWS[0]),
        images=f"{RESULTS}/images/lesionpaste/train.h5",
    output:
        picture=f"{RESULTS}/figures/twins.png",
        page=report(
            f"{RESULTS}/figures/twins.html",
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
        code=code("figure_twins.py"),
        title="Artificial anomalous images",
        synthesis={key: config["lesionpaste"][key] for key in SYNTHESIS_KEYS},
        all_lesions=ALL_LESIONS,
        rows=config["figures"]["twins"],
        seed=config["seed"],
        dpi=160,
    script:
        "../scripts/figure_twins.py"


rule train:
    input:
        images=f"{RESULTS}/images/lesionpaste/train.h5",
        bank=training_bank,
        weights=f"{RESULTS}/weights/{RUN.classifier_weights}.weights",
    output:
        weights=f"{TRAINED}/classifier.pt",
        history=f"{TRAINED}/history.csv",
        tested=[f"{TRAINED}/epoch~{epoch}.pt" for epoch in TESTED_EPOCHS],
    log:
        f"{RESULTS}/logs/train/{{network}}/{{row}}/{{run}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/train/{{network}}/{{row}}/{{run}}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(LESIONPASTE_NEEDS.train_mb),
        runtime=minutes(LESIONPASTE_NEEDS.train_seconds),
    params:
        code=code("train.py"),
        row=lambda wildcards: {key: TRAININGS[wildcards.row][key] for key in ("pasted", *SYNTHESIS_KEYS)},
        training=config["lesionpaste"]["training"],
        tested=TESTED_EPOCHS,
        train=lambda wildcards: trained_rows(wildcards.run),
        repeat=lambda wildcards: RUNS[wildcards.run][1],
        seed=config["seed"],
    script:
        "../scripts/train.py"


rule classify:
    input:
        images=[f"{RESULTS}/images/lesionpaste/{split}.h5" for split in TESTED_SPLITS],
        train_images=f"{RESULTS}/images/lesionpaste/train.h5",
        weights=f"{TRAINED}/classifier.pt",
        tested=[f"{TRAINED}/epoch~{epoch}.pt" for epoch in TESTED_EPOCHS],
    output:
        maps=f"{CLASSIFIED}/test.h5",
        scores=f"{CLASSIFIED}/test.csv",
        calibration_maps=f"{CLASSIFIED}/calibration.h5",
        calibration_scores=f"{CLASSIFIED}/calibration.csv",
    log:
        f"{RESULTS}/logs/classify/{{network}}/{{row}}/{{run}}.log",
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(LESIONPASTE_NEEDS.classify_mb),
        runtime=minutes(LESIONPASTE_NEEDS.classify_seconds),
    params:
        code=code("classify.py"),
        training={
            key: config["lesionpaste"]["training"][key]
            for key in ("head", "mean", "std", "batch", "precision", "validation")
        },
        tested=TESTED_EPOCHS,
        train=lambda wildcards: trained_rows(wildcards.run),
        seed=config["seed"],
        ids=lambda wildcards: tested_ids(wildcards.run),
    script:
        "../scripts/classify.py"


rule table_lesionpaste:
    input:
        metrics=lambda wildcards: lesionpaste_files(wildcards.paper_table, "metrics.csv", "evaluation/lesionpaste"),
        scores=lambda wildcards: lesionpaste_files(wildcards.paper_table, "test.csv", "scores/lesionpaste"),
        banks=lambda wildcards: list(dict.fromkeys(map(bank_of, table_rows(wildcards.paper_table)))),
        left_out=f"{RESULTS}/audit/left_out.csv",
        published=lambda wildcards: ancient(PUBLISHED),
    output:
        csv=report(
            f"{RESULTS}/tables/lesionpaste_{{paper_table}}.csv",
            caption="../report/table_lesionpaste.rst",
            category="Tables",
            labels={"table": "LesionPaste, Table {paper_table}", "form": "for machines (CSV)"},
        ),
        html=report(
            f"{RESULTS}/tables/lesionpaste_{{paper_table}}.html",
            caption="../report/table_lesionpaste.rst",
            category="Tables",
            labels={"table": "LesionPaste, Table {paper_table}", "form": "as a page, with footnotes"},
        ),
        md=f"{RESULTS}/tables/lesionpaste_{{paper_table}}.md",
    log:
        f"{RESULTS}/logs/table_lesionpaste_{{paper_table}}.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("table_lesionpaste.py"),
        dataset=config["dataset"],
        rows=lambda wildcards: [row["name"] for row in table_rows(wildcards.paper_table)],
        runs=list(RUNS),
        test=tested_rows(),
        confidence=config["evaluation"]["confidence"],
        facts={
            "dataset": config["dataset"],
            "lesions of": ", ".join(config["lesionpaste"]["source"]["images"]),
            "network": config["lesionpaste"]["network"]["name"],
            "image size": config["lesionpaste"]["preprocessing"]["size"],
            "epochs": config["lesionpaste"]["training"]["epochs"],
            "normals to train on": len(rows("train", ["id"])["id"]),
            "folds by patient": len(FOLDS) or "none",
        },
    script:
        "../scripts/table_lesionpaste.py"


rule figure_learning_curves:
    input:
        histories=lambda wildcards: lesionpaste_files(wildcards.paper_table, "history.csv"),
    output:
        picture=f"{RESULTS}/figures/learning_curves_{{paper_table}}.png",
        page=report(
            f"{RESULTS}/figures/learning_curves_{{paper_table}}.html",
            caption="../report/learning_curves.rst",
            category="Figures",
            labels={"figure": "Learning curves of LesionPaste, Table {paper_table}"},
        ),
    log:
        f"{RESULTS}/logs/figure_learning_curves_{{paper_table}}.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("figure_learning_curves.py"),
        title="Learning curves of LesionPaste, Table {paper_table}",
        rows=lambda wildcards: [row["name"] for row in table_rows(wildcards.paper_table)],
        runs=list(RUNS),
        dpi=160,
    script:
        "../scripts/figure_learning_curves.py"


rule figure_gradcam:
    input:
        photographs=lambda wildcards: rows("test")["path"],
        images=f"{RESULTS}/images/lesionpaste/test.h5",
        masks=[f"{RESULTS}/masks/lesionpaste/test.h5"] if "test" in MASKED_SPLITS else [],
        weights=lambda wildcards: lesionpaste_files(lesionpaste_rows.MAIN_TABLE, "classifier.pt")[0],
        scores=lambda wildcards: lesionpaste_files(lesionpaste_rows.MAIN_TABLE, "test.csv", "scores/lesionpaste")[0],
        left_out=f"{RESULTS}/audit/left_out.csv",
    output:
        picture=f"{RESULTS}/figures/gradcam.png",
        page=report(
            f"{RESULTS}/figures/gradcam.html",
            caption="../report/gradcam.rst",
            category="Figures",
            labels={"figure": "GradCAM and GradCAM++ (Fig. A3)"},
        ),
    log:
        f"{RESULTS}/logs/figure_gradcam.log",
    localrule: True
    conda:
        "../../envs/gpu.yaml"
    params:
        code=code("figure_gradcam.py"),
        title="GradCAM and GradCAM++ (Fig. A3)",
        network=config["lesionpaste"]["network"]["name"],
        training={key: config["lesionpaste"]["training"][key] for key in ("head", "mean", "std")},
        preprocessing=RUN.preprocessing["lesionpaste"],
        max_pixels=config["data"]["max_pixels"],
        manifest=rows("test", ["id", "path", "split", "label", "grade"]),
        lesions=list(DATASET.lesions),
        all_lesions=ALL_LESIONS,
        rows=config["figures"]["rows"],
        row_quantile=0.5,
        opacity=0.6,
        dpi=160,
        seed=config["seed"],
    script:
        "../scripts/figure_gradcam.py"


rule lesionpaste:
    input:
        rules.audit.output,
        lesionpaste_results,


rule lesionpaste_ablations:
    input:
        rules.audit.output,
        lesionpaste_ablation_results,
