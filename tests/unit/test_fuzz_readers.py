"""Every reader of foreign files, on files that are damaged at random: it returns, or it raises an InputError."""

import gzip
import io
import resource
import signal
from pathlib import Path

import nibabel
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lesion_samples import lesions
from mosmed_samples import HEADER, write_volume
from PIL import Image
from tiny_onnx import mean_pooling_graph

from fundus_anomaly.audit.fact_tables import PHOTOGRAPH_FACTS, fact_table, read_facts
from fundus_anomaly.audit.findings import Finding, findings_table, read_findings
from fundus_anomaly.audit.inspect import inspect_mask, inspect_photograph
from fundus_anomaly.datasets import eyeq, registry
from fundus_anomaly.datasets.columns import COLUMNS
from fundus_anomaly.datasets.idrid_files import _graded
from fundus_anomaly.datasets.image_ids import is_id
from fundus_anomaly.datasets.label_table import read_table
from fundus_anomaly.datasets.manifest import Dataset, checked, frame, read_manifest, write_manifest
from fundus_anomaly.datasets.mosmed_files import read_scans
from fundus_anomaly.errors import InputError
from fundus_anomaly.files.hdf5 import create_dataset, create_h5, open_h5, read_ids, write_ids
from fundus_anomaly.imaging.ct_volume import CtVolume
from fundus_anomaly.imaging.decode import decode, decode_mask
from fundus_anomaly.methods.lesionpaste.lesion_bank import read_bank, write_bank
from fundus_anomaly.neighbours import coreset_checkpoint
from fundus_anomaly.networks.onnx_graph import OnnxBackbone
from fundus_anomaly.networks.state import load_state, read_state
from fundus_anomaly.networks.vgg16_convolutions import vgg16_convolutions
from fundus_anomaly.training.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from support.config_check import require_valid
from support.schema import read_schema

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = read_schema(ROOT / "workflow" / "schemas" / "config.schema.yaml")
# Processor seconds that one file may take, and memory that all of them may map.
BUSY, MAPPED = 10, 3 * 2**30
few, many = (
    settings(max_examples=n, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    for n in (25, 60)
)


class Hung(BaseException):
    """A reader took too long; no reader catches this."""


@pytest.fixture(scope="module", autouse=True)
def _bounded():
    """Bound memory and time, so that a bomb or a hang fails its test."""

    def stop(number, place):
        raise Hung

    before, handler = resource.getrlimit(resource.RLIMIT_AS), signal.signal(signal.SIGPROF, stop)
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + MAPPED, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)
    signal.signal(signal.SIGPROF, handler)


@st.composite
def damages(draw):
    """Draw a change of a file: some bytes replaced, a part repeated or taken out, the end cut off, or all replaced."""
    edits = draw(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), max_size=6))
    cut = draw(st.one_of(st.none(), st.floats(0, 1)))
    moved = draw(st.one_of(st.none(), st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 3))))
    instead = draw(st.one_of(st.none(), st.none(), st.none(), st.binary(max_size=200)))

    def damage(good: bytes) -> bytes:
        if instead is not None:
            return instead
        data = bytearray(good)
        for place, values in edits:
            start = int(place * len(data))
            data[start : start + len(values)] = values
        if moved is not None:
            start, end = sorted(int(share * len(data)) for share in moved[:2])
            data[start:end] = data[start : min(end, start + 5000)] * moved[2]
        return bytes(data if cut is None else data[: int(cut * len(data))])

    return damage


def read_damaged(path: Path, good: bytes, damage, *readers) -> None:
    """Write a damaged file and read it: nothing but an InputError may be raised, in bounded time."""
    path.write_bytes(damage(good))
    for reader in readers:
        signal.setitimer(signal.ITIMER_PROF, BUSY)
        try:
            reader(path)
        except InputError as error:
            assert path.name in str(error), "the error does not name the file"
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


