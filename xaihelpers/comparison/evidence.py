"""The images that techniques are judged on, each with what is true about it: drawn again, or known by construction.

A truth is checked against the network before it is used: an image stays in only if the network itself answers as it must, and how
many did is said.
"""

from dataclasses import dataclass, replace

import numpy as np

from ..evidence import composites


@dataclass(frozen=True, eq=False)
class Evidence:
    """Images with the truth that a technique is held to. `{name: ...}` each, the same names throughout.

    classifier: the network, or its name. images: (H, W, 3). masks: whatever the measures need, an array an image.
    targets: the class that is explained. considered: how many images there were before the network was asked.
    """

    classifier: object
    images: dict
    masks: dict
    targets: dict
    considered: int

    def first(self, n):
        """Return the Evidence of n images only, spread evenly over all of them."""
        names = list(self.images)
        return self.only(names[i] for i in np.unique(np.linspace(0, len(names) - 1, min(n, len(names))).astype(int)))

    def only(self, names):
        """Return the Evidence of the images of these names."""
        names = list(names)
        parts = ({name: part[name] for name in names} for part in (self.images, self.masks, self.targets))
        return Evidence(self.classifier, *parts, self.considered)

    def of(self, classifier):
        """Return the same images with the same truth, put to another network."""
        return replace(self, classifier=classifier)


def lesions(network, split, numbers=None):
    """Return the Evidence of the diseased images of a split, all or those of some numbers.

    masks: (1 + k, H, W), all lesions, then each that can be taken away alone. The target is the disease that was drawn, whatever
    the network says.
    """
    ill = [int(i) for i in np.flatnonzero(split.lesion_masks.any(axis=(1, 2))) if numbers is None or i in numbers]
    masks = {i: np.concatenate([split.lesion_masks[i][None], split.without_each_lesion(i)[1]]) for i in ill}
    return Evidence(network, {i: split.images[i] for i in ill}, masks, {i: int(split.labels[i]) for i in ill}, len(ill))


class TrueRemoval:
    """What a network loses when lesions are truly gone: the program that drew the images draws them again without."""

    def __init__(self, split):
        self.split, self._known, self._sketched = split, {}, (None, None)
        self._numbers = {image.tobytes(): i for i, image in enumerate(split.images)}

    def __getstate__(self):
        """What it has looked up already is no part of what it is: it travels, and is compared, without."""
        return {"split": self.split, "_known": {}, "_sketched": (None, None), "_numbers": self._numbers}

    def _number(self, image):
        return self._numbers[np.asarray(image).astype(np.uint8).tobytes()]

    def drops(self, classifier, found):
        """Return (drops of the logit (k,), of the probability (k,), of the logit without any lesion) for the class explained."""
        return self._of(classifier, found)[:3]

    def draw(self, classifier, found):
        """Return a function of the numbers of the lesions that stay, as `metrics.removal_curve` takes it."""
        number, lesion = self._number(found.image), self._of(classifier, found)[3]
        if self._sketched[0] != number:
            self._sketched = number, self.split.sketch(number)
        return lambda keep: self._sketched[1].drawn(lesion[keep]).image

    def _of(self, classifier, found):
        key = self._number(found.image), found.target
        if key not in self._known:
            without, _, numbers = self.split.without_each_lesion(key[0])
            # Those that change no pixel stay or go without a trace.
            pictures = np.concatenate([[found.image.astype(np.uint8), self.split.sketch(key[0]).drawn(()).image], without])
            logits, p = (ask(pictures)[:, found.target].astype(float) for ask in (classifier.logits, classifier.probabilities))
            self._known[key] = logits[0] - logits[2:], p[0] - p[2:], float(logits[0] - logits[1]), numbers
        return self._known[key]


def healthy(network, split):
    """Return the Evidence of the healthy images, on which there is no lesion to find: apart, since chance does well on them."""
    plain = [int(i) for i in np.flatnonzero(~split.lesion_masks.any(axis=(1, 2)))]
    images = {i: split.images[i] for i in plain}
    return Evidence(network, images, dict.fromkeys(plain), {i: int(split.labels[i]) for i in plain}, len(plain))


