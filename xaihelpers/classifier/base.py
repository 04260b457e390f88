"""One contract for every network: images in as people have them, probabilities, logits and gradients out."""

import os
import threading
import time
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from .. import images as im
from .._quiet import import_tensorflow
from .._validation import is_whole, listed, shown
from ..results import Cost
from .names import checked_names


class Gradients(NamedTuple):
    """What one forward and one backward pass give, for a batch of N images.

    logits: (N, C). index: (N,) the classes explained. values: what the gradient was taken at, (N, ...).
    gradients: d score / d values, same shape as values. probabilities: (N, C).
    """

    logits: np.ndarray
    index: np.ndarray
    values: np.ndarray
    gradients: np.ndarray
    probabilities: np.ndarray


class Refused(ValueError):
    """A model that can't be explained as it is; the sentence says what to do."""


class Stopped(KeyboardInterrupt):
    """Somebody stopped the work from outside, through `Classifier.watch`: techniques keep what they have, as after Ctrl-C."""


class Classifier:
    """A network that tells classes of images apart, with its preprocessing inside.

    model: a Keras 3 model, or any function that takes images (N, H, W, 3) float32, 0 to 255, and returns class
        probabilities (N, C). The model is never changed.
    class_names: C different names, in the order of the outputs; or {index: name}, or {name: index} as Keras' generators
        have it in `class_indices`. None names them "class 0", "class 1", ...
    preprocess: a function from images 0..255, float32 (N, H, W, 3), to what the model was trained on, written with
        operators or keras.ops, such as `lambda x: x / 127.5 - 1`. None: the model takes 0..255.
    input_shape: (H, W, 3) where the model itself does not fix it; None in it for any size.

    A classifier can be pickled (cloudpickle takes lambdas along) and copied with copy.deepcopy; the copy has weights of
    its own. `options` are the arguments that it was made with.
    """

    def __new__(cls, model, **options):
        if cls is Classifier:
            import_tensorflow()
            from .keras_model import KerasClassifier, is_keras_model

            cls = KerasClassifier if is_keras_model(model) else CallableClassifier
        self = super().__new__(cls)
        self.options = options
        return self

    def __reduce__(self):
        from .packing import Packed, rebuilt

        model = Packed(self.model) if self.has_gradients else self.model
        kept = {name: value for name, value in vars(self).items() if name in self._travels}
        return rebuilt, (type(self), model, {**self.options, "class_names": self._names}), kept

    def __init__(self, model, *, class_names=None, preprocess=None, input_shape=None):
        self.model = model
        self.preprocess = checked_preprocess(preprocess) or as_they_are
        self.input_shape = checked_shape((None, None, 3) if input_shape is None else input_shape)
        self._names = checked_names(class_names)
        self._passes = {"forward": 0, "backward": 0}
        self._lock = threading.Lock()
        self._watchers = {}

    def save(self, path):
        """Write the classifier to a `.keras` file, which `xh.load_classifier(path)` reads: model, class names, preprocessing.

        path: a name that ends in .keras. Any Keras program can read the model in it. Return the path.
        Raises TypeError for a plain function, and for a preprocess that does more than scale, shift or mix the channels.
        """
        from .keeping import save

        return save(self, path)

    has_gradients = False
    _travels = ()  # attributes that a copy keeps, besides the model and the options; compiled functions are made again

    # -- asking the network -------------------------------------------------------------------------------------

    def probabilities(self, images, batch_size=32, checked=False):
        """Return the class probabilities, (N, C) float32, of images (N, H, W, 3) or of one image (H, W, 3).

        checked: the images were made from one that passed the checks, which are then not repeated for each.
        """
        return self._ask(images, batch_size, checked)[1]

    def logits(self, images, batch_size=32, checked=False):
        """Return the logits, (N, C) float32: what the softmax (or sigmoid) was given."""
        return self._ask(images, batch_size, checked)[0]

    def predict(self, image, top=5):
        """Return the `top` likeliest classes of one image: [(class name, probability), ...], likeliest first."""
        p = self.probabilities(image)[0]
        return [(self.class_names[i], float(p[i])) for i in np.argsort(-p, kind="stable")[:top]]

    def check(self, image):
        """Return `image` as float32 (H, W, 3), or raise ValueError in one sentence where this network can't take it."""
        return im.check_image(image, self.input_shape)

    def looks_preprocessed(self, image):
        """Return a sentence when an image seems to have been preprocessed already, else None."""
        return im.looks_preprocessed(image)

    def _batches(self, images, batch_size, checked=False):
        """Yield float32 batches; every image must pass the checks, unless they were `checked` before."""
        if not is_whole(batch_size) or batch_size < 1:
            raise ValueError(f"batch_size is {shown(batch_size)}: expected a whole number, 1 or more.")
        images = im.as_batch(images)
        if self.input_shape[-1] == 1 and not checked and images.ndim == 3 and images.shape[-1] > 4:
            images = images[..., None]  # a batch of grey images (N, H, W)
        if images.ndim == 3 or (images.ndim == 2 and not checked):
            images = (images if checked else self.check(images))[None]
        elif images.ndim == 4 and len(images):
            images = images if checked else np.stack([self.check(image) for image in images])
        else:
            h_w_c = f"H, W, {self.input_shape[-1]}"
            raise ValueError(f"The images have shape {images.shape}: expected (N, {h_w_c}) or one image ({h_w_c}).")
        for start in range(0, len(images), batch_size):
            yield np.ascontiguousarray(images[start : start + batch_size], dtype=np.float32)

    # -- names ----------------------------------------------------------------------------------------------------

    @property
    def n_classes(self):
        """Number of classes C."""
        return len(self.class_names)

    @property
    def class_names(self):
        """The C class names, in the order of the outputs."""
        if self._names is None:
            raise ValueError("How many classes there are is not known yet: give class_names, or ask for probabilities first.")
        return self._names

    def class_index(self, target=None, image=None):
        """Return the index of a class given as an index, a name, or None for the class predicted for `image`."""
        if target is None:
            if image is None:
                raise ValueError("target is None, which means the predicted class: then give the image too.")
            return int(self.probabilities(image)[0].argmax())
        if isinstance(target, str):
            return self._index_of_name(target)
        if isinstance(target, bool) or not isinstance(target, (int, np.integer)):
            raise TypeError(f"target is {shown(target)}: give a class index, a class name, or None for the predicted class.")
        if not 0 <= target < self.n_classes:
            raise ValueError(f"There is no class {target}: the indices go from 0 to {self.n_classes - 1}.")
        return int(target)

    def _index_of_name(self, name):
        """Find a name; capitals and underscores do not matter, one of several synonyms is enough."""
        plain = name.lower().replace("_", " ").strip()
        for exact in (True, False):
            for i, known in enumerate(self.class_names):
                known = known.lower().replace("_", " ")
                if plain == known or (not exact and plain in [part.strip() for part in known.split(",")]):
                    return i
        near = [known for known in self.class_names if plain and plain in known.lower().replace("_", " ")]
        listed = near or self.class_names
        more = f" and {len(listed) - 12} more" if len(listed) > 12 else ""
        raise ValueError(f"There is no class {shown(name)}: choose from {', '.join(map(repr, listed[:12]))}{more}.")

    def describe(self):
        """Return what was found out about this classifier: head, range, preprocessing, layers, and which techniques work."""
        from .describe import describe_function

        return describe_function(self)

    # -- what it cost ---------------------------------------------------------------------------------------------

    def count(self, forward=0, backward=0):
        """Add to the passes counted, for techniques that run compiled functions of their own; in images."""
        with self._lock:
            self._passes["forward"] += int(forward)
            self._passes["backward"] += int(backward)
        if (watcher := self._watchers.get(threading.get_ident())) is not None:
            watcher.passed(int(forward), None)

    def expect(self, forward):
        """Say how many forward passes are coming, for whoever watches; a technique that knows says it before it asks."""
        if (watcher := self._watchers.get(threading.get_ident())) is not None:
            watcher.passed(0, int(forward))

    @contextmanager
    def watch(self, listener):
        """Call `listener(passes, expected)` after every batch that this thread asks in this block.

        passes: images sent forward since the block began, or since the last announcement. expected: how many a technique
        has announced, None where it has not. What a listener raises ends the technique at once; with `Stopped` those
        techniques that can return what they have so far.
        """
        thread = threading.get_ident()
        before = self._watchers.get(thread)
        self._watchers[thread] = _Watcher(listener)
        try:
            yield
        finally:
            if before is None:
                del self._watchers[thread]
            else:
                self._watchers[thread] = before

    @contextmanager
    def measure(self):
        """Measure a block: gives a function that returns its Cost so far."""
        before, start = dict(self._passes), time.perf_counter()
        yield lambda: Cost(
            self._passes["forward"] - before["forward"],
            self._passes["backward"] - before["backward"],
            time.perf_counter() - start,
        )

    def _check_probabilities(self, p, n, bounded=True):
        """Return `p` as float32 (n, C), or say what is wrong with what the network gave."""
        try:
            p = np.asarray(p, dtype=np.float32)
        except (TypeError, ValueError):
            raise ValueError(f"The classifier returned {type(p).__name__}: expected probabilities, ({n}, C) numbers.") from None
        if p.ndim != 2 or len(p) != n:
            raise ValueError(f"The classifier returned shape {p.shape} for {n} images: expected ({n}, C).")
        if self._names is not None and p.shape[1] != len(self._names):
            raise ValueError(
                f"The classifier returned {p.shape[1]} classes and has {len(self._names)} class names: give as many names."
            )
        if not np.isfinite(p).all():
            raise ValueError("The classifier returned NaN or infinite probabilities: check its input range and weights.")
        if bounded and (p.min() < -1e-4 or p.max() > 1 + 1e-4):
            raise ValueError(
                f"The classifier returned values from {p.min():.3g} to {p.max():.3g}: expected probabilities; "
                "apply softmax before you return them."
            )
        if self._names is None:
            self._names = [f"class {i}" for i in range(p.shape[1])]
        return p


