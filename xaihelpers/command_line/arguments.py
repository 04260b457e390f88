"""The arguments of the command line, understood and checked as far as that goes without TensorFlow."""

import argparse
import difflib
import textwrap
from pathlib import Path

from ..methods import METHODS
from ..zoo import classifier_names
from .messages import WRONG_USAGE, complain
from .settings import settings

DEFAULT_CLASSIFIER = "efficientnet-lite0"
RANGES = ("0 to 255", "0 to 1", "-1 to 1")
_EXAMPLES = """\
examples:
  xaihelpers cat.jpg
  xaihelpers cat.jpg dog.jpg holiday/ --method grad_cam --method rise --out explained/
  xaihelpers cat.jpg --method lime --target "tiger cat" --set lime.n_segments=30
  xaihelpers rash.png --classifier rashnet --method saliency --method deep_shap
  xaihelpers photo.jpg --model mine.keras --names cat,dog --range "0 to 1"
  xaihelpers --model mine.keras --describe
  xaihelpers --list

`python -m xaihelpers` is the same command. Photos are cropped to the shape that the classifier takes, and resized. Every
technique explains the class of --target, or the class that the classifier predicts. A PNG holds all its settings inside.

exit codes: 0 the pictures are written; 1 something could not be done, and one line says what; 2 the command was not
understood; 130 interrupted (what was ready by then is drawn).
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message):
        complain(f"{message} (--help explains)")
        raise SystemExit(WRONG_USAGE)


class _Format(argparse.RawDescriptionHelpFormatter):
    """A help text in which no name is broken at its hyphen."""

    def _split_lines(self, text, width):
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


def parse(arguments):
    """Return the options, checked; `options.settings` is {technique: {setting: value}}."""
    parser = _parser()
    options = parser.parse_args(arguments)
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


def _check_out(parser, options):
    """End with one line where the pictures can't go where --out says."""
    out = options.out
    if out is None:
        return
    several = len(options.photos) > 1 or any(photo.is_dir() for photo in options.photos)
    if several and out.suffix:
        parser.error(f"--out is {str(out)!r} for several photos: give a folder, such as {out.with_suffix('')}")
    if not several and out.suffix.lower() != ".png" and not out.is_dir():
        parser.error(f"--out is {str(out)!r}: give a name that ends in .png, or a folder that there is")
    if any(out.resolve() == photo.resolve() for photo in options.photos):
        parser.error(f"--out is {str(out)!r}, the photo itself: give another name")


def _parser():
    """Return the parser; the techniques and classifiers that it names are those of the registries."""
    names, known = ", ".join(METHODS), classifier_names()
    parser = _Parser(
        prog="xaihelpers",
        epilog=_EXAMPLES,
        allow_abbrev=False,
        add_help=False,
        formatter_class=_Format,
        usage="xaihelpers PHOTO... [--method NAME]... [--out FILE.png] [more options]",
        description="Explain what a neural network sees in photos, and write the explanations side by side to PNG files.",
    )
    add = parser.add_argument
    add("photos", nargs="*", metavar="PHOTO", type=Path, help="image files, or folders of them: JPEG, PNG, WebP, ...")
    text = f"a technique; give it again for more of them (default: grad_cam). One of {names}"
    add("-m", "--method", action="append", metavar="NAME", type=_technique, help=text)
    text = f"the network that is explained (default: {DEFAULT_CLASSIFIER}). One of {', '.join(known)}"
    add("-c", "--classifier", metavar="NAME", type=_classifier, help=text)
    add("--model", metavar="FILE", type=Path, help="a network of your own instead: a .keras or .h5 file, or a SavedModel folder")
    text = "its class names, in the order of its outputs: a list with commas, or a text file with a name a line"
    add("--names", metavar="NAMES", type=_names, help=text)
    text = f"the pixel values that it was trained on: {', '.join(RANGES)} (default: what the file says, else 0 to 255)"
    add("--range", metavar="RANGE", type=_range, help=text)
    add("-d", "--describe", action="store_true", help="say what is known of the network, and which techniques work on it")
    add("-t", "--target", metavar="CLASS", help="the class to explain, by name or number (default: the predicted one)")
    text = (
        "change a setting of a technique, as in rise.n_masks=500; without the technique, as in seed=1, of all that have it. "
        "--list shows them"
    )
    add("-s", "--set", action="append", default=[], metavar="TECHNIQUE.SETTING=VALUE", help=text)
    text = "what is black and what is white in photos of more than 8 bits, as in 0,4095"
    add("--value-range", metavar="BLACK,WHITE", type=_pair, help=text)
    text = "where the picture goes: a file, or a folder for several (default: PHOTO-explained.png, in this folder)"
    add("-o", "--out", metavar="FILE", type=Path, help=text)
    add("-l", "--list", action="store_true", help="list the classifiers, and the techniques with their settings")
    add("-h", "--help", action="help", help="show this")
    return parser


def _technique(name):
    return _one_of(name.replace("-", "_"), METHODS, "technique")


def _classifier(name):
    return _one_of(name, classifier_names(), "classifier")


def _range(text):
    plain = " ".join(text.replace("..", " to ").split())
    return _one_of(plain, RANGES, "range")


def _one_of(name, names, kind):
    """Return `name` if it is one of the names, or say what it may have been."""
    if name in names:
        return name
    near = difflib.get_close_matches(name, list(names), 1)
    hint = f", did you mean {near[0]!r}?" if near else f": choose from {', '.join(names)}"
    raise argparse.ArgumentTypeError(f"there is no {kind} {name!r}{hint}")


def _names(text):
    """Return the class names in a list with commas, or in a file."""
    path = Path(text)
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else text.split(",")
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"the file {text} can't be read ({error})") from None
    return [name.strip() for name in lines if name.strip()]


def _pair(text):
    try:
        black, white = map(float, text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected two numbers, as in 0,4095, and got {text!r}") from None
    return black, white
