"""Questions answered on the scale of the logit: exact on a network whose logit is a sum over pixels, and saturated otherwise."""

import keras
import numpy as np
import pytest

import xaihelpers as xh

WEIGHTS = np.arange(16, dtype=np.float32).reshape(4, 4) - 5  # what each pixel of the red channel adds to the logit of class 1
SURE = 400.0  # the other class starts so far behind that the softmax is 1 whatever is covered


def additive(offset):
    """A classifier of 4 x 4 images: logits (0, offset + the sum of WEIGHTS x red / 255)."""
    image = keras.Input((4, 4, 3))
    flat = keras.layers.Flatten()(keras.layers.Rescaling(1 / 255)(image))
    model = keras.Model(image, keras.layers.Dense(2, activation="softmax")(flat))
    kernel = np.zeros((4, 4, 3, 2), np.float32)
    kernel[:, :, 0, 1] = WEIGHTS
    model.set_weights([kernel.reshape(48, 2), np.array([0, offset], np.float32)])
    return xh.Classifier(model, class_names=["no", "yes"])


IMAGE = np.full((4, 4, 3), 255, np.uint8)


def test_occlusion_of_the_logit_is_what_each_pixel_adds():
    found = xh.occlusion(additive(SURE), IMAGE, "yes", patch=1, stride=1, fill=0, of="logit")
    assert np.allclose(found.heatmap, WEIGHTS, atol=1e-4)
    assert found.details["logit"] == pytest.approx(SURE + WEIGHTS.sum(), rel=1e-6) and found.parameters["of"] == "logit"


def test_the_same_question_of_the_probability_says_nothing():
    with pytest.warns(xh.DiagnosticWarning, match="No patch changes the probability"):
        found = xh.occlusion(additive(SURE), IMAGE, "yes", patch=1, stride=1, fill=0)
    assert not found.heatmap.any() and found.details["probability"] == 1


def test_rise_of_the_logit_is_the_mean_of_the_logits_weighted_by_the_masks():
    classifier = additive(SURE)
    found = xh.rise(classifier, IMAGE, "yes", n_masks=64, grid=2, design="independent", of="logit", seed=3)
    from xaihelpers.methods.shared.masks import Masks

    source = Masks((4, 4), 2, 0.5, "independent", 3)
    masks = source.build(*source.draw(64))
    logits = SURE + (masks * WEIGHTS).sum(axis=(1, 2))
    assert np.allclose(found.details["answers"], logits, rtol=1e-5)
    assert np.allclose(found.heatmap, np.tensordot(logits, masks, 1) / masks.sum(axis=0), rtol=1e-5)


def test_lime_of_the_logit_finds_the_line_that_the_network_is():
    quarters = np.repeat(np.repeat(np.arange(4).reshape(2, 2), 2, axis=0), 2, axis=1)
    found = xh.lime(
        additive(SURE), IMAGE, "yes", segments=quarters, n_samples=200, ridge=0, kernel_width=0.75, fill="black", of="logit"
    )
    sums = np.array([WEIGHTS[quarters == i].sum() for i in range(4)])
    assert np.allclose(found.details["weights"], sums, atol=1e-2) and found.details["r2"] > 0.9999


@pytest.mark.parametrize("technique", [xh.occlusion, xh.rise, xh.lime])
def test_a_function_without_logits_says_so_in_one_sentence(technique):
    plain = xh.Classifier(lambda images: np.full((len(images), 2), 0.5, np.float32), class_names=["a", "b"])
    with pytest.raises(TypeError, match="no logits") as refused:
        technique(plain, np.full((16, 16, 3), 200, np.uint8), 0, of="logit")
    assert "\n" not in str(refused.value)
    with pytest.raises(ValueError, match="choose 'probability' or 'logit'"):
        technique(plain, np.full((16, 16, 3), 200, np.uint8), 0, of="odds")
