"""The section "Is it right?" of the lessons: two questions about a technique, each beside controls that could beat it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ..classifier import Classifier
from ..comparison import CONTROLS, compare, ranking
from ..comparison.evidence import contrasts
from ..comparison.protocol import CONTRAST, pairs_averaged
from ..metrics import randomised_copy
from ..rashes import load_test_split, make_pairs

TITLES = {
    "pointing_game": "highest pixel on a lesion",
    "rank_inside": "rank inside the lesions",
    "contrast": "on the disease asked for",
}
CONTROL_ROWS = {f"no network: {name.replace('_', ' ')}": (name, {}) for name in CONTROLS}


@dataclass(frozen=True, eq=False)
class Judgement:
    """What came of `judge`: shows itself as a table, each number with its interval over images.

    rankings: {"pointing_game" | "rank_inside" | "contrast": a row a technique, as `comparison.ranking` gives it}.
    n_lesion_images, n_pairs: how many images each question was asked on. n_pairs_drawn: before the network had to tell both
        diseases apart.
    """

    rankings: dict
    n_lesion_images: int
    n_pairs: int
    n_pairs_drawn: int

    def table(self):
        """Return a pandas DataFrame, a row a technique, the best at contrast first: mean [low, high] of the mean over images."""
        rows = self.rankings["contrast"].index
        columns = {
            TITLES[metric]: [f"{r['mean']:.2f} [{r.low:.2f}, {r.high:.2f}]" for _, r in ranked.loc[rows].iterrows()]
            for metric, ranked in self.rankings.items()
        }
        return pd.DataFrame(columns, index=rows.rename(None))

    def beats_controls(self, metric, label):
        """Return whether a technique beats the best control at a question, the interval of the paired difference included."""
        return bool(self.rankings[metric].beats_controls[label])

    def caption(self):
        """Return in words what the table shows."""
        return (
            f"{self.n_lesion_images} images of the test split for the first two columns, {self.n_pairs} of {self.n_pairs_drawn} "
            "images with two diseases for the third (those on which the network itself tells both apart). Means, and the "
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
    n_images: int = 20,
    n_pairs: int = 12,
    seed: int = 0,
) -> Any:
    """Return a Judgement of techniques on rash images: are their maps on lesions, and on the lesions that were asked for?

    classifier: one that knows the six rash classes. techniques: {label: (technique, its parameters)}; the first one is also
        called on a network with random weights. n_images: lesion images of the test split, spread over its classes.
    n_pairs, seed: images with two diseases each, asked about both.

    The first two questions an edge detector can answer too: a lesion is what has edges. The third it can't: both diseases have
    them, and a map that does not know the class scores 0.5. Maps are taken with their sign.
    """
    split = load_test_split()
    ill = np.flatnonzero(split.lesion_masks.any(axis=(1, 2)))
    ill = ill[np.unique(np.linspace(0, len(ill) - 1, min(n_images, len(ill))).astype(int))]
    pairs = contrasts(classifier, make_pairs(n_pairs, seed))
    first = next(iter(techniques))
    random_row = f"random network: {first}"

    def asked(network, rows):
        """Return the tables of both questions for some rows on one network."""
        common = {"progress": False}
        images, masks, targets = split.images[ill], split.lesion_masks[ill], split.labels[ill]
        where = compare(network, images, masks, rows, ["pointing_game", "rank_inside"], targets=targets, **common)
        asked_for = list(pairs.targets.values())
        which = compare(network, pairs.images, pairs.masks, rows, CONTRAST, targets=asked_for, **common)
        return pd.concat([where, pairs_averaged(which)])

    table = asked(classifier, {**techniques, **CONTROL_ROWS})
    table = pd.concat([table, asked(randomised_copy(classifier), {random_row: techniques[first]})])
    controls = [*CONTROL_ROWS, random_row]
    rankings = {metric: ranking(table, metric, controls=controls) for metric in TITLES}
    return Judgement(rankings, len(ill), len(pairs.images) // 2, n_pairs)
