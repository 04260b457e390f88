"""What is found out about a folder, step by step: each step's answer is kept, see `kept`."""

import dataclasses
import warnings

import numpy as np

from .._progress import progress_bar
from .._quiet import without_warnings
from ..auditing.files import FileFacts, file_facts
from ..auditing.outcome import Audit
from ..auditing.probes import Probe, run_probes
from ..copies import families
from ..images import as_uint8
from ..methods import METHODS
from ..metrics.evidence_clusters import clusters_of_maps
from ..training import train_classifier
from ..training.chance import chance_of
from ..training.evaluation import evaluation
from ..training.groups import groups_of

FRAME = 0.125  # of an edge: the outer frame that is looked at alone
MOST_MAPS = 60  # images of a class whose maps are clustered
_FEW = 2000  # images: with more, the leak would take minutes to measure


def audited(data, groups, seed, kept, progress):
    """Return the `Audit` of an `ImageFolder`."""
    images, labels, names = data.images, data.labels, data.class_names
    found = kept.array("families", lambda: groups_of(groups, images, labels, names, progress, warn=False)[0])
    same = kept.array("same", lambda: families(images, altered=False))
    facts = kept.plain("files", lambda: [dataclasses.asdict(file_facts(file)) for file in data.files])
    facts = [FileFacts(**each) for each in facts]
    probes = kept.plain(
        "probes", lambda: [dataclasses.asdict(each) for each in run_probes(images, facts, labels, found, names, seed)]
    )
    probes = [Probe(**{**each, "named": tuple(each["named"])}) for each in probes]
    return Audit(as_uint8(images), labels, names, data.files, data.skipped, facts, found, same, probes)


def trained_by_family(audit, backbone, seed, kept, progress):
    """Return (TrainedClassifier, sentences that training said), families never divided."""
    said = []

    def train():
        pair = (audit.images, audit.labels)
        options = dict(class_names=audit.class_names, groups=audit.families, on_chance="warn", cross_validate=_every(audit))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            trained = train_classifier(pair, backbone=backbone, seed=seed, progress=progress, **options)
        said.extend(str(each.message) for each in caught)
        return trained

    trained = kept.classifier("classifier", train)
    return trained, kept.plain("said", lambda: said)


def _every(audit):
    """Return whether every image is to be held back once."""
    return len(audit.images) <= _FEW


def leak(audit, backbone, seed, kept, progress):
    """Return (right, N, balanced accuracy) of a split by image, in which copies leak; None where there are none, or too many."""
    if audit.families.max() + 1 == len(audit.images) or not _every(audit):
        return None

    def measure():
        pair = (audit.images, audit.labels)
        options = dict(class_names=audit.class_names, groups="images", on_chance="warn", cross_validate=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = train_classifier(pair, backbone=backbone, seed=seed, progress=progress, **options).cross_validation
        return [int(np.trace(found.confusion)), int(found.confusion.sum()), found.balanced_accuracy]

    return kept.plain("leak", measure)


def frame_alone(audit, trained, kept):
    """Return {"confusion", "chance"} of the images held back with all but their outer frame in their mean colour."""

    def measure():
        rows = trained.validation
        shown = np.stack([_only_frame(audit.images[row]) for row in rows])
        said = trained.probabilities(shown).argmax(axis=1)
        found = evaluation(audit.labels[rows], said, audit.class_names)
        chance = chance_of(audit.labels[rows], said, audit.families[rows])
        return {"confusion": found.confusion.tolist(), "chance": chance, "balanced": found.balanced_accuracy}

    return kept.plain("frame", measure)


def _only_frame(image):
    """Return an image whose inside has the mean colour of the whole."""
    top, left = (round(edge * FRAME) for edge in image.shape[:2])
    shown = image.copy()
    shown[top : image.shape[0] - top, left : image.shape[1] - left] = image.mean(axis=(0, 1)).round()
    return shown


def examples(trained, audit, most, kept):
    """Return (right, wrong, what the final network says): up to `most` images of each class of those held back.

    Of copies of one photograph one is shown, as far as there are others.
    """
    held = trained.validation
    said = kept.array("held", lambda: trained.probabilities(audit.images[held]).argmax(axis=1))
    right, wrong = [], []
    for label in range(len(audit.class_names)):
        mine = audit.labels[held] == label
        right += _of_many_families(held[mine & (said == label)], audit.families)[:most]
        wrong += _of_many_families(held[mine & (said != label)], audit.families)[:most]
    return right, wrong, dict(zip(held.tolist(), said.tolist()))


def _of_many_families(rows, families):
    """Return rows as a list: the first of every family, then the others."""
    _, first = np.unique(families[rows], return_index=True)
    order = [*sorted(first), *np.setdiff1d(np.arange(len(rows)), first)]
    return [int(rows[k]) for k in order]


def maps_of(name, images, targets, trained, method, kept, progress):
    """Return the maps of some images, (N, H, W), of one class each."""
    with progress_bar(title=f"maps, {name}", unit="map", total=len(images), shown=progress) as bar, without_warnings():

        def one(k):
            bar.update()
            return METHODS[method].function(trained, images[k], int(targets[k])).heatmap

        return kept.rows(f"maps-{name}", range(len(images)), one)


def clusters(audit, trained, method, seed, kept, progress):
    """Return {class name: (EvidenceClusters, indices of its images)} of every class with eight images or more."""
    found = {}
    for label, name in enumerate(audit.class_names):
        rows = np.flatnonzero(audit.labels == label)
        if len(rows) < 8:
            continue
        rows = np.sort(np.random.default_rng([seed, label]).permutation(rows)[:MOST_MAPS])
        images = audit.images[rows]
        maps = maps_of(f"class-{label}", images, [label] * len(rows), trained, method, kept, progress)
        found[name] = (clusters_of_maps(images, maps, method, name, seed=seed), rows)
    return found
