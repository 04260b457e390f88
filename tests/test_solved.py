"""What is solved is kept only after the learner agreed, in one small file that a teacher can read."""

import json
import re
from datetime import date

import pytest

import xaihelpers as xh
from xaihelpers.course import solved
from xaihelpers.course.checks.exercise import exercise


@pytest.fixture
def file(tmp_path, monkeypatch):
    """Where the file of solved exercises would be."""
    path = tmp_path / "data" / "solved.json"
    monkeypatch.setenv("XAIHELPERS_SOLVED", str(path))
    return path


def solve(lesson="saliency_maps", name="by_hand", answer=(0, -1, 1)):
    return getattr(getattr(xh.check, lesson), name)(answer)


def test_nothing_is_written_before_the_learner_agreed(file):
    assert solve().correct and not file.parent.exists()
    assert "xh.check.keep()" in repr(xh.check.done()) and "xh.check.keep()" in xh.check.done()._repr_html_()
    assert not file.parent.exists() and sum(xh.check.done().counts.values()) == 0


def test_after_that_what_is_right_is_kept_once_and_what_is_wrong_is_not(file):
    assert repr(xh.check.keep()).endswith("xh.check.forget() deletes it.")
    assert not solve(answer=(1, 1, 1)).correct and not solve(answer=None).correct
    assert json.loads(file.read_text()) == {"solved": {}}
    assert solve().correct and solve("rise", "how_many", 6400).correct
    day = date.today().isoformat()
    assert json.loads(file.read_text()) == {"solved": {"saliency_maps.by_hand": day, "rise.how_many": day}}
    file.write_text(file.read_text().replace(day, "2001-02-03", 1))
    solve()
    assert xh.check.done().days["saliency_maps.by_hand"] == "2001-02-03"  # the first time counts
    assert xh.check.keep().days == xh.check.done().days  # to agree twice loses nothing
    assert not list(file.parent.glob(".part-*"))


def test_a_teacher_reads_a_file_that_was_handed_in(file, tmp_path):
    handed_in = tmp_path / "anna.json"
    handed_in.write_text(json.dumps({"solved": {"rise.how_many": "2026-01-31", "an.old_one": "2025-01-31"}}))
    found = xh.check.done(handed_in)
    assert found.counts["rise"] == 1 and sum(found.counts.values()) == 1
    assert re.search(r"03 rise +1 of 6   by_hand, implement", repr(found)) and "<td>1 of 6</td>" in found._repr_html_()
    assert list(found.counts)[:2] == ["data_and_models", "grad_cam"] and not file.exists()


def test_forgetting_deletes_the_file_and_ends_the_keeping(file):
    xh.check.keep()
    solve()
    xh.check.forget()
    xh.check.forget()  # once more does no harm
    assert solve().correct and not file.exists()


def test_a_file_that_is_none_of_ours(file, tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        xh.check.done(tmp_path / "nobody.json")
    for text in ("no JSON", "[]", '{"solved": [1]}', '{"solved": {"a": 1}}', "{}"):
        (tmp_path / "other.json").write_text(text)
        with pytest.raises(ValueError, match=r"other.json is damaged, or no file of solved exercises"):
            xh.check.done(tmp_path / "other.json")


def test_a_file_that_can_not_be_kept_does_not_make_the_answer_wrong(file):
    xh.check.keep()
    file.write_text("scribbled over")
    verdict = solve()
    assert verdict.correct and "It could not be kept" in verdict.words and file.read_text() == "scribbled over"


def test_where_nothing_can_be_written_it_says_what_to_do(tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv("XAIHELPERS_SOLVED", str(tmp_path / "a file" / "solved.json"))
    with pytest.raises(OSError, match="set the environment variable XAIHELPERS_SOLVED"):
        xh.check.keep()


def test_exercises_of_others_are_not_kept(file):
    xh.check.keep()

    @exercise(hint="", solution="answer = 1", wrong=["answer = 2", "answer = 3"])
    def mine(answer):
        return "yes"

    assert mine(1).correct and json.loads(file.read_text()) == {"solved": {}}


def test_without_the_variable_it_is_the_users_own_folder(monkeypatch):
    monkeypatch.delenv("XAIHELPERS_SOLVED", raising=False)
    path = solved.file_of_solved()
    assert path.is_absolute() and path.name == "solved.json" and "xaihelpers" in str(path.parent)


def test_the_numbers_are_those_of_the_notebooks(repository):
    found = {}
    for path in sorted((repository / "notebooks").glob("[0-9][0-9]_*.ipynb")):
        for lesson in re.findall(r"xh\.check\.(\w+)\.\w+\(answer\)", path.read_text(encoding="utf-8")):
            found[lesson] = path.name[:2]
    assert found == solved.NUMBERS and set(found) == set(xh.check.lessons())
