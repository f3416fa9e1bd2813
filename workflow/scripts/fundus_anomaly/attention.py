"""Spatial self-attention over the positions of one feature map, in the readings of ReSAD's eq. 4."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import torch
import torch.nn.functional as F

READINGS = ("off", "matmul", "column_mass", "self_weight", "identity")
SCALE_PATTERN = r"(none|inv_sqrt|(cosine|perplexity)-(?=[0-9.]*[1-9])[0-9]*\.?[0-9]+)"

# Rows of the attention map that are held at once: 512 × 9604 positions are 20 MB.
_ROWS = 512
# The attention's entropy, and a temperature for a wanted perplexity, are taken from this many positions.
_SAMPLED = 512


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
            median over positions of the effective number of neighbours, exp(entropy), is N, as t-SNE's perplexity.
    """

    reading: str
    scale: str

    def __post_init__(self) -> None:
        if self.reading not in READINGS or not re.fullmatch(SCALE_PATTERN, self.scale):
            raise ValueError(f"no such attention: reading {self.reading!r} with scale {self.scale!r}")


def spatial_aware(features: torch.Tensor, attention: Attention) -> tuple[torch.Tensor, float]:
    """Return P, the spatial-aware feature map (eq. 4), and the attention's effective number of neighbours.

    The hw×hw map is never held whole.

    Args:
        features: F, ``(h, w, c)`` float32.
        attention: The reading and its scale.

    Returns:
        ``(h, w, c)`` float32, and the median over (up to 512 evenly spaced) positions of exp(entropy of the row).
    """
    # Torch's attention works blockwise only where the channels lie side by side; else it makes the whole map.
    flat = features.reshape(-1, features.shape[-1]).contiguous()
    if attention.reading == "identity":
        return features, 1.0
    keys, factor = _keys_and_factor(flat, attention.scale)
    neighbours = effective_neighbours(_sampled_logits(keys), factor)
    if attention.reading == "matmul":
        spatial = _attend(keys, flat, factor)
    else:
        weights = _received(keys, factor) if attention.reading == "column_mass" else _to_itself(keys, factor)
        spatial = flat * weights[:, None]
    return spatial.reshape(features.shape), neighbours


def effective_neighbours(logits: torch.Tensor, factor: float) -> float:
    """Return the median over rows of exp(entropy) of softmax(factor · logits); ``logits`` is ``(rows, hw)``."""
    log_weights = torch.log_softmax(logits * factor, dim=1)
    entropy = -(log_weights.exp() * log_weights).sum(dim=1)
    return float(entropy.exp().median())


def _keys_and_factor(flat: torch.Tensor, scale: str) -> tuple[torch.Tensor, float]:
    kind, _, value = scale.partition("-")
    if kind == "cosine":
        return F.normalize(flat, dim=1), 1 / float(value)
    if kind == "perplexity":
        return flat, _factor_for(_sampled_logits(flat), min(float(value), 0.95 * len(flat)))
    return flat, 1 / math.sqrt(flat.shape[1]) if kind == "inv_sqrt" else 1.0


def _sampled_logits(keys: torch.Tensor) -> torch.Tensor:
    rows = torch.linspace(0, len(keys) - 1, min(_SAMPLED, len(keys)), device=keys.device).long()
    return keys[rows] @ keys.T


def _factor_for(logits: torch.Tensor, wanted: float) -> float:
    """Return the factor whose effective number of neighbours is ``wanted``: it falls as the factor grows."""
    low, high = 1e-12, 1e12
    for _ in range(60):
        middle = math.sqrt(low * high)
        if effective_neighbours(logits, middle) > wanted:
            low = middle
        else:
            high = middle
        if high / low < 1 + 1e-6:
            break
    return math.sqrt(low * high)


def _attend(keys: torch.Tensor, values: torch.Tensor, factor: float) -> torch.Tensor:
    query, key, value = (tensor[None, None] for tensor in (keys, keys, values))
    return F.scaled_dot_product_attention(query, key, value, scale=factor)[0, 0]


def _received(keys: torch.Tensor, factor: float) -> torch.Tensor:
    """Return the column sums of softmax(factor · keys·keysᵀ), ``(hw,)``."""
    received = keys.new_zeros(len(keys))
    for rows in keys.split(_ROWS):
        received += torch.softmax(rows @ keys.T * factor, dim=1).sum(dim=0)
    return received


def _to_itself(keys: torch.Tensor, factor: float) -> torch.Tensor:
    """Return the diagonal of softmax(factor · keys·keysᵀ), ``(hw,)``."""
    own = []
    for first in range(0, len(keys), _ROWS):
        rows = keys[first : first + _ROWS]
        own.append(torch.softmax(rows @ keys.T * factor, dim=1).diagonal(offset=first))
    return torch.cat(own)
