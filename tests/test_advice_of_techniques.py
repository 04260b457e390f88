"""Advice of concepts, of the CAM family, of LRP, of masks and of dreams is followed: the doubt is gone, and the map is right."""

import keras
import networks
import numpy as np
import pytest
from test_advice import doubt_goes, is_right, numbers
from test_advice_of_doubts import PHOTO, off

import xaihelpers as xh

L = keras.layers
IMAGES = np.stack([networks.image(size=16, seed=i) for i in range(6)])
IMAGE = IMAGES[0]
HALVES = np.repeat(np.uint8([[0] * 8 + [255] * 8]), 16, axis=0)[..., None].repeat(3, axis=-1)  # left black, right white
WHITE = np.full((16, 16, 3), 255, np.uint8)


def network(edge=16, bias=0.0, first_bias=-0.5, preprocess=lambda x: x / 255):
    """Conv, ReLU, global average pooling, Dense; in its first layer what is darker than grey is negative."""
    i = keras.Input((edge, edge, 3))
    x = L.Conv2D(4, 1, name="linear")(i)
    x = L.GlobalAveragePooling2D()(L.ReLU(name="relu")(x))
    model = keras.Model(i, L.Dense(3, activation="softmax")(x))
    first = np.float32([[[[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 1]]]])
    head = np.float32([[1, -1, 0]] * 4)
    model.set_weights([first, first_bias * first.sum(axis=(0, 1, 2)), head, np.full(3, bias, np.float32)])
    return xh.Classifier(model, preprocess=preprocess)


