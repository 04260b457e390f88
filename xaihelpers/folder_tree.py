"""What lies in a folder of images: which files belong to which class, and what is left out, by name."""

import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from ._validation import path_of, shown

# What systems and programs leave behind; small letters. Anything that begins with a dot is hidden, and left out too.
_JUNK = {
    "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r",
    "__macosx", "__pycache__", "@eadir", "@tmp", "@recycle", "#recycle", "#snapshot", "$recycle.bin", "lost+found",
    "system volume information",
}  # fmt: skip
_THUMBNAILS = {"thumb", "thumbs", "thumbnail", "thumbnails"}
_PART = re.compile(
    r"(train|training|trn|test|testing|tst|val|valid|validation|dev|eval|evaluation|holdout)"
    r"([ _-]*(set|data|dataset|images|imgs|split|[0-9]+))?",
    re.IGNORECASE,
)
_IMAGES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".pgm", ".jp2"}
_WANTED = "expected a folder with one subfolder of images for each class"


class Tree(NamedTuple):
    """A folder that can be read. classes: {name: [files]}. left_out: [(path, why)], folders as a whole."""

    folder: Path
    classes: dict
    left_out: list


def class_tree(path, part=None):
    """Return the Tree of a folder with one subfolder a class, or say in one sentence why it is none.

    part: the part to read, such as "train", where a folder is divided inside its classes, or around them.
    """
    folder = _folder(path)
    if part is not None:
        _require_part(part)
        below = [sub for sub in _subfolders(folder)[0] if sub.name.lower() == part.lower()]
        folder, part = (below[0], None) if below else (folder, part)
    classes, left_out = _subfolders(folder)
    loose = sorted(file for file in folder.iterdir() if file.is_file() and _why_not(file) is None)
    _require_classes(folder, classes, loose, part)
    found = {}
    for sub in classes:
        within = sub if part is None else _part_of(sub, part)
        found[sub.name], more = _files(within)
        left_out += more
        if within is not sub:
            left_out += [(other, f"not {within.name}") for other in sorted(sub.iterdir()) if other != within]
    left_out += [(file, "in no class folder") for file in loose]
    return Tree(folder, found, left_out)


def loose_images(left_out):
    """Return the paths among what is left out that someone may have meant: images in no class folder, thumbnail folders."""
    return [
        path
        for path, why in left_out
        if (why == "in no class folder" and path.suffix.lower() in _IMAGES) or why.startswith("thumbnails")
    ]


def _folder(path):
    sentence = "{} can't be a folder: give the path of one."
    folder = path_of(path, sentence)
    try:
        there = folder.exists()
    except (OSError, ValueError):
        raise TypeError(sentence.format(shown(path))) from None
    if not there:
        raise FileNotFoundError(f"There is no folder {folder}: {_WANTED}; check the spelling and the folder you are in.")
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is a file: {_WANTED}.")
    return folder


def _require_part(part):
    if not isinstance(part, str) or not part.strip():
        raise ValueError(f"part is {shown(part)}: give the name of a subfolder, such as 'train', or None.")


def _part_of(sub, part):
    """Return the subfolder of a class folder that holds a part of the data."""
    for below in sorted(sub.iterdir()):
        if below.is_dir() and below.name.lower() == part.lower():
            return below
    raise ValueError(f"{sub} has no subfolder {part}: give a part that every class has, or part=None.")


def _why_not(path):
    """Return why a file or folder is left out, None where it is not."""
    name = path.name.lower()
    if name in _JUNK:
        return "left by a system"
    if name.startswith("."):
        return "hidden"
    return None


def _why_no_folder(path):
    return _why_not(path) or ("thumbnails of other images" if path.name.lower() in _THUMBNAILS else None)


def _subfolders(folder):
    """Return (subfolders, what is left out [(path, why)]) of a folder itself, sorted by name."""
    subs, left_out = [], []
    for entry in sorted(folder.iterdir()):
        why = _why_no_folder(entry) if entry.is_dir() else _why_not(entry)
        if why is not None:
            left_out.append((entry, why))
        elif entry.is_dir():
            subs.append(entry)
    return subs, left_out


