"""Anchors: the superpixels that, while they are there, keep the network's decision whatever becomes of the rest.

Ribeiro, Singh and Guestrin, "Anchors: High-Precision Model-Agnostic Explanations", AAAI 2018.
The search is in `shared/anchor_search.py`; this module covers the superpixels, asks in full batches, and says what was found.
"""

import math

import numpy as np

from .._progress import progress_bar
from .._types import Fill, ImageLike, Segments, Target
from .._validation import number, one_of
from ..classifier import Classifier
from .shared.alibi_search import alibi_search
from .shared.anchor_search import AnchorSearch, Options
from .shared.budget import Budget, counting_down
from .shared.contract import Finding, Slider, technique, whole_number
from .shared.coverings import Asker, OutOfQuestions
from .shared.fills import fill_image, fill_images
from .shared.questions import keeps_answers
from .shared.superpixels import SEGMENTATIONS, segment

_ENGINES = {"own": AnchorSearch, "alibi": alibi_search}
_NO_ANCHOR = 0.5  # how strongly the best candidate is marked where there is no anchor
_SLIDERS = {
    "threshold": Slider(0.5, 0.99, 0.01, default=0.95),
    "beam_size": Slider(1, 5, 1, default=1),
    "n_segments": Slider(6, 40, 2, default=16),
    "segments": Slider(options=list(SEGMENTATIONS), default="slic"),
    "fill": Slider(options=["segment mean", "mean", "blur", "black", "white", "noise"]),
    "max_questions": Slider(200, 4000, 200, default=2000),  # what somebody at a slider has the patience for
}


_BUDGET = Budget(lambda shape, given: given["max_questions"] + 1, counting_down("max_questions", 200))


