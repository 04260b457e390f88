"""The map of the field, lesson 14: techniques, checks and benchmarks as tables, their family tree, and our numbers beside them.

The tables are files in `data/stored`; every row names its paper, and says whether somebody looked the reference up.
"""

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from ..comparison.randomised import what_is_left
from ..comparison.results import QUESTIONS, results
from ..comparison.statistics import LEAST, interval, paired
from ..methods import METHODS, lesson_of
from ..plots import figure
from .stored import stored

ASKED = ("wired", "quadrant", "contrast", "sticker", "removal")  # the tests with a truth, in which higher is better
# One colour a family, of the palette of Okabe and Ito, which the colour-blind can tell apart; the marker says the same.
_LOOKS = {
    "gradients": ("#0072B2", "o"),
    "relevance": ("#56B4E9", "s"),
    "class activation maps": ("#D55E00", "D"),
    "hiding parts": ("#009E73", "^"),
    "searched masks": ("#4C7A34", "v"),
    "Shapley values": ("#CC79A7", "P"),
    "concepts": ("#B8860B", "X"),
    "pictures from noise": ("#7B3F9E", "h"),
    "other images": ("#8C564B", "<"),
    "built in": ("#555555", ">"),
    "Transformers": ("#999999", "d"),
}


def techniques():
    """Return the techniques of the field, a row each, the name as the index; `attrs["columns"]` says what a column means.

    needs: what it takes from the model, separated by "; ". order: of magnitude of its passes, 1 for up to ten, 4 for thousands.
    course: its name in `METHODS` where this course has it, else empty; lesson: the notebook that teaches it; call: how.
    row: what the comparison calls it. why_not: why the course does not teach it.
    """
    table = pd.read_csv(stored("field-techniques.csv"), keep_default_na=False).set_index("name")
    here = table.course.isin(list(METHODS))
    table["course"], table["row"] = table.course.where(here, ""), table.row.where(here, "")
    table["lesson"] = [lesson_of(name) if name else "" for name in table.course]
    table.attrs["columns"] = COLUMNS
    return table


COLUMNS = {
    "year": "when the paper appeared",
    "family": "how it works",
    "parent": "the technique that it changes; empty for the first of its kind",
    "needs": "what it takes: answers only; gradients; layers; rules (a backward pass of its own); images; training",
    "question": "what it answers",
    "class_specific": "whether asking for another class can give another map",
    "signed": "whether it says for and against",
    "cost": "passes at usual settings, in words",
    "order": "the same as a power of ten: 1 up to ten passes, 2 hundreds at most, 3 thousands at most, 4 more",
    "libraries": "where it is implemented, beside this course",
    "course": "its name in this course, empty if it is not taught",
    "call": "how to call it here",
    "row": "its row in the stored tables of the comparison",
    "why_not": "why it is not taught",
    "authors": "of the paper",
    "title": "of the paper",
    "venue": "where it appeared, and when",
    "link": "DOI, arXiv, or the proceedings",
    "verified": "yes: authors, title, venue and link were looked up",
    "lesson": "the notebook that teaches it",
}


def checks():
    """Return what papers found when they checked techniques: technique, verdict, found, and the paper.

    verdict: "passed", "failed" or "depends". found: in one sentence. key: the paper, as `papers` calls it.
    """
    return pd.read_csv(stored("field-checks.csv"), keep_default_na=False)


def benchmarks():
    """Return the benchmarks, a row each: what each measures, on what truth, what it concluded, where it disagrees, its paper."""
    return pd.read_csv(stored("field-benchmarks.csv"), keep_default_na=False).set_index("name")


def needs(table, allowed):
    """Return the rows that need nothing but what is allowed. table: of `techniques`. allowed: words of its column `needs`."""
    allowed = set(allowed)
    return table[[set(each.split("; ")) <= allowed for each in table.needs]]


@lru_cache
def _stored_values(question):
    """Return the table of one question, rows of its own metric only."""
    asked = QUESTIONS[question]
    table = results(asked.table)
    table = what_is_left(table) if asked.table == "randomised" else table
    return table[table.metric == asked.metric]


def measured(question):
    """Return the rows of the comparison that have been measured on a question."""
    return set(_stored_values(question).dropna(subset=["value"]).method)


