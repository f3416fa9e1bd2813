"""Where the pages of photographs find what they show of each."""

from __future__ import annotations

from typing import NamedTuple

from fundus_anomaly.files.output_names import output_file


class Files(NamedTuple):
    """A photograph's files beside the pages, as :func:`.output_names.output_file` takes them.

    Attributes:
        photograph: In full size.
        heat_map: The same with the map painted over it, to be taken elsewhere.
        heat: The map alone, the lower the more transparent.
        contour: The outline of all that is painted.
        truth: The outlines of annotated lesions.
        small: The photograph as a thumbnail.
        small_heat: The map likewise.
    """

    photograph: str = "photograph/{id}.jpg"
    heat_map: str = "png/{id}.png"
    heat: str = "heat/{id}.png"
    contour: str = "contour/{id}.svg"
    truth: str = "truth/{id}.svg"
    small: str = "small/{id}.jpg"
    small_heat: str = "small_heat/{id}.png"

    def of(self, name: str) -> Files:
        """Return the files of a photograph, relative to the pages."""
        return Files(*(output_file(pattern, name) for pattern in self))


FILES = Files()
