"""Shapley values at equal questions, against KernelSHAP of the package shap: `python -m benchmarks.bench_shapley`.

The truth is every set of superpixels asked: 20 rash images with 12 to 14 superpixels on RashNet, 164,000 questions, which
`--answers FILE` keeps for the next run. Then, on these answers: the error of three estimators at three budgets, and how often
our 95% intervals hold the true value, there and on generated games. Writes benchmarks/SHAPLEY.md.
"""

import argparse
import logging
from importlib.metadata import version
from math import comb
from pathlib import Path

import numpy as np

import xaihelpers as xh
from xaihelpers.methods.shared.coalitions import draw_pairs
from xaihelpers.methods.shared.fills import fill_image
from xaihelpers.methods.shared.questions import ask
from xaihelpers.methods.shared.shapley_regression import shapley_values
from xaihelpers.methods.shared.superpixels import covered, segment

from .timing import Row

SUPERPIXELS = [12] * 10 + [13] * 5 + [14] * 5
BUDGETS, SEEDS = (128, 256, 512), 3
PAGE = Path(__file__).with_name("SHAPLEY.md")
KINDS = ("groups", "squeezed", "steps", "the largest", "noise", "layers")


def games_of_images():
    """Yield (number of the image, answers (2^n,)): the probability of its class for every set of n superpixels, by its bits."""
    classifier, data = xh.load_classifier("rashnet"), xh.rashes.load_test_split()
    healthy = data.class_names.index("healthy")
    images = iter(np.random.default_rng(0).permutation(np.flatnonzero(data.labels != healthy)))
    for n in SUPERPIXELS:
        number, labels = next(filter(lambda found: found[1] is not None, ((i, _cut(data.images[i], n)) for i in images)))
        image, sets = data.images[number], every_set(n)
        seen = covered(image, fill_image(image, "segment mean", labels), labels, sets, 64)
        answers = np.concatenate([p for _, p in ask(classifier, seen, "every set", len(sets))])
        yield int(number), answers[:, answers[-1].argmax()].astype(float)


def _cut(image, n):
    """Return labels of exactly n superpixels, None where none of the usual numbers gives them."""
    cuts = (segment(image, "slic", wanted) for wanted in range(10, 22))
    return next((labels for labels in cuts if labels.max() + 1 == n), None)


def generated(random, n, kind):
    """Return v of every set, (2^n,), of one made-up game."""
    sets = every_set(n).astype(float)
    if kind == "groups":
        groups = [(random.choice(n, random.integers(1, 6), replace=False), random.normal()) for _ in range(30)]
        return sum(worth * sets[:, group].all(axis=1) for group, worth in groups)
    if kind == "squeezed":
        weights = random.normal(size=n) * np.exp(random.normal(size=n))
        return 1 / (1 + np.exp(-(sets - 0.5) @ weights))
    if kind == "steps":
        weights = random.exponential(size=n)
        return (sets @ weights > random.uniform(0.2, 0.8) * weights.sum()).astype(float)
    if kind == "the largest":
        return np.where(sets > 0, random.normal(size=n), -3).max(axis=1)
    if kind == "noise":
        return sets @ random.normal(0, 0.3, n) + random.normal(size=2**n)
    hidden = np.maximum(sets @ random.normal(0, 2 / np.sqrt(n), (n, 16)) + random.normal(size=16), 0)
    return np.tanh(hidden @ random.normal(0, 0.25, 16))


# -- the truth, and three ways to estimate it ---------------------------------------------------------------------------------


def every_set(n):
    """Return all sets of n, (2^n, n) bool; row k holds those whose bits are set in k."""
    return (np.arange(2**n)[:, None] >> np.arange(n)) % 2 == 1


def exact(v):
    """Return the Shapley values (n,) of v (2^n,), by their definition."""
    n, numbers = len(v).bit_length() - 1, np.arange(len(v))
    sets = every_set(n)
    values, sizes = np.zeros(n), sets.sum(axis=1)
    for player in range(n):
        without = numbers[~sets[:, player]]
        weights = np.array([1 / (n * comb(n - 1, int(size))) for size in range(n)])[sizes[without]]
        values[player] = weights @ (v[without + (1 << player)] - v[without])
    return values


def _at(v, sets):
    return v[sets.astype(int) @ (1 << np.arange(sets.shape[1]))]


