"""The classifiers of the six rash classes."""

import zipfile
from pathlib import Path

import numpy as np

from ..classifier import Classifier
from .backbones import build_backbone, with_head

HEAD = Path(__file__).parents[1] / "data" / "rash-xception-head.npz"


def load_rashnet_classifier(biased=False):
    """Return RashNet as a `Classifier`: six classes, RGB images of 128 x 128, all offline."""
    from .rashnet import load_rashnet

    model, class_names = load_rashnet(biased=biased)
    return Classifier(model, class_names=class_names)


def load_biased_rashnet_classifier():
    """Return the RashNet that was trained on purpose on unbalanced images in which a sticker goes with one class."""
    return load_rashnet_classifier(biased=True)


def load_rash_xception():
    """Return the Xception for the six rash classes as a `Classifier`: RGB images of 128 x 128.

    Its backbone was trained on skin lesions, and is fetched on first use (80 MB); its head ships with the course, made by
    `python -m tools.train_rash_xception`. Raises ConnectionError, with what to do, where it can't be fetched.
    """
    try:
        with np.load(HEAD, allow_pickle=False) as head:
            kernel, bias, names, size = (head[key] for key in ("kernel", "bias", "class_names", "image_size"))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise FileNotFoundError(
            f"{HEAD} is missing or broken ({error}): install the package again, or make it with "
            "python -m tools.train_rash_xception."
        ) from None
    model = with_head(build_backbone("xception", "skin", image_size=int(size)), kernel, bias)
    return Classifier(model, class_names=names.tolist())
