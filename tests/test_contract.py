"""What every technique of the registry promises, tried on every classifier of the course. A new technique is covered by
its line in the registry: nothing here knows one by name."""

import inspect
import itertools
import sys
import types
import warnings
from importlib.machinery import ModuleSpec

import networks
import numpy as np
import pytest
from PIL import Image

import xaihelpers as xh
from xaihelpers import methods
from xaihelpers._quiet import without_warnings
from xaihelpers.methods.shared.contract import Finding, Slider, technique

TECHNIQUES = list(xh.METHODS)
# Keras downloads ImageNet's Xception, which not everybody can; the others are here, or are fetched once.
CLASSIFIERS = [name for name in xh.classifier_names() if name != "xception"]
QUICK = ["rashnet", "rashnet-biased"]
slow = pytest.mark.slow


@pytest.fixture(scope="module")
def classifier():
    """A function that loads a classifier of the course, once; or makes one of one's own."""
    loaded = {}

    def load(name):
        if name not in loaded:
            try:
                loaded[name] = OWN[name]() if name in OWN else xh.load_classifier(name)
            except ConnectionError as error:
                pytest.skip(str(error))
        return loaded[name]

    yield load
    loaded.clear()


def colours(images):
    """A black box without gradients: two classes, by how red an image is. It counts what it is asked."""
    colours.asked += len(images)
    red = images[..., 0].mean(axis=(1, 2)) / 255 * images[:, ::2, ::3, 1].mean(axis=(1, 2)) / 255
    return np.stack([red, 1 - red], axis=1)


colours.asked = 0
OWN = {
    "own functional": lambda: xh.Classifier(networks.gap_network(size=48)),
    "own nested": lambda: xh.Classifier(networks.nested_network(size=48)),
    "own sequential": lambda: xh.Classifier(networks.sequential_network(size=48)),
    "own function": lambda: xh.Classifier(colours, class_names=["red", "other"], input_shape=(48, 48, 3)),
}


@pytest.fixture(scope="module")
def picture():
    """A function that gives a picture, "photo" or "rash", at the size that a classifier takes."""
    rash = xh.rashes.load_test_split().images[90]

    def make(which, classifier):
        edge = classifier.input_shape[0]
        if which == "photo":
            return xh.sample_photo("coffee", edge)
        return np.asarray(Image.fromarray(rash).resize((edge, edge), Image.Resampling.BICUBIC))

    return make


def cheapest(method):
    """The cheapest parameters, by the technique's own sliders: the low end of a number, the largest of some sizes."""
    chosen = {}
    for name, slider in method.sliders.items():
        if slider.low is not None:
            chosen[name] = slider.low
        elif sizes(slider):
            chosen[name] = max
    return chosen


def sizes(slider):
    """Whether a choice depends on the classifier and is one of numbers, as are patches and strides: few are cheap."""
    return callable(slider.options) and all(isinstance(option, int) for option in slider.options(xh.load_classifier("rashnet")))


def run(method, classifier, image, target=None, **parameters):
    """Call a technique; those that draw from noise are given the class that the image is taken for."""
    settings = cheapest(method) | parameters
    settings = {k: max(method.sliders[k].options(classifier)) if v is max else v for k, v in settings.items()}
    with without_warnings():
        if method.takes_image:
            return method.function(classifier, image, target, **settings)
        settings.setdefault("target", classifier.class_index(None, image) if target is None else target)
        return method.function(classifier, **settings)


def again(method, result, classifier, image):
    """Call a technique with what its result says of itself."""
    parameters = {**result.parameters, "target": result.target}
    with without_warnings():
        given = (result.image,) if isinstance(result, xh.Attribution) else (image,) if method.takes_image else ()
        return method.function(classifier, *given, **parameters)


