"""Each technique says what it will cost, and fits a budget of questions or seconds: told by the contract, the same for all."""

import time

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.methods import METHODS

TECHNIQUES = [name for name, method in METHODS.items() if method.takes_image and method.family != "feature visualization"]
BUDGETED = ["rise", "lime", "shapley", "occlusion", "anchors", "integrated_gradients", "saliency"]
# SmoothGrad is what asks several questions.
MORE = {"saliency": {"noise": 0.15, "samples": 40}, "anchors": {"n_segments": 6}}


@pytest.fixture(scope="module")
def rashnet():
    return xh.load_classifier("rashnet")


@pytest.fixture(scope="module")
def rash():
    return xh.rashes.load_test_split().images[90]


@pytest.mark.parametrize("target", [None, 2])
@pytest.mark.parametrize("name", TECHNIQUES)
def test_the_passes_are_those_that_were_said_before(name, target, rashnet, rash):
    given = MORE.get(name, {}) | ({"target": target} if name != "anchors" else {})
    told = xh.cost_of(name, rashnet, rash, **given)
    with xh.without_warnings():
        cost = METHODS[name].function(rashnet, rash, **given).cost
    if name == "anchors":  # the answers decide: at most
        assert cost.forward_passes <= told.forward_passes == 4001
    else:
        assert (cost.forward_passes, cost.backward_passes) == (told.forward_passes, told.backward_passes)


@pytest.mark.parametrize("questions", [203, 250])
@pytest.mark.parametrize("name", BUDGETED)
def test_a_number_of_questions_is_kept_to_and_used(name, questions, rashnet, rash):
    more = {"saliency": {"noise": 0.15, "samples": 400}, "integrated_gradients": {"steps": 400}}.get(name, {})
    more |= {"occlusion": {"patch": 8}}.get(name, {})
    with xh.without_warnings():
        found = METHODS[name].function(rashnet, rash, questions=questions, **more)
        again = METHODS[name].function(rashnet, rash, found.target, **found.parameters)
    assert found.forward_passes <= questions
    even = questions - questions % 2 if name == "shapley" else questions  # it asks in pairs
    assert name in ("anchors", "occlusion") or found.forward_passes == even
    assert name != "occlusion" or found.forward_passes > 0.6 * questions
    assert np.array_equal(found.heatmap, again.heatmap) and not {"seconds", "questions"} & set(found.parameters)


def test_a_budget_that_is_larger_changes_nothing(rashnet, rash):
    with xh.without_warnings():
        found = xh.rise(rashnet, rash, n_masks=50, questions=10_000)
    assert found.parameters["n_masks"] == 50


def slow(seconds):
    """A classifier that takes so long for each image, whoever else uses the computer."""

    def answer(images):
        time.sleep(seconds * len(images))
        p = images.mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - p, p], axis=1)

    return xh.Classifier(answer, class_names=["dark", "bright"])


@pytest.mark.parametrize("name", ["rise", "lime", "occlusion"])
def test_seconds_are_kept_to(name, rash, monkeypatch):
    clock = [0.0]  # only the network takes time: what else this computer does has no part in the plan

    def answer(images):
        clock[0] += 0.005 * len(images)
        p = images.mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - p, p], axis=1)

    classifier = xh.Classifier(answer, class_names=["dark", "bright"])
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    start = clock[0]
    with xh.without_warnings():
        found = METHODS[name].function(classifier, rash, seconds=2)
    assert clock[0] - start <= 2
    # 400 could be asked in two seconds; some go into the small runs that tell how long one takes, a tenth of the rest is reserve.
    # Occlusion's patches come in few sizes only.
    assert (100 if name == "occlusion" else 200) < found.forward_passes <= 360


def test_seconds_that_suffice_change_nothing(rash):
    with xh.without_warnings():
        assert xh.rise(slow(0.0005), rash, n_masks=40, seconds=20).parameters["n_masks"] == 40


def test_what_does_not_fit_is_said(rash):
    with pytest.raises(ValueError, match="questions is 50: anchors asks 201 or more"):
        xh.anchors(slow(0), rash, questions=50)
    with pytest.warns(xh.DiagnosticWarning, match="In 0.2 seconds anchors can't ask what it needs at least"):
        xh.anchors(slow(0.002), rash, seconds=0.2)
    for wrong in (0, -1, "a", np.nan):
        with pytest.raises(ValueError, match="seconds"):
            xh.rise(slow(0), rash, seconds=wrong)
    with pytest.raises(ValueError, match="questions"):
        xh.rise(slow(0), rash, questions=2.5)
    with pytest.raises(TypeError, match="does not take"):
        xh.grad_cam(slow(0), rash, seconds=2)


def test_anchors_stop_by_themselves_and_say_so(rash):
    noise = np.random.default_rng(0)

    def undecided(images):
        p = noise.uniform(0.4, 0.6, len(images))
        return np.stack([1 - p, p], axis=1)

    with pytest.warns(xh.DiagnosticWarning, match=r"The search stopped after (39\d\d|4000) questions"):
        found = xh.anchors(xh.Classifier(undecided, class_names=["a", "b"]), rash)
    assert found.forward_passes <= 4001 and found.parameters["max_questions"] == 4000


def test_seconds_of_a_price_are_about_right(rash):
    told = xh.cost_of("rise", slow(0.003), rash, n_masks=300)
    assert told.forward_passes == 301 and 0.9 < told.seconds < 2.5  # 0.9 by the network, and the masks
