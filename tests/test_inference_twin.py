"""The twin that answers questions is never stale, never wrong, and leaves the model alone."""

import threading

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import xaihelpers as xh
from xaihelpers.classifier import folding, inference_twin
from xaihelpers.metrics import sanity

SIZE = 12
IMAGES = np.random.default_rng(5).uniform(0, 255, (4, SIZE, SIZE, 3)).astype(np.float32)


def network():
    """Three convolutions with a normalization each, one of them in a nested model; ends in logits."""
    image = keras.Input((SIZE, SIZE, 3))
    x = layers.Conv2D(4, 3, name="first")(layers.Rescaling(1 / 99, offset=-1)(image))
    x = layers.ReLU()(layers.BatchNormalization(name="first_norm")(x))
    inner = keras.Sequential(
        [
            keras.Input((10, 10, 4)),
            layers.DepthwiseConv2D(3, padding="same", name="second"),
            layers.BatchNormalization(name="second_norm"),
            layers.ReLU(max_value=6),
            layers.SeparableConv2D(5, 3, name="third"),
            layers.BatchNormalization(name="third_norm"),
        ],
        name="inner",
    )
    x = layers.GlobalAveragePooling2D()(inner(x))
    model = keras.Model(image, layers.Dense(3, name="scores")(x))
    random = np.random.default_rng(0)
    model.set_weights(
        [random.uniform(0.2, 1.0, w.shape) * random.choice([1, 1, -1]) ** (w.ndim > 1) for w in model.get_weights()]
    )
    return model


def agrees(classifier, images=IMAGES):
    """Return whether the classifier gives what its model gives now, asked layer by layer without any of our code."""
    theirs = np.asarray(classifier.model(images, training=False))
    return np.abs(classifier.logits(images) - theirs).max() <= 1e-5 * np.ptp(theirs)


def layer(model, name):
    return (
        model.get_layer("inner").get_layer(name) if not name.startswith("first") and name != "scores" else model.get_layer(name)
    )


@tf.function
def _in_a_graph(variable):
    variable.assign_add(tf.ones_like(variable))


def _one_step_of_training(model):
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.train_on_batch(IMAGES / 255, np.array([0, 1, 2, 0]))


def _from_a_file(model, folder):
    other = network()
    other.set_weights([w * 1.1 for w in other.get_weights()])
    other.save_weights(folder / "other.weights.h5")
    model.load_weights(folder / "other.weights.h5")


def _swap_in_place(model):
    kernel = layer(model, "first").kernel
    kernel.assign(kernel.numpy()[:, :, :, ::-1])


CHANGES = {
    "set_weights": lambda model, _: model.set_weights([w * 0.9 for w in model.get_weights()]),
    "a kernel": lambda model, _: layer(model, "first").kernel.assign_add(np.ones((3, 3, 3, 4)) * 0.1),
    "a kernel, its values in another order": lambda model, _: _swap_in_place(model),
    "a bias": lambda model, _: layer(model, "first").bias.assign([3, 2, 1, 0]),
    "a depthwise kernel": lambda model, _: layer(model, "third").depthwise_kernel.assign_sub(np.ones((3, 3, 4, 1)) * 0.1),
    "a pointwise kernel": lambda model, _: layer(model, "third").pointwise_kernel.assign(np.ones((1, 1, 4, 5))),
    "gamma": lambda model, _: layer(model, "second_norm").gamma.assign([1, -2, 3, 4]),
    "beta": lambda model, _: layer(model, "second_norm").beta.assign([1, -2, 3, 4]),
    "a moving mean": lambda model, _: layer(model, "third_norm").moving_mean.assign([1, -2, 3, 4, 5]),
    "a moving variance": lambda model, _: layer(model, "third_norm").moving_variance.assign([1, 2, 3, 4, 5]),
    "a layer that is not folded": lambda model, _: layer(model, "scores").bias.assign([3, 2, 1]),
    "one number": lambda model, _: layer(model, "first").kernel.value[0, 0, 0, 0].assign(9.0),
    "in a graph": lambda model, _: _in_a_graph(layer(model, "first").kernel.value),
    "scattered": lambda model, _: layer(model, "first").kernel.value.scatter_nd_update([[0, 0, 0, 1]], [7.0]),
    "training": lambda model, _: _one_step_of_training(model),
    "a file": _from_a_file,
}


