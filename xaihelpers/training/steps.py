"""The steps of transfer learning: split, features, head, top block. `train_classifier` goes through them."""

import numpy as np

from .._progress import progress_bar
from .._validation import number

BATCH = 32


def stratified_split(labels, class_names, share, seed):
    """Return (training indices, validation indices): `share` of every class, rounded, at least one, is held back.

    Raises ValueError where a class would keep fewer than two images to train on.
    """
    share = number(share, "validation_split", above=0, below=1, what="a share of every class, such as 0.2,")
    rng, held_back = np.random.default_rng(seed), []
    for label, name in enumerate(class_names):
        members = np.flatnonzero(labels == label)
        n = max(1, round(len(members) * share))
        if len(members) - n < 2:
            needed = next(k for k in range(3, 1_000_000) if k - max(1, round(k * share)) >= 2)
            raise ValueError(
                f"The class {name!r} has {len(members)} image{'s' * (len(members) != 1)}: with validation_split={share:g} "
                f"it needs at least {needed}; add images, or leave the class out."
            )
        held_back.append(rng.permutation(members)[:n])
    validation = np.sort(np.concatenate(held_back))
    return np.setdiff1d(np.arange(len(labels)), validation), validation


def balancing_weights(labels):
    """Return a weight for each of N images so that every class weighs the same in the loss; their mean is 1."""
    from sklearn.utils.class_weight import compute_sample_weight

    return compute_sample_weight("balanced", labels).astype(np.float32)


def outputs_of(model, images, progress, title):
    """Return what a Keras model gives for images (N, H, W, 3), in batches, as one float32 array."""
    found = []
    for start in progress_bar(range(0, len(images), BATCH), title, "batch", shown=progress):
        found.append(model.predict_on_batch(images[start : start + BATCH].astype(np.float32)))
    return np.concatenate(found)


def train_head(features, labels, n_classes, training, validation, *, epochs, seed, progress):
    """Return (kernel (F, C), bias (C,), history, interrupted) of a softmax layer on features (N, F).

    The features are standardized for the training, because a few large ones would rule it otherwise; the same linear map
    is then written for the features as they are.
    """
    from keras import Sequential, layers

    mean, std = features[training].mean(axis=0), features[training].std(axis=0)
    std = np.maximum(std, 0.1 * std.mean() + 1e-12)  # a channel that hardly ever fires must not be blown up
    head = Sequential(
        [
            layers.Input((features.shape[1],)),
            layers.Dropout(0.3, seed=seed),
            layers.Dense(n_classes, activation="softmax", kernel_initializer="zeros"),
        ]
    )
    data = ((features - mean) / std, labels, training, validation)
    how = dict(rate=1e-3, epochs=epochs, seed=seed, progress=progress, title="training the head")
    history, interrupted = fit(head, data, **how)
    kernel, bias = head.get_weights()
    return kernel / std[:, None], bias - (mean / std) @ kernel, history, interrupted


def fine_tune_top(model, cut, images, labels, training, validation, *, epochs, seed, progress):
    """Train what comes after the layer `cut`, in place; return (history, interrupted). What comes before is run once."""
    import keras

    below = keras.Model(model.inputs, model.get_layer(cut).output)
    maps = outputs_of(below, images, progress, f"up to {cut}")
    above = keras.Model(model.get_layer(cut).output, model.output)
    frozen = [layer for layer in above.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in frozen:  # their statistics come from far more images than there are here
        layer.trainable = False
    data = (maps, labels, training, validation)
    how = dict(rate=1e-4, epochs=epochs, seed=seed, progress=progress, title=f"training after {cut}")
    return fit(above, data, **how)


def fit(model, data, *, rate, epochs, seed, progress, title, patience=10):
    """Train `model` in place with class weights; return (history, interrupted).

    It stops when the validation loss has not fallen for `patience` epochs, or when the learner interrupts it; in both
    cases the model keeps the weights of its best epoch, or those that it came with where no epoch was better.
    data: inputs (N, ...), labels (N,), training indices, validation indices.
    """
    import keras

    from .batches import Epochs, ShuffledBatches

    inputs, labels, training, validation = data
    weights = np.ones(len(labels), np.float32)
    for part in (training, validation):
        weights[part] = balancing_weights(labels[part])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    held_back = (inputs[validation], labels[validation], weights[validation])
    x, y, sample_weight = held_back
    before = model.get_weights()
    loss_before = model.evaluate(x, y, BATCH, sample_weight=sample_weight, verbose=0)[0]
    batches = ShuffledBatches(inputs, labels, weights, training, BATCH, seed)
    stopping = keras.callbacks.EarlyStopping(patience=patience, restore_best_weights=True)
    seen, interrupted = Epochs(epochs, progress, title), False
    try:
        options = dict(epochs=epochs, shuffle=False, validation_data=held_back, validation_batch_size=BATCH, verbose=0)
        model.fit(batches, callbacks=[stopping, seen], **options)
    except KeyboardInterrupt:
        interrupted = True
        model.set_weights(stopping.best_weights or before)
        if not seen.history["loss"]:
            raise
    finally:
        seen.close()
    if not min(seen.history["val_loss"]) < loss_before:
        model.set_weights(before)
    return seen.history, interrupted
