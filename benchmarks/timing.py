"""Times as ratios within one run: on a machine that does other things too, only those can be compared."""

import statistics
import time
from dataclasses import dataclass


@dataclass
class Row:
    """One line of a result: what was measured, its value, and what was promised. turns: the figure of each turn."""

    what: str
    value: float
    asked: str
    turns: tuple = ()

    @classmethod
    def of_turns(cls, what, values, asked):
        """Return the row of a figure that was measured once a turn: its median, and between what it lay."""
        return cls(what, statistics.median(values), asked, tuple(values))

    def __str__(self):
        lay = f"{min(self.turns):.2f} to {max(self.turns):.2f} in {len(self.turns)} turns; " if self.turns else ""
        return f"{self.what}: {self.value:.2f} ({lay}asked: {self.asked})"


def ratios(ours, theirs, repeats=5):
    """Return the seconds of one call over those of another, one number a turn; they alternate in who comes first."""
    return over(*in_turns(ours, theirs, repeats=repeats))


def medians(*calls, repeats=15):
    """Return the median seconds of each call; the calls take turns, so that all meet the same load."""
    return [statistics.median(times) for times in in_turns(*calls, repeats=repeats)]


def in_turns(*calls, repeats=5):
    """Return the seconds of each call, one number a turn; each turn has all of them, in the other order than the one before."""
    for call in calls:
        call()  # compile
    seconds = [[] for _ in calls]
    for turn in range(repeats):
        for i in range(len(calls))[:: -1 if turn % 2 else 1]:
            start = time.perf_counter()
            calls[i]()
            seconds[i].append(time.perf_counter() - start)
    return seconds


def over(seconds, others):
    """Return the ratio of two calls' seconds, one number a turn."""
    return [here / there for here, there in zip(seconds, others)]
