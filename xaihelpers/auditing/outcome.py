"""`audit`: counts, sizes, formats, copies and shortcuts of a folder of images, or of images with labels."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._validation import whole_number, yes_or_no
from ..copies import families
from ..folders import images_from_folder
from ..images import as_uint8
from ..plots import side_by_side
from ..training.data import images_and_labels
from ..training.groups import groups_of
from .files import file_facts
from .probes import run_probes

_SHOWN = 8  # families that are drawn


@dataclass(frozen=True, repr=False)
class Audit:
    """What is known of images before any training.

    images: (N, size, size, 3) uint8. labels: (N,). class_names. files: N paths, or None. skipped: [(path, why)].
    facts: N `FileFacts`, or None. families: (N,) int64: images of one number are copies of one photograph; give it to
    `train_classifier` as `groups`. same: (N,): images of one number are the same to the bit. probes: [`Probe`].
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: list
    files: list | None
    skipped: list
    facts: list | None
    families: np.ndarray
    same: np.ndarray
    probes: list

    @property
    def counts(self):
        """{class name: (images, photographs they come from)}."""
        of = {name: self.labels == label for label, name in enumerate(self.class_names)}
        return {name: (int(those.sum()), len(np.unique(self.families[those]))) for name, those in of.items()}

    @property
    def alarms(self):
        """The sentences of the probes that alarm, and of what else must be mended before training."""
        return [each.sentence for each in self.probes if each.alarm] + self._two_labels()

    def __repr__(self):
        lines = [f"{len(self.images)} images of {len(self.class_names)} classes from {self.families.max() + 1} photographs"]
        width = max(map(len, self.class_names))
        lines += [f"  {name:{width}}  {n:5} images  {own:5} photographs" for name, (n, own) in self.counts.items()]
        lines += self.of_files() + self._of_copies() + self._two_labels()
        return "\n".join([*lines, *(probe.sentence for probe in self.probes)])

    def of_files(self):
        """Return lines on formats, sizes, and what can't be read; none where the images are no files."""
        if self.facts is None:
            return []
        formats = ", ".join(f"{n} {kind}" for kind, n in Counter(each.format for each in self.facts).most_common())
        edges = [min(each.width, each.height) for each in self.facts]
        lines = [
            f"Files: {formats}; the shorter edge from {min(edges)} to {max(edges)} pixels; {len(self.skipped)} can't be read."
        ]
        return lines + [f"  {path.name}: {why}" for path, why in self.skipped[:10]]

    def _of_copies(self):
        n, photographs, different = len(self.images), int(self.families.max()) + 1, int(self.same.max()) + 1
        if photographs == n:
            return ["No copies found: a split by image is a fair one."]
        text = (
            f"Copies: {n - different} images are the same as another to the bit, and {different - photographs} more were altered"
        )
        return [f"{text} (turned, flipped, cropped, brighter ...): hold back whole families, as train_classifier does."]

    def _two_labels(self):
        both = [f for f in np.unique(self.families) if len(np.unique(self.labels[self.families == f])) > 1]
        if not both:
            return []
        names = sorted({self.class_names[label] for label in self.labels[self.families == both[0]]})
        return [
            f"ALARM: copies of {len(both)} photographs are in two classes, such as {' and '.join(names)}: one label is wrong."
        ]

    def _repr_html_(self):
        import html

        pictures = self.show_families()._repr_html_() if self.families.max() + 1 < len(self.images) else ""
        return f"<pre>{html.escape(repr(self))}</pre>{pictures}"

    def show_families(self, most=_SHOWN, members=6):
        """Return a Picture of the largest families, a row each: up to `members` of the copies of one photograph."""
        most, members = whole_number(most, "most"), whole_number(members, "members", 2)
        sizes = Counter(self.families.tolist())
        largest = [family for family, n in sizes.most_common(most) if n > 1]
        if not largest:
            raise ValueError("There are no copies to show: every image is a photograph of its own.")
        items, titles = [], []
        for family in largest:
            rows = np.flatnonzero(self.families == family)[:members]
            items += [self.images[row] for row in rows] + [np.full_like(self.images[0], 255)] * (members - len(rows))
            first = f"{self.class_names[self.labels[rows[0]]]}: {sizes[family]} copies"
            titles += [first, *("" for _ in range(members - 1))]
        shown = f"The {len(largest)} largest families of copies, a row each"
        return side_by_side(items, titles, columns=members, size=1.3, caption=shown, alt=shown)


def audit(
    data: Any,
    labels: Any = None,
    *,
    class_names: Sequence[str] | None = None,
    size: int = 128,
    groups: Any = "families",
    seed: int = 0,
    progress: bool = False,
) -> Audit:
    """Return an `Audit`: counts, formats, broken files, copies, and five shortcut probes, each in a sentence.

    data: a folder with one subfolder of images a class, or images (N, H, H, 3), 0 to 255, with `labels`: N names or indices;
        or what `images_from_folder` and `make_rashes` return. class_names: C names, where the labels are indices.
    size: edge in pixels at which a folder is looked at. groups: as in `train_classifier`; families are found by default.
    seed: of the forests that the probes are. progress: show bars. Takes about 0.1 s an image.
    """
    size, seed, progress = whole_number(size, "size", 16), whole_number(seed, "seed", 0), yes_or_no(progress, "progress")
    files, facts, skipped = None, None, []
    if isinstance(data, (str, os.PathLike)):
        data = images_from_folder(data, size, progress=progress)
    if hasattr(data, "files"):
        files, skipped = data.files, data.skipped
        facts = [file_facts(file) for file in files]
    if labels is not None:
        if files is not None or hasattr(data, "labels") or (isinstance(data, (tuple, list)) and len(data) == 2):
            raise ValueError("labels are given for data that have labels of their own: leave labels out.")
        data = (data, labels)
    images, labels, class_names = images_and_labels(data, class_names, size, progress)
    images = as_uint8(images)
    found, _ = groups_of(groups, images, labels, class_names, progress, warn=False)
    if not isinstance(groups, str) and len(np.unique(found)) < 2:
        raise ValueError("groups is the same for all images: give one for each image, such as the number of the patient.")
    same = families(images, altered=False)
    probes = run_probes(images, facts, labels, found, class_names, seed)
    return Audit(images, labels, class_names, files, skipped, facts, found, same, probes)
