"""Advice about numbers, maps, measures, preprocessing and layers is followed, in the same way as in test_advice.py."""

import re
import warnings

import keras
import networks
import numpy as np
import pytest
from test_advice import IMAGE, classifier, doubt_goes, is_followed, numbers
from test_advice_of_doubts import PHOTO, QUARTERS, against, anchor
from test_advice_of_models import ends_in

import xaihelpers as xh
from xaihelpers._quiet import without_warnings
from xaihelpers.methods.shared.fills import fill_images
from xaihelpers.metrics import removal
from xaihelpers.training.groups import overlap_warning
from xaihelpers.training.train import _built

L = keras.layers
MAP = np.arange(64.0).reshape(8, 8)
MASK = MAP > 40
REGIONS = np.stack([MASK, ~MASK])
LIGHT = np.full((16, 16, 3), 200, np.uint8)
MOVED = lambda x: x[:, ::-1]  # noqa: E731
IN_NUMPY = lambda x: np.asarray(x)[:, ::2, ::2] / 1.0  # noqa: E731


def gap(**options):
    return xh.Classifier(networks.gap_network(), **options)


def flat():
    """A network without any layer whose output has places."""
    layers = [keras.Input((8, 8, 3)), L.Flatten(), L.Dense(3, activation="softmax")]
    return xh.Classifier(networks.fixed(keras.Sequential(layers)))


def tall():
    """A network whose images come channels first."""
    i = keras.Input((3, 8, 8))
    return networks.fixed(keras.Model(i, networks.gap_network()(L.Permute((2, 3, 1))(i))))


def normed():
    """A network whose last maps have the same mean for every image."""
    i = keras.Input((8, 8, 3))
    x = L.Conv2D(4, 3, padding="same", name="maps")(L.Rescaling(1 / 255)(i))
    x = L.LayerNormalization(name="norm", scale=False, center=False)(x)
    return xh.Classifier(keras.Model(i, L.Dense(3, activation="softmax")(L.GlobalMaxPooling2D()(x))))


def with_a_token():
    """A network that goes on, behind its maps, with places and one token more."""
    i = keras.Input((8, 8, 3))
    x = L.Conv2D(4, 2, strides=2, name="maps")(L.Rescaling(1 / 255)(i))
    x = L.Reshape((16, 4))(x)
    x = L.Concatenate(axis=1)([L.GlobalAveragePooling1D(keepdims=True)(x), x])
    x = L.Permute((2, 1))(L.Dense(17, name="mixed")(L.Permute((2, 1))(x)))
    return xh.Classifier(networks.fixed(keras.Model(i, L.Dense(3, activation="softmax")(x[:, 0]))))


def moody():
    """A plain function that changes its mind, but for one image alone."""
    rng = np.random.default_rng(0)

    def answer(images):
        yes = (rng.uniform(size=len(images)) < 0.6) | (len(images) == 1)
        return np.stack([~yes, yes], axis=1).astype(np.float32)

    return xh.Classifier(answer, class_names=["no", "yes"])


def two_ways():
    """A network in which the image comes to the logits by two ways."""
    i = keras.Input((8, 8, 3))
    a = L.Conv2D(4, 3, padding="same", activation="relu", name="left")(L.Rescaling(1 / 255)(i))
    b = L.Conv2D(4, 5, padding="same", activation="relu", name="right")(L.Rescaling(1 / 255)(i))
    x = L.Concatenate()([L.GlobalAveragePooling2D()(a), L.GlobalMaxPooling2D()(b)])
    return xh.Classifier(networks.fixed(keras.Model(i, L.Dense(3, activation="softmax")(x))))


@keras.saving.register_keras_serializable("tests")
class Unkept(keras.layers.Layer):
    """A layer that Keras can't save: it does not say how it was made."""

    def __init__(self, by, **options):
        super().__init__(**options)
        self.by = by

    def call(self, x):
        return x * self.by


@keras.saving.register_keras_serializable("tests")
class Kept(Unkept):
    """The same, with a get_config()."""

    def get_config(self):
        return {**super(Unkept, self).get_config(), "by": self.by}


def of_layer(layer):
    return xh.Classifier(keras.Sequential([keras.Input((8, 8, 3)), layer, networks.gap_network()]))


def copied(classifier):
    import copy

    return copy.deepcopy(classifier).probabilities(IMAGE)


def answering(function):
    return xh.Classifier(function, class_names=["a", "b"]).probabilities(IMAGE)


