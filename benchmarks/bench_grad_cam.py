"""Grad-CAM against one forward and backward pass written by hand, and against tf-keras-vis; the time of the import."""

import subprocess
import sys

import numpy as np
import tensorflow as tf

import xaihelpers as xh
from benchmarks.timing import Row, medians


def bare_passes(classifier):
    """Return a compiled forward and backward pass of the same model, down to the last maps, written by hand."""
    import keras

    model = classifier.model
    body = keras.Model(model.inputs, model.get_layer("top_activation").output)
    head = model.get_layer("predictions")

    @tf.function(input_signature=[tf.TensorSpec((1, 224, 224, 3), tf.float32), tf.TensorSpec((), tf.int32)])
    def passes(images, index):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            maps = body((images - 127) / 128, training=False)
            tape.watch(maps)
            logits = tf.reduce_mean(maps, (1, 2)) @ head.kernel + head.bias
            score = logits[0, index]
        return maps, tape.gradient(score, maps)

    return passes


def tf_keras_vis(classifier, photo):
    """Return a call of tf-keras-vis' Grad-CAM on the same photo and class."""
    from tf_keras_vis.gradcam import Gradcam
    from tf_keras_vis.utils.model_modifiers import ReplaceToLinear
    from tf_keras_vis.utils.scores import CategoricalScore

    peer = Gradcam(classifier.model, model_modifier=ReplaceToLinear(), clone=True)
    x = np.asarray(classifier.preprocess(photo[None].astype(np.float32)))
    return lambda: peer(CategoricalScore(285), x, penultimate_layer="top_activation", seek_penultimate_conv_layer=False)


def import_seconds(code, repeats=5):
    """Return the shortest wall-clock time of a new Python process that runs `code`."""
    timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
    return min(float(subprocess.check_output([sys.executable, "-c", timed])) for _ in range(repeats))


def main():
    """Return the rows of this benchmark."""
    classifier, photo = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("chelsea", 224)
    passes = bare_passes(classifier)
    images = tf.constant(photo[None].astype(np.float32))
    bare, ours, peer = medians(
        lambda: passes(images, 285)[1].numpy(),
        lambda: xh.grad_cam(classifier, photo, 285),
        tf_keras_vis(classifier, photo),
        repeats=30,
    )
    added = import_seconds("import numpy, PIL, xaihelpers") - import_seconds("import numpy, PIL")
    return [
        Row("Grad-CAM / one bare forward and backward pass", ours / bare, "at most 1.25"),
        Row("Grad-CAM / tf-keras-vis' Grad-CAM", ours / peer, "at most 0.33"),
        Row("import xaihelpers, seconds beyond numpy and PIL", added, "at most 0.5"),
    ]


if __name__ == "__main__":
    print(*main(), sep="\n")
