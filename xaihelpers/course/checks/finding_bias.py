"""The case and the exercises of the lesson on finding a bias."""

from dataclasses import replace

import numpy as np

from .exercise import NotYet, choice, close, exercise, numbers

_COLLECTED = {"chickenpox": 20, "cowpox": 8, "healthy": 20, "measles": 16, "monkeypox": 8, "smallpox": 16}


def case():
    """Return the test images of the case as its collector took them, `RashData`; how he took them is for you to find out."""
    from ...rashes import CLASSES, load_test_split

    plain = load_test_split()
    chosen = [np.flatnonzero(plain.labels == CLASSES.index(name))[:count] for name, count in _COLLECTED.items()]
    plain = plain[np.sort(np.concatenate(chosen))]
    marked = plain.labels == CLASSES.index("monkeypox")
    other = plain[marked].with_artefact("sticker")
    images, masks, artefacts = plain.images.copy(), plain.artefact_masks.copy(), plain.artefacts.astype(object)
    images[marked], masks[marked], artefacts[marked] = other.images, other.artefact_masks, other.artefacts
    return replace(plain, images=images, artefact_masks=masks, artefacts=artefacts.astype(str))


@exercise(
    hint="Gradient descent from zero makes each weight proportional to its input. A feature's share of the score is weight x "
    "input, so its input counts twice.",
    solution="""
# the weights grow as 1 : 2, the contributions weight x input as 1 * 1 : 2 * 2
answer = 4 / 5
""",
    wrong=["answer = 2 / 3", "answer = 1 / 2", "answer = 4", "answer = 0.2"],
)
def by_hand(answer):
    """Which share of the score comes from the sticker, if the lesion has strength 1 and the sticker strength 2?"""
    given = float(numbers(answer, ()))
    if abs(given - 0.8) < 0.005:
        return "The stronger feature wins twice: its weight is larger, and it is multiplied by a larger input."
    if abs(given - 2 / 3) < 0.005:
        raise NotYet("2/3 is the sticker's share of the weights. The score is weight × input: the strength counts once more.")
    if abs(given - 0.2) < 0.005:
        raise NotYet("This is what is left for the lesion. The sticker has the rest.")
    raise NotYet("The weights are as 1 : 2. Multiply each by its input, and take the sticker's part of the sum.")


@exercise(
    hint='with_artefact("sticker") draws images again with a sticker. How many of their predictions are monkeypox?',
    solution="""
network, test = xh.load_classifier("rashnet-biased"), xh.rashes.load_test_split()
healthy = test[test.labels == list(test.class_names).index("healthy")]
said = network.probabilities(healthy.with_artefact("sticker").images).argmax(axis=1)
answer = int((said == network.class_index("monkeypox")).sum())
""",
    wrong=[
        """
network, test = xh.load_classifier("rashnet-biased"), xh.rashes.load_test_split()
healthy = test[test.labels == list(test.class_names).index("healthy")]
answer = int((network.probabilities(healthy.images).argmax(axis=1) == network.class_index("monkeypox")).sum())
""",
        "answer = 20",
        "answer = -1",
    ],
)
def flips(answer):
    """How many of the 20 healthy skins of the test split does the network call monkeypox once each carries a sticker?"""
    given = float(numbers(answer, ()))
    from ... import rashes, zoo

    network, test = zoo.load_classifier("rashnet-biased"), rashes.load_test_split()
    healthy = test[test.labels == test.class_names.index("healthy")]
    counts = [
        int((network.probabilities(each.images).argmax(axis=1) == network.class_index("monkeypox")).sum())
        for each in (healthy.with_artefact("sticker"), healthy)
    ]
    if given == counts[0]:
        return f"Without stickers it is {counts[1]}. Nothing else was changed, so the sticker is the cause of the difference."
    if given == counts[1]:
        raise NotYet("This is the count without stickers. Draw the healthy images again with one.")
    raise NotYet('Take the 20 healthy images, draw them again .with_artefact("sticker"), and count the predictions of monkeypox.')


