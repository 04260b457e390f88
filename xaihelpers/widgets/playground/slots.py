"""The places for techniques: each has a menu of the registry, and the controls of what is chosen there."""

import contextlib
import inspect

import ipywidgets

from ...methods import METHODS
from ..controls import USUAL, parameter_control, value_of
from .names import technique_title
from .panels import COLUMN

NONE = "none"


class Slot(ipywidgets.VBox):
    """One technique and its parameters. `choice` is the menu, `controls` are {parameter: control}."""

    def __init__(self, number, chosen=NONE):
        self.choice = ipywidgets.Dropdown(
            options=[("–", NONE), *((technique_title(name), name) for name in METHODS)],
            value=chosen,
            description=f"Technique {number}",
            style={"description_width": "initial"},
            layout={"width": "auto"},
        )
        self.controls, self._classifier = {}, None
        self.settings = ipywidgets.Accordion([ipywidgets.VBox()], titles=["Settings"], selected_index=None)
        super().__init__([self.choice, self.settings], layout=COLUMN)
        self.add_class(f"xh-technique-{number}")
        self.choice.observe(lambda change: self._rebuild(), names="value")

    def offer(self, classifier):
        """Show the controls that fit this classifier: its layers, sizes that fit its images."""
        if classifier is not self._classifier:
            self._classifier = classifier
            self._rebuild()

    def chosen(self):
        """Return (technique, {parameter: value}) as the controls stand, None where nothing is chosen."""
        if self.choice.value == NONE:
            return None
        values = {name: value_of(control) for name, control in self.controls.items()}
        return self.choice.value, {name: value for name, value in values.items() if value != USUAL}

    def _rebuild(self):
        name = self.choice.value
        self.controls = {} if name == NONE or self._classifier is None else _controls(METHODS[name], self._classifier)
        for control in self.controls.values():
            control.layout.width = "auto"
        self.settings.children[0].children = list(self.controls.values())
        self.settings.layout.display = None if self.controls else "none"


def _controls(method, classifier):
    """Return {parameter: control} of a technique; the class is chosen elsewhere."""
    if not method.takes(classifier):
        return {}  # the technique itself says that it can't explain a plain function
    usual = {name: each.default for name, each in inspect.signature(method.function).parameters.items()}
    found = {}
    for name, slider in method.sliders.items():
        if name == "target":
            continue
        with contextlib.suppress(TypeError, ValueError):  # nothing to choose here: a subclassed model does not show its layers
            found[name] = parameter_control(name, slider, usual.get(name), classifier)
    return found
