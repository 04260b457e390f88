"""How alike are the maps of every two techniques? The ground for grouping them."""

import warnings

import numpy as np
import pandas as pd

from ..metrics import agreement, rank_correlation
from ..results import DiagnosticWarning
from .entries import entries
from .plan import technique
from .statistics import interval

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


# What a technique answers, and how it works: two ways to put the same ten into groups.
ANSWERS = {
    "Saliency": "what if a pixel changes a little?",
    "Guided backpropagation": "what if a pixel changes a little?",
    "Integrated gradients, blur": "how is the difference shared out?",
    "Deep SHAP, blur": "how is the difference shared out?",
    "Grad-CAM": "where is what the last layer votes on?",
    "HiResCAM": "where is what the last layer votes on?",
    "Occlusion, mean, patch 16": "what if parts are hidden?",
    "RISE, mean, 300 masks": "what if parts are hidden?",
    "LIME, mean, 300 samples": "what if parts are hidden?",
    "Anchors, mean, 500 questions": "what is enough?",
}
WORKS = {
    "Saliency": "gradient to the image",
    "Guided backpropagation": "gradient to the image",
    "Integrated gradients, blur": "gradient to the image",
    "Deep SHAP, blur": "gradient to the image",
    "Grad-CAM": "gradient to a layer",
    "HiResCAM": "gradient to a layer",
    "Occlusion, mean, patch 16": "questions",
    "RISE, mean, 300 masks": "questions",
    "LIME, mean, 300 samples": "questions",
    "Anchors, mean, 500 questions": "questions",
}


def grouped(table, groups, measure="agreement"):
    """Return the Interval over images of how much more alike maps are within groups than between them; 0 is a useless grouping.

    table: the stored "agreement". groups: {label: group}; what is not named is left out. measure: a column of the table.
    """
    known = table[table.a.isin(groups) & table.b.isin(groups)]
    same = known.a.map(groups) == known.b.map(groups)
    within, between = (known[each].groupby("image")[measure].mean() for each in (same, ~same))
    return interval(within - between)


def as_good_by_chance(table, groups, measure="agreement", *, draws=1000, seed=0):
    """Return the share of random groupings, into groups of the same sizes, that are at least as good as the one given.

    As in a permutation test, the grouping itself is one of them, so that the share is never 0. Arguments as for `grouped`.
    """
    names, labels = list(groups), np.array(list(groups.values()))
    pairs = table[table.a.isin(names) & table.b.isin(names)].groupby(["a", "b"])[measure].mean()
    a, b = (np.array([names.index(name) for name in pairs.index.get_level_values(key)]) for key in ("a", "b"))

    def better(labels):
        same = labels[a] == labels[b]
        return pairs.to_numpy()[same].mean() - pairs.to_numpy()[~same].mean()

    rng = np.random.default_rng(seed)
    found = [better(rng.permutation(labels)) for _ in range(draws)]
    return float((1 + np.sum(np.array(found) >= better(labels) - 1e-12)) / (1 + draws))


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
