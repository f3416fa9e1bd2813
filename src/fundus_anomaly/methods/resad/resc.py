"""ReSC, the region and spatial aware feature combination (ReSAD, Sec. 3.2, eq. 2 to 5)."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from fundus_anomaly.methods.resad.attention import Attention, spatial_aware
from fundus_anomaly.methods.resad.feature_map import upscaling

# Channels that are filtered at a time on a CPU: their spectra fit into the cache of a core.
_CHANNELS = 16


def pooled(level: torch.Tensor, pool: int) -> torch.Tensor:
    """Return a level after average pooling, at its own resolution.

    Args:
        level: ``(h, w, c)`` float32.
        pool: Side of the average pooling, odd; 1 for none (ReSAD), 3 for PatchCore (Roth et al. 2022, Sec. 3.1). As in
            PatchCore's published code what lies outside counts as zero: an average over what lies inside alone is
            noisier at the border, and the maximum of the map then often lies there.

    Returns:
        ``(h, w, c)`` float32.
    """
    if pool == 1:
        return level
    return F.avg_pool2d(level.permute(2, 0, 1)[None], pool, stride=1, padding=pool // 2)[0].permute(1, 2, 0)


def concat_levels(level2: torch.Tensor, level3: torch.Tensor) -> torch.Tensor:
    """Return F, level 2 beside level 3 upscaled to its shape (eq. 2).

    Args:
        level2: f₂, ``(h2, w2, c2)`` float32.
        level3: f₃, ``(h3, w3, c3)`` float32.

    Returns:
        ``(h2, w2, c2 + c3)`` float32.
    """
    (height, width), (height3, width3) = level2.shape[:2], level3.shape[:2]
    down, along = upscaling(height, height3, level3), upscaling(width, width3, level3)
    # As two products: torch's own interpolation leaves the channels apart, and takes thrice the time.
    rows = (down @ level3.reshape(height3, -1)).reshape(height, width3, -1)
    return torch.cat([level2, along @ rows], dim=-1)


def region_weights(radius: int) -> torch.Tensor:
    """Return ψ_r, the filter whose weights fall linearly with the distance d from the centre: max(0, 1 − d/r).

    Returns:
        ``(2r − 1, 2r − 1)`` float32, not normalised.
    """
    steps = torch.arange(1 - radius, radius, dtype=torch.float64)
    distance = (steps[:, None] ** 2 + steps[None, :] ** 2).sqrt()
    return (1 - distance / radius).clamp(min=0).float()


def region_aware(features: torch.Tensor, radius: int) -> torch.Tensor:
    """Return R = ψ_r(F), the region-aware feature map (eq. 3).

    Each position is the weighted mean over the disc of positions nearer than r; at the border the mean is taken over
    the weights that fall inside, so that borders do not darken. Computed by Fourier transform.

    Args:
        features: F, ``(h, w, c)`` float32.
        radius: r in positions; the paper's is 12.

    Returns:
        ``(h, w, c)`` float32.
    """
    # PatchCore, whose r is 0, comes by here never.
    from scipy.fft import next_fast_len

    height, width = features.shape[:2]
    kernel = region_weights(radius).to(features.device)
    # Long enough that the periodic convolution does not wrap around.
    shape = tuple(next_fast_len(side + radius - 1) for side in (height, width))
    spectrum = torch.fft.rfft2(_centred(kernel, shape))

    def filtered(maps: torch.Tensor) -> torch.Tensor:
        return torch.fft.irfft2(torch.fft.rfft2(maps, s=shape).mul_(spectrum), s=shape)[..., :height, :width]

    inside = filtered(torch.ones(1, height, width, device=features.device))
    regions = torch.empty_like(features, memory_format=torch.contiguous_format)
    channels = _CHANNELS if features.device.type == "cpu" else max(features.shape[-1], 1)
    for some, into in zip(features.split(channels, dim=-1), regions.split(channels, dim=-1), strict=True):
        into.copy_((filtered(some.permute(2, 0, 1)) / inside).permute(1, 2, 0))
    return regions


def _centred(kernel: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
    """Return the kernel on a periodic grid with its centre at the origin."""
    grid = kernel.new_zeros(shape)
    reach = kernel.shape[0] // 2
    index = torch.arange(-reach, reach + 1, device=kernel.device)
    grid.index_put_(((index % shape[0])[:, None], (index % shape[1])[None, :]), kernel, accumulate=True)
    return grid


def combine(
    level2: torch.Tensor, level3: torch.Tensor, *, pool: int, region: int, attention: Attention
) -> tuple[torch.Tensor, float]:
    """Return C = P + R, the region and spatial aware feature map (eq. 5), and the effective number of neighbours.

    With region and attention both off, C is F itself: features without ReSC, or PatchCore's with ``pool`` = 3.

    Args:
        level2: f₂, ``(h2, w2, c2)`` float.
        level3: f₃, ``(h3, w3, c3)`` float.
        pool: Side of the average pooling beforehand; see :func:`pooled`.
        region: r of eq. 3, or 0 to leave R out.
        attention: The reading of eq. 4; ``reading`` "off" leaves P out.

    Returns:
        ``(h2, w2, c2 + c3)`` float32, and the median over positions of exp(entropy) of the attention (NaN if off).
    """
    level2, level3 = pooled(level2.float(), pool), pooled(level3.float(), pool)
    features = concat_levels(level2, level3)
    parts, neighbours = [], float("nan")
    if region:
        parts.append(region_aware(features, region))
    if attention.reading != "off":
        spatial, neighbours = spatial_aware(features, attention, level3)
        parts.append(spatial)
    return (sum(parts[1:], start=parts[0]) if parts else features), neighbours
