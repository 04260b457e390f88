"""Folded weights by hand, which layers may be folded, and generated networks: folded equals unfolded, or is refused."""

import functools
import warnings

import keras
import numpy as np
import pytest
from keras import layers

import xaihelpers as xh
from xaihelpers.classifier import folding

SIZE = 12


def lively(model, seed=0):
    """Give every weight a random value, so that no scale, shift or bias is 0 or 1; return the model."""
    rng = np.random.default_rng(seed)
    for layer in model._flatten_layers():
        if isinstance(layer, layers.BatchNormalization):
            for weight in layer.weights:
                spread = rng.uniform(0.3, 2, weight.shape)
                weight.assign(spread * (1 if "variance" in weight.name else rng.choice([-1, 1], weight.shape)))
        elif not isinstance(layer, keras.Model):
            for weight in layer.weights:
                weight.assign(rng.normal(0, 1 / np.sqrt(max(weight.shape[0] * np.prod(weight.shape[:-1]), 4)), weight.shape))
    return model


def network(body, classes=3, seed=0):
    """Return a model with weights: images of 12 x 12, divided by 64, through `body`, averaged, three logits."""
    image = keras.Input((SIZE, SIZE, 3))
    x = body(keras.ops.divide(image, 64.0))
    x = layers.GlobalAveragePooling2D()(x) if len(x.shape) == 4 else x
    return lively(keras.Model(image, layers.Dense(classes, name="scores")(x)), seed)


def sequence(*several):
    """Return a function that calls the layers one after the other."""

    def body(x):
        for layer in several:
            x = layer(x)
        return x

    return body


def normalized(**options):
    return layers.BatchNormalization(**options)


def folded_names(model):
    """Return the names of the layers that take others over, sorted."""
    return sorted(path[-1] for path in folding.plan(model)[0])


def agree(model, seed=0):
    """Assert that a classifier's logits are the model's, and that what was planned was proven and is used."""
    images = np.random.default_rng(seed).uniform(0, 255, (3, *model.input_shape[1:])).astype(np.float32)
    images[0, 3:9] = 40  # an edge, and a flat patch
    theirs, classifier = np.asarray(model(images, training=False)), xh.Classifier(model)
    ours = classifier.logits(images)
    assert np.abs(ours - theirs).max() <= 1e-5 * np.ptp(theirs)
    assert classifier.twin.note.startswith("Questions go to a twin") == bool(folding.plan(model)[0]), classifier.twin.note


# -- by hand -----------------------------------------------------------------------------------------------------------


def by_hand(layer, shape, weights, norm=None, before=()):
    """Return the folded (kernels, bias) of one layer with these weights and a normalization of one channel beside it."""
    layer.build(shape)
    layer.set_weights([np.float32(each) for each in weights])
    norms = [each for each in (norm,) if each is not None]
    return folding.folded_weights(folding.Fold(layer, tuple(before), tuple(norms)), lambda weight: weight.numpy())


def norm_of(channels, gamma, beta, mean, deviation, **options):
    """Return a normalization whose standard deviation is `deviation`, its epsilon included."""
    norm = layers.BatchNormalization(epsilon=0.05, **options)
    norm.build((None, 4, 4, channels))
    given = {"gamma": gamma, "beta": beta, "moving_mean": mean, "moving_variance": np.square(deviation) - 0.05}
    for weight in norm.weights:
        weight.assign(np.broadcast_to(given[weight.name], weight.shape))
    return norm


def test_a_convolution_takes_over_what_stands_behind():
    # 2 x + 1, less 4, over 0.5, times 3, plus 5: 12 x - 13.
    kernels, bias = by_hand(layers.Conv2D(1, 1), (None, 4, 4, 1), [[[[[2]]]], [1]], norm_of(1, 3, 5, 4, 0.5))
    assert np.allclose(kernels[0], 12) and np.allclose(bias, -13) and bias.shape == (1,)


