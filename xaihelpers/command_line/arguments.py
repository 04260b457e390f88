"""The arguments of the command line, understood and checked as far as that goes without TensorFlow."""

import argparse
import difflib
import re
import sys
from pathlib import Path

from .help_page import parser as new_parser
from .settings import settings
from .values import path


def parse(arguments):
    """Return the options, checked; `options.settings` is {technique: {setting: value}}."""
    parser = new_parser()
    options = _read(parser, sys.argv[1:] if arguments is None else list(arguments))
    if options.list:
        return options
    options.methods = list(dict.fromkeys(options.method or ["grad_cam"]))
    options.settings = settings(options.set, options.methods, parser.error)
    if options.model is not None and options.classifier is not None:
        parser.error("--classifier and --model were both given: give one of them")
    if options.model is None and (options.names is not None or options.range is not None):
        parser.error("--names and --range are for a model of your own: give --model FILE too")
    if not options.photos and not options.describe:
        parser.error("no photo was given: name an image file")
    _check_out(parser, options)
    return options


def _read(parser, given):
    """Return the options: photos may stand before, between and behind them; what follows "--" are photos only."""
    end = given.index("--") if "--" in given else len(given)
    options, left = parser.parse_known_intermixed_args(_with_negative_values(given[:end]))
    if left:
        _refuse(parser, left[0])
    try:
        options.photos += [path(each) for each in given[end + 1 :]]
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    return options


def _with_negative_values(given):
    """Return the arguments with a value such as -1000,3000 tied to its option, since it begins as an option does."""
    tied = []
    for each in given:
        if tied and tied[-1] == "--value-range" and re.match(r"-[\d.]", each):
            tied[-1] += f"={each}"
        else:
            tied.append(each)
    return tied


def _refuse(parser, unknown):
    """End with one line on something that looks like an option and is none."""
    name = unknown.partition("=")[0]
    if Path(unknown).exists():
        parser.error(f"there is no option {name}: write ./{unknown} for the file of that name")
    near = difflib.get_close_matches(name, parser.options(), 1, cutoff=0.7)
    parser.error(f"there is no option {name}" + (f", did you mean {near[0]}?" if near else ""))


def _check_out(parser, options):
    """End with one line where the pictures can't go where --out says."""
    out = options.out
    if out is None:
        return
    several = len(options.photos) > 1 or any(photo.is_dir() for photo in options.photos)
    if several and out.suffix and not out.is_dir():
        parser.error(f"--out is {str(out)!r} for several photos: give a folder, such as {out.with_suffix('')}")
    if not several and out.suffix.lower() != ".png" and not out.is_dir():
        parser.error(f"--out is {str(out)!r}: give a name that ends in .png, or a folder that there is")
    if any(out.resolve() == photo.resolve() for photo in options.photos):
        parser.error(f"--out is {str(out)!r}, the photo itself: give another name")
