"""The exercises of the lesson on activation maximization."""

import numpy as np

from .exercise import NotYet, choice, close, exercise, numbers

# The exercise "by hand": a unit with three inputs.
WEIGHTS = np.array([3.0, -4.0, 0.0])
RADIUS = 10.0


@exercise(
    hint="The gradient of w · x is w, wherever you are: you always climb in the direction of w. How long may x be?",
    solution="""
# w / |w| = (3, -4, 0) / 5, and the longest x that is allowed has length 10
answer = [6, -8, 0]
""",
    wrong=["answer = [3, -4, 0]", "answer = [10, -10, 0]", "answer = [0.6, -0.8, 0]", "answer = [0, -10, 0]"],
)
def by_hand(answer):
    """Which x of length at most 10 makes w · x largest, for w = (3, -4, 0)?"""
    given = numbers(answer, (3,))
    if close(given, [6, -8, 0]):
        return "w · x = 18 + 32 = 50 = |w| times 10, and no other x of that length gets there."
    if close(given, np.sign(WEIGHTS) * RADIUS):
        raise NotYet("That is the answer of a box, in which every number may go to its own end. Here the length is bounded.")
    if close(given / max(np.linalg.norm(given), 1e-12), WEIGHTS / 5):
        raise NotYet(f"The direction is right. Your x has length {np.linalg.norm(given):g}: it may be 10.")
    if close(given, [0, -10, 0]):
        raise NotYet("All the length on one input gives w · x = 40. Sharing it out gives more.")
    raise NotYet("Climb along the gradient of w · x, which is w itself, until the length is 10.")


def _channels_for_half():
    from ... import images, zoo
    from ...methods.channel_account import channel_account

    account = channel_account(zoo.load_classifier("efficientnet-lite0"), images.sample_photo("coffee", 224))
    return int((np.cumsum(np.sort(account.shares)[::-1]) < 0.5).sum()) + 1


@exercise(
    hint="account.shares holds all 1280 shares. Sort them from the largest down and add up: np.cumsum.",
    solution="""
classifier = xh.load_classifier("efficientnet-lite0")
account = xh.channel_account(classifier, xh.sample_photo("coffee", 224))
so_far = np.cumsum(np.sort(account.shares)[::-1])
answer = int(np.argmax(so_far >= 0.5)) + 1
""",
    wrong=[
        """
account = xh.channel_account(xh.load_classifier("efficientnet-lite0"), xh.sample_photo("coffee", 224))
answer = int(np.argmax(np.cumsum(np.sort(account.shares)[::-1]) >= 0.5))
""",
        """
account = xh.channel_account(xh.load_classifier("efficientnet-lite0"), xh.sample_photo("coffee", 224))
answer = int(np.argmax(np.cumsum(account.shares) >= 0.5)) + 1
""",
        "answer = 10",
        "answer = 640",
    ],
)
def half_of_the_logit(answer):
    """How many channels, the largest first, does it take to explain half of "espresso" on the photo of the coffee?"""
    given, right = float(numbers(answer, ())), _channels_for_half()
    if given == right:
        return f"Of 1280 channels {right} carry half of the logit minus the bias; the rest help a little, or speak against it."
    if given == right - 1:
        raise NotYet("You are off by one: that many channels are still below one half. An index counts from 0.")
    if given > 2 * right:
        raise NotYet("It takes fewer. Did you sort the shares, largest first, before adding them up?")
    raise NotYet("Add up the sorted shares, largest first, and count how many it takes to reach 0.5.")


