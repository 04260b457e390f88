"""Generated data for the tests of copies, audit and splits: source pictures, and ten altered copies of each."""

import io

import numpy as np
from PIL import Image, ImageEnhance, ImageOps


def turned(picture, rng):
    return picture.rotate(rng.uniform(10, 30) * rng.choice([-1, 1]), Image.Resampling.BICUBIC)


def cropped(picture, rng):
    width, height = (int(edge * rng.uniform(0.7, 0.85)) for edge in picture.size)
    left, top = rng.integers(0, picture.width - width + 1), rng.integers(0, picture.height - height + 1)
    return picture.crop((left, top, left + width, top + height))


def noisy(picture, rng):
    values = np.asarray(picture, float) + rng.normal(0, 12, (picture.height, picture.width, 3))
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def as_jpeg(picture, rng):
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=60)
    return Image.open(file).convert("RGB")


COPIES = {
    "flip": lambda picture, rng: ImageOps.mirror(picture),
    "turn": turned,
    "crop": cropped,
    "bright": lambda picture, rng: ImageEnhance.Brightness(picture).enhance(rng.uniform(1.2, 1.4)),
    "dark": lambda picture, rng: ImageEnhance.Brightness(picture).enhance(rng.uniform(0.6, 0.8)),
    "noise": noisy,
    "type": as_jpeg,
    "crop, then its old size": lambda picture, rng: cropped(picture, rng).resize(picture.size),
    "quarter turn": lambda picture, rng: picture.transpose(Image.Transpose.ROTATE_90),
    "flip and turn": lambda picture, rng: turned(ImageOps.mirror(picture), rng),
}


def with_copies(sources, seed=0, kinds=tuple(COPIES)):
    """Return (images, index of the source of each): every source (H, W, 3) uint8, and one altered copy of each kind."""
    rng = np.random.default_rng(seed)
    images, families = [], []
    for number, source in enumerate(sources):
        images += [source, *(np.asarray(COPIES[kind](Image.fromarray(source), rng)) for kind in kinds)]
        families += [number] * (1 + len(kinds))
    return images, np.array(families)


def photographs(n, edge=220):
    """Return `n` different parts of the sample photographs, (edge, edge, 3) uint8."""
    from xaihelpers.images import photo_names, sample_photo

    parts = []
    for name in photo_names():
        photo = sample_photo(name)
        for top in range(0, photo.shape[0] - edge + 1, edge):
            for left in range(0, photo.shape[1] - edge + 1, edge):
                parts.append(np.ascontiguousarray(photo[top : top + edge, left : left + edge]))
    parts = [part for part in parts if part.std() > 25]  # not the empty sky
    order = np.random.default_rng(0).permutation(len(parts))
    return [parts[i] for i in order[:n]]


def precision_and_recall(found, true):
    """Return the shares of pairs put together that belong together, and of those that do that were put together."""
    together, belong = (np.triu(each[:, None] == each[None], 1) for each in (np.asarray(found), np.asarray(true)))
    return (together & belong).sum() / max(1, together.sum()), (together & belong).sum() / belong.sum()
