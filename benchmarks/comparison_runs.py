"""Compute the tables that lesson 11, the board and the README read.

    python -m benchmarks.comparison_runs [--quick] [--part NAME ...] [--jobs N]

writes comparison-<name>.csv.gz to where `xh.stored` finds them; the first line of each says with which versions, on how many
cores, on which images and how long. A run that is interrupted goes on where it was when it is called again: at the table, and in
it at the image. On two quiet cores `--quick` takes about half an hour, and without it about two; `--jobs` uses more cores.

    python -m benchmarks.comparison_runs --add [--quick] [--part NAME ...]

computes only the rows that a stored table lacks, such as those of a new technique, and puts them beside the others. What made
them is in the first line as well, under "added".
"""

import argparse
import gzip
import importlib.metadata
import json
import os
import platform
import sys
import time
from typing import NamedTuple

import joblib
import pandas as pd

import xaihelpers as xh
from xaihelpers.comparison import entries, evidence, protocol
from xaihelpers.comparison.agreements import agreements
from xaihelpers.comparison.randomised import randomised
from xaihelpers.comparison.results import results
from xaihelpers.course.stored import FOLDER as STORED

PACKAGES = ("tensorflow", "keras", "numpy", "scipy", "scikit-image", "lime")


class Size(NamedTuple):
    """How many images; those that ask many questions are measured on fewer, and so is what is slow to measure."""

    lesions: int = 100
    lesions_asked: int = 25
    road: int = 50
    healthy: int = 20
    healthy_asked: int = 10
    stickers: int = 60
    stickers_asked: int = 20
    pairs: int = 60
    pairs_asked: int = 20
    wired: int = 60
    wired_asked: int = 30
    grids: int = 18
    grids_asked: int = 9
    xception: int = 25
    xception_asked: int = 10
    photographs: int = 20
    photographs_asked: int = 6
    agreement: int = 40
    randomised: int = 20
    randomised_asked: int = 4


QUICK = Size(100, 10, 20, 20, 5, 25, 6, 30, 6, 40, 12, 9, 2, 10, 3, 12, 4, 20, 8, 2)


class Leg(NamedTuple):
    """One call of `protocol.run`: images with their truth, rows, measures."""

    evidence: object
    rows: list
    measures: dict


def cheap(classifier):
    """Return the entries that take few passes, controls included."""
    # The features of the grid's network are called four times, once a photograph: they have no one map to look at.
    earlier = None if classifier.model.name == "quadrant" else entries.earlier_layer(classifier)
    return [row for row in entries.entries(earlier) if not row.sampled]


def asked():
    """Return the entries that ask many questions, all fills alike."""
    return [row for row in entries.entries() if row.sampled and row.parameters.get("fill") != "segment mean"]


def own_fill():
    """Return those that ask with a fill that only they have."""
    return [row for row in entries.entries() if row.parameters.get("fill") == "segment mean"]


def middle():
    """Return those at their middle budget and on the mean colour, or as they come; for networks on which a question is dear."""
    budgets = ("Occlusion, mean, patch 16", "RISE, mean, 300 masks", "LIME, mean, 300 samples", "Anchors, mean, 500 questions")
    return [row for row in asked() if row.label in budgets or not row.parameters]


def two_legs(truth, few, measures, many=None, fewer_measures=None):
    """Return the legs of cheap rows on all images and of asking rows on a few."""
    first, fewer = truth.first(few), fewer_measures or measures
    return [Leg(truth, cheap(truth.classifier), measures), *(Leg(first, rows, fewer) for rows in many or (asked(), own_fill()))]


def lesions(size):
    split, rashnet = xh.rashes.load_test_split(), xh.load_classifier("rashnet")
    truth, measures = evidence.lesions(rashnet, split), protocol.of_lesions(evidence.TrueRemoval(split))
    truth, slow = truth.first(size.lesions), protocol.CURVES | protocol.ROAD
    legs = two_legs(truth, size.lesions_asked, measures | protocol.CURVES, fewer_measures=measures | slow)
    return [*legs, Leg(truth.first(size.road), cheap(rashnet), protocol.ROAD)]


def healthy(size):
    truth = evidence.healthy(xh.load_classifier("rashnet"), xh.rashes.load_test_split()).first(size.healthy)
    return two_legs(truth, size.healthy_asked, protocol.CURVES)


