"""ReSAD as one file that can be carried elsewhere: bank, backbone, preprocessing, and the held-out normals' scores."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from fundus_anomaly.errors import InputError, Problem, raise_if_any
from fundus_anomaly.files.digest import sha256
from fundus_anomaly.files.hdf5 import create_h5, open_h5, read_texts, write_array, write_texts
from fundus_anomaly.methods.resad.attention import Attention
from fundus_anomaly.methods.resad.detector import ReSAD, Settings
from fundus_anomaly.networks.interface import load
from fundus_anomaly.quality.limits import SIDES, Limits, Options, Quartiles
from fundus_anomaly.scoring.by_position import Positions
from fundus_anomaly.scoring.calibrated_maps import write_positions
from fundus_anomaly.scoring.maps import IMAGE_SCORES

_FORMAT = "fundus-anomaly ReSAD 4"
_SCORES, _POSITIONS = ("normals", "calibrated_normals"), ("mean", "spread")
_LONGEST_CARD = 100_000
_NO_CARD = "keep a detector that judges; one that `snakemake detector` makes now has a card"
_REMEDY = "copy the file again from where it was made, or make it again: snakemake detector"


@dataclass(frozen=True)
class Trained:
    """What a detector was made with, beside its bank.

    Attributes:
        settings: Of ReSAD.
        backbone: ``name``, ``precision`` and ``onnx`` of :func:`..networks.interface.load`.
        preprocessing: Keys of :func:`..imaging.preprocess.preprocess`.
        scoring: ``image_score``, ``calibrated_score``, and the options of :func:`..scoring.maps.image_scores`.
        displacement: Whole pixels ``(dy, dx)`` that maps are moved back by.
        normal_quantile: Share of new normals that the threshold lets pass.
        seed: Seed of an approximate index.
        colours: Values of the map calibrated by position at which the colours of heat maps begin and end; held-out
            normals fix them.
        scale_quantile: Share of the normals' places that lie below the beginning.
        quality: How far from the normals a photograph may be to be judged.
        quartiles: By statistic, what normals are like.
    """

    settings: Settings
    backbone: Mapping[str, Any]
    preprocessing: Mapping[str, Any]
    scoring: Mapping[str, Any]
    displacement: tuple[int, int]
    normal_quantile: float
    seed: int
    colours: tuple[float, float]
    scale_quantile: float
    quality: Options
    quartiles: Mapping[str, Quartiles]

    @property
    def limits(self) -> Limits:
        """The limits that the normals set for a photograph's quality."""
        return Limits(self.quartiles, self.quality)


class Normals(NamedTuple):
    """Image scores of held-out normals, ``(n,)`` float64 each, sorted.

    Attributes:
        paper: Of the distance maps.
        calibrated: Of the maps calibrated by position.
    """

    paper: np.ndarray
    calibrated: np.ndarray

    @classmethod
    def of(cls, paper: pd.DataFrame, calibrated: pd.DataFrame, scoring: Mapping[str, Any]) -> Normals:
        """Return the scores that a detector keeps.

        Args:
            paper: Of the distance maps, a column a score.
            calibrated: Likewise of the calibrated maps.
            scoring: See :class:`Trained`; it names the score of each.
        """
        tables = (paper, scoring["image_score"]), (calibrated, scoring["calibrated_score"])
        return cls(*(np.sort(table[name].to_numpy(np.float64)) for table, name in tables))


def write_resad(
    path: str | os.PathLike[str],
    bank: np.ndarray,
    weights: str | os.PathLike[str],
    normals: Normals,
    positions: Positions,
    trained: Trained,
    card: str,
) -> None:
    """Write a detector, whole or not at all.

    Args:
        path: The file.
        bank: M of eq. 6, ``(k, c)``.
        weights: File of the backbone's weights; it is taken into the detector.
        normals: Image scores of held-out normals.
        positions: What normals have at each position.
        trained: See :class:`Trained`.
        card: The model card, see :func:`.model_card.model_card`; ``h5dump -d card`` shows it.
    """
    with create_h5(path) as file:
        file.attrs["format"] = _FORMAT
        file.attrs["trained"] = json.dumps(asdict(trained), sort_keys=True)
        file.attrs["weights_sha256"] = sha256(weights)
        write_array(file, "feature", bank)
        write_array(file, "weights", np.fromfile(weights, np.uint8))
        for name, scores in zip(_SCORES, normals, strict=True):
            write_array(file, name, scores)
        write_positions(file, positions)
        write_texts(file, "card", [card])


