"""Do the package's tests notice? Change its modules in many small ways, one at a time, and run the tests of the module.

    python -m tools.mutation [--most 400] [--seed 0] [--jobs 2] [--file build/mutants.json] [--minutes 60]
                             [--only methods/rise.py ...] [--cheapest] [--named] [--again]

Without options: 400 mutants, drawn over methods/, metrics/, comparison/, classifier/, images.py and decoding.py by size. Each is
written into a copy of the package, and the test files of its module run there (tools/mutation/testing.py has the table), without
slow ones and those in a browser. First the tests run on unchanged code, once a file: what fails there is left out, and a mutant
may take four times as long and 20 seconds. A mutant is killed if a test fails or the time is up; otherwise it survives.

--file: results are written there as they come; a second call goes on where the first one stopped. --minutes: no longer than this.
--only: modules, or folders. --cheapest: first the mutants whose tests are the quickest: more of them in a short time. --named:
instead of drawn mutants those of tools/mutation/named.toml, each a fault that tests once missed. --again: the survivors in the
file are tried once more, after their tests have been changed.
At the end: how many were killed, module by module, and each survivor as a difference. Not on Windows: runs are forked.
"""

import argparse
import os
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from .package import named, sample
from .report import Results, report
from .testing import REPOSITORY, Copy, modules, tests_of


def options_of(arguments):
    parser = argparse.ArgumentParser(prog="python -m tools.mutation", description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=400, help="how many mutants")
    parser.add_argument("--seed", type=int, default=0, help="another seed draws other mutants")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    parser.add_argument("--file", type=Path, default=REPOSITORY / "build" / "mutants.json", help="the results")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop after this")
    parser.add_argument("--only", nargs="+", default=[], metavar="MODULE", help="such as methods/rise.py, or metrics")
    parser.add_argument("--cheapest", action="store_true", help="first those whose tests are the quickest")
    parser.add_argument("--named", action="store_true", help="the mutants of named.toml")
    parser.add_argument("--again", action="store_true", help="try the survivors in the file once more")
    parser.add_argument("--repository", type=Path, default=REPOSITORY, help=argparse.SUPPRESS)  # for the tool's own test
    return parser.parse_args(arguments)


def wanted(options):
    """Return the mutants that are asked for."""
    package = options.repository / "xaihelpers"

    def asked(module):
        return not options.only or any(module.startswith(each) for each in options.only)

    if options.named:
        return [each for each in named(package, Path(__file__).parent / "named.toml") if asked(each.module)]
    return sample(package, [name for name in modules(package) if asked(name)], options.most, options.seed)


def run(options):
    """Run what the file does not have yet, and return the results."""
    end = time.monotonic() + 60 * options.minutes
    results = Results(options.file, options.repository)
    todo = results.survivors() if options.again else wanted(options)
    files = sorted({name for each in todo for name in tests_of(each.module, options.repository)})
    results.take(files)
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies, threads = SimpleQueue(), max(1, (os.cpu_count() or 1) // options.jobs)
        for i in range(options.jobs):
            copies.put(Copy(options.repository, Path(folder) / str(i), threads))
        _all(options.jobs, lambda name: measure(name, copies, results, end), files)
        if options.cheapest:
            todo.sort(
                key=lambda each: sum(
                    (results.baseline(name) or {"seconds": 0})["seconds"] for name in tests_of(each.module, options.repository)
                )
            )
        _all(options.jobs, lambda each: judge(each, copies, results, end, options.again), todo)
        for _ in range(options.jobs):
            copies.get().close()
    return results.all() if options.again else results.of(todo)


def measure(name, copies, results, end):
    """Run one test file on unchanged code, and keep its time and what fails."""
    if results.baseline(name) or time.monotonic() > end:
        return
    copy = copies.get()
    try:
        code, seconds, failed = copy.run([name], max(1, min(900, end - time.monotonic())), stop_at_first=False)
    finally:
        copies.put(copy)
    if code is not None:
        results.keep_baseline(name, seconds, failed, usable=code in (0, 1))
        print(
            f"{name}: {seconds:.0f} s" + (f", {len(failed)} fail unchanged: left out" if failed or code > 1 else ""), flush=True
        )


def judge(mutant, copies, results, end, again=False):
    """Run a mutant's tests, the quickest file first, and keep what they say."""
    known = {name: results.baseline(name) for name in tests_of(mutant.module, results.repository)}
    if (results.has(mutant) and not again) or not all(known.values()) or time.monotonic() > end:
        return
    files = sorted((name for name in known if known[name]["usable"]), key=lambda name: known[name]["seconds"])
    if not files:
        return  # nothing that can be run here
    without = [each for name in files for each in known[name]["failed"]]
    limit = 20 + 4 * sum(known[name]["seconds"] for name in files)
    left = end - time.monotonic()
    copy = copies.get()
    try:
        with copy.changed(mutant.module, mutant.code):
            code, seconds, failed = copy.run(files, min(limit, max(1, left)), without=without)
    finally:
        copies.put(copy)
    if code == 5 or (code is None and left < limit):
        return  # no test could run, or it was our time that was up and not the mutant's
    by = failed[0] if failed else {0: "", None: "the time is up"}.get(code, "no test can be run")
    results.keep(mutant, by, seconds)
    print(f"{'killed  ' if by else 'SURVIVED'} {seconds:4.0f} s  {mutant.name}", flush=True)


def _all(jobs, do, things):
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(do, things))


def main(arguments=None):
    options = options_of(arguments)
    print(report(run(options)))


if __name__ == "__main__":
    main(sys.argv[1:])
