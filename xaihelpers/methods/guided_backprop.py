"""Guided backpropagation and the deconvnet: a gradient that every ReLU censors on its way back.

Springenberg, Dosovitskiy, Brox and Riedmiller, "Striving for Simplicity: The All Convolutional Net", ICLR workshop 2015.
Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014 (the deconvnet).
"""

from .._quiet import tf
from .._types import ImageLike, Target
from .._validation import one_of
from ..classifier import Classifier
from .shared.activation_rules import Trace
from .shared.budget import Budget, one_pass
from .shared.contract import Finding, Slider, strongest_channel, technique


def guided_relu(op, gradient):
    """Let a gradient through a ReLU where its input was positive and the gradient is positive; return it."""
    return tf.where(_open(op), tf.nn.relu(gradient), tf.zeros_like(gradient))


def deconvnet_relu(op, gradient):
    """Let a gradient through a ReLU where the gradient is positive, whatever the input was; return it."""
    return tf.nn.relu(gradient)


def _open(op):
    """Return where a ReLU lets its input through; ReLU6 lets nothing more through once it is at its cap."""
    values = op.outputs[0]
    return (values > 0) & (values < 6) if op.type == "Relu6" else values > 0


_RULES = {
    "guided": {"Relu": guided_relu, "Relu6": guided_relu},
    "deconvnet": {"Relu": deconvnet_relu, "Relu6": deconvnet_relu},
}


def _compiled(classifier, rule="guided"):
    """Return (function, layers replaced), compiled once; raise where the rule can't be put on every activation."""
    classifier.require_way_back()
    return classifier.compiled(("guided_backprop", rule), lambda: _compile(classifier, rule))


@technique(
    family="gradient",
    needs_gradients=True,
    sliders={"rule": Slider(options=tuple(_RULES))},
    prepare=_compiled,
    pixelwise=True,
    budget=Budget(one_pass),
    title="Guided backpropagation",
)
def guided_backprop(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    rule: str = "guided",
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Finding:
    """Return the guided gradient of a class's logit, (H, W): its absolute value, the largest of the three channels.

    classifier: a Classifier around a Keras model whose activations are ReLU or ReLU6. image: (H, W, 3), 0 to 255.
    target: class index, name, or None for the predicted class. rule: "guided", or "deconvnet".
    details: "gradient" (H, W, 3), signed, with respect to the preprocessed input; "replaced", the layers by name.
    Raises ValueError, with the layers' names, where an activation is no ReLU, or where there is none.
    Source: Springenberg and others, ICLR workshop 2015.
    """
    one_of(rule, "rule", _RULES)
    function, replaced = _compiled(classifier, rule)
    index, gradient = function(classifier.outside(image[None]), tf.constant([-1 if target is None else target]))
    classifier.count(forward=1, backward=1)
    gradient = gradient.numpy()[0]
    diagnostics = []
    if not gradient.any():
        diagnostics.append(
            "The guided gradient is zero everywhere: no path of positive gradients leads from the class to "
            "the image. Try another class, or the plain gradient."
        )
    details = {"gradient": gradient, "replaced": replaced}
    title = "Deconvnet" if rule == "deconvnet" else ""
    return Finding(strongest_channel(gradient), int(index.numpy()[0]), details, tuple(diagnostics), title=title)


def _compile(classifier, rule):
    """Return (function, layers replaced): images, class indices (-1: the predicted class) -> index, gradient."""
    replaced = []

    @tf.function(input_signature=[classifier.batch_signature, tf.TensorSpec((None,), tf.int32)], autograph=False)
    def function(images, targets):
        source, inputs = classifier.opened(images)
        trace = Trace(_RULES[rule])
        logits, *_ = classifier.answer(inputs, around=trace.around)
        replaced.extend(_only_relus(trace.nonlinearities(logits, source)))
        index = tf.where(targets < 0, tf.argmax(logits, axis=1, output_type=tf.int32), targets)
        score = tf.gather(logits, index, axis=1, batch_dims=1)
        return index, tf.cast(trace.gradients(score, source), tf.float32)

    return function.get_concrete_function(), tuple(replaced)


def _only_relus(found):
    """Return the layers of the activations that were replaced, or raise ValueError where that is not all of them."""
    left = {}
    for each in found:
        if not each.covered:
            left.setdefault(each.layer, f"{each.layer} ({each.kind})")  # one activation may take several operations
    if left := list(left.values()):
        more = f" and {len(left) - 6} more" if len(left) > 6 else ""
        raise ValueError(
            "Guided backpropagation is defined for ReLU and ReLU6 only, and this network has other activations: "
            f"{', '.join(left[:6])}{more}. Use saliency, or integrated_gradients."
        )
    if not found:
        raise ValueError(
            "This network has no ReLU before its logits, so guided backpropagation would be the plain gradient: use saliency."
        )
    return list(dict.fromkeys(each.layer for each in found))
