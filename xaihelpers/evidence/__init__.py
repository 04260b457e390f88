"""Photographs whose evidence is known: masks of what they show, and composites of cut-outs on other backgrounds."""

from .cutouts import Composites, composites
from .masks import object_masks

__all__ = ["Composites", "composites", "object_masks"]
