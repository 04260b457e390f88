"""Measure what a learner needs: memory and processor time of a lesson, run from top to bottom in a kernel of its own.

    python classroom/needs.py 01 03 06     # these lessons
    python classroom/needs.py              # all of them, and JupyterLab's own server

Prints a row for each: the largest memory of the kernel with all its processes (sampled ten times a second), the seconds of
processor time, and the seconds on the clock. The lessons are not stored.
"""

import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
ROW = "{:28} {:>9} {:>9} {:>9}"


class Watch:
    """Inside the block: the memory (bytes, at most) and processor time (seconds) of all processes that this one started."""

    def __enter__(self):
        self.memory, self._seconds, self._done = 0, {}, threading.Event()
        self._thread = threading.Thread(target=self._look_until_done)
        self._begin = time.perf_counter()
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        self._thread.join()
        self.clock = time.perf_counter() - self._begin

    @property
    def processor(self):
        """Seconds of processor time so far, of processes that have ended too."""
        return sum(self._seconds.values())

    def _look_until_done(self):
        while not self._done.wait(0.1):
            self._look()
        self._look()

    def _look(self):
        memory = 0
        for process in psutil.Process().children(recursive=True):
            try:
                with process.oneshot():
                    memory += process.memory_info().rss
                    times = process.cpu_times()
                    self._seconds[process.pid, process.create_time()] = times.user + times.system
            except psutil.Error:  # it ended just now
                continue
        self.memory = max(self.memory, memory)


def of_lesson(path):
    """Return the Watch over a notebook run from top to bottom."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(notebook, timeout=900, kernel_name="python3", resources={"metadata": {"path": str(path.parent)}})
    with Watch() as watch, client.setup_kernel():
        for number, cell in enumerate(notebook.cells):
            client.execute_cell(cell, number)
        time.sleep(0.3)  # one more look before the kernel goes
    return watch


def of_server(seconds=20):
    """Return the Watch over a JupyterLab server that nobody uses yet."""
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--port=0", "--allow-root", "--ServerApp.log_level=ERROR"]
    with Watch() as watch:
        server = subprocess.Popen(command, cwd=NOTEBOOKS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(seconds)
        server.terminate()
        server.wait()
    return watch


def main(numbers):
    """Print a row for each lesson that is named; return the exit code, or a sentence about what is wrong."""
    lessons = {path.name[:2]: path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}
    if unknown := [number for number in numbers if number not in lessons]:
        return f"There is no lesson {', '.join(unknown)}: choose from {', '.join(lessons)}."
    print(ROW.format("", "memory", "processor", "clock"))
    for number in numbers or lessons:
        watch = of_lesson(lessons[number])
        print(ROW.format(lessons[number].stem, *figures(watch)), flush=True)
    if not numbers:
        print(ROW.format("JupyterLab, unused", *figures(of_server())), flush=True)
    return 0


def figures(watch):
    return f"{watch.memory / 2**20:.0f} MiB", f"{watch.processor:.0f} s", f"{watch.clock:.0f} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
