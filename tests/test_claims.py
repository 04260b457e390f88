"""Every sentence that ranks techniques, in the guide and in all lessons, is read against the stored tables."""

import importlib
import re

import nbformat
import pytest

from xaihelpers.comparison import claims
from xaihelpers.comparison.controls import CONTROLS
from xaihelpers.comparison.guidance import GUIDE, guide
from xaihelpers.methods import METHODS

results = importlib.import_module("xaihelpers.comparison.results")  # not the function of that name

# Words that rank one technique above another, as opposed to saying what it does.
RANKS = re.compile(
    r"\b(best|better|worse|worst|wins?|loses?|lead(?:s|er)?|beats?|outperforms?|sharpest|superior|mends|hardly depends|"
    r"more (?:reliable|faithful|accurate|precise)|less (?:reliable|faithful|accurate|precise))\b",
    re.I,
)
TITLES = [method.title for method in METHODS.values() if method.family != "feature visualization"]
TITLES += [control.method.title for control in CONTROLS.values()]
NAMES = re.compile("|".join(re.escape(name) for name in [*TITLES, "gradients", "map"]), re.I)


def paragraphs():
    """{(where, number): text} of every paragraph of markdown in the lessons and documents."""
    from conftest import REPOSITORY

    found = {}
    for path in sorted((REPOSITORY / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        text = "\n\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
        found |= {(path.name, i): each for i, each in enumerate(text.split("\n\n"))}
    for name in ("README.md", "TEACHING.md"):
        text = (REPOSITORY / name).read_text(encoding="utf-8")
        found |= {(name, i): each for i, each in enumerate(text.split("\n\n"))}
    return found


PARAGRAPHS = paragraphs()
CLAIMS = {claim: where for where, text in PARAGRAPHS.items() for claim in claims.claims_in(text)} | {
    claim: ("the guide", line.question) for line in GUIDE for claim in line.claims
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_what_is_claimed_holds_in_the_stored_tables(claim):
    checked = claims.check(claim)
    assert checked.holds, f"{CLAIMS[claim]}: {claim} is no longer true: {checked.numbers}. Change the sentence, or find out why."


@pytest.mark.parametrize("claim", [claim for claim in CLAIMS if " beats " in claim and not claim.endswith("controls")])
def test_a_claim_fails_once_the_table_says_the_contrary(claim, monkeypatch):
    words = claim.partition(": ")[2]
    a, b = words.split(" beats ")
    swapped = {a: b, b: a}

    def other(name):
        table = real(name)
        return table.assign(method=table.method.replace(swapped))

    real = results.results
    monkeypatch.setattr(results, "results", other)
    monkeypatch.setattr(claims, "results", other)
    assert not claims.check(claim).holds


def test_there_are_claims_in_the_lesson_and_every_line_of_the_guide_has_one():
    assert sum(where[0] == "11_comparison.ipynb" for where in CLAIMS.values()) >= 15
    assert len(GUIDE) >= 6 and all(line.claims for line in GUIDE)
    found = guide()
    assert not found.wrong and "NO LONGER TRUE" not in found._repr_html_() and all(line.question in repr(found) for line in GUIDE)


def test_a_summary_that_ranks_names_its_claim():
    """Sentences of a summary with a word that ranks must have a claim in their paragraph."""
    missing = []
    for (where, _), text in PARAGRAPHS.items():
        if not text.startswith(("**Strengths", "**Limits", "**Use it", "**What you have seen", "**Remember")):
            continue
        plain = claims.COMMENT.sub("", text)
        ranking = [s for s in re.split(r"(?<=[.;:])\s+", plain) if RANKS.search(s) and NAMES.search(s)]
        if ranking and not claims.claims_in(text):
            missing.append(f"{where}: {' '.join(ranking[0].split())}")
    assert not missing
