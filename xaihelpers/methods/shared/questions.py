"""Asking a network many questions about one image: how many it will be, what comes back, and stopping half-way."""

from ..._progress import progress_bar
from ..._validation import one_of
from ...classifier import Stopped

LIKELY_SAME = 1e-6  # answers that differ by less are one number, rounded


def scales(classifier):
    """Return what a question can be answered in: logits too, where the classifier has them. For sliders."""
    return ["probability", "logit"] if classifier.has_gradients else ["probability"]


def score(classifier, images, of="probability", batch_size=32, checked=False):
    """Return the network's answers, (N, C): probabilities, or with of="logit" the logits before the softmax.

    A softmax near 1 is saturated: what is taken away hardly moves it, though the logit falls. Raises ValueError for
    another `of`, and TypeError, in one sentence, where the classifier has no logits.
    """
    # As a batch of one, to be answered in the same way as what it is compared with: what changes nothing must give the same.
    images = images[None] if images.ndim == 3 else images
    if one_of(of, "of", ("probability", "logit")) == "logit":
        return classifier.logits(images, batch_size, checked=checked)
    return classifier.probabilities(images, batch_size, checked=checked)


def ask(classifier, batches, name, total, progress=False, of="probability"):
    """Yield (what, answers (n, C)) for each (what, images (n, H, W, 3)) in `batches`, as the network answers.

    of: "probability" or "logit", as in `score`. The images are taken as checked: a technique makes them from one image
    that was. A batch may reuse its array for the next. progress: say first how many questions there will be, then show a
    bar with the time that is left.
    """
    if progress:
        print(f"{name} will ask the network {total:,} questions: as many forward passes.", flush=True)
    classifier.expect(total)
    with progress_bar(title=name, unit="image", total=total, shown=progress, leave=False) as bar:
        for what, images in batches:
            answers = score(classifier, images, of, len(images), checked=True)
            bar.update(len(images))
            yield what, answers


def keeps_answers(stop, progress):
    """Return whether work cut short by `stop` gives what it has so far: under a bar, or where a watcher stopped it."""
    return progress or isinstance(stop, Stopped)
