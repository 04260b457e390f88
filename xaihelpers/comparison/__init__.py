"""Techniques side by side over many images: `compare` makes the table, `ranking` says what follows from it and how surely."""

from .controls import CONTROLS
from .plan import METRICS
from .statistics import Interval, interval, paired, ranking, scores, verdict, winners
from .table import compare, summary

__all__ = [
    "CONTROLS",
    "METRICS",
    "Interval",
    "compare",
    "interval",
    "paired",
    "ranking",
    "scores",
    "summary",
    "verdict",
    "winners",
]
