"""The networks of the course, by name. Each is loaded, and TensorFlow imported, when it is asked for."""

import difflib
import re
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from .._quiet import import_tensorflow

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from .._types import PathLike
    from ..classifier import Classifier

# Name: the module and the function that give the Classifier, and what it is.
_ZOO = {
    "efficientnet-lite0": (".efficientnet_lite0", "load_efficientnet_lite0", "ImageNet, 1000 classes, 224 px, offline"),
    "rashnet": (".rashes", "load_rashnet_classifier", "six classes of drawn rashes, 128 px, a small network for live sliders"),
    "rashnet-biased": (".rashes", "load_biased_rashnet_classifier", "the same, trained on purpose on biased images"),
    "rash-xception": (".rashes", "load_rash_xception", "the same classes, Xception by transfer learning (80 MB fetched once)"),
    "xception": (".xception", "load_xception", "ImageNet, 1000 classes, 299 px (88 MB downloaded once by Keras)"),
}


_DRAWINGS = "knows the course's drawn rashes only: what it says of a photograph means nothing, least of all about a disease."


def knows_only(name):
    """Return a sentence, without its subject, on what a network of the course can't be asked; None where there is none."""
    return _DRAWINGS if name in _ZOO and "rash" in name else None


def classifier_names() -> dict[str, str]:
    """Return the names that `load_classifier` knows, as a dict from the name to one line that says what it is."""
    return {name: line for name, (_, _, line) in _ZOO.items()}


def load_classifier(
    name: "PathLike",
    *,
    class_names: "Sequence[str] | None" = None,
    values: str | None = None,
    custom_objects: "dict[str, Any] | None" = None,
) -> "Classifier":
    """Return the `Classifier` of that name, or in that file, its weights loaded and its preprocessing inside.

    name: one of `classifier_names()`; or the path of a file that `classifier.save` wrote, which knows its class names and
        its range; or of any model that `load_model` reads.
    class_names, custom_objects: for a file, as in `Classifier` and `load_model`.
    values: for a file, the pixel values that the model was trained on: "0 to 255", "0 to 1" or "-1 to 1". None: as the
        file says, else 0 to 255.
    Raises ValueError, with the names there are, for another; ConnectionError where weights must be fetched and can't be.
    """
    if _is_path(name):
        from ..classifier.keeping import load

        return load(name, class_names=class_names, values=values, custom_objects=custom_objects)
    if not isinstance(name, str) or name not in _ZOO:
        near = difflib.get_close_matches(name if isinstance(name, str) else "", _ZOO, 1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        from .._validation import shown  # it needs numpy

        raise ValueError(f"There is no classifier {shown(name)}{hint}: choose from {', '.join(_ZOO)}.")
    if class_names is not None or values is not None or custom_objects is not None:
        raise TypeError(f"{name} has its own class names and range: class_names, values and custom_objects are for files.")
    import_tensorflow()
    module, function, _ = _ZOO[name]
    return getattr(import_module(module, __name__), function)()


def _is_path(name):
    """Return whether what was given is meant as a file: a Path, or a text with a folder or an ending in it."""
    if isinstance(name, Path):
        return True
    return isinstance(name, str) and name not in _ZOO and bool(re.search(r"[/\\]|\.[A-Za-z]\w+$", name))
