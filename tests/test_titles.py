"""A technique has one name for a reader, beside its name in the code, and everything that a reader sees takes it from there."""

import networks
import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.comparison.controls import CONTROL_TITLES, is_control
from xaihelpers.comparison.entries import entries, friendly
from xaihelpers.methods.shared.contract import Finding, technique
from xaihelpers.plots import describe
from xaihelpers.widgets.explore import _legend
from xaihelpers.widgets.player.record import caption
from xaihelpers.widgets.playground.names import technique_title

KNOWN = {
    "grad_cam": "Grad-CAM",
    "hires_cam": "HiResCAM",
    "grad_cam_plus_plus": "Grad-CAM++",
    "xgrad_cam": "XGrad-CAM",
    "layer_cam": "Layer-CAM",
    "score_cam": "Score-CAM",
    "ablation_cam": "Ablation-CAM",
    "eigen_cam": "Eigen-CAM",
    "lrp": "LRP",
    "rise": "RISE",
    "lime": "LIME",
    "deep_shap": "Deep SHAP",
    "guided_backprop": "Guided backpropagation",
    "integrated_gradients": "Integrated gradients",
    "occlusion": "Occlusion",
    "deep_dream": "Deep dream",
}


@pytest.fixture(scope="module")
def classifier():
    return xh.Classifier(networks.gap_network(16), class_names=["cat", "dog", "bird"])


@pytest.fixture(scope="module")
def cam(classifier):
    return xh.grad_cam(classifier, networks.image(16), "dog")


@pytest.mark.parametrize("name", KNOWN)
def test_the_names_that_people_use(name):
    assert xh.METHODS[name].title == friendly(name) == technique_title(name) == KNOWN[name]


def test_no_technique_shows_its_name_in_the_code():
    for name, method in xh.METHODS.items():
        assert method.title and "_" not in method.title and method.title[0].isupper(), name
    assert len({method.title for method in xh.METHODS.values()}) == len(xh.METHODS)


def test_a_control_is_known_by_its_name_and_by_its_title():
    assert friendly("blur_difference") == "|image − blur|" == CONTROL_TITLES["blur_difference"]
    assert is_control("blur_difference") and is_control("|image − blur|") and not is_control("Grad-CAM")
    assert friendly("what I made myself") == "what I made myself"


def test_a_new_technique_has_a_title_without_asking_and_one_that_is_asked_for(classifier):
    def made(**declared):
        @technique(family="gradient", needs_gradients=False, **declared)
        def whole_rows(classifier, image, target=None, *, seed=0, batch_size=32, progress=False):
            """Return zeros."""
            return Finding(np.zeros(image.shape[:2]), 0)

        return whole_rows

    plain, named = made(), made(title="Bands of rows")
    assert plain.method.title == "Whole rows" == plain(classifier, networks.image(16)).title
    assert named.method.title == "Bands of rows" == named(classifier, networks.image(16)).title
    assert named(classifier, networks.image(16)).method == "whole_rows"


def test_settings_that_have_a_name_of_their_own_show_it(classifier):
    image = networks.image(16)
    assert xh.saliency(classifier, image).title == "Saliency"
    assert xh.saliency(classifier, image, times_input=True).title == "Gradient × input"
    assert xh.saliency(classifier, image, noise=0.1, samples=2).title == "SmoothGrad"
    assert xh.saliency(classifier, image, noise=0.1, samples=2, times_input=True).title == "SmoothGrad × input"
    assert xh.guided_backprop(classifier, image).title == "Guided backpropagation"
    assert xh.guided_backprop(classifier, image, rule="deconvnet").title == "Deconvnet"


def test_a_result_that_says_no_title_has_one():
    plain = dict(target=0, class_name="cat", parameters={}, cost=None)
    assert xh.Attribution(method="my_own_map", **plain).title == "My own map"
    assert xh.Visualization(method="my_own_picture", **plain, title="Mine").title == "Mine"


def test_titles_captions_and_alternative_texts_have_it(cam):
    drawn = xh.show(cam)
    assert drawn.caption.startswith("Grad-CAM of “dog”") and describe(cam).startswith("Grad-CAM map for dog")
    assert "Grad-CAM: dog" in xh.side_by_side([cam]).alt
    assert caption(cam).startswith("Grad-CAM of “dog”") and "Grad-CAM of “dog”" in _legend(cam)
    assert "grad_cam" not in drawn.caption + drawn.alt + caption(cam) + _legend(cam)


def test_the_comparison_calls_its_rows_so():
    rows = entries("any")
    for name in KNOWN.keys() - {"deep_dream"}:
        labels = [row.label for row in rows if row.technique == name]
        assert any(label.startswith(KNOWN[name]) for label in labels), labels
    assert [row.label for row in rows if row.is_control] == list(CONTROL_TITLES.values())
    assert len({row.label for row in rows}) == len(rows)
