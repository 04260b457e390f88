"""Every sentence of advice is followed: what it says to do is done, and then it works.

Advice that needs a network, another file or a person is not here; what the folders, the model files and the images advise is
followed in their own tests.
"""

import re
import warnings

import keras
import numpy as np
import pytest
from networks import gap_network, image

import xaihelpers as xh
from xaihelpers._quiet import without_warnings

L = keras.layers
IMAGE = image()
RGB = np.random.default_rng(0).integers(0, 256, (12, 32, 32, 3)).astype(np.uint8)


def classifier(**options):
    return xh.Classifier(gap_network(), class_names=["ant", "bee", "cat"], **options)


def wide():
    """A network for images of 60 x 100 pixels."""
    layers = [keras.Input((60, 100, 3)), L.Conv2D(2, 3), L.GlobalAveragePooling2D(), L.Dense(2, activation="softmax")]
    return xh.Classifier(keras.Sequential(layers))


def flattening():
    """A network that takes any size but for its head; its layers may dream at any size."""
    x = inputs = keras.Input((64, 64, 3))
    x = L.Conv2D(4, 3, activation="relu", name="maps")(x)
    return xh.Classifier(keras.Model(inputs, L.Dense(2, activation="softmax")(L.Flatten()(x))))


def with_swish():
    x = inputs = keras.Input((8, 8, 3))
    x = L.GlobalAveragePooling2D()(L.Conv2D(4, 3, activation="swish")(x))
    return xh.Classifier(keras.Model(inputs, L.Dense(2, activation="softmax")(x)))


def no_relu():
    layers = [keras.Input((8, 8, 3)), L.Conv2D(4, 3), L.GlobalAveragePooling2D(), L.Dense(2, activation="softmax")]
    return xh.Classifier(keras.Sequential(layers))


def sorting():
    x = inputs = keras.Input((8, 8, 3))
    x = keras.ops.sort(L.Conv2D(4, 3)(x), axis=-1)
    return xh.Classifier(keras.Model(inputs, L.Dense(2, activation="softmax")(L.GlobalAveragePooling2D()(x))))


def plain(**options):
    return xh.Classifier(lambda images: np.full((len(images), 2), 0.5), **options)


def first(text):
    """The first of a list of choices: from 'a', 'b' or from a, b."""
    return re.split(r", | or | \(", text.strip(" ."))[0].strip("'\" ")


def chosen(message):
    """What a sentence lists after 'choose from', 'choose' or 'did you mean'."""
    return first(re.search(r"(?:choose from|did you mean|choose|is one such as|one such as|it has) (.*?)[?.]?$", message)[1])


