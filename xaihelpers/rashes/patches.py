"""Lesions as small square patches, and how they are laid over each other on the skin."""

from typing import NamedTuple

import numpy as np

from .fields import SIZE, smoothstep

FAINT = np.float32(0.025)  # redness that nobody sees: left out, so that the mask ends where the halo does


class Lesions(NamedTuple):
    """What lesions change about the skin under them, as layers (SIZE, SIZE) float32; all zero where there is none."""

    redness: np.ndarray  # how much more blood: 0 none, 1 strong
    shade: np.ndarray  # light lost in grooves, 0 to 1
    cover: np.ndarray  # how opaque the lesion's own matter (pus, crust, scab) is, 0 to 1
    colour: np.ndarray  # (3, SIZE, SIZE): colour of that matter, already multiplied by `cover`
    height: np.ndarray  # relief in pixels
    gloss: np.ndarray  # how wet it shines, 0 to 1


class Patches:
    """The coordinates of k lesions on k small grids of P x P pixels.

    `rho` (k, P, P) is the distance to the centre in units of the lesion's own, uneven radius: 1 on its outline.
    """

    def __init__(self, rng, centres, radii, *, uneven, reach):
        """`radii` (k,) in pixels; `uneven` how far the outline strays from a circle; `reach` largest rho needed."""
        self.centres, self.radii = np.asarray(centres), np.asarray(radii, np.float32)[:, None, None]
        count = len(self.centres)
        half = int(np.ceil(self.radii.max() * reach * (1 + uneven))) + 1
        self.side = 2 * half + 1
        self.corner = np.round(self.centres).astype(int) - half
        steps = np.arange(self.side, dtype=np.float32)
        away = steps[None] + (self.corner - self.centres).astype(np.float32)[:, :, None]  # (k, 2, P)
        dy, dx = away[:, 0][:, :, None], away[:, 1][:, None, :]
        distance = np.sqrt(dy * dy + dx * dx) + np.float32(1e-3)
        turn = (dx + np.complex64(1j) * dy) / distance
        # The outline strays by harmonics of the angle, two to four lobes, the higher the weaker: c2 t^2 + c3 t^3 + c4 t^4.
        c2, c3, c4 = rng.normal(0, [[0.42], [0.30], [0.20]], (3, count)) * np.exp(6.283j * rng.random((3, count)))
        wave = (turn * turn * (self.each(c2) + turn * (self.each(c3) + turn * self.each(c4)))).real
        self.rho = distance / (self.radii * (1 + np.float32(uneven) * np.clip(wave, -1, 1)))
        # Smoothing the outline over about 1.3 pixels keeps it from looking cut out.
        self.body = np.clip((1 - self.rho) * self.radii / np.float32(1.3) + np.float32(0.5), 0, 1)

    def each(self, values):
        """Returns one number a lesion, in single precision, as an array (k, 1, 1) that multiplies with `rho`."""
        values = np.asarray(values)
        return values.astype(np.complex64 if np.iscomplexobj(values) else np.float32)[:, None, None]

    def fall(self, start, stop):
        """Returns 1 up to rho = start, and smoothly to exactly 0 at rho = stop."""
        return smoothstep(self.rho, stop, start)

    def dome(self, sharpness=0.8):
        """Returns a dome of height 1 that stands on the outline; a small `sharpness` gives it steep flanks."""
        return np.maximum(1 - self.rho * self.rho, 0) ** np.float32(sharpness)


class Stamps(NamedTuple):
    """What k lesions do, each on its own patch, before they are laid on the skin. `patches` knows where they are.

    All arrays are (k, P, P), `colour` (3, k, P, P). `extent` is where a lesion replaces what lies under it (default:
    its body). Without a colour the lesions are flat: redness only.
    """

    patches: Patches
    redness: np.ndarray
    colour: np.ndarray | None = None
    opacity: np.ndarray | float = 0.0
    height: np.ndarray | float = 0.0
    gloss: np.ndarray | float = 0.0
    extent: np.ndarray | None = None
    shade: np.ndarray | None = None


def lay(stamps, keep=None):
    """Returns the `Lesions` of all stamps: redness runs together, everything else lies over what came before.

    keep: (k,) bool, which lesions are laid at all; None: every one. The others leave no trace.
    """
    patches, chosen = stamps.patches, np.arange(len(stamps.patches.centres)) if keep is None else np.flatnonzero(keep)
    redness = np.maximum(_run_together(patches, stamps.redness, chosen) - FAINT, 0)
    shade = np.zeros_like(redness) if stamps.shade is None else _run_together(patches, stamps.shade, chosen)
    if stamps.colour is None:
        nothing = np.zeros_like(redness)
        return Lesions(redness, shade, nothing, np.zeros((3, *redness.shape), np.float32), nothing, nothing)
    extent = patches.body if stamps.extent is None else stamps.extent
    own = np.empty((6, *extent.shape), np.float32)
    own[0] = stamps.opacity * extent
    own[1:4] = own[0] * stamps.colour
    own[4] = stamps.height * extent
    own[5] = stamps.gloss * extent
    left, over, pad, places = 1 - extent, _canvas(patches, 0, 6), patches.side, _places(patches)
    for i in chosen:
        here = over[:, places[i][0], places[i][1]]
        here *= left[i]
        here += own[:, i]
    cover, *colour, height, gloss = over[:, pad:-pad, pad:-pad]
    return Lesions(redness, shade, cover, np.stack(colour), height, gloss)


def laid_over(below, above):
    """Returns the `Lesions` of two rashes on one skin, the second over the first."""
    left = 1 - above.cover
    return Lesions(
        redness=1 - (1 - below.redness) * (1 - above.redness),
        shade=1 - (1 - below.shade) * (1 - above.shade),
        cover=below.cover * left + above.cover,
        colour=below.colour * left + above.colour,
        height=below.height + above.height,
        gloss=np.maximum(below.gloss, above.gloss),
    )


def _run_together(patches, amount, chosen):
    """Layer in which overlapping amounts of the chosen lesions add up to at most one: 1 - product of (1 - amount)."""
    free, pad = _canvas(patches, 1, 1)[0], patches.side
    left, places = 1 - amount, _places(patches)
    for i in chosen:
        free[places[i]] *= left[i]
    return 1 - free[pad:-pad, pad:-pad]


def _canvas(patches, value, layers):
    """Layers as large as the image with a border, so that lesions may hang over the edge."""
    side = SIZE + 2 * patches.side
    return np.full((layers, side, side), value, np.float32)


def _places(patches):
    """Where each patch lies on the canvas, as a slice of rows and one of columns."""
    side = patches.side
    return [np.s_[top : top + side, left : left + side] for top, left in np.clip(patches.corner + side, 0, SIZE + side)]
