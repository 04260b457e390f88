"""For each technique: is what it found for a Subject right? Each judge returns how far it is off, of the largest value."""

import itertools

import numpy as np
import tensorflow as tf

import xaihelpers as xh
from xaihelpers._quiet import without_warnings
from xaihelpers.methods.shared.masks import Masks


def run(subject, name, target, **options):
    """Return what a technique finds for one class."""
    method = xh.METHODS[name]
    given = (subject.image, target) if method.takes_image else (target,)
    with without_warnings():
        found = method.function(subject.classifier, *given, **options)
    subject.diagnostics += found.diagnostics
    return found


def difference(subject, name, what, **options):
    """Return what a technique finds for class 0, minus that for class 1; for class 0 alone where there is no other."""
    parts = [what(run(subject, name, target, **options)) for target in subject.targets]
    return parts[0] - parts[1] if len(parts) == 2 else parts[0]


def off(found, expected):
    """Return the largest difference, of the largest expected value."""
    found, expected = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    if found.shape != expected.shape or not np.isfinite(found).all():
        return np.inf
    return float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-12))


def saliency(subject):
    return off(difference(subject, "saliency", lambda found: found.details["gradient"]), subject.gradient())


def integrated_gradients(subject):
    """Black, halfway and the image: gradients by the trapezoidal rule. Then: the gap that it reports is the true one."""
    shares = (0, 0.5, 1)
    inputs = [subject.seen(share) for share in shares]
    by_hand = lambda way: sum((a + b) / 2 * (y - x) for a, b, x, y in zip(way, way[1:], inputs, inputs[1:]))  # noqa: E731
    short = difference(subject, "integrated_gradients", lambda found: found.details["values"], steps=2, baseline="black")
    sums = difference(subject, "integrated_gradients", _values_and_gap, steps=24, baseline="black")
    subject.diagnostics.clear()  # that so few steps leave a gap is no doubt about gradients, nor about how large it is
    return max(_off_on_the_way(subject, short, shares, by_hand), _adds_up(subject, sums[:-1], 0 * subject.image, sums[-1]))


def expected_gradients(subject):
    """Two places on the way from black: the tape's own gradients there, times what the image adds to the input."""
    found = [run(subject, "expected_gradients", each, background="black", samples=2).details for each in subject.targets]
    subject.diagnostics.clear()  # that two samples are too few is no doubt about their gradients
    values = found[0]["values"] - found[1]["values"] if len(found) == 2 else found[0]["values"]
    by_hand = lambda way: sum(way) / 2 * (subject.seen() - subject.seen(0))  # noqa: E731
    return _off_on_the_way(subject, values, np.float32(found[0]["alphas"]), by_hand)


def _off_on_the_way(subject, found, shares, combine):
    """Return how far `found` is off what TensorFlow's own gradients between black and the image give, combined.

    Where a ReLU is just opening the gradient jumps: of random VGG16 TensorFlow itself says another one, by 5 %, when it is
    compiled. So either of its answers is right.
    """
    far = off(found, combine([subject.gradient(share) for share in shares]))
    return far if far <= subject.close else min(far, off(found, combine(subject.compiled_gradients(shares))))


def lrp(subject):
    """LRP-0 of the last logit: input times a gradient that goes through every activation as output over input."""
    found = run(subject, "lrp", subject.classifier.n_classes - 1, rule="epsilon", epsilon=0.0)
    return off(found.details["values"], subject.passed_through() * subject.seen())


def _values_and_gap(found):
    """Return all contributions of a result and its completeness gap, side by side."""
    return np.append(found.details["values"].astype(np.float64), found.details["completeness_gap"])


def deep_shap(subject):
    return _adds_up(
        subject, difference(subject, "deep_shap", lambda found: found.details["values"], background="black"), 0 * subject.image
    )


