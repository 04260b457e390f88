"""Advice of the sliders and the playground is followed: what stands beside a field is done there, and then it is gone."""

import html
import re
from pathlib import Path

import networks
import numpy as np
import pytest
from test_advice import is_right
from test_playground import choose, explain, upload

import xaihelpers as xh
from xaihelpers.widgets.playground import models, sources

IMAGE = networks.image()
NAMES = [f"{color} {kind}" for color in ("red", "blue") for kind in range(30)]


def tiny(**options):
    return xh.Classifier(networks.gap_network(), class_names=["a", "b", "c"], **options)


@pytest.fixture(scope="module")
def playground():
    many = xh.Classifier(lambda x: np.full((len(x), 60), 1 / 60), class_names=NAMES, input_shape=(8, 8, 3))
    made = xh.playground(classifiers={"tiny": tiny(), "many": many}, images={"noise": IMAGE})
    made.wait(60)
    choose(made)
    return made


@pytest.fixture
def pg(playground):
    """A playground whose form is empty, and which shows the network with three classes."""
    form = playground.classifiers
    form.path.value, form.upload.value, form.names.value, form.values.value = "", (), "", models.FIND_OUT
    form.choice.value = "tiny"
    form.say()
    playground.wait(60)
    return playground


@pytest.fixture
def file(tmp_path):
    """A function of a name: the path of a model file that there is."""

    def saved(name="mine.keras"):
        networks.gap_network(seed=5).save(tmp_path / name)
        return tmp_path / name

    return saved


def said(pg):
    """What the form, the search and the playground say is wrong."""
    return html.unescape(re.sub("<.*?>", "", pg.classifiers.error.value + pg.classes.error.value + pg.message.value)).strip()


def fill(pg, path="", name="", names="", load=False):
    """Fill some fields of the form, as somebody does; what was filled before stays."""
    form = pg.classifiers
    if names:
        form.names.value = names
    if name:
        name = Path(name)
        form.upload.value = upload(name.name, name.read_bytes() if name.exists() else b"x")
    if path:
        form.path.value = str(path)
    if load:
        form.load.click()
        pg.wait(60)


def loaded(pg, name="mine.keras", classes=("class 0", "class 1", "class 2")):
    """Whether the model of that name is loaded and asked, and nothing is wrong any more."""
    kept = pg.classifiers.own.get(f"own: {name}")
    right = kept is not None and np.allclose(kept.probabilities(IMAGE), networks.gap_network(seed=5)(IMAGE[None]), atol=1e-6)
    return bool(right and list(kept.class_names) == list(classes) and "error" not in pg.message.value and not pg.run.disabled)


def search(pg, words):
    pg.classifiers.choice.value = "many"
    pg.wait(60)
    pg.classes.search.value = words


