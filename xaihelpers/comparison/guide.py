"""Which technique for which question? Lines of a guide, each with the tests behind it; `claims` reads them against the tables."""

import html
from typing import NamedTuple

from .claims import check
from .results import answer


class Line(NamedTuple):
    """One line. question, take: what is asked, and what to do about it. claims: what must hold for that. rows: whose price."""

    question: str
    take: str
    claims: tuple
    rows: tuple = ()


GUIDE = ()


class Guide:
    """What `guide` returns: its lines, each with the numbers of the stored tables. `wrong`: claims that no longer hold."""

    def __init__(self, lines):
        self.lines = [(line, [check(claim) for claim in line.claims]) for line in lines]
        self.wrong = [each.claim for _, found in self.lines for each in found if not each.holds]

    def _repr_html_(self):
        rows = "".join(
            f"<tr style='vertical-align:top'><td>{html.escape(line.question)}</td><td>{html.escape(line.take)}</td>"
            f"<td>{'<br>'.join(html.escape(_says(each)) for each in found)}</td><td>{html.escape(_price(line))}</td></tr>"
            for line, found in self.lines
        )
        head = "".join(f"<th>{each}</th>" for each in ("your question", "take", "the test behind it", "passes"))
        return f"<table style='text-align:left'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def __repr__(self):
        return "\n".join(f"{line.question} {line.take} ({'; '.join(map(_says, found))})" for line, found in self.lines)


def guide():
    """Return the Guide: which technique passed which test for which question, read from the stored tables."""
    return Guide(GUIDE)


def _says(checked):
    return f"{checked.claim}: {checked.numbers}" if checked.holds else f"NO LONGER TRUE: {checked.claim}: {checked.numbers}"


def _price(line):
    passes = answer(line.claims[0].partition(": ")[0]).passes
    return ", ".join(f"{passes[row]:.0f}" for row in line.rows if row in passes.index)