def compared(**options):
    return xh.compare(classifier(), [IMAGE], methods=["saliency"], progress=False, **options)


def by_hand(x):
    return np.full((len(x), 2), 0.5)


# {name: (what is refused, what the sentence says, what it says to do, given the sentence)}
CASES = {
    # arrays
    "a batch of many": (
        lambda: xh.saliency(classifier(), np.stack([IMAGE, IMAGE])),
        r"The image has shape \(2, 8, 8, 3\): expected an RGB array",
        lambda m: xh.saliency(classifier(), np.stack([IMAGE, IMAGE])[0]),
    ),
    "five axes": (
        lambda: classifier().probabilities(np.zeros((1, 1, 8, 8, 3))),
        r"expected \(N, H, W, 3\) or one image \(H, W, 3\)",
        lambda m: [classifier().probabilities(each) for each in (np.zeros((2, 8, 8, 3)), np.zeros((8, 8, 3)))],
    ),
    "lists of different lengths": (
        lambda: xh.saliency(classifier(), [[1, 2], [3]]),
        r"The image is \[\[1, 2\], \[3\]\]: give an RGB array \(H, W, 3\) with values 0 to 255",
        lambda m: xh.saliency(classifier(), IMAGE.tolist()),
    ),
    "an image of no pixels": (
        lambda: xh.saliency(classifier(), np.zeros((0, 8, 3))),
        "no pixels: expected an RGB array",
        lambda m: xh.saliency(classifier(), IMAGE),
    ),
    "an image with NaN": (
        lambda: xh.saliency(classifier(), np.where(MASK[..., None], np.nan, IMAGE)),
        "NaN or infinite: expected 0 to 255",
        lambda m: xh.saliency(classifier(), np.nan_to_num(np.where(MASK[..., None], np.nan, IMAGE))),
    ),
    "a shape of two": (
        lambda: gap(input_shape=(8, 8)),
        r"expected \(H, W, 3\) for RGB, \(H, W, 1\) for grey images",
        lambda m: gap(input_shape=(8, 8, 3)),
    ),
    "a batch of none": (
        lambda: classifier().probabilities(IMAGE, batch_size=0),
        "batch_size is 0: expected a whole number, 1 or more",
        lambda m: classifier().probabilities(IMAGE, batch_size=1),
    ),
    # what functions answer
    "answers for other images": (
        lambda: answering(lambda x: np.full((3, 2), 0.5)), r"for 1 images: expected \(1, C\)", lambda m: answering(by_hand),
    ),
    "answers in words": (
        lambda: answering(lambda x: ["cat"]), r"expected probabilities, \(1, C\) numbers", lambda m: answering(by_hand),
    ),
    "answers that are NaN": (
        lambda: answering(lambda x: np.full((len(x), 2), np.nan)),
        "check its input range and weights",
        lambda m: answering(by_hand),
    ),
    # preprocessing
    "a preprocessing that gives text": (
        lambda: gap(preprocess=lambda x: "x"), "expected an array or a tensor", lambda m: gap(preprocess=lambda x: x / 1.0),
    ),
    "a preprocessing that leaves images out": (
        lambda: gap(preprocess=lambda x: x[:1]), "expected as many images", lambda m: gap(preprocess=lambda x: x[:]),
    ),
    "a numpy preprocessing to another size": (
        lambda: xh.saliency(gap(preprocess=IN_NUMPY, input_shape=(16, 16, 3)), LIGHT),
        "write it with keras.ops or tf.image, or do that before the classifier and give it images of this size",
        lambda m: (
            xh.saliency(gap(preprocess=lambda x: keras.ops.image.resize(x, (8, 8)), input_shape=(16, 16, 3)), LIGHT),
            xh.saliency(gap(), IN_NUMPY(LIGHT[None])[0]),
        ),
    ),
    "a preprocessing that turns the image": (
        lambda: xh.grad_cam(gap(preprocess=MOVED), IMAGE),
        "do that before the classifier, and give it the images as they come out",
        lambda m: xh.grad_cam(gap(), MOVED(IMAGE[None])[0]),
    ),
    "a dream through numpy": (
        lambda: xh.deep_dream(gap(preprocess=lambda x: np.abs(np.asarray(x)) ** 0.5), PHOTO, layers="maps", octaves=1, steps=1),
        "write it with operators or keras.ops, such as lambda x: x / 127.5 - 1",
        lambda m: xh.deep_dream(
            gap(preprocess=eval(re.search(r"lambda x: .*? - 1", m)[0])), PHOTO, layers="maps", octaves=1, steps=1
        ),
    ),
    "channels first": (
        lambda: xh.Classifier(tall()),
        r"give preprocess=lambda x: keras.ops.transpose\(x, \(0, 3, 1, 2\)\), and images \(H, W, C\) as usual",
        lambda m: xh.Classifier(
            tall(), preprocess=eval(re.search(r"preprocess=(lambda.*?2\)\))", m)[1], {"keras": keras})
        ).probabilities(IMAGE),
    ),
    # layers and gradients
    "no layer with places": (
        lambda: xh.grad_cam(flat(), IMAGE),
        "use saliency, integrated_gradients, or a technique that only asks questions, such as occlusion",
        lambda m: [getattr(xh, name)(flat(), IMAGE) for name in ("saliency", "integrated_gradients", "occlusion")],
    ),
    "a model that can't be copied": (
        lambda: copied(of_layer(Unkept(by=np.full(3, 0.5, np.float32)))),
        r"give its class get_config\(\), as Keras asks of layers and models that are saved",
        lambda m: copied(of_layer(Kept(by=0.5))),
    ),
    "names that are no names": (
        lambda: gap(class_names=["a", " ", "c"]),
        "give C different names in the order of the outputs, {index: name} or {name: index}",
        lambda m: [gap(class_names=names) for names in (["a", "b", "c"], {0: "a", 1: "b", 2: "c"}, {"a": 0, "b": 1, "c": 2})],
    ),
    # arguments of techniques
    "half a mask": (
        lambda: xh.rise(classifier(), IMAGE, n_masks=2.5),
        "n_masks is 2.5: expected a whole number",
        lambda m: xh.rise(classifier(), IMAGE, n_masks=8),
    ),
    "a share in words": (
        lambda: xh.rise(classifier(), IMAGE, n_masks=8, p="half"),
        "p is 'half': expected a number",
        lambda m: xh.rise(classifier(), IMAGE, n_masks=8, p=0.5),
    ),
    "yes in words": (
        lambda: xh.occlusion(classifier(), IMAGE, progress="yes"),
        "progress is 'yes': expected True or False",
        lambda m: [xh.occlusion(classifier(), IMAGE, progress=each) for each in (False,)],
    ),
    "a batch in words": (
        lambda: xh.occlusion(classifier(), IMAGE, of="p"),
        "of is 'p': choose",
        lambda m: xh.occlusion(classifier(), IMAGE, of=_of(m)),
    ),
    "two maps at once": (
        lambda: xh.saliency(classifier(), IMAGE, variance=True, times_input=True, noise=0.15, samples=2),
        "variance and times_input are two maps: choose one of them",
        lambda m: [
            xh.saliency(classifier(), IMAGE, noise=0.15, samples=2, **{each: True}) for each in ("variance", "times_input")
        ],
    ),
    "backgrounds without any": (
        lambda: fill_images(IMAGE, np.zeros((0, 8, 8, 3)), name="background"),
        "give at least one, of the size of the image explained",
        lambda m: fill_images(IMAGE, IMAGE[None], name="background"),
    ),
    "fewer questions than it takes": (
        lambda: xh.rise(classifier(), IMAGE, questions=1),
        "questions is 1: rise asks .* or more",
        lambda m: xh.rise(classifier(), IMAGE, questions=int(numbers(m, "asks")[0])),
    ),
    "more channels than there are": (
        lambda: xh.channel_account(classifier(), IMAGE, top=99),
        "top is 99: layer 'maps' has .* channels",
        lambda m: xh.channel_account(classifier(), IMAGE, top=int(numbers(m, "has")[0])),
    ),
    "a mean that nothing moves": (
        lambda: xh.deep_dream(normed(), PHOTO, layers="norm", octaves=1, steps=1),
        "there is nothing to drive up: give one of its channels, channel=0, or another layer",
        lambda m: (
            xh.deep_dream(normed(), PHOTO, layers="norm", channel=0, octaves=1, steps=1),
            xh.deep_dream(normed(), PHOTO, layers="maps", octaves=1, steps=1),
        ),
    ),
    # measures
    "a map in words": (
        lambda: xh.metrics.sparseness("map"), r"The map is 'map': expected numbers \(H, W\), or an Attribution",
        lambda m: (xh.metrics.sparseness(MAP), xh.metrics.sparseness(xh.saliency(classifier(), IMAGE))),
    ),
    "a map of three axes": (
        lambda: xh.metrics.sparseness(IMAGE), r"The map has shape \(8, 8, 3\): expected \(H, W\), or an Attribution",
        lambda m: (xh.metrics.sparseness(IMAGE.mean(axis=-1)), xh.metrics.sparseness(xh.saliency(classifier(), IMAGE))),
    ),
    "a mask in words": (
        lambda: xh.metrics.pointing_game(MAP, np.full((8, 8), "in")),
        r"expected true and false, or numbers, \(H, W\)",
        lambda m: [xh.metrics.pointing_game(MAP, mask) for mask in (MASK, MASK * 255)],
    ),
    "two sizes of maps": (
        lambda: xh.metrics.rank_correlation(MAP, MAP[:4]),
        "both must have the same size",
        lambda m: xh.metrics.rank_correlation(MAP, MAP.T),
    ),
    "too many clusters": (
        lambda: xh.metrics.evidence_clusters(classifier(), np.stack([IMAGE] * 8), 0, n_clusters=9),
        "n_clusters is 9: expected 1 to 4 for 8 images",
        lambda m: xh.metrics.evidence_clusters(classifier(), _many(), 0, n_clusters=int(numbers(m, "expected 1 to")[0])),
    ),
    "regions of another size": (
        lambda: removal.importance(MAP, MASK), r"expected \(k, 8, 8\)", lambda m: removal.importance(MAP, MASK[None]),
    ),
    "regions of different lengths": (
        lambda: removal.importance(MAP, [[1], [1, 2]]),
        r"regions is \[\[1\], \[1, 2\]\]: expected numbers, or an array of them",
        lambda m: removal.importance(MAP, REGIONS.tolist()),
    ),
    "drops for other regions": (
        lambda: xh.metrics.removal_correlation(MAP, REGIONS, [1]),
        "expected 2 numbers, one for each region",
        lambda m: xh.metrics.removal_correlation(MAP, REGIONS, [1, 0]),
    ),
    "no region": (
        lambda: xh.metrics.removal_curve(classifier(), MAP, REGIONS[:0], lambda kept: IMAGE, target=0),
        "There is no region to remove: leave this image out",
        lambda m: xh.metrics.removal_curve(classifier(), MAP, REGIONS, lambda kept: IMAGE, target=0),
    ),
    "shares that fall": (
        lambda: xh.metrics.road(classifier(), MAP, image=IMAGE, target=0, shares=(0.5, 0.2)),
        "expected shares of the pixels, above 0 and below 1, in rising order",
        lambda m: xh.metrics.road(classifier(), MAP, image=IMAGE, target=0, shares=(0.2, 0.5)),
    ),
    "what something costs, of what does not say": (
        lambda: xh.cost_of("activation_maximization", classifier(), IMAGE),
        "does not say what it costs: run it, its result has `cost`",
        lambda m: xh.activation_maximization(classifier(), 0, steps=1).cost,
    ),
    "a measure that needs a mask": (
        lambda: _note(compared(metrics=["pointing_game"])),
        "give masks=, or leave this metric out",
        lambda m: (_no_note(compared(metrics=["pointing_game"], masks=[MASK])), _no_note(compared(metrics=["sparseness"]))),
    ),
    "a technique that is a list": (
        lambda: compared_of({"mine": (xh.saliency, 3)}),
        r"give its name, {name: parameters}, or \(function, parameters\)",
        lambda m: [compared_of(each) for each in (["saliency"], {"saliency": {}}, {"mine": (xh.saliency, {})})],
    ),
}  # fmt: skip


