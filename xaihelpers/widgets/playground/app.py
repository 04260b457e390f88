"""The playground as one widget: what is chosen on top, what came of it below."""

from pathlib import Path

import ipywidgets

from ...classifier import Classifier
from ...saving import png
from ...zoo import load_classifier
from . import page, scale
from .explain import FORESEEN, explain
from .links import in_app, lesson_link
from .models import own_classifier
from .names import classifier_title
from .panels import ClassifierPanel, ClassPanel, ImagePanel
from .slots import Slot
from .sources import refuse_large, uploaded_image
from .worker import Worker

_START = ("grad_cam", "occlusion", "none", "none")
_STEPS = 1000  # of the progress bar
_LOADED = {}  # {name: Classifier} of the course, for all playgrounds of this process


class Playground(ipywidgets.VBox):
    """The widget that `playground` returns.

    `images`, `classifiers`, `classes` and `slots` hold the controls; `run`, `stop`, `save_picture` and `save_comparison` are
    buttons; `wait()` waits until the work is done. `shown` and `results` have what is shown, `saved` the bytes of the file
    that was offered last. `in_app`: whether Voilà shows it.
    """

    def __init__(self, classifiers, images):
        for name, given in classifiers.items():
            if not isinstance(given, Classifier):
                raise TypeError(f"{name!r} is {type(given).__name__}: wrap the model first, Classifier(model, ...).")
        self._worker, self._seen = Worker(), None
        self.shown, self.saved, self.in_app = None, None, in_app()
        self.images, self.classifiers, self.classes = ImagePanel(images), ClassifierPanel(classifiers), ClassPanel()
        self.slots = [Slot(number, name) for number, name in enumerate(_START, start=1)]
        self._make_buttons()
        self.message, self.output, self.downloads = ipywidgets.HTML(), ipywidgets.HTML(), ipywidgets.HTML()
        wrap = {"flex_flow": "row wrap", "align_items": "flex-start"}
        style = ipywidgets.HTML(page.STYLE, layout={"display": "none"})
        buttons = ipywidgets.HBox([self.run, self.stop, self.bar, self.status], layout={**wrap, "align_items": "center"})
        keep = ipywidgets.HBox([self.kind, self.how, self.save_picture, self.save_comparison], layout=wrap)
        # What is chosen on the left, what comes of it beside it; below it where the page is narrow.
        chosen = ipywidgets.VBox(
            [self.images, self.classifiers, self.classes, *self.slots], layout={"flex": "1 1 260px", "max_width": "340px"}
        )
        seen = ipywidgets.VBox(
            [buttons, self.message, self.output, keep, self.downloads], layout={"flex": "3 1 420px", "min_width": "0"}
        )
        super().__init__([style, ipywidgets.HBox([chosen, seen], layout={**wrap, "grid_gap": "0 20px", "width": "100%"})])
        self.add_class("xh-playground")
        self._connect()
        self._look()

    def _make_buttons(self):
        wide = {"style": {"description_width": "initial"}, "layout": {"width": "auto"}}
        narrow = {"width": "110px"}
        self.run = ipywidgets.Button(description="Explain", button_style="primary", icon="play", disabled=True, layout=narrow)
        self.stop = ipywidgets.Button(description="Stop", icon="stop", disabled=True, layout=narrow)
        self.bar = ipywidgets.IntProgress(max=_STEPS, layout={"width": "120px"})
        self.status = ipywidgets.Label(layout={"min_width": "120px"})
        self.kind = ipywidgets.Dropdown(
            options=[scale.OWN, scale.SHARED, scale.SPREAD], description="A colour stands for", **wide
        )
        self.how = ipywidgets.Dropdown(options=[scale.OVER, scale.ALONE], description="Maps are drawn", **wide)
        self.save_picture = ipywidgets.Button(description="Save picture (PNG)", disabled=True, layout={"width": "auto"})
        self.save_comparison = ipywidgets.Button(description="Save page (HTML)", disabled=True, layout={"width": "auto"})

    def _connect(self):
        """Say which control does what."""
        self.images.choice.observe(lambda change: self._look(), names="value")
        self.classifiers.choice.observe(lambda change: self._look(), names="value")
        self.images.upload.observe(lambda change: self._take_photo(), names="value")
        self.classifiers.load.on_click(lambda button: self._take_model())
        self.run.on_click(lambda button: self._explain())
        self.stop.on_click(lambda button: self._worker.stop())
        for control in (self.kind, self.how):
            control.observe(lambda change: self._draw(), names="value")
        self.save_picture.on_click(lambda button: self._offer("explained.png", self._png, "image/png"))
        self.save_comparison.on_click(lambda button: self._offer("comparison.html", self._page, "text/html"))

    # -- for code and tests -----------------------------------------------------------------------------------------

    @property
    def results(self):
        """The results that are shown, in the order of the techniques."""
        return [] if self.shown is None else self.shown.results

    def wait(self, seconds=None):
        """Wait until nothing is left to do; raises what went wrong and nobody foresaw, TimeoutError after so many seconds."""
        self._worker.wait(seconds)

    def picture(self):
        """Return what is shown as a Picture."""
        return page.picture(self.shown, self.kind.value, self.how.value)

    def save_png(self, path):
        """Write the picture to a PNG file with its parameters inside; `xh.read_png(path)` reads them."""
        self._write(path, self._png())

    def save_page(self, path):
        """Write the comparison to one HTML file that needs nothing else."""
        self._write(path, self._page())

    def _write(self, path, data):
        with open(path, "wb") as file:
            file.write(data)

    # -- what is chosen -----------------------------------------------------------------------------------------------

    def _take_photo(self):
        """Take in an uploaded photo, or say why not."""
        files, self.images.upload.value = self.images.upload.value, ()
        for file in files:
            try:
                source = uploaded_image(file["name"], bytes(file["content"]))
            except (ValueError, TypeError) as error:
                self.images.say(str(error))
            else:
                self.images.say()
                self.images.add(source)
                self._look()

    def _take_model(self):
        """Load the model that the form names, in the worker's thread."""
        try:
            given, name, names, values = self.classifiers.given()
            if isinstance(given, bytes):
                refuse_large(name, given, "give its path instead")
        except ValueError as error:
            self.classifiers.say(str(error))
            return
        self.classifiers.say()
        self._busy("loading your model …")
        self._do(lambda: self._load_model(given, name, names, values), self.classifiers.say)

    def _load_model(self, given, name, names, values):
        classifier, said = own_classifier(given, name, names, values)
        self.classifiers.upload.value = ()
        self.classifiers.add(f"own: {name or Path(given).name}", classifier)
        self._say(said)
        self._look(keep=True)

    def _look(self, keep=False):
        """Ask the network what it sees, in the worker's thread, and offer its classes and its controls."""
        source, name = self.images.source, self.classifiers.choice.value
        if not keep:
            self._say("")
            self.images.say()
        self._busy(f"asking {classifier_title(name)} …")
        self._do(lambda: self._ask(source, name))

    def _ask(self, source, name):
        try:
            classifier = self._classifier(name)
            image = source.fitted(classifier.input_shape)
            probabilities = classifier.probabilities(image)[0]
        except Exception:
            self._seen = None
            self.classes.empty()
            raise
        self._seen = source, name, classifier, image, probabilities
        self.classes.offer(classifier.class_names, probabilities)
        for slot in self.slots:
            slot.offer(classifier)
        self._show(self._seen, self.classes.choice.value, [])  # the photograph at once, and not the maps of another one
        self._idle()

    def _classifier(self, name):
        """Return the classifier of that name, loaded once."""
        if name in self.classifiers.own:
            return self.classifiers.own[name]
        if name not in _LOADED:
            _LOADED[name] = load_classifier(name)
        return _LOADED[name]

    # -- what comes of it ---------------------------------------------------------------------------------------------

    def _explain(self):
        """Start the techniques that are chosen."""
        chosen = [each for slot in self.slots if (each := slot.chosen()) is not None]
        if not chosen:
            self._say("No technique is chosen: choose one to four.", wrong=True)
            return
        self._say("")
        self._busy("starting …")
        self.stop.disabled = False
        seen, target = self._seen, self.classes.choice.value
        self._do(lambda: self._work(*seen, target, chosen))

    def _work(self, source, name, classifier, image, probabilities, target, chosen):
        self.downloads.value, outcomes, stopping = "", [], self._worker.stopping
        try:
            for outcome in explain(classifier, image, target, chosen, stopping, self._progress):
                outcomes.append(outcome)
                self._show((source, name, classifier, image, probabilities), target, list(outcomes))
        finally:
            self._idle("stopped" if stopping.is_set() else "done")
        for outcome in outcomes:
            if outcome.error is not None:
                raise outcome.error

    def _show(self, seen, target, outcomes):
        source, name, classifier, image, probabilities = seen
        evidence = source.fitted_evidence(classifier.input_shape)
        said = classifier.class_names[target], float(probabilities[target])
        self.shown = page.Shown(image, source.name, source.credit, name, *said, outcomes, evidence)
        self._draw()

    def _progress(self, share, words):
        self.bar.value, self.status.value = round(_STEPS * share), words

    def _draw(self):
        """Draw what there is to show."""
        if self.shown is not None:
            self.output.value = page.cards(self.shown, self.kind.value, self.how.value, lesson_link)
            self.save_picture.disabled = self.save_comparison.disabled = not self.results

    def _png(self):
        return png(self.shown.results, self.shown.classifier, self.shown.image_name, self.picture())

    def _page(self):
        return page.page(self.shown, self.kind.value, self.how.value).encode()

    def _offer(self, name, make, kind):
        """Show a link that saves a file; nothing is written where the notebook runs."""
        self.saved = make()
        self.downloads.value = page.download(name, self.saved, kind)

    # -- in the worker's thread ---------------------------------------------------------------------------------------------

    def _do(self, job, say=None):
        """Do a job in the worker's thread; what goes wrong is shown, and what nobody foresaw is raised by `wait` too.

        say: shows a sentence beside the field that it is about.
        """

        def guarded():
            try:
                job()
            except FORESEEN as error:
                self._failed(str(error) or type(error).__name__, say)
            except Exception as error:
                self._failed(f"{type(error).__name__}: {error}")
                raise

        self._worker.do(guarded)

    def _failed(self, sentence, say=None):
        if say is None:
            self._say(sentence, wrong=True)
        else:
            say(sentence)
        self._idle()

    # -- what is said ---------------------------------------------------------------------------------------------------

    def _say(self, sentence, wrong=False):
        self.message.value = page.note(sentence, wrong) if sentence else ""

    def _busy(self, words):
        self.run.disabled = True
        self.bar.value, self.status.value = 0, words

    def _idle(self, words=""):
        self.stop.disabled = True
        self.run.disabled = self._seen is None
        self.bar.value, self.status.value = (_STEPS if words == "done" else 0), words
