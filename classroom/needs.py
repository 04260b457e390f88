"""Measure what a learner needs: memory and processor time of a lesson, run from top to bottom in a kernel of its own.

    python classroom/needs.py 01 03 06     # these lessons
    python classroom/needs.py              # all of them, and JupyterLab's own server
    python classroom/needs.py --write      # and renew the table of TEACHING.md
    python classroom/needs.py --python elsewhere/bin/python   # in another environment, as made from the wheel alone

Prints a row for each: the largest memory of the kernel with all its processes (sampled ten times a second), the seconds of
processor time, and the seconds on the clock. The lessons are not stored. Each runs in an empty folder, with an empty home, and
may write nowhere else; the networks' files are read from the cache.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import nbformat
import psutil
from nbclient import NotebookClient

from xaihelpers.zoo.cache import cache_folder

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
ROW_OF_LESSON = re.compile(r"^\| \[([^\]]+)\]\(notebooks/([^)]+)\) \| [\d.]+ GiB \|")
TITLES = {"02": "LIME", "10": "Deep SHAP"}
ROW = "{:28} {:>9} {:>9} {:>9}"


class Watch:
    """Inside the block: the memory (bytes, at most) and processor time (seconds) of all processes that it starts."""

    def __enter__(self):
        self._before = set(psutil.Process().children(recursive=True))  # they belong to somebody else
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
        for process in set(psutil.Process().children(recursive=True)) - self._before:
            try:
                with process.oneshot():
                    memory += process.memory_info().rss
                    times = process.cpu_times()
                    self._seconds[process.pid, process.create_time()] = times.user + times.system
            except psutil.Error:  # it ended just now
                continue
        self.memory = max(self.memory, memory)


# The first cell of a lesson under watch: to open a file for writing, make or move one is refused outside of the places named.
FENCE = """
def _fence(places=tuple({places!r})):
    import os, sys

    changing = {{"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.link", "os.symlink"}}

    def refuse(event, given):
        flags = given[2] if event == "open" and len(given) > 2 and isinstance(given[2], int) else 0
        if not (event in changing or (event == "open" and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))):
            return
        for path in (each for each in given[:2] if isinstance(each, (str, bytes))):
            path = os.path.abspath(os.fsdecode(path))
            if event == "open" or event in changing:
                if not path.startswith(places):
                    raise PermissionError(f"a lesson wanted to write outside of its folder: {{event}} {{path}}")
                return

    sys.addaudithook(refuse)


_fence()
"""


def of_lesson(path, python=sys.executable):
    """Return the Watch over a notebook run from top to bottom by a Python, in an empty folder and with nothing else to write to.

    Raises what a cell raises, and RuntimeError if the lesson left a file behind.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        empty, home, kernels = (Path(folder, name) for name in ("empty", "home", "kernels/watched"))
        for each in (empty, home, kernels):
            each.mkdir(parents=True)
        command = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (kernels / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "watched", "language": "python"}))
        # /dev for what is thrown away; temporary files go into the same folder, and go with it.
        fence = nbformat.v4.new_code_cell(FENCE.format(places=[os.path.realpath(folder), "/dev/"]))
        notebook.cells.insert(0, fence)
        cache = os.environ.get("XAIHELPERS_CACHE") or str(cache_folder())
        own = {"HOME": home, "TMPDIR": home, "JUPYTER_PATH": kernels.parent.parent, "XAIHELPERS_CACHE": cache}
        client = NotebookClient(notebook, timeout=900, kernel_name="watched", resources={"metadata": {"path": str(empty)}})
        environment = {**os.environ, **{name: str(value) for name, value in own.items()}}
        if Path(python) != Path(sys.executable):
            environment.pop("PYTHONPATH", None)
        client.create_kernel_manager().kernel_spec_manager.kernel_dirs.insert(0, str(kernels.parent))
        with Watch() as watch, client.setup_kernel(env=environment):
            for number, cell in enumerate(notebook.cells):
                client.execute_cell(cell, number)
            time.sleep(0.3)  # one more look before the kernel goes
        if left := [each.name for each in empty.iterdir()]:
            raise RuntimeError(f"{path.name} left files behind: {', '.join(left)}")
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


def main(arguments=None):
    """Print a row for each lesson that is named; return the exit code, or a sentence about what is wrong."""
    parser = argparse.ArgumentParser(description="Measure what a learner needs for a lesson: memory and processor time.")
    parser.add_argument("lesson", nargs="*", help="the number of a lesson, such as 01; none means all")
    parser.add_argument("--python", default=sys.executable, help="the Python that runs the lessons (default: this one)")
    parser.add_argument("--write", action="store_true", help="renew the rows of TEACHING.md")
    options = parser.parse_args(arguments)
    lessons = {path.name[:2]: path for path in sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))}
    if unknown := [number for number in options.lesson if number not in lessons]:
        return f"There is no lesson {', '.join(unknown)}: choose from {', '.join(lessons)}."
    print(ROW.format("", "memory", "processor", "clock"))
    for number in options.lesson or lessons:
        watch = of_lesson(lessons[number], options.python)
        print(ROW.format(lessons[number].stem, *figures(watch)), flush=True)
        if options.write:
            write_row(NOTEBOOKS.parent / "TEACHING.md", lessons[number].name, watch)
    if not options.lesson:
        print(ROW.format("JupyterLab, unused", *figures(of_server())), flush=True)
    return 0


def write_row(path, lesson, watch):
    """Put what was measured for a lesson into the table of TEACHING.md: its row, or a new one in the order of lessons."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    rows = {n: found for n, line in enumerate(lines) if (found := ROW_OF_LESSON.match(line))}
    title = f"{lesson[:2]} {TITLES.get(lesson[:2]) or lesson[3:-6].replace('_', ' ').capitalize()}"
    title = next((found[1] for found in rows.values() if found[2] == lesson), title)
    row = f"| [{title}](notebooks/{lesson}) | {watch.memory / 2**30:.1f} GiB | {watch.processor:.0f} s |\n"
    after = [n for n, found in rows.items() if found[2] < lesson]
    if same := [n for n, found in rows.items() if found[2] == lesson]:
        lines[same[0]] = row
    else:
        lines.insert(after[-1] + 1 if after else min(rows), row)
    path.write_text("".join(lines), encoding="utf-8")


def figures(watch):
    return f"{watch.memory / 2**20:.0f} MiB", f"{watch.processor:.0f} s", f"{watch.clock:.0f} s"


if __name__ == "__main__":
    sys.exit(main())
