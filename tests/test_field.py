"""The map of the field: tables that hold together, a tree that can be read, and differences worked out by hand."""

import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

import xaihelpers as xh
from xaihelpers.course import field

NEEDS = {"answers", "gradients", "layers", "rules", "images", "training"}
LINK = re.compile(r"https?://\S+\.\S+")


@pytest.fixture(scope="module")
def table():
    return xh.field.techniques()


def ancestors(table, name):
    found = []
    while parent := table.parent[name]:
        assert parent not in found, f"{name} is its own forebear"
        found.append(parent)
        name = parent
    return found


def test_every_technique_stands_once_and_every_branch_leads_back_to_a_root(table):
    assert len(table) >= 60 and table.index.is_unique
    for name, row in table.iterrows():
        forebears = ancestors(table, name)
        assert all(table.year[each] <= row.year for each in forebears), f"{name} is older than what it came from"
        assert row.family in field._LOOKS and row.order in (1, 2, 3, 4)
        assert set(row.needs.split("; ")) <= NEEDS, f"{name} needs {row.needs}"
        assert row.class_specific in ("yes", "no", "hardly") and row.signed in ("yes", "no", "can be", "")


def test_every_reference_is_complete(table):
    for each in (table, xh.field.checks(), xh.field.benchmarks()):
        for row in each.itertuples():
            assert row.authors and row.title and re.search(r"\d{4}", row.venue + str(row.year)) and LINK.fullmatch(row.link), row
            assert row.verified == "yes" and str(row.year) in row.venue, row


def test_what_is_taught_exists_and_what_is_not_says_why(table):
    for name, row in table.iterrows():
        if row.course:
            assert row.course in xh.METHODS and row.call.startswith(row.course) and row.lesson.endswith(".ipynb"), name
        else:
            assert row.why_not, f"{name}: why is it not taught?"
    assert {"saliency", "grad_cam", "lime", "rise", "anchors", "deep_dream"} <= set(table.course)


def test_every_column_says_what_it_means(table):
    assert list(table.columns) == list(xh.field.COLUMNS)


def test_checks_and_rows_name_what_there_is(table):
    checks = xh.field.checks()
    assert set(checks.technique) <= set(table.index) and set(checks.verdict) == {"passed", "failed", "depends"}
    assert not checks.duplicated(["technique", "key"]).any()
    assert len(xh.field.benchmarks()) >= 8
    stored = set(xh.comparison.results("wired").method)
    missing = {row for row in table.row[table.course != ""] if row} - stored
    assert not {"Saliency", "Grad-CAM", "HiResCAM", "RISE, mean, 300 masks"} & missing


def test_needs_are_all_within_what_is_allowed(table):
    allowed = xh.field.needs(table, ["answers", "images"])
    assert {"LIME", "Occlusion", "Prediction difference"} <= set(allowed.index)
    assert not {"FastSHAP", "Grad-CAM", "Score-CAM"} & set(allowed.index)
    assert len(xh.field.needs(table, NEEDS)) == len(table) and not len(xh.field.needs(table, []))


# -- what a variation buys -------------------------------------------------------------------------------------------------


@pytest.fixture
def invented(monkeypatch):
    """Three rows on ten images: HiResCAM is ahead of Grad-CAM by 0.2, Grad-CAM of saliency by nothing."""
    noise = np.linspace(-0.05, 0.05, 10)
    values = {"Saliency": 0.5 + noise, "Grad-CAM": 0.5 - noise, "HiResCAM": 0.7 - noise}
    rows = [(i, name, value) for name, each in values.items() for i, value in enumerate(each)]
    stored = pd.DataFrame(rows, columns=["image", "method", "value"]).assign(metric="used")
    monkeypatch.setattr(field, "_stored_values", lambda question: stored)
    return stored


def test_a_gain_is_the_paired_difference_to_the_parent(invented):
    found = field.gains(("wired",)).set_index("child")
    assert found.verdict["HiResCAM"] == "gain" and found["mean"]["HiResCAM"] == pytest.approx(0.2)
    # Image by image the difference is the same, so that its interval is a point, though both go up and down.
    assert found.low["HiResCAM"] == pytest.approx(0.2) == found.high["HiResCAM"] and found.n["HiResCAM"] == 10
    assert found.verdict["SmoothGrad"] == "not measured" and found.n["SmoothGrad"] == 0
    assert field._gain("Grad-CAM", "HiResCAM", "wired")["verdict"] == "loss"
    none = field._gain("Grad-CAM", "Saliency", "wired")
    assert none["verdict"] == "no clear gain" and none["low"] < 0 < none["high"]
    sentence, open_yet = field.in_words(field.gains(("wired",)))
    assert sentence == "HiResCAM over Grad-CAM: better on wired." and open_yet.startswith("Not measured yet: ")


def test_less_than_a_hundredth_is_no_gain_and_low_is_good_where_it_is(invented, monkeypatch):
    close = invented.assign(value=invented.value.where(invented.method != "HiResCAM", invented.value - 0.195))
    monkeypatch.setattr(field, "_stored_values", lambda question: close)
    assert field._gain("HiResCAM", "Grad-CAM", "wired")["verdict"] == "no clear gain"
    monkeypatch.setattr(field, "_stored_values", lambda question: invented.assign(metric="top shuffled"))
    assert field._gain("HiResCAM", "Grad-CAM", "randomised")["verdict"] == "loss"  # more of the map is left


