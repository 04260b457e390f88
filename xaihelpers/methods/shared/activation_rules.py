"""Replace how activations send a gradient back, wherever they stand in a network; and say which could not be replaced.

A rule is a function `rule(op, gradient) -> gradient` of a TensorFlow operation, whose values are `op.inputs` and
`op.outputs`. It belongs to an operation ("Relu"), not to a layer: whether the ReLU was written as a layer, as
`activation="relu"`, as `keras.ops.relu` or inside a nested or subclassed model, in the graph it is the same operation.
Used inside a tf.function, with one `Trace` for each tracing:

    trace = Trace({"Relu": rule})
    logits, _ = classifier.network(inputs, around=trace.around)
    trace.gradients(score, inputs)      # by the rules
    trace.nonlinearities(logits, inputs)   # what is on the way, and whether a rule covers it
"""

import threading
from typing import NamedTuple

from ..._quiet import tf

# Operations that bend a signal, each number by itself, and in which activation they are met.
POINTWISE = {
    "Relu": "ReLU",
    "Relu6": "ReLU6",
    "LeakyRelu": "leaky ReLU",
    "Elu": "ELU",
    "Selu": "SELU",
    "Softplus": "softplus",
    "Softsign": "softsign",
    "Sigmoid": "sigmoid or swish",
    "Tanh": "tanh or GELU",
    "Erf": "GELU",
    "Erfc": "GELU",
    "Exp": "exponential",
    "Expm1": "exponential",
    "Log": "logarithm",
    "Log1p": "logarithm",
    "Abs": "absolute value",
    "Sign": "sign",
    "Sin": "sine",
    "Cos": "cosine",
    "Atan": "arc tangent",
}
# Operations that bend a signal only by what they are given beside it.
_CLIPS = ("Maximum", "Minimum", "ClipByValue")
_CHOICES = ("Select", "SelectV2")
_CALLS = ("PartitionedCall", "StatefulPartitionedCall", "If", "StatelessIf", "While", "StatelessWhile")
# Operations that leave each number where it is, or scale it: behind them an activation is still the same activation.
_PASSING = ("Identity", "Neg", "AddV2", "Add", "Sub", "Mul", "RealDiv", "BiasAdd", "Cast", "Reshape", "ExpandDims")
_NORMS = ("Rsqrt", "Sqrt", "Reciprocal")
_COMPARING = ("Greater", "GreaterEqual", "Less", "LessEqual")

_names = {}
_lock = threading.Lock()


class Nonlinearity(NamedTuple):
    """One operation on the way from input to output that is not linear.

    kind: its activation, in words. layer: the path of the layer that made it. covered: a rule stands for its gradient.
    """

    kind: str
    layer: str
    covered: bool


class Trace:
    """One tracing of a network under rules.

    rules: {operation type: rule}, each rule a function of a module, not a lambda: TensorFlow keeps rules for ever.
    """

    def __init__(self, rules):
        self._overrides = {kind: _registered(rule) for kind, rule in rules.items()}
        self._layers = {}

    def around(self, path, layer, call):
        """Call a layer under the rules; to be given to `classifier.network`."""
        graph = tf.compat.v1.get_default_graph()
        before = len(graph.get_operations())
        with graph.gradient_override_map(self._overrides):
            outputs = call()
        for op in graph.get_operations()[before:]:
            self._layers.setdefault(op.name, "/".join(path))  # the innermost layer comes first, and stays
        return outputs

    def gradients(self, score, inputs):
        """Return d score / d inputs by the rules, zero where they do not depend on each other."""
        # tf.GradientTape would not see the rules: only symbolic differentiation looks at an operation's own gradient.
        return tf.gradients(score, inputs, unconnected_gradients="zero")[0]

    def layer_of(self, op):
        """Return the path of the layer that made an operation; its name where the model itself did."""
        return self._layers.get(op.name) or op.name

    def covers(self, op):
        """Return whether an operation sends its gradient back by the rule for its type; True where there is none for that."""
        # Only the operation itself tells: an override may not have reached it, as inside another graph.
        rule = self._overrides.get(op.type)
        return rule is None or _gradient_type(op) == rule.encode()

    def replace(self, op, rule):
        """Put a rule on one operation after it was made: TensorFlow's own functions override the rules of `around`."""
        op._set_attr("_gradient_op_type", tf.compat.v1.AttrValue(s=_registered(rule).encode()))

    def nonlinearities(self, outputs, inputs):
        """Return a Nonlinearity for every operation between `inputs` and `outputs` that is not linear, in order."""
        in_order = operations_between(inputs, outputs)
        active, found = set(in_order), []
        for op in in_order:
            kind = _kind(op, active, self._overrides)
            if kind:
                found.append(Nonlinearity(kind, self.layer_of(op), op.type in self._overrides and self.covers(op)))
        return found