def check(method, result, image):
    """Everything that holds for any result."""
    cost = result.cost
    assert cost.forward_passes >= 1 and cost.seconds > 0
    assert (cost.backward_passes >= 1) == method.needs_gradients
    assert result.method == method.name and result.class_name
    assert all(isinstance(sentence, str) and sentence.endswith(".") for sentence in result.diagnostics)
    # What shows a bar, and what only chooses the other parameters, does not make the map.
    apart = ("classifier", "image", "target", "progress", "seconds", "questions")
    named = [p for p in inspect.signature(method.function).parameters if p not in apart]
    assert list(result.parameters) == named
    if isinstance(result, xh.Attribution):
        assert result.heatmap.shape == image.shape[:2] and result.heatmap.dtype == np.float32
        assert np.isfinite(result.heatmap).all() and np.array_equal(result.image, image)
        return
    shape = image.shape
    assert result.image.shape == shape and result.image.dtype == np.uint8
    assert result.activation.dtype == np.float32 and np.isfinite(result.activation).all() and len(result.activation) >= 1
    assert all(frame.shape == shape and frame.dtype == np.uint8 for frame in result.frames)


def same(a, b):
    """Whether two results are the same, to the last bit."""
    if isinstance(a, xh.Attribution):
        return np.array_equal(a.heatmap, b.heatmap)
    return np.array_equal(a.image, b.image) and np.array_equal(a.activation, b.activation)


def applies(method, classifier):
    return method.takes(classifier)


CASES = [
    pytest.param(name, network, which, marks=[] if network in QUICK else slow)
    for network, which, name in itertools.product(CLASSIFIERS, ("photo", "rash"), TECHNIQUES)
]


@pytest.mark.parametrize(("name", "network", "which"), CASES)
def test_a_technique_keeps_its_promises(name, network, which, classifier, picture):
    method, network = xh.METHODS[name], classifier(network)
    image = picture(which, network)
    result = run(method, network, image)
    check(method, result, image)
    if which == "rash" or network.input_shape[0] <= 128:
        second = again(method, result, network, image)
        assert same(result, second) and second.parameters == result.parameters
        assert (second.target, second.diagnostics) == (result.target, result.diagnostics)


@pytest.mark.parametrize(("name", "network"), list(itertools.product(TECHNIQUES, OWN)))
def test_a_model_of_ones_own(name, network, classifier, picture):
    method, network = xh.METHODS[name], classifier(network)
    image = picture("photo", network)
    if not applies(method, network):
        with pytest.raises(TypeError, match="needs (gradients|layers), and a plain function has none"):
            run(method, network, image, 0)
        return
    colours.asked = 0
    result = run(method, network, image)
    check(method, result, image)
    if not network.has_gradients:
        assert result.cost.forward_passes == colours.asked, "every question is counted, and no other"
    assert same(result, again(method, result, network, image))


def ends(name):
    """The ends of every slider of a technique that `cheapest` does not already visit."""
    for key, slider in xh.METHODS[name].sliders.items():
        if slider.low is not None:
            yield key, slider.high
        else:
            yield from ((key, end) for end in ("first", "last"))


SLIDERS = [(name, key, end) for name in TECHNIQUES for key, end in ends(name)]


@pytest.mark.parametrize(("name", "key", "end"), SLIDERS)
def test_both_ends_of_every_slider(name, key, end, classifier, picture):
    method, network = xh.METHODS[name], classifier("rashnet")
    options = method.sliders[key].options
    if options is not None:
        options = list(options(network) if callable(options) else options)
        end = options[0 if end == "first" else -1]
    image = picture("rash", network)
    result = run(method, network, image, **{key: end})
    check(method, result, image)
    assert result.parameters.get(key, end) == end


