"""Adapters: from a dataset's official layout to one manifest, one row an image."""
