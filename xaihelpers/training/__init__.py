"""Transfer learning on your own images: `train_classifier`; and how good a classifier is: `evaluate`."""

from .._quiet import import_tensorflow

import_tensorflow()

from .evaluation import Evaluation, evaluate  # noqa: E402
from .train import TrainedClassifier, train_classifier  # noqa: E402

__all__ = ["Evaluation", "TrainedClassifier", "evaluate", "train_classifier"]
