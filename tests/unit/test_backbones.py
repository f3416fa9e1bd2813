"""Each backbone gives the levels of its network with the weights of its file, or says why it cannot."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import timm
import torch
import torch.nn.functional as F
import torchvision
from onnx import TensorProto, helper, numpy_helper
from sklearn.datasets import load_sample_images
from tiny_onnx import mean_pooling_graph

from fundus_anomaly.errors import InputError
from fundus_anomaly.methods.resad.features import level_shapes
from fundus_anomaly.networks.interface import load
from fundus_anomaly.networks.timm_network import NETWORKS
from fundus_anomaly.networks.weights import fetch

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "weights" / "resnet50_v2_stages1to3.onnx"
ONNX = {"outputs": ["level2", "level3"], "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}
PHOTOGRAPHS = torch.from_numpy(np.random.default_rng(0).integers(0, 255, (2, 64, 96, 3), dtype=np.uint8))


def backbone(name, path, precision="float32", **onnx):
    return load(name, path, device="cpu", precision=precision, threads=1, onnx=ONNX | onnx)


@pytest.fixture(scope="module")
def lite0(tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "lite0.weights"
    fetch("efficientnet_lite0", "", "", path)
    return path


def relative_error(found, wanted):
    return float((found - wanted).norm() / wanted.norm())


def same(x, kernel, stride):
    """Pad as TensorFlow does: the odd pixel at the end."""
    pads = [max((-(-side // stride) - 1) * stride + kernel - side, 0) for side in x.shape[:1:-1]]
    return F.pad(x, [part for pad in pads for part in (pad // 2, pad - pad // 2)])


def plain_lite0(state, photographs):
    """EfficientNet-Lite0 by its definition (Tan and Le 2019, without squeeze-and-excite, ReLU6), in the file's layout.

    Returns:
        The blocks' outputs, each ``(n, c, h, w)``, and the 1000 logits ``(n, 1000)``.
    """

    def conv(x, key, stride=1, groups=1):
        weight = state[f"{key}.weight"]
        return F.conv2d(same(x, weight.shape[-1], stride), weight, stride=stride, groups=groups)

    def norm(x, key):
        mean, var, weight, bias = (state[f"{key}.{n}"] for n in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, mean, var, weight, bias, eps=1e-3)

    x = (photographs.permute(0, 3, 1, 2).float() - 127) / 128
    x = F.relu6(norm(conv(x, "_conv_stem", 2), "_bn0"))
    outputs = []
    for number in range(16):
        key, given = f"_blocks.{number}.", x
        if number:
            x = F.relu6(norm(conv(x, key + "_expand_conv"), key + "_bn0"))
        x = conv(x, key + "_depthwise_conv", 2 if number in (1, 3, 5, 11) else 1, groups=x.shape[1])
        x = norm(conv(F.relu6(norm(x, key + "_bn1")), key + "_project_conv"), key + "_bn2")
        x = x + given if x.shape == given.shape else x
        outputs.append(x)
    x = F.relu6(norm(conv(x, "_conv_head"), "_bn1")).mean((2, 3))
    return outputs, F.linear(x, state["_fc.weight"], state["_fc.bias"])


def test_the_default_backbone_is_the_file_s_network_layer_by_layer(lite0):
    state = torch.load(lite0, weights_only=True)
    blocks, _ = plain_lite0(state, PHOTOGRAPHS)
    level2, level3 = backbone("efficientnet_lite0", lite0).levels(PHOTOGRAPHS)
    assert level2.shape == (2, 8, 12, 40)
    assert level3.shape == (2, 4, 6, 112)
    assert relative_error(level2, blocks[4].permute(0, 2, 3, 1)) < 1e-4
    assert relative_error(level3, blocks[10].permute(0, 2, 3, 1)) < 1e-4


def test_the_default_backbones_weights_are_genuine(lite0):
    # With the file's own classifier, photographs that scikit-learn ships are seen for what they are.
    state = torch.load(lite0, weights_only=True)
    images = np.stack([image[:, 106:533] for image in load_sample_images().images])
    small = F.interpolate(torch.from_numpy(images).permute(0, 3, 1, 2).float(), 224, mode="area").permute(0, 2, 3, 1)
    _, logits = plain_lite0(state, small)
    palace, daisy = 698, 985
    assert logits.argmax(dim=1).tolist() == [palace, daisy]


@pytest.mark.parametrize(
    ("name", "channels"),
    [("resnet18", (128, 256)), ("resnet34", (128, 256)), ("resnet50", (512, 1024)), ("wide_resnet50_2", (512, 1024))],
)
def test_torchvisions_files_fit_and_give_the_outputs_of_stages_2_and_3(tmp_path, name, channels):
    torch.manual_seed(0)
    reference = torchvision.models.get_model(name, weights=None).eval()
    torch.save(reference.state_dict(), tmp_path / "w.pth")
    level2, level3 = backbone(name, tmp_path / "w.pth").levels(PHOTOGRAPHS)
    mean, std = (torch.tensor(ONNX[key]).view(1, 3, 1, 1) for key in ("mean", "std"))
    x = (PHOTOGRAPHS.permute(0, 3, 1, 2) / 255 - mean) / std
    with torch.inference_mode():
        for layer in ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2"):
            x = getattr(reference, layer)(x)
        assert level2.shape == (2, 8, 12, channels[0])
        assert relative_error(level2, x.permute(0, 2, 3, 1)) < 1e-4
        assert level3.shape == (2, 4, 6, channels[1])
        assert relative_error(level3, reference.layer3(x).permute(0, 2, 3, 1)) < 1e-4


def test_low_precision_gives_single_precision_numbers_near_the_true_ones(lite0):
    exact, low = (backbone("efficientnet_lite0", lite0, p).levels(PHOTOGRAPHS)[0] for p in ("float32", "bfloat16"))
    assert low.dtype == torch.float32
    assert not torch.equal(exact, low)
    assert relative_error(low, exact) < 0.05


class Code:
    """What a malicious pickle does: it runs a command as it is read."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


