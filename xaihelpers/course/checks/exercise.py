"""What every exercise can do: check an answer, give a hint, show a solution."""

import html
from dataclasses import dataclass

import numpy as np


class NotYet(Exception):
    """Raised by an exercise's check, with the hint that fits the mistake."""


@dataclass(frozen=True)
class Verdict:
    """What a check says. status: "correct", "not yet" or "not attempted"; words: the reason or the hint."""

    status: str
    words: str

    @property
    def correct(self):
        """Whether the answer is right."""
        return self.status == "correct"

    def require(self):
        """Raise AssertionError unless the answer is right: one line for a test, or for a grader's cell."""
        if not self.correct:
            raise AssertionError(f"{self.status}: {self.words}")

    def __repr__(self):
        return f"{self.status.capitalize()}. {self.words}"

    def _repr_html_(self):
        tint = {"correct": "#1b6e3c", "not yet": "#8a5a00"}.get(self.status, "#555555")
        return (
            f'<div style="border-left:4px solid {tint};padding-left:8px"><b>{self.status.capitalize()}.</b> '
            f"{html.escape(self.words)}</div>"
        )


class Exercise:
    """One exercise. Call it with an answer; `.hint()` and `.solution()` help."""

    def __init__(self, examine, hint, solution, wrong):
        self.name, self.__doc__ = examine.__name__, examine.__doc__
        self._examine, self._hint, self._solution = examine, hint, solution.strip()
        self.wrong = [code.strip() for code in wrong]

    def __call__(self, answer=None):
        """Return the Verdict on an answer; None or ... is not attempted."""
        if answer is None or answer is ...:
            return Verdict("not attempted", "Replace the dots by your answer and run the cell again.")
        try:
            praise = self._examine(answer)
        except NotYet as mistake:
            return Verdict("not yet", str(mistake))
        except Exception as error:  # the learner's own function may do anything
            return Verdict("not yet", f"Checking your answer stopped with {type(error).__name__}: {error}")
        return Verdict("correct", praise or "")

    def hint(self):
        """Return a first step, as text that shows itself."""
        return Text(self._hint)

    def solution(self):
        """Return a solution, as code that shows itself; its last line sets `answer`."""
        return Text(self._solution, code=True)

    def __repr__(self):
        return f"Exercise {self.name}: call it with your answer; .hint() and .solution() help."


class Text(str):
    """Words that show themselves as they are, without quotation marks."""

    def __new__(cls, words, code=False):
        text = super().__new__(cls, words)
        text.code = code
        return text

    def __repr__(self):
        return str(self)

    def _repr_html_(self):
        body = html.escape(self)
        return f"<pre>{body}</pre>" if self.code else f"<p>{body}</p>"


def exercise(*, hint, solution, wrong):
    """Turn `examine(answer)` into an Exercise.

    examine returns a sentence that says why the answer is right, or raises NotYet with the hint that fits the mistake.
    hint: the first step. solution: code that sets `answer`; `xh` and `np` are there. wrong: two or more pieces of code
    that set a wrong `answer`: the near misses that the tests want refused.
    """

    def decorate(examine):
        if len(wrong) < 2:
            raise ValueError(f"Exercise {examine.__name__} names {len(wrong)} wrong answers: expected two or more.")
        return Exercise(examine, hint, solution, wrong)

    return decorate


# -- what checks are made of -----------------------------------------------------------------------------------------


def numbers(answer, shape=None):
    """Return the answer as a float array, or raise NotYet where it is none, or of another shape."""
    try:
        array = np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise NotYet(f"Your answer is {type(answer).__name__}: expected numbers.") from None
    if shape is not None and array.shape != tuple(shape):
        raise NotYet(f"Your answer has shape {array.shape}: expected {tuple(shape)}.")
    if not np.isfinite(array).all():
        raise NotYet("Your answer has NaN or infinite values.")
    return array


def close(a, b, tolerance=1e-4):
    """Return whether two arrays of the same shape agree, relative to the larger one."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * max(1e-12, np.abs(b).max())))


def choice(answer, right, why_not):
    """Raise NotYet with the reason for a wrong option; `why_not` is {option: why it is wrong}."""
    plain = str(answer).strip().lower()
    if plain in why_not:
        raise NotYet(why_not[plain])
    if plain != right:
        raise NotYet(f"Your answer is {answer!r}: choose one of {', '.join(sorted([right, *why_not]))}.")
