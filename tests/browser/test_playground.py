"""The playground as a learner uses it: a photo and a network of one's own, stopping, saving, and what is refused."""

import io
import re
import tempfile
import warnings
from pathlib import Path

import keras
import pytest
from PIL import Image
from playwright.sync_api import expect
from test_training import coloured, small_backbone

import xaihelpers as xh
from xaihelpers.widgets.playground.names import technique_title

from .lab import Lab

TITLES = {**{name: technique_title(name) for name in xh.METHODS}, "none": "–"}
MINUTES = 5 * 60 * 1000  # how long the network may take to answer, in milliseconds
KERAS2 = Path(__file__).parents[1] / "data" / "keras2"
PHOTO, MODEL = "Upload a photo", "Upload a model file"


class Playground:
    """The widget in the page."""

    def __init__(self, lab, folder):
        self.lab, self.page, self.folder = lab, lab.page, folder
        self.box = self.page.locator(".xh-playground")
        self.cards = self.box.locator(".xh-card")
        self.error = self.box.locator(".widget-html .xh-error:not(.xh-card *)")

    def menu(self, name, within=None):
        label = self.page.locator(".widget-label").filter(has_text=re.compile(f"^{name}$"))
        return (within or self.box).locator(".widget-dropdown").filter(has=label).locator("select")

    def button(self, name):
        # The letter of the icon font is part of a button's name.
        return self.box.get_by_role("button", name=re.compile(f"{re.escape(name)}$"))

    def technique(self, number, name):
        self.choose(f"Technique {number}", TITLES[name])

    def choose(self, menu, label):
        """Choose an entry of a menu by its words. By place: ipywidgets writes a name's blanks otherwise in the list."""
        entries = self.menu(menu).locator("option").all_text_contents()
        self.menu(menu).select_option(index=[entry.replace("\xa0", " ") for entry in entries].index(label))

    def slot(self, number):
        return self.box.locator(f".xh-technique-{number}")

    def upload(self, button, name, data):
        """Press an upload button, and choose a file of that name and content in the browser's dialog."""
        (self.folder / name).write_bytes(data)  # by its path: 20 MB handed over by the driver take long on a busy machine
        with self.page.expect_file_chooser(timeout=MINUTES) as dialog:
            self.box.get_by_role("button", name=button).click()
        dialog.value.set_files(self.folder / name, timeout=MINUTES)

    def open_form(self):
        """Unfold the form for a model of one's own."""
        if not self.button("Load this model").is_visible():
            self.box.get_by_text("A model of your own").click()

    def field(self, name):
        """Return the field to type into that has this label."""
        label = self.page.locator(".widget-label").filter(has_text=re.compile(f"^{name}$"))
        return self.box.locator(".widget-text, .widget-textarea, .widget-combobox").filter(has=label).locator("input, textarea")

    def type(self, name, text):
        """Fill a field and leave it."""
        self.field(name).fill(text)
        self.field(name).press("Tab")

    def explain(self, count):
        """Press Explain, and wait for so many cards beside the photograph."""
        expect(self.button("Explain")).to_be_enabled(timeout=MINUTES)
        self.button("Explain").click()
        expect(self.box.get_by_text("done", exact=True)).to_be_visible(timeout=MINUTES)
        expect(self.cards).to_have_count(count + 1 + self.evidence())

    def evidence(self):
        """Return how many cards there are for what is known of the image: 1 for a rash image, 0 for a photograph."""
        return self.cards.filter(has_text="The evidence").count()

    def card(self, title):
        return self.cards.filter(has=self.page.locator("b", has_text=re.compile(f"^{title}$")))


def png(width, height):
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (200, 120, 60)).save(buffer, "PNG")
    return buffer.getvalue()


