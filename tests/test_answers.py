"""Answers, claims and the guide on a made-up table whose means are known, so that they need no stored one."""

import importlib

import numpy as np
import pandas as pd
import pytest

from xaihelpers.comparison import claims, guidance

results = importlib.import_module("xaihelpers.comparison.results")  # the package's own `results` is a function

N = 40
HARD = np.random.default_rng(0).normal(0, 0.05, N)  # how hard each image is, for all alike
MEANS = {"Good": 0.8, "Fair": 0.6, "Twin": 0.6, "Chance": 0.5}


@pytest.fixture(autouse=True)
def made_up(monkeypatch):
    """A table: Good is 0.2 above Fair, whose twin differs from it by chance; another metric says the contrary."""
    rows = []
    for number, (method, mean) in enumerate(MEANS.items()):
        own = np.random.default_rng(number).normal(0, 0.01, N)
        values = mean + HARD + own - own.mean() - HARD.mean()
        for metric, of_metric in (("used", values), ("deletion", values), ("other", 1 - values)):
            rows += [(i, method, metric, value, 10 * (number + 1), 1.0, "") for i, value in enumerate(of_metric)]
    table = pd.DataFrame(rows, columns=["image", "method", "metric", "value", "passes", "seconds", "note"])
    for module in (results, claims):
        monkeypatch.setattr(module, "results", lambda name: table.copy())


def test_an_answer_ranks_the_metric_of_its_question_alone():
    ranked = results.answer("wired")
    assert list(ranked.index) == ["Good", "Fair", "Twin", "Chance"] or list(ranked.index) == ["Good", "Twin", "Fair", "Chance"]
    assert ranked["mean"].to_dict() == pytest.approx(MEANS) and (ranked.n == N).all()
    assert ranked.passes.to_dict() == {"Good": 10, "Fair": 20, "Twin": 30, "Chance": 40}
    assert ranked.attrs["question"] == "wired" and ranked.attrs["best_control"] == "Chance"
    assert results.answer("deletion").index[0] == "Chance"  # low is good
    assert set(results.answer("wired", rows=["Fair"]).index) == {"Fair", "Chance"}
    with pytest.raises(ValueError, match="question is 'why'"):
        results.answer("why")


CLAIMS = {
    "wired: Good beats Fair": True,
    "wired: Fair beats Good": False,
    "wired: Fair beats Twin": False,
    "wired: Fair equals Twin": True,
    "wired: Good equals Fair": False,
    "wired: Good wins": True,
    "wired: Fair wins": False,
    "wired: no clear winner": False,
    "wired: Fair beats controls": True,
    "wired: Fair fails controls": False,
    "wired: Good above 0.7": True,
    "wired: Good above 0.8": False,  # its interval holds 0.8
    "wired: Good below 0.9": True,
    "wired: Good below 0.8": False,
    "deletion: Fair beats Good": True,
    "deletion: Good beats Fair": False,
    "deletion: Good fails controls": True,
    "deletion: Fair equals Twin": True,
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_claims_hold_or_not(claim):
    checked = claims.check(claim)
    assert checked.claim == claim and checked.holds is CLAIMS[claim]


def test_a_claim_says_its_numbers():
    numbers = claims.check("wired: Good beats Fair").numbers
    assert (
        numbers.startswith("0.80 [")
        and "and 0.60 [" in numbers
        and "difference +0.20 [" in numbers
        and f"on {N} images" in numbers
    )
    assert "difference -0.20 [" in claims.check("wired: Fair beats Good").numbers
    assert claims.check("wired: Fair beats controls").numbers.count("over Chance: +0.10") == 1


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("why: Good wins", "can't be read"),
        ("wired: Good is nice", "can't be read"),
        ("wired: Best beats Fair", "'Best' is no row of the table of 'wired'"),
        ("wired: Fair beats Best", "'Best' is no row"),
    ],
)
def test_what_can_not_be_read_or_found(claim, words):
    with pytest.raises(ValueError, match=words):
        claims.check(claim)


def test_the_guide_says_what_is_no_longer_true(monkeypatch):
    lines = (
        guidance.Line("Which one?", "Good.", ("wired: Good beats Fair", "wired: Fair wins"), ("Good", "Twin", "Gone")),
        guidance.Line("And <low>?", "Chance.", ("deletion: Fair beats Good",)),
    )
    monkeypatch.setattr(guidance, "GUIDE", lines)
    found = guidance.guide()
    assert found.wrong == ["wired: Fair wins"]
    first, second = repr(found).splitlines()
    assert first.startswith("Which one? Good. (wired: Good beats Fair: 0.80") and "; NO LONGER TRUE: wired: Fair wins: " in first
    assert "NO LONGER" not in second
    page = found._repr_html_()
    assert (
        page.count("<tr") == 3 and "And &lt;low&gt;?" in page and page.count("NO LONGER TRUE") == 1 and "<td>10, 30</td>" in page
    )
