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
    ],
)
def implement(answer):
    """Write a function of a map and a mask that returns the share of the positive map on the mask, 0 for an empty map."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    heatmap, mask = np.array([[3.0, -4.0], [1.0, -2.0]]), np.array([[True, True], [False, False]])
    given = float(numbers(answer(heatmap.copy(), mask.copy()), ()))
    if close(given, 0.5):
        raise NotYet("Negative values speak against the class; set them to zero before you divide.")
    if close(given, 0.7):
        raise NotYet("You count evidence against the class as if it were for it. Keep the positive values only.")
    if not close(given, 0.75):
        raise NotYet("For [[3, -4], [1, -2]] and the upper row as mask the share is 3 / 4.")
    with np.errstate(all="ignore"):
        empty = np.asarray(answer(-np.ones((2, 2)), mask))
    if not np.isfinite(empty).all() or float(empty) != 0:
        raise NotYet("Where the map has nothing positive you divide by zero: return 0.")
    return "It is mass_inside, except that the course's own returns NaN for an empty map, so that nobody averages it in unseen."


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
