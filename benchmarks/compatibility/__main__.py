"""Compute the table and write COMPATIBILITY.md: `python -m benchmarks.compatibility [part of a name]`, `make compatibility`."""

import gc
import re
import sys
import time
from collections import defaultdict
from pathlib import Path

import keras

import xaihelpers as xh

from .judges import JUDGES, judge
from .networks import FAMILIES, HAND_MADE

FILE = Path(__file__).resolve().parents[1] / "COMPATIBILITY.md"
HEAD = """# What works on which network

`make compatibility` computed this. **✓** the technique's answer is right: equal to that of TensorFlow alone, up to rounding
(see `benchmarks/compatibility`). **(✓)** it answers, and says itself that the answer is not to be trusted. **no** it refuses,
in one sentence with the way out; the sentences are below. A wrong answer would be written as **WRONG**, with how far it is
off. Weights are random.
"""


def rows(networks, report=print):
    """Yield (network, {technique: (verdict, what)}), network by network."""
    for name, make in networks.items():
        start = time.perf_counter()
        subject = make()
        verdicts = {technique: judge(subject, technique) for technique in JUDGES}
        wrong = {technique: what for technique, (verdict, what) in verdicts.items() if verdict == "wrong"}
        report(
            f"{name}: {time.perf_counter() - start:.0f} s, {sum(v == 'right' for v, _ in verdicts.values())} right", wrong or ""
        )
        yield name, verdicts
        del subject
        keras.backend.clear_session(free_memory=True)
        gc.collect()


def table(found):
    """Return one table in Markdown for {network: verdicts}."""
    lines = ["| network | " + " | ".join(JUDGES) + " |", "|---" * (1 + len(JUDGES)) + "|"]
    for name, verdicts in found.items():
        cells = []
        for technique in JUDGES:
            verdict, what = verdicts[technique]
            cells.append({"right": "✓", "doubted": "(✓)", "refused": "no"}.get(verdict) or f"**WRONG**, off by {what:.0%}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def refusals(found):
    """Return the sentences of all refusals, each once, with where it was said."""
    said = defaultdict(list)
    for name, verdicts in found.items():
        for technique, (verdict, what) in verdicts.items():
            if verdict == "refused":
                said[technique, re.sub(r"(?<=activations: ).*?(?=\\. Use)|(?<=no rule for ).*?(?=: use)", "...", what)].append(
                    name
                )
    return [f"* `{technique}` on {', '.join(names)}: {what}" for (technique, what), names in said.items()]


def main(part=""):
    """Compute everything and write it, or print the networks whose names hold `part`."""
    families = dict(rows({name: make for name, make in FAMILIES.items() if part.lower() in name.lower()}))
    by_hand = dict(rows({name: make for name, make in HAND_MADE.items() if part.lower() in name.lower()}))
    text = [HEAD, "## keras.applications", "", *table(families), "", "## Written by hand", "", *table(by_hand)]
    text += ["", "## Why not", "", *refusals(families | by_hand), ""]
    if part:
        print("\n".join(text))
    else:
        FILE.write_text("\n".join(text), encoding="utf-8")


if __name__ == "__main__":
    assert xh.METHODS.keys() == JUDGES.keys()
    main(*sys.argv[1:])
