"""Results that take too long to compute in a lesson: computed before, by a command that anybody can run again."""

from pathlib import Path

FOLDER = Path(__file__).parent / "data" / "stored"


def stored(name):
    """Return the path of a stored result, such as "class_pictures.json".

    Raises FileNotFoundError, with the names that there are, for another.
    """
    path = FOLDER / str(name)
    if path.parent != FOLDER or not path.is_file():
        names = ", ".join(sorted(each.name for each in FOLDER.iterdir()))
        raise FileNotFoundError(f"There is no stored result {name!r}: choose from {names}.")
    return path
