"""What happens to an image before the model sees it: proven on a probe, whoever wrote it and with whatever.

Written with operators, keras.ops or TensorFlow it becomes part of the graph, and gradients go through it. Written with
numpy it can't: if it only scales and shifts channels, the same in the graph takes its place, equal on every probe; else it
stays outside, where the gradient ends.
"""

import numpy as np
import tensorflow as tf

_CLOSE = 1e-4  # of the largest value; float32 sums in another order


class Preprocessing:
    """A function of images, what it gives, and what of that was proven on a probe.

    function: of a batch (N, H, W, C), 0 to 255; None is none. probe: images (2, H, W, C) float32.
    traced: it is part of the graph. shape: of one image after it. pointwise: each pixel of the result depends on the same
        pixel of the image, and on no other. in_place: nothing is moved, cropped or turned.
    Raises ValueError, in one sentence, where it fails, or gives another result each time.
    """

    def __init__(self, function, probe):
        self.function = function
        self._outside = self._inside = None
        probe = _steps(probe)
        expected = probe if function is None else self._numpy(probe)
        if not np.isfinite(expected).any():
            raise ValueError("preprocess makes NaN or infinity of every pixel: correct it, such as lambda x: x / 255.")
        self.shape = expected.shape[1:]
        self._as_image = self.shape == probe.shape[1:]
        self.pointwise = function is None or _is_pointwise(self._numpy, probe, expected)
        self.in_place = self.pointwise or _is_in_place(self._numpy, probe)
        if function is not None:
            self._settle(probe, expected)

    @property
    def traced(self):
        """Whether the preprocessing is part of the graph, so that gradients go through it."""
        return self._outside is None

    @property
    def explains_input(self):
        """Whether a gradient at the model's input belongs, pixel by pixel and channel by channel, to the image."""
        return self._as_image and (self.pointwise or not self.traced)

    def require_way_back(self, layer=None):
        """Raise ValueError where no map can be laid on the image: the preprocessing moves it, and no gradient goes back."""
        if layer is None and not (self.traced or (self._as_image and self.in_place)):
            raise ValueError(
                f"preprocess is written in numpy and makes {tuple(self.shape)} of the image, so that no gradient comes back: "
                "write it with keras.ops or tf.image, or do that before the classifier and give it images of this size."
            )
        if layer is not None and not self.in_place:
            raise ValueError(
                "preprocess crops, turns or moves the image, so that a map of a layer has no place in it: do that before the "
                "classifier, and give it the images as they come out."
            )

    def require_in_graph(self):
        """Raise ValueError where the preprocessing stays outside of the graph."""
        if not self.traced:
            raise ValueError(
                "preprocess is written in numpy, so that a picture can't be changed by its gradient: write it with operators or "
                "keras.ops, such as lambda x: x / 127.5 - 1."
            )

    def outside(self, images):
        """Return what goes into the compiled function, for images (N, H, W, C); numpy in, numpy out."""
        return images if self.traced else np.asarray(self._outside(images), np.float32)

    def inside(self, images):
        """Return what the model is given, for what `outside` returned; tensors."""
        inputs = tf.convert_to_tensor(images if self._inside is None else self._inside(images))
        return inputs if inputs.dtype.is_floating else tf.cast(inputs, tf.float32)

    def __str__(self):
        if self.function is None:
            return "none"
        how = "in the graph" if self.traced else "written in numpy, outside of the graph"
        return f"{how}; {'each pixel by itself' if self.pointwise else f'to {tuple(self.shape)}'}"

    def _settle(self, probe, expected):
        """Decide where the function runs: in the graph where that gives the same, else outside."""
        if _same(_traced(self.function, probe), expected):
            self._inside = self.function
            return
        affine = _affine(probe, expected) if self.pointwise else None
        if affine is not None:
            self._inside = affine
        else:
            self._outside = self._numpy

    def _numpy(self, images):
        """Return the function's result as an array, for an array; it is given a copy, which it may change."""
        for form in (lambda x: x, tf.constant):
            try:
                result = self.function(form(np.array(images, np.float32)))
            except Exception as error:
                problem = error
            else:
                return _array(result, images)
        first = str(problem).strip().split("\n")[0][:150]
        raise ValueError(
            f"preprocess can't take images {images.shape} float32: {type(problem).__name__}, {first}. Write it for a batch "
            "(N, H, W, C), such as lambda x: x / 255; or give input_shape, if these are not the images it is for."
        ) from problem


