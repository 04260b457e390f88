"""The playground, driven as a learner drives it: values set, buttons pressed, files brought along that are none."""

import base64
import html
import html.parser
import io
import json
import re
import sys
import threading
import time
import types
import zipfile
from datetime import datetime

import keras
import networks
import numpy as np
import pytest
from PIL import Image

import xaihelpers as xh
from xaihelpers import methods
from xaihelpers.methods.shared.contract import Finding, Method, Slider, technique
from xaihelpers.widgets.playground import models, scale, sources
from xaihelpers.widgets.playground.worker import Worker

IMAGE = networks.image()
NAMES = ["a", "b", "c"]


@pytest.fixture
def tiny():
    return xh.Classifier(networks.gap_network(), class_names=NAMES)


@pytest.fixture
def pg(tiny):
    made = xh.playground(classifiers={"tiny": tiny}, images={"noise": IMAGE, "grey": np.full((8, 8, 3), 99)})
    made.wait(60)
    choose(made)
    return made


def choose(pg, *techniques):
    for slot, name in zip(pg.slots, (*techniques, "none", "none", "none", "none")):
        slot.choice.value = name


def explain(pg, seconds=60):
    pg.run.click()
    pg.wait(seconds)


def upload(name, data):
    return ({"name": name, "type": "", "size": len(data), "content": memoryview(data), "last_modified": datetime.now()},)


def png(width=8, height=8):
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(buffer, format="PNG")
    return buffer.getvalue()


# -- what is explained ----------------------------------------------------------------------------------------------------


def test_the_likeliest_classes_come_first_with_their_probabilities(pg, tiny):
    (first, p), *_ = tiny.predict(IMAGE)
    assert pg.classes.choice.options[0] == (f"{first}: {p:.1%}", tiny.class_index(first))
    assert pg.classes.choice.value == tiny.class_index(None, IMAGE) and len(pg.classes.choice.options) == 3
    assert all(name in pg.classes.top.value for name in NAMES)


def test_it_offers_every_classifier_and_image_of_the_course(pg):
    assert {*xh.classifier_names(), "tiny"} == {name for _, name in pg.classifiers.choice.options}
    assert {*xh.photo_names(), "noise"} < set(pg.images.choice.options)
    assert sum(name.startswith("rash image") for name in pg.images.choice.options) == 18
    for source in sources.course_images().values():
        assert source.fitted((24, 24, 3)).shape == (24, 24, 3) and source.credit


def test_maps_side_by_side_are_those_that_the_techniques_give(pg, tiny):
    choose(pg, "grad_cam", "occlusion", "rise", "saliency")
    pg.classes.choice.value = 1
    pg.slots[1].controls["fill"].value = "white"
    pg.slots[2].controls["n_masks"].value = 100
    explain(pg)
    assert [each.method for each in pg.results] == ["grad_cam", "occlusion", "rise", "saliency"]
    np.testing.assert_array_equal(pg.results[0].heatmap, xh.grad_cam(tiny, IMAGE, 1).heatmap)
    np.testing.assert_array_equal(pg.results[1].heatmap, xh.occlusion(tiny, IMAGE, 1, fill="white").heatmap)
    assert all(each.target == 1 for each in pg.results) and pg.results[2].parameters["n_masks"] == 100
    shown = pg.output.value
    assert shown.count('class="xh-card"') == 5 and "100 forward, 0 backward" in shown
    assert pg.bar.value == pg.bar.max and pg.status.value == "done" and pg.stop.disabled and not pg.run.disabled


def test_an_image_of_any_size_is_cropped_to_what_the_network_takes(pg):
    pg.images.upload.value = upload("tall.png", png(20, 60))
    pg.wait(60)
    choose(pg, "grad_cam")
    explain(pg)
    assert pg.results[0].image.shape == (8, 8, 3) and pg.shown.image_name == "tall.png"
    assert (pg.results[0].image == (200, 30, 30)).all()


def test_pictures_of_the_network_stand_beside_maps_and_have_no_colour_scale(pg):
    pg.images.choice.value = "coffee"
    pg.wait(60)
    choose(pg, "activation_maximization", "grad_cam")
    assert "target" not in pg.slots[0].controls, "the class is chosen once, for all techniques"
    pg.slots[0].controls["steps"].value = 16
    explain(pg)
    assert [type(each).__name__ for each in pg.results] == ["Visualization", "Attribution"]
    assert "it has no colour scale" in pg.output.value and pg.results[0].target == pg.classes.choice.value


