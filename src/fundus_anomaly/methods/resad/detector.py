"""ReSAD on one page: equations 1 to 7 in memory, from normal photographs to a detector that scores others.

The workflow does the same in stages, whose files many variants share; a test holds the two together: same bank, same
scores. Without region and attention, and with 3×3 pooling, it is PatchCore.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from fundus_anomaly.datasets.subsets import entries_of_own_patients
from fundus_anomaly.methods.interface import Photographs, Scores
from fundus_anomaly.methods.resad.attention import Attention
from fundus_anomaly.methods.resad.features import extract
from fundus_anomaly.methods.resad.resc import combine
from fundus_anomaly.neighbours.coreset import select
from fundus_anomaly.neighbours.projection import Projection
from fundus_anomaly.neighbours.search import neighbours_for
from fundus_anomaly.networks.displacement import displacement as measured_displacement
from fundus_anomaly.networks.displacement import whole_pixels
from fundus_anomaly.networks.interface import Backbone
from fundus_anomaly.scoring.by_position import NormalMaps, Options, Positions
from fundus_anomaly.scoring.maps import anomaly_map

_EXACT = {"index": "flat", "nlist": 1, "nprobe": 1}


@dataclass(frozen=True)
class Settings:
    """Settings of ReSAD; workflow/schemas/config.schema.yaml says what each may be.

    Attributes:
        pool: Side of the average pooling before ReSC; 1 for none.
        region: r of eq. 3; 0 leaves the region filter out.
        spatial: The reading of eq. 4; "off" leaves the attention out.
        scale: Of its logits.
        coreset: Share of all positions that the bank keeps.
        epsilon: Of the sparse random projection that the coreset is chosen in.
        batch: Photographs through the backbone at once.
        dtype: Of the features, ``"float16"`` or ``"float32"``.
        search: ``index``, ``nlist`` and ``nprobe`` of the nearest-neighbour search.
    """

    pool: int = 1
    region: int = 12
    spatial: str = "matmul"
    scale: str = "inv_sqrt"
    coreset: float = 0.1
    epsilon: float = 0.9
    batch: int = 4
    dtype: str = "float16"
    search: Mapping[str, object] = field(default_factory=lambda: dict(_EXACT))


def resc_features(images: np.ndarray, backbone: Backbone, settings: Settings) -> Iterator[np.ndarray]:
    """Yield C = P + R of each photograph, ``(h, w, c)`` of ``settings.dtype``.

    Args:
        images: ``(n, S, S, 3)`` uint8 RGB.
        backbone: φ of eq. 1.
        settings: See :class:`Settings`.
    """
    attention = Attention(settings.spatial, settings.scale)
    # f₂, f₃ = φ(I): eq. 1.
    for _, level2, level3 in extract(backbone, images, 0, settings.batch, settings.dtype):
        for fine, coarse in zip(level2, level3, strict=True):
            # F = [f₂, up(f₃)], R = ψ_r(F), P = F ∘ softmax(F·Fᵀ), C = P + R: eq. 2 to 5.
            combined, _ = combine(
                torch.from_numpy(fine),
                torch.from_numpy(coarse),
                pool=settings.pool,
                region=settings.region,
                attention=attention,
            )
            yield combined.numpy().astype(settings.dtype)


def memory_bank(
    features: Sequence[np.ndarray], settings: Settings, *, seed: int, threads: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Return M, the greedy coreset of all positions of the normals' C (eq. 6), and which normal each entry is of.

    Args:
        features: C of each normal photograph.
        settings: ``coreset`` and ``epsilon``.
        seed: Seed of the projection.
        threads: CPU threads.

    Returns:
        ``(k, c)`` of the features' dtype and ``(k,)`` int64, in the order of the choice.
    """
    positions = np.concatenate([one.reshape(-1, one.shape[-1]) for one in features])
    projection = Projection(*positions.shape, settings.epsilon, seed)
    points = np.concatenate([projection.project(one.reshape(-1, one.shape[-1]).astype(np.float32)) for one in features])
    count = max(1, round(settings.coreset * len(positions)))
    chosen = select(points, count, device="cpu", threads=threads, memory=points.nbytes)
    return positions[chosen.index], chosen.index // (len(positions) // len(features))


