"""Maps of networks that lose what they learned, for many techniques and images at once.

`metrics.model_randomisation` asks one technique about one image. Here the layers lose their weights state by state, and
every technique draws every image before the next: its functions are compiled once.
"""

from dataclasses import replace

import numpy as np
import pandas as pd

from .._quiet import without_warnings
from ..metrics import rank_correlation
from ..metrics.randomising import HOW, weighted_layers, weights_restored
from .entries import SIGNS
from .plan import technique

ORDERS = ("top", "alone")


def randomised(truth, rows, *, stages=5, seed=0):
    """Yield a table for each state of the network: image, method, order, how, stage, layer, value.

    truth: Evidence; its masks are not looked at. rows: Entries. stages: into how many groups the layers are shared out.
    value: rank correlation of the map with that of the real network, signed and, as rows of their own, of absolute values. A
    map that is the same everywhere is like no other: 0. The weights are changed in place, and as they were when it is through.
    """
    network, layers = truth.classifier, weighted_layers(truth.classifier)
    groups = np.array_split(layers[::-1], min(stages, len(layers)))
    originals = {(row.label, name): _map(truth, name, row) for row in rows for name in truth.images}
    for how in HOW:
        for order in ORDERS:
            with weights_restored(network) as restore:
                for stage, group in enumerate(groups):
                    if order == "alone":
                        restore()
                    HOW[how](network, group, seed=(seed, stage))
                    found = [
                        (name, label, order, how, stage, str(group[-1]), value)
                        for row in rows
                        for name in truth.images
                        for label, value in _alike(row, _map(truth, name, row), originals[row.label, name])
                    ]
                    yield pd.DataFrame(found, columns=["image", "method", "order", "how", "stage", "layer", "value"])


def _map(truth, name, row):
    with without_warnings():
        return technique(row.technique)(truth.classifier, truth.images[name], truth.targets[name], **row.parameters)


def _alike(row, found, original):
    """Yield (label, rank correlation) for each sign of a row."""
    for sign, label in row.labels.items():
        if sign == "centred":  # ranks do not change
            continue
        a, b = (replace(each, heatmap=SIGNS[sign](each.heatmap)) for each in (found, original))
        yield label, float(np.nan_to_num(rank_correlation(a, b)))


def what_is_left(table):
    """Return a table of one number an image and method: how much of its map is left, 0 to 1, low is good, and of which kind.

    Metrics: "top shuffled" and "top reinitialised", when all layers have lost their weights; "alone shuffled" and "alone
    reinitialised", the mean over layers; each the size of the rank correlation, whose sign is chance once nothing is left.
    """
    table = table.assign(metric=table.order + " " + table.how, value=table.value.abs())
    end = table[(table.order == "alone") | (table.stage == table.stage.max())]
    return end.groupby(["image", "method", "metric"], sort=False).value.mean().reset_index()
