"""What the pages show of a run's photographs: each is read when its page is written."""

from __future__ import annotations

from collections.abc import Callable, Collection

from fundus_anomaly.report.figures.heat_map import Scale, levels
from fundus_anomaly.report.figures.shown_images import ShownImages
from fundus_anomaly.report.pages.gallery_folder import Pictured


def pictured(shown: ShownImages, refused: Collection[str], scale: Scale) -> Callable[[str], Pictured]:
    """Return what is shown of a photograph, by its id, as :func:`.gallery_folder.write_gallery` takes it.

    Args:
        shown: The photographs, with one method's maps.
        refused: Ids of those that cannot be judged, which have no heat map.
        scale: What the colours stand for.
    """
    annotated = set(shown.annotated)

    def one(name: str) -> Pictured:
        photograph = shown.photograph(name)
        if name in refused:
            return Pictured(photograph, None)
        painted = levels(shown.maps(name)[0], shown.field_of_view(name), scale)
        return Pictured(photograph, painted, shown.coverage(name) if name in annotated else None)

    return one
