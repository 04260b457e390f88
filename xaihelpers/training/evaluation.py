"""How good a classifier is, class by class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..classifier import Classifier


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

    def __repr__(self):
        width = max(len(name) for name in self.class_names)
        head = [
            f"balanced accuracy {self.balanced_accuracy:.3f}, accuracy {self.accuracy:.3f}, {int(self.confusion.sum())} images",
            f"  {'':{width}}  recall  predicted as",
        ]
        for name, recall, row in zip(self.class_names, self.recall.values(), self.confusion):
            order = [i for i in np.argsort(-row, kind="stable") if row[i]]
            head.append(f"  {name:{width}}  {recall:6.2f}  " + ", ".join(f"{row[i]} {self.class_names[i]}" for i in order))
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
