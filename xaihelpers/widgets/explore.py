"""Sliders on a technique: move one, and the picture is drawn again in its place."""

import html
import io
from typing import Any

import ipywidgets
from PIL import Image

from .._quiet import without_warnings
from .._types import Technique
from ..classifier import Classifier
from ..decoding import opened
from ..images import as_rgb, as_uint8
from ..methods import METHODS
from ..plots import Picture, colour, describe, overlay, side_by_side
from ..results import Attribution, Visualization
from .controls import choices_of, from_registry, make_control, positions, value_of
from .player import Control, record, recording, to_html

PANEL = 300  # pixels an edge of one panel
# For screen readers only: a widget's image has no alt text.
_UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"
_SLIDERS = (ipywidgets.IntSlider, ipywidgets.FloatSlider)
_STILL = 600  # pixels: the picture that stands for a player where no script runs
_KEPT = 24  # results remembered, so that moving back is quick


def explore(
    method: Technique,
    classifier: Classifier,
    image: Any,
    *,
    alpha: float = 0.55,
    **ranges: Any,
) -> "Explorer":
    """Return sliders over a technique's parameters and the picture that they draw, as one widget.

    method: the name of a technique, or any function `f(classifier, image, **values)` that returns an Attribution, a
        Visualization, an image, or a list of these to draw in a row. classifier, image: as for the technique; image may
        be {name: image} to choose from.
    alpha: how strongly the map covers the image at first; it has a slider of its own.
    ranges: for each parameter (low, high), (low, high, step), a list to choose from, or {label: value}; a single
        value is kept as it is. None given: the ranges that the technique names for itself.
    Raises ValueError for an unknown technique, an empty list or a range that is none.
    """
    name, function = _function(method)
    if not ranges and name in METHODS:
        ranges = {key: from_registry(slider, classifier) for key, slider in METHODS[name].sliders.items()}
    return Explorer(name, function, classifier, image, alpha, ranges)


def strip(
    method: Technique,
    classifier: Classifier,
    image: Any,
    *,
    caption: str = "",
    size: float = 2.4,
    **one_range: Any,
) -> Picture:
    """Return a Picture of a technique at several values of one parameter: the still version of its slider.

    one_range: the parameter with a list of values, such as layer=["conv1", "conv5"]; single values are kept fixed.
    """
    _, function = _function(method)
    lists = {key: value for key, value in one_range.items() if isinstance(value, (list, dict))}
    if len(lists) != 1:
        raise ValueError(f"strip got {len(lists)} parameters with a list of values: give exactly one.")
    ((key, values),) = lists.items()
    values = values if isinstance(values, dict) else {str(value): value for value in values}
    fixed = {name: value for name, value in one_range.items() if name != key}
    with without_warnings():
        results = [function(classifier, image, **fixed, **{key: value}) for value in values.values()]
    return side_by_side(results, [f"{key} = {label}" for label in values], size=size, caption=caption)


