"""Model randomisation on every kind of network: in place, all that was learned, and given back whatever happens."""

import itertools

import keras
import numpy as np
import pytest
from networks import gap_network, image
from test_copies import Scaled, Whole

import xaihelpers as xh
from xaihelpers import metrics
from xaihelpers.metrics.randomising import reinitialise_weights, weighted_layers, weights_restored

L = keras.layers


class Block(L.Layer):
    """A custom layer with layers and a weight of its own."""

    def build(self, shape):
        self.conv, self.norm = L.Conv2D(4, 3, padding="same"), L.BatchNormalization()
        self.scale = self.add_weight(shape=(4,), initializer="ones", name="scale")

    def call(self, inputs):
        return keras.ops.relu(self.norm(self.conv(inputs))) * self.scale


def _model(*layers):
    keras.utils.set_random_seed(1)
    x = inputs = keras.Input((8, 8, 3))
    for layer in layers:
        x = layer(x)
    return keras.Model(inputs, L.Dense(3, activation="softmax")(L.GlobalAveragePooling2D()(x)))


def squeeze(x):
    """Squeeze and excitation: a product of two branches."""
    gate = L.Dense(4, activation="sigmoid")(L.Dense(2, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(x)))
    return x * gate


def attention(x):
    flat = L.Reshape((-1, 4))(x)
    return L.Reshape((8, 8, 4))(L.MultiHeadAttention(2, 2)(flat, flat))


def subclassed():
    keras.utils.set_random_seed(1)
    model = Whole()
    model(np.zeros((1, 8, 8, 3), np.float32))
    return model


def nested():
    inner = keras.Sequential([keras.Input((8, 8, 3)), L.Conv2D(4, 3, padding="same"), L.BatchNormalization()], name="inner")
    return _model(inner, L.ReLU())


def shared():
    conv = L.Conv2D(3, 3, padding="same", name="shared")
    return _model(conv, L.ReLU(), conv)


MODELS = {
    "plain": gap_network,
    "nested": nested,
    "a layer called twice": shared,
    "keras.ops": lambda: _model(lambda x: keras.ops.relu(x * 0.1 + 1), L.Conv2D(4, 3), keras.ops.sin),
    "hard swish (MobileNetV3)": lambda: _model(L.Conv2D(4, 3), lambda x: x * keras.ops.relu6(x + 3) / 6),
    "squeeze and excitation": lambda: _model(L.Conv2D(4, 3), squeeze),
    "attention": lambda: _model(L.Conv2D(4, 3, padding="same"), attention),
    "layer scale (ConvNeXt)": lambda: _model(L.Conv2D(4, 3), L.LayerNormalization(), L.Activation("gelu")),
    "Lambda": lambda: _model(L.Lambda(lambda x: x / 255), L.Conv2D(4, 3)),
    "custom layer": lambda: _model(Scaled(), L.Conv2D(4, 3)),
    "custom block": lambda: _model(Block()),
    "subclassed": subclassed,
    "depthwise, separable, transposed": lambda: _model(
        L.DepthwiseConv2D(3, padding="same"), L.SeparableConv2D(4, 3, padding="same"), L.Conv2DTranspose(4, 2, strides=2)
    ),
}


def classifier_of(kind):
    return xh.Classifier(MODELS[kind](), class_names=["a", "b", "c"], input_shape=(8, 8, 3))


def values(model):
    return [np.asarray(weight).copy() for weight in model.weights]


class Map(np.ndarray):
    """A map with the names that the metrics read."""

    target, method = 0, "own"


def spy(seen):
    """A technique that keeps what the classifier and the model itself answered while it was called."""

    def technique(classifier, image, target=None):
        asked = classifier.probabilities(image)[0]
        seen.append((asked, np.asarray(classifier.model(image[None], training=False))[0], values(classifier.model)))
        return (np.asarray(image[..., 0], np.float64) * asked[0] + np.arange(8)).view(Map)

    return technique


@pytest.mark.parametrize("how", ["shuffled", "reinitialised"])
@pytest.mark.parametrize("kind", MODELS)
def test_every_learned_weight_changes_answers_are_never_stale_and_all_comes_back(kind, how):
    classifier, seen, picture = classifier_of(kind), [], image().astype(np.float32) * 0.02  # not saturated
    before, answer = values(classifier.model), classifier.probabilities(picture)
    done = metrics.model_randomisation(classifier, spy(seen), picture, 0, stages=2, how=how)
    for now, old in zip(values(classifier.model), before, strict=True):
        np.testing.assert_array_equal(now, old)
    np.testing.assert_array_equal(classifier.probabilities(picture), answer)
    for asked, itself, _ in seen:
        np.testing.assert_allclose(asked, itself, atol=1e-5)
    last = seen[-1][2]
    kernels = [(new, old) for new, old in zip(last, before) if old.ndim > 1 and len(np.unique(old)) > 1]
    assert kernels and all(not np.array_equal(new, old) for new, old in kernels)
    if how == "shuffled":
        for new, old in zip(last, before):
            np.testing.assert_array_equal(np.sort(new, axis=None), np.sort(old, axis=None))
    assert (done.how, len(done.maps)) == (how, 2)
    again = metrics.model_randomisation(classifier, spy([]), picture, 0, stages=2, how=how)
    np.testing.assert_array_equal(again.correlations, done.correlations)
    other = metrics.model_randomisation(classifier, spy([]), picture, 0, stages=2, how=how, seed=1)
    assert not np.array_equal(other.maps[-1], done.maps[-1])


