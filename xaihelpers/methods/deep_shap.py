"""Deep SHAP: contributions of the pixels that add up to the difference from a background of images.

Lundberg and Lee, "A Unified Approach to Interpreting Model Predictions", NeurIPS 2017.
Shrikumar, Greenside and Kundaje, "Learning Important Features Through Propagating Activation Differences", ICML 2017.
"""

import math

import numpy as np

from .._progress import progress_bar
from .._quiet import tf
from .._types import Fill, ImageLike, Target
from ..classifier import Classifier
from .shared.activation_rules import Trace, operations_between
from .shared.backgrounds import BACKGROUNDS, background_images, how_many
from .shared.budget import Budget
from .shared.contract import Finding, Slider, technique
from .shared.rescale_rules import RULES, missing_rule, needs_rule, rescale_custom

_ROUNDING = 1e-5  # of all that is added up, whatever its sign


def _compiled(classifier):
    """Return the function, compiled once; raise where an operation has no rule."""
    classifier.require_way_back()
    return classifier.compiled("deep_shap", lambda: _compile(classifier))


def _questions(shape, given):
    """Return the images sent through the network: the backgrounds, and the image beside each batch of them."""
    several = how_many(given["background"])
    return several + math.ceil(several / given["batch_size"])


@technique(
    family="gradient",
    needs_gradients=True,
    sliders={"background": Slider(options=BACKGROUNDS)},
    prepare=_compiled,
    pixelwise=True,
    signed=True,
    budget=Budget(_questions, asks_class=True),
    title="Deep SHAP",
)
def deep_shap(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    background: Fill = "greys",
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
) -> Finding:
    """Return every pixel's contribution to a logit, (H, W), signed: they add up to logit(image) - mean logit(background).

    classifier: a Classifier around a Keras model. image: (H, W, 3), 0 to 255. target: class index, name, or None.
    background: what the image is compared with: images (N, H, W, 3), best a few dozen like those it was trained on; or
        "greys" (five flat images, black to white), "mean" (the image's mean colour), "blur", "black", "white", "noise", a
        grey level or a colour.
    details: "values" (H, W, 3), a channel of the preprocessed input each; "logit"; "score", what that is: "logit", or "log p"
        where the logits can't be reached, "log-odds", "value"; "background_logits" (N,);
        "completeness_gap", by how much the sum misses; "backgrounds" (N, H, W, 3).
    Raises ValueError, with layers, for operations without a rule. Source: Lundberg and Lee, NeurIPS 2017.
    """
    backgrounds = background_images(image, background, seed)
    function = _compiled(classifier)
    if target is None:
        target = classifier.class_index(image=image)
    total, logits = 0.0, []
    for start in progress_bar(range(0, len(backgrounds), batch_size), "deep_shap", "batch", shown=progress):
        batch = np.concatenate([image[None], backgrounds[start : start + batch_size]])
        values, scores = function(classifier.outside(batch), tf.constant(target))
        classifier.count(forward=len(batch), backward=len(batch))
        total = total + values.numpy().astype(np.float64)
        logits.append(scores.numpy().astype(np.float64))
    image_logit, background_logits = float(logits[0][0]), np.concatenate([scores[1:] for scores in logits])
    values, difference = total / len(backgrounds), image_logit - background_logits.mean()
    details = {
        "values": values.astype(np.float32),
        "logit": image_logit,
        "score": classifier.score_name,
        "background_logits": background_logits,
        "completeness_gap": float(values.sum() - difference),
        "backgrounds": backgrounds,
    }
    return Finding(
        values.sum(axis=-1), target, details, _doubts(values, difference, details["completeness_gap"], classifier.score_name)
    )


def _compile(classifier):
    """Compile: (image and backgrounds, class) -> sum over backgrounds of the contributions, the class's logits."""

    @tf.function(input_signature=[classifier.batch_signature, tf.TensorSpec((), tf.int32)], autograph=False)
    def function(images, target):
        source, inputs = classifier.opened(images)
        trace = Trace(RULES)
        logits, *_ = classifier.answer(inputs, around=trace.around)
        _require_rules(trace, logits, source)
        scores = logits[:, target]
        # Only the backgrounds' rows carry multipliers; row 0 is the image, paired with itself.
        multipliers = trace.gradients(tf.reduce_sum(scores[1:]), source)
        return tf.cast(tf.reduce_sum((multipliers * (source[:1] - source))[1:], axis=0), tf.float32), scores

    return function.get_concrete_function()


def _require_rules(trace, logits, inputs):
    """Put the rule on activations with a gradient of their own; raise ValueError for what no rule covers."""
    active, missing = {inputs.op}, []
    for op in operations_between(inputs, logits):
        if op.type == "IdentityN":
            trace.replace(op, rescale_custom)
        within_reach = trace.covers(op) or not needs_rule(op, active)
        reason = missing_rule(op, active) or (None if within_reach else f"{op.type}, out of reach")
        if reason:
            missing.append(f"{reason} in {trace.layer_of(op)}")
        active.add(op)
    if missing:
        more = f" and {len(missing) - 6} more" if len(missing) > 6 else ""
        raise ValueError(
            f"deep_shap has no rule for {', '.join(missing[:6])}{more}: use integrated_gradients, which also adds "
            "up to a difference of logits."
        )


def _doubts(values, difference, gap, score):
    """Return the sentences that say why this map should not be trusted."""
    doubts = []
    if not values.any():
        doubts.append("The map is zero everywhere: image and background are the same to the network. Choose another background.")
    elif abs(gap) > max(0.01 * abs(difference), _ROUNDING * np.abs(values).sum()):
        doubts.append(
            f"The contributions miss the difference of {score}s by {gap:.3g} of {difference:.3g}: something in this network "
            "mixes the images of a batch, or its number type is too coarse. Use integrated_gradients."
        )
    return tuple(doubts)
