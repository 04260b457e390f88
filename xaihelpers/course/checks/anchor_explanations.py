"""The exercises of the lesson on anchors."""

import itertools

import numpy as np

from .exercise import NotYet, choice, exercise, numbers


def wants(present):
    """Return whether the toy network of the exercises keeps its class: superpixel 0 with 1 or 2; (N, k) -> (N,)."""
    present = np.asarray(present, dtype=bool)
    return present[:, 0] & (present[:, 1] | present[:, 2])


def _trap(present):
    """1 with 4, or 2 with two of 0, 3, 5, 6: the best single superpixel, 2, is in no smallest anchor."""
    present = np.asarray(present, dtype=bool)
    return (present[:, 1] & present[:, 4]) | (present[:, 2] & (present[:, [0, 3, 5, 6]].sum(axis=1) >= 2))


def _never_without_all(present):
    return np.asarray(present, dtype=bool).all(axis=1)


def _always(present):
    return np.ones(len(present), dtype=bool)


def _coverings(k):
    return np.array(list(itertools.product([0, 1], repeat=k)))


def _precision(stays, rule, k):
    """Return the precision of a rule exactly, over all coverings of k superpixels."""
    every = _coverings(k)
    return stays(every)[every[:, list(rule)].all(axis=1)].mean()


def _smallest(stays, k, threshold):
    """Return the smallest rules whose precision reaches the threshold, as a set of frozensets."""
    for size in range(k + 1):
        rules = itertools.combinations(range(k), size)
        if anchors := {frozenset(rule) for rule in rules if _precision(stays, rule, k) >= threshold}:
            return anchors
    return set()


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
        "answer = [3/8, 3/4, 1, 3/8]",
        "answer = '3/8, 3/4, 1, 1/16'",
    ],
)
def by_hand(answer):
    """The precisions of {}, {0} and {0, 1}, and the coverage of {0, 1}: four numbers."""
    given = numbers(answer, (4,))
    right = [*(_precision(wants, rule, 4) for rule in ((), (0,), (0, 1))), 1 / 4]
    off = [abs(a - b) > 0.0051 for a, b in zip(given, right)]  # two digits are enough
    if not any(off):
        return "{0, 1} is an anchor for any threshold, and so is {0, 2}: an anchor need not be the only one."
    if off[0]:
        raise NotYet("The precision of the empty rule counts all 16 coverings: in how many are 0, and 1 or 2, present?")
    if off[1]:
        raise NotYet("With 0 present, 1 and 2 are each there or not: in how many of the four cases is at least one there?")
    if off[2]:
        raise NotYet("With 0 and 1 present, can any covering of the rest change the class?")
    if abs(given[3] - 1 / 2) < 0.0051:
        raise NotYet("Half of the coverings have 0, and half have 1. The rule applies where both are present.")
    raise NotYet("The coverage of a rule is the share of all coverings in which all its superpixels are present: two coins.")


@exercise(
    hint="The variance of the mean of n yes-or-no answers is p (1 - p) / n, and two standard errors are 95 %.",
    solution="""
# 2 * sqrt(0.95 * 0.05 / n) <= 0.02  ->  n >= 0.95 * 0.05 / 0.01 ** 2 = 475
answer = round(0.95 * 0.05 / 0.01**2)
""",
    wrong=["answer = 100", "answer = 119", "answer = 2500", "answer = 1900", "answer = 474", "answer = 480", "answer = 22"],
)
def how_many(answer):
    """How many coverings are needed to know a precision of 0.95 within 0.02 (two standard errors)?"""
    given = float(numbers(answer, ()))
    if 474.99 <= given <= 476.01:  # 476: where the computer's rounding lifts it over a whole number
        return "Nearly five hundred questions for one candidate: this is why the search asks first where it matters."
    if 118 <= given <= 120:
        raise NotYet("That is one standard error of 0.02. Asked for are two standard errors within 0.02.")
    if 2400 <= given <= 2600:
        raise NotYet("You took p (1 - p) = 0.25, the worst case. The precision is known to be near 0.95.")
    if 1895 <= given <= 1905:
        raise NotYet("That is for two standard errors of 0.01. Asked for are two standard errors of 0.02.")
    if 21 <= given <= 23:
        raise NotYet("The standard error falls with the root of n: square both sides before you solve for n.")
    error = 2 * np.sqrt(0.95 * 0.05 / given) if given >= 1 else np.inf
    if 0.019 < error < 0.021:
        raise NotYet(f"{given:g} coverings give two standard errors of {error:.5f}: which whole number is the first within 0.02?")
    raise NotYet("One standard error is sqrt(p (1 - p) / n): set twice that to 0.02 with p = 0.95, and solve for n.")


class _Asked:
    """A network that writes down what it was asked about."""

    def __init__(self, network):
        self.network, self.rows = network, []

    def __call__(self, present):
        self.rows.append(np.array(present))
        return self.network(present)

    def present(self):
        return np.concatenate(self.rows) if self.rows else np.zeros((0, 0))


