# What people look at first, and the targets that a user names.


rule figure_qualitative:
    input:
        images=f"{RESULTS}/images/resad/test.h5",
        masks=MASKS,
        maps=variant_paths(SHOWN, f"{RESULTS}/scores/{{variant}}/test.h5"),
        scores=variant_paths(SHOWN, f"{RESULTS}/scores/{{variant}}/test.csv"),
        calibration=variant_paths(SHOWN, f"{RESULTS}/scores/{{variant}}/calibration.h5"),
        left_out=f"{RESULTS}/audit/left_out.csv",
    output:
        picture=f"{RESULTS}/figures/qualitative.png",
        page=report(
            f"{RESULTS}/figures/qualitative.html",
            caption="../report/qualitative.rst",
            category="Figures",
            labels={"figure": "Anomaly maps (Fig. 2)"},
        ),
    log:
        f"{RESULTS}/logs/figure_qualitative.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("figure_qualitative.py"),
        title="Anomaly maps (Fig. 2)",
        methods=["PatchCore, no ReSC", "ReSAD"],
        manifest=rows("test", ["id", "split", "label", "grade"]),
        lesions=list(DATASET.lesions),
        all_lesions=ALL_LESIONS,
        rows=config["figures"]["rows"],
        scale_quantile=SCALE_QUANTILE,
        opacity=0.8,
        dpi=160,
        row_quantile=0.5,
        image_score=config["scoring"]["image_score"],
        seed=config["seed"],
    script:
        "../scripts/figure_qualitative.py"


rule figure_curves:
    input:
        metrics=variant_paths(MAIN, f"{RESULTS}/evaluation/{{variant}}/metrics.csv"),
        curves=variant_paths(MAIN, f"{RESULTS}/evaluation/{{variant}}/curves.csv"),
    output:
        picture=f"{RESULTS}/figures/curves.png",
        page=report(
            f"{RESULTS}/figures/curves.html",
            caption="../report/curves.rst",
            category="Figures",
            labels={"figure": "ROC and precision–recall curves"},
        ),
    log:
        f"{RESULTS}/logs/figure_curves.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("figure_curves.py"),
        title="ROC and precision–recall curves",
        methods=MAIN,
        image_score=config["scoring"]["image_score"],
        dpi=160,
        threshold_quantile=config["evaluation"]["normal_quantile"],
    script:
        "../scripts/figure_curves.py"


rule figure_p_values:
    input:
        scores=judged("test.csv"),
        normals=judged("calibration.csv"),
        left_out=f"{RESULTS}/audit/left_out.csv",
    output:
        picture=f"{RESULTS}/figures/p_values.png",
        page=report(
            f"{RESULTS}/figures/p_values.html",
            caption="../report/p_values.rst",
            category="Figures",
            labels={"figure": "False alarms promised and delivered"},
        ),
    log:
        f"{RESULTS}/logs/figure_p_values.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("figure_p_values.py"),
        title="False alarms promised and delivered",
        test=rows("test", ["id", "label"]),
        methods=list(JUDGED_BY),
        image_scores=list(JUDGED_BY.values()),
        confidence=config["evaluation"]["confidence"],
        dpi=160,
    script:
        "../scripts/figure_p_values.py"


rule figure_misses:
    input:
        images=f"{RESULTS}/images/resad/test.h5",
        masks=MASKS,
        maps=variant_paths(["ReSAD"], f"{RESULTS}/scores/{{variant}}/test.h5"),
        scores=variant_paths(["ReSAD"], f"{RESULTS}/scores/{{variant}}/test.csv"),
        calibration=variant_paths(["ReSAD"], f"{RESULTS}/scores/{{variant}}/calibration.h5"),
        calibration_scores=variant_paths(["ReSAD"], f"{RESULTS}/scores/{{variant}}/calibration.csv"),
        left_out=f"{RESULTS}/audit/left_out.csv",
        quality=f"{RESULTS}/quality/test.csv",
    output:
        picture=f"{RESULTS}/figures/misses.png",
        page=report(
            f"{RESULTS}/figures/misses.html",
            caption="../report/misses.rst",
            category="Figures",
            labels={"figure": "Worst misses"},
        ),
    log:
        f"{RESULTS}/logs/figure_misses.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("figure_misses.py"),
        title="Worst misses",
        method="ReSAD",
        manifest=rows("test", ["id", "label", "grade"]),
        lesions=list(DATASET.lesions),
        tiles_a_row=6,
        tiles=config["figures"]["misses"],
        scale_quantile=SCALE_QUANTILE,
        opacity=0.8,
        dpi=160,
        normal_quantile=config["evaluation"]["normal_quantile"],
        image_score=config["scoring"]["image_score"],
    script:
        "../scripts/figure_misses.py"


