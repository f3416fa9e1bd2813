"""Checks that an HDF5 dataset is one that this workflow could have written: others can edit a results folder."""

from __future__ import annotations

import math

import h5py

# Kinds of numpy's types (S: text of fixed length) by the names that the rules write.
_KINDS = {
    **dict.fromkeys(("id", "source", "kind"), "S"),
    **dict.fromkeys(("image", "field_of_view", "coverage", "patch", "mask"), "ui"),
    **dict.fromkeys(("shape", "box", "area", "index", "applied"), "i"),
    **dict.fromkeys(("level2", "level3", "feature", "distance", "retina", "radius", "squared"), "f"),
    **dict.fromkeys(("positive", "negative", "regions", "normals"), "f"),
    "weights": "u",
}
_PLAIN = "uifS"
_WORDS = {"u": "whole numbers", "i": "whole numbers", "f": "floating-point numbers", "S": "texts of fixed length"}
# Checksum, LZF and gzip. HDF5 would look for any other filter among the plug-ins of the machine.
_FILTERS = {h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_LZF, h5py.h5z.FILTER_DEFLATE}
# Only lesion banks are compressed by gzip, which makes up to a thousand bytes of one, and read whole. What is
# compressed by LZF is read one chunk, an image, at a time.
MAX_GZIP_BYTES, MAX_CHUNK_BYTES = 2 * 10**9, 2**30


def misfit(file: h5py.File, name: str) -> str:
    """Return what is found instead of a dataset stored whole in the file itself, or an empty text; reads no values.

    Uncompressed data can take no more memory than the file has bytes, since all of them must be there; compressed
    ones no more than ``MAX_CHUNK_BYTES`` a chunk, and ``MAX_GZIP_BYTES`` in all where gzip did it.

    Args:
        file: The open file.
        name: The dataset.
    """
    try:
        link = file.get(name, getlink=True)
        if link is None:
            return "no such dataset"
        if not isinstance(link, h5py.HardLink) or not isinstance(file[name], h5py.Dataset):
            return "something other than a dataset stored in this file"
        dataset = file[name]
        if dataset.external or dataset.is_virtual:
            return "something other than a dataset stored in this file"
        return _of_another_type(dataset, name) or _too_large(dataset)
    except Exception as error:
        # Damage of a header makes h5py raise errors of many kinds.
        return f"a damaged dataset ({error})"


def _of_another_type(dataset: h5py.Dataset, name: str) -> str:
    kind, allowed = dataset.dtype.kind, _KINDS.get(name, _PLAIN)
    if kind in allowed and dataset.shape is not None:
        return ""
    wanted = " or ".join(dict.fromkeys(_WORDS[one] for one in allowed))
    return f"values of type {dataset.dtype} in place of {wanted}"


def _too_large(dataset: h5py.Dataset) -> str:
    """Return how a dataset's declared size contradicts what its file stores, or an empty text."""
    declared, stored = math.prod(dataset.shape) * dataset.dtype.itemsize, dataset.id.get_storage_size()
    if dataset.chunks is None:
        return f"{declared:,} bytes declared and {stored:,} stored" if stored < declared else ""
    layout = dataset.id.get_create_plist()
    filters = {layout.get_filter(number)[0] for number in range(layout.get_nfilters())}
    if not filters <= _FILTERS:
        return f"filters {sorted(filters - _FILTERS)} that the workflow does not use"
    chunks = math.prod(-(-side // step) for side, step in zip(dataset.shape, dataset.chunks, strict=True))
    if dataset.id.get_num_chunks() != chunks:
        return f"{chunks:,} chunks declared and {dataset.id.get_num_chunks():,} stored"
    chunk = math.prod(dataset.chunks) * dataset.dtype.itemsize
    if filters == {h5py.h5z.FILTER_FLETCHER32} or not filters:
        return f"{declared:,} bytes declared and {stored:,} stored" if stored < chunks * chunk else ""
    if chunk > MAX_CHUNK_BYTES:
        return f"chunks of {chunk:,} bytes, more than {MAX_CHUNK_BYTES:,}"
    if h5py.h5z.FILTER_DEFLATE in filters and declared > MAX_GZIP_BYTES:
        return f"{declared:,} bytes compressed to {stored:,}, more than {MAX_GZIP_BYTES:,}"
    return ""
