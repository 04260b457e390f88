"""Networks without a head: they take images 0 to 255 and give the last activation maps, for transfer learning."""

from collections import Counter
from pathlib import Path

from .._validation import shown, whole_number

# Name: where its trained weights may come from (the first is the usual choice), and the smallest image it takes.
BACKBONES = {"xception": (("skin", "imagenet"), 71), "efficientnet-lite0": (("imagenet",), 32)}


def build_backbone(name="xception", weights="auto", *, image_size=128, input_size=None):
    """Return a Keras model from images (N, input_size, input_size, 3), 0 to 255, to activation maps (N, h, w, channels).

    The preprocessing is part of it, as its first layers.
    name: "xception" or "efficientnet-lite0".
    weights: "auto" ("skin" for Xception, else "imagenet"), "skin" (trained on skin lesions, fetched on first use),
        "imagenet", None for random ones, or the path of a file that `model.save_weights` wrote for such a backbone.
    image_size: edge in pixels at which the network looks. input_size: of the images, if it differs; they are resized.
    """
    weights = _checked(name, weights, image_size)
    from keras import Input, Model, layers

    edge = input_size or image_size
    inputs = Input((edge, edge, 3), name="image")
    x = inputs if edge == image_size else layers.Resizing(image_size, image_size, name="resize")(inputs)
    build = _xception if name == "xception" else _efficientnet_lite0
    outputs, set_weights = build(x, weights)
    model = Model(inputs, outputs, name=name.replace("-", "_"))
    if isinstance(weights, Path):
        _load_file(model, weights)
    else:
        set_weights(model)
    return model


def with_head(network, kernel, bias):
    """Return the whole model: a backbone, global average pooling, and a softmax layer with these weights."""
    import keras

    pooled = keras.layers.GlobalAveragePooling2D(name="avg_pool")(network.outputs[0])
    head = keras.layers.Dense(len(bias), activation="softmax", name="predictions")
    model = keras.Model(network.inputs, head(pooled), name=f"{network.name}_classifier")
    head.set_weights([kernel, bias])
    return model


def check_backbone(backbone):
    """Return the name of a backbone, a name or a Keras model; raise in one sentence for anything else."""
    if isinstance(backbone, str):
        if backbone not in BACKBONES:
            raise ValueError(
                f"There is no backbone {shown(backbone)}: choose from {', '.join(BACKBONES)}, or give a Keras model."
            )
        return backbone
    import keras

    if not isinstance(backbone, keras.Layer):
        raise TypeError(f"backbone is {type(backbone).__name__}: give a name, {' or '.join(BACKBONES)}, or a Keras model.")
    return backbone.name


def _checked(name, weights, image_size):
    """Return `weights` as "skin", "imagenet", None or a Path; an error where the three don't fit together."""
    check_backbone(name)
    whole_number(image_size, "image_size", BACKBONES[name][1], what=f"a whole number of pixels for {name}")
    return check_weights(name, weights)


def check_weights(backbone, weights):
    """Return `weights` as "skin", "imagenet", None or a Path; raise ValueError where the backbone has no such weights."""
    if not isinstance(backbone, str):
        if not isinstance(weights, str) or weights != "auto":
            raise ValueError(f"weights is {shown(weights)} for a model of your own, which has its weights: leave it out.")
        return weights
    known, _ = BACKBONES[backbone]
    if weights is None or (isinstance(weights, str) and weights in ("auto", *known)):
        return known[0] if weights == "auto" else weights
    path = Path(weights) if isinstance(weights, (str, Path)) else None
    if path is None or not _is_file(path):
        raise ValueError(
            f"weights is {shown(weights)}, which is neither a file nor one of those of {backbone}: "
            f"{', '.join(known)}, None (random), or a file written by model.save_weights."
        )
    return path


def _is_file(path):
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is far too long
        return False


def _load_file(model, path):
    try:
        model.load_weights(path)
    except Exception as error:  # by the way in which the file is wrong, h5py or Keras raise
        raise ValueError(
            f"{path} does not hold weights of {model.name} ({str(error).splitlines()[0]}): give a .weights.h5 file that "
            "model.save_weights wrote for the same backbone."
        ) from None


def _efficientnet_lite0(x, weights):
    from keras import layers

    from .efficientnet_lite0 import feature_maps, set_imagenet_weights

    maps = feature_maps(layers.Rescaling(1 / 128, offset=-127 / 128, name="rescale")(x))
    return maps, set_imagenet_weights if weights == "imagenet" else lambda model: None


def _xception(x, weights):
    from keras import applications, layers

    if weights == "skin":
        from .skin_backbone import skin_weights

        stored, mean, variance = skin_weights()
        x = layers.Normalization(mean=mean, variance=variance, name="normalize")(x)
    else:
        x = layers.Rescaling(1 / 127.5, offset=-1, name="rescale")(x)
    shape = tuple(x.shape[1:])
    network = applications.Xception(weights=None, include_top=False, input_tensor=x, input_shape=shape)
    _name_shortcuts(network)

    def set_weights(model):
        if weights == "skin":
            _transplant(stored, model)
        elif weights == "imagenet":
            from .xception import imagenet_xception

            trained = imagenet_xception(include_top=False, input_shape=shape)
            for theirs, ours in zip(_weighted(trained), _weighted(model)):
                ours.set_weights(theirs.get_weights())

    return network.output, set_weights


def _name_shortcuts(network):
    """Name Xception's shortcut layers after their block: Keras numbers them by what else was built in the session."""
    blocks = {"Conv2D": [2, 3, 4, 13], "BatchNormalization": [2, 3, 4, 13], "Add": range(2, 14)}
    names = {"Conv2D": "shortcut_conv", "BatchNormalization": "shortcut_bn", "Add": "add"}
    for kind, numbers in blocks.items():
        unnamed = [layer for layer in network.layers if type(layer).__name__ == kind and "block" not in layer.name]
        for layer, number in zip(unnamed, numbers, strict=True):
            layer.name = f"block{number}_{names[kind]}"


def _weighted(model):
    """Return the convolutions and batch normalizations of `model`, from input to output."""
    return [layer for layer in model.layers if layer.weights and type(layer).__name__ != "Normalization"]


def _transplant(stored, model):
    """Set the weights of `model` from {"conv2d_1": [arrays]}: the class of a layer and its place in that class."""
    kinds = {"Conv2D": "conv2d", "SeparableConv2D": "separable_conv2d", "BatchNormalization": "batch_normalization"}
    seen = Counter()
    for layer in _weighted(model):
        kind = kinds[type(layer).__name__]
        key = f"{kind}_{seen[kind]}" if seen[kind] else kind
        seen[kind] += 1
        layer.set_weights(stored[key])
