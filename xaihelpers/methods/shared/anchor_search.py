"""The search for an anchor: candidates grow patch by patch, a bandit picks the best few, bounds decide which is precise.

Ribeiro, Singh and Guestrin, "Anchors: High-Precision Model-Agnostic Explanations", AAAI 2018, algorithms 1 and 2.
A rule is a sorted tuple of superpixels that are always present; the others are present by the toss of a coin.
"""

from typing import NamedTuple

import numpy as np

from .bandits import best_arms
from .kl_bounds import lower_bound, upper_bound

COVERAGE_SAMPLES = 10_000
_MARGIN = 0.05  # how far below the threshold the lower bound of an anchor may be
_FEW = 30  # fewer answers than these say too little for a best candidate so far


class Options(NamedTuple):
    """What the search is asked for: see `anchors`. first_round: coverings that the empty rule is judged by at first."""

    threshold: float = 0.95
    delta: float = 0.1
    tau: float = 0.15
    beam_size: int = 1
    round_size: int = 64
    first_round: int = 100


class Candidate(NamedTuple):
    """A rule and what is known of it. bounds: of its precision, at the confidence asked for. asked: answers counted."""

    rule: tuple
    precision: float
    bounds: tuple
    coverage: float
    asked: int


class Evidence(NamedTuple):
    """Coverings in which a rule holds, present (n, K), and whether the decision stayed in each, stays (n,)."""

    present: np.ndarray
    stays: np.ndarray

    def where(self, superpixel):
        """Return the coverings in which one more superpixel happened to be present: evidence on the longer rule."""
        holds = self.present[:, superpixel].astype(bool)
        return Evidence(self.present[holds], self.stays[holds])


