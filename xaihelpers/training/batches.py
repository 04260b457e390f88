"""What Keras' own training loop is given: batches in an order of our own seed, and a bar that writes the history down."""

import keras
import numpy as np

from .._progress import progress_bar

_KEPT = ("loss", "accuracy", "val_loss", "val_accuracy")


def shuffled_batches(inputs, labels, weights, rows, batch_size, seed):
    """Yield batches (inputs, labels, weights) of some rows without end, each epoch in another order of a seed of its own.

    One run through all epochs, since Keras makes a new pipeline for each other kind of data in each epoch.
    """
    random = np.random.default_rng(seed)
    random.permutation(rows)  # left out, as Keras did of the data in which this was once: so weights stay what they were
    while True:
        order = random.permutation(rows)
        for start in range(0, len(order), batch_size):
            yield tuple(array[order[start : start + batch_size]] for array in (inputs, labels, weights))


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
