"""Is any public call slower than it was at an earlier commit? Both versions run side by side and take turns, call by call.

    python -m benchmarks.against COMMIT            every call
    python -m benchmarks.against COMMIT grad_cam   those whose names hold this

Each row is (fewest seconds of all turns now) / (fewest then): what other programs do at the same time only ever adds to
them. A classifier is made anew in every turn of "Classifier"; it is proven when it is made, which the earlier version did not
do, so that this row is only reported.
Without a part of a name the figures are stored in AGAINST.md.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
FILE = Path(__file__).with_name("AGAINST.md")
# Turns of each call: so many, or as many as fit into so many seconds, but for the fewest.
TURNS, SECONDS, FEWEST, TARGET = 15, 10, 5, 1.1
CHEAP = {
    "lime": {"n_samples": 100},
    "anchors": {"max_questions": 300},
    "rise": {"n_masks": 100},
    "occlusion": {"patch": 32},
    "integrated_gradients": {"steps": 8},
    "activation_maximization": {"steps": 8},
    "deep_dream": {"steps": 2, "octaves": 2},
}


def calls(xh):
    """Return {name: a function without arguments}: what both versions have."""
    found = {}
    images = {
        "rashnet": xh.rashes.load_test_split().images,
        "efficientnet-lite0": np.stack([xh.sample_photo("chelsea", 224)] * 8),
    }
    for name, batch in images.items():
        classifier = xh.load_classifier(name)
        own = {"class_names": classifier.class_names, "preprocess": classifier.preprocess}

        def first_question(classifier=classifier, own=own, batch=batch):
            xh.Classifier(classifier.model, **own).probabilities(batch[0])

        found |= {
            f"Classifier and its first question, {name}": first_question,
            f"probabilities of one image, {name}": lambda c=classifier, b=batch: c.probabilities(b[0]),
            f"probabilities of 8 images, {name}": lambda c=classifier, b=batch: c.probabilities(b[:8]),
            f"logits of 8 images, {name}": lambda c=classifier, b=batch: c.logits(b[:8]),
            f"gradients of 8 images, {name}": lambda c=classifier, b=batch: c.gradients(b[:8], 1),
        }
        for method in xh.METHODS:
            given = (1,) if method == "activation_maximization" else (batch[0], None if method == "anchors" else 1)
            function, options = xh.METHODS[method].function, CHEAP.get(method, {})
            found[f"{method}, {name}"] = lambda f=function, c=classifier, g=given, o=options: f(c, *g, **o)
    return found


def work():
    """Run one call for each name that comes in, and print how many seconds it took."""
    import warnings

    import xaihelpers as xh

    warnings.simplefilter("ignore")
    known = calls(xh)
    print(*known, sep="\t", flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        known[line.rstrip("\n")]()
        print(time.perf_counter() - start, flush=True)


class _Version:
    """A process that imports the package from one folder."""

    def __init__(self, folder):
        environment = {**os.environ, "PYTHONPATH": str(folder)}
        command = [sys.executable, str(Path(__file__).resolve()), "--work"]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        self._process = subprocess.Popen(command, cwd=folder, env=environment, **pipes)
        self.names = self._process.stdout.readline().rstrip("\n").split("\t")

    def seconds(self, name):
        print(name, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def end(self):
        self._process.stdin.close()
        self._process.wait()


def compare(commit, part=""):
    """Return {call: (fewest seconds now / fewest at a commit, turns, fewest seconds then)}; print each as it is known."""
    with tempfile.TemporaryDirectory() as folder:
        then = Path(folder) / "then"
        subprocess.run(
            ["git", "worktree", "add", "--detach", "--force", str(then), commit], cwd=ROOT, check=True, capture_output=True
        )
        try:
            versions, ratios = [_Version(ROOT), _Version(then)], {}
            for name in [name for name in versions[0].names if name in versions[1].names and part in name]:
                for version in versions:  # the first call compiles
                    version.seconds(name)
                turns, start = [], time.perf_counter()
                while len(turns) < FEWEST or (len(turns) < TURNS and time.perf_counter() - start < SECONDS):
                    turns.append([version.seconds(name) for version in versions])
                now, before = np.transpose(turns)
                ratios[name] = float(now.min() / before.min()), len(turns), float(before.min())
                print(f"{ratios[name][0]:.2f}  {name}", flush=True)
            for version in versions:
                version.end()
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(then)], cwd=ROOT, check=True, capture_output=True)
    return ratios


def store(found, commit):
    """Write AGAINST.md: each call's ratio."""
    load = f"; load average {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores" if hasattr(os, "getloadavg") else ""
    lines = [
        "# What calls take, compared with an earlier commit",
        "",
        f"`python -m benchmarks.against {commit}` measured this on {time.strftime('%Y-%m-%d')}: the fewest seconds now /",
        f"the fewest seconds then, the two versions taking turns{load}. Asked: at most {TARGET} for every call. A classifier is",
        "proven when it is made, which the earlier version did not do: that row is only reported.",
        "",
        "| call | now / then | turns | seconds then |",
        "|---|---|---|---|",
        *(f"| {name} | {ratio:.2f} | {turns} | {seconds:.3g} |" for name, (ratio, turns, seconds) in found.items()),
    ]
    FILE.write_text("\n".join([*lines, ""]), encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--work"]:
        work()
    else:
        found = compare(*sys.argv[1:])
        slower = {name: ratio for name, (ratio, *_) in found.items() if ratio > TARGET and not name.startswith("Classifier")}
        print(f"{len(slower)} of {len(found)} calls take more than {TARGET} times what they took", *slower.items(), sep="\n  ")
        if len(sys.argv) == 2:
            store(found, sys.argv[1])
