"""The networks of the table: families of keras.applications with random weights, and what people write by hand."""

import contextlib
import functools

import keras
import numpy as np
import tensorflow as tf
from keras import layers as L

from .subject import Subject

CLASSES = 4
_TO_ONE = lambda x: x / 127.5 - 1  # noqa: E731

# family: edge in pixels, options, preprocessing. The smallest of each, at a size that it takes.
_SIZES = {
    "MobileNet": (64, {"alpha": 0.25}, _TO_ONE),
    "MobileNetV2": (64, {"alpha": 0.35}, _TO_ONE),
    "MobileNetV3Small": (64, {"minimalistic": False}, None),
    "EfficientNetB0": (64, {}, None),
    "EfficientNetV2B0": (64, {}, None),
    "ResNet50": (64, {}, _TO_ONE),
    "ResNet50V2": (64, {}, _TO_ONE),
    "DenseNet121": (64, {}, _TO_ONE),
    "Xception": (96, {}, _TO_ONE),
    "InceptionV3": (96, {}, _TO_ONE),
    "InceptionResNetV2": (96, {}, _TO_ONE),
    "NASNetMobile": (64, {}, _TO_ONE),
    "VGG16": (32, {}, _TO_ONE),
    "ConvNeXtTiny": (64, {}, None),
}
_STABLE = ("MobileNet", "MobileNetV3Small", "NASNetMobile")  # of these float32 gives the gradient without `calm`


