"""Where a lesson is, seen from the page that shows the playground."""

import os


def lesson_link(lesson):
    """Return the address of a lesson: relative in JupyterLab; for an app, JupyterLab's, which runs on the same server."""
    if not in_app():
        return lesson
    # .../voila/render/notebooks/13_playground.ipynb; an app that is served alone has no lessons beside it
    before, found, path = os.environ.get("SCRIPT_NAME", "").partition("/voila/render/")
    return f"{before}/lab/tree/{path.rpartition('/')[0]}/{lesson}".replace("//", "/") if found else lesson


def in_app():
    """Return whether Voilà shows this notebook."""
    return os.environ.get("SERVER_SOFTWARE", "").startswith("voila")