def _adds_up(subject, contributions, baseline, gap=0.0):
    both = tf.cast(subject.prepare(tf.constant(np.stack([subject.image, baseline]))), tf.float32)
    image, black = subject.score(both).numpy()
    # What cancels leaves its rounding behind: with 8 bits a sum is known to a 256th of all that was added and subtracted.
    least = max(0.01, subject.rounding / subject.close) * np.abs(contributions).sum()
    return float(abs(contributions.sum(dtype=np.float64) - (image - black) - gap) / max(abs(image - black), least))


def guided_backprop(subject):
    return off(run(subject, "guided_backprop", subject.classifier.n_classes - 1).details["gradient"], subject.guided())


def grad_cam(subject):
    return _cam(subject, "grad_cam", lambda maps, gradient: maps @ gradient.mean(axis=(0, 1)))


def hires_cam(subject):
    return _cam(subject, "hires_cam", lambda maps, gradient: (maps * gradient).sum(axis=-1))


def grad_cam_plus_plus(subject):
    def combine(maps, gradient):
        weights = np.maximum(gradient, 0) / (2 + gradient * maps.sum(axis=(0, 1)))
        return maps @ weights.sum(axis=(0, 1))

    return _cam_of_one(subject, "grad_cam_plus_plus", combine)


def xgrad_cam(subject):
    def combine(maps, gradient):
        total = maps.sum(axis=(0, 1))
        clear = np.abs(total) > 1e-3 * np.abs(maps).sum(axis=(0, 1))
        return maps @ np.where(clear, (maps * gradient).sum(axis=(0, 1)) / np.where(clear, total, 1), 0)

    return _cam(subject, "xgrad_cam", combine)


def layer_cam(subject):
    return _cam_of_one(subject, "layer_cam", lambda maps, gradient: (maps * np.maximum(gradient, 0)).sum(axis=-1))


def _cam_of_one(subject, name, combine):
    """Judge a map that is not linear in the gradient, so that one of two classes minus the other tells nothing of either.

    Each class's own gradient is the classifier's; that its difference is right is judged as well.
    """
    layer = subject.classifier.spatial_layer()
    maps, gradient = _side_by_side(subject, layer)
    own = [subject.classifier.gradients(subject.image, target, layer=layer).gradients for target in subject.targets]
    own = [subject.classifier.maps(layer, each)[0] for each in own]
    found = [run(subject, name, target, relu=False).details["coarse"] for target in subject.targets]
    far = [off(each, combine(maps, of)) for each, of in zip(found, own)]
    return max(*far, off(own[0] - own[1] if len(own) == 2 else own[0], gradient))


def _side_by_side(subject, layer):
    """Return the values and the gradients of a layer, (h, w, k), those of its calls side by side."""
    places = subject.classifier.places(layer)
    return (
        np.concatenate([places.arrange(each)[0] for each in parts], axis=-1)
        for parts in zip(*subject.gradient_of_layer(layer), strict=True)
    )


def _cam(subject, name, combine):
    layer = subject.classifier.spatial_layer()
    places, expected = subject.classifier.places(layer), 0.0
    for values, gradient in subject.gradient_of_layer(layer):
        expected = expected + combine(places.arrange(values)[0], places.arrange(gradient)[0])
    return off(difference(subject, name, lambda found: found.details["coarse"], relu=False), expected)


def score_cam(subject):
    """The model's own answers to the image seen through the maps of a few channels, and of nothing."""
    found = run(subject, "score_cam", 0, channels=4, relu=False).details
    maps, _ = _side_by_side(subject, found["layer"])
    masks = [np.zeros(subject.image.shape[:2], np.float32)]
    for channel in found["channels"]:
        enlarged = xh.images.resize_map(maps[..., channel], subject.image.shape[:2])
        masks.append((enlarged - enlarged.min()) / (np.ptp(enlarged) or 1))
    answers = subject.probabilities(subject.image * np.stack(masks)[..., None])[:, 0]
    coarse = maps[..., found["channels"]] @ (found["answers"] - found["baseline"])
    return max(off(np.append(found["baseline"], found["answers"]), answers), off(found["coarse"], coarse))