def test_a_variance_below_zero_gives_nan_and_no_warning_of_numpy():
    """It does so in the network itself, and the classifier says it in words of its own."""
    norm = norm_of(1, 3, 5, 4, 0.5)
    norm.moving_variance.assign([-1])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        kernels, bias = by_hand(layers.Conv2D(1, 1), (None, 4, 4, 1), [[[[[2]]]], [1]], norm)
    assert np.isnan(kernels[0]).all() and np.isnan(bias).all()


def test_without_scale_center_or_bias():
    conv = layers.Conv2D(1, 1, use_bias=False)
    # 2 x, less 4, over 0.5: 4 x - 8.
    norm = norm_of(1, 3, 5, 4, 0.5, scale=False, center=False)
    kernels, bias = by_hand(conv, (None, 4, 4, 1), [[[[[2]]]]], norm)
    assert np.allclose(kernels[0], 4) and np.allclose(bias, -8)


def test_a_convolution_takes_over_what_stands_before():
    # Over x: 6 x - 19 from (x - 4) / 0.5 * 3 + 5; four taps of 2 each, plus 1: 2 * 6 a tap, and 4 * 2 * (-19) + 1.
    conv = layers.Conv2D(1, 2)
    kernels, bias = by_hand(conv, (None, 4, 4, 1), [np.full((2, 2, 1, 1), 2), [1]], before=[norm_of(1, 3, 5, 4, 0.5)])
    assert np.allclose(kernels[0], 12) and np.allclose(bias, -151)


def test_each_channel_of_a_depthwise_convolution_by_itself():
    conv = layers.DepthwiseConv2D(1, depth_multiplier=2)
    # Channels 0 and 1 see the first input, 2 and 3 the second.
    kernels, bias = by_hand(conv, (None, 4, 4, 2), [[[[[1, 2], [3, 4]]]], [1, 1, 1, 1]], norm_of(4, [1, 10, 100, 1000], 0, 0, 1))
    assert np.allclose(kernels[0][0, 0], [[1, 20], [300, 4000]]) and np.allclose(bias, [1, 10, 100, 1000])
    conv, before = layers.DepthwiseConv2D(1, depth_multiplier=2), [norm_of(2, [1, 10], [5, 7], 0, 1)]
    kernels, bias = by_hand(conv, (None, 4, 4, 2), [[[[[1, 2], [3, 4]]]], [0, 0, 0, 0]], before=before)
    assert np.allclose(kernels[0][0, 0], [[1, 2], [30, 40]]) and np.allclose(bias, [5, 10, 21, 28])


def test_groups_see_their_own_channels():
    conv = layers.Conv2D(2, 1, groups=2)
    conv.build((None, 4, 4, 4))
    conv.set_weights([np.float32([[[[1, 5], [2, 6]]]]), np.zeros(2, np.float32)])
    kernels, bias = folding.folded_weights(
        folding.Fold(conv, (norm_of(4, [1, 10, 100, 1000], [1, 1, 1, 2], 0, 1),)), lambda weight: weight.numpy()
    )
    assert np.allclose(kernels[0][0, 0], [[1, 500], [20, 6000]]) and np.allclose(bias, [3, 17])


def test_dense_on_both_sides():
    dense = layers.Dense(1)
    dense.build((None, 2))
    dense.set_weights([np.float32([[1], [2]]), np.float32([3])])
    fold = folding.Fold(dense, (layers.Rescaling(2, offset=1),), (norm_of(1, 3, 5, 4, 0.5),))
    kernels, bias = folding.folded_weights(fold, lambda weight: weight.numpy())
    # 2 a + 4 b + 1 + 2 + 3, then less 4, times 6, plus 5.
    assert np.allclose(kernels[0].ravel(), [12, 24]) and np.allclose(bias, 17)


# -- which layers --------------------------------------------------------------------------------------------------------

