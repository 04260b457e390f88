"""Shortcut probes: how well are the classes told apart by what should not tell them apart?

Each probe sees one thing only (the border, the mean colour, the file, a thumbnail, everything but the centre), and a forest of
trees learns the classes from it. It is judged on images that were held back, families never divided, by pairs: of one image of
a class and one of another class, how often does it find the former more like the class? Guessing finds half of them (this share
is the area under the ROC curve). Lesions or objects may reach the border, so that the border must also do better than a frame
through the middle of the picture.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..training.splitting import folds

_FRAME = 0.06  # of an edge: the border that a probe sees
_ALARM = 0.7  # of the pairs: the least at the lower end of the interval; clean drawings stay below 0.65
_MORE_THAN_INSIDE = 0.1  # of the pairs by which a border must do better than a frame further inside


@dataclass(frozen=True)
class Probe:
    """One probe's outcome. pairs: {class: (share of the pairs that it gets right, low, high)}, 0.5 is chance.

    low, high: 95 % interval (Hanley and McNeil 1982), in which a family of copies counts as one image. named: the classes
    that are told apart although they should not be. sentence: all that in words.
    """

    name: str
    pairs: dict
    named: tuple
    sentence: str

    @property
    def alarm(self):
        """Whether a class is told apart by something that should not do so."""
        return bool(self.named)


# name: (what it sees, in a sentence; what to do about it)
WORDS = {
    "border": ("the outer border alone", "crop the borders, or take the images of all classes in one way"),
    "mean colour": (
        "the mean colour alone",
        "balance the colours (white balance, grey), or take images of all classes with one camera",
    ),
    "file": ("the size and format of the files alone", "write all files in one format, size and quality"),
    "thumbnail": ("a thumbnail of 16 pixels alone", "look at the pictures of that class side by side for what they share"),
    "centre hidden": (
        "everything but the centre alone",
        "crop to the object, or use pictures of all classes before one background",
    ),
}


def run_probes(images, facts, labels, groups, class_names, seed):
    """Return the list of `Probe`s, none where no class has two images: there is nothing to learn from.

    images: N uint8. facts: N `FileFacts`, or None where the images are no files.
    """
    if np.bincount(labels).max() < 2:
        return []
    seen = {
        "border": [_border(image) for image in images],
        "mean colour": [_colours(image) for image in images],
        "thumbnail": [_thumbnail(image).ravel() for image in images],
        "centre hidden": [_surroundings(image) for image in images],
    }
    inside = {"border": [_border(_middle(image)) for image in images]}
    if facts is not None:
        seen["file"] = [each.numbers for each in facts]
    probes = []
    for name in WORDS:
        if name in seen:
            pairs = _pairs(seen[name], labels, groups, seed)
            suspects = [label for label, (_, low, _) in pairs.items() if low > _ALARM]
            if suspects and name in inside:
                within = _pairs(inside[name], labels, groups, seed)
                suspects = [label for label in suspects if pairs[label][0] - within[label][0] > _MORE_THAN_INSIDE]
            probes.append(_probe(name, pairs, suspects, class_names))
    return probes


# -- what a probe sees ------------------------------------------------------------------------------------------------


def _border(image):
    """Return mean and spread of the three colours along each side."""
    width = max(2, round(image.shape[0] * _FRAME))
    sides = (image[:width], image[-width:], image[:, :width], image[:, -width:])
    return np.concatenate([_mean_and_spread(side) for side in sides])


def _middle(image):
    """Return the middle half of the picture."""
    height, width = image.shape[:2]
    return image[height // 4 : height - height // 4, width // 4 : width - width // 4]


def _mean_and_spread(pixels):
    pixels = pixels.reshape(-1, 3).astype(np.float32)
    return np.concatenate([pixels.mean(axis=0), pixels.std(axis=0)])


def _colours(image):
    """Return the mean colour in ways that a tint changes and lighting does not, and how far from grey it is."""
    pixels = image.reshape(-1, 3).astype(np.float32)
    red, green, blue = np.log(pixels.mean(axis=0) + 8)
    grey = np.abs(pixels - pixels.mean(axis=1, keepdims=True)).mean()
    return np.array([red, green, blue, red - green, blue - green, red + blue - 2 * green, red - blue, grey])


def _thumbnail(image, edge=16):
    return np.asarray(Image.fromarray(image).resize((edge, edge), Image.Resampling.BOX), np.float32)


def _surroundings(image):
    """Return a thumbnail without the middle 70 % of each edge."""
    shown = np.ones((16, 16), bool)
    shown[2:-2, 2:-2] = False
    return _thumbnail(image)[shown].ravel()


# -- how well it does -------------------------------------------------------------------------------------------------


def _pairs(seen, labels, groups, seed):
    """Return {class index: (share of pairs got right, low, high)}, from a forest that is judged on what it has not seen."""
    seen = np.asarray(seen, np.float32)
    likeness = np.zeros((len(labels), labels.max() + 1)) if (seen == seen[0]).all() else _likeness(seen, labels, groups, seed)
    return {label: _share(likeness[:, label], labels == label, groups) for label in np.unique(labels).tolist()}


def _likeness(seen, labels, groups, seed):
    """Return how much the forest takes each image for each class, (N, C), from the images of the other folds."""
    from sklearn.ensemble import ExtraTreesClassifier

    likeness, everything = np.zeros((len(labels), labels.max() + 1)), np.arange(len(labels))
    for held in folds(labels, groups, seed):
        others = np.setdiff1d(everything, held)
        forest = ExtraTreesClassifier(150, class_weight="balanced", min_samples_leaf=2, random_state=seed)
        forest.fit(seen[others], labels[others])
        likeness[np.ix_(held, forest.classes_)] = forest.predict_proba(seen[held])
    return likeness


def _share(likeness, is_so, groups):
    """Return (share of pairs got right, low, high) of one class against the others."""
    from sklearn.metrics import roc_auc_score

    share = float(roc_auc_score(is_so, likeness))
    n, others = (len(np.unique(groups[part])) for part in (is_so, ~is_so))
    both, same = share / (2 - share), 2 * share**2 / (1 + share)
    variance = share * (1 - share) + (n - 1) * (both - share**2) + (others - 1) * (same - share**2)
    half = 1.96 * float(np.sqrt(max(variance, 0) / (n * others)))
    half = max(half, 1.5 / n) if share in (0.0, 1.0) else half  # all pairs right says less the fewer images there are
    return share, max(0.0, share - half), min(1.0, share + half)


def _probe(name, pairs, named, class_names):
    """Return the `Probe` with its sentence."""
    what, advice = WORDS[name]
    best = max(named or pairs, key=lambda label: pairs[label][1])
    share, low, high = pairs[best]
    numbers = f"in {share:.0%} of the pairs (95 % interval {low:.0%} to {high:.0%}; guessing 50%)"
    others = [repr(class_names[label]) for label in named if label != best]
    also = f", and {', '.join(others)} too" if others else ""
    if named:
        sentence = f"ALARM: {what} tells {class_names[best]!r} from the other classes {numbers}{also}: {advice}."
    elif low > _ALARM:
        sentence = f"No alarm: {what} tells {class_names[best]!r} {numbers}, and the middle of the picture does so too."
    else:
        sentence = f"No alarm: {what} tells no class well; the best, {class_names[best]!r}, {numbers}."
    shares = {class_names[label]: outcome for label, outcome in pairs.items()}
    return Probe(name, shares, tuple(class_names[label] for label in named), sentence)
