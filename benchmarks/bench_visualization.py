"""Activation maximization against bare forward-backward passes and tf-keras-vis; RashNet's sliders; a large dream's memory."""

import subprocess
import sys
import time

import numpy as np
import tensorflow as tf

import xaihelpers as xh
from benchmarks.timing import Row, medians

STEPS = 128
MEMORY = """
import numpy as np, xaihelpers as xh
from PIL import Image
photo = np.asarray(Image.fromarray(xh.sample_photo("china")).resize((1024, 768)))
xh.deep_dream(xh.load_classifier("efficientnet-lite0"), photo, octaves=4, steps=1)
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def bare_passes(classifier, target, steps):
    """Return a call of so many compiled forward and backward passes to the input, written by hand."""
    import keras

    model = classifier.model
    logits = keras.Model(model.inputs, model.get_layer("avg_pool").output)
    head = model.get_layer("predictions")

    @tf.function(input_signature=[tf.TensorSpec((1, 224, 224, 3), tf.float32)])
    def passes(images):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(images)
            score = (logits((images - 127) / 128, training=False) @ head.kernel + head.bias)[0, target]
        return tape.gradient(score, images)

    images = tf.constant(xh.sample_photo("chelsea", 224)[None].astype(np.float32))
    return lambda: [passes(images) for _ in range(steps)][-1].numpy()


def tf_keras_vis(classifier, target, steps):
    """Return a call of tf-keras-vis' activation maximization with its defaults, on the same class."""
    from tf_keras_vis.activation_maximization import ActivationMaximization
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    peer = ActivationMaximization(classifier.model, model_modifier=ReplaceToLinear(), clone=True)
    return lambda: peer(CategoricalScore(target), steps=steps)


def main(steps=STEPS, repeats=2):
    """Return the rows of this benchmark."""
    classifier = xh.load_classifier("efficientnet-lite0")
    target = classifier.class_index("volcano")
    bare, ours, peer = medians(
        bare_passes(classifier, target, steps),
        lambda: xh.activation_maximization(classifier, target, steps=steps, frames=0),
        tf_keras_vis(classifier, target, steps),
        repeats=repeats,
    )
    rashnet = xh.load_classifier("rashnet")
    xh.activation_maximization(rashnet, "smallpox", steps=1)
    start = time.perf_counter()
    xh.activation_maximization(rashnet, "smallpox", steps=64)
    slider = time.perf_counter() - start
    kilobytes = int(subprocess.check_output([sys.executable, "-c", MEMORY]))
    return [
        Row(f"{steps} steps / as many bare forward-backward passes", ours / bare, "at most 1.3"),
        Row(f"tf-keras-vis / ours, {steps} steps", peer / ours, "at least 3"),
        Row("RashNet, 64 steps, seconds", slider, "under 2"),
        Row("deep dream of 1024 x 768, peak memory in GB", kilobytes * 1024 / 1e9, "under 1.5"),
    ]


if __name__ == "__main__":
    print(*main(), sep="\n")
