"""From a photograph's file to pixels of the working size, and its lesion masks with it."""
