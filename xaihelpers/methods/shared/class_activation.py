"""What all class activation maps share: a layer's maps and gradients, its channels one by one, and the map made of them."""

import itertools

import numpy as np

from ..._validation import require_finite
from ...images import resize_map
from .contract import Finding, Slider

LAYER = Slider(options=lambda network: network.spatial_layers(), usual=lambda network: network.spatial_layers()[-1])


def signed_unless_relu(given):
    """Return whether a map is signed with these parameters: what speaks against the class is in it without the last ReLU."""
    return not given["relu"]


def gradients_at(classifier, image, target, layer):
    """Return (layer path, class, values (h, w, k), gradients (h, w, k), what the layer leaves out), at a layer with places."""
    path = classifier.spatial_layer(layer)
    found = classifier.gradients(image, target, layer=path)
    values, gradients = classifier.maps(path, found.values)[0], classifier.maps(path, found.gradients)[0]
    return path, int(found.index[0]), values, gradients, _left_out(classifier, layer)


def values_at(classifier, image, target, layer):
    """Return (layer path, class, values (h, w, k), logits (C,), what the layer leaves out) by forward passes, without a gradient.

    One pass, and one more where the class has to be found first. Raises ValueError where the network gives NaN.
    """
    path = classifier.spatial_layer(layer)
    index = classifier.class_index(image=image) if target is None else target
    function = classifier.compiled(("values", path), lambda: _values_function(classifier, path))
    logits, values = (each.numpy() for each in function(classifier.outside(image[None])))
    classifier.count(forward=1)
    require_finite(logits, "The logits are")
    return path, index, classifier.maps(path, values)[0], logits[0], _left_out(classifier, layer)


def _left_out(classifier, layer):
    return classifier.last_layer()[1] if layer is None else None


def _values_function(classifier, path):
    """Compile: images -> logits (N, C), the layer's output."""
    import tensorflow as tf

    @tf.function(input_signature=[classifier.batch_signature], autograph=False)
    def function(images):
        logits, kept = classifier.network(classifier.inside(images), capture=(path,))
        return tf.cast(logits, tf.float32), tf.cast(kept[path], tf.float32)

    return function.get_concrete_function()


def silenced_logits(classifier, path, image, kept):
    """Return the logits, (n, C), of one image (H, W, 3) when channels of a layer are set to zero; one batch.

    path: as from `spatial_layer`; "name#2" silences the second call only. kept: (n, k) float32, 1 for a channel that stays and
    0 for one that goes, in every call of the layer; or (n, calls x k), each call's own.
    """
    function = classifier.compiled(("silence", path), lambda: _silenced(classifier, path))
    logits = function(classifier.outside(image[None]), np.asarray(kept, np.float32)).numpy()
    classifier.count(forward=len(kept))
    return logits


def _silenced(classifier, silenced):
    """Compile: one image (1, H, W, 3), which channels stay (n, k or more) -> logits (n, C)."""
    import tensorflow as tf

    place, (name, _, only) = classifier.places(silenced), silenced.partition("#")
    k = place.channels

    @tf.function(input_signature=[classifier.batch_signature, tf.TensorSpec((None, None))], autograph=False)
    def function(image, kept):
        calls = itertools.count()

        def around(path, layer, call):
            outputs = call()
            if "/".join(path) != name:
                return outputs
            number = next(calls)
            if only and number + 1 != int(only):
                return outputs
            # Where there are no more columns than channels, the same ones are silenced at each call.
            start = 0 if only else tf.math.floormod(number * k, tf.shape(kept)[1])
            return outputs * place.per_channel(tf.cast(kept[:, start : start + k], outputs.dtype))

        images = tf.repeat(image, tf.shape(kept)[0], axis=0)
        return tf.cast(classifier.answer(classifier.inside(images), around=around)[0], tf.float32)

    return function.get_concrete_function()


def strongest_channels(values, most):
    """Return the `most` channels of maps (h, w, k) that vary most from place to place, the first of them most; (n,) indices."""
    return np.argsort(-values.std(axis=(0, 1), dtype=np.float64), kind="stable")[:most]


def few_channels(values, chosen):
    """Return (note, sentences) where not all channels of maps (h, w, k) were asked: how much of their variation the rest have."""
    k = values.shape[-1]
    if len(chosen) == k:
        return "", ()
    variance = values.var(axis=(0, 1), dtype=np.float64)
    share = variance[chosen].sum() / max(variance.sum(), 1e-30)
    doubts = ()
    if share < 0.9:
        doubts = (
            f"Only the {len(chosen)} strongest of {k} channels were asked, which have {share:.0%} of the variance of the layer's "
            "maps: ask more of them with channels=.",
        )
    return f"{len(chosen)} of {k} channels", doubts


def map_finding(image, coarse, relu, index, details, left_out, note="", doubts=()):
    """Return the Finding for a coarse map: keep the sign or not, resize to the image, say what can't be trusted."""
    diagnostics = [left_out] if left_out else []
    if not coarse.any():
        diagnostics.append(
            "The map is zero everywhere: the class does not depend on this layer, or every gradient there "
            "is zero. Try an earlier layer."
        )
    elif relu and coarse.max() <= 0:
        diagnostics.append(
            "The map is negative everywhere before the ReLU, so it is empty: nothing in this layer speaks "
            "for the class. Look at it with relu=False, or choose another class."
        )
    details |= {"coarse": coarse}
    kept = np.maximum(coarse, 0) if relu else coarse
    return Finding(resize_map(kept, image.shape[:2]), index, details, (*diagnostics, *doubts), note)
