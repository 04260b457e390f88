"""`python -m benchmarks.study_heads`: does training ever end with a head of zeros? 100 seeds, shuffled labels.

Features of the default backbone on drawn images are taken once; every seed then draws its own split, its own order of batches
and its own shuffling of the labels. Written to HEADS.md beside this file.
"""

from pathlib import Path

import numpy as np

from xaihelpers.rashes import make_rashes
from xaihelpers.training.chance import surely_little
from xaihelpers.training.splitting import held_back_part, stopping_part
from xaihelpers.training.steps import outputs_of, train_head
from xaihelpers.training.train import _backbone, _with_pooling

SEEDS, SIZES, KINDS = 100, (30,), ("shuffled",)  # as few images as once gave a head of zeros


def heads():
    """Return {(images, "true" or "shuffled"): [(largest weight in size, balanced accuracy, images held back)]}."""
    network = _with_pooling(_backbone("efficientnet-lite0", "auto", None, 128))
    found = {}
    for n in SIZES:
        data = make_rashes(n, seed=0)
        features = outputs_of(network, data.images, False, "features")
        for kind in KINDS:
            shuffles = [np.random.default_rng(seed).permutation(data.labels) for seed in range(SEEDS)]
            labels = [data.labels if kind == "true" else each for each in shuffles]
            found[n, kind] = [one(features, labels[seed], data.class_names, seed) for seed in range(SEEDS)]
            print(n, kind, min(each[0] for each in found[n, kind]), flush=True)
    return found


def one(features, labels, names, seed):
    """Train one head; return (largest weight in size, balanced accuracy, images held back)."""
    groups = np.arange(len(labels))
    rest, held = held_back_part(labels, groups, names, 0.2, seed)
    training, stopping = stopping_part(labels, groups, rest, seed)
    kernel, bias, _, _ = train_head(features, labels, len(names), training, stopping, epochs=100, seed=seed, progress=False)
    said = (features[held] @ kernel + bias).argmax(axis=1)
    recall = [np.mean(said[labels[held] == label] == label) for label in np.unique(labels)]
    return float(np.abs(kernel).max()), float(np.mean(recall)), len(held)


def table(found):
    """Return the result as a table in Markdown."""
    lines = ["| images | labels | heads | of zeros | least of the largest weights | balanced accuracy (range) | surely little |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for (n, kind), rows in found.items():
        largest, balanced, held = map(np.array, zip(*rows))
        little = sum(surely_little(each, 6, many) for each, many in zip(balanced, held))
        spread = f"{balanced.mean():.2f} ({balanced.min():.2f} to {balanced.max():.2f})"
        lines.append(f"| {n} | {kind} | {len(rows)} | {(largest == 0).sum()} | {largest.min():.2g} | {spread} | {little} |")
    return "\n".join(lines)


if __name__ == "__main__":
    text = (
        "# Heads of zeros\n\nWritten by `python -m benchmarks.study_heads`. Drawn images of six classes, EfficientNet-Lite0; "
        f'{SEEDS} seeds, each with a split, an order of batches and a shuffling of its own. "Surely little": so near to guessing '
        "that training raises an error, see `surely_little`.\n\n"
    )
    (Path(__file__).parent / "HEADS.md").write_text(text + table(heads()) + "\n", encoding="utf-8")