class ReSAD:
    """ReSAD with a memory bank.

    Args:
        backbone: φ of eq. 1.
        bank: M, ``(k, c)``.
        settings: As the bank was made with.
        device: ``"cpu"`` or ``"cuda"``, of the search.
        threads: CPU threads of the search.
        seed: Seed of an approximate index.
        displacement: Whole pixels ``(dy, dx)`` that maps are moved back by, see :mod:`..networks.displacement`.
        entry_image: ``(k,)`` int, the normal that each entry is of; needed to judge normals alone.
        positions: μ and σ of normals at each position, if maps are calibrated by them.
    """

    def __init__(
        self,
        backbone: Backbone,
        bank: np.ndarray,
        settings: Settings,
        *,
        device: str = "cpu",
        threads: int = 1,
        seed: int = 0,
        displacement: tuple[int, int] = (0, 0),
        entry_image: np.ndarray | None = None,
        positions: Positions | None = None,
    ):
        self.bank, self.displacement, self.entry_image, self.positions = bank, displacement, entry_image, positions
        self._backbone, self._settings = backbone, settings
        entries = np.ascontiguousarray(bank, np.float32)
        self._neighbours = neighbours_for(entries, settings.search, device=device, threads=threads, seed=seed)

    @classmethod
    def fit(
        cls, normals: Photographs, backbone: Backbone, settings: Settings, *, seed: int = 0, threads: int = 1
    ) -> ReSAD:
        """Learn from normal photographs; all of their features are held in memory.

        Args:
            normals: The photographs.
            backbone: φ of eq. 1.
            settings: See :class:`Settings`.
            seed: Of the projection, and of an approximate index.
            threads: CPU threads.
        """
        features = list(resc_features(normals.images(range(len(normals))), backbone, settings))
        bank, image = memory_bank(features, settings, seed=seed, threads=threads)
        side = normals.images([0]).shape[1:3]
        moved = whole_pixels(measured_displacement(backbone, *side))
        return cls(backbone, bank, settings, seed=seed, threads=threads, displacement=moved, entry_image=image)

    def calibrate(self, normals: Photographs, patients: Sequence[str], options: Options) -> NormalMaps:
        """Learn what normals have at each position, from their distances to the bank without their own patient.

        Args:
            normals: The photographs that the detector was fitted to, in the same order.
            patients: The patient of each.
            options: How μ and σ are estimated.

        Returns:
            The normals' maps, each to be judged by the others'; ``positions`` are then those of all.

        Raises:
            InputError: If the bank or the normals are of one patient.
            ValueError: If it is unknown which normal each entry of the bank is of.
        """
        if self.entry_image is None:
            raise ValueError("which normal each entry is of is known only where the detector was fitted")
        places = range(len(normals))
        own = entries_of_own_patients(normals.ids, patients, self.entry_image, places)
        features = resc_features(normals.images(places), self._backbone, self._settings)
        maps = [self._distance(one, own[name]) for name, one in zip(normals.ids, features, strict=True)]
        found = NormalMaps(maps, normals.ids, patients, options)
        self.positions = found.all()
        return found

    def score(self, images: np.ndarray, fields_of_view: np.ndarray) -> Scores:
        """Return D, the distance of each position to its nearest entry of M (eq. 7), and the maximum of A (Sec. 3.3).

        Args:
            images: ``(n, S, S, 3)`` uint8 RGB.
            fields_of_view: ``(n, S, S)`` bool; the paper's maximum is over the whole photograph.
        """
        maps = [self._distance(one) for one in resc_features(images, self._backbone, self._settings)]
        # A is D at the photograph's size.
        anomaly = [anomaly_map(one, images.shape[1:3], self.displacement) for one in maps]
        return Scores(np.array([one.max() for one in anomaly], np.float64), np.stack(maps).astype(np.float32))

    def _distance(self, features: np.ndarray, excluding: np.ndarray | None = None) -> np.ndarray:
        queries = features.reshape(-1, features.shape[-1]).astype(np.float32)
        return self._neighbours.distances(queries, excluding).reshape(features.shape[:2])

    def state(self) -> Mapping[str, torch.Tensor]:
        """Return the bank; the backbone is known by its weights."""
        return {"bank": torch.from_numpy(self.bank)}
