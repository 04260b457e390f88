"""What a classifier assumes of a Keras model, tried on two pictures when it is made: preprocessing, head, range, numbers."""

import keras
import numpy as np

from .base import Refused, as_they_are, checked_preprocess, checked_shape
from .capture import first_line
from .model_call import ModelCall
from .preprocessing import Preprocessing
from .probe import SIZES, pictures
from .value_range import ValueRange

_TOLERANCE = {"float32": 1e-4, "float64": 1e-4, "bfloat16": 2e-2, "float16": 3e-3}
_REGRESSION = (
    "mean_squared",
    "mean_absolute",
    "mse",
    "mae",
    "mape",
    "msle",
    "huber",
    "log_cosh",
    "logcosh",
    "meansquared",
    "meanabs",
)


class Proof:
    """Runs a new classifier on two pictures; settles its head and class names, and says what can't be trusted.

    picture: one of the pictures, (H, W, C). tolerance: how far the model's numbers may differ. range: a ValueRange.
    diagnostics: sentences. Raises ValueError where the model can't be asked at all.
    """

    def __init__(self, classifier, probe):
        self._classifier, self._head = classifier, classifier._head
        self.tolerance, self.diagnostics = _tolerance(classifier.model), ()
        self.picture, logits, probabilities = self._run(probe)
        not_finite = self._check_numbers(logits)
        if self._head.revise(self._own_output(logits, probabilities), logits, self.tolerance) | self._told_by_the_model():
            classifier._compiled.pop("model", None)
            classifier._heard = None
            self.picture, logits, probabilities = self._run(probe)
            self._head.revise(self._own_output(logits, probabilities), logits, self.tolerance)
        self._check_head(self._own_output(logits, probabilities))
        self._name_classes()
        self.range = ValueRange(classifier, probe[:2], logits)
        sentences = (not_finite, *self._about_the_head(logits), self.range.doubt)
        self.diagnostics = tuple(sentence for sentence in sentences if sentence)

    def _run(self, probe):
        """Return (picture, logits, probabilities) for two pictures, in sizes that the network takes."""
        classifier, free = self._classifier, None in self._classifier.input_shape[:2]
        for size in SIZES if free else SIZES[:1]:
            images = pictures(2, classifier.input_shape, size) if free else probe[:2]
            try:
                logits, probabilities = classifier.forward(classifier.outside(images))
                return images[0], logits.numpy(), probabilities.numpy()
            except Refused:
                raise
            except Exception as error:
                problem = error
        raise ValueError(_why(classifier, problem)) from problem

    def _own_output(self, logits, probabilities):
        """Return the model's own output, (n, C), as the head took it apart."""
        kept = slice(1, None) if self._head.binary else slice(None)
        if self._head.kind == "log softmax":
            return np.log(np.maximum(probabilities, 1e-38))
        return (logits if self._head.kind in ("logits", "sigmoid logits") else probabilities)[:, kept]

    def _check_numbers(self, logits):
        """Return a sentence where the model answers NaN or infinity, None where it does not; raise where its weights are."""
        # Of the weights themselves: a ReLU may turn NaN into 0, so that the answers look like any other.
        bad = [weight.path for weight in self._classifier.model.weights if "float" in weight.dtype and not _is_finite(weight)]
        if bad:
            more = f" and {len(bad) - 1} more" if len(bad) > 1 else ""
            raise ValueError(f"The model's weight {bad[0]!r}{more} holds NaN or infinity: load or train it again.")
        if np.isfinite(logits).all():
            return None
        return (
            "The model answers NaN or infinity on pictures of 0 to 255, though its weights are finite, so that nothing could be "
            "proven of it: use the preprocessing of its training (float16 overflows at 65504)."
        )

    def _told_by_the_model(self):
        """Settle what one number, or weighted sums without an activation, are meant as; return whether that changed the head."""
        head, before = self._head, (self._head.kind, self._head.binary)
        if head.told is None and head.kind in ("logits", "sigmoid logits") and head.linear:
            meant = _meant(self._classifier.model)
            one_name = head.width == 1 and self._classifier._names is not None and len(self._classifier._names) == 1
            if meant == "values" or (meant is None and one_name):
                head.kind = "values"
            elif meant:
                head.kind = meant
            self._guessed = head.width == 1 and meant is None and not one_name
            # A copy of the classifier must read its outputs in the same way, and copies of models are not compiled.
            self._classifier.options = {**self._classifier.options, "outputs": head.kind} if meant else self._classifier.options
            head.binary = head.width == 1 and head.kind != "values"
        return (head.kind, head.binary) != before

    def _check_head(self, output):
        """Raise ValueError where the outputs are not what they were said to be."""
        head, low, high = self._head, float(output.min()), float(output.max())
        if head.width == 1 and head.kind in ("softmax", "log softmax"):
            raise ValueError(
                "The model applies softmax to one number, which is always 1: end it in a sigmoid, or in two numbers."
            )
        if head.kind in ("softmax", "sigmoid") and (low < -self.tolerance or high > 1 + self.tolerance):
            raise ValueError(
                f"outputs={head.told!r} says that the model gives probabilities, and it gives {low:.3g} to {high:.3g}: leave "
                "outputs out, or say 'logits' ('sigmoid logits' where each class is for itself)."
            )
        if head.kind == "softmax" and np.abs(output.sum(axis=-1) - 1).max() > 10 * self.tolerance:
            raise ValueError(
                f"outputs='softmax' says that the probabilities add up to 1, and they add up to {output.sum(axis=-1)[0]:.3g}: "
                "leave outputs out, or say 'sigmoid'."
            )

    def _name_classes(self):
        """Settle the class names, or raise ValueError where there are more or fewer than outputs."""
        n, classifier = self._head.n_classes, self._classifier
        if classifier._names is None:
            what = "output" if self._head.kind == "values" else "class"
            classifier._names = [f"{what} {i}" for i in range(n)]
        elif len(classifier._names) != n:
            raise ValueError(
                f"The model has {n} classes and {len(classifier._names)} class names were given: give as many, in the order of "
                "its outputs."
            )

    def _about_the_head(self, logits):
        """Yield what must be said about the head."""
        head = self._head
        if head.kind in ("softmax", "sigmoid", "log softmax") and not head.closed and head.width > 1 and not head.summed:
            if logits.min() >= 0 and np.abs(logits.sum(axis=1) - 1).max() < 1e-3:
                yield (
                    f"The model applies {head.kind} twice: what goes into the last one are probabilities already, so that its "
                    "answers are all alike. Leave one out, keras.Model(model.inputs, model.layers[-1].input)."
                )
        if head.told in ("logits", "sigmoid logits") and (head.reached or self._adds_up(logits)):
            yield (
                f"outputs={head.told!r} says that the model gives logits, and what it gives looks like probabilities: leave "
                "outputs out, and it is found."
            )
        if getattr(self, "_guessed", False) and head.kind == "sigmoid logits":
            yield (
                "The model gives one number without a sigmoid, taken as the logit of the second of two classes. Say "
                "outputs='sigmoid logits' if that is right, outputs='values' if it is a regression."
            )

    def _adds_up(self, logits):
        return logits.shape[1] > 1 and logits.min() >= 0 and np.abs(logits.sum(axis=1) - 1).max() < 1e-3


