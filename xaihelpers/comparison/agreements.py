"""How alike are the maps of every two techniques? The ground for grouping them."""

import warnings

import numpy as np
import pandas as pd

from ..metrics import agreement, rank_correlation
from ..results import DiagnosticWarning
from .entries import entries
from .plan import technique

# One setting each: those with a baseline from the same one, those that ask at their middle budget.
ALIKE = (
    "Saliency",
    "Integrated gradients, blur",
    "Guided backpropagation",
    "Deep SHAP, blur",
    "Grad-CAM",
    "HiResCAM",
    "Occlusion, mean, patch 16",
    "RISE, mean, 300 masks",
    "LIME, mean, 300 samples",
    "Anchors, mean, 500 questions",
    "Edges",
    "|image − blur|",
)


def agreements(n, labels=ALIKE):
    """Return a table of how alike the maps of every two rows are, on n lesion images of the test split and RashNet.

    Columns: image, a, b, agreement (share of the highest tenth that both have), rank_correlation, absolute (the same of the
    absolute values).
    """
    from ..rashes import load_test_split
    from ..zoo import load_classifier

    split, network = load_test_split(), load_classifier("rashnet")
    rows = {row.label: row for row in entries() if row.label in labels}
    ill = np.flatnonzero(split.lesion_masks.any(axis=(1, 2)))
    chosen = ill[np.unique(np.linspace(0, len(ill) - 1, n).astype(int))]
    found = []
    for i in chosen:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DiagnosticWarning)
            maps = {
                label: technique(rows[label].technique)(network, split.images[i], int(split.labels[i]), **rows[label].parameters)
                for label in labels
            }
        found += [
            (
                int(i),
                a,
                b,
                agreement(maps[a], maps[b]),
                rank_correlation(maps[a], maps[b]),
                rank_correlation(maps[a], maps[b], absolute=True),
            )
            for k, b in enumerate(labels)
            for a in labels[:k]
        ]
    return pd.DataFrame(found, columns=["image", "a", "b", "agreement", "rank_correlation", "absolute"])
