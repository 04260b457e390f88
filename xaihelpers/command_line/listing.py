"""`--list`: the classifiers, and the techniques with their settings; without TensorFlow."""

import shutil
import textwrap

from ..methods import METHODS
from ..zoo import classifier_names
from .messages import FINE
from .settings import defaults, first_line
from .values import DEFAULT_CLASSIFIER

_INDENT = " " * 6


def list_everything():
    """Print what there is; return the exit code."""
    width = min(shutil.get_terminal_size().columns, 120)
    print("classifiers")
    for name, line in classifier_names().items():
        print(f"  {name:20} {line}{' (the default)' if name == DEFAULT_CLASSIFIER else ''}")
    print("\ntechniques, and their settings for --set TECHNIQUE.SETTING=VALUE")
    for name in METHODS:
        settings = ", ".join(f"{setting}={default!r}" for setting, default in defaults(name).items())
        print(f"  {name}")
        line = first_line(name).removeprefix("Return ")
        print(textwrap.fill(line, width, initial_indent=_INDENT, subsequent_indent=_INDENT))
        print(textwrap.fill(settings, width, initial_indent=_INDENT, subsequent_indent=_INDENT, break_on_hyphens=False))
    return FINE
