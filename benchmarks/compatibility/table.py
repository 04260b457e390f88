"""The verdicts as they are stored, one row for each network and technique, and the page that is written from them."""

import csv
import re
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

STORE = Path(__file__).resolve().parents[1] / "compatibility.csv"
PAGE = STORE.with_name("COMPATIBILITY.md")
HEAD = """# What works on which network

`make compatibility` computed this. **✓** the technique's answer is right: equal to that of TensorFlow alone, up to rounding
(see `benchmarks/compatibility`). **(✓)** it answers, and says itself that the answer is not to be trusted. **no** it refuses,
in one sentence with the way out; the sentences are below. A wrong answer would be written as **WRONG**, with how far it is
off. **·** is not computed yet. Weights are random; the numbers are in `compatibility.csv`.
"""
_MARKS = {"right": "✓", "doubted": "(✓)", "refused": "no"}
_NAMES_OF_LAYERS = re.compile(r"(?<=activations: ).*?(?=\. Use)|(?<=no rule for ).*?(?=: use)")


class Verdict(NamedTuple):
    """What was found of one technique on one network.

    verdict: "right", "wrong", "doubted" or "refused". off: how far the answer is from the right one, of the largest value,
    None where it is refused. says: the sentence of the refusal or the doubt. seconds: what all of it took.
    """

    network: str
    technique: str
    verdict: str
    off: float | None
    says: str
    seconds: float


def stored(path=STORE):
    """Return {network: {technique: Verdict}} as they were written so far; {} where nothing was."""
    found = defaultdict(dict)
    if Path(path).exists():
        with open(path, encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                off = float(row["off"]) if row["off"] else None
                verdict = Verdict(**{**row, "off": off, "seconds": float(row["seconds"])})
                found[verdict.network][verdict.technique] = verdict
    return dict(found)


def write(verdicts, path=STORE, mode="w"):
    """Write Verdicts as rows; mode "a" adds them to those that are there."""
    with open(path, mode, encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        if not file.tell():
            writer.writerow(Verdict._fields)
        for each in verdicts:
            off = "" if each.off is None else f"{each.off:.2g}"
            writer.writerow(each._replace(off=off, seconds=f"{each.seconds:.1f}"))


def page(found, parts, techniques):
    """Return the page in Markdown. found: as from `stored`. parts: {title: names of networks, in order}."""
    lines, missing = [HEAD], []
    for title, names in parts.items():
        some = {name: found[name] for name in names if found.get(name)}
        lines += [f"## {title}", "", *_table(some, techniques), ""]
        missing += [name for name in names if name not in some]
    if missing:
        lines += [f"Not computed yet (`make compatibility ARGS=--resume`): {'; '.join(missing)}.", ""]
    return "\n".join([*lines, "## Why not", "", *_refusals(found), ""])


def _table(found, techniques):
    lines = ["| network | " + " | ".join(techniques) + " |", "|---" * (1 + len(techniques)) + "|"]
    for name, verdicts in found.items():
        cells = [_cell(verdicts.get(each)) for each in techniques]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _cell(verdict):
    if verdict is None:
        return "·"
    return _MARKS.get(verdict.verdict) or f"**WRONG**, off by {verdict.off:.0%}"


def _refusals(found):
    """Return the sentences of all refusals and doubts, each once, with where it was said; names of layers are left out."""
    said = defaultdict(list)
    for name, verdicts in found.items():
        for technique, each in verdicts.items():
            if each.says:
                said[technique, _NAMES_OF_LAYERS.sub("...", each.says)].append(name)
    return [f"* `{technique}` on {'; '.join(names)}: {says}" for (technique, says), names in said.items()]