def board(questions=ASKED):
    """Return the course's own techniques that have a row in the comparison, and their "mean [low, high]" for each question.

    The column "row" says which one: techniques of one row, such as DeepLIFT and Deep SHAP, have the same numbers. A dash stands
    where it was not measured.
    """
    known = techniques()
    known = known[known.row != ""]
    return pd.DataFrame({"row": known.row} | {q: [_mean(row, q) for row in known.row] for q in questions}, index=known.index)


def _mean(row, question):
    if row not in measured(question):
        return "–"
    table = _stored_values(question)
    return str(interval(table[table.method == row].value))


def gains(questions=ASKED):
    """Return what each technique of the course buys over its parent: child, parent, question, mean, low, high, n, verdict.

    mean: of the paired difference, child minus parent in the direction that is better, on the images on which both were
    measured, with its 95 % interval.
    verdict: "gain" or "loss" if the whole interval is on that side of 0 and the mean is at least 0.01, which is the least that
    anybody would choose by; else "no clear gain"; or "not measured".
    """
    known, found = techniques(), []
    for child, row in known[known.row != ""].iterrows():
        parent = _measured_parent(known, child)
        if parent is None or known.row[parent] == row.row:
            continue
        for question in questions:
            found.append({"child": child, "parent": parent, "question": question, **_gain(row.row, known.row[parent], question)})
    return pd.DataFrame(found)


def _measured_parent(known, child):
    """Return the nearest forebear that has a row of its own, or None."""
    parent = known.parent[child]
    while parent and not known.row[parent]:
        parent = known.parent[parent]
    return parent or None


def _gain(child, parent, question):
    if not {child, parent} <= measured(question):
        return {"mean": np.nan, "low": np.nan, "high": np.nan, "n": 0, "verdict": "not measured"}
    asked = QUESTIONS[question]
    found = paired(_stored_values(question), asked.metric, child, parent)
    if asked.better == "low":
        found = found._replace(mean=-found.mean, low=-found.high, high=-found.low)
    clear = abs(found.mean) >= LEAST and not found.low <= 0 <= found.high
    verdict = "no clear gain" if not clear else "gain" if found.mean > 0 else "loss"
    return {**found._asdict(), "verdict": verdict}


def in_words(found):
    """Return one sentence for each pair of `gains`: on which tests the child is better, worse, or not clearly either.

    Pairs of which nothing has been measured stand together in the last one.
    """
    said = {"gain": "better on", "loss": "worse on", "no clear gain": "no clear gain on", "not measured": "not measured yet on"}
    sentences, open_yet = [], []
    for (child, parent), rows in found.groupby(["child", "parent"], sort=False):
        parts = {words: ", ".join(rows[rows.verdict == verdict].question) for verdict, words in said.items()}
        parts = [f"{words} {which}" for words, which in parts.items() if which]
        if (rows.verdict == "not measured").all():
            open_yet.append(f"{child} over {parent}")
        else:
            sentences.append(f"{child} over {parent}: {'; '.join(parts)}.")
    return [*sentences, *([f"Not measured yet: {'; '.join(open_yet)}."] if open_yet else [])]


