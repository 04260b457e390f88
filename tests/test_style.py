"""The code follows the rules that pyproject.toml sets for ruff, and is laid out as its formatter lays it out."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("what", [["check", "--output-format=concise"], ["format", "--check"]], ids=["rules", "format"])
def test_ruff_finds_nothing(repository, repository_files, what):
    python = [str(path) for path in repository_files if path.suffix in (".py", ".pyi", ".ipynb")]
    command = [sys.executable, "-m", "ruff", *what, "--force-exclude", *python]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
