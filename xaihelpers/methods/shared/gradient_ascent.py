"""Gradient ascent on pictures: what activation maximization and deep dream share.

What is driven up (a class, a channel, a layer), what holds the picture back (regularisers, jitter, bounds), and the loop
that climbs, shows its progress, and keeps what it has when it is interrupted.
"""

import contextlib
from collections import Counter

import numpy as np

from ..._progress import progress_bar
from ..._quiet import tf
from ..._validation import is_whole, require_finite, shown

# -- what is driven up -----------------------------------------------------------------------------------------------


class _Enough(Exception):
    """Every layer that was asked for has given its output: the rest of the network need not run."""


def activation(classifier, images, layers, index, measure=None):
    """Return the activation of each image, (N,) tensor, for use in a tf.function.

    images: (N, H, W, 3) tensor, 0 to 255. layers: {path: weight} of layers with a spatial output; empty for the class.
    index: scalar tensor: with layers the channel, -1 for all of them; without, the class, whose logit is given.
    The activation of a layer is the mean over its places; of several layers, the weighted sum of their means. measure: another
    function than that mean: path, output, axes of the places, index -> (N,).
    """
    inputs = classifier.inside(images)
    if not layers:
        return tf.gather(classifier.answer(inputs)[0], index, axis=1)
    outputs, measure = _outputs(classifier, inputs, list(layers)), measure or _mean_of
    return sum(weight * measure(path, outputs[path], classifier.places(path).axes()[0], index) for path, weight in layers.items())


def _outputs(classifier, inputs, paths):
    """Return {path: output} of layers; the network is left at the last of them, so that a head of fixed size can't object."""
    found, times = {}, Counter()

    def take(path, layer, call):
        outputs = call()
        name = "/".join(path)
        times[name] += 1
        # Of a layer that is called several times the first call, unless another one was asked for by "name#2".
        for wanted in {name, f"{name}#{times[name]}"} & set(paths) - set(found):
            found[wanted] = outputs
        if len(found) == len(paths):
            raise _Enough
        return outputs

    with contextlib.suppress(_Enough):
        classifier.answer(inputs, around=take)
    return found


def _mean_of(path, output, places, index):
    """Return the mean over places (axes), (N,), of one channel of a layer's output, or of all channels where index is -1."""
    return _mean(output, places, index)


def square_of(path, output, places, index):
    """Return the mean square, (N,): what is strong already counts for more, whatever its sign."""
    return _mean(tf.cast(output, tf.float32) ** 2, places, index)


def features(classifier, images, layers):
    """Return {path: (n, k)}: what layers answer at each place of images (N, H, W, 3), 0 to 255."""
    outputs = _outputs(classifier, classifier.inside(images), list(layers))
    return {
        path: tf.reshape(_by_place(each, classifier.places(path).axes()[0]), (-1, classifier.n_channels(path)))
        for path, each in outputs.items()
    }


def likeness_to(guide):
    """Return a measure for `activation`: at each place the dot product with the place of a guide that fits it best.

    guide: {path: (n, k)} as `features` gives it. Of these best products the mean over all places, (N,).
    """

    def likeness(path, output, places, index):
        here = _by_place(output, places)
        return tf.reduce_mean(tf.reduce_max(tf.matmul(here, guide[path], transpose_b=True), axis=-1), axis=1)

    return likeness


def _by_place(output, places):
    """Return a layer's output as (N, places, channels), float32; places: the axes that they lie on."""
    (channels,) = set(range(1, len(output.shape))) - {axis % len(output.shape) for axis in places}
    moved = tf.transpose(tf.cast(output, tf.float32), [0, *places, channels])
    shape = tf.shape(moved)
    return tf.reshape(moved, (shape[0], -1, shape[-1]))


def _mean(output, places, index):
    """Return the mean over places (axes), (N,), of one channel, or of all channels where index is -1."""
    means = tf.reduce_mean(tf.cast(output, tf.float32), axis=places)
    return tf.where(index < 0, tf.reduce_mean(means, axis=1), tf.gather(means, tf.maximum(index, 0), axis=1))


# -- what holds the picture back ----------------------------------------------------------------------------------------


def l2(x):
    """Return the mean square of pictures, (N,): how far they are from grey. x: (N, H, W, 3), grey is 0, black -1, white 1."""
    return tf.reduce_mean(x**2, axis=(1, 2, 3))


