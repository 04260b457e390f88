"""Which images train, which stop the training, and which are held back: always whole groups, and a share of every class."""

import numpy as np

from .._validation import as_array, number, shown

_FOLDS = 5


def checked_share(share):
    """Return the share of every class that is held back, or raise ValueError where it is none."""
    return number(share, "validation_split", above=0, below=1, what="a share of every class, such as 0.2,")


def held_back_part(labels, groups, class_names, share, seed):
    """Return (other indices, held back indices): of every class about `share` of the images, at least one group of them.

    labels: N class indices. groups: N of anything; what is of one group is never divided.
    Raises ValueError where a class would keep fewer than two groups to train on.
    """
    share = checked_share(share)
    for label, name in enumerate(class_names):
        n = len(np.unique(groups[labels == label]))
        if n - max(1, round(n * share)) < 2:
            raise ValueError(_too_few(name, n, int((labels == label).sum()), share))
    held = _take(labels, groups, share, np.random.default_rng(seed), at_least=1)
    return np.flatnonzero(~held), np.flatnonzero(held)


def stopping_part(labels, groups, rows, seed):
    """Return (training rows, rows that say when to stop): 15 % of the images of every class that has three groups or more."""
    held = _take(labels[rows], groups[rows], 0.15, np.random.default_rng([seed, 1]), at_least=0)
    if not held.any():  # no class can spare a group: the training images themselves say when to stop
        return rows, rows
    return rows[~held], rows[held]


def folds(labels, groups, seed):
    """Return up to five parts of the indices, each with images of every class where they suffice, no group divided."""
    from sklearn.model_selection import StratifiedGroupKFold

    n = min(_FOLDS, *(len(np.unique(groups[labels == label])) for label in np.unique(labels)))
    splitter = StratifiedGroupKFold(max(n, 2), shuffle=True, random_state=seed)
    return [held for _, held in splitter.split(labels, labels, groups) if len(held)]


def checked_groups(groups, n):
    """Return the groups that a learner gives as N whole numbers, or raise in one sentence."""
    groups = as_array(groups, "groups")
    if groups.shape != (n,):
        raise ValueError(f"groups is {shown(groups)} for {n} images: give one for each image, such as the number of the patient.")
    if any(each is None or each != each for each in groups.tolist()):  # NaN is no number, not even itself
        raise ValueError("groups has values that are NaN or None: give every image a group, of its own if it belongs to none.")
    return np.unique(groups.astype(str) if groups.dtype == object else groups, return_inverse=True)[1].reshape(-1)


def _take(labels, groups, share, rng, at_least):
    """Return a mask of groups, drawn at random, that hold about `share` of every class and leave each two groups or more."""
    taken = np.zeros(len(labels), bool)
    members = {group: np.flatnonzero(groups == group) for group in rng.permutation(np.unique(groups))}
    for label in np.unique(labels):
        mine = labels == label
        free = [rows for rows in members.values() if mine[rows].any() and not taken[rows[0]]]
        wanted, sizes = share * mine.sum(), [int(mine[rows].sum()) for rows in free]
        chosen = _that_fit(sizes, wanted - (taken & mine).sum(), len(free) - 2)
        if at_least and not chosen and not (taken & mine).any() and len(free) > 2:
            chosen = [int(np.argmin(sizes))]
        for k in chosen:
            taken[free[k]] = True
    return taken


def _that_fit(sizes, wanted, most):
    """Return places of sizes, in their order, that add up to about `wanted`, at most `most` of them."""
    chosen, total = [], 0
    for k, size in enumerate(sizes):
        if len(chosen) < most and total + size / 2 <= wanted:
            chosen.append(k)
            total += size
    return chosen


def _too_few(name, n, images, share):
    """Return the sentence for a class of too few images, or of too few families of them."""
    needed = next(k for k in range(3, 1_000_000) if k - max(1, round(k * share)) >= 2)
    have = f"{images} image{'s' * (images != 1)}"
    if n < images:
        have += f" of {n} group{'s' * (n != 1)}, such as copies of one photograph,"
    end = f"with validation_split={share:g} it needs at least {needed}"
    return f"The class {name!r} has {have}: {end}; add images, or leave the class out.".replace(",:", ":")