class AnchorSearch:
    """One search; what it knows so far stays readable when it is cut short.

    ask: has `present(rule, n)` -> (n, K) of 0 and 1, `coverings(rule, n)` -> a draw that has them as `.present` with what else
        it takes to ask, and `stays(draws)` -> [(n,) bool].
    """

    def __init__(self, ask, options):
        self.ask, self.options = ask, options
        self.evidence, self.grown, self.beams = {}, {(): ()}, []
        self._drawn = ask.present((), COVERAGE_SAMPLES).astype(bool)

    def run(self):
        """Return (rule, whether it is an anchor); the best candidate where no rule reaches the threshold."""
        if self._is_precise_alone():
            return (), True
        while len(self.beams) < self._drawn.shape[1]:
            self.beams.append(self._best(self._candidates(), self.options.beam_size))
            if precise := self._precise(self.beams[-1]):
                # Longer rules hold less often: the first size that has an anchor has the best one.
                return max(precise, key=self.coverage), True
        return self._best([rule for beam in self.beams for rule in beam], 1)[0], False

    # -- candidates ---------------------------------------------------------------------------------------------------

    def _candidates(self):
        """Return the rules of the next size: each of the beam (at first the empty rule) with one superpixel more."""
        if not self.beams:
            return [self._grow((), superpixel) for superpixel in range(self._drawn.shape[1])]
        # A set, as in alibi: its order decides between equals, so that both engines decide alike.
        rules = {
            self._grow(parent, superpixel)
            for superpixel in range(self._drawn.shape[1])
            for parent in self.beams[-1]
            if superpixel not in parent
        }
        return list(rules)

    def _grow(self, parent, superpixel):
        """Return the rule with one superpixel more; what was asked about its parent while that was present counts for it."""
        rule = tuple(sorted((*parent, superpixel)))
        if rule not in self.evidence:  # two parents may have the same child
            self.grown[rule] = (*self.grown[parent], superpixel)
            self.evidence[rule] = self.evidence[parent].where(superpixel)
        return rule

    def _best(self, rules, m):
        """Return the m most precise rules, the best last, by asking about those that are close."""

        def pull(which):
            self._ask_where_it_matters([rules[i] for i in which], rules)
            return self._counts(rules)

        if unknown := [rule for rule in rules if not len(self.evidence[rule].stays)]:
            self._ask(unknown, 1)
        best = best_arms(pull, *self._counts(rules), m, self.options.delta, self.options.tau)
        return [rules[i] for i in best]

    # -- bounds -------------------------------------------------------------------------------------------------------

    def bounds(self, rule):
        """Return (lower, upper) of a rule's precision, for all rules of a beam with probability 1 - delta."""
        yes, asked = self._counts([rule])
        arms = 1 + (self.options.beam_size - 1) * self._drawn.shape[1]
        level = np.log(arms / self.options.delta) / asked
        return float(lower_bound(yes / asked, level)[0]), float(upper_bound(yes / asked, level)[0])

    def _precise(self, beam):
        """Return the rules of the beam whose precision reaches the threshold, after asking until that is clear for each."""
        while unclear := [rule for rule in beam if not self._is_clear(rule)]:
            self._ask(unclear, self.options.round_size)
        return [rule for rule in beam if self.precision(rule) >= self.options.threshold]

    def _is_clear(self, rule):
        lower, upper = self.bounds(rule)
        if self.precision(rule) >= self.options.threshold:
            return lower > self.options.threshold - _MARGIN
        return upper < self.options.threshold + _MARGIN

    def _is_precise_alone(self):
        """Return whether the decision stays often enough without any superpixel: the empty rule."""
        self._ask([()], self.options.first_round)
        threshold, level = self.options.threshold, np.log(1 / self.options.delta)
        while True:
            lower = lower_bound(self.precision(()), level / len(self.evidence[()].stays))
            if self.precision(()) <= threshold or lower >= threshold - self.options.tau:
                return bool(lower > threshold)
            self._ask([()], self.options.round_size)

    # -- asking -------------------------------------------------------------------------------------------------------

    def _ask_where_it_matters(self, rules, candidates):
        """Ask a round for each of the rules; with a beam wider than one, so that all candidates learn from the answers.

        A covering drawn for {1}, in which 4 happens to be present, is one drawn for {1, 4}: one answer about {1} counts for about
        half of the candidates that grew from it. To tell the second best from many that are as good takes thousands of
        questions otherwise. A beam of one asks what the paper asks, draw for draw what alibi asks.
        """
        if self.options.beam_size == 1:
            self._ask(rules, self.options.round_size)
        else:
            self._ask([tuple(sorted(self.grown[rule][:-1])) for rule in rules], self.options.round_size, candidates)

    def _ask(self, rules, n, longer=()):
        """Ask about n coverings of each rule: answers on it, and on those of the `longer` rules that hold there too."""
        draws = [self.ask.coverings(rule, n) for rule in rules]
        for rule, draw, stays in zip(rules, draws, self.ask.stays(draws)):
            self._add(rule, draw.present, stays)
            for each in longer:
                if set(rule) < set(each):
                    holds = draw.present[:, list(each)].all(axis=1)
                    self._add(each, draw.present[holds], stays[holds])

    def _add(self, rule, present, stays):
        before = self.evidence.get(rule, Evidence(present[:0], stays[:0]))
        self.evidence[rule] = Evidence(np.concatenate([before.present, present]), np.concatenate([before.stays, stays]))

    # -- what is known ------------------------------------------------------------------------------------------------

    def _counts(self, rules):
        """Return (how often the decision stayed, how often it was asked), (K,) each."""
        answers = [self.evidence[rule].stays for rule in rules]
        return np.array([each.sum() for each in answers], dtype=float), np.array([len(each) for each in answers])

    def precision(self, rule):
        """Return how often the decision stayed while the rule held; NaN where nothing was asked."""
        stays = self.evidence[rule].stays if rule in self.evidence else ()
        return float(np.mean(stays)) if len(stays) else float("nan")

    def coverage(self, rule):
        """Return the share of coverings in which the rule holds."""
        return float(self._drawn[:, list(rule)].all(axis=1).mean())

    def candidate(self, rule):
        """Return a rule as a Candidate."""
        asked = len(self.evidence[rule].stays)
        return Candidate(self.grown[rule], self.precision(rule), self.bounds(rule), self.coverage(rule), asked)

    def candidates(self):
        """Return every rule that was asked about, in the order in which they came up."""
        return [self.candidate(rule) for rule, evidence in self.evidence.items() if len(evidence.stays)]

    def steps(self, rule):
        """Return [(superpixels, precision, coverage)], from none to this rule, one superpixel added a step."""
        parts = [self.grown[rule][:n] for n in range(len(rule) + 1)]
        return [(part, self.precision(tuple(sorted(part))), self.coverage(part)) for part in parts]

    def best_so_far(self):
        """Return (rule, whether it is an anchor) of a search that was cut short; () where nothing has enough answers.

        A rule whose lower bound is high enough for all rules tried is an anchor though others were not compared with it yet:
        the one that holds most often. Without one, it is the rule whose precision is the surest.
        """
        tried = [rule for rule, evidence in self.evidence.items() if rule and len(evidence.stays) >= _FEW]
        if not tried:
            return (), False
        yes, asked = self._counts(tried)
        share, surely = yes / asked, lower_bound(yes / asked, np.log(len(tried) / self.options.delta) / asked)
        precise = (share >= self.options.threshold) & (surely > self.options.threshold - _MARGIN)
        if precise.any():
            return max((rule for rule, each in zip(tried, precise) if each), key=self.coverage), True
        return tried[int(lower_bound(share, 2 / asked).argmax())], False
