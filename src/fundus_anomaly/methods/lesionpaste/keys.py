"""Names of the configuration's keys that say how images are synthesised; apart, so that planning needs no imaging."""

SYNTHESIS_KEYS = ("mix", "most", "count_by", "mask", "patch", "mixup", "augmentation")
MAX_KINDS = 64
"""Types of lesion in a bank: each is a bit of what a synthetic image's pixels are marked with."""
