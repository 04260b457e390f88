"""Pictures of results: perceptually uniform colours, signed maps centred on zero, a caption and alt text on each."""

import base64
import html
import io
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from ._types import Heatmap, ImageLike
from ._validation import listed, number, whole_number, yes_or_no
from .decoding import opened
from .images import as_rgb, as_uint8, check_image, check_map
from .results import Attribution, Visualization
from .seeing import seen

UNSIGNED = "viridis"
SIGNED = "RdBu"  # red speaks against the class, blue for it; told apart by the colour-blind
# Where a picture is drawn smaller than it is, pixels are averaged: leaving some out draws grids that are not there.
_SMALLER = "antialiased"


class Picture:
    """A drawn figure: `png` bytes with a caption and alt text; shows itself as the last line of a cell."""

    def __init__(self, png, alt, caption=""):
        self.png, self.alt, self.caption = png, alt, caption

    def _repr_html_(self):
        kind, data = _compact(self.png)
        caption = f"<figcaption>{html.escape(self.caption)}</figcaption>" if self.caption else ""
        return (
            f'<figure style="margin:4px 0"><img alt="{html.escape(self.alt, quote=True)}" style="max-width:100%" '
            f'src="data:image/{kind};base64,{base64.b64encode(data).decode()}">{caption}</figure>'
        )

    def __repr__(self):
        return f"Picture: {self.alt}"

    def save(self, path):
        """Write the picture to a PNG file (WebP for one that plays)."""
        with open(path, "wb") as file:
            file.write(self.png)


def figure(
    fig: Any,
    alt: str,
    caption: str = "",
    dpi: int = 80,
) -> Picture:
    """Return a matplotlib figure as a Picture, and close it.

    alt: what the picture shows, for those who can't see it. caption: text below it. dpi: dots per inch.
    """
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    fig.savefig(buffer, format="png", dpi=dpi, bbox_inches="tight", facecolor="white")
    plt.close(fig)
    return Picture(buffer.getvalue(), alt, caption)


def animate(
    frames: Sequence[Any],
    alt: str = "",
    caption: str = "",
    seconds: float = 4.0,
    scale: int = 1,
    times: int = 3,
) -> Picture:
    """Return a Picture that plays: frames (H, W, 3) of one size, or those of a Visualization.

    alt, caption: as for `figure`. seconds: how long one pass takes; the last frame then stays for as long again.
    scale: enlargement in whole pixels. times: how often it plays, after which the last frame stays.
    """
    if isinstance(frames, Visualization):
        alt = alt or f"{frames.title} of {frames.class_name}, the picture as it grew, in {len(frames.frames)} frames"
        frames = frames.frames
    frames = [as_uint8(check_image(as_rgb(frame))) for frame in listed(frames, "frames", "images")]
    if len({frame.shape for frame in frames}) > 1:
        raise ValueError(f"The frames have shapes {', '.join(sorted({str(frame.shape) for frame in frames}))}: give one size.")
    scale, times = whole_number(scale, "scale"), whole_number(times, "times", 0)
    seconds = number(seconds, "seconds", above=0, most=3600, what="how long it plays,")
    if scale * max((max(frame.shape) for frame in frames), default=0) > 16383:
        raise ValueError(f"scale is {scale}: the frames would be over 16383 pixels an edge, which WebP can't hold.")
    pictures = [Image.fromarray(np.kron(as_uint8(frame), np.ones((scale, scale, 1), np.uint8))) for frame in frames]
    if not pictures:
        raise ValueError("animate got no frames: give a list of images, or a Visualization.")
    if not alt:
        raise ValueError("animate got no alt: say in words what plays, for those who can't see it.")
    each = max(1, round(1000 * seconds / len(pictures)))
    buffer = io.BytesIO()
    pictures[0].save(
        buffer,
        format="WEBP",
        save_all=True,
        append_images=pictures[1:],
        quality=80,
        loop=times,
        duration=[each] * (len(pictures) - 1) + [round(1000 * seconds)],
    )
    return Picture(buffer.getvalue(), alt, caption)


def _compact(png):
    """Return (kind, bytes): JPEG where that is smaller, since a notebook holds many photographs; PNG for plain charts."""
    if png.startswith(b"RIFF"):
        return "webp", png  # frames that play, from `animate`
    buffer = io.BytesIO()
    # No chroma subsampling: thin red and blue details are what a signed map is made of.
    # No optimize=True: Pillow then has too small a buffer for pictures that are nearly noise, and gives up.
    with opened(io.BytesIO(png)) as drawn:
        drawn.convert("RGB").save(buffer, format="JPEG", quality=88, subsampling=0)
    return ("jpeg", buffer.getvalue()) if buffer.tell() < len(png) else ("png", png)