CONV = dict(name="conv")
KINDS = {
    "Conv2D": lambda **o: layers.Conv2D(6, 3, **CONV, **o),
    "1 x 1": lambda **o: layers.Conv2D(6, 1, strides=2, **CONV, **o),
    "dilated": lambda **o: layers.Conv2D(6, 3, dilation_rate=2, **CONV, **o),
    "strided": lambda **o: layers.Conv2D(6, 3, strides=2, **CONV, **o),
    "depthwise": lambda **o: layers.DepthwiseConv2D(3, depth_multiplier=2, **CONV, **o),
    "separable": lambda **o: layers.SeparableConv2D(6, 3, depth_multiplier=2, **CONV, **o),
    "transposed": lambda **o: layers.Conv2DTranspose(6, 3, strides=2, **CONV, **o),
}
EXACT_BEFORE = {"Conv2D", "1 x 1", "dilated", "strided", "depthwise", "separable"}


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("kind", KINDS)
def test_behind_always_before_only_without_padding(kind, padding):
    behind = network(sequence(KINDS[kind](padding=padding, use_bias=padding == "same"), normalized()))
    assert folded_names(behind) == ["conv"]
    agree(behind)
    before = network(sequence(normalized(), KINDS[kind](padding=padding, activation="relu")))
    exact = kind in EXACT_BEFORE and (padding == "valid" or kind == "1 x 1")
    assert folded_names(before) == (["conv"] if exact else [])
    agree(before)


def _shared_by_two(x):
    y = layers.Conv2D(6, 3, padding="same", **CONV)(x)
    return layers.Concatenate()([normalized()(y), y])


def _called_twice(normalize_both):
    def body(x):
        conv, norm = layers.Conv2D(3, 3, padding="same", **CONV), normalized()
        y = norm(conv(x))
        return norm(conv(layers.ReLU()(y))) if normalize_both else conv(layers.ReLU()(y))

    return body


def _two_norms_for_one_conv(x):
    conv = layers.Conv2D(3, 3, padding="same", **CONV)
    return normalized()(conv(normalized()(conv(x))))


def _norm_twice_in_a_sum(x):
    y = normalized()(layers.Conv2D(6, 3, **CONV)(x))
    return layers.Add()([y, y])


def _as_keywords(x):
    return normalized()(layers.Conv2D(6, 3, **CONV)(inputs=x))


def _named(layer):
    return sequence(layers.Conv2D(6, 3, padding="same", **CONV), layer)


class OwnConv(layers.Conv2D):
    def call(self, inputs):
        return super().call(inputs) * 2


class OwnNorm(layers.BatchNormalization):
    def call(self, inputs, training=None, mask=None):
        return keras.ops.abs(super().call(inputs, training=training))


