"""Small networks written in every way that people write them: heads x wrappers x layouts x number types.

Each comes with its true logits, computed by a core that shares its weights and that the classifier never sees.
"""

import itertools
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from keras import layers as L

CLASSES, SIZE = 4, 12


@dataclass
class Generated:
    """name: how it was written. model: what is given to Classifier. core: from preprocessed input to logits. options: for it."""

    name: str
    model: object
    core: object
    options: dict


def body(shape, units, layout, dtype):
    """Return a model from images to logits: two convolutions with ReLU, pooling, a Dense layer; small weights."""
    keras.config.set_dtype_policy(dtype)
    i = keras.Input(shape)
    form = "channels_first" if layout == "first" else "channels_last"
    x = L.Rescaling(1 / 128, offset=-1)(i)
    if layout == "first":
        x = L.Permute((2, 3, 1))(x)
        form = "channels_last"
    x = L.Conv2D(5, 3, padding="same", activation="relu", data_format=form)(x)
    x = L.Conv2D(6, 3, strides=2, activation="relu", bias_initializer="normal", data_format=form)(x)
    x = L.GlobalAveragePooling2D(data_format=form)(x)
    z = L.Dense(units, kernel_initializer=keras.initializers.RandomNormal(0, 2, seed=units), bias_initializer="normal")(x)
    keras.config.set_dtype_policy("float32")
    return keras.Model(i, z)


def softmax_by_hand(z):
    e = tf.exp(tf.cast(z, tf.float32) - tf.reduce_max(tf.cast(z, tf.float32), -1, keepdims=True))
    return e / tf.reduce_sum(e, -1, keepdims=True)


# head: (units, layer that makes the output from logits, whether its logits can be reached, outputs=)
HEADS = {
    "softmax": (CLASSES, lambda: L.Activation("softmax", dtype="float32"), True, None),
    "Softmax layer": (CLASSES, lambda: L.Softmax(dtype="float32"), True, None),
    "Softmax in its own type": (CLASSES, lambda: L.Softmax(), True, None),
    "tf.nn.softmax": (CLASSES, lambda: L.Lambda(tf.nn.softmax, dtype="float32"), True, None),
    "tf.nn.log_softmax": (CLASSES, lambda: L.Activation(tf.nn.log_softmax, dtype="float32"), True, None),
    "log_softmax": (CLASSES, lambda: L.Activation("log_softmax", dtype="float32"), True, None),
    "ops.softmax": (CLASSES, lambda: lambda z: keras.ops.softmax(keras.ops.cast(z, "float32")), True, None),
    "by hand": (CLASSES, lambda: L.Lambda(softmax_by_hand, dtype="float32"), False, None),
    "linear": (CLASSES, lambda: L.Activation("linear", dtype="float32"), True, None),
    "sigmoids": (CLASSES, lambda: L.Activation("sigmoid", dtype="float32"), True, None),
    "one sigmoid": (1, lambda: L.Activation("sigmoid", dtype="float32"), True, None),
    "one logit": (1, lambda: L.Activation("linear", dtype="float32"), True, "sigmoid logits"),
    "regression": (1, lambda: L.Activation("linear", dtype="float32"), True, "values"),
    "double softmax": (CLASSES, lambda: keras.Sequential([L.Softmax(dtype="float32"), L.Softmax(dtype="float32")]), None, None),
}


class Subclassed(keras.Model):
    """A model of one's own that calls another one."""

    def __init__(self, inner, **options):
        super().__init__(**options)
        self.inner = inner

    def call(self, x):
        return self.inner(x)


def average(a, b, i):
    return keras.Model(i, L.Average(dtype="float32")([a(i), b(i)]))