def colour(
    heatmap: Heatmap,
    limit: float | None = None,
    signed: bool | None = None,
) -> tuple[np.ndarray, tuple[float, float, str]]:
    """Return the colours of a map, (H, W, 3) float 0..1, and (low, high, colour map) for a colour bar.

    heatmap: a map (H, W), or an Attribution: one with a value for each pixel is then drawn so that it is seen, see `seeing`.
    limit: the value at which the colours end; None is the map's own largest (absolute) value, and colours that are not
        signed then begin at its smallest: a map such as RISE's, which is far from zero everywhere, would be all one colour.
    signed: diverging colours centred on zero; None: if the map has negative values, or the Attribution says that it is signed.
    """
    import matplotlib

    places, scale = shades(heatmap, limit, signed)
    return matplotlib.colormaps[scale[2]](places)[..., :3], scale


def shades(heatmap, limit=None, signed=None):
    """Return where each value of a map lies on its colour scale, (H, W), 0 to 1, and (low, high, colour map); as `colour`."""
    signed = _signed(heatmap) if signed is None else yes_or_no(signed, "signed")
    heatmap, own, *_ = seen(heatmap)
    limit = own if limit is None else limit
    limit = limit if limit is None else number(limit, "limit", least=0, what="None for the map's own, or a number")
    if signed:
        limit = (float(np.abs(heatmap).max()) if limit is None else limit) or 1.0
        low = -limit
    else:
        low, limit = (float(heatmap.min()), float(heatmap.max())) if limit is None else (0.0, limit)
        if low >= limit:  # one value everywhere
            low = min(low, 0.0)
            limit = limit if limit > low else low + 1.0
    return np.clip((heatmap - low) / (limit - low), 0, 1), (low, limit, SIGNED if signed else UNSIGNED)


def _signed(drawn):
    """Return whether a map or an Attribution is drawn in colours for and against."""
    return drawn.signed if isinstance(drawn, Attribution) else bool((np.asarray(drawn) < 0).any())


def overlay(
    attribution: Heatmap,
    image: ImageLike | None = None,
    alpha: float = 0.55,
    limit: float | None = None,
    signed: bool | None = None,
) -> np.ndarray:
    """Return the map laid over its image, (H, W, 3) uint8.

    attribution: an Attribution, or a map (H, W) with its image (H, W, 3). alpha: 0 only the image, 1 only the map.
    limit, signed: as in `colour`; without a limit, a result with a fixed scale has its own. The image is drawn in grey, so
        that every colour seen is the map's; where the map is near zero (or, if it never is, near its smallest value) it covers
        less, so that the image can be recognised there.
    """
    import matplotlib

    alpha = number(alpha, "alpha", least=0, most=1, what="how much of the map covers the image, a number")
    image = getattr(attribution, "image", None) if image is None else image
    if image is None:
        raise ValueError("overlay got a map without an image: give the image too.")
    heatmap, image = seen(attribution).values, check_image(as_rgb(image))
    if heatmap.shape != np.shape(image)[:2]:
        raise ValueError(f"The map is {heatmap.shape} and the image {np.shape(image)[:2]}: both must have the same size.")
    places, (*_, name) = shades(attribution, limit, signed)
    colours = matplotlib.colormaps[name](places)[..., :3]
    alpha = alpha * (0.4 + 0.6 * (np.abs(2 * places - 1) if name == SIGNED else places))[..., None]
    grey = np.asarray(Image.fromarray(as_uint8(image)).convert("L"), dtype=np.float32)[..., None] / 255
    return np.rint(255 * ((1 - alpha) * grey + alpha * colours)).astype(np.uint8)


def show(
    result: Any,
    alpha: float = 0.55,
    caption: str | None = None,
) -> Picture:
    """Return a Picture of a result: for an Attribution the image, the map with its colour bar, and the map over the image."""
    if isinstance(result, Visualization):
        return side_by_side([result], titles=[result.class_name], caption=caption)
    if not isinstance(result, Attribution):
        raise TypeError(f"show got {type(result).__name__}: give an Attribution or a Visualization.")
    drawn = seen(result)
    said = [f"{result.title} of “{result.class_name}”. Cost: {result.cost}", *filter(None, [drawn.words]), *result.diagnostics]
    caption = caption or "; ".join(said)
    return side_by_side(
        [result.image, drawn.values, overlay(result, alpha=alpha)],
        titles=["image", _marked(f"{result.title}: {result.class_name}", result), "laid over it"],
        limit=drawn.limit,
        signed=result.signed,
        caption=caption,
        alt=describe(result),
    )


