"""Xception trained on ImageNet, as `keras.applications` ships it (Chollet, 2017)."""

from ..classifier import Classifier
from .imagenet import imagenet_class_names


def load_xception():
    """Return ImageNet's Xception as a `Classifier`: 1000 classes, RGB images of 299 x 299.

    Keras downloads the weights (88 MB) on first use, and keeps them. Raises ConnectionError without a network.
    """
    model = imagenet_xception(include_top=True, input_shape=(299, 299, 3))
    return Classifier(model, class_names=imagenet_class_names(), preprocess=lambda x: x / 127.5 - 1)


def imagenet_xception(**options):
    """Return `keras.applications.Xception(weights="imagenet", **options)`, or one sentence where it can't be had."""
    import keras

    try:
        return keras.applications.Xception(weights="imagenet", **options)
    except Exception as error:
        # A failed download is a plain Exception, an OSError, or a ValueError about a hash, by how far it came.
        if isinstance(error, ValueError) and "hash" not in str(error):
            raise
        raise ConnectionError(
            "Xception's ImageNet weights (88 MB) could not be downloaded: connect to a network once, or use "
            "load_classifier('efficientnet-lite0'), which works offline."
        ) from None