def image_bytes(kind: str, mode: str, **options) -> bytes:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (24, 32, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    picture.convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


EXIF = Image.Exif()
EXIF[0x0112] = 6
IMAGES = {
    "colour.jpg": image_bytes("JPEG", "RGB", exif=EXIF),
    "cmyk.jpg": image_bytes("JPEG", "CMYK", progressive=True),
    "alpha.png": image_bytes("PNG", "RGBA"),
    "palette.png": image_bytes("PNG", "P", transparency=0),
    "sixteen.png": image_bytes("PNG", "I;16"),
    "lzw.tif": image_bytes("TIFF", "RGB", compression="tiff_lzw", exif=EXIF),
    "float.tif": image_bytes("TIFF", "F"),
    "bits.tif": image_bytes("TIFF", "1"),
    "plain.bmp": image_bytes("BMP", "RGB"),
}


@pytest.mark.parametrize("name", IMAGES)
@few
@given(damage=damages())
def test_photographs_and_masks(folder, name, damage):
    def facts(path):
        assert inspect_photograph(path, 10**6)["path"] == str(path)
        assert inspect_mask(path, False, 10**6)["path"] == str(path)

    read_damaged(
        folder / name,
        IMAGES[name],
        damage,
        lambda path: decode(path, (8, 8), 10**6),
        lambda path: decode_mask(path, False, 10**6),
        facts,
    )


TABLE = "\ufeffpath,split,patient,eye,label,grade,mask_MA\r\na.png,train,7,OD,0,0,\r\nb.png,test,8,l,1,2,a.png\r\n"


@many
@given(damage=damages())
def test_tables_of_images(folder, damage):
    for name in ("a.png", "b.png"):
        (folder / name).write_bytes(b"x")
    options = {"table": "table.csv", "normals": "n", "unknowns": "u", "masks_inverted": False}

    def load(path):
        try:
            found = registry.load("images", options, folder, "slices", 0).manifest
        except InputError as error:
            # A table that can be read may still hold too little: the manifest's error names the images.
            raise InputError(error.problems, "table.csv") from error
        assert all(Path(image).resolve().is_relative_to(folder.resolve()) for image in found["path"])

    read_damaged(folder / "table.csv", TABLE.encode(), damage, load, lambda path: read_table(path, ("path",)))


@many
@given(damage=damages())
def test_label_tables(folder, damage):
    def grades(path):
        problems = []
        eyeq._labelled(path, problems)
        if problems:
            raise InputError(problems)

    good = b"\xef\xbb\xbf,image,quality,DR_grade\n0,1_left.jpeg,0,2\n1,1_right.jpeg,1,0\n"
    read_damaged(folder / "eyeq.csv", good, damage, grades)
    groundtruths, images = folder / "2. Groundtruths", folder / "1. Original Images" / "a. Training Set"
    for made in (groundtruths, images):
        made.mkdir(parents=True, exist_ok=True)
    (images / "IDRiD_001.jpg").write_bytes(b"x")

    def idrid(path):
        problems = []
        _graded(folder, "train", problems, [], [])
        if problems:
            raise InputError(problems)

    good = b"Image name,Retinopathy grade,Risk of macular edema ,,,\nIDRiD_001,3,2,,,\n"
    read_damaged(groundtruths / "a. IDRiD_Disease Grading_Training Labels.csv", good, damage, idrid)


@few
@given(damage=damages())
def test_the_registry_of_volumes(folder, damage):
    if not (folder / "v.nii").exists():
        write_volume(folder / "v.nii", np.zeros((3, 4, 5), np.int16))
    good = f"\ufeff{HEADER}\nstudy_1,CT-0,/v.nii,\nstudy_2,CT-1,/v.nii,/v.nii\n".encode()
    read_damaged(folder / "registry.csv", good, damage, lambda path: read_scans(folder, path.name, "CT-0"))


VOLUME = nibabel.Nifti1Image(np.arange(60, dtype=np.int16).reshape(3, 4, 5), np.diag([1, 1, 8, 1])).to_bytes()
VOLUME2 = nibabel.Nifti2Image(np.ones((3, 4, 5), np.float32), np.diag([1, 1, 8, 1])).to_bytes()


@pytest.mark.parametrize(("name", "good"), [("one.nii", VOLUME), ("two.nii", VOLUME2), ("packed.nii.gz", VOLUME)])
@many
@given(damage=damages(), within=st.booleans())
def test_volumes(folder, name, good, damage, within):
    def slices(path):
        volume = CtVolume(path)
        for number in range(min(9, len(volume))):
            volume[number]

    packed = name.endswith(".gz")
    if packed and within:
        damage, good = (lambda data, inner=damage: gzip.compress(inner(data))), good
    read_damaged(folder / name, gzip.compress(good) if packed and not within else good, damage, slices)


def torch_bytes(content: object, legacy: bool) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer, _use_new_zipfile_serialization=not legacy)
    return buffer.getvalue()


@pytest.mark.parametrize("legacy", [False, True])
@many
@given(damage=damages())
def test_weights(folder, legacy, damage):
    network = torch.nn.Linear(2, 2)
    good = torch_bytes({"state_dict": network.state_dict()}, legacy)
    read_damaged(folder / "w.pth", good, damage, lambda path: load_state(network, read_state(path), "it", path))


