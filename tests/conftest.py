"""What the tests share."""

import re
import subprocess
from pathlib import Path

import matplotlib
import pytest

import xaihelpers._quiet  # noqa: F401

# `_quiet` comes before TensorFlow: its start-up messages would bury those of the tests.
# Not through the environment: the notebooks' kernels inherit that, and they draw inline.
matplotlib.use("agg")

REPOSITORY = Path(__file__).resolve().parent.parent
NO_NETWORK = re.compile(r"error sending request|failed to fetch|dns error|connection|timed out|name resolution", re.I)


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
