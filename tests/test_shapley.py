"""Shapley values of superpixels: exact by another way, the axioms, LIME's line, and error bars that hold what they say."""

import itertools
import math

import numpy as np
import pytest

import xaihelpers as xh
from xaihelpers.methods.shared.coalitions import both_halves, draw_pairs, pairs_in_all, pairs_of_size, pairs_per_size
from xaihelpers.methods.shared.shapley_regression import shapley_values
from xaihelpers.methods.shared.superpixels import segment

EDGE = 12
IMAGE = np.full((EDGE, EDGE, 3), 255, np.float32)
TWELVE = segment(IMAGE, "grid", 12)
SIXTEEN = segment(IMAGE, "grid", 16)


def network(game, labels):
    """A classifier whose probability is game(present), present (N, K) of 0 and 1: superpixels are white, or covered by black."""
    first = [np.argwhere(labels == k)[0] for k in range(labels.max() + 1)]

    def answer(images):
        p = game(np.stack([images[:, row, column, 0] > 127 for row, column in first], axis=1))
        return np.stack([1 - p, p], axis=1)

    return xh.Classifier(answer, class_names=["no", "yes"])


def explained(game, labels=TWELVE, **options):
    with xh.without_warnings():
        return xh.shapley(network(game, labels), IMAGE, "yes", segments=labels, fill="black", **options)


def generated(seed, n, kind):
    """A game of n players, (N, n) -> (N,), between 0 and 1: a sum, squeezed, of what groups do together."""
    random = np.random.default_rng(seed)
    if kind == "groups":
        groups = [(random.choice(n, random.integers(1, 5), replace=False), random.normal()) for _ in range(25)]
        most = sum(abs(worth) for _, worth in groups)
        return lambda present: 0.5 + sum(worth * present[:, group].all(axis=1) for group, worth in groups) / (2 * most)
    if kind == "squeezed":
        weights = random.normal(0, 1, n) * np.exp(random.normal(0, 1, n))
        return lambda present: 1 / (1 + np.exp(-(present - 0.5) @ weights))
    if kind == "layers":
        first, second = random.normal(0, 2 / np.sqrt(n), (n, 16)), random.normal(0, 0.5, 16)
        return lambda present: 1 / (1 + np.exp(-np.maximum(present @ first, 0) @ second))
    noise = random.normal(0, 0.05, 2**n)  # "noise": every set has its own luck
    weights = random.normal(0, 0.1, n)
    return lambda present: np.clip(0.5 + (present - 0.5) @ weights + noise[present @ (1 << np.arange(n))], 0, 1)


KINDS = ("groups", "squeezed", "layers", "noise")


def every_set(n):
    return (np.arange(2**n)[:, None] >> np.arange(n)) % 2 == 1


def by_marginals(game, n):
    """Shapley values by their definition: the mean over all sets of what a player adds, weighted by the set's size."""
    sets = every_set(n)
    v, sizes, numbers = game(sets), sets.sum(axis=1), np.arange(2**n)
    values = np.zeros(n)
    for player in range(n):
        without = numbers[~sets[:, player]]
        weights = np.array([math.factorial(s) * math.factorial(n - s - 1) / math.factorial(n) for s in sizes[without]])
        values[player] = weights @ (v[without + (1 << player)] - v[without])
    return values


# -- exact -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", KINDS)
def test_twelve_superpixels_as_by_the_definition(kind, seed):
    game = generated(seed, 12, kind)
    found = explained(game, batch_size=512)
    assert found.details["exact"] and found.forward_passes == 2**12 == len(found.details["answers"])
    np.testing.assert_allclose(found.details["values"], by_marginals(game, 12), atol=1e-6)
    assert not found.details["standard_error"].any() and found.diagnostics == ()
    np.testing.assert_allclose(found.heatmap, found.details["values"][TWELVE], atol=1e-7)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_few_superpixels_as_the_mean_over_all_orders(n):
    labels, game = np.arange(EDGE) * n // EDGE + np.zeros((EDGE, 1), int), generated(3, n, "noise")
    values = np.zeros(n)
    for order in itertools.permutations(range(n)):
        present = np.tri(n + 1, n, -1, dtype=bool)[:, np.argsort(order)]
        values[list(order)] += np.diff(game(present))
    found = explained(game, labels)
    np.testing.assert_allclose(found.details["values"], values / math.factorial(n), atol=1e-6)
    assert found.forward_passes == 2**n


@pytest.mark.parametrize("n_samples", [None, 60, 200])
def test_the_axioms(n_samples):
    """Values add up; who adds nothing gets nothing; who does the same gets the same; a sum of games has the sum of values."""

    def game(present):
        return (present[:, 0] * present[:, 1] + present[:, 2] * 0.5 + (present[:, 3] | present[:, 4]) * 0.7) / 4

    found = explained(game, n_samples=n_samples)
    values, error = found.details["values"], found.details["standard_error"]
    assert values.sum() == pytest.approx(found.details["probability"] - found.details["covered"], abs=1e-7)
    assert found.details["exact"] == (n_samples is None)
    expected = np.array([1, 1, 1, 0.7, 0.7] + [0] * 7) / 8
    # Pairs of players cancel in a set and its rest, so that a sample finds them too.
    np.testing.assert_allclose(values, expected, atol=1e-6 if n_samples is None else 1e-3)
    # The straight line is right up to the float32 of the answers: what is left is rounding, which no error bar knows.
    assert (np.abs(values - expected) <= 4 * error + 2e-5).all()


