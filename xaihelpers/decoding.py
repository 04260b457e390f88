"""Image files of every kind of number as 8-bit pixels; the list of the formats that are opened at all.

What white is. 8-bit files are taken as they are. A file with more bits is scaled by what it says itself (the TIFF tags of
the smallest and largest sample value, 12 bits a sample), else by its type: 0 to 65535 for 16 bits, 0 to 1 for floats.
Never by the brightest pixel: two neighbouring slices of one scan would come out differently. Where neither holds (16-bit
numbers that leave the top two bits unused, integers of 32 bits, floats outside 0 to 1) the picture is refused, and the
sentence asks for `value_range`.
"""

import re
import warnings
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ._validation import shown
from .results import DiagnosticWarning

# Formats that hold photographs, read by Pillow itself. Others start programs (EPS) or are seldom attacked and seldom mended.
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "BMP", "TIFF", "PPM", "JPEG2000")
MAX_PIXELS = 80_000_000
MODES = {1: "L", 3: "RGB", 4: "RGBA"}  # number of channels: Pillow's name

_STEPS = (255, 1023, 4095, 16383, 65535)  # the largest numbers of 8, 10, 12, 14 and 16 bits
_UNUSED = 2**14  # 16-bit numbers all below this leave two bits unused: a picture of a quarter of the brightness
_BITS, _WHITE_IS_ZERO, _SAMPLE_FORMAT = 258, 262, 339  # TIFF tags
_LIMITS = ((340, 341), (280, 281))  # TIFF tags of the smallest and largest sample value


class Numbers(NamedTuple):
    """Pixels of more than 8 bits. values: (H, W, C) float64. alpha: (H, W) 0 to 1, or None.

    limits: (black, white) as the file says, or None. kind: "16 bits", "integers" or "floats". inverted: white is 0.
    """

    values: np.ndarray
    alpha: np.ndarray | None
    limits: tuple | None
    kind: str
    inverted: bool = False


@contextmanager
def opened(source):
    """Open an image file of one of the FORMATS, lazily; for every place that opens one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is lower, and an error
        warnings.filterwarnings("ignore", module=r"PIL\..*")  # odd EXIF data and the like
        Image.init()  # or Pillow does not know them all yet
        with Image.open(source, formats=[each for each in FORMATS if each in Image.OPEN]) as file:
            yield file


def picture_of(source, name, max_pixels=None, value_range=None):
    """Return the Pillow image of a file, upright, 8 bits a channel, transparency laid on white.

    source: what Image.open takes. name: of the file, for messages. max_pixels, value_range: as for `load_image`.
    Raises ValueError in one sentence for what is no image of the FORMATS, damaged, too large, or has no known white.
    """
    limits = checked_range(value_range)
    max_pixels = MAX_PIXELS if max_pixels is None else max_pixels
    try:
        with opened(source) as file:
            if file.width * file.height > max_pixels:
                raise _Refused(
                    f"is {file.width:,} x {file.height:,} pixels, over the {max_pixels:,} allowed: make it smaller first"
                )
            decoded = _decoded(file, source)
    except _Refused as reason:
        raise ValueError(f"{name} {reason}.") from None
    except UnidentifiedImageError:
        raise ValueError(
            f"{name} is no image of a format that is read here: give a JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF file."
        ) from None
    except Image.DecompressionBombError as error:  # Pillow's own guard, before ours can look at the header
        pixels = int(re.search(r"\d+", str(error))[0])
        raise ValueError(f"{name} has {pixels:,} pixels, over the {max_pixels:,} allowed: make it smaller first.") from None
    except Exception as error:  # by the way in which a file is broken, nearly anything
        raise ValueError(f"{name} is damaged or incomplete ({_first_line(error)}): save or download it again.") from None
    return _eight_bits(decoded, name, limits) if isinstance(decoded, Numbers) else decoded


def size_of(source):
    """Return (width, height) from the header of an image file."""
    with opened(source) as file:
        return file.size


def checked_range(value_range):
    """Return (black, white) as floats, None for None, or say in one sentence what is wrong."""
    if value_range is None:
        return None
    pair = tuple(value_range) if isinstance(value_range, (tuple, list, np.ndarray)) else ()
    if len(pair) != 2 or not all(map(_is_finite, pair)) or not pair[0] < pair[1]:
        raise ValueError(f"value_range is {shown(value_range)}: expected (black, white), such as (0, 4095).")
    return float(pair[0]), float(pair[1])


def _is_finite(value):
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool) and bool(np.isfinite(value))


class _Refused(Exception):
    """A reason for which a readable file is not read."""


def _first_line(error):
    return (str(error).strip() or type(error).__name__).split("\n")[0][:120].rstrip(".")


def _decoded(file, source):
    """Return what an open file holds: a Pillow image of 8 bits a channel, or Numbers."""
    if _has_two_bytes(file):
        return _deep_colours(file, source)
    if file.mode == "F" or file.mode.startswith("I"):
        return _deep_greys(file)
    if file.mode == "LAB":
        raise _Refused("has the colours of the LAB model: save it as RGB")
    upright = ImageOps.exif_transpose(file)
    if not upright.has_transparency_data:
        return upright.convert("L" if upright.mode in ("1", "L") else "RGB")
    upright = upright.convert("RGBA")
    white = Image.new("RGBA", upright.size, "white")
    return Image.alpha_composite(white, upright).convert("RGB")


def _deep_greys(file):
    """Return the Numbers of a grey image of 16 bits, 32 bits or floats."""
    tags = getattr(file, "tag_v2", {})
    upright = ImageOps.exif_transpose(file)
    values = np.asarray(upright)
    bits, numbers = tags.get(_BITS, (16,))[0], tags.get(_SAMPLE_FORMAT, (1,))[0]
    if file.mode == "I" and tags and (bits, numbers) == (32, 1):
        values = values.view(np.uint32)  # Pillow reads them as signed
    limits = (0.0, 4095.0) if bits == 12 else None
    for low, high in _LIMITS:
        if high in tags:
            low, high = (np.ravel(tags[tag])[0] if tag in tags else 0 for tag in (low, high))
            limits = (float(low), float(high)) if low < high else limits
    if file.format == "PPM" and file.mode == "I":
        limits = (0.0, 65535.0)  # Pillow has used the file's own largest value
    kind = "floats" if file.mode == "F" else "16 bits" if file.mode.startswith("I;16") else "integers"
    clear = file.info.get("transparency") if file.format == "PNG" else None
    alpha = None if clear is None else (values != clear).astype(np.float64)
    return Numbers(values.astype(np.float64)[..., None], alpha, limits, kind, tags.get(_WHITE_IS_ZERO) == 0)


# -- colours of 16 bits, of which Pillow keeps the upper byte --------------------------------------------------------------


def _raw_mode(arguments):
    """Return the name of how a tile's pixels are packed."""
    first = arguments[0] if isinstance(arguments, tuple) and arguments else arguments
    return first if isinstance(first, str) else ""


