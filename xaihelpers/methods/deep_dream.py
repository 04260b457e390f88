"""Deep dream: an image, changed so that a layer, or a class, is excited more by what it seems to see there already.

Mordvintsev, Olah and Tyka, "Inceptionism: Going Deeper into Neural Networks", Google Research Blog, 2015.
"""

from typing import Any

import numpy as np

from .._quiet import tf
from .._types import ImageLike, Layers, Target
from .._validation import is_number, number, shown
from ..classifier import Classifier
from ..images import check_image
from .shared import gradient_ascent as ascent
from .shared.contract import Seen, Slider, visualization, whole_number

_SLIDERS = {
    "layers": Slider(options=lambda classifier: classifier.spatial_layers(), usual=lambda classifier: _usual_layer(classifier)),
    "octaves": Slider(low=1, high=5, step=1, default=4),
    "steps": Slider(low=2, high=20, step=2, default=10),
    "step_size": Slider(low=0.5, high=4.0, step=0.5, default=2.0),
}
_SMALLEST = 32  # pixels; below, a network that halves its maps five times has no place left to look at
_ANY_SIZE = 224


@visualization(sliders=_SLIDERS, prepare=lambda classifier: (classifier.require_in_graph(), classifier.spatial_layer()))
def deep_dream(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    layers: Layers = None,
    channel: int | None = None,
    squares: bool = False,
    guide: ImageLike | None = None,
    octaves: int = 4,
    octave_scale: float = 1.4,
    steps: int = 10,
    step_size: float = 2.0,
    blur: float = 1.4,
    tile: int | None = None,
    roll: bool = True,
    frames: Any = 8,
    seed: int = 0,
    batch_size: int = 4,
    progress: bool = False,
) -> Seen:
    """Return the image changed so that layers (or a class) are excited more: gradient ascent from small to large octaves.

    image: (H, W, 3), 0 to 255, any size of at least 32 pixels in the smallest octave. target: a class whose logit is
        driven up; or layers: a layer, a list of them, or {layer: weight}, whose weighted mean activation is (None without
        a target: one at two thirds of the depth). channel: only this channel of the layers. squares: the mean of squares
        instead, so that what is strong already grows most. guide: an image (h, w, 3), 0 to 255; driven up is how well each
        place fits the place of the guide that it fits best, by the dot product of what the layers answer.
    octaves, octave_scale: how many sizes, and the ratio of one to the next. steps: at every size.
    step_size: mean change of a pixel in one step, in grey levels. blur: the gradient is the sum of itself blurred by half,
        once and twice so many pixels, so that broad forms grow as well as fine ones; 0 takes it as it is.
    tile: largest edge that the network is given at once; None is its input's. roll: move the tiles' borders in every
        step. batch_size: tiles at once; memory grows with it.
    details: "octave_sizes". activation: one number a step, the mean over tiles.
    Raises ValueError for an unknown layer, zero steps, an image too small for the octaves.
    """
    classifier.require_in_graph()
    weights, index, name = _goal(classifier, target, layers, channel)
    steps, octaves = whole_number(steps, "steps"), whole_number(octaves, "octaves")
    batch_size = whole_number(batch_size, "batch_size")
    step_size, blur = number(step_size, "step_size", above=0), number(blur, "blur", least=0)
    sizes = octave_sizes(image.shape[:2], octaves, number(octave_scale, "octave_scale", above=1))
    tile = _tile(classifier, tile)
    gradient = _gradient_for(classifier, weights, squares, _guide(classifier, weights, guide, channel, squares, tile))
    random = np.random.default_rng(whole_number(seed, "seed", 0))
    kept = np.linspace(0, steps * octaves, whole_number(frames, "frames", 0), dtype=int, endpoint=False).tolist()
    dream, seen = _Dream(image, sizes), []

    def advance(i):
        if i in kept:
            seen.append(dream.picture())
        picture = dream.at_octave(i // steps)
        offset = random.integers(0, picture.shape[:2]) if roll else (0, 0)
        value, slope = tiled_gradient(
            lambda tiles: gradient(tf.constant(tiles), tf.constant(index)), picture, tile, offset, batch_size, classifier.count
        )
        slope = blurred(slope, blur)
        dream.now = np.clip(picture + step_size * slope / (np.abs(slope).mean() + 1e-12), 0, 255)
        return value

    values = ascent.climb(advance, steps * octaves, progress=progress, name=f"{name}: steps")
    details = {"octave_sizes": sizes, "frame_steps": [*kept[: len(seen)], len(values)]}
    said = ascent.what_happened(values, steps * octaves)
    return Seen(dream.picture(), name, target, values, [*seen, dream.picture()], details, said)


class _Dream:
    """An image at growing sizes: what was dreamt so far, and the detail of the original that small sizes can't hold."""

    def __init__(self, image, sizes):
        self.image, self.sizes, self.octave = image, sizes, 0
        self.now = self._original(sizes[0])

    def at_octave(self, octave):
        """Return the picture at the size of an octave; what was dreamt at a smaller size is carried over to it."""
        if octave > self.octave:
            self.now, self.octave = self._enlarged(self.sizes[octave]), octave
        return self.now

    def picture(self):
        """Return the picture so far at the image's own size, the lost detail put back in."""
        return self._enlarged(self.sizes[-1])

    def _enlarged(self, size):
        """Return the original at `size`, with its detail, plus the dream: what was changed at the octave's size, enlarged."""
        dreamt = self.now - self._original(self.sizes[self.octave])
        return np.clip(self._original(size) + resize(dreamt, size), 0, 255)

    def _original(self, size):
        # Bicubic resizing overshoots at edges; cut off here, or it would count as dreamt.
        return np.clip(resize(self.image, size), 0, 255)


def octave_sizes(shape, octaves, scale):
    """Return [(height, width), ...] from the smallest octave to the image's own shape."""
    with np.errstate(over="ignore"):  # many octaves: infinity, and not an error
        smaller = np.float64(scale) ** np.arange(octaves)[::-1]
    sizes = [tuple(max(1, round(edge / each)) for edge in shape) for each in smaller]
    if min(sizes[0]) < _SMALLEST:
        raise ValueError(
            f"The image is {shape[0]} x {shape[1]} pixels and the smallest of {octaves} octaves would be "
            f"{sizes[0][0]} x {sizes[0][1]}, under {_SMALLEST}: take a larger image or fewer octaves."
        )
    return sizes


def resize(image, size):
    """Return an image, (h, w, 3) float32, at another size (height, width); the same size gives the same pixels."""
    if tuple(image.shape[:2]) == tuple(size):
        return np.asarray(image, dtype=np.float32)
    return tf.image.resize(image, size, method="bicubic", antialias=True).numpy()


def blurred(slope, blur):
    """Return the sum of a gradient (H, W, 3) blurred by half, once and twice `blur` pixels; blur 0 gives it back."""
    from scipy.ndimage import gaussian_filter

    if not blur:
        return slope
    return sum(gaussian_filter(slope, (sigma, sigma, 0), mode="nearest") for sigma in (blur / 2, blur, 2 * blur))


def tiled_gradient(gradient, picture, tile, offset, batch_size, count):
    """Return (mean activation, gradient (H, W, 3)) of a picture that is given to the network in tiles.

    gradient: tiles (n, h, w, 3) -> activation (n,), gradient (n, h, w, 3). offset: by how much the picture is rolled
    down and right before it is cut. Tiles are of one size, at most `tile`, and may overlap by one pixel.
    """
    rolled = np.roll(picture, offset, axis=(0, 1)).astype(np.float32)
    height, width = rolled.shape[:2]
    rows, columns = (-(-edge // tile) for edge in (height, width))
    h, w = -(-height // rows), -(-width // columns)
    corners = [
        (r * (height - h) // max(rows - 1, 1), c * (width - w) // max(columns - 1, 1))
        for r in range(rows)
        for c in range(columns)
    ]
    found, values = np.zeros_like(rolled), []
    for start in range(0, len(corners), batch_size):
        here = corners[start : start + batch_size]
        value, slope = gradient(np.stack([rolled[y : y + h, x : x + w] for y, x in here]))
        count(forward=len(here), backward=len(here))
        values.extend(value.numpy())
        for (y, x), part in zip(here, slope.numpy()):
            found[y : y + h, x : x + w] = part
    return float(np.mean(values)), np.roll(found, [-o for o in offset], axis=(0, 1))


def _guide(classifier, weights, guide, channel, squares, tile):
    """Return {layer: what it answers at each place of the guide, (n, k)}, None without a guide; no larger than a tile."""
    if squares and not weights:
        raise ValueError("squares are of layers: give layers in place of a class.")
    if guide is None:
        return None
    if not weights or channel is not None or squares:
        raise ValueError("A guide says by itself what of the layers is driven up: leave out target, channel and squares.")
    guide = check_image(guide, (None, None, classifier.input_shape[-1]))
    smaller = min(1, tile / max(guide.shape[:2]))
    size = [max(_SMALLEST, round(edge * smaller)) for edge in guide.shape[:2]]
    classifier.count(forward=1)
    return ascent.features(classifier, tf.constant(np.clip(resize(guide, size), 0, 255)[None]), weights)


def _gradient_for(classifier, weights, squares, guide):
    """Return the function of `_gradient`; of one without a guide, what was compiled before is used again."""
    if guide is not None:
        return _gradient(classifier, weights, ascent.likeness_to(guide))
    measure = ascent.square_of if squares else None
    return classifier.compiled(("deep_dream", tuple(weights.items()), squares), lambda: _gradient(classifier, weights, measure))


def _gradient(classifier, weights, measure=None):
    """Return a function: tiles (n, h, w, 3) of any size, class or channel -> activation (n,), gradient (n, h, w, 3)."""
    functions = {}  # one for all sizes; where layers must know the size (bilinear up-sampling), one for each

    def of_any_size(tiles, index):
        size, problem = tuple(tiles.shape[1:3]), None
        for key in (None, size):
            if functions.get(key) is False:
                continue
            try:
                if key not in functions:
                    functions[key] = _compiled_gradient(classifier, weights, measure, key or (None, None))
                return functions[key](tiles, index)
            except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
                problem = error
                functions[key] = False
        raise ValueError(
            f"This network can't take tiles of {size[0]} x {size[1]} pixels (a head that flattens its maps fixes "
            "the size): give layers before the head instead of a class."
        ) from problem

    return of_any_size


def _compiled_gradient(classifier, weights, measure, size):
    """Compile the function of `_gradient` for tiles of one size, (None, None) for all."""
    signature = [tf.TensorSpec((None, *size, classifier.input_shape[-1])), tf.TensorSpec((), tf.int32)]

    @tf.function(input_signature=signature, autograph=False)
    def function(tiles, index):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(tiles)
            value = ascent.activation(classifier, tiles, weights, index, measure)
        return value, tape.gradient(value, tiles, unconnected_gradients="zero")

    return function.get_concrete_function()


def _goal(classifier, target, layers, channel):
    """Return ({layer path: weight}, class or channel index, name) of what is to be driven up."""
    if target is not None:
        if layers is not None or channel is not None:
            raise ValueError("Both a class and layers were given: give target, or layers.")
        return {}, target, classifier.class_names[target]
    if layers is None:
        classifier.spatial_layer()
        layers = _usual_layer(classifier)
    weights = _weights(layers)
    if not weights:
        raise ValueError("layers is empty: give at least one layer.")
    weights = {classifier.spatial_layer(layer): float(weight) for layer, weight in weights.items()}
    fewest = min(classifier.n_channels(path) for path in weights)
    if channel is not None:
        channel = ascent.check_channel(channel, ", ".join(weights), fewest)
    elif all(classifier.places(path).steady for path in weights):
        raise ValueError(
            f"The mean of {', '.join(map(repr, weights))} is the same for every picture, as behind a normalisation or a softmax, "
            "so that there is nothing to drive up: give one of its channels, channel=0, or another layer."
        )
    short = [path.split("/")[-1] if weight == 1 else f"{weight:g} x {path.split('/')[-1]}" for path, weight in weights.items()]
    name = " + ".join(short) + ("" if channel is None else f", channel {channel}")
    return weights, -1 if channel is None else channel, name


def _weights(layers):
    """Return {layer: weight} for one name, a list of names, or names with weights."""
    if isinstance(layers, str):
        return {layers: 1.0}
    if isinstance(layers, (list, tuple)) and all(isinstance(layer, str) for layer in layers):
        return dict.fromkeys(layers, 1.0)
    if isinstance(layers, dict) and all(isinstance(layer, str) and is_number(weight) for layer, weight in layers.items()):
        return layers
    raise TypeError(f"layers is {shown(layers)}: give the name of a layer, a list of names, or {{name: weight}}.")


def _tile(classifier, tile):
    """Return the largest edge of a tile."""
    if tile is None:
        return min(edge or _ANY_SIZE for edge in classifier.input_shape[:2])
    return whole_number(tile, "tile", _SMALLEST)


def _usual_layer(classifier):
    """Return the layer that is driven up where none is named: two thirds of the way up, and with a mean that can be moved."""
    spatial = classifier.spatial_layers()
    usual = spatial[2 * len(spatial) // 3 :] + spatial[: 2 * len(spatial) // 3][::-1]
    return next((path for path in usual if not classifier.places(path).steady), usual[0])
