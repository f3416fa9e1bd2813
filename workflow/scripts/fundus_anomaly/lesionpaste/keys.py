"""Names of the configuration's keys that say how images are synthesised; apart, so that planning needs no imaging."""

SYNTHESIS_KEYS = ("mix", "most", "count_by", "mask", "mixup", "augmentation")
