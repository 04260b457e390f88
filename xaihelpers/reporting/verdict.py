"""What follows from what was found: sentences, each with how serious it is. The first that alarms decides."""

from typing import NamedTuple

import numpy as np

from ..training.chance import wilson
from ..training.evaluation import Evaluation

ALARM, LOOK, FINE = "alarm", "look", "fine"
_LEAK = 0.05  # of balanced accuracy by which a split by image is too good


class Sentence(NamedTuple):
    """One answer. level: "alarm" (mend it before you believe a number), "look" (see for yourself) or "fine"."""

    level: str
    text: str


def verdict(report):
    """Return the Sentences on a folder, the most serious first."""
    said = [*_of_the_files(report), *_of_recognition(report), *_of_copies(report), *_of_shortcuts(report), *_of_clusters(report)]
    return sorted(said, key=lambda each: (ALARM, LOOK, FINE).index(each.level))


def summary(sentences):
    """Return the answer in one sentence."""
    alarms = sum(each.level == ALARM for each in sentences)
    if alarms:
        return (
            f"Not yet: {alarms} {'thing has' if alarms == 1 else 'things have'} to be mended before its numbers mean something."
        )
    looks = sum(each.level == LOOK for each in sentences)
    if looks:
        return f"Nothing speaks against it so far; {looks} {'point needs' if looks == 1 else 'points need'} your own eyes."
    return "Nothing speaks against it so far."


def _of_the_files(report):
    audit = report.audit
    if audit.skipped:
        n = len(audit.skipped)
        yield Sentence(LOOK, f"{n} file{'s' if n > 1 else ''} could not be read, and {'are' if n > 1 else 'is'} left out.")
    photographs = {name: own for name, (_, own) in audit.counts.items()}
    small = [name for name, own in photographs.items() if own < 20]
    if small:
        text = f"Of {', '.join(small)} there are fewer than 20 different photographs: see the interval of their recall."
        yield Sentence(LOOK, text)
    if mixed := [each for each in audit.alarms if "one label is wrong" in each]:
        yield Sentence(ALARM, _as_sentence(mixed[0]))


def percent(share):
    """Return a share in words; one that is small but not 0 is not called 0."""
    return f"{share:.0%}" if share >= 0.01 else "less than 1%"


def _as_sentence(alarm):
    """Return what an audit alarms of, without the word, as a sentence."""
    text = alarm.removeprefix("ALARM: ")
    return text[0].upper() + text[1:]


def _of_recognition(report):
    found, guessing = report.evaluation, 1 / len(report.audit.class_names)
    right, n = int(np.trace(found.confusion)), int(found.confusion.sum())
    low, high = wilson(right, n)
    text = (
        f"While they were held back, {right} of {n} images were recognised (95 % interval {low:.0%} to {high:.0%}); balanced "
        f"accuracy {found.balanced_accuracy:.2f}, and guessing has {guessing:.2f}."
    )
    if report.classifier.chance > 0.05:
        yield Sentence(ALARM, f"{text} Guessing does as well in {percent(report.classifier.chance)} of the cases.")
    else:
        yield Sentence(FINE, text)
    worst = min(found.recall, key=lambda name: found.recall[name])
    if found.recall[worst] < 0.6 * found.balanced_accuracy:
        yield Sentence(LOOK, f"The class {worst} is recognised far less often than the others: {found.recall[worst]:.0%}.")


def _of_copies(report):
    audit, n = report.audit, len(report.audit.images)
    photographs = int(audit.families.max()) + 1
    if photographs == n:
        yield Sentence(FINE, "No image is a copy of another, as far as their looks tell.")
        return
    text = f"The {n} images are {photographs} photographs and their copies. They were kept together, so that no copy is judged."
    if report.leak is None:
        yield Sentence(LOOK, text)
        return
    apart = report.leak[2] - report.evaluation.balanced_accuracy
    text += f" A split by image, the usual one, reports a balanced accuracy of {report.leak[2]:.2f} for the same images"
    end = f": {apart:.2f} too much. Numbers from such a split are worth nothing here." if apart > _LEAK else "."
    yield Sentence(LOOK, text + end)


def _of_shortcuts(report):
    for probe in report.audit.probes:
        if probe.alarm:
            yield Sentence(ALARM, _as_sentence(probe.sentence))
    if not any(probe.alarm for probe in report.audit.probes):
        yield Sentence(FINE, "Border, mean colour, files, thumbnail and surroundings alone tell no class well.")
    frame = Evaluation(np.array(report.frame["confusion"]), report.audit.class_names)
    right, n = int(np.trace(frame.confusion)), int(frame.confusion.sum())
    text = (
        f"From the outer eighth of the pictures alone the network recognises {right} of {n} (balanced accuracy "
        f"{report.frame['balanced']:.2f}; guessing does as well in {percent(report.frame['chance'])} of the cases)"
    )
    if report.frame["chance"] <= 0.05:
        yield Sentence(LOOK, f"{text}: some of what it uses lies there, so look at the maps.")
    else:
        yield Sentence(FINE, f"{text}: no sign that it needs more than the middle.")


def _of_clusters(report):
    for name, (found, _) in report.clusters.items():
        if len(found) > 1:
            sizes = " and ".join(map(str, found.sizes))
            yield Sentence(
                LOOK, f"The maps of {name} point to {len(found)} kinds of things ({sizes} images): is each part of it?"
            )