def _estimate(answer, rule, k, n, seed):
    """Return (the learner's estimate, what was asked about, the right estimate from the same coverings)."""
    asked = _Asked(wants)
    given = float(numbers(answer(asked, rule, k, n, np.random.default_rng(seed)), ()))
    present = asked.present()
    if present.shape != (n, k):
        raise NotYet(f"For n = {n} and k = {k} the network was asked about {present.shape}: draw (n, k) coverings, and ask.")
    if not np.isin(present, (0, 1)).all():
        raise NotYet("`present` has other values than 0 and 1.")
    holds = present[:, list(rule)].all(axis=1)
    return given, present, wants(present)[holds].mean() if holds.any() else np.nan


@exercise(
    hint="Print `holds` for the rule {1, 4} and three coverings. In which of them are both present?",
    solution="""
def answer(stays, anchor, k, n, rng):
    present = rng.integers(0, 2, (n, k))
    holds = present[:, list(anchor)].all(axis=1)
    return stays(present)[holds].mean()
""",
    wrong=[
        """
def answer(stays, anchor, k, n, rng):
    present = rng.integers(0, 2, (n, k))
    holds = present[:, list(anchor)].any(axis=1)
    return stays(present)[holds].mean()
""",
        "def answer(stays, anchor, k, n, rng):\n    return np.mean(stays(rng.integers(0, 2, (n, k))))",
        """
def answer(stays, anchor, k, n, rng):
    present = np.random.default_rng(0).integers(0, 2, (n, k))
    return stays(present)[present[:, list(anchor)].all(axis=1)].mean()
""",
        """
def answer(stays, anchor, k, n, rng):
    present = rng.integers(0, 2, (1000, k))
    return stays(present)[present[:, list(anchor)].all(axis=1)].mean()
""",
        """
def answer(stays, anchor, k, n, rng):
    present = rng.integers(0, 2, (n, k))
    return (stays(present) & present[:, list(anchor)].all(axis=1)).mean()
""",
        """
def answer(stays, anchor, k, n, rng):
    present = np.zeros((n, k), dtype=int)
    present[:, list(anchor)] = 1
    return np.mean(stays(present))
""",
        "answer = 0.75",
        "def answer(stays, anchor, k, n, rng):\n    return 0.75",
    ],
)
def debug(answer):
    """Mend an estimate of an anchor's precision: a function of (stays, anchor, k, n, rng)."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    for rule, k, n, seed in (((0, 2), 5, 800, 7), ((1, 2, 3), 7, 900, 9), ((0,), 4, 600, 6), ((1,), 6, 500, 8), ((), 4, 400, 5)):
        given, present, right = _estimate(answer, rule, k, n, seed)
        free = [column for column in range(k) if column not in rule]
        if not (present[:, free].mean(axis=0) > 0.4).all() or not (present[:, free].mean(axis=0) < 0.6).all():
            raise NotYet("Each superpixel outside the anchor is present by the toss of a coin: about half of the time.")
        if np.array_equal(_estimate(answer, rule, k, n, seed + 100)[1], present):
            raise NotYet("Another `rng` gives the same coverings: draw them with the generator that is given.")
        if abs(given - right) < 1e-9:
            continue
        if abs(given - wants(present).mean()) < 1e-9:
            raise NotYet("This is the share of all coverings. Count only those in which the rule holds.")
        if rule and abs(given - wants(present)[present[:, list(rule)].any(axis=1)].mean()) < 1e-9:
            raise NotYet("Still the coverings in which *one* superpixel of the rule is present. When does the rule hold?")
        if abs(given - (wants(present) & present[:, list(rule)].all(axis=1)).mean()) < 1e-9:
            raise NotYet("You divide by all coverings. A precision is a share of those in which the rule holds.")
        raise NotYet(f"For the rule {rule} these coverings give {right:.3f}, and your function {given:.3f}.")
    return "The rule holds where *all* its superpixels are present. With `any`, a rule looks worse the longer it is."


_NETWORKS = [
    (_trap, 7, 0.95),  # {1, 4}; greed ends at {2} and two more
    (wants, 4, 0.95),  # {0, 1} and {0, 2}
    (wants, 5, 0.75),  # {0}, whose precision is 3/4 exactly
    (_always, 3, 0.9),  # the empty rule
    (_never_without_all, 3, 0.6),  # all three
    (_trap, 7, 0.9),  # several pairs
]


@exercise(
    hint="`itertools.combinations(range(k), size)` gives all rules of one size: begin with size 0. For each, take the "
    "coverings in which it holds, out of all 2 ** k.",
    solution="""
import itertools

def answer(stays, k, threshold):
    every = np.array(list(itertools.product([0, 1], repeat=k)))
    yes = stays(every)
    for size in range(k + 1):
        rules = list(itertools.combinations(range(k), size))
        precisions = [yes[every[:, list(rule)].all(axis=1)].mean() for rule in rules]
        found = [rule for rule, precision in zip(rules, precisions) if precision >= threshold]
        if found:
            return found