CHOICES = {
    "an activation between": (sequence(layers.Conv2D(6, 3, activation="relu", **CONV), normalized()), []),
    "an activation layer between": (sequence(layers.Conv2D(6, 3, **CONV), layers.ReLU(), normalized()), []),
    "dropout between": (sequence(layers.Conv2D(6, 3, **CONV), layers.Dropout(0.5), normalized()), ["conv"]),
    "dropout alone": (_named(layers.Dropout(0.5)), []),
    "two behind": (sequence(layers.Conv2D(6, 3, **CONV), normalized(), normalized()), ["conv"]),
    "rescaled behind": (_named(layers.Rescaling(3, offset=-1)), ["conv"]),
    "between two": (sequence(layers.Conv2D(6, 3, **CONV), normalized(), layers.Conv2D(4, 3, name="next")), ["conv"]),
    "both sides": (sequence(normalized(), layers.Conv2D(6, 3, **CONV), normalized()), ["conv"]),
    "another axis": (sequence(layers.Conv2D(6, 3, **CONV), normalized(axis=1)), []),
    "channels by their number": (sequence(layers.Conv2D(6, 3, **CONV), normalized(axis=3)), ["conv"]),
    "output used elsewhere": (_shared_by_two, []),
    "called twice, each normalized": (_called_twice(True), ["conv"]),
    "called twice, normalized once": (_called_twice(False), []),
    "one convolution, two normalizations": (_two_norms_for_one_conv, []),
    "the normalized maps used twice": (_norm_twice_in_a_sum, ["conv"]),
    "called by keyword": (_as_keywords, []),
    "a convolution of one's own": (sequence(OwnConv(6, 3, **CONV), normalized()), []),
    "a normalization of one's own": (sequence(layers.Conv2D(6, 3, **CONV), OwnNorm()), []),
    "half precision": (sequence(layers.Conv2D(6, 3, dtype="mixed_float16", **CONV), normalized()), []),
    "global statistics": (
        sequence(layers.Normalization(mean=[1, 2, 3], variance=[4, 5, 6]), layers.Conv2D(6, 3, **CONV)),
        ["conv"],
    ),
    "inverted": (sequence(layers.Normalization(mean=1.0, variance=4.0, invert=True), layers.Conv2D(6, 3, **CONV)), ["conv"]),
    "one number for all": (
        sequence(layers.Normalization(mean=2.0, variance=4.0, axis=None), layers.Conv2D(6, 3, **CONV)),
        ["conv"],
    ),
    "a mean for each pixel": (
        sequence(
            layers.Normalization(mean=np.ones((12, 12, 3)), variance=2 * np.ones((12, 12, 3)), axis=(1, 2, 3)),
            layers.Conv2D(6, 3),
        ),
        [],
    ),
    "dense layers": (
        sequence(
            layers.Flatten(),
            layers.Dense(5, name="conv"),
            normalized(),
            layers.ReLU(),
            normalized(),
            layers.Dense(4, name="next"),
        ),
        ["conv", "next"],
    ),
    "groups": (sequence(layers.Conv2D(6, 3, groups=3, padding="same", **CONV), normalized()), ["conv"]),
    "groups behind": (
        sequence(layers.Conv2D(6, 1), layers.ReLU(), normalized(), layers.Conv2D(4, 3, groups=2, **CONV)),
        ["conv"],
    ),
}


@pytest.mark.parametrize("name", CHOICES)
def test_folded_only_where_it_is_exact(name):
    body, expected = CHOICES[name]
    model = network(body)
    assert folded_names(model) == expected
    if name != "half precision":  # there is no folding to compare, and float16 is no twin of itself between compiled and not
        agree(model)


def test_the_last_layer_stays_as_it_is():
    """Its activation is taken off to reach the logits, which a folded layer would not notice."""
    image = keras.Input((SIZE, SIZE, 3))
    x = normalized()(layers.GlobalAveragePooling2D()(layers.Rescaling(1 / 50)(image)))
    model = lively(keras.Model(image, layers.Dense(3, activation="softmax")(x)))
    images = np.random.default_rng(0).uniform(0, 255, (3, SIZE, SIZE, 3)).astype(np.float32)
    theirs = np.log(np.asarray(model(images)))
    ours = xh.Classifier(model).logits(images)
    assert np.allclose(ours - ours.mean(axis=1, keepdims=True), theirs - theirs.mean(axis=1, keepdims=True), atol=1e-5)


# -- nested models -------------------------------------------------------------------------------------------------------


def inner(channels=3, name="inner"):
    image = keras.Input((SIZE, SIZE, channels))
    x = normalized()(layers.Conv2D(3, 3, padding="same", use_bias=False, name="conv")(image))
    return keras.Model(image, layers.ReLU(max_value=6)(x), name=name)


def test_inside_and_across_nested_models():
    open_end = keras.Sequential([keras.Input((SIZE, SIZE, 3)), layers.Conv2D(4, 3, name="conv")], name="open")
    across = network(sequence(keras.Sequential([keras.Input((SIZE, SIZE, 3)), inner()], name="outer"), open_end, normalized()))
    assert sorted(folding.plan(across)[0]) == [("open", "conv"), ("outer", "inner", "conv")]
    agree(across)