@pytest.mark.parametrize("kind", MODELS)
def test_every_weight_belongs_to_one_layer(kind):
    from xaihelpers.metrics.randomising import _owned

    classifier = classifier_of(kind)
    found = [id(weight) for weights in _owned(classifier).values() for _, weight in weights]
    wanted = [id(weight) for weight in classifier.model.weights if "float" in str(weight.dtype)]
    assert sorted(found) == sorted(wanted)


def test_the_last_layer_loses_its_weights_first():
    classifier, seen = classifier_of("nested"), []
    before = values(classifier.model)
    metrics.model_randomisation(classifier, spy(seen), image().astype(np.float32), 0, stages=None)
    changed = [[not np.array_equal(a, b) for a, b in zip(now, before)] for *_, now in seen[1:]]
    assert changed[0] == [False] * (len(before) - 2) + [True, changed[0][-1]], "the Dense layer alone, at first"
    assert all(sum(a) <= sum(b) for a, b in itertools.pairwise(changed))


def test_drawn_anew_is_what_the_layer_begins_with():
    """A Dense kernel within the limit of Glorot's uniform; BatchNormalization as new; two seeds, two kernels."""
    classifier = classifier_of("nested")
    for weight in classifier.model.weights:
        weight.assign(np.full(weight.shape, 7.0))
    reinitialise_weights(classifier, weighted_layers(classifier), seed=3)
    kernel, bias = classifier.model.layers[-1].get_weights()
    limit = np.sqrt(6 / sum(kernel.shape))
    assert np.abs(kernel).max() <= limit and kernel.std() == pytest.approx(limit / np.sqrt(3), rel=0.5) and not bias.any()
    gamma, beta, mean, variance = classifier.model.get_layer("inner").layers[-1].get_weights()
    assert (gamma == 1).all() and not beta.any() and not mean.any() and (variance == 1).all()


def test_a_weight_whose_beginning_is_not_known_keeps_its_spread_and_the_result_says_how():
    classifier = classifier_of("custom block")
    (scale,) = [weight for weight in classifier.model.weights if weight.name == "scale"]
    scale.assign([1.0, 2.0, 3.0, 4.0])
    seen = []
    done = metrics.model_randomisation(classifier, spy(seen), image().astype(np.float32), 0, stages=1, how="reinitialised")
    place = [weight.name for weight in classifier.model.weights].index("scale")
    drawn = seen[-1][2][place]
    assert not np.isin(drawn, [1, 2, 3, 4]).any() and np.abs(drawn - 2.5).max() < 6 and "weights reinitialised" in repr(done)
    np.testing.assert_array_equal(scale, [1, 2, 3, 4])


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
@pytest.mark.parametrize("call", [2, 3])
def test_whatever_ends_it_the_weights_are_given_back(error, call):
    classifier, calls = classifier_of("nested"), []
    before, technique = values(classifier.model), spy([])

    def broken(*given):
        calls.append(1)
        if len(calls) == call:
            raise error("enough")
        return technique(*given)

    with pytest.raises(error, match="enough"):
        metrics.model_randomisation(classifier, broken, image().astype(np.float32), 0, stages=3)
    assert len(calls) == call and all(np.array_equal(a, b) for a, b in zip(values(classifier.model), before))


def test_the_block_restores_after_an_error_inside():
    classifier = classifier_of("plain")
    before = values(classifier.model)

    def spoil():
        with weights_restored(classifier):
            classifier.model.layers[-1].kernel.assign(np.zeros(classifier.model.layers[-1].kernel.shape))
            raise RuntimeError("no light")

    with pytest.raises(RuntimeError, match="no light"):
        spoil()
    assert all(np.array_equal(a, b) for a, b in zip(values(classifier.model), before))


def test_what_can_not_be_randomised_is_one_sentence():
    no_weights = keras.Sequential([keras.Input((8, 8, 3)), L.GlobalAveragePooling2D(), L.Softmax()])
    with pytest.raises(ValueError, match="no weights that it learned"):
        metrics.model_randomisation(xh.Classifier(no_weights), "saliency", image())
    with pytest.raises(ValueError, match="how is 'zero': choose 'shuffled' or 'reinitialised'"):
        metrics.model_randomisation(classifier_of("plain"), "saliency", image(), how="zero")
    with pytest.raises(ValueError, match="There is no layer 'nothing' with weights"):
        reinitialise_weights(classifier_of("plain"), ["nothing"])
    with pytest.raises(TypeError, match="gradients"):
        metrics.model_randomisation(xh.Classifier(lambda x: np.full((len(x), 2), 0.5)), "occlusion", image())
