"""Quiet blocks keep diagnostics out of sight, end when they end, and give back what was around them."""

import subprocess
import sys
import threading
import warnings

import pytest

from xaihelpers._quiet import announce, without_warnings
from xaihelpers.results import DiagnosticWarning


def test_a_quiet_block_keeps_the_sentences_and_the_next_ones_are_heard_again():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with without_warnings() as kept:
            assert announce("one", None, "", "two") == ("one", "two")
    assert kept == ["one", "two"]
    with pytest.warns(DiagnosticWarning, match="^three$"):
        announce("three")
    assert kept == ["one", "two"]


@pytest.mark.filterwarnings("ignore::xaihelpers.results.DiagnosticWarning")
def test_a_function_of_ones_own_that_warns_is_heard_by_its_own_thread_alone():
    heard = []

    def other():
        with without_warnings() as kept:
            warnings.warn("from there", DiagnosticWarning, stacklevel=1)
        heard.extend(kept)

    filters = list(warnings.filters)
    with without_warnings() as kept:
        thread = threading.Thread(target=other)
        warnings.warn("here", DiagnosticWarning, stacklevel=1)
        thread.start()
        thread.join()
        assert warnings.filters == filters
    assert (heard, kept) == (["from there"], ["here"])


def test_a_quiet_block_ends_when_what_is_in_it_fails():
    with pytest.raises(KeyError), without_warnings():
        raise KeyError
    with pytest.warns(DiagnosticWarning, match="heard"):
        announce("heard")


def test_when_an_inner_block_ends_the_outer_one_is_still_quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with without_warnings() as outer:
            announce("before")
            with without_warnings() as inner:
                announce("within")
            announce("after")
    assert (outer, inner) == (["before", "after"], ["within"])


def test_another_thread_is_not_silenced():
    heard = []

    def other():
        with warnings.catch_warnings(record=True) as found:
            warnings.simplefilter("always")
            announce("from there")
        heard.extend(str(each.message) for each in found)

    with without_warnings() as kept:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert heard == ["from there"] and kept == []


def test_nothing_is_said_when_a_technique_is_what_brings_tensorflow():
    code = "import xaihelpers as xh; [xh.METHODS[name] for name in ('lrp', 'guided_backprop')]"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_import_that_fails_shows_what_was_said():
    code = "import os; from xaihelpers._quiet import quiet_import\nwith quiet_import(): os.write(2, b'why'); 1 / 0"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "why" in done.stderr and "ZeroDivisionError" in done.stderr
