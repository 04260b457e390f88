"""Sentences that rank techniques, in a form that is checked against the stored tables.

A claim stands beside its sentence, in a notebook as a comment that is not shown:

    <!-- claim: contrast: Grad-CAM beats Guided backpropagation -->

| claim | holds if |
|---|---|
| `Q: A beats B` | the paired difference, in the direction that is better, is above 0, its whole interval |
| `Q: A equals B` | the interval of the paired difference holds 0 |
| `Q: A beats controls` | so against the best control; `A fails controls` if not |
| `Q: A wins` | it is the only one that shares the first place, and beats the controls |
| `Q: no clear winner` | several share the first place, or none beats the controls |
| `Q: A above 0.8`, `Q: A below 0.8` | the whole interval of its mean is |

Q is one of `results.QUESTIONS`, A and B are rows of its table, as `entries` calls them.
"""

import re
from typing import NamedTuple

from .randomised import what_is_left
from .results import QUESTIONS, answer, results
from .statistics import paired, verdict, winners

_FORMS = {
    "beats controls": r"(?P<a>.+?) beats controls",
    "fails controls": r"(?P<a>.+?) fails controls",
    "beats": r"(?P<a>.+?) beats (?P<b>.+)",
    "equals": r"(?P<a>.+?) equals (?P<b>.+)",
    "wins": r"(?P<a>.+?) wins",
    "no winner": r"no clear winner",
    "above": r"(?P<a>.+?) above (?P<x>-?[\d.]+)",
    "below": r"(?P<a>.+?) below (?P<x>-?[\d.]+)",
}
COMMENT = re.compile(r"<!--\s*claim:\s*(.*?)\s*-->", re.S)


class Checked(NamedTuple):
    """Whether a claim holds in the stored tables, and the numbers that say so."""

    claim: str
    holds: bool
    numbers: str


def claims_in(text):
    """Return the claims that stand in a text as comments, in order."""
    return [" ".join(found.split()) for found in COMMENT.findall(text)]


def check(claim):
    """Return the Checked claim. Raises ValueError for one that can't be read, or names what is not in its table."""
    question, _, words = claim.partition(": ")
    form, found = next(
        ((form, match) for form, pattern in _FORMS.items() if (match := re.fullmatch(pattern, words.strip()))), (None, None)
    )
    if question not in QUESTIONS or form is None:
        raise ValueError(f"The claim {claim!r} can't be read: write 'question: A beats B'; questions are {', '.join(QUESTIONS)}.")
    named = found.groupdict()
    rows = [named[key] for key in ("a", "b") if named.get(key)]
    known = list(dict.fromkeys(results(QUESTIONS[question].table).method))
    for row in rows:
        if row not in known:
            raise ValueError(f"{row!r} is no row of the table of {question!r}: it has {', '.join(known)}.")
    # Who wins is a matter of all rows; the rest only of those that are named, and of the controls.
    ranked = answer(question, None if form in ("wins", "no winner") else rows)
    return Checked(claim, *_judged(form, named, question, ranked))


def _judged(form, named, question, ranked):
    """Return whether it holds, and the numbers."""
    if form == "wins":
        return winners(ranked) == [named["a"]], verdict(ranked)
    if form == "no winner":
        return len(winners(ranked)) != 1, verdict(ranked)
    row = ranked.loc[named["a"]]
    if form in ("beats controls", "fails controls"):
        numbers = f"over {ranked.attrs['best_control']}: {row.over_control:+.2f} [{row.over_low:+.2f}, {row.over_high:+.2f}]"
        return bool(row.beats_controls) == (form == "beats controls"), f"{_mean(row)}; {numbers}"
    if form in ("above", "below"):
        holds = row.low > float(named["x"]) if form == "above" else row.high < float(named["x"])
        return bool(holds), _mean(row)
    return _against(form, named, question, row, ranked.loc[named["b"]])


def _against(form, named, question, row, other):
    asked = QUESTIONS[question]
    table = results(asked.table)
    table = what_is_left(table) if asked.table == "randomised" else table
    difference = paired(table, asked.metric, named["a"], named["b"])
    low, high = (difference.low, difference.high) if asked.better == "high" else (-difference.high, -difference.low)
    holds = low > 0 if form == "beats" else low <= 0 <= high
    numbers = f"difference {difference.mean:+.2f} [{difference.low:+.2f}, {difference.high:+.2f}] on {difference.n} images"
    return bool(holds), f"{_mean(row)} and {_mean(other)}; {numbers}"


def _mean(row):
    return f"{row['mean']:.2f} [{row.low:.2f}, {row.high:.2f}]"
