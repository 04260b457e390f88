"""`python -m benchmarks.study_backbones`: which backbone and size should `train_classifier` take where it is not told?

Every backbone sees the same images, splits and seeds; features are taken once, and a head is trained for each seed. Judged by
the balanced accuracy of images that were held back, groups never divided. What is measured is kept in backbones.json and not
measured again: a number of seconds as argument stops it after about so long, and the next call goes on. It writes BACKBONES.md.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from xaihelpers.evidence import composites
from xaihelpers.images import photo_names, sample_photo
from xaihelpers.rashes import make_rashes
from xaihelpers.training.splitting import held_back_part, stopping_part
from xaihelpers.training.steps import outputs_of, train_head
from xaihelpers.training.train import _backbone, _with_pooling

KEPT = Path(__file__).parent / "backbones.json"
SEEDS, SHARE = 5, 0.2
T = 2.776  # Student's t for 95 %, four degrees of freedom
# name: (backbone, weights, edge)
NETWORKS = {
    "EfficientNet-Lite0, 224 px (the default)": ("efficientnet-lite0", "auto", 224),
    "EfficientNet-Lite0, 128 px": ("efficientnet-lite0", "auto", 128),
    "Xception, skin, 128 px": ("xception", "skin", 128),
    "Xception, skin, 224 px": ("xception", "skin", 224),
}


def drawn():
    """Return 120 drawn rashes of six classes: (images, labels, groups)."""
    data = make_rashes(120, seed=1)
    return data.images, data.labels, np.arange(len(data.labels))


def unbalanced():
    """Return 120 drawn rashes, four times as many of one class as of another, all with a ruler beside the lesions."""
    weights = {"chickenpox": 2, "cowpox": 1, "healthy": 4, "measles": 2, "monkeypox": 4, "smallpox": 1}
    data = make_rashes(120, seed=2, class_weights=weights, artefact="ruler", artefact_probability=1.0)
    return data.images, data.labels, np.arange(len(data.labels))


def tiles():
    """Return 16 tiles of each of the course's photographs, to be told by their photograph; no two overlap."""
    images, labels = [], []
    for label, name in enumerate(photo_names()):
        photo = Image.fromarray(sample_photo(name))
        width, height = (edge // 4 for edge in photo.size)
        for k in range(16):
            left, top = k % 4 * width, k // 4 * height
            tile = photo.crop((left, top, left + width, top + height)).resize((224, 224), Image.Resampling.BICUBIC)
            images.append(np.asarray(tile))
            labels.append(label)
    return np.stack(images), np.array(labels), np.arange(len(labels))


def objects():
    """Return composites: objects of the course's photographs on others' backgrounds, grouped by background.

    EfficientNet-Lite0 with ImageNet's classes names the object in each: that favours it.
    """
    found = composites(3, n=96)
    names = np.array([each[0] for each in found.objects])
    kinds, sizes = np.unique(names, return_counts=True)
    enough = np.isin(names, kinds[sizes >= 8])
    labels, groups = (np.unique(each, return_inverse=True)[1] for each in (names[enough], np.array(found.backgrounds)[enough]))
    return found.images[enough], labels, groups


def digits():
    """Return 120 handwritten digits, ten classes, 8 x 8 pixels enlarged to 64: nothing that either backbone has seen."""
    from sklearn.datasets import load_digits

    data = load_digits()
    rows = np.concatenate([np.flatnonzero(data.target == digit)[:12] for digit in range(10)])
    return _enlarged(data.images[rows] / 16, 64), data.target[rows], np.arange(len(rows))


def faces():
    """Return 100 small grey pictures of faces and of none, 25 x 25 pixels enlarged to 100."""
    from skimage.data import lfw_subset

    rows = np.r_[0:50, 100:150]  # the first hundred are faces
    return _enlarged(lfw_subset()[rows], 100), (rows >= 100).astype(int), np.arange(len(rows))


def _enlarged(pictures, edge):
    small = [Image.fromarray((picture * 255).astype(np.uint8)).convert("RGB") for picture in pictures]
    return np.stack([np.asarray(each.resize((edge, edge), Image.Resampling.BICUBIC)) for each in small])


DATA = {
    "drawn rashes": drawn,
    "drawn rashes, unbalanced, with rulers": unbalanced,
    "tiles of photographs": tiles,
    "objects on other backgrounds": objects,
    "handwritten digits": digits,
    "faces, small and grey": faces,
}


def judged(images, labels, groups, network):
    """Return the balanced accuracy of each seed, [SEEDS numbers]."""
    backbone, weights, edge = network
    shown = np.stack([np.asarray(Image.fromarray(each).resize((edge, edge), Image.Resampling.BICUBIC)) for each in images])
    features = outputs_of(_with_pooling(_backbone(backbone, weights, edge, edge)), shown, False, "features")
    names, found = [str(label) for label in np.unique(labels)], []
    for seed in range(SEEDS):
        rest, held = held_back_part(labels, groups, names, SHARE, seed)
        training, stopping = stopping_part(labels, groups, rest, seed)
        kernel, bias, *_ = train_head(features, labels, len(names), training, stopping, epochs=100, seed=seed, progress=False)
        said = (features[held] @ kernel + bias).argmax(axis=1)
        found.append(float(np.mean([np.mean(said[labels[held] == label] == label) for label in np.unique(labels[held])])))
    return found


def better_by(default, values):
    """Return (mean, low, high) of how much better the default is, a 95 % interval over seeds.

    The splits of the seeds share images, so that they are not independent: the spread is widened for that (Nadeau and Bengio,
    "Inference for the generalization error", Machine Learning 2003).
    """
    apart = np.subtract(default, values)
    half = T * apart.std(ddof=1) * np.sqrt(1 / len(apart) + SHARE / (1 - SHARE))
    return apart.mean(), apart.mean() - half, apart.mean() + half


def table(results):
    """Return the table in Markdown: mean and spread over the seeds, and the difference from the default with its interval."""
    lines = ["| data | backbone | balanced accuracy | worst seed | the default is better by (95 % interval) |"]
    lines.append("|---|---|---|---|---|")
    for data, rows in results.items():
        default = next(iter(rows.values()))
        for name, values in rows.items():
            mean, low, high = better_by(default, values)
            words = f"{mean:+.3f} ({low:+.3f} to {high:+.3f})" if values is not default else ""
            spread = f"{np.mean(values):.3f} ± {np.std(values, ddof=1):.3f}"
            lines.append(f"| {data} | {name} | {spread} | {min(values):.3f} | {words} |")
    return "\n".join(lines)


def measure(results, most):
    """Measure what is missing in {data: {network: [balanced accuracies]}}, for `most` seconds; keep it after each network."""
    start = time.perf_counter()
    for data, make in DATA.items():
        rows, given = results.setdefault(data, {}), None
        for title, network in NETWORKS.items():
            if title in rows:
                continue
            if time.perf_counter() - start > most:
                return
            given = given or make()
            rows["images"] = f"{len(given[1])} images of {given[1].max() + 1} classes, {len(np.unique(given[2]))} groups"
            rows[title] = judged(*given, network)
            print(data, title, rows[title], flush=True)
            KEPT.write_text(json.dumps(results, indent=1), encoding="utf-8")


def page(results):
    """Return the whole page in Markdown; what is not measured yet is named."""
    there = {data: {title: rows[title] for title in NETWORKS if title in rows} for data, rows in results.items()}
    there = {data: rows for data, rows in there.items() if len(rows) > 1}
    missing = []
    for data in DATA:
        titles = [title for title in NETWORKS if title not in there.get(data, {})]
        missing += [data if len(titles) == len(NETWORKS) else f"{data} ({', '.join(titles)})"] if titles else []
    sizes = "; ".join(f"{data}: {results[data]['images']}" for data in there)
    text = (
        "# Backbones\n\nWritten by `python -m benchmarks.study_backbones`. A head on a frozen backbone, "
        f"{SEEDS} seeds, the same splits for all, a fifth of the images held back. {sizes}. The interval allows for splits that "
        f"share images.\n\n{table(there)}\n"
    )
    return text + (f"\nNot measured yet: {'; '.join(missing)}.\n" if missing else "")


def main(most):
    """Measure what is missing, and write the table."""
    results = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    measure(results, most)
    (Path(__file__).parent / "BACKBONES.md").write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main(float(sys.argv[1]) if sys.argv[1:] else float("inf"))
