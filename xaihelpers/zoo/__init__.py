"""The networks of the course, by name. Each is loaded, and TensorFlow imported, when it is asked for."""

import difflib
from importlib import import_module

from .._quiet import import_tensorflow

# Name: the module and the function that give the Classifier, and what it is.
_ZOO = {
    "efficientnet-lite0": (".efficientnet_lite0", "load_efficientnet_lite0", "ImageNet, 1000 classes, 224 px, offline"),
    "rashnet": (".rashes", "load_rashnet_classifier", "six rash classes, 128 px, a small network for live sliders"),
    "rashnet-biased": (".rashes", "load_biased_rashnet_classifier", "the same, trained on purpose on biased images"),
    "rash-xception": (".rashes", "load_rash_xception", "the same classes, Xception by transfer learning (79 MB fetched once)"),
    "xception": (".xception", "load_xception", "ImageNet, 1000 classes, 299 px (88 MB downloaded once by Keras)"),
}


def classifier_names():
    """Return the names that `load_classifier` knows, as a dict from the name to one line that says what it is."""
    return {name: line for name, (_, _, line) in _ZOO.items()}


def load_classifier(name):
    """Return the `Classifier` of that name, its weights loaded and its preprocessing inside.

    name: one of `classifier_names()`.
    Raises ValueError, with the names there are, for another; ConnectionError where weights must be fetched and can't be.
    """
    if not isinstance(name, str) or name not in _ZOO:
        near = difflib.get_close_matches(str(name), _ZOO, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        raise ValueError(f"There is no classifier {str(name)[:60]!r}{hint}: choose from {', '.join(_ZOO)}.")
    import_tensorflow()
    module, function, _ = _ZOO[name]
    return getattr(import_module(module, __name__), function)()