@many
@given(damage=damages())
def test_checkpoints_of_trainings(folder, damage):
    path = folder / "training.pt"
    network = torch.nn.Linear(2, 2)
    optimiser = torch.optim.SGD(network.parameters(), lr=1).state_dict()
    row = {"epoch": 1, "loss": 0.5, "validation_loss": 0.5, "validation_auc": 0.5, "learning_rate": 0.1}
    state = network.state_dict()
    write_checkpoint(path, Checkpoint([row], state, optimiser, state), "key")
    read_damaged(path, path.read_bytes(), damage, lambda path: read_checkpoint(path, "key"))


@few
@given(damage=damages())
def test_graphs(folder, damage):
    good = mean_pooling_graph({"fine": 2, "coarse": 4}, ["n", 3, "h", "w"])
    options = {"outputs": ["fine", "coarse"], "mean": [0.5] * 3, "std": [0.2] * 3}

    def run(path):
        OnnxBackbone(path, device="cpu", threads=1, **options).levels(torch.zeros(1, 16, 16, 3, dtype=torch.uint8))

    read_damaged(folder / "graph.onnx", good, damage, run, vgg16_convolutions)


@many
@given(damage=damages())
def test_files_of_the_workflows_own(folder, damage):
    if not (folder / "good.h5").exists():
        with create_h5(folder / "good.h5") as file:
            create_dataset(file, "feature", (3, 4), np.float32)[:] = 1
            create_dataset(file, "image", (3, 4, 4, 3), np.uint8, compress=True)[:] = 1
            write_ids(file, ["a", "ü", "c"])

    def whole(path):
        with open_h5(path, "feature", "image", "id") as file:
            read_ids(file)
            return file["feature"][:], file["image"][:]

    read_damaged(folder / "own.h5", (folder / "good.h5").read_bytes(), damage, whole)


@many
@given(damage=damages())
def test_lesion_banks(folder, damage):
    if not (folder / "good bank.h5").exists():
        write_bank(folder / "good bank.h5", lesions())
    read_damaged(folder / "bank.h5", (folder / "good bank.h5").read_bytes(), damage, read_bank)


@many
@given(damage=damages())
def test_checkpoints_of_coresets(folder, damage):
    path = folder / "coreset.h5"
    state = coreset_checkpoint.State(np.arange(3), np.ones(3), np.ones(10), np.ones(10, np.int32))
    coreset_checkpoint.save(path, state, "owner")
    read_damaged(path, path.read_bytes(), damage, lambda path: coreset_checkpoint.load(path, "owner", 10, 5))


@many
@given(damage=damages())
def test_tables_of_the_workflows_own(folder, damage):
    one = {"id": "set/1", "path": "1.jpg", "split": "train", "label": 0}
    write_manifest(frame([one], ()), folder / "manifest.csv")
    read_damaged(folder / "manifest.csv", (folder / "manifest.csv").read_bytes(), damage, read_manifest)
    facts = inspect_photograph(folder / "none.jpg", 10**6)
    text = fact_table(frame([one], ())[["id"]], [facts], PHOTOGRAPH_FACTS).to_csv(index=False)
    read_damaged(folder / "facts.csv", text.encode(), damage, lambda path: read_facts(path, PHOTOGRAPH_FACTS))
    text = findings_table([Finding("kind", "error", ("a",), "detail")]).to_csv(index=False)
    read_damaged(folder / "findings.csv", text.encode(), damage, read_findings)


cells = st.one_of(st.text(max_size=12), st.sampled_from(["a/b", "../a", "a", "=1", "/", ".", "left", "train", "test"]))


@many
@given(
    rows=st.lists(st.fixed_dictionaries({name: cells for name in COLUMNS[:5]}), max_size=4), grade=st.integers(-3, 7)
)
def test_rows_of_a_manifest(rows, grade):
    normal = [{"id": "set/1", "path": "1.jpg", "split": "train", "label": 0}]
    tested = [row | {"grade": grade, "split": row["split"] or "test"} for row in rows]
    try:
        checked(Dataset("set", frame(normal + tested, ()), (), False))
    except InputError:
        return
    for row in tested:
        assert (Path("/folder") / row["id"]).resolve().is_relative_to("/folder") and is_id(row["id"])


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)
sections = st.sampled_from([*SCHEMA["properties"], "regoin"])


@many
@given(config=st.dictionaries(sections, values, max_size=4))
def test_configurations(config):
    try:
        require_valid(config, SCHEMA)
    except InputError as error:
        assert all(problem.where.startswith("config") for problem in error.problems)