def require_detector(path: str | os.PathLike[str]) -> None:
    """Raise if there is no file of a detector's name.

    Raises:
        InputError: If there is none, or a folder.
    """
    if not Path(path).is_file():
        remedy = "correct the path; `snakemake detector` in the workflow's folder makes the file"
        raise InputError(Problem(str(path), "no file", "a detector.h5 of the workflow", remedy))


def read_card(path: str | os.PathLike[str]) -> str:
    """Return a detector's model card, Markdown in which nothing can command a terminal.

    Raises:
        InputError: If the file is damaged, or holds none: those of earlier versions judge as they are.
    """
    require_detector(path)
    with open_h5(path, "card", remedy=_NO_CARD) as file:
        fits = file["card"].nbytes <= _LONGEST_CARD and file["card"].shape == (1,)
        texts = read_texts(file, "card", _NO_CARD) if fits else []
    if not texts:
        allowed = f"one text of {_LONGEST_CARD:,} bytes or less"
        raise InputError(Problem(f"{path}, dataset 'card'", "no model card", allowed, _NO_CARD))
    return "".join(
        letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in texts[0]
    )


def read_resad(
    path: str | os.PathLike[str], *, device: str = "cpu", threads: int = 1
) -> tuple[ReSAD, Normals, Trained]:
    """Return a detector from its file, the image scores of held-out normals, and what it was made with.

    Args:
        path: As :func:`write_resad` wrote it.
        device: ``"cpu"`` or ``"cuda"``.
        threads: CPU threads.

    Raises:
        InputError: If the file is damaged or none of a detector.
    """
    with open_h5(path, "feature", "weights", *_SCORES, *_POSITIONS, remedy=_REMEDY) as file:
        trained = _trained(path, file.attrs)
        bank = file["feature"][:]
        scores, (mean, spread) = ({name: file[name][:] for name in _SCORES}, (file[name][:] for name in _POSITIONS))
        raise_if_any(_without_values(path, {"feature": bank, **scores, "mean": mean, "spread": spread}))
        if mean.ndim != 2 or mean.shape != spread.shape or not (spread > 0).all():
            found = f"shapes {mean.shape} and {spread.shape}, {int((spread <= 0).sum())} values of 0 or less"
            raise InputError(Problem(f"{path}, 'mean' and 'spread'", found, "one shape, all spreads above 0", _REMEDY))
        with tempfile.TemporaryDirectory() as folder:
            weights = Path(folder) / "backbone.weights"
            file["weights"][:].tofile(weights)
            if sha256(weights) != file.attrs.get("weights_sha256"):
                raise InputError(Problem(str(path), "other weights than were written", "those weights", _REMEDY))
            backbone = load(
                trained.backbone["name"],
                weights,
                device=device,
                precision=trained.backbone["precision"],
                threads=threads,
                onnx=dict(trained.backbone["onnx"]),
            )
    how = {"device": device, "threads": threads, "seed": trained.seed, "displacement": trained.displacement}
    detector = ReSAD(backbone, bank, trained.settings, **how, positions=Positions(mean, spread))
    return detector, Normals(*(np.sort(one) for one in scores.values())), trained


def read_trained(path: str | os.PathLike[str]) -> tuple[Trained, Normals]:
    """Return what a detector was made with, and the image scores of held-out normals, without its network.

    Raises:
        InputError: If the file is damaged or none of a detector.
    """
    with open_h5(path, *_SCORES, remedy=_REMEDY) as file:
        trained, scores = _trained(path, file.attrs), {name: file[name][:] for name in _SCORES}
    raise_if_any(_without_values(path, scores))
    return trained, Normals(*(np.sort(one) for one in scores.values()))


