"""The whole comparison: ten techniques, 24 rash images, five metrics, on RashNet; and what compare adds to the techniques."""

import time

import numpy as np

import xaihelpers as xh
from benchmarks.timing import Row

METRICS = ["pointing_game", "mass_inside", "rank_inside", "deletion", "insertion"]
N = 24


def main():
    """Return the rows of this benchmark."""
    rashes, rashnet = xh.rashes.load_test_split(), xh.load_classifier("rashnet")
    ill = np.flatnonzero(rashes.lesion_masks.any(axis=(1, 2)))
    some = rashes[ill[:: len(ill) // N][:N]]
    methods = [name for name, method in xh.METHODS.items() if method.family != "feature visualization"]
    start, used = time.perf_counter(), time.process_time()
    table = xh.compare(rashnet, some.images, some.lesion_masks, methods, METRICS, progress=False)
    wall, used = time.perf_counter() - start, time.process_time() - used
    in_techniques = table.drop_duplicates(["image", "method"]).seconds.sum()
    failed = int(table.metric.isna().sum())
    return [
        Row(
            f"compare, {len(methods)} techniques, {N} images, {len(METRICS)} metrics, minutes of this machine",
            wall / 60,
            "under 3",
        ),
        Row("the same in minutes of one processor", used / 60, "no value"),
        Row("compare / its techniques alone", wall / in_techniques, "no value"),
        Row("techniques that failed on an image", failed, "0"),
    ]


if __name__ == "__main__":
    print(*main(), sep="\n")