CALIBRATION = config["calibration"]
SHOWN_SCORES = f"{RESULTS}/scores/{{variant}}"
SHOWN_IMAGE_SCORE = config["scoring"]["image_score"]
if CALIBRATION["heat_maps"]:
    SHOWN_SCORES = f"{SHOWN_SCORES}/{CALIBRATED}"
    SHOWN_IMAGE_SCORE = CALIBRATION["image_score"]


# One heat map a test image, a table, and a page to look through them: what a clinic's engineer came for. It is not in
# Snakemake's report, since a report of one file cannot hold a folder.
rule heat_maps:
    input:
        images=f"{RESULTS}/images/resad/test.h5",
        masks=MASKS,
        maps=variant_paths(["ReSAD"], f"{SHOWN_SCORES}/test.h5"),
        scores=variant_paths(["ReSAD"], f"{SHOWN_SCORES}/test.csv"),
        calibration=variant_paths(["ReSAD"], f"{SHOWN_SCORES}/calibration.h5"),
        calibration_scores=variant_paths(["ReSAD"], f"{SHOWN_SCORES}/calibration.csv"),
        left_out=f"{RESULTS}/audit/left_out.csv",
        quality=f"{RESULTS}/quality/test.csv",
        summary=f"{RESULTS}/quality/summary.csv",
        gallery=lambda wildcards: ancient(GALLERY),
    output:
        page=directory(f"{RESULTS}/heat_maps"),
        table=f"{RESULTS}/images.csv",
        workbook=f"{RESULTS}/images.xlsx",
    log:
        f"{RESULTS}/logs/heat_maps.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(RESAD_NEEDS.heat_maps_mb),
        runtime=minutes(RESAD_NEEDS.heat_maps_seconds),
    params:
        code=code("heat_maps.py"),
        manifest=rows("test", ["id", "path", "label", "grade", "patient", "eye"]),
        roots=lambda wildcards: private([DATA_ROOT]),
        lesions=list(DATASET.lesions),
        all_lesions=ALL_LESIONS,
        page={
            "title": config["experiment"] or config["dataset"],
            "method": f"ReSAD{', calibrated by position' if CALIBRATION['heat_maps'] else ''}, "
            f"{config['backbone']['name']}, image score {SHOWN_IMAGE_SCORE}",
            "opacity": 0.8,
        },
        calibrated=CALIBRATION["heat_maps"],
        scale_quantile=SCALE_QUANTILE,
        normal_quantile=config["evaluation"]["normal_quantile"],
        image_score=SHOWN_IMAGE_SCORE,
    script:
        "../scripts/heat_maps.py"


rule figure_effective_neighbours:
    input:
        attention=resc_paths(RUN.attending, f"{RESULTS}/attention/{{variant}}/test.h5"),
    output:
        picture=f"{RESULTS}/figures/effective_neighbours.png",
        page=report(
            f"{RESULTS}/figures/effective_neighbours.html",
            caption="../report/effective_neighbours.rst",
            category="Figures",
            labels={"figure": "Effective neighbours of the attention"},
        ),
    log:
        f"{RESULTS}/logs/figure_effective_neighbours.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("figure_effective_neighbours.py"),
        title="Effective neighbours of the attention",
        variants=[{"scale": row["scale"]} for row in RUN.named(RUN.attending)],
        dpi=160,
    script:
        "../scripts/figure_effective_neighbours.py"


rule resad:
    input:
        rules.audit.output,
        rules.table_resad.output,
        rules.table_operating_points.output,
        rules.table_froc.output if MASKS else [],
        rules.figure_qualitative.output,
        rules.figure_misses.output if MISSES_SHOWN else [],
        rules.heat_maps.output,
        rules.figure_curves.output if LABELLED or MASKS else [],
        rules.figure_p_values.output if NORMAL_TESTED else [],
        # It leads to all that the default target makes: where that is no more than this, it belongs here too.
        [] if RUN.ablations or SOURCES else f"{RESULTS}/index.html",


rule ablations:
    input:
        rules.audit.output,
        rules.table_ablations.output if RUN.ablations else [],
        rules.figure_effective_neighbours.output if RUN.attending else [],


onsuccess:
    import subprocess

    # Tables of another configuration may lie there: those that are this run's are shown alone.
    tables = [name for name in ("resad.csv", "lesionpaste_3.csv") if LINEAGE.current(f"{RESULTS}/tables/{name}")]
    tables += [name for name in ["quality/summary.csv"] if LINEAGE.current(f"{RESULTS}/{name}")]
    subprocess.run(
        [sys.executable, str(PROJECT / "workflow" / "support" / "show_results.py"), RESULTS, *tables], check=False
    )


# A killed job says nothing itself.
onerror:
    print(
        "The run stopped: what is said above of each failed rule names its file and what to do."
        " If a rule says nothing of itself, its job was killed: run the same command again, and it resumes.",
        file=sys.stderr,
    )
