"""The exercises of the lesson on guided backpropagation."""

import numpy as np

from .exercise import NotYet, choice, close, exercise, numbers

# The exercise "by hand": what each of six ReLU6 units was given, and the gradient that arrives from above.
INPUTS = np.array([5.0, 0.5, -3.0, 7.0, -1.0, 2.0])
ARRIVING = np.array([-1.0, 4.0, 2.0, 3.0, -2.0, 1.0])


def _backpropagation(inputs, arriving, cap=6):
    return arriving * ((inputs > 0) & (inputs < cap))


def _guided(inputs, arriving, cap=6):
    return np.maximum(_backpropagation(inputs, arriving, cap), 0)


@exercise(
    hint="A gradient comes through if it is positive and the unit was open. A ReLU6 is open between 0 and 6.",
    solution="""
# unit 1: negative gradient. 2: open and positive. 3: closed. 4: over the cap. 5: closed, negative. 6: open and positive
answer = [0, 4, 0, 0, 0, 1]
""",
    wrong=[
        "answer = [-1, 4, 0, 0, 0, 1]",
        "answer = [0, 4, 2, 3, 0, 1]",
        "answer = [0, 4, 0, 3, 0, 1]",
        "answer = [0, 1, 0, 0, 0, 1]",
    ],
)
def by_hand(answer):
    """What comes through the six ReLU6 units of the exercise under guided backpropagation? Six numbers."""
    given = numbers(answer, (6,))
    if close(given, _guided(INPUTS, ARRIVING)):
        return "Two of six come through: the rule lets pass only what both the forward and the backward pass agree on."
    if close(given, _backpropagation(INPUTS, ARRIVING)):
        raise NotYet("That is backpropagation. Guided backpropagation also stops negative gradients.")
    if close(given, np.maximum(ARRIVING, 0)):
        raise NotYet("That is the deconvnet: it does not ask whether the unit was open.")
    if close(given, _guided(INPUTS, ARRIVING, np.inf)):
        raise NotYet("A ReLU6 passes nothing more once it is at its cap: look at the unit that was given 7.")
    if close(given, _guided(INPUTS, ARRIVING) > 0):
        raise NotYet("What comes through keeps its size: it is the arriving gradient, not 1.")
    raise NotYet("Ask two questions of each unit: was its input between 0 and 6, and is the arriving gradient positive?")


def _photo():
    from ... import images, zoo

    return zoo.load_classifier("efficientnet-lite0"), images.sample_photo("chelsea", 224)


@exercise(
    hint="Keep the signed gradient, (224, 224, 3), and multiply every channel by the Grad-CAM map: cam.heatmap[..., None].",
    solution="""
classifier, photo = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("chelsea", 224)
guided = xh.guided_backprop(classifier, photo, "espresso", rule="deconvnet").details["gradient"]
cam = xh.grad_cam(classifier, photo, "espresso").heatmap
answer = guided * cam[..., None]
""",
    wrong=[
        """
classifier, photo = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("chelsea", 224)
answer = (xh.guided_backprop(classifier, photo, "espresso").details["gradient"]
          * xh.grad_cam(classifier, photo, "espresso").heatmap[..., None])
""",
        """
classifier, photo = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("chelsea", 224)
answer = (xh.guided_backprop(classifier, photo, rule="deconvnet").details["gradient"]
          * xh.grad_cam(classifier, photo).heatmap[..., None])
""",
        """
classifier, photo = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("chelsea", 224)
answer = xh.guided_backprop(classifier, photo, "espresso", rule="deconvnet").details["gradient"]
""",
        """
classifier, photo = xh.load_classifier("efficientnet-lite0"), xh.sample_photo("chelsea", 224)
answer = (xh.guided_backprop(classifier, photo, "espresso", rule="deconvnet").heatmap
          * xh.grad_cam(classifier, photo, "espresso").heatmap)
""",
    ],
)
def deconvnet_grad_cam(answer):
    """What is the deconvnet's signed gradient times Grad-CAM, for "espresso" on Chelsea's photo? (224, 224, 3)."""
    if np.shape(answer) == (224, 224):
        raise NotYet('Keep the three channels: details["gradient"] is (224, 224, 3) and signed, the heatmap is neither.')
    given = numbers(answer, (224, 224, 3))
    from ...methods.grad_cam import grad_cam
    from ...methods.guided_backprop import guided_backprop

    classifier, photo = _photo()

    def product(rule, target):
        gradient = guided_backprop(classifier, photo, target, rule=rule).details["gradient"]
        return gradient, gradient * grad_cam(classifier, photo, target).heatmap[..., None]

    alone, right = product("deconvnet", "espresso")
    if close(given, right, 1e-3):
        return "Only Grad-CAM has looked at the photo: without max pooling the deconvnet's grid is the same for every image."
    if close(given, product("guided", "espresso")[1], 1e-3):
        raise NotYet('That is Guided Grad-CAM. Ask for rule="deconvnet".')
    if close(given, alone, 1e-3):
        raise NotYet("That is the deconvnet's gradient alone. Multiply it by the Grad-CAM map of the same class.")
    if close(given, product("deconvnet", None)[1], 1e-3):
        raise NotYet('That is for the predicted class. Ask both techniques for "espresso".')
    raise NotYet('Take details["gradient"] of the deconvnet and heatmap[..., None] of grad_cam, both of "espresso".')


