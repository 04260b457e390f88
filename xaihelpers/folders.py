"""A folder of images with one subfolder a class, as arrays."""

import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ._on_disk import let_go, room_for
from ._progress import progress_bar
from ._types import PathLike
from ._validation import whole_number, yes_or_no
from .decoding import checked_range, size_of
from .folder_tree import class_tree, loose_images, places
from .images import load_image

SMALLEST = 16  # pixels: on a smaller image there is nothing to see
_LISTED = 30  # lines on what is left out


@dataclass(frozen=True, repr=False)
class ImageFolder:
    """Images of a folder, with their classes.

    images: (N, size, size, 3) uint8; over 400 MB they are in a temporary file and read as they are needed.
    labels: (N,) int64, indices into class_names. files: N paths.
    skipped: [(path, why)] of the files that could not be used. left_out: [(path, why)] of what was not looked at: hidden
    files, what systems leave behind, thumbnail folders, files in no class folder.
    """

    folder: Path
    images: np.ndarray
    labels: np.ndarray
    class_names: list
    files: list
    skipped: list
    left_out: list = field(default_factory=list)

    @property
    def counts(self):
        """Number of images of each class: {class name: count}."""
        found = np.bincount(self.labels, minlength=len(self.class_names))
        return {name: int(n) for name, n in zip(self.class_names, found)}

    @property
    def imbalance(self):
        """Images of the largest class for one of the smallest; 1.0 when balanced."""
        return max(self.counts.values()) / min(self.counts.values())

    def __len__(self):
        return len(self.images)

    def __repr__(self):
        edge, width = self.images.shape[1], max(len(name) for name in self.class_names)
        lines = [f"{len(self)} images of {len(self.class_names)} classes, {edge} x {edge} pixels, from {self.folder}"]
        lines += [f"  {name:{width}}  {n:5}  {n / len(self):4.0%}" for name, n in self.counts.items()]
        balance = "balanced" if self.imbalance < 1.2 else f"unbalanced, {self.imbalance:.1f} to 1"
        lines.append(f"  {balance}; {len(self.skipped)} files skipped")
        lines += self._nested() + self._not_read()
        return "\n".join(lines)

    def _nested(self):
        """Return a line for every class whose images come from folders inside its own."""
        lines = []
        for label, name in enumerate(self.class_names):
            found = places([file for file, each in zip(self.files, self.labels) if each == label], self.folder / name)
            if set(found) - {""}:
                inside = ", ".join(f"{count} in {place}" if place else f"{count} in itself" for place, count in found.items())
                lines.append(f"  {name} is read with the folders inside it: {inside}")
        return lines

    def _not_read(self):
        """Return a line for each file or folder that was skipped or left out."""
        rows = [*self.skipped, *self.left_out]
        lines = [f"  left out: {path.relative_to(self.folder)} ({why})" for path, why in rows]
        more = len(lines) - _LISTED
        return lines if more <= 0 else [*lines[:_LISTED], f"  and {more} more, in skipped and left_out"]


def images_from_folder(
    path: PathLike,
    size: int = 128,
    *,
    part: str | None = None,
    value_range: tuple[float, float] | None = None,
    progress: bool = False,
) -> ImageFolder:
    """Return the images below `path`, one subfolder a class, as an `ImageFolder`, whose text names what was left out.

    path: a folder as `keras.utils.image_dataset_from_directory` expects it; classes are sorted by name. Formats: those
        of `load_image`. Images are turned upright, centre-cropped and resized as it does.
    size: edge in pixels, 16 or more. progress: show a bar. value_range: as in `load_image`, for all of them.
    part: "train" or the like, where the folder is divided into such parts, around the classes or inside each.
    Warns, with their names, of files that are broken, no images, or smaller than 16 pixels, and leaves them out.
    Raises ValueError where there are fewer than two classes, where parts of a data set stand among the classes, or none
    of a class's files can be used.
    """
    size = whole_number(size, "size", SMALLEST, what="a whole number of pixels")
    progress, value_range = yes_or_no(progress, "progress"), checked_range(value_range)
    tree = class_tree(path, part)
    folder, classes = tree.folder, list(tree.classes)
    files = [(file, label) for label, name in enumerate(classes) for file in tree.classes[name]]
    used, skipped, images = [], [], room_for((len(files), size, size, 3), np.uint8)
    for file, label in progress_bar(files, "reading images", "image", shown=progress):
        try:
            images[len(used)] = _load(file, size, value_range)
            used.append((file, label))
            if len(used) % 500 == 0:
                let_go(images)
        except (ValueError, OSError) as error:
            skipped.append((file, _reason(error, file)))
    _require_images_of_every_class([folder / name for name in classes], used, skipped)
    if skipped:
        names = "; ".join(f"{file.relative_to(folder)} ({why})" for file, why in skipped)
        warnings.warn(f"{len(skipped)} of {len(files)} files in {folder} were left out: {names}.", stacklevel=2)
    if meant := loose_images(tree.left_out):
        names = ", ".join(str(each.relative_to(folder)) for each in meant[:_LISTED])
        warnings.warn(f"These images in {folder} belong to no class and were left out: {names}.", stacklevel=2)
    return ImageFolder(
        folder=folder,
        images=images[: len(used)],
        labels=np.array([label for _, label in used], dtype=np.int64),
        class_names=classes,
        files=[file for file, _ in used],
        skipped=skipped,
        left_out=tree.left_out,
    )


def _load(file, size, value_range):
    image = load_image(file, size, value_range=value_range)
    width, height = size_of(file)
    if min(width, height) < SMALLEST:
        raise ValueError(f"{width} x {height} pixels, at least {SMALLEST} x {SMALLEST} are needed")
    return image


def _reason(error, file):
    """Return the error's sentence without the file's path and without its advice."""
    text = str(error).replace(f"{file} is ", "").replace(f"{file} ", "").split(": ")[0].rstrip(".")
    return f"{text}: value_range=(black, white) tells it" if "white" in text else text


def _require_images_of_every_class(classes, used, skipped):
    found = Counter(label for _, label in used)
    for label, sub in enumerate(classes):
        if not found[label]:
            whys = (f"{file.name} {'' if why.startswith('has') else 'is '}{why}" for file, why in skipped if sub in file.parents)
            why = f": {next(whys, 'it is empty')}"
            raise ValueError(f"The class folder {sub} has no image that can be used{why}.")
