"""The model card of a detector: what it was made of, what it promises, and what it is not for, as text in its file.

After Mitchell et al., Model Cards for Model Reporting, FAT* 2019.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fundus_anomaly.imaging.geometry import source_geometry
from fundus_anomaly.methods.resad.detector_file import Normals, Trained
from fundus_anomaly.scoring.thresholds import calibration_in_words, image_threshold

_SIZES_SHOWN = 6


@dataclass(frozen=True)
class Made:
    """What a detector was made of, in numbers that name no photograph and no person.

    Attributes:
        dataset: The configuration's ``dataset``.
        patient_of: By the id of each photograph in the bank its patient; its own id where none is known.
        sizes: Width and height of each photograph in pixels.
        entries: Of the memory bank: ``(number, channels)``.
        licence: Of the backbone's weights.
        versions: Of the libraries that it was made with, by name.
    """

    dataset: str
    patient_of: Mapping[str, str]
    sizes: Sequence[tuple[int, int]]
    entries: tuple[int, int]
    licence: str
    versions: Mapping[str, str]

    @classmethod
    def of(cls, ids: Sequence[str], sources: Sequence[str], patient_of: Mapping[str, str], **others: Any) -> Made:
        """Return what is said of photographs.

        Args:
            ids: Of the photographs in the bank.
            sources: Where each was cut from its file, see :func:`...imaging.geometry.source_geometry`.
            patient_of: The patient of these photographs, and perhaps of others.
            others: All other attributes.
        """
        sizes = [source_geometry(source)[1][::-1] for source in sources]
        return cls(patient_of={name: patient_of[name] for name in ids}, sizes=sizes, **others)


def model_card(made: Made, normals: Normals, trained: Trained) -> str:
    """Return the card as Markdown.

    Args:
        made: What the detector was made of.
        normals: Image scores of held-out normals.
        trained: What the detector was made with.
    """
    settings, network = trained.settings, trained.backbone
    count, channels = made.entries
    side = trained.preprocessing["size"]
    sizes = Counter(made.sizes).most_common()
    shown = [f"{width}×{height} ({number})" for (width, height), number in sizes[:_SIZES_SHOWN]]
    if len(sizes) > _SIZES_SHOWN:
        shown.append(f"{sum(number for _, number in sizes[_SIZES_SHOWN:])} of other sizes")
    graham = ", and their local average is taken away" if trained.preprocessing["graham"] else ""
    region = f"region filter of radius {settings.region}" if settings.region else "no region filter"
    attention = f"spatial attention ({settings.spatial})" if settings.spatial != "off" else "no attention"
    threshold = image_threshold(normals.calibrated, trained.normal_quantile)
    versions = "\n".join(f"- {name} {version}" for name, version in sorted(made.versions.items()))
    return f"""# Model card

## What it is

ReSAD: a detector of what is unlike normal images, made for colour photographs of the fundus. It compares each place of
a photograph with a memory of normal photographs, and gives a heat map, a score, and where that score stands among
normals. It was given no photograph of a disease and names none.

- Network: {network["name"]}, {network["precision"]}; its weights lie in this file.
- Photographs are brought to {side}×{side} pixels{graham}.
- Features: {region}, {attention}; stored as {settings.dtype}.
- Memory: {count:,} features of {channels:,} channels each.
- Image score: {trained.scoring["calibrated_score"]} of the map calibrated by position.

## What it was made of

- {_photographs(made.patient_of)}
- Dataset: {made.dataset}.
- Width and height in pixels: {", ".join(shown)}.
- Held-out normals that fix the threshold: {len(normals.calibrated):,}; each was scored without
  its patient in the memory, as far as patients are known.

## What it promises

- Threshold: {threshold:.6g}, {calibration_in_words(len(normals.calibrated), trained.normal_quantile)}.
- That holds for photographs of the same camera, settings and population as the normals above, and for no other.
- How many diseased eyes it finds is not known from normals alone, and is not stated here: measure it on photographs
  with known findings before it is relied upon. The tables of the run that made this file say what was measured.

## What it is for

Research, and the search for photographs that a person should look at first. It is no medical device, and no decision
about a patient may rest on it alone.

## Limits

- Another camera, another field of view or another population: neither scores nor thresholds hold. The traffic light of
  `snakemake predict` warns where it sees that; a green light is no proof.
- Lesions of one or two pixels at {side}×{side}, single microaneurysms for instance, may leave no trace.
- What is rare among the normals is called unlike them, though it may be harmless: reflexes of young eyes, tessellated
  fundi, scars.
- What was abnormal among the photographs called normal counts as normal.
- A photograph that is cut, blurred or badly exposed is not judged; the limits come from the same normals.

## Licences

- The network's weights: {made.licence}.
- The memory is derived from the photographs: whoever passes this file on needs the right to do so.

## Libraries that it was made with

{versions}
"""


def _photographs(patient_of: Mapping[str, str]) -> str:
    """Return how many photographs there are of how many patients, and what it means where these are not known."""
    known = {patient for name, patient in patient_of.items() if patient != name}
    unknown = sum(patient == name for name, patient in patient_of.items())
    count = f"{len(patient_of):,} photographs that the user called normal"
    patients = f"of {len(known):,} patient{'s' if len(known) != 1 else ''}"
    if not unknown:
        return f"{count}, {patients}."
    of_them = f"{patients}; of {unknown:,} of them" if known else "of which"
    return (
        f"{count}, {of_them} no patient is known, and each counts as one: if several show one patient, more false "
        "alarms are to be expected than stated below."
    )
