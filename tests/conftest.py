"""What the tests share."""

import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

import xaihelpers._quiet  # noqa: F401

# `_quiet` comes before TensorFlow: its start-up messages would bury those of the tests.
# Not through the environment: the notebooks' kernels inherit that, and they draw inline.
matplotlib.use("agg")
# The tests solve every exercise many times. That is nobody's progress, also where whoever runs them keeps their own.
os.environ["XAIHELPERS_SOLVED"] = str(Path(__file__).with_name("nothing_is_kept_here") / "solved.json")

REPOSITORY = Path(__file__).resolve().parent.parent
NO_NETWORK = re.compile(r"error sending request|failed to fetch|dns error|connection|timed out|name resolution", re.I)


@pytest.fixture(autouse=True)
def same_draws():
    """Start every test from the same random state: a network that nobody seeded is the same in each run, in whatever order.

    What is drawn by luck would else fail once in twenty runs, and in none that looks for the reason.
    """
    if "keras" in sys.modules:  # a file of tests that needs no network doesn't wait for it
        sys.modules["keras"].utils.set_random_seed(0)


@pytest.fixture(scope="session")
def repository():
    """The folder of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def repository_files():
    """All files of the repository, new ones included, what git ignores left out."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip("not a git checkout")
    return [REPOSITORY / name for name in done.stdout.split("\0") if (REPOSITORY / name).is_file()]


@pytest.fixture(scope="session")
def run_online():
    """A function that runs a command which asks the package registry; without a network the test is skipped."""

    def run(command, **options):
        done = subprocess.run(command, capture_output=True, text=True, **options)
        if done.returncode != 0 and NO_NETWORK.search(done.stderr):
            pytest.skip("the package registry can't be reached from here")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def site(repository, tmp_path_factory):
    """The folder of the course's static pages, built from the notebooks as they are stored; XAI_SITE names one that is there."""
    if "XAI_SITE" in os.environ:
        return Path(os.environ["XAI_SITE"])
    pytest.importorskip("sphinx_book_theme", reason="the site's packages are not installed: make .venv/site")
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, str(repository / "tools" / "build_site.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    complaints = [line for line in done.stderr.splitlines() if re.search(r"\b(WARNING|ERROR):(?! All log)", line)]
    assert done.returncode == 0 and not complaints, done.stdout + done.stderr
    return folder / "html"
