"""The steps of transfer learning: split, features, head, top block. `train_classifier` goes through them."""

from collections import Counter

import numpy as np

BATCH = 32


def stratified_split(labels, class_names, share, seed):
    """Return (training indices, validation indices): `share` of every class, rounded, at least one, is held back.

    Raises ValueError where a class would keep fewer than two images to train on.
    """
    if not isinstance(share, (int, float)) or not 0 < share < 1:
        raise ValueError(f"validation_split is {share!r}: expected a share between 0 and 1, such as 0.2.")
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


def balancing_weights(labels, n_classes):
    """Return a weight for each of N images so that every class weighs the same in the loss; their mean is 1."""
    counts = np.bincount(labels, minlength=n_classes)
    return (len(labels) / (n_classes * counts))[labels].astype(np.float32)


def outputs_of(model, images, progress, title):
    """Return what a Keras model gives for images (N, H, W, 3), in batches, as one float32 array."""
    found = []
    for start in _bar(range(0, len(images), BATCH), progress, title, "batch"):
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
    history, interrupted = fit(head, data, n_classes, **how)
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
    data, n_classes = (maps, labels, training, validation), model.output.shape[-1]
    how = dict(rate=1e-4, epochs=epochs, seed=seed, progress=progress, title=f"training after {cut}")
    return fit(above, data, n_classes, **how)


def fit(model, data, n_classes, *, rate, epochs, seed, progress, title, patience=10):
    """Train `model` in place with class weights; return (history, interrupted).

    It stops when the validation loss has not fallen for `patience` epochs, or when the learner interrupts it; in both
    cases the model keeps the weights of its best epoch.
    data: inputs (N, ...), labels (N,), training indices, validation indices.
    """
    import keras

    inputs, labels, training, validation = data
    weights = np.ones(len(labels), np.float32)
    for part in (training, validation):
        weights[part] = balancing_weights(labels[part], n_classes)
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    rng, history = np.random.default_rng(seed), {key: [] for key in ("loss", "accuracy", "val_loss", "val_accuracy")}
    best = model.get_weights()
    best_loss = _pass(model, model.test_on_batch, inputs, labels, weights, validation)["loss"]
    bar, best_epoch = _bar(range(epochs), progress, title, "epoch"), 0
    try:
        for epoch in bar:
            seen = _pass(model, model.train_on_batch, inputs, labels, weights, rng.permutation(training))
            held = _pass(model, model.test_on_batch, inputs, labels, weights, validation)
            for key in ("loss", "accuracy"):
                history[key].append(seen[key])
                history[f"val_{key}"].append(held[key])
            if held["loss"] < best_loss:
                best, best_loss, best_epoch = model.get_weights(), held["loss"], epoch
            elif epoch - best_epoch >= patience:
                break
            if progress:
                bar.set_postfix_str(f"validation: loss {held['loss']:.3f}, accuracy {held['accuracy']:.3f}")
        interrupted = False
    except KeyboardInterrupt:
        if not history["loss"]:
            raise
        interrupted = True
    finally:
        model.set_weights(best)
    return history, interrupted


def _pass(model, step, inputs, labels, weights, order):
    """Take `step` on every batch once, in this order; return the means of loss and accuracy over the images."""
    total = Counter()
    for start in range(0, len(order), BATCH):
        batch = order[start : start + BATCH]
        model.reset_metrics()  # some versions of Keras do so by themselves, others add up the batches
        logs = step(inputs[batch], labels[batch], sample_weight=weights[batch], return_dict=True)
        total.update({key: float(value) * len(batch) for key, value in logs.items()})
    return {key: value / len(order) for key, value in total.items()}


def _bar(steps, shown, title, unit):
    if not shown:
        return steps
    from tqdm.auto import tqdm

    return tqdm(steps, desc=title, unit=unit)
