"""Transfer learning on your own images: `train_classifier`; and how good a classifier is: `evaluate`."""

from .._quiet import import_tensorflow

import_tensorflow()

from .chance import LearnedNothing  # noqa: E402
from .evaluation import Evaluation, evaluate  # noqa: E402
from .train import TrainedClassifier, train_classifier  # noqa: E402

__all__ = ["Evaluation", "LearnedNothing", "TrainedClassifier", "evaluate", "train_classifier"]