def sticker(size):
    biased, twin = xh.load_classifier("rashnet-biased"), xh.load_classifier("rashnet")
    truth = evidence.stickers(biased, twin, xh.rashes.load_test_split()).first(size.stickers)
    legs = two_legs(truth, size.stickers_asked, protocol.STICKER)
    return [each for leg in legs for each in (leg, leg._replace(evidence=leg.evidence.of(twin)))]


def contrast(size):
    truth = evidence.contrasts(xh.load_classifier("rashnet"), xh.rashes.make_pairs(size.pairs))
    few = evidence.contrasts(xh.load_classifier("rashnet"), xh.rashes.make_pairs(size.pairs_asked))
    legs = [Leg(few, rows, protocol.CONTRAST) for rows in (asked(), own_fill())]
    return [Leg(truth, cheap(truth.classifier), protocol.CONTRAST), *legs]


def wired(size):
    return two_legs(evidence.wired(size.wired), size.wired_asked, protocol.WIRED)


def quadrant(size):
    truths = [evidence.quadrants(size.grids, name) for name in ("top left", "bottom right")]
    return [leg for truth in truths for leg in two_legs(truth, size.grids_asked, protocol.QUADRANT, [middle()])]


def photographs(size):
    network = xh.load_classifier("efficientnet-lite0")
    truth, few = (evidence.photographs(network, n) for n in (size.photographs, size.photographs_asked))
    return [Leg(truth, cheap(network), protocol.CONTRAST), Leg(few, middle(), protocol.CONTRAST)]


def xception(size):
    split, network = xh.rashes.load_test_split(), xh.load_classifier("rash-xception")
    truth, measures = evidence.lesions(network, split), protocol.of_lesions(evidence.TrueRemoval(split))
    measures = {name: measures[name] for name in ("roc_area", "pointing_game", "removal", "completeness")}
    return two_legs(truth.first(size.xception), size.xception_asked, measures, [middle()])


def together(tables):
    return pd.concat(tables, ignore_index=True)


def of_twins(tables):
    """Return the tables of the biased network minus those of its twin, leg by leg."""
    return together(
        [protocol.difference(biased, twin, "sticker") for biased, twin in zip(tables[::2], tables[1::2], strict=True)]
    )


RUNS = {
    "wired": (wired, together),
    "contrast": (contrast, lambda tables: protocol.pairs_averaged(together(tables))),
    "sticker": (sticker, of_twins),
    "lesions": (lesions, together),
    "healthy": (healthy, together),
    "quadrant": (quadrant, together),
    "photographs": (photographs, lambda tables: protocol.pairs_averaged(together(tables))),
    "xception": (xception, together),
}


TABLES = ("wired", "contrast", "sticker", "lesions", "agreement", "randomised", "healthy", "quadrant", "photographs", "xception")


def run_legs(name, size, progress=False, known=()):
    """Return (table, [images considered and used, leg by leg]); exits where it was interrupted. known: labels left out."""
    make, combine = RUNS[name]
    tables, used = [], []
    legs = [leg._replace(rows=[row for row in leg.rows if row.label not in known]) for leg in make(size)]
    for number, leg in enumerate(leg for leg in legs if leg.rows):
        part = STORED / f"comparison-{name}-{number}.part"
        table = protocol.run(*leg, file=part, progress=progress)
        if table.drop_duplicates("image").image.nunique() < len(leg.evidence.images):
            sys.exit(f"Stopped: the same command goes on from {part.name}.")
        tables.append(table)
        used.append({"rows": len(leg.rows), "images": len(leg.evidence.images), "considered": leg.evidence.considered})
    return slim(combine(tables)), used


# Those whose map depends on the network in a way of its own, in one setting each.
LOSING = (
    "Saliency", "Gradient × input", "SmoothGrad, 16", "Guided backpropagation", "Deconvnet", "Integrated gradients, blur",
    "Deep SHAP, blur", "Grad-CAM", "HiResCAM", "Grad-CAM, earlier layer", "Edges",
)  # fmt: skip


def run_randomised(size):
    """Return (table, [images used]) of networks that lose their weights, as `randomised` makes it."""
    network, tables = xh.load_classifier("rashnet"), []
    truth = evidence.lesions(network, xh.rashes.load_test_split())
    few = [row for row in cheap(network) if row.label in LOSING]
    control = [row for row in few if row.is_control]  # beside those that ask too, on their images
    for n, rows in ((size.randomised, few), (size.randomised_asked, [*middle(), *control])):
        tables += list(randomised(truth.first(n), rows))
    used = [{"images": size.randomised}, {"images": size.randomised_asked}]
    table = pd.concat(tables, ignore_index=True)
    return table.drop_duplicates([each for each in table if each != "value"], ignore_index=True), used


