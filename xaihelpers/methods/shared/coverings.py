"""Random coverings of an image's superpixels, and whether a network's decision stays in each."""

from typing import NamedTuple

import numpy as np

from .superpixels import covered

_DRAWS = 25  # times max_questions: few superpixels have few coverings, and a search that draws them again must end too


class OutOfQuestions(Exception):
    """The search has asked as much as it may."""


class _Draw(NamedTuple):
    """Which superpixels are present, (n, K), and which of several backdrops shows, (n,)."""

    present: np.ndarray
    backdrop: np.ndarray


class Asker:
    """Draws coverings, and asks the network whether its decision stays; never twice about the same covering."""

    def __init__(self, classifier, image, filled, labels, seed, batch_size, limit):
        self.classifier, self.image, self.filled, self.labels = classifier, image, filled, labels
        self.batch_size, self.limit, self._answers, self._drawn = batch_size, limit, {}, 0
        # numpy promises that this generator draws the same in every version; alibi, seeded alike, draws the same from it.
        self._random = np.random.RandomState(seed)

    @property
    def asked(self):
        """How many coverings the network was asked about."""
        return len(self._answers)

    def about(self, decision, bar):
        """Return itself, told which class must stay and what shows how far it is."""
        self._decision, self._bar = decision, bar
        return self

    def present(self, rule, n):
        """Return (n, K) of 0 and 1: the rule's superpixels are present, each other one by the toss of a coin."""
        present = (self._random.random_sample((n, self.labels.max() + 1)) >= 0.5).astype(int)
        present[:, list(rule)] = 1
        return present

    def coverings(self, rule, n):
        """Return a _Draw of n coverings in which the rule holds."""
        present = self.present(rule, n)
        return _Draw(present, self._random.choice(len(self.filled), n) if self.filled.ndim == 4 else np.zeros(n, dtype=int))

    def stays(self, draws):
        """Return whether the decision stays for each of several draws, [(n,) bool], all asked in full batches."""
        present = np.concatenate([draw.present for draw in draws])
        backdrop = np.concatenate([draw.backdrop for draw in draws])
        packed = np.column_stack([np.packbits(present.astype(bool), axis=1), backdrop])
        keys = [row.tobytes() for row in packed]
        new = {key: place for place, key in enumerate(keys) if key not in self._answers}
        self._drawn += len(keys)
        if self.asked + len(new) > self.limit or self._drawn > _DRAWS * self.limit:
            raise OutOfQuestions
        self._put(list(new), present[list(new.values())], backdrop[list(new.values())])
        stays = np.array([self._answers[key] for key in keys])
        return np.split(stays, np.cumsum([len(draw.present) for draw in draws])[:-1])

    def _put(self, keys, present, backdrop):
        """Put coverings to the network, in batches, and remember the answers."""
        which = backdrop if self.filled.ndim == 4 else None
        for asked, images in covered(self.image, self.filled, self.labels, present, self.batch_size, which):
            stays = self.classifier.probabilities(images, len(images), checked=True).argmax(axis=1) == self._decision
            self._answers.update(zip(keys[asked], stays))
            self._bar.update(len(images))
