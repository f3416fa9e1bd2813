"""Pixel AUC of anomaly maps: our histograms, and scikit-learn's sort."""

import numpy as np
from side_by_side import Path, main
from sklearn.metrics import roc_auc_score

from fundus_anomaly.evaluation.pixel_metrics import roc_auc
from fundus_anomaly.evaluation.score_bins import BINS, Quantiser, edges_of

SIDE = 784


def prepare(size: float) -> Path:
    """Return the AUC of 8 maps times ``size``, of 784², a fiftieth of the pixels lesion."""
    rng = np.random.default_rng(0)
    count = max(1, round(8 * size))
    lesion = rng.random((count, SIDE, SIDE)) < 0.02
    scores = (rng.gamma(4, 1, lesion.shape) + lesion).astype(np.float32)

    def ours() -> float:
        quantise = Quantiser(edges_of(scores, scores.size))
        counts = np.zeros((2, BINS), np.int64)
        for one, truth in zip(scores, lesion, strict=True):
            bins = quantise(one)
            counts[1] += np.bincount(bins[truth], minlength=BINS)
            counts[0] += np.bincount(bins[~truth], minlength=BINS)
        return float(roc_auc(counts[1], counts[0]))

    ways = {"ours": ours, "scikit-learn roc_auc_score": lambda: roc_auc_score(lesion.ravel(), scores.ravel())}

    def agree(one: float, other: float) -> str:
        return f"difference {abs(one - other):.1e}"

    return Path(f"Pixel AUC, {count} maps of {SIDE}²", ways, agree)


if __name__ == "__main__":
    main(prepare, __doc__)
