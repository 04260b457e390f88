"""The command line, for those who only want the picture: a photo in, a PNG with its explanations out."""

import argparse
import ast
import contextlib
import difflib
import inspect
import shutil
import signal
import sys
import textwrap
from pathlib import Path

from .methods import METHODS
from .zoo import classifier_names

FINE, FAILED, WRONG_USAGE, INTERRUPTED = 0, 1, 2, 130  # what the process returns
DEFAULT_CLASSIFIER = "efficientnet-lite0"
_HEAD = ("classifier", "image", "target", "batch_size", "progress")  # what --set has no business with
_EXAMPLES = """\
examples:
  python -m xaihelpers cat.jpg
  python -m xaihelpers cat.jpg --method grad_cam --method rise --out explained.png
  python -m xaihelpers cat.jpg --method lime --target "tiger cat" --set lime.n_segments=30
  python -m xaihelpers rash.png --classifier rashnet --method saliency --method deep_shap
  python -m xaihelpers --list

The photo is cropped to its centred square and resized to what the classifier takes. Every technique explains the class
of --target, or the class that the classifier predicts. The PNG holds all its settings, as text, inside.

exit codes: 0 the picture is written; 1 something could not be done, and one line says what; 2 the command was not
understood; 130 interrupted (what was ready by then is drawn).
"""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message):
        _complain(f"{message} (--help explains)")
        raise SystemExit(WRONG_USAGE)


class _Format(argparse.RawDescriptionHelpFormatter):
    """A help text in which no name is broken at its hyphen."""

    def _split_lines(self, text, width):
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)


def main(arguments=None):
    """Do what the arguments (default: those of the process) ask for; return the exit code."""
    try:
        options = _parser().parse_args(arguments)
        if options.list:
            return _list()
        return _explain(options)
    except SystemExit as done:  # argparse has said what it had to say
        return done.code
    except KeyboardInterrupt:
        _complain("interrupted")
        return INTERRUPTED
    except Exception as error:
        _complain(_sentence(error))
        return FAILED


def _parser():
    """Return the parser; the techniques and classifiers that it names are those of the registries."""
    names, known = ", ".join(METHODS), classifier_names()
    parser = _Parser(
        prog="python -m xaihelpers",
        epilog=_EXAMPLES,
        allow_abbrev=False,
        add_help=False,
        formatter_class=_Format,
        usage="python -m xaihelpers PHOTO [--method NAME]... [--out FILE.png] [more options]",
        description="Explain what a neural network sees in a photo, and write the explanations side by side to a PNG file.",
    )
    add = parser.add_argument
    add("photo", nargs="?", metavar="PHOTO", type=Path, help="an image file: JPEG, PNG, WebP, ...")
    add(
        "-m",
        "--method",
        action="append",
        metavar="NAME",
        type=_technique,
        help=f"a technique; give it again for more of them (default: grad_cam). One of {names}",
    )
    add(
        "-c",
        "--classifier",
        metavar="NAME",
        type=_classifier,
        default=DEFAULT_CLASSIFIER,
        help=f"the network that is explained (default: %(default)s). One of {', '.join(known)}",
    )
    add("-t", "--target", metavar="CLASS", help="the class to explain, by name or number (default: the predicted one)")
    add(
        "-s",
        "--set",
        action="append",
        default=[],
        metavar="TECHNIQUE.SETTING=VALUE",
        help="change a setting of a technique, as in rise.n_masks=500; without the technique, as in seed=1, of all that "
        "have it. --list shows them",
    )
    add("-o", "--out", metavar="FILE", type=Path, help="where the picture goes (default: PHOTO-explained.png, in this folder)")
    add("-l", "--list", action="store_true", help="list the classifiers, and the techniques with their settings")
    add("-h", "--help", action="help", help="show this")
    return parser


def _technique(name):
    return _one_of(name.replace("-", "_"), METHODS, "technique")


def _classifier(name):
    return _one_of(name, classifier_names(), "classifier")


def _one_of(name, names, kind):
    """Return `name` if it is one of the names, or say what it may have been."""
    if name in names:
        return name
    near = difflib.get_close_matches(name, list(names), 1)
    hint = f", did you mean {near[0]!r}?" if near else f": choose from {', '.join(names)}"
    raise argparse.ArgumentTypeError(f"there is no {kind} {name!r}{hint}")


# -- the work -------------------------------------------------------------------------------------------------------------


def _explain(options):
    """Load, explain, draw, write; return the exit code."""
    from ._quiet import import_tensorflow
    from .images import load_image
    from .zoo import load_classifier

    photo, out = _files(options)
    load_image(photo)  # whatever is wrong with it is said before a network is loaded
    names = list(dict.fromkeys(options.method or ["grad_cam"]))
    import_tensorflow()
    with _shown_on_stderr():
        settings = _settings(options.set, names)
        classifier = load_classifier(options.classifier)
        image = load_image(photo, classifier.input_shape[0])
        target = _target(classifier, options.target)
    print(f"{photo}: {', '.join(f'{name} {p:.2f}' for name, p in classifier.predict(image, top=3))}", flush=True)
    found, code = _run(names, settings, classifier, image, target)
    if found:
        _write(out, image, found, options.classifier, photo.name)
        print(f"{out}: {', '.join(result.method for result in found)}")
    return code


def _files(options):
    """Return (photo, where the picture goes), or end with one line about what is missing."""
    if options.photo is None:
        _parser().error("no photo was given: name an image file")
    out = options.out or Path(f"{options.photo.stem}-explained.png")
    if out.suffix.lower() != ".png":
        _parser().error(f"--out is {str(out)!r}: give a name that ends in .png")
    if out.resolve() == options.photo.resolve():
        _parser().error(f"--out is {str(out)!r}, the photo itself: give another name")
    if not out.resolve().parent.is_dir():
        raise FileNotFoundError(f"There is no folder {out.parent}: make it first, or choose another with --out.")
    return options.photo, out


