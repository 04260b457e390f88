"""Times as ratios within one run: on a machine that does other things too, only those can be compared."""

import statistics
import time
from dataclasses import dataclass


@dataclass
class Row:
    """One line of a result: what was measured, its value, and what was promised."""

    what: str
    value: float
    asked: str

    def __str__(self):
        return f"{self.what}: {self.value:.2f} (asked: {self.asked})"


def ratios(ours, theirs, repeats=5):
    """Return the seconds of one call over those of another, one number a turn; they alternate in who comes first."""
    ours(), theirs()  # compile
    seconds = {ours: [], theirs: []}
    for turn in range(repeats):
        for call in (ours, theirs) if turn % 2 else (theirs, ours):
            start = time.perf_counter()
            call()
            seconds[call].append(time.perf_counter() - start)
    return [here / there for here, there in zip(seconds[ours], seconds[theirs])]


def medians(*calls, repeats=15):
    """Return the median seconds of each call; the calls take turns, so that all meet the same load."""
    for call in calls:
        call()  # compile
    seconds = [[] for _ in calls]
    for _ in range(repeats):
        for call, times in zip(calls, seconds):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in seconds]
