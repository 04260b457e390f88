"""Exercises that check themselves: `xh.check.<lesson>.<exercise>(answer)`; one module a lesson.

`keep()` has what is solved remembered on this computer, `done()` shows it, `forget()` deletes it.
"""

from importlib import import_module
from pathlib import Path

from ..solved import done, forget, keep

__all__ = ["done", "forget", "keep", "lessons"]


def lessons():
    """Return the names of the lessons that have exercises."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in ("__init__", "exercise"))


def __getattr__(name):
    if name in lessons():
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"There are no exercises for {name!r}: choose from {', '.join(lessons())}.")
