"""Rows in the order in which a paper prints them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

# Names of methods in a paper's table where they are not those that are printed here.
_IN_THE_PAPERS = {
    "f-AnoGAN": ("fAnoGAN",),
    "DRAEM": ("DREAM",),
    "Supervised classifier": ("Fully Supervised VGG16",),
}


def in_order_of_print(
    names: Sequence[str], method_of: Mapping[str, str], ours: Collection[str], printed: Sequence[str]
) -> list[str]:
    """Return the names of rows as a paper's table has them, the other methods' first and ours last.

    Args:
        names: Of the rows.
        method_of: How the method of each row is printed, where that is not the row's own name.
        ours: Names of the rows that come last.
        printed: The methods of the paper's table, in its order.

    Returns:
        First the others and then ours; of either those of the paper first, in its order. Rows of equal place stay as
        they are.
    """

    def place(name: str) -> tuple[bool, int]:
        method = method_of.get(name, name)
        known = [printed.index(one) for one in (method, *_IN_THE_PAPERS.get(method, ())) if one in printed]
        return name in ours, known[0] if known else len(printed)

    return sorted(names, key=place)
