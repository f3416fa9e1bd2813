# What the index of a run leads to: everything that the default target makes.

IN_TABLE_3 = f"LesionPaste, Table {lesionpaste_rows.MAIN_TABLE}"
LESIONS = [Path(bank_of(row)).with_name("lesions.html") for row in table_rows(lesionpaste_rows.MAIN_TABLE)][:1]
# By part of the page: what each page shows, its path below the results, and the endings of its further forms.
LINKS = {
    "Photographs": [["Every test photograph with its heat map", "heat_maps/index.html", []]],
    "Tables": [
        [name, f"tables/{table}.html", ["csv", "md"]]
        for name, table, made in (
            ("ReSAD, Tables 1 and 2", "resad", True),
            ("Operating points", "operating_points", True),
            ("Lesions found", "froc", MASKS),
            ("ReSAD, Table 3: ablations", "ablations", RUN.ablations),
            (IN_TABLE_3, f"lesionpaste_{lesionpaste_rows.MAIN_TABLE}", SOURCES),
        )
        if made
    ],
    "Figures": [
        [name, f"{figure}.html", ["png"]]
        for name, figure, made in (
            ("Anomaly maps (Fig. 2)", "figures/qualitative", True),
            ("Worst misses", "figures/misses", MISSES_SHOWN),
            ("ROC and precision–recall curves", "figures/curves", LABELLED or MASKS),
            ("Effective neighbours of the attention", "figures/effective_neighbours", RUN.attending),
            *(("Lesions that are pasted", str(file.with_suffix("").relative_to(RESULTS)), SOURCES) for file in LESIONS),
            ("Artificial anomalous images", "figures/twins", SOURCES),
            (f"Learning curves of {IN_TABLE_3}", f"figures/learning_curves_{lesionpaste_rows.MAIN_TABLE}", SOURCES),
            ("GradCAM and GradCAM++ (Fig. A3)", "figures/gradcam", SOURCES and ABNORMAL_TESTED),
        )
        if made
    ],
    "Data": [
        ["Audit of every photograph and mask", "audit/audit.html", []],
        ["Whether each test photograph can be judged, and what was measured of it", "quality/test.csv", []],
    ],
}


def linked(part):
    """Return the files that a part of the page leads to."""
    pages = [Path(f"{RESULTS}/{page}") for _, page, _ in LINKS[part]]
    forms = [page.with_suffix(f".{ending}") for page, (_, _, endings) in zip(pages, LINKS[part]) for ending in endings]
    return [str(file) for file in [*pages, *forms]]