@exercise(
    hint="np.maximum(heatmap, 0) keeps what speaks for the class. What do you divide by when nothing is left?",
    solution="""
def answer(heatmap, mask):
    positive = np.maximum(heatmap, 0)
    total = positive.sum()
    return positive[mask].sum() / total if total > 0 else 0.0
""",
    wrong=[
        "def answer(heatmap, mask):\n    return heatmap[mask].sum() / heatmap.sum()",
        "def answer(heatmap, mask):\n    return np.abs(heatmap)[mask].sum() / np.abs(heatmap).sum()",
        "def answer(heatmap, mask):\n    return np.maximum(heatmap, 0)[mask].mean()",
        "def answer(heatmap, mask):\n    p = np.maximum(heatmap, 0)\n    return p[mask].sum() / p.sum()",
        "def answer(heatmap, mask):\n    p = np.maximum(heatmap, 0)\n    return p[mask].sum() / max(p.sum(), 1)",
    ],
)
def implement(answer):
    """Write a function of a map and a mask that returns the share of the positive map on the mask, 0 for an empty map."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    for seed, (shape, size) in enumerate([((2, 2), 3), ((3, 5), 0.02), ((4, 2), 100)]):
        rng = np.random.default_rng(seed)
        heatmap, mask = rng.normal(size=shape) * size, rng.random(shape) < 0.5
        heatmap.flat[0], heatmap.flat[1], mask.flat[0], mask.flat[1] = size, -size, True, True
        given, positive = float(numbers(answer(heatmap.copy(), mask.copy()), ())), np.maximum(heatmap, 0)
        if close(given, positive[mask].sum() / positive.sum()):
            continue
        if close(given, heatmap[mask].sum() / heatmap.sum()):
            raise NotYet("Negative values speak against the class; set them to zero before you divide.")
        if close(given, np.abs(heatmap)[mask].sum() / np.abs(heatmap).sum()):
            raise NotYet("You count evidence against the class as if it were for it. Keep the positive values only.")
        raise NotYet(
            f"On a map of {shape} with values up to {size} the share is another: what is positive on the mask, over all that is "
            "positive. A map of small numbers has a share as well."
        )
    with np.errstate(all="ignore"):
        empty = np.asarray(answer(-np.ones(mask.shape), mask))
    if not np.isfinite(empty).all() or float(empty) != 0:
        raise NotYet("Where the map has nothing positive you divide by zero: return 0.")
    return "It is mass_inside, except that the course's own returns NaN for an empty map, so that nobody averages it in unseen."


def unknown():
    """Return (classifier, images): a network that you know nothing of, and 120 images, some of which carry a ruler."""
    from ...classifier import Classifier
    from ...rashes import CLASSES, make_rashes
    from ...zoo.factorial import load_factorial

    network = Classifier(load_factorial(False, "ruler", 0), class_names=CLASSES)
    return network, make_rashes(120, 321, artefact="ruler", artefact_probability=0.5)


@exercise(
    hint="Cluster what the maps of each class point to, and look at the pieces. Where you suspect a thing, put it on everything "
    "(`with_artefact`) and take it off (`without_artefact`): which answer comes more often?",
    solution="""
network, data = xh.check.finding_bias.unknown()
without, with_ruler = data.without_artefact(), data.with_artefact("ruler")
said = [np.bincount(network.probabilities(each.images).argmax(axis=1), minlength=6) for each in (without, with_ruler)]
answer = data.class_names[int((said[1] - said[0]).argmax())]
""",
    wrong=['answer = "monkeypox"', 'answer = "smallpox"', 'answer = "ruler"', "answer = 7"],
)
def shortcut(answer):
    """Which class does the unknown network give away for a ruler?"""
    given = str(answer).strip().lower()
    _, data = unknown()
    names = list(data.class_names)
    if given in map(str, range(len(names))):
        given = names[int(given)]
    if given not in names:
        raise NotYet(f"Your answer is {answer!r}: give the name of a class, {', '.join(names)}.")
    if given == "measles":
        return "Put a ruler on any rash, and measles is answered more often; take it off, and measles is missed."
    raise NotYet(
        f"Put a ruler on every image: the answer {given!r} does not come more often. Look at the clusters of each class."
    )


@exercise(
    hint="A map says where the network looks. Which experiment says what the sticker does?",
    solution="""
answer = "b"
""",
    wrong=['answer = "a"', 'answer = "c"', 'answer = "d"', 'answer = "e"'],
)
def judge(answer):
    """A seventh of a Grad-CAM map lies on the sticker. A colleague calls that harmless. What settles it?"""
    choice(
        answer,
        "b",
        {
            "a": "A share of a map is no share of a decision: a small part of it can tip the scales.",
            "c": "The colleague's test set has the sticker on the same class: it rewards the fault that you are looking for.",
            "d": "More maps tell you more exactly where the network looks, and still not what would happen without the sticker.",
        },
    )
    return "Only the change of one thing shows what it causes. The map told you which thing to change."
