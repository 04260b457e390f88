"""The exercises of the lesson on Grad-CAM."""

import numpy as np

from .exercise import NotYet, choice, close, exercise, numbers

# The exercise "by hand": two maps and the gradients of a logit with respect to them, (2, 2, 2): row, column, map.
ACTIVATIONS = np.stack([[[4, 2], [1, 0]], [[1, 0], [3, 2]]], axis=-1).astype(float)
GRADIENTS = np.stack([[[0, 1], [1, 2]], [[-1, -1], [-3, 1]]], axis=-1).astype(float)


def _grad_cam(activations, gradients, relu=True):
    cam = activations @ gradients.mean(axis=(0, 1))
    return np.maximum(cam, 0) if relu else cam


@exercise(
    hint="First the two weights: the mean of each 2 x 2 block of gradients. Then weight 1 times map 1 plus weight 2 times "
    "map 2, place by place. Negative sums become 0.",
    solution="""
# the weights: (0 + 1 + 1 + 2) / 4 = 1 and (-1 - 1 - 3 + 1) / 4 = -1
# upper left 1*4 - 1*1 = 3, upper right 1*2 - 1*0 = 2, lower left 1*1 - 1*3 = -2, lower right 1*0 - 1*2 = -2
answer = [[3, 2], [0, 0]]
""",
    wrong=[
        "answer = [[3, 2], [-2, -2]]",  # no ReLU
        "answer = [[12, 8], [0, 0]]",  # sums in place of means
        "answer = [[0, 2], [0, 2]]",  # HiResCAM
        "answer = [[-1, 2], [-8, 2]]",
        "answer = [[3, 0], [2, 0]]",  # rows and columns swapped
        "answer = 5",
    ],
)
def by_hand(answer):
    """What is the Grad-CAM map, 2 x 2, of the two maps and gradients given in the lesson?"""
    given = numbers(answer, (2, 2))
    if close(given, _grad_cam(ACTIVATIONS, GRADIENTS)):
        return "The second map speaks against the class: its weight is -1, and the ReLU empties the places where it wins."
    if close(given, _grad_cam(ACTIVATIONS, GRADIENTS, relu=False)):
        raise NotYet("The sums are right. What does the ReLU do with negative ones?")
    if close(given, 4 * _grad_cam(ACTIVATIONS, GRADIENTS)):
        raise NotYet("You added the gradients up. Grad-CAM takes their mean: divide by the number of places.")
    if close(given, np.maximum((ACTIVATIONS * GRADIENTS).sum(-1), 0)) or close(given, (ACTIVATIONS * GRADIENTS).sum(-1)):
        raise NotYet("You multiplied place by place, which is HiResCAM. Grad-CAM takes one mean weight a map first.")
    if close(given, _grad_cam(ACTIVATIONS, GRADIENTS).T):
        raise NotYet("Rows and columns are swapped: the slash ends a row.")
    raise NotYet("Begin with the two weights: the mean of each block of gradients. They are whole numbers.")


