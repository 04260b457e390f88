"""The protocol: questions that a technique can fail, each with images of which the answer is known, and controls beside it.

| question | what is asked | chance |
|---|---|---|
| lesions | is the map on what was drawn? (an edge detector can do that, so it proves nothing of the network) | 0.5 |
| removal | does the importance of each lesion agree with what the network loses when it is truly gone? | that of a random map |
| sticker | does the map move to the sticker on the network that uses it, and not on its twin? | 0 |
| contrast | of two diseases in one image, does it mark the one that is asked for? | 0.5 |
| wired | on a network wired by hand: what it uses above what it can't use? | 0.5 |
| quadrant | on four photographs of which the head sees one: how much of the map is there? | 0.25 |

`measures(...)` are what `compare` is given; `unfold` makes a row of every technique with every sign.
"""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from .. import metrics
from .entries import SIGNS, as_methods, signs_of
from .table import compare


class Measure(NamedTuple):
    """One number of the protocol. better: "high" or "low". chance: what a map of random numbers scores; None: see its row."""

    name: str
    better: str
    chance: float | None
    says: str


MEASURES = {
    each.name: each
    for each in [
        Measure("roc_area", "high", 0.5, "a lesion pixel is above another one"),
        Measure("pointing_game", "high", None, "the highest pixel is on a lesion"),
        Measure("removal", "high", None, "rank correlation with the true loss of logit, lesion by lesion"),
        Measure("removal_probability", "high", None, "the same with the true loss of probability"),
        Measure("completeness", "high", None, "sum over the lesions, as a share of the logit that is lost without them"),
        Measure("true_removal", "low", None, "mean probability while lesions are truly removed, the most important first"),
        Measure("deletion", "low", None, "mean probability while pixels are painted in the mean colour, the highest first"),
        Measure("insertion", "high", None, "mean probability while pixels are put into the mean colour, the highest first"),
        Measure("road", "low", None, "mean probability while pixels are filled in from their neighbours, the highest first"),
        Measure("sticker", "high", 0.0, "how much more the sticker stands out on the network that uses it than on its twin"),
        Measure("contrast", "high", 0.5, "a pixel of the disease asked for is above one of the other"),
        Measure("used", "high", 0.5, "a pixel that the network uses is above one that it can't use"),
        Measure("share_used", "high", None, "share of the map, in absolute values, on what the network uses"),
        Measure("in_quadrant", "high", 0.25, "share of the map, in absolute values, in the quadrant that is connected"),
    ]
}


# -- the measures, as functions of classifier, Attribution and masks -----------------------------------------------------------


def _first_of_two(classifier, found, masks):
    return metrics.roc_area(found, masks[0], masks[1])


def _share_on_first(classifier, found, masks):
    return _share(np.abs(found.heatmap), masks[0], masks[0] | masks[1])


def _share_inside(classifier, found, mask):
    return _share(np.abs(found.heatmap), mask, np.ones_like(mask))


def _share(heatmap, inside, among):
    """Return how much of a map's sum among some pixels is inside; an empty map says nothing, which is what chance says."""
    total = heatmap[among].sum()
    return float(heatmap[inside].sum() / total) if total > 0 else float(inside.sum() / among.sum())


def _removal(truth, of, classifier, found, masks):
    return metrics.removal_correlation(found, masks[1:], truth.drops(classifier, found)[of])


def _completeness(truth, classifier, found, masks):
    # Only these have the unit of a logit.
    adds_up = found.method in ("integrated_gradients", "deep_shap") or found.parameters.get("times_input")
    return metrics.completeness(found, masks[1:], truth.drops(classifier, found)[2]) if adds_up else float("nan")


def _true_removal(truth, classifier, found, masks):
    return metrics.removal_curve(classifier, found, masks[1:], truth.draw(classifier, found)).area


def _area(curve, options, classifier, found, masks):
    return curve(classifier, found, **options).area


