"""Work that is kept as it is done, so that it goes on where it was interrupted: plain numbers and text, one file a step."""

import hashlib
import json

import numpy as np

from .._validation import path_of, shown
from ..training.evaluation import Evaluation
from ..training.train import TrainedClassifier
from ..zoo.cache import atomic_write, cache_folder

_ROWS = 16  # maps between two writings
_ARRAYS = ("training", "stopping", "validation", "groups", "said")
_PLAIN = ("history", "split", "chance", "seconds", "interrupted")


def place_of(work, images):
    """Return the folder of the work as a path, None for None; raise where it is none, or lies in the folder of the images."""
    if work is None:
        return None
    work = path_of(work, "work is {}: give the path of a folder, or None.")
    inside, images = work.resolve(), path_of(images, "{} can't be a folder: give the path of one.").resolve()
    if images == inside or images in inside.parents:
        raise ValueError(f"work is {shown(str(work))}, where the images are, and would be a class: give another folder, or None.")
    return work


class Kept:
    """A folder of finished steps. Every step has a name, and a function that does it where it was not done before."""

    def __init__(self, work, fingerprint):
        parent = cache_folder() / "folders" if work is None else work
        self.folder = parent / fingerprint
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except (OSError, ValueError) as error:
            raise NotADirectoryError(
                f"There can be no folder {shown(str(parent))} ({getattr(error, 'strerror', None) or error}): give the path of "
                "another one as work, or None."
            ) from None

    def plain(self, name, make):
        """Return what JSON can hold: stored, or made and stored."""
        path = self.folder / f"{name}.json"
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
        found = make()
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps(found), encoding="utf-8")
        return json.loads(json.dumps(found))  # what the next run reads

    def array(self, name, make):
        """Return an array: stored, or made and stored."""
        path = self.folder / f"{name}.npy"
        if not path.exists():
            self._write(path, make())
        return np.load(path, allow_pickle=False)

    def rows(self, name, numbers, make):
        """Return an array with a row for each of `numbers`, (N, ...); it is stored every few rows, and goes on from there."""
        path = self.folder / f"{name}.npy"
        found = list(np.load(path, allow_pickle=False)) if path.exists() else []
        for k in range(len(found), len(numbers)):
            found.append(make(numbers[k]))
            if len(found) % _ROWS == 0 or len(found) == len(numbers):
                self._write(path, np.stack(found))
        return np.stack(found[: len(numbers)]) if len(numbers) else np.zeros((0, 0, 0), np.float32)

    def classifier(self, name, make):
        """Return a `TrainedClassifier`: stored, or made and stored, with all that it says of its training."""
        path = self.folder / f"{name}.keras"
        if path.exists() and (self.folder / f"{name}.json").exists():
            return self._stored_classifier(name, path)
        trained = make()
        for key in _ARRAYS:
            self._write(self.folder / f"{name}-{key}.npy", getattr(trained, key))
        with atomic_write(path) as temporary:
            trained.save(temporary)
        # Last: what was interrupted before it is trained anew.
        plain = {key: getattr(trained, key) for key in _PLAIN} | {"class_names": list(trained.class_names)}
        self.plain(name, lambda: plain | _confusions(trained))
        return trained

    def _stored_classifier(self, name, path):
        from ..classifier.model_files import load_model

        plain = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        names = plain["class_names"]
        trained = TrainedClassifier(load_model(path), class_names=names)
        for key in _ARRAYS:
            setattr(trained, key, np.load(self.folder / f"{name}-{key}.npy", allow_pickle=False))
        for key in _PLAIN:
            setattr(trained, key, plain[key])
        for key in ("evaluation", "cross_validation"):
            there = plain[key] is not None
            setattr(trained, key, Evaluation(np.array(plain[key]), names) if there else None)
        return trained

    @staticmethod
    def _write(path, array):
        with atomic_write(path) as temporary:
            np.save(temporary, array, allow_pickle=False)


def _confusions(trained):
    """Return the two evaluations as lists."""
    found = {key: getattr(trained, key) for key in ("evaluation", "cross_validation")}
    return {key: None if each is None else each.confusion.tolist() for key, each in found.items()}


def fingerprint(data, options):
    """Return a name for this folder as it is now and these settings, (16 letters): another one has work of its own."""
    files = [(str(file.relative_to(data.folder)), file.stat().st_size, file.stat().st_mtime_ns) for file in data.files]
    text = json.dumps([str(data.folder.resolve()), files, options], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
