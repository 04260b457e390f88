"""Copies of one photograph among many images: the same file twice, and turned, flipped, cropped, brighter or noisier ones."""

from .grouping import families

__all__ = ["families"]
