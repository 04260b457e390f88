"""Images as people have them: files to arrays, sample photographs, and the checks that every image passes."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from ._types import ImageLike, PathLike
from ._validation import is_whole, shown, whole_number
from .decoding import MAX_PIXELS, MODES, picture_of

# Photographs that other packages ship; they are read from there, never copied.
_PHOTOS = {
    "chelsea": ("skimage", "Chelsea the cat, photograph by Stefan van der Walt, CC0, from scikit-image"),
    "coffee": ("skimage", "A cup of coffee, photograph by Rachel Michetti, CC0, from scikit-image"),
    "astronaut": ("skimage", "Eileen Collins, photograph by NASA, public domain, from scikit-image"),
    "rocket": ("skimage", "Launch of a Falcon 9, photograph by SpaceX, public domain, from scikit-image"),
    "camera": ("skimage", "Photographer with tripod, photograph by Lav Varshney, CC0, from scikit-image"),
    "motorcycle": ("skimage", "Motorcycle, by D. Scharstein and others, Middlebury stereo benchmark 2014, from scikit-image"),
    "china": ("sklearn", "Summer Palace, Beijing, photograph by danielbuechele, CC BY 2.0, from scikit-learn"),
    "flower": ("sklearn", "Dahlia, photograph from the Flickr page of vultilion, CC BY 2.0, from scikit-learn"),
    "grace_hopper": ("matplotlib", "Grace Hopper, photograph by James S. Davis, US Navy, public domain, from matplotlib"),
}


def load_image(
    path_or_bytes: PathLike | bytes,
    size: int | tuple[int, int] | None = None,
    max_pixels: int | None = None,
    *,
    channels: Any = 3,
    value_range: tuple[float, float] | None = None,
) -> np.ndarray:
    """Return the image as an array, (H, W, channels) uint8, upright; with a size centre-cropped and resized to it.

    path_or_bytes: a path, or the bytes of an image file: JPEG, PNG, WebP, AVIF, GIF, BMP, TIFF, PPM or JPEG 2000. Of an
        animation the first frame is taken; transparency is laid on white.
    size: pixels: an edge, or (height, width), as a classifier's `input_shape` has them. The largest centred part of these
        proportions is resized to it (bicubic). None keeps the image as it is.
    max_pixels: a picture of more is refused before a single pixel is decoded; None is 80 million.
    channels: 3 for RGB, 1 for grey (H, W, 1), as the network has them; 4 for RGB and an opaque fourth.
    value_range: (black, white) of a file with more than 8 bits, where the file's type does not tell; see `decoding`.
        16 bits are 0 to 65535, floats 0 to 1. Files of 8 bits are taken as they are.
    Raises FileNotFoundError or ValueError, in one sentence, for what is no image.
    """
    shape = None if size is None else _height_and_width(size)
    if not is_whole(channels) or channels not in MODES:
        raise ValueError(f"channels is {shown(channels)}: choose 1 (grey), 3 (RGB) or 4.")
    name, source = _source(path_or_bytes)
    picture = picture_of(source, name, max_pixels, value_range).convert(MODES[channels])
    pixels = np.array(picture if shape is None else _centre_crop(picture, *shape))
    return pixels[..., None] if channels == 1 else pixels


def _height_and_width(size):
    """Return (height, width) of a size in pixels: an edge, or both."""
    if isinstance(size, (tuple, list)):
        if len(size) not in (2, 3):
            raise ValueError(f"size is {shown(size)}: expected an edge in pixels, or (height, width).")
        return tuple(_positive_int(edge, "size") for edge in size[:2])
    return (_positive_int(size, "size"),) * 2


def _source(path_or_bytes):
    """Return (name for messages, what Image.open takes)."""
    if isinstance(path_or_bytes, (bytes, bytearray, memoryview)):
        data = bytes(path_or_bytes)
        if not data:
            raise ValueError("The image bytes are empty: read the file again.")
        return f"The image of {len(data):,} bytes", io.BytesIO(data)
    if not isinstance(path_or_bytes, (str, Path)):
        raise TypeError(f"load_image got {type(path_or_bytes).__name__}: give a path or the bytes of an image file.")
    try:
        path = Path(path_or_bytes).expanduser()
        path.exists()
    except (OSError, ValueError, RuntimeError) as error:  # far too long, an unknown ~somebody
        raise ValueError(f"{shown(path_or_bytes)} can't be a path ({error}): give that of an image file, or its bytes.") from None
    if path.is_dir():
        raise ValueError(f"{path} is a folder: give one image file, or use images_from_folder for a whole folder.")
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}: check the spelling and the folder you are in.")
    if path.stat().st_size == 0:
        raise ValueError(f"{path} is empty (0 bytes): save or download it again.")
    return str(path), path


def fit_image(
    image: ImageLike,
    shape: tuple[int, int],
) -> np.ndarray:
    """Return the largest centred part of an image (H, W, C) that has the proportions of `shape`, resized to it, uint8.

    shape: (height, width) in pixels. C is 1, 3 or 4. A square is what `load_image(path, size)` gives.
    """
    height, width = (_positive_int(edge, "An edge") for edge in shape)
    pixels, grey = as_uint8(image), np.shape(image)[-1] == 1
    fitted = np.asarray(_centre_crop(Image.fromarray(pixels[..., 0] if grey else pixels), height, width))
    return fitted[..., None] if grey else fitted


def with_channels(image, channels):
    """Return a uint8 image (H, W, C) in grey (1), RGB (3) or with an opaque fourth channel (4); others as they are."""
    if channels == np.shape(image)[-1] or channels not in MODES:
        return image
    pixels = np.asarray(Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).convert(MODES[channels]))
    return pixels[..., None] if channels == 1 else pixels


def _centre_crop(picture, height, width):
    """Return the largest centred part with the proportions of height x width, resized (bicubic) to that."""
    across, down = min(picture.width, picture.height * width // height), min(picture.height, picture.width * height // width)
    left, top = (picture.width - across) // 2, (picture.height - down) // 2
    return picture.resize((width, height), Image.Resampling.BICUBIC, box=(left, top, left + across, top + down))


def sample_photo(
    name: str,
    size: int | tuple[int, int] | None = None,
) -> np.ndarray:
    """Return a photograph that comes with the course's packages, (size, size, 3) uint8; `photo_credit` names its author.

    name: one of `photo_names()`. size: as in `load_image`.
    """
    package, _ = _photo(name)
    if package == "skimage":
        import skimage.data

        picture = skimage.data.stereo_motorcycle()[0] if name == "motorcycle" else getattr(skimage.data, name)()
    elif package == "sklearn":
        from sklearn.datasets import load_sample_image

        picture = load_sample_image(f"{name}.jpg")
    else:
        import matplotlib

        picture = load_image(Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg")
    picture = Image.fromarray(picture).convert("RGB")
    return np.asarray(picture if size is None else _centre_crop(picture, *_height_and_width(size)))


def photo_names() -> list[str]:
    """Return the names of the sample photographs."""
    return list(_PHOTOS)


def photo_credit(name: str) -> str:
    """Return subject, author, licence and source of a sample photograph."""
    return _photo(name)[1]


def _photo(name):
    if not isinstance(name, str) or name not in _PHOTOS:
        raise ValueError(f"There is no sample photo {shown(name)}: choose from {', '.join(_PHOTOS)}.")
    return _PHOTOS[name]


def check_image(
    image: Any,
    shape: tuple[int | None, ...] = (None, None, 3),
) -> np.ndarray:
    """Return `image` as float32 (H, W, C); an error in one sentence where it can't be one image of that shape.

    shape: (H, W, C) with None where any size will do; C is 3 for RGB, 1 for grey, which may also come as (H, W), or as RGB with
    three equal channels.
    """
    wanted = _kind(shape[-1])
    try:
        array = np.asarray(image)
    except (TypeError, ValueError):  # lists of different lengths, a torch tensor that is somewhere else
        raise TypeError(f"The image is {shown(image)}: give {wanted} with values 0 to 255.") from None
    if array.dtype == object or not (np.issubdtype(array.dtype, np.number) or array.dtype == bool):
        raise TypeError(f"The image has type {array.dtype}: give {wanted} with values 0 to 255.")
    array = _with_channels(array, shape[-1], wanted)
    if 0 in array.shape:
        raise ValueError(f"The image has shape {array.shape}, no pixels: expected {wanted}.")
    if any(want is not None and have != want for have, want in zip(array.shape, shape)):
        want = " x ".join("any" if edge is None else str(edge) for edge in shape[:2])
        raise ValueError(
            f"The image is {array.shape[0]} x {array.shape[1]} pixels and this classifier takes {want}: "
            f"load it with load_image(path, size={_size_for(shape, array)})."
        )
    array = array.astype(np.float32)
    if not np.isfinite(array).all():
        raise ValueError("The image has values that are NaN or infinite: expected 0 to 255.")
    if array.max() > 255:
        raise ValueError(f"The image has values up to {array.max():g}: expected 0 to 255 (16-bit images: divide by 257).")
    return array


def as_batch(images):
    """Return images as one array, or raise ValueError where they have several shapes."""
    try:
        return np.asarray(images)
    except (TypeError, ValueError):
        raise ValueError("The images have several shapes: give one size, as load_image(path, size) makes them.") from None


def _kind(channels):
    """Return in words what an image with so many channels is."""
    return {3: "an RGB array (H, W, 3)", 1: "a grey array (H, W) or (H, W, 1)"}.get(channels, f"an array (H, W, {channels})")


def _with_channels(array, channels, wanted):
    """Return an array as (H, W, channels), or say what is wrong with its channels."""
    if array.ndim == 4 and len(array) == 1:
        raise ValueError(f"The image has shape {array.shape}, a batch of one: give image[0].")
    if channels == 1 and array.ndim == 2:
        return array[..., None]
    if channels == 1 and array.ndim == 3 and array.shape[-1] == 3 and array.size:
        if (array == array[..., :1]).all():
            return array[..., :1]
        raise ValueError(
            f"The image has shape {array.shape}, in colour, and this classifier takes grey ones: load it with "
            "load_image(path, size, channels=1), or give image.mean(axis=-1)."
        )
    if channels == 3 and array.ndim == 2:
        raise ValueError(f"The image has shape {array.shape}, grey: stack it three times, np.stack([image] * 3, axis=-1).")
    if channels == 3 and array.ndim == 3 and array.shape[-1] == 4:
        raise ValueError(f"The image has shape {array.shape}, RGBA: drop the transparency with image[..., :3].")
    if array.ndim != 3 or array.shape[-1] != channels:
        raise ValueError(f"The image has shape {array.shape}: expected {wanted}.")
    return array


def as_rgb(image):
    """Return an image of any number of channels as (H, W, 3), to look at: grey three times, or the first three of more."""
    array = np.asarray(image)
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim == 3 and 0 < array.shape[-1] < 3:
        return np.repeat(array[..., :1], 3, axis=-1)
    return array[..., :3] if array.ndim == 3 and array.shape[-1] > 3 else array


def _size_for(shape, array):
    """Return the size, as `load_image` takes it, that makes an image fit `shape`; an edge that is free stays as it is."""
    height, width = (have if want is None else want for want, have in zip(shape[:2], array.shape))
    return height if height == width else (height, width)


def check_map(heatmap: Any) -> np.ndarray:
    """Return a map (an Attribution or an array) as float64 (H, W), or raise in one sentence."""
    try:
        array = np.asarray(heatmap)
        if np.iscomplexobj(array):  # would lose a part without an error
            raise TypeError
        array = array.astype(np.float64)
    except Exception:
        raise TypeError(f"The map is {shown(heatmap)}: expected numbers (H, W), or an Attribution.") from None
    if array.ndim != 2 or not array.size:
        raise ValueError(f"The map has shape {array.shape}: expected (H, W), or an Attribution.")
    if not np.isfinite(array).all():
        raise ValueError("The map has values that are NaN or infinite: nothing can be measured on it.")
    return array


def as_uint8(image: Any) -> np.ndarray:
    """Return an image of values 0..255, of any number type, as uint8."""
    if np.asarray(image).dtype == np.uint8:
        return np.asarray(image)
    return np.clip(np.rint(np.asarray(image, dtype=np.float32)), 0, 255).astype(np.uint8)


def resize_map(
    coarse: ArrayLike,
    shape: tuple[int, int],
) -> np.ndarray:
    """Return a map (h, w) resized to shape (H, W), float32, bilinear."""
    height, width = shape
    picture = Image.fromarray(np.asarray(coarse, dtype=np.float32))
    return np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR))


def looks_preprocessed(image: ImageLike) -> str | None:
    """Return a sentence when the image seems to have been preprocessed already, else None."""
    low, high = float(np.min(image)), float(np.max(image))
    if low < 0 or (high <= 1 and high > low):
        return (
            f"The image has values from {low:.3g} to {high:.3g}: it looks preprocessed already. Give it as it was, "
            "0 to 255: the classifier preprocesses inside."
        )
    return None


def _positive_int(value, name):
    whole_number(value, name, what="a whole number of pixels")
    if int(value) ** 2 > MAX_PIXELS:
        raise ValueError(f"{name} is {value}: a square of that edge has over {MAX_PIXELS:,} pixels; give less.")
    return int(value)