def _of(message):
    return re.findall(r"'(\w+)'", message)[1]


def _many():
    return np.stack([networks.image(seed=i) for i in range(8)])


def _note(table):
    raise ValueError(table.note[0])


def _no_note(table):
    assert not table.note[0] and table.value.notna().all()


def compared_of(methods):
    return xh.compare(classifier(), [IMAGE], methods=methods, metrics=["sparseness"], progress=False)


@pytest.mark.parametrize("name", CASES)
def test_the_advice_of_an_error_works(name):
    is_followed(*CASES[name])


# {name: (what draws a doubt, words of the doubt, what it says to do)}: afterwards the doubt is gone
DOUBTS = {
    "logits that are probabilities": (
        lambda: xh.Classifier(networks.gap_network(), outputs="logits"),
        "leave outputs out, and it is found",
        lambda: gap(),
    ),
    "one number": (
        lambda: xh.Classifier(ends_in(units=1)),
        "Say outputs='sigmoid logits' if that is right, outputs='values' if it is a regression",
        lambda: (xh.Classifier(ends_in(units=1), outputs="sigmoid logits"), xh.Classifier(ends_in(units=1), outputs="values")),
    ),
    "softmax twice": (
        lambda: xh.Classifier(_twice()),
        "Leave one out, keras.Model(model.inputs, model.layers[-1].input)",
        lambda: xh.Classifier(eval("keras.Model(model.inputs, model.layers[-1].input)", {"keras": keras, "model": _twice()})),
    ),
    "overflow": (
        lambda: xh.Classifier(_overflowing()),
        "use the preprocessing of its training",
        lambda: xh.Classifier(_overflowing(), preprocess=lambda x: x / 1e37),
    ),
}  # fmt: skip


