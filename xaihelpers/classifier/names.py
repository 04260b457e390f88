"""The names of the classes, in the order of the outputs, from whatever people keep them in."""

from collections import Counter

import numpy as np

from .._validation import is_whole, listed, shown

_WANTED = "give C different names in the order of the outputs, {index: name} or {name: index}"


def checked_names(class_names):
    """Return the class names as a list of C different texts, None for None.

    class_names: a list, array or other sequence; {index: name}, as in a model's `id2label`; {name: index}, as in
        `class_indices` of a Keras generator; or {"0": ["n01440764", "tench"], ...}, as in Keras' ImageNet file.
    Raises TypeError or ValueError, in one sentence, where the order can't be known (a set, gaps), or two are the same.
    """
    if class_names is None:
        return None
    if isinstance(class_names, (set, frozenset)):
        raise TypeError(f"class_names is {shown(class_names)}, a set, which has no order: {_WANTED}.")
    if hasattr(class_names, "items") and hasattr(class_names, "keys"):
        class_names = _in_order(dict(class_names.items()))
    names = [_text(name, i) for i, name in enumerate(listed(class_names, "class_names", "names"))]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        places = " and ".join(str(i) for i, name in enumerate(names) if name == twice[0])
        raise ValueError(f"class_names has {shown(twice[0])} more than once ({places}): give each class a name of its own.")
    if not names:
        raise ValueError(f"class_names is empty: {_WANTED}.")
    return names


def _in_order(pairs):
    """Return the names of a dict in the order of its indices, whichever way round it is."""
    by_index = {_index(key): value for key, value in pairs.items()}
    by_name = {_index(value): key for key, value in pairs.items() if np.ndim(value) == 0}
    fits = [found for found in (by_index, by_name) if len(found) == len(pairs) and set(found) == set(range(len(pairs)))]
    if len(fits) == 2 and not all(_index(key) == _index(value) for key, value in pairs.items()):
        raise ValueError(f"class_names is {shown(pairs)}, numbers for numbers, which can be read both ways round: give a list.")
    if not fits:
        raise ValueError(f"class_names is {shown(pairs)}: its indices must be 0 to {len(pairs) - 1}; {_WANTED}.")
    return [fits[0][i] for i in range(len(pairs))]


def _index(value):
    """Return a value as an index, None where it is none; JSON writes them as texts."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    return int(value) if is_whole(value) else None


def _text(name, i):
    """Return one class name as a text."""
    if isinstance(name, (list, tuple)) and len(name) == 2 and all(isinstance(each, str) for each in name):
        name = name[1]  # ("n01440764", "tench")
    if isinstance(name, bytes):
        name = name.decode("utf-8", errors="replace")
    whole = is_whole(name) or (isinstance(name, (float, np.floating)) and np.isfinite(name))
    if not (isinstance(name, str) and name.strip()) and not whole:
        raise ValueError(f"The name of class {i} is {shown(name)}: {_WANTED}.")
    return str(name)
