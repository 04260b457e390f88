"""What error messages say of a value that somebody gave: one line, however large it is."""

import inspect
from pathlib import Path

import numpy as np

_LONGEST = 60  # characters


def shown(value):
    """Return a value as one short line: arrays by their shape and type, long texts cut."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}, {value.dtype}" if value.ndim else f"{value.dtype} {value}"
    try:
        text = " ".join(repr(value).split())
    except Exception:  # whatever the value's own method does
        return f"an object of the class {type(value).__name__}"
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def one_of(value, name, choices, otherwise=""):
    """Return a word that is among the choices, or raise ValueError, in one sentence that lists them."""
    if not isinstance(value, str) or value not in choices:
        words = [repr(choice) for choice in choices]
        there_are = " or ".join(words) if len(words) == 2 else f"from {', '.join(words)}"
        raise ValueError(f"{name} is {shown(value)}: choose {there_are}{otherwise}.")
    return value


def is_number(value):
    """Return whether a value is one real, finite number that 32 bits can hold."""
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool) and abs(value) < 2**31


def is_whole(value):
    """Return whether a value is one whole number that 32 bits can hold."""
    return is_number(value) and isinstance(value, (int, np.integer))


def as_array(value, name):
    """Return a value as an array, or raise ValueError, in one sentence, where it is none (lists of different lengths).

    Texts among something else, such as a name that is missing, stay what they are: numpy would make the text "nan" of it.
    """
    try:
        array = np.asarray(value)
        if array.dtype.kind in "US" and not isinstance(value, (str, bytes, np.ndarray, np.generic)):
            each = np.array(value, dtype=object)
            array = array if all(isinstance(one, (str, bytes)) for one in each.ravel().tolist()) else each
    except Exception:  # by the kind of value: TypeError, ValueError, or what its own method raises
        raise ValueError(f"{name} is {shown(value)}: expected numbers, or an array of them.") from None
    return array


def whole_number(value, name, least=1, most=None, what="a whole number"):
    """Return `value` as an int, or raise ValueError where it is no whole number of `least` or more (up to `most`)."""
    whole = is_whole(value) if most is None else isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        raise ValueError(f"{name} is {shown(value)}: expected {what}{_bounds(least=least, most=most)}.")
    return int(value)


def number(value, name, *, above=None, least=None, below=None, most=None, what="a number"):
    """Return `value` as a float, or raise ValueError where it is no finite number within the bounds.

    above, below: bounds that it may not reach. least, most: bounds that it may. what: what it is, for the sentence.
    """
    inside = is_number(value) and (above is None or value > above) and (least is None or value >= least)
    if not inside or (below is not None and value >= below) or (most is not None and value > most):
        raise ValueError(f"{name} is {shown(value)}: expected {what}{_bounds(above, least, below, most)}.")
    return float(value)


def _bounds(above=None, least=None, below=None, most=None):
    """Return bounds in words: ", 1 or more", " from 0 to 1", " above 0 and below 1"."""
    if least is not None and most is not None:
        return f" from {_plain(least)} to {_plain(most)}"
    if least is not None and below is None:
        return f", {_plain(least)} or more"
    low = f"above {_plain(above)}" if above is not None else f"{_plain(least)} or more" if least is not None else ""
    high = f"below {_plain(below)}" if below is not None else f"up to {_plain(most)}" if most is not None else ""
    words = " and ".join(filter(None, (low, high)))
    return f" {words}" if words else ""


def _plain(bound):
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:g}"


def yes_or_no(value, name):
    """Return `value` as a bool, or raise ValueError where it is none."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} is {shown(value)}: expected True or False.")
    return bool(value)


def require_finite(values, what):
    """Raise ValueError where something that a network gave is NaN or infinite. what: what that is, as "The gradient is"."""
    if not np.isfinite(values).all():
        raise ValueError(f"{what} NaN or infinite: check the network's weights, and the range of its input.")


def listed(value, name, of, least=0):
    """Return `value` as a list, or raise TypeError where it is no list, is one text, or too short. of: what is listed."""
    try:
        if not isinstance(value, (str, bytes)) and len(found := list(value)) >= least:
            return found
    except TypeError:
        pass
    raise TypeError(f"{name} is {shown(value)}: give a list of {of}{f', {least} or more' if least else ''}.")


def require_arguments(function, name, *arguments):
    """Raise TypeError, in one sentence, for a function that can't be called with these arguments, which are named."""
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        raise TypeError(f"{name} takes {inspect.signature(function)}: expected ({', '.join(arguments)}).") from None
    except ValueError:  # some built-in functions do not say what they take
        pass


def written(value, name):
    """Return a name or title as it was given, or raise TypeError where it is no text, or an empty one."""
    if not isinstance(value, str) or not value.strip():
        raise TypeError(f"{name} is {shown(value)}: give a text that is not empty.")
    return str(value)


def path_of(value, sentence):
    """Return a value as a path, or raise TypeError where it is none, or an empty text, which would be the current folder.

    sentence: what is said then; {} in it stands for the value.
    """
    try:
        if not isinstance(value, str) or value.strip():
            return Path(value).expanduser()
    except (TypeError, RuntimeError):  # no path; a home folder of nobody
        pass
    raise TypeError(sentence.format(shown(value)))
