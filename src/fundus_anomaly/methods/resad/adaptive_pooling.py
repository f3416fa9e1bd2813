"""PatchCore's features of a fixed length (Roth et al. 2022, Sec. 3.1, as its published code has it)."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from fundus_anomaly.methods.resad.resc import concat_levels


def adaptively_pooled(level2: torch.Tensor, level3: torch.Tensor, pool: int, length: int) -> torch.Tensor:
    """Return features of a length, whatever the levels' numbers of channels are.

    All values of a neighbourhood, channel by channel, are brought to the length by means over bins of equal width, in
    each level at its own resolution; then both levels, side by side, once more.

    Args:
        level2: f₂, ``(h2, w2, c2)`` float.
        level3: f₃, ``(h3, w3, c3)`` float.
        pool: Side of the neighbourhood, odd; what lies outside counts as zero.
        length: Numbers a position; the published code has 1024.

    Returns:
        ``(h2, w2, length)`` float32.
    """
    both = concat_levels(*(_neighbourhoods(level.float(), pool, length) for level in (level2, level3)))
    height, width, channels = both.shape
    return F.adaptive_avg_pool1d(both.reshape(height * width, 1, channels), length).reshape(height, width, length)


def _neighbourhoods(level: torch.Tensor, pool: int, length: int) -> torch.Tensor:
    height, width, _ = level.shape
    values = F.unfold(level.permute(2, 0, 1)[None], pool, padding=pool // 2)[0].T
    return F.adaptive_avg_pool1d(values[:, None], length).reshape(height, width, length)
