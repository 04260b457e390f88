"""What of an imbalance shows? Effects and a blind test on the stored numbers of the factorial experiment of lesson 12."""

import itertools
from functools import partial

import numpy as np
import pandas as pd
from scipy.stats import t

from .._validation import one_of
from .stored import stored

KEYS = ["artefact", "seed", "class", "kind", "quantity"]


def load_factorial_table():
    """Return the stored numbers as a DataFrame: unbalanced, artefact, seed, class, images in training, kind, quantity, value, n.

    kind: "number" (of answers and weights) or "picture" (of maps). A row a network, class and quantity.
    """
    table = pd.read_csv(stored("factorial.csv"))
    return table.assign(kind=table.kind.str.split("/").str[0])


def changes(table):
    """Return a row for each pair of networks that differ in balance only, class and quantity: what the imbalance changed.

    doublings: log2 of the class's images in the unbalanced network over those in the balanced one. change: unbalanced minus
    balanced. balanced: the value there.
    """
    wide = table.pivot_table(index=KEYS, columns="unbalanced", values=["value", "images in training"])
    value, images = wide["value"], wide["images in training"]
    found = {"doublings": np.log2(images[True] / images[False]), "change": value[True] - value[False], "balanced": value[False]}
    return pd.DataFrame(found).dropna().reset_index()


def effects(table):
    """Return a row a quantity: how much it changes where a class has twice as many images, and how sure that is.

    slope, low, high: change a doubling, in the quantity's own unit, with its 95 % interval over pairs of networks (Student's t
        for as many pairs as there are: six say less than they seem to).
    effect: the slope over the standard deviation between the classes of balanced networks: what a reader who has no balanced
        twin would have to see it against. correlation: of change and doublings.
    separates: whether the interval leaves out 0.
    """
    rows = {}
    for (kind, quantity), group in changes(table).groupby(["kind", "quantity"]):
        # The mean over a pair's classes is no matter of how common a class is.
        pairs = [_centred(part) for _, part in group.groupby(["artefact", "seed"])]
        slope, half = _slope(np.array([[x @ y, x @ x] for x, y in pairs]))
        low, high, (doublings, change) = slope - half, slope + half, np.concatenate(pairs, axis=1)
        between = group.groupby(["artefact", "seed"]).balanced.std().mean()
        rows[quantity] = {
            "kind": kind, "slope": slope, "low": low, "high": high, "effect": slope / between if between > 0 else np.nan,
            "correlation": np.corrcoef(doublings, change)[0, 1], "separates": bool(low > 0 or high < 0),
        }  # fmt: skip
    found = pd.DataFrame.from_dict(rows, orient="index").rename_axis("quantity")
    return found.sort_values("correlation", key=np.abs, ascending=False)


def _slope(sums):
    """Return (slope, half of its 95 % interval). sums: (n, 2), x @ y and x @ x of each pair of networks.

    The pairs are what is drawn, not the classes in them: the spread is that of the pairs' own slopes.
    """
    n, slope = len(sums), sums[:, 0].sum() / sums[:, 1].sum()
    off = sums[:, 0] - slope * sums[:, 1]
    return float(slope), float(t.ppf(0.975, n - 1) * np.sqrt(n / (n - 1) * (off @ off)) / sums[:, 1].sum())


def _centred(part):
    """Return (doublings, changes), (2, classes), each without its mean."""
    both = part[["doublings", "change"]].to_numpy().T
    return both - both.mean(axis=1, keepdims=True)


def blind_test(table, kind, *, reference):
    """Return the judgements on unknown networks: a row each, with the rule that was fixed without them.

    kind: "number" or "picture". Each seed in turn is unknown. On the other seeds' networks the rule is fixed: that quantity,
    and that threshold on its score, which tells most balanced from unbalanced ones (of several, the widest apart).
    reference: False scores a network by the spread of the quantity over its classes, all that somebody has who is handed one
    network; True by its distance from the mean profile of the other seeds' balanced networks, for whoever has trained such.
    Columns: seed, artefact, unbalanced (the truth), called (unbalanced or not), right, rule.
    """
    return _judged(_profiles(table, kind), reference)


def _profiles(table, kind):
    """Return networks x (quantity, class)."""
    chosen = table[table.kind == one_of(kind, "kind", ("number", "picture"))]
    return chosen.pivot_table(index=["unbalanced", "artefact", "seed"], columns=["quantity", "class"], values="value")


def _judged(profiles, reference):
    rows, seeds = [], profiles.index.get_level_values("seed")
    for unknown in sorted(set(seeds)):
        known = profiles[seeds != unknown]
        mean = known[~known.index.get_level_values("unbalanced").astype(bool)].mean() if reference else None
        quantity, threshold = _rule(_scores(known, mean))
        for (unbalanced, artefact, seed), score in _scores(profiles[seeds == unknown], mean)[quantity].items():
            called = bool(score > threshold)
            rows.append([seed, artefact, bool(unbalanced), called, called == unbalanced, quantity])
    return pd.DataFrame(rows, columns=["seed", "artefact", "unbalanced", "called", "right", "rule"])


def as_good_by_luck(table, kind, *, reference):
    """Return in which share of all ways to name the networks `blind_test` judges as many rightly as under their true names.

    In each pair that differs in balance only, the two names are kept or swapped: 64 ways for six pairs. If balance left no trace,
    each would be as likely. The networks of a seed are judged by one rule, so that an interval for independent judgements would
    be too short. Arguments as for `blind_test`.
    """
    profiles, right = _profiles(table, kind), []
    pairs = profiles.index.droplevel("unbalanced").unique()
    for swapped in itertools.product((False, True), repeat=len(pairs)):  # the first are the true names
        of = dict(zip(pairs, swapped))
        names = [(bool(name) ^ of[pair], *pair) for name, *pair in profiles.index for pair in [tuple(pair)]]
        named = profiles.set_axis(pd.MultiIndex.from_tuples(names, names=profiles.index.names))
        right.append(_judged(named, reference).right.sum())
    return float(np.mean(np.array(right) >= right[0]))


def _scores(profiles, mean):
    """Return networks x quantities: how far a network's classes are apart, or from the mean profile."""
    values = profiles.to_numpy() - (0 if mean is None else mean.to_numpy())
    of = profiles.columns.get_level_values("quantity").to_numpy()
    spread = partial(np.nanstd, axis=1, ddof=1) if mean is None else lambda part: np.nanmean(np.abs(part), axis=1)
    # By hand, and not by groupby: `as_good_by_luck` does this some hundreds of times.
    return pd.DataFrame({name: spread(values[:, of == name]) for name in np.unique(of)}, index=profiles.index)


def _rule(scores):
    """Return (quantity, threshold): the one that tells most known networks apart; of several, that with the widest gap."""
    truth, best = scores.index.get_level_values("unbalanced").to_numpy(bool), None
    for quantity, column in scores.items():
        values = column.to_numpy()
        ordered = np.unique(values)
        thresholds = (ordered[1:] + ordered[:-1]) / 2
        apart = values[:, None] - thresholds  # networks x thresholds
        rights = ((apart > 0) == truth[:, None]).sum(axis=0)
        gaps = np.fmin.reduce(np.abs(apart), axis=0) / max(column.std(), 1e-12)
        for right, gap, threshold in zip(rights, gaps, thresholds):
            if best is None or (right, gap) > best[:2]:
                best = right, gap, quantity, threshold
    return best[2:]