class Explorer(ipywidgets.VBox):
    """The widget that `explore` returns. `result` is what it shows now; `sweep()` moves every control through its range."""

    def __init__(self, name, function, classifier, image, alpha, ranges):
        self.name, self._function, self._classifier = name, function, classifier
        images = image if isinstance(image, dict) else {"image": image}
        self.controls = {key: control for key, value in ranges.items() if (control := make_control(key, value)) is not None}
        self._fixed = {key: value for key, value in ranges.items() if key not in self.controls}
        self._image = make_control("image", images)
        if len(images) > 1:
            self.controls = {"image": self._image, **self.controls}
        self._alpha = make_control("overlay", (0.0, 1.0, 0.05))
        self._alpha.value = alpha
        self.controls["overlay"] = self._alpha
        self._results, self.result = {}, None
        # flex-start: never enlarged to the width of the page. Two lines are kept free below, so that the page doesn't jump.
        layout = {"max_width": "100%", "object_fit": "contain", "align_self": "flex-start"}
        self.picture = ipywidgets.Image(format="jpeg", layout=layout)
        self.status = ipywidgets.HTML(layout={"min_height": "56px"})
        rows = ipywidgets.HBox(list(self.controls.values()), layout={"flex_flow": "row wrap", "grid_gap": "4px 24px"})
        super().__init__([rows, self.picture, self.status])
        for control in self.controls.values():
            control.observe(self._redraw, names="value")
        self._redraw()

    def __repr__(self):
        # Read where the notebook is not run: stored, a widget is only its text. ipywidgets cuts it at 110 characters.
        return f"Sliders for {', '.join(self._shown())}: run this notebook to move them."

    def _repr_mimebundle_(self, **kwargs):
        bundle = super()._repr_mimebundle_(**kwargs)
        # For places without a kernel; where there is one, the widget is preferred to HTML.
        return {**bundle, "text/html": self.player()} if recording() else bundle

    def player(self):
        """Return the HTML of a player: what is drawn at the positions of the controls, to be moved without a kernel.

        It takes as long as drawing every position. Raises what a position raises.
        """
        moved = {name: control for name, control in self.controls.items() if name != "overlay"}
        choices = {name: choices_of(control) for name, control in moved.items()}

        def draw(places):
            chosen = {name: list(choices[name][0].values())[place] for name, place in zip(moved, places)}
            image = chosen.pop("image", value_of(self._image))
            return self._answer(image, {**self._fixed, **chosen})

        controls = [Control(name, list(found), at, isinstance(moved[name], _SLIDERS)) for name, (found, at) in choices.items()]
        buffer = io.BytesIO()
        with opened(io.BytesIO(self.picture.value)) as still:
            still.thumbnail((_STILL, _STILL))
            still.save(buffer, format="WEBP", quality=70, method=6)
        return to_html(record(controls, draw, self._alpha.value), buffer.getvalue(), f"Sliders for {', '.join(self._shown())}")

    def _shown(self):
        """Return the controls that can be seen: there is none for the overlay where nothing is laid over an image."""
        return {name: control for name, control in self.controls.items() if control.layout.display != "none"}

    def values(self):
        """Return {parameter: value} as the controls stand, those kept fixed included."""
        own = {key: value_of(control) for key, control in self.controls.items() if key not in ("image", "overlay")}
        return {**self._fixed, **own}

    def sweep(self):
        """Move every control through its range and back; return what was drawn. A control that fails raises here."""
        report = []
        for name, control in self._shown().items():
            start, drawn = control.value, set()
            try:
                for value in positions(control):
                    control.value = value
                    drawn.add(bytes(self.picture.value))
            finally:
                control.value = start
            report.append(f"{name}: {len(positions(control))} positions, {len(drawn)} different pictures")
        return "\n".join(report)

    def _redraw(self, change=None):
        """Compute what the controls ask for (unless it is remembered) and put it into the picture."""
        self.status.value = "<i>computing …</i>"
        try:
            self.result, doubts = self._compute()
            self.picture.value = _draw(self.result, self._alpha.value)
            self._alpha.layout.display = None if isinstance(self.result, (Attribution, list)) else "none"  # nothing to lay over
        except Exception as error:
            # The learner reads the sentence; raising it as well is what lets a notebook's test see it.
            self.status.value = _message(str(error) or type(error).__name__, "#b3261e", "alert")
            raise
        self.status.value = _legend(self.result) + "".join(_message(sentence, "#8a5a00") for sentence in doubts)

    def _compute(self):
        """Return (result, diagnostics), from memory if these values were drawn before."""
        values = self.values()
        key = repr((self._image.value, sorted(values.items())))
        if key not in self._results:
            answer = self._answer(value_of(self._image), values)
            if len(self._results) >= _KEPT:
                self._results.pop(next(iter(self._results)))
            self._results[key] = answer
        return self._results[key]

    def _answer(self, image, values):
        """Ask the technique; return (result, diagnostics), those of a function of the learner's own included."""
        with without_warnings() as sentences:
            result = self._function(self._classifier, image, **values)
        return result, list(dict.fromkeys([*map(str, sentences), *getattr(result, "diagnostics", ())]))


def _function(method):
    """Return (name, function) for a technique given by name or as a function."""
    if isinstance(method, str):
        if method not in METHODS:
            raise ValueError(f"There is no technique {method!r}: choose from {', '.join(METHODS)}.")
        function = METHODS[method].function
        if METHODS[method].takes_image:
            return method, function
        return method, lambda classifier, image, **values: function(classifier, **values)  # the image is drawn from noise
    if not callable(method):
        raise TypeError(f"explore got {type(method).__name__}: give the name of a technique or a function.")
    return getattr(method, "__name__", "function"), method


def _draw(result, alpha):
    """Return JPEG bytes of a result: image, map and overlay side by side. Drawn with Pillow: matplotlib is too slow here."""
    if isinstance(result, Attribution):
        panels = [result.image, 255 * colour(result)[0], overlay(result, alpha=alpha)]
    else:
        panels = [_panel(each, alpha) for each in (result if isinstance(result, list) else [result])]
    resized = [Image.fromarray(as_uint8(as_rgb(panel))).resize((PANEL, PANEL), Image.Resampling.BICUBIC) for panel in panels]
    sheet = Image.new("RGB", (len(panels) * (PANEL + 8) - 8, PANEL), "white")
    for i, panel in enumerate(resized):
        sheet.paste(panel, (i * (PANEL + 8), 0))
    buffer = io.BytesIO()
    sheet.save(buffer, format="JPEG", quality=90, subsampling=0)
    return buffer.getvalue()


def _panel(result, alpha):
    """Return one picture of a result: a map is laid over its image."""
    if isinstance(result, Attribution):
        return overlay(result, alpha=alpha)
    return result.image if isinstance(result, Visualization) else result


def _legend(result):
    """Return the line below the picture: what it shows, its colour scale, and what it cost."""
    if isinstance(result, list):
        return "".join(_legend(each) for each in result)
    if not isinstance(result, (Attribution, Visualization)):
        return ""
    text, unseen = f"{result.title} of “{result.class_name}”", ""
    if isinstance(result, Attribution):
        _, (low, high, _) = colour(result)
        text += f" ({result.note})" if result.note else ""
        text += f" · colours from {low:.3g} to {high:.3g}" + (" (red: against, blue: for)" if low < 0 else "")
        unseen = f'<span style="{_UNSEEN}">{html.escape(describe(result))}</span>'
    return f'<div role="status">{html.escape(f"{text} · {result.cost}")}{unseen}</div>'


def _message(sentence, tint, role="status"):
    """Return a sentence with a coloured edge; its text has the colours of the page's theme."""
    return f'<div role="{role}" style="border-left:4px solid {tint};padding-left:8px">{html.escape(sentence)}</div>'
