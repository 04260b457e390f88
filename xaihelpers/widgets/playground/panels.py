"""What is explained: an image, a network and a class, each chosen or brought along."""

import difflib
from pathlib import Path

import ipywidgets

from ...zoo import classifier_names
from . import page
from .models import FIND_OUT, RANGES
from .names import class_title, classifier_title
from .sources import LARGEST_BYTES, course_images, given_image

COLUMN = {"width": "100%", "margin": "0 0 6px 0"}
_WIDE = {"description_width": "initial"}
_TOP = 5
_MANY = 40  # classes; more than that are searched, not listed
_FILES = (".keras", ".h5", ".hdf5")
_LIMIT = f"up to {LARGEST_BYTES / 1e6:.0f} MB"


class ImagePanel(ipywidgets.VBox):
    """Choose a photograph, or upload one. `source` is the Source that is chosen."""

    def __init__(self, images):
        own = {str(name): given_image(name, image) for name, image in images.items()}
        self.sources = {**own, **course_images()}
        self.choice = ipywidgets.Dropdown(options=list(self.sources), description="Image", style=_WIDE, layout={"width": "auto"})
        self.upload = ipywidgets.FileUpload(
            accept="image/*", description="Upload a photo", tooltip=_LIMIT, layout={"width": "auto"}
        )
        self.error = ipywidgets.HTML()
        super().__init__([self.choice, self.upload, self.error], layout=COLUMN)

    @property
    def source(self):
        """The Source that is chosen."""
        return self.sources[self.choice.value]

    def add(self, source):
        """Put a Source first in the menu, and choose it."""
        self.sources = {f"upload: {source.name}": source, **self.sources}
        self.choice.options = list(self.sources)
        self.choice.index = 0

    def say(self, sentence=""):
        """Show below the button what is wrong with a photo; nothing takes it away."""
        self.error.value = page.note(sentence, wrong=True) if sentence else ""


class ClassifierPanel(ipywidgets.VBox):
    """Choose one of the course's networks, or load a model file of one's own."""

    def __init__(self, classifiers):
        self.own = dict(classifiers)
        self.choice = ipywidgets.Dropdown(
            options=self._options(), description="Classifier", style=_WIDE, layout={"width": "auto"}
        )
        self.error = ipywidgets.HTML()
        self.upload = ipywidgets.FileUpload(
            accept=".keras,.h5", description="Upload a model file", tooltip=_LIMIT, layout={"width": "auto"}
        )
        self.path = ipywidgets.Text(description="or its path", style=_WIDE, layout={"width": "auto"})
        self.names = ipywidgets.Textarea(
            description="Class names", placeholder="cat, dog, ...", style=_WIDE, rows=2, layout={"width": "auto"}
        )
        self.values = ipywidgets.Dropdown(
            options=[FIND_OUT, *RANGES], description="Trained on values", style=_WIDE, layout={"width": "auto"}
        )
        self.load = ipywidgets.Button(description="Load this model", layout={"width": "auto"})
        for field in (self.path, self.names):
            field.continuous_update = False
        form = ipywidgets.VBox([self.upload, self.path, self.names, self.values, self.load, self.error])
        self.form = ipywidgets.Accordion([form], titles=["A model of your own"], selected_index=None)
        super().__init__([self.choice, self.form], layout=COLUMN)
        for field in (self.path, self.names, self.upload):
            field.observe(lambda change: self.say(self.doubt()), names="value")
        # Of a file and a path the one filled last counts, as the form shows: a file that is refused is out of the way.
        self.upload.observe(lambda change: change.new and self.path.set_trait("value", ""), names="value")
        self.path.observe(lambda change: change.new.strip() and self.upload.set_trait("value", ()), names="value")

    def doubt(self):
        """Return what is wrong with the form as far as it is filled, in one sentence; nothing where nothing is."""
        path, names = self.path.value.strip(), self.class_names()
        if self.upload.value and not self.upload.value[0]["name"].lower().endswith(_FILES):
            return f"{self.upload.value[0]['name']} is no model file: give one that ends in {' or '.join(_FILES)}."
        if path and not Path(path).expanduser().exists():
            return f"There is no file {path}: give a path on the machine that runs this notebook."
        if twice := sorted({name for name in names if names.count(name) > 1}):
            return f"The class name {twice[0]!r} is there twice: give each class its own."
        return ""

    def say(self, sentence=""):
        """Show in the form what is wrong with it; nothing takes it away."""
        self.error.value = page.note(sentence, wrong=True) if sentence else ""

    def class_names(self):
        """Return the class names as they were typed, apart by commas or lines."""
        return [name.strip() for line in self.names.value.splitlines() for name in line.split(",") if name.strip()]

    def given(self):
        """Return (path or bytes, file name, class names, range) as the form stands; ValueError where nothing is given."""
        names = self.class_names()
        if self.upload.value:
            file = self.upload.value[0]
            return bytes(file["content"]), file["name"], names, self.values.value
        if self.path.value.strip():
            return self.path.value.strip(), "", names, self.values.value
        raise ValueError("There is no model to load yet: upload a .keras or .h5 file, or give its path.")

    def add(self, name, classifier):
        """Put a classifier of one's own first in the menu, and choose it."""
        self.own = {name: classifier, **{key: each for key, each in self.own.items() if key != name}}
        self.choice.options = self._options()
        self.choice.index = 0

    def _options(self):
        course = ((classifier_title(name), name) for name in classifier_names() if name not in self.own)
        return [*((name, name) for name in self.own), *course]