def steep(preprocess=None, weight=1.0):
    """A network that overflows: of images from 0 to 255, or with weights that are too large."""
    i = keras.Input((16, 16, 3))
    x = L.Conv2D(4, 1, activation="exponential", name="maps")(i)
    model = keras.Model(i, L.Dense(3, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    model.set_weights([np.full((1, 1, 3, 4), weight, np.float32), np.zeros(4), np.float32([[1, -1, 0]] * 4) / 9, np.zeros(3)])
    return xh.Classifier(model, preprocess=preprocess)


def mended(method, *given, **options):
    """Whether it works with smaller weights, and with the input that the weights are made for."""
    with_weights, with_input = steep(weight=1e-3), steep(lambda x: x / 255)
    results = [method(classifier, *given, **options) for classifier in (with_weights, with_input)]
    return all(np.isfinite(found.image).all() and found.class_name for found in results)


def found(n, layer="relu"):
    """Concepts of the images: whether they are n, and put the layer's maps together again."""
    concepts = xh.concepts(network(), IMAGES, n, layer=layer)
    same = np.allclose(concepts.in_images(IMAGES), concepts.amounts, atol=1e-5)
    return len(concepts) == n and concepts.unexplained < 0.2 and same


def deep_concepts(images, layer):
    """Concepts of a network with a second ReLU, which is off for dark images."""
    first, i = network().model, keras.Input((16, 16, 3))
    x = keras.Model(first.inputs, first.get_layer("relu").output, name="first")(i)
    x = L.ReLU(name="second")(L.Conv2D(4, 1, name="between")(x))
    model = keras.Model(i, L.Dense(3, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    model.get_layer("between").set_weights([np.eye(4)[None, None], np.full(4, -0.9)])
    return xh.concepts(xh.Classifier(model, preprocess=lambda x: x / 255), images, 2, layer=layer).unexplained < 0.2


def parts(image):
    return np.arange(16)[:, None] // 8 * 2 + np.arange(16) // 8


def dream(**options):
    return xh.deep_dream(network(32), PHOTO, **{"octaves": 1, "steps": 3, **options})


def grows(**options):
    """Whether a dream drives up what it is to drive up."""
    return bool(np.diff(dream(**options).activation).min() > 0)


def spotted(**options):
    """The masks of a network that says class 1 where a spot of 4 x 4 pixels is bright, over an image that is white."""
    i = keras.Input((16, 16, 3))
    spot = keras.ops.mean(L.Cropping2D(6)(L.Rescaling(1 / 255)(i)), axis=(1, 2, 3))[:, None] - 0.7987
    classifier = xh.Classifier(keras.Model(i, L.Softmax()(L.Concatenate()([0 * spot, 20 * spot, -5 + 0 * spot]))))
    return xh.extremal_perturbation(classifier, WHITE, **{"fill": "black", "area": 0.05, "steps": 1, **options})


def black(**options):
    """Relevance of a black image, where black is -1: every place is positive by its bias, and nothing is brighter than black."""
    return xh.lrp(network(first_bias=2.0, preprocess=lambda x: x / 127.5 - 1), 0 * WHITE, 0, **options)


def right_half(found):
    """Whether a map says more of the white half than of the black one."""
    return found.heatmap[0, -1] > found.heatmap[0, 0]


# {name: (what is refused, what the sentence says, whether what it says to do is right, given the sentence)}
CASES = {
    "concepts of maps that are negative": (
        lambda: found(2, "linear"),
        "The maps of layer 'linear' are negative somewhere: take a layer behind a ReLU",
        lambda m: found(2, "relu"),
    ),
    "more concepts than channels": (
        lambda: found(9),
        "n_concepts is 9, and layer 'relu' has 4 channels: ask for so many at most",
        lambda m: found(int(numbers(m, "has")[0])),
    ),
    "concepts of a layer that is off": (
        lambda: deep_concepts(IMAGES // 4 + 110, "second"),
        "The maps of layer 'second' are zero everywhere: take another layer, or other images",
        lambda m: deep_concepts(IMAGES // 4 + 110, "first/relu") and deep_concepts(IMAGES, "second"),
    ),
    "a segmentation of no image": (
        lambda: xh.shapley(network(), IMAGE, segments=lambda: 0),
        r"segments takes \(\): expected a function of one image",
        lambda m: np.array_equal(xh.shapley(network(), IMAGE, segments=parts).details["segments"], parts(IMAGE)),
    ),
    "a guide, and a channel": (
        lambda: dream(layers="relu", channel=0, guide=PHOTO),
        "A guide says by itself what of the layers is driven up: leave out target, channel and squares",
        lambda m: grows(layers="relu", guide=PHOTO),
    ),
    "a guide, and squares": (
        lambda: dream(squares=True, layers="relu", guide=PHOTO),
        "A guide says by itself what of the layers is driven up: leave out target, channel and squares",
        lambda m: grows(layers="relu", guide=PHOTO),
    ),
    "a guide, and a class": (
        lambda: dream(target=0, guide=PHOTO),
        "A guide says by itself what of the layers is driven up: leave out target, channel and squares",
        lambda m: grows(guide=PHOTO),
    ),
    "squares of a class": (
        lambda: dream(target=0, squares=True),
        "squares are of layers: give layers in place of a class",
        lambda m: grows(layers="relu", squares=True),
    ),
    **{
        f"a network that overflows: {method.__name__}": (
            lambda method=method, given=given, options=options: method(steep(), *given, **options),
            "NaN or infinite: check the network's weights, and the range of its input",
            lambda m, method=method, given=given, options=options: mended(method, *given, **options),
        )
        for method, given, options in [
            (xh.saliency, [IMAGE], {}),
            (xh.grad_cam, [IMAGE], {}),
            (xh.eigen_cam, [IMAGE, 0], {}),
            (xh.extremal_perturbation, [IMAGE, 0], {"steps": 2}),
            (xh.activation_maximization, [0], {"steps": 2}),
        ]
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_advice_of_an_error_works(name):
    is_right(*CASES[name])


# {name: (what draws a doubt, words of the doubt, [(what it says to do, whether that is right)])}: afterwards the doubt is gone
DOUBTS = {
    "maps that cancel out": (
        lambda: xh.xgrad_cam(network(), HALVES, 0, layer="linear"),
        "4 of 4 channels positive and negative values cancel out, so that they have no weight: choose a layer behind a ReLU, or",
        [
            (lambda: xh.xgrad_cam(network(), HALVES, 0, layer="relu"), right_half),
            (lambda: xh.hires_cam(network(), HALVES, 0, layer="linear"), right_half),
        ],
    ),
    "few channels": (
        lambda: xh.score_cam(network(), HALVES, 0, channels=1),
        "of 4 channels were asked, which have 75% of the variance of the layer's maps: ask more of them with channels=",
        [(lambda: xh.score_cam(network(), HALVES, 0, channels=4), lambda found: set(found.details["channels"]) == {0, 1, 2, 3})],
    ),
    "the variance of one gradient": (
        lambda: xh.saliency(network(), IMAGE, 0, variance=True),
        "One gradient has no variance: give noise, such as 0.15, and 2 samples or more",
        [(lambda: xh.saliency(network(), IMAGE, 0, variance=True, noise=0.15, samples=2), lambda found: found.heatmap.any())],
    ),
    "a mask that does not keep the class": (
        lambda: spotted(),
        "Keep a larger area, take more steps, or another fill",
        [
            (lambda: spotted(area=0.06), lambda found: found.details["smallest"] == 0.06),
            (lambda: spotted(steps=2), lambda found: found.details["smallest"] == 0.05),
            (lambda: spotted(fill=200), lambda found: found.details["smallest"] == 0.05),
        ],
    ),
    "an image that nothing moves": (
        lambda: spotted(fill="white"),
        "No part of the image moves the class, whatever is covered: the map is empty. Try another class or fill",
        [(lambda: spotted(fill="black"), lambda found: found.heatmap[7, 7] > 0.5)],
    ),
    "a class that nothing moves": (
        lambda: spotted(target=2),
        "No part of the image moves the class, whatever is covered: the map is empty. Try another class or fill",
        [(lambda: spotted(target=1), lambda found: found.heatmap[7, 7] > 0.5)],
    ),
    "a logit that biases hold back": (
        lambda: xh.lrp(network(bias=-1.49), HALVES, 0),
        "biases hold back more than that, so that the map says little about it. Use deep_shap, which leaves nothing to biases",
        [
            (
                lambda: xh.deep_shap(network(bias=-1.49), HALVES, 0, background="black"),
                lambda found: np.isclose(found.heatmap.sum(), 1.5, atol=1e-3),
            )
        ],
    ),
    "relevance that finds no way": (
        lambda: black(),
        "no path of relevance leads from the class to the image. Try rule='epsilon', epsilon=0",
        [(lambda: black(rule="epsilon", epsilon=0), lambda found: np.allclose(found.heatmap, -6 / 256))],
    ),
    "relevance of a ReLU that is off": (
        lambda: xh.lrp(off(), IMAGES[0, :8, :8], 0, rule="epsilon", epsilon=0),
        "no path of relevance leads from the class to the image. Try integrated_gradients, with baseline='white'",
        [(lambda: xh.integrated_gradients(off(), IMAGES[0, :8, :8], 0, baseline="white"), lambda found: found.heatmap.any())],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOUBTS)
def test_the_advice_of_a_doubt_works(name):
    doubt_goes(*DOUBTS[name])