def test_without_a_network_xception_says_one_sentence(pg, monkeypatch):
    def offline(**options):
        raise Exception("URL fetch failure: Name or service not known")

    monkeypatch.setattr(keras.applications, "Xception", offline)
    pg.classifiers.choice.value = "xception"
    pg.wait(60)
    assert "could not be downloaded: connect to a network once" in pg.message.value
    assert pg.run.disabled and pg.classes.choice.options == ()
    pg.classifiers.choice.value = "tiny"
    pg.wait(60)
    assert pg.message.value == "" and not pg.run.disabled


# -- techniques come from the registry ---------------------------------------------------------------------------------------


@pytest.fixture
def new_technique(monkeypatch):
    """A technique that is a module and a line in the registry's table, and nothing else."""

    @technique(family="perturbation", needs_gradients=False, sliders={"row": Slider(0, 4, 1, default=3)})
    def one_row(classifier, image, target=None, *, row=0, seed=0, batch_size=32, progress=False):
        heatmap = np.zeros(image.shape[:2])
        heatmap[row] = 1
        return Finding(heatmap, target, {}, ("A row is no explanation.",))

    module = types.ModuleType("xaihelpers.methods.one_row")
    module.one_row = one_row
    monkeypatch.setitem(sys.modules, "xaihelpers.methods.one_row", module)
    monkeypatch.setitem(methods._TABLE, "one_row", ("one_row", "99_one_row.ipynb"))


def test_a_technique_in_the_registry_appears_without_another_line(new_technique, tiny):
    pg = xh.playground(classifiers={"tiny": tiny}, images={"noise": IMAGE})
    pg.wait(60)
    choose(pg, "one_row")
    assert pg.slots[0].controls["row"].value == 3
    explain(pg)
    assert pg.results[0].heatmap[3].all() and pg.results[0].heatmap.sum() == 8
    assert 'href="99_one_row.ipynb"' in pg.output.value and "A row is no explanation." in pg.output.value


@pytest.mark.parametrize("name", xh.METHODS)
def test_every_technique_has_its_controls_and_a_lesson_that_exists(pg, name, repository):
    choose(pg, name)
    assert set(pg.slots[0].controls) == set(xh.METHODS[name].sliders) - {"target"}
    assert all(control.description == key for key, control in pg.slots[0].controls.items())
    assert (repository / "notebooks" / xh.METHODS[name].lesson).is_file()


def test_a_control_starts_at_what_is_usual(pg):
    choose(pg, "grad_cam", "lime", "integrated_gradients")
    assert pg.slots[0].chosen() == ("grad_cam", {}), "the layer is left to the technique"
    assert pg.slots[1].chosen()[1]["n_samples"] == 1000 and "n_features" not in pg.slots[1].chosen()[1]
    assert pg.slots[2].chosen()[1] == {"baseline": "blur", "steps": 10}


def test_a_technique_that_fails_says_why_and_the_others_go_on(pg):
    black_box = xh.Classifier(lambda x: np.tile([0.2, 0.8], (len(x), 1)), class_names=["no", "yes"], input_shape=(8, 8, 3))
    pg.classifiers.add("function", black_box)
    pg.wait(60)
    choose(pg, "grad_cam", "occlusion")
    explain(pg)
    assert "grad_cam needs gradients, and a plain function has none" in pg.output.value
    assert [each.method for each in pg.results] == ["occlusion"]
    assert "No patch changes the probability" in pg.output.value, "its diagnostics stand below the map"


def test_what_nobody_foresaw_reaches_a_test(pg, monkeypatch):
    def broken(*given, **parameters):
        raise KeyError("a slip")

    monkeypatch.setitem(
        sys.modules,
        "xaihelpers.methods.broken",
        types.SimpleNamespace(broken=types.SimpleNamespace(method=Method("broken", broken, "gradient", True))),
    )
    monkeypatch.setitem(methods._TABLE, "broken", ("broken", ""))
    pg.slots[0].choice.options = ["none", "broken"]
    choose(pg, "broken")
    pg.run.click()
    with pytest.raises(KeyError, match="a slip"):
        pg.wait(60)
    assert "KeyError" in pg.output.value and not pg.run.disabled


