"""The exercises of the lesson on anchors."""

import itertools

import numpy as np

from .exercise import NotYet, choice, close, exercise, numbers


def wants(present):
    """Return whether the toy network of the exercise keeps its class: superpixel 0 with 1 or 2, of four; (N, 4) -> (N,)."""
    present = np.asarray(present, dtype=bool)
    return present[:, 0] & (present[:, 1] | present[:, 2])


def _precision_coverage(stays, anchor, k):
    """Return both numbers exactly, over all coverings of k superpixels."""
    every = np.array(list(itertools.product([0, 1], repeat=k)))
    applies = every[:, list(anchor)].all(axis=1)
    return stays(every)[applies].mean(), applies.mean()


@exercise(
    hint="With superpixel 0 present, the class stays unless 1 and 2 are both covered. How often does that happen? And the "
    "rule {0, 1} applies where two given superpixels are present.",
    solution="""
# {}: 0 present (1/2) and not both of 1 and 2 covered (3/4): 3/8
# {0}: not both of 1 and 2 covered: 3/4. {0, 1}: always: 1
# coverage of {0, 1}: both present, 1/2 * 1/2 = 1/4
answer = [3 / 8, 3 / 4, 1, 1 / 4]
""",
    wrong=[
        "answer = [3/8, 3/4, 1, 1/2]",
        "answer = [3/4, 3/4, 1, 1/4]",
        "answer = [3/8, 1/2, 1, 1/4]",
        "answer = [3/8, 3/4, 3/4, 1/4]",
    ],
)
def by_hand(answer):
    """The precisions of {}, {0} and {0, 1}, and the coverage of {0, 1}: four numbers."""
    given = numbers(answer, (4,))
    right = [_precision_coverage(wants, anchor, 4)[0] for anchor in ((), (0,), (0, 1))] + [1 / 4]
    if close(given, right, 1e-2):
        return "{0, 1} is an anchor for any threshold, and so is {0, 2}: an anchor need not be the only one."
    if not close(given[0], right[0], 1e-2):
        raise NotYet("The precision of the empty rule counts all 16 coverings: in how many are 0, and 1 or 2, present?")
    if not close(given[1], right[1], 1e-2):
        raise NotYet("With 0 present, 1 and 2 are each there or not: in how many of the four cases is at least one there?")
    if not close(given[2], right[2], 1e-2):
        raise NotYet("With 0 and 1 present, can any covering of the rest change the class?")
    raise NotYet("The coverage of a rule is the share of coverings in which all its superpixels are present.")


@exercise(
    hint="Draw `present` at random, set the anchor's columns to 1, ask, and take the mean. An empty anchor sets no column.",
    solution="""
def answer(stays, anchor, k, n, rng):
    present = rng.integers(0, 2, (n, k))
    present[:, list(anchor)] = 1
    return np.mean(stays(present))
""",
    wrong=[
        "def answer(stays, anchor, k, n, rng):\n    return np.mean(stays(rng.integers(0, 2, (n, k))))",
        """
def answer(stays, anchor, k, n, rng):
    present = np.zeros((n, k), dtype=int)
    present[:, list(anchor)] = 1
    return np.mean(stays(present))
""",
        """
def answer(stays, anchor, k, n, rng):
    present = rng.integers(0, 2, (n, k))
    present[:, list(anchor)] = 0
    return np.mean(stays(present))
""",
        """
def answer(stays, anchor, k, n, rng):
    present = rng.integers(0, 2, (n, k))
    present[:, list(anchor)] = 1
    return np.sum(stays(present))
""",
    ],
)
def implement(answer):
    """Write a function that estimates the precision of an anchor from n random coverings of k superpixels."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    for anchor, k in (((), 4), ((0,), 4), ((0, 2), 5), ((1,), 6)):
        given = float(numbers(answer(wants, anchor, k, 4000, np.random.default_rng(5)), ()))
        right = _precision_coverage(wants, anchor, k)[0]
        if abs(given - right) < 0.04:
            continue
        if given > 1:
            raise NotYet("Your number is larger than 1: a precision is a share, the mean of yes and no.")
        if anchor and abs(given - _precision_coverage(wants, (), k)[0]) < 0.04:
            raise NotYet("This is the precision of the empty rule: set the anchor's columns to 1 before you ask.")
        raise NotYet(
            f"For the anchor {anchor} the precision is {right:.3f}, yours is {given:.3f}. The other superpixels are "
            "present or covered at random, each with probability 1/2."
        )
    return "It estimates prec(A) for any network that can be asked. With 4000 samples it is right within two or three hundredths."


@exercise(
    hint="The variance of the mean of n yes-or-no answers is p (1 - p) / n, and two standard errors are 95 %.",
    solution="""
# 2 * sqrt(0.95 * 0.05 / n) <= 0.02  ->  n >= 0.0475 / 0.01 ** 2 = 475
answer = int(np.ceil(0.95 * 0.05 / 0.01**2))
""",
    wrong=["answer = 100", "answer = 119", "answer = 2500", "answer = 1900"],
)
def how_many(answer):
    """How many coverings are needed to know a precision of 0.95 within 0.02 (two standard errors)?"""
    given = float(numbers(answer, ()))
    if 470 <= given <= 500:
        return "Nearly five hundred questions for one candidate: this is why the search asks first where it matters."
    if 115 <= given <= 125:
        raise NotYet("That is one standard error of 0.02. Asked for are two standard errors within 0.02.")
    if 2400 <= given <= 2600:
        raise NotYet("You took p (1 - p) = 0.25, the worst case. The precision is known to be near 0.95.")
    raise NotYet("One standard error is sqrt(p (1 - p) / n): set twice that to 0.02 with p = 0.95, and solve for n.")


@exercise(
    hint="What does precision ask about: how likely the class is, or whether it stays the likeliest? And what was put into "
    "the places that were covered?",
    solution="""
answer = "b"
""",
    wrong=['answer = "a"', 'answer = "c"', 'answer = "d"', 'answer = "e"'],
)
def judge(answer):
    """With the mean colour as fill the anchor of a decision is empty. What follows?"""
    choice(
        answer,
        "b",
        {
            "a": "An empty anchor says that the class stayed whatever was covered in this way. It does not say that the "
            "image plays no part: the mean colours come from the image.",
            "c": "More superpixels may be covered at once, but the fill is the same: as long as the mean colours are enough, the "
            "anchor stays empty.",
            "d": "A search that fails returns a rule below the threshold. The empty rule passed: its precision is above it.",
        },
    )
    return "The mean colours alone keep the class. Another fill takes more away, and then the anchor says what is needed."
