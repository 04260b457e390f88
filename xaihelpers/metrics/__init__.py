"""Numbers for explanations: is the map where the evidence is, does the network depend on it, is it stable, is it plain?

Each is a short function of a map (an Attribution or an array), named for what it measures; its docstring says what chance
gives, which direction is better, and the paper.
"""

from .curves import Curve, deletion, insertion
from .evidence_clusters import EvidenceClusters, evidence_clusters
from .inside_mask import mass_inside, pointing_game, rank_inside, roc_area
from .removal import completeness, importance, removal_correlation, removal_curve
from .road import fill_in, road
from .sanity import Randomisation, model_randomisation, randomised_copy, stability
from .shape import agreement, agreement_matrix, rank_correlation, sparseness

__all__ = [
    "Curve",
    "EvidenceClusters",
    "Randomisation",
    "agreement",
    "agreement_matrix",
    "completeness",
    "deletion",
    "evidence_clusters",
    "fill_in",
    "importance",
    "insertion",
    "mass_inside",
    "model_randomisation",
    "pointing_game",
    "randomised_copy",
    "rank_correlation",
    "rank_inside",
    "removal_correlation",
    "removal_curve",
    "road",
    "roc_area",
    "sparseness",
    "stability",
]