def total_variation(x):
    """Return the mean length of the colour gradient of pictures, (N,): how much neighbouring pixels differ. x as in `l2`."""
    down = x[:, 1:, :-1] - x[:, :-1, :-1]
    right = x[:, :-1, 1:] - x[:, :-1, :-1]
    # The small number keeps the root's own gradient finite where the picture is flat.
    return tf.reduce_mean(tf.sqrt(down**2 + right**2 + 1e-6), axis=(1, 2, 3))


def jitter(x, most, seed):
    """Return pictures rolled by up to `most` pixels down and right, what leaves on one side coming in on the other.

    x: (N, H, W, 3). most: scalar int tensor. seed: (2,) int tensor; the same seed rolls by the same number of pixels.
    """
    return tf.roll(x, tf.random.stateless_uniform([2], seed, -most, most + 1, tf.int32), axis=[1, 2])


def seen_askew(x, scale, rotation, seed):
    """Return pictures enlarged and turned around their middle by chance, what leaves on one side coming in on the other.

    x: (N, H, W, 3). scale: scalar tensor; the factor is drawn between 1 / (1 + scale) and 1 + scale, as a ratio. rotation:
    scalar tensor; the angle is drawn between -rotation and rotation, in degrees. seed: (2,) int tensor, as in `jitter`.
    """
    drawn = tf.random.stateless_uniform([2], seed, -1.0, 1.0)
    return askew(x, tf.exp(drawn[0] * tf.math.log1p(scale)), drawn[1] * rotation * np.float32(np.pi / 180))


def askew(x, factor, angle):
    """Return pictures (N, H, W, 3) enlarged by a factor and turned by an angle (radians, from down towards right)."""
    height, width, n_channels = x.shape[1:]
    down, right = tf.meshgrid(tf.range(height, dtype=tf.float32), tf.range(width, dtype=tf.float32), indexing="ij")
    down, right = (down - (height - 1) / 2) / factor, (right - (width - 1) / 2) / factor
    # Where each pixel is fetched from: between four pixels, each counting as near as it is.
    y = tf.cos(angle) * down + tf.sin(angle) * right + (height - 1) / 2
    z = tf.cos(angle) * right - tf.sin(angle) * down + (width - 1) / 2
    top, left = tf.floor(y), tf.floor(z)
    pixels, found = tf.reshape(x, (-1, height * width, n_channels)), 0.0
    for row, share_down in ((top, 1 - (y - top)), (top + 1, y - top)):
        for column, share_right in ((left, 1 - (z - left)), (left + 1, z - left)):
            place = tf.cast(row, tf.int32) % height * width + tf.cast(column, tf.int32) % width
            found += (share_down * share_right)[None, ..., None] * tf.gather(pixels, place, axis=1)
    return found


def to_box(x):
    """Return pictures with every value cut to -1..1, from black to white."""
    return tf.clip_by_value(x, -1.0, 1.0)


def to_ball(x, radius):
    """Return pictures whose root mean square is at most `radius`; those outside are scaled back onto the ball."""
    size = tf.sqrt(tf.reduce_mean(x**2, axis=(1, 2, 3), keepdims=True))
    return x * tf.minimum(1.0, radius / tf.maximum(size, 1e-12))


# -- the climb ------------------------------------------------------------------------------------------------------------


def climb(advance, steps, *, progress=False, name="steps"):
    """Call advance(0), advance(1), ... `steps` times; return its values, (steps,) float32; fewer if it was interrupted.

    advance must change what it works on only in its last line, so that KeyboardInterrupt leaves the last whole step.
    """
    values = []
    try:
        for step in progress_bar(range(steps), name, "step", shown=progress):
            values.append(float(advance(step)))
            require_finite(values[-1], "The activation is")
    except KeyboardInterrupt:
        pass
    return np.array(values, dtype=np.float32)


def what_happened(values, steps):
    """Return sentences about a climb that was interrupted, or that never left the ground."""
    said = []
    if len(values) < steps:
        said.append(f"Interrupted after {len(values)} of {steps} steps: this is the picture reached so far.")
    if len(values) > 1 and np.ptp(values) == 0:
        said.append(
            f"The activation stayed at {values[0]:.3g}: no gradient reaches the picture, as for a ReLU that is off "
            "everywhere. Try another seed, or the layer before the activation."
        )
    return said


# -- what is asked for ------------------------------------------------------------------------------------------------------


def check_channel(channel, layer, n):
    """Return a channel's number as an int, or raise ValueError where the layer has no such channel; it has n."""
    if not is_whole(channel) or not 0 <= channel < n:
        raise ValueError(f"channel is {shown(channel)}: layer {layer!r} has the channels 0 to {n - 1}.")
    return int(channel)