class _Watcher:
    """What one thread has asked so far, and who is told."""

    def __init__(self, listener):
        self._listener, self._passes, self._expected = listener, 0, None

    def passed(self, forward, expected):
        if expected is not None:
            self._passes, self._expected = 0, expected
        self._passes += forward
        self._listener(self._passes, self._expected)


class CallableClassifier(Classifier):
    """Any function from images to class probabilities: only black-box techniques can explain it."""

    def __init__(self, model, **options):
        if isinstance(model, (str, os.PathLike)):
            raise TypeError(f"Classifier got {shown(str(model))}: load a file with load_classifier(path).")
        if not callable(model) or isinstance(model, type):
            raise TypeError(
                f"Classifier got {shown(model) if isinstance(model, type) else type(model).__name__}: give a Keras model, or a "
                "function that takes images (N, H, W, 3) and returns class probabilities (N, C)."
            )
        keras_only = ("inputs", "output", "outputs", "region")
        if given := [name for name in keras_only if options.get(name) is not None]:
            raise TypeError(f"{given[0]} is for Keras models: let the function itself choose what it returns.")
        super().__init__(model, **{name: value for name, value in options.items() if name not in keras_only})

    def _ask(self, images, batch_size, checked=False):
        found = []
        for batch in self._batches(images, batch_size, checked):
            given = self._preprocessed(batch)
            try:
                p = self.model(given)
            except Exception as error:
                error.add_note(f"The classifier's own function raised this, for images {batch.shape} float32, 0 to 255.")
                raise
            p = self._check_probabilities(p, len(batch))
            if np.abs(p.sum(axis=1) - 1).max() > 1e-2:
                raise ValueError(
                    f"The classifier returned rows that add up to {p.sum(axis=1).min():.3g} to "
                    f"{p.sum(axis=1).max():.3g}: expected probabilities that add up to 1."
                )
            self.count(forward=len(batch))
            found.append(p)
        return None, np.concatenate(found)

    def _preprocessed(self, batch):
        """Return what the function is given; of a kind that it alone knows."""
        try:
            given = self.preprocess(batch.copy())
        except Exception as error:
            problem = f"{type(error).__name__}, {str(error).strip().splitlines()[0][:150] if str(error).strip() else ''}"
            raise ValueError(
                f"preprocess can't take images {batch.shape} float32: {problem.rstrip(' .,')}. Write it for a batch "
                "(N, H, W, C), such as lambda x: x / 255."
            ) from error
        if given is None:
            raise ValueError("preprocess returned None: end it with return and the images.")
        return given

    def logits(self, images, batch_size=32, checked=False):  # noqa: ARG002
        """Raise: a plain function gives probabilities only."""
        raise TypeError("This classifier is a plain function, which has no logits: wrap the Keras model itself.")


def as_they_are(images):
    """Return the images: no preprocessing."""
    return images


def checked_preprocess(preprocess):
    """Return a preprocessing, or say that it is none."""
    if preprocess is not None and not callable(preprocess):
        raise TypeError(f"preprocess is {type(preprocess).__name__}: give a function of a batch of images, or None.")
    return preprocess


def checked_shape(shape):
    """Return (H, W, 3) as a tuple, or say what is wrong."""
    shape = tuple(listed(shape, "input_shape", "three numbers, (H, W, 3)"))
    edges_fit = all(edge is None or (is_whole(edge) and edge > 0) for edge in shape)
    if len(shape) != 3 or not edges_fit or shape[-1] is None:
        raise ValueError(f"The input shape is {shown(shape)}: expected (H, W, 3) for RGB, (H, W, 1) for grey images.")
    return shape
