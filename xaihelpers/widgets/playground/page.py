"""What the playground shows: pictures of one colour scale with their cost, as HTML, as a file of its own, and as a PNG."""

import base64
import functools
import io
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from ...images import as_uint8
from ...methods import METHODS
from ...metrics import mass_inside, pointing_game
from ...plots import colour, describe, figure, overlay
from ...results import Attribution
from ...saving import record
from ...seeing import large, seen
from .names import class_title, classifier_title, technique_title
from .scale import OVER, OWN, Scale, beginning

PANEL = 448  # pixels an edge of a picture: as large as it is shown after a click
STYLE = """<style>
.xh-cards { display: flex; flex-wrap: wrap; gap: 10px; align-items: flex-start; margin: 8px 0; line-height: 1.4; }
.xh-card { flex: 1 1 145px; max-width: 250px; box-sizing: border-box; padding: 8px; overflow-wrap: anywhere;
  border: 1px solid rgba(128, 128, 128, .45); border-radius: 6px; }
.xh-card img { width: 100%; height: auto; display: block; margin: 6px 0; }
.xh-zoom > summary { list-style: none; cursor: zoom-in; }
.xh-zoom[open] > summary { cursor: zoom-out; }
.xh-zoom > summary::-webkit-details-marker { display: none; }
.xh-card:has(.xh-zoom[open]) { flex-basis: 100%; max-width: 520px; order: -1; }
.xh-shown { line-height: 1.4; }
.xh-shown p { margin: 6px 0; line-height: 1.4; }
.xh-card p { margin: 4px 0; }
.xh-note { border-left: 4px solid #b87a00; padding-left: 8px; margin: 4px 0; }
.xh-error { border-left: 4px solid #d1453b; padding-left: 8px; margin: 4px 0; }
.xh-bar { height: 14px; width: 100%; max-width: 420px; border: 1px solid rgba(128, 128, 128, .6); }
.xh-ends { display: flex; justify-content: space-between; max-width: 420px; }
.xh-playground .jupyter-widget-Collapse-header { color: var(--jp-ui-font-color1, inherit); }
.xh-card pre { white-space: pre-wrap; margin: 4px 0; font-size: 12px; }
</style>"""


@functools.cache
def _template():
    """Return the macros of page.html; what they are given is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    # A name that is not defined is a mistake of ours: better an error than a gap.
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
    return environment.get_template("page.html").module


class Shown(NamedTuple):
    """What is on show. outcomes: of every technique. probability: what the classifier says of the class."""

    image: np.ndarray
    image_name: str
    credit: str
    classifier: str
    class_name: str
    probability: float
    outcomes: list
    evidence: np.ndarray | None = None  # (H, W) bool, what makes the class, where that is known

    @property
    def results(self):
        """The results that there are."""
        return [each.result for each in self.outcomes if each.result is not None]

    @property
    def title(self):
        """One line that says what is explained."""
        return (
            f"{self.image_name}: “{class_title(self.class_name)}”, {self.probability:.1%} for {classifier_title(self.classifier)}"
        )


def cards(shown, kind=OWN, how=OVER, link=None):
    """Return the HTML of everything on show: the photograph, a card for each technique, the colour scale.

    kind: OWN or SHARED, what a colour stands for. how: OVER or ALONE. link: from a lesson's file name to its address.
    """
    return str(_template().cards(_content(shown, kind, how, link)))


def page(shown, kind=OWN, how=OVER):
    """Return the comparison as one HTML file that needs nothing else: pictures inside, no address of any other place."""
    parameters = json.dumps(record(shown.results, shown.classifier, shown.image_name), indent=1, ensure_ascii=False)
    return str(_template().page(_content(shown, kind, how, None), STYLE, parameters))


def picture(shown, kind=OWN, how=OVER):
    """Return the comparison as a Picture: the photograph, every result, and the colour scale below."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize
    from matplotlib.figure import Figure

    scale, results = Scale(shown.results, kind), shown.results
    fig = Figure(figsize=(2.9 * (len(results) + 1), 4.2), layout="constrained")
    axes = fig.subplots(1, len(results) + 1, squeeze=False)[0]
    panels = [
        (shown.image, f"{shown.image_name[:40]}\n“{shown.class_name[:40]}”: {shown.probability:.1%}\n{shown.classifier}"),
        *((scale.panel(each, how), _caption(each)) for each in results),
    ]
    for axis, (pixels, title) in zip(axes, panels):
        axis.imshow(pixels, interpolation="antialiased")
        axis.set_title(title, fontsize=8, wrap=True)
        axis.set_axis_off()
    maps = [each for each in results if isinstance(each, Attribution)]
    if maps:
        _, (low, high, name) = colour(maps[0].heatmap, scale.limit, scale.signed)
        bar = fig.colorbar(ScalarMappable(Normalize(low, high), name), ax=list(axes), location="bottom", fraction=0.04, pad=0.02)
        bar.set_label(kind, fontsize=8)
        bar.ax.tick_params(labelsize=7)
        bar.set_ticks([low, low / 2, 0, high / 2, high] if low else [0, high / 2, high])
    alt = "; ".join([shown.title, *(describe(each) for each in maps)])
    return figure(fig, alt, scale.words() if maps else "", dpi=110)


