"""Exact distances, greedy coreset and nearest-neighbour search over arrays of vectors; no images, no papers."""
