# The papers' tables whole: ours, and every method that they are compared with.


rule table_rivals:
    input:
        metrics=[f"{RESULTS}/evaluation/{folder}/metrics.csv" for _, _, folder in rival_runs()],
        scores=[f"{RESULTS}/scores/{folder}/test.csv" for _, _, folder in rival_runs()],
        left_out=f"{RESULTS}/audit/left_out.csv",
        published=lambda wildcards: ancient(PUBLISHED),
    output:
        csv=report(
            f"{RESULTS}/tables/rivals.csv",
            caption="../report/table_rivals.rst",
            category="Tables",
            labels={"table": "LesionPaste, Table 3, with other methods", "form": "for machines (CSV)"},
        ),
        html=report(
            f"{RESULTS}/tables/rivals.html",
            caption="../report/table_rivals.rst",
            category="Tables",
            labels={"table": "LesionPaste, Table 3, with other methods", "form": "as a page, with footnotes"},
        ),
        md=f"{RESULTS}/tables/rivals.md",
    log:
        f"{RESULTS}/logs/table_rivals.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        code=code("table_rivals.py"),
        runs=[(name, run) for name, run, _ in rival_runs()],
        ours=[row["name"] for row in OUR_ROWS],
        method_of={row["title"]: METHOD_TITLES[row["method"]] for row in OTHER_ROWS},
        compared=OTHER_ROWS,
        apart=APART,
        side=config["compared"]["size"],
        held_out=config["compared"]["held_out"],
        notes=(
            ["Other methods are not fitted in folds: their published rows stand alone."]
            if FOLDS and COMPARED_ROWS
            else []
        ),
        dataset=config["dataset"],
        test=tested_rows(),
        confidence=config["evaluation"]["confidence"],
        facts={
            "dataset": config["dataset"],
            "lesions of": ", ".join(config["lesionpaste"]["source"]["images"]),
            "network": config["lesionpaste"]["network"]["name"],
            "image size": config["lesionpaste"]["preprocessing"]["size"],
            "epochs": config["lesionpaste"]["training"]["epochs"],
        },
    script:
        "../scripts/table_rivals.py"


rule rivals:
    input:
        rules.audit.output,
        rival_tables,