# {name: (what is wrong, what is said beside it, whether what it says to do is right)}
CASES = {
    "no model": (
        lambda pg, file: fill(pg, load=True),
        "There is no model to load yet: upload a .keras or .h5 file, or give its path",
        lambda pg, file, m: [
            fill(pg, load=True, **{field: file(name)}) or loaded(pg, name)
            for name in ("mine.keras", "mine.h5") for field in ("name", "path")
        ] == [True] * 4,
    ),
    "an upload that is no model": (
        lambda pg, file: fill(pg, name="photo.jpg"),
        "photo.jpg is no model file: give one that ends in",
        lambda pg, file, m: [
            fill(pg, name=file(f"mine{ending}"), load=True) or loaded(pg, f"mine{ending}")
            for ending in re.findall(r"\.(?:keras|h5|hdf5)", m)
        ] == [True] * 3,
    ),
    "a path that there is not": (
        lambda pg, file: fill(pg, path="nowhere/mine.keras"),
        "There is no file nowhere/mine.keras: give a path on the machine that runs this notebook",
        lambda pg, file, m: fill(pg, path=file(), load=True) or loaded(pg),
    ),
    "a name twice": (
        lambda pg, file: fill(pg, names="cat, dog,\ncat"),
        "The class name 'cat' is there twice: give each class its own",
        lambda pg, file, m: fill(pg, file(), names="cat, dog,\ncow", load=True) or loaded(pg, classes=["cat", "dog", "cow"]),
    ),
    "an upload that is too large": (
        lambda pg, file: fill(pg, name=file(), load=True),
        "uploaded: give its path instead",
        lambda pg, file, m: fill(pg, path=file(), load=True) or loaded(pg),
    ),
    "a search that finds many": (
        lambda pg, file: search(pg, "red"),
        "30 classes have 'red' in their name: write more, such as red 0",
        lambda pg, file, m: search(pg, re.search("such as (.*?),", m)[1]) or pg.classes.choice.value == NAMES.index("red 0"),
    ),
    "no technique": (
        lambda pg, file: explain(pg),
        "No technique is chosen: choose one to four",
        lambda pg, file, m: [
            choose(pg, *names) or explain(pg) or [each.method for each in pg.results] == list(names)
            for names in (["grad_cam"], ["grad_cam", "hires_cam", "saliency", "layer_cam"])
        ] == [True] * 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_advice_beside_a_field_works(name, pg, file, monkeypatch):
    wrong, words, follow = CASES[name]
    if "too large" in name:
        monkeypatch.setattr(sources, "LARGEST_BYTES", 1000)
    wrong(pg, file)
    assert words in said(pg), said(pg)
    assert follow(pg, file, said(pg)) is True, said(pg)
    assert words not in said(pg)


@pytest.mark.parametrize("order", [["name", "path"], ["path", "name"]])
def test_what_was_filled_last_is_loaded(pg, file, order):
    first, last = file("first.keras"), file("last.keras")
    fill(pg, **{order[0]: first})
    fill(pg, **{order[1]: last})
    assert bool(pg.classifiers.path.value) is (order[1] == "path") and bool(pg.classifiers.upload.value) is (order[1] == "name")
    fill(pg, load=True)
    assert loaded(pg, "last.keras") and pg.classifiers.choice.value == "own: last.keras"


@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_an_ending_in_capitals_is_one_too(pg, file, ending):
    path = file(f"mine{ending}")
    fill(pg, name=path.rename(path.with_suffix(ending.upper())))
    assert said(pg) == ""
    fill(pg, load=True)
    assert loaded(pg, f"mine{ending.upper()}")


def drawn(method, **given):
    """Whether sliders of a technique draw a map of the class that is asked for."""
    found = xh.explore(method, tiny(), IMAGE, **given).result
    return found.class_name == "a" and np.array_equal(found.heatmap, xh.grad_cam(tiny(), IMAGE, "a").heatmap)


def panels(**given):
    """How many pictures a strip has."""
    return xh.strip("grad_cam", tiny(), IMAGE, **given).alt.count("target =")


# {name: (what is refused, what the sentence says, whether what it says to do is right, given the sentence)}
OF_SLIDERS = {
    "a number to explore": (
        lambda: xh.explore(3, tiny(), IMAGE),
        "explore got int: give the name of a technique or a function",
        lambda m: drawn("grad_cam", target=["a", "b"]) and drawn(xh.grad_cam, target=["a", "b"]),
    ),
    "a strip of nothing": (
        lambda: xh.strip("grad_cam", tiny(), IMAGE),
        "strip got 0 parameters with a list of values: give exactly one",
        lambda m: panels(target=["a", "b", "c"]) == 3,
    ),
    "a strip of two": (
        lambda: xh.strip("grad_cam", tiny(), IMAGE, target=["a", "b"], relu=[True, False]),
        "strip got 2 parameters with a list of values: give exactly one",
        lambda m: panels(target=["a", "b"], relu=False) == 2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OF_SLIDERS)
def test_the_advice_of_an_error_works(name):
    is_right(*OF_SLIDERS[name])
