"""Do the exercises' checks notice? Change each solution in many small ways, and see what its check says.

    python tools/mutate_solutions.py [LESSON ...] [--most 60] [--minutes 10] [--list]

A mutant that gives another result than the solution must be refused; one that gives the same must be accepted. LESSON: names
as in xh.check, such as lime; none means all. --most, --minutes: how many mutants of an exercise, and how long, at most; those
that are left out are drawn. --list: every misjudged mutant, not only their number.
The last lines are the scores. How mutants are made stands in `mutants`, how results are compared in `Trial`.
"""

import argparse
import ast
import os
import random
import sys
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from mutation.compare import Trial
from mutation.mutants import mutants

os.environ["XAIHELPERS_SOLVED"] = os.devnull  # a mutant that is right is no exercise solved

SECONDS = 30  # for one mutant and its check


def exercises(lesson):
    """Return {name: Exercise} of a lesson."""
    import xaihelpers as xh
    from xaihelpers.course.checks.exercise import Exercise

    return {name: each for name, each in vars(getattr(xh.check, lesson)).items() if isinstance(each, Exercise)}


def judge(exercise, most, minutes=10):
    """Return (number of mutants tried, [(what was changed, code, what is wrong with the verdict)])."""
    solution = str(exercise.solution())
    trial = Trial(exercise, solution, SECONDS)
    generated = list(mutants(ast.parse(solution)))
    random.Random(0).shuffle(generated)
    wrong, tried, end = [], 0, time.monotonic() + 60 * minutes
    for change, code in generated[:most]:
        if time.monotonic() > end:
            break
        verdict = trial.judge(code)
        if verdict is None:
            continue
        tried += 1
        same, accepted = verdict
        if same != accepted:
            wrong.append((change, code, "gives the same and is refused" if same else "gives another result and is accepted"))
    return tried, wrong


def main():
    import xaihelpers as xh

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lessons", nargs="*", metavar="LESSON")
    parser.add_argument("--most", type=int, default=60, help="mutants an exercise")
    parser.add_argument("--minutes", type=float, default=10, help="at most, an exercise")
    parser.add_argument("--list", action="store_true", help="show every misjudged mutant")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    unknown = set(options.lessons) - set(xh.check.lessons())
    if unknown:
        parser.error(f"there is no lesson {', '.join(sorted(unknown))}: choose from {', '.join(xh.check.lessons())}")
    scores = {}
    for lesson in options.lessons or xh.check.lessons():
        total, missed = 0, 0
        for name, exercise in exercises(lesson).items():
            number, wrong = judge(exercise, options.most, options.minutes)
            total, missed = total + number, missed + len(wrong)
            print(f"{lesson}.{name}: {number} mutants, {len(wrong)} misjudged", flush=True)
            for change, code, why in wrong if options.list else []:
                print(f"  {change}: {why}\n" + "\n".join(f"    | {line}" for line in code.splitlines()), flush=True)
        scores[lesson] = (total - missed, total)
    for lesson, (right, total) in scores.items():
        print(f"{lesson:28s} {right:4d} of {total:4d}  {right / max(total, 1):.1%}")
    right, total = (sum(column) for column in zip(*scores.values()))
    print(f"{'all':28s} {right:4d} of {total:4d}  {right / max(total, 1):.1%}")


if __name__ == "__main__":
    main()
