"""Which positions of several sliders are worth recording, where all of them together are too many."""

import itertools
import math

MOST = 84  # positions of one player
FEWEST = 3  # values of a slider that a grid of all combinations may be thinned to


def thinned(values, start, most):
    """Return at most `most` of the values, evenly spread; the first, the last and `start` (an index) are among them."""
    if len(values) <= most:
        return list(values)
    places = {round(i * (len(values) - 1) / (most - 1)) for i in range(most)}
    if start not in places:  # it takes the place of the nearest one that is no end
        inner = sorted(places - {0, len(values) - 1}, key=lambda place: abs(place - start))
        places = places - set(inner[:1]) | {start}
    return [values[place] for place in sorted(places)]


def plan(controls, limit=MOST):
    """Return ({name: values to record}, names that are recorded in all combinations); the rest one at a time.

    controls: {name: (values, index of the start, whether they are numbers on a scale)}. Numbers are thinned out, names of
    things are not: a layer left out is missed, a number between two others is not. limit: how many positions in a grid.
    """
    for most in (9, 7, 5, 4, FEWEST):
        kept = {name: thinned(values, start, most if scale else len(values)) for name, (values, start, scale) in controls.items()}
        if math.prod(map(len, kept.values())) <= limit:
            return kept, list(kept)
    for most in (7, 5, 4, FEWEST):
        kept = {name: thinned(values, start, most if scale else len(values)) for name, (values, start, scale) in controls.items()}
        pairs = [pair for pair in itertools.combinations(kept, 2) if _size(kept, pair) <= limit]
        if pairs:
            return kept, list(max(pairs, key=lambda pair: _size(kept, pair)))
    return kept, list(kept)[:1]


def _size(kept, together):
    """Return how many positions there are with these controls in all combinations, the others one at a time."""
    counts = {name: len(values) for name, values in kept.items()}
    return math.prod(counts[name] for name in together) + sum(counts[name] - 1 for name in counts if name not in together)


def combinations(kept, together, start):
    """Yield {name: value} for every position to record. start: {name: value}, among the kept ones."""
    for values in itertools.product(*(kept[name] for name in together)):
        yield {**start, **dict(zip(together, values))}
    for name in kept:
        if name not in together:
            yield from ({**start, name: value} for value in kept[name] if value != start[name])
