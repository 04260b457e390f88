"""Techniques side by side over many images: `compare` makes the table, `summary` a line a technique."""

from .plan import METRICS
from .table import compare, summary

__all__ = ["METRICS", "compare", "summary"]
