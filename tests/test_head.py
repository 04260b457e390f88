"""The head is proven, not read off a name: what probabilities come from, whatever stands behind them."""

import keras
import networks
import numpy as np
import pytest
import tensorflow as tf
from keras import layers as L

import xaihelpers as xh
from xaihelpers.classifier.head import weighted

IMAGE = networks.image()
BATCH = np.stack([networks.image(seed=i) for i in range(3)]).astype(np.float32)


def core(classes=3):
    """A network up to its logits, with weights that give answers between 0.1 and 0.8."""
    return networks.gap_network(classes=classes, activation=None)


def tape(score, batch=BATCH):
    """Return the gradient of a function of a batch, by TensorFlow alone."""
    x = tf.constant(batch)
    with tf.GradientTape() as watched:
        watched.watch(x)
        values = score(x)
    return watched.gradient(values, x).numpy()


def assert_gradient(classifier, score, target=1, batch=BATCH):
    """The classifier's gradient is that of a score, to 1e-4 of its largest value."""
    expected = tape(lambda x: score(x)[:, target], batch)
    np.testing.assert_allclose(classifier.gradients(batch, target).gradients, expected, atol=1e-4 * np.abs(expected).max())


def test_an_average_of_two_networks_is_explained_through_log_p():
    i = keras.Input((8, 8, 3))
    members = [networks.gap_network(seed=seed) for seed in (0, 1)]
    model = keras.Model(i, L.Average()([member(i) for member in members]))
    classifier = xh.Classifier(model)
    np.testing.assert_allclose(classifier.probabilities(BATCH), model(BATCH), atol=1e-6)
    assert_gradient(classifier, lambda x: tf.math.log((members[0](x) + members[1](x)) / 2))
    assert classifier.describe().score == "log p" and "can't be reached" in str(classifier.describe())


@pytest.mark.parametrize("classes", [1, 3])
def test_a_sigmoid_written_by_hand_is_explained_through_the_log_odds(classes):
    inner = core(classes)
    i = keras.Input((8, 8, 3))
    model = keras.Model(i, 1 / (1 + keras.ops.exp(-inner(i))))
    classifier, z = xh.Classifier(model), inner(BATCH).numpy()
    p = np.concatenate([1 - model(BATCH), model(BATCH)], axis=1) if classes == 1 else model(BATCH)
    np.testing.assert_allclose(classifier.probabilities(BATCH), p, atol=1e-6)
    np.testing.assert_allclose(classifier.logits(BATCH)[:, -1], z[:, -1], atol=1e-5)
    assert_gradient(classifier, lambda x: tf.repeat(inner(x), 2, axis=1) if classes == 1 else inner(x))
    assert classifier.describe().score == "log-odds"


def test_a_softmax_over_pairs_is_no_softmax_over_classes():
    """Four classes in two pairs, each of which adds up to 1: every class has a probability of its own."""
    i, inner = keras.Input((8, 8, 3)), core(4)
    model = keras.Model(i, L.Flatten()(L.Softmax()(L.Reshape((2, 2))(inner(i)))))
    classifier = xh.Classifier(model)
    np.testing.assert_allclose(classifier.probabilities(BATCH), model(BATCH), atol=1e-6)
    assert_gradient(classifier, lambda x: tf.math.log(model(x)) - tf.math.log(1 - model(x)))
    assert classifier.describe().score == "log-odds"


