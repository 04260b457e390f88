"""How good a classifier is, class by class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..classifier import Classifier
from .chance import wilson


@dataclass(frozen=True, repr=False)
class Evaluation:
    """What a classifier said about images whose classes are known.

    confusion: (C, C) int, rows the true class, columns the predicted one. class_names: C names.
    """

    confusion: np.ndarray
    class_names: list

    @property
    def counts(self):
        """Number of images of each true class: {class name: count}."""
        return {name: int(n) for name, n in zip(self.class_names, self.confusion.sum(axis=1))}

    @property
    def recall(self):
        """Share of each class's images that were recognised: {class name: 0 to 1}, nan for a class without images."""
        found, there = np.diag(self.confusion).astype(float), self.confusion.sum(axis=1)
        shares = np.divide(found, there, out=np.full(len(found), np.nan), where=there > 0)
        return {name: float(share) for name, share in zip(self.class_names, shares)}

    @property
    def accuracy(self):
        """Share of all images that were recognised; the large classes decide it."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def balanced_accuracy(self):
        """Mean of the classes' recalls; every class counts the same."""
        return float(np.nanmean(list(self.recall.values())))

    @property
    def intervals(self):
        """95 % interval of each class's recall: {class name: (low, high)}, by Wilson's formula; (0, 1) without images."""
        rows = zip(self.class_names, np.diag(self.confusion), self.confusion.sum(axis=1))
        return {name: wilson(int(right), int(n)) for name, right, n in rows}

    def __repr__(self):
        width = max(len(name) for name in self.class_names)
        head = [
            f"balanced accuracy {self.balanced_accuracy:.3f}, accuracy {self.accuracy:.3f}, {int(self.confusion.sum())} images",
            f"  {'':{width}}  recognised (95 % interval of the recall)   predicted as",
        ]
        for name, row, right, (low, high) in zip(
            self.class_names, self.confusion, np.diag(self.confusion), self.intervals.values()
        ):
            order = [i for i in np.argsort(-row, kind="stable") if row[i]]
            share = f"{right} of {row.sum()} ({low:.2f} to {high:.2f})" if row.sum() else "no images"
            head.append(f"  {name:{width}}  {share:40}   " + ", ".join(f"{row[i]} {self.class_names[i]}" for i in order))
        return "\n".join(head)


def evaluation(labels, predicted, class_names):
    """Return the `Evaluation` of two sequences of N class indices: the true ones, and those that were predicted."""
    from sklearn.metrics import confusion_matrix

    return Evaluation(confusion_matrix(labels, predicted, labels=range(len(class_names))), list(class_names))


def evaluate(
    classifier: Classifier,
    images: ArrayLike,
    labels: Sequence[int | str] | np.ndarray,
    batch_size: int = 32,
) -> Evaluation:
    """Return the `Evaluation` of a classifier on images (N, H, W, 3), 0 to 255, with labels: N class indices or names."""
    if len(images) != len(labels):
        raise ValueError(f"There are {len(images)} images and {len(labels)} labels: give one label for each image.")
    predicted = classifier.probabilities(images, batch_size=batch_size).argmax(axis=1)
    return evaluation([classifier.class_index(label) for label in labels], predicted, classifier.class_names)
