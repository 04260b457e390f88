"""Transfer learning on your own images: `train_classifier`; and how good a classifier is: `evaluate`."""

from .evaluation import Evaluation, evaluate
from .train import TrainedClassifier, train_classifier

__all__ = ["Evaluation", "TrainedClassifier", "evaluate", "train_classifier"]
