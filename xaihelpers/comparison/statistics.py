"""How sure is a comparison? Intervals over images, paired differences, ranks with their uncertainty, controls beside them.

Resampling images with replacement (the bootstrap: Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of
Statistics, 1979) says how far a mean would move with other images of the same kind, and nothing of another network.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm, rankdata, t

from .._validation import is_number, one_of, shown, whole_number
from ..training.chance import wilson
from .controls import is_control

DRAWS = 2000
HITS = ("pointing_game",)  # metrics that are 0 or 1 for an image
SHARES = (*HITS, "mass_inside", "rank_inside", "roc_area", "contrast")  # from 0 to 1, and so is their mean
LEAST = 0.01  # a difference that nobody would choose by, on measures that go from 0 to 1


class Interval(NamedTuple):
    """A mean over images and the interval it lies in. n: how many images."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self):
        return f"{self.mean:.2f} [{self.low:.2f}, {self.high:.2f}]"


def interval(values, *, level=0.95, draws=DRAWS, seed=0):
    """Return the Interval of the mean of some numbers, one an image; NaN where fewer than two are measured.

    values: (n,); NaN are left out. level: how often the interval holds the mean. draws: bootstrap samples. seed: 0 or more.
    """
    values = _column(values)
    if len(values) < 2:
        return Interval(float(values.mean()) if len(values) else float("nan"), float("nan"), float("nan"), len(values))
    mean, n = float(values.mean()), len(values)
    low, high = _ends(values[_resampled(n, draws, seed)].mean(axis=1), level)
    wider = _widening(n, level)
    return Interval(mean, mean - wider * (mean - low), mean + wider * (high - mean), n)


def mean_interval(values, metric, *, level=0.95, draws=DRAWS, seed=0):
    """Return the Interval of the mean of a metric: as `interval`, and by Wilson's formula where each image is a hit or a miss.

    Of 25 hits in 25 the bootstrap says 1.00 [1.00, 1.00], as if the next image could not be missed; Wilson's ends at 0.87.
    Where a mean lies between 0 and 1 by its nature, so does its interval. A paired difference goes to `interval`.
    Source: Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", JASA, 1927.
    """
    found = interval(values, level=level, draws=draws, seed=seed)
    if found.n < 2 or metric not in SHARES:
        return found
    if metric in HITS:
        return Interval(found.mean, *wilson(found.mean * found.n, found.n, norm.ppf((1 + level) / 2)), found.n)
    return found._replace(low=max(0.0, found.low), high=min(1.0, found.high))


def paired(table, metric, a, b, *, level=0.95, draws=DRAWS, seed=0):
    """Return the Interval of the mean difference a - b of two methods on the images on which both were measured.

    table: of `compare`. metric: its name. a, b: names of methods. Where the interval holds 0, no difference was shown.
    """
    wide = scores(table, metric)
    for name in (a, b):
        one_of(name, "the method", list(wide))
    return interval((wide[a] - wide[b]).dropna(), level=level, draws=draws, seed=seed)


def scores(table, metric):
    """Return the values of one metric, images x methods, out of a table of `compare`."""
    rows = table[table.metric == metric]
    if not len(rows):
        there_are = ", ".join(map(str, table.metric.dropna().unique()))
        raise ValueError(f"There is no metric {shown(metric)} in this table: it has {there_are}.")
    wide = rows.pivot(index="image", columns="method", values="value")
    return wide[list(dict.fromkeys(rows.method))]


