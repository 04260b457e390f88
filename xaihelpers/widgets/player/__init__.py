"""The player: what a widget drew at its sliders' positions, recorded, and shown where no kernel runs.

`record` draws the positions, `to_html` makes one block of HTML of them that needs nothing else: no kernel, no network, no
framework. `player.js` moves it, `player.css` dresses it.
"""

import os

from .page import to_html
from .record import Control, Recording, record

RECORD = "XAIHELPERS_RECORD"  # set by what stores the notebooks: then every widget of `explore` records itself when shown


def recording():
    """Return whether widgets are to be recorded, which takes as long as moving every slider by hand."""
    return bool(os.environ.get(RECORD))


__all__ = ["Control", "Recording", "record", "recording", "to_html"]
