"""Sliders: each position draws, a broken callback fails where a test can see it, errors reach the learner."""

import io
import warnings

import networks
import numpy as np
import pytest
from PIL import Image

import xaihelpers as xh
from xaihelpers.results import DiagnosticWarning

IMAGE = networks.image()


@pytest.fixture
def classifier():
    return xh.Classifier(networks.gap_network(), class_names=["a", "b", "c"])


def brighten(classifier, image, *, by=0, invert=False):
    """A "technique" that is quick: the image, brighter."""
    image = 255 - image if invert else image
    return np.clip(image.astype(int) + by, 0, 255).astype(np.uint8)


def test_moving_a_slider_draws_another_picture_in_the_same_place(classifier):
    widget = xh.explore("grad_cam", classifier, IMAGE, layer=["conv2d", "maps"][1:], target=["a", "b"])
    picture, before = widget.picture, widget.picture.value
    widget.controls["target"].value = "b"
    assert widget.result.class_name == "b" and widget.picture is picture and picture.value != before
    assert "Grad-CAM of “b”" in widget.status.value and "1 forward, 1 backward" in widget.status.value


def test_a_list_is_drawn_in_a_row(classifier):
    def two(classifier, image, target="a"):
        return [image, xh.grad_cam(classifier, image, target), xh.saliency(classifier, image, target)]

    widget = xh.explore(two, classifier, IMAGE, target=["a", "b"])
    wide, high = Image.open(io.BytesIO(widget.picture.value)).size
    assert wide == 3 * high + 16 and widget.sweep().endswith("overlay: 3 positions, 3 different pictures")
    assert all(f"{method} of “a”" in widget.status.value for method in ("Grad-CAM", "Saliency"))


def test_sliders_wait_until_they_are_let_go(classifier):
    widget = xh.explore(brighten, classifier, IMAGE, by=(0, 100))
    assert not widget.controls["by"].continuous_update


def test_sweep_visits_both_ends_and_returns(classifier):
    seen = []

    def spy(classifier, image, *, by):
        seen.append(by)
        return brighten(classifier, image, by=by)

    widget = xh.explore(spy, classifier, IMAGE, by=(0, 100, 10), alpha=0.5)
    start = widget.controls["by"].value
    report = widget.sweep()
    assert {0, 50, 100} <= set(seen) and widget.controls["by"].value == start
    assert "by: 3 positions, 3 different pictures" in report


def test_a_broken_callback_fails_and_tells_the_learner(classifier):
    def breaks(classifier, image, *, by):
        if by > 60:
            raise ValueError("by is too large: choose 60 or less.")
        return image

    widget = xh.explore(breaks, classifier, IMAGE, by=(0, 100))
    with pytest.raises(ValueError, match="too large"):
        widget.sweep()
    with pytest.raises(ValueError, match="too large"):
        widget.controls["by"].value = 90
    assert "by is too large: choose 60 or less." in widget.status.value
    widget.controls["by"].value = 10
    assert "too large" not in widget.status.value


def test_diagnostics_are_shown_beside_the_picture(classifier):
    classifier.model.get_layer("scores").kernel.assign(-np.ones((4, 3)))
    with warnings.catch_warnings():
        warnings.simplefilter("error", DiagnosticWarning)
        widget = xh.explore("grad_cam", classifier, IMAGE, target=["a"], relu=True)
    assert "negative everywhere" in widget.status.value


def test_going_back_is_remembered_and_the_overlay_costs_nothing(classifier):
    calls = []

    def count(classifier, image, *, by):
        calls.append(by)
        return xh.grad_cam(classifier, image, 0)

    widget = xh.explore(count, classifier, IMAGE, by=[1, 2])
    widget.controls["by"].value = "2"
    widget.controls["by"].value = "1"
    widget.controls["overlay"].value = 0.1
    assert calls == [1, 2]


def test_images_to_choose_from(classifier):
    widget = xh.explore(brighten, classifier, {"one": IMAGE, "two": networks.image(seed=1)}, by=(0, 9))
    before = widget.picture.value
    widget.controls["image"].value = "two"
    assert widget.picture.value != before


def test_the_techniques_own_ranges_are_used_when_none_are_given(classifier):
    widget = xh.explore("grad_cam", classifier, IMAGE)
    assert list(widget.controls["layer"].choices) == classifier.spatial_layers()


@pytest.mark.parametrize(
    ("ranges", "words"),
    [({"by": (5, 1)}, "low < high"), ({"by": ()}, "low < high"), ({"by": []}, "nothing to choose"), ({"by": ("a", "b")}, "give")],
)
def test_a_range_that_is_none_is_refused(classifier, ranges, words):
    with pytest.raises(ValueError, match=words):
        xh.explore(brighten, classifier, IMAGE, **ranges)


def test_an_unknown_technique_lists_what_there_is(classifier):
    with pytest.raises(ValueError, match="grad_cam"):
        xh.explore("gradcam", classifier, IMAGE)


def test_a_strip_shows_one_parameter_at_several_values(classifier):
    picture = xh.strip("grad_cam", classifier, IMAGE, target=["a", "b"])
    assert "target = a" in picture.alt and "target = b" in picture.alt
    with pytest.raises(ValueError, match="exactly one"):
        xh.strip("grad_cam", classifier, IMAGE, target="a")


def test_where_it_is_not_run_the_sliders_are_one_sentence(classifier):
    said = xh.explore("grad_cam", classifier, IMAGE)._repr_mimebundle_()["text/plain"]
    assert said == "Sliders for layer, overlay: run this notebook to move them."


def test_only_a_map_has_an_overlay_to_set(classifier):
    assert xh.explore("grad_cam", classifier, IMAGE).controls["overlay"].layout.display is None
    assert xh.explore(brighten, classifier, IMAGE, by=(0, 9)).controls["overlay"].layout.display == "none"