def _registered(rule):
    """Return the name under which TensorFlow knows a rule; it is registered once."""
    with _lock:
        if rule not in _names:
            _names[rule] = f"xaihelpers/{rule.__module__}.{rule.__qualname__}/{len(_names)}"
            tf.RegisterGradient(_names[rule])(rule)
        return _names[rule]


def operations_between(inputs, outputs):
    """Return the operations on any way from a tensor to a tensor, in the order in which they were made."""
    needed, stack = set(), [outputs.op]
    while stack:
        op = stack.pop()
        if op not in needed:
            needed.add(op)
            stack += [tensor.op for tensor in op.inputs]
    reached, stack = set(), list(inputs.consumers())
    while stack:
        op = stack.pop()
        if op in needed and op not in reached and op.type not in ("StopGradient", "Shape"):
            reached.add(op)
            stack += [consumer for tensor in op.outputs for consumer in tensor.consumers()]
    return [op for op in inputs.graph.get_operations() if op in reached]


def _kind(op, active, rules):
    """Return in words how an operation bends the signal that comes through the `active` ones, or None."""
    signals = [tensor.op for tensor in op.inputs if tensor.op in active]
    if op.type in rules or op.type in POINTWISE:
        return POINTWISE.get(op.type, op.type)
    if op.type in ("Softmax", "LogSoftmax"):
        return "softmax"
    if op.type in _CLIPS and len(signals) == 1:
        return "clip, or maximum with a constant"
    if op.type in _CHOICES and op.inputs[0].op in active:
        return "choice by a threshold"
    if op.type in _CALLS and _bends(op):
        return "tf.function or loop with activations inside"
    if op.type == "IdentityN" and _has_own_gradient(op) and _bent_inside(op, active):
        return "activation with a custom gradient"
    return _of_two_signals(op, signals, active) if len(signals) == 2 else None


def _of_two_signals(op, signals, active):
    """Return what the product or sum of two signals is, when one of them comes straight from an activation."""
    origins = [_origin(signal, active) for signal in signals]
    kinds = {origin.type for origin in origins}
    if op.type == "Mul" and kinds & {*_COMPARING, *POINTWISE} and not kinds & {*_NORMS}:
        return "gate: a product with an activation"
    if op.type in ("AddV2", "Add", "Sub") and kinds <= {"Relu", "Relu6"} and origins[0] is not origins[1]:
        # relu(x) - a relu(-x): two ReLUs that look at the same signal from both sides.
        sources = {_unsigned(origin.inputs[0]) for origin in origins}
        return "leaky ReLU" if len(sources) == 1 else None
    return None


def _origin(op, active):
    """Return the operation from which a signal comes, behind those that only move or scale it."""
    signals = [tensor.op for tensor in op.inputs if tensor.op in active]
    if op.type not in _PASSING or len(signals) != 1:
        return op
    return _origin(signals[0], active)


def _unsigned(tensor):
    """Return the name of the tensor that `tensor` is, or is the negative of."""
    return tensor.op.inputs[0].name if tensor.op.type == "Neg" else tensor.name


def _has_own_gradient(op):
    return _gradient_type(op).startswith(b"CustomGradient")


def _gradient_type(op):
    """Return the name of the rule by which an operation sends its gradient back, b"" where it is its own."""
    try:
        return op.get_attr("_gradient_op_type")
    except ValueError:
        return b""


def _bent_inside(op, active):
    """Return whether a function with a gradient of its own bends its signal: no rule reaches inside it."""
    stack, seen = [tensor.op for tensor in op.inputs if tensor.op in active], set()
    arguments = {tensor.op for tensor in op.inputs[len(op.inputs) // 2 :]}
    while stack:
        inner = stack.pop()
        if inner in seen or inner in arguments or inner not in active:
            continue
        seen.add(inner)
        if inner.type in POINTWISE or inner.type in (*_CLIPS, *_CHOICES):
            return True
        stack += [tensor.op for tensor in inner.inputs]
    return False


def _bends(op):
    """Return whether any function that a graph calls holds an activation; no rule reaches inside it."""
    kinds = {node.op for function in op.graph.as_graph_def().library.function for node in function.node_def}
    return bool(kinds & {*POINTWISE, *_CLIPS, *_CHOICES})
