"""Draw the picture at the top of README.md: one photograph, one class, eight techniques. `python notebooks/overview.py`"""

import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np

import xaihelpers as xh

SHOWN = ["grad_cam", "guided_backprop", "deep_shap", "occlusion", "rise", "lime", "anchors"]


def for_display(attribution):
    """Return the map clipped at its 99.5th percentile, and begun at its lowest value where it has no sign."""
    heatmap = attribution.heatmap if attribution.signed else attribution.heatmap - attribution.heatmap.min()
    limit = np.percentile(np.abs(heatmap), 99.5) or 1
    return replace(attribution, heatmap=np.clip(heatmap, -limit, limit))


def main():
    classifier, photo = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("camera", 224)
    warnings.simplefilter("ignore", xh.DiagnosticWarning)
    maps = [for_display(xh.METHODS[name].function(classifier, photo, "tripod")) for name in SHOWN]
    titles = ["why “tripod”?", *(name.replace("_", " ") for name in SHOWN)]
    picture = xh.side_by_side([photo, *maps], titles, columns=4, size=2.3, colour_bar=False)
    picture.save(Path(__file__).with_name("overview.png"))


if __name__ == "__main__":
    main()