def _run(names, settings, classifier, image, target):
    """Return (results, exit code): those of the techniques that worked, in order; an interruption keeps what there is."""
    found, code, pressed = [], FINE, []

    def interrupt(*_):
        pressed.append(True)  # a technique may take the interruption as "enough", and give what it has
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        for name in names:
            try:
                found.append(_result(name, classifier, image, target, settings[name]))
            except Exception as error:
                _complain(f"{name}: {_sentence(error)}")
                code = FAILED
            if pressed:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        _complain(f"interrupted: {len(found)} of {len(names)} techniques are drawn")
        code = INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, before)
    return found, code


def _result(name, classifier, image, target, settings):
    """Return what one technique gives; say what it cost, and why it should not be trusted where it says so itself."""
    from ._quiet import without_warnings

    method = METHODS[name]
    progress = {"progress": sys.stderr.isatty()} if "progress" in inspect.signature(method.function).parameters else {}
    if not method.takes_image and target is None and not {"layer", "channel"} & settings.keys():
        target = classifier.class_index(None, image)
    given = (image, target) if method.takes_image else (target,)
    with without_warnings(), _shown_on_stderr():  # they stand in the result, and are said below, in one line each
        result = method.function(classifier, *given, **progress, **settings)
    print(f"{name}: {result.class_name}; {result.cost}", flush=True)
    for sentence in result.diagnostics:
        print(f"{name}: {sentence}", file=sys.stderr)
    return result


def _shown_on_stderr():
    """Send to stderr what is printed on the way, so that stdout holds the results only."""
    return contextlib.redirect_stdout(sys.stderr)


def _write(out, image, found, classifier, photo):
    """Write the picture, with how it was made inside."""
    import matplotlib

    matplotlib.use("agg")  # nothing is shown on a screen
    from .plots import side_by_side
    from .saving import save_png

    titles = ["photo", *(f"{result.method}: {result.class_name}" for result in found)]
    save_png(out, found, classifier, photo, picture=side_by_side([image, *found], titles, size=4.5))


# -- what was asked for -----------------------------------------------------------------------------------------------------


def _target(classifier, text):
    """Return the class index for a name or a number; None for the predicted class."""
    if text is None:
        return None
    return classifier.class_index(int(text) if text.isdecimal() else text)


def _settings(given, names):
    """Return {technique: {setting: value}} for "rise.n_masks=500" and "seed=1"; end with one line for what fits nowhere."""
    chosen = {name: {} for name in names}
    known = {name: _defaults(METHODS[name].function) for name in names}
    for text in given:
        key, equals, value = text.partition("=")
        name, dot, setting = key.strip().rpartition(".")
        if not equals or not setting:
            _parser().error(f"--set got {text!r}: write technique.setting=value, as in rise.n_masks=500")
        name = name.replace("-", "_")
        if dot and name not in names:
            _parser().error(f"--set got {text!r}, but {name} is not among the techniques asked for: add --method {name}")
        takers = [each for each in ([name] if dot else names) if setting in known[each]]
        if not takers:
            there = "; ".join(f"{each} has {', '.join(known[each])}" for each in ([name] if dot else names))
            _parser().error(f"--set got {text!r}, and there is no setting {setting!r}: {there}")
        for each in takers:
            chosen[each][setting] = _value(key, value.strip(), known[each][setting])
    return chosen


def _defaults(function):
    """Return {setting: default} of a technique."""
    parameters = inspect.signature(function).parameters
    return {name: each.default for name, each in parameters.items() if name not in _HEAD and each.kind is not each.VAR_KEYWORD}


def _value(key, text, default):
    """Return what a text stands for: yes or no where the default is one, a number where it is one, else a name."""
    words = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
    if isinstance(default, bool):
        if text.lower() not in words:
            _parser().error(f"--set got {key}={text}: expected true or false")
        return words[text.lower()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text  # a name; the technique says what it may be
    # 1000.0 and 1e3 are whole numbers to those who type them.
    return int(value) if isinstance(default, int) and isinstance(value, float) and value.is_integer() else value


def _list():
    """Print the classifiers, and the techniques with their settings."""
    width = min(shutil.get_terminal_size().columns, 120)
    print("classifiers")
    for name, line in classifier_names().items():
        print(f"  {name:20} {line}{' (the default)' if name == DEFAULT_CLASSIFIER else ''}")
    print("\ntechniques, and their settings for --set TECHNIQUE.SETTING=VALUE")
    from ._quiet import import_tensorflow

    import_tensorflow()  # most techniques need it to say what they are
    for name, method in METHODS.items():
        line = (inspect.getdoc(method.function) or "").partition("\n")[0]
        settings = ", ".join(f"{setting}={default!r}" for setting, default in _defaults(method.function).items())
        print(f"  {name} ({method.family})")
        print(textwrap.fill(line.removeprefix("Return "), width, initial_indent="      ", subsequent_indent="      "))
        print(textwrap.fill(settings, width, initial_indent="      ", subsequent_indent="      ", break_on_hyphens=False))
    return FINE


def _sentence(error):
    """Return an error in one line; one that nobody foresaw with its kind."""
    text = " ".join(str(error).split())
    ours = isinstance(error, (ValueError, TypeError, OSError, ImportError))
    return text if ours and text else f"{type(error).__name__}: {text}"


def _complain(line):
    print(f"xaihelpers: {line}", file=sys.stderr, flush=True)
