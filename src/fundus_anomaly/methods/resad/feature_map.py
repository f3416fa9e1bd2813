"""A feature map F as a matrix of positions × channels, and the products that attention takes with it (ReSAD, eq. 4)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F


@dataclass(frozen=True)
class WholeMap:
    """F, held as it is.

    Attributes:
        flat: ``(hw, c)`` float32, contiguous.
    """

    flat: torch.Tensor

    def __len__(self) -> int:
        """Return the number of positions, hw."""
        return len(self.flat)

    @property
    def device(self) -> torch.device:
        """Where the map lies."""
        return self.flat.device

    def normalised(self) -> WholeMap:
        """Return the map with rows of length 1."""
        return WholeMap(F.normalize(self.flat, dim=1))

    def similarities(self, rows: torch.Tensor) -> torch.Tensor:
        """Return F · F[rows]ᵀ, ``(hw, rows)``, for ``rows`` ``(rows,)`` int64."""
        return self.flat @ self.flat[rows].T


@dataclass(frozen=True)
class LevelsMap:
    """F as it is made by eq. 2: level 2 beside U·f₃, level 3 upscaled, where U has four entries a row.

    F·Fᵀ = f₂·f₂ᵀ + U·(f₃·f₃ᵀ)·Uᵀ, and W·F = [W·f₂, (W·U)·f₃]: level 3 takes part in matrix products at its own
    resolution alone, commonly a quarter of the positions. The values are those of :class:`WholeMap` up to rounding.

    Attributes:
        level2: f₂, ``(hw, c2)`` float32, contiguous; of a normalised map divided by the lengths of F's rows.
        level3: f₃, ``(h3·w3, c3)`` float32, contiguous.
        corners: The positions of f₃ between which a position of F lies, ``(hw, 4)`` int64 (fewer where f₃ has
            a side of 1).
        shares: The bilinear weights of these corners, ``(hw, 4)`` float32; of a normalised map divided likewise.
    """

    level2: torch.Tensor
    level3: torch.Tensor
    corners: torch.Tensor
    shares: torch.Tensor

    @classmethod
    def of(cls, level2: torch.Tensor, level3: torch.Tensor) -> LevelsMap:
        """Return the map of f₂ ``(h, w, c2)`` and f₃ ``(h3, w3, c3)``, both float32."""
        (height, width), (height3, width3) = level2.shape[:2], level3.shape[:2]
        (above, down), (left, along) = _between(height, height3, level2), _between(width, width3, level2)
        corners = above[:, None, :, None] * width3 + left[None, :, None, :]
        shares = down[:, None, :, None] * along[None, :, None, :]
        return cls(
            level2.reshape(height * width, -1).contiguous(),
            level3.reshape(height3 * width3, -1).contiguous(),
            corners.reshape(height * width, -1).contiguous(),
            shares.reshape(height * width, -1).contiguous(),
        )

    def __len__(self) -> int:
        """Return the number of positions, hw."""
        return len(self.level2)

    @property
    def device(self) -> torch.device:
        """Where the map lies."""
        return self.level2.device

    def normalised(self) -> LevelsMap:
        """Return the map with rows of length 1."""
        upscaled = _weighted_sums(self.level3, self.corners, self.shares)
        lengths = (self.level2.square().sum(dim=1) + upscaled.square().sum(dim=1)).sqrt().clamp(min=1e-12)[:, None]
        return replace(self, level2=self.level2 / lengths, shares=self.shares / lengths)

    def similarities(self, rows: torch.Tensor) -> torch.Tensor:
        """Return F · F[rows]ᵀ, ``(hw, rows)``, for ``rows`` ``(rows,)`` int64."""
        near, corners = self.corners[rows].unique(return_inverse=True)
        coarse = _weighted_sums(self.level3[near] @ self.level3.T, corners, self.shares[rows])
        upscaled = _weighted_sums(coarse.T.contiguous(), self.corners, self.shares)
        return upscaled.addmm_(self.level2, self.level2[rows].T)

    def averaged(self, weights: torch.Tensor) -> torch.Tensor:
        """Return weightsᵀ · F, ``(rows, c)``, for ``weights`` ``(hw, rows)``."""
        corners = self.corners.flatten()
        order = corners.argsort(stable=True)
        first = torch.searchsorted(corners[order], torch.arange(len(self.level3), device=corners.device))
        folded = F.embedding_bag(
            order // self.corners.shape[1],
            weights.contiguous(),
            first,
            mode="sum",
            per_sample_weights=self.shares.flatten()[order],
        )
        return torch.cat([weights.T @ self.level2, folded.T @ self.level3], dim=1)


FeatureMap = WholeMap | LevelsMap


def _between(length: int, length3: int, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which of level 3's indices along one side an index of level 2 lies between, and their weights.

    They are read off what interpolates eq. 2, so that U is the same map.
    """
    eye = torch.eye(length3, device=like.device, dtype=like.dtype)[None]
    matrix = F.interpolate(eye, size=length, mode="linear", align_corners=False)[0].T
    shares, indices = matrix.topk(min(2, length3), dim=1)
    return indices, shares


def _weighted_sums(values: torch.Tensor, indices: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Return for each row of ``indices`` the sum of these rows of ``values``, weighted by its row of ``shares``."""
    return F.embedding_bag(indices, values, mode="sum", per_sample_weights=shares)
