"""The report as one HTML page: pictures inside, nothing fetched, no script, fit for a phone."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image

from ..comparison.entries import friendly
from ..methods import METHODS
from ..plots import describe, overlay
from ..results import Attribution, Cost

_EDGE = 160  # pixels: a picture is shown no larger
_CELLS, _IN_CELL = 8, 6  # confused pairs that are shown, and pictures of each
_FAMILIES, _MEMBERS = 4, 6
_PATCHES = 8  # of a cluster


def page(report):
    """Return the page of a `FolderReport`; everything that is put in is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    parts = {
        "report": report,
        "counts": _counts(report),
        "families": _families(report),
        "probes": _probes(report),
        "recall": _recall(report),
        "matrix": _matrix(report),
        "confused": _confused(report),
        "wrong": [_with_maps(report, row) for row in report.wrong],
        "right": [_with_maps(report, row) for row in report.right],
        "clusters": [_clusters(report, name, *found) for name, found in report.clusters.items()],
        "files": _files(report),
        "split": _split(report.audit),
        "technique": friendly(report.settings["method"]),
    }
    return environment.get_template("report.html").render(**parts)


def picture(pixels, alt):
    """Return {"src", "alt"} of an image (H, W, 3) uint8, small enough to be one of many."""
    small = Image.fromarray(np.ascontiguousarray(pixels))
    small.thumbnail((_EDGE, _EDGE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    small.save(buffer, format="JPEG", quality=82, subsampling=0)
    return {"src": f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}", "alt": alt}


def _counts(report):
    return [(name, n, own) for name, (n, own) in report.audit.counts.items()]


def _files(report):
    """Return the lines of the audit on the files: formats, sizes, what can't be read."""
    return [line.strip() for line in report.audit.of_files()]


def _split(audit):
    """Return how the images were divided, in a sentence."""
    photographs = int(audit.families.max()) + 1
    if photographs == len(audit.images):
        return "No copies were found, so every image stands for itself."
    return f"The {len(audit.images)} images are {photographs} photographs and their copies, which were never divided."


def _families(report):
    """Return [(title, pictures)] of the largest families of copies."""
    audit = report.audit
    numbers, sizes = np.unique(audit.families, return_counts=True)
    largest = [number for number, size in sorted(zip(numbers, sizes), key=lambda each: -each[1]) if size > 1][:_FAMILIES]
    found = []
    for number in largest:
        rows = np.flatnonzero(audit.families == number)
        name = audit.class_names[audit.labels[rows[0]]]
        shown = [picture(audit.images[row], f"copy of one photograph of {name}: {_file(audit, row)}") for row in rows[:_MEMBERS]]
        found.append((f"{name}: {len(rows)} copies of one photograph", shown))
    return found


def _probes(report):
    """Return [(name, best class, percent of pairs, interval, alarm, sentence)] of the shortcut probes."""
    rows = []
    for probe in report.audit.probes:
        best = max(probe.pairs, key=lambda name: probe.pairs[name][1])
        share, low, high = probe.pairs[best]
        rows.append((probe.name, best, f"{share:.0%}", f"{low:.0%} to {high:.0%}", probe.alarm, probe.sentence))
    return rows


def _recall(report):
    """Return [(class, right, images, percent, interval)]."""
    found, rows = report.evaluation, []
    for k, (name, (low, high)) in enumerate(found.intervals.items()):
        right, n = int(found.confusion[k, k]), int(found.confusion[k].sum())
        rows.append((name, right, n, f"{right / n:.0%}" if n else "", f"{low:.0%} to {high:.0%}"))
    return rows


def _matrix(report):
    """Return [(class, [(count, how dark, whether it is right)])]: a row each true class, a column what was said."""
    confusion = report.evaluation.confusion
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    names = report.audit.class_names
    return [
        (name, [(int(confusion[i, j]), round(float(shares[i, j]) * 0.85, 2), i == j) for j in range(len(names))])
        for i, name in enumerate(names)
    ]


def _confused(report):
    """Return [(title, pictures)] of the pairs that are confused most: true class, what was said while held back."""
    audit, said = report.audit, report.classifier.said
    wrong = np.flatnonzero((said >= 0) & (said != audit.labels))
    pairs, sizes = np.unique(np.stack([audit.labels[wrong], said[wrong]]), axis=1, return_counts=True)
    found = []
    for k in np.argsort(-sizes, kind="stable")[:_CELLS]:
        true, other = (audit.class_names[c] for c in pairs[:, k])
        rows = wrong[(audit.labels[wrong] == pairs[0, k]) & (said[wrong] == pairs[1, k])]
        shown = [picture(audit.images[r], f"{true}, taken for {other}: {_file(audit, r)}") for r in rows[:_IN_CELL]]
        found.append((f"{true}, taken for {other}: {sizes[k]}", shown))
    return found


def _with_maps(report, row):
    """Return what is shown of one image: itself, and the maps of what was said and of the true class."""
    audit, said, true = report.audit, report.said[row], int(report.audit.labels[row])
    names, image = audit.class_names, audit.images[row]
    title = names[true] if said == true else f"{names[true]}, taken for {names[said]}"
    shown = [picture(image, f"{title}: {_file(audit, row)}"), _map_picture(report, row, said, 0)]
    if said != true:
        shown.append(_map_picture(report, row, true, 1))
    words = ["the image", *(f"for {names[label]}" for label in dict.fromkeys([said, true]))]
    return {"title": title, "file": _file(audit, row), "shown": list(zip(words, shown))}


def _map_picture(report, row, label, which):
    method, name, image = report.settings["method"], report.audit.class_names[label], report.audit.images[row]
    technique, heatmap = METHODS[method], report.maps[row][which]
    common = dict(method=method, target=label, class_name=name, parameters={}, cost=Cost(), image=image)
    result = Attribution(
        **common, heatmap=heatmap, pixelwise=technique.pixelwise, signed=technique.gives_signed({}), title=technique.title
    )
    return picture(overlay(result), describe(result))


def _clusters(report, name, found, rows):
    """Return what is shown of the clusters of one class."""
    parts = []
    for number, size in enumerate(found.sizes):
        members = found.members(number)[:_PATCHES]
        alt = f"the place that the map of {name} points to, group {number + 1}"
        shown = [picture(found.patches[k], f"{alt}: {_file(report.audit, rows[k])}") for k in members]
        parts.append((f"{size} of {len(found.labels)} images", shown))
    return {"name": name, "parts": parts}


def _file(audit, row):
    return audit.files[row].name if audit.files is not None else f"image {row}"
