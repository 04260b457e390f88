"""The exercises of the lesson that maps the field."""

import numpy as np

from ..field import needs, techniques
from .exercise import NotYet, choice, choices, close, exercise, numbers


@exercise(
    hint="Grad-CAM takes the mean of g over all four places. XGrad-CAM's mean counts a place by how active the channel is there. "
    "HiResCAM takes g as it is at that place, Layer-CAM only what is positive of it.",
    solution="""
A, g = np.array([[2, 0], [0, 2]]), np.array([[7, -1], [-1, -1]])
# weight times 2: mean of g 4 / 4 = 1; weighted mean (7 * 2 - 1 * 2) / (2 + 2) = 3; g itself -1; what is positive of it 0
answer = [g.mean() * 2, (g * A).sum() / A.sum() * 2, -1 * 2, 0 * 2]
""",
    wrong=[
        "answer = [1, 3, -1, 0]",
        "answer = [2, 6, 2, 0]",
        "answer = [14, 6, 14, 14]",
        "answer = [2, 3, -2, 0]",
        "answer = [2, 6]",
    ],
)
def by_hand(answer):
    """What do Grad-CAM, XGrad-CAM, HiResCAM and Layer-CAM give the lower right place, before the last ReLU?"""
    given, right = numbers(answer, (4,)), [2, 6, -2, 0]
    if close(given, right, 1e-6):
        return "One channel, one place, four answers: 2, 6, -2 and 0. They differ in nothing but the weight."
    if close(given, [1, 3, -1, 0], 1e-6):
        raise NotYet("These are the weights. Multiply each by the value of the channel at that place, which is 2.")
    if close(given[[0, 2]], [14, 14], 1e-6) or close(given[2:], [14, 14], 1e-6):
        raise NotYet("This is the upper left place, where g is 7. The lower right one is asked for, where g is -1.")
    reasons = (
        "Grad-CAM: the mean of 7, -1, -1 and -1, times 2.",
        "XGrad-CAM: the sum of g times A over the sum of A is (7 · 2 - 1 · 2) / 4. Times 2.",
        "HiResCAM: g at this place is -1, the channel is 2. It averages nothing.",
        "Layer-CAM: what is positive of -1, times 2.",
    )
    raise NotYet(next(why for one, other, why in zip(given, right, reasons) if abs(one - other) > 1e-6))


def _names(answer):
    """Return the techniques that an answer names, as a set; raise NotYet for what is no technique."""
    if isinstance(answer, str):
        answer = answer.split(",")
    if hasattr(answer, "index") and hasattr(answer, "columns"):  # the rows of the table themselves
        answer = answer.index
    try:
        given = {str(each).strip().lower() for each in answer}
    except TypeError:
        raise NotYet(f"Your answer is {type(answer).__name__}: give the names of techniques in a list.") from None
    known = {name.lower(): name for name in techniques().index}
    if unknown := sorted(given - set(known)):
        raise NotYet(f"{unknown[0]!r} is no name in the table.")
    return {known[each] for each in given}


@exercise(
    hint='xh.field.needs(field, ["answers"]) leaves what gets by on answers. The other three conditions are columns: order, '
    "signed and class_specific.",
    solution="""
field = xh.field.techniques()
chosen = xh.field.needs(field, ["answers"])
chosen = chosen[(chosen.order <= 3) & (chosen.signed == "yes") & (chosen.class_specific == "yes")]
answer = list(chosen.index)
""",
    wrong=[
        'answer = list(xh.field.needs(xh.field.techniques(), ["answers"]).index)',
        'answer = ["Occlusion", "LIME"]',
        'answer = ["Grad-CAM"]',
        'answer = ["Oclusion"]',
        """
field = xh.field.techniques()
answer = list(field[(field.order <= 3) & (field.signed == "yes") & (field.class_specific == "yes")].index)
""",
        "answer = 3",
    ],
)
def filtered(answer):
    """Only answers, thousands of passes at most, for and against, and it knows the class: which techniques are left?"""
    given, table = _names(answer), techniques()
    tests = {
        "it needs more than answers": set(needs(table, ["answers"]).index),
        "it takes more than some thousand passes": set(table[table.order <= 3].index),
        "it does not say for and against": set(table[table.signed == "yes"].index),
        "asking for another class changes nothing": set(table[table.class_specific == "yes"].index),
    }
    right = set.intersection(*tests.values())
    for reason, allowed in tests.items():
        if wrong := sorted(given - allowed):
            raise NotYet(f"{wrong[0]} is not among them: {reason}.")
    if left_out := len(right - given):
        raise NotYet(f"All of these are right, and {left_out} more fit. Let the table find them.")
    return f"{len(right)} are left: {', '.join(sorted(right))}. Most of them share out the answer among patches."