@exercise(
    hint="The map of a difference is the difference of the maps. HiResCAM keeps the sign and adds up to the logit: "
    'subtract details["coarse"] of one class from that of the other.',
    solution="""
classifier = xh.load_classifier("efficientnet-lite0")
photo = xh.sample_photo("chelsea", 224)
tabby = xh.hires_cam(classifier, photo, "tabby").details["coarse"]
egyptian = xh.hires_cam(classifier, photo, "Egyptian_cat").details["coarse"]
answer = tabby - egyptian
""",
    wrong=[
        """
classifier = xh.load_classifier("efficientnet-lite0")
photo = xh.sample_photo("chelsea", 224)
answer = (xh.hires_cam(classifier, photo, "Egyptian_cat").details["coarse"]
          - xh.hires_cam(classifier, photo, "tabby").details["coarse"])
""",
        """
classifier = xh.load_classifier("efficientnet-lite0")
answer = xh.hires_cam(classifier, xh.sample_photo("chelsea", 224), "tabby").details["coarse"]
""",
        """
classifier = xh.load_classifier("efficientnet-lite0")
photo = xh.sample_photo("chelsea", 224)
answer = xh.hires_cam(classifier, photo, "tabby").heatmap - xh.hires_cam(classifier, photo, "Egyptian_cat").heatmap
""",
    ],
)
def rather_than(answer):
    """Which places of the photo speak for "tabby" rather than "Egyptian_cat"? A coarse map, 7 x 7, signed."""
    given = numbers(answer, (7, 7))
    from ... import images, zoo
    from ...methods.grad_cam import hires_cam

    classifier, photo = zoo.load_classifier("efficientnet-lite0"), images.sample_photo("chelsea", 224)
    tabby, egyptian = (hires_cam(classifier, photo, name).details["coarse"] for name in ("tabby", "Egyptian_cat"))
    right = tabby - egyptian
    if close(given, right, 1e-3):
        return "It adds up to the difference of the two logits minus that of the biases: negative, since Egyptian cat won."
    if close(given, -right, 1e-3):
        raise NotYet("This map speaks for Egyptian cat rather than tabby: turn the difference around.")
    if close(given, tabby, 1e-3) or close(given, egyptian, 1e-3):
        raise NotYet("This is the map of one class. What both share drops out only when you subtract.")
    if (given >= 0).all():
        raise NotYet("Your map has lost its sign. Take hires_cam, or grad_cam with relu=False.")
    raise NotYet('Subtract details["coarse"] of the two classes on the photo of Chelsea, at the last layer.')


@exercise(
    hint="gradients.mean(axis=(0, 1)) gives one weight a map. What does the @ operator do with (h, w, k) and (k,)?",
    solution="""
def answer(activations, gradients):
    weights = gradients.mean(axis=(0, 1))
    return np.maximum(activations @ weights, 0)
""",
    wrong=[
        "def answer(activations, gradients):\n    return np.maximum((activations * gradients).sum(axis=-1), 0)",
        "def answer(activations, gradients):\n    return activations @ gradients.mean(axis=(0, 1))",
        "def answer(activations, gradients):\n    return np.maximum(activations @ gradients.sum(axis=(0, 1)), 0)",
        "def answer(activations, gradients):\n    weights = gradients.mean(axis=-1, keepdims=True)\n"
        "    return np.maximum((activations * weights).sum(-1), 0)",
        "def answer(activations, gradients):\n    return (np.maximum(activations, 0) * gradients.mean(axis=(0, 1))).sum()",
    ],
)
def implement(answer):
    """Write a function of activations (h, w, k) and gradients (h, w, k) that returns the Grad-CAM map (h, w)."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    rng = np.random.default_rng(7)
    for shape in ((2, 2, 1), (5, 3, 4), (7, 7, 16)):
        activations, gradients = rng.normal(size=shape), rng.normal(size=shape)
        given = numbers(answer(activations.copy(), gradients.copy()), shape[:2])
        if close(given, _grad_cam(activations, gradients)):
            continue
        if close(given, _grad_cam(activations, gradients, relu=False)):
            raise NotYet("Negative values are left in your map: the ReLU is missing.")
        if close(given, shape[0] * shape[1] * _grad_cam(activations, gradients)):
            raise NotYet("Your weights are sums: Grad-CAM takes the mean over the places.")
        if close(given, np.maximum((activations * gradients).sum(-1), 0)):
            raise NotYet("You multiply place by place: that is HiResCAM. Average the gradients over the places first.")
        raise NotYet(f"For activations of shape {shape} the map is another. Average over rows and columns, not channels.")
    return "It is Grad-CAM, for any number of maps and for maps that are not square."


def _unused_share(activations, gradients):
    cam = _grad_cam(activations, gradients)
    return float(cam[(gradients == 0).all(axis=-1)].sum() / cam.sum()) if cam.any() else 0.0


@exercise(
    hint="A place is unused where the gradients of all maps are zero there: (gradients == 0).all(axis=-1). Then a share.",
    solution="""
