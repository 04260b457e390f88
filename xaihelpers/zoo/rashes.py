"""The classifiers of the six rash classes."""

from ..classifier import Classifier


def load_rashnet_classifier(biased=False):
    """Return RashNet as a `Classifier`: six classes, RGB images of 128 x 128, all offline."""
    from .rashnet import load_rashnet

    model, class_names = load_rashnet(biased=biased)
    return Classifier(model, class_names=class_names)


def load_biased_rashnet_classifier():
    """Return the RashNet that was trained on purpose on unbalanced images in which a sticker goes with one class."""
    return load_rashnet_classifier(biased=True)
