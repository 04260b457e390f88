"""Recording: a technique's answers at the positions of its sliders, as small pictures that are stored once each."""

import base64
import html
import io
import re
from dataclasses import dataclass, field

import numpy as np
from PIL import Image

from ...images import as_rgb, as_uint8
from ...plots import describe, shades
from ...results import Attribution, Visualization
from .positions import MOST, combinations, plan

EDGE = 224  # pixels: a larger picture is made smaller
BYTES = 100_000  # of one player's pictures; they are compressed harder until they fit
PASSES = 45_000  # through the network, for all positions together, as far as the first one tells: counted, so the same anywhere
_FEWEST = 12  # positions, however much one costs
_QUALITIES = (82, 70, 55, 40, 25)
_SMALLER = (1, 0.75, 0.5)
_FEW = 100  # levels; with more of them compression without loss is slow and not worth trying
_SECONDS = re.compile(r", \d+\.\d\d s\b")  # another number in every run


@dataclass
class Control:
    """A slider to record. labels: of its positions. start: the index it stands at. scale: whether these are numbers."""

    name: str
    labels: list
    start: int
    scale: bool


@dataclass
class Recording:
    """What a player shows. `positions`: {indices of the labels: {"panels", "text", "alt"}}; `tiles`: WebP bytes, once each.

    A panel is [tile of a picture], [tile of a map, palette], or both for a map laid over its picture in grey.
    """

    controls: list
    together: list
    alpha: float
    positions: dict = field(default_factory=dict)
    tiles: list = field(default_factory=list)
    palettes: dict = field(default_factory=dict)

    @property
    def start(self):
        """The position at which the player begins."""
        return tuple(control.start for control in self.controls)


def record(controls, draw, alpha=0.55):
    """Return the Recording of `draw` at the positions that are worth it (see `positions.plan`).

    controls: list of Control. draw(indices): (result as `explore` takes it, sentences to be shown below), for a list with
    the index of each control's label. alpha: how strongly a map covers its image at first.
    What `draw` raises is raised: a position that fails must not be stored.
    """
    choices = {each.name: (list(range(len(each.labels))), each.start, each.scale) for each in controls}
    first = draw([each.start for each in controls])
    kept, together = plan(choices, min(MOST, max(_FEWEST, PASSES // max(1, _passes(first[0])))))
    recorded = [
        Control(each.name, [each.labels[i] for i in kept[each.name]], kept[each.name].index(each.start), each.scale)
        for each in controls
    ]
    found = Recording(recorded, together, alpha)
    tiles = _Tiles()
    start = {each.name: each.start for each in controls}
    for chosen in combinations(kept, together, start):
        result, said = first if chosen == start else draw(list(chosen.values()))
        parts = result if isinstance(result, list) else [result]
        panels = [panel for part in parts for panel in _panels(part, isinstance(result, list), tiles, found.palettes)]
        text = [*filter(None, map(caption, parts)), *said]
        key = tuple(kept[name].index(value) for name, value in chosen.items())
        found.positions[key] = {"panels": panels, "text": text, "alt": "; ".join(map(alternative, parts))}
    found.tiles = tiles.compressed()
    return found


def _passes(result):
    """Return what a result cost, in passes."""
    parts = result if isinstance(result, list) else [result]
    return sum(part.forward_passes + part.backward_passes for part in parts if isinstance(part, (Attribution, Visualization)))


def caption(result):
    """Return the line below a result: what it is, its colour scale, and what it cost in passes."""
    if not isinstance(result, (Attribution, Visualization)):
        return ""
    text = f"{result.title} of “{result.class_name}”"
    if isinstance(result, Attribution):
        _, (low, high, _) = shades(result)
        text += f" ({result.note})" if result.note else ""
        text += f" · colours from {low:.3g} to {high:.3g}" + (" (red: against, blue: for)" if low < 0 else "")
    return f"{text} · {_SECONDS.sub('', str(result.cost))}"


def alternative(result):
    """Return what a result shows in words, for those who can't see it."""
    if isinstance(result, Attribution):
        return describe(result)
    return f"{result.title} of {result.class_name}" if isinstance(result, Visualization) else "the image"


def _panels(result, in_a_row, tiles, palettes):
    """Return the panels of one result; an Attribution alone is shown three times: image, map, and one over the other."""
    if not isinstance(result, Attribution):
        return [[tiles.add(as_uint8(as_rgb(result.image if isinstance(result, Visualization) else result))), None, None]]
    places, (_, _, name) = shades(result)
    palettes.setdefault(name, palette(name))
    # One byte a pixel: the place of its value on the colour scale. The player has the palette, and lays it over.
    level = np.rint(255 * places).astype(np.uint8)
    picture, heat = tiles.add(as_uint8(as_rgb(result.image))), tiles.add(level)
    over = [picture, heat, name]
    return [over] if in_a_row else [[picture, None, None], [None, heat, name], over]


def palette(name):
    """Return the 256 colours of a colour map as base64 of their bytes."""
    import matplotlib

    return base64.b64encode(np.rint(255 * matplotlib.colormaps[name](np.arange(256))[:, :3]).astype(np.uint8).tobytes()).decode()


class _Tiles:
    """Pictures, each kept once."""

    def __init__(self):
        self._numbers, self._pictures = {}, []

    def add(self, array):
        """Return the number of a picture, (H, W, 3) or (H, W) uint8."""
        key = array.shape, array.tobytes()
        if key not in self._numbers:
            self._numbers[key] = len(self._pictures)
            self._pictures.append(array)
        return self._numbers[key]

    def compressed(self):
        """Return all as WebP bytes: as good as fits into BYTES together, else the smallest."""
        for smaller in _SMALLER:
            for quality in _QUALITIES:
                tiles = [_webp(picture, smaller, quality) for picture in self._pictures]
                if sum(map(len, tiles)) <= BYTES:
                    return tiles
        return tiles


def _webp(array, smaller, quality):
    """Return a picture as WebP: without loss where that is smaller, as it may be for a map of few superpixels."""
    few = len(np.unique(array)) <= _FEW
    picture = Image.fromarray(array)
    edge = round(smaller * min(EDGE, max(picture.size)))
    if edge < max(picture.size):
        share = edge / max(picture.size)
        picture = picture.resize([max(1, round(share * side)) for side in picture.size], Image.Resampling.LANCZOS)
    found = []
    for options in ({"quality": quality, "method": 6}, *([{"lossless": True}] if few else [])):
        buffer = io.BytesIO()
        picture.save(buffer, format="WEBP", **options)
        found.append(buffer.getvalue())
    return min(found, key=len)


def escaped(text):
    """Return a text for HTML, between tags or quotation marks."""
    return html.escape(str(text), quote=True)
