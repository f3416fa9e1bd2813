# Figures of every variant, and the paper's tables from them.

# How test sets are drawn anew for the intervals of pixel figures and of their differences.
RESAMPLING = {
    "false_positive_limit": config["evaluation"]["aupro_limit"],
    "resamples": config["evaluation"]["bootstrap"],
    "confidence": config["evaluation"]["confidence"],
    "seed": config["seed"],
}

EVALUATION = {
    "normal_quantile": config["evaluation"]["normal_quantile"],
    "curve_points": 2000,
    "memory_limit": 500_000_000,
    **RESAMPLING,
}

TABLE = {
    "search": RUN.index,
    "test": rows("test", ["id", "label", "patient"]),
    "resampling": RESAMPLING,
}


rule evaluate:
    input:
        maps=f"{RESULTS}/scores/{{scored}}/test.h5",
        scores=f"{RESULTS}/scores/{{scored}}/test.csv",
        calibration_maps=f"{RESULTS}/scores/{{scored}}/calibration.h5",
        calibration_scores=f"{RESULTS}/scores/{{scored}}/calibration.csv",
        images=lambda wildcards: [f"{RESULTS}/images/{seen_by(wildcards)}/{split}.h5" for split in splits_of(wildcards)],
        train_images=lambda wildcards: f"{RESULTS}/images/{seen_by(wildcards)}/train.h5",
        masks=lambda wildcards: [f"{RESULTS}/masks/{seen_by(wildcards)}/test.h5"] if "test" in MASKED_SPLITS else [],
        left_out=f"{RESULTS}/audit/left_out.csv",
    output:
        metrics=f"{RESULTS}/evaluation/{{scored}}/metrics.csv",
        curves=f"{RESULTS}/evaluation/{{scored}}/curves.csv",
        pixels=f"{RESULTS}/evaluation/{{scored}}/pixels.h5",
    log:
        f"{RESULTS}/logs/evaluate/{{scored}}.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(RESAD_NEEDS.evaluate_mb),
        runtime=minutes(RESAD_NEEDS.evaluate_seconds),
    params:
        code=code("evaluate.py"),
        manifest=scored_rows,
        lesions=list(DATASET.lesions),
        field_of_view_only=config["evaluation"]["field_of_view_only"],
        # Calibrated maps lift what lies outside of the field of view: their image scores alone count.
        pixels=not_calibrated,
        settings=EVALUATION,
    script:
        "../scripts/evaluate.py"


rule table_resad:
    input:
        metrics=variant_paths(MAIN, f"{RESULTS}/evaluation/{{variant}}/metrics.csv"),
        pixels=variant_paths(MAIN, f"{RESULTS}/evaluation/{{variant}}/pixels.h5"),
        searched=approximate_maps(MAIN),
        scores=variant_paths(MAIN, f"{RESULTS}/scores/{{variant}}/test.csv"),
        calibrated_metrics=variant_paths(MAIN, f"{RESULTS}/evaluation/{{variant}}/{CALIBRATED}/metrics.csv"),
        calibrated_scores=variant_paths(MAIN, f"{RESULTS}/scores/{{variant}}/{CALIBRATED}/test.csv"),
        left_out=f"{RESULTS}/audit/left_out.csv",
        quality=f"{RESULTS}/quality/test.csv",
        published=lambda wildcards: ancient(PUBLISHED),
    output:
        csv=report(
            f"{RESULTS}/tables/resad.csv",
            caption="../report/table_resad.rst",
            category="Tables",
            labels={"table": "ReSAD, Tables 1 and 2", "form": "for machines (CSV)"},
        ),
        html=report(
            f"{RESULTS}/tables/resad.html",
            caption="../report/table_resad.rst",
            category="Tables",
            labels={"table": "ReSAD, Tables 1 and 2", "form": "as a page, with footnotes"},
        ),
        lesions=f"{RESULTS}/tables/resad_lesions.csv",
        differences=f"{RESULTS}/tables/resad_differences.csv",
        md=f"{RESULTS}/tables/resad.md",
    log:
        f"{RESULTS}/logs/table_resad.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        **TABLE,
        code=code("table_resad.py"),
        variants=RUN.named(MAIN),
        facts=RUN.resad_facts,
        settings=RUN.table_settings(variants.PATCHCORE),
        calibrated_score=config["calibration"]["image_score"],
    script:
        "../scripts/table_resad.py"


