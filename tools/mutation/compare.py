"""Does a mutant give the same result as the solution, and does the check accept it?"""

import contextlib
import copy
import functools
import io
import os
import signal
import warnings

import numpy as np

from xaihelpers.results import Attribution, Visualization


class Trial:
    """One exercise and its solution. For a function, the calls that the check makes are kept, and varied."""

    def __init__(self, exercise, solution, seconds):
        self.exercise, self.seconds = exercise, seconds
        self.right, calls = _run(solution), []
        verdict = exercise(_spied(self.right, calls) if callable(self.right) else self.right)
        if not verdict.correct:
            raise AssertionError(f"{exercise.name}: the solution itself is refused: {verdict}")
        self._probes = [probe for call in _few(calls) for probe in (call, *_variants(call))] if callable(self.right) else []
        self._probes = [(probe, result) for probe in self._probes if (result := _called(self.right, probe)) is not _FAILED]

    def judge(self, code):
        """Return (whether the code gives the solution's result, whether the check accepts it); None if it is too slow."""
        with _limit(self.seconds), _silence():
            try:
                answer = _run(code)
            except Exception:
                return False, False  # it gives no answer, and nothing to check
            return self._same(answer), self.exercise(answer).correct
        return None

    def _same(self, answer):
        if not callable(self.right):
            return same(self.right, answer)
        # A check that never calls the function can't tell it from another one.
        called = callable(answer) and len(self._probes) > 0
        if called and self.exercise.also_right is not None:
            with contextlib.suppress(Exception):  # whatever a mutant raises, it is no right answer
                return bool(self.exercise.also_right(answer))
            return False
        return called and all(same(result, _called(answer, probe)) for probe, result in self._probes)


def same(a, b):
    """Return whether two results mean the same: numbers to six digits, lists of rules in any order, results by their settings."""
    if isinstance(a, (Attribution, Visualization)) or isinstance(b, (Attribution, Visualization)):
        fields = ("method", "target", "parameters", "heatmap" if isinstance(a, Attribution) else "image")
        return type(a) is type(b) and all(same(getattr(a, name), getattr(b, name)) for name in fields)
    if isinstance(a, str) or isinstance(b, str):
        return isinstance(a, str) and isinstance(b, str) and a.strip().lower() == b.strip().lower()
    if isinstance(a, dict) or isinstance(b, dict):
        return isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if _rules(a) is not None or _rules(b) is not None:
        return _rules(a) == _rules(b)
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) and not _numeric(a):
        return len(a) == len(b) and all(map(same, a, b))
    if _numeric(a) and _numeric(b):
        a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
        return a.shape == b.shape and np.allclose(a, b, rtol=1e-6, atol=1e-9, equal_nan=True)
    if _numeric(a) or _numeric(b):
        return False
    return a is b or bool(a == b)


def _rules(value):
    """Return a list of tuples of whole numbers as a set, None for anything else."""
    if isinstance(value, (list, set)) and len(value) and all(isinstance(each, (tuple, frozenset)) for each in value):
        return {frozenset(each) for each in value}
    return None


def _numeric(value):
    try:
        return np.asarray(value, dtype=float).dtype == float
    except (TypeError, ValueError):
        return False


# -- running ----------------------------------------------------------------------------------------------------------

_FAILED = object()


class _TooLong(BaseException):
    """A mutant that does not end."""


@contextlib.contextmanager
def _limit(seconds):
    def stop(*_):
        raise _TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    except _TooLong:
        pass
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def _silence():
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _run(code):
    """Return what a piece of code calls `answer`."""
    import xaihelpers as xh

    namespace = {"xh": xh, "np": np}
    exec(code, namespace)
    return namespace["answer"]


def _spied(function, calls):
    """Return the function, which writes down what it is called with."""

    @functools.wraps(function)
    def spy(*arguments, **named):
        calls.append((_copied(arguments), _copied(named)))
        return function(*arguments, **named)

    return spy


def _called(function, probe):
    """Return what a function gives for its own copy of the arguments, or _FAILED."""
    arguments, named = _copied(probe[0]), _copied(probe[1])
    try:
        with _silence():
            return function(*arguments, **named)
    except Exception:
        return _FAILED


def _copied(value):
    try:
        return copy.deepcopy(value)
    except Exception:
        return value  # a network is not copied


# -- other arguments than the check's own ------------------------------------------------------------------------------


def _few(calls, most=6):
    """Return some of the calls, spread over all of them."""
    return [calls[i] for i in sorted({round(place) for place in np.linspace(0, len(calls) - 1, min(most, len(calls)))})]


def _variants(call):
    """Return the call with other values: all at once, and one argument at a time."""
    arguments, named = call
    rng = np.random.default_rng(3)
    changed = [tuple(_other(value, rng) for value in arguments)]
    for i in range(len(arguments)):
        changed.append(tuple(_other(value, rng) if i == j else value for j, value in enumerate(arguments)))
    return [(variant, named) for variant in changed]


def _other(value, rng):
    """Return another value of the same kind."""
    if isinstance(value, np.random.Generator):
        return np.random.default_rng(11)
    if isinstance(value, np.ndarray) and value.size:
        if value.dtype.kind == "f":
            low, high = float(np.nanmin(value)), float(np.nanmax(value))
            return rng.uniform(low, high if high > low else low + 1, value.shape).astype(value.dtype)
        return rng.permutation(value.ravel()).reshape(value.shape)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, float):
        return 0.7 * value + 0.1
    return value


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
