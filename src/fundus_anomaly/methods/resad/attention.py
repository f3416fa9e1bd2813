"""Spatial self-attention over the positions of one feature map, in the readings of ReSAD's eq. 4."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from fundus_anomaly.methods.resad.feature_map import FeatureMap, LevelsMap, WholeMap

READINGS = ("off", "matmul", "column_mass", "self_weight", "identity")
SCALE_PATTERN = (
    r"(none|inv_sqrt|cosine-(?=[0-9.]*[1-9])[0-9]{0,4}\.?[0-9]{1,6}|perplexity-[1-9][0-9]{0,8}(\.[0-9]{1,6})?)"
)

# Rows of the attention map that are held at once: 512 × 9604 positions are 20 MB.
_ROWS = 512
# The attention's entropy, and a temperature for a wanted perplexity, are taken from this many positions.
_SAMPLED = 512
# Channels of level 3 from which on products made from the levels are the faster ones (benchmarks/resc.py).
_FROM_LEVELS = 512
# The largest logit that a perplexity is sought with: float32's rounding of it (.06) still changes no weight by much.
_LARGEST_LOGIT = 1e6


@dataclass(frozen=True)
class Attention:
    """How eq. 4, P = F ∘ softmax(G) with G = F·Fᵀ, is read.

    F has shape hw×c and softmax(G) hw×hw, so that the Hadamard product has no valid shape. The readings:

    - ``matmul``: P = softmax(G)·F, non-local attention, the well-typed neighbour of what is written.
    - ``column_mass``: P_i = F_i · Σ_j softmax(G)_ji, each position scaled by the attention that it receives.
    - ``self_weight``: P_i = F_i · softmax(G)_ii, each position scaled by its attention to itself.
    - ``identity``: P = F, what remains if the softmax is taken as one.
    - ``off``: no P.

    Attributes:
        reading: One of :data:`READINGS`.
        scale: What G is multiplied by before the softmax. ``none``: 1, as written. ``inv_sqrt``: 1/√c.
            ``cosine-T``: F's rows are normalised first, then 1/T. ``perplexity-N``: for each image such that the
            median over positions of the effective number of neighbours, exp(entropy), is N ≥ 1, as t-SNE's
            perplexity; at most .95·hw. Where positions are alike to rounding N may be out of reach: the number that
            came out is returned with P and stands in the table.
    """

    reading: str
    scale: str

    def __post_init__(self) -> None:
        if self.reading not in READINGS or not re.fullmatch(SCALE_PATTERN, self.scale):
            raise ValueError(f"no such attention: reading {self.reading!r} with scale {self.scale!r}")


def spatial_aware(
    features: torch.Tensor, attention: Attention, level3: torch.Tensor | None = None
) -> tuple[torch.Tensor, float]:
    """Return P, the spatial-aware feature map (eq. 4), and the attention's effective number of neighbours.

    The hw×hw map is never held whole.

    Args:
        features: F, ``(h, w, c)`` float32.
        attention: The reading, not "off", and its scale.
        level3: f₃, ``(h3, w3, c3)`` float32, where the last c3 channels of F are f₃ upscaled (eq. 2), which is not
            checked: P is the same up to rounding, in less time where c3 is large.

    Returns:
        ``(h, w, c)`` float32, and the lower median over (up to 512 evenly spaced) positions of exp(entropy of the row).

    Raises:
        ValueError: If the reading is "off", or level 3 cannot be a part of F.
    """
    if attention.reading == "off":
        raise ValueError("attention that is off has no P")
    if attention.reading == "identity":
        return features, 1.0
    values = _feature_map(features, level3)
    keys, factor = _keys_and_factor(values, attention.scale, features.shape[-1])
    neighbours = effective_neighbours(_sampled_logits(keys), factor)
    if attention.reading == "matmul":
        return _attend(keys, values, factor).reshape(features.shape), neighbours
    weights = {"column_mass": _received, "self_weight": _to_itself}[attention.reading]
    return features * weights(keys, factor).reshape(*features.shape[:2], 1), neighbours


def effective_neighbours(logits: torch.Tensor, factor: float) -> float:
    """Return the lower median over rows of exp(entropy) of softmax(factor · logits); ``logits`` is ``(rows, hw)``."""
    log_weights = torch.log_softmax(logits * factor, dim=1)
    entropy = -(log_weights.exp() * log_weights).sum(dim=1)
    return float(entropy.exp().median())


def _feature_map(features: torch.Tensor, level3: torch.Tensor | None) -> FeatureMap:
    if level3 is not None and (
        level3.ndim != 3 or level3.shape[-1] > features.shape[-1] or level3.dtype != features.dtype
    ):
        raise ValueError(
            f"level 3, {tuple(level3.shape)} {level3.dtype}, in F, {tuple(features.shape)} {features.dtype}"
        )
    if level3 is not None and level3.shape[-1] >= _FROM_LEVELS:
        return LevelsMap.of(features[..., : -level3.shape[-1]], level3)
    # Torch's attention works blockwise only where the channels lie side by side; else it makes the whole map.
    return WholeMap(features.reshape(-1, features.shape[-1]).contiguous())


def _keys_and_factor(values: FeatureMap, scale: str, channels: int) -> tuple[FeatureMap, float]:
    kind, _, value = scale.partition("-")
    if kind == "cosine":
        return values.normalised(), 1 / float(value)
    if kind == "perplexity":
        return values, _factor_for(_sampled_logits(values), min(float(value), 0.95 * len(values)))
    return values, 1 / math.sqrt(channels) if kind == "inv_sqrt" else 1.0


def _sampled_logits(keys: FeatureMap) -> torch.Tensor:
    rows = torch.linspace(0, len(keys) - 1, min(_SAMPLED, len(keys)), device=keys.device).long()
    return keys.similarities(rows)


def _factor_for(logits: torch.Tensor, wanted: float) -> float:
    """Return the factor whose effective number of neighbours is ``wanted``: it falls as the factor grows."""
    high = _LARGEST_LOGIT / max(float(logits.abs().max()), 1e-30)
    low = high / 1e18
    for _ in range(60):
        middle = math.sqrt(low * high)
        if effective_neighbours(logits, middle) > wanted:
            low = middle
        else:
            high = middle
        if high / low < 1 + 1e-6:
            break
    return math.sqrt(low * high)


def _attend(keys: FeatureMap, values: FeatureMap, factor: float) -> torch.Tensor:
    """Return softmax(factor · keys·keysᵀ) · values, ``(hw, c)``."""
    if isinstance(keys, WholeMap):
        query, key, value = (tensor[None, None] for tensor in (keys.flat, keys.flat, values.flat))
        return F.scaled_dot_product_attention(query, key, value, scale=factor)[0, 0]
    return torch.cat([values.averaged(weights) for _, weights in _softmax_of_g(keys, factor)])


def _received(keys: FeatureMap, factor: float) -> torch.Tensor:
    """Return the column sums of softmax(factor · keys·keysᵀ), ``(hw,)``."""
    return sum(weights.sum(dim=0) for _, weights in _softmax_of_g(keys, factor))


def _to_itself(keys: FeatureMap, factor: float) -> torch.Tensor:
    """Return the diagonal of softmax(factor · keys·keysᵀ), ``(hw,)``."""
    # A view of the diagonal would keep its block, and all of them are the whole map.
    return torch.cat([weights.diagonal(offset=first).clone() for first, weights in _softmax_of_g(keys, factor)])


def _softmax_of_g(keys: FeatureMap, factor: float) -> Iterator[tuple[int, torch.Tensor]]:
    """Yield softmax(factor · keys·keysᵀ) in blocks of rows: the first row's number, and the block, ``(rows, hw)``."""
    for rows in torch.arange(len(keys), device=keys.device).split(_ROWS):
        # Along the numbers that lie side by side a softmax takes a quarter of the time.
        yield int(rows[0]), torch.softmax(keys.similarities(rows).mul_(factor), dim=1)
