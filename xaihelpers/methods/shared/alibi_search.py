"""The same search by the package alibi (AnchorImage's), as a second engine: to compare with.

alibi is under the Business Source License: free for teaching and other non-production use.
"""

import logging

import numpy as np

from .anchor_search import AnchorSearch, Evidence

_MISSING = (
    'engine="alibi" needs the package alibi, and {} is missing: pip install "xaihelpers[alibi]" (on Python 3.11 and 3.12; the '
    "README has a way for every version), or leave engine out: the course's own search needs nothing more."
)


def alibi_search(ask, options):
    """Return an AnchorSearch whose `run` is alibi's; ImportError in one sentence where alibi is missing."""
    try:
        from alibi.explainers.anchors.anchor_base import AnchorBaseBeam
    except ImportError as error:
        raise ImportError(_MISSING.format(str(error.name or "alibi").split(".")[0])) from error

    class Search(AnchorBaseBeam):
        """alibi's search; it asks about several candidates at once, and asks no more when it has decided."""

        def draw_samples(self, anchors, batch_size):
            rules = [tuple(self.state["t_order"].setdefault(anchor, list(anchor))) for anchor in anchors]
            draws = [ask.coverings(rule, batch_size) for rule in rules]
            stats = [
                self.update_state([], [], stays.astype(int), (draw.present, -1.0), anchor)
                for anchor, draw, stays in zip(anchors, draws, ask.stays(draws))
            ]
            return tuple(zip(*stats))

        def get_anchor_metadata(self, features, success, batch_size=100):
            return {"feature": list(features), "success": success}

    return _AlibiSearch(ask, options, Search)


class _AlibiSearch(AnchorSearch):
    """What alibi found, in the terms of our own search."""

    def __init__(self, ask, options, search):
        super().__init__(ask, options)
        coverings = [self._drawn.astype(int)]
        self._search = search([lambda *_, **__: coverings], sample_cache_size=100, cache_margin=max(1000, options.round_size))

    def run(self):
        log, o = logging.getLogger("alibi"), self.options
        level = log.level
        log.setLevel(logging.ERROR)  # what it would say there, our diagnostics say
        try:
            found = self._search.anchor_beam(
                desired_confidence=o.threshold,
                delta=o.delta,
                epsilon=o.tau,
                beam_size=o.beam_size,
                batch_size=o.round_size,
                min_samples_start=o.first_round,
                coverage_samples=len(self._drawn),
            )
        finally:
            log.setLevel(level)
            self._read()
        return tuple(found["feature"]), found["success"]

    def _read(self):
        """Take over what was asked, from the state that alibi keeps."""
        state = getattr(self._search, "state", {"t_idx": {}})
        for rule, places in state["t_idx"].items():
            rows = np.fromiter(places, dtype=int)
            self.evidence[rule] = Evidence(state["data"][rows], state["labels"][rows].astype(bool))
            self.grown[rule] = tuple(int(superpixel) for superpixel in state["t_order"][rule])
