"""Layer-wise relevance propagation: by hand, by the rules written plainly, conserved, and the same behind folded layers."""

import keras
import networks
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as L

import xaihelpers as xh

IMAGE = networks.image(12)
RULES = [("epsilon", {"epsilon": 0.0}), ("gamma", {"gamma": 0.5}), ("z+", {}), ("composite", {"epsilon": 0.0})]


def network(*middle, bias=True, seed=3):
    """Pixels from 0 to 1, the given layers, and a Dense layer; biases are small and never zero."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input((12, 12, 3)), L.Rescaling(1 / 255), *middle, L.Flatten()])
    model.add(L.Dense(3, use_bias=bias, bias_initializer=keras.initializers.RandomNormal(stddev=0.1)))
    return model


def convolution(filters, bias=True, activation="relu", kind=L.Conv2D, **more):
    given = {} if kind is L.DepthwiseConv2D else {"filters": filters}
    some = keras.initializers.RandomNormal(stddev=0.1)
    return kind(**given, kernel_size=3, use_bias=bias, bias_initializer=some, activation=activation, **more)


def plainly(model, target, rule, epsilon=0.25, gamma=0.25):
    """The four steps of the overview for every layer: forward with changed weights, divide, back, multiply."""
    weighing = [layer for layer in model.layers if layer.weights]
    a, steps = tf.constant(IMAGE[None] / 255, tf.float32), []
    for layer in model.layers[1:]:
        steps.append((layer, a))
        a = layer(a)
    relevance = a * tf.one_hot([target], 3)
    for layer, a in steps[::-1]:
        number = weighing.index(layer) if layer in weighing else None
        name = None if number is None else rule
        if name == "composite":  # of the convolutions, lower and upper half
            halves = "gamma" if number < len(weighing) / 2 else "epsilon"
            name = {0: "box", len(weighing) - 1: "zero"}.get(number, halves)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(a)
            low, high = tf.zeros_like(a), tf.ones_like(a)
            tape.watch([low, high])
            if number is None:
                z = layer(a)
            else:
                z = with_weights(layer, a, {"gamma": lambda w: w + gamma * tf.nn.relu(w), "z+": tf.nn.relu}.get(name))
            if name == "box":
                z -= with_weights(layer, low, tf.nn.relu) + with_weights(layer, high, lambda w: -tf.nn.relu(-w))
            if name == "epsilon":
                z += tf.stop_gradient(epsilon * tf.sqrt(tf.reduce_mean(z**2)) * tf.where(z < 0, -1.0, 1.0))
            score = tf.reduce_sum(z * tf.stop_gradient(tf.math.divide_no_nan(relevance, z)))
        relevance = a * tape.gradient(score, a)
        if name == "box":
            relevance += high * tape.gradient(score, high)
    return relevance.numpy()[0]


def with_weights(layer, a, change):
    """What a layer gives before its activation, with changed weights and bias."""
    kernel, bias = [w if change is None else change(w) for w in (layer.kernel.value, layer.bias.value)]
    z = a @ kernel if isinstance(layer, L.Dense) else tf.nn.conv2d(a, kernel, layer.strides, layer.padding.upper())
    return z + bias


@pytest.mark.parametrize("rule", ["epsilon", "gamma", "z+", "composite"])
def test_the_rules_are_those_of_the_overview(rule):
    model = network(convolution(5), convolution(6, padding="same"), L.MaxPooling2D(2), convolution(4))
    classifier = xh.Classifier(model, outputs="logits")
    target = int(classifier.logits(IMAGE)[0].argmax())
    found = xh.lrp(classifier, IMAGE, target, rule=rule)
    expected = plainly(model, target, rule)
    np.testing.assert_allclose(found.details["values"], expected, atol=2e-5 * np.abs(expected).max())
    np.testing.assert_allclose(found.heatmap, expected.sum(axis=-1), atol=2e-5 * np.abs(expected).max())
    assert found.details["logit"] == pytest.approx(classifier.logits(IMAGE)[0, target], rel=1e-5)
    assert found.details["kept"] == pytest.approx(found.details["logit"] - expected.sum(), abs=1e-4)
    placed = list(found.details["rules"].values())
    assert placed == (["z^B", "gamma", "epsilon", "0"] if rule == "composite" else [rule] * 4)


WITHOUT_BIAS = {
    "ReLU": lambda: [convolution(5, False), convolution(4, False)],
    # Scaled up, some outputs of the first convolution pass the cap, and others do not.
    "ReLU6": lambda: [convolution(5, False, None), L.Rescaling(30), L.ReLU(6), convolution(4, False)],
    "depthwise": lambda: [convolution(5, False), convolution(0, False, kind=L.DepthwiseConv2D), convolution(4, False)],
    "separable": lambda: [convolution(5, False), convolution(4, False, kind=L.SeparableConv2D)],
    "transposed": lambda: [convolution(5, False), convolution(4, False, kind=L.Conv2DTranspose, strides=2)],
    "normalized": lambda: [convolution(5, False, None), normalization(5, shifts=False), L.ReLU(), convolution(4, False)],
    "normalized before": lambda: [normalization(3, shifts=False), convolution(5, False), convolution(4, False)],
    "linear between": lambda: [convolution(5, False, None), convolution(4, False), L.AveragePooling2D(2)],
    "leaky and tanh": lambda: [convolution(5, False, "leaky_relu"), L.MaxPooling2D(2), convolution(4, False, "tanh")],
}


def normalization(channels, shifts=True):
    """A trained normalization, some of whose scales are negative."""
    random = np.random.default_rng(1)
    layer = L.BatchNormalization()
    layer.build((None, None, None, channels))
    gamma, variance = random.uniform(0.5, 2, channels) * np.resize([1, -1, 1], channels), random.uniform(0.5, 2, channels)
    beta, mean = random.normal(0, 0.1, (2, channels)) * shifts
    layer.set_weights([gamma, beta, mean, variance])
    return layer


def test_the_cap_of_relu6_is_met_at_some_places():
    model = network(*WITHOUT_BIAS["ReLU6"](), bias=False)
    values = keras.Model(model.inputs, model.layers[3].output)(IMAGE[None].astype(np.float32)).numpy()
    assert (values == 6).mean() > 0.05 and ((values > 0) & (values < 6)).mean() > 0.1


@pytest.mark.parametrize(("rule", "options"), RULES)
@pytest.mark.parametrize("kind", WITHOUT_BIAS)
def test_relevance_is_conserved_where_there_are_no_biases(kind, rule, options):
    classifier = xh.Classifier(network(*WITHOUT_BIAS[kind](), bias=False), outputs="logits")
    for target in range(3):
        found = xh.lrp(classifier, IMAGE, target, rule=rule, **options)
        logit = classifier.logits(IMAGE)[0, target]
        assert found.heatmap.sum(dtype=float) == pytest.approx(logit, rel=1e-4), (target, found.details)
        assert np.abs(found.heatmap).max() > 1e-3 * abs(logit)


@pytest.mark.parametrize("rule", ["epsilon", "gamma", "z+", "composite"])
def test_a_normalization_counts_as_folded_into_the_convolution_before_it(rule):
    normal = normalization(5)
    behind = network(convolution(5, activation=None), normal, L.ReLU(), convolution(4))
    folded = network(convolution(5), convolution(4))
    gamma, beta, mean, variance = (each.numpy() for each in normal.weights[:4])
    scale = gamma / np.sqrt(variance + normal.epsilon)
    weights = [each.numpy() for layer in behind.layers if layer is not normal for each in layer.weights]
    weights[0], weights[1] = weights[0] * scale, (weights[1] - mean) * scale + beta
    folded.set_weights(weights)
    a, b = (xh.lrp(xh.Classifier(each, outputs="logits"), IMAGE, 1, rule=rule) for each in (behind, folded))
    np.testing.assert_allclose(a.heatmap, b.heatmap, atol=1e-5 * np.abs(b.heatmap).max())
    assert list(a.details["rules"].values()) == list(b.details["rules"].values())


def test_without_epsilon_it_is_gradient_times_input():
    model = network(convolution(5), L.MaxPooling2D(2), convolution(4))
    classifier = xh.Classifier(model, outputs="logits")
    found, plain = xh.lrp(classifier, IMAGE, 2, rule="epsilon", epsilon=0), xh.saliency(classifier, IMAGE, 2, times_input=True)
    np.testing.assert_allclose(found.heatmap, plain.heatmap, atol=1e-5 * np.abs(plain.heatmap).max())
    assert (found.forward_passes, found.backward_passes) == (1, 1)


@pytest.mark.parametrize("rule", ["epsilon", "composite"])
def test_without_a_target_it_is_of_the_predicted_class(rule):
    model = network(convolution(4))
    model.layers[-1].bias.assign([-1, 0, 1])  # two classes that are not the middle one
    classifier = xh.Classifier(model, outputs="logits")
    for image in (IMAGE, 255 - IMAGE):
        predicted = int(classifier.logits(image)[0].argmax())
        found = xh.lrp(classifier, image, rule=rule)
        assert found.target == predicted != 1
        np.testing.assert_array_equal(found.heatmap, xh.lrp(classifier, image, predicted, rule=rule).heatmap)


class Spread(L.Layer):
    """Puts maps of one place at four: each sums up what its place gives."""

    def call(self, x):
        return x + tf.zeros((1, 2, 2, 4))


@pytest.mark.parametrize(("rule", "options"), RULES)
def test_an_output_that_is_spread_over_more_places_ends_where_it_was_one(rule, options):
    model = network(convolution(4, False), L.MaxPooling2D(8), convolution(4, False, None, padding="same"), Spread(), bias=False)
    classifier = xh.Classifier(model, outputs="logits")
    found = xh.lrp(classifier, IMAGE, 2, rule=rule, **options)
    assert found.heatmap.sum(dtype=float) == pytest.approx(classifier.logits(IMAGE)[0, 2], rel=1e-4)


def by_hand():
    """Two pixels, 2 and 1 in red; a convolution of 1 x 1 with weights 1 and -1 and biases 0 and 3; Dense weights below."""
    image = np.zeros((1, 2, 3))
    image[0, :, 0] = [2, 1]
    model = keras.Sequential([keras.Input((1, 2, 3)), L.Conv2D(2, 1, activation="relu", name="maps"), L.Flatten(), L.Dense(2)])
    kernel = np.zeros((1, 1, 3, 2))
    kernel[0, 0, 0] = [1, -1]
    # Places by channels: 1 and 1 at the first, 1 and -1 at the second.
    model.set_weights([kernel, np.array([0, 3]), np.array([[1, 0], [1, 0], [1, 0], [-1, 0]]), np.zeros(2)])
    return xh.Classifier(model, outputs="logits"), image


def test_two_pixels_worked_out_by_hand():
    """The maps are 2 and 1 at the first place (3 - 2 = 1), 1 and 2 at the second: the logit is 2 + 1 + 1 - 2 = 2.

    LRP-0: the relevances of the maps are what they contribute, 2 and 1, 1 and -2. The first map has it all from its pixel; the
    second has z = 1 from a contribution of -2 and a bias of 3, so the pixel gets -2 of the 1; at the second place z = 2 from -1
    and 3: of -2 it gets +1. Together 2 - 2 = 0 and 1 + 1 = 2.
    Gamma 1: positive contributions to the logit, 2 + 1 + 1 = 4, count twice: z = 2 + 4 = 6. The maps get 2 x 2 x 2/6 = 4/3, 2/3,
    2/3 and -2 x 2/6 = -2/3. The first map's pixels keep it: 4/3 and 2/3. The second map's positive part is the bias 3, twice:
    1 + 3 = 4 and 2 + 3 = 5; the pixels get -2/4 of 2/3 and -1/5 of -2/3: -1/3 and 2/15.
    z+: of 2, the positive contributions get 1, 1/2, 1/2 and nothing. The pixels of the second map only contribute against it.
    """
    network, image = by_hand()
    for options, expected in {
        ("epsilon", 0.0, 0.25): [0, 2],
        ("gamma", 0.25, 1.0): [4 / 3 - 1 / 3, 2 / 3 + 2 / 15],
        ("z+", 0.25, 0.25): [1, 1 / 2],
    }.items():
        found = xh.lrp(network, image, 0, **dict(zip(("rule", "epsilon", "gamma"), options)))
        np.testing.assert_allclose(found.heatmap, [expected], rtol=1e-5, atol=1e-6, err_msg=str(options))


def test_an_output_that_is_small_beside_the_others_keeps_more():
    """Of the two logits 2 and 0 the root mean square is sqrt(2): with epsilon 1, the first passes on 2 / (2 + sqrt(2)) of its 2.

    The maps, 2, 1, 1, 2 as contributions, have the root mean square sqrt(10 / 4) and pass on their share likewise.
    """
    network, image = by_hand()
    found = xh.lrp(network, image, 0, rule="epsilon", epsilon=1)
    passed, e = 2 / (2 + np.sqrt(2)), np.sqrt(10 / 4)
    first = 2 * 2 / (2 + e) - 2 * 1 / (1 + e)
    second = 1 * 1 / (1 + e) + 1 * 2 / (2 + e)
    np.testing.assert_allclose(found.heatmap, [[passed * first, passed * second]], rtol=1e-5)


def test_the_pixels_rule_counts_from_black_and_white():
    """One pixel of grey 51 in red, 0.2 of white; weights 1 and -1 make 0.2 and, with a bias of 1, 0.8; the logit adds them up.

    Of the first map's 0.2 red has (x - black) w = 0.2: all of it. Of the second's 0.8 red has (x - white) w = 0.8: all again.
    """
    model = keras.Sequential(
        [keras.Input((1, 1, 3)), L.Rescaling(1 / 255), L.Conv2D(2, 1, activation="relu"), L.Flatten(), L.Dense(2)]
    )
    kernel = np.zeros((1, 1, 3, 2))
    kernel[0, 0, 0] = [1, -1]
    model.set_weights([kernel, np.array([0, 1]), np.array([[1, 0], [1, 0]]), np.zeros(2)])
    image = np.zeros((1, 1, 3))
    image[..., 0] = 51
    found = xh.lrp(xh.Classifier(model, outputs="logits"), image, 0)
    np.testing.assert_allclose(found.details["values"], [[[1, 0, 0]]], atol=1e-6)
    assert (found.forward_passes, found.backward_passes) == (3, 3) and abs(found.details["kept"]) < 1e-6


def test_pixels_shifted_before_the_network_are_the_same_pixels():
    """Preprocessed to -1..1 outside of the model, or inside: the rule for pixels does not mind."""
    inside = network(L.Rescaling(255 / 127.5, offset=-1), convolution(5), convolution(4))
    outside = keras.Sequential([keras.Input((12, 12, 3)), *inside.layers[2:]])
    a = xh.lrp(xh.Classifier(inside, outputs="logits"), IMAGE, 1)
    b = xh.lrp(xh.Classifier(outside, preprocess=lambda x: x / 127.5 - 1, outputs="logits"), IMAGE, 1)
    np.testing.assert_allclose(a.heatmap, b.heatmap, atol=1e-5 * np.abs(a.heatmap).max())


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        (lambda: [convolution(4, activation="swish")], "such as swish in conv2d"),
        (lambda: [convolution(4, activation="sigmoid")], "sigmoid or swish in conv2d"),
        (lambda: [convolution(4), L.LayerNormalization()], "variance of a signal"),
        (lambda: [convolution(4), convolution(4, groups=2)], "convolution in groups in conv2d"),
    ],
)
def test_what_it_cannot_do_is_refused_in_one_sentence(layers, words):
    classifier = xh.Classifier(network(*layers()), outputs="logits")
    with pytest.raises(ValueError, match=f"lrp has no rule for .*{words}.*: use integrated_gradients") as caught:
        xh.lrp(classifier, IMAGE)
    assert "\n" not in str(caught.value) and xh.METHODS["lrp"].why_not(classifier) == str(caught.value)


def test_a_product_of_two_signals_is_refused():
    i = keras.Input((12, 12, 3))
    x = convolution(4)(L.Rescaling(1 / 255)(i))
    x = L.Multiply(name="multiply")([x, L.Dense(4, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(x))])
    model = keras.Model(i, L.Dense(3)(L.GlobalAveragePooling2D()(x)))
    with pytest.raises(ValueError, match="product of two signals in multiply: use integrated_gradients"):
        xh.lrp(xh.Classifier(model, outputs="logits"), IMAGE)


def test_wrong_arguments():
    classifier = xh.Classifier(network(convolution(4)), outputs="logits")
    with pytest.raises(ValueError, match="rule is 'zplus'"):
        xh.lrp(classifier, IMAGE, rule="zplus")
    for name in ("epsilon", "gamma"):
        with pytest.raises(ValueError, match=f"{name} is -1"):
            xh.lrp(classifier, IMAGE, **{name: -1})
