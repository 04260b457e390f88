"""Layer-wise relevance propagation: the logit goes back through the network, shared out at every layer among its inputs.

Bach, Binder, Montavon, Klauschen, Müller and Samek, "On Pixel-Wise Explanations for Non-Linear Classifier Decisions by
Layer-Wise Relevance Propagation", PLoS ONE 10(7), 2015. Montavon, Binder, Lapuschkin, Samek and Müller, "Layer-Wise Relevance
Propagation: An Overview", in Explainable AI: Interpreting, Explaining and Visualizing Deep Learning, Springer LNCS 11700, 2019.
"""

import numpy as np

from .._quiet import tf
from .._types import ImageLike, Target
from .._validation import number, one_of
from ..classifier import Classifier
from .shared.activation_rules import POINTWISE, Trace, operations_between
from .shared.budget import Budget
from .shared.contract import Finding, Slider, technique
from .shared.relevance_rules import ACTIVATIONS, WEIGHING, box, epsilon, gamma, place, through, z_plus
from .shared.rescale_rules import missing_rule, needs_rule

RULES = ("composite", "epsilon", "gamma", "z+")
_UNIFORM = {"epsilon": epsilon, "gamma": gamma, "z+": z_plus}
_COVERED = (*ACTIVATIONS, "MaxPool", "Max")
_HIDING = dict.fromkeys(("PartitionedCall", "StatefulPartitionedCall"), "convolution in groups")
_HIDING |= {"IdentityN": "activation with a gradient of its own, such as swish"}
_IN_WORDS = {"Mul": "product of two signals", "RealDiv": "quotient of two signals", "Softmax": "softmax"}
_IN_WORDS |= {"SquaredDifference": "variance of a signal"}


def _compiled(classifier, rule="composite"):
    """Return (function, {layer: rule}), compiled once; raise where an operation has no rule."""
    classifier.require_way_back()
    return classifier.compiled(("lrp", rule), lambda: _compile(classifier, rule))


