"""A place to try things: any photo, any network, up to four techniques side by side; in JupyterLab, or as an app."""

from typing import Any

from .app import Playground


def playground(
    classifiers: Any = None,
    images: Any = None,
) -> Any:
    """Return the playground, a widget: choose a photo, a network and up to four techniques, and look at their maps.

    classifiers: {name: Classifier} of your own, listed before those of the course. images: {name: (H, W, 3)}, likewise.
    `playground().results` has what is shown; `save_png(path)` and `save_page(path)` write it to a file.
    Raises TypeError for a classifier that is none, ValueError for an array that is no image.
    """
    return Playground(classifiers or {}, images or {})


__all__ = ["Playground", "playground"]