def _files(folder):
    """Return (files, what is left out) of a folder and all below it."""
    files = sorted(entry for entry in folder.iterdir() if entry.is_file() and _why_not(entry) is None)
    subs, left_out = _subfolders(folder)
    for sub in subs:
        more, out = _files(sub)
        files, left_out = files + more, left_out + out
    return files, left_out


def _require_classes(folder, classes, loose, part):
    """Raise ValueError, in one sentence, where the subfolders of a folder are no classes."""
    if not classes and not loose:
        raise ValueError(f"{folder} is empty: {_WANTED}.")
    if not classes:
        raise ValueError(f"{folder} has files but no subfolders: {_WANTED}; move the images into them.")
    parts = [sub for sub in classes if _PART.fullmatch(sub.name)]
    names = {sub.name.lower() for sub in classes}
    if parts and not {"valid", "invalid"} <= names:
        _refuse_parts(folder, classes, parts)
    if len(classes) == 1:
        raise ValueError(
            f"{folder} has one class only ({classes[0].name}): {_WANTED}, two classes or more{_one_lower(classes[0])}."
        )
    if part is None:
        _refuse_parts_inside(classes)
        _refuse_one_too_high(folder, classes)


def _refuse_parts(folder, classes, parts):
    """Raise for train/ and test/ where classes are expected: around the classes, or beside them."""
    others = [sub.name for sub in classes if sub not in parts]
    around = [part for part in parts if _subfolders(part)[0]]
    best = next((part for part in around if part.name.lower().startswith("tr")), around[0] if around else None)
    listed = ", ".join(part.name for part in parts)
    beside = f" beside {', '.join(others)}" if others else ""
    them = "is a part" if len(parts) == 1 else "are parts"
    if best is not None:
        raise ValueError(
            f"{folder} has the subfolders {listed}{beside}: by its name {listed} {them} of a data set, not classes: give one "
            f"of them, such as {best}."
        )
    todo = (
        "move what is no class out of the folder, and rename what is one"
        if others
        else (f"give one of them, such as {parts[-1]}, after sorting its images into one subfolder a class")
    )
    raise ValueError(
        f"{folder} has the subfolders {listed}{beside}: by its name {listed} {them} of a data set, not classes: {todo}."
    )


def _one_lower(only):
    """Return a hint where the classes are one folder further down."""
    below = _subfolders(only)[0]
    return f"; its subfolders {_few(below)} may be them, then give {only}" if len(below) > 1 else ""


def _refuse_parts_inside(classes):
    """Raise where class folders are themselves divided into train/ and test/: their images would be mixed."""
    inside = {sub: [each.name for each in _subfolders(sub)[0] if _PART.fullmatch(each.name)] for sub in classes}
    divided = [sub for sub, parts in inside.items() if parts]
    if divided:
        parts = sorted(inside[divided[0]], key=lambda name: not name.lower().startswith("tr"))
        raise ValueError(
            f"The class folder {divided[0]} is divided into {', '.join(parts)}, which would be mixed: say which one to read, "
            f"such as part={parts[0]!r}."
        )


def _refuse_one_too_high(folder, classes):
    """Raise where every subfolder holds the same subfolders, and no image of its own: the classes are further down."""
    names = []
    for sub in classes:
        below = _subfolders(sub)[0]
        if len(below) < 2 or any(each.is_file() and each.suffix.lower() in _IMAGES for each in sub.iterdir()):
            return
        names.append({each.name for each in below})
    common = set.intersection(*names)
    if len(common) >= 2 and 2 * len(common) >= max(len(each) for each in names):
        raise ValueError(
            f"The subfolders of {folder} ({_few(classes)}) all hold the subfolders {', '.join(sorted(common)[:4])}, which look "
            f"like the classes: give one of them, such as {classes[0]}, or move the images up into their class folders."
        )


def _few(folders):
    names = [each.name for each in folders]
    return ", ".join(names[:4]) + (" ..." if len(names) > 4 else "")


def places(files, folder):
    """Return {subfolder: number of files} of a class's files, those directly in `folder` as ''."""
    return Counter(file.relative_to(folder).parent.as_posix().removeprefix(".") for file in files)
