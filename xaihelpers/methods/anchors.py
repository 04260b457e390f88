"""Anchors: the superpixels that, while they are there, keep the network's decision whatever becomes of the rest.

Ribeiro, Singh and Guestrin, "Anchors: High-Precision Model-Agnostic Explanations", AAAI 2018.
The search is that of the package alibi (AnchorImage); this module covers the superpixels and asks in full batches.
alibi is under the Business Source License: free for teaching and other non-production use.
"""

import logging
import math
from contextlib import contextmanager

import numpy as np

from .._progress import progress_bar
from .._validation import number
from .shared.contract import Finding, Slider, technique, whole_number
from .shared.fills import fill_image, fill_images
from .shared.questions import keeps_answers
from .shared.superpixels import SEGMENTATIONS, covered, segment

_SLIDERS = {
    "threshold": Slider(0.5, 0.99, 0.01, default=0.95),
    "n_segments": Slider(6, 40, 2, default=16),
    "segments": Slider(options=list(SEGMENTATIONS), default="slic"),
    "fill": Slider(options=["segment mean", "mean", "blur", "black", "white", "noise"]),
    "max_questions": Slider(200, 4000, 200, default=2000),  # what somebody at a slider has the patience for
}


@technique(family="perturbation", needs_gradients=False, sliders=_SLIDERS)
def anchors(
    classifier,
    image,
    target=None,
    *,
    threshold=0.95,
    n_segments=16,
    segments="slic",
    fill="segment mean",
    delta=0.1,
    tau=0.15,
    beam_size=1,
    round_size=64,
    max_questions=20_000,
    seed=0,
    batch_size=32,
    progress=False,
):
    """Return the anchor of a decision, (H, W): 1 on the superpixels that keep the network's class, 0 elsewhere.

    classifier: any Classifier. image: (H, W, 3), 0 to 255. target: None, or the predicted class: an anchor explains the
        decision that was taken; for another class the map is empty and says so.
    threshold: the precision asked for, above 0 and below 1. n_segments, segments: as in `superpixels.segment`.
    fill: what absent superpixels show: "segment mean" (their own mean colour), "mean" (the image's), "blur", "black",
        "white", "noise", a grey level or a colour, or other images (N, H, W, 3), one of which, drawn at random, shows through.
    delta: how often the precision may be missed. tau: how much worse than the best a candidate may be.
    beam_size: candidates kept from one size to the next. round_size: images asked before a bound is looked at again.
    max_questions: the search stops there, with the best candidate so far, and says so.
    progress: say what it costs at most, show a bar, and, if you interrupt it, keep the best candidate so far.
    details: "anchor" (superpixels in the order found), "precision" (how often the class stayed), "coverage" (how often
        the rule applies), "segments" (H, W), "steps": [(superpixels, precision, coverage)], from none to the anchor.
    The first call takes seconds more: it imports alibi.
    Raises ImportError, in one sentence, where alibi is missing; ValueError for an argument out of range.
    Source: Ribeiro and others, AAAI 2018.
    """
    threshold, delta = (number(value, name, above=0, below=1) for value, name in ((threshold, "threshold"), (delta, "delta")))
    tau, beam_size = number(tau, "tau", above=0, below=1), whole_number(beam_size, "beam_size")
    round_size, batch_size = whole_number(round_size, "round_size"), whole_number(batch_size, "batch_size")
    max_questions, seed = whole_number(max_questions, "max_questions", 200), whole_number(seed, "seed", 0)
    labels = segment(image, segments, n_segments)
    filled = _backdrops(image, labels, fill, seed)
    make_search = _search_class()

    decision = int(classifier.probabilities(image)[0].argmax())
    if target not in (None, decision):
        return _not_decided(classifier, labels, target, decision)
    with _progress_bar(max_questions, progress) as bar, _on_its_own(seed):
        ask = _Asker(classifier, image, filled, labels, decision, batch_size, max_questions, bar)
        search = make_search(ask, round_size)
        found = search.run(
            progress,
            desired_confidence=threshold,
            delta=delta,
            epsilon=tau,
            beam_size=beam_size,
            batch_size=round_size,
            min_samples_start=min(_enough_for_none(threshold, delta), max_questions // 2),
        )
    steps = search.steps(found)
    anchor, precision, coverage = steps[-1]
    details = {"anchor": list(anchor), "precision": precision, "coverage": coverage, "segments": labels, "steps": steps}
    doubts = _doubts(steps, found, threshold, search.stopped, classifier.class_names[decision])
    return Finding(np.isin(labels, anchor), decision, details, doubts)


def _enough_for_none(threshold, delta):
    """Return how many images show that no superpixel is needed, where none is: alibi's 100 are too few above 0.97."""
    return max(100, math.ceil(1.1 * math.log(1 / delta) / -math.log(threshold)))


def _backdrops(image, labels, fill, seed):
    """Return what is seen where superpixels are absent: (H, W, 3), or (N, H, W, 3) for other images."""
    several = not isinstance(fill, str) and np.ndim(fill) == 4
    return (fill_images if several else fill_image)(image, fill, labels, seed=seed)


def _not_decided(classifier, labels, target, decision):
    """Return the empty Finding for a class that was not the decision."""
    asked, given = classifier.class_names[target], classifier.class_names[decision]
    details = {"anchor": [], "precision": math.nan, "coverage": math.nan, "segments": labels, "steps": []}
    return Finding(
        np.zeros(labels.shape),
        target,
        details,
        (
            f"The network decides for {given!r} here, not {asked!r}: an anchor explains the decision taken, so the map is empty. "
            "Leave target out, or use a technique that explains any class, such as lime.",
        ),
    )


def _doubts(steps, found, threshold, stopped, name):
    """Return the reasons not to trust this anchor, or to see what an empty one means."""
    anchor, precision, _ = steps[-1]
    unaided = steps[0][1]
    if not anchor and found:
        return (
            f"The anchor is empty: whatever is covered, the network says {name!r} (in {precision:.0%} of the samples), so "
            "no superpixel is needed. Raise the threshold, or cover with another fill: black, or other images.",
        )
    if found is None:
        return (
            f"{stopped}: this is the best candidate so far (precision {precision:.2f}), and no anchor yet. "
            "Raise max_questions, or use fewer superpixels.",
        )
    if not found["success"]:
        return (
            f"No anchor reaches precision {threshold:g}: this is the best found ({precision:.2f}). "
            "Lower the threshold, or use fewer superpixels.",
        )
    if unaided >= threshold:
        return (
            f"Without any anchor the network says {name!r} in {unaided:.0%} of the samples, as often as asked for: these "
            "superpixels add next to nothing. Raise the threshold, or cover with another fill.",
        )
    return ()


def _progress_bar(max_questions, progress):
    """Return a bar that counts the images asked; how many it will be, nobody knows before: the answers decide."""
    if progress:
        print(f"anchors will ask the network at most {max_questions:,} questions, often far fewer.", flush=True)
    return progress_bar(title="anchors", unit="image", total=max_questions, shown=progress, leave=False)


class _OutOfQuestions(Exception):
    """The search has asked as much as it may."""


class _Asker:
    """Draws which superpixels are present, and asks the network whether its decision stays."""

    def __init__(self, classifier, image, filled, labels, decision, batch_size, limit, bar):
        self.classifier, self.image, self.filled, self.labels = classifier, image, filled, labels
        self.decision, self.batch_size, self.limit, self.bar, self.asked = decision, batch_size, limit, bar, 0

    def __call__(self, anchor, n, compute_labels=False):
        """Return [present (n, K)]: how alibi draws the samples in which it measures coverage; anchor: (place, superpixels)."""
        present = np.random.choice([0, 1], n * (self.labels.max() + 1), p=[0.5, 0.5]).reshape(n, -1)  # noqa: NPY002
        present[:, list(anchor[1])] = 1
        return [present]

    def draw(self, anchor, n):
        """Return (present (n, K), the backdrop of each (n,) or None), in the order in which alibi draws them."""
        (present,) = self((0, anchor), n)
        return present, self._which(n) if self.filled.ndim == 4 else None

    def _which(self, n):
        return np.random.choice(range(len(self.filled)), n)  # noqa: NPY002

    def stays(self, draws):
        """Return whether the decision stays for each of several draws, [(n,) bool], all asked in full batches."""
        present = np.concatenate([drawn for drawn, _ in draws])
        if self.asked + len(present) > self.limit:
            raise _OutOfQuestions
        backdrop = None if self.filled.ndim == 3 else np.concatenate([which for _, which in draws])
        kept = []
        for _, images in covered(self.image, self.filled, self.labels, present, self.batch_size, backdrop):
            kept.append(self.classifier.probabilities(images, len(images), checked=True).argmax(axis=1) == self.decision)
            self.bar.update(len(images))
        self.asked += len(present)
        return np.split(np.concatenate(kept), np.cumsum([len(drawn) for drawn, _ in draws])[:-1])


def _search_class():
    """Return alibi's search, changed to ask for several candidates at once; ImportError in one sentence without alibi."""
    try:
        from alibi.explainers.anchors.anchor_base import AnchorBaseBeam
    except ImportError as error:
        raise ImportError('anchors needs the package alibi, which is missing: pip install "xaihelpers[anchors]"') from error

    class Search(AnchorBaseBeam):
        def __init__(self, ask, round_size):
            super().__init__(samplers=[ask], sample_cache_size=100, cache_margin=max(1000, round_size))
            self.stopped = ""

        def run(self, progress, **options):
            """Return what alibi found, or None where the questions ran out or somebody interrupted it; `stopped` says which."""
            try:
                return self.anchor_beam(**options)
            except _OutOfQuestions:
                self.stopped = f"The search stopped after {self.sample_fcn.limit} questions"
            except KeyboardInterrupt as stop:
                if not self.sample_fcn.asked or not keeps_answers(stop, progress):
                    raise
                self.stopped = f"Interrupted after {self.sample_fcn.asked} questions"
            return None

        def draw_samples(self, anchors, batch_size):
            """Return (how often the decision stayed, how many were asked), one of each an anchor."""
            for anchor in anchors:
                self.state["t_order"].setdefault(anchor, list(anchor))
            draws = [self.sample_fcn.draw(self.state["t_order"][anchor], batch_size) for anchor in anchors]
            stats = [
                self.update_state([], [], same.astype(int), (present, -1.0), anchor)
                for anchor, (present, _), same in zip(anchors, draws, self.sample_fcn.stays(draws))
            ]
            return tuple(zip(*stats))

        def steps(self, found):
            """Return [(superpixels, precision, coverage)], from no superpixel to the anchor, one added a step."""
            positives, asked, covered = (self.state[key] for key in ("t_positives", "t_nsamples", "t_coverage"))
            steps = [((), float(positives[()] / max(asked[()], 1)), 1.0)]
            if found is not None:
                parts = [tuple(int(s) for s in found["feature"][: i + 1]) for i in range(len(found["feature"]))]
                return steps + list(zip(parts, map(float, found["precision"]), map(float, found["coverage"])))
            tried = [anchor for anchor in asked if anchor and asked[anchor] >= 30]
            if tried:  # the one whose precision is the surest
                n = np.array([asked[anchor] for anchor in tried])
                best = tried[self.dlow_bernoulli(np.array([positives[anchor] for anchor in tried]) / n, 2 / n).argmax()]
                steps.append((tuple(self.state["t_order"][best]), float(positives[best] / asked[best]), float(covered[best])))
            return steps

    return Search


@contextmanager
def _on_its_own(seed):
    """Seed numpy's global generator, which alibi draws from, and put it back; its log is left to our diagnostics."""
    before, log = np.random.get_state(), logging.getLogger("alibi")  # noqa: NPY002
    level = log.level
    np.random.seed(seed)  # noqa: NPY002
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        np.random.set_state(before)  # noqa: NPY002
        log.setLevel(level)