def download(name, data, kind):
    """Return a link that saves data, which it holds itself, to a file of that name."""
    address = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    return str(_template().download(name, address, f"{len(data) / 1000:,.0f}"))


def likeliest(classes):
    """Return the likeliest classes as HTML, with a bar each. classes: [(name, probability)]."""
    return str(_template().likeliest(classes))


def note(sentence, wrong=False):
    """Return a sentence as HTML: a notice, or what went wrong."""
    return str(_template().note(sentence, "xh-error" if wrong else "xh-note"))


def _content(shown, kind, how, link):
    """Return what page.html puts in its places."""
    scale = Scale(shown.results, kind)
    return {
        "title": shown.title,
        "scale": _legend(scale) if any(isinstance(each, Attribution) for each in shown.results) else None,
        "photo": _panel(shown.image, "the photograph that is explained"),
        "name": shown.image_name,
        "credit": shown.credit,
        "outcomes": [_outcome(each, scale, how, link, shown.evidence) for each in shown.outcomes],
        "evidence": None if shown.evidence is None else _evidence(shown),
    }


def _evidence(shown):
    """Return what is known: where the lesions are, and on which share of the image."""
    marked = overlay(shown.evidence.astype(np.float32), shown.image, signed=False)
    share = f"{shown.evidence.mean():.0%}"
    return {"panel": _panel(marked, f"the lesions, which cover {share} of the image"), "share": share}


def _on_evidence(result, evidence):
    """Return how much of a map lies on the evidence."""
    hit, mass = pointing_game(result, evidence), mass_inside(result, evidence)
    share = "no value is for the class" if np.isnan(mass) else f"{mass:.0%} of its mass lies on the lesions"
    return f"{share}; its highest pixel {'does' if hit > 0.5 else 'does not'}"


def _outcome(outcome, scale, how, link, evidence=None):
    """Return what the card of one technique says."""
    name, result = outcome.technique, outcome.result
    sentence = None if result is not None else outcome.sentence or " "
    said = {"technique": technique_title(name), "lesson": _lesson(name, link), "sentence": sentence}
    if result is None:
        return said
    lines = [f"of “{class_title(result.class_name)}”", *filter(None, [getattr(result, "note", "")])]
    if isinstance(result, Attribution):
        alt = describe(result)
        lines += [_on_evidence(result, evidence)] if evidence is not None else []
        lines.append(_numbers(result))
    else:
        alt = f"{name}: a picture that the network made, of {result.class_name}"
        lines.append("a picture that the network made: it has no colour scale")
    lines.append(f"cost: {result.cost}")
    parameters = ", ".join(f"{key} = {value}" for key, value in record(result)["results"][0]["parameters"].items())
    panel = _panel(scale.panel(result, how), alt)
    return said | {"panel": panel, "lines": lines, "doubts": result.diagnostics, "parameters": parameters}


def _numbers(result):
    """Return what a map's colours stand for, in its own unit."""
    low, high = result.heatmap.min(), result.heatmap.max()
    drawn = seen(result)
    begin = 0 if result.full_scale else beginning(drawn.values, result.signed)
    zero = f"0 on the scale: {begin:.3g}, " if begin else ""
    return (
        f"from {low:.3g} to {high:.3g}; {zero}1 on the scale: {result.full_scale or begin + large(drawn.values - begin):.3g}"
        + (f"; drawn in blocks of {drawn.block} pixels" if drawn.block > 1 else "")
    )


def _lesson(name, link):
    """Return the lesson behind a technique, in words, and its address where links lead somewhere; None where there is none."""
    lesson = METHODS[name].lesson
    if not lesson:
        return None
    number, _, title = lesson.removesuffix(".ipynb").partition("_")
    words = f"lesson {number.lstrip('0')}, {title.replace('_', ' ')}"
    return {"words": words, "address": link(lesson) if link is not None else ""}


def _legend(scale):
    """Return the colour scale, with what it means."""
    _, (low, high, _name) = colour(np.zeros((1, 1)), 1.0, scale.signed)
    steps = colour(np.linspace(low, high, 11)[None], 1.0, scale.signed)[0][0]
    stops = ", ".join(f"rgb({r}, {g}, {b})" for r, g, b in np.rint(255 * steps).astype(int))
    left, right = scale.ends()
    return {"stops": stops, "left": left, "right": right, "signed": scale.signed, "words": scale.words()}


def _caption(result):
    """Return the lines above a result in the PNG."""
    numbers = f"\n{_numbers(result)}" if isinstance(result, Attribution) else ""
    numbers = (f"\n{result.note}" if getattr(result, "note", "") else "") + numbers
    return f"{result.title}\nof “{result.class_name[:40]}”{numbers}\n{result.cost}"


def _panel(pixels, alt):
    """Return a picture with its pixels inside; JPEG, since there may be many."""
    small = Image.fromarray(as_uint8(pixels)).resize(
        (PANEL, PANEL * pixels.shape[0] // pixels.shape[1]), Image.Resampling.BICUBIC
    )
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=88, subsampling=0)
    return {"data": base64.b64encode(buffer.getvalue()).decode(), "alt": alt}