""",
    wrong=[
        "def answer(stays, k, threshold):\n    return [(0, 1), (0, 2)]",
        """
import itertools

def answer(stays, k, threshold):  # greedy
    every = np.array(list(itertools.product([0, 1], repeat=k)))
    rule = ()
    while True:
        precision = lambda r: stays(every)[every[:, list(r)].all(axis=1)].mean()
        if precision(rule) >= threshold:
            return [tuple(sorted(rule))]
        rule = max(((*rule, one) for one in range(k) if one not in rule), key=precision)
""",
        """
import itertools

def answer(stays, k, threshold):  # the first only
    every = np.array(list(itertools.product([0, 1], repeat=k)))
    for size in range(k + 1):
        for rule in itertools.combinations(range(k), size):
            if stays(every)[every[:, list(rule)].all(axis=1)].mean() >= threshold:
                return [rule]
""",
        """
import itertools

def answer(stays, k, threshold):  # all anchors, of any size
    every = np.array(list(itertools.product([0, 1], repeat=k)))
    rules = [rule for size in range(k + 1) for rule in itertools.combinations(range(k), size)]
    return [rule for rule in rules if stays(every)[every[:, list(rule)].all(axis=1)].mean() >= threshold]
""",
        """
import itertools

def answer(stays, k, threshold):  # never the empty rule
    every = np.array(list(itertools.product([0, 1], repeat=k)))
    for size in range(1, k + 1):
        rules = itertools.combinations(range(k), size)
        found = [rule for rule in rules if stays(every)[every[:, list(rule)].all(axis=1)].mean() >= threshold]
        if found:
            return found
""",
        """
import itertools

def answer(stays, k, threshold):  # the share of all coverings
    every = np.array(list(itertools.product([0, 1], repeat=k)))
    for size in range(k + 1):
        rules = itertools.combinations(range(k), size)
        found = [rule for rule in rules if (stays(every) & every[:, list(rule)].all(axis=1)).mean() >= threshold]
        if found:
            return found
""",
        """
import itertools

def answer(stays, k, threshold):  # above, not from the threshold on
    every = np.array(list(itertools.product([0, 1], repeat=k)))
    for size in range(k + 1):
        rules = itertools.combinations(range(k), size)
        found = [rule for rule in rules if stays(every)[every[:, list(rule)].all(axis=1)].mean() > threshold]
        if found:
            return found
""",
    ],
)
def implement(answer):
    """Write a function that returns all smallest anchors of a small network: (stays, k, threshold) -> list of rules."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    for stays, k, threshold in _NETWORKS:
        given, right = _rules(answer(stays, k, threshold)), _smallest(stays, k, threshold)
        if given != right:
            raise NotYet(_what_is_wrong(given, right, stays, k, threshold))
    return "Nothing is missed this way, for 2 ** k questions: 65,536 with 16 patches. You see what the search saves."


def _rules(answer):
    """Return rules as a set of frozensets; raise NotYet where they are none."""
    try:
        return {frozenset(int(one) for one in rule) for rule in (() if answer is None else answer)}
    except (TypeError, ValueError):
        raise NotYet(f"Your function returned {answer!r}: expected a list of rules, such as [(0, 1), (0, 2)].") from None


def _what_is_wrong(given, right, stays, k, threshold):
    """Return the hint that fits a wrong list of rules."""
    size, where = len(next(iter(right))), f"For one network of {k} patches and threshold {threshold}"
    shown = [tuple(sorted(rule)) for rule in sorted(given, key=sorted)]
    if not given:
        return (
            f"{where} your function finds nothing, and there is an anchor of size {size}: a precision is a share of the "
            "coverings in which the rule holds."
        )
    if any(max(rule, default=0) >= k for rule in given):
        return f"{where} you name patches that it does not have: {shown}."
    imprecise = [rule for rule in given if _precision(stays, sorted(rule), k) < threshold]
    if imprecise:
        rule = tuple(sorted(min(imprecise, key=sorted)))
        return (
            f"{where}, {rule} has precision {_precision(stays, rule, k):.3f}: count only the coverings in which the rule holds."
        )
    if not any(len(rule) == size for rule in given):
        if size == 0:
            return f"{where} the empty rule is precise already, and it is the smallest."
        return f"{where} you return {shown}, and there is an anchor of size {size}: " + (
            "a precision that equals the threshold reaches it." if size == 1 else "the best patch need not be in it."
        )
    if any(len(rule) > size for rule in given):
        return f"{where} some of your rules are longer than needed: return those of the smallest size only."
    return f"{where} there are {len(right)} anchors of size {size}, and you return {len(given)}."


@exercise(
    hint="What does precision ask about: how likely the class is, or whether it stays the likeliest? And what was put into "
    "the places that were covered?",
    solution="""
answer = "b"
""",
    wrong=['answer = "a"', 'answer = "c"', 'answer = "(d)"', 'answer = "e"'],
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