@exercise(
    hint="One pixel at a time: w x - weight x² is a parabola that opens downwards. Where is its top? Is that in -1..1?",
    solution="""
def answer(w, weight):
    return np.clip(w / (2 * weight), -1, 1)
""",
    wrong=[
        "def answer(w, weight):\n    return w / (2 * weight)",
        "def answer(w, weight):\n    return np.clip(w / weight, -1, 1)",
        "def answer(w, weight):\n    return np.sign(w)",
        "def answer(w, weight):\n    return w / np.linalg.norm(w)",
        "def answer(w, weight):\n    return np.clip(-w / (2 * weight), -1, 1)",
        "def answer(w, weight):\n    return np.clip(w, -1, 1) / (2 * weight)",
    ],
)
def penalised(answer):
    """Write a function of w and weight: the picture in the box -1..1 that makes w · x - weight · sum of x² largest."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    rng = np.random.default_rng(4)
    for shape, weight in (((4,), 0.5), ((3, 5), 2.0), ((2, 3, 3), 0.2)):
        w = rng.normal(0, 1.5, shape)
        given = numbers(answer(w.copy(), weight), shape)
        top = w / (2 * weight)
        if close(given, np.clip(top, -1, 1)):
            continue
        if close(given, top):
            raise NotYet("That is the top of each parabola. Some tops lie outside -1..1, where no pixel can go.")
        if close(given, np.clip(w / weight, -1, 1)):
            raise NotYet("The slope of w x - weight x² is w - 2 weight x. You lost the 2.")
        if close(given, np.sign(w)):
            raise NotYet("That is the answer without a penalty. With it a small weight gets a faint pixel.")
        if close(given, -np.clip(top, -1, 1)):
            raise NotYet("The signs are turned around: a pixel with a positive weight should be bright.")
        if close(given, w / np.linalg.norm(w)):
            raise NotYet("That is the answer on a ball. Here every pixel has its own parabola, and its own bounds.")
        if close(given, np.clip(w, -1, 1) / (2 * weight)):
            raise NotYet("First find the top of the parabola, then cut it off at -1 and 1.")
        raise NotYet(f"For w of shape {shape} and a weight of {weight} it is another picture. Where is w - 2 weight x zero?")
    return "Weights above twice the penalty go to the end of the box, smaller ones stay in proportion: faint noise goes faint."


def _step(x, gradient, step_size):
    return np.clip(x + step_size * gradient / np.sqrt((gradient**2).mean()), -1, 1)


@exercise(
    hint="Divide the gradient by its root mean square, np.sqrt((gradient**2).mean()); walk; then np.clip to -1..1.",
    solution="""
def answer(x, gradient, step_size):
    direction = gradient / np.sqrt((gradient**2).mean())
    return np.clip(x + step_size * direction, -1, 1)
""",
    wrong=[
        "def answer(x, gradient, step_size):\n    return np.clip(x + step_size * gradient, -1, 1)",
        "def answer(x, gradient, step_size):\n    return x + step_size * gradient / np.sqrt((gradient**2).mean())",
        "def answer(x, gradient, step_size):\n    return np.clip(x - step_size * gradient / (gradient**2).mean() ** 0.5, -1, 1)",
        "def answer(x, gradient, step_size):\n    return np.clip(x + step_size * np.sign(gradient), -1, 1)",
        "def answer(x, gradient, step_size):\n    return np.clip(x + step_size * gradient / np.linalg.norm(gradient), -1, 1)",
    ],
)
def implement(answer):
    """Write one step of gradient ascent: answer(x, gradient, step_size), all pictures (H, W, 3) in -1..1."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    rng = np.random.default_rng(3)
    for shape, size in (((2, 2, 3), 0.1), ((6, 5, 3), 0.5)):
        x, gradient = rng.uniform(-1, 1, shape), 0.01 * rng.normal(size=shape)
        given = numbers(answer(x.copy(), gradient.copy(), size), shape)
        unit = gradient / np.sqrt((gradient**2).mean())
        if close(given, _step(x, gradient, size)):
            continue
        if close(given, x + size * unit):
            raise NotYet("Your picture leaves -1..1, where no screen can show it: cut it off with np.clip.")
        if close(given, _step(x, -gradient, size)):
            raise NotYet("You walk downhill: this is ascent, so add.")
        if close(given, np.clip(x + size * gradient, -1, 1)):
            raise NotYet("Your steps are as small as the gradient happens to be: divide it by its root mean square first.")
        if close(given, np.clip(x + size * np.sign(gradient), -1, 1)):
            raise NotYet("That is the sign of the gradient, which moves every pixel equally far: divide by the root mean square.")
        raise NotYet("Divide by the root of the mean of the squares (one number for the whole picture), step, then clip.")
    return "The step's length no longer depends on how large the gradients of a layer happen to be."


@exercise(
    hint="What was driven up: the logit of a class in general, or the logit on one photograph?",
    solution="""
answer = "b"
""",
    wrong=['answer = "a"', 'answer = "c"', 'answer = "d"'],
)
def judge(answer):
    """The picture of "dumbbell" shows arms that hold dumbbells. What follows?"""
    choice(
        answer,
        "b",
        {
            "a": "The picture shows what raises the logit, not what is necessary for it. Test that on dumbbells without arms.",
            "c": "Activation maximization says nothing about one photograph. For that, ask Grad-CAM, or the account by channels.",
            "d": "The network has seen nothing but its training photographs: forms that return in every run come from there.",
        },
    )
    return "Arms were in many training photographs, so they raise the logit too. Whether it needs them is another question."
