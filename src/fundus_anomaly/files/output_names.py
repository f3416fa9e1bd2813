"""File names of single images' outputs: one id, one file, whatever other ids there are."""

from __future__ import annotations

import re


def output_name(name: str, suffix: str) -> str:
    """Return the path of an image's file, relative to the folder of all images' files.

    It is the id with the suffix behind it. A folder in an id that ends as those files do gets a ``_`` more, so that
    no file ever has the name of a folder, also where upper and lower case are one.

    Args:
        name: The image id.
        suffix: The files' suffix with its dot, e.g. ``".png"``.
    """
    *folders, last = name.split("/")
    ends_alike = re.compile(rf".*{re.escape(suffix)}_*", re.IGNORECASE)
    return "/".join([*(f"{part}_" if ends_alike.fullmatch(part) else part for part in folders), last + suffix])


def output_file(pattern: str, name: str) -> str:
    """Return the path of an image's file by the pattern of all: ``"png/{id}.png"`` for instance.

    Args:
        pattern: The folder of all images' files, ``{id}`` and their suffix.
        name: The image id, which takes its place as :func:`output_name` says.
    """
    folder, _, suffix = pattern.partition("{id}")
    return folder + output_name(name, suffix)
