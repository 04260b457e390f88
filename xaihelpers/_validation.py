"""What error messages say of a value that somebody gave: one line, however large it is."""

import numpy as np

_LONGEST = 60  # characters


def shown(value):
    """Return a value as one short line: arrays by their shape and type, long texts cut."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}, {value.dtype}" if value.ndim else f"{value.dtype} {value}"
    text = " ".join(repr(value).split())
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
    """Return a value as an array, or raise ValueError, in one sentence, where it is none (lists of different lengths)."""
    try:
        return np.asarray(value)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {shown(value)}: expected numbers, or an array of them.") from None


def whole_number(value, name, least=1):
    """Return `value` as an int, or raise ValueError where it is no whole number of `least` or more."""
    if not is_whole(value) or value < least:
        raise ValueError(f"{name} is {shown(value)}: expected a whole number, {least} or more.")
    return int(value)


def yes_or_no(value, name):
    """Return `value` as a bool, or raise ValueError where it is none."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} is {shown(value)}: expected True or False.")
    return bool(value)


def listed(value, name, of):
    """Return `value` as a list, or raise TypeError where it can't be gone through, or is one text. of: what is listed."""
    try:
        if not isinstance(value, (str, bytes)):
            return list(value)
    except TypeError:
        pass
    raise TypeError(f"{name} is {shown(value)}: give a list of {of}.")
