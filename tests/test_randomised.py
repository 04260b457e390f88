"""Networks that lose their weights: the same numbers as one technique and one image at a time, and controls that never change."""

import numpy as np
import pytest
from networks import gap_network, image

import xaihelpers as xh
from xaihelpers.comparison.entries import Entry
from xaihelpers.comparison.evidence import Evidence
from xaihelpers.comparison.randomised import randomised, what_is_left

ROWS = [Entry("Saliency", "saliency"), Entry("Deep SHAP, blur", "deep_shap", {"background": "blur"}), Entry("Edges", "edges")]


@pytest.fixture(scope="module")
def network():
    return xh.Classifier(gap_network())


def test_it_agrees_with_one_map_at_a_time_and_edges_never_change(network):
    images = {0: image(seed=1), 1: image(seed=2)}
    truth = Evidence(network, images, dict.fromkeys(images), dict.fromkeys(images, 1), 2)
    import pandas as pd

    table = pd.concat(randomised(truth, ROWS, stages=2))
    assert len(table) == 2 * 2 * 2 * 2 * (1 + 2 + 1)  # ways, orders, stages, images; Deep SHAP signed and absolute
    for how in ("shuffled", "reinitialised"):
        for order in ("top", "alone"):
            for absolute, label in ((False, "Deep SHAP, blur"), (True, "Deep SHAP, blur, absolute")):
                alone = xh.metrics.model_randomisation(
                    network, "deep_shap", images[1], 1, stages=2, order=order, how=how, absolute=absolute, background="blur"
                )
                rows = table[(table.how == how) & (table.order == order) & (table.method == label) & (table.image == 1)]
                assert rows.value.tolist() == pytest.approx(np.nan_to_num(alone.correlations).tolist(), abs=1e-5)
                assert rows.layer.tolist() == alone.layers
    left = what_is_left(table).pivot_table(index="method", columns="metric", values="value")
    assert (left.loc["Edges"] == 1).all() and left.shape == (4, 4) and (left >= 0).all(axis=None)
    saliency = table[(table.method == "Saliency") & (table.order == "top") & (table.how == "shuffled") & (table.stage == 1)]
    assert left.loc["Saliency", "top shuffled"] == pytest.approx(saliency.value.abs().mean())
