"""The stored tables of the protocol, and what follows from them question by question."""

import gzip
import json
from typing import NamedTuple

import pandas as pd

from .._validation import one_of
from ..course.stored import stored
from .controls import is_control
from .protocol import MEASURES
from .randomised import what_is_left
from .statistics import ranking


class Question(NamedTuple):
    """One thing that can be asked of a map. table: which stored table answers it; metric: by which number; asks: in words."""

    table: str
    metric: str
    asks: str
    better: str = "high"
    chance: float | None = None


QUESTIONS = {
    "wired": Question("wired", "used", "A network wired by hand: is what it uses above what it can't use?", chance=0.5),
    "quadrant": Question("quadrant", "in_quadrant", "Four photographs, the head sees one: how much is there?", chance=0.25),
    "contrast": Question("contrast", "contrast", "Two diseases in one image: does it mark the one asked for?", chance=0.5),
    "sticker": Question("sticker", "sticker", "A sticker: does it stand out on the network that uses it, and not on its twin?"),
    "removal": Question("lesions", "removal", "Lesion by lesion: does the importance agree with what is truly lost?"),
    "lesions": Question("lesions", "roc_area", "Is the map on what was drawn? (no proof of what the network uses)", chance=0.5),
    "true removal": Question("lesions", "true_removal", MEASURES["true_removal"].says, "low"),
    "deletion": Question("lesions", "deletion", MEASURES["deletion"].says, "low"),
    "insertion": Question("lesions", "insertion", MEASURES["insertion"].says),
    "road": Question("lesions", "road", MEASURES["road"].says, "low"),
    "randomised": Question("randomised", "top shuffled", "All weights shuffled: how much of the map is left?", "low"),
    "re-initialised": Question("randomised", "top reinitialised", "All weights drawn anew: how much of the map is left?", "low"),
    "photographs": Question(
        "photographs", "contrast", "Two objects in one photograph: does it mark the one asked for?", chance=0.5
    ),
    "xception": Question("xception", "removal", "Lesion by lesion, on Xception: does the importance agree with what is lost?"),
}


def results(name):
    """Return a stored table of the protocol: image, method, metric, value, passes, seconds, note.

    name: "wired", "contrast", "sticker", "lesions", "healthy", "quadrant", "photographs", "xception", "randomised"
        or "agreement".
    `attrs["about"]` says what made it: images, versions, cores, seconds. Raises FileNotFoundError for another.
    """
    path = stored(f"comparison-{name}.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        about = json.loads(file.readline().removeprefix("# "))
    table = pd.read_csv(path, comment="#")
    table.attrs["about"] = about
    return table


def answer(question, rows=None):
    """Return the `ranking` of a stored table for one of `QUESTIONS`: a row a technique with its settings, controls included.

    rows: labels of the techniques to rank among each other; None: all that were measured together, without those added to the
    table later, on fewer images. Controls stay in, whatever is chosen.
    """
    asked = QUESTIONS[one_of(question, "question", QUESTIONS)]
    table = results(asked.table)
    added = {label for each in table.attrs.get("about", {}).get("added", ()) for label in each["rows"]}
    if asked.table == "randomised":
        table = what_is_left(table)
    table = table[table.metric == asked.metric]
    if rows is not None:
        table = table[table.method.isin(list(rows)) | table.method.map(is_control)]
    else:
        table = table[~table.method.isin(added)]
    ranked = ranking(table, asked.metric, better=asked.better)
    ranked["passes"] = table.groupby("method").passes.median() if "passes" in table else float("nan")
    ranked.attrs["question"] = question
    return ranked
