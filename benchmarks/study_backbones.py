"""`python -m benchmarks.study_backbones`: which backbone and size should `train_classifier` take where it is not told?

Every backbone sees the same images, splits and seeds; features are taken once, and a head is trained for each seed. Judged by
the balanced accuracy of images that were held back, groups never divided. Written to BACKBONES.md beside this file.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from xaihelpers.copies import families
from xaihelpers.evidence import composites
from xaihelpers.images import photo_names, sample_photo
from xaihelpers.rashes import make_rashes
from xaihelpers.training.splitting import held_back_part, stopping_part
from xaihelpers.training.steps import outputs_of, train_head
from xaihelpers.training.train import _backbone, _with_pooling

SEEDS = 10
# name: (backbone, weights, edge)
NETWORKS = {
    "EfficientNet-Lite0, 224 px (the default)": ("efficientnet-lite0", "auto", 224),
    "EfficientNet-Lite0, 128 px": ("efficientnet-lite0", "auto", 128),
    "Xception, skin, 128 px": ("xception", "skin", 128),
    "Xception, skin, 224 px": ("xception", "skin", 224),
}


def drawn():
    """Return 180 drawn rashes of six classes: (images, labels, groups)."""
    data = make_rashes(180, seed=1)
    return data.images, data.labels, np.arange(len(data.labels))


def pieces():
    """Return pieces of the course's photographs, to be told by their photograph; pieces that overlap are kept together."""
    rng, images, labels = np.random.default_rng(2), [], []
    for label, name in enumerate(photo_names()):
        photo = Image.fromarray(sample_photo(name))
        edge = min(photo.size) // 3
        for _ in range(18):
            left, top = (int(rng.integers(0, side - edge + 1)) for side in photo.size)
            piece = photo.crop((left, top, left + edge, top + edge)).resize((224, 224), Image.Resampling.BICUBIC)
            images.append(np.asarray(piece))
            labels.append(label)
    return np.stack(images), np.array(labels), families(images)


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


DATA = {"drawn rashes": drawn, "pieces of photographs": pieces, "objects on other backgrounds": objects}


def judged(images, labels, groups, network):
    """Return the balanced accuracy of each seed, (SEEDS,)."""
    backbone, weights, edge = network
    shown = np.stack([np.asarray(Image.fromarray(each).resize((edge, edge), Image.Resampling.BICUBIC)) for each in images])
    features = outputs_of(_with_pooling(_backbone(backbone, weights, edge, edge)), shown, False, "features")
    names, found = [str(label) for label in np.unique(labels)], []
    for seed in range(SEEDS):
        rest, held = held_back_part(labels, groups, names, 0.2, seed)
        training, stopping = stopping_part(labels, groups, rest, seed)
        kernel, bias, *_ = train_head(features, labels, len(names), training, stopping, epochs=100, seed=seed, progress=False)
        said = (features[held] @ kernel + bias).argmax(axis=1)
        found.append(np.mean([np.mean(said[labels[held] == label] == label) for label in np.unique(labels)]))
    return np.array(found)


def table(results):
    """Return the table in Markdown: mean and spread over the seeds, and the difference from the default with its interval."""
    lines = ["| data | backbone | balanced accuracy | worst seed | the default is better by (95 % interval over seeds) |"]
    lines.append("|---|---|---|---|---|")
    for data, rows in results.items():
        default = next(iter(rows.values()))
        for name, values in rows.items():
            apart = default - values
            half = 2.262 * apart.std(ddof=1) / np.sqrt(len(apart))  # Student's t, nine degrees of freedom
            words = f"{apart.mean():+.3f} ({apart.mean() - half:+.3f} to {apart.mean() + half:+.3f})" if apart.any() else ""
            lines.append(f"| {data} | {name} | {values.mean():.3f} ± {values.std(ddof=1):.3f} | {values.min():.3f} | {words} |")
    return "\n".join(lines)


def main():
    """Measure and write the table."""
    results, sizes = {}, []
    for name, make in DATA.items():
        images, labels, groups = make()
        sizes.append(f"{name}: {len(labels)} images of {labels.max() + 1} classes, {len(np.unique(groups))} groups")
        results[name] = {}
        for title, network in NETWORKS.items():
            results[name][title] = judged(images, labels, groups, network)
            print(name, title, results[name][title].round(3), flush=True)
    head = (
        "# Backbones\n\nWritten by `python -m benchmarks.study_backbones`. A head on a frozen backbone, "
        f"{SEEDS} seeds, the same splits for all. {'; '.join(sizes)}.\n\n"
    )
    (Path(__file__).parent / "BACKBONES.md").write_text(head + table(results) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
