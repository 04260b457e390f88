"""The rules of layer-wise relevance propagation, each for one operation of a network that weighs its inputs.

Montavon, Binder, Lapuschkin, Samek and Müller, "Layer-Wise Relevance Propagation: An Overview", in Explainable AI: Interpreting,
Explaining and Visualizing Deep Learning, Springer LNCS 11700, 2019.

What goes back here is not relevance but relevance divided by the value that it belongs to: a multiplier, as in
`rescale_rules`. Then linear operations need no rule (their own gradient is right: sums, means, padding, reshaping), and a bias
keeps its share. A rule of `Weighing` is put on a convolution or a product with a matrix. It looks at the output z up to the next
activation, with the bias and the normalization that come in between, as if they were folded into the weights: z = s (W x) + b.
"""

from typing import NamedTuple

from ..._quiet import tf

# Operations that weigh their inputs: the position of the signal, and of the weights.
WEIGHING = {"Conv2D": (0, 1), "DepthwiseConv2dNative": (0, 1), "Conv2DBackpropInput": (2, 1), "MatMul": (0, 1)}
# Activations that give 0 for 0: all relevance goes through.
ACTIVATIONS = ("Relu", "Relu6", "LeakyRelu", "Elu", "Selu", "Tanh", "Softsign")
_CHANNELWISE = ("BiasAdd", "AddV2", "Add", "Sub", "Mul", "RealDiv", "FusedBatchNormV3", "Identity")
_PLACE = "xaihelpers/relevance"


class Weighing(NamedTuple):
    """What a rule needs to know of its operation. z: its output up to the next activation. scale: d z / d output.

    strength: a tensor: epsilon, as a share of the root of the mean square of z; or gamma.
    """

    z: "tf.Tensor"
    scale: "tf.Tensor"
    strength: "tf.Tensor"


def through(op, gradient):
    """Return the multiplier before an activation that gives 0 for 0: all relevance goes through."""
    return gradient * tf.math.divide_no_nan(op.outputs[0], op.inputs[0])


def place(trace, op, rule, active, strength):
    """Put a rule on an operation of `WEIGHING`; `active`: the operations between image and score."""
    z = _up_to_the_activation(op, active)
    scale = tf.ones_like(z) if z is op.outputs[0] else tf.gradients(z, op.outputs[0], grad_ys=tf.ones_like(z))[0]
    # A rule is a function of a module, kept for ever; what belongs to one network stays with its graph.
    op.graph.add_to_collection(f"{_PLACE}/{op.name}", Weighing(z, scale, tf.cast(strength, z.dtype)))
    trace.replace(op, rule)


def _up_to_the_activation(op, active):
    """Return the output of an operation behind the bias and the normalization that only scale and shift its channels."""
    z = op.outputs[0]
    while True:
        users = {user for user in z.consumers() if user in active}
        user = users.pop() if len(users) == 1 else None
        if user is None or user.type not in _CHANNELWISE or sum(tensor.op in active for tensor in user.inputs) != 1:
            return z
        if user.outputs[0].shape.rank != z.shape.rank or user.outputs[0].shape[1:] != z.shape[1:]:
            return z
        z = user.outputs[0]


def epsilon(op, gradient):
    """LRP-epsilon: an output passes on less, the smaller it is beside the others. With strength 0 this is LRP-0."""
    known = _known(op)
    least = known.strength * tf.sqrt(tf.reduce_mean(tf.square(known.z[:1])))
    sign = tf.where(known.z < 0, -tf.ones_like(known.z), tf.ones_like(known.z))
    share = tf.math.divide_no_nan(known.z, known.z + least * sign)
    return _with_weights(op, _backward(op, _weights(op), gradient * share))


def gamma(op, gradient):
    """LRP-gamma: what speaks for an output counts 1 + gamma times; where the output is negative, what speaks against it."""
    known = _known(op)
    favoured = _favoured(op, known)
    share = tf.math.divide_no_nan(known.z, known.z + known.strength * favoured)
    passed = gradient * share
    plain = _backward(op, _weights(op), passed)
    return _with_weights(op, plain + known.strength * _favoured_backward(op, known, passed))


def z_plus(op, gradient):
    """The z+ rule: only what speaks for an output counts; where the output is negative, only what speaks against it."""
    known = _known(op)
    passed = gradient * tf.math.divide_no_nan(known.z, _favoured(op, known))
    return _with_weights(op, _favoured_backward(op, known, passed))


