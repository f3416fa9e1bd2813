"""Draw normal images beside their artificial anomalous twins, for each mix of lesion types."""

from fundus_anomaly.files.hdf5 import open_h5
from fundus_anomaly.imaging.prepared_images import NormalImages
from fundus_anomaly.methods.lesionpaste.lesion_bank import read_bank
from fundus_anomaly.methods.lesionpaste.options import options_from
from fundus_anomaly.methods.lesionpaste.synthesis import plan, synthesise
from fundus_anomaly.report.figures.lesion_colours import lesion_colours
from fundus_anomaly.report.figures.twins import Row, draw
from fundus_anomaly.report.pages.figure import save_with_page
from fundus_anomaly.seeds import digest
from support.rule import run


def main(input, output, params):
    """Draw twins as training sees them, as PNG and as a page; seed and id choose the images, the first of each mix."""
    bank, options = read_bank(input.bank), options_from(params.synthesis)
    rows = []
    with open_h5(input.images, "image", "field_of_view", "source", "id") as file:
        images = NormalImages(file)
        order = sorted(range(len(images)), key=lambda number: digest(params.seed, "figure", images.ids[number]))
        plans = {number: plan(bank, options, params.seed, images.ids[number]) for number in order}
        for kinds, _ in options.mix:
            fitting = [number for number in order if {bank[paste.lesion].kind for paste in plans[number]} == set(kinds)]
            for number in fitting[: params.rows]:
                normal = images[number]
                made = synthesise(*normal[1:], bank, plans[number], options.mask)
                mix, count = ", ".join(kinds), len(plans[number])
                rows.append(Row(normal.id, mix, count, normal.image, made.image, made.masks, made.kinds))
    save_with_page(
        draw(rows, lesion_colours(rows[0].kinds, params.all_lesions)),
        output.picture,
        output.page,
        params.title,
        params.dpi,
    )


if __name__ == "__main__":
    run(main, snakemake)
