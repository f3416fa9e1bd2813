"""Features of a photograph by EfficientNet-Lite0: our backbone, and timm's as it is."""

import tempfile
from pathlib import Path as File

import timm
import torch
from side_by_side import Path, main

from fundus_anomaly.networks.timm_network import NETWORKS, TimmBackbone
from fundus_anomaly.networks.weights import fetch

NAME = "efficientnet_lite0"
SIDE = 784


def prepare(size: float) -> Path:
    """Return the features of one photograph of side 784 times ``size``."""
    side = max(64, round(SIDE * size / 16) * 16)
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as folder:
        weights = File(folder) / "weights"
        fetch(NAME, "", "", weights)
        ours = TimmBackbone(NAME, weights, device="cpu", precision="float32")
        state = torch.load(weights, weights_only=True)
    network = NETWORKS[NAME]
    plain = timm.create_model(network.timm_name, pretrained=False, features_only=True, out_indices=(2, 3)).eval()
    plain.load_state_dict({network.key(key): value for key, value in state.items()}, strict=False)
    photograph = torch.randint(
        0, 256, (1, side, side, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
    )
    mean, std = (255 * torch.tensor(values).view(1, 3, 1, 1) for values in (network.mean, network.std))

    @torch.inference_mode()
    def by_timm() -> list[torch.Tensor]:
        return [level.permute(0, 2, 3, 1) for level in plain((photograph.permute(0, 3, 1, 2) - mean) / std)]

    def agree(one: list[torch.Tensor], other: list[torch.Tensor]) -> str:
        off = max(float((a - b).norm() / a.norm()) for a, b in zip(one, other, strict=True))
        return f"largest relative difference of a level {off:.1e}"

    ways = {"ours": lambda: ours.levels(photograph), "timm, float32": by_timm}
    return Path(f"Features, EfficientNet-Lite0, one photograph of {side}²", ways, agree)


if __name__ == "__main__":
    main(prepare, __doc__)
