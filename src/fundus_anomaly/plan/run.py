"""A run as a value: its rows, and the settings that its stages share, from the configuration alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from fundus_anomaly.networks.weights import weights_of_methods
from fundus_anomaly.plan import compared, patchcore_rows, variants

MAIN = [variants.RESAD, variants.PATCHCORE]
"""The variants of Tables 1 and 2."""
SHOWN = [variants.PATCHCORE, variants.RESAD]
"""The same as figures show them, ours last."""
SCALE_QUANTILE = 0.99
"""Share of held-out normals' places that lie below the beginning of the colour scale of heat maps."""


@dataclass(frozen=True)
class Run:
    """What a configuration asks for.

    Attributes:
        config: The validated configuration.
        titles: How each compared method is printed.
        unstable: Compared methods that have repeats of their own.
        variants: ReSAD, PatchCore and the ablations, from :func:`.variants.expand`.
        patchcores: Further rows of PatchCore, from :func:`.patchcore_rows.expand`.
        compared: Rows of the compared methods, from :func:`.compared.expand`.
    """

    config: Mapping[str, Any]
    titles: Mapping[str, str]
    unstable: Collection[str]
    variants: list[dict]
    patchcores: list[dict]
    compared: list[dict]

    @classmethod
    def of(cls, config: Mapping[str, Any], titles: Mapping[str, str], unstable: Collection[str]) -> Run:
        """Return the run that a configuration asks for.

        Args:
            config: The validated configuration.
            titles: How each compared method is printed.
            unstable: Compared methods whose figures differ much from training to training.

        Raises:
            InputError: If two rows of a table share a name.
        """
        further = patchcore_rows.expand(config, MAIN)
        taken = [*MAIN, *(row["name"] for row in further)]
        rows = compared.expand(config, titles, taken, unstable)
        return cls(config, titles, unstable, variants.expand(config), further, rows)

    @cached_property
    def ablations(self) -> list[str]:
        """Names of Table 3's variants."""
        return [row["variant"] for row in self.variants if row["variant"] not in MAIN]

    @cached_property
    def unchanged(self) -> list[str]:
        """The ablation that leaves nothing out, if there is one: its calibrated maps are a row beside it."""
        return [name for name in [variants.unchanged(self.variants)] if name in self.ablations]

    @cached_property
    def attending(self) -> list[str]:
        """Ablations that attend, one for each scale: the entropy of the attention depends on nothing else."""
        first: dict[str, str] = {}
        for row in self.named(self.ablations):
            if row["spatial"] not in ("off", "identity"):
                first.setdefault(row["scale"], row["variant"])
        return list(first.values())

    @cached_property
    def fits(self) -> dict[tuple[str, str, str], Mapping]:
        """One row for each fit of a compared method, by method, key and run."""
        return compared.fits(self.compared)

    @cached_property
    def further(self) -> dict[str, Mapping]:
        """Further rows of PatchCore, by key."""
        return {row["key"]: row for row in self.patchcores}

    @cached_property
    def preprocessing(self) -> dict[str, dict]:
        """How photographs are prepared.

        As ReSAD sees them, as LesionPaste does, as compared methods do, and without Graham's step, to be measured.
        """
        config = self.config
        settings = {
            "resad": config["preprocessing"],
            "lesionpaste": config["lesionpaste"]["preprocessing"],
            "compared": config["preprocessing"] | {"size": config["compared"]["size"]},
            "as_taken": config["preprocessing"] | {"graham": False},
        }
        return {name: {**own, "bits_used": config["data"]["bits_used"]} for name, own in settings.items()}

    @property
    def measured(self) -> str:
        """How the photographs are prepared whose quality is measured: Graham's step takes brightness and contrast."""
        return "as_taken" if self.config["preprocessing"]["graham"] else "resad"

    @cached_property
    def weights(self) -> dict[str, dict]:
        """Files of weights: the network, where each comes from, and the sections of the configuration that say so."""
        return weights_of_methods(self.config)

    @property
    def classifier_weights(self) -> str:
        """Name of the file of weights that LesionPaste's classifier begins with."""
        return next(name for name, part in self.weights.items() if "lesionpaste.network" in part["sections"])

    @property
    def image_size(self) -> list[int]:
        """Height and width of ReSAD's photographs, in pixels."""
        return [self.config["preprocessing"]["size"]] * 2

    @property
    def index(self) -> dict[str, Any]:
        """How a bank is searched."""
        return {key: self.config["bank"][key] for key in ("index", "nlist", "nprobe")}

    @property
    def scores(self) -> dict[str, Any]:
        """How a map becomes an image's score."""
        own = {key: self.config["scoring"][key] for key in ("top_quantile", "smoothing")}
        return own | {"field_of_view_only": self.config["evaluation"]["field_of_view_only"]}

    def named(self, names: Iterable[str]) -> list[dict]:
        """Return the parameters of variants.

        Args:
            names: Theirs, in the order wanted.

        Raises:
            KeyError: If there is no variant of a name.
        """
        by_name = {row["variant"]: row for row in self.variants}
        return [by_name[name] for name in names]

    @property
    def detector_settings(self) -> dict[str, Any]:
        """What :class:`..methods.resad.detector.Settings` takes, of the row that the detector's file holds."""
        row, features = self.named([variants.RESAD])[0], self.config["features"]
        found = {name: row[name] for name in ("pool", "region", "spatial", "scale", "coreset")}
        found |= {name: features[name] for name in ("batch", "dtype")}
        return found | {"epsilon": self.config["bank"]["epsilon"], "search": self.index}

    @property
    def detector_facts(self) -> dict[str, Any]:
        """What :class:`..methods.resad.detector_file.Trained` takes of the configuration, beside those settings."""
        config = self.config
        scored = {"image_score": config["scoring"]["image_score"]}
        scored["calibrated_score"] = config["calibration"]["image_score"]
        return {
            "backbone": {
                "name": self.named([variants.RESAD])[0]["backbone"],
                "precision": config["features"]["precision"],
                "onnx": dict(config["backbone"]["onnx"]),
            },
            "preprocessing": self.preprocessing["resad"] | {"max_pixels": config["data"]["max_pixels"]},
            "scoring": self.scores | scored,
            "normal_quantile": config["evaluation"]["normal_quantile"],
            "scale_quantile": SCALE_QUANTILE,
            "seed": config["seed"],
        }

    def facts(self, names: Iterable[str]) -> dict[str, Any]:
        """Return what a table says of the run of its variants.

        Args:
            names: Theirs.
        """
        rows, side = self.named(names), self.config["preprocessing"]["size"]
        return {
            "dataset": self.config["dataset"],
            "backbone": rows[0]["backbone"] if rows else self.config["backbone"]["name"],
            "image size": f"{side}×{side}",
            "coreset fraction": ", ".join(sorted({f"{row['coreset']:g}" for row in rows})),
        }

    @property
    def resad_facts(self) -> dict[str, Any]:
        """What Tables 1 and 2 say of their run, ReSAD's own row among it."""
        row = self.named([variants.RESAD])[0]
        reading = f"{row['spatial']}, scale {row['scale']}"
        own = {"coreset fraction": row["coreset"], "region filter r": row["region"], "reading of eq. 4": reading}
        return self.facts(MAIN) | own

    def table_settings(self, against: str) -> dict[str, Any]:
        """Return what both of ReSAD's tables say of their figures.

        Args:
            against: The row that the others' pixels are compared with.
        """
        config = self.config
        return {
            "dataset": config["dataset"],
            "image_score": config["scoring"]["image_score"],
            "normal_quantile": config["evaluation"]["normal_quantile"],
            "confidence": config["evaluation"]["confidence"],
            "against": against,
        }