def stickers(biased, twin, split, target="monkeypox", least=1.0):
    """Return the Evidence of images with a sticker that moves the biased network and not its twin: the sticker's mask.

    least: by how much more the biased network's logit must fall than its twin's when the sticker is taken away.
    """
    with_it, without = split.with_artefact("sticker"), split.without_artefact()
    index = biased.class_index(target)
    falls = [network.logits(with_it.images)[:, index] - network.logits(without.images)[:, index] for network in (biased, twin)]
    chosen = [int(i) for i in np.flatnonzero(falls[0] - np.abs(falls[1]) >= least)]
    images = {i: with_it.images[i] for i in chosen}
    masks = {i: with_it.artefact_masks[i] for i in chosen}
    return Evidence(biased, images, masks, dict.fromkeys(chosen, index), len(split))


def contrasts(network, pairs, least=0.5):
    """Return the Evidence of images with two diseases, each asked about both: masks (2, H, W), its own and the other's.

    A pair stays in only if the network tells them apart: each class's logit falls by `least` when its own lesions are gone, and
    by `least` more than when the other's are. Names are "number class".
    """
    whole, images, masks, targets = network.logits(pairs.images), {}, {}, {}
    falls = np.stack([whole - network.logits(pairs.without[:, k]) for k in (0, 1)], axis=1)  # (n, which is gone, class)
    for i, labels in enumerate(pairs.labels):
        own = np.array([falls[i, k, label] for k, label in enumerate(labels)])
        other = np.array([falls[i, 1 - k, label] for k, label in enumerate(labels)])
        if (own < least).any() or (own - other < least).any():
            continue
        for k, label in enumerate(labels):
            name = f"{i} {pairs.class_names[label]}"
            own_mask, other_mask = pairs.lesion_masks[i][[k, 1 - k]]
            images[name], targets[name] = pairs.images[i], int(label)
            masks[name] = np.stack([own_mask & ~other_mask, other_mask & ~own_mask])  # what both change says nothing
    return Evidence(network, images, masks, targets, len(pairs))


def photographs(network, n, seed=0):
    """Return the Evidence of photographs with two objects, each asked about both, as `contrasts` makes it of n composites."""
    return contrasts(network, TwoObjects.of(composites(seed, n, objects=2, classifier=network), network.class_names))


@dataclass(frozen=True, eq=False)
class TwoObjects:
    """Composites of two objects, by the names under which `contrasts` knows images with two diseases."""

    images: np.ndarray
    labels: np.ndarray
    lesion_masks: np.ndarray
    without: np.ndarray
    class_names: list

    @classmethod
    def of(cls, drawn, class_names):
        return cls(drawn.images, drawn.targets, drawn.masks, drawn.removed, class_names)

    def __len__(self):
        return len(self.images)


def wired(n, seed=0):
    """Return the Evidence of the network with hand-set weights: masks (2, H, W), what it uses and what it can't use."""
    from ..zoo.wired import draw_wired, load_wired

    drawn = draw_wired(n, seed)
    masks = {i: np.stack([drawn.used[i], drawn.unused[i]]) for i in range(n)}
    return Evidence(load_wired(), dict(enumerate(drawn.images)), masks, dict.fromkeys(range(n), 0), n)


def quadrants(n, quadrant, seed=0):
    """Return the Evidence of grids of four photographs, of which one can be seen: the mask of its quadrant.

    The target is the class that the network gives: whatever it is, nothing outside the quadrant has a part in it.
    """
    from ..zoo.quadrant import EDGE, QUADRANTS, draw_grids, load_quadrant_network

    network, (grids, _) = load_quadrant_network(quadrant), draw_grids(n, seed)
    mask, half, (row, column) = np.zeros((EDGE, EDGE), bool), EDGE // 2, QUADRANTS[quadrant]
    mask[row * half : (row + 1) * half, column * half : (column + 1) * half] = True
    names = [f"{quadrant} {i}" for i in range(n)]
    targets = dict(zip(names, map(int, network.probabilities(grids).argmax(axis=1))))
    return Evidence(network, dict(zip(names, grids)), dict.fromkeys(names, mask), targets, n)
