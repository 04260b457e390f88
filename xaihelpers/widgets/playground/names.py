"""Names as people write them; the code's own stay the values behind them."""

from ...methods import METHODS

CLASSIFIERS = {
    "efficientnet-lite0": "EfficientNet-Lite0 (ImageNet)",
    "rashnet": "RashNet (rashes)",
    "rashnet-biased": "RashNet, biased (rashes)",
    "rash-xception": "Xception (rashes)",
    "xception": "Xception (ImageNet)",
}


def technique_title(name):
    """Return a technique's name for a reader."""
    return METHODS[name].title


def classifier_title(name):
    """Return a classifier's name for a reader."""
    return CLASSIFIERS.get(name, name)


def class_title(name):
    """Return a class's name for a reader."""
    return str(name).replace("_", " ")


def parameter_title(name):
    """Return a parameter's name for a reader, still one that can be found in the code."""
    return name.replace("n_", "number of ", 1).replace("_", " ") if name.startswith("n_") else name.replace("_", " ")
