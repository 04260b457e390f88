"""The board: a technique of your own on fixed images, beside the techniques of the course.

    def mine(classifier, image, target):
        return ...  # a map (H, W)

    xh.board(mine)

Nothing leaves the machine: the other rows are stored, on the same images.
"""

import difflib
import html
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from .._validation import listed, one_of, require_arguments, shown, written, yes_or_no
from ..images import check_map
from ..methods.shared.contract import Finding, technique
from ..results import Attribution
from . import evidence, protocol
from .controls import is_control
from .results import QUESTIONS, results
from .statistics import ranking

_LONGEST = 60  # letters of a label that are compared
ASKED = ("wired", "contrast", "sticker", "removal")


class Board:
    """What `board` returns: `table` (a row a technique; mean, low, high a question), `own`, the name of the learner's row."""

    def __init__(self, ranked, own):
        self.ranked, self.own = ranked, own
        order = list(dict.fromkeys(name for each in ranked.values() for name in each.index))
        kept = ("mean", "low", "high", "beats_controls")
        columns = {(q, key): each[key].reindex(order) for q, each in ranked.items() for key in kept}
        columns["", "passes"] = pd.concat([each.passes for each in ranked.values()]).groupby(level=0).median().reindex(order)
        self.table = pd.DataFrame(columns)

    def _cell(self, question, name):
        ranked = self.ranked[question]
        if name not in ranked.index or np.isnan(ranked.loc[name, "mean"]):
            return "–"
        row = ranked.loc[name]
        mark = "" if row.control or row.beats_controls else " ✗"
        return f"{row['mean']:.2f} [{row.low:.2f}, {row.high:.2f}]{mark}"

    def rows(self):
        """Return [(name, passes, a cell a question), ...], the learner's own row first, controls last."""
        names = sorted(self.table.index, key=lambda name: (name != self.own, is_control(name)))
        passes = self.table["", "passes"]
        return [
            (name, "" if np.isnan(passes[name]) else f"{passes[name]:.0f}", *(self._cell(q, name) for q in self.ranked))
            for name in names
        ]

    def to_markdown(self):
        """Return the table in Markdown, for a page."""
        lines = ["| technique | passes | " + " | ".join(self.ranked) + " |", "|---" * (2 + len(self.ranked)) + "|"]
        lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in self.rows()]
        return "\n".join(lines)

    def _repr_html_(self):
        head = "".join(f"<th>{html.escape(each)}</th>" for each in ("technique", "passes", *self.ranked))
        body = "".join(
            f"<tr{' style=font-weight:bold' if row[0] == self.own else ''}>"
            + "".join(f"<td>{html.escape(cell)}</td>" for cell in row)
            + "</tr>"
            for row in self.rows()
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{html.escape(self.legend())}</p>"

    def legend(self):
        """Return what the columns ask, and what the marks mean."""
        asked = " ".join(f"{q}: {QUESTIONS[q].asks}" for q in self.ranked)
        n = ", ".join(f"{int(each.n.max())} ({q})" for q, each in self.ranked.items())
        return f"{asked} Mean and 95 % interval over images: {n}. ✗: does not beat the best control, its interval included."

    def __repr__(self):
        return self.to_markdown()


def board(
    technique: Callable[..., Any] | None = None,
    name: str = "mine",
    *,
    questions: Sequence[str] = ASKED,
    rows: Sequence[str] | None = None,
    progress: bool = True,
) -> "Board":
    """Return the Board: the course's techniques on fixed images, and a technique of your own beside them.

    technique: a function (classifier, image, target) -> map (H, W), or an Attribution; None shows the stored rows only. image
    is float32 (H, W, 3), 0 to 255, target a class index. name: what its row is called.
    questions: which of wired, contrast, sticker, removal and quadrant; the last one asks a larger network, and takes longer.
    rows: labels of the stored rows to show; None: one setting for each technique, and the controls.
    Raises ValueError where a map has another size than its image; what the function itself raises comes through.
    """
    known = ("wired", "contrast", "sticker", "removal", "quadrant")
    questions = [one_of(each, "the question", known) for each in listed(questions, "questions", "names", least=1)]
    name, progress = written(name, "name"), yes_or_no(progress, "progress")
    if technique is not None and (not callable(technique) or isinstance(technique, type) or hasattr(technique, "weights")):
        raise TypeError(f"technique is {shown(technique)}: give a function (classifier, image, target) that returns a map.")
    tables = {question: results(QUESTIONS[question].table) for question in dict.fromkeys(questions)}
    there = sorted({label for table in tables.values() for label in table.method.unique()})
    rows = _default_rows() if rows is None else _checked_rows(rows, there)
    if technique is not None and name in there:
        raise ValueError(f"name is {name!r}, as one of the stored rows is called: give your technique a name of its own.")
    ranked = {}
    for question, stored in tables.items():
        asked = QUESTIONS[question]
        table = _on_common_images(stored, asked.metric, rows)
        if technique is not None:
            entered = entered_as(technique, name)
            table = pd.concat(
                [table, _measured(question, entered, name, list(table.image.unique()), progress)], ignore_index=True
            )
        chosen = table[table.method.isin([*rows, name]) | table.method.map(is_control)]
        ranked[question] = ranking(chosen, asked.metric, better=asked.better)
        ranked[question]["passes"] = chosen.groupby("method").passes.median()
    return Board(ranked, name if technique is not None else None)


def entered_as(function, name):
    """Return a function (classifier, image, target) -> map as a technique like any other, its passes counted."""
    require_arguments(function, name, "classifier", "image", "target")

    def find(classifier, image, target=None, *, seed=0, batch_size=32, progress=False):
        found = function(classifier, image, target)
        heatmap = np.asarray(found.heatmap if isinstance(found, Attribution) else found)
        if heatmap.shape != image.shape[:2]:
            raise ValueError(
                f"{name} returned shape {heatmap.shape} for an image of {image.shape[:2]} pixels: one number a pixel."
            )
        return Finding(heatmap, target)

    find.__name__ = name
    return technique(family="own", needs_gradients=False)(find)


def _checked_rows(rows, there):
    """Return the labels of stored rows, or raise ValueError for one that is none, with those that are spelt most alike."""
    rows = listed(rows, "rows", "labels")
    for row in rows:
        if not isinstance(row, str) or row not in there:
            near = difflib.get_close_matches(str(row)[:_LONGEST], there, 3, cutoff=0) if isinstance(row, str) else there[:3]
            raise ValueError(f"There is no stored row {shown(row)}: choose labels such as {', '.join(map(repr, near))}.")
    return rows


def _default_rows():
    from .agreements import ALIKE

    return ALIKE


def _on_common_images(table, metric, shown):
    """Return the rows of one metric on the images on which every row was measured, but for those added later and not shown."""
    added = {label for each in table.attrs.get("about", {}).get("added", ()) for label in each["rows"]} - set(shown)
    table = table[(table.metric == metric) & ~table.method.isin(added)]
    every = table.groupby("image").method.nunique()
    return table[table.image.isin(every[every == every.max()].index)]


def _measured(question, entered, name, images, progress):
    """Return the table of one technique on the images of a question."""
    run = partial(_run, entered, name, progress)
    if question == "wired":
        return run(evidence.wired(max(images) + 1).only(images), measures=protocol.WIRED)
    if question == "quadrant":
        names = sorted({image.rsplit(" ", 1)[0] for image in images})
        n = 1 + max(int(image.rsplit(" ", 1)[1]) for image in images)
        parts = [evidence.quadrants(n, each) for each in names]
        return pd.concat([run(part.only([i for i in part.images if i in images]), measures=protocol.QUADRANT) for part in parts])
    return _of_rashes(question, run, images)


def _run(entered, name, progress, truth, measures):
    """Return the table of one technique; its first map is drawn outside of `compare`, which would turn an error into a row."""
    first = next(iter(truth.images))
    check_map(entered(truth.classifier, truth.images[first], truth.targets[first]))
    return protocol.run(truth, {name: (entered, {})}, measures, progress=progress)


def _of_rashes(question, run, images):
    from ..rashes import load_test_split, make_pairs
    from ..zoo import load_classifier

    network, split = load_classifier("rashnet"), load_test_split()
    if question == "contrast":
        truth = evidence.contrasts(network, make_pairs(max(images) + 1))
        truth = truth.only([each for each in truth.images if int(each.split(" ")[0]) in images])
        return protocol.pairs_averaged(run(truth, measures=protocol.CONTRAST))
    if question == "removal":
        measures = protocol.of_lesions(evidence.TrueRemoval(split))
        return run(evidence.lesions(network, split, images), measures={"removal": measures["removal"]})
    truth = evidence.stickers(load_classifier("rashnet-biased"), network, split).only(images)
    tables = [run(each, measures=protocol.STICKER) for each in (truth, truth.of(network))]
    return protocol.difference(*tables, "sticker")