@pytest.mark.parametrize("name", TECHNIQUES)
def test_what_a_slider_and_a_lesson_say(name, repository):
    method = xh.METHODS[name]
    parameters = inspect.signature(method.function).parameters
    assert set(method.sliders) <= set(parameters)
    for slider in method.sliders.values():
        assert (slider.low is None) != (slider.options is None), "a slider has two ends, or choices"
        if slider.low is not None:
            assert slider.low < slider.high and (slider.default is None or slider.low <= slider.default <= slider.high)
    assert method.name == name and method.family in ("gradient", "CAM", "perturbation", "feature visualization")
    assert parameters["seed"].default == 0 and parameters["progress"].default is False and "batch_size" in parameters
    assert (repository / "notebooks" / method.lesson).is_file()


# -- one line in the registry is enough -----------------------------------------------------------------------------------


@technique(family="perturbation", needs_gradients=False, sliders={"power": Slider(1.0, 3.0, 0.5)})
def brightness(classifier, image, target=None, *, power=1.0, seed=0, batch_size=32, progress=False):
    """Return how bright every pixel is, (H, W): no explanation at all, but it has the head of one."""
    p = classifier.probabilities(image, batch_size)[0]
    return Finding((image.mean(axis=-1) / 255) ** power, int(p.argmax()) if target is None else target)


@pytest.fixture
def with_brightness(monkeypatch):
    """The registry with one more line, and its module."""
    module = types.ModuleType("xaihelpers.methods.brightness")
    module.brightness = brightness
    module.__spec__ = ModuleSpec(module.__name__, None, origin=__file__)  # the command line reads its text
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(methods._TABLE, "brightness", ("brightness", "01_grad_cam.ipynb"))


def test_a_new_technique_is_compared(with_brightness, classifier, picture):
    network = classifier("own function")
    table = xh.compare(
        network,
        [picture("photo", network)],
        None,
        metrics=["sparseness"],
        progress=False,
        methods={name: {} for name in xh.METHODS if name == "brightness"},
    )
    assert list(table.method) == ["brightness"] and table.value.notna().all()
    from xaihelpers.comparison.plan import make_plan

    plan = make_plan(network, {0: picture("photo", network)}, None, None, None, None)
    assert "brightness" in plan.methods, "also among those that are compared where none is named"


def test_a_new_technique_is_on_the_command_line(with_brightness, tmp_path, monkeypatch, capsys):
    from xaihelpers.command_line import main
    from xaihelpers.saving import read_png

    monkeypatch.chdir(tmp_path)
    Image.fromarray(xh.sample_photo("coffee", 128)).save("photo.png")
    assert main(["--help"]) == 0 and "brightness" in capsys.readouterr().out
    assert main(["--list"]) == 0 and "  brightness\n" in capsys.readouterr().out
    assert main(["photo.png", "-c", "rashnet", "-m", "brightness", "-s", "power=2.5", "-o", "a.png"]) == 0
    (kept,) = read_png("a.png")["results"]
    assert kept["method"] == "brightness" and kept["parameters"]["power"] == 2.5


def test_a_new_technique_has_a_name_and_sliders(with_brightness, classifier, picture):
    network = classifier("own function")
    assert xh.brightness is brightness and "brightness" in dir(xh)
    widget = xh.explore("brightness", network, picture("photo", network))
    before = widget.picture.value
    widget.controls["power"].value = 3.0
    assert widget.picture.value != before and widget.result.parameters["power"] == 3.0


def test_a_new_technique_is_in_the_playground(with_brightness, classifier, picture):
    network = classifier("own function")
    playground = xh.playground({"red or not": network}, {"coffee": picture("photo", network)})
    playground.wait(60)
    slot = playground.slots[0]
    slot.choice.value = "brightness"
    assert slot.chosen() == ("brightness", {"power": 1.0}) and set(slot.controls) == {"power"}


def test_a_new_technique_is_tried_here(with_brightness, classifier, picture):
    assert list(ends("brightness")) == [("power", 3.0)] and cheapest(xh.METHODS["brightness"]) == {"power": 1.0}
    network = classifier("own function")
    image = picture("rash", network)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check(xh.METHODS["brightness"], run(xh.METHODS["brightness"], network, image), image)