def settled_input(model, preprocess, input_shape, inputs):
    """Return (input shape, Preprocessing, probe) for the images from which the model's input is made."""
    preprocess = None if checked_preprocess(preprocess) is as_they_are else preprocess
    if not model.built and input_shape is not None and not preprocess:
        _build(model, checked_shape(input_shape))
    declared = _declared(model, inputs)
    if input_shape is None and declared is None:
        raise ValueError("The model does not say what images it takes: give input_shape=(H, W, 3).")
    candidates = [checked_shape(input_shape)] if input_shape is not None else _candidates(declared, preprocess)
    for shape in candidates:
        probe = pictures(2, shape)
        try:
            found = Preprocessing(preprocess, probe)
        except ValueError as error:
            problem = error
            continue
        if _fits(found.shape, declared, exactly=input_shape is None):
            if not model.built:
                _build(model, found.shape)
            return shape, found, probe
        problem = ValueError(_misfit(found, shape, declared))
    raise problem


def _declared(model, inputs):
    """Return the shape (H, W, C) that the model says it takes, None where it says nothing."""
    if isinstance(model, keras.Sequential) and not model.built:
        return None
    return ModelCall(model, inputs).shape


def _candidates(declared, preprocess):
    """Return the shapes of images that may be meant, the likeliest first."""
    height, width, channels = declared
    if preprocess is None and channels not in (1, 3, 4) and height in (1, 3, 4):
        raise ValueError(
            f"The model takes {declared}, channels first: give preprocess=lambda x: keras.ops.transpose(x, (0, 3, 1, 2)), and "
            "images (H, W, C) as usual."
        )
    shapes = [tuple(declared)]
    if preprocess is not None:
        shapes += [(height, width, 3)] if channels == 1 else []
        shapes += [(width, channels, height)] if height in (1, 3, 4) else []
    return shapes