def test_a_network_that_breaks_is_said_and_does_not_lock_the_controls(pg):
    def breaks(images):
        raise RuntimeError("no such device")

    pg.classifiers.add("broken", xh.Classifier(breaks, class_names=["a", "b"], input_shape=(8, 8, 3)))
    with pytest.raises(RuntimeError):
        pg.wait(60)
    assert "RuntimeError: no such device" in pg.message.value and pg.run.disabled and pg.status.value == ""
    pg.classifiers.choice.value = "tiny"
    pg.wait(60)
    assert not pg.run.disabled and pg.message.value == ""


def test_no_technique_is_refused_in_one_sentence(pg):
    explain(pg)
    assert "No technique is chosen" in pg.message.value and pg.results == []


# -- stopping ------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def slow():
    """A network that takes 0.1 s for a batch of 16, as a large one does."""

    def function(images):
        time.sleep(0.1)
        p = images[:, 2:5, 2:5].mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - p, p], axis=1)

    return xh.Classifier(function, class_names=["dark", "bright"], input_shape=(8, 8, 3))


@pytest.mark.filterwarnings("ignore::xaihelpers.results.DiagnosticWarning")
def test_stopping_rise_keeps_the_map_so_far_within_a_second(slow):
    pg = xh.playground(classifiers={"slow": slow}, images={"noise": IMAGE})
    pg.wait(60)
    choose(pg, "rise", "occlusion")
    pg.slots[0].controls["n_masks"].max = 4000
    pg.slots[0].controls["n_masks"].value = 4000
    pg.run.click()
    wait_for(lambda: "passes" in pg.status.value and pg.bar.value > 0)
    assert re.match(r"1 of 2: rise, [\d,]+ of 4,000 passes", pg.status.value)
    assert not pg.stop.disabled and pg.run.disabled
    start = time.perf_counter()
    pg.stop.click()
    pg.wait(10)
    assert time.perf_counter() - start < 1
    (kept,) = pg.results
    asked = len(kept.details["answers"])
    assert 0 < asked < 4000 and kept.diagnostics[0] == f"Interrupted: this is the map of the first {asked} of 4000 masks."
    np.testing.assert_array_equal(kept.details["answers"], xh.rise(slow, IMAGE, n_masks=asked, grid=8).details["answers"])
    assert "Not begun: stopped before." in pg.output.value and pg.status.value == "stopped"
    explain(pg_with(pg, "grad_cam"))
    assert pg.status.value == "done", "after a stop it works on"


def pg_with(pg, *techniques):
    choose(pg, *techniques)
    return pg


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


def test_a_watcher_hears_only_its_own_thread(tiny):
    heard, other = [], []
    with tiny.watch(lambda passes, expected: heard.append((passes, expected))):
        tiny.probabilities(np.stack([IMAGE] * 5), batch_size=2)
        thread = threading.Thread(target=lambda: other.append(tiny.probabilities(IMAGE)))
        thread.start()
        thread.join()
        tiny.expect(10)
        tiny.probabilities(IMAGE)
    tiny.probabilities(IMAGE)
    assert heard == [(2, None), (4, None), (5, None), (0, 10), (1, 10)] and len(other) == 1


def test_a_worker_does_the_last_of_those_that_wait():
    worker, done, begun, go = Worker(), [], threading.Event(), threading.Event()
    worker.do(lambda: begun.set() or go.wait(10))
    begun.wait(10)
    worker.do(lambda: done.append("overtaken"))
    worker.do(lambda: done.append("last"))
    with pytest.raises(TimeoutError):
        worker.wait(0.01)
    go.set()
    worker.wait(10)
    assert done == ["last"]


# -- what is refused -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("big.png", b"\x89PNG" + bytes(20_000_001), "big.png has 20.0 MB, over the 20 MB that can be uploaded: make it smaller"),
        ("wide.png", png(10_000, 5_001), "wide.png is 10,000 x 5,001 pixels, over the 50,000,000 allowed"),
        ("notes.txt", b"no picture", "notes.txt is no image of a format that is read here"),
        ("empty.png", b"", "The image bytes are empty"),
        ("half.png", png()[:50], "half.png is damaged or incomplete"),
    ],
)
def test_uploads_that_are_no_photo_are_refused_in_one_sentence(pg, name, data, sentence):
    before = pg.images.choice.options
    pg.images.upload.value = upload(name, data)
    pg.wait(60)
    assert sentence in pg.images.error.value and pg.message.value == "" and pg.images.choice.options == before
    assert pg.images.upload.value == (), "the same file can be given again"


