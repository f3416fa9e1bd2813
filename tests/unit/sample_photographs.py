"""Photographs in memory, as a method sees them."""

import numpy as np


class ArrayPhotographs:
    """Photographs of an array, ``(n, S, S, 3)`` uint8, whole squares their fields of view."""

    def __init__(self, array):
        self.array = array
        self.ids = [f"image/{number}" for number in range(len(array))]

    def __len__(self):
        return len(self.array)

    def images(self, places):
        return self.array[np.asarray(places, int)]

    def fields_of_view(self, places):
        return np.ones(self.images(places).shape[:3], bool)


def discs(count, side, seed=0):
    """Return photographs of a bright disc on dark, each a little different."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side] / side
    inside = (y - 0.5) ** 2 + (x - 0.5) ** 2 < 0.2
    images = np.zeros((count, side, side, 3))
    images[:, inside] = [120, 70, 40] * generator.uniform(0.9, 1.1, (count, 1, 1))
    return (images + generator.uniform(0, 4, images.shape)).astype(np.uint8)


def spotted(count, seed=5):
    """Return photographs of 64×64 pixels, each :func:`discs` with a few bright squares."""
    chance, images = np.random.default_rng(seed), discs(count, 64, seed)
    for image in images:
        for y, x in chance.integers(16, 44, (6, 2)):
            image[y : y + 6, x : x + 6] = 230
    return images