def _steps(probe):
    """Return probes that tell rounding, clipping and scaling by the largest value from one rule for all values."""
    return np.concatenate([probe, probe[:1] / 255, probe[:1] * 1.1 - 12]).astype(np.float32)


def _array(result, images):
    """Return what a preprocessing gave as an array of numbers for as many images, or say what it was."""
    try:
        array = np.asarray(result)
        array = array if array.dtype == np.float32 else array.astype(np.float32)
    except (TypeError, ValueError):
        raise ValueError(f"preprocess returned {type(result).__name__}: expected an array or a tensor.") from None
    if array.ndim != 4 or len(array) != len(images):
        raise ValueError(f"preprocess returned shape {array.shape} for images {images.shape}: expected as many images.")
    return array


def _traced(function, probe):
    """Return the function's result when it is part of a graph, None where it can't be."""
    try:
        # Any number of images: what looks at the first dimension must not keep that of the probe.
        traced = tf.function(function, input_signature=[tf.TensorSpec((None, *probe.shape[1:]), tf.float32)], autograph=False)
        result = traced.get_concrete_function()(tf.constant(probe))
        return np.asarray(result).astype(np.float32)
    except Exception:  # whatever numpy, PIL or OpenCV raise for a symbolic tensor
        return None


def _affine(probe, expected):
    """Return a function of tensors that mixes channels and adds a constant, None where that does not give what is expected."""
    c, d = probe.shape[-1], expected.shape[-1]
    x = np.concatenate([probe.reshape(-1, c), np.ones((probe[..., 0].size, 1))], axis=1).astype(np.float64)
    solution, *_ = np.linalg.lstsq(x, expected.reshape(-1, d).astype(np.float64), rcond=None)
    if not _same((x @ solution).astype(np.float32).reshape(expected.shape), expected, 1e-5):
        return None
    mix, shift = solution[:-1].astype(np.float32), solution[-1].astype(np.float32)
    scale = np.abs(mix).max()
    mix[np.abs(mix) < 1e-6 * scale] = 0
    return lambda images: tf.tensordot(images, mix, 1) + shift


def _is_pointwise(function, probe, expected):
    """Return whether changing some pixels changes the result at these pixels only; also that it is the same each time."""
    if not _same(function(probe), expected):
        raise ValueError(
            "preprocess gives another result each time for the same image: leave augmentation and dropout out of it."
        )
    if expected.shape[1:3] != probe.shape[1:3]:
        return False
    touched = np.random.default_rng(0).random(probe.shape[:3]) < 0.5
    changed = np.where(touched[..., None], 255 - probe, probe).astype(np.float32)
    moved = np.abs(np.nan_to_num(function(changed)) - np.nan_to_num(expected)).max(axis=-1)
    largest = max(np.abs(np.nan_to_num(expected)).max(), 1e-30)
    return bool(moved[~touched].max(initial=0) <= 1e-6 * largest and moved[touched].any())


def _is_in_place(function, probe):
    """Return whether a change at some place of an image is found at the same place of the result, whatever its size."""
    image, places = probe[:1], []
    for share in (0.2, 0.5, 0.8):
        changed, at = image.copy(), []
        spans = [
            slice(int(edge * (share - 0.1)), max(int(edge * (share + 0.1)), int(edge * (share - 0.1)) + 1))
            for edge in image.shape[1:3]
        ]
        changed[:, spans[0], spans[1]] = 255 - changed[:, spans[0], spans[1]]
        moved = np.abs(function(changed) - function(image))[0]
        axes = (1, 2) if moved.shape[0] in (1, 3, 4) and moved.shape[-1] not in (1, 3, 4) else (0, 1)
        for axis, span, edge in zip(axes, spans, image.shape[1:3]):
            profile = moved.sum(axis=tuple({0, 1, 2} - {axis}))
            profile = np.maximum(profile - np.median(profile), 0)
            if not profile.any():
                return False
            found = ((np.arange(len(profile)) + 0.5) * profile).sum() / profile.sum() / len(profile)
            at.append(abs(found - (span.start + span.stop) / 2 / edge) - 0.5 / len(profile))
        places.append(max(at))
    return max(places) < 0.02


def _same(a, b, close=_CLOSE):
    """Return whether two arrays are equal up to rounding."""
    if a is None or a.shape != b.shape:
        return False
    # A root or a logarithm has no value for what a probe takes below zero: that is the same twice, too.
    if not np.array_equal(np.isnan(a), np.isnan(b)):
        return False
    a, b = np.nan_to_num(a), np.nan_to_num(b)
    return bool(np.abs(a - b).max(initial=0) <= close * max(np.abs(b).max(initial=0), 1e-30))
