"""Dream the large pictures of lesson 09 and its zoom film: about two minutes of one core.

    python -m benchmarks.dreams

writes dreams.jpg (three dreams of one photograph, 448 pixels an edge, side by side: with creatures, guided by a flower, guided
by a cat), dreams.json (how each was made, and what was measured) and dream_zoom.webp to where `xh.stored` finds them.
"""

import json

import numpy as np
from PIL import Image

import xaihelpers as xh
from xaihelpers.course.stored import FOLDER as STORED
from xaihelpers.methods.deep_dream import resize

PHOTO, EDGE, HOW = "china", 448, {"octaves": 4, "steps": 12, "tile": 320, "frames": 0}
DREAMS = {
    "creatures": {"layers": "block5c_add", "squares": True},
    "guided by flower": {"layers": "block6d_add", "guide": "flower"},
    "guided by chelsea": {"layers": "block6d_add", "guide": "chelsea"},
}
FRAMES, FILM_EDGE, ZOOM = 18, 224, 1.07
INTO = {"layers": "block5c_add", "squares": True, "octaves": 2, "steps": 4, "tile": 224, "frames": 0, "step_size": 1.5}


def main():
    classifier, photo = xh.load_classifier("efficientnet-lite0"), xh.sample_photo(PHOTO, EDGE)
    pictures, known = [], {"photo": PHOTO, "edge": EDGE, "dreams": {}}
    for name, how in DREAMS.items():
        arguments = {**HOW, **how}
        guide = {"guide": xh.sample_photo(how["guide"], 224)} if "guide" in how else {}
        dream = xh.deep_dream(classifier, photo, **{**arguments, **guide})
        pictures.append(dream.image)
        known["dreams"][name] = {
            "arguments": arguments,
            "first": float(dream.activation[0]),
            "last": float(dream.activation[-1]),
            "likeness": likeness(classifier, dream.image),
        }
        print(name, known["dreams"][name], flush=True)
    known["likeness of the photo"] = likeness(classifier, photo)
    Image.fromarray(np.concatenate(pictures, axis=1)).save(STORED / "dreams.jpg", quality=88, subsampling=0)
    film = [Image.fromarray(frame) for frame in zoom(classifier, pictures[0])]
    film[0].save(STORED / "dream_zoom.webp", save_all=True, append_images=film[1:], duration=200, loop=0, quality=60, method=6)
    known["film"] = {"frames": FRAMES, "edge": FILM_EDGE, "zoom": ZOOM, "arguments": INTO}
    (STORED / "dreams.json").write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    print(f"dream_zoom.webp: {(STORED / 'dream_zoom.webp').stat().st_size / 1000:.0f} kB")


def likeness(classifier, picture):
    """Return {guide: how well each place of a picture fits some place of that guide, the mean cosine}, at block6d_add."""
    here, found = directions(classifier, picture), {}
    for name in ("flower", "chelsea"):
        found[name] = float((here @ directions(classifier, xh.sample_photo(name, 224)).T).max(axis=1).mean())
    return found


def directions(classifier, picture):
    """Return what block6d_add answers at each place of a picture, (places, channels), each of length 1."""
    small = np.clip(resize(picture, (224, 224)), 0, 255)[None]
    _, found = classifier.network(classifier.preprocess(small), capture=["block6d_add"])
    answers = np.asarray(found["block6d_add"]).reshape(-1, found["block6d_add"].shape[-1])
    return answers / np.linalg.norm(answers, axis=1, keepdims=True)


def zoom(classifier, picture):
    """Yield frames: the middle of each, enlarged to the whole, is dreamt on and becomes the next."""
    frame = np.clip(resize(picture, (FILM_EDGE, FILM_EDGE)), 0, 255)
    for i in range(FRAMES):
        yield np.rint(frame).astype(np.uint8)
        edge = round(FILM_EDGE * ZOOM)
        start = (edge - FILM_EDGE) // 2
        closer = np.clip(resize(frame, (edge, edge)), 0, 255)[start : start + FILM_EDGE, start : start + FILM_EDGE]
        frame = xh.deep_dream(classifier, closer, seed=i, **INTO).image.astype(np.float32)


if __name__ == "__main__":
    main()