def _twice():
    i = keras.Input((8, 8, 3))
    return keras.Model(i, L.Softmax()(networks.gap_network()(i)))


def _overflowing():
    i = keras.Input((8, 8, 3))
    z = L.Dense(3)(L.GlobalAveragePooling2D()(L.Rescaling(1e37)(i)))
    return networks.fixed(keras.Model(i, L.Softmax()(z)))


@pytest.mark.parametrize("name", DOUBTS)
def test_the_advice_of_a_doubtful_classifier_works(name):
    doubt_goes(*DOUBTS[name], diagnostics=lambda classifier: classifier.describe().diagnostics)


def test_the_advice_about_channels_that_speak_against_a_class_works():
    with pytest.warns(xh.DiagnosticWarning, match="look at contributions, not at shares of a sum"):
        found = xh.channel_account(against(), IMAGE, 0, top=2)
    assert (found.contributions <= 0).all() and found.contributions.any()


@pytest.mark.parametrize(
    ("doubtful", "words", "follow"),
    [
        (
            lambda: xh.grad_cam(with_a_token(), IMAGE),
            "look at saliency or integrated_gradients as well",
            lambda: (xh.saliency(with_a_token(), IMAGE), xh.integrated_gradients(with_a_token(), IMAGE, steps=8)),
        ),
        (
            lambda: xh.rise(classifier(), IMAGE, seconds=1e-6),
            "Give it more seconds",
            lambda: (xh.rise(classifier(), IMAGE, seconds=5),),
        ),
        (
            lambda: anchor(threshold=0.5),
            "as often as asked for: these superpixels add next to nothing. Raise the threshold, or cover with another fill",
            lambda: (anchor(threshold=0.9), anchor(threshold=0.5, fill=180)),
        ),
        (
            lambda: xh.anchors(moody(), np.zeros((32, 32, 3)), segments=QUARTERS, threshold=0.9),
            "this is the best candidate (0.54). Lower the threshold, or use fewer superpixels",
            lambda: (xh.anchors(moody(), np.zeros((32, 32, 3)), segments=QUARTERS, threshold=0.3),),
        ),
    ],
)
def test_the_advice_of_a_doubt_works(doubtful, words, follow):
    doubt_goes(doubtful, words, follow)


