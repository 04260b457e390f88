"""`explain_folder`: from a folder of images to "can I trust it"."""

import time
from typing import Any

from .._types import PathLike
from .._validation import listed, one_of, whole_number, yes_or_no
from ..folders import SMALLEST, images_from_folder
from ..methods import METHODS
from ..zoo.backbones import check_backbone
from . import steps
from .kept import Kept, fingerprint, place_of
from .report import FolderReport


def explain_folder(
    folder: PathLike,
    *,
    method: str = "grad_cam",
    backbone: Any = "efficientnet-lite0",
    groups: Any = "families",
    size: int = 224,
    examples: int = 4,
    work: PathLike | None = None,
    seed: int = 0,
    progress: bool = True,
) -> FolderReport:
    """Return a `FolderReport`: an audit of the images, a network trained on them, what it confuses, and where it looks.

    folder: one subfolder of images a class. method: the technique of the maps, by name. backbone, groups: as in
        `train_classifier`. size: edge in pixels at which the images are read.
    examples: images of each class that are shown with their maps, of those held back, right ones and wrong ones each.
    work: a folder in which every finished step is kept, so that a second call goes on where the first was interrupted, or is
        quick; None is a place of its own in the cache folder. It is done anew when the folder's files change.
    seed: of all that is drawn at random. progress: show bars.
    300 photographs took 150 seconds of processor time and 1.6 GB. Raises ValueError for a folder that can't be trained on.
    """
    start = time.perf_counter()
    one_of(method, "method", [name for name, each in METHODS.items() if each.takes_image])
    examples, seed = whole_number(examples, "examples"), whole_number(seed, "seed", 0)
    progress = yes_or_no(progress, "progress")
    name, plain = check_backbone(backbone), _plain(groups)
    size, work = whole_number(size, "size", SMALLEST), place_of(work, folder)
    data = images_from_folder(folder, size, progress=progress)
    settings = {"method": method, "backbone": name, "groups": plain, "size": size, "seed": seed}
    kept = Kept(work, fingerprint(data, {**settings, "examples": examples}))
    audit = steps.audited(data, groups, seed, kept, progress)
    trained, warned = steps.trained_by_family(audit, backbone, seed, kept, progress)
    right, wrong, said = steps.examples(trained, audit, examples, kept)
    return FolderReport(
        audit=audit,
        classifier=trained,
        leak=steps.leak(audit, backbone, seed, kept, progress),
        frame=steps.frame_alone(audit, trained, kept),
        right=right,
        wrong=wrong,
        said=said,
        maps=_maps(audit, trained, right + wrong, said, method, kept, progress),
        clusters=steps.clusters(audit, trained, method, seed, kept, progress),
        warned=warned,
        settings={"folder": data.folder.name, **settings},
        seconds=time.perf_counter() - start,
        work=kept.folder,
    )


def _maps(audit, trained, rows, said, method, kept, progress):
    """Return {index: (map of the class that was said, map of the true class)}."""
    images, true = audit.images[rows], audit.labels[rows]
    of_said = steps.maps_of("said", images, [said[row] for row in rows], trained, method, kept, progress)
    of_true = steps.maps_of("true", images, true, trained, method, kept, progress)
    return {row: (of_said[k], of_true[k]) for k, row in enumerate(rows)}


def _plain(groups):
    """Return groups as a fingerprint takes them."""
    return groups if isinstance(groups, str) else [str(each) for each in listed(groups, "groups", "values, one an image")]
