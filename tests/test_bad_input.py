"""Anything may be given to a public function: what comes back is a result, or one sentence of ours, and never a hang.

One or two arguments of a call that works are replaced by something random; of whatever is raised, the last line that ran
must be a `raise` of this package. The examples are the same in every run.
"""

import inspect
import io
import linecache
import signal
import sys
import warnings
from contextlib import contextmanager
from pathlib import Path

import networks
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

import xaihelpers as xh
from xaihelpers._quiet import without_warnings
from xaihelpers.classifier import Stopped
from xaihelpers.saving import read_png, record, save_png

PACKAGE = str(Path(xh.__file__).parent)
ENOUGH = 400  # images asked: whoever wants more is at work, and is stopped
HANGS = 60  # seconds
same_every_time = settings(
    derandomize=True, database=None, deadline=None, max_examples=40, suppress_health_check=list(HealthCheck), print_blob=False
)


def given_back(*arguments, **named):
    """A function that does not do what anybody expects of it."""
    return arguments[0] if arguments else None


numbers = st.one_of(
    st.integers(-3, 12), st.floats(-3, 300), st.sampled_from([2**31, 2**63, -(2**40), 10**6, np.nan, np.inf, -np.inf, 1e300])
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    numbers,
    numbers.map(np.float32),
    st.integers(0, 9).map(np.int64),
    st.just(2 + 1j),
    st.text(max_size=5),
    st.binary(max_size=8),
    st.sampled_from(["mean", "blur", "black", "grid", "slic", "maps", "pool", "class 1", "scores", "rise", "logit", ""]),
)
arrays = hnp.arrays(
    st.sampled_from([np.uint8, np.float32, np.float64, np.int64, bool, complex, object, "U3", "datetime64[s]"]),
    st.one_of(
        st.sampled_from([(8, 8, 3), (8, 8), (1, 8, 8, 3), (8, 8, 4), (3, 8, 8), (0, 8, 3), (32, 32, 3), (2, 32, 32, 3)]),
        hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9),
    ),
)
junk = st.one_of(
    scalars,
    st.lists(scalars, max_size=4),
    st.tuples(numbers, numbers, numbers),
    st.dictionaries(st.one_of(st.integers(0, 3), st.text(max_size=3)), scalars, max_size=2),
    arrays,
    st.sampled_from([object(), given_back, Path("nowhere.png"), np.zeros(3), {}, [], (), set(), range(3), type]),
)


