"""Fewer questions for the same answer: which masks, and which estimator, bring RISE to its map soonest?

    python -m benchmarks.study_rise ask      asks the networks; hours on two cores, and takes up where it was stopped
    python -m benchmarks.study_rise table    writes rise_designs.json, where `xh.stored` finds it, and benchmarks/RISE_DESIGNS.md
                                             from the answers that there are; --network: of one network, the other stays as it is

The truth that every map is compared with (rank correlation over the pixels) is the paper's: independent masks, the mean of
the answers weighted by the masks, of REFERENCE masks that no tested map has seen.
"""

import argparse
import functools
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

import xaihelpers as xh
from xaihelpers.course.stored import FOLDER as STORED
from xaihelpers.methods.shared.fills import fill_image
from xaihelpers.methods.shared.mask_regression import LineThroughAnswers
from xaihelpers.methods.shared.masks import Masks

BLOCK, REFERENCE, REPEATS = 1024, 20 * 1024, 2
COUNTS = (64, 128, 256, 512, 1024)
PHOTOS = ("chelsea", "coffee", "astronaut", "rocket", "camera", "china", "flower", "grace_hopper")
RASHES = 40
PIXELS = 4  # maps are smooth: compared in squares of this edge they rank as at full size, and cost a sixteenth
RESULTS, NUMBERS = Path(__file__).with_name("RISE_DESIGNS.md"), STORED / "rise_designs.json"


