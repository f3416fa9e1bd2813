"""Write the tables of README.md and docs/results.md, cell by cell from results/reference: `make docs`."""

import re
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "results" / "reference"
PAGES = (ROOT / "README.md", ROOT / "docs" / "results.md")

Rows = dict[str, dict[str, str]]


def section(file: str, heading: str) -> Rows:
    """Return the table below a heading of a reference file: the first column's entries, and by column what they have.

    Args:
        file: Below results/reference, without ``.md``.
        heading: How the heading begins.
    """
    return {row[next(iter(row))]: row for row in lines_of(file, heading)}


def lines_of(file: str, heading: str) -> list[dict[str, str]]:
    """Return the lines of the table below a heading of a reference file, each by column."""
    text = (REFERENCE / f"{file}.md").read_text(encoding="utf-8")
    lines = text.split(f"\n## {heading}", 1)[1].split("\n## ", 1)[0].splitlines()
    names, _, *rows = [cells(line) for line in lines if line.startswith("|")]
    return [dict(zip(names, row, strict=True)) for row in rows]


def cells(line: str) -> list[str]:
    """Return the cells of a line of a Markdown table."""
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def main_tables(name: str) -> list[list[str]]:
    """Return ReSAD's Tables 1 and 2 side by side: our rows, then the two published ones."""
    pixels, images = section(f"{name}/resad", "Pixels (the paper"), section(f"{name}/resad", "Images (the paper")
    scores = section(f"{name}/resad", "Image AUC by image score")
    rows = [
        [
            f"{method}, ours",
            scores[method]["maximum"],
            scores[method]["top_quantile"],
            *(
                pixels.get(method, {}).get(figure, "–")
                for figure in ("AUC, all images", "AUC, abnormal images", "AUPRO")
            ),
        ]
        for method in scores
    ]
    for method in scores:
        published = f"{method} (published)"
        if published not in images:
            continue
        auc = images[published]["AUC"], pixels[published]["AUC, all images"]
        rows.append([f"{method}, published, WideResNet-50", auc[0], "–", auc[1], "–", "–"])
    columns = "method|image AUC (maximum)|image AUC (99.5 % quantile)|pixel AUC, all|pixel AUC, abnormal|AUPRO"
    return [columns.split("|"), *rows]


def calibrated(name: str) -> list[list[str]]:
    """Return the image AUC by each image score, of maps as they are and calibrated by position."""
    scores = {
        "maximum": "maximum",
        "maximum inside": "inner_maximum",
        "99.5 % quantile": "top_quantile",
        "quantile inside": "inner_quantile",
        "mean": "mean",
    }
    rows = section(f"{name}/resad", "Image AUC by image score")
    return [["maps", *scores], *([row, *(found[score] for score in scores.values())] for row, found in rows.items())]


def operating_points(name: str) -> list[list[str]]:
    """Return what a promised specificity delivers and detects, by image."""
    columns = ["promised", "normals", "delivered", "kept", "sensitivity"]
    rows = lines_of(f"{name}/operating_points", "By image")
    return [["row", *columns], *([row[column] for column in ("method", *columns)] for row in rows)]


def lesions_found(name: str) -> list[list[str]]:
    """Return the shares of lesions marked at a few numbers of false marks an image, by type."""
    columns = {"1/8 false": "0.125 false", "1 false": "1 false", "8 false": "8 false"}
    taken = ("lesion", "lesions", "method", *columns.values())
    rows = lines_of(f"{name}/froc", "All sizes")
    return [["lesion", "annotated", "row", *columns], *([row[column] for column in taken] for row in rows)]


def ablations(name: str) -> list[list[str]]:
    """Return ReSAD's Table 3, each published figure beside ours."""
    images = section(f"{name}/ablations", "Images (the paper")
    pixels = section(f"{name}/ablations", "Pixels (the paper")

    def published(rows: Rows, row: str, figure: str) -> str:
        return rows.get(f"{row} (published)", {}).get(figure, "")

    rows = [
        [
            row,
            ours["effective neighbours"],
            ours["AUC"],
            published(images, row, "AUC"),
            pixels.get(row, {}).get("AUC, all images", "–"),
            published(pixels, row, "AUC, all images"),
            pixels.get(row, {}).get("AUPRO", "–"),
        ]
        for row, ours in images.items()
        if not row.endswith("(published)")
    ]
    columns = "ablation|effective neighbours|image AUC|published|pixel AUC, all|published|AUPRO"
    return [columns.split("|"), *rows]