def ranking(table, metric, *, better="high", controls=None, least=LEAST, level=0.95, draws=DRAWS, seed=0):
    """Return a row a method: mean, low, high, n, rank with rank_low and rank_high, the best control, and whether it is beaten.

    table: of `compare`. better: "high" or "low". controls: names of the rows that know no network; None: those of `compare`.
    rank: of the mean, among methods that are no controls; rank_low and rank_high hold it in `level` of the bootstrap samples.
    over_control: the mean paired difference to the best control, with its low and high, in the direction that is better.
    beats_controls: whether the whole of that interval is above 0. tied_for_best: whether its paired difference to the first may
    be smaller than `least`; where more than one method is tied, there is no clear winner. Rows are sorted, the best first.
    """
    sign = {"high": 1, "low": -1}[one_of(better, "better", ("high", "low"))]
    wide = scores(table, metric)
    controls = [name for name in wide if (is_control(name) if controls is None else name in controls)]
    order = (sign * wide.mean()).sort_values(ascending=False, kind="stable").index
    best_control = next((name for name in order if name in controls), None)
    contenders = [name for name in order if name not in controls]
    ranks = _rank_ranges(sign * wide[contenders], level, draws, seed)
    rows = {}
    for name in order:
        mean = mean_interval(wide[name], metric, level=level, draws=draws, seed=seed)
        over = _difference(sign * wide, name, best_control, level, draws, seed)
        behind = _difference(sign * wide, name, contenders[0], level, draws, seed) if contenders else None
        own_rank = name not in controls
        rows[name] = {
            **mean._asdict(),
            "rank": contenders.index(name) + 1 if own_rank else np.nan,
            "rank_low": ranks[name][0] if name in ranks else np.nan,
            "rank_high": ranks[name][1] if name in ranks else np.nan,
            "control": not own_rank,
            "over_control": over.mean,
            "over_low": over.low,
            "over_high": over.high,
            "beats_controls": bool(over.low > 0) and own_rank,
            "tied_for_best": own_rank and bool(behind.high > -least or name == contenders[0]) and not np.isnan(mean.mean),
        }
    found = pd.DataFrame.from_dict(rows, orient="index").rename_axis("method")
    found.attrs.update(metric=metric, better=better, best_control=best_control)
    return found


def winners(ranked):
    """Return the methods that share the first place of a `ranking`: those not shown to be behind the first.

    One name is a clear winner; several, and there is none. A method that does not beat the controls wins nothing.
    """
    tied = ranked[ranked.tied_for_best & ~ranked.control]
    has_controls = ranked.attrs.get("best_control") is not None
    return list(tied[tied.beats_controls].index) if has_controls else list(tied.index)


def verdict(ranked):
    """Return in one sentence who wins a `ranking`, or that nobody does."""
    first, control = winners(ranked), ranked.attrs.get("best_control")
    if not first:
        return f"No technique beats the best control ({control}), its interval included."
    if len(first) == 1:
        row = ranked.loc[first[0]]
        return f"{first[0]}: {row['mean']:.2f} [{row.low:.2f}, {row.high:.2f}], a clear winner."
    rest = f" and {len(first) - 4} more" if len(first) > 4 else ""
    few, many = int(ranked.n[first].min()), int(ranked.n[first].max())
    images = few if few == many else f"{few} to {many}"
    return f"No clear winner: {', '.join(first[:4])}{rest} can't be told apart on {images} images."


def _difference(wide, name, other, level, draws, seed):
    if other is None:
        return Interval(float("nan"), float("nan"), float("nan"), 0)
    if name == other:
        return Interval(0.0, 0.0, 0.0, int(wide[name].notna().sum()))
    return interval((wide[name] - wide[other]).dropna(), level=level, draws=draws, seed=seed)


def _rank_ranges(wide, level, draws, seed):
    """Return {method: (low, high)}: the ranks that its mean takes when images are drawn again; the best has 1."""
    complete = wide.dropna(axis=1, how="all")
    if complete.shape[1] == 0 or len(complete) < 2:
        return {}
    values = complete.to_numpy()
    samples = values[_resampled(len(values), draws, seed)]  # (draws, n, methods)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = np.nansum(samples, axis=1) / (~np.isnan(samples)).sum(axis=1)
    ranks = rankdata(-np.nan_to_num(means, nan=-np.inf), axis=1)
    low, high = _ends(ranks, level)
    return {name: (float(a), float(b)) for name, a, b in zip(complete, low, high)}


def _column(values):
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"The values have shape {values.shape}: expected one number an image, (n,).")
    return values[~np.isnan(values)]


def _resampled(n, draws, seed):
    """Return (draws, n): which images each bootstrap sample has."""
    return np.random.default_rng(whole_number(seed, "seed", 0)).integers(n, size=(whole_number(draws, "draws"), n))


def _widening(n, level):
    """Return how much too narrow the bootstrap's interval is for few images: what Student's t is to a normal distribution.

    Source: Hesterberg, "What Teachers Should Know About the Bootstrap", The American Statistician, 2015.
    """
    return float(t.ppf((1 + level) / 2, n - 1) / norm.ppf((1 + level) / 2) * np.sqrt(n / (n - 1)))


def _ends(means, level):
    if not is_number(level) or not 0 < level < 1:
        raise ValueError(f"level is {shown(level)}: expected a share above 0 and below 1, such as 0.95.")
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return (float(low), float(high)) if np.ndim(low) == 0 else (low, high)
