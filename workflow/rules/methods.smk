# Methods that ours are compared with: each fits the normals, and is applied to the test and to normals held out.

DETECTOR = f"{RESULTS}/methods/{{method}}/{{row}}/{{run}}"
METHOD_SCORES = f"{RESULTS}/scores/{{method}}/{{row}}/{{run}}"


rule fit:
    input:
        images=prepared_images("train"),
        abnormal=abnormal_images,
        findings=taken("abnormal", f"{RESULTS}/audit/findings.csv"),
        backbone=backbone_taken,
        network=taken("network", f"{RESULTS}/weights/{RUN.classifier_weights}.weights"),
        textures=textures_taken,
    output:
        detector=f"{DETECTOR}/detector.safetensors",
        history=f"{DETECTOR}/history.csv",
    log:
        f"{RESULTS}/logs/fit/{{method}}/{{row}}/{{run}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/fit/{{method}}/{{row}}/{{run}}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(fit_mb),
        runtime=minutes(fit_seconds),
    params:
        code=code("fit.py"),
        settings=lambda wildcards: fitted_row(wildcards)["settings"],
        repeat=lambda wildcards: fitted_row(wildcards)["repeat"],
        takes=lambda wildcards: METHODS_TAKE[wildcards.method],
        abnormal=lambda wildcards: abnormal_taken(wildcards, ["id", "patient"]),
        test=lambda wildcards: rows("test")["id"] if "abnormal" in METHODS_TAKE[wildcards.method] else [],
        networks=networks_taken,
        train=rows("train", ["id", "patient"]),
        held_out=config["compared"]["held_out"],
        seed=config["seed"],
    script:
        "../scripts/fit.py"


rule apply:
    input:
        detector=f"{DETECTOR}/detector.safetensors",
        images=prepared_images("test"),
        train_images=prepared_images("train"),
        views=f"{RESULTS}/images/resad/test.h5",
        train_views=f"{RESULTS}/images/resad/train.h5",
    output:
        maps=f"{METHOD_SCORES}/test.h5",
        scores=f"{METHOD_SCORES}/test.csv",
        calibration_maps=f"{METHOD_SCORES}/calibration.h5",
        calibration_scores=f"{METHOD_SCORES}/calibration.csv",
    log:
        f"{RESULTS}/logs/apply/{{method}}/{{row}}/{{run}}.log",
    benchmark:
        f"{RESULTS}/benchmarks/apply/{{method}}/{{row}}/{{run}}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: shared_cores
    resources:
        gpu=1,
        mem_mb=memory(fit_mb),
        runtime=minutes(apply_seconds),
    params:
        code=code("apply.py"),
        train=rows("train", ["id", "patient"]),
        held_out=config["compared"]["held_out"],
        seed=config["seed"],
        image_size=RUN.image_size,
        scores=RUN.scores,
    script:
        "../scripts/apply.py"


COMPARED_RUNS = [f"{row['method']}/{row['key']}/{row['run']}" for row in RUN.compared]


