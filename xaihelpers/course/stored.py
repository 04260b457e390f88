"""Results that take too long to compute in a lesson: computed before, by a command that anybody can run again."""

from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent.parent / "data" / "stored"


def stored(name: str) -> Any:
    """Return the path of a stored result, such as "class_pictures.json".

    Raises FileNotFoundError, with the names that there are, for another.
    """
    names = sorted(each.name for each in FOLDER.iterdir())
    if not isinstance(name, str) or name not in names:
        raise FileNotFoundError(f"There is no stored result {str(name)[:60]!r}: choose from {', '.join(names)}.")
    return FOLDER / name
