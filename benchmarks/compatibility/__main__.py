"""Compute which technique works on which network, and write COMPATIBILITY.md: `make compatibility`.

    python -m benchmarks.compatibility                        all of it anew, a network a core, at most four at a time
    python -m benchmarks.compatibility --jobs 12              twelve at a time, each in a process of its own
    python -m benchmarks.compatibility --resume               only what the store lacks, technique by technique
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


def row(name, techniques, threads):
    """Return the Verdicts of techniques on one network, and the seconds that all of it took, from a process of its own.

    What TensorFlow keeps of one network does not slow the next, and a process that dies takes no other with it.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    environment |= {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": str(threads)}
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "row.csv"
        command = [sys.executable, "-m", "benchmarks.compatibility.row", name, str(file), *techniques]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace")
        if done.returncode or not file.exists():
            raise RuntimeError(f"{name}: exit status {done.returncode}\n{done.stderr[-1500:]}")
        return list(stored(file)[name].values()), time.perf_counter() - start


def compute(wanted, jobs, store):
    """Compute {network: techniques}, and add each row to the store as it comes; return {name: what went wrong}."""
    threads, failed = max(1, (os.cpu_count() or 1) // jobs), {}
    with ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(row, *each, threads): each[0] for each in wanted.items()}
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
    # What takes time is tracing, which one core does; a process has up to 2 GB.
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--page", action="store_true")
    parser.add_argument("--store", type=Path, default=STORE)
    return parser.parse_args()


def _store(found, kept, path):
    """Write what is kept, {network: techniques}, in the order of the table."""
    write([found[name][each] for name, techniques in kept.items() for each in techniques if each in found.get(name, {})], path)


def main():
    """Do what the command line says."""
    given = _arguments()
    from .judges import JUDGES
    from .networks import FAMILIES, HAND_MADE

    parts = {"keras.applications": list(FAMILIES), "Written by hand": list(HAND_MADE)}
    every = [name for names in parts.values() for name in names]
    chosen = [name for name in every if given.only.lower() in name.lower() and not given.page]
    found = stored(given.store)
    known = found if given.resume else {}
    wanted = {name: [each for each in JUDGES if each not in known.get(name, {})] for name in chosen}
    wanted = {name: techniques for name, techniques in wanted.items() if techniques}
    _store(found, {name: [each for each in JUDGES if each not in wanted.get(name, ())] for name in every}, given.store)
    failed = compute(wanted, given.jobs, given.store)
    found = stored(given.store)
    _store(found, dict.fromkeys(every, JUDGES), given.store)
    target = PAGE if given.store == STORE else given.store.with_suffix(".md")
    target.write_text(page(stored(given.store), parts, list(JUDGES)), encoding="utf-8")
    missing = [name for name in every if len(found.get(name, {})) < len(JUDGES)]
    print(
        f"{len(every) - len(missing)} of {len(every)} networks in {given.store.name}"
        + (f"; failed: {', '.join(failed)}" if failed else "")
    )
    return 1 if failed or (missing and not given.only) else 0


if __name__ == "__main__":
    raise SystemExit(main())
