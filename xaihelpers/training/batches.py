"""What Keras' own training loop is given: batches in an order of our own seed, and a bar that writes the history down."""

import math

import keras
import numpy as np

from .._progress import progress_bar

_KEPT = ("loss", "accuracy", "val_loss", "val_accuracy")


class ShuffledBatches(keras.utils.PyDataset):
    """Batches (inputs, labels, weights) of some rows, in another order each epoch; nothing global is seeded or drawn from."""

    def __init__(self, inputs, labels, weights, rows, batch_size, seed):
        super().__init__()
        self._arrays, self._rows, self._batch_size = (inputs, labels, weights), rows, batch_size
        self._random = np.random.default_rng(seed)
        self._order = self._random.permutation(rows)

    def __len__(self):
        return math.ceil(len(self._rows) / self._batch_size)

    def __getitem__(self, index):
        rows = self._order[index * self._batch_size : (index + 1) * self._batch_size]
        return tuple(array[rows] for array in self._arrays)

    def on_epoch_end(self):
        self._order = self._random.permutation(self._rows)


class Judged(keras.callbacks.Callback):
    """Judges the model after each epoch by images held back (inputs, labels, weights), as Keras' own validation does.

    Batch by batch, since Keras makes a new pipeline for each epoch: on a few hundred features that takes longer than they do.
    """

    def __init__(self, held_back, batch_size):
        super().__init__()
        self._held_back, self._batch_size = held_back, batch_size

    def losses(self, model):
        """Return {"loss", "accuracy"} of a compiled model over all images held back."""
        n, total = len(self._held_back[0]), {"loss": 0.0, "accuracy": 0.0}
        for start in range(0, n, self._batch_size):
            x, y, weights = (part[start : start + self._batch_size] for part in self._held_back)
            model.reset_metrics()  # versions of Keras differ in whether a batch's figures are its own or those of all so far
            found = model.test_on_batch(x, y, weights, return_dict=True)
            total = {name: value + float(found[name]) * len(x) / n for name, value in total.items()}
        return total

    def on_epoch_end(self, epoch, logs=None):  # noqa: ARG002
        logs |= {f"val_{name}": value for name, value in self.losses(self.model).items()}


class Epochs(keras.callbacks.Callback):
    """Keeps {"loss", "accuracy", "val_loss", "val_accuracy": one number an epoch}, and shows a bar if asked to."""

    def __init__(self, epochs, progress, title):
        super().__init__()
        self.history = {key: [] for key in _KEPT}
        self._bar = progress_bar(title=title, unit="epoch", total=epochs, shown=progress)

    def on_epoch_end(self, epoch, logs=None):  # noqa: ARG002
        for key, values in self.history.items():
            values.append(float(logs[key]))
        self._bar.set_postfix_str(f"validation: loss {logs['val_loss']:.3f}, accuracy {logs['val_accuracy']:.3f}")
        self._bar.update()

    def close(self):
        """Take the bar away, whatever happened."""
        self._bar.close()
