"""What the public functions take, in words for editors and type checkers; shapes and ranges stand in the docstrings."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

ImageLike: TypeAlias = ArrayLike  # (H, W, 3), 0 to 255
Heatmap: TypeAlias = Any  # an Attribution, or an array (H, W)
Target: TypeAlias = int | str | None  # a class index, its name, or None for the predicted class
Fill: TypeAlias = str | ArrayLike  # a word of methods/shared/fills.py, a colour, or an image
Segments: TypeAlias = str | ArrayLike | Callable[[np.ndarray], np.ndarray]
Layers: TypeAlias = str | Sequence[str] | Mapping[str, float] | None
Technique: TypeAlias = str | Callable[..., Any]  # its name, or the function
PathLike: TypeAlias = str | os.PathLike[str]

__all__ = ["Fill", "Heatmap", "ImageLike", "Layers", "PathLike", "Segments", "Target", "Technique"]
