"""What an image file says of itself before it is looked at: format, size, how strongly it is compressed."""

import io
from dataclasses import dataclass

import numpy as np

from ..decoding import opened

_REWRITTEN = 4_000_000  # pixels: larger pictures are not written again to compare, their size says enough


@dataclass(frozen=True)
class FileFacts:
    """One file. size: bytes. mode: Pillow's name for the kind of pixels. compression: mean of a JPEG's quantization table.

    rewritten: bytes of the file for one byte of the same picture written again; 1 where that was not tried.
    """

    format: str
    mode: str
    width: int
    height: int
    size: int
    compression: float
    rewritten: float
    described: bool

    @property
    def numbers(self):
        """What a probe is given, none of which depends on what the picture shows: format, mode, edges, way of writing."""
        kind = [float(ord(letter)) for letter in f"{self.format:5}"[:5]] + [float(len(self.mode)), float(ord(self.mode[0]))]
        edges = [np.log2(self.width * self.height), np.log2(self.width / self.height)]
        return [*kind, *edges, self.compression, round(self.rewritten, 2), float(self.described)]


def file_facts(path):
    """Return the `FileFacts` of an image file that can be read."""
    size = path.stat().st_size
    with opened(path) as file:
        tables = getattr(file, "quantization", None)
        described = bool(file.getexif())
        facts = dict(format=file.format or "?", mode=file.mode, width=file.width, height=file.height, size=size)
        rewritten = size / _bytes_again(file) if file.width * file.height <= _REWRITTEN else 1.0
    return FileFacts(
        **facts,
        compression=round(float(np.mean(tables[0])), 1) if tables else 0.0,
        rewritten=rewritten,
        described=described,
    )


def _bytes_again(file):
    """Return how many bytes the picture takes when Pillow writes it in the same format; those of the file where it can't."""
    buffer = io.BytesIO()
    how = {"JPEG": {"quality": "keep"}, "PNG": {}}.get(file.format)
    if how is None:
        return max(1, file.fp.seek(0, 2)) if getattr(file, "fp", None) else 1
    try:
        file.save(buffer, file.format, **how)
    except (OSError, ValueError):
        return float("inf")
    return max(1, buffer.tell())