class ClassPanel(ipywidgets.VBox):
    """Choose the class to explain. The likeliest come first, with their probabilities; many others are searched."""

    def __init__(self):
        self.choice = ipywidgets.Dropdown(options=[], description="Class to explain", style=_WIDE, layout={"width": "auto"})
        self.search = ipywidgets.Combobox(
            description="Another class",
            placeholder="type a part of its name",
            continuous_update=False,
            style=_WIDE,
            layout={"width": "auto", "display": "none"},
        )
        self.error, self.top, self._titles = ipywidgets.HTML(), ipywidgets.HTML(), []
        super().__init__([self.choice, self.search, self.error, self.top], layout=COLUMN)
        self.search.observe(lambda change: self._find(), names="value")

    def offer(self, names, probabilities):
        """Fill the menu for one image; the predicted class is chosen."""
        order = (-probabilities).argsort(kind="stable")
        self._titles, self._probabilities = [class_title(name) for name in names], probabilities
        many = len(names) > _MANY
        rest = [] if many else sorted((self._titles[i], int(i)) for i in order[_TOP:])
        self.choice.options = [self._entry(i) for i in order[:_TOP]] + rest
        self.choice.index = 0
        self.search.layout.display = None if many else "none"
        self.search.options, self.search.value, self.error.value = self._titles if many else [], "", ""
        self.top.value = page.likeliest([(self._titles[i], float(probabilities[i])) for i in order[:_TOP]])

    def empty(self):
        """Offer nothing."""
        self.choice.options, self.top.value = [], ""

    def _entry(self, index):
        return f"{self._titles[index]}: {self._probabilities[index]:.1%}", int(index)

    def _find(self):
        """Choose the class that was searched for, or say below the field why not."""
        words = self.search.value.strip().lower()
        if not words:
            return
        alike = [i for i, title in enumerate(self._titles) if words in title.lower()]
        same = [i for i in alike if self._titles[i].lower() == words]
        found = (same or alike) if len(alike) == 1 or len(same) == 1 else []
        if not found:
            self.error.value = page.note(self._why_not(self.search.value.strip(), alike), wrong=True)
            return
        self.search.value, self.error.value = "", ""
        if found[0] not in [index for _, index in self.choice.options]:
            self.choice.options = [*self.choice.options, self._entry(found[0])]
        self.choice.value = found[0]

    def _why_not(self, words, alike):
        if alike:
            some = ", ".join(self._titles[i] for i in alike[:4])
            return f"{len(alike)} classes have {words!r} in their name: write more, such as {some}."
        near = difflib.get_close_matches(words, self._titles, n=3, cutoff=0.5)
        return f"No class has {words!r} in its name" + (f": did you mean {', '.join(near)}?" if near else ": try another word.")