@technique(
    family="gradient",
    needs_gradients=True,
    sliders={"rule": Slider(options=RULES)},
    prepare=_compiled,
    pixelwise=True,
    signed=True,
    budget=Budget(lambda shape, given: 3 if given["rule"] == "composite" else 1),
    title="LRP",
)
def lrp(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    rule: str = "composite",
    epsilon: float = 0.25,
    gamma: float = 0.25,
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Finding:
    """Return every pixel's relevance for a class, (H, W), signed: its share of the logit; biases and epsilon keep some.

    classifier: a Classifier around a Keras model whose activations give 0 for 0, such as ReLU. image: (H, W, 3), 0 to 255.
    target: class index, name, or None.
    rule: how an output of a layer shares out its relevance among its inputs, which contribute x w each:
        "epsilon": as they contribute, and the output keeps the more, the smaller it is; with epsilon=0 this is LRP-0, and on a
            network of ReLUs gradient times input. "gamma": contributions that have the output's sign count 1 + gamma times.
        "z+": only they count. "composite", as the overview recommends: the pixels' own rule ("z^B") in the first layer, gamma in
            the lower half of the convolutions, epsilon in the upper half, LRP-0 in Dense layers.
    epsilon: as a share of the root mean square of the layer's outputs. gamma: see above. Normalization layers count as folded
        into the convolution before them; sums share out as their parts contribute, max pooling gives all to the largest.
    details: "values" (H, W, 3); "logit"; "score", what that is; "kept", the part of it that biases and epsilon hold back;
        "rules", {layer: rule}.
    Raises ValueError, with layers, where an operation has no rule: products of two signals (attention, squeeze-and-excitation),
    swish, sigmoid, layer normalization. Source: Bach and others, PLoS ONE, 2015; Montavon and others, 2019.
    """
    one_of(rule, "rule", RULES)
    epsilon, gamma = number(epsilon, "epsilon", least=0), number(gamma, "gamma", least=0)
    function, rules = _compiled(classifier, rule)
    images = image[None] if rule != "composite" else np.stack([image, np.zeros_like(image), np.full_like(image, 255)])
    wanted = -1 if target is None else target
    index, logit, values = function(classifier.outside(images), tf.constant(wanted), tf.constant(epsilon), tf.constant(gamma))
    classifier.count(forward=len(images), backward=len(images))
    index, logit, values = int(index), float(logit), values.numpy()
    details = {
        "values": values,
        "logit": logit,
        "score": classifier.score_name,
        "kept": float(logit - values.sum(dtype=np.float64)),
        "rules": rules,
    }
    plain = rule == "epsilon" and epsilon == 0
    return Finding(values.sum(axis=-1), index, details, tuple(_doubts(values, logit, details, plain)))


def _compile(classifier, rule):
    """Return (function, {layer: rule}): images, class (-1: the predicted one), epsilon, gamma -> class, logit, relevance."""
    rules, scalar = {}, tf.TensorSpec((), tf.float32)
    if classifier.score_name not in ("logit", "value"):
        raise ValueError("lrp shares out a logit, which can't be reached in this model: use integrated_gradients.")

    @tf.function(input_signature=[classifier.batch_signature, tf.TensorSpec((), tf.int32), scalar, scalar], autograph=False)
    def function(images, target, epsilon, gamma):
        source, inputs = classifier.opened(images)
        trace = Trace({})
        logits, *_ = classifier.answer(inputs, around=trace.around)
        rules.update(_place_rules(trace, source, logits, rule, epsilon, gamma))
        index = tf.where(target < 0, tf.argmax(logits[0], output_type=tf.int32), target)
        multipliers = trace.gradients(logits[0, index], source)
        # Only the rule for pixels sends anything to black and white, the rows behind the image.
        return index, logits[0, index], tf.cast(tf.reduce_sum(multipliers * source, axis=0), tf.float32)

    return function.get_concrete_function(), rules


def _place_rules(trace, source, logits, rule, epsilon_is, gamma_is):
    """Put a rule on every operation that needs one; return {layer: rule}, or raise ValueError for what none covers."""
    in_order = operations_between(source, logits)
    active = {source.op, *in_order}
    _require_rules(trace, in_order, source)
    weighing = [op for op in in_order if op.type in WEIGHING and op.inputs[WEIGHING[op.type][0]].op in active]
    placed = {}
    for op, function in zip(weighing, _rules_of(weighing, in_order, rule)):
        if function is not None:
            strength = gamma_is if function is gamma else epsilon_is
            place(trace, op, function, active, strength)
        placed[trace.layer_of(op)] = "0" if function is None else {box: "z^B", z_plus: "z+"}.get(function, function.__name__)
    for op in in_order:
        if op.type in ACTIVATIONS:
            trace.replace(op, through)
    return placed


def _rules_of(weighing, in_order, rule):
    """Return the rule of each operation that weighs, None for LRP-0."""
    if rule != "composite":
        return [_UNIFORM[rule]] * len(weighing)
    behind = set()  # all that sees the image through another one
    for op in in_order:
        if any(tensor.op in behind or tensor.op in weighing for tensor in op.inputs):
            behind.add(op)
    convolutions = [op for op in weighing if op.type != "MatMul"]
    lower = convolutions[: (len(convolutions) + 1) // 2]
    return [None if op.type == "MatMul" else box if op not in behind else gamma if op in lower else epsilon for op in weighing]


def _require_rules(trace, in_order, source):
    """Raise ValueError, with layers, for operations that no rule covers."""
    active, missing = {source.op}, {}
    for op in in_order:
        reason = missing_rule(op, active, rules=_COVERED, pairs=()) if needs_rule(op, active) else None
        # Deep SHAP's machinery knows these two; here an activation must give 0 for 0, and weights must be seen.
        if reason or op.type in _HIDING:
            words = _HIDING.get(op.type) or _IN_WORDS.get(op.type) or POINTWISE.get(op.type, reason)
            missing.setdefault(f"{words} in {trace.layer_of(op)}")
        active.add(op)
    if missing := list(missing):
        more = f" and {len(missing) - 6} more" if len(missing) > 6 else ""
        raise ValueError(
            f"lrp has no rule for {', '.join(missing[:6])}{more}: use integrated_gradients, which also shares out a logit."
        )


def _doubts(values, logit, details, plain):
    """Yield the reasons not to trust the map. plain: whether it is LRP-0's, behind which there is no other rule to try."""
    if not values.any():
        empty = "The map is zero everywhere: no path of relevance leads from the class to the image."
        yield f"{empty} Try integrated_gradients, with baseline='white'." if plain else f"{empty} Try rule='epsilon', epsilon=0."
    elif abs(details["kept"]) > 2 * abs(logit):
        yield (
            f"Of the {details['score']} {logit:.3g} the pixels have {logit - details['kept']:.3g}: biases hold back more than "
            "that, so that the map says little about it. Use deep_shap, which leaves nothing to biases."
        )