rule table_operating_points:
    input:
        scores=judged("test.csv"),
        normals=judged("calibration.csv"),
        left_out=f"{RESULTS}/audit/left_out.csv",
        quality=f"{RESULTS}/quality/test.csv",
        normal_quality=f"{RESULTS}/quality/train.csv",
    output:
        csv=report(
            f"{RESULTS}/tables/operating_points.csv",
            caption="../report/table_operating_points.rst",
            category="Tables",
            labels={"table": "Operating points", "form": "for machines (CSV)"},
        ),
        html=report(
            f"{RESULTS}/tables/operating_points.html",
            caption="../report/table_operating_points.rst",
            category="Tables",
            labels={"table": "Operating points", "form": "as a page, with footnotes"},
        ),
        md=f"{RESULTS}/tables/operating_points.md",
        images=f"{RESULTS}/tables/operating_points_images.csv",
    log:
        f"{RESULTS}/logs/table_operating_points.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("table_operating_points.py"),
        test=rows("test", ["id", "label", "patient"]),
        train=rows("train", ["id", "patient"]),
        dataset=config["dataset"],
        methods=list(JUDGED_BY),
        image_scores=list(JUDGED_BY.values()),
        promised=config["evaluation"]["promised_specificities"],
        confidence=config["evaluation"]["confidence"],
    script:
        "../scripts/table_operating_points.py"


rule table_froc:
    input:
        maps=judged("test.h5"),
        images=f"{RESULTS}/images/resad/test.h5",
        masks=MASKS,
        left_out=f"{RESULTS}/audit/left_out.csv",
    output:
        csv=report(
            f"{RESULTS}/tables/froc.csv",
            caption="../report/table_froc.rst",
            category="Tables",
            labels={"table": "Lesions found", "form": "for machines (CSV)"},
        ),
        html=report(
            f"{RESULTS}/tables/froc.html",
            caption="../report/table_froc.rst",
            category="Tables",
            labels={"table": "Lesions found", "form": "as a page, with footnotes"},
        ),
        md=f"{RESULTS}/tables/froc.md",
    log:
        f"{RESULTS}/logs/table_froc.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(RESAD_NEEDS.evaluate_mb),
        runtime=minutes(RESAD_NEEDS.froc_seconds),
    params:
        code=code("table_froc.py"),
        test=rows("test", ["id", "label"]),
        lesions=list(DATASET.lesions),
        dataset=config["dataset"],
        methods=[*MAIN, *(f"{name}, calibrated" for name in MAIN)],
    script:
        "../scripts/table_froc.py"


rule table_ablations:
    input:
        metrics=variant_paths(RUN.ablations, f"{RESULTS}/evaluation/{{variant}}/metrics.csv"),
        pixels=variant_paths(RUN.ablations, f"{RESULTS}/evaluation/{{variant}}/pixels.h5"),
        searched=approximate_maps(RUN.ablations),
        attention=resc_paths(RUN.ablations, f"{RESULTS}/attention/{{variant}}/test.h5"),
        coresets=variant_paths(RUN.ablations, f"{RESULTS}/bank/{{variant}}/coreset.h5"),
        calibrated_metrics=variant_paths(RUN.unchanged, f"{RESULTS}/evaluation/{{variant}}/{CALIBRATED}/metrics.csv"),
        left_out=f"{RESULTS}/audit/left_out.csv",
        quality=f"{RESULTS}/quality/test.csv",
        published=lambda wildcards: ancient(PUBLISHED),
    output:
        csv=report(
            f"{RESULTS}/tables/ablations.csv",
            caption="../report/table_ablations.rst",
            category="Tables",
            labels={"table": "ReSAD, Table 3", "form": "for machines (CSV)"},
        ),
        html=report(
            f"{RESULTS}/tables/ablations.html",
            caption="../report/table_ablations.rst",
            category="Tables",
            labels={"table": "ReSAD, Table 3", "form": "as a page, with footnotes"},
        ),
        differences=f"{RESULTS}/tables/ablations_differences.csv",
        md=f"{RESULTS}/tables/ablations.md",
    log:
        f"{RESULTS}/logs/table_ablations.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        **TABLE,
        code=code("table_ablations.py"),
        settings=RUN.table_settings(next(iter(RUN.unchanged), "")),
        variants=RUN.named(RUN.ablations),
        facts=RUN.facts(RUN.ablations),
        calibrated=RUN.unchanged,
        calibrated_score=config["calibration"]["image_score"],
    script:
        "../scripts/table_ablations.py"
