"""Photographs that are the same: identical files, and files whose perceptual hashes are nearly equal."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fundus_anomaly.errors import InputError, Problem

_BLOCK_BYTES = 2**22
_MAX_PAIRS = 5_000_000


def identical(digests: Sequence[str]) -> list[list[int]]:
    """Return the groups of equal texts as sorted lists of at least two places, in order of their first place.

    Args:
        digests: One SHA-256 an image, ``""`` where there is none; those are equal to nothing.
    """
    groups: dict[str, list[int]] = {}
    for place, digest in enumerate(digests):
        if digest:
            groups.setdefault(digest, []).append(place)
    return [places for places in groups.values() if len(places) > 1]


def hamming_pairs(hashes: Sequence[str], most: int) -> tuple[np.ndarray, np.ndarray]:
    """Return all pairs of hashes that differ in at most ``most`` bits.

    Exhaustive, in blocks of packed bits: 30,000 hashes of 1,024 bits take about 15 s and some megabytes.

    Args:
        hashes: Hexadecimal texts of one length, a multiple of 16 digits; none may be empty.
        most: The largest Hamming distance of a pair, in bits.

    Returns:
        ``(k, 2)`` int64 places with the smaller one first, sorted, and ``(k,)`` int64 distances in bits.

    Raises:
        InputError: If there are so many pairs that ``most`` cannot be meant.
    """
    count = len(hashes)
    if count < 2:
        return np.empty((0, 2), np.int64), np.empty(0, np.int64)
    words = np.frombuffer(bytes.fromhex("".join(hashes)), np.uint64).reshape(count, -1).T.copy()
    block = max(1, _BLOCK_BYTES // (8 * count))
    pairs, distances, found = [], [], 0
    for start in range(0, count, block):
        stop = min(start + block, count)
        distance = np.zeros((stop - start, count - start), np.uint16)
        for word in words:
            distance += np.bitwise_count(word[start:stop, None] ^ word[None, start:])
        first, second = np.nonzero(distance <= most)
        later = second > first
        first, second = first[later], second[later]
        found += len(first)
        if found > _MAX_PAIRS:
            raise InputError(
                Problem(
                    "near duplicates",
                    f"more than {_MAX_PAIRS:,} pairs that differ in at most {most} bits",
                    "fewer",
                    "lower data.near_duplicate_share: at this value different photographs count as copies",
                )
            )
        pairs.append(np.column_stack([first, second]) + start)
        distances.append(distance[first, second].astype(np.int64))
    return np.concatenate(pairs), np.concatenate(distances)


def alike(hashes: Sequence[str], most: int) -> list[tuple[list[int], int]]:
    """Return the groups of photographs that are linked by nearly equal hashes.

    Args:
        hashes: One perceptual hash an image, ``""`` where there is none; those are like nothing.
        most: The largest number of bits in which a pair differs.

    Returns:
        For each group its sorted places, two or more, and the largest distance in bits among its linked pairs; in
        order of the first place.
    """
    places = np.array([place for place, text in enumerate(hashes) if text], np.int64)
    pairs, distances = hamming_pairs([hashes[place] for place in places], most)
    if not len(pairs):
        return []
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(places), len(places)))
    _, component = connected_components(links, directed=False)
    members: dict[int, list[int]] = {}
    for place in np.unique(pairs):
        members.setdefault(int(component[place]), []).append(int(places[place]))
    farthest = dict.fromkeys(members, 0)
    for (first, _), distance in zip(pairs, distances, strict=True):
        group = int(component[first])
        farthest[group] = max(farthest[group], int(distance))
    return sorted((group, farthest[key]) for key, group in members.items())
