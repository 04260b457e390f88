"""A technique says whether its map speaks for and against a class, and is drawn so wherever it is drawn."""

import warnings

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.comparison.entries import entries, signs_of
from xaihelpers.plots import SIGNED, UNSIGNED, colour, describe, shades
from xaihelpers.widgets.playground.scale import OWN, Scale

CHEAP = {
    "rise": {"n_masks": 60},
    "anchors": {"max_questions": 200},
    "extremal_perturbation": {"steps": 8},
    "shapley": {"n_samples": 60},
}
MATTERS = {"relu", "times_input", "variance", "centred", "of", "rule"}  # what can decide whether a map has a sign
KINDS = {(row.technique, *sorted(MATTERS & set(row.parameters))): row for row in reversed(entries()) if not row.is_control}
ROWS = {
    f"{row.technique} {row.parameters}": (row.technique, {**row.parameters, **CHEAP.get(row.technique, {})})
    for row in KINDS.values()
}


@pytest.fixture(scope="module")
def rashnet():
    return xh.load_classifier("rashnet")


@pytest.fixture(scope="module")
def images():
    return xh.rashes.load_test_split().images[[3, 47]]


@pytest.mark.parametrize("row", ROWS)
def test_a_map_has_negative_values_where_its_technique_says_so_and_nowhere_else(row, rashnet, images):
    name, parameters = ROWS[row]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", xh.DiagnosticWarning)
        maps = [xh.METHODS[name].function(rashnet, image, target, **parameters) for image in images for target in (1, 4)]
    declared = xh.METHODS[name].gives_signed(parameters)
    below = any(found.heatmap.min() < 0 for found in maps)
    if declared is None:
        assert not below, "it must say what a value below zero means"
    else:
        # Behind a ReLU some maps have nothing below zero to show; and what is below zero in RISE's is a low logit.
        assert below == declared or name in ("grad_cam_plus_plus", "layer_cam", "rise")
    assert all(found.signed == bool(declared) for found in maps)


def test_a_signed_map_without_a_negative_value_is_still_drawn_for_and_against(rashnet, images):
    found = xh.lime(rashnet, images[0], n_samples=60, progress=False)
    one_sided = xh.Attribution(**{**vars(found), "heatmap": np.abs(found.heatmap)})
    assert one_sided.signed and colour(one_sided)[1][2] == SIGNED
    low, high, _ = colour(one_sided)[1]
    assert low == -high < 0
    plain = xh.Attribution(**{**vars(one_sided), "signed": False})
    assert not plain.signed and colour(plain)[1][2] == UNSIGNED
    assert xh.show(one_sided).png != xh.show(plain).png
    together = [xh.side_by_side([each, images[0]], shared_scale=True).png for each in (one_sided, plain)]
    assert together[0] != together[1]


def test_without_a_word_a_map_with_a_negative_value_is_signed():
    common = dict(method="mine", target=0, class_name="a", parameters={}, cost=None, image=np.zeros((2, 2, 3)))
    assert xh.Attribution(**common, heatmap=np.float32([[0, -1], [0, 2]])).signed
    assert not xh.Attribution(**common, heatmap=np.float32([[0, 1], [0, 2]])).signed


def test_the_signs_of_a_row_follow_from_what_is_declared():
    assert signs_of("rise", {}) == ("signed", "centred")
    assert signs_of("grad_cam", {}) == ("signed",) and signs_of("grad_cam", {"relu": False}) == ("signed", "absolute")
    assert signs_of("saliency", {"times_input": True}) == ("signed", "absolute")
    assert signs_of("edges", {}) == signs_of("my own", {}) == ("signed",)


def test_rise_of_a_logit_below_zero_is_drawn_and_described_from_its_lowest_to_its_highest(rashnet, images):
    target = int(rashnet.logits(images[0])[0].argmin())
    found = xh.rise(rashnet, images[0], target, n_masks=60, of="logit", progress=False)
    assert found.heatmap.max() < 0 and not found.signed
    places, (low, high, name) = shades(found)
    assert name == UNSIGNED and (low, high) == (found.heatmap.min(), found.heatmap.max())
    row, column = np.unravel_index(found.heatmap.argmax(), found.heatmap.shape)
    assert places[row, column] == 1 and places.min() == 0
    words = describe(found)
    height, width = found.heatmap.shape
    assert f"{['upper', 'middle', 'lower'][3 * row // height]} {['left', 'centre', 'right'][3 * column // width]}" in words
    scale = Scale([found], OWN)
    assert scale.shares(found).argmax() == found.heatmap.argmax() or scale.shares(found).max() >= 1
    assert scale.shares(found).min() == 0


@pytest.mark.parametrize("value", [-3.0, 0.0, 2.0])
def test_one_value_everywhere_is_drawn_without_a_division_by_zero(value):
    places, (low, high, _) = shades(np.full((4, 4), value), signed=False)
    assert low < high and np.isfinite(places).all() and places.min() == places.max() == (1.0 if value > 0 else 0.0)
