"""Run tests in a process that has imported the large libraries already: seconds less for each run.

Started as a script with the names of libraries, it reads one line for each run (pytest's arguments and a limit, as JSON), forks,
and writes one line back. The package under test is never imported before the fork, so that each run sees it as it is then.
"""

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
import time

LIBRARIES = ["tensorflow", "keras", "scipy.stats", "scipy.ndimage", "skimage.segmentation", "skimage.filters", "pandas"]
LIBRARIES += ["sklearn.linear_model", "matplotlib.pyplot", "PIL.Image", "joblib", "lime.lime_image", "hypothesis", "psutil"]


class Fork:
    """Such a process. environment, folder: what the tests run in."""

    def __init__(self, folder, environment):
        self._process = subprocess.Popen(
            [sys.executable, __file__, *LIBRARIES],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, arguments, limit):
        """Return (exit status of pytest, or None if it took longer than `limit` seconds; what it printed)."""
        self._process.stdin.write(json.dumps([arguments, limit]) + "\n")
        self._process.stdin.flush()
        return tuple(json.loads(self._process.stdout.readline()))

    def close(self):
        self._process.stdin.close()
        self._process.wait()


def serve(libraries, lines, answers):
    """Answer each line of `lines` on `answers`."""
    for name in libraries:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    for line in lines:
        arguments, limit = json.loads(line)
        with open("printed.txt", "w+", encoding="utf-8") as printed:
            child = os.fork()
            if child == 0:
                _tests(arguments, printed)
            code = _status(child, limit)
            printed.seek(0)
            print(json.dumps([code, printed.read()]), file=answers, flush=True)


def _tests(arguments, printed):
    """Run pytest in the child, and end it without what else Python does at its end."""
    os.setsid()
    for number in (1, 2):
        os.dup2(printed.fileno(), number)
    sys.path.insert(0, os.getcwd())
    code = 3
    try:
        import pytest

        code = int(pytest.main(arguments))
    finally:
        sys.stdout.flush()
        os._exit(code)


def _status(child, limit):
    """Return the exit status of a child, negative for a signal; None where it took too long, and was ended."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)  # what the tests have left behind
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


if __name__ == "__main__":
    serve(sys.argv[1:], sys.stdin, os.fdopen(os.dup(1), "w"))
