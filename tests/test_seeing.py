"""Maps of pixels are drawn so that they are seen, everywhere the same way, and no number of a map is changed by that."""

import networks
import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers import plots
from xaihelpers.methods import METHODS
from xaihelpers.seeing import in_blocks, seen
from xaihelpers.widgets.player.record import record
from xaihelpers.widgets.playground.scale import OWN, Scale

PIXELWISE = {"saliency", "integrated_gradients", "guided_backprop", "deep_shap", "expected_gradients", "lrp"}


def attribution(heatmap, pixelwise=True):
    """An Attribution of a grey image with this map."""
    image = np.full((*heatmap.shape, 3), 128, np.uint8)
    common = dict(method="saliency", target=0, class_name="cat", parameters={}, cost=xh.results.Cost())
    return xh.Attribution(**common, heatmap=heatmap.astype(np.float32), image=image, pixelwise=pixelwise)


@pytest.fixture
def gradient():
    """A map as a gradient has it: a patch of values around 1, noise around it, and one value of 40 in a corner."""
    values = np.abs(np.random.default_rng(0).normal(0, 0.05, (112, 112)))
    values[40:60, 40:60] += 1
    values[0, 0] = 40
    return attribution(values)


def test_blocks_are_means_also_where_they_are_cut_off():
    found = in_blocks(np.arange(15.0).reshape(3, 5), 2)
    assert found[0].tolist() == [3, 3, 5, 5, 6.5]  # (0 + 1 + 5 + 6) / 4, (2 + 3 + 7 + 8) / 4, (4 + 9) / 2
    assert found[2].tolist() == [10.5, 10.5, 12.5, 12.5, 14]
    assert np.array_equal(found[0], found[1])


def test_the_mean_of_a_map_stays_where_blocks_fit(gradient):
    assert seen(gradient).block == 2
    assert seen(gradient).values.mean() == pytest.approx(gradient.heatmap.mean(), rel=1e-5)


def test_a_lone_pixel_does_not_hide_the_rest(gradient):
    plain = attribution(gradient.heatmap, pixelwise=False)
    # What counts is how far the patch's colour is from its surroundings', over the three channels.
    apart = [np.abs(xh.overlay(each)[50, 50].astype(int) - xh.overlay(each)[90, 90]).sum() for each in (plain, gradient)]
    assert apart[0] < 15 and apart[1] > 100, apart


def test_drawing_leaves_the_map_as_it_is(gradient):
    before = gradient.heatmap.copy()
    xh.show(gradient), xh.overlay(gradient), xh.side_by_side([gradient], shared_scale=True), plots.colour(gradient)
    assert np.array_equal(gradient.heatmap, before) and np.array_equal(np.asarray(gradient), before)


def test_the_caption_says_how_it_was_drawn(gradient):
    assert "blocks of 2 pixels" in xh.show(gradient).caption
    assert "blocks" not in xh.show(attribution(gradient.heatmap, pixelwise=False)).caption


@pytest.mark.parametrize("values", [np.arange(64.0).reshape(8, 8), np.zeros((112, 112))], ids=["a toy", "zero"])
def test_toys_and_empty_maps_are_drawn_as_they_are(values):
    assert np.array_equal(seen(attribution(values)).values, values)
    assert seen(attribution(values)).limit is None


def test_a_limit_that_is_given_is_kept(gradient):
    assert plots.colour(gradient, limit=7)[1][:2] == (0, 7)


def test_one_colour_means_the_same_in_plots_sliders_players_and_playground(gradient):
    places, (low, high, _) = plots.shades(gradient)
    assert high == seen(gradient).limit and low == 0
    assert np.allclose(Scale([gradient], OWN).shares(gradient).clip(0, 1), places, atol=1e-6)
    recorded = record([], lambda indices: (gradient, []))
    (position,) = recorded.positions.values()
    assert f"colours from 0 to {high:.3g}" in position["text"][0]


@pytest.mark.parametrize("name", METHODS)
def test_techniques_say_whether_each_pixel_has_a_value_of_its_own(name):
    assert METHODS[name].pixelwise == (name in PIXELWISE)


def test_results_carry_what_the_technique_says():
    classifier = xh.Classifier(networks.gap_network(), class_names=["a", "b", "c"])
    assert xh.saliency(classifier, networks.image()).pixelwise and not xh.occlusion(classifier, networks.image()).pixelwise
