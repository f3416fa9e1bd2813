# Settings chosen by lesioned copies of held-out normals: no rule of the target `select` reaches what is tested.


# Of photographs prepared as ReSAD's, not as LesionPaste's own classifier sees them.
rule selection_bank:
    input:
        photographs=lambda wildcards: annotated_for_selection()["path"].tolist(),
        masks=lambda wildcards: mask_paths(annotated_for_selection(), SOURCE_DATASET.lesions),
    output:
        bank=f"{RESULTS}/selection/lesion_bank.h5",
    log:
        f"{RESULTS}/logs/selection_bank.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(LESIONPASTE_NEEDS.lesion_bank_mb),
        runtime=minutes(selection_bank_seconds),
    params:
        code=code("lesion_bank.py"),
        sources=lambda wildcards: annotated_for_selection().to_dict("records"),
        lesions=list(SOURCE_DATASET.lesions),
        inverted=SOURCE_DATASET.masks_inverted,
        kinds=lambda wildcards: kinds_for_selection(),
        excluded=config["data"]["exclude"],
        preprocessing=RUN.preprocessing["resad"],
        max_pixels=config["data"]["max_pixels"],
    script:
        "../scripts/lesion_bank.py"


rule lesioned:
    input:
        images=normals_for_selection,
        bank=rules.selection_bank.output.bank if PASTED else [],
    output:
        images=f"{RESULTS}/images/resad/lesioned.h5",
        masks=f"{RESULTS}/masks/resad/lesioned.h5",
    log:
        f"{RESULTS}/logs/lesioned.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(RESAD_NEEDS.lesioned_mb),
        runtime=minutes(RESAD_NEEDS.lesioned_seconds),
    params:
        code=code("lesioned.py"),
        train=rows("train", ["id", "patient"]),
        normals=candidates.lesioned_normals(config),
        copies=config["select"]["copies"],
        most=config["select"]["most"],
        synthesis={key: config["lesionpaste"][key] for key in SYNTHESIS_KEYS} if PASTED else {},
        seed=config["seed"],
    script:
        "../scripts/lesioned.py"


rule score_lesioned:
    input:
        features=f"{RESULTS}/resc/{RESC_SPACE.wildcard_pattern}/lesioned.h5",
        images=f"{RESULTS}/images/resad/lesioned.h5",
        bank=bank_to_search,
    output:
        maps=f"{BY_LESIONS}/lesioned.h5",
        scores=f"{BY_LESIONS}/lesioned.csv",
    log:
        f"{RESULTS}/logs/score_lesioned/{BANK_SPACE.wildcard_pattern}.log",
    benchmark:
        f"{RESULTS}/benchmarks/score_lesioned/{BANK_SPACE.wildcard_pattern}.tsv"
    priority: 1
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(RESAD_NEEDS.score_mb),
        runtime=minutes(RESAD_NEEDS.score_lesioned_seconds),
    params:
        code=code("score_lesioned.py"),
        train=rows("train", ["id", "patient"]),
        seed=config["seed"],
        image_size=RUN.image_size,
        search=RUN.index,
        scores=RUN.scores,
    script:
        "../scripts/score_lesioned.py"


rule evaluate_lesioned:
    input:
        normals=f"{RESULTS}/scores/{BANK_SPACE.wildcard_pattern}/calibration.h5",
        copies=f"{BY_LESIONS}/lesioned.h5",
        images=f"{RESULTS}/images/resad/lesioned.h5",
        train_images=f"{RESULTS}/images/resad/train.h5",
        masks=f"{RESULTS}/masks/resad/lesioned.h5",
    output:
        metrics=f"{BY_LESIONS}/metrics.csv",
        scores=f"{BY_LESIONS}/scores.csv",
    log:
        f"{RESULTS}/logs/evaluate_lesioned/{BANK_SPACE.wildcard_pattern}.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(RESAD_NEEDS.evaluate_mb),
        runtime=minutes(RESAD_NEEDS.evaluate_lesioned_seconds),
    params:
        code=code("evaluate_lesioned.py"),
        train=rows("train", ["id", "patient"]),
        options={key: config["calibration"][key] for key in ("smoothing", "shrinkage", "floor")},
        scores=RUN.scores,
        field_of_view_only=config["evaluation"]["field_of_view_only"],
        settings=EVALUATION,
    script:
        "../scripts/evaluate_lesioned.py"


rule table_select:
    input:
        metrics=candidate_paths("metrics.csv"),
        scores=candidate_paths("scores.csv"),
    output:
        csv=report(
            f"{RESULTS}/tables/select.csv",
            caption="../report/table_select.rst",
            category="Tables",
            labels={"table": "Selection by lesioned copies", "form": "for machines (CSV)"},
        ),
        html=report(
            f"{RESULTS}/tables/select.html",
            caption="../report/table_select.rst",
            category="Tables",
            labels={"table": "Selection by lesioned copies", "form": "as a page, with footnotes"},
        ),
        md=f"{RESULTS}/tables/select.md",
        selection=f"{RESULTS}/selection.json",
    log:
        f"{RESULTS}/logs/table_select.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("table_select.py"),
        candidates=[{"name": row["name"], "settings": candidates.settings_of(row)} for row in CANDIDATES],
        figure=config["select"]["figure"],
        title=f"Settings chosen by lesioned copies of normals, {config['dataset']}",
        facts=LESIONED_FACTS,
        annotated=config["lesionpaste"]["source"]["images"] if PASTED else [],
        confidence=config["evaluation"]["confidence"],
        digest=lambda wildcards: candidates.selection_digest(config, selection_code()),
    script:
        "../scripts/table_select.py"


# Looks at the test, and so is no part of a choice: whether lesioned copies rank Table 3's settings as the test does.
rule table_proxy:
    input:
        lesioned=variant_paths([*MAIN, *RUN.ablations], f"{RESULTS}/selection/{{variant}}/metrics.csv"),
        tested=variant_paths([*MAIN, *RUN.ablations], f"{RESULTS}/evaluation/{{variant}}/metrics.csv"),
    output:
        csv=report(
            f"{RESULTS}/tables/proxy.csv",
            caption="../report/table_proxy.rst",
            category="Tables",
            labels={"table": "Lesioned copies against the test", "form": "for machines (CSV)"},
        ),
        html=report(
            f"{RESULTS}/tables/proxy.html",
            caption="../report/table_proxy.rst",
            category="Tables",
            labels={"table": "Lesioned copies against the test", "form": "as a page, with footnotes"},
        ),
        correlation=f"{RESULTS}/tables/proxy_correlation.csv",
        md=f"{RESULTS}/tables/proxy.md",
    log:
        f"{RESULTS}/logs/table_proxy.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("table_proxy.py"),
        names=[*MAIN, *RUN.ablations],
        image_score=config["scoring"]["image_score"],
        title=f"Lesioned copies against the test, {config['dataset']}",
        facts=LESIONED_FACTS,
        resamples=config["evaluation"]["bootstrap"],
        confidence=config["evaluation"]["confidence"],
        seed=config["seed"],
    script:
        "../scripts/table_proxy.py"


rule select:
    input:
        selection_results,


rule proxy:
    input:
        rules.table_proxy.output,
