"""The case of the lesson on finding a bias: what its text says of the two networks holds."""

import numpy as np
import pytest

import xaihelpers as xh

TARGET = "monkeypox"


@pytest.fixture(scope="module")
def case():
    return xh.check.finding_bias.case()


@pytest.fixture(scope="module")
def marked(case):
    """The case's images of monkeypox."""
    return case[case.labels == case.class_names.index(TARGET)]


@pytest.fixture(scope="module")
def networks():
    return {name: xh.load_classifier(name) for name in ("rashnet-biased", "rashnet")}


def shares(network, technique, data):
    """Return the share of each map on the sticker, (N,)."""
    pairs = zip(data.images, data.artefact_masks)
    function = xh.METHODS[technique].function
    return np.array([xh.metrics.mass_inside(function(network, image, TARGET), mask) for image, mask in pairs])


def test_the_sticker_goes_with_one_class_and_the_case_does_not_say_so(case, marked, networks):
    assert (case.artefact_masks.any(axis=(1, 2)) == (case.labels == case.class_names.index(TARGET))).all()
    assert set(marked.artefacts) == {"sticker"}
    right = networks["rashnet-biased"].probabilities(case.images).argmax(axis=1) == case.labels
    assert right.mean() > 0.8  # good enough for nobody to ask


@pytest.mark.parametrize("technique", ["grad_cam", "hires_cam", "deep_shap"])
def test_some_techniques_raise_the_alarm(marked, networks, technique):
    suspect, clean = (shares(network, technique, marked).mean() for network in networks.values())
    assert suspect > 3 * clean and suspect > 3 * marked.artefact_masks.mean()


def test_the_intervention_proves_it(networks):
    """A sticker on images of the other classes turns many into the class, for the biased network alone."""
    test = xh.rashes.load_test_split()
    others = test[test.labels != test.class_names.index(TARGET)]
    turned = {}
    for name, network in networks.items():
        said = [
            network.probabilities(each.images).argmax(axis=1) == network.class_index(TARGET)
            for each in (others, others.with_artefact("sticker"))
        ]
        turned[name] = said[1].mean() - said[0].mean()
    assert turned["rashnet-biased"] > 0.3 and turned["rashnet"] < 0.05


def test_rare_classes_are_said_less_often_and_no_map_is_needed_to_see_it(networks):
    test = xh.rashes.load_test_split()  # balanced, without stickers
    said = {
        name: np.bincount(network.probabilities(test.images).argmax(axis=1), minlength=6) for name, network in networks.items()
    }
    rare = [test.class_names.index(name) for name in ("cowpox", "smallpox")]
    common = [test.class_names.index(name) for name in ("chickenpox", "healthy")]
    biased, fair = said["rashnet-biased"], said["rashnet"]
    assert biased[rare].sum() < fair[rare].sum() and biased[common].sum() > fair[common].sum()
