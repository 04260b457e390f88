"""Could it be chance? An interval for a share, and how often guessing does as well."""

import numpy as np


class LearnedNothing(ValueError):
    """A training whose result surely recognises images that were held back little better than guessing does."""


def wilson(right, n, z=1.96):
    """Return the 95 % interval (low, high) of a share of which `right` of `n` are known (Wilson 1927); (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    share, spread = right / n, z * z / n
    centre = (share + spread / 2) / (1 + spread)
    half = z * np.sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def surely_little(balanced, classes, n):
    """Return whether a balanced accuracy, judged by `n` images, is surely nearer to guessing than to knowing every class.

    With fewer than ten images it never is: 2 of 4 right may be a network that knows nothing, and one that knows nearly all.
    """
    return n >= 10 and wilson(balanced * n, n)[1] < (1 + 1 / classes) / 2


def chance_of(labels, predicted, groups, draws=2000, seed=0):
    """Return how often a balanced accuracy as high would come of labels that have nothing to do with the images, 0 to 1.

    labels, predicted: N class indices. groups: N whole numbers; the labels of whole groups change places (a group of
    several classes takes part image by image), because ten copies of one photograph are one piece of evidence.
    """
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    units = _units(labels, groups)
    n, classes = units.max() + 1, labels.max() + 1
    answers = np.zeros((n, max(classes, predicted.max() + 1)))
    np.add.at(answers, (units, predicted), 1.0)
    size = answers.sum(axis=1)
    own = np.zeros(n, int)
    own[units] = labels
    rng = np.random.default_rng(seed)

    def balanced(classes_of_units):
        right, total = np.zeros(classes), np.zeros(classes)
        np.add.at(right, classes_of_units, answers[np.arange(n), classes_of_units])
        np.add.at(total, classes_of_units, size)
        return (right[total > 0] / total[total > 0]).mean()

    reached = balanced(own)
    as_high = sum(balanced(rng.permutation(own)) >= reached - 1e-12 for _ in range(draws))
    return (1 + as_high) / (1 + draws)


def _units(labels, groups):
    """Return a number for each image: that of its group and class."""
    return np.unique(np.stack([groups, labels]), axis=1, return_inverse=True)[1].reshape(-1)
