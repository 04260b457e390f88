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


def overheads(name, image, repeats=80):
    """Return the rows of one classifier: each technique over the passes that it needs."""
    classifier = xh.load_classifier(name)
    passes = bare_passes(classifier)
    photo, random = image.astype(np.float32), np.random.default_rng(0)
    sigma = np.float32(0.15 * (photo.max() - photo.min()))
    by_hand = lambda: passes(tf.constant(photo[None]), 0).numpy()  # noqa: E731
    single = {
        "saliency": lambda: xh.saliency(classifier, image, 0),
        "saliency of the predicted class": lambda: xh.saliency(classifier, image),
        "guided_backprop": lambda: xh.guided_backprop(classifier, image, 0),
    }

    def smoothgrad_by_hand():
        noisy = photo + sigma * random.standard_normal((8, *photo.shape), np.float32)
        return by_hand() + passes(tf.constant(noisy), 0).numpy().mean(axis=0)

    # Apart from the others: after a large batch the next call is slower, whatever it is.
    smooth = medians(smoothgrad_by_hand, lambda: xh.saliency(classifier, image, 0, noise=0.15, samples=8), repeats=repeats)
    one, *seconds = medians(by_hand, *single.values(), repeats=repeats)
    along = medians(
        lambda: integrated_by_hand(passes, photo), lambda: xh.integrated_gradients(classifier, image, 0, baseline=0), repeats=5
    )
    ratios = dict(zip(single, np.array(seconds) / one)) | {"SmoothGrad with 8 samples": smooth[1] / smooth[0]}
    ratios["integrated gradients of 64 steps"] = along[1] / along[0]
    return [Row(f"{what} on {name} / the same passes by hand", ratio, "at most 1.25") for what, ratio in ratios.items()]


def integrated_by_hand(passes, photo):
    """Return the mean gradient between black and a photo, times the photo, in batches of as many images as ours."""
    total, alphas = 0, np.linspace(0, 1, 65, dtype=np.float32)
    for some in np.split(alphas, np.cumsum([1, 8, *[2] * 27])):
        total = total + passes(tf.constant(some[:, None, None, None] * photo), 0).numpy().sum(axis=0)
    return total / len(alphas) * photo


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
        rows += overheads(name, image) + slowest(name, image)
    return rows


if __name__ == "__main__":
    print(*main(), sep="\n")
