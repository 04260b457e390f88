"""What a learner has solved, kept in a file of the learner's own; nothing is written before `keep()` was called."""

import html
import json
import os
from datetime import date
from importlib import import_module
from pathlib import Path

import platformdirs

from ..zoo.cache import atomic_write

# The lessons in the order of the course: the name in `xh.check`, and the number.
NUMBERS = {
    "data_and_models": "00",
    "grad_cam": "01",
    "lime": "02",
    "rise": "03",
    "saliency_maps": "04",
    "anchor_explanations": "05",
    "activation_maximization": "06",
    "occlusion": "07",
    "guided_backpropagation": "08",
    "deep_dream": "09",
    "deep_shap": "10",
    "comparison": "11",
    "finding_bias": "12",
    "playground": "13",
    "field": "14",
}
_ASK = "Nothing is kept so far. To have solved exercises remembered, on this computer only: xh.check.keep()"


def file_of_solved() -> Path:
    """Return where solved exercises are kept: the environment variable XAIHELPERS_SOLVED, or a file in the user's data folder."""
    chosen = os.environ.get("XAIHELPERS_SOLVED")
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("xaihelpers", appauthor=False) / "solved.json"


def keep() -> "Solved":
    """Agree that solved exercises are kept from now on, in a file on this computer; return what it holds.

    `forget()` takes that back. Raises OSError, in one sentence, where the file can't be written.
    """
    path = file_of_solved()
    if not path.exists():
        _write(path, {})
    return done()


def forget() -> None:
    """Delete the file of solved exercises; nothing more is kept."""
    file_of_solved().unlink(missing_ok=True)


def done(path: str | Path | None = None) -> "Solved":
    """Return the Solved of this computer's learner, or of a file that a learner handed in.

    Raises FileNotFoundError or ValueError, in one sentence, for a file that is not there or none of ours.
    """
    own = path is None
    path = file_of_solved() if own else Path(path).expanduser()
    if not path.is_file():
        if own:
            return Solved(path, {}, kept=False)
        raise FileNotFoundError(f"There is no file {path}: check the spelling and the folder you are in.")
    return Solved(path, _read(path))


def note(lesson, name):
    """Keep that an exercise was solved, if the learner agreed; return a sentence where that failed, else nothing."""
    path = file_of_solved()
    if not path.is_file():
        return ""
    try:
        known = _read(path)
        if f"{lesson}.{name}" not in known:
            _write(path, known | {f"{lesson}.{name}": date.today().isoformat()})
    except (OSError, ValueError) as error:
        return f" (It could not be kept: {error})"
    return ""


class Solved:
    """What was solved. path: the file. days: {"lesson.exercise": the day, as 2026-01-31}. kept: whether anything is kept at all.

    counts: {lesson: exercises solved}, all lessons in the order of the course. Shows itself as a table.
    """

    def __init__(self, path, days, kept=True):
        self.path, self.days, self.kept = path, days, kept

    @property
    def counts(self):
        """{lesson: number of exercises solved}."""
        return {lesson: sum(f"{lesson}.{name}" in self.days for name in names) for lesson, names in _exercises().items()}

    def _rows(self):
        """Yield (lesson, how many of how many, the names that are open)."""
        for lesson, names in _exercises().items():
            still = [name for name in names if f"{lesson}.{name}" not in self.days]
            yield f"{NUMBERS.get(lesson, '')} {lesson}".strip(), f"{len(names) - len(still)} of {len(names)}", ", ".join(still)

    def __repr__(self):
        lines = [f"{lesson:26} {share:>8}   {still}".rstrip() for lesson, share, still in self._rows()]
        return "\n".join([f"{'lesson':26} {'solved':>8}   still open", *lines, self._where()]) if self.kept else _ASK

    def _repr_html_(self):
        if not self.kept:
            return f"<p>{html.escape(_ASK)}</p>"
        cells = "".join("<tr>" + "".join(f"<td>{html.escape(each)}</td>" for each in row) + "</tr>" for row in self._rows())
        head = "<tr><th>lesson</th><th>solved</th><th>still open</th></tr>"
        return f"<table>{head}{cells}</table><p>{html.escape(self._where())}</p>"

    def _where(self):
        return f"Kept in {self.path}; xh.check.forget() deletes it."


def _exercises():
    """Return {lesson: names of its exercises}, in the order of the course."""
    from . import checks
    from .checks.exercise import Exercise

    ordered = sorted(checks.lessons(), key=lambda lesson: (NUMBERS.get(lesson, "~"), lesson))
    found = {lesson: vars(import_module(f"{checks.__name__}.{lesson}")).items() for lesson in ordered}
    return {lesson: [name for name, each in items if isinstance(each, Exercise)] for lesson, items in found.items()}


def _read(path):
    """Return {"lesson.exercise": day} of a file, or raise ValueError."""
    try:
        solved = json.loads(path.read_text(encoding="utf-8"))["solved"]
        assert all(isinstance(each, str) for each in [*solved, *solved.values()])
    except (KeyError, TypeError, AttributeError, ValueError, AssertionError):
        raise ValueError(f"{path} is damaged, or no file of solved exercises: delete it, or give another.") from None
    return dict(solved)


def _write(path, solved):
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as temporary:
            temporary.write_text(json.dumps({"solved": solved}, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise OSError(
            f"{path} can't be written ({error.strerror}): set the environment variable XAIHELPERS_SOLVED to a file that can."
        ) from error
