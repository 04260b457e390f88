"""Drawn images of six rash classes, in which the evidence is known pixel by pixel. Synthetic; of no medical use.

What tells the classes apart (form, not only number):

- chickenpox: small blisters of several stages side by side (red spots, clear drops, crusts), in clusters
- cowpox: one to three large ulcers with a black centre, a yellow seam and a swollen purple rim
- healthy: none of these; skin with hair, freckles and blotches, as in every other class
- measles: flat red spots of uneven outline that run together
- monkeypox: raised pustules, all of one stage and size, each with a dent in its middle
- smallpox: dense, round, smooth pustules sunk deep in the skin, without a dent

How an image is drawn: `skin` + `lesions` (stamped by `patches`) are lit from one side (`light`), an artefact is laid on top
(`artefacts`), and `draw` does this from one seed, with all lesions or some. `pairs` draws two diseases on one skin.
`data/README.md` in the repository is the datasheet.
"""

from .data import RashData, repaint
from .lesions import CLASSES
from .make import make_rashes
from .pairs import RashPairs, make_pairs
from .shipped import TEST_FOLDER, draw_test_split, load_test_split

__all__ = [
    "CLASSES",
    "TEST_FOLDER",
    "RashData",
    "RashPairs",
    "draw_test_split",
    "load_test_split",
    "make_pairs",
    "make_rashes",
    "repaint",
]
