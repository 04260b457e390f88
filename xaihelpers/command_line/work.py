"""Load, explain, draw, write."""

import inspect
import signal
import sys
from pathlib import Path

from ..methods import METHODS
from ..zoo import knows_only
from .messages import FAILED, FINE, INTERRUPTED, complain, sentence, shown_on_stderr
from .values import DEFAULT_CLASSIFIER

_IMAGES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".jp2"}
_ANY_SIZE = 224  # pixels an edge, for networks that take any size


def describe(options):
    """Print what is known of a network; return the exit code."""
    name, classifier = _load(options)
    description = getattr(classifier, "describe", None)
    print(name)
    print(description() if description else f"{classifier.n_classes} classes: {', '.join(classifier.class_names)}")
    return explain(options, name, classifier) if options.photos else FINE


def explain(options, name=None, classifier=None):
    """Explain every photo; return the exit code: that of the worst."""
    photos = _photos(options.photos)
    places = _places(photos, options.out)
    if len(photos) == 1:  # whatever is wrong with it is said before a network is loaded
        _read(photos[0], None, options)
    if classifier is None:
        name, classifier = _load(options)
    if limit := knows_only(name):
        print(f"{name} {limit}", flush=True)
    worst = FINE
    for photo, place in zip(photos, places):
        try:
            code = _explain_one(photo, place, name, classifier, options)
        except (ValueError, TypeError, OSError) as error:
            complain(sentence(error))
            code = FAILED
        worst = max(worst, code)
        if code == INTERRUPTED:
            break
    return worst


def _explain_one(photo, place, name, classifier, options):
    """Explain one photo, and write its picture; return the exit code."""
    image = _read(photo, classifier, options)
    with shown_on_stderr():
        target = _target(classifier, options.target)
    print(f"{photo}: {', '.join(f'{each} {p:.2f}' for each, p in classifier.predict(image, top=3))}", flush=True)
    found, code = _run(options.methods, options.settings, classifier, image, target)
    if found:
        _write(place, image, found, name, photo.name)
        print(f"{place}: {', '.join(result.method for result in found)}", flush=True)
    return code


# -- what is there ------------------------------------------------------------------------------------------------------------


def _load(options):
    """Return (name, Classifier): one of the course's, or a model of one's own."""
    from .._quiet import import_tensorflow
    from ..zoo import load_classifier

    import_tensorflow()
    with shown_on_stderr():
        if options.model is None:
            name = options.classifier or DEFAULT_CLASSIFIER
            return name, load_classifier(name)
        return options.model.name, load_classifier(options.model, class_names=options.names, values=options.range)


def _photos(given):
    """Return the image files: those that were named, and those in the folders that were named."""
    photos = []
    for path in given:
        if not path.is_dir():
            photos.append(path)
            continue
        inside = sorted(each for each in path.iterdir() if each.is_file() and each.suffix.lower() in _IMAGES)
        inside = [each for each in inside if not each.name.startswith(".")]
        if not inside:
            raise FileNotFoundError(f"There is no image in the folder {path}: name one that has JPEG, PNG or other image files.")
        photos += inside
    return list(dict.fromkeys(photos))


def _places(photos, out):
    """Return where each picture goes; the folder is made where it is missing and several go there."""
    if out is not None and len(photos) == 1 and out.suffix.lower() == ".png":
        if not out.resolve().parent.is_dir():
            raise FileNotFoundError(f"There is no folder {out.parent}: make it first, or choose another with --out.")
        return [out]
    folder = Path() if out is None else out
    if not folder.resolve().parent.is_dir():
        raise FileNotFoundError(f"There is no folder {folder.parent}: make it first, or choose another with --out.")
    folder.mkdir(exist_ok=True)
    places = []
    for photo in photos:
        names = [f"{photo.stem}-explained.png", *(f"{photo.stem}-{n}-explained.png" for n in range(2, len(photos) + 2))]
        places.append(next(folder / name for name in names if folder / name not in places))
    return places


def _read(photo, classifier, options):
    """Return a photo in the shape that the classifier takes; None for a look at the file only."""
    from ..images import load_image

    if classifier is None:
        return load_image(photo, value_range=options.value_range)
    *edges, channels = classifier.input_shape
    size = tuple(edge or _ANY_SIZE for edge in edges)
    return load_image(photo, size, channels=channels, value_range=options.value_range)


def _target(classifier, text):
    """Return the class index for a name or a number; None for the predicted class."""
    if text is None:
        return None
    return classifier.class_index(int(text) if text.isdecimal() else text)


# -- the techniques ---------------------------------------------------------------------------------------------------------


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
                complain(f"{name}: {sentence(error)}")
                code = FAILED
            if pressed:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        complain(f"interrupted: {len(found)} of {len(names)} techniques are drawn")
        code = INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, before)
    return found, code


def _result(name, classifier, image, target, settings):
    """Return what one technique gives; say what it cost, and why it should not be trusted where it says so itself."""
    from .._quiet import without_warnings

    method = METHODS[name]
    progress = {"progress": sys.stderr.isatty()} if "progress" in inspect.signature(method.function).parameters else {}
    if not method.takes_image and target is None and not {"layer", "channel"} & settings.keys():
        target = classifier.class_index(None, image)
    given = (image, target) if method.takes_image else (target,)
    with without_warnings(), shown_on_stderr():  # they stand in the result, and are said below, in one line each
        result = method.function(classifier, *given, **progress, **settings)
    print(f"{name}: {result.class_name}; {result.cost}", flush=True)
    for line in result.diagnostics:
        print(f"{name}: {line}", file=sys.stderr)
    return result


def _write(out, image, found, classifier, photo):
    """Write the picture, with how it was made inside."""
    import matplotlib

    matplotlib.use("agg")  # nothing is shown on a screen
    from ..plots import side_by_side
    from ..saving import save_png

    titles = ["photo", *(f"{result.title}: {result.class_name}" for result in found)]
    save_png(out, found, classifier, photo, picture=side_by_side([image, *found], titles, size=4.5))
