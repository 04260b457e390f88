"""What a learner waits for in a new process: the classifier loaded, TensorFlow with it, and the first map.

Each figure is of several new processes; the networks and techniques take turns. What is fetched once (Xception's backbone) is
there before.
"""

import argparse
import subprocess
import sys

import xaihelpers as xh

from .timing import Row

ONE = """
import sys, time
start = time.perf_counter()
import xaihelpers as xh
name, technique = sys.argv[1:]
classifier = xh.load_classifier(name)
loaded = time.perf_counter()
image = xh.sample_photo("chelsea", 224) if name == "efficientnet-lite0" else xh.rashes.load_test_split().images[0]
seen = time.perf_counter()
xh.METHODS[technique].function(classifier, image, **({"n_masks": 32} if technique == "rise" else {}))
print(loaded - start, time.perf_counter() - seen)
"""
CASES = [(name, technique) for name in ("efficientnet-lite0", "rashnet", "rash-xception") for technique in ("grad_cam", "rise")]


def seconds(name, technique):
    """Return (to load the classifier, to compute the first map) of a new process."""
    done = subprocess.run([sys.executable, "-c", ONE, name, technique], capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()[-2:]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer turns")
    turns = 2 if parser.parse_args().quick else 5
    for name, _ in CASES[::2]:
        xh.load_classifier(name)  # fetched and converted, if it was not before
    measured = {case: [] for case in CASES}
    for _ in range(turns):
        for case in CASES:
            measured[case].append(seconds(*case))
    for (name, technique), several in measured.items():
        load, draw = zip(*several)
        asked = "at most 3.5" if technique == "grad_cam" else "reported"
        what = f"{name} loaded, first {technique} map"
        print(Row.of_turns(f"{what}, seconds together", [sum(each) for each in several], asked))
        print(Row.of_turns("of these, loading", load, "reported"))
        print(Row.of_turns("of these, the map", draw, "reported"))


if __name__ == "__main__":
    main()