def picture(edge, channels=3, seed=0):
    """Return a picture of coloured patches and noise, (edge, edge, channels)."""
    random = np.random.default_rng(seed)
    patches = random.uniform(0, 255, (4, 4, channels)).repeat(-(-edge // 4), axis=0).repeat(-(-edge // 4), axis=1)[:edge, :edge]
    return np.clip(patches + random.normal(0, 20, patches.shape), 0, 255).astype(np.float32)


def _plain(model, shape):
    return model


def _in_sequential(model, shape):
    return keras.Sequential([keras.Input(shape), model])


def _in_functional(model, shape):
    i = keras.Input(shape)
    features = keras.Model(model.inputs, model.layers[-1].input)
    head = L.Dense(CLASSES, activation="softmax", name="own_head")
    return keras.Model(i, head(features(i)))


WRAPPED = {"plain": _plain, "in Sequential": _in_sequential, "in functional": _in_functional}


def family(name, wrapped="plain"):
    """Return the Subject of one family, its batch normalisations as after training on pictures like ours."""
    edge, options, prepare = _SIZES[name]
    keras.utils.set_random_seed(1)
    shape = (edge, edge, 3)
    model = getattr(keras.applications, name)(weights=None, input_shape=shape, classes=CLASSES, **options)
    if name not in _STABLE:
        calm(model)
    settle(model, np.stack([picture(edge, seed=seed) for seed in range(3)]), prepare)
    model = WRAPPED[wrapped](model, shape)
    soften(model, np.stack([picture(edge, seed=9), np.zeros(shape, np.float32)]), prepare)
    return Subject(model, picture(edge, seed=9), prepare)


def settle(model, images, prepare):
    """Give every batch normalisation mean and variance of what it sees, first to last: else signals grow or die on their way."""
    x = (prepare or (lambda x: x))(images)
    for layer in model._flatten_layers():
        if isinstance(layer, L.BatchNormalization):
            layer.momentum, layer.kept = 0.0, layer.momentum
    model(x, training=True)
    for layer in model._flatten_layers():
        if isinstance(layer, L.BatchNormalization):
            layer.momentum = layer.__dict__.pop("kept")


def calm(model):
    """Move what goes into each activation to where it is bent less: a mean of twice the spread.

    Without, what a hundred normalised layers make of a tiny change is another picture altogether: of the gradients of
    EfficientNet's random weights TensorFlow's own float32 and float64 say things that differ by 100 %; with it, by 3e-6.
    """
    for layer in model._flatten_layers():
        if isinstance(layer, L.BatchNormalization):
            if layer.scale:
                layer.gamma.assign(0.5 * layer.gamma)
            layer.beta.assign(layer.beta + (1 if layer.scale else 2))


def soften(model, images, prepare):
    """Scale the weights of the head so that no class is nearly certain, nor all alike: the logits are read back from p."""
    x = (prepare or (lambda x: x))(images)
    head = _last_with_weights(model)
    apart = lambda: np.ptp(np.log(np.maximum(model(x, training=False).numpy(), 1e-30)))  # noqa: E731
    for _ in range(100):  # where signals die away, as in VGG16, they must be made larger
        now = apart()
        if 0.05 <= now <= 5:
            return
        head.kernel.assign(head.kernel * (2 if now < 0.05 else 0.5))
    raise ValueError(f"{model.name}: the logits stay {now:.2g} apart whatever the head's weights are.")


def _last_with_weights(model):
    """Return the last layer with a kernel, in the order of computation, inside a nested model where that comes last."""
    for layer in reversed(model.layers):
        found = _last_with_weights(layer) if isinstance(layer, keras.Model) else layer if hasattr(layer, "kernel") else None
        if found is not None:
            return found
    return None


FAMILIES = {f"{name}, {wrapped}": functools.partial(family, name, wrapped) for name in _SIZES for wrapped in WRAPPED}


# -- by hand --------------------------------------------------------------------------------------------------------------


def small(activation="relu", head="softmax", channels=3, units=CLASSES, norm=None, pool="mean"):
    """Return a small network, written out: two convolutions and a Dense layer. activation: name or layer factory."""
    keras.utils.set_random_seed(2)
    i = keras.Input((32, 32, channels))
    x = L.Rescaling(1 / 127.5, offset=-1)(i)
    for filters in (6, 8):
        x = L.Conv2D(filters, 3, strides=2, padding="same", bias_initializer="random_normal")(x)
        x = norm()(x) if norm else x
        x = activation()(x) if callable(activation) else L.Activation(activation)(x)
    x = L.GlobalAveragePooling2D()(x) if pool == "mean" else L.Flatten()(x)
    return keras.Model(i, L.Dense(units, activation=head, kernel_initializer="he_normal")(x))


class Written(keras.Model):
    """A subclassed model with keras.ops and TensorFlow in its call."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.head = L.Conv2D(6, 3, strides=2), L.Conv2D(8, 3, strides=2), L.Dense(CLASSES)

    def call(self, x):
        x = keras.ops.relu(self.a(x / 127.5 - 1))
        x = tf.nn.relu(self.b(x) + 0.1)
        return tf.nn.softmax(self.head(keras.ops.mean(x, axis=(1, 2))))


def _written():
    keras.utils.set_random_seed(2)
    model = Written()
    model(np.zeros((1, 32, 32, 3), np.float32))
    return Subject(model, picture(32), input_shape=(32, 32, 3))


@contextlib.contextmanager
def _policy(dtype):
    keras.config.set_dtype_policy(dtype)
    try:
        yield
    finally:
        keras.config.set_dtype_policy("float32")


def _of_type(dtype, close, rounding):
    with _policy(dtype):
        return Subject(small(), picture(32), close=close, rounding=rounding)


def _behind(*layers):
    return keras.Sequential([keras.Input((32, 32, 3)), small(), *layers])


def _average():
    i = keras.Input((32, 32, 3))
    first, second = small(), small("tanh")
    return Subject(keras.Model(i, L.Average()([first(i), second(i)])), picture(32))


def _twice():
    keras.utils.set_random_seed(2)
    i, shared = keras.Input((32, 32, 3)), L.Conv2D(3, 3, padding="same", activation="relu", name="shared")
    a = shared(L.Rescaling(1 / 255)(i))
    b = shared(a)
    x = L.Concatenate()([L.GlobalAveragePooling2D()(a), L.GlobalAveragePooling2D()(b)])
    return Subject(keras.Model(i, L.Dense(CLASSES, activation="softmax")(x)), picture(32))


def transformer():
    """Return a small vision transformer whose head looks at the mean of its tokens."""
    keras.utils.set_random_seed(5)
    i = keras.Input((32, 32, 3))
    x = L.Reshape((16, 16))(L.Conv2D(16, 8, strides=8)(L.Rescaling(1 / 255)(i)))
    normed = L.LayerNormalization()(x)
    x = L.Add()([x, L.MultiHeadAttention(2, 8)(normed, normed)])
    x = L.LayerNormalization()(L.Add()([x, L.Dense(16, activation="gelu")(x)]))
    return keras.Model(i, L.Dense(CLASSES, activation="softmax")(L.GlobalAveragePooling1D()(x)))


def _gated():
    """A network with squeeze-and-excitation."""
    keras.utils.set_random_seed(2)
    i = keras.Input((32, 32, 3))
    x = L.Conv2D(8, 3, strides=2, activation="relu")(L.Rescaling(1 / 127.5, offset=-1)(i))
    gate = L.Dense(8, activation="sigmoid")(L.Dense(4, activation="relu")(L.GlobalAveragePooling2D(keepdims=True)(x)))
    return keras.Model(i, L.Dense(CLASSES, activation="softmax")(L.GlobalAveragePooling2D()(L.Multiply()([x, gate]))))


def _held():
    i, age = keras.Input((32, 32, 3), name="image"), keras.Input((1,), name="age")
    x = L.Concatenate()([keras.Model((m := small()).inputs, m.layers[-1].input)(i), age / 100])
    return Subject(keras.Model([i, age], L.Dense(CLASSES, activation="softmax")(x)), picture(32), inputs={"age": 40})


def _resizing(x):
    return tf.image.resize(x, (32, 32))


def _in_numpy(x):
    return np.sqrt(np.abs(np.asarray(x)) / 255).astype(np.float32) * 255


HAND_MADE = {
    "convolutions, ReLU, softmax": lambda: Subject(small(), picture(32)),
    "the same in float64": lambda: _of_type("float64", 1e-3, 2**-53),
    # Every layer rounds to 8 bits: its gradients are 4 % off those of the same weights in float32, at their largest.
    "the same in mixed bfloat16": lambda: _of_type("mixed_bfloat16", 1e-1, 2**-8),
    "the same in mixed float16": lambda: _of_type("mixed_float16", 2e-2, 2**-11),
    "swish": lambda: Subject(small("swish"), picture(32)),
    "gelu, layer normalisation": lambda: Subject(small("gelu", norm=L.LayerNormalization), picture(32)),
    "tanh": lambda: Subject(small("tanh"), picture(32)),
    "leaky ReLU": lambda: Subject(small(L.LeakyReLU), picture(32)),
    "PReLU": lambda: Subject(small(L.PReLU), picture(32)),
    "squeeze and excitation": lambda: Subject(_gated(), picture(32)),
    "flattened head": lambda: Subject(small(pool="flat"), picture(32)),
    "logits": lambda: Subject(small(head=None), picture(32)),
    "log softmax": lambda: Subject(small(head="log_softmax"), picture(32)),
    "multi-label sigmoids": lambda: Subject(small(head="sigmoid"), picture(32)),
    "one sigmoid": lambda: Subject(small(head="sigmoid", units=1), picture(32)),
    "one logit": lambda: Subject(small(head=None, units=1), picture(32), outputs="sigmoid logits"),
    "regression": lambda: Subject(small(head=None, units=1), picture(32), outputs="values"),
    "softmax behind Dropout and Activation('linear')": lambda: Subject(
        _behind(L.Dropout(0.5), L.Activation("linear")), picture(32)
    ),
    "average of two networks": _average,
    "softmax in a Lambda": lambda: Subject(
        keras.Sequential([keras.Input((32, 32, 3)), small(head=None), L.Lambda(lambda z: tf.nn.softmax(z))]), picture(32)
    ),
    "subclassed": _written,
    "a layer called twice": _twice,
    "a small vision transformer": lambda: Subject(transformer(), picture(32)),
    "grey images": lambda: Subject(small(channels=1), picture(32, 1)),
    "five channels": lambda: Subject(small(channels=5), picture(32, 5)),
    "another input, held": _held,
    "preprocessing that resizes": lambda: Subject(small(), picture(48), _resizing, input_shape=(48, 48, 3)),
    "preprocessing in numpy, not linear": lambda: Subject(small(), picture(32), _in_numpy),
}