def test_a_nested_model_called_twice():
    twice = inner()
    model = network(lambda x: twice(twice(x)))
    assert sorted(folding.plan(model)[0]) == [("inner", "conv")]
    agree(model)


def test_a_nested_model_whose_end_is_normalized_at_one_of_its_calls():
    body = keras.Sequential([keras.Input((SIZE, SIZE, 3)), layers.Conv2D(3, 3, padding="same", name="conv")], name="body")
    model = network(lambda x: body(layers.ReLU()(normalized()(body(x)))))
    assert not folding.plan(model)[0]
    agree(model)


def test_sequential_models():
    several = [layers.Rescaling(1 / 50, offset=-1), layers.Conv2D(4, 3, **CONV), normalized(), layers.ReLU()]
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), *several, layers.GlobalAveragePooling2D(), layers.Dense(3)])
    agree(lively(model))
    assert folding.plan(model)[0]["conv",].before[0] is several[0] and folded_names(model) == ["conv"]


# -- whatever else -------------------------------------------------------------------------------------------------------


@functools.cache
def generated(seed):
    """Return a network of random layers in a random order, some shared, some nested, some with two branches."""
    rng = np.random.default_rng(seed)

    def flip(p=0.5):
        return bool(rng.random() < p)

    def convolution():
        options = {"padding": str(rng.choice(["same", "valid"])), "use_bias": flip(), "activation": "relu" if flip(0.2) else None}
        edge, kind = int(rng.choice([1, 2, 3])), rng.integers(5)
        if kind == 0:
            return layers.Conv2D(4, edge, groups=int(rng.choice([1, 2])), **options)
        if kind == 1:
            return layers.DepthwiseConv2D(edge, **options)
        if kind == 2:
            return layers.SeparableConv2D(4, edge, depth_multiplier=2, dilation_rate=int(rng.choice([1, 2])), **options)
        if kind == 3:
            return layers.Conv2DTranspose(4, edge, **options)
        return layers.Dense(4, use_bias=flip(), activation=options["activation"])

    def other():
        axis = int(rng.choice([-1, 3, 1], p=[0.6, 0.3, 0.1]))
        norm = layers.BatchNormalization(axis=axis, scale=flip(0.8), center=flip(0.8), epsilon=float(rng.choice([1e-3, 0.1])))
        kinds = [
            norm,
            norm,
            norm,
            norm,
            layers.Rescaling(-0.7, offset=0.4),
            layers.ReLU(6),
            layers.Dropout(0.3),
            layers.AveragePooling2D(1),
        ]
        return kinds[rng.integers(len(kinds))]

    def body(x):
        used = []
        for _ in range(rng.integers(4, 8)):
            shareable = [each for each in used if not isinstance(each, layers.BatchNormalization) or each.axis != 1]
            layer = (
                shareable[rng.integers(len(shareable))] if shareable and flip(0.15) else convolution() if flip(0.4) else other()
            )
            before, x = x, layer(x)
            used.append(layer)
            if before.shape == x.shape and flip(0.15):
                x = layers.Add()([before, x])
            if x.shape[1] < 6:
                x = layers.UpSampling2D(2)(x)
        return x

    def nested(x):
        if not flip():
            return body(x)
        image = keras.Input(x.shape[1:])
        return keras.Model(image, body(image))(x)

    return network(lambda x: nested(nested(layers.Conv2D(4, 1)(x))) if flip() else nested(layers.Conv2D(4, 1)(x)), seed=seed)


@pytest.mark.parametrize("seed", range(40))
def test_generated_networks(seed):
    agree(generated(seed), seed)


def test_generated_networks_have_much_to_fold():
    """Or the test above would say little."""
    folds = [folding.plan(generated(seed))[0] for seed in range(40)]
    assert sum(map(bool, folds)) >= 20
    assert any(fold.before for each in folds for fold in each.values())
    assert {type(fold.layer).__name__ for each in folds for fold in each.values()} == set(folding._CONVOLUTIONS)