def test_the_numbers_are_those_of_the_comparison():
    ranked = xh.comparison.answer("quadrant", ["HiResCAM", "Grad-CAM"])
    board = xh.field.board(("quadrant",))
    row = ranked.loc["HiResCAM"]
    assert board.quadrant["HiResCAM"] == f"{row['mean']:.2f} [{row.low:.2f}, {row.high:.2f}]"
    found = xh.field.gains(("quadrant",)).set_index("child").loc["HiResCAM"]
    assert found["mean"] == pytest.approx(row["mean"] - ranked.loc["Grad-CAM", "mean"], abs=1e-9)


def test_a_factor_is_chosen_on_the_known_images_and_scored_on_the_others():
    known = np.arange(8) < 4
    drawn = pd.DataFrame({"tone": [1, 2, 3, 4, 1, 2, 3, 4]})
    strength = np.array([[1, 4], [2, 3], [3, 1], [4, 2], [4, 1], [3, 2], [1, 3], [2, 4]], float)
    (row,) = xh.field.best_factors(strength, drawn, known).itertuples()
    # The first factor fits the known images to the last; on the others its order is 4 3 1 2: rank correlation -0.8.
    assert row[1] == 0 and row[2] == pytest.approx(1) and row[3] == pytest.approx(0.8)


# -- pictures --------------------------------------------------------------------------------------------------------------


def labels_of(fig):
    """Return {label: its box in pixels} of a drawn tree."""
    fig.canvas.draw()
    axis = fig.axes[0]
    return {text.get_text(): text.get_window_extent() for text in axis.texts}, axis.get_window_extent()


@pytest.mark.parametrize("some", ["all", "course", "CAM"])
def test_no_label_of_the_tree_is_cut_or_covered(table, some):
    import matplotlib.pyplot as plt

    rows = {"all": table, "course": table[table.course != ""], "CAM": table[table.family == "class activation maps"]}[some]
    fig = field.draw_tree(rows)
    labels, axis = labels_of(fig)
    plt.close(fig)
    assert set(labels) == set(rows.index)
    boxes = sorted(labels.values(), key=lambda box: -box.y0)
    for name, box in labels.items():
        assert axis.x0 <= box.x0 and box.x1 <= axis.x1 and axis.y0 <= box.y0 and box.y1 <= axis.y1, name
    for upper, lower in pairwise(boxes):
        assert lower.y1 <= upper.y0 + 1 or lower.x1 < upper.x0 or upper.x1 < lower.x0


def test_children_stand_below_their_parents(table):
    order = field.in_order(table)
    assert sorted(order) == sorted(table.index)
    for name in order:
        if parent := table.parent[name]:
            assert order.index(parent) < order.index(name)


def test_the_chart_says_in_words_what_it_shows():
    found = xh.field.gains()
    assert "HiResCAM over Grad-CAM: better on wired" in xh.field.chart(found).alt
    assert "Family tree. " in xh.field.tree(xh.field.techniques().head(3), "caption").alt


# -- the idea of the lesson ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [2, 3, 5])
def test_a_line_with_the_right_weights_is_the_shapley_value(n):
    from itertools import permutations, product
    from math import comb

    sets = np.array(list(product([0, 1], repeat=n)))
    z = np.random.default_rng(n).normal(size=len(sets))
    place = {tuple(row): value for row, value in zip(sets, z)}
    added = np.zeros((0, n))
    for order in permutations(range(n)):
        shown, row = [0] * n, np.zeros(n)
        for i in order:
            before = place[tuple(shown)]
            shown[i] = 1
            row[i] = place[tuple(shown)] - before
        added = np.vstack([added, row])
    s = sets.sum(axis=1)
    weights = np.array([1e9 if k in (0, n) else (n - 1) / (comb(n, k) * k * (n - k)) for k in s.tolist()])
    X = np.column_stack([np.ones(len(sets)), sets])
    slopes = np.linalg.lstsq(X * np.sqrt(weights)[:, None], z * np.sqrt(weights), rcond=None)[0][1:]
    assert np.allclose(slopes, added.mean(axis=0), atol=1e-5)


def test_the_counts_in_words_are_those_of_the_tables(table, repository):
    tens = {60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety"}
    units = ["", *(f"-{word}" for word in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"])]
    words = tens[len(table) // 10 * 10] + units[len(table) % 10]
    lesson = (repository / "notebooks" / "14_field.ipynb").read_text(encoding="utf-8")
    readme = (repository / "README.md").read_text(encoding="utf-8")
    assert f"a map of {words} of them" in lesson and f"| {words} techniques as a table" in readme
    questions = {13: "thirteen", 14: "fourteen", 15: "fifteen"}[len(xh.comparison.QUESTIONS)]
    assert f"Lesson 11 asks {questions} questions" in lesson and f"one of {questions}" in lesson


def test_what_the_lesson_says_gained_most_did():
    bought = xh.field.gains()
    most = bought[bought.n >= 10].sort_values("mean", ascending=False).head(2)
    assert set(most.child) == {"Integrated gradients", "DeepLIFT"} and set(most.question) == {"removal"}
    assert (most.low > 0).all() and (most.parent == "Gradient × input").all()
