"""The tables that the lesson on comparison reads: computed anew in part, they are the same."""

import numpy as np
import pandas as pd
import pytest

import xaihelpers as xh

QUICK = ["saliency", "guided_backprop", "grad_cam", "hires_cam", "chance", "edges"]
# Part of each table: images, techniques (None: all that there are).
PARTS = {
    "rashnet": ([0, 27, 64], None),
    "photos": (["chelsea"], QUICK),
    "rash-xception": ([60], ["grad_cam", "saliency"]),
    "sanity": ([80], ["saliency", "grad_cam"]),
}


@pytest.fixture(scope="module")
def runs(repository):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(repository))
        from benchmarks import comparison_runs
    return comparison_runs


@pytest.mark.slow
@pytest.mark.parametrize("name", PARTS)
def test_a_part_computed_anew_is_what_is_stored(runs, name):
    images, methods = PARTS[name]
    run, kept = runs.RUNS[name](), {}
    again = runs.slim(runs.compute(run, images, methods, kept=None if name == "sanity" else kept))
    stored = pd.read_csv(xh.stored(f"comparison-{name}.csv"), dtype={"image": again.image.dtype})
    both = again.merge(stored, on=["image", "method", "metric"], suffixes=("", "_stored"))
    assert len(both) == len(again) > 0
    # Another processor rounds otherwise, and a map's highest pixel or a superpixel may then be another one.
    same = np.isclose(both.value, both.value_stored, atol=0.02, equal_nan=True) & (both.passes == both.passes_stored)
    assert same.mean() >= 0.95, both[~same]
    if run.agreement_on:
        pairs = runs.agreements(run, kept, images[:1], methods)
        stored = pd.read_csv(xh.stored(f"agreement-{name}.csv"), dtype={"image": pairs.image.dtype})
        both = pairs.merge(stored, on=["image", "a", "b"], suffixes=("", "_stored"))
        assert len(both) == len(pairs) > 0
        assert np.isclose(both.rank_correlation, both.rank_correlation_stored, atol=0.03, equal_nan=True).mean() >= 0.95


@pytest.mark.parametrize("name", PARTS)
def test_the_tables_are_whole(runs, name):
    run = runs.RUNS[name]()
    table = pd.read_csv(xh.stored(f"comparison-{name}.csv"))
    maps = table.drop_duplicates(["image", "method"])
    assert len(maps) == len(run.images) * len(run.methods) and set(table.method) == set(run.methods)
    assert not table.note.fillna("").str.startswith("failed").any()
    ill = sum(mask is not None for mask in run.masks.values()) * len(run.methods)
    counts = table.metric.value_counts()
    assert all(counts[metric] == (ill if metric in runs.EVIDENCE else len(maps)) for metric in run.metrics)


def test_controls_know_no_network(runs):
    image = xh.rashes.load_test_split().images[0]
    one, other = xh.load_classifier("rashnet"), xh.load_classifier("rashnet-biased")
    for control, _ in runs.CONTROLS.values():
        assert np.array_equal(control(one, image, 0).heatmap, control(other, image, 3).heatmap)
    flat = runs.edges(one, np.full_like(image, 90), 0)
    assert not flat.heatmap.any()