def test_a_photo_of_as_many_pixels_as_allowed_is_taken(monkeypatch):
    monkeypatch.setattr(sources, "LARGEST_PIXELS", 200)
    assert sources.uploaded_image("wide.png", png(20, 10)).fitted((8, 8, 3)).shape == (8, 8, 3)
    with pytest.raises(ValueError, match="over the 200 allowed"):
        sources.uploaded_image("wide.png", png(20, 11))


def saved(model, folder, name="mine.keras"):
    model.save(folder / name)
    return folder / name


def load(pg, path="", file=(), names="", values=models.FIND_OUT):
    form = pg.classifiers
    form.path.value, form.upload.value, form.names.value, form.values.value = str(path), file, names, values
    form.load.click()
    pg.wait(60)


def plain_network():
    """A network that was trained on who knows what: it has no layer of its own that scales."""
    image = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3)(image))
    return networks.fixed(keras.Model(image, keras.layers.Dense(3, activation="softmax")(x)))


@pytest.mark.parametrize("how", ["path", "upload"])
def test_a_model_of_ones_own_is_explained(pg, tmp_path, how):
    path = saved(networks.gap_network(seed=5), tmp_path)
    load(pg, **({"path": path} if how == "path" else {"file": upload("mine.keras", path.read_bytes())}), names="x, y,\nz")
    assert pg.classifiers.choice.value == "own: mine.keras" and "brings that to its own range" in pg.message.value
    own = xh.Classifier(networks.gap_network(seed=5), class_names=["x", "y", "z"])
    assert pg.classes.choice.options[0][0].startswith(own.predict(IMAGE)[0][0])
    choose(pg, "grad_cam")
    explain(pg)
    np.testing.assert_allclose(pg.results[0].heatmap, xh.grad_cam(own, IMAGE).heatmap, atol=1e-6)


def test_the_range_of_values_is_asked_for_where_the_file_does_not_say_it(pg, tmp_path):
    path = saved(plain_network(), tmp_path)
    load(pg, path)
    assert "does not say on what values it was trained" in pg.classifiers.error.value and pg.classifiers.choice.value == "tiny"
    found = {}
    for values in models.RANGES:
        load(pg, path, values=values)
        assert f"given values from {values}" in pg.message.value
        found[values] = pg._seen[4]
    x = IMAGE[None].astype(np.float32)
    for values, inputs in {"0 to 255": x, "0 to 1": x / 255, "-1 to 1": x / 127.5 - 1}.items():
        np.testing.assert_allclose(found[values], plain_network()(inputs).numpy()[0], atol=1e-5)


def test_scaling_inside_is_recognised_where_it_is_meant_for_0_to_255():
    def begins_with(layer):
        return models._own_scaling(keras.Sequential([keras.Input((8, 8, 3)), layer, keras.layers.Conv2D(2, 3)])) is not None

    assert begins_with(keras.layers.Rescaling(1 / 127.5, offset=-1))
    assert begins_with(keras.layers.Normalization(mean=[120.0, 110, 100], variance=[50.0, 50, 50]))
    assert not begins_with(keras.layers.Rescaling(2, offset=-1)), "that is for 0..1"
    assert not begins_with(keras.layers.Normalization(mean=[0.5, 0.4, 0.4], variance=[0.1, 0.1, 0.1]))
    inner = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(2, 3)])
    assert begins_with(inner)


def lambda_network(function):
    image = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Lambda(function)(image))
    return keras.Model(image, keras.layers.Dense(3, activation="softmax")(x))


def test_a_file_with_a_lambda_layer_is_refused_and_nothing_of_it_runs(pg, tmp_path, monkeypatch):
    def never(*given, **options):
        raise AssertionError("Keras was asked to load it")

    monkeypatch.setattr(keras.saving, "load_model", never)
    inner = saved(keras.Sequential([keras.Input((8, 8, 3)), lambda_network(lambda x: x / 255)]), tmp_path, "nested.keras")
    for path in (saved(lambda_network(lambda x: x / 255), tmp_path), inner):
        for given in ({"path": path}, {"file": upload(path.name, path.read_bytes())}):
            load(pg, **given)
            assert "has a layer of the class Lambda, which is code of whoever made the file" in pg.classifiers.error.value
            assert pg.classifiers.choice.value == "tiny"


