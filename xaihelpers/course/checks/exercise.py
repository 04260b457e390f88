"""What every exercise can do: check an answer, give a hint, show a solution."""

import html
import re
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..solved import note


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

    def __init__(self, examine, hint, solution, wrong, also_right=None):
        self.name, self.__doc__ = examine.__name__, examine.__doc__
        self._examine, self._hint, self._solution = examine, hint, solution.strip()
        self.wrong, self.also_right = [code.strip() for code in wrong], also_right

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
        where, _, lesson = self._examine.__module__.rpartition(".")
        failed = note(lesson, self.name) if where == __package__ else ""
        return Verdict("correct", (praise or "") + failed)

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


def exercise(*, hint, solution, wrong, also_right=None):
    """Turn `examine(answer)` into an Exercise.

    examine returns a sentence that says why the answer is right, or raises NotYet with the hint that fits the mistake.
    hint: the first step. solution: code that sets `answer`; `xh` and `np` are there. wrong: two or more pieces of code
    that set a wrong `answer`: the near misses that the tests want refused.
    also_right: for an exercise with many right answers, a function that tells by other examples than the check's whether one
        that is not the solution's is right too; it measures the check, and does not take part in it.
    """

    def decorate(examine):
        if len(wrong) < 2:
            raise ValueError(f"Exercise {examine.__name__} names {len(wrong)} wrong answers: expected two or more.")
        return Exercise(examine, hint, solution, wrong, also_right)

    return decorate


# -- what checks are made of -----------------------------------------------------------------------------------------


_LETTER = re.compile(r"^\W*(?:(?:answer|option|choice)\W+)?([a-z])\W*$", re.I)


def numbers(answer, shape=None):
    """Return the answer as a float array, or raise NotYet where it is none, or of another shape.

    Takes what a person writes: numbers, lists, arrays, maps, and text such as "3, 3, -3", "3 %", "1/4", "1,234" or "−0.5".
    """
    array = _array(answer)
    if shape is not None and array.shape != tuple(shape):
        if array.size == int(np.prod(shape)) and array.ndim <= 2 and 1 in (*array.shape, array.size):
            array = array.reshape(shape)  # one number in a list, a row given as a column
        else:
            raise NotYet(f"Your answer has shape {array.shape}: expected {tuple(shape)}.")
    if not np.isfinite(array).all():
        raise NotYet("Your answer has NaN or infinite values.")
    return array


def _array(answer):
    if isinstance(answer, str):
        values = [_number(part) for part in _parts(answer)]
        return np.array(values[0] if len(values) == 1 else values, dtype=float)
    if isinstance(answer, dict):
        answer = list(answer.values())
    try:
        return np.asarray(answer, dtype=float)
    except (TypeError, ValueError):
        raise NotYet(f"Your answer is {type(answer).__name__}: expected numbers.") from None


def _parts(text):
    """Return the numbers in a text, each still as text; raise NotYet where something else stands there."""
    plain = text.replace("−", "-").replace(" %", "%").strip().strip("[](){}").strip()
    if re.fullmatch(r"[-+]?\d+,\d+%?|[-+]?\d{1,3}(,\d{3})+(\.\d+)?%?", plain):
        return [plain]  # 0,5 and 1,234 are one number each
    parts = [part for part in re.split(r"[;\s]+" if ";" in plain else r"[,\s]+", plain) if part]
    if not parts:
        raise NotYet("Your answer is an empty text: expected numbers.")
    return parts


def _number(text):
    """Return one number that a person wrote: 3, -.5, 1/4, 12 %, 1,234 (a thousand) or 0,5 (a half)."""
    plain, share = (text[:-1], 100) if text.endswith("%") else (text, 1)
    if re.fullmatch(r"[-+]?[1-9]\d{0,2}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    try:
        return float(Fraction(plain.replace(",", "."))) / share
    except (ValueError, ZeroDivisionError):
        raise NotYet(f"{text[:40]!r} is no number: expected numbers.") from None


def close(a, b, tolerance=1e-4):
    """Return whether two arrays of the same shape agree, relative to the larger one."""
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=tolerance, atol=tolerance * max(1e-12, np.abs(b).max())))