@contextmanager
def no_hang():
    """Fail where a call takes longer than any of these should."""

    def enough(*_):
        raise AssertionError(f"it takes longer than {HANGS} seconds")

    if sys.platform == "win32":
        yield
        return
    before = signal.signal(signal.SIGALRM, enough)
    signal.alarm(HANGS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def is_ours(error):
    """Whether an error was raised by a `raise` of this package, in one line of text."""
    if not isinstance(error, (ValueError, TypeError, FileNotFoundError, NotADirectoryError)):
        return False
    frames = error.__traceback__
    while frames.tb_next:
        frames = frames.tb_next
    file, line = frames.tb_frame.f_code.co_filename, frames.tb_lineno
    text = str(error)
    return file.startswith(PACKAGE) and linecache.getline(file, line).strip().startswith("raise") and 10 < len(text) < 700


@contextmanager
def watched(classifier):
    """Stop whoever asks a great many questions."""

    def listen(passes, expected):
        if passes > ENOUGH:
            raise Stopped

    with classifier.watch(listen):
        yield


def try_it(data, function, arguments, classifier):
    """Call a function with one or two of its arguments replaced; fail for an error that is not ours."""
    names = data.draw(st.lists(st.sampled_from(sorted(arguments)), min_size=1, max_size=2, unique=True), label="replaced")
    call = arguments | {name: data.draw(junk, label=name) for name in names}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with no_hang(), without_warnings(), watched(classifier):
            try:
                function(**call)
            except Stopped:
                pass
            except Exception as error:
                if not is_ours(error):
                    raise


# -- the techniques -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def classifier():
    return xh.Classifier(networks.gap_network(), class_names=["one", "two", "three"])


IMAGE = networks.image()
LARGER = networks.image(size=32)  # the smallest that deep dream takes
FEW = {
    "n_samples": 10,
    "n_segments": 4,
    "n_masks": 10,
    "grid": 2,
    "steps": 2,
    "octaves": 1,
    "segments": "grid",
    "size": 8,
    "max_questions": 200,
    "round_size": 10,
}


@pytest.mark.parametrize("name", list(xh.METHODS))
@same_every_time
@given(data=st.data())
def test_a_technique(name, classifier, data):
    method = xh.METHODS[name]
    parameters = {k: p.default for k, p in inspect.signature(method.function).parameters.items()} | {"classifier": classifier}
    if method.takes_image:
        parameters["image"] = LARGER if name == "deep_dream" else IMAGE
    else:
        parameters["target"] = "one"
    try_it(data, method.function, parameters | {k: v for k, v in FEW.items() if k in parameters}, classifier)


# -- everything else ----------------------------------------------------------------------------------------------------------

MAP, MASK = np.linspace(-1, 1, 64).reshape(8, 8), np.eye(8, dtype=bool)


def others(classifier, folder):
    """{name: (function, arguments that work)} of the other public functions."""
    found = xh.saliency(classifier, IMAGE, 0)
    buffer = io.BytesIO()
    Image.fromarray(IMAGE).save(buffer, format="PNG")
    for label in "ab":
        (folder / "classes" / label).mkdir(parents=True, exist_ok=True)
        Image.fromarray(LARGER).save(folder / "classes" / label / "1.png")
    save_png(folder / "a.png", found)
    again = {"classifier": classifier, "method": "saliency", "image": IMAGE, "target": 0, "seed": 0, "progress": False}
    curve = {
        "classifier": classifier,
        "attribution": found,
        "image": None,
        "target": None,
        "steps": 2,
        "baseline": "mean",
        "of": "probability",
        "seed": 0,
        "batch_size": 4,
    }
    pair, inside = {"a": MAP, "b": -MAP}, {"heatmap": MAP, "mask": MASK}
    return {
        "Classifier": (
            xh.Classifier,
            {"model": classifier.model, "class_names": ["a", "b", "c"], "preprocess": None, "input_shape": (8, 8, 3)},
        ),
        "probabilities": (classifier.probabilities, {"images": IMAGE, "batch_size": 2}),
        "logits": (classifier.logits, {"images": IMAGE, "batch_size": 2}),
        "class_index": (classifier.class_index, {"target": 1, "image": None}),
        "gradients": (classifier.gradients, {"images": IMAGE, "target": 1, "layer": "maps", "of": "logit"}),
        "load_image": (xh.load_image, {"path_or_bytes": buffer.getvalue(), "size": 8}),
        "sample_photo": (xh.sample_photo, {"name": "coffee", "size": 8}),
        "photo_credit": (xh.photo_credit, {"name": "coffee"}),
        "load_classifier": (xh.load_classifier, {"name": "rashnet"}),
        "stored": (xh.stored, {"name": "class_pictures.json"}),
        "images_from_folder": (xh.images_from_folder, {"path": folder / "classes", "size": 16, "progress": False}),
        "channel_account": (xh.channel_account, {"classifier": classifier, "image": IMAGE, "target": 1, "layer": None, "top": 2}),
        "silence": (xh.silence, {"classifier": classifier, "image": IMAGE, "channels": [0], "layer": "maps", "batch_size": 2}),
        "pointing_game": (xh.metrics.pointing_game, inside | {"tolerance": 0}),
        "mass_inside": (xh.metrics.mass_inside, inside),
        "rank_inside": (xh.metrics.rank_inside, inside),
        "deletion": (xh.metrics.deletion, curve),
        "insertion": (xh.metrics.insertion, curve),
        "sparseness": (xh.metrics.sparseness, {"heatmap": MAP}),
        "rank_correlation": (xh.metrics.rank_correlation, pair | {"absolute": False}),
        "agreement": (xh.metrics.agreement, pair | {"top": 0.1}),
        "agreement_matrix": (xh.metrics.agreement_matrix, {"maps": [MAP, -MAP], "measure": xh.metrics.agreement}),
        "stability": (xh.metrics.stability, again | {"noise": 5.0, "repeats": 1, "absolute": False}),
        "model_randomisation": (xh.metrics.model_randomisation, again | {"stages": 1, "absolute": False}),
        "compare": (
            xh.compare,
            {
                "classifier": classifier,
                "images": [IMAGE],
                "masks": [MASK],
                "methods": ["saliency"],
                "metrics": ["sparseness"],
                "targets": 0,
                "file": None,
                "progress": False,
            },
        ),
        "overlay": (xh.overlay, {"attribution": MAP, "image": IMAGE, "alpha": 0.5, "limit": None, "signed": None}),
        "show": (xh.show, {"result": found, "alpha": 0.5}),
        "side_by_side": (
            xh.side_by_side,
            {"items": [IMAGE, MAP], "titles": ["a", "b"], "columns": 2, "size": 0.5, "shared_scale": False, "colour_bar": False},
        ),
        "animate": (xh.animate, {"frames": [IMAGE, IMAGE], "alt": "two", "seconds": 1.0, "scale": 1, "times": 1}),
        "make_rashes": (
            xh.rashes.make_rashes,
            {
                "n": 1,
                "seed": 0,
                "class_weights": None,
                "artefact": "sticker",
                "artefact_class": "measles",
                "artefact_probability": 0.5,
                "progress": False,
            },
        ),
        "repaint": (xh.rashes.repaint, {"data": xh.rashes.load_test_split()[:1], "where": "outside", "seed": 0}),
        "record": (record, {"results": found, "classifier": "a", "image": "b"}),
        "read_png": (read_png, {"path_or_bytes": folder / "a.png"}),
    }


OTHERS = [
    "Classifier",
    "probabilities",
    "logits",
    "class_index",
    "gradients",
    "load_image",
    "sample_photo",
    "photo_credit",
    "load_classifier",
    "stored",
    "images_from_folder",
    "channel_account",
    "silence",
    "pointing_game",
    "mass_inside",
    "rank_inside",
    "deletion",
    "insertion",
    "sparseness",
    "rank_correlation",
    "agreement",
    "agreement_matrix",
    "stability",
    "model_randomisation",
    "compare",
    "overlay",
    "show",
    "side_by_side",
    "animate",
    "make_rashes",
    "repaint",
    "record",
    "read_png",
]
SLOW = {"compare": 20, "model_randomisation": 20, "make_rashes": 20, "side_by_side": 20, "show": 20}  # fewer examples for these


@pytest.fixture(scope="module")
def functions(classifier, tmp_path_factory):
    return others(classifier, tmp_path_factory.mktemp("files"))


def test_every_one_is_tried(functions):
    assert sorted(functions) == sorted(OTHERS)
    for function, arguments in functions.values():
        function(**arguments)


@pytest.mark.parametrize("name", OTHERS)
def test_another_function(name, functions, classifier, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a random path is a file here

    @settings(same_every_time, max_examples=SLOW.get(name, 60))
    @given(data=st.data())
    def any_arguments(data):
        function, arguments = functions[name]
        if name == "make_rashes":
            arguments = {k: v for k, v in arguments.items() if k != "n"}  # a million images is no mistake
            try_it(data, lambda **rest: function(1, **rest), arguments, classifier)
        else:
            try_it(data, function, arguments, classifier)

    any_arguments()


@pytest.mark.parametrize("n", [None, -1, 0, 1.5, np.nan, "ten", True, [3], np.zeros(3), 2**70])
def test_a_number_of_rashes_that_is_none(n):
    with pytest.raises(ValueError, match="expected a whole number") as caught:
        xh.rashes.make_rashes(n)
    assert is_ours(caught.value)


@settings(same_every_time, max_examples=100)
@given(data=st.data())
def test_a_damaged_image_file(data):
    """Whole files of four kinds, with some bytes changed, or cut off somewhere."""
    kind = data.draw(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"]))
    buffer = io.BytesIO()
    Image.fromarray(LARGER).save(buffer, format=kind)
    file = bytearray(buffer.getvalue())
    for place, value in data.draw(st.lists(st.tuples(st.integers(0, len(file) - 1), st.integers(0, 255)), max_size=6)):
        file[place] = value
    file = file[: data.draw(st.integers(0, len(file)))]
    with warnings.catch_warnings(), no_hang():
        warnings.simplefilter("ignore")
        try:
            found = xh.load_image(bytes(file), 8)
        except Exception as error:
            if not is_ours(error):
                raise
        else:
            assert found.shape == (8, 8, 3) and found.dtype == np.uint8
