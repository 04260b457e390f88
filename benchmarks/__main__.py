"""Run every benchmark in this folder, and write what it prints as a section of RESULTS.md: `python -m benchmarks [name ...]`."""

import os
import platform
import subprocess
import sys
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FOLDER = Path(__file__).parent
RESULTS = FOLDER / "RESULTS.md"
HEAD = """# Measured speed

`make benchmark` writes this, a section a benchmark. Ratios are taken within one run, the calls taking turns; a figure of
several turns is their median, and between what they lay stands behind it. Seconds depend on the machine.
"""
# What the figures depend on: what computes, and whom we are measured against.
PACKAGES = ("tensorflow", "keras", "numpy", "scikit-image", "lime", "alibi", "xplique", "tf-explain", "tf-keras-vis", "shap")


def machine():
    """Return what was measured on: processor, cores that this process may use, Python, and the packages' versions."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{platform.machine()}, {cores} cores, Python {platform.python_version()}, {', '.join(map(_with_version, PACKAGES))}"


def _with_version(package):
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"no {package}"


def run(name):
    """Return the lines that one benchmark prints; one that fails is a line too, and does not stop the others.

    Each runs in a process of its own: what one compiled or kept in memory must not show in the next one's figures.
    """
    command = [sys.executable, "-m", f"benchmarks.bench_{name}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=FOLDER.parent)
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return lines if done.returncode == 0 else [*lines, f"failed: {done.stderr.strip().splitlines()[-1]}"]


def stored():
    """Return the sections of RESULTS.md by name, each a text that ends with where and when it was measured."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    _, *sections = text.split("\n## ")
    return {name: lines.strip() for name, _, lines in (each.partition("\n") for each in sections)}


def write(sections):
    """Write RESULTS.md from its sections, in the order of their names."""
    text = "\n\n".join(f"## {name}\n\n{lines}" for name, lines in sorted(sections.items()))
    RESULTS.write_text(f"{HEAD}\n{text}\n", encoding="utf-8")


def main(names):
    everything = sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
    if unknown := set(names) - set(everything):
        sys.exit(f"There is no benchmark {', '.join(sorted(unknown))}: choose from {', '.join(everything)}.")
    for name in names or everything:
        print(f"{name} ...", flush=True)
        lines = run(name)
        print(*lines, sep="\n", flush=True)
        measured = f"Measured on {date.today()}: {machine()}."
        # After each, so that a run cut short keeps what it has, and one section can be measured again alone.
        write(stored() | {name: "\n".join([*(f"* {line}" for line in lines), "", measured])})


if __name__ == "__main__":
    main(sys.argv[1:])