WRAPPERS = {
    "plain": lambda m, i: m,
    "in Sequential": lambda m, i: keras.Sequential([i, m]),
    "in functional": lambda m, i: keras.Model(i, m(i)),
    "twice nested": lambda m, i: keras.Sequential([i, keras.Model(m.inputs, m(m.inputs[0]))]),
    "Dropout": lambda m, i: keras.Sequential([i, m, L.Dropout(0.5, dtype="float32")]),
    "linear float32": lambda m, i: keras.Sequential([i, m, L.Activation("linear", dtype="float32")]),
    "Flatten": lambda m, i: keras.Sequential([i, m, L.Reshape((1, 1, -1), dtype="float32"), L.Flatten(dtype="float32")]),
    "subclassed": lambda m, i: Subclassed(m),
    "second output": lambda m, i: keras.Model(i, [keras.ops.mean(i, (1, 2, 3)), m(i)]),
    "held input": lambda m, i: _with_age(m, i),
    "average with itself": lambda m, i: average(m, m, i),
    "tf.function": lambda m, i: keras.Model(
        i, L.Lambda(tf.function(lambda x: m(x)), dtype="float32", output_shape=m.output_shape[1:])(i)
    ),
}
CLOSED = ("average with itself", "tf.function", "held input")  # no way back to the activation


def _with_age(model, i):
    age = keras.Input((1,), name="age")
    return keras.Model([i, age], L.Add(dtype="float32")([model(i), 0.0 * age]))


def _functional(core, layer):
    return keras.Model(core.inputs, layer(core.outputs[0]))


LAYOUTS = {
    "rgb": (3, "last", None),
    "grey": (1, "last", None),
    "channels first": (3, "first", lambda x: tf.transpose(x, (0, 3, 1, 2))),
}
DTYPES = ("float32", "mixed_bfloat16", "mixed_float16", "float64")


def combinations(n, seed=0):
    """Return n combinations (head, wrapper, layout, dtype), every value of each about equally often, in every pair of them."""
    rng = np.random.default_rng(seed)
    everything = list(itertools.product(HEADS, WRAPPERS, LAYOUTS, DTYPES))
    rng.shuffle(everything)
    chosen, seen = [], {}
    for _ in range(n):  # the one with most pairs that are still rare
        best = min(everything, key=lambda c: (sum(seen.get(p, 0) for p in itertools.combinations(enumerate(c), 2)), c))
        everything.remove(best)
        chosen.append(tuple(str(each) for each in best))
        for p in itertools.combinations(enumerate(best), 2):
            seen[p] = seen.get(p, 0) + 1
    return chosen


def generate(head, wrapper, layout, dtype):
    """Return the Generated network of one combination, with fixed weights."""
    keras.utils.set_random_seed(7)
    units, make, _, outputs = HEADS[head]
    channels, form, preprocess = LAYOUTS[layout]
    shape = (channels, SIZE, SIZE) if form == "first" else (SIZE, SIZE, channels)
    core = body(shape, units, form, dtype)
    keras.config.set_dtype_policy(dtype)
    try:
        inner = _functional(core, make())
        model = WRAPPERS[wrapper](inner, keras.Input(shape, name="image"))
    finally:
        keras.config.set_dtype_policy("float32")
    options = {"preprocess": preprocess} if preprocess else {}
    if outputs:
        options["outputs"] = outputs
    if wrapper == "subclassed":
        options["input_shape"] = (SIZE, SIZE, channels)
    if wrapper == "second output":
        options["output"] = 1
    if wrapper == "held input":
        options["inputs"] = {"age": 40}
    return Generated(f"{head} / {wrapper} / {layout} / {dtype}", model, core, options)


def true_score(generated, head, wrapper, x):
    """Return the score (N, C) that is explained, and its name, for preprocessed inputs: from the core, or the model's output."""
    closed = wrapper in CLOSED
    if head in ("linear", "one logit", "regression") or (HEADS[head][2] and not closed):
        return generated.core(x), "value" if head == "regression" else "logit"
    if head == "double softmax" and not closed:
        return tf.nn.softmax(tf.cast(generated.core(x), tf.float32)), "logit"
    y = own_output(generated, x)
    if "sigmoid" in head:
        return tf.math.log(y) - tf.math.log1p(-y), "log-odds"
    return (y, "logit") if "log_softmax" in head else (tf.math.log(y), "log p")


def own_output(generated, x):
    """Return what the model itself gives for preprocessed inputs, float64."""
    inputs = [x, tf.fill((x.shape[0], 1), 40.0)] if "inputs" in generated.options else x
    # Compiled, as `predict` does it: number types of 16 bits are rounded at other places than step by step.
    y = tf.function(generated.model, autograph=False)(inputs, training=False)
    return tf.cast(y[generated.options["output"]] if "output" in generated.options else y, tf.float64)
