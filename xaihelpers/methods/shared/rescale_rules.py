"""DeepLIFT's rescale rule: differences from a background image go back through a network, none lost on the way.

Shrikumar, Greenside and Kundaje, "Learning Important Features Through Propagating Activation Differences", ICML 2017.

Every rule here reads one convention: row 0 of a batch is the image, every other row a background image. `gradient` holds
in each row the multiplier of the pair (image, that background): contribution / difference. Row 0 pairs the image with
itself and stays zero. So one pass over n + 1 images serves n backgrounds.
"""

import math

from ..._quiet import tf

# Below this share of what it is the difference of, a difference is rounding error, and the slope of the tangent stands for that
# of the secant. A share: the signals of a deep network may be a millionth, or a million, all of them.
TINY = 1e-6


def _leaky_relu(op, x, y):
    return tf.where(x > 0, 1.0, op.get_attr("alpha"))


def _selu(op, x, y):
    return tf.where(x > 0, 1.0507009873554805, y + 1.7580993408473766)


# The slope of the tangent, for (operation, input, output).
_TANGENT = {
    "Relu": lambda op, x, y: tf.cast(x > 0, x.dtype),
    "Relu6": lambda op, x, y: tf.cast((x > 0) & (x < 6), x.dtype),
    "LeakyRelu": _leaky_relu,
    "Elu": lambda op, x, y: tf.where(x > 0, 1.0, y + 1),
    "Selu": _selu,
    "Sigmoid": lambda op, x, y: y * (1 - y),
    "Tanh": lambda op, x, y: 1 - y * y,
    "Softplus": lambda op, x, y: tf.sigmoid(x),
    "Softsign": lambda op, x, y: tf.square(1 - tf.abs(y)),
    "Erf": lambda op, x, y: 2 / math.sqrt(math.pi) * tf.exp(-x * x),
    "Erfc": lambda op, x, y: -2 / math.sqrt(math.pi) * tf.exp(-x * x),
    "Exp": lambda op, x, y: y,
    "Expm1": lambda op, x, y: y + 1,
    "Log": lambda op, x, y: 1 / x,
    "Log1p": lambda op, x, y: 1 / (1 + x),
    "Abs": lambda op, x, y: tf.sign(x),
    "Sqrt": lambda op, x, y: 0.5 / y,
    "Rsqrt": lambda op, x, y: -0.5 * y * y * y,
    "Reciprocal": lambda op, x, y: -y * y,
    "Square": lambda op, x, y: 2 * x,
}


_EXACT = ("Relu", "Relu6", "Abs")  # these pass on what they are given, or nothing, and round nothing


def rescale(op, gradient):
    """Return the multiplier before an activation: times the slope of the secant between background and image."""
    x, y = op.inputs[0], op.outputs[0]
    return gradient * _secant(x, y, _TANGENT[op.type](op, x, y), exact=op.type in _EXACT)


def rescale_custom(op, *gradients):
    """Return the multipliers before an activation with a gradient of its own, such as swish.

    TensorFlow writes it as IdentityN(results, arguments); the one argument shaped like the result is the activation's.
    """
    y, position = op.outputs[0], _argument(op)
    x = op.inputs[position]
    multipliers = [None] * len(op.inputs)
    multipliers[position] = gradients[0] * _secant(x, y, tf.zeros_like(x))
    return multipliers


def rescale_clip(op, gradient):
    """Return the multipliers before a maximum or minimum with a constant."""
    y, multipliers = op.outputs[0], []
    for x in op.inputs:
        multipliers.append(gradient * _secant(x, y, tf.cast(x == y, x.dtype)) if _is_batch(x, y) else None)
    return multipliers


def product(op, gradient):
    """Return the multipliers before a product of two branches: each is credited at the mean of the other's two values."""
    a, b = op.inputs
    return _times_mean(gradient, a, b, op.outputs[0]), _times_mean(gradient, b, a, op.outputs[0])


def quotient(op, gradient):
    """Return the multipliers before a quotient of two branches: a product with one over the second."""
    a, b = op.inputs
    y = op.outputs[0]
    over = 1 / b
    below = gradient * (a + a[:1]) / 2 if _is_batch(a, y) else gradient * a
    # (1 / b - 1 / b0) / (b - b0) is -1 / (b b0).
    return _times_mean(gradient, a, over, y), _summed(-below * over * over[:1], b, y) if _is_batch(b, y) else None


def squared_difference(op, gradient):
    """Return the multipliers before (a - b) squared: the sum of the two differences, and its negative."""
    a, b = op.inputs
    difference = a - b
    multiplier = gradient * (difference + difference[:1])
    y = op.outputs[0]
    return tuple(_summed(sign * multiplier, of, y) if _is_batch(of, y) else None for sign, of in ((1, a), (-1, b)))


def max_pool(op, gradient):
    """Return the multipliers before max pooling: through the larger of the two maxima, as the shap package does."""
    x, y = op.inputs[0], op.outputs[0]
    larger = tf.maximum(y, y[:1])
    options = {name: op.get_attr(name) for name in ("ksize", "strides", "padding", "data_format", "explicit_paddings")}
    image_in, image_out = (tf.repeat(values[:1], tf.shape(values)[0], axis=0) for values in (x, y))
    at_image = tf.raw_ops.MaxPoolGrad(orig_input=image_in, orig_output=image_out, grad=gradient * (larger - y), **options)
    at_background = tf.raw_ops.MaxPoolGrad(orig_input=x, orig_output=y, grad=gradient * (y[:1] - larger), **options)
    return _per_difference(at_image + at_background, x)