@pytest.mark.parametrize("name", CHANGES)
def test_no_answer_is_stale(name, tmp_path):
    classifier = xh.Classifier(network())
    before = classifier.logits(IMAGES)
    assert agrees(classifier) and classifier.twin.note.startswith("Questions go to a twin in which 3 layers take over 4 ")
    CHANGES[name](classifier.model, tmp_path)
    assert agrees(classifier)
    assert np.abs(classifier.logits(IMAGES) - before).max() > 1e-3, "nothing changed: this test would notice nothing"
    CHANGES["set_weights"](classifier.model, tmp_path)  # and again afterwards
    assert agrees(classifier)


def test_a_weight_set_to_what_it_was_before():
    classifier = xh.Classifier(network())
    kernel = layer(classifier.model, "first").kernel
    first, before = kernel.numpy(), classifier.logits(IMAGES)
    for _ in range(3):
        kernel.assign(first * 2)
        assert agrees(classifier)
        kernel.assign(first)
        assert np.array_equal(classifier.logits(IMAGES), before)


def test_adapting_a_normalization_anew():
    norm = layers.Normalization()
    norm.adapt(IMAGES)
    conv = layers.Conv2D(4, 3)
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), norm, conv, layers.GlobalAveragePooling2D(), layers.Dense(3)])
    classifier = xh.Classifier(model)
    assert agrees(classifier) and "1 layers take over 1 " in classifier.twin.note
    norm.adapt(IMAGES**1.1 + 20)
    assert agrees(classifier)


def test_nothing_is_folded_twice_for_the_same_weights(monkeypatch):
    classifier, folded = xh.Classifier(network()), []
    real = folding.folded_weights
    monkeypatch.setattr(folding, "folded_weights", lambda fold, read: folded.append(fold) or real(fold, read))
    for _ in range(5):
        classifier.logits(IMAGES, batch_size=1)
    assert len(folded) == 3
    layer(classifier.model, "first").bias.assign([0, 0, 0, 1])
    classifier.logits(IMAGES, batch_size=1)
    assert len(folded) == 6


def test_randomised_weights_give_the_maps_of_the_randomised_model():
    """The sanity measures shuffle weights in place, stage by stage: maps must be those of a classifier made afterwards."""
    image = IMAGES[0]
    copy = sanity.randomised_copy(xh.Classifier(network()), of_layers=())
    copy.logits(image)
    for path in sanity.weighted_layers(copy)[::-1]:
        sanity.shuffle_weights(copy, [path], seed=1)
        fresh = xh.Classifier(copy.model)
        there, here = (xh.occlusion(each, image, 1, patch=6) for each in (fresh, copy))
        assert np.array_equal(there.heatmap, here.heatmap)


def test_threads_that_ask_while_weights_change_agree_afterwards():
    classifier, stop, failed = xh.Classifier(network()), threading.Event(), []
    first = classifier.model.get_weights()

    def ask():
        while not stop.is_set():
            try:
                classifier.logits(IMAGES[:1])
            except Exception as error:
                failed.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    [thread.start() for thread in threads]
    for step in range(20):
        classifier.model.set_weights([w * (1 + 0.01 * step) for w in first])
    stop.set()
    [thread.join() for thread in threads]
    assert not failed and agrees(classifier)


# -- the model that was given --------------------------------------------------------------------------------------------


def test_the_model_is_the_same_bit_by_bit():
    model = network()
    before = _all_of(model)
    classifier = xh.Classifier(model)
    classifier.probabilities(IMAGES)
    xh.occlusion(classifier, IMAGES[0], 1, patch=4)
    xh.saliency(classifier, IMAGES[0], 1)
    assert _all_of(model) == before


def _all_of(model):
    """Return what makes up a model, its layers' attributes and the nodes between them included."""
    flat = list(model._flatten_layers())
    return (
        [weight.tobytes() for weight in model.get_weights()],
        model.to_json(),
        [(layer.name, sorted(map(str, vars(layer))), len(layer._inbound_nodes)) for layer in flat],
        [id(weight.value) for weight in model.weights],
        np.asarray(model(IMAGES, training=False)).tobytes(),
    )


