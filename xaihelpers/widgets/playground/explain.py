"""Doing what the controls ask for: one technique after the other, watched, and stopped when somebody says so."""

import inspect
import time
from typing import NamedTuple

from ..._quiet import without_warnings
from ...classifier import Stopped
from ...methods import METHODS

# Few images at a time, so that a large network hears the stop button within a second.
_BATCH = 16
_SECONDS_BETWEEN_NEWS = 0.2
FORESEEN = (ValueError, TypeError, OSError, ImportError)  # their sentence is meant for the learner


class Outcome(NamedTuple):
    """What became of one technique: its result, or None and the sentence that says why. error: one that nobody foresaw."""

    technique: str
    result: object = None
    sentence: str = ""
    error: Exception | None = None


def explain(classifier, image, target, chosen, stopping, tell):
    """Yield the Outcome of each technique as it is ready.

    chosen: [(technique, parameters)]. stopping: a threading.Event. tell(share, words): is told how far the work is.
    """
    for number, (name, parameters) in enumerate(chosen):
        if stopping.is_set():
            yield Outcome(name, sentence="Not begun: stopped before.")
            continue
        listen = _listener(stopping, tell, number, len(chosen), name)
        yield _outcome(name, classifier, image, target, parameters, listen)


def _outcome(name, classifier, image, target, parameters, listen):
    """Return the Outcome of one technique."""
    try:
        listen(0, None)
        with classifier.watch(listen), without_warnings():
            return Outcome(name, _call(METHODS[name], classifier, image, target, parameters))
    except Stopped:
        return Outcome(name, sentence="Stopped before there was a map.")
    except FORESEEN as error:
        return Outcome(name, sentence=str(error) or type(error).__name__)
    except Exception as error:
        return Outcome(name, sentence=f"Failed: {type(error).__name__}: {error}", error=error)


def _listener(stopping, tell, number, total, name):
    """Return what is called after every batch: it passes on how far the work is, and ends it where it is to stop."""
    said = 0.0

    def listen(passes, expected):
        nonlocal said
        if stopping.is_set():
            raise Stopped
        if time.monotonic() - said > _SECONDS_BETWEEN_NEWS:
            said = time.monotonic()
            within = min(passes / expected, 1) if expected else 0
            of = f" of {expected:,}" if expected else ""
            tell((number + within) / total, f"{number + 1} of {total}: {name}, {passes:,}{of} passes")

    return listen


def _call(method, classifier, image, target, parameters):
    """Return the result of a technique, whatever its head is."""
    if "batch_size" in inspect.signature(method.function).parameters:
        parameters = {**parameters, "batch_size": _BATCH}
    if not method.takes_image:
        return method.function(classifier, target, **parameters)
    if method.family == "feature visualization" and "layers" in parameters:
        target = None  # a layer is driven up in place of a class
    return method.function(classifier, image, target, **parameters)