def chart(found, caption=""):
    """Return a Picture of `gains`: a panel a question, a line a pair, a dot and its interval.

    Triangles stand for clear differences, up for a gain and down for a loss; a grey circle for none; no mark: not measured.
    Pairs of which nothing has been measured are left out.
    """
    import matplotlib.pyplot as plt

    found = found[found.n > 0]
    pairs = list(dict.fromkeys(found.child + " over " + found.parent))
    questions = list(dict.fromkeys(found.question))
    fig, axes = plt.subplots(
        1, len(questions), figsize=(10.5, 0.9 + 0.23 * len(pairs)), sharey=True, layout="constrained", squeeze=False
    )
    looks = {"gain": ("#0072B2", "^"), "loss": ("#D55E00", "v"), "no clear gain": ("0.5", "o")}
    for axis, question in zip(axes[0], questions):
        axis.axvline(0, color="0.8", lw=1, zorder=0)
        for row in found[found.question == question].itertuples():
            (colour, marker), place = looks[row.verdict], -pairs.index(f"{row.child} over {row.parent}")
            axis.plot([row.low, row.high], [place, place], color=colour, lw=1.5)
            axis.plot(row.mean, place, marker, color=colour, ms=5)
        axis.set_title(question, fontsize=9)
        axis.tick_params(labelsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_yticks([-i for i in range(len(pairs))], pairs, fontsize=8)
    axes[0, 0].set_ylim(0.6 - len(pairs), 0.6)
    return figure(fig, "What each variation buys over its parent. " + " ".join(in_words(found)), caption, dpi=72)


def best_factors(strength, drawn, known):
    """Return for each thing that was drawn the factor that fits it best, and how well: two rank correlations, without sign.

    strength: (n, k), how strong each factor is in each image. drawn: a column a thing, a row an image. known: (n,) bool, the
    images on which the factor is chosen; "on the other images" says how well it does where it was not.
    """
    found = {}
    for name, true in drawn.items():
        fits = [abs(spearmanr(factor[known], true[known]).statistic) for factor in strength.T]
        best = int(np.nanargmax(fits))
        left = abs(spearmanr(strength[~known, best], true[~known]).statistic)
        found[name] = {"factor": best, "where it was chosen": fits[best], "on the other images": left}
    return pd.DataFrame.from_dict(found, orient="index")


def tree(table, caption="", *, width=9.0):
    """Return a Picture of the family tree: years from left to right, a line a technique, a branch from each to its children.

    table: of `techniques`, or some rows of it. What this course teaches has a full mark and bold letters. A child stands below
    its parent; one whose parent is not in the table begins a branch of its own. width: inches.
    """
    words = (
        f"{name} {row.year}{f', from {row.parent}' if row.parent else ''}" for name, row in table.loc[in_order(table)].iterrows()
    )
    return figure(draw_tree(table, width), f"Family tree. {'; '.join(words)}", caption, dpi=80)


def draw_tree(table, width=9.0):
    """Return the matplotlib figure of `tree`."""
    import matplotlib.pyplot as plt

    order = in_order(table)
    places = {name: -i for i, name in enumerate(order)}
    fig, axis = plt.subplots(figsize=(width, 1.2 + 0.2 * len(order)), layout="constrained")
    for name, place in places.items():
        row = table.loc[name]
        colour, marker = _LOOKS[row.family]
        if row.parent in places:  # down from the parent, then to the right
            x, y = [table.year[row.parent]] * 2 + [row.year], [places[row.parent], place, place]
            axis.plot(x, y, color=colour, lw=0.9, alpha=0.6, zorder=1, solid_joinstyle="round")
        axis.plot(row.year, place, marker, color=colour, mfc=colour if row.course else "white", ms=6.5, zorder=3)
        look = {"fontsize": 8, "weight": "bold" if row.course else "normal", "va": "center"}
        axis.annotate(name, (row.year, place), (7, 0), textcoords="offset points", **look)
    _finish(axis, table, len(order))
    return fig


def _finish(axis, table, n):
    """Name the families, set the axes, and leave room for the longest label at the right."""
    from matplotlib.lines import Line2D

    families = [family for family in _LOOKS if family in set(table.family)]
    looks = [Line2D([], [], color=_LOOKS[each][0], marker=_LOOKS[each][1], lw=0, ms=6) for each in families]
    axis.figure.legend(looks, families, loc="outside lower center", ncols=5, fontsize=8, frameon=False)
    first, last = int(table.year.min()), int(table.year.max())
    axis.set_xlim(first - 0.5, last + 0.35 * (last - first) + 1)
    axis.set_ylim(-n + 0.3, 0.7)
    axis.set_xticks(range(first + first % 2, last + 1, 2))
    axis.tick_params(labelsize=8, top=True, labeltop=True)
    axis.set_yticks([])
    axis.grid(axis="x", color="0.92", zorder=0)
    axis.spines[["top", "right", "left"]].set_visible(False)


def in_order(table):
    """Return the names from the oldest root of the first family on, each followed by its children, the older ones first."""

    def below(name):
        yield name
        for child in table[table.parent == name].sort_values("year", kind="stable").index:
            yield from below(child)

    order = {family: i for i, family in enumerate(_LOOKS)}
    roots = table[~table.parent.isin(table.index)]
    roots = roots.assign(place=roots.family.map(order)).sort_values(["place", "year"], kind="stable").index
    return [each for root in roots for each in below(root)]
