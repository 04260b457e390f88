"""The cache folder: what is slow to fetch or to convert is kept there between sessions."""

import os
import uuid
import zipfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import platformdirs


def cache_folder():
    """Return the folder (a `Path`, made if missing) in which weights are kept between sessions.

    It is the value of the environment variable XAIHELPERS_CACHE, or the usual cache folder of the platform.
    """
    chosen = os.environ.get("XAIHELPERS_CACHE")
    # Without platformdirs' own opinion, which on Windows would add a folder below: where it was before, it stays.
    folder = Path(chosen).expanduser() if chosen else platformdirs.user_cache_path("xaihelpers", appauthor=False, opinion=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"The cache folder {folder} can't be made ({error.strerror}): set the environment variable "
            "XAIHELPERS_CACHE to a folder you can write to."
        ) from error
    return folder


@contextmanager
def atomic_write(path):
    """Give a temporary path to write to; it becomes `path` at the end, and vanishes if anything went wrong.

    Another process therefore sees either no file or the whole file, also when a class starts thirty kernels at once.
    """
    path = Path(path)
    temporary = path.with_name(f".part-{uuid.uuid4().hex}{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def cached_arrays(filename, make):
    """Return the arrays of the cached file `filename` (.npz) as a dict, or those of `make()`, kept for next time.

    A broken file is made again. A folder that can't be written to costs time, not the result.
    """
    try:
        path = cache_folder() / filename
    except OSError:
        return make()
    arrays = _read_arrays(path)
    if arrays is None:
        arrays = make()
        try:
            with atomic_write(path) as temporary:
                np.savez(temporary, **arrays)
        except OSError:
            pass
    return arrays


def _read_arrays(path):
    try:
        # Reading a member to its end checks its CRC, so that a flipped bit is noticed as well as a missing half.
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None