@pytest.mark.parametrize("form", ["torch", "pickle"])
def test_code_in_a_weights_file_is_not_run(tmp_path, form):
    if form == "torch":
        torch.save({"conv1.weight": Code(tmp_path / "ran")}, tmp_path / "w.pth")
    else:
        (tmp_path / "w.pth").write_bytes(pickle.dumps(Code(tmp_path / "ran")))
    with pytest.raises(InputError, match=r"w\.pth.*without unpickling code"):
        backbone("resnet18", tmp_path / "w.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"no weights at all"])
@pytest.mark.parametrize("name", ["resnet18", "onnx"])
def test_a_file_that_is_no_weights_file_is_named(tmp_path, name, content):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(InputError, match=r"w\.pth"):
        backbone(name, tmp_path / "w.pth")


def resnet18_state():
    return timm.create_model("resnet18", features_only=True, out_indices=(2, 3)).state_dict()


@pytest.mark.parametrize("damage", ["nan", "missing", "shape", "other network", "no dict"])
def test_weights_that_do_not_fit_are_refused_with_what_is_wrong(tmp_path, damage):
    state = resnet18_state()
    if damage == "nan":
        state["layer2.0.conv1.weight"][0, 0, 0, 0] = float("nan")
    elif damage == "missing":
        del state["layer2.0.conv1.weight"]
    elif damage == "shape":
        state["layer2.0.conv1.weight"] = torch.zeros(1)
    elif damage == "no dict":
        state = [torch.zeros(1)]
    torch.save(state, tmp_path / "w.pth")
    wrong = "resnet34" if damage == "other network" else "resnet18"
    text = r"layer2\.0\.conv1\.weight" if damage in ("nan", "missing", "shape") else r"w\.pth.*do not fit"
    with pytest.raises(InputError, match=text):
        backbone(wrong, tmp_path / "w.pth")


def test_checkpoints_that_wrap_the_state_are_read(tmp_path):
    state = resnet18_state()
    torch.save(state, tmp_path / "plain.pth")
    torch.save({"state_dict": {f"module.{key}": value for key, value in state.items()}}, tmp_path / "wrapped.pth")
    levels = [backbone("resnet18", tmp_path / name).levels(PHOTOGRAPHS)[1] for name in ("plain.pth", "wrapped.pth")]
    assert torch.equal(*levels)


def test_an_unknown_backbone_is_refused_with_what_there_is(tmp_path):
    with pytest.raises(InputError) as caught:
        backbone("vgg16", tmp_path / "w.pth")
    assert all(name in str(caught.value) for name in [*NETWORKS, "onnx"])


def test_a_users_graph_gets_normalised_photographs_and_gives_its_levels(tmp_path):
    (tmp_path / "means.onnx").write_bytes(mean_pooling_graph({"coarse": 16, "fine": 8}, ["n", 3, "h", "w"]))
    network = backbone("onnx", tmp_path / "means.onnx", outputs=["fine", "coarse"])
    levels = network.levels(PHOTOGRAPHS)
    for level, size in zip(levels, (8, 16), strict=True):
        means = PHOTOGRAPHS.numpy().reshape(2, 64 // size, size, 96 // size, size, 3).mean((2, 4)) / 255
        np.testing.assert_allclose(level.numpy(), (means - ONNX["mean"]) / ONNX["std"], atol=1e-4)


def test_a_graph_on_a_gpu_is_not_rounded_to_tf32(tmp_path, monkeypatch):
    path, asked = tmp_path / "means.onnx", []
    path.write_bytes(mean_pooling_graph({"level2": 8, "level3": 16}, ["n", 3, "h", "w"]))

    def session(file, options, providers):
        asked.extend(providers)
        raise ValueError("stopped")

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    with pytest.raises(InputError, match="stopped"):
        load("onnx", path, device="cuda", precision="float32", threads=1, onnx=ONNX)
    assert asked == [("CUDAExecutionProvider", {"use_tf32": "0"}), "CPUExecutionProvider"]


def test_a_graph_with_other_outputs_fixed_sizes_or_levels_swapped_is_refused(tmp_path):
    path = tmp_path / "graph.onnx"
    path.write_bytes(mean_pooling_graph({"a": 8, "b": 16}, ["n", 3, "h", "w"]))
    with pytest.raises(InputError, match=r"graph\.onnx.*'a', 'b'.*'level2', 'level3'"):
        backbone("onnx", path)
    with pytest.raises(InputError, match=r"graph\.onnx.*finer level first"):
        backbone("onnx", path, outputs=["b", "a"]).levels(PHOTOGRAPHS)
    path.write_bytes(mean_pooling_graph({"level2": 8, "level3": 16}, [1, 3, 224, 224]))
    with pytest.raises(InputError, match=r"graph\.onnx.*\(2, 3, 64, 96\).*features\.batch"):
        backbone("onnx", path).levels(PHOTOGRAPHS)


def ordered_graph(path, perm=None, channels=(24, 16), dims=("n", 3, "H", "W")):
    """Write a graph of two convolutions with strides of 8 and 16, its outputs' axes exchanged."""
    draw = np.random.default_rng(0)
    nodes, weights = [], []
    for name, side, count in zip(("level2", "level3"), (8, 16), channels, strict=True):
        kernel = draw.normal(0, 0.2, (count, 3, side, side)).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"w{side}"))
        sides = {"strides": [side] * 2, "kernel_shape": [side] * 2}
        nodes.append(helper.make_node("Conv", ["x", f"w{side}"], [f"c{side}"], **sides))
        end = ("Transpose", {"perm": list(perm)}) if perm else ("Identity", {})
        nodes.append(helper.make_node(end[0], [f"c{side}"], [name], **end[1]))
    one = helper.make_tensor_value_info("x", TensorProto.FLOAT, dims)
    out = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in ("level2", "level3")]
    graph = helper.make_graph(nodes, "g", [one], out, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("channels", [(24, 16), (12, 6)], ids=["other numbers", "as many channels as positions"])
@pytest.mark.parametrize("dims", [("n", 3, "H", "W"), ("n", 3, 96, 96)], ids=["any size", "one size"])
def test_a_graph_whose_levels_are_channels_last_is_refused(tmp_path, channels, dims):
    square = torch.from_numpy(np.random.default_rng(1).integers(0, 255, (2, 96, 96, 3), dtype=np.uint8))
    right = backbone("onnx", ordered_graph(tmp_path / "first.onnx", None, (24, 16), dims))
    assert [level.shape[1:3] for level in right.levels(square)] == [(12, 12), (6, 6)]
    network = backbone("onnx", ordered_graph(tmp_path / "last.onnx", (0, 2, 3, 1), channels, dims))
    with pytest.raises(InputError, match=r"last\.onnx.*channels last \(n, h, w, c\).*--outputs-as-nchw"):
        network.levels(square)
    with pytest.raises(InputError, match=r"channels last"):
        level_shapes(network, 96, 96)


@pytest.mark.parametrize("perm", [(0, 1, 3, 2), (0, 3, 2, 1), (0, 3, 1, 2), (1, 0, 2, 3), (2, 3, 0, 1)])
def test_no_other_order_of_axes_passes_for_a_square(tmp_path, perm):
    square = torch.zeros(1, 96, 96, 3, dtype=torch.uint8)
    network = backbone("onnx", ordered_graph(tmp_path / "g.onnx", perm, (12, 6)))
    with pytest.raises(InputError, match=r"g\.onnx.*outputs \['level2', 'level3'\] of "):
        network.levels(square)


@pytest.mark.parametrize(
    "strides", [{"level2": 4, "level3": 8}, {"level2": 8, "level3": 32}, {"level2": 8, "level3": 8}]
)
def test_levels_of_other_strides_are_refused(tmp_path, strides):
    (tmp_path / "g.onnx").write_bytes(mean_pooling_graph(strides, ["n", 3, "h", "w"]))
    with pytest.raises(InputError, match=r"g\.onnx.*a position for each 8 pixels and for each 16"):
        backbone("onnx", tmp_path / "g.onnx").levels(PHOTOGRAPHS)


def test_sizes_that_are_no_multiples_of_the_strides_are_taken(tmp_path):
    network = backbone("onnx", ordered_graph(tmp_path / "g.onnx"))
    levels = network.levels(torch.zeros(1, 100, 75, 3, dtype=torch.uint8))
    assert [tuple(level.shape[1:3]) for level in levels] == [(12, 9), (6, 4)]


@pytest.mark.real
@pytest.mark.skipif(not SHARED.is_file(), reason="needs ../shared/weights/resnet50_v2_stages1to3.onnx")
def test_the_zoos_resnet50_v2_has_the_papers_widths_and_trained_statistics():
    images = torch.from_numpy(np.stack(load_sample_images().images)[:, :320, :320])
    level2, level3 = backbone("onnx", SHARED).levels(images)
    assert (level2.shape, level3.shape) == ((2, 40, 40, 512), (2, 20, 20, 1024))
    # After ReLU: none negative; sparse, as trained networks are and random ones (half of all) are not.
    for level in (level2, level3):
        assert float(level.min()) == 0
        assert 0.5 < float((level == 0).float().mean()) < 0.95
    norm = torch.cat([level2.mean((1, 2)), level3.mean((1, 2))], dim=1).norm(dim=1)
    assert (norm > 0.1).all()


FULL_SIZE = """
import sys, torch
torch.set_num_threads(1)
from fundus_anomaly.networks.interface import load
network = load("wide_resnet50_2", sys.argv[1], device="cpu", precision="float32", threads=1, onnx={})
level2, level3 = network.levels(torch.randint(0, 255, (1, 784, 784, 3), dtype=torch.uint8))
# The kernel's own mark: getrusage would give the parent's if that is larger.
peak = [line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")]
print(*level2.shape, *level3.shape, *peak)
"""


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="peak memory is read from Linux's /proc")
def test_the_papers_network_runs_at_full_size_within_two_gigabytes(tmp_path):
    with torch.device("meta"):
        wanted = timm.create_model("wide_resnet50_2", features_only=True, out_indices=(2, 3)).state_dict()
    torch.save({key: torch.rand(value.shape) / 100 for key, value in wanted.items()}, tmp_path / "random.pth")
    command = [sys.executable, "-c", FULL_SIZE, str(tmp_path / "random.pth")]
    environment = {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    *shapes, kibibytes = map(int, done.stdout.split())
    assert shapes == [1, 98, 98, 512, 1, 49, 49, 1024]
    # Measured: 1200 MB, of which the weights are 100.
    assert 300_000 < kibibytes < 2_000_000
