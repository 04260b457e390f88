"""The section "Is it right?" of the lessons: two questions about a technique, each beside controls that could beat it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .._validation import one_of
from ..classifier import Classifier
from ..comparison import CONTROLS, compare, ranking
from ..comparison.evidence import contrasts, photographs
from ..comparison.protocol import CONTRAST, pairs_averaged
from ..evidence import composites
from ..metrics import randomised_copy
from ..rashes import load_test_split, make_pairs

TITLES = {
    "rashes": {
        "pointing_game": "highest pixel on a lesion",
        "rank_inside": "rank inside the lesions",
        "contrast": "on the disease asked for",
    },
    "photographs": {
        "pointing_game": "highest pixel on the object",
        "mass_inside": "mass inside the object",
        "contrast": "on the object asked for",
    },
}
CONTROL_ROWS = {f"no network: {name.replace('_', ' ')}": (name, {}) for name in CONTROLS}


@dataclass(frozen=True, eq=False)
class Judgement:
    """What came of `judge`: shows itself as a table, each number with its interval over images.

    rankings: {"pointing_game" | "rank_inside" or "mass_inside" | "contrast": a row a technique, as from `comparison.ranking`}.
    n_lesion_images, n_pairs: how many images each question was asked on. n_pairs_drawn: before the network had to tell both
        classes apart. on: "rashes" or "photographs".
    """

    rankings: dict
    n_lesion_images: int
    n_pairs: int
    n_pairs_drawn: int
    on: str = "rashes"

    def table(self):
        """Return a pandas DataFrame, a row a technique, the best at contrast first: mean [low, high] of the mean over images."""
        rows = self.rankings["contrast"].index
        columns = {
            TITLES[self.on][metric]: [f"{r['mean']:.2f} [{r.low:.2f}, {r.high:.2f}]" for _, r in ranked.loc[rows].iterrows()]
            for metric, ranked in self.rankings.items()
        }
        return pd.DataFrame(columns, index=rows.rename(None))

    def beats_controls(self, metric, label):
        """Return whether a technique beats the best control at a question, the interval of the paired difference included."""
        return bool(self.rankings[metric].beats_controls[label])

    def caption(self):
        """Return in words what the table shows."""
        what, two = {"rashes": ("of the test split", "diseases"), "photographs": ("with one object", "objects")}[self.on]
        return (
            f"{self.n_lesion_images} images {what} for the first two columns, {self.n_pairs} of {self.n_pairs_drawn} "
            f"images with two {two} for the third (those on which the network itself tells both apart). Means, and the "
            "interval in which the mean lies in 95 of 100 draws of the images; for hits and misses Wilson's interval of a share."
        )

    def _repr_html_(self):
        return f"{self.table().to_html()}<p>{self.caption()}</p>"

    def __repr__(self):
        return f"{self.table().to_string()}\n{self.caption()}"


def judge(
    classifier: Classifier,
    techniques: Mapping[str, Any],
    *,
    on: str = "rashes",
    n_images: int = 20,
    n_pairs: int = 12,
    seed: int = 0,
) -> Any:
    """Return a Judgement of techniques where the evidence is known: are their maps on it, and on that of the class asked for?

    classifier: one that knows the six rash classes, or on photographs those of ImageNet. techniques: {label: (technique, its
        parameters)}; the first one is also called on a network with random weights.
    on: "rashes": lesion images of the test split, spread over its classes; "photographs": objects cut out of the course's
        photographs, on pieces of others (`composites`). n_images: how many. n_pairs: images with two diseases, or two objects,
        each asked about both. seed: of what is drawn.

    The first two questions an edge detector can answer too: a lesion is what has edges. The third it can't: both diseases have
    them, and a map that does not know the class scores 0.5. Maps are taken with their sign. Raises ValueError for another `on`.
    """
    one_of(on, "on", tuple(TITLES))
    (images, masks, targets), pairs = _EVIDENCE[on](classifier, n_images, n_pairs, seed)
    where_metrics = [metric for metric in TITLES[on] if metric != "contrast"]
    first = next(iter(techniques))
    random_row = f"random network: {first}"

    def asked(network, rows):
        """Return the tables of both questions for some rows on one network."""
        common = {"progress": False}
        where = compare(network, images, masks, rows, where_metrics, targets=targets, **common)
        asked_for = list(pairs.targets.values())
        which = compare(network, pairs.images, pairs.masks, rows, CONTRAST, targets=asked_for, **common)
        return pd.concat([where, pairs_averaged(which)])

    table = asked(classifier, {**techniques, **CONTROL_ROWS})
    table = pd.concat([table, asked(randomised_copy(classifier), {random_row: techniques[first]})])
    controls = [*CONTROL_ROWS, random_row]
    rankings = {metric: ranking(table, metric, controls=controls) for metric in TITLES[on]}
    return Judgement(rankings, len(images), len(pairs.images) // 2, n_pairs, on)


def _rashes(classifier, n_images, n_pairs, seed):
    """Return ((images, masks, targets), the Evidence of images with two diseases)."""
    split = load_test_split()
    ill = np.flatnonzero(split.lesion_masks.any(axis=(1, 2)))
    ill = ill[np.unique(np.linspace(0, len(ill) - 1, min(n_images, len(ill))).astype(int))]
    return (split.images[ill], split.lesion_masks[ill], split.labels[ill]), contrasts(classifier, make_pairs(n_pairs, seed))


def _photographs(classifier, n_images, n_pairs, seed):
    """Return ((images, masks, targets), the Evidence of images with two objects)."""
    one = composites(seed, n_images, classifier=classifier)
    return (one.images, one.masks[:, 0], one.targets[:, 0]), photographs(classifier, n_pairs, seed)


_EVIDENCE = {"rashes": _rashes, "photographs": _photographs}