def box(op, gradient):
    """The rule for pixels: what counts is how far they are from the darkest or brightest that they could be.

    Row 0 of the batch is the image, rows 1 and 2 are black and white. The three multipliers, times the three images, add up to
    the relevance of each pixel; each pixel's multipliers add up to 0, so that shifting the pixels changes nothing.
    """
    x, weights, known = op.inputs[WEIGHING[op.type][0]], _weights(op), _known(op)
    low, high = tf.minimum(x[1:2], x[2:3]), tf.maximum(x[1:2], x[2:3])
    positive, negative = tf.nn.relu(weights), -tf.nn.relu(-weights)
    up, z, passed = known.scale[:1] > 0, known.z[:1], gradient[:1]
    least = tf.where(
        up,
        _forward(op, positive, low) + _forward(op, negative, high),
        _forward(op, negative, low) + _forward(op, positive, high),
    )
    total = known.scale[:1] * (op.outputs[0][:1] - least)
    passed = passed * tf.math.divide_no_nan(z, total)
    for_up, for_down = tf.where(up, passed, tf.zeros_like(passed)), tf.where(up, tf.zeros_like(passed), passed)
    at_image = _backward(op, weights, passed, x[:1])
    at_low = -_backward(op, positive, for_up, low) - _backward(op, negative, for_down, low)
    at_high = -at_image - at_low
    ordered = x[1:2] <= x[2:3]
    at_black, at_white = tf.where(ordered, at_low, at_high), tf.where(ordered, at_high, at_low)
    return _with_weights(op, tf.concat([at_image, at_black, at_white], axis=0))


# -- one operation, again ------------------------------------------------------------------------------------------------


def _known(op):
    return op.graph.get_collection(f"{_PLACE}/{op.name}")[0]


def _weights(op):
    return op.inputs[WEIGHING[op.type][1]]


def _favoured(op, known):
    """Return the sum of the contributions that have the sign of z, that of the bias with them; of z's shape."""
    x, weights = op.inputs[WEIGHING[op.type][0]], _weights(op)
    up = _forward(op, tf.nn.relu(weights), tf.nn.relu(x)) + _forward(op, tf.nn.relu(-weights), tf.nn.relu(-x))
    down, bias = op.outputs[0] - up, known.z - known.scale * op.outputs[0]
    for_z = known.scale * tf.where(known.scale > 0, up, down) + tf.nn.relu(bias)
    against_z = known.scale * tf.where(known.scale > 0, down, up) - tf.nn.relu(-bias)
    return tf.where(known.z >= 0, for_z, against_z)


def _favoured_backward(op, known, passed):
    """Return the multipliers that lead back through the contributions that `_favoured` adds up."""
    x, weights = op.inputs[WEIGHING[op.type][0]], _weights(op)
    positive, none = tf.nn.relu(weights), tf.zeros_like(passed)
    same = tf.equal(known.z >= 0, known.scale > 0)
    of_up, of_down = tf.where(same, passed, none), tf.where(same, none, passed)
    up, up_positive = _backward(op, weights, of_up), _backward(op, positive, of_up)
    down, down_positive = _backward(op, weights, of_down), _backward(op, positive, of_down)
    return tf.where(x >= 0, up_positive + down - down_positive, up - up_positive + down_positive)


def _forward(op, weights, x):
    """Return what an operation gives for other weights and another signal."""
    signal, place_of_weights = WEIGHING[op.type]
    given = [*op.inputs]
    given[signal], given[place_of_weights] = x, weights
    if op.type == "Conv2DBackpropInput":
        given[0] = tf.concat([tf.shape(x)[:1], op.inputs[0][1:]], axis=0)
    names = {"Conv2DBackpropInput": ("input_sizes", "filter", "out_backprop"), "MatMul": ("a", "b")}
    options = {name: op.get_attr(name) for name in _OPTIONS[op.type]}
    return getattr(tf.raw_ops, op.type)(**dict(zip(names.get(op.type, ("input", "filter")), given)), **options)


_CONVOLUTION = ("strides", "padding", "explicit_paddings", "data_format", "dilations")
_OPTIONS = dict.fromkeys(WEIGHING, _CONVOLUTION) | {"MatMul": ("transpose_a", "transpose_b")}


def _backward(op, weights, gradient, x=None):
    """Return the gradient that an operation with other weights sends back to its signal."""
    x = op.inputs[WEIGHING[op.type][0]] if x is None else x
    return tf.gradients(_forward(op, weights, x), x, grad_ys=gradient)[0]


def _with_weights(op, multiplier):
    """Return the multiplier in the place of the signal, None for the other inputs."""
    return [multiplier if i == WEIGHING[op.type][0] else None for i in range(len(op.inputs))]
