"""How many rash images are drawn in a second on one core: `python benchmarks/bench_rashes.py`.

The time is the processor's, not the clock's: other programs on the machine do not count.
"""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before numpy is imported

import time

from xaihelpers.rashes import make_rashes


def main(n=600):
    make_rashes(6)  # the texture tiles are made once
    for artefact in (None, "sticker", "ruler"):
        clock, processor = time.perf_counter(), time.process_time()
        make_rashes(n, seed=1, artefact=artefact)
        processor, clock = time.process_time() - processor, time.perf_counter() - clock
        kind = artefact or "no artefact"
        print(f"{kind:12} {n / processor:5.0f} images a second of one core ({n / clock:.0f} by the clock)")


if __name__ == "__main__":
    main()
