"""`python -m tools.measure_factorial` asks the networks of the factorial experiment everything that might show an imbalance.

Writes one row for every network, class and quantity into `xaihelpers/data/stored/factorial.csv`; what is in the file already is
not measured again. Numbers about answers come from 600 fresh images, numbers about maps from the first lesion images of them.
"""

import argparse
import csv
import warnings
from pathlib import Path

import numpy as np

import xaihelpers as xh
from tools.train_factorial import class_weights
from xaihelpers.course.stored import FOLDER
from xaihelpers.rashes import CLASSES, make_rashes
from xaihelpers.zoo.factorial import CELLS, SEEDS, load_factorial

FILE = FOLDER / "factorial.csv"
COLUMNS = ("unbalanced", "artefact", "seed", "class", "images in training", "kind", "quantity", "value", "n")
FRESH_SEED, N_FRESH = 777, 600  # no network has seen these
MAPS_A_CLASS = 8
# Settings for a map on RashNet; what samples is given a few hundred questions.
TECHNIQUES = {
    "saliency": {},
    "integrated_gradients": {"steps": 16, "baseline": "blur"},
    "guided_backprop": {},
    "deep_shap": {},
    "grad_cam": {},
    "hires_cam": {},
    "occlusion": {"patch": 24, "stride": 12, "fill": "blur"},
    "rise": {"n_masks": 256},
    "lime": {"n_samples": 200, "n_segments": 25},
    "anchors": {"max_questions": 200},
}


def answers(classifier, data):
    """Yield (quantity, class, value, n) of what a network answers to fresh images."""
    p, z = classifier.probabilities(data.images), classifier.logits(data.images)
    said = p.argmax(axis=1)
    for k in range(len(CLASSES)):
        own = data.labels == k
        yield "recall", k, (said[own] == k).mean(), int(own.sum())
        yield "answers of this class", k, (said == k).mean(), len(said)
        yield "confidence minus recall", k, p[own].max(axis=1).mean() - (said[own] == k).mean(), int(own.sum())
        yield "own logit", k, z[own, k].mean(), int(own.sum())


def blanks(classifier, data):
    """Yield (quantity, class, value, n) of what a network says where there is nothing to see: plain skin, and noise."""
    skin = data.without_lesions().images[::6]
    noise = np.random.default_rng(5).integers(0, 256, (100, 128, 128, 3), dtype=np.uint8)
    for name, images in (("logit on plain skin", skin), ("logit on noise", noise)):
        z = classifier.logits(images)
        for k, value in enumerate((z - z.mean(axis=1, keepdims=True)).mean(axis=0)):
            yield name, k, value, len(images)


def head(classifier, data):
    """Yield (quantity, class, value, n) read off the weights of the last layer, and the channels' account."""
    kernel, bias = classifier.model.get_layer("classes").get_weights()
    for k in range(len(CLASSES)):
        yield "bias of the head", k, bias[k], 1
        yield "norm of the head's weights", k, np.linalg.norm(kernel[:, k]), 1
        own = data.images[data.labels == k][:MAPS_A_CLASS]
        accounts = [xh.channel_account(classifier, image, k) for image in own]
        yield "channels for half of the logit", k, np.mean([_for_half(each.contributions) for each in accounts]), len(own)


def _for_half(contributions):
    """Return how many of the largest contributions make up half of the positive ones."""
    ordered = np.sort(np.maximum(contributions, 0))[::-1]
    return int(np.searchsorted(ordered.cumsum(), ordered.sum() / 2)) + 1


def pictures(classifier, data):  # noqa: ARG001
    """Yield (quantity, class, value, n) of activation maximization: how far one class can be driven up."""
    for k in range(len(CLASSES)):
        found = xh.activation_maximization(classifier, k, steps=48, seed=1)
        yield "activation maximization: logit reached", k, found.activation[-1], 1


def maps(name):
    """Return a function that yields (quantity, class, value, n) of one technique's maps."""

    def measure(classifier, data):
        parameters = dict(TECHNIQUES[name])
        if name == "deep_shap":
            parameters["background"] = data.images[data.labels == CLASSES.index("healthy")][-4:]
        for k in range(len(CLASSES)):
            own = np.flatnonzero(data.labels == k)[:MAPS_A_CLASS]
            found = [xh.METHODS[name].function(classifier, data.images[i], k, **parameters) for i in own]
            yield f"{name}: mean size", k, np.mean([np.abs(each.heatmap).mean() for each in found]), len(own)
            yield f"{name}: sparseness", k, np.mean([xh.metrics.sparseness(each) for each in found]), len(own)
            if CLASSES[k] != "healthy":
                inside = [xh.metrics.rank_inside(each, data.lesion_masks[i]) for each, i in zip(found, own)]
                yield f"{name}: rank inside the lesions", k, np.mean(inside), len(own)

    return measure


SOURCES = {
    "answers": ("number", answers),
    "blanks": ("number", blanks),
    "head": ("number", head),
    "activation_maximization": ("picture", pictures),
    **{name: ("picture", maps(name)) for name in TECHNIQUES},
}


def main(arguments=None):
    """Measure what is missing, and append it to the file."""
    parser = argparse.ArgumentParser(prog="python -m tools.measure_factorial", description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", choices=SOURCES, default=list(SOURCES))
    parser.add_argument("--file", type=Path, default=FILE)
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore", xh.DiagnosticWarning)
    data = make_rashes(N_FRESH, FRESH_SEED)
    done = _measured(options.file)
    for seed in SEEDS:
        for unbalanced, artefact in CELLS:
            classifier = xh.Classifier(load_factorial(unbalanced, artefact, seed), class_names=CLASSES)
            common = [unbalanced, artefact or "none", seed]
            images = class_weights(seed) if unbalanced else dict.fromkeys(CLASSES, 1)
            for source in options.only:
                if (str(unbalanced), artefact or "none", str(seed), source) in done:
                    continue
                kind, measure = SOURCES[source]
                rows = [
                    [
                        *common,
                        CLASSES[k],
                        round(2100 * images[CLASSES[k]] / sum(images.values())),
                        f"{kind}/{source}",
                        quantity,
                        f"{value:.6g}",
                        n,
                    ]
                    for quantity, k, value, n in measure(classifier, data)
                ]
                _append(options.file, rows)
                print(*common, source, flush=True)


def _measured(file):
    """Return {(unbalanced, artefact, seed, source)} that a file holds."""
    if not file.exists():
        return set()
    with open(file, encoding="utf-8", newline="") as lines:
        return {(r["unbalanced"], r["artefact"], r["seed"], r["kind"].split("/")[1]) for r in csv.DictReader(lines)}


def _append(file, rows):
    """Add whole groups of rows at once: an interruption leaves no half of one."""
    new = not file.exists()
    with open(file, "a", encoding="utf-8", newline="") as lines:
        csv.writer(lines).writerows([*([COLUMNS] if new else []), *rows])


if __name__ == "__main__":
    main()
