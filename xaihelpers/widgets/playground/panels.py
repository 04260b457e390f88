"""What is explained: an image, a network and a class, each chosen or brought along."""

import io

import ipywidgets
from PIL import Image

from ...images import as_uint8
from ...zoo import classifier_names
from . import page
from .models import FIND_OUT, RANGES
from .sources import LARGEST_BYTES, course_images, given_image

COLUMN = {"flex": "1 1 215px", "max_width": "300px", "margin": "0 12px 8px 0"}  # four of them beside each other
_WIDE = {"description_width": "initial"}
_TOP = 5
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
        self.thumbnail = ipywidgets.Image(format="jpeg", layout={"width": "160px", "height": "160px", "object_fit": "contain"})
        self.thumbnail.add_class("xh-thumbnail")
        super().__init__([self.choice, self.upload, self.thumbnail], layout=COLUMN)

    @property
    def source(self):
        """The Source that is chosen."""
        return self.sources[self.choice.value]

    def add(self, source):
        """Put a Source first in the menu, and choose it."""
        self.sources = {f"upload: {source.name}": source, **self.sources}
        self.choice.options = list(self.sources)
        self.choice.index = 0

    def show(self, image):
        """Show the image as the network sees it."""
        buffer = io.BytesIO()
        Image.fromarray(as_uint8(image)).resize((160, 160), Image.Resampling.BICUBIC).save(buffer, format="JPEG", quality=88)
        self.thumbnail.value = buffer.getvalue()


class ClassifierPanel(ipywidgets.VBox):
    """Choose one of the course's networks, or load a model file of one's own."""

    def __init__(self, classifiers):
        self.own = dict(classifiers)
        self.choice = ipywidgets.Dropdown(
            options=self._options(), description="Classifier", style=_WIDE, layout={"width": "auto"}
        )
        self.about = ipywidgets.HTML()
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
        form = ipywidgets.VBox([self.upload, self.path, self.names, self.values, self.load])
        self.form = ipywidgets.Accordion([form], titles=["A model of your own"], selected_index=None)
        super().__init__([self.choice, self.about, self.form], layout=COLUMN)
        self.choice.observe(lambda change: self._describe(), names="value")
        self._describe()

    def given(self):
        """Return (path or bytes, file name, class names, range) as the form stands; ValueError where nothing is given."""
        names = [name.strip() for line in self.names.value.splitlines() for name in line.split(",") if name.strip()]
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
        return [*self.own, *(name for name in classifier_names() if name not in self.own)]

    def _describe(self):
        self.about.value = f"<div>{classifier_names().get(self.choice.value, 'a model of your own')}</div>"


class ClassPanel(ipywidgets.VBox):
    """Choose the class to explain. The likeliest come first, with their probabilities; all others follow."""

    def __init__(self):
        self.choice = ipywidgets.Dropdown(options=[], description="Class to explain", style=_WIDE, layout={"width": "auto"})
        self.top = ipywidgets.HTML()
        super().__init__([self.choice, self.top], layout=COLUMN)

    def offer(self, names, probabilities):
        """Fill the menu for one image; the predicted class is chosen."""
        order = (-probabilities).argsort(kind="stable")
        first = [(f"{names[i]}: {probabilities[i]:.1%}", int(i)) for i in order[:_TOP]]
        rest = sorted((names[i], int(i)) for i in order[_TOP:])
        self.choice.options = first + rest
        self.choice.index = 0
        self.top.value = page.likeliest([(names[i], float(probabilities[i])) for i in order[:_TOP]])

    def empty(self):
        """Offer nothing."""
        self.choice.options, self.top.value = [], ""