def keras_file(folder, *layers):
    """Return the bytes of a saved model of these layers with a head of two classes."""
    model = keras.Sequential([keras.Input((32, 32, 3)), *layers, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    model.save(folder / "model.keras")
    return (folder / "model.keras").read_bytes()


@pytest.fixture(scope="module")
def pg(browser, server, tmp_path_factory):
    """The playground of the course's notebook, with the cells above its explanations run."""
    page = browser.new_page(viewport={"width": 1366, "height": 1400})  # as wide as a laptop, high enough for a screenshot of all
    page.set_default_timeout(120_000)  # milliseconds: other programs may be at work
    lab = Lab(page, server, "13_playground.ipynb")
    lab.run_above("Reading the result")
    playground = Playground(lab, tmp_path_factory.mktemp("uploads"))
    expect(playground.button("Explain")).to_be_enabled(timeout=MINUTES)
    playground.choose("Classifier", "RashNet (rashes)")
    playground.menu("Image").select_option("rash image monkeypox-00")
    expect(playground.menu("Class to explain").locator("option")).to_have_count(6, timeout=MINUTES)
    yield playground
    page.close()
    server.close_kernels()


def test_techniques_side_by_side_with_their_cost(pg, screenshot):
    pg.technique(1, "grad_cam")
    pg.technique(2, "occlusion")
    pg.explain(2)
    expect(pg.card("The evidence")).to_contain_text("the lesions, as they were drawn")
    for card in pg.cards.all()[1:3]:
        expect(card).to_contain_text("of its mass lies on the lesions")
        expect(card).to_contain_text("cost:")
    assert pg.box.locator(".xh-card img").evaluate_all("all => all.every(img => img.alt && img.naturalWidth > 0)")
    for theme in ("Dark", "Light"):
        pg.lab.theme(f"JupyterLab {theme}")
        assert pg.lab.faint(pg.box) == []
        screenshot(pg.box, f"13_{theme.lower()}")
    assert pg.lab.logged == []


def test_at_1280_by_800_the_maps_are_on_the_first_screen_and_grow_at_a_click(pg, screenshot):
    before = pg.page.viewport_size
    pg.technique(1, "grad_cam")
    pg.technique(2, "hires_cam")
    pg.page.set_viewport_size({"width": 1280, "height": 800})
    pg.page.locator(".jp-WindowedPanel-outer").first.evaluate("panel => panel.scrollTo(0, 0)")
    pg.explain(2)
    expect(pg.card("HiResCAM")).to_have_count(1, timeout=MINUTES)
    screenshot(pg.page, "13_first_screen")
    for title in ("Photograph", "Grad-CAM", "HiResCAM"):
        place = pg.card(title).locator("img").bounding_box()
        assert place["y"] >= 0 and place["y"] + place["height"] <= 800 and place["x"] + place["width"] <= 1280, title
    picture = pg.card("Grad-CAM").locator("img")
    place = picture.bounding_box()
    picture.click()
    expect(pg.card("Grad-CAM").locator("details.xh-zoom")).to_have_attribute("open", "")
    assert picture.bounding_box()["width"] > 1.5 * place["width"]
    screenshot(pg.page, "13_enlarged")
    pg.card("Grad-CAM").locator("summary").first.press("Enter")
    assert picture.bounding_box()["width"] == place["width"]
    pg.page.set_viewport_size(before)


def test_another_class_and_another_colour_scale_draw_another_picture(pg):
    pg.technique(1, "grad_cam")
    pg.technique(2, "none")
    pg.explain(1)
    map_of = pg.card("Grad-CAM").locator("img")
    first = map_of.get_attribute("src")
    pg.menu("Maps are drawn").select_option("the map alone")
    expect(map_of).not_to_have_attribute("src", first)
    pg.menu("Maps are drawn").select_option("over the photograph")
    expect(map_of).to_have_attribute("src", first)
    pg.menu("Class to explain").select_option(index=3)
    pg.explain(1)
    expect(map_of).not_to_have_attribute("src", first)


def test_stop_ends_long_work_and_keeps_what_is_there(pg):
    pg.technique(1, "grad_cam")
    pg.technique(2, "rise")
    pg.slot(2).get_by_text("Settings").click()
    handle = pg.slot(2).locator(".widget-slider").filter(has_text="n_masks").locator(".noUi-handle")
    handle.press("End")
    pg.button("Explain").click()
    expect(pg.card("Grad-CAM")).to_have_count(1, timeout=MINUTES)  # it is there, RISE is at work
    pg.button("Stop").click()
    expect(pg.box.get_by_text("stopped", exact=True)).to_be_visible(timeout=MINUTES)
    expect(pg.card("Grad-CAM")).to_be_visible()
    expect(pg.button("Explain")).to_be_enabled()
    expect(pg.button("Stop")).to_be_disabled()


def test_the_picture_and_the_page_are_saved_with_their_parameters(pg, tmp_path, screenshot, browser):
    pg.technique(1, "grad_cam")
    pg.technique(2, "hires_cam")
    pg.explain(2)
    for button, name in [("Save picture (PNG)", "explained.png"), ("Save page (HTML)", "comparison.html")]:
        pg.button(button).click()
        with pg.page.expect_download() as download:
            pg.box.get_by_role("link", name=re.compile(name)).click(timeout=MINUTES)
        download.value.save_as(tmp_path / name)
    assert [each["method"] for each in xh.read_png(tmp_path / "explained.png")["results"]] == ["grad_cam", "hires_cam"]
    page, asked = browser.new_page(viewport={"width": 1366, "height": 768}), []
    page.on("request", lambda request: request.url.startswith("data:") or asked.append(request.url))
    page.goto((tmp_path / "comparison.html").as_uri())
    assert page.locator(".xh-card img").count() == 4 and asked == [(tmp_path / "comparison.html").as_uri()]
    screenshot(page, "13_saved_page")
    page.close()


def test_why_leads_to_the_lesson(pg):
    pg.technique(1, "grad_cam")
    pg.technique(2, "none")
    pg.explain(1)
    link = pg.card("Grad-CAM").get_by_role("link", name=re.compile("Why"))
    assert link.get_attribute("href").endswith("01_grad_cam.ipynb")


def test_a_photo_of_ones_own_is_explained(pg):
    pg.upload(PHOTO, "mine.png", png(300, 200))
    expect(pg.menu("Image")).to_have_value("upload: mine.png", timeout=MINUTES)
    expect(pg.button("Explain")).to_be_enabled(timeout=MINUTES)
    pg.technique(1, "grad_cam")
    pg.technique(2, "none")
    pg.explain(1)
    expect(pg.cards.first).to_contain_text("mine.png")


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("notes.png", lambda: b"these are my notes", "is no image"),
        ("half.png", lambda: png(300, 200)[:300], "damaged"),
        ("wide.png", lambda: png(8000, 6400), "over the 50,000,000 allowed"),
        ("heavy.png", lambda: png(8, 8) + bytes(21_000_000), "over the 20 MB"),
    ],
)
def test_an_upload_that_is_no_photo_is_refused_in_a_sentence(pg, name, make, words):
    pg.upload(PHOTO, name, make())
    expect(pg.error).to_contain_text(words, timeout=MINUTES)
    expect(pg.error).to_contain_text(name)