def ours(v, questions, seed):
    """Return (values, standard errors), as `xh.shapley` has them."""
    sets = draw_pairs(len(v).bit_length() - 1, questions // 2 - 1, seed)
    found = shapley_values(sets, _at(v, sets) - _at(v, ~sets), v[-1] - v[0])
    return found.values, found.errors


def leverage(v, questions, seed):
    """Return the values by the weighted line through the same pairs alone, without the regression adjustment."""
    n, (first, last) = len(v).bit_length() - 1, (v[0], v[-1])
    sets = draw_pairs(n, questions // 2 - 1, seed)
    signs, sizes = np.where(sets, 1.0, -1.0), sets.sum(axis=1)
    asked = np.bincount(sizes, minlength=n)[sizes]
    weights = np.array([1 / (size * (n - size)) for size in sizes]) / asked
    centre = np.eye(n) - 1 / n
    slopes, left = signs @ centre, _at(v, sets) - _at(v, ~sets) - signs.sum(axis=1) * (last - first) / n
    line = np.linalg.lstsq(slopes * np.sqrt(weights)[:, None], left * np.sqrt(weights), rcond=None)[0]
    return (last - first) / n + centre @ line, None


def kernel_shap(v, questions, seed, selection=False):
    """Return shap's values from as many questions. selection: its default, which keeps ten of the players."""
    import shap

    logging.getLogger("shap").setLevel(logging.ERROR)
    n = len(v).bit_length() - 1
    np.random.seed(seed)  # noqa: NPY002
    # (shap draws from the state that numpy shares.)
    explainer = shap.KernelExplainer(lambda sets: _at(v, sets > 0.5), np.zeros((1, n)))
    # It asks everything and nothing beside those that it counts.
    options = {"l1_reg": "num_features(10)" if selection else 0}
    return explainer.shap_values(np.ones((1, n)), nsamples=questions - 2, silent=True, **options)[0], None


ESTIMATORS = {
    "xh.shapley": ours,
    "the same pairs, a weighted line alone (Leverage SHAP)": leverage,
    "shap.KernelExplainer, all superpixels": kernel_shap,
    "shap.KernelExplainer, its default selection of ten": lambda *given: kernel_shap(*given, selection=True),
}


# -- the tables -----------------------------------------------------------------------------------------------------------------


def errors_of(games):
    """Return {estimator: {budget: mean over games and seeds of the root mean square error over superpixels}}."""
    truths = [exact(v) for v in games]
    found = {}
    for name, estimate in ESTIMATORS.items():
        for budget in BUDGETS:
            off = [
                np.sqrt(np.mean((estimate(v, budget, seed)[0] - truth) ** 2))
                for v, truth in zip(games, truths)
                for seed in range(SEEDS)
            ]
            found.setdefault(name, {})[budget] = float(np.mean(off))
    return found


def coverage(games):
    """Return {budget: share of superpixels whose value lies within 1.96 standard errors}."""
    shares = {}
    for v in games:
        truth = exact(v)
        for budget in BUDGETS:
            for seed in range(SEEDS):
                values, errors = ours(v, budget, seed)
                shares.setdefault(budget, []).extend(np.abs(values - truth) <= 1.96 * errors + 1e-12)
    return {budget: float(np.mean(each)) for budget, each in shares.items()}


def page(errors, covers):
    """Return the text of SHAPLEY.md."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("numpy", "tensorflow", "shap", "scikit-image"))
    budgets = " | ".join(f"{budget} questions" for budget in BUDGETS)
    line = "|---|" + "---:|" * len(BUDGETS)
    theirs = errors["shap.KernelExplainer, all superpixels"]
    table = [
        f"| {name} | " + " | ".join(f"{value:.5f} ({value / theirs[b]:.2f})" for b, value in each.items()) + " |"
        for name, each in errors.items()
    ]
    bars = [f"| {name} | " + " | ".join(f"{share:.1%}" for share in each.values()) + " |" for name, each in covers.items()]
    return "\n".join(
        [
            "# Shapley values of superpixels: error at equal questions",
            "",
            f"Written by `python -m benchmarks.bench_shapley`, all estimators in one run, with {versions}.",
            "",
            f"{len(SUPERPIXELS)} rash images on RashNet, 12 to 14 superpixels each in its mean colour, probability of the",
            "predicted class. The truth: every set asked, 4,096 to 16,384 questions an image. Entries: the root mean square",
            f"error over the superpixels, mean over the images and {SEEDS} seeds; in brackets, as a share of KernelSHAP's.",
            "",
            f"| estimator | {budgets} |",
            line,
            *table,
            "",
            "How often value ± 1.96 standard errors holds the true value: on the images (superpixels, images, seeds), their",
            "log-odds, and on generated games of 11 to 13 players, eight of each kind. Wanted: 90 to 99 %. One factor in the",
            "errors was chosen by coverage on such games and on some of these images, so that this is no independent test of it.",
            "",
            f"| games | {budgets} |",
            line,
            *bars,
            "",
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--answers", type=Path, help="a file that keeps the answers to every set")
    kept = parser.parse_args().answers
    if kept and kept.exists():
        with np.load(kept) as stored:
            games = [stored[name] for name in stored.files]
    else:
        games = [v for _, v in games_of_images()]
        if kept:
            np.savez(kept, *games)
    errors = errors_of(games)
    random = np.random.default_rng(5)
    made = {kind: [generated(random, int(random.integers(11, 14)), kind) for _ in range(8)] for kind in KINDS}
    p = [np.clip(v, 1e-7, 1 - 1e-7) for v in games]
    covers = {"rash images": coverage(games), "rash images, log-odds": coverage([np.log(v) - np.log1p(-v) for v in p])}
    covers |= {f"generated: {kind}": coverage(each) for kind, each in made.items()}
    PAGE.write_text(page(errors, covers), encoding="utf-8")
    all_ours, all_theirs = (
        np.mean(list(errors[name].values())) for name in ("xh.shapley", "shap.KernelExplainer, all superpixels")
    )
    print(Row("error over KernelSHAP's, mean over images and budgets", float(all_ours / all_theirs), "at most 0.5"))
    print(
        Row(
            "95% intervals that hold the value, %",
            100 * float(np.mean([s for c in covers.values() for s in c.values()])),
            "90 to 99",
        )
    )


if __name__ == "__main__":
    main()
