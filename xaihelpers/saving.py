"""Pictures that know how they were made: a PNG file with method, class, parameters, classifier and cost inside."""

import dataclasses
import functools
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from ._types import PathLike
from .decoding import opened
from .plots import Picture, show, side_by_side
from .results import Attribution, Visualization

KEY = "xaihelpers"  # the keyword of the text chunk


def record(results, classifier=None, image=None):
    """Return what is needed to make some results again, as plain data: what `save_png` keeps in the file.

    results: an Attribution or Visualization, or a list of them. classifier, image: their names, if they have one.
    Arrays among the parameters are kept as their shape and SHA-256, functions as their name.
    """
    return {"classifier": classifier, "image": image, "results": [_plain(each) for each in _listed(results)]}


def png(results, classifier=None, image=None, picture=None):
    """Return the bytes of a PNG file with `record(results, classifier, image)` inside; arguments as for `save_png`."""
    results = _listed(results)
    kept = json.dumps(record(results, classifier, image), ensure_ascii=False)
    if picture is None:
        picture = show(results[0]) if len(results) == 1 else side_by_side(results)
    text = PngInfo()
    text.add_itxt(KEY, kept)
    buffer = io.BytesIO()
    with opened(io.BytesIO(picture.png if isinstance(picture, Picture) else picture)) as pixels:
        pixels.save(buffer, format="PNG", pnginfo=text)
    return buffer.getvalue()


def save_png(
    path: PathLike,
    results: Any,
    classifier: str | None = None,
    image: str | None = None,
    picture: Any = None,
) -> None:
    """Write a PNG picture of results, with how they were made inside; `read_png` reads it. Return the path.

    results: an Attribution or Visualization, or a list of them. classifier, image: their names, if they have one.
    picture: what is drawn, a Picture or the bytes of an image; None draws one result as `show` does, several side by side.
    """
    path = Path(path).expanduser()
    path.write_bytes(png(results, classifier, image, picture))
    return path


def read_png(path_or_bytes: PathLike | bytes) -> dict[str, Any]:
    """Return what `save_png` put into a PNG: {"classifier", "image", "results": [{"method", "target", "class_name",
    "parameters", "cost", "diagnostics"}]}.

    Raises FileNotFoundError or ValueError, in one sentence, where there is no such file or nothing of ours inside.
    """
    if not isinstance(path_or_bytes, (str, Path, bytes, bytearray)):
        raise TypeError(f"read_png got {type(path_or_bytes).__name__}: give a path, or the bytes of a PNG file.")
    name, source = "The picture", path_or_bytes
    if isinstance(path_or_bytes, (bytes, bytearray)):
        source = io.BytesIO(path_or_bytes)
    elif not Path(path_or_bytes).expanduser().is_file():
        raise FileNotFoundError(f"There is no file {path_or_bytes}: check the spelling and the folder you are in.")
    else:
        name, source = str(path_or_bytes), Path(path_or_bytes).expanduser()
    try:
        with opened(source) as file:
            file.load()  # text may stand after the pixels
            text = getattr(file, "text", {}).get(KEY)
        found = None if text is None else json.loads(text)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        raise ValueError(f"{name} is damaged, or no picture: give a PNG file that the course saved.") from None
    if not isinstance(found, dict) or "results" not in found:
        raise ValueError(
            f"{name} does not say how it was made: give a PNG file that the course saved, not a copy that another program wrote."
        )
    return found


def _listed(results):
    """Return results as a list, or say what else came."""
    results = list(results) if isinstance(results, (list, tuple)) else [results]
    wrong = [type(each).__name__ for each in results if not isinstance(each, (Attribution, Visualization))]
    if wrong or not results:
        raise TypeError(
            f"There is {wrong[0] if wrong else 'nothing'} to save: give an Attribution or a Visualization, or a list of them."
        )
    return results


def _plain(result):
    """Return one result's bookkeeping as JSON has it."""
    return {
        "method": result.method,
        "target": _json(result.target),
        "class_name": result.class_name,
        "parameters": _json(result.parameters),
        "cost": dataclasses.asdict(result.cost),
        "diagnostics": list(result.diagnostics),
    }


def _json(value):
    """Return a parameter as JSON has it."""
    if isinstance(value, dict):
        return {str(key): _json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_json(each) for each in value]
    if isinstance(value, np.generic):
        return _json(value.item())
    if isinstance(value, np.ndarray):
        digest = hashlib.sha256(np.ascontiguousarray(value)).hexdigest()
        return {"array": list(value.shape), "dtype": str(value.dtype), "sha256": digest}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, functools.partial):
        value = value.func
    return f"function {value.__name__}" if hasattr(value, "__name__") else str(value)