CURVES = {
    "deletion": partial(_area, metrics.deletion, {"steps": 10}),
    "insertion": partial(_area, metrics.insertion, {"steps": 10}),
}
ROAD = {"road": partial(_area, metrics.road, {"shares": (0.1, 0.3, 0.5)})}
CONTRAST = {"contrast": _first_of_two}
WIRED = {"used": _first_of_two, "share_used": _share_on_first}
QUADRANT = {"in_quadrant": _share_inside}
STICKER = {"sticker": lambda classifier, found, mask: metrics.roc_area(found, mask)}


def of_lesions(truth):
    """Return the measures of images whose lesions can be truly removed; `truth` is their `TrueRemoval`."""
    return {
        "roc_area": lambda classifier, found, masks: metrics.roc_area(found, masks[0]),
        "pointing_game": lambda classifier, found, masks: metrics.pointing_game(found, masks[0]),
        "removal": partial(_removal, truth, 0),
        "removal_probability": partial(_removal, truth, 1),
        "completeness": partial(_completeness, truth),
        "true_removal": partial(_true_removal, truth),
    }


# -- running them --------------------------------------------------------------------------------------------------------------


def run(evidence, rows, measures, *, file=None, progress=False):
    """Return the table of some entries on some evidence: image, method, metric, value, passes, seconds, note.

    rows: Entries, or {label: (function, parameters)} as for `compare`. measures: {name: function}. file: as for `compare`.
    """
    methods = rows if isinstance(rows, dict) else as_methods(rows)
    signed = {f"{name}|{sign}": partial(_with_sign, measure, sign) for name, measure in measures.items() for sign in SIGNS}
    targets = list(evidence.targets.values())
    table = compare(
        evidence.classifier, evidence.images, evidence.masks, methods, signed, targets=targets, file=file, progress=progress
    )
    return unfold(table, {} if isinstance(rows, dict) else {row.label: row.labels for row in rows})


def _with_sign(measure, sign, classifier, found, masks):
    """Measure a map as it is, its absolute values, or above its mean; NaN where this says nothing new of the technique."""
    if sign not in signs_of(found.method, found.parameters):
        return float("nan")
    return measure(classifier, replace(found, heatmap=SIGNS[sign](found.heatmap)), masks)


def unfold(table, labels):
    """Return the table with a row for each technique with each of its signs. labels: {label: {sign: label of the row}}."""
    failed = table[table.metric.isna()]
    table = table[table.metric.notna()]
    parts = table.metric.str.split("|", expand=True)
    table = table.assign(metric=parts[0], sign=parts[1])
    known = {(label, sign): full for label, signs in labels.items() for sign, full in signs.items()}
    named = [known.get(key, key[0] if key[1] == "signed" else None) for key in zip(table.method, table.sign)]
    if labels:
        named = [known.get(key) for key in zip(table.method, table.sign)]
    table = table.assign(method=named).drop(columns="sign")
    return pd.concat([table[table.method.notna()], failed]).reset_index(drop=True)


def difference(table, twin, metric):
    """Return the table of one network minus that of its twin, image by image and method by method: rows of both must agree."""
    keys = ["image", "method", "metric"]
    both = table.merge(twin[[*keys, "value"]], on=keys, suffixes=("", "_twin"))
    if len(both) != len(table):
        raise ValueError(f"The tables have {len(table)} and {len(twin)} rows, {len(both)} of them alike: run both on the same.")
    return both.assign(value=both.value - both.value_twin, metric=metric).drop(columns="value_twin")


def pairs_averaged(table):
    """Return the table with one row an image in place of one a class asked for: names are "number class"."""
    table = table.assign(image=table.image.astype(str).str.split(" ").str[0].astype(int))
    kept = {"value": ("value", "mean"), "passes": ("passes", "mean"), "seconds": ("seconds", "mean"), "note": ("note", "first")}
    return table.groupby(["image", "method", "metric"], sort=False).agg(**kept).reset_index()
