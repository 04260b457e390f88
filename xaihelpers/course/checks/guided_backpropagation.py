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
        "def answer(inputs, arriving, cap=6):\n    return np.where((inputs >= 0) & (inputs < cap), np.maximum(arriving, 0), 0)",
        "def answer(inputs, arriving, cap=6):\n    return np.where((inputs >= 0) & (inputs <= cap), np.maximum(arriving, 0), 0)",
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
        inputs.flat[:4], arriving.flat[:4] = (0, cap, 0, cap), (1, 1, -1, -1)  # closed at 0 and at the cap
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
        if close(given, np.maximum(arriving, 0) * ((inputs >= 0) & (inputs <= cap))):
            raise NotYet("A unit that was given exactly 0, or exactly its cap, is closed: < and >, without the equal sign.")
        raise NotYet("What comes through is `arriving` where the unit was open and `arriving` is positive, else 0.")
    return "It is the rule of the helper, cap included."


def _two_layers(x, first, second):
    u = first @ x
    return first.T @ (np.maximum(second, 0) * (u > 0))


@exercise(
    hint="Where does the rule stop a gradient, and where does it not? Below the last ReLU nothing is a ReLU any more.",
    solution="""
def answer(x, W1, w2):
    u = W1 @ x
    through = np.maximum(w2, 0) * (u > 0)  # stopped where it is negative, and where the unit is closed
    return W1.T @ through  # the input is no ReLU: negative values stay
""",
    wrong=[
        "def answer(x, W1, w2):\n    u = W1 @ x\n    return W1.T @ (np.abs(w2) * (u > 0))",
        "def answer(x, W1, w2):\n    u = W1 @ x\n    return W1.T @ (np.maximum(w2, 0) * (u >= 0))",
        "def answer(x, W1, w2):\n    u = W1 @ x\n    return np.maximum(W1.T @ (np.maximum(w2, 0) * (u > 0)), 0)",
        "def answer(x, W1, w2):\n    u = W1 @ x\n    return W1.T @ (w2 * (u > 0))",
        "def answer(x, W1, w2):\n    return W1.T @ np.maximum(w2, 0)",
    ],
)
def debug(answer):
    """Mend a colleague's guided backpropagation of z = w2 . relu(W1 x): a function (x, W1, w2) of the map, (inputs,)."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    for seed, (units, inputs) in enumerate([(5, 3), (8, 12), (4, 4)]):
        rng = np.random.default_rng(seed)
        x, first, second = rng.normal(size=inputs), rng.normal(size=(units, inputs)), rng.normal(size=units)
        first[0], second[0], second[1] = 0, 2.0, -1.0  # a unit at exactly 0 with a positive gradient, and a negative gradient
        first[0, 0], x[0] = 1.5, 0.0
        first[1] *= np.sign(first[1] @ x)  # open
        given, right = numbers(answer(x.copy(), first.copy(), second.copy()), (inputs,)), _two_layers(x, first, second)
        if close(given, right):
            continue
        if close(given, np.maximum(right, 0)):
            raise NotYet("You stop negative values at the input too. The input is no ReLU: what arrives there stays as it is.")
        if close(given, first.T @ (np.abs(second) * (first @ x > 0))):
            raise NotYet("A negative gradient is stopped at the ReLU, not turned round.")
        if close(given, first.T @ (np.maximum(second, 0) * (first @ x >= 0))):
            raise NotYet("A unit that was given exactly 0 is closed.")
        if close(given, first.T @ (second * (first @ x > 0))):
            raise NotYet("This is the plain gradient: negative gradients come through the ReLU.")
        if close(given, first.T @ np.maximum(second, 0)):
            raise NotYet("You never ask whether a unit was open: that is the deconvnet.")
        raise NotYet(
            "Through the ReLU comes w2 where it is positive and the unit is open; then back through W1, and nothing else."
        )
    return "All three: np.abs, the equal sign, and a ReLU too many at the input."


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
            "a": "It had the best score here too, and kept it when the last layer was shuffled. Sharp outlines come from "
            "the image and the first layers.",
            "b": "The mean of many images has the same fault: the maps of all of them outline edges, whatever was learned.",
            "d": "The maps are the same for every class, so the map of the right class can't be told from another.",
        },
    )
    return "A map is evidence about the network only if another network would have given another map."
