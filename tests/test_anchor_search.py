"""The machinery of anchors: bounds in closed form, a bandit that finds the best arms and asks where it matters."""

import numpy as np
import pytest

from xaihelpers.methods.anchors import _enough_for_none
from xaihelpers.methods.shared.anchor_search import AnchorSearch, Evidence, Options
from xaihelpers.methods.shared.bandits import best_arms, exploration
from xaihelpers.methods.shared.kl_bounds import kl_coins, lower_bound, upper_bound

SHARES = np.array([0, 0.1, 0.5, 0.73, 0.95, 1])


def test_the_divergence_by_hand():
    assert kl_coins(0.5, 0.25) == pytest.approx(0.5 * np.log(2) + 0.5 * np.log(2 / 3))
    assert kl_coins(1, 0.25) == pytest.approx(np.log(4))
    assert kl_coins(0, 0.25) == pytest.approx(-np.log(0.75))
    np.testing.assert_array_equal(kl_coins(SHARES, SHARES), 0)
    assert kl_coins(0.5, 1) == kl_coins(0.5, 0) == np.inf


@pytest.mark.parametrize("level", [0.001, 0.05, 0.7, 3])
def test_bounds_in_closed_form(level):
    assert lower_bound(1, level) == pytest.approx(np.exp(-level), abs=1e-7)
    assert upper_bound(0, level) == pytest.approx(1 - np.exp(-level), abs=1e-7)
    assert upper_bound(1, level) == 1 and lower_bound(0, level) == 0
    # KL(1/2, q) = -log(4 q (1 - q)) / 2, so q = (1 +- sqrt(1 - exp(-2 level))) / 2
    half = np.sqrt(1 - np.exp(-2 * level)) / 2
    assert upper_bound(0.5, level) == pytest.approx(0.5 + half, abs=1e-7)
    assert lower_bound(0.5, level) == pytest.approx(0.5 - half, abs=1e-7)


@pytest.mark.parametrize("level", [1e-4, 0.02, 0.5])
def test_at_a_bound_the_divergence_is_the_level(level):
    inside = SHARES[1:-1]
    for bound in (lower_bound(inside, level), upper_bound(inside, level)):
        np.testing.assert_allclose(kl_coins(inside, bound), level, rtol=1e-3)
    assert (lower_bound(inside, level) < inside).all() and (inside < upper_bound(inside, level)).all()


def test_one_share_and_many_levels_and_the_other_way_round():
    levels = np.array([0.01, 0.1, 1])
    for bound in (lower_bound, upper_bound):
        np.testing.assert_array_equal(bound(0.7, levels), [bound(0.7, level) for level in levels])
        np.testing.assert_array_equal(bound(SHARES, 0.1), [bound(share, 0.1) for share in SHARES])
        assert bound(SHARES[:, None], levels).shape == (6, 3)


def test_no_level_no_doubt():
    np.testing.assert_allclose(lower_bound(SHARES, 0), SHARES, atol=1e-12)
    np.testing.assert_allclose(upper_bound(SHARES, 0), SHARES, atol=1e-12)


def test_bounds_are_those_of_alibi():
    theirs = pytest.importorskip("alibi.explainers.anchors.anchor_base").AnchorBaseBeam
    rng = np.random.default_rng(0)
    p, level = rng.uniform(0, 1, 200), rng.uniform(0.001, 1, 200)
    np.testing.assert_allclose(lower_bound(p, level), theirs.dlow_bernoulli(p, level), atol=2e-5)
    np.testing.assert_allclose(upper_bound(p, level), theirs.dup_bernoulli(p, level), atol=2e-5)
    assert exploration(16, 7, 0.1) == pytest.approx(theirs.compute_beta(16, 7, 0.1))


def test_a_lower_bound_is_wrong_as_rarely_as_promised():
    n, delta = 60, 0.1
    shares = np.random.default_rng(1).binomial(n, 0.9, 5000) / n
    wrong = (lower_bound(shares, np.log(1 / delta) / n) > 0.9).mean()
    assert 0 < wrong <= delta