def _fits(shape, declared, exactly):
    """Return whether images of a shape fit what the model declares."""
    if declared is None:
        return True
    have, want = (shape, declared) if exactly else (shape[-1:], declared[-1:])
    return len(have) == len(want) and all(b in (None, a) for a, b in zip(have, want))


def _misfit(preprocessing, shape, declared):
    """Return a sentence about images that do not become what the model takes."""
    if preprocessing.function is None:
        return f"The model takes images {declared} and input_shape is {shape}: leave input_shape out, or give a preprocess."
    return (
        f"preprocess makes {tuple(preprocessing.shape)} of images {shape}, and the model takes {declared}: correct it, or give "
        "input_shape, the shape of the images that it is for."
    )


def _build(model, shape):
    """Build a model by calling it, as its own `build` can't for every subclass."""
    try:
        model(np.zeros((1, *(edge or SIZES[0] for edge in shape)), np.float32), training=False)
    except Exception as error:
        raise ValueError(f"The model can't take images {shape}: {_sentence(error)}") from error


def _why(classifier, error):
    """Return one sentence about a model that could not be run."""
    return (
        f"The model can't be run on images {classifier.input_shape} in a graph: {type(error).__name__}, {_sentence(error)} "
        "Give input_shape if these are not its images, or a function, Classifier(lambda x: model(x).numpy()), which the "
        "techniques that only ask questions can explain."
    )


def _sentence(error):
    return f"{first_line(error)[:200].rstrip('.')}."


def _is_finite(weight):
    """Return whether all numbers of a weight are finite; their sum tells, quicker than a look at each."""
    values = np.asarray(weight)
    with np.errstate(over="ignore", invalid="ignore"):  # finite numbers may add up to infinity: then they are looked at
        return bool(np.isfinite(values.sum())) or bool(np.isfinite(np.sum(values, dtype=np.float64)))


def _meant(model):
    """Return what the loss that a model was compiled with says of its outputs: "values", "sigmoid logits", "logits" or None."""
    loss = getattr(model, "loss", None)
    name = (loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", "")).lower()
    if any(part in name for part in _REGRESSION):
        return "values"
    if "binary" in name:
        return "sigmoid logits"
    return "logits" if "categorical" in name else None


def _tolerance(model):
    """Return how far the numbers of a model may differ: of the coarsest type that its layers compute in."""
    kinds = {getattr(layer, "compute_dtype", "float32") for layer in (model, *getattr(model, "_flatten_layers", lambda: ())())}
    return max(_TOLERANCE.get(kind, 1e-4) for kind in kinds)
