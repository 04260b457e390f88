"""Which images are kept together: copies of one photograph, found by their looks, or groups that the learner knows."""

import warnings

import numpy as np

from .._on_disk import parts
from .._validation import shown
from ..copies import families
from ..images import as_uint8
from ..results import DiagnosticWarning
from .splitting import checked_groups

_THOROUGH = 6000  # images: for more, only copies that fill the same frame are looked for


def groups_of(groups, images, labels, class_names, progress, warn=True):
    """Return (groups (N,) int64, how the images are split, in words)."""
    n = len(images)
    check_groups(groups)
    if isinstance(groups, str):
        if groups == "images":
            return np.arange(n), "split by image: copies of one photograph may be on both sides"
        groups = families(_OneAtATime(images), thorough=n <= _THOROUGH, progress=progress)
        if warn:
            _warn_of_two_labels(groups, labels, class_names)
        found, looked = int(groups.max()) + 1, "" if n <= _THOROUGH else ", in the same frame only, for there are so many"
        if found == n:
            return groups, f"no copies found among {n} images{looked}: split by image"
        return groups, f"split by family: {n} images are {found} photographs and their copies{looked}; none is on both sides"
    groups = checked_groups(groups, n)
    return groups, f"split by the {groups.max() + 1} groups that were given"


def check_groups(groups):
    """Raise ValueError for a word that names no way of grouping; what else is given is checked against the images."""
    if isinstance(groups, str) and groups not in ("families", "images"):
        raise ValueError(f"groups is {shown(groups)}: choose 'families', 'images', or give a value for each image.")


def overlap_warning(images, others):
    """Warn where images to judge by are copies of images to train on."""
    n = len(images)
    found = families(_OneAtATime(images, others), thorough=n + len(others) <= _THOROUGH)
    copies = int(np.isin(found[n:], found[:n]).sum())
    if copies:
        warnings.warn(
            f"{copies} of the {len(others)} images of validation_data are copies of images to train on: what they say is too "
            "good; leave them out.",
            DiagnosticWarning,
            stacklevel=4,
        )


class _OneAtATime:
    """The images of arrays (N, H, W, 3), one after the other, uint8; an array may be larger than the memory."""

    def __init__(self, *arrays):
        self._arrays = arrays

    def __len__(self):
        return sum(map(len, self._arrays))

    def __iter__(self):
        for images in self._arrays:
            for rows in parts(images):
                yield from (as_uint8(image) for image in images[rows])


def _warn_of_two_labels(groups, labels, class_names):
    """Warn where copies of one photograph have different labels: one of the two is wrong."""
    for group in np.unique(groups):
        those = np.unique(labels[groups == group])
        if len(those) > 1:
            names = " and ".join(class_names[label] for label in those[:2])
            warnings.warn(f"Copies of one photograph are called {names}: xh.audit shows them.", DiagnosticWarning, stacklevel=4)
            return