def _layer(seed):
    """Return the maps of a layer and the gradient there, (h, w, k), so that every mistake gives another result."""
    rng = np.random.default_rng(seed)
    return rng.uniform(0.1, 2, (3, 5, 4)), rng.normal(0.5, 1, (3, 5, 4))


@exercise(
    hint="For each channel: the sum over all places of gradient times activation, divided by the sum of the activation. One "
    "number a channel, so sum over the first two axes only.",
    solution="""
def answer(A, g):
    return (A * g).sum(axis=(0, 1)) / A.sum(axis=(0, 1))
""",
    wrong=[
        "def answer(A, g):\n    return g.mean(axis=(0, 1))",
        "def answer(A, g):\n    return (A * g).mean(axis=(0, 1))",
        "def answer(A, g):\n    return (A * g).sum(axis=(0, 1))",
        "def answer(A, g):\n    return (A * g).sum() / A.sum()",
        "def answer(A, g):\n    return (A * g).sum(axis=-1) / A.sum(axis=-1)",
        "def answer(A, g):\n    return (A * np.maximum(g, 0)).sum(axis=(0, 1)) / A.sum(axis=(0, 1))",
        "answer = 3",
    ],
)
def implement(answer):
    """Write XGrad-CAM's weights: a function of the maps A and the gradients g of a layer, (h, w, k) each, that returns (k,)."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    for seed in (0, 1):
        A, g = _layer(seed)
        given = numbers(answer(A.copy(), g.copy()))
        if given.shape != (4,):
            raise NotYet(f"Your weights have shape {given.shape} for maps of {A.shape}: one number a channel is asked for, (4,).")
        _examine_weights(given, A, g)
    return "With these weights a channel's map adds up to gradient times activation, as HiResCAM's does; it only lies elsewhere."


def _examine_weights(given, A, g):
    product, positive = A * g, A * np.maximum(g, 0)
    right = product.sum(axis=(0, 1)) / A.sum(axis=(0, 1))
    if close(given, right, 1e-6):
        return
    if close(given, g.mean(axis=(0, 1)), 1e-6):
        raise NotYet("This is Grad-CAM: every place counts as much as any other. Count it by how active the channel is there.")
    if close(given, product.sum(axis=(0, 1)), 1e-6) or close(given, product.mean(axis=(0, 1)), 1e-6):
        raise NotYet("You have summed gradient times activation. To make a mean of it, divide by the sum of the activation.")
    if close(given, positive.sum(axis=(0, 1)) / A.sum(axis=(0, 1)), 1e-6):
        raise NotYet("XGrad-CAM keeps negative gradients; only the finished map goes through a ReLU.")
    raise NotYet("For each channel: the sum of A times g over all places, divided by the sum of A over all places.")


@exercise(
    hint="Would a picture of the image's edges, which knows no network, have a good number too?",
    solution="""
answer = "c"
""",
    wrong=['answer = "a"', 'answer = "b"', 'answer = "d"', 'answer = "e"'],
)
def judge(answer):
    """Maps lie inside the object's box more often: which evidence does 'more faithful to the network' need?"""
    choice(
        answer,
        "c",
        {
            "a": "An interval makes the number certain. It stays a number about boxes, and no box says what the network uses.",
            "b": "Beating more rivals at the same game does not change the game: the box is still no truth about the network.",
            "d": "People like maps that outline objects. They can't see into the network either.",
        },
    )
    return (
        "The claim is about the network, the number is about a box. It takes a truth about the network, and a rival without one."
    )


_CLAIMS = {
    1: {
        "a": "Two classes in one image show whether it knows the class, not whether it marks only what is used.",
        "b": "This compares prices. Nothing in it says what the network uses.",
        "d": "That people like a map says nothing of the network.",
    },
    2: {
        "b": "This compares prices. A cheap map may be the same for every class.",
        "c": "A map may keep to what is used and yet be the same for two classes: ask for both.",
        "d": "People can't see which class the network means by a spot.",
    },
    3: {
        "a": "This is a test of quality at one price. The claim is about two prices.",
        "c": "This is a test of quality at one price. The claim is about two prices.",
        "d": "People who like a map don't see what it cost.",
    },
}


@exercise(
    hint="Ask of each claim: what would have to be seen if it were false? Then look for the experiment that would show it.",
    solution="""
answer = {1: "c", 2: "a", 3: "b"}
""",
    wrong=['answer = {1: "a", 2: "c", 3: "b"}', 'answer = {1: "d", 2: "a", 3: "b"}', 'answer = "1c 2a 3c"', 'answer = {1: "c"}'],
)
def evidence(answer):
    """Three claims from abstracts, four experiments: which experiment could sink which claim?"""
    choices(answer, {1: "c", 2: "a", 3: "b"}, _CLAIMS)
    return "A claim is worth as much as the experiment that could have sunk it. People's liking sinks none of the three."