def test_gradients_and_captured_layers_are_the_models_own():
    """A tape on the model itself, without our code, gives the same to the last bit that the compiled function keeps."""
    model = network()
    classifier = xh.Classifier(model)
    classifier.logits(IMAGES)
    found = classifier.gradients(IMAGES, 1, layer="first_norm")
    maps = keras.Model(model.input, model.get_layer("first_norm").output)
    np.testing.assert_allclose(found.values, np.asarray(maps(IMAGES)), rtol=1e-5, atol=1e-5)
    images = tf.constant(IMAGES)
    with tf.GradientTape() as tape:
        tape.watch(images)
        score = model(images, training=False)[:, 1]
    np.testing.assert_allclose(classifier.gradients(IMAGES, 1).gradients, tape.gradient(score, images), rtol=1e-4, atol=1e-6)


# -- dropped in a sentence -----------------------------------------------------------------------------------------------


def test_a_twin_that_misses_is_dropped(monkeypatch):
    real = folding.folded_weights
    monkeypatch.setattr(folding, "folded_weights", lambda fold, read: (real(fold, read)[0], real(fold, read)[1] * 1.001))
    classifier = xh.Classifier(network())
    assert agrees(classifier)
    assert "Questions go to the model as it is: on a probe the twin's logits miss by" in classifier.twin.note


def test_a_miss_of_a_hundred_thousandth_is_too_much(monkeypatch):
    """The bound is relative to the spread of the logits, whatever their size."""
    for size, kept in ((3e-6, True), (3e-5, False)):
        classifier = xh.Classifier(network())
        spread = np.ptp(np.asarray(classifier.model(inference_twin._probe((SIZE, SIZE, 3)))))
        real = classifier.answer

        def shifted(inputs, around=None, real=real, add=size * spread):
            logits, *others = real(inputs, around)
            return logits + (add if around else 0), *others

        monkeypatch.setattr(classifier, "answer", shifted)
        classifier.logits(IMAGES)
        assert classifier.twin.note.startswith("Questions go to a twin") == kept


def test_a_network_of_nan_is_asked_as_it_is():
    model = network()
    layer(model, "first_norm").moving_variance.assign([-1, 1, 1, 1])
    classifier = xh.Classifier(model)
    with pytest.raises(ValueError, match="NaN"):
        classifier.logits(IMAGES)
    assert "as it is" in classifier.twin.note


def test_a_twin_that_can_not_be_made_is_dropped(monkeypatch):
    def broken(*_):
        raise RuntimeError("out of chalk\nand more")

    monkeypatch.setattr(folding, "call", broken)
    classifier = xh.Classifier(network())
    assert agrees(classifier)
    assert classifier.twin.note == "Questions go to the model as it is: no twin could be made (RuntimeError: out of chalk)."


def test_an_interrupted_proof_proves_nothing(monkeypatch):
    classifier = xh.Classifier(network())

    def interrupted(shape):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(inference_twin, "_probe", interrupted)
        with pytest.raises(KeyboardInterrupt):
            classifier.logits(IMAGES)
    assert "Nothing was asked yet" in classifier.twin.note
    assert agrees(classifier) and "Questions go to a twin" in classifier.twin.note


def test_a_network_without_normalization_is_asked_as_it_is():
    model = keras.Sequential([keras.Input((8, 8, 3)), layers.Flatten(), layers.Dense(2)])
    classifier = xh.Classifier(model)
    classifier.logits(IMAGES[:, :8, :8])
    assert "no normalization stands where" in classifier.twin.note


def test_images_of_any_size():
    image = keras.Input((None, None, 3))
    x = layers.BatchNormalization()(layers.Conv2D(4, 3, strides=2, padding="same")(layers.Rescaling(1 / 99)(image)))
    model = keras.Model(image, layers.Dense(2)(layers.GlobalMaxPooling2D()(x)))
    classifier = xh.Classifier(model)
    for edge in (9, 12):
        assert agrees(classifier, IMAGES[:, :edge, :9])
    assert "Questions go to a twin" in classifier.twin.note


@pytest.mark.parametrize("name", ["rashnet", "efficientnet-lite0"])
def test_the_networks_of_the_course_have_a_twin(name):
    classifier = xh.load_classifier(name)
    images = np.random.default_rng(0).uniform(0, 255, (2, *classifier.input_shape)).astype(np.float32)
    theirs = np.asarray(classifier.model(classifier.preprocess(images)))
    assert np.abs(classifier.probabilities(images) - theirs).max() <= 1e-5
    n = sum(type(layer).__name__ == "BatchNormalization" for layer in classifier.model.layers)
    assert f"in which {n} layers take over {n} " in classifier.twin.note
