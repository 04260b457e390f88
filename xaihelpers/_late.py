"""Modules that are loaded when they are first used, for imports of other packages that a learner waits for."""

import importlib.machinery
import importlib.util
import sys
from contextlib import contextmanager


@contextmanager
def late(names):
    """In this block `import` gives the named modules unloaded; each loads itself when something of it is asked for.

    names: full names, such as "keras.wrappers"; those that do not exist change nothing, and those loaded before stay so.
    """
    finder = _Finder(frozenset(names))
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder:
    """Finds modules where Python finds them, and puts off the loading."""

    def __init__(self, names):
        self._names = names

    def find_spec(self, name, path=None, target=None):
        if name not in self._names:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = importlib.util.LazyLoader(spec.loader)
        return spec