def numbers(message, after):
    return [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", message.split(after)[1])]


# {name: (what is refused, what the sentence says, what it says to do, given the sentence)}
CASES = {
    # images
    "a batch of one": (
        lambda: xh.grad_cam(classifier(), IMAGE[None]),
        r"give image\[0\]",
        lambda m: xh.grad_cam(classifier(), IMAGE[None][0]),
    ),
    "an image of another size": (
        lambda: xh.grad_cam(wide(), xh.load_image(_photo())),
        r"load it with load_image\(path, size=\(60, 100\)\)",
        lambda m: xh.grad_cam(wide(), _evaluated(re.search(r"load_image\(.*\)", m)[0])),
    ),
    "RGBA": (
        lambda: xh.saliency(classifier(), np.dstack([IMAGE, IMAGE[..., :1]])),
        r"\[\.\.\., :3\]",
        lambda m: xh.saliency(classifier(), np.dstack([IMAGE, IMAGE[..., :1]])[..., :3]),
    ),
    "16 bits in an array": (
        lambda: xh.saliency(classifier(), IMAGE * 257.0),
        "divide by 257",
        lambda m: xh.saliency(classifier(), IMAGE * 257.0 / 257),
    ),
    "a photo that there is not": (
        lambda: xh.sample_photo("chelsa"), "choose from", lambda m: xh.sample_photo(chosen(m)),
    ),
    "channels": (
        lambda: xh.load_image(_photo(), channels=2),
        r"choose 1 \(grey\), 3 \(RGB\) or 4",
        lambda m: [xh.load_image(_photo(), channels=int(n)) for n in numbers(m, "choose")],
    ),
    # classes and layers
    "an unknown class": (
        lambda: xh.saliency(classifier(), IMAGE, "bat"), "choose from", lambda m: xh.saliency(classifier(), IMAGE, chosen(m)),
    ),
    "an index too large": (
        lambda: xh.saliency(classifier(), IMAGE, 7),
        "the indices go from 0 to 2",
        lambda m: [xh.saliency(classifier(), IMAGE, int(i)) for i in numbers(m, "indices go from")],
    ),
    "an unknown layer": (
        lambda: xh.grad_cam(classifier(), IMAGE, layer="mops"),
        "did you mean",
        lambda m: xh.grad_cam(classifier(), IMAGE, layer=chosen(m.split("? ")[0])),
    ),
    "a layer without places": (
        lambda: xh.grad_cam(classifier(), IMAGE, layer=list(classifier().layers)[-1]),
        "has no spatial output",
        lambda m: xh.grad_cam(classifier(), IMAGE, layer=re.search(r"such as '(.*?)'", m)[1]),
    ),
    "names for another number of classes": (
        lambda: xh.Classifier(gap_network(), class_names=["a", "b"]),
        r"has 3 classes and 2 class names",
        lambda m: xh.Classifier(gap_network(), class_names=[f"n{i}" for i in range(int(numbers(m, "model has")[0]))]),
    ),
    "names not known yet": (
        lambda: plain().class_names,
        "give class_names, or ask for probabilities first",
        lambda m: (plain(class_names=["a", "b"]).class_names, _asked(plain()).class_names),
    ),
    "the predicted class of no image": (
        lambda: classifier().class_index(None), "then give the image too", lambda m: classifier().class_index(None, IMAGE),
    ),
    "a model that is not wrapped": (
        lambda: xh.saliency(gap_network(), IMAGE),
        r"wrap the model first, Classifier\(model, ...\)",
        lambda m: xh.saliency(xh.Classifier(gap_network()), IMAGE),
    ),
    "logits returned as probabilities": (
        lambda: xh.Classifier(lambda x: np.tile([[3.0, 1.0]], (len(x), 1))).probabilities(IMAGE),
        "apply softmax before you return them",
        lambda m: xh.Classifier(lambda x: np.asarray(keras.ops.softmax(np.tile([[3.0, 1.0]], (len(x), 1))))).probabilities(IMAGE),
    ),
    "a plain function and gradients": (
        lambda: xh.grad_cam(plain(), IMAGE),
        r"only asks questions \(occlusion, rise, lime, anchors\)",
        lambda m: [
            xh.METHODS[name].function(plain(), xh.sample_photo("coffee", 32), **few)
            for name, few in zip(
                re.search(r"questions \((.*?)\)", m)[1].split(", "),
                [{}, {"n_masks": 20}, {"n_samples": 20}, {"segments": "grid"}],
            )
        ],
    ),
    # techniques
    "guided backpropagation without ReLU": (
        lambda: xh.guided_backprop(no_relu(), IMAGE), "use saliency", lambda m: xh.saliency(no_relu(), IMAGE),
    ),
    "guided backpropagation of swish": (
        lambda: xh.guided_backprop(with_swish(), IMAGE),
        "Use saliency, or integrated_gradients",
        lambda m: (xh.saliency(with_swish(), IMAGE), xh.integrated_gradients(with_swish(), IMAGE, steps=8)),
    ),
    "Deep SHAP without a rule": (
        lambda: xh.deep_shap(sorting(), IMAGE),
        "use integrated_gradients",
        lambda m: xh.integrated_gradients(sorting(), IMAGE, steps=8),
    ),
    "Deep SHAP's background": (
        lambda: xh.deep_shap(classifier(), IMAGE, background="grey"),
        "background is 'grey'",
        lambda m: xh.deep_shap(classifier(), IMAGE, background="mean"),
    ),
    "a patch larger than the image": (
        lambda: xh.occlusion(classifier(), IMAGE, patch=50),
        r"give 8 or fewer",
        lambda m: xh.occlusion(classifier(), IMAGE, patch=int(numbers(m, "give")[0])),
    ),
    "a stride larger than the patch": (
        lambda: xh.occlusion(classifier(), IMAGE, patch=2, stride=4),
        "give a stride of 2 or less",
        lambda m: xh.occlusion(classifier(), IMAGE, patch=2, stride=int(numbers(m, "stride of")[0])),
    ),
    "a grid finer than the image": (
        lambda: xh.rise(classifier(), IMAGE, grid=50, n_masks=8),
        "give 8 cells or fewer",
        lambda m: xh.rise(classifier(), IMAGE, grid=int(numbers(m, "; give" if "; give" in m else "give")[0]), n_masks=8),
    ),
    "a single superpixel": (
        lambda: xh.lime(classifier(), IMAGE, n_samples=20, segments=np.zeros((8, 8), int)),
        "use segments='grid'",
        lambda m: xh.lime(classifier(), IMAGE, n_samples=20, segments="grid"),
    ),
    "a segmentation that there is not": (
        lambda: xh.lime(classifier(), IMAGE, segments="tiles", n_samples=20),
        "choose from",
        lambda m: xh.lime(classifier(), IMAGE, segments="grid", n_samples=20),
    ),
    "a class and a layer": (
        lambda: xh.deep_dream(flattening(), image(64), 1, layers="maps", octaves=1, steps=1),
        "give target, or layers",
        lambda m: (
            xh.deep_dream(flattening(), image(64), 1, octaves=1, steps=1),
            xh.deep_dream(flattening(), image(64), layers="maps", octaves=1, steps=1),
        ),
    ),
    "a class of a network with a flat head, at another size": (
        lambda: xh.deep_dream(flattening(), image(64), 1, octaves=2, steps=1),
        "give layers before the head instead of a class",
        lambda m: xh.deep_dream(flattening(), image(64), layers="maps", octaves=2, steps=1),
    ),
    "too many octaves": (
        lambda: xh.deep_dream(flattening(), image(40), layers="maps", octaves=4, steps=1),
        "take a larger image or fewer octaves",
        lambda m: (
            xh.deep_dream(flattening(), image(40), layers="maps", octaves=1, steps=1),
            xh.deep_dream(flattening(), image(96), layers="maps", octaves=4, steps=1),
        ),
    ),
    "nothing to drive up": (
        lambda: xh.activation_maximization(flattening(), steps=1),
        r"give a class \(target\), or a layer and a channel",
        lambda m: (
            xh.activation_maximization(flattening(), 0, steps=1),
            xh.activation_maximization(flattening(), layer="maps", channel=0, steps=1),
        ),
    ),
    "a channel that there is not": (
        lambda: xh.activation_maximization(flattening(), layer="maps", channel=9, steps=1),
        "has the channels 0 to 3",
        lambda m: xh.activation_maximization(flattening(), layer="maps", channel=int(numbers(m, "channels 0 to")[0]), steps=1),
    ),
    # metrics, comparison
    "how to randomise": (
        lambda: xh.metrics.model_randomisation(classifier(), "saliency", IMAGE, how="zero"),
        "choose",
        lambda m: xh.metrics.model_randomisation(classifier(), "saliency", IMAGE, how=chosen(m), stages=1),
    ),
    "a plain map without what it explains": (
        lambda: xh.metrics.deletion(classifier(), np.ones((8, 8))),
        r"give image= and target= too",
        lambda m: xh.metrics.deletion(classifier(), np.ones((8, 8)), image=IMAGE, target=0, steps=2),
    ),
    "a metric that there is not": (
        lambda: xh.compare(classifier(), [IMAGE], metrics=["beauty"], methods=["saliency"], progress=False),
        "choose from",
        lambda m: xh.compare(classifier(), [IMAGE], [IMAGE[..., 0] > 99], ["saliency"], [chosen(m)], progress=False),
    ),
    "a technique that there is not": (
        lambda: xh.compare(classifier(), [IMAGE], methods=["cam"], progress=False),
        "choose from",
        lambda m: xh.compare(classifier(), [IMAGE], methods=[chosen(m)], metrics=["sparseness"], progress=False),
    ),
    "a parameter that there is not": (
        lambda: xh.compare(classifier(), [IMAGE], methods={"saliency": {"nose": 1}}, progress=False),
        "it has",
        lambda m: xh.compare(classifier(), [IMAGE], methods={"saliency": {"noise": 0.1}}, metrics=["sparseness"], progress=False),
    ),
    "compare and a model": (
        lambda: xh.compare(gap_network(), [IMAGE]),
        "wrap the model first",
        lambda m: xh.compare(classifier(), [IMAGE], methods=["saliency"], metrics=["sparseness"], progress=False),
    ),
    # networks by name, training
    "a classifier that there is not": (
        lambda: xh.load_classifier("rashnett"),
        "did you mean 'rashnet'",
        lambda m: xh.load_classifier(re.search(r"did you mean '(.*?)'", m)[1]),
    ),
    "too few images of a class": (
        lambda: _train(RGB[:4], list("aaab")),
        "it needs at least",
        lambda m: _train(RGB[: 3 + int(numbers(m, "at least")[0])], list("aaa") + ["b"] * int(numbers(m, "at least")[0])),
    ),
    "images that are not enlarged": (
        lambda: _train(RGB, list("ab") * 6, backbone="xception", weights=None),
        "give image_size=128",
        None,  # half a minute: tests/test_training.py does it
    ),
    "images of 0 to 1": (
        lambda: _train(RGB / 255.0, list("ab") * 6), "expected 0 to 255", lambda m: _train(RGB, list("ab") * 6),
    ),
    "a backbone with a head": (
        lambda: _train(RGB, list("ab") * 6, keras.Sequential([keras.Input((32, 32, 3)), L.Flatten()])),
        "without a head",
        lambda m: _train(RGB, list("ab") * 6),
    ),
    "one class": (
        lambda: _train(RGB, ["a"] * 12), "two classes or more", lambda m: _train(RGB, list("ab") * 6),
    ),
}  # fmt: skip


def _photo():
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(xh.sample_photo("coffee", 120)).save(buffer, format="PNG")
    return buffer.getvalue()


def _evaluated(call):
    return eval(call, {"load_image": xh.load_image, "path": _photo()})


def _asked(classifier):
    classifier.probabilities(IMAGE)
    return classifier


def _train(images, labels, backbone=None, **options):
    if backbone is None:
        backbone = keras.Sequential([keras.Input((32, 32, 3)), L.Rescaling(1 / 255), L.Conv2D(2, 3)])
    quick = {"epochs": 1, "progress": False, "groups": "images", "cross_validate": False, "on_chance": "warn"}
    return xh.train_classifier((images, labels), backbone=backbone, **{**quick, **options})


def is_followed(refused, words, follow):
    """Assert that an error is one sentence with these words, and that doing what it says succeeds; follow: None, another test."""
    with pytest.raises((ValueError, TypeError, OSError), match=words) as told, without_warnings():
        refused()
    message = str(told.value)
    assert "\n" not in message and message.endswith(".")
    if follow is not None:
        with without_warnings(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            follow(message)


def is_right(refused, words, follow):
    """As `is_followed`; and what `follow` says of the result, true or false, is true."""
    said = []
    is_followed(refused, words, lambda message: said.append(follow(message)))
    assert isinstance(said[0], (bool, np.bool_)) and said[0], "it was done as the sentence says, and the result is not right"


def doubt_goes(doubtful, words, follow, diagnostics=lambda found: found.diagnostics):
    """Assert that a result has a doubt with these words, and that it is gone from what its advice gives.

    follow: a function that does what the doubt says and returns a result, or several; or [(such a function, whether the
    result is right)].
    """
    with without_warnings():
        said = diagnostics(doubtful())
        assert any(words in sentence for sentence in said), said
        for does, is_so in follow if isinstance(follow, list) else [(follow, lambda found: True)]:
            results = does()
            for found in results if isinstance(results, tuple) else (results,):
                assert is_so(found) and not any(words in sentence for sentence in diagnostics(found)), diagnostics(found)


@pytest.mark.parametrize("name", CASES)
def test_the_advice_of_an_error_works(name):
    is_followed(*CASES[name])


# {name: (what draws a doubt, words of the doubt, what it says to do)}: afterwards the doubt is gone
DOUBTS = {
    "an image that was preprocessed": (
        lambda: xh.saliency(classifier(), IMAGE / 255.0), "0 to 255", lambda: xh.saliency(classifier(), IMAGE),
    ),
    "few samples": (
        lambda: xh.lime(classifier(), IMAGE, n_samples=10, segments="grid"),
        "samples are few",
        lambda: xh.lime(classifier(), IMAGE, n_samples=500, segments="grid"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOUBTS)
def test_the_advice_of_a_doubt_works(name):
    doubt_goes(*DOUBTS[name])