def test_limes_line_with_the_kernel_of_shapley_is_the_shapley_value():
    """The lime package draws its line through the same answers, weighted by the kernel: its slopes are the values."""
    from lime.lime_base import LimeBase
    from sklearn.linear_model import LinearRegression

    game = generated(2, 12, "groups")
    found = explained(game)
    present, answers = found.details["present"], found.details["answers"]
    n, sizes = 12, found.details["present"].sum(axis=1)

    def kernel(missing):
        """The weight of a set by how many are missing: those of everybody and of nobody are as good as infinite."""
        there = n - missing
        return np.array([1e7 if s in (0, n) else (n - 1) / (math.comb(n, int(s)) * s * (n - s)) for s in there])

    labels = np.stack([1 - answers, answers], axis=1).astype(float)
    order = np.argsort(-sizes, kind="stable")  # lime takes its first row for the image
    intercept, slopes, *_ = LimeBase(kernel).explain_instance_with_data(
        present[order].astype(float), labels[order], (n - sizes)[order], 1, n, "none", LinearRegression()
    )
    np.testing.assert_allclose([dict(slopes)[k] for k in range(n)], found.details["values"], atol=1e-6)
    assert intercept == pytest.approx(found.details["covered"], abs=1e-6)


# -- estimated ---------------------------------------------------------------------------------------------------------------


def test_error_bars_cover_what_they_say():
    """95% intervals, over games of four kinds, 11 and 13 players and three numbers of questions: 90 to 99 % hold the value."""
    covers = {kind: [] for kind in KINDS}
    for kind, n, seed in itertools.product(KINDS, (11, 13), range(5)):
        game = generated(seed, n, kind)
        exact = by_marginals(game, n)
        for pairs in (4 * n, 8 * n, 20 * n):
            sets = draw_pairs(n, pairs, seed)
            found = shapley_values(sets, game(sets) - game(~sets), float(np.diff(game(np.array([[False] * n, [True] * n])))[0]))
            assert not found.exact and found.values.sum() == pytest.approx(exact.sum(), abs=1e-9)
            covers[kind] += list(np.abs(found.values - exact) <= 1.96 * found.errors)
    assert 0.90 <= np.mean(list(covers.values())) <= 0.99
    assert all(0.88 <= np.mean(share) <= 0.995 for share in covers.values()), {k: np.mean(v) for k, v in covers.items()}


def test_the_estimate_is_right_on_average_where_the_fit_is_worth_nothing(monkeypatch):
    """A fit that takes every set for a law of its own: the mean over many samples is the value still, for the corrections."""
    from xaihelpers.methods.shared import shapley_regression

    n = 9
    monkeypatch.setattr(shapley_regression, "_most_likely", lambda *_: shapley_regression._Company(np.full(n, 0.95)))

    def game(present):
        return 2.0 * (present[:, 0] & (present[:, 1:].sum(axis=1) % 4 < 2)) + present[:, :3].sum(axis=1) % 2 * present[:, 8]

    exact, found = by_marginals(game, n), []
    for seed in range(120):
        sets = draw_pairs(n, 40, seed)
        found.append(shapley_values(sets, game(sets) - game(~sets), exact.sum()).values)
    error = np.std(found, axis=0) / np.sqrt(len(found))
    assert (np.abs(np.mean(found, axis=0) - exact) < 4 * error).all() and error.max() < 0.03


def test_the_covariance_is_chosen_by_the_straight_line_through_the_answers(monkeypatch):
    """On a sum of weights the line's slopes are those weights, the whole's difference among the answers."""
    from xaihelpers.methods.shared import shapley_regression

    lines, weights, sets = [], np.random.default_rng(1).normal(size=9), draw_pairs(9, 30, 0)
    monkeypatch.setattr(
        shapley_regression, "_most_likely", lambda *given: lines.append(given[2]) or shapley_regression._Company(np.full(9, 0.1))
    )
    shapley_values(sets, np.where(sets, 1, -1) @ weights, weights.sum())
    np.testing.assert_allclose(lines, [weights], atol=1e-9)


def test_more_questions_smaller_errors():
    game = generated(1, 16, "groups")
    exact = by_marginals(game, 16)
    off = [np.abs(explained(game, SIXTEEN, n_samples=n).details["values"] - exact).max() for n in (60, 240, 960)]
    assert off[0] > 2 * off[1] > 4 * off[2]


def test_many_answers_are_fitted_in_parts(monkeypatch):
    from xaihelpers.methods.shared import shapley_regression

    game = generated(1, 13, "layers")
    sets, exact = draw_pairs(13, 400, 0), by_marginals(game, 13)
    monkeypatch.setattr(shapley_regression, "LARGEST", 150)
    found = shapley_values(sets, game(sets) - game(~sets), exact.sum())
    assert np.mean(np.abs(found.values - exact) <= 1.96 * found.errors) > 0.7
    assert np.abs(found.values - exact).max() < 0.1 * np.abs(exact).max()