def test_a_weighted_sum_is_known_whatever_form_its_bias_has():
    """A bias may be a number, a variable, or one that was cast or reshaped; behind an activation nothing is a plain sum."""
    with tf.Graph().as_default():
        x = tf.compat.v1.placeholder(tf.float32, (None, 4))
        z = x @ tf.ones((4, 3))
        bias = tf.compat.v1.get_variable("bias", (3,), use_resource=True)
        for added in (2.0, bias, tf.cast(tf.cast(bias, tf.float16), tf.float32), tf.reshape(bias, (1, 3))):
            assert weighted(z + added) and weighted(tf.reshape(z * added, (-1, 3))) and not weighted(tf.nn.relu(z) + added)
        assert not weighted(z + tf.exp(z)) and not weighted(tf.nn.relu(z))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A network, and the same as a SavedModel in a layer of a Sequential."""
    folder, model = tmp_path_factory.mktemp("saved"), networks.gap_network()
    model.export(folder / "model", verbose=False)
    return model, keras.Sequential([keras.Input((8, 8, 3)), L.TFSMLayer(str(folder / "model"), call_endpoint="serve")])


def test_a_saved_model_is_explained_through_log_p(exported):
    model, layer = exported
    classifier = xh.Classifier(layer, input_shape=(8, 8, 3))
    np.testing.assert_allclose(classifier.probabilities(BATCH), model(BATCH), atol=1e-6)
    assert_gradient(classifier, lambda x: tf.math.log(model(x)))
    for method in (xh.grad_cam, xh.guided_backprop, xh.deep_shap):
        with pytest.raises(ValueError, match="saliency|integrated_gradients"):
            method(classifier, IMAGE)
    for method in (xh.saliency, xh.integrated_gradients):  # the ways out that these sentences name
        method(classifier, IMAGE)


def test_the_last_output_of_a_nested_two_output_model():
    inner = networks.gap_network()
    both = keras.Model(inner.inputs, [inner.get_layer("maps").output, inner.outputs[0]])
    i = keras.Input((8, 8, 3))
    classifier = xh.Classifier(keras.Model(i, both(i)[1]))
    np.testing.assert_allclose(classifier.logits(BATCH), xh.Classifier(inner).logits(BATCH), atol=1e-6)
    assert_gradient(classifier, logits_of(inner))
    np.testing.assert_allclose(xh.grad_cam(classifier, IMAGE, 1).heatmap, xh.grad_cam(xh.Classifier(inner), IMAGE, 1).heatmap)


def logits_of(model):
    """Return `gap_network` up to its logits, its last layer written anew without an activation."""
    head = model.layers[-1]
    dense = L.Dense(head.units)
    logits = dense(head.input)
    dense.set_weights(head.get_weights())
    return keras.Model(model.inputs, logits)


def test_several_outputs_are_chosen_by_name_or_position():
    inner = core()
    i = keras.Input((8, 8, 3))
    z = inner(i)
    model = keras.Model(i, {"kind": L.Softmax(name="kind")(z), "size": L.Dense(1, name="size")(z)})
    with pytest.raises(ValueError, match="output='kind'") as error:
        xh.Classifier(model)
    assert "2 outputs, 'kind', 'size'" in str(error.value)
    chosen = xh.Classifier(model, output="kind")
    np.testing.assert_allclose(chosen.logits(BATCH), inner(BATCH), atol=1e-6)
    np.testing.assert_allclose(xh.Classifier(model, output=0).logits(BATCH), inner(BATCH), atol=1e-6)
    size = xh.Classifier(model, output="size", outputs="values", class_names=["size in mm"])
    np.testing.assert_allclose(size.probabilities(BATCH), model(BATCH)["size"], atol=1e-6)
    with pytest.raises(ValueError, match="2 outputs, 'kind', 'size', and no 'colour': say which one"):
        xh.Classifier(model, output="colour")


def test_other_inputs_are_held():
    i, age = keras.Input((8, 8, 3), name="photo"), keras.Input((1,), name="age")
    inner = core()
    z = L.Dense(3, kernel_initializer="orthogonal")(L.Concatenate()([inner(i), age]))
    model = keras.Model([i, age], z)
    with pytest.raises(ValueError, match=r"inputs=\{'age': 0\}"):
        xh.Classifier(model)
    for held in (40, [40.0], np.array([[40]])):
        classifier = xh.Classifier(model, inputs={"age": held})
        np.testing.assert_allclose(classifier.logits(BATCH), model([BATCH, np.full((3, 1), 40.0)]), rtol=1e-5)
    assert_gradient(classifier, lambda x: model([x, tf.fill((3, 1), 40.0)]))
    by_position = xh.Classifier(keras.Model({"photo": i, "age": age}, z), inputs={"age": 40})
    np.testing.assert_allclose(by_position.logits(BATCH), classifier.logits(BATCH), rtol=1e-6)
    for wrong, words in (({"height": 1}, "no input 'height'"), ({"age": [1, 2]}, r"shape \(1,\)"), ({"age": "old"}, "'old'")):
        with pytest.raises(ValueError, match=words):
            xh.Classifier(model, inputs=wrong)
    with pytest.raises(TypeError, match="name of an input"):
        xh.Classifier(model, inputs=40)


def test_one_logit_is_read_as_one_of_two_classes_and_said_to_be():
    model = core(classes=1)
    with pytest.warns(xh.DiagnosticWarning, match="outputs='values' if it is a regression"):
        classifier = xh.Classifier(model, class_names=["cat", "dog"])
    p = 1 / (1 + np.exp(-model(BATCH).numpy()))
    np.testing.assert_allclose(classifier.probabilities(BATCH), np.concatenate([1 - p, p], axis=1), atol=1e-6)
    assert_gradient(classifier, lambda x: tf.concat([-model(x), model(x)], axis=1))


@pytest.mark.filterwarnings("error::xaihelpers.results.DiagnosticWarning")
def test_a_loss_or_a_word_settles_what_one_number_is():
    model = core(classes=1)
    assert xh.Classifier(model, outputs="sigmoid logits").n_classes == 2
    assert xh.Classifier(model, outputs="values").class_names == ["output 0"]
    assert xh.Classifier(model, class_names=["age"]).describe().score == "value"
    model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    assert xh.Classifier(model).n_classes == 2
    model.compile(loss="mse")
    classifier = xh.Classifier(model, class_names=["age"])
    np.testing.assert_allclose(classifier.probabilities(BATCH), model(BATCH), atol=1e-6)
    assert_gradient(classifier, model, 0)
    for name in ("saliency", "occlusion", "integrated_gradients", "grad_cam"):
        assert np.isfinite(xh.METHODS[name].function(classifier, IMAGE, "age").heatmap).all()


def test_several_values_have_no_prediction():
    model = core()
    classifier = xh.Classifier(model, outputs="values", class_names=["x", "y", "angle"])
    with pytest.raises(ValueError, match="give target, one of 'x', 'y', 'angle'"):
        xh.saliency(classifier, IMAGE)
    with pytest.raises(ValueError, match="give target"):
        xh.rise(classifier, IMAGE)
    assert_gradient(classifier, model, 2)


def test_multi_label_logits_by_word_and_by_loss():
    model = core()
    p = 1 / (1 + np.exp(-model(BATCH).numpy()))
    np.testing.assert_allclose(xh.Classifier(model, outputs="sigmoid logits").probabilities(BATCH), p, atol=1e-6)
    model.compile(loss=keras.losses.BinaryCrossentropy(from_logits=True))
    np.testing.assert_allclose(xh.Classifier(model).probabilities(BATCH), p, atol=1e-6)


def test_words_that_the_outputs_contradict():
    with pytest.raises(ValueError, match="outputs='softmax' says"):
        xh.Classifier(core(), outputs="softmax")
    with pytest.raises(ValueError, match="add up to"):
        xh.Classifier(networks.gap_network(activation="sigmoid"), outputs="softmax")
    with pytest.raises(ValueError, match="outputs='sigmoid' says"):
        xh.Classifier(core(), outputs="sigmoid")
    with pytest.raises(ValueError, match="choose from 'logits'"):
        xh.Classifier(core(), outputs="probabilities")
    with pytest.warns(xh.DiagnosticWarning, match="looks like probabilities"):
        xh.Classifier(networks.gap_network(), outputs="logits")
    with pytest.raises(ValueError, match="always 1"):
        xh.Classifier(networks.gap_network(classes=1))
    with pytest.raises(TypeError, match="for Keras models"):
        xh.Classifier(lambda x: x, outputs="softmax")


def test_softmax_twice_is_said_and_the_advice_helps():
    i = keras.Input((8, 8, 3))
    x = L.GlobalAveragePooling2D()(L.Conv2D(4, 3, activation="relu")(L.Rescaling(1 / 255)(i)))
    model = keras.Model(i, L.Softmax()(L.Dense(3, activation="softmax")(x)))
    with pytest.warns(xh.DiagnosticWarning, match="softmax twice"):
        xh.Classifier(model)
    once = xh.Classifier(keras.Model(model.inputs, model.layers[-2].output))
    assert once.describe().score == "logit" and not once.describe().diagnostics


def segmenting(activation="softmax"):
    i = keras.Input((8, 8, 3))
    x = L.Conv2D(4, 3, padding="same", activation="relu", name="maps")(L.Rescaling(1 / 255)(i))
    return networks.fixed(keras.Model(i, L.Conv2D(3, 1, activation=activation)(x)), 2)


def test_a_segmentation_network_is_summed_over_a_region():
    model, z = segmenting(), segmenting(None)
    region = np.zeros((8, 8), bool)
    region[2:5, 3:7] = True
    with pytest.raises(ValueError, match="region='all'"):
        xh.Classifier(model)
    classifier = xh.Classifier(model, region=region)
    np.testing.assert_allclose(classifier.logits(BATCH), z(BATCH).numpy()[:, region].sum(axis=1), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(classifier.probabilities(BATCH), model(BATCH).numpy()[:, region].mean(axis=1), atol=1e-6)
    assert_gradient(classifier, lambda x: tf.reduce_sum(z(x) * region[..., None].astype(np.float32), axis=(1, 2)))
    np.testing.assert_allclose(
        xh.Classifier(model, region="all").logits(BATCH), z(BATCH).numpy().sum(axis=(1, 2)), rtol=1e-5, atol=1e-5
    )
    found = xh.grad_cam(classifier, IMAGE, 1)
    assert found.details["layer"] == "maps"
    # What is outside of the region and of the filters' reach can't matter.
    assert not classifier.gradients(BATCH, 1).gradients[:, 7].any()
    for wrong in (np.zeros((8, 8), bool), "some", np.ones(3)):
        with pytest.raises(ValueError, match="region is no mask"):
            xh.Classifier(model, region=wrong)
    with pytest.raises(ValueError, match=r"region has shape \(4, 4\)"):
        xh.Classifier(model, region=np.ones((4, 4)))


class Written(keras.Model):
    """`gap_network`, subclassed, with operations of keras.ops and TensorFlow in its call."""

    def __init__(self, twin):
        super().__init__()
        self.twin_layers = [twin.get_layer("maps"), twin.get_layer("scores")]
        self.conv = L.Conv2D(4, 3, padding="same", name="conv")
        self.head = L.Dense(3, name="head")

    def call(self, x):
        x = keras.ops.relu(self.conv(x / 255.0))
        return tf.nn.softmax(self.head(keras.ops.mean(x, axis=(1, 2))))


@pytest.fixture(scope="module")
def written():
    """A subclassed model, and the functional one that is the same."""
    twin = networks.gap_network()
    model = Written(twin)
    model(BATCH)
    for name, layer in (("maps", model.conv), ("scores", model.head)):
        layer.set_weights(twin.get_layer(name).get_weights())
    return model, twin


def test_a_subclassed_model_equals_its_functional_twin(written):
    model, twin = (xh.Classifier(each, input_shape=(8, 8, 3)) for each in written)
    np.testing.assert_allclose(model.probabilities(BATCH), written[0](BATCH), atol=1e-6)
    for name, options in {
        "saliency": {},
        "integrated_gradients": {"steps": 8},
        "guided_backprop": {},
        "deep_shap": {},
        "occlusion": {},
    }.items():
        ours, theirs = (xh.METHODS[name].function(each, IMAGE, 1, **options) for each in (model, twin))
        np.testing.assert_allclose(ours.heatmap, theirs.heatmap, atol=1e-5 * np.abs(theirs.heatmap).max(), err_msg=name)
    guided, plain = xh.guided_backprop(model, IMAGE, 1), xh.saliency(model, IMAGE, 1)
    assert np.abs(guided.details["gradient"] - plain.details["gradient"]).max() > 0.1 * np.abs(plain.details["gradient"]).max()
    assert guided.details["replaced"] == (written[0].name,) or "Relu" in guided.details["replaced"][0]


def test_grad_cam_of_a_subclassed_model_by_interception(written):
    # Before the ReLU in both: the subclassed model has no layer after it.
    model = xh.Classifier(written[0], input_shape=(8, 8, 3))
    conv, head = written[0].conv, written[0].head
    x = tf.constant(BATCH[:1])
    with tf.GradientTape() as watched:
        maps = conv(x / 255.0)
        watched.watch(maps)
        z = head(tf.reduce_mean(tf.nn.relu(maps), axis=(1, 2)))[0, 1]
    weights = tf.reduce_mean(watched.gradient(z, maps), axis=(0, 1, 2))
    expected = np.tensordot(maps[0], weights, 1)
    found = xh.grad_cam(model, BATCH[0], 1, relu=False)
    assert found.details["layer"] == "conv"
    np.testing.assert_allclose(found.details["coarse"], expected, atol=1e-5 * np.abs(expected).max())


def test_rules_count_only_where_an_operation_says_so():
    class Hidden(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = networks.gap_network()
            self.run = tf.function(lambda x: self.inner(x))

        def call(self, x):
            return self.run(x)

    classifier = xh.Classifier(Hidden(), input_shape=(8, 8, 3))
    for method in (xh.guided_backprop, xh.deep_shap):
        with pytest.raises(ValueError, match="integrated_gradients"):
            method(classifier, IMAGE)
    xh.integrated_gradients(classifier, IMAGE)
    assert_gradient(classifier, lambda x: tf.math.log(classifier.model(x)))
    works = classifier.describe().techniques
    assert works["integrated_gradients"] is None and "other activations" in works["guided_backprop"]


def test_weights_of_nan_are_named_at_once():
    model = networks.gap_network()
    kernel = model.get_layer("maps").kernel
    kernel.assign(np.full(kernel.shape, np.nan))
    with pytest.raises(ValueError, match=r"weight 'maps/kernel' holds NaN"):
        xh.Classifier(model)
    later = xh.Classifier(model := networks.gap_network())
    model.get_layer("scores").kernel.assign(np.full((4, 3), np.nan))
    calls = dict.fromkeys(xh.METHODS, (IMAGE, 0)) | {"activation_maximization": (0,), "deep_dream": (networks.image(32), 0)}
    for name, given in calls.items():
        options = {"octaves": 1, "steps": 1} if name == "deep_dream" else {}
        with pytest.raises(ValueError, match="NaN"):
            xh.METHODS[name].function(later, *given, **options)


def test_means_and_gradients_of_a_bfloat16_network_are_float32():
    keras.utils.set_random_seed(1)
    model = networks.gap_network(size=32, channels=8)
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        half = networks.gap_network(size=32, channels=8)
    finally:
        keras.config.set_dtype_policy("float32")
    picture = networks.image(32)
    ours, exact = (xh.grad_cam(xh.Classifier(each), picture, 1, relu=False).details["coarse"] for each in (half, model))
    assert ours.dtype == np.float32 and np.abs(ours - exact).max() < 0.01 * np.abs(exact).max()


def test_deep_shap_doubts_a_gap_that_is_large_for_its_difference():
    from xaihelpers.methods.deep_shap import _doubts

    values = np.full((4, 4, 3), 1e-4)
    assert _doubts(values, 0.01, -0.0099, "logit") and not _doubts(values, 0.01, 1e-5, "logit")


def test_contributions_to_log_p_are_labelled():
    assert xh.deep_shap(xh.Classifier(networks.gap_network()), IMAGE, 1).details["score"] == "logit"
