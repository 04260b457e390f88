"""What a result says against itself is followed: afterwards that doubt is gone, or what it recommends is there.

And the advice of metrics, comparisons, plots and files, in the same way as in test_advice.py.
"""

import re

import keras
import networks
import numpy as np
import pytest
from test_advice import IMAGE, RGB, _train, chosen, classifier, doubt_goes, first, is_followed, numbers

import xaihelpers as xh
from xaihelpers.images import as_rgb

# Enough of it to be sure that nothing was learned.
NOISE = np.random.default_rng(1).integers(0, 256, (120, 32, 32, 3)).astype(np.uint8)

L = keras.layers
MAP = np.arange(64.0).reshape(8, 8)
MASK = MAP > 40
PHOTO = xh.sample_photo("coffee", 32)


def constant(class_names=None):
    """A network that says the same of every image."""
    model = networks.gap_network()
    model.layers[-1].kernel.assign(0 * model.layers[-1].kernel)
    return xh.Classifier(model, class_names=class_names)


def with_head(kernel):
    """The network of the tests with another head, (4, 3)."""
    model = networks.gap_network()
    model.layers[2].set_weights([0.2 * np.abs(model.layers[2].get_weights()[0]), np.zeros(4)])
    model.layers[-1].set_weights([np.float32(kernel), np.zeros(3, np.float32)])
    return xh.Classifier(model)


def against():
    """A network in which every channel speaks against class 0, and for class 1."""
    return with_head([[-1, 1, 0]] * 4)


def curved():
    """A network with steep curves on the way from a baseline to an image."""
    i = keras.Input((8, 8, 3))
    x = L.Activation(lambda z: keras.ops.sin(40 * z))(L.Conv2D(4, 3)(L.Rescaling(1 / 255)(i)))
    return xh.Classifier(networks.fixed(keras.Model(i, L.Dense(3, activation="softmax")(L.GlobalAveragePooling2D()(x)))))


def bright():
    """A plain function that asks whether the upper left quarter is bright."""

    def p(x):
        bright = 1 / (1 + np.exp(-(x[:, :16, :16].mean(axis=(1, 2, 3)) - 60)))
        return np.stack([1 - bright, bright], axis=1)

    return xh.Classifier(p, class_names=["dark", "bright"])


def spot():
    """A plain function that asks how bright a small spot in the middle is."""

    def p(x):
        bright = 1 / (1 + np.exp(-(x[:, 14:18, 14:18].mean(axis=(1, 2, 3)) - 100) / 20))
        return np.stack([1 - bright, bright], axis=1)

    return xh.Classifier(p, class_names=["dark", "bright"])


def certain():
    model = networks.gap_network()
    model.layers[-1].kernel.assign(400 * model.layers[-1].kernel)
    return xh.Classifier(model)


def of_parts(rule):
    """A plain function of how bright the left and the right half are, as true or false."""

    def p(x):
        bright = rule(x[:, :, :16].mean(axis=(1, 2, 3)) > 150, x[:, :, 16:].mean(axis=(1, 2, 3)) > 150).astype(float)
        return np.stack([1 - bright, bright], axis=1)

    return xh.Classifier(p, class_names=["no", "yes"])


def both():
    return of_parts(np.logical_and)


def either():
    return of_parts(np.logical_xor)


def beside():
    """Its last maps go nowhere, but for a factor of zero."""
    i = keras.Input((8, 8, 3))
    x = L.Conv2D(4, 3, padding="same", activation="relu", name="maps")(L.Rescaling(1 / 255)(i))
    unused = L.Conv2D(4, 3, padding="same", name="unused")(x)
    z = L.Dense(3)(L.GlobalAveragePooling2D()(x)) + 0.0 * L.Dense(3)(L.GlobalAveragePooling2D()(unused))
    return xh.Classifier(networks.fixed(keras.Model(i, L.Softmax()(z))))


