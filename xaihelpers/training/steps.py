"""The steps of transfer learning: features, head, top block. `train_classifier` goes through them."""

import numpy as np

from .._on_disk import let_go, mean_and_spread, room_for
from .._progress import progress_bar
from .._quiet import one_network_after_another

BATCH = 32


def balancing_weights(labels):
    """Return a weight for each of N images so that every class weighs the same in the loss; their mean is 1."""
    from sklearn.utils.class_weight import compute_sample_weight

    return compute_sample_weight("balanced", labels).astype(np.float32)


@one_network_after_another()
def outputs_of(model, images, progress, title, rows=None):
    """Return what a Keras model gives for images (N, H, W, 3), or some of them, in batches, float32; a lot is put into a file."""
    rows, found = np.arange(len(images)) if rows is None else rows, None
    for start in progress_bar(range(0, len(rows), BATCH), title, "batch", shown=progress):
        outputs = model.predict_on_batch(images[rows[start : start + BATCH]].astype(np.float32))
        if found is None:
            found = room_for((len(rows), *outputs.shape[1:]), np.float32)
        found[start : start + BATCH] = outputs
        let_go(images)
        let_go(found)
    return found


def train_head(features, labels, n_classes, training, stopping, *, balanced=True, epochs, seed, progress):
    """Return (kernel (F, C), bias (C,), history, interrupted) of a softmax layer on features (N, F).

    The features are standardized for the training, because a few large ones would rule it otherwise; the same linear map
    is then written for the features as they are. balanced: whether every class weighs the same, or every image.
    """
    from keras import Sequential, layers

    mean, std = mean_and_spread(features, training)
    std = np.maximum(std, 0.1 * std.mean() + 1e-12)  # a channel that hardly ever fires must not be blown up
    head = Sequential(
        [
            layers.Input((features.shape[1],)),
            layers.Normalization(mean=mean, variance=std**2),
            layers.Dropout(0.3, seed=seed),
            layers.Dense(n_classes, activation="softmax", kernel_initializer="zeros"),
        ]
    )
    data = (features, labels, training, stopping)
    how = dict(rate=1e-3, epochs=epochs, seed=seed, progress=progress, title="training the head", from_nothing=True)
    history, interrupted = fit(head, data, balanced=balanced, **how)
    kernel, bias = head.layers[-1].get_weights()
    return kernel / std[:, None], bias - (mean / std) @ kernel, history, interrupted


def fine_tune_top(model, cut, images, labels, training, stopping, *, balanced=True, epochs, seed, progress):
    """Train what comes after the layer `cut`, in place; return (history, interrupted). What comes before is run once."""
    import keras

    below = keras.Model(model.inputs, model.get_layer(cut).output)
    maps = outputs_of(below, images, progress, f"up to {cut}")
    above = keras.Model(model.get_layer(cut).output, model.output)
    frozen = [layer for layer in above.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in frozen:  # their statistics come from far more images than there are here
        layer.trainable = False
    data = (maps, labels, training, stopping)
    how = dict(rate=1e-4, epochs=epochs, seed=seed, progress=progress, title=f"training after {cut}")
    return fit(above, data, balanced=balanced, **how)


@one_network_after_another()
def fit(model, data, *, rate, epochs, seed, progress, title, balanced=True, patience=10, from_nothing=False):
    """Train `model` in place; return (history, interrupted).

    It stops when the loss on the stopping images has not fallen for `patience` epochs, or when the learner interrupts it;
    in both cases the model keeps the weights of its best epoch, or those that it came with where no epoch was better and
    it was not made `from_nothing`. data: inputs (N, ...), labels (N,), training indices, stopping indices.
    balanced: every class weighs the same in the loss.
    """
    import keras

    from .batches import Epochs, Judged, shuffled_batches

    inputs, labels, training, stopping_rows = data
    weights = np.ones(len(labels), np.float32)
    for part in (training, stopping_rows) if balanced else ():
        weights[part] = balancing_weights(labels[part])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    judged = Judged((inputs[stopping_rows], labels[stopping_rows], weights[stopping_rows]), BATCH)
    before, loss_before = model.get_weights(), judged.losses(model)["loss"]
    batches, steps = shuffled_batches(inputs, labels, weights, training, BATCH, seed), -(-len(training) // BATCH)
    stopping = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
    seen, interrupted = Epochs(epochs, progress, title), False
    try:
        model.fit(batches, epochs=epochs, steps_per_epoch=steps, shuffle=False, callbacks=[judged, stopping, seen], verbose=0)
    except KeyboardInterrupt:
        interrupted = True
        model.set_weights(stopping.best_weights or before)
        if not seen.history["loss"]:
            raise
    finally:
        seen.close()
    if not from_nothing and not min(seen.history["val_loss"]) < loss_before:
        model.set_weights(before)
    return seen.history, interrupted