def answer(activations, gradients):
    cam = np.maximum(activations @ gradients.mean(axis=(0, 1)), 0)
    unused = (gradients == 0).all(axis=-1)
    return cam[unused].sum() / cam.sum() if cam.any() else 0.0
""",
    wrong=[
        # one map without a gradient there is enough
        """
def answer(activations, gradients):
    cam = np.maximum(activations @ gradients.mean(axis=(0, 1)), 0)
    return cam[(gradients == 0).any(axis=-1)].sum() / cam.sum() if cam.any() else 0.0
""",
        # gradients that cancel are not zero
        """
def answer(activations, gradients):
    cam = np.maximum(activations @ gradients.mean(axis=(0, 1)), 0)
    return cam[gradients.sum(axis=-1) == 0].sum() / cam.sum() if cam.any() else 0.0
""",
        # a share of the places, not of the map
        """
def answer(activations, gradients):
    cam = np.maximum(activations @ gradients.mean(axis=(0, 1)), 0)
    unused = (gradients == 0).all(axis=-1)
    return (cam[unused] > 0).mean() if cam.any() else 0.0
""",
        # HiResCAM puts nothing there
        """
def answer(activations, gradients):
    cam = np.maximum((activations * gradients).sum(axis=-1), 0)
    unused = (gradients == 0).all(axis=-1)
    return cam[unused].sum() / cam.sum() if cam.any() else 0.0
""",
        # without the ReLU
        """
def answer(activations, gradients):
    cam = activations @ gradients.mean(axis=(0, 1))
    unused = (gradients == 0).all(axis=-1)
    return cam[unused].sum() / cam.sum() if cam.any() else 0.0
""",
        # an empty map
        """
def answer(activations, gradients):
    cam = np.maximum(activations @ gradients.mean(axis=(0, 1)), 0)
    return cam[(gradients == 0).all(axis=-1)].sum() / cam.sum()
""",
    ],
)
def unused(answer):
    """Write a function of activations and gradients (h, w, k): the share of the Grad-CAM map on places without any gradient."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    rng = np.random.default_rng(3)
    for n, shape in enumerate([(3, 3, 1), (4, 6, 3), (5, 2, 2), (3, 4, 2)]):
        activations, gradients = rng.normal(0.5, 1, shape), rng.normal(0.3, 1, shape)
        gradients[rng.random(shape[:2]) < 0.4] = 0
        gradients[0, 0, 0], gradients[-1, -1] = 0, 0  # one map without a gradient; a place without any
        if shape[-1] > 1:
            gradients[0, 1, :2], gradients[0, 1, 2:] = (1, -1), 0  # they cancel
        if n == 3:
            activations, gradients = np.abs(activations), -np.abs(gradients)  # nothing is left behind the ReLU
        with np.errstate(all="ignore"):
            given = float(numbers(answer(activations.copy(), gradients.copy()), ()))
        if not close(given, _unused_share(activations, gradients)):
            raise NotYet(
                f"For activations of shape {shape} the share is another. It is of the map behind its ReLU, on places where the "
                "gradients of all maps are zero; 0 where the map is empty."
            )
    return "With this share you can say of any map how much of it is on places that can't have moved the logit at all."


@exercise(
    hint="Which of the two techniques knows where in the map the network looks: the one with a weight for every place, or "
    "the one with a mean weight?",
    solution="""
answer = "b"
""",
    wrong=['answer = "a"', 'answer = "c"', 'answer = "d"', 'answer = "e"'],
)
def judge(answer):
    """A network ends in Flatten and Dense, and Grad-CAM lights up both lungs of an X-ray. What follows?"""
    choice(
        answer,
        "b",
        {
            "a": "With Flatten, each place has a weight of its own; Grad-CAM averages them away, so the map may show a lung "
            "whose weight is zero.",
            "c": "Needing global average pooling was the limit of CAM. Grad-CAM runs on any head; it is its faithfulness "
            "that is in question.",
            "d": "The ReLU hides evidence against the class; it does not move evidence from one lung to the other.",
        },
    )
    return "The mean weight lights up every place where the map is active. HiResCAM, with a weight a place, would tell."