def _has_two_bytes(file):
    return file.mode in ("RGB", "RGBA", "LA") and any(re.search(";16[BLN]$", _raw_mode(tile.args)) for tile in file.tile)


def _deep_colours(file, source):
    """Return the Numbers of a colour image of 16 bits: its upper bytes, then its lower ones by reading the other half."""
    upper = np.asarray(ImageOps.exif_transpose(file), dtype=np.float64)
    if hasattr(source, "seek"):
        source.seek(0)
    with opened(source) as again:
        again.tile = [tile._replace(args=_other_half(tile.args)) for tile in again.tile]
        try:
            lower = np.asarray(ImageOps.exif_transpose(again), dtype=np.float64)
        except (ValueError, OSError, KeyError):  # Pillow has no such reading (grey with alpha): the upper byte, twice
            lower = upper
    values = upper * 256 + lower
    alpha = values[..., -1] / 65535 if file.mode in ("LA", "RGBA") else None
    return Numbers(values if alpha is None else values[..., :-1], alpha, None, "16 bits")


def _other_half(arguments):
    """Return a tile's arguments with the order of bytes turned round, so that Pillow keeps the lower byte."""
    mode = _raw_mode(arguments)
    little = mode.endswith("L") or (mode.endswith("N") and np.little_endian)
    turned = mode[:-1] + ("B" if little else "L")
    return (turned, *arguments[1:]) if isinstance(arguments, tuple) else turned


# -- what white is ------------------------------------------------------------------------------------------------------


def _eight_bits(numbers, name, limits):
    """Return a Pillow image of 8 bits from Numbers. limits: (black, white), or None to find out."""
    values, known = numbers.values, np.isfinite(numbers.values)
    if not known.all():
        warnings.warn(
            f"{name} has {int((~known).sum()):,} pixels that are NaN or infinite: NaN is drawn as black.",
            DiagnosticWarning,
            stacklevel=5,
        )
    low, high = limits or numbers.limits or _limits(values[known], numbers.kind, name)
    share = np.clip((np.where(np.isnan(values), low, values) - low) / (high - low), 0, 1)
    share = 1 - share if numbers.inverted else share
    if numbers.alpha is not None:
        share = share * numbers.alpha[..., None] + (1 - numbers.alpha[..., None])
    pixels = np.rint(share * 255).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _limits(values, kind, name):
    """Return (black, white) of numbers by their type; ValueError where the type does not tell. values: the finite ones."""
    least, most = (float(values.min()), float(values.max())) if values.size else (0.0, 0.0)
    if kind == "16 bits" and (most >= _UNUSED or most == 0):
        return 0.0, 65535.0
    if kind != "16 bits" and least >= 0 and most <= (1 if kind == "floats" else 0):
        return 0.0, 1.0
    if kind == "floats" or least < 0 or most > _STEPS[-1]:
        white, black = f"{most:.6g}" if most > least else f"{least + 1:.6g}", f"{min(least, 0):.6g}"
    else:
        white, black = next(step for step in _STEPS if step >= most), 0
    raise ValueError(
        f"{name} has numbers ({kind}) from {least:.6g} to {most:.6g} and does not say which of them is white: give "
        f"value_range=(black, white), the same for every image of a set, such as value_range=({black}, {white})."
    )
