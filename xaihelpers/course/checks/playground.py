"""The exercise of the lesson that is a tool: what one sees with it, and nobody has said."""

import re
from functools import lru_cache

from .exercise import NotYet, exercise

# What people write for a technique, without blanks and signs.
_NAMES = {"gradcam": "grad_cam", "saliency": "saliency", "saliencymap": "saliency", "guidedbackprop": "guided_backprop"}
_NAMES["guidedbackpropagation"] = "guided_backprop"


@lru_cache(maxsize=1)
def _alike():
    """Return {technique: rank correlation of its maps for a class that is in the picture and one that is not}."""
    from ...images import sample_photo
    from ...methods import METHODS
    from ...metrics import rank_correlation
    from ...zoo import load_classifier

    network, photo = load_classifier("efficientnet-lite0"), sample_photo("coffee", 224)
    maps = {
        name: [METHODS[name].function(network, photo, each) for each in ("espresso", "tripod")]
        for name in ("grad_cam", "saliency", "guided_backprop")
    }
    return {name: rank_correlation(*pair) for name, pair in maps.items()}


@exercise(
    hint="Choose the photograph coffee and three techniques, press Explain. Then search the class tripod, and press it again.",
    solution="""
network, photo = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("coffee", 224)


def alike(name):
    maps = [xh.METHODS[name].function(network, photo, each) for each in ("espresso", "tripod")]
    return xh.metrics.rank_correlation(*maps)


answer = max(["grad_cam", "saliency", "guided_backprop"], key=alike)
""",
    wrong=[
        'answer = "Grad-CAM"',
        'answer = "saliency"',
        'answer = "occlusion"',
        "answer = 3",
        'answer = ["grad_cam", "saliency"]',
    ],
)
def same_again(answer):
    """Which of Grad-CAM, saliency, guided backpropagation draws nearly the same map for a class that is not in the picture?"""
    if not isinstance(answer, str):
        raise NotYet(f"Your answer is {answer!r}: give the name of one technique, as text.")
    given = _NAMES.get(re.sub("[^a-z]", "", answer.lower()))
    if given is None:
        raise NotYet(f"Your answer is {answer!r}: choose from Grad-CAM, saliency and guided backpropagation.")
    found = _alike()
    if given != max(found, key=found.get):
        raise NotYet(
            f"Its maps for espresso and tripod have a rank correlation of {found[given]:.2f}: they differ. Look at the other two."
        )
    return (
        f"The rank correlation of its two maps is {found[given]:.2f}; it marks what stands out, whatever you ask for. A map that "
        "would be the same for another class is no reason for this one."
    )