def ablation_cam(subject):
    """The model's own answers when a few channels are taken out of what the layer gives."""
    found = [run(subject, "ablation_cam", target, channels=4, relu=False).details for target in subject.targets]
    layer, channels = found[0]["layer"], found[0]["channels"]
    maps, _ = _side_by_side(subject, layer)
    x = tf.cast(subject.prepare(tf.constant(subject.image[None])), tf.float32)
    with_all = subject.score(x).numpy()[0]
    lost = []
    for channel in channels:
        with subject.without(layer, channel):
            lost.append(with_all - subject.score(x).numpy()[0])
    sign = [1, -1][: len(found)]
    weights, coarse = (sum(s * each[key] for s, each in zip(sign, found)) for key in ("weights", "coarse"))
    # What rounding leaves of a difference is a share of the scores that were subtracted, not of the difference.
    least = max(np.abs(lost).max(), subject.rounding / subject.close * max(abs(each["logit"]) for each in found))
    return max(float(np.abs(weights[channels] - lost).max() / max(least, 1e-12)), off(coarse, maps @ weights))


def eigen_cam(subject):
    """A pattern that the maps' products only make longer, by as much as the largest does, and that goes up with them."""
    found = run(subject, "eigen_cam", 0)
    maps, _ = _side_by_side(subject, found.details["layer"])
    flat, coarse = maps.reshape(-1, maps.shape[-1]).astype(np.float64), found.details["coarse"].ravel()
    largest = np.linalg.norm(flat, 2)
    far = np.abs(flat @ (flat.T @ coarse) / largest**2 - coarse).max() / max(np.abs(coarse).max(), 1e-12)
    right = coarse @ flat.sum(axis=1) >= -subject.close * largest**2
    return max(float(far), abs(np.linalg.norm(coarse) / largest - 1)) if right else np.inf


def occlusion(subject):
    """Four windows, each covered by hand."""
    image, edge = subject.image, min(subject.image.shape[:2]) // 2
    height, width = image.shape[:2]
    windows = [np.s_[top : top + edge, left : left + edge] for top in range(0, height, edge) for left in range(0, width, edge)]
    covered = np.repeat(image[None], len(windows), axis=0)
    for one, window in zip(covered, windows):
        one[window] = 0
    p = subject.probabilities(np.concatenate([image[None], covered]))[:, 0]
    expected = np.zeros(image.shape[:2])
    for window, after in zip(windows, p[1:]):
        expected[window] = p[0] - after
    return off(run(subject, "occlusion", 0, patch=edge, stride=edge, fill="black").heatmap / p[0], expected / p[0])


def rise(subject):
    """The mean of the model's own answers to the same masks, weighted by how far a pixel is kept."""
    found = run(subject, "rise", 0, n_masks=16, grid=4, design="independent")
    drawn = Masks(subject.image.shape[:2], 4, design="independent")
    masks = drawn.build(*drawn.draw(16))
    answers = subject.probabilities(subject.image * masks[..., None])[:, 0]
    expected = np.tensordot(answers, masks, 1) / masks.sum(axis=0)
    return max(off(found.details["answers"], answers), off(found.heatmap, expected))


def lime(subject):
    found = run(subject, "lime", 0, n_samples=20, segments="grid", n_segments=9, fill="black")
    present = found.details["present"][:, found.details["segments"]]
    expected = subject.probabilities(subject.image * present[..., None])[:, 0]
    return off(found.details["answers"], expected)


