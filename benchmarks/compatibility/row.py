"""The row of one network, computed in a process of its own.

python -m benchmarks.compatibility.row NETWORK FILE [TECHNIQUE ...]
"""

import sys
import time
from pathlib import Path

from .judges import JUDGES, judge
from .networks import FAMILIES, HAND_MADE
from .table import Verdict, write


def row(name, techniques=JUDGES):
    """Yield the Verdicts of techniques on one network."""
    subject = (FAMILIES | HAND_MADE)[name]()
    for technique in techniques:
        start = time.perf_counter()
        verdict, off, says = judge(subject, technique)
        yield Verdict(name, technique, verdict, off, says, time.perf_counter() - start)


if __name__ == "__main__":
    write(list(row(sys.argv[1], sys.argv[3:] or JUDGES)), Path(sys.argv[2]))
