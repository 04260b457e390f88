"""Draw four channels of each of six layers of EfficientNet-Lite0, from edges to objects: under two minutes of one core.

    python -m benchmarks.channel_grid

writes channel_grid.webp, a row for each layer from the first to the last, and channel_grid.json, how each was drawn, to where
`xh.stored` finds them. The channels are drawn by lot, with a fixed seed: none was chosen for its looks.
"""

import json

import numpy as np
from PIL import Image

import xaihelpers as xh
from xaihelpers.course.stored import FOLDER as STORED

LAYERS = ["block1a_project_bn", "block2b_add", "block3b_add", "block4c_add", "block5c_add", "top_bn"]
SEED, COLUMNS, EDGE = 0, 4, 136
HOW = {"size": EDGE, "steps": 48, "step_size": 0.03, "scale": 0.1, "rotation": 5.0, "frames": 0}


def main():
    classifier, random = xh.load_classifier("efficientnet-lite0"), np.random.default_rng(SEED)
    rows, known = [], {"edge": EDGE, "columns": COLUMNS, "arguments": HOW, "layers": {}}
    for layer in LAYERS:
        channels = sorted(random.choice(classifier.n_channels(layer), COLUMNS, replace=False).tolist())
        drawn = [xh.activation_maximization(classifier, layer=layer, channel=channel, **HOW) for channel in channels]
        rows.append(np.concatenate([each.image for each in drawn], axis=1))
        known["layers"][layer] = {"channels": channels, "risen": [float(v.activation[-1] - v.activation[0]) for v in drawn]}
        print(layer, known["layers"][layer], flush=True)
    Image.fromarray(np.concatenate(rows)).save(STORED / "channel_grid.webp", quality=60, method=6)
    (STORED / "channel_grid.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
