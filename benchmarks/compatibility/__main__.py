"""Compute which technique works on which network, and write COMPATIBILITY.md: `make compatibility`.

    python -m benchmarks.compatibility                        all of it anew, one network after the other
    python -m benchmarks.compatibility --jobs 12              twelve at a time, each in a process of its own
    python -m benchmarks.compatibility --resume               only what the store does not have yet
    python -m benchmarks.compatibility --only ResNet50        those whose names hold this, replaced in the store
    python -m benchmarks.compatibility --page                 only the page, from what is stored

Every row is stored as soon as it is known, so that a run cut short is taken up by --resume. --store names another file
than benchmarks/compatibility.csv; the page is then written beside it. It needs TensorFlow and the package, no notebook
server and no network.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from .table import PAGE, STORE, page, stored, write

ROOT = Path(__file__).resolve().parents[2]


def row(name, threads):
    """Return the Verdicts of one network, and the seconds that all of it took, from a process of its own.

    What TensorFlow keeps of one network does not slow the next, and a process that dies takes no other with it.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    environment |= {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": str(threads)}
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "row.csv"
        command = [sys.executable, "-m", "benchmarks.compatibility.row", name, str(file)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace")
        if done.returncode or not file.exists():
            raise RuntimeError(f"{name}: exit status {done.returncode}\n{done.stderr[-1500:]}")
        return list(stored(file)[name].values()), time.perf_counter() - start


def compute(names, jobs, store):
    """Compute the rows of networks, and add each to the store as it comes; return {name: what went wrong}."""
    threads, failed = max(1, (os.cpu_count() or 1) // jobs), {}
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(row, name, threads): name for name in names}
        for done in as_completed(waiting):
            name = waiting[done]
            try:
                verdicts, seconds = done.result()
            except Exception as error:
                failed[name] = error
                print(error, flush=True)
                continue
            write(verdicts, store, "a")
            wrong = {each.technique: each.off for each in verdicts if each.verdict == "wrong"}
            right = sum(each.verdict == "right" for each in verdicts)
            print(f"{name}: {seconds:.0f} s, {right} right", f"WRONG: {wrong}" if wrong else "", flush=True)
    return failed


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--store", type=Path, default=STORE)
    return parser.parse_args()


def main():
    """Do what the command line says."""
    given = _arguments()
    from .judges import JUDGES
    from .networks import FAMILIES, HAND_MADE

    parts = {"keras.applications": list(FAMILIES), "Written by hand": list(HAND_MADE)}
    every = [name for names in parts.values() for name in names]
    chosen = [name for name in every if given.only.lower() in name.lower()]
    found = {name: rows for name, rows in stored(given.store).items() if rows.keys() == JUDGES.keys()}
    if given.resume or given.page:
        chosen = [] if given.page else [name for name in chosen if name not in found]
    # In the order of the table, and without what is computed anew.
    kept = [row for name in every if name in found and name not in chosen for row in found[name].values()]
    if chosen:
        write(kept, given.store)
    failed = compute(chosen, given.jobs, given.store) if chosen else {}
    found = stored(given.store)
    write([row for name in every if name in found for row in found[name].values()], given.store)
    target = PAGE if given.store == STORE else given.store.with_suffix(".md")
    target.write_text(page(stored(given.store), parts, list(JUDGES)), encoding="utf-8")
    missing = [name for name in every if name not in found]
    print(f"{len(found)} of {len(every)} networks in {given.store.name}" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed or (missing and not given.only) else 0


if __name__ == "__main__":
    raise SystemExit(main())