def _without_values(path: str | os.PathLike[str], arrays: Mapping[str, np.ndarray]) -> Iterator[Problem]:
    """Yield each array that is empty or not finite: distances to it would be none, and nothing would be unusual."""
    for name, values in arrays.items():
        if not values.size or not np.isfinite(values).all():
            found = "NaN or infinite values" if values.size else "no values"
            yield Problem(f"{path}, dataset {name!r}", found, "finite values, one at least", _REMEDY)


def _trained(path: str | os.PathLike[str], attributes: Mapping[str, Any]) -> Trained:
    try:
        if attributes.get("format") != _FORMAT:
            raise ValueError(f"its format is {str(attributes.get('format'))[:60]!r}")
        stored = json.loads(attributes["trained"])
        settings, (dy, dx), (low, high) = Settings(**stored["settings"]), stored["displacement"], stored["colours"]
        read = {"settings": settings, "displacement": (int(dy), int(dx)), "colours": (float(low), float(high))}
        read |= {"quality": Options(**stored["quality"])}
        read |= {"quartiles": {name: tuple(map(float, ends)) for name, ends in stored["quartiles"].items()}}
        trained = Trained(**stored | read)
        wrong = [name for name, is_allowed in _ALLOWED.items() if not is_allowed(trained)]
        if wrong:
            raise ValueError(f"{', '.join(wrong)} out of range")
    except Exception as error:  # a foreign file may be wrong in whatever it says; each means the same to the user
        found = f"no detector of this version ({type(error).__name__}: {error})"
        raise InputError(Problem(str(path), found, f"a file of the format {_FORMAT!r}", _REMEDY)) from error
    return trained


# The file may come from elsewhere: what would take memory without end, or change an answer without a word, is refused.
_ALLOWED: Mapping[str, Callable[[Trained], bool]] = {
    "preprocessing": lambda stored: (
        set(stored.preprocessing) == {"size", "aspect", "graham", "bits_used", "max_pixels"}
        and type(stored.preprocessing["size"]) is int
        and 32 <= stored.preprocessing["size"] <= 4096
        and stored.preprocessing["aspect"] in ("stretch", "keep")
        and type(stored.preprocessing["graham"]) is bool
        and 1 <= stored.preprocessing["max_pixels"] <= 178_956_970
    ),
    "scoring": lambda stored: (
        set(stored.scoring) == {"image_score", "calibrated_score", "top_quantile", "smoothing", "field_of_view_only"}
        and {stored.scoring["image_score"], stored.scoring["calibrated_score"]} <= set(IMAGE_SCORES)
        and 0 <= stored.scoring["top_quantile"] <= 1
        and 0 <= stored.scoring["smoothing"] <= 1
    ),
    "settings": lambda stored: (
        Attention(stored.settings.spatial, stored.settings.scale) is not None
        and stored.settings.pool in (1, 3, 5, 7)
        and 0 <= int(stored.settings.region) <= 64
        and stored.settings.dtype in ("float16", "float32")
        and 1 <= int(stored.settings.batch) <= 4096
        and set(stored.settings.search) == {"index", "nlist", "nprobe"}
    ),
    "backbone": lambda stored: (
        set(stored.backbone) == {"name", "precision", "onnx"}
        and stored.backbone["precision"] in ("float32", "bfloat16")
    ),
    "seed": lambda stored: type(stored.seed) is int and stored.seed >= 0,
    "displacement": lambda stored: max(map(abs, stored.displacement)) <= 64,
    "normal_quantile": lambda stored: 0 < stored.normal_quantile < 1,
    "colours": lambda stored: -1e30 < stored.colours[0] < stored.colours[1] < 1e30,
    "scale_quantile": lambda stored: 0 <= stored.scale_quantile <= 1,
    "quality": lambda stored: (
        0 < stored.quality.care <= stored.quality.refuse < 1e30
        and 0 < stored.quality.amber <= stored.quality.red < 1e30
        and set(stored.quality.floors) == set(SIDES)
        and all(0 < floor < 1e30 for floor in stored.quality.floors.values())
    ),
    "quartiles": lambda stored: (
        set(stored.quartiles) == set(SIDES)
        and all(-1e30 < first <= median <= third < 1e30 for first, median, third in stored.quartiles.values())
    ),
}
