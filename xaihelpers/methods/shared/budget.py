"""What a technique will cost, and settings of it that fit a budget: one mechanism for all that ask a network many questions.

A technique declares how many images it will send through the network, and how to ask for fewer. How long that takes on this
computer nobody knows before: small runs of the technique itself tell, which are part of the budget. What only a first run takes,
the import of packages and the compiling of a network, is not.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from ..._validation import number, whole_number

ASKED = ("seconds", "questions")  # the two arguments; they shape the other parameters, and are no part of what made a map
_AGAIN = 4  # questions of the run that tells whether the first was slow for once only, or always
_SMALL_RUNS = (8, _AGAIN, 64)
_SHARE = 0.3  # of the seconds may go into small runs
_RESERVE = 0.9  # of what is left is planned for


class Budget(NamedTuple):
    """What a technique costs. questions: (image shape, parameters) -> images sent through the network, at most.

    smaller: (image shape, parameters) -> changes of parameters, {name: value}, each cheaper than the one before; the first
    one is what was asked for. asks_class: whether one pass more finds the class where none is given.
    """

    questions: Callable
    smaller: Callable | None = None
    asks_class: bool = False

    def cost(self, shape, parameters, target):
        """Return the images sent through the network, at most."""
        return self.questions(shape, parameters) + (self.asks_class and target is None)


def one_pass(shape, parameters):
    """Return 1: the cost of a technique that takes one gradient."""
    return 1


def counting_down(parameter, least=1):
    """Return a `smaller` that lowers one whole number, down to `least`."""
    return lambda shape, parameters: ({parameter: n} for n in range(parameters[parameter], least - 1, -1))


def within(budget, method, run, shape, target, parameters):
    """Return (parameters that fit the budget, sentences), without the two arguments `seconds` and `questions`.

    run: a function that runs the technique with parameters and returns its Cost. Raises ValueError where so few questions
    are no map.
    """
    seconds, questions = (parameters.get(name) for name in ASKED)
    parameters = {name: value for name, value in parameters.items() if name not in ASKED}
    doubts = ()
    if questions is not None:
        fitting, least = _fitting(budget, shape, target, parameters, whole_number(questions, "questions"))
        if least > questions:
            raise ValueError(f"questions is {questions}: {method} asks {least} or more.")
        parameters |= fitting
    if seconds is not None:
        seconds = number(seconds, "seconds", above=0, what="how long it may take,")
        start = time.perf_counter()
        each, tried, once = seconds_each(budget, run, shape, target, parameters, seconds)
        left = max(0.0, seconds - (time.perf_counter() - start - once))
        affordable = max(int(_RESERVE * left / each), tried)
        fitting, least = _fitting(budget, shape, target, parameters, affordable)
        if least > affordable or least * each > seconds:
            doubts = (
                f"In {seconds:g} seconds {method} can't ask what it needs at least: it took {least} questions, for about "
                f"{least * each:.1f} seconds more. Give it more seconds.",
            )
        parameters |= fitting
    return parameters, doubts


def seconds_each(budget, run, shape, target, parameters, seconds=float("inf")):
    """Return (how long one question takes, questions of the largest run, seconds that only a first run takes).

    Small runs tell, which take a share of `seconds`. The first may have packages to import and a network to compile.
    """
    start, each, tried, first = time.perf_counter(), None, 0, None
    for size in _SMALL_RUNS:
        fitting, least = _fitting(budget, shape, target, parameters, size)
        if first is not None and first.seconds > seconds:
            break
        if size > _SMALL_RUNS[0] and time.perf_counter() - start - first.seconds + max(size, least) * each > _SHARE * seconds:
            break
        cost = run({**parameters, **fitting, "progress": False})
        first = first or cost
        found = cost.seconds / max(1, cost.forward_passes)
        each = found if each is None else min(each, found)
        tried = max(size, tried) if least <= size else tried
    return max(each, 1e-9), tried, max(0.0, first.seconds - first.forward_passes * each)


def _fitting(budget, shape, target, parameters, questions):
    """Return (the changes of parameters that cost `questions` at most, what they cost); else the cheapest changes."""
    if budget.smaller is None:
        return {}, budget.cost(shape, parameters, target)
    changes, cost = {}, budget.cost(shape, parameters, target)  # of what is asked for in vain: the technique will say so
    for changes in budget.smaller(shape, parameters):
        cost = budget.cost(shape, {**parameters, **changes}, target)
        if cost <= questions:
            break
    return changes, cost
