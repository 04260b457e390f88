"""Saliency, SmoothGrad, integrated gradients and guided backpropagation against the same passes written by hand."""

import time

import keras
import numpy as np
import tensorflow as tf

import xaihelpers as xh
from benchmarks.timing import Row, medians


def bare_passes(classifier):
    """Return a compiled forward and backward pass of a batch of images to the model's input, written by hand."""
    model = classifier.model
    body = keras.Model(model.inputs, model.layers[-1].input)
    head = model.layers[-1]

    @tf.function(input_signature=[tf.TensorSpec((None, *classifier.input_shape)), tf.TensorSpec((), tf.int32)])
    def passes(images, index):
        inputs = classifier.preprocess(images)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(inputs)
            score = (body(inputs, training=False) @ head.kernel + head.bias)[:, index]
        return tape.gradient(score, inputs)

    return passes


def ratios(name, image, repeats=30):
    """Return the rows of one classifier: each technique over the passes that it needs."""
    classifier = xh.load_classifier(name)
    passes = bare_passes(classifier)
    one, batch = tf.constant(image[None].astype(np.float32)), tf.constant(np.stack([image] * 8).astype(np.float32))
    calls = {
        "one pass": lambda: passes(one, 0).numpy(),
        "eight passes": lambda: passes(batch, 0).numpy(),
        "saliency": lambda: xh.saliency(classifier, image, 0),
        "saliency of the predicted class": lambda: xh.saliency(classifier, image),
        "guided_backprop": lambda: xh.guided_backprop(classifier, image, 0),
        "smoothgrad": lambda: xh.saliency(classifier, image, 0, noise=0.15, samples=8),
    }
    seconds = dict(zip(calls, medians(*calls.values(), repeats=repeats)))
    by_hand = {"smoothgrad": seconds["one pass"] + seconds["eight passes"]}
    asked = "at most 1.25"
    return [
        Row(f"{method} on {name} / the same passes by hand", seconds[method] / by_hand.get(method, seconds["one pass"]), asked)
        for method in list(calls)[2:]
    ]


def slowest(name, image):
    """Return a row a technique: the longest that any position of its sliders takes, in seconds, after a first sweep."""
    classifier = xh.load_classifier(name)
    rows = []
    for method in ("saliency", "integrated_gradients", "guided_backprop"):
        seconds = []

        def timed(classifier, image, method=method, seconds=seconds, **values):
            start = time.perf_counter()
            found = xh.METHODS[method].function(classifier, image, **values)
            seconds.append(time.perf_counter() - start)
            return found

        ranges = {key: _range(slider) for key, slider in xh.METHODS[method].sliders.items()}
        for _ in range(2):  # the second time everything is compiled
            seconds.clear()
            xh.explore(timed, classifier, image, **ranges).sweep()
        rows.append(Row(f"slowest slider of {method} on {name}, seconds", max(seconds), "at most 1"))
    return rows


def _range(slider):
    return list(slider.options) if slider.options is not None else (slider.low, slider.high, slider.step)


def main():
    """Return the rows of this benchmark."""
    rows = []
    images = {"rashnet": xh.rashes.load_test_split().images[0], "efficientnet-lite0": xh.sample_photo("chelsea", 224)}
    for name, image in images.items():
        rows += ratios(name, image) + slowest(name, image)
    return rows


if __name__ == "__main__":
    print(*main(), sep="\n")