def reduce_max(op, gradient):
    """Return the multipliers before a maximum over axes (global max pooling): as `max_pool`."""
    x, axes = op.inputs
    y = tf.reduce_max(x, axes, keepdims=True)
    gradient = tf.reshape(gradient, tf.shape(y))
    larger, at_largest = tf.maximum(y, y[:1]), tf.cast(x == y, x.dtype)
    at_largest /= tf.reduce_sum(at_largest, axes, keepdims=True)
    contribution = gradient * ((larger - y) * at_largest[:1] + (y[:1] - larger) * at_largest)
    return _per_difference(contribution, x), None


RULES = {
    **dict.fromkeys(_TANGENT, rescale),
    "MaxPool": max_pool,
    "Max": reduce_max,
    "Mul": product,
    "RealDiv": quotient,
    "SquaredDifference": squared_difference,
    "Maximum": rescale_clip,
    "Minimum": rescale_clip,
}

# Linear in the one signal that they take; by the chain rule their own gradient is right as it is.
_LINEAR = {
    "AvgPool",
    "BatchToSpaceND",
    "BiasAdd",
    "BroadcastTo",
    "Cast",
    "Conv2D",
    "Conv2DBackpropInput",
    "DepthToSpace",
    "DepthwiseConv2dNative",
    "Einsum",
    "ExpandDims",
    "FusedBatchNormV3",
    "GatherV2",
    "Identity",
    "MatMul",
    "BatchMatMulV2",
    "Mean",
    "MirrorPad",
    "Neg",
    "Pad",
    "PadV2",
    "Reshape",
    "ResizeBilinear",
    "ResizeNearestNeighbor",
    "ReverseV2",
    "Roll",
    "Slice",
    "SpaceToBatchND",
    "SpaceToDepth",
    "Split",
    "SplitV",
    "Squeeze",
    "StridedSlice",
    "Sum",
    "Tile",
    "Transpose",
    "Unpack",
}
# Of two signals, for which there is a rule.
_PAIRS = {"Mul", "RealDiv", "SquaredDifference"}
# A function of its own: Keras compiles grouped convolutions into one.
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
_PLUMBING = {"Const", "Identity", "NoOp", "Placeholder", "ReadVariableOp", "Shape", "_Arg", "_Retval"}
# Linear in several signals at once.
_SUMS = {"Add", "AddN", "AddV2", "ConcatV2", "Pack", "Sub"}


def missing_rule(op, active, rules=RULES, pairs=_PAIRS):
    """Return in words why no rule covers an operation, or None where one does; active: the operations before it.

    rules, pairs: the types of operations of one signal, and of two, that have one; linear ones need none.
    """
    signals = sum(tensor.op in active for tensor in op.inputs)
    if op.type in _SUMS or op.type in pairs or (op.type in rules and signals == 1):
        return None
    if op.type in _CALLS and signals == 1 and _is_linear_call(op):
        return None
    if op.type == "IdentityN":
        return None if _argument(op) else "function with a gradient of its own"
    if op.type not in _LINEAR:
        return op.type
    return None if signals == 1 else f"{op.type} of two signals"


def needs_rule(op, active):
    """Return whether an operation's own gradient would be wrong: not where it only scales the one signal that comes in."""
    scales = op.type == "Mul" or (op.type == "RealDiv" and op.inputs[0].op in active)
    return not (scales and sum(tensor.op in active for tensor in op.inputs) == 1)


def _is_linear_call(op):
    """Return whether the function that an operation calls holds linear operations only, one behind the other."""
    functions = {each.signature.name: each for each in op.graph.as_graph_def().library.function}
    function = functions.get(op.get_attr("f").name)
    return function is not None and all(node.op in _LINEAR | _PLUMBING for node in function.node_def)


def _argument(op):
    """Return the position of the one argument of an activation with a gradient of its own, or None."""
    result = op.outputs[0]
    alike = [i for i, tensor in enumerate(op.inputs) if i > 0 and _is_batch(tensor, result)]
    return alike[0] if len(alike) == 1 else None


def _is_batch(tensor, like):
    """Return whether a tensor has a row for every image, as `like` has: constants have not."""
    return tensor.shape.rank == like.shape.rank and tensor.shape.rank > 0 and tensor.shape[0] == like.shape[0]


def _secant(x, y, tangent, exact=False):
    """Return (y - y of the image) / (x - x of the image), or the tangent where the two are the same.

    exact: y is not rounded, so that any difference counts.
    """
    dx, dy = x - x[:1], y - y[:1]
    # Else one that is more than rounding, of the result as well: near 0 a sigmoid gives a half.
    apart = tf.not_equal(dx, 0) if exact else tf.abs(dx) > TINY * (tf.abs(x) + tf.abs(y))
    return tf.where(apart, dy / tf.where(apart, dx, tf.ones_like(dx)), tangent)


def _per_difference(contribution, x):
    """Return contribution / (image - background), zero where the two are the same."""
    dx = x[:1] - x
    apart = tf.abs(dx) > TINY * tf.abs(x)
    return tf.where(apart, contribution / tf.where(apart, dx, tf.ones_like(dx)), tf.zeros_like(dx))


def _times_mean(gradient, of, other, result):
    """Return gradient x mean of `other` over image and background, summed to the shape of `of` where it was broadcast."""
    if not _is_batch(of, result):
        return None
    factor = (other + other[:1]) / 2 if _is_batch(other, result) else other
    return _summed(gradient * factor, of, result)


def _summed(multiplier, of, result):
    """Return a multiplier summed to the shape of `of`, where that was broadcast to the shape of the result."""
    axes = [axis for axis in range(1, of.shape.rank) if of.shape[axis] == 1 and result.shape[axis] != 1]
    return tf.reduce_sum(multiplier, axes, keepdims=True) if axes else multiplier