def describe(attribution: Heatmap) -> str:
    """Return what a map shows, in words, for alt text: where its largest values are."""
    heatmap = np.abs(attribution.heatmap) if attribution.signed else attribution.heatmap
    name = f"{attribution.title} map for {attribution.class_name}" + (f" ({attribution.note})" if attribution.note else "")
    if not heatmap.any():
        return f"{name}: zero everywhere"
    row, column = np.unravel_index(heatmap.argmax(), heatmap.shape)
    vertical = ["upper", "middle", "lower"][min(3 * row // heatmap.shape[0], 2)]
    horizontal = ["left", "centre", "right"][min(3 * column // heatmap.shape[1], 2)]
    lowest = 0 if attribution.signed else heatmap.min()
    share = float((heatmap > (lowest + heatmap.max()) / 2).mean())
    half = "half the maximum" if 0 <= lowest < heatmap.max() / 10 else "the middle of its range"
    return f"{name}: strongest in the {vertical} {horizontal}; {share:.0%} of the pixels are above {half}"


def side_by_side(
    items: Sequence[Any],
    titles: Sequence[str] | None = None,
    *,
    columns: int | None = None,
    size: float = 2.6,
    shared_scale: bool = False,
    limit: float | None = None,
    signed: bool | None = None,
    colour_bar: bool = True,
    caption: str = "",
    alt: str | None = None,
) -> Picture:
    """Return one Picture of several images, maps and results, in rows.

    items: images (H, W, 3), maps (H, W), Attributions (drawn over their image) or Visualizations, mixed as you like.
    titles: one a picture; the note of a result is added to its title. columns: pictures a row; None is up to five.
    size: inches of one picture.
    shared_scale: all maps on one colour scale, so that they can be compared; signed if one of them is.
    limit: the value at which the colours of all maps end; None: each map's own, or the largest with shared_scale.
    signed: whether maps are drawn in colours for and against; None: each as `colour` decides.
    colour_bar: draw it beside plain maps.
    """
    import matplotlib.pyplot as plt

    items = [_drawable(item) for item in listed(items, "items", "images, maps or results")]
    if not items:
        raise ValueError("side_by_side got nothing to draw: give a list of images, maps or results.")
    titles = [_title(item) for item in items] if titles is None else listed(titles, "titles", "titles")
    size = number(size, "size", above=0, most=50, what="the inches of one picture,")
    shared_scale, colour_bar = yes_or_no(shared_scale, "shared_scale"), yes_or_no(colour_bar, "colour_bar")
    columns = None if columns is None else min(whole_number(columns, "columns"), len(items))
    if len(titles) != len(items):
        raise ValueError(f"There are {len(items)} pictures and {len(titles)} titles: give one title each.")
    limit, together = _shared(items, limit) if shared_scale else (limit, None)
    signed = together if signed is None else yes_or_no(signed, "signed")
    columns = columns or min(len(items), 5)
    rows = -(-len(items) // columns)
    fig, axes = plt.subplots(rows, columns, figsize=(size * columns, (size + 0.35) * rows), squeeze=False, layout="constrained")
    for axis, item, title in zip(axes.flat, items, titles):
        _draw(axis, item, limit, signed, colour_bar)
        # Ten-point letters are about six points wide: a longer line would run into its neighbour's.
        lines = [textwrap.fill(line, max(8, int(size * 72 / 6))) for line in _marked(title, item).split("\n")]
        axis.set_title("\n".join(lines), fontsize=10)
    for axis in axes.flat:
        axis.set_axis_off()
    return figure(fig, alt or "; ".join(filter(None, map(_words, items, titles))), caption)


def _shared(items, limit):
    """Return (limit, signed) of one colour scale for all maps among the items."""
    drawn = [item for item in items if isinstance(item, Attribution) or np.ndim(item) == 2]
    maps = [seen(item) for item in drawn]
    ends = [float(np.abs(each.values).max()) if each.limit is None else each.limit for each in maps]
    return max(ends, default=None) if limit is None else limit, any(map(_signed, drawn))


def _drawable(item):
    """Return an image, map or result that can be drawn, or raise in one sentence."""
    if isinstance(item, (Attribution, Visualization)):
        return item
    return check_map(item) if np.ndim(item) == 2 else check_image(as_rgb(item))


def _draw(axis, item, limit, signed, colour_bar):
    """Draw one image, map or result into an axis."""
    if isinstance(item, Attribution):
        item = overlay(item, limit=limit, signed=signed)
    elif isinstance(item, Visualization):
        item = as_rgb(item.image)
    item = np.asarray(item)
    if item.ndim == 2:
        _, (low, high, name) = colour(item, limit, signed)
        drawn = axis.imshow(item, cmap=name, vmin=low, vmax=high, interpolation=_SMALLER, interpolation_stage="data")
        if colour_bar:
            beyond = (item.min() < low) + 2 * (item.max() > high)  # values that have the last colour too: an arrow says so
            ends = ("neither", "min", "max", "both")[beyond]
            bar = axis.figure.colorbar(drawn, ax=axis, fraction=0.046, pad=0.03, extend=ends)
            bar.ax.tick_params(labelsize=7)
    else:
        axis.imshow(as_uint8(as_rgb(item)), interpolation=_SMALLER)


def _title(item):
    return f"{item.title}: {item.class_name}" if isinstance(item, (Attribution, Visualization)) else ""


def _marked(title, item):
    """Return a title with the note of the result below it."""
    return f"{title}\n{item.note}" if getattr(item, "note", "") else str(title)


def _words(item, title):
    return f"{title}: {describe(item)}" if isinstance(item, Attribution) else title