class AntitheticMasks(Masks):
    """Independent masks, each followed by its negative, with the same shift."""

    def __init__(self, shape, seed):
        super().__init__(shape, design="independent", seed=seed)

    def draw(self, n):
        cells, shifts = super().draw(n // 2)
        return np.stack([cells, ~cells], axis=1).reshape(n, *cells.shape[1:]), np.repeat(shifts, 2, axis=0)


def masks_of(design, shape, seed):
    """Return the masks of a design, with the default grid of 8 and p of 0.5."""
    return AntitheticMasks(shape, seed) if design == "antithetic" else Masks(shape, design=design, seed=seed)


# -- asking ---------------------------------------------------------------------------------------------------------------


def plan():
    """Yield (design, seed) in the order asked: something of everything first, then the long reference."""
    rounds = [("independent", 0), ("balanced", 0), ("independent", 100), ("independent", 101), ("antithetic", 0)]
    rounds += [("independent", 100 + k) for k in range(2, 10)]
    rounds += [(design, seed) for seed in range(1, REPEATS) for design in ("independent", "balanced", "antithetic")]
    yield from rounds + [("independent", 100 + k) for k in range(10, REFERENCE // BLOCK)]


def images_of(network):
    """Return {name: image} for one of the two networks."""
    if network == "efficientnet-lite0":
        return {name: xh.sample_photo(name, 224) for name in PHOTOS}
    split = xh.rashes.load_test_split()
    # As many of every class that has lesions.
    classes = [index for index in range(len(split.class_names)) if split.class_names[index] != "healthy"]
    chosen = [i for index in classes for i in np.flatnonzero(split.labels == index)[: RASHES // len(classes)]]
    return {f"rash-{i:04d}": split.images[i] for i in chosen}


def ask(network, store):
    """Ask one network everything that is not yet in the store; one small file for every 1024 answers."""
    classifier, images = xh.load_classifier(network), images_of(network)
    for design, seed in plan():
        for name, image in images.items():
            path = store / network / f"{name}-{design}-{seed}.npz"
            if path.exists():
                continue
            begin, whole = time.perf_counter(), classifier.probabilities(image)[0]
            target = int(whole.argmax())
            answers = answers_to(network, classifier, image, target, masks_of(design, image.shape[:2], seed))
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path.with_suffix(".part.npz"), answers=answers, target=target, probability=whole[target])
            os.replace(path.with_suffix(".part.npz"), path)
            print(network, design, seed, name, f"{time.perf_counter() - begin:.0f} s", flush=True)


def answers_to(network, classifier, image, target, masks, batch=64):
    """Return the probability of the class for the next BLOCK masks."""
    # Black is no neutral colour on a skin: a network that knows black-centred ulcers sees one in every hidden cell.
    covered = fill_image(image, "black" if network == "efficientnet-lite0" else "mean")
    answers = []
    for _ in range(BLOCK // batch):
        seen = masks.build(*masks.draw(batch))[..., None]
        seen = covered + seen * (image.astype(np.float32) - covered)
        answers.append(classifier.probabilities(seen, batch, checked=True)[:, target])
    return np.concatenate(answers)


# -- comparing --------------------------------------------------------------------------------------------------------------


class Asked:
    """1024 masks of a design with their answers; `part` gives some of them."""

    def __init__(self, folder, name, design, seed, shape):
        with np.load(folder / f"{name}-{design}-{seed}.npz") as stored:
            self.answers = stored["answers"].astype(float)
        self.masks = masks_of(design, shape, seed)
        self.cells, self.shifts = self.masks.draw(BLOCK)

    def part(self, part):
        """Return (masks, cells, shifts, answers) of a slice."""
        return self.masks, self.cells[part], self.shifts[part], self.answers[part]


def pooled(masks, cells, shifts, bins):
    """Return the masks averaged over bins, (n, bins[0] * bins[1])."""
    down, right = (table[shifts[:, axis]] for axis, table in enumerate(masks.pooled(bins)))
    return (down @ cells.astype(np.float32) @ right.transpose(0, 2, 1)).reshape(len(cells), -1).astype(float)


def squares(masks):
    """Return how many squares, down and right, maps are compared in."""
    return tuple(edge // PIXELS for edge in masks.shape)


def unnormalised(masks, cells, shifts, answers):
    """The paper's equation: the sum of answer times mask, over N p."""
    return answers @ pooled(masks, cells, shifts, squares(masks)) / (len(answers) * masks.p)


def self_normalised(masks, cells, shifts, answers):
    """The same over the sum of the masks."""
    seen = pooled(masks, cells, shifts, squares(masks))
    return answers @ seen / seen.sum(axis=0)


def control_variate(masks, cells, shifts, answers):
    """The self-normalised map of what a regression on the masks' 8 x 8 averages leaves, and the regression's own map."""
    z, seen = pooled(masks, cells, shifts, (8, 8)) - masks.p, pooled(masks, cells, shifts, squares(masks))
    slopes = np.linalg.lstsq(np.c_[z, np.ones(len(z))], answers, rcond=None)[0][:-1]
    return (answers - z @ slopes) @ seen / seen.sum(axis=0) + known_covariance(masks.shape) @ slopes / masks.p


@functools.cache
def known_covariance(shape):
    """Return the covariance of a mask's squares with its 8 x 8 averages, over all cells and shifts: no network is asked."""
    masks = Masks(shape)
    fine, coarse = masks.pooled(squares(masks)), masks.pooled((8, 8))
    shared = [np.einsum("sag,sbg->ab", *both) / len(both[0]) for both in zip(fine, coarse)]
    return masks.p * (1 - masks.p) * np.kron(*shared)


def line(masks, cells, shifts, answers):
    """What `xh.rise` does: a straight line through the answers, by ridge regression."""
    found = LineThroughAnswers(masks)
    found.add(cells, shifts, answers)
    rows, columns = squares(masks)
    return found.estimate().heatmap.astype(float).reshape(rows, PIXELS, columns, PIXELS).mean(axis=(1, 3)).ravel()


SCHEMES = {
    ("independent", "unnormalised"): unnormalised,
    ("independent", "self-normalised"): self_normalised,
    ("independent", "control variate"): control_variate,
    ("independent", "line"): line,
    ("antithetic", "self-normalised"): self_normalised,
    ("antithetic", "control variate"): control_variate,
    ("antithetic", "line"): line,
    ("balanced", "self-normalised"): self_normalised,
    ("balanced", "control variate"): control_variate,
    ("balanced", "line"): line,
}
PLAIN, DEFAULT = ("independent", "self-normalised"), ("balanced", "line")


def reference(folder, name, shape):
    """Return (the self-normalised map of all reference masks, how many there are)."""
    total, kept, n = 0.0, 0.0, 0
    for seed in range(100, 100 + REFERENCE // BLOCK):
        if (folder / f"{name}-independent-{seed}.npz").exists():
            masks, cells, shifts, answers = Asked(folder, name, "independent", seed, shape).part(slice(None))
            seen = pooled(masks, cells, shifts, squares(masks))
            total, kept, n = total + answers @ seen, kept + seen.sum(axis=0), n + BLOCK
    return total / kept, n


def correlations(folder, name, shape):
    """Return ({(scheme, count): rank correlation with the reference, mean over parts}, reference masks) for one image."""
    truth, n_reference = reference(folder, name, shape)
    found = {}
    for design in ("independent", "antithetic", "balanced"):
        files = [seed for seed in range(REPEATS) if (folder / f"{name}-{design}-{seed}.npz").exists()]
        for seed in files:
            asked = Asked(folder, name, design, seed, shape)
            for scheme, estimate in SCHEMES.items():
                for count in COUNTS if scheme[0] == design else ():
                    for start in range(0, min(BLOCK, 4 * count), count):
                        heatmap = estimate(*asked.part(slice(start, start + count)))
                        found.setdefault((scheme, count), []).append(spearmanr(heatmap, truth)[0])
    return {key: float(np.mean(values)) for key, values in found.items()}, n_reference


def needed(row, wanted):
    """Return how many masks a scheme needs for a rank correlation, on a straight line between the counts (logarithms)."""
    if wanted > row[-1]:
        return np.inf
    return float(2 ** np.interp(wanted, np.maximum.accumulate(row), np.log2(COUNTS)))


def measured(network, store):
    """Return what is known of one network, for JSON: how many images and reference masks, and every scheme's correlations."""
    folder = store / network
    names = sorted({path.name.rsplit("-", 2)[0] for path in folder.glob("*-independent-100.npz")})
    shape = (224, 224) if network == "efficientnet-lite0" else (128, 128)
    found, reference_sizes = zip(*(correlations(folder, name, shape) for name in names))
    rows = []
    for scheme in SCHEMES:
        means = [float(np.mean([one[scheme, count] for one in found])) for count in COUNTS]
        rows.append({"masks": scheme[0], "estimator": scheme[1], "correlation": dict(zip(map(str, COUNTS), np.round(means, 4)))})
    halved = sum(one[DEFAULT, 512] >= one[PLAIN, 1024] for one in found)
    return {"images": len(names), "reference": min(reference_sizes), "as_near_with_half": int(halved), "schemes": rows}


def lines(network, known):
    """Return the lines of one network's table."""
    rows = {(one["masks"], one["estimator"]): list(one["correlation"].values()) for one in known["schemes"]}
    wanted = rows[PLAIN][-1]
    text = [
        f"## {network}",
        "",
        f"{known['images']} images; the reference has {known['reference']:,} masks an image. Mean rank correlation with it:",
        "",
        "| masks | estimator | " + " | ".join(f"N = {count}" for count in COUNTS) + f" | N for {wanted:.3f} |",
        "|---|---|" + "---:|" * (len(COUNTS) + 1),
    ]
    for scheme, row in rows.items():
        bold = "**" if scheme == DEFAULT else ""
        n = needed(row, wanted)
        cells = [*scheme, *(f"{value:.3f}" for value in row), f"{n:.0f}" if np.isfinite(n) else f"over {COUNTS[-1]}"]
        text.append("| " + " | ".join(f"{bold}{cell}{bold}" for cell in cells) + " |")
    return [
        *text,
        "",
        f"The default with 512 masks is at least as near as the plain scheme with 1024 on "
        f"{known['as_near_with_half']} of {known['images']} images.",
        "",
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("ask", "table"))
    parser.add_argument("--network", choices=("efficientnet-lite0", "rashnet"), action="append")
    parser.add_argument("--store", type=Path, default=Path(tempfile.gettempdir()) / "rise_study", help="folder of the answers")
    chosen = parser.parse_args()
    networks = chosen.network or ["efficientnet-lite0", "rashnet"]
    if chosen.what == "ask":
        for network in networks:
            ask(network, chosen.store)
        return
    known = json.loads(NUMBERS.read_text()) if NUMBERS.exists() else {}
    known |= {network: measured(network, chosen.store) for network in networks if (chosen.store / network).exists()}
    NUMBERS.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    text = [HEAD] + [each for network in sorted(known) for each in lines(network, known[network])]
    RESULTS.write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")
    print(RESULTS.read_text(encoding="utf-8"))


HEAD = """# RISE: fewer questions for the same answer

Written by `python -m benchmarks.study_rise table`. Grid 8, p = 0.5; what is hidden turns black on
photographs, and into the mean colour on rash images. Each entry is a mean over the images and over up to eight
separate sets of N masks. The last column is the number of masks with which a scheme comes as near to the reference as
independent masks with the self-normalised estimator do with 1024 (the paper's scheme): half of 1024 or less was the aim.

- independent: a coin for every cell. antithetic: each mask is followed by its negative. balanced: rows of a Hadamard matrix
  and their negatives, so that any two or three cells appear in all combinations equally often; every mask has its own shift.
- unnormalised: sum of answer x mask over N p. self-normalised: over the sum of the masks. control variate: least squares on
  the masks' 8 x 8 averages, whose covariance with the mask is known; what is left is self-normalised. line: ridge regression
  on 16 x 16 averages with the most probable penalty, and nothing else. In bold: the default of `xh.rise`.
"""


if __name__ == "__main__":
    main()