def as_written(given, right):
    """Return whether numbers are the right ones, written with two decimals or more: rounded, or from three on cut off."""
    given, right = np.asarray(given, dtype=float), np.asarray(right, dtype=float)
    if given.shape != right.shape:
        return False
    fits = np.isclose(given, right, rtol=1e-4, atol=0)
    for places in range(2, 7):
        fits |= np.abs(given - right.round(places)) < 1e-9
        fits |= (places > 2) & (np.abs(given - np.trunc(right * 10**places) / 10**places) < 1e-9)
    return bool(fits.all())


def letter(answer):
    """Return the option meant by an answer, in lower case: "b", "B", "(b)", "b)", "c." and "answer: b" all say which."""
    if isinstance(answer, (list, tuple, set, frozenset)) and len(answer) == 1:
        (answer,) = answer
    text = str(answer).strip()
    match = _LETTER.match(text)
    return match.group(1).lower() if match else text.lower()


def choice(answer, right, why_not):
    """Raise NotYet with the reason for a wrong option; `why_not` is {option: why it is wrong}."""
    given = letter(answer)
    if given in why_not:
        raise NotYet(why_not[given])
    if given != right:
        raise NotYet(f"Your answer is {answer!r}: choose one of {', '.join(sorted([right, *why_not]))}.")


def choices(answer, right, options):
    """Raise NotYet unless the answer names, for each of several questions, the option in `right`, {question: option}.

    Takes a dict, a list in the order of `right`, or text such as "1a 2c 3b" or "a, c, b". options: {question: {option: why
    it is wrong}}.
    """
    questions = [str(question) for question in right]
    if isinstance(answer, dict):
        given = {str(question).strip().lower(): letter(each) for question, each in answer.items()}
    else:
        if isinstance(answer, str):
            answer = re.findall(r"[a-z](?![a-z])", re.sub(r"[a-z]{2,}", " ", answer.lower()))
        given = dict(zip(questions, [letter(each) for each in answer]))
    missing = [question for question in questions if question not in given]
    if missing:
        raise NotYet(f"Nothing is said of {', '.join(missing)}: give one option for each of {', '.join(questions)}.")
    for question, each in zip(questions, right):
        if given[question] != right[each]:
            why = options[each].get(given[question])
            raise NotYet(f"{question}: {why or f'{given[question]!r} is none of the options.'}")


def attribution(answer, method, class_name, parameters, image=None):
    """Return the map of an Attribution, (H, W); raise NotYet where it was asked for otherwise than in the exercise.

    What was asked for is looked at before the map: technique, class, parameters {name: value}, image. An array is taken as
    it is.
    """
    if not hasattr(answer, "parameters"):
        return numbers(answer)
    if answer.method != method:
        raise NotYet(f"This is a map of {answer.method}. Asked for: {method}.")
    if answer.class_name != class_name:
        raise NotYet(f"This explains {answer.class_name!r}. Asked for: {class_name!r}.")
    if image is not None and not np.array_equal(answer.image, image):
        raise NotYet("This explains another image than the one that is asked for.")
    other = [name for name, value in parameters.items() if not _same(answer.parameters.get(name), value)]
    if other:
        yours = ", ".join(f"{name} = {answer.parameters.get(name)!r}" for name in other)
        asked = ", ".join(f"{name} = {value!r}" for name, value in parameters.items())
        raise NotYet(f"You have {yours}. Asked for: {asked}.")
    return np.asarray(answer.heatmap, dtype=float)


def _same(a, b):
    """Return whether two values of a parameter mean the same."""
    return (a is None and b is None) or (type(a) is type(b) and a == b) or (a is not None and b is not None and _equal(a, b))


def _equal(a, b):
    try:
        return bool(np.array_equal(np.asarray(a), np.asarray(b)))
    except (TypeError, ValueError):
        return False