rule table_compared:
    input:
        metrics=[
            *variant_paths(MAIN, f"{RESULTS}/evaluation/{{variant}}/metrics.csv"),
            *(f"{RESULTS}/evaluation/patchcore/{row['key']}/metrics.csv" for row in RUN.patchcores),
            *(f"{RESULTS}/evaluation/{fit}/metrics.csv" for fit in COMPARED_RUNS),
        ],
        pixels=[
            *variant_paths(MAIN, f"{RESULTS}/evaluation/{{variant}}/pixels.h5"),
            *(f"{RESULTS}/evaluation/patchcore/{row['key']}/pixels.h5" for row in RUN.patchcores),
            *(f"{RESULTS}/evaluation/{fit}/pixels.h5" for fit in COMPARED_RUNS),
        ],
        scores=[
            *variant_paths(MAIN, f"{RESULTS}/scores/{{variant}}/test.csv"),
            *(f"{RESULTS}/scores/patchcore/{row['key']}/test.csv" for row in RUN.patchcores),
            *(f"{RESULTS}/scores/{fit}/test.csv" for fit in COMPARED_RUNS),
        ],
        quality=f"{RESULTS}/quality/test.csv",
        left_out=f"{RESULTS}/audit/left_out.csv",
        published=lambda wildcards: ancient(PUBLISHED),
    output:
        csv=report(
            f"{RESULTS}/tables/compared.csv",
            caption="../report/table_compared.rst",
            category="Tables",
            labels={"table": "ReSAD, Tables 1 and 2, with other methods", "form": "for machines (CSV)"},
        ),
        html=report(
            f"{RESULTS}/tables/compared.html",
            caption="../report/table_compared.rst",
            category="Tables",
            labels={"table": "ReSAD, Tables 1 and 2, with other methods", "form": "as a page, with footnotes"},
        ),
        lesions=f"{RESULTS}/tables/compared_lesions.csv",
        differences=f"{RESULTS}/tables/compared_differences.csv",
        md=f"{RESULTS}/tables/compared.md",
    log:
        f"{RESULTS}/logs/table_compared.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        **TABLE,
        code=code("table_compared.py"),
        names=MAIN,
        patchcores=RUN.patchcores,
        compared=COMPARED_ROWS,
        apart=APART,
        method_of={row["name"]: METHOD_TITLES[row["method"]] for row in RUN.compared}
        | {row["name"]: variants.PATCHCORE for row in RUN.patchcores},
        facts={name: RUN.resad_facts[name] for name in ("dataset", "image size")},
        settings=RUN.table_settings(variants.RESAD),
        side=config["compared"]["size"],
        held_out=config["compared"]["held_out"],
    script:
        "../scripts/table_compared.py"


# Of a method's repeats figures show the first.
SHOWN_RUNS = {row["name"]: f"{row['method']}/{row['key']}/{row['run']}" for row in compared.first_repeats(RUN.compared)}


rule figure_compared:
    input:
        images=f"{RESULTS}/images/resad/test.h5",
        masks=MASKS,
        maps=[
            *variant_paths(SHOWN, f"{RESULTS}/scores/{{variant}}/test.h5"),
            *(f"{RESULTS}/scores/{fit}/test.h5" for fit in SHOWN_RUNS.values()),
        ],
        scores=[
            *variant_paths(SHOWN, f"{RESULTS}/scores/{{variant}}/test.csv"),
            *(f"{RESULTS}/scores/{fit}/test.csv" for fit in SHOWN_RUNS.values()),
        ],
        calibration=[
            *variant_paths(SHOWN, f"{RESULTS}/scores/{{variant}}/calibration.h5"),
            *(f"{RESULTS}/scores/{fit}/calibration.h5" for fit in SHOWN_RUNS.values()),
        ],
        left_out=f"{RESULTS}/audit/left_out.csv",
    output:
        picture=f"{RESULTS}/figures/compared.png",
        page=report(
            f"{RESULTS}/figures/compared.html",
            caption="../report/figure_compared.rst",
            category="Figures",
            labels={"figure": "Anomaly maps of all methods"},
        ),
    log:
        f"{RESULTS}/logs/figure_compared.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("figure_compared.py"),
        title="Anomaly maps of all methods",
        methods=[*SHOWN, *SHOWN_RUNS],
        manifest=rows("test", ["id", "split", "label", "grade"]),
        lesions=list(DATASET.lesions),
        all_lesions=ALL_LESIONS,
        rows=config["figures"]["rows"],
        scale_quantile=SCALE_QUANTILE,
        dpi=160,
        row_quantile=0.5,
        image_score=config["scoring"]["image_score"],
        seed=config["seed"],
    script:
        "../scripts/figure_compared.py"


rule figure_compared_learning:
    input:
        histories=[f"{RESULTS}/methods/{fit}/history.csv" for fit in COMPARED_RUNS],
    output:
        picture=f"{RESULTS}/figures/compared_learning.png",
        page=report(
            f"{RESULTS}/figures/compared_learning.html",
            caption="../report/figure_compared_learning.rst",
            category="Figures",
            labels={"figure": "Learning curves of the compared methods"},
        ),
    log:
        f"{RESULTS}/logs/figure_compared_learning.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("figure_compared_learning.py"),
        title="Learning curves of the compared methods",
        names=[row["name"] for row in RUN.compared],
        dpi=160,
    script:
        "../scripts/figure_compared_learning.py"


rule compared:
    input:
        rules.audit.output,
        rules.table_compared.output if RUN.compared else [],
        rules.figure_compared.output if RUN.compared else [],
        rules.figure_compared_learning.output if RUN.compared else [],