@technique(family="perturbation", needs_gradients=False, sliders=_SLIDERS, budget=_BUDGET)
def anchors(
    classifier: Classifier,
    image: ImageLike,
    target: Target = None,
    *,
    threshold: float = 0.95,
    n_segments: int = 16,
    segments: Segments = "slic",
    fill: Fill = "segment mean",
    delta: float = 0.1,
    tau: float = 0.15,
    beam_size: int = 1,
    round_size: int = 64,
    max_questions: int = 4000,
    engine: str = "own",
    seed: int = 0,
    batch_size: int = 32,
    progress: bool = False,
    seconds: float | None = None,
    questions: int | None = None,
) -> Finding:
    """Return the anchor of a decision, (H, W): 1 on the superpixels that keep the network's class, 0 elsewhere.

    Where the search finds no anchor, its best candidate is marked by 0.5, a diagnostic says why, and so does `note`, which
    stands in every picture of the result.

    classifier: any Classifier. image: (H, W, 3), 0 to 255. target: None, or the predicted class: an anchor explains the
        decision that was taken; for another class the map is empty and says so.
    threshold: the precision asked for, above 0 and below 1. n_segments, segments: as in `superpixels.segment`.
    fill: what absent superpixels show: "segment mean" (their own mean colour), "mean" (the image's), "blur", "black",
        "white", "noise", a grey level or a colour, or other images (N, H, W, 3), one of which, drawn at random, shows through.
    delta: how often the precision may be missed. tau: how much worse than the best a candidate may be.
    beam_size: candidates kept from one size to the next; 1 is greedy, more find anchors that no single superpixel leads
        to, for more questions. round_size: coverings asked about before a bound is looked at again.
    max_questions: the search stops after 4000 questions, or as many as you say (200 or more), with the best candidate so
        far, and says so. A covering that was drawn before is not asked again.
    engine: "own", or "alibi": the search of that package, on the same coverings, to compare with. Importing it takes seconds.
    progress: say what it costs at most, show a bar, and, if you interrupt it, keep the best candidate so far.
    seconds, questions: at most so many: the map is then of fewer questions, as `parameters` say; see also `xh.cost_of`.
    details: "anchor" (superpixels in the order in which they were added), "success" (whether it is an anchor), "precision"
        (how often the class stayed), "bounds" (the lower and upper bound of it that the search decides by, at confidence
        1 - delta), "coverage" (how often the rule applies, in 10,000 coverings), "segments" (H, W), "steps": [(superpixels,
        precision, coverage)], from none to the anchor, "beams": [rules kept at size 1, at size 2, ...], "candidates": every
        rule asked about, as (rule, precision, bounds, coverage, asked).
    Raises ImportError, in one sentence, for engine="alibi" where it is missing; ValueError for an argument out of range.
    Source: Ribeiro and others, AAAI 2018.
    """
    threshold, delta = (number(value, name, above=0, below=1) for value, name in ((threshold, "threshold"), (delta, "delta")))
    tau, beam_size = number(tau, "tau", above=0, below=1), whole_number(beam_size, "beam_size")
    round_size, batch_size = whole_number(round_size, "round_size"), whole_number(batch_size, "batch_size")
    max_questions, seed = whole_number(max_questions, "max_questions", 200), whole_number(seed, "seed", 0)
    make_search = _ENGINES[one_of(engine, "engine", _ENGINES)]
    labels = segment(image, segments, n_segments)
    filled = _backdrops(image, labels, fill, seed)
    first_round = min(_enough_for_none(threshold, delta), max_questions // 2)
    options = Options(threshold, delta, tau, beam_size, round_size, first_round)
    ask = Asker(classifier, image, filled, labels, seed, batch_size, max_questions)
    search = make_search(ask, options)

    decision = int(classifier.probabilities(image[None])[0].argmax())
    if target not in (None, decision):
        return _not_decided(classifier, labels, target, decision)
    with _progress_bar(max_questions, progress) as bar:
        rule, success, stopped = _run(search, ask.about(decision, bar), progress)
    best, unaided = search.candidate(rule), search.precision(())
    return Finding(
        np.isin(labels, rule) * (1 if success else _NO_ANCHOR),
        decision,
        _details(search, best, labels, success),
        _doubts(best, unaided, threshold, stopped, success, classifier.class_names[decision], labels.max() + 1),
        _note(best, success),
        full_scale=1,
    )


def _run(search, ask, progress):
    """Return (rule, whether it is an anchor, why the search stopped early or "")."""
    try:
        return *search.run(), ""
    except OutOfQuestions:
        stopped = f"The search stopped after {ask.asked} questions"
    except KeyboardInterrupt as stop:
        if not ask.asked or not keeps_answers(stop, progress):
            raise
        stopped = f"Interrupted after {ask.asked} questions"
    return *search.best_so_far(), stopped


def _details(search, best, labels, success):
    """Return what only this technique has."""
    return {
        "anchor": list(best.rule),
        "success": success,
        "precision": best.precision,
        "bounds": best.bounds,
        "coverage": best.coverage,
        "segments": labels,
        "steps": search.steps(tuple(sorted(best.rule))),
        "beams": search.beams,
        "candidates": search.candidates(),
    }


def _enough_for_none(threshold, delta):
    """Return how many images show that no superpixel is needed, where none is: alibi's 100 are too few above 0.97."""
    return max(100, math.ceil(1.1 * math.log(1 / delta) / -math.log(threshold)))


def _backdrops(image, labels, fill, seed):
    """Return what is seen where superpixels are absent: (H, W, 3), or (N, H, W, 3) for other images."""
    several = not isinstance(fill, str) and np.ndim(fill) == 4
    return (fill_images if several else fill_image)(image, fill, labels, seed=seed)


def _not_decided(classifier, labels, target, decision):
    """Return the empty Finding for a class that was not the decision."""
    asked, decided = classifier.class_names[target], classifier.class_names[decision]
    nothing = {"anchor": [], "success": False, "precision": math.nan, "bounds": (math.nan, math.nan), "coverage": math.nan}
    return Finding(
        np.zeros(labels.shape),
        target,
        {**nothing, "segments": labels, "steps": [], "beams": [], "candidates": []},
        (
            f"The network decides for {decided!r} here, not {asked!r}: an anchor explains the decision taken, so the map is "
            "empty. Leave target out, or use a technique that explains any class, such as lime.",
        ),
        f"no anchor: the decision is {decided}",
        full_scale=1,
    )


def _note(best, success):
    """Return what belongs into every picture, where it is not plainly an anchor."""
    if not success:
        return f"no anchor: best candidate, precision {best.precision:.2f}"
    return "" if best.rule else "empty anchor: nothing is needed"


def _doubts(best, unaided, threshold, stopped, success, name, n_superpixels):
    """Return the reasons not to trust this anchor, or to see what an empty one means."""
    if not best.rule and success:
        return (
            f"The anchor is empty: whatever is covered, the network says {name!r} (in {best.precision:.0%} of the samples), so "
            "no superpixel is needed. Raise the threshold, or cover with another fill: black, or other images.",
        )
    if stopped and success:
        return (
            f"{stopped}, before it had compared all candidates: this is an anchor, and another one may be better. "
            "Raise max_questions, or use fewer superpixels.",
        )
    if stopped:
        return (
            f"{stopped}: this is the best candidate so far (precision {best.precision:.2f}), and no anchor yet. "
            "Raise max_questions, or use fewer superpixels.",
        )
    if not success:
        return (
            f"No anchor reaches precision {threshold:g}: this is the best candidate ({best.precision:.2f}). "
            "Lower the threshold, or use fewer superpixels.",
        )
    if len(best.rule) == n_superpixels:
        return (
            "The anchor is the whole image: with any superpixel covered the decision is too often another, so the rule says "
            "nothing. Lower the threshold, or cover with another fill.",
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
