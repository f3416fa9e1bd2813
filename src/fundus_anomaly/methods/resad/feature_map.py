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
        """Return F[rows] · Fᵀ, ``(rows, hw)`` contiguous, for ``rows`` ``(rows,)`` int64."""
        return self.flat[rows] @ self.flat.T


@dataclass(frozen=True)
class LevelsMap:
    """F as it is made by eq. 2: level 2 beside U·f₃, level 3 upscaled, where U has four entries a row.

    F·Fᵀ = f₂·f₂ᵀ + U·(f₃·f₃ᵀ)·Uᵀ, and W·F = [W·f₂, (W·U)·f₃]: level 3 takes part in matrix products at its own
    resolution alone, commonly a quarter of the positions. The values are those of :class:`WholeMap` up to rounding.

    Attributes:
        level2: f₂, ``(hw, c2)`` float32, contiguous; of a normalised map divided by the lengths of F's rows.
        level3: f₃, ``(h3·w3, c3)`` float32, contiguous.
        down, along: ``(h, h3)`` and ``(w, w3)`` float32, the two sides of U, see :func:`upscaling`.
        corners: The positions of f₃ between which a position of F lies, ``(hw, 4)`` int64 (fewer where f₃ has
            a side of 1).
        shares: The bilinear weights of these corners, ``(hw, 4)`` float32; of a normalised map divided likewise.
        lengths: Of F's rows, ``(hw,)`` float32, for a normalised map; else None.
    """

    level2: torch.Tensor
    level3: torch.Tensor
    down: torch.Tensor
    along: torch.Tensor
    corners: torch.Tensor
    shares: torch.Tensor
    lengths: torch.Tensor | None = None

    @classmethod
    def of(cls, level2: torch.Tensor, level3: torch.Tensor) -> LevelsMap:
        """Return the map of f₂ ``(h, w, c2)`` and f₃ ``(h3, w3, c3)``, both float32."""
        (height, width), (height3, width3) = level2.shape[:2], level3.shape[:2]
        down, along = upscaling(height, height3, level2), upscaling(width, width3, level2)
        (share_down, above), (share_along, left) = (side.topk(min(2, side.shape[1]), dim=1) for side in (down, along))
        corners = above[:, None, :, None] * width3 + left[None, :, None, :]
        shares = share_down[:, None, :, None] * share_along[None, :, None, :]
        return cls(
            level2.reshape(height * width, -1).contiguous(),
            level3.reshape(height3 * width3, -1).contiguous(),
            down,
            along,
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
        if self.lengths is not None:
            return self
        upscaled = _weighted_sums(self.level3, self.corners, self.shares)
        lengths = (self.level2.square().sum(dim=1) + upscaled.square().sum(dim=1)).sqrt().clamp(min=1e-12)
        return replace(
            self, level2=self.level2 / lengths[:, None], shares=self.shares / lengths[:, None], lengths=lengths
        )

    def similarities(self, rows: torch.Tensor) -> torch.Tensor:
        """Return F[rows] · Fᵀ, ``(rows, hw)`` contiguous, for ``rows`` ``(rows,)`` int64."""
        near, corners = self.corners[rows].unique(return_inverse=True)
        coarse = _weighted_sums(self.level3[near] @ self.level3.T, corners, self.shares[rows])
        upscaled = self.down @ coarse.reshape(len(rows), -1, self.along.shape[1])
        upscaled = (upscaled.reshape(-1, self.along.shape[1]) @ self.along.T).reshape(len(rows), -1)
        if self.lengths is not None:
            upscaled /= self.lengths
        return upscaled.addmm_(self.level2[rows], self.level2.T)

    def averaged(self, weights: torch.Tensor) -> torch.Tensor:
        """Return weights · F, ``(rows, c)``, for ``weights`` ``(rows, hw)`` contiguous."""
        of_level3 = weights if self.lengths is None else weights / self.lengths
        height, width = len(self.down), len(self.along)
        folded = of_level3.reshape(-1, width) @ self.along
        folded = self.down.T @ folded.reshape(len(weights), height, -1)
        return torch.cat([weights @ self.level2, folded.reshape(len(weights), -1) @ self.level3], dim=1)


FeatureMap = WholeMap | LevelsMap


def upscaling(length: int, length3: int, like: torch.Tensor) -> torch.Tensor:
    """Return one side of U, the bilinear interpolation of eq. 2: ``(length, length3)`` of the type of ``like``.

    It is read off what torch interpolates, so that U is the same map: of a map at level 3, U·f₃ = down · f₃ · alongᵀ.
    """
    eye = torch.eye(length3, device=like.device, dtype=like.dtype)[None]
    return F.interpolate(eye, size=length, mode="linear", align_corners=False)[0].T.contiguous()


def _weighted_sums(values: torch.Tensor, indices: torch.Tensor, shares: torch.Tensor) -> torch.Tensor:
    """Return for each row of ``indices`` the sum of these rows of ``values``, weighted by its row of ``shares``."""
    return F.embedding_bag(indices, values, mode="sum", per_sample_weights=shares)
