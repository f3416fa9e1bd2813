"""Weights, graphs and checkpoints as nobody wants them."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import torch
from hostile_case import Case
from onnx import TensorProto, helper, numpy_helper
from tiny_onnx import mean_pooling_graph

from fundus_anomaly.networks.interface import load
from fundus_anomaly.networks.onnx_graph import OnnxBackbone
from fundus_anomaly.networks.state import load_state, read_state
from fundus_anomaly.networks.vgg16_convolutions import LAYERS, vgg16_convolutions
from fundus_anomaly.networks.weights import fetch
from fundus_anomaly.training.checkpoint import read_checkpoint

PLAIN = ("w.pth", "not a plain state dict", "a PyTorch state dict of tensors", "get the weights")
GRAPH = ("w.onnx", "ONNX graph", "set backbone.weights to an ONNX file")
VGG = ("w.onnx", "VGG16's convolutions", "leave the path of the weights empty")


class Code:
    """Runs a command when it is unpickled."""

    def __reduce__(self):
        return os.system, ("touch executed ../in/executed ../outside/executed",)


def saved(content: object, **options):
    """Return a maker of a PyTorch file."""

    def make(folder: Path) -> Path:
        torch.save(content, folder / "w.pth", **options)
        return folder / "w.pth"

    return make


def written(data: bytes, name: str = "w.pth"):
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def packed(folder: Path) -> Path:
    """Write a state of a gigabyte of zeros whose archive is compressed to a megabyte."""
    buffer = io.BytesIO()
    torch.save({"weight": torch.zeros(4)}, buffer)
    with zipfile.ZipFile(buffer) as archive, zipfile.ZipFile(folder / "w.pth", "w", zipfile.ZIP_DEFLATED) as other:
        for member in archive.namelist():
            with other.open(member, "w") as file:
                file.write(archive.read(member))
                for _ in range(1024 if "/data/" in member else 0):
                    file.write(bytes(2**20))
    return folder / "w.pth"


def script(folder: Path) -> Path:
    torch.jit.script(torch.nn.Linear(2, 2)).save(folder / "w.pth")
    return folder / "w.pth"


def state(path: Path, results: Path) -> dict:
    return read_state(path)


def linear(path: Path, results: Path) -> None:
    load_state(torch.nn.Linear(2, 2), read_state(path), "a network", path)


def lite0(path: Path, results: Path) -> object:
    return load("efficientnet_lite0", path, device="cpu", precision="float32", threads=1, onnx={})


def graph(path: Path, results: Path) -> object:
    options = {"outputs": ["fine", "coarse"], "mean": [0.5] * 3, "std": [0.2] * 3}
    return OnnxBackbone(path, device="cpu", threads=1, **options)


def external(operator: str):
    """Return a maker of a graph whose values are said to stand in a file outside of its folder."""

    def make(folder: Path) -> Path:
        tensor = numpy_helper.from_array(np.zeros((3, 3, 1, 1), np.float32), "secret")
        tensor.ClearField("raw_data")
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="../outside/secret.txt")
        ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("image", "fine", "coarse")]
        if operator == "Constant":
            first = helper.make_node("Constant", [], ["c"], value=tensor)
            nodes = [first, helper.make_node("Add", ["image", "c"], ["fine"])]
        else:
            nodes = [helper.make_node("Conv", ["image", "secret"], ["fine"])]
        nodes.append(helper.make_node("Identity", ["fine"], ["coarse"]))
        held = [tensor] if operator == "Conv" else []
        body = helper.make_graph(nodes, "g", ports[:1], ports[1:], held)
        model = helper.make_model(body, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        (folder / "w.onnx").write_bytes(model.SerializeToString())
        return folder / "w.onnx"

    return make


def convolutions(folder: Path) -> Path:
    """Write a graph of thirteen convolutions that are not VGG16's."""
    weight, bias = np.zeros((4, 2, 3, 3), np.float32), np.zeros(4, np.float32)
    held = [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(bias, "b")]
    nodes = [helper.make_node("Conv", ["x", "w", "b"], ["x"]) for _ in LAYERS]
    model = helper.make_model(helper.make_graph(nodes, "g", [], [], held))
    (folder / "w.onnx").write_bytes(model.SerializeToString())
    return folder / "w.onnx"


def fetched(path: str, pinned: str = "", name: str = "resnet18"):
    def read(made: Path, results: Path) -> str:
        return fetch(name, path or str(made), pinned, results / "weights")

    return read


