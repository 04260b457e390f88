"""What a technique gives back: plain data, with all that is needed to get it again."""

from dataclasses import dataclass, field

import numpy as np

from ._quiet import hear


class DiagnosticWarning(UserWarning):
    """A technique says that its answer is not to be trusted here, and what to do about it."""

    def __init__(self, *sentences):
        super().__init__(*sentences)
        hear(*sentences)  # so that a technique of a learner's own is heard too, which warns as Python does


def title_of(name: str) -> str:
    """Return a technique's name as people write it, made from the code's; one that is written otherwise declares its title."""
    return name.replace("_", " ").capitalize()


@dataclass(frozen=True, eq=False)
class Cost:
    """What an explanation cost: images sent forward, images sent backward, wall-clock seconds."""

    forward_passes: int = 0
    backward_passes: int = 0
    seconds: float = 0.0

    def __str__(self):
        return f"{self.forward_passes} forward, {self.backward_passes} backward, {self.seconds:.2f} s"


@dataclass(frozen=True, eq=False)
class _Result:
    """The bookkeeping that every result carries."""

    method: str
    target: int | None
    class_name: str
    parameters: dict
    cost: Cost
    details: dict = field(default_factory=dict)
    diagnostics: tuple = ()
    title: str = field(default="", kw_only=True)

    def __post_init__(self):
        if not self.title:
            object.__setattr__(self, "title", title_of(self.method))  # the class is frozen for everybody else

    @property
    def forward_passes(self):
        """Number of images that went forward through the network."""
        return self.cost.forward_passes

    @property
    def backward_passes(self):
        """Number of images whose gradient went backward through the network."""
        return self.cost.backward_passes

    @property
    def seconds(self):
        """Wall-clock seconds."""
        return self.cost.seconds


@dataclass(frozen=True, eq=False)
class Attribution(_Result):
    """Where did the network look? A number for every pixel of one image, for one class.

    heatmap: (H, W) float32, as the technique defines it: signed where the technique is signed, never rescaled.
    image: (H, W, 3), the image that was explained, 0 to 255.
    method, target, class_name: the technique, the class index and the class name.
    parameters: every named argument, the seed included: `METHODS[a.method](classifier, a.image, a.target,
        **a.parameters)` gives the same map again.
    title: the technique's name for a reader, as pictures have it.
    cost: forward and backward passes, seconds.
    details: what only this technique has.
    diagnostics: why this map should not be trusted, if there is a reason; each was also a DiagnosticWarning.
    note: a few words that belong under every picture of the map, where it is not what its name says.
    full_scale: the value that has the last colour, for a technique whose maps have a fixed scale; None: the map's own largest.
    pixelwise: whether each pixel has a value of its own, as a gradient has: such a map is drawn in small blocks, to be seen.
    signed: whether values below zero speak against the class, as the technique declares it; None is what the values say. Such a
        map is drawn in colours for and against, also where it happens to hold nothing against.
    """

    heatmap: np.ndarray = None
    image: np.ndarray = None
    note: str = ""
    full_scale: float | None = None
    pixelwise: bool = False
    signed: bool | None = None

    def __post_init__(self):
        super().__post_init__()
        if self.signed is None and self.heatmap is not None:
            below = bool((np.asarray(self.heatmap) < 0).any())
            object.__setattr__(self, "signed", below)  # the class is frozen for everybody else

    def __array__(self, dtype=None, copy=None):
        return np.array(self.heatmap, dtype=dtype)

    def __repr__(self):
        height, width = self.heatmap.shape
        return (
            f"Attribution({self.method} of {self.class_name!r}, {f'{self.note}, ' if self.note else ''}{height} x {width}, "
            f"from {self.heatmap.min():.3g} to {self.heatmap.max():.3g}, {self.cost})"
        )


@dataclass(frozen=True, eq=False)
class Visualization(_Result):
    """What has the network learned? A picture made by the network, not an explanation of one image.

    image: (H, W, 3) uint8.
    frames: list of (H, W, 3) uint8, the picture as it grew.
    activation: (steps,) float32, the value that was driven up, one number a step.
    """

    image: np.ndarray = None
    frames: list = field(default_factory=list)
    activation: np.ndarray = None

    def __repr__(self):
        return f"Visualization({self.method} of {self.class_name!r}, {self.image.shape[:2]}, {self.cost})"
