"""A folder of images with one subfolder a class, as arrays."""

import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ._validation import is_whole, shown, yes_or_no
from .images import load_image

SMALLEST = 16  # pixels: on a smaller image there is nothing to see
_NO_IMAGES = {"thumbs.db", "desktop.ini"}
_SPLITS = {"train", "training", "test", "testing", "val", "valid", "validation"}


@dataclass(frozen=True, repr=False)
class ImageFolder:
    """Images of a folder, with their classes.

    images: (N, size, size, 3) uint8. labels: (N,) int64, indices into class_names. files: N paths.
    skipped: [(path, why)] of the files that could not be used.
    """

    folder: Path
    images: np.ndarray
    labels: np.ndarray
    class_names: list
    files: list
    skipped: list

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
        return "\n".join(lines)


def images_from_folder(path, size=128, *, progress=False):
    """Return the images below `path`, one subfolder a class, as an `ImageFolder`.

    path: a folder as `keras.utils.image_dataset_from_directory` expects it; classes are sorted by name. Formats: all
        that Pillow reads. Images are turned upright, centre-cropped and resized as `load_image` does.
    size: edge in pixels, 16 or more. progress: show a bar.
    Warns, with their names, of files that are broken, no images, or smaller than 16 pixels, and leaves them out.
    Raises ValueError where there are fewer than two classes, or none of a class's files can be used.
    """
    if not is_whole(size) or size < SMALLEST:
        raise ValueError(f"size is {shown(size)}: expected a whole number of pixels, {SMALLEST} or more.")
    folder, classes = _class_folders(path)
    progress = yes_or_no(progress, "progress")
    files = [(file, label) for label, sub in enumerate(classes) for file in _files(sub)]
    used, images, skipped = [], [], []
    for file, label in _with_progress(files, progress):
        try:
            images.append(_load(file, size))
            used.append((file, label))
        except (ValueError, OSError) as error:
            skipped.append((file, _reason(error, file)))
    _require_images_of_every_class(classes, used, skipped)
    if skipped:
        names = "; ".join(f"{file.relative_to(folder)} ({why})" for file, why in skipped)
        warnings.warn(f"{len(skipped)} of {len(files)} files in {folder} were left out: {names}.", stacklevel=2)
    return ImageFolder(
        folder=folder,
        images=np.stack(images),
        labels=np.array([label for _, label in used], dtype=np.int64),
        class_names=[sub.name for sub in classes],
        files=[file for file, _ in used],
        skipped=skipped,
    )


def _class_folders(path):
    """Return (folder, its class folders), or say in one sentence why that can't be."""
    try:
        folder = Path(path).expanduser()
        folder.exists()
    except (TypeError, OSError, ValueError, RuntimeError):
        raise TypeError(f"{shown(path)} can't be a folder: give the path of one.") from None
    wanted = "expected a folder with one subfolder of images for each class"
    if not folder.exists():
        raise FileNotFoundError(f"There is no folder {folder}: {wanted}; check the spelling and the folder you are in.")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file: {wanted}.")
    classes = sorted(sub for sub in folder.iterdir() if sub.is_dir() and not sub.name.startswith("."))
    if not classes and not _files(folder):
        raise ValueError(f"{folder} is empty: {wanted}.")
    if not classes:
        raise ValueError(f"{folder} has files but no subfolders: {wanted}; move the images into them.")
    if {sub.name.lower() for sub in classes} <= _SPLITS:
        raise ValueError(
            f"{folder} has the subfolders {', '.join(sub.name for sub in classes)}, which are parts of a data set, not "
            f"classes: give one of them, such as {classes[-1]}."
        )
    if len(classes) == 1:
        raise ValueError(f"{folder} has one class only ({classes[0].name}): {wanted}, two classes or more.")
    return folder, classes


def _files(folder):
    found = sorted(file for file in folder.rglob("*") if file.is_file())
    return [file for file in found if not file.name.startswith(".") and file.name.lower() not in _NO_IMAGES]


def _load(file, size):
    image = load_image(file, size)
    with Image.open(file) as header:
        width, height = header.size
    if min(width, height) < SMALLEST:
        raise ValueError(f"{width} x {height} pixels, at least {SMALLEST} x {SMALLEST} are needed")
    return image


def _reason(error, file):
    """Return the error's sentence without the file's path and without its advice."""
    return str(error).replace(f"{file} is ", "").split(": ")[0].rstrip(".")


def _with_progress(files, progress):
    if not progress:
        return files
    from tqdm.auto import tqdm

    return tqdm(files, desc="reading images", unit="image")


def _require_images_of_every_class(classes, used, skipped):
    found = Counter(label for _, label in used)
    for label, sub in enumerate(classes):
        if not found[label]:
            why = next((f": {file.name} is {why}" for file, why in skipped if sub in file.parents), ": it is empty")
            raise ValueError(f"The class folder {sub} has no image that can be used{why}.")