def resumed(path: Path, results: Path) -> object:
    return read_checkpoint(path, "key")


CHECKPOINT = {"key": "key", "history": [{"epoch": 1}], "weights": {}, "optimiser": {}, "best": {}}
GOOD = torch.nn.Linear(2, 2).state_dict()
NAN = GOOD | {"bias": torch.tensor([0.0, float("nan")])}
POOLING = mean_pooling_graph({"fine": 2, "coarse": 4}, ["n", 3, "h", "w"])
CASES = [
    Case("pickle with code", written(pickle.dumps(Code(), 2)), state, PLAIN),
    Case("archive with code", saved({"weight": Code()}), state, PLAIN),
    Case("compiled script", script, state, PLAIN),
    Case("archive that unpacks to a gigabyte", packed, state, (*PLAIN, "unpacks")),
    Case("empty weights", written(b""), state, PLAIN),
    Case("random weights", written(np.random.default_rng(0).bytes(5000)), state, PLAIN),
    Case("no names", saved({1: torch.zeros(2)}), linear, ("w.pth", "weight is missing", "give a file of this")),
    Case("a tensor in place of a state", saved({"state_dict": torch.zeros(2)}), state, PLAIN),
    Case("sparse weights", saved({"weight": torch.eye(2).to_sparse()}), state, (*PLAIN, "weight is sparse")),
    Case("weights without values", saved({"weight": torch.zeros(2, 2, device="meta")}), state, PLAIN),
    Case("NaN", saved(NAN), linear, ("w.pth", "bias holds NaN or infinite values", "name the network")),
    Case("other shapes", saved(torch.nn.Linear(3, 2).state_dict()), linear, ("w.pth", "(2, 3) instead of (2, 2)")),
    Case(
        "another architecture",
        saved({"_blocks.31._bn0.weight": torch.zeros(2)}),
        lite0,
        ("w.pth", "parameters that do not fit", "efficientnet_lite0", "name the network"),
        mib=256,
    ),
    Case(
        "wrong SHA-256",
        saved(GOOD),
        fetched("", "ab" * 32),
        ("w.pth", "a file with SHA-256", "the pinned SHA-256 abab", "backbone.sha256"),
    ),
    Case(
        "weights that are a folder", lambda folder: folder, fetched(""), ("backbone.weights", "not a file", "correct")
    ),
    Case(
        "weights that are a command",
        lambda folder: folder,
        fetched("$(touch executed)"),
        ("backbone.weights", "not a file"),
    ),
    Case(
        "no registered weights",
        lambda folder: folder,
        lambda made, results: fetch("onnx", "", "", results / "w"),
        ("backbone.weights", "no path", "set backbone.weights"),
    ),
    Case("graph of rubbish", written(b"\xff" * 500, "w.onnx"), graph, GRAPH),
    Case("truncated graph", written(POOLING[:-20], "w.onnx"), graph, GRAPH),
    Case(
        "graph with other outputs",
        written(mean_pooling_graph({"x": 2, "y": 4}, ["n", 3, "h", "w"]), "w.onnx"),
        graph,
        ("w.onnx", "['x', 'y']", "backbone.onnx.outputs"),
    ),
    Case("graph that names another file", external("Conv"), graph, (*GRAPH, "values in another file", "secret")),
    Case("constant in another file", external("Constant"), graph, (*GRAPH, "values in another file", "secret")),
    Case(
        "VGG16 that names another file",
        external("Conv"),
        lambda path, results: vgg16_convolutions(path),
        (*VGG, "values in another file"),
    ),
    Case(
        "VGG16 of other convolutions",
        convolutions,
        lambda path, results: vgg16_convolutions(path),
        (*VGG, "(4, 2, 3, 3)"),
    ),
    Case("VGG16 of rubbish", written(b"\xff" * 500, "w.onnx"), lambda path, results: vgg16_convolutions(path), VGG),
    Case("checkpoint with code", saved(CHECKPOINT | {"best": Code()}), resumed, ("w.pth", "no checkpoint", "delete")),
    Case("truncated checkpoint", written(b"PK\x03\x04" + bytes(500)), resumed, ("w.pth", "no checkpoint", "delete")),
    Case(
        "checkpoint of another key",
        saved(CHECKPOINT | {"key": torch.zeros(3)}),
        resumed,
        handled=lambda found: found is None,
    ),
    Case("checkpoint without a history", saved(CHECKPOINT | {"history": [{"loss": 1}]}), resumed, ("w.pth", "delete")),
]
