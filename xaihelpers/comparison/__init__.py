"""Techniques side by side over many images: `compare` makes the table, `ranking` says what follows from it and how surely."""

from .agreements import ANSWERS, WORKS, as_good_by_chance, grouped
from .controls import CONTROLS
from .entries import settings_table
from .guidance import guide
from .pictures import budgets, chart, gallery, tree
from .plan import METRICS
from .results import QUESTIONS, answer, results
from .statistics import Interval, interval, paired, ranking, scores, verdict, winners
from .table import compare, summary

__all__ = [
    "ANSWERS",
    "CONTROLS",
    "METRICS",
    "QUESTIONS",
    "WORKS",
    "Interval",
    "answer",
    "as_good_by_chance",
    "budgets",
    "chart",
    "compare",
    "gallery",
    "grouped",
    "guide",
    "interval",
    "paired",
    "ranking",
    "results",
    "scores",
    "settings_table",
    "summary",
    "tree",
    "verdict",
    "winners",
]