@exercise(
    hint="np.where((inputs > 0) & (inputs < cap), ..., 0) decides by the input; np.maximum(arriving, 0) by the gradient.",
    solution="""
def answer(inputs, arriving, cap=6):
    is_open = (inputs > 0) & (inputs < cap)
    return np.where(is_open, np.maximum(arriving, 0), 0)
""",
    wrong=[
        "def answer(inputs, arriving, cap=6):\n    return np.where((inputs > 0) & (inputs < cap), arriving, 0)",
        "def answer(inputs, arriving, cap=6):\n    return np.maximum(arriving, 0)",
        "def answer(inputs, arriving, cap=6):\n    return np.where(inputs > 0, np.maximum(arriving, 0), 0)",
        "def answer(inputs, arriving, cap=6):\n    return np.where((inputs > 0) & (inputs < 6), np.maximum(arriving, 0), 0)",
        "def answer(inputs, arriving, cap=6):\n    return np.maximum(np.minimum(inputs, cap), 0) * (arriving > 0)",
        "def answer(inputs, arriving, cap=6):\n    return np.where((inputs > 0) & (inputs < cap), np.abs(arriving), 0)",
    ],
)
def implement(answer):
    """Write the guided rule of a ReLU with a cap: a function (inputs, arriving, cap=6) that returns what comes through."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    random = np.random.default_rng(4)
    for shape, cap in (((40,), 6), ((5, 4, 3), 6), ((60,), 2)):
        inputs, arriving = random.uniform(-8, 12, shape), random.normal(size=shape)
        given = numbers(answer(inputs.copy(), arriving.copy(), cap), shape)
        if close(given, _guided(inputs, arriving, cap)):
            continue
        if close(given, _backpropagation(inputs, arriving, cap)):
            raise NotYet("Negative gradients come through: that is backpropagation.")
        if close(given, np.maximum(arriving, 0)):
            raise NotYet("You never look at the inputs: that is the deconvnet.")
        if close(given, _guided(inputs, arriving, np.inf)):
            raise NotYet("A unit over the cap passes a gradient. It is closed there.")
        if close(given, _guided(inputs, arriving, 6)):
            raise NotYet(f"With cap={cap} the answer is another: use the argument, not 6.")
        if close(given, np.abs(_backpropagation(inputs, arriving, cap))):
            raise NotYet("A negative gradient is stopped, not turned round: where it is negative, 0 comes through.")
        if close(given, np.clip(inputs, 0, cap) * (arriving > 0)):
            raise NotYet("You return the unit's output. What travels back is the gradient: keep its size.")
        raise NotYet("What comes through is `arriving` where the unit was open and `arriving` is positive, else 0.")
    return "It is the rule of the helper, cap included."


@exercise(
    hint="Which of the lesson's numbers speaks about the network, and which about the image?",
    solution="""
answer = "c"
""",
    wrong=['answer = "a"', 'answer = "b"', 'answer = "d"', 'answer = "e"'],
)
def judge(answer):
    """Guided backpropagation outlines every lesion sharply. May one conclude that the network bases its decision on them?"""
    choice(
        answer,
        "c",
        {
            "a": "It had the best score here too, and kept it when the network's last layer was random. Sharp outlines come from "
            "the image and the first layers.",
            "b": "The mean of many images has the same fault: the maps of all of them outline edges, whatever was learned.",
            "d": "The maps are the same for every class, so the map of the right class can't be told from another.",
        },
    )
    return "A map is evidence about the network only if another network would have given another map."