def off():
    """Its ReLU is off for all but the brightest images."""
    i = keras.Input((8, 8, 3))
    x = L.Conv2D(4, 1, name="maps")(L.Rescaling(1 / 255)(i))
    x = L.ReLU(name="relu")(x)
    model = keras.Model(i, L.Dense(3, activation="softmax")(L.GlobalAveragePooling2D()(x)))
    model.set_weights([np.ones((1, 1, 3, 4)), np.full(4, -2.95), *networks.fixed(model).get_weights()[2:]])
    return xh.Classifier(model)


def mixing():
    """Every image has the mean of its batch taken off."""
    i = keras.Input((8, 8, 3))
    x = L.Conv2D(4, 3, name="maps")(L.Rescaling(1 / 255)(i))
    x = L.ReLU()(x - keras.ops.mean(x, axis=0, keepdims=True))
    return xh.Classifier(networks.fixed(keras.Model(i, L.Dense(3, activation="softmax")(L.GlobalAveragePooling2D()(x)))))


HALVES = np.kron([[0, 1]], np.ones((32, 16), int))
QUARTERS = np.kron([[0, 1], [2, 3]], np.ones((16, 16), int))
LIGHT = np.full((32, 32, 3), 200, np.uint8)


def blind():
    """Return a backbone that sees the same in every image, so that training on it can't learn anything, on any computer."""
    layers = [keras.Input((32, 32, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(2, 3, kernel_initializer="zeros")]
    return keras.Sequential(layers)


def anchor(**options):
    return xh.anchors(bright(), LIGHT, **{"segments": QUARTERS, "fill": "black", **options})


# {name: (what draws a doubt, words of the doubt, what it says to do)}: afterwards the doubt is gone
DOUBTS = {
    "saliency of a saturated softmax": (
        lambda: xh.saliency(certain(), IMAGE, of="probability"),
        "Use of='logit'",
        lambda: xh.saliency(certain(), IMAGE, of="logit"),
    ),
    "integrated gradients that miss": (
        lambda: xh.integrated_gradients(curved(), IMAGE, 0, steps=4),
        "take more than 4 steps",
        lambda: xh.integrated_gradients(curved(), IMAGE, 0, steps=1000),
    ),
    "a map that is negative everywhere": (
        lambda: xh.grad_cam(against(), IMAGE, 0),
        "Look at it with relu=False, or choose another class",
        lambda: (xh.grad_cam(against(), IMAGE, 0, relu=False), xh.grad_cam(against(), IMAGE, 1)),
    ),
    "no path of positive gradients": (
        lambda: xh.guided_backprop(against(), IMAGE, 0),
        "Try another class, or the plain gradient",
        lambda: (xh.guided_backprop(against(), IMAGE, 1), xh.saliency(against(), IMAGE, 0)),
    ),
    "a background that is the image": (
        lambda: xh.deep_shap(classifier(), IMAGE, background=IMAGE),
        "Choose another background",
        lambda: xh.deep_shap(classifier(), IMAGE, background="black"),
    ),
    "patches that change nothing": (
        lambda: xh.occlusion(bright(), np.zeros((32, 32, 3)), 1, fill="black"),
        "Try a larger patch or another fill",
        lambda: xh.occlusion(bright(), np.zeros((32, 32, 3)), 1, fill="white", patch=16),
    ),
    "RISE of a class that nothing changes": (
        lambda: xh.rise(with_head([[0, 1, 0]] * 4), 0 * IMAGE, 0, n_masks=40),
        "Choose another class",
        lambda: xh.rise(with_head([[0, 1, 0]] * 4), IMAGE, 1, n_masks=40),
    ),
    "RISE with few masks": (
        lambda: xh.rise(spot(), LIGHT, 1, n_masks=20, grid=16),
        "Ask more than 20 masks, or use a coarser grid",
        lambda: (xh.rise(spot(), LIGHT, 1, n_masks=600, grid=8), xh.rise(spot(), LIGHT, 1, n_masks=400, grid=4)),
    ),
    "LIME of a class that nothing changes": (
        lambda: xh.lime(bright(), np.zeros((32, 32, 3)), 1, segments="grid", fill="black", n_samples=200),
        "Try another class, or another fill",
        lambda: xh.lime(bright(), np.zeros((32, 32, 3)), 1, segments="grid", fill="white", n_samples=200),
    ),
    "LIME with few samples": (
        lambda: xh.lime(bright(), LIGHT, 1, segments="grid", n_segments=16, n_samples=10, fill="black"),
        "or use fewer superpixels",
        lambda: xh.lime(bright(), LIGHT, 1, segments="grid", n_segments=4, n_samples=100, fill="black"),
    ),
    "a kernel that is too narrow": (
        lambda: xh.lime(bright(), LIGHT, 1, segments="grid", n_samples=200, fill="black", kernel_width=0.01),
        "Raise kernel_width",
        lambda: xh.lime(bright(), LIGHT, 1, segments="grid", n_samples=200, fill="black", kernel_width=0.5),
    ),
    "an anchor of another class": (
        lambda: anchor(target=0),
        "Leave target out, or use a technique that explains any class, such as lime",
        lambda: (anchor(), xh.lime(bright(), LIGHT, 0, segments="grid", n_samples=200, fill="black")),
    ),
    "an empty anchor": (
        lambda: anchor(fill="mean"), "or cover with another fill: black", lambda: anchor(fill="black"),
    ),
    "a search that was stopped": (
        lambda: xh.anchors(bright(), LIGHT, segments="grid", n_segments=36, fill="black", max_questions=200, threshold=0.99),
        "Raise max_questions, or use fewer superpixels",
        lambda: (
            xh.anchors(bright(), LIGHT, segments="grid", n_segments=36, fill="black", max_questions=20000, threshold=0.99),
            anchor(max_questions=200, threshold=0.8),
        ),
    ),
    "an anchor that is the whole image": (
        lambda: xh.anchors(both(), LIGHT, segments=HALVES, fill="black", threshold=0.9),
        "Lower the threshold, or cover with another fill",
        lambda: (
            xh.anchors(both(), LIGHT, segments=HALVES, fill="black", threshold=0.4),
            xh.anchors(both(), LIGHT, segments=HALVES, fill=180, threshold=0.9),
        ),
    ),
    "weights of what is not linear": (
        lambda: xh.lime(either(), LIGHT, 1, segments=QUARTERS, n_samples=300, fill="black"),
        "Use fewer superpixels, or another fill",
        lambda: (
            xh.lime(either(), LIGHT, 1, segments=HALVES, n_samples=300, fill=160),
            xh.lime(either(), LIGHT, 1, segments=QUARTERS, n_samples=300, fill=160),
        ),
    ),
    "a class that does not depend on the last maps": (
        lambda: xh.grad_cam(beside(), IMAGE, 0, layer="unused"),
        "Try an earlier layer",
        lambda: xh.grad_cam(beside(), IMAGE, 0, layer="maps"),
    ),
    "a gradient that is zero": (
        lambda: xh.saliency(off(), IMAGE, 0),
        "Look at integrated_gradients",
        lambda: xh.integrated_gradients(off(), IMAGE, 0, baseline="white"),
    ),
    "a ReLU that is off everywhere": (
        lambda: xh.deep_dream(off(), PHOTO, layers="relu", octaves=1, steps=2),
        "or the layer before the activation",
        lambda: xh.deep_dream(off(), PHOTO, layers="maps", octaves=1, steps=2),
    ),
    "a network that mixes the images of a batch": (
        lambda: xh.deep_shap(mixing(), IMAGE, 0, background="black"),
        "Use integrated_gradients",
        lambda: xh.integrated_gradients(classifier(), IMAGE, 0, steps=200),
    ),
    "an image that was preprocessed": (
        lambda: xh.saliency(classifier(), IMAGE / 127.5 - 1), "Give it as it was", lambda: xh.saliency(classifier(), IMAGE),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DOUBTS)
def test_the_advice_of_a_doubt_works(name):
    doubt_goes(*DOUBTS[name])


# {name: (what is refused, what the sentence says, what it says to do, given the sentence)}
CASES = {
    # images
    "a grey image": (
        lambda: xh.saliency(classifier(), IMAGE[..., 0]),
        r"np\.stack\(\[image\] \* 3, axis=-1\)",
        lambda m: xh.saliency(classifier(), eval(m[m.index("np.stack") : -1], {"np": np, "image": IMAGE[..., 0]})),
    ),
    "an image in words": (
        lambda: xh.saliency(classifier(), "cat.jpg"), "give an RGB array", lambda m: xh.saliency(classifier(), IMAGE),
    ),
    "an image that is a number": (
        lambda: xh.load_image(3), "give a path or the bytes", lambda m: xh.load_image(_png()),
    ),
    "a colour image for a grey network": (
        lambda: xh.saliency(grey(), IMAGE),
        r"load it with load_image\(path, size, channels=1\), or give image.mean\(axis=-1\)",
        lambda m: (
            xh.saliency(grey(), xh.load_image(_png(), 8, channels=1)),
            xh.saliency(grey(), eval(re.search(r"image\.mean\(axis=-1\)", m)[0], {"image": IMAGE})),
        ),
    ),
    # techniques
    "a size beyond all": (
        lambda: xh.activation_maximization(classifier(), 0, size=100000, steps=1),
        "pixels an edge or fewer",
        lambda m: xh.activation_maximization(classifier(), 0, size=16, steps=1),
    ),
    "a class and a channel": (
        lambda: xh.activation_maximization(classifier(), 0, layer="maps", channel=0, steps=1),
        "give target, or layer and channel",
        lambda m: (
            xh.activation_maximization(classifier(), 0, steps=1),
            xh.activation_maximization(classifier(), layer="maps", channel=0, steps=1),
        ),
    ),
    "a radius without pixels": (
        lambda: xh.activation_maximization(classifier(), 0, space="fourier", radius=1.0, steps=1),
        "choose space='pixels', or leave it out",
        lambda m: (
            xh.activation_maximization(classifier(), 0, space="pixels", radius=1.0, steps=1),
            xh.activation_maximization(classifier(), 0, space="fourier", steps=1),
        ),
    ),
    "layers that are a number": (
        lambda: xh.deep_dream(classifier(), PHOTO, layers=3, octaves=1, steps=1),
        "give the name of a layer, a list of names, or {name: weight}",
        lambda m: [
            xh.deep_dream(classifier(), PHOTO, layers=layers, octaves=1, steps=1) for layers in ("maps", ["maps"], {"maps": 2})
        ],
    ),
    "no layer": (
        lambda: xh.deep_dream(classifier(), PHOTO, layers=[], octaves=1, steps=1),
        "give at least one layer",
        lambda m: xh.deep_dream(classifier(), PHOTO, layers=["maps"], octaves=1, steps=1),
    ),
    "noise that is negative": (
        lambda: xh.saliency(classifier(), IMAGE, noise=-1),
        "0.15 is usual",
        lambda m: xh.saliency(classifier(), IMAGE, noise=numbers(m, "more;")[0], samples=2),
    ),
    "patches larger than the image": (
        lambda: xh.occlusion(classifier(), IMAGE, patch=4, levels=3),
        "use fewer levels or a smaller patch",
        lambda m: (xh.occlusion(classifier(), IMAGE, patch=4, levels=1), xh.occlusion(classifier(), IMAGE, patch=2, levels=2)),
    ),
    "a fill that there is not": (
        lambda: xh.occlusion(classifier(), IMAGE, fill="grey"),
        r"a grey level or a colour from 0 to 255 such as 127 or \(255, 0, 0\), or an image",
        lambda m: [xh.occlusion(classifier(), IMAGE, fill=fill) for fill in ("black", 127, (255, 0, 0), IMAGE)],
    ),
    "backgrounds of another size": (
        lambda: xh.deep_shap(classifier(), IMAGE, background=PHOTO[None]),
        "give them in the size of the image explained",
        lambda m: xh.deep_shap(classifier(), IMAGE, background=PHOTO[None, :8, :8]),
    ),
    "segments of another size": (
        lambda: xh.lime(classifier(), IMAGE, segments=np.zeros((4, 4), int), n_samples=20),
        "give one label a pixel",
        lambda m: xh.lime(classifier(), IMAGE, segments=np.arange(64).reshape(8, 8) // 8, n_samples=20),
    ),
    "segments that are no whole numbers": (
        lambda: xh.lime(classifier(), IMAGE, segments=MAP / 7, n_samples=20),
        "give one label a pixel, 0, 1, 2",
        lambda m: xh.lime(classifier(), IMAGE, segments=(MAP // 8).astype(int), n_samples=20),
    ),
    # metrics and comparison
    "a metric without the classifier": (
        lambda: xh.metrics.deletion(networks.gap_network(), MAP, image=IMAGE, target=0),
        "give the Classifier that was explained",
        lambda m: xh.metrics.deletion(classifier(), MAP, image=IMAGE, target=0, steps=2),
    ),
    "a mask that is everything": (
        lambda: xh.metrics.roc_area(MAP, np.ones((8, 8))),
        "give a smaller mask, or another against=",
        lambda m: xh.metrics.roc_area(MAP, MASK),
    ),
    "every pixel removed": (
        lambda: xh.metrics.fill_in(IMAGE, np.ones((8, 8))), "leave at least one", lambda m: xh.metrics.fill_in(IMAGE, MASK),
    ),
    "a drop in words": (
        lambda: xh.metrics.completeness(MAP, [MASK], "much"),
        "by how much the score falls, one number",
        lambda m: xh.metrics.completeness(MAP, [MASK], 0.5),
    ),
    "a technique that is a number": (
        lambda: xh.metrics.stability(classifier(), 3, IMAGE),
        "give the name of a technique, or the function",
        lambda m: [xh.metrics.stability(classifier(), method, IMAGE) for method in ("saliency", xh.saliency)],
    ),
    "a measure in words": (
        lambda: xh.metrics.agreement_matrix([MAP, MAP], "rank"),
        "such as rank_correlation",
        lambda m: xh.metrics.agreement_matrix([MAP, MAP], xh.metrics.rank_correlation),
    ),
    "a measure of one map": (
        lambda: xh.metrics.agreement_matrix([MAP, MAP], lambda one: 1.0),
        "can't be given to it: give one such as rank_correlation",
        lambda m: xh.metrics.agreement_matrix([MAP, MAP], xh.metrics.rank_correlation),
    ),
    "a measure that is no number": (
        lambda: xh.metrics.agreement_matrix([MAP, MAP], lambda one, other: one),
        "for two maps: give a function that returns a number, such as rank_correlation",
        lambda m: xh.metrics.agreement_matrix([MAP, MAP], xh.metrics.rank_correlation),
    ),
    "too few images for clusters": (
        lambda: xh.metrics.evidence_clusters(classifier(), RGB[:4, :8, :8], 0),
        "give eight or more of one class",
        lambda m: xh.metrics.evidence_clusters(classifier(), RGB[:8, :8, :8], 0),
    ),
    "nothing to compare on": (
        lambda: xh.compare(classifier(), [], progress=False),
        r"give \(N, H, W, 3\), a list or \{name: image\}",
        lambda m: [_compare(images) for images in (IMAGE[None], [IMAGE], {"noise": IMAGE})],
    ),
    "masks for other images": (
        lambda: _compare([IMAGE], masks=[MASK, MASK]), "give one mask an image", lambda m: _compare([IMAGE], masks=[MASK]),
    ),
    "targets for other images": (
        lambda: _compare([IMAGE], targets=[0, 1]),
        "give one for all, or one an image",
        lambda m: (_compare([IMAGE], targets=0), _compare([IMAGE], targets=[0])),
    ),
    "a technique that is none": (
        lambda: _compare([IMAGE], methods={"mine": (3, {})}),
        r"give its name, or \(function, parameters\)",
        lambda m: (_compare([IMAGE], methods=["saliency"]), _compare([IMAGE], methods={"mine": (xh.saliency, {})})),
    ),
    "a mask that is empty": (
        lambda: xh.metrics.pointing_game(MAP, 0 * MAP),
        "leave this image out",
        lambda m: [xh.metrics.pointing_game(MAP, mask) for mask in (0 * MAP, MASK) if mask.any()],
    ),
    # training
    "data that are a number": (
        lambda: xh.train_classifier(3),
        r"give a folder, or a pair \(images, labels\)",
        lambda m: _train(RGB, list("ab") * 6),
    ),
    "groups in a word": (
        lambda: _train(RGB, list("ab") * 6, groups="patients"),
        "choose 'families', 'images', or give a value for each image",
        lambda m: [_train(RGB, list("ab") * 6, groups=groups) for groups in ("families", "images", list(range(12)))],
    ),
    "nothing learned": (
        lambda: _train(NOISE, list("ab") * 60, blind(), groups="images", on_chance="error"),
        "or use on_chance='warn' to have it all the same",
        lambda m: _train(NOISE, list("ab") * 60, blind(), groups="images", on_chance="warn"),
    ),
    # plots and files
    "frames of two sizes": (
        lambda: xh.animate([IMAGE, PHOTO], "two"), "give one size", lambda m: xh.animate([IMAGE, IMAGE[::-1]], "two"),
    ),
    "no frames": (
        lambda: xh.animate([], "none"), "give a list of images", lambda m: xh.animate([IMAGE, IMAGE[::-1]], "two"),
    ),
    "frames without words": (
        lambda: xh.animate([IMAGE, IMAGE[::-1]], ""),
        "say in words what plays",
        lambda m: xh.animate([IMAGE, IMAGE[::-1]], "two"),
    ),
    "a map over nothing": (
        lambda: xh.overlay(MAP), "give the image too", lambda m: xh.overlay(MAP, IMAGE),
    ),
    "a number to show": (
        lambda: xh.show(3), "give an Attribution or a Visualization", lambda m: xh.show(xh.saliency(classifier(), IMAGE)),
    ),
    "nothing side by side": (
        lambda: xh.side_by_side([]),
        "give a list of images, maps or results",
        lambda m: xh.side_by_side([IMAGE, MAP, xh.saliency(classifier(), IMAGE)]),
    ),
    "titles for other pictures": (
        lambda: xh.side_by_side([IMAGE], titles=["a", "b"]),
        "give one title each",
        lambda m: xh.side_by_side([IMAGE], titles=["a"]),
    ),
    "a picture that is a number": (
        lambda: xh.read_png(3), "give a path, or the bytes of a PNG file", lambda m: xh.read_png(_saved()),
    ),
    "a picture of another program": (
        lambda: xh.read_png(_png()), "give a PNG file that the course saved", lambda m: xh.read_png(_saved()),
    ),
    # rashes
    "an artefact that there is not": (
        lambda: xh.rashes.make_rashes(2).with_artefact("pen"),
        "choose",
        lambda m: xh.rashes.make_rashes(2).with_artefact(chosen(m)),
    ),
    "a class with an artefact that is not named": (
        lambda: xh.rashes.make_rashes(2, artefact_class="measles"),
        "say which, 'sticker' or 'ruler'",
        lambda m: xh.rashes.make_rashes(2, artefact_class="measles", artefact=first(m.split("say which,")[1])),
    ),
    "weights of classes": (
        lambda: xh.rashes.make_rashes(2, class_weights=[0] * 6),
        "give six numbers of at least 0, not all 0, or a dict from class names",
        lambda m: [xh.rashes.make_rashes(2, class_weights=weights) for weights in ([1] * 6, {"measles": 1})],
    ),
    "images to repaint": (
        lambda: xh.rashes.repaint(RGB),
        "give what make_rashes or load_test_split returned",
        lambda m: xh.rashes.repaint(xh.rashes.make_rashes(2)),
    ),
}  # fmt: skip


def grey():
    layers = [keras.Input((8, 8, 1)), L.Conv2D(2, 3), L.GlobalAveragePooling2D(), L.Dense(2, activation="softmax")]
    return xh.Classifier(keras.Sequential(layers))


def _compare(images, **options):
    options = {"methods": ["saliency"], "metrics": ["sparseness"], **options}
    return xh.compare(classifier(), images, progress=False, **options)


def _png():
    import io

    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(as_rgb(IMAGE)).save(buffer, format="PNG")
    return buffer.getvalue()


def _saved():
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "map.png"
        xh.save_png(path, xh.saliency(classifier(), IMAGE))
        return path.read_bytes()


@pytest.mark.parametrize("name", CASES)
def test_the_advice_of_an_error_works(name):
    is_followed(*CASES[name])