def rewritten(path, change):
    """Write a .keras file anew with another configuration."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    parts["config.json"] = json.dumps(change(json.loads(parts["config.json"]))).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def test_a_file_that_names_other_code_is_refused(pg, tmp_path):
    def change(config):
        config["config"]["layers"][1]["module"] = "os"
        config["config"]["layers"][1]["class_name"] = "system"
        return config

    load(pg, rewritten(saved(networks.gap_network(), tmp_path), change))
    assert "needs the class system from os, which is not part of Keras" in pg.classifiers.error.value


def test_wrong_model_files_are_refused_in_one_sentence(pg, tmp_path):
    good = saved(networks.gap_network(), tmp_path)
    (tmp_path / "text.keras").write_text("no model")
    (tmp_path / "photo.jpg").write_bytes(png())
    with zipfile.ZipFile(tmp_path / "zip.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    (tmp_path / "half.keras").write_bytes(good.read_bytes()[:900])
    for given, sentence in [
        ({}, "There is no model to load yet"),
        ({"path": tmp_path / "none.keras"}, "There is no file"),
        ({"path": tmp_path / "photo.jpg"}, "photo.jpg is no .keras or .h5 file"),
        ({"file": upload("old.h5", b"x")}, "old.h5 is damaged, or no HDF5 file at all"),
        ({"path": tmp_path / "text.keras"}, "text.keras is damaged, or no .keras file at all"),
        ({"path": tmp_path / "half.keras"}, "half.keras is damaged, or no .keras file at all"),
        ({"path": tmp_path / "zip.keras"}, "zip.keras is no whole Keras model, it lacks metadata.json, model.weights.h5"),
        ({"path": good, "names": "only, two"}, "The model has 3 classes and 2 class names were given"),
        ({"file": upload("big.keras", bytes(20_000_001))}, "big.keras has 20.0 MB, over the 20 MB that can be uploaded: give"),
        (
            {"path": rewritten(saved(networks.gap_network(), tmp_path, "odd.keras"), lambda c: {"class_name": "Nothing"})},
            "can't load odd.keras",
        ),
    ]:
        load(pg, **given)
        assert sentence in html.unescape(pg.classifiers.error.value)
        assert pg.classifiers.choice.value == "tiny" and not pg.run.disabled


def test_a_classifier_or_image_that_is_none_is_refused():
    with pytest.raises(TypeError, match="wrap the model first"):
        xh.playground(classifiers={"mine": networks.gap_network()})
    with pytest.raises(ValueError, match="expected an RGB"):
        xh.playground(images={"mine": np.zeros((8, 8, 5))})


# -- colours, and what is saved --------------------------------------------------------------------------------------------------


def attribution(heatmap, method="saliency"):
    cost = xh.results.Cost(1, 1, 0.5)
    return xh.Attribution(
        method=method,
        target=0,
        class_name="a",
        parameters={},
        cost=cost,
        heatmap=np.float32(heatmap),
        image=np.full((8, 8, 3), 128, np.uint8),
    )


def test_all_maps_share_one_colour_scale():
    ramp = np.tile(np.linspace(0, 1, 8), (8, 1))
    weak, strong, signed = attribution(ramp * 0.01), attribution(ramp * 5), attribution(ramp - 0.5)
    own = scale.Scale([weak, strong], scale.OWN)
    np.testing.assert_array_equal(own.panel(weak, scale.ALONE), own.panel(strong, scale.ALONE))
    assert own.ends() == ("0", "1")
    same = scale.Scale([weak, strong], scale.SHARED)
    spread = [same.panel(each, scale.ALONE).std(axis=(0, 1)).max() for each in (weak, strong)]
    assert spread[0] < 1 < 50 < spread[1] and same.ends() == ("0", "5")
    spread = scale.Scale([weak, signed], scale.SPREAD)
    np.testing.assert_array_equal(spread.panel(weak, scale.ALONE), spread.panel(signed, scale.ALONE))
    # A single extreme pixel does not pale all others.
    spike = ramp.copy().repeat(4, 0).repeat(4, 1)
    spike[0, 0] = 100
    assert scale.Scale([], scale.OWN).shares(attribution(spike)).max() == 100
    # One signed map makes the scale diverge for all: what is zero then has one colour in every map.
    both = scale.Scale([weak, signed], scale.OWN)
    assert both.ends() == ("-1: against the class", "1: for the class")
    zero = both.panel(attribution(ramp * 0), scale.ALONE)[0, 0]
    np.testing.assert_array_equal(both.panel(weak, scale.ALONE)[0, 0], zero)


def test_changing_the_colours_draws_again_without_asking_the_network(pg, tiny):
    choose(pg, "grad_cam", "occlusion")
    explain(pg)
    before, passes, pictures = pg.output.value, dict(tiny._passes), set()
    for kind in pg.kind.options:
        for how in pg.how.options:
            pg.kind.value, pg.how.value = kind, how
            pictures.add(pg.output.value)
    assert len(pictures) == 6 and before in pictures and dict(tiny._passes) == passes


class _Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.found, self.text = [], ""

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data


def test_the_page_is_one_file_that_needs_nothing_else(pg, tmp_path):
    pg.images.upload.value = upload('<script>alert("&")</script>.png', png())
    pg.wait(60)
    choose(pg, "grad_cam", "occlusion")
    explain(pg)
    pg.save_page(tmp_path / "comparison.html")
    text = (tmp_path / "comparison.html").read_text(encoding="utf-8")
    tags = _Tags()
    tags.feed(text)
    assert "http" not in text and "url(" not in text and "@import" not in text
    assert not [tag for tag, _ in tags.found if tag in ("script", "link", "iframe", "object")]
    addresses = [value for _, attributes in tags.found for key, value in attributes.items() if key in ("src", "href", "srcset")]
    assert len(addresses) == 3 and all(address.startswith("data:image/jpeg;base64,") for address in addresses)
    for address in addresses:
        assert Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).size == (448, 448)
    assert all(attributes.get("alt") for tag, attributes in tags.found if tag == "img")
    assert '<script>alert("&")</script>.png' in tags.text, "shown as text"
    assert "226 forward" not in text and f"cost: {pg.results[1].cost}" in tags.text
    assert '"method": "occlusion"' in tags.text and '"stride": null' in tags.text


def test_the_picture_says_how_it_was_made(pg, tiny, tmp_path):
    choose(pg, "rise", "grad_cam")
    pg.slots[0].controls["n_masks"].value = 100
    explain(pg)
    pg.save_png(tmp_path / "explained.png")
    kept = xh.read_png(tmp_path / "explained.png")
    assert (kept["classifier"], kept["image"]) == ("tiny", "noise")
    for one, shown in zip(kept["results"], pg.results):
        again = xh.METHODS[one["method"]].function(tiny, IMAGE, one["target"], **one["parameters"])
        np.testing.assert_array_equal(again.heatmap, shown.heatmap)


def test_the_buttons_offer_files_to_download(pg):
    assert pg.save_picture.disabled and pg.save_comparison.disabled
    choose(pg, "grad_cam")
    explain(pg)
    for button, name, kind in (
        (pg.save_picture, "explained.png", "image/png"),
        (pg.save_comparison, "comparison.html", "text/html"),
    ):
        button.click()
        tags = _Tags()
        tags.feed(pg.downloads.value)
        (link,) = [attributes for tag, attributes in tags.found if tag == "a"]
        assert link["download"] == name and link["href"].startswith(f"data:{kind};base64,")
        data = base64.b64decode(link["href"].split(",")[1])
        assert xh.read_png(data) if kind == "image/png" else data.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize(
    ("path", "address"),
    [
        ("/voila/render/notebooks/13_playground.ipynb", "/lab/tree/notebooks/01_grad_cam.ipynb"),
        ("/user/ada/voila/render/13_playground.ipynb", "/user/ada/lab/tree/01_grad_cam.ipynb"),
        (None, "01_grad_cam.ipynb"),
    ],
)
def test_why_leads_to_the_lesson_in_jupyterlab_and_in_the_app(monkeypatch, path, address):
    from xaihelpers.widgets.playground.links import lesson_link

    if path is not None:
        monkeypatch.setenv("SERVER_SOFTWARE", "voila/0.5")
        monkeypatch.setenv("SCRIPT_NAME", path)
    assert lesson_link("01_grad_cam.ipynb") == address


# -- the first screen ---------------------------------------------------------------------------------------------------------


def test_a_class_among_many_is_searched_and_what_is_not_found_is_said_beside_the_field(pg):
    names = [f"dog_{i:02d}" for i in range(50)] + ["Egyptian_cat"]

    def answer(images):
        return np.tile(np.linspace(1, 2, 51) / np.linspace(1, 2, 51).sum(), (len(images), 1))

    pg.classifiers.add("many", xh.Classifier(answer, class_names=names, input_shape=(8, 8, 3)))
    pg.wait(60)
    classes = pg.classes
    assert len(classes.choice.options) == 5 and classes.search.layout.display is None
    classes.search.value = "egyptian"
    assert classes.choice.value == 50 and classes.choice.label == "Egyptian cat: 2.6%" and classes.search.value == ""
    classes.search.value = "Dog 07"
    assert classes.choice.value == 7 and not classes.error.value
    classes.search.value = "dog"
    assert "50 classes have" in classes.error.value and "dog 00, dog 01" in classes.error.value and classes.choice.value == 7
    classes.search.value = "egiptian cat"
    assert "did you mean Egyptian cat?" in classes.error.value
    classes.search.value = "Egyptian cat"
    assert classes.choice.value == 50 and not classes.error.value
    pg.classifiers.choice.value = "tiny"
    pg.wait(60)
    assert len(classes.choice.options) == 3 and classes.search.layout.display == "none"


def test_the_form_says_what_is_wrong_as_soon_as_it_is_filled(pg, tmp_path):
    form = pg.classifiers
    form.path.value = str(tmp_path / "none.keras")
    assert "There is no file" in form.error.value and pg.message.value == ""
    form.path.value = ""
    assert form.error.value == ""
    form.names.value = "cat, dog,\ncat"
    assert "The class name &#39;cat&#39; is there twice" in form.error.value
    form.names.value = "cat, dog"
    form.upload.value = upload("photo.jpg", b"x")
    assert "photo.jpg is no model file" in form.error.value


def test_a_default_shows_what_it_stands_for(pg):
    choose(pg, "grad_cam", "occlusion", "lime", "deep_dream")
    labels = [slot.controls[name].value for slot, name in zip(pg.slots, ("layer", "patch", "n_features", "layers"))]
    last = pg._seen[2].spatial_layers()
    assert labels == [f"default ({last[-1]})", "default (an eighth of the image)", "default (all)", labels[3]]
    assert labels[3] == f"default ({last[2 * len(last) // 3]})"
    explain(pg_with(pg, "grad_cam"))
    assert pg.results[0].parameters["layer"] is None


def test_names_are_friendly_and_the_values_are_the_codes(pg):
    assert ("Grad-CAM", "grad_cam") in pg.slots[0].choice.options
    assert ("EfficientNet-Lite0 (ImageNet)", "efficientnet-lite0") in pg.classifiers.choice.options


def test_on_a_rash_image_the_evidence_and_the_numbers_are_shown(pg):
    pg.images.choice.value = "rash image monkeypox-00"
    pg.classifiers.choice.value = "rashnet"
    pg.wait(120)
    data = xh.rashes.load_test_split()
    n = int(np.flatnonzero(data.labels == data.class_names.index("monkeypox"))[0])
    np.testing.assert_array_equal(pg.shown.evidence, data.lesion_masks[n])
    assert "The evidence" in pg.output.value, "before anything is explained"
    explain(pg_with(pg, "grad_cam"))
    mass = xh.metrics.mass_inside(pg.results[0], data.lesion_masks[n])
    hit = xh.metrics.pointing_game(pg.results[0], data.lesion_masks[n]) > 0.5
    said = f"{mass:.0%} of its mass lies on the lesions; its highest pixel {'does' if hit else 'does not'}"
    assert said in pg.output.value and f"{data.lesion_masks[n].mean():.0%} of the image" in pg.output.value
    pg.images.choice.value = "rash image healthy-00"
    pg.wait(60)
    assert pg.shown.evidence is None and pg.results == [], "there is nothing to mark, and no map of another image"


def test_a_map_far_from_zero_uses_all_its_colours():
    ramp = np.tile(np.linspace(0.5, 0.6, 8), (8, 1))
    shares = scale.Scale([attribution(ramp, "rise")], scale.OWN).shares(attribution(ramp, "rise"))
    assert shares.min() == 0 and shares.max() >= 1
    signed = attribution(ramp - 0.55)
    assert scale.Scale([signed], scale.OWN).shares(signed).min() < 0, "zero keeps its colour where there are two signs"