def slim(table):
    """Return a table fit to be stored: without what was not measured for a reason of its own, each note once."""
    table = table[table.value.notna() | table.note.fillna("").ne("")]
    again = table.duplicated(["image", "method"])
    return table.assign(note=table.note.where(~again, "").str.replace("#", "no. "), passes=table.passes.round())


def add(name, size, progress=False):
    """Write a stored table with the rows that it lacks, computed now; False where it lacks none."""
    start, stored = time.perf_counter(), results(name)
    about, measured = stored.attrs["about"], stored[stored.value.notna()]
    known = set(measured.method)
    if not any(row.label not in known for leg in RUNS[name][0](size) for row in leg.rows):
        return False
    table, used = run_legs(name, size, progress, known)
    whole = pd.concat([stored, table], ignore_index=True).drop_duplicates(["image", "method", "metric"], ignore_index=True)
    made = {"rows": sorted(set(table.method)), **made_by(size, used, time.perf_counter() - start)}
    about = {**about, "added": [*about.get("added", []), made]}
    write(name, whole, f"# {json.dumps(about)}\n")
    forget_parts(name)
    return True


def head(name, size, used, seconds):
    """Return the first line of a stored table: what made it."""
    return f"# {json.dumps({'table': name, **made_by(size, used, seconds)})}\n"


def made_by(size, used, seconds):
    """Return what made a table, for its first line."""
    return {
        "images": used,
        "size": size._asdict(),
        "seconds": round(seconds),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "python": platform.python_version(),
        "machine": platform.machine(),
        **{package: importlib.metadata.version(package) for package in PACKAGES},
    }


def write(name, table, about):
    """Write one stored table."""
    text = about + table.to_csv(index=False, float_format="%.4g", lineterminator="\n")
    # Without the time of day, so that the same table is the same file.
    (STORED / f"comparison-{name}.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))


def forget_parts(name):
    """Remove the unfinished tables of a run that is finished."""
    for part in STORED.glob(f"comparison-{name}-*.part"):
        part.unlink()


class Finished:
    """The tables that a run of all of them has written so far, in a file, for the call that goes on with it."""

    def __init__(self, size):
        """size: of the run; what was begun with another one is no part of it."""
        self._file, self._size, self.names = STORED / "comparison.part", size._asdict(), []
        if self._file.exists():
            before = json.loads(self._file.read_text(encoding="utf-8"))
            self.names = before["tables"] if before["size"] == self._size else []

    def add(self, name):
        """Note that a table is written; where it is the last one, the run is over and its file goes."""
        self.names.append(name)
        if set(self.names) >= set(TABLES):
            self._file.unlink(missing_ok=True)
        else:
            self._file.write_text(json.dumps({"size": self._size, "tables": self.names}), encoding="utf-8")


def table_of(name, size, jobs=1):
    """Return (table, [images used]) of one table, computed now."""
    if name == "agreement":
        return agreements(size.agreement), [{"images": size.agreement}]
    if name == "randomised":
        return run_randomised(size)
    with joblib.parallel_config(n_jobs=jobs):
        return run_legs(name, size, progress=sys.stderr.isatty())


def compute(names, size, jobs=1):
    """Compute tables and store them; all of them, where no names are given: then those are left out that this run has written."""
    finished = None if names else Finished(size)
    for name in names or [name for name in TABLES if name not in finished.names]:
        start = time.perf_counter()
        print(f"{name}: {time.strftime('%H:%M')}", flush=True)
        table, used = table_of(name, size, jobs)
        write(name, table, head(name, size, used, time.perf_counter() - start))
        forget_parts(name)
        if finished:
            finished.add(name)


def complete(names, size):
    """Add to the stored tables the rows that they lack."""
    for name in names:
        print(f"{name}: {time.strftime('%H:%M')}", flush=True)
        if name in RUNS and not add(name, size, progress=sys.stderr.isatty()):
            print(f"{name} lacks no row")


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m benchmarks.comparison_runs", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer images: half an hour in place of two")
    parser.add_argument("--part", nargs="*", choices=TABLES, help="these tables only")
    parser.add_argument("--add", action="store_true", help="only the rows that a stored table lacks")
    parser.add_argument("--jobs", type=int, default=1, help="processes that share the images out; 1 uses all cores as well")
    options = parser.parse_args(arguments)
    size = QUICK if options.quick else Size()
    if options.add:
        complete(options.part or RUNS, size)
    else:
        compute(options.part, size, options.jobs)


if __name__ == "__main__":
    main()
