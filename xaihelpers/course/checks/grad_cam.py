"""The exercises of the lesson on Grad-CAM."""

import numpy as np

from .exercise import NotYet, choice, close, exercise, numbers

# The exercise "by hand": two maps and the gradients of a logit with respect to them, (2, 2, 2): row, column, map.
ACTIVATIONS = np.stack([[[4, 0], [2, 0]], [[0, 1], [3, 0]]], axis=-1).astype(float)
GRADIENTS = np.stack([[[1, 1], [0, 2]], [[-1, -1], [-3, 1]]], axis=-1).astype(float)


def _grad_cam(activations, gradients, relu=True):
    cam = activations @ gradients.mean(axis=(0, 1))
    return np.maximum(cam, 0) if relu else cam


@exercise(
    hint="First the two weights: the mean of each 2 x 2 block of gradients. Then weight 1 times map 1 plus weight 2 times "
    "map 2, place by place. Negative sums become 0.",
    solution="""
# the weights: (1 + 1 + 0 + 2) / 4 = 1 and (-1 - 1 - 3 + 1) / 4 = -1
# upper left 1*4 - 1*0 = 4, upper right 1*0 - 1*1 = -1, lower left 1*2 - 1*3 = -1, lower right 0
answer = [[4, 0], [0, 0]]
""",
    wrong=["answer = [[4, -1], [-1, 0]]", "answer = [[4, 0], [0, 0.5]]", "answer = [[16, 0], [0, 0]]", "answer = 4"],
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