def test_the_advice_about_copies_in_the_validation_works():
    coffee, cat, rocket = (xh.sample_photo(name, 64) for name in ("coffee", "chelsea", "rocket"))
    here, others = np.stack([coffee, cat]), np.stack([cat, rocket])
    with pytest.warns(xh.DiagnosticWarning, match="what they say is too good; leave them out"):
        overlap_warning(here, others)
    with warnings.catch_warnings():
        warnings.simplefilter("error", xh.DiagnosticWarning)
        overlap_warning(here, others[1:])


def test_the_advice_about_a_backbone_without_weights_works():
    backbone = keras.Sequential([L.Conv2D(2, 3)])
    with pytest.warns(xh.DiagnosticWarning, match="Load trained weights into it first"):
        _built(backbone, 32)
    with warnings.catch_warnings():
        warnings.simplefilter("error", xh.DiagnosticWarning)
        _built(backbone, 32)  # built, as one is into which weights were loaded


def test_the_advice_about_other_ways_to_the_logits_works():
    with without_warnings():
        said = [sentence for sentence in xh.grad_cam(two_ways(), IMAGE).diagnostics if "Look at these layers too" in sentence]
        other = re.search(r"comes through '(\w+)'", said[0])[1]
        assert other in ("left", "right")
        assert not any("Look at these" in each for each in xh.grad_cam(two_ways(), IMAGE, layer=other).diagnostics)