def test_how_many_images_show_that_nothing_is_needed():
    # So many that all of them agreeing puts the lower bound, exp(-log(1 / delta) / n), above the threshold; 100 at least.
    for threshold, delta in ((0.95, 0.1), (0.99, 0.1), (0.99, 0.01), (0.5, 0.1)):
        n = _enough_for_none(threshold, delta)
        assert n >= 100 and lower_bound(1.0, np.log(1 / delta) / n) > threshold
        assert n == 100 or lower_bound(1.0, np.log(1 / delta) / (n / 1.12)) < threshold


class Arms:
    """Coins with known shares; counts how often each was asked."""

    def __init__(self, shares, seed=0, round_size=20):
        self.shares, self.rng, self.size = np.array(shares), np.random.default_rng(seed), round_size
        self.yes, self.asked = (self.rng.random(len(shares)) < shares).astype(float), np.ones(len(shares))

    def pull(self, which):
        for arm in which:
            self.yes[arm] += (self.rng.random(self.size) < self.shares[arm]).sum()
            self.asked[arm] += self.size
        return self.yes, self.asked

    def best(self, m, tolerance=0.1, delta=0.1):
        return best_arms(self.pull, self.yes, self.asked, m, delta, tolerance)


@pytest.mark.parametrize("seed", range(5))
def test_the_best_arms_are_found_the_best_last(seed):
    arms = Arms([0.2, 0.9, 0.5, 0.1, 0.7, 0.3], seed)
    assert arms.best(2).tolist() == [4, 1]
    assert set(np.argsort(arms.asked)[-2:]) == {2, 4}  # asked most where it is closest: third against second


def test_it_is_as_wrong_as_the_tolerance_allows_and_hardly_more():
    shares = np.array([0.5, 0.55, 0.6, 0.8])
    worse = [shares.max() - shares[Arms(shares, seed).best(1, tolerance=0.25)[0]] for seed in range(40)]
    assert np.mean(np.array(worse) > 0.25) <= 0.1


def test_as_many_as_there_are_need_no_question():
    arms = Arms([0.2, 0.9, 0.5])
    assert sorted(arms.best(3)) == [0, 1, 2] and arms.asked.sum() == 3


def test_certain_arms_are_told_apart():
    assert Arms([0, 0, 1, 0]).best(1).tolist() == [2]


class Coin:
    """Coverings of three superpixels in which the decision stays with one chance, whatever is present."""

    def __init__(self, chance):
        self.chance, self.rng = chance, np.random.default_rng(0)

    def present(self, rule, n):
        present = (self.rng.random((n, 3)) < 0.5).astype(int)
        present[:, list(rule)] = 1
        return present

    def coverings(self, rule, n):
        return Evidence(self.present(rule, n), None)

    def stays(self, draws):
        return [self.rng.random(len(draw.present)) < self.chance for draw in draws]


@pytest.mark.parametrize(("chance", "anchor"), [(0.99, True), (0.8, False)])
def test_a_rule_is_asked_about_until_it_is_clear(chance, anchor, monkeypatch):
    coin, looks, is_clear = Coin(chance), [], AnchorSearch._is_clear
    search = AnchorSearch(coin, Options(round_size=10))
    search._add((1,), coin.present((1,), 2), np.array([True, True]))  # two answers leave it open

    def counted(self, rule):
        looks.append(len(self.evidence[rule].stays))
        assert len(looks) < 100, "it looks again and again and asks nothing"
        return is_clear(self, rule)

    monkeypatch.setattr(AnchorSearch, "_is_clear", counted)
    assert search._precise([(1,)]) == ([(1,)] if anchor else [])
    assert looks == [2 + 10 * n for n in range(len(looks))] and len(looks) > 1


@pytest.mark.parametrize(("answers", "anchor"), [(29, None), (40, False), (200, True)])
def test_a_search_cut_short_has_an_anchor_only_where_there_are_answers_enough_for_all_that_were_tried(answers, anchor):
    """All say yes: of six rules, 40 answers put the lower bound at (0.05 / 6)^(1 / 40) = 0.89, and 0.95 - 0.05 is wanted."""
    search = AnchorSearch(Coin(1.0), Options(delta=0.05))
    for rule in [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2)]:
        search._ask([rule], answers)
    rule, found = search.best_so_far()
    assert (rule, found) == ((), False) if anchor is None else (len(rule) > 0 and found is anchor)
    assert not anchor or len(rule) == 1, "of those that are sure, the one that holds most often"