# -- which sets are asked ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "pairs"), [(2, 1), (5, 3), (5, 15), (12, 100), (12, 2047), (13, 700), (40, 500)])
def test_pairs_are_of_all_sizes_and_never_twice(n, pairs):
    sets = draw_pairs(n, pairs, 3)
    assert len(sets) == pairs <= pairs_in_all(n)
    everything = {tuple(row) for row in both_halves(sets).tolist()}
    assert len(everything) == 2 + 2 * pairs, "no set twice, no set and its rest twice"
    counts = {size: int((sets.sum(axis=1) == size).sum()) for size in range(1, n // 2 + 1)}
    assert counts == pairs_per_size(n, pairs) and all(count <= pairs_of_size(n, size) for size, count in counts.items())
    free = [count for size, count in counts.items() if count < pairs_of_size(n, size) and 2 * size < n]
    assert not free or max(free) - min(free) <= 1, "sizes alike"
    assert np.array_equal(sets, draw_pairs(n, pairs, 3))


def test_every_set_of_a_size_is_as_likely():
    seen = np.zeros(2**6)
    for seed in range(1500):
        seen[draw_pairs(6, 12, seed) @ (1 << np.arange(6))] += 1
    halves = seen[every_set(6).sum(axis=1) == 3]
    assert np.count_nonzero(halves) == 10, "one of two halves"
    for drawn in (halves[halves > 0], seen[every_set(6).sum(axis=1) == 2]):
        assert drawn.std() < 3 * np.sqrt(drawn.mean()) and drawn.min() > 0.8 * drawn.mean()


# -- how it behaves ----------------------------------------------------------------------------------------------------------


def test_the_cost_is_what_was_asked_for():
    game = generated(0, 16, "layers")
    assert explained(game, SIXTEEN, n_samples=101).forward_passes == 100
    assert explained(game, SIXTEEN).forward_passes == 1000
    assert explained(generated(0, 12, "layers"), n_samples=5000, batch_size=512).forward_passes == 4096
    assert explained(game, SIXTEEN, questions=200).forward_passes == 200
    told = xh.cost_of("shapley", network(game, SIXTEEN), IMAGE, segments=SIXTEEN, n_samples=301)
    assert told.forward_passes == 300


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({"segments": "grid", "n_segments": 12}, 4096),
        ({"segments": "grid", "n_segments": 13}, 1000),
        ({"segments": SIXTEEN}, 4096),  # nobody counts labels beforehand: at most so many
        ({"segments": SIXTEEN, "n_samples": 51}, 50),
    ],
)
def test_the_cost_is_told_before(given, asked):
    told = xh.cost_of("shapley", network(generated(0, 16, "layers"), SIXTEEN), IMAGE, 1, **given)
    assert told.forward_passes == asked


def test_logits_are_what_they_say():
    rashnet, image = xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[90]
    with xh.without_warnings():
        found = xh.shapley(rashnet, image, segments="grid", n_segments=9, of="logit")
    assert found.details["logit"] == pytest.approx(rashnet.logits(image)[0, found.target], abs=1e-4)
    assert found.details["values"].sum() == pytest.approx(found.details["logit"] - found.details["covered"], abs=1e-5)


def test_interrupted_under_a_bar_it_takes_what_was_answered():
    game, calls = generated(4, 16, "layers"), []

    def stops(present):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return game(present)

    with pytest.warns(xh.DiagnosticWarning, match="first 96 of 1000 questions"):
        kept = xh.shapley(network(stops, SIXTEEN), IMAGE, 1, segments=SIXTEEN, fill="black", progress=True)
    assert len(kept.details["present"]) == 96 and kept.details["standard_error"].all()
    assert kept.details["values"].sum() == pytest.approx(kept.details["probability"] - kept.details["covered"], abs=1e-6)


def test_what_is_said_of_chance_and_of_nothing():
    with pytest.warns(xh.DiagnosticWarning, match="the same whatever is covered"):
        found = xh.shapley(network(lambda present: 0.3 + 0 * present[:, 0], TWELVE), IMAGE, 1, segments=TWELVE, fill="black")
    assert not found.heatmap.any()
    luck = generated(0, 16, "noise")
    with pytest.warns(xh.DiagnosticWarning, match="mostly chance"):
        xh.shapley(network(lambda present: luck(present) % 0.1, SIXTEEN), IMAGE, 1, segments=SIXTEEN, fill="black", n_samples=40)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"n_samples": 3}, "n_samples is 3"), ({"n_samples": 10.5}, "whole number"), ({"fill": "pink"}, "give 'segment mean'")],
)
def test_bad_arguments_are_refused_before_the_network_is_asked(arguments, words):
    def never(present):
        raise AssertionError("the network was asked")

    with pytest.raises(ValueError, match=words):
        xh.shapley(network(never, TWELVE), IMAGE, **{"segments": TWELVE, **arguments})