def test_a_model_with_code_inside_is_refused_and_a_plain_one_is_explained(pg, tmp_path, screenshot):
    pg.open_form()
    pg.upload(MODEL, "lambda.keras", keras_file(tmp_path, keras.layers.Lambda(lambda x: x / 255)))
    pg.button("Load this model").click()
    expect(pg.error.last).to_contain_text("a layer of the class Lambda", timeout=MINUTES)
    screenshot(pg.page, "13_refused")
    conv = keras.layers.Conv2D(4, 3, activation="relu", name="maps")
    pg.upload(MODEL, "plain.keras", keras_file(tmp_path, keras.layers.Rescaling(1 / 255), conv))
    pg.button("Load this model").click()
    expect(pg.menu("Classifier")).to_have_value(re.compile("plain.keras"), timeout=MINUTES)
    pg.menu("Image").select_option("coffee")
    pg.technique(1, "grad_cam")
    pg.technique(2, "none")
    pg.explain(1)
    expect(pg.card("Grad-CAM")).to_contain_text("cost:")
    assert pg.lab.logged == []


def h5():
    """A file of Keras 2: a frozen backbone with one sigmoid."""
    return (KERAS2 / "guide.h5").read_bytes()


def teachable():
    """A model as Teachable Machine exports it."""
    return (KERAS2 / "teachable.h5").read_bytes()


