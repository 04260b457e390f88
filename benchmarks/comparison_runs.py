"""Compute the tables that lesson 11 reads: every technique on whole sets of images. About half an hour of one processor.

    python -m benchmarks.comparison_runs [name ...]

writes comparison-<name>.csv and agreement-<name>.csv to where `xh.stored` finds them. A run that is interrupted keeps its maps
in a file with .part at its end, and goes on from there when it is called again.
"""

import sys
from typing import NamedTuple

import numpy as np
import pandas as pd

import xaihelpers as xh
from xaihelpers.course.stored import FOLDER as STORED
from xaihelpers.methods.shared.contract import Finding, technique
from xaihelpers.metrics import agreement, rank_correlation

# Where a technique's price is a parameter, it is set lower than for a single picture. All else is as the techniques come.
CAPPED = {
    "saliency": {},
    "integrated_gradients": {"steps": 32},
    "guided_backprop": {},
    "deep_shap": {},
    "grad_cam": {},
    "hires_cam": {},
    "occlusion": {},
    "rise": {"n_masks": 500},
    "lime": {"n_samples": 300},
    "anchors": {"max_questions": 500},
}
# An Xception answers thirty times as slowly as RashNet.
CHEAPER = CAPPED | {
    "integrated_gradients": {"steps": 16},
    "occlusion": {"patch": 16, "stride": 16},
    "rise": {"n_masks": 200},
    "lime": {"n_samples": 200},
    "anchors": {"max_questions": 300},
}
EVIDENCE = ("pointing_game", "mass_inside", "rank_inside")
CURVES = ("deletion", "insertion", "sparseness")


@technique(family="none", needs_gradients=False)
def chance(classifier, image, target=None, *, seed=0, batch_size=32, progress=False):
    """Return a map of random numbers: what a technique scores that knows nothing."""
    return Finding(np.random.default_rng(seed).random(image.shape[:2]), _decision(classifier, image, target))


@technique(family="none", needs_gradients=False)
def edges(classifier, image, target=None, *, seed=0, batch_size=32, progress=False):
    """Return the contrast of the image, by Sobel's filter: what a technique scores that knows the image and no network."""
    from skimage.filters import sobel

    return Finding(sobel(image.mean(axis=-1)), _decision(classifier, image, target))


def _decision(classifier, image, target):
    return int(classifier.probabilities(image)[0].argmax()) if target is None else target


CONTROLS = {"chance": (chance, {}), "edges": (edges, {})}


class Run(NamedTuple):
    """One table. images: {name: (H, W, 3)}; masks: {name: (H, W) or None}; methods as `compare` takes them."""

    classifier: str
    images: dict
    masks: dict
    methods: dict
    metrics: tuple
    agreement_on: list  # names of images


def rash_run(classifier, methods, each, metrics, agree):
    """Return the Run over the first `each` images of every class of the test split; agreement over the first `agree`."""
    split = xh.rashes.load_test_split()
    of_class = [np.flatnonzero(split.labels == label) for label in range(len(split.class_names))]
    chosen = sorted(int(i) for places in of_class for i in places[:each])
    masks = {i: split.lesion_masks[i] if split.lesion_masks[i].any() else None for i in chosen}
    agreed = sorted(int(i) for places in of_class for i in places[:agree])
    return Run(classifier, {i: split.images[i] for i in chosen}, masks, methods, metrics, agreed)


def photo_run():
    """Return the Run over the course's photographs, which have no masks."""
    photos = {name: xh.sample_photo(name, 224) for name in xh.photo_names()}
    return Run("efficientnet-lite0", photos, dict.fromkeys(photos), CAPPED | CONTROLS, CURVES, list(photos))


RUNS = {
    "rashnet": lambda: rash_run("rashnet", CAPPED | CONTROLS, 20, EVIDENCE + CURVES, 4),
    "photos": photo_run,
    "rash-xception": lambda: rash_run("rash-xception", CHEAPER | CONTROLS, 2, EVIDENCE + CURVES, 0),
    # Each of these numbers asks for six more maps, or for one of a network that is compiled for it alone.
    "sanity": lambda: rash_run("rashnet", CAPPED, 1, ("stability", "randomisation"), 0),
}


def compute(run, names=None, methods=None, file=None, progress=False, kept=None):
    """Return the table of a Run, or of some of its images and methods. kept: a dict that takes the maps as they come."""
    images = {name: run.images[name] for name in names or run.images}
    masks = None if run.metrics[0] not in EVIDENCE + CURVES else {name: run.masks[name] for name in images}
    chosen = {label: run.methods[label] for label in methods or run.methods}
    if kept is not None:
        chosen = {
            label: (keeping(kept, label), given[1] if isinstance(given, tuple) else given) for label, given in chosen.items()
        }
    return xh.compare(xh.load_classifier(run.classifier), images, masks, chosen, run.metrics, file=file, progress=progress)


def keeping(kept, label):
    """Return the technique, which also puts its map into a dict: {(label, the image's bytes): map}."""
    function = CONTROLS[label][0] if label in CONTROLS else xh.METHODS[label].function

    def keep(classifier, image, target=None, **parameters):
        found = function(classifier, image, target, **parameters)
        kept[label, np.asarray(image).tobytes()] = found.heatmap
        return found

    return keep


def agreements(run, kept, names=None, methods=None):
    """Return a table of how alike the maps of every two techniques are: image, a, b, rank_correlation, agreement."""
    classifier, rows = xh.load_classifier(run.classifier), []
    labels = list(methods or run.methods)
    for name in names or run.agreement_on:
        image = classifier.check(run.images[name])
        for label in labels:  # those that an earlier, interrupted call has computed
            if (label, image.tobytes()) not in kept:
                compute(run, [name], [label], kept=kept)
        maps = [kept[label, image.tobytes()] for label in labels]
        rows += [
            (name, labels[j], labels[i], rank_correlation(maps[j], maps[i]), agreement(maps[j], maps[i]))
            for i in range(len(maps))
            for j in range(i)
        ]
    return pd.DataFrame(rows, columns=["image", "a", "b", "rank_correlation", "agreement"])


def slim(table):
    """Return a table of `compare` fit to be stored: no metric that asks for a mask where there is none, each note once."""
    table = table[~table.note.str.contains("There is no mask")]
    again = table.duplicated(["image", "method"]) & ~table.note.str.contains("not measured")
    return table.assign(note=table.note.where(~again, ""), passes=table.passes.astype("Int64"))


def main(names):
    if unknown := set(names) - set(RUNS):
        sys.exit(f"There is no run {', '.join(sorted(unknown))}: choose from {', '.join(RUNS)}.")
    for name in names or RUNS:
        run, part, kept = RUNS[name](), STORED / f"comparison-{name}.csv.part", {}
        print(f"{name}: {len(run.images)} images, {len(run.methods)} techniques, metrics {', '.join(run.metrics)}", flush=True)
        sanity = name == "sanity"  # its metrics call the technique again, by its name
        table = compute(run, file=part, progress=True, kept=None if sanity else kept)
        if len(table.drop_duplicates(["image", "method"])) < len(run.images) * len(run.methods):
            sys.exit(f"Stopped: the same command goes on from {part.name}.")
        slim(table).to_csv(STORED / f"comparison-{name}.csv", index=False, float_format="%.4g", lineterminator="\n")
        if run.agreement_on:
            pairs = agreements(run, kept)
            pairs.to_csv(STORED / f"agreement-{name}.csv", index=False, float_format="%.4g", lineterminator="\n")
        part.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
