"""What is explained: one contract for every network, with its preprocessing inside."""

from .base import Classifier, Gradients, Stopped

__all__ = ["Classifier", "Gradients", "Stopped"]