def trained():
    """A classifier that was trained by the course, in the file that its `save` writes."""
    images, labels = coloured(36)
    options = dict(backbone=small_backbone(), class_names=["red", "green", "blue"], epochs=4, on_chance="warn")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", xh.DiagnosticWarning)
        xh.train_classifier((images, labels), progress=False, groups="images", cross_validate=False, **options).save(
            f"{folder}/trained.keras"
        )
        return Path(folder, "trained.keras").read_bytes()


@pytest.mark.parametrize(
    ("name", "make", "names", "values", "classes"),
    [
        ("guide.h5", h5, "sick, healthy", "find out", ["sick", "healthy"]),
        ("keras_model.h5", teachable, "my cat, dog\nbird", "-1 to 1", ["my cat", "dog", "bird"]),
        ("trained.keras", trained, "", "find out", ["red", "green", "blue"]),
    ],
)
def test_a_model_file_of_each_sort_is_loaded_and_explained(pg, screenshot, name, make, names, values, classes):
    pg.open_form()
    pg.upload(MODEL, name, make())
    pg.type("Class names", names)
    pg.menu("Trained on values").select_option(values)
    pg.button("Load this model").click()
    expect(pg.menu("Classifier")).to_have_value(f"own: {name}", timeout=MINUTES)
    pg.menu("Image").select_option("coffee")
    expect(pg.menu("Class to explain").locator("option")).to_have_count(len(classes), timeout=MINUTES)
    offered = pg.menu("Class to explain").locator("option").all_text_contents()
    assert sorted(each.replace("\xa0", " ").rsplit(":", 1)[0] for each in offered) == sorted(classes)
    pg.technique(1, "grad_cam")
    pg.technique(2, "occlusion")
    pg.explain(2)
    for technique in ("grad_cam", "occlusion"):
        expect(pg.card(TITLES[technique])).to_contain_text("cost:")
    screenshot(pg.page, f"13_own_{name.replace('.', '_')}")
    assert pg.lab.logged == []


def test_each_field_that_is_filled_wrongly_says_so_beside_it(pg):
    pg.open_form()
    pg.type("Class names", "")
    pg.button("Load this model").click()
    expect(pg.error.last).to_contain_text("There is no model to load yet")
    pg.type("or its path", "/nowhere/model.keras")
    expect(pg.error.last).to_contain_text("There is no file /nowhere/model.keras")
    pg.type("or its path", "")
    pg.type("Class names", "cat, dog, cat")
    expect(pg.error.last).to_contain_text("The class name 'cat' is there twice")
    pg.type("Class names", "")
    pg.upload(MODEL, "photo.jpg", png(8, 8))
    expect(pg.error.last).to_contain_text("photo.jpg is no model file")
    pg.choose("Classifier", "EfficientNet-Lite0 (ImageNet)")
    expect(pg.field("Another class")).to_be_visible(timeout=MINUTES)
    for words, said in [("egiptian cat", "did you mean Egyptian cat"), ("spaniel", "classes have 'spaniel' in their name")]:
        pg.type("Another class", words)
        expect(pg.error.filter(has_text=said)).to_have_count(1, timeout=MINUTES)
    for number in (1, 2, 3, 4):
        pg.technique(number, "none")
    pg.button("Explain").click()
    expect(pg.error.filter(has_text="No technique is chosen")).to_have_count(1, timeout=MINUTES)
    assert pg.lab.logged == []
