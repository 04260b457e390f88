"""A Recording as one block of HTML: it begins as a still picture, which the script turns into a player."""

import base64
import json
from pathlib import Path

from ...plots import SIGNED
from .record import escaped

_HERE = Path(__file__).parent


def to_html(recording, still, name):
    """Return the HTML of a player.

    still: WebP or JPEG bytes of the first position, for places that run no script, such as GitHub. name: of what is shown.
    """
    data = {
        "controls": [{"name": each.name, "labels": each.labels, "start": each.start} for each in recording.controls],
        "alpha": recording.alpha,
        "positions": {",".join(map(str, key)): value for key, value in recording.positions.items()},
        "palettes": recording.palettes,
        "signed": SIGNED,
        "tiles": [base64.b64encode(tile).decode() for tile in recording.tiles],
    }
    kind = "webp" if still[8:12] == b"WEBP" else "jpeg"
    alt = escaped(recording.positions[recording.start]["alt"])
    source = f"data:image/{kind};base64,{base64.b64encode(still).decode()}"
    return (
        # Lumino, below JupyterLab, would take the arrow keys for its own.
        f'<div class="xh-player" role="group" aria-label="{escaped(name)}, recorded" data-lm-suppress-shortcuts="true">'
        f"<style>{_file('player.css')}</style>"
        f'<img class="xh-still" alt="{alt}" src="{source}" style="max-width:100%">'
        f'<p class="xh-recorded">{escaped(told(recording))}</p>'
        f'<script type="application/json">{_json(data)}</script>'
        f"<script>{_file('player.js')}</script></div>"
    )


def told(recording):
    """Return in one sentence what is recorded, and in another how to get the rest."""
    names = [each.name for each in recording.controls]
    alone = [name for name in names if name not in recording.together]
    what = " and ".join(recording.together) if len(recording.together) < 3 else "all sliders"
    sentence = f"Recorded: {len(recording.positions)} positions"
    if len(recording.together) > 1:
        sentence += f", {what} in every combination"
    if alone:
        sentence += f"; {', '.join(alone)} one at a time, while the others are at their start"
    return f"{sentence}. Run the notebook to reach every value."


def _json(data):
    """Return JSON that can stand inside a script element, whatever a label says."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _file(name):
    return (_HERE / name).read_text(encoding="utf-8").strip()
