"""The options of the command line, and what `--help` says of them."""

import argparse
import re
import textwrap

from ..methods import METHODS
from ..zoo import classifier_names
from . import values
from .messages import WRONG_USAGE, complain

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


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message):
        message = re.sub(r"^argument (.*): expected one argument$", r"\1 has no value: give one behind it", message)
        message = re.sub(r"^argument (.*): ignored explicit argument (.*)$", r"\1 takes no value: leave \2 out", message)
        complain(f"{message.removeprefix('argument ')} (--help explains)")
        raise SystemExit(WRONG_USAGE)

    def options(self):
        """Return every option, as it is written."""
        return list(self._option_string_actions)


class _Format(argparse.RawDescriptionHelpFormatter):
    """A help text in which no name is broken at its hyphen."""

    def _split_lines(self, text, width):
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


def parser():
    """Return the parser; the techniques and classifiers that it names are those of the registries."""
    names, known = ", ".join(METHODS), classifier_names()
    parser = Parser(
        prog="xaihelpers",
        epilog=_EXAMPLES,
        allow_abbrev=False,
        add_help=False,
        formatter_class=_Format,
        usage="xaihelpers PHOTO... [--method NAME]... [--out FILE.png] [more options]",
        description="Explain what a neural network sees in photos, and write the explanations side by side to PNG files.",
    )
    add, once = parser.add_argument, {"action": values.Once}
    add("photos", nargs="*", metavar="PHOTO", type=values.path, help="image files, or folders of them: JPEG, PNG, WebP, ...")
    text = f"a technique; give it again for more of them (default: grad_cam). One of {names}"
    add("-m", "--method", action="append", metavar="NAME", type=values.technique, help=text)
    text = f"the network that is explained (default: {values.DEFAULT_CLASSIFIER}). One of {', '.join(known)}"
    add("-c", "--classifier", metavar="NAME", type=values.classifier, help=text, **once)
    text = "a network of your own instead: a .keras or .h5 file, or a SavedModel folder"
    add("--model", metavar="FILE", type=values.path, help=text, **once)
    text = "its class names, in the order of its outputs: a list with commas, or a text file with a name a line"
    add("--names", metavar="NAMES", type=values.class_names, help=text, **once)
    ranges = ", ".join(values.RANGES)
    text = f"the pixel values that it was trained on: {ranges} (default: what the file says, else 0 to 255)"
    add("--range", metavar="RANGE", type=values.pixel_range, help=text, **once)
    add("-d", "--describe", action="store_true", help="say what is known of the network, and which techniques work on it")
    add("-t", "--target", metavar="CLASS", help="the class to explain, by name or number (default: the predicted one)", **once)
    text = (
        "change a setting of a technique, as in rise.n_masks=500; without the technique, as in seed=1, of all that have it. "
        "--list shows them"
    )
    add("-s", "--set", action="append", default=[], metavar="TECHNIQUE.SETTING=VALUE", help=text)
    text = "what is black and what is white in photos of more than 8 bits, as in 0,4095"
    add("--value-range", metavar="BLACK,WHITE", type=values.pair, help=text, **once)
    text = "where the picture goes: a file, or a folder for several (default: PHOTO-explained.png, in this folder)"
    add("-o", "--out", metavar="FILE", type=values.path, help=text, **once)
    add("-l", "--list", action="store_true", help="list the classifiers, and the techniques with their settings")
    add("-h", "--help", action="help", help="show this")
    return parser
