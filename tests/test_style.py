"""The code follows the rules that pyproject.toml sets for ruff."""

import subprocess
import sys


def test_ruff_finds_nothing(repository, repository_files):
    python = [str(path) for path in repository_files if path.suffix in (".py", ".ipynb")]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--output-format=concise", "--force-exclude", *python],
        cwd=repository,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