def lesionpaste() -> list[list[str]]:
    """Return LesionPaste's Table 3 on IDRiD, both networks and the control."""
    vgg16 = section("idrid_lesionpaste/lesionpaste_3", "AUC")
    lite0 = section("idrid_lesionpaste_lite0/lesionpaste_3", "AUC")
    rows = {
        "LesionPaste, VGG16": vgg16["LesionPaste"],
        "LesionPaste, EfficientNet-Lite0": lite0["LesionPaste"],
        "its control: twins without lesions": next(row for name, row in lite0.items() if "control" in name),
    }
    text = (REFERENCE / "idrid_lesionpaste_lite0" / "lesionpaste_3.md").read_text(encoding="utf-8")
    counts = re.findall(r"(0 vs \w+): (\d+) and (\d+)", text)
    columns = [against for against, *_ in counts]
    return [
        ["method", *columns],
        ["test images, normal and abnormal", *(f"{normal}, {abnormal}" for _, normal, abnormal in counts)],
        *([name, *(row[against] for against in columns)] for name, row in rows.items()),
    ]


def rivals() -> list[list[str]]:
    """Return ReSAD's Tables 1 and 2 and LesionPaste's Table 3 on the phantom, a row for each method in any of them."""
    pixels = section("phantom_rivals/compared", "Pixels (the paper")
    images = section("phantom_rivals/compared", "Images (the paper")
    made = section("phantom_rivals/rivals", "How the other methods")
    grades = section("phantom_rivals/rivals", "AUC")
    rows = [
        [
            name,
            images.get(name, grades.get(name, {}))["AUC" if name in images else "0 vs all"],
            pixels.get(name, {}).get("AUC, all images", "–"),
            pixels.get(name, {}).get("AUPRO", "–"),
            *(made.get(name, {}).get(figure, "–") for figure in ("fit, s", "judging, s", "memory, MB")),
        ]
        for name in [*images, *(name for name in grades if name not in images)]
        if not name.endswith("(published)")
    ]
    return [["method", "image AUC", "pixel AUC", "AUPRO", "fit, s", "judging, s", "memory, MB"], *rows]


def summary() -> list[list[str]]:
    """Return the README's rows."""
    images, pixels = section("idrid/resad", "Images (the paper"), section("idrid/resad", "Pixels (the paper")
    rows = [
        [
            f"{method}, EfficientNet-Lite0",
            images[method]["AUC"],
            images[f"{method} (published)"]["AUC"],
            pixels[method]["AUC, all images"],
            pixels[f"{method} (published)"]["AUC, all images"],
        ]
        for method in ("ReSAD", "PatchCore")
    ]
    name, *_, auc = lesionpaste()[2]
    rows.append([name, auc, "–", "–", "–"])
    name, *_, auc = lesionpaste()[3]
    rows.append([name, auc, "–", "–", "–"])
    return [["method", "image AUC", "published", "pixel AUC", "published"], *rows]


TABLES = {
    "summary": summary,
    "idrid": lambda: main_tables("idrid"),
    "idrid calibrated": lambda: calibrated("idrid"),
    "idrid operating points": lambda: operating_points("idrid"),
    "idrid lesions found": lambda: lesions_found("idrid"),
    "idrid ablations": lambda: ablations("idrid"),
    "idrid_resnet50v2": lambda: main_tables("idrid_resnet50v2"),
    "idrid_resnet50v2_392": lambda: main_tables("idrid_resnet50v2_392"),
    "idrid_resnet50v2_392 ablations": lambda: ablations("idrid_resnet50v2_392"),
    "lesionpaste": lesionpaste,
    "phantom rivals": rivals,
}


def markdown(rows: Iterable[list[str]]) -> str:
    """Return a table whose first row names the columns."""
    names, *others = rows
    return "\n".join(f"| {' | '.join(row)} |" for row in [names, ["---"] * len(names), *others])


def renewed(text: str) -> str:
    """Return a page with each table between its markers made again."""
    return re.sub(
        r"(<!-- table: ([\w ]+) -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}{markdown(TABLES[found[2]]())}\n{found[3]}",
        text,
        flags=re.DOTALL,
    )


if __name__ == "__main__":
    for page in PAGES:
        page.write_text(renewed(page.read_text(encoding="utf-8")), encoding="utf-8")