def shapley(subject):
    """What each of four superpixels adds to the model's own answers, in all 24 orders."""
    found = run(subject, "shapley", 0, segments="grid", n_segments=4, fill="black")
    labels, expected = found.details["segments"], np.zeros(4)
    every = np.array(list(itertools.product((0, 1), repeat=4)))
    answers = dict(zip(map(tuple, every), subject.probabilities(subject.image * every[:, labels][..., None])[:, 0]))
    for order in itertools.permutations(range(4)):
        there = np.tri(5, 4, -1, dtype=int)[:, np.argsort(order)]
        expected[list(order)] += np.diff([answers[tuple(row)] for row in there]) / 24
    # Of the answers, not of their differences: where nothing is gained, what is left is rounding.
    largest = max(answers.values())
    asked = [answers[tuple(row)] for row in found.details["present"].astype(int)]
    return max(off(found.details["answers"], asked), float(np.abs(found.details["values"] - expected).max() / largest))


def extremal_perturbation(subject):
    """The probabilities that it gives for the image seen through its masks are what the model says of that."""
    far = []
    for target in subject.targets:
        found = run(subject, "extremal_perturbation", target, steps=3, grid=4, fill="black").details
        masks = np.concatenate([found["masks"], np.ones_like(found["masks"][:1])])
        seen = subject.probabilities(subject.image * masks[..., None])[:, target]
        far.append(off([*found["kept"], found["probability"]], seen))
    return max(far)


def anchors(subject):
    """A rule's precision is how often the model keeps its class in all coverings of the rule, but for the luck of the draw."""
    found = run(subject, "anchors", None, segments="grid", n_segments=4, max_questions=200, round_size=20, fill="black")
    labels = found.details["segments"]
    every = np.array(list(itertools.product((0, 1), repeat=labels.max() + 1)))
    classes = subject.probabilities(subject.image * every[:, labels][..., None]).argmax(axis=1)
    kept, right = classes == classes[-1], found.target == classes[-1]  # the last covers nothing
    for rule, precision, *_, asked in found.details["candidates"]:
        share = kept[(every[:, list(rule)] == 1).all(axis=1)].mean()
        right = right and abs(precision - share) <= 4.5 * np.sqrt(share * (1 - share) / max(asked, 1)) + 1e-6
    return 0.0 if right else np.inf


def activation_maximization(subject):
    """The probability that it gives for its picture is what the model says of that picture."""
    found = run(subject, "activation_maximization", 0, steps=4, frames=0)
    p = subject.probabilities(found.image[None].astype(np.float32))[0, 0]
    return off(found.details["probability"], p)


def deep_dream(subject):
    """Before the first step the activation is the mean of the layer's output for the image."""
    layer, seen = subject.classifier.spatial_layer(), []
    if subject.classifier.places(layer).steady:  # behind a normalisation there is nothing to drive up, as it says itself
        layer = xh.METHODS["deep_dream"].sliders["layers"].usual(subject.classifier)
    with without_warnings():
        found = xh.deep_dream(
            subject.classifier,
            subject.image,
            layers=layer,
            octaves=1,
            steps=2,
            roll=False,
            frames=0,
            tile=max(subject.image.shape),
        )
    with subject.watching(layer, seen):
        subject.own(tf.cast(subject.prepare(tf.constant(subject.image[None])), tf.float32))
    output = np.asarray(tf.cast(seen[0], tf.float32))
    return float(abs(found.activation[0] - output.mean()) / max(np.abs(output).mean(), 1e-12))


JUDGES = {name: globals()[name] for name in xh.METHODS}


def judge(subject, name):
    """Return (verdict, how far off, what it says) of one technique.

    verdict: "right", "wrong", "doubted" (off, and the result says that it is not to be trusted) or "refused".
    """
    why = xh.METHODS[name].why_not(subject.classifier)
    if why:
        return "refused", None, why
    subject.diagnostics.clear()
    try:
        far = JUDGES[name](subject)
    except ValueError as error:  # what only an image shows, such as one too small for deep dream
        return "refused", None, str(error)
    if far <= subject.close:
        return "right", far, ""
    return ("doubted", far, subject.diagnostics[0]) if subject.diagnostics else ("wrong", far, "")
