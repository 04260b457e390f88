"""What the options of the command line are given, read and checked without TensorFlow."""

import argparse
import difflib
from pathlib import Path

from ..methods import METHODS
from ..zoo import classifier_names

DEFAULT_CLASSIFIER = "efficientnet-lite0"
RANGES = ("0 to 255", "0 to 1", "-1 to 1")
_TEXTS = {".txt", ".csv", ".json", ".yaml", ".yml", ".names"}  # endings of files that people keep class names in


class Once(argparse.Action):
    """An option with one value: where it is given again, the first value is not forgotten without a word."""

    def __call__(self, parser, namespace, values, option_string=None):
        if getattr(namespace, self.dest) not in (None, values):
            parser.error(f"{option_string} was given twice, with different values: give it once")
        setattr(namespace, self.dest, values)


def path(text):
    """Return a path; an empty text, such as a variable that was never set, would be the current folder."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is no path: name a file or a folder")
    return Path(text)


def technique(name):
    """Return the name of a technique, as it is written in the code."""
    return one_of(name.replace("-", "_").lower(), METHODS, "technique")


def classifier(name):
    """Return the name of a network of the course."""
    return one_of(name, classifier_names(), "classifier")


def pixel_range(text):
    """Return one of RANGES; "0..1" is one of them too."""
    return one_of(" ".join(text.replace("..", " to ").split()), RANGES, "range")


def one_of(name, names, kind):
    """Return `name` if it is one of the names, or say what it may have been."""
    if name in names:
        return name
    near = difflib.get_close_matches(name, list(names), 1)
    hint = f", did you mean {near[0]!r}?" if near else f": choose from {', '.join(names)}"
    raise argparse.ArgumentTypeError(f"there is no {kind} {name!r}{hint}")


def class_names(text):
    """Return the class names in a list with commas, or in a file."""
    try:
        lines = Path(text).read_text(encoding="utf-8-sig").splitlines() if _is_file(text) else text.split(",")
    except (OSError, UnicodeDecodeError):
        raise argparse.ArgumentTypeError(
            f"{text} can't be read as text in UTF-8: save it as such, or give the names with commas"
        ) from None
    if len(lines) == 1 and lines[0] == text and Path(text).suffix.lower() in _TEXTS:
        raise argparse.ArgumentTypeError(f"there is no file {text}: check the spelling, or give the names with commas")
    names = [name.strip() for name in lines if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"{text!r} has no name in it: give the names with commas, as in cat,dog")
    return names


def _is_file(text):
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # a list of names that is longer than any path
        return False


def pair(text):
    """Return (black, white)."""
    try:
        black, white = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected two numbers, as in 0,4095, and got {text!r}") from None
    return black, white
