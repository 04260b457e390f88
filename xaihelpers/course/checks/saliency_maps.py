"""The exercises of the lesson on saliency maps."""

import numpy as np

from .exercise import NotYet, choice, close, exercise, numbers


@exercise(
    hint="First see which ReLU is open at (1, 2, 6). Nothing comes through a closed one, so what hangs on it alone has slope 0.",
    solution="""
# first ReLU: 1 - 2 < 0, closed. Second: 6 - 4 = 2, open.
# x1 hangs on the closed one: 0. x2 on the closed one and on the direct line: -1. x3 on the open one: 1
answer = [0, -1, 1]
""",
    wrong=["answer = [2, -3, 0]", "answer = [0, 1, 1]", "answer = [2, -3, 1]", "answer = [0, -1, 0]", "answer = [0, -2, 6]"],
)
def by_hand(answer):
    """What is the gradient of the toy at the image (1, 2, 6)? Three numbers with signs."""
    given = numbers(answer, (3,))
    if close(given, [0, -1, 1]):
        return "The facets have changed: pixel 1, the strongest of the lesson's image, has no slope here, and pixel 3 has one."
    if close(given, [2, -3, 0]):
        raise NotYet("That is the gradient at the lesson's image (3, 1, 2). Here other ReLUs are open.")
    if close(given, [0, 1, 1]):
        raise NotYet("These are absolute values, the saliency map. The gradient has signs: what does more of x2 do to f?")
    if close(given, [2, -3, 1]):
        raise NotYet("You took both ReLUs as open. Is x1 - x2 positive at (1, 2, 6)?")
    if close(given, [0, -2, 6]):
        raise NotYet("That is gradient x input. The gradient alone is asked.")
    raise NotYet("Take the pixels one at a time: on which ReLUs and lines does it hang, and are they open?")


@exercise(
    hint="On the way the image is (a, 2a, 6a). Is the first ReLU ever open? From which a on is the second one open?",
    solution="""
# the first ReLU sees a - 2a < 0: closed all the way. The second sees 6a - 4: open on the last third of the way.
# pixel 1: 0 * 1. pixel 2: slope -1 all the way, distance 2. pixel 3: slope 1 on a third of the way, distance 6
answer = [0, -2, 2]
""",
    wrong=["answer = [0, -2, 6]", "answer = [0, -2, 4]", "answer = [0, -1, 1]", "answer = [0, 2, 2]", "answer = [2, -6, 2]"],
)
def integrated_by_hand(answer):
    """What are the integrated gradients of the toy from (0, 0, 0) to (1, 2, 6)? Three numbers."""
    given = numbers(answer, (3,))
    if close(given, [0, -2, 2], 1e-2):
        return "They add up to 0, and f(x) - f(x') = 0 - 0: pixels 2 and 3 cancel, which neither f nor its value shows."
    if close(given, [0, -2, 6]):
        raise NotYet(
            "Pixel 3 has slope 1 only where its ReLU is open, which is not the whole way. Do your numbers add up to "
            "f(x) - f(x') = 0?"
        )
    if close(given, [0, -2, 4]):
        raise NotYet("The second ReLU opens at 6a = 4, a = 2/3: it is open on one third of the way, not on two.")
    if close(given, [0, -1, 1]):
        raise NotYet("That is the gradient at the end. Collect it on the way, and multiply by the distance of each pixel.")
    raise NotYet(
        f"Your numbers add up to {given.sum():.3g}, and f(x) - f(x') = 0. Pixel by pixel: the mean slope on the way, "
        "with its sign, times the distance."
    )


@exercise(
    hint='details["completeness_gap"] is what is missing; details["scores"] begins with f(baseline) and ends with f(image).',
    solution="""
rashes, rashnet = xh.rashes.load_test_split(), xh.load_classifier("rashnet")
found = xh.integrated_gradients(rashnet, rashes.images[0], int(rashes.labels[0]), baseline="mean", steps=2)
scores = found.details["scores"]
answer = abs(found.details["completeness_gap"] / (scores[-1] - scores[0]))
""",
    wrong=[
        """
rashes, rashnet = xh.rashes.load_test_split(), xh.load_classifier("rashnet")
found = xh.integrated_gradients(rashnet, rashes.images[0], int(rashes.labels[0]), baseline="mean", steps=2)
answer = abs(found.details["completeness_gap"])
""",
        """
rashes, rashnet = xh.rashes.load_test_split(), xh.load_classifier("rashnet")
found = xh.integrated_gradients(rashnet, rashes.images[0], int(rashes.labels[0]), baseline="mean", steps=2)
answer = abs(found.details["completeness_gap"] / found.details["scores"][-1])
""",
        """
rashes, rashnet = xh.rashes.load_test_split(), xh.load_classifier("rashnet")
found = xh.integrated_gradients(rashnet, rashes.images[0], int(rashes.labels[0]), steps=2)
scores = found.details["scores"]
answer = abs(found.details["completeness_gap"] / (scores[-1] - scores[0]))
""",
        """
rashes, rashnet = xh.rashes.load_test_split(), xh.load_classifier("rashnet")
found = xh.integrated_gradients(rashnet, rashes.images[0], int(rashes.labels[0]), baseline="mean")
scores = found.details["scores"]
answer = abs(found.details["completeness_gap"] / (scores[-1] - scores[0]))
""",
    ],
)
def missing_share(answer):
    """Which share of f(x) - f(x') is missed on rash test image 0 with baseline="mean" and steps=2? A number, no sign."""
    given = float(numbers(answer, ()))
    from ... import rashes, zoo
    from ...methods.integrated_gradients import integrated_gradients

    data, rashnet = rashes.load_test_split(), zoo.load_classifier("rashnet")

    def share(baseline, steps):
        found = integrated_gradients(rashnet, data.images[0], int(data.labels[0]), baseline=baseline, steps=steps)
        gap, scores = abs(found.details["completeness_gap"]), found.details["scores"]
        return gap / abs(scores[-1] - scores[0]), gap, gap / abs(scores[-1])

    right, gap, of_score = share("mean", 2)
    if close(given, right, 1e-2):
        return f"{right:.0%} is missing with 2 steps; the helper warns about anything above 5 %."
    if close(given, -right, 1e-2) or close(given, 100 * right, 1e-2):
        raise NotYet("Right but for its form: a share without a sign, so that 0.1 means 10 %.")
    if close(given, gap, 1e-2):
        raise NotYet("That is the gap itself. Divide it by f(x) - f(x').")
    if close(given, of_score, 1e-2):
        raise NotYet("You divided by f(x). The contributions should add up to f(x) - f(x'): divide by the difference.")
    if close(given, share("blur", 2)[0], 1e-2):
        raise NotYet('That is with the baseline "blur". Ask with baseline="mean".')
    if given < right:
        raise NotYet("So little is missing with more steps. Ask with steps=2.")
    raise NotYet('Take details["completeness_gap"] of integrated_gradients on image 0 with its own label.')


@exercise(
    hint="It is integrated gradients twice: from baseline to stop, and from stop to x, each with its own distance. Add the two.",
    solution="""
def answer(gradient_at, x, baseline, stop, steps):
    alphas = (np.arange(steps) + 0.5) / steps  # the middle of each part of a piece
    total = np.zeros(x.shape)
    for start, end in ((baseline, stop), (stop, x)):
        gradients = [gradient_at(start + a * (end - start)) for a in alphas]
        total += (end - start) * np.mean(gradients, axis=0)
    return total
""",
    wrong=[
        """
def answer(gradient_at, x, baseline, stop, steps):
    return (x - baseline) * np.mean([gradient_at(baseline + a * (x - baseline)) for a in np.linspace(0, 1, steps)], axis=0)
""",
        """
def answer(gradient_at, x, baseline, stop, steps):
    return (x - stop) * np.mean([gradient_at(stop + a * (x - stop)) for a in np.linspace(0, 1, steps)], axis=0)
""",
        """
def answer(gradient_at, x, baseline, stop, steps):
    return (stop - baseline) * np.mean([gradient_at(baseline + a * (stop - baseline)) for a in np.linspace(0, 1, steps)], axis=0)
""",
        """
def answer(gradient_at, x, baseline, stop, steps):
    alphas, pieces = (np.arange(steps) + 0.5) / steps, ((baseline, stop), (stop, x))
    return (x - baseline) * np.mean([gradient_at(p + a * (q - p)) for p, q in pieces for a in alphas], axis=0)
""",
        """
def answer(gradient_at, x, baseline, stop, steps):
    alphas, pieces = (np.arange(steps) + 0.5) / steps, ((baseline, stop), (stop, x))
    return np.mean([(q - p) * gradient_at(p + a * (q - p)) for p, q in pieces for a in alphas], axis=0)
""",
        """
def answer(gradient_at, x, baseline, stop, steps):
    alphas, pieces = (np.arange(steps) + 0.5) / steps, ((baseline, stop), (stop, x))
    return sum((q - p) * gradient_at(p + a * (q - p)) for p, q in pieces for a in alphas)
""",
        """
def answer(gradient_at, x, baseline, stop, steps):
    alphas, pieces = (np.arange(steps) + 0.5) / steps, ((baseline, stop), (stop, x))
    return np.sum([(q - p) * gradient_at(p + a * (q - p)) for p, q in pieces for a in alphas]) / steps
""",
    ],
)
def implement(answer):
    """Write a function (gradient_at, x, baseline, stop, steps): contributions along a way with a bend, in the shape of x."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    random = np.random.default_rng(2)
    for shape in ((3,), (4, 3, 3)):
        w, *places = (random.uniform(0.5, 2, shape) for _ in range(4))

        def gradient_at(at, w=w):  # of (w · x)² / 2 + sum of x³: the way matters, and no single place will do
            return w * (w * at).sum() + 3 * at**2

        x, baseline, stop = places
        given = numbers(answer(gradient_at, x.copy(), baseline.copy(), stop.copy(), 400))
        if given.shape != shape:
            raise NotYet(f"For an image of shape {shape} you return {given.shape}: one contribution for each entry is asked.")
        _check_bent(given, w, x, baseline, stop)
    return "It adds up to f(x) - f(x') as the straight way does, with other contributions: the straight way is a choice, too."


def _check_bent(given, w, x, baseline, stop):
    """Raise NotYet where these are not the contributions along the way from baseline over stop to x."""

    def straight(a, b):
        return (b - a) * w * (w * (a + b)).sum() / 2 + b**3 - a**3

    first, second = straight(baseline, stop), straight(stop, x)
    if close(given, first + second, 1e-2):  # any rule of quadrature will do
        return
    if close(given, straight(baseline, x), 1e-2):
        raise NotYet("That is the straight way from the baseline to x. Yours should pass through `stop`.")
    if close(given, first, 1e-2) or close(given, second, 1e-2):
        raise NotYet("That is one of the two pieces. Both count: baseline to stop, and stop to x.")
    if close(given, (first + second) / 2, 1e-2):
        raise NotYet("You take the mean of the two pieces. Add them: each has its own distance already.")
    if close(given / 400, first + second, 2e-2):
        raise NotYet("You add the gradients of a piece up: take their mean, or else more steps make larger contributions.")
    raise NotYet("The contributions are others. Is each piece multiplied by its own distance, stop - baseline and x - stop?")


@exercise(
    hint="What is x - x' for a pixel that has the colour of the baseline?",
    solution="""
answer = "b"
""",
    wrong=['answer = "a"', 'answer = "c"', 'answer = "d"', 'answer = "e"'],
)
def judge(answer):
    """Integrated gradients from black give the dark lungs nothing. Does the network ignore the lungs?"""
    choice(
        answer,
        "b",
        {
            "a": "Completeness is about the sum. Where x = x' a contribution is zero whatever the network does there.",
            "c": "With more steps the integral is more exact, and it is still multiplied by x - x' = 0.",
            "d": "The factor x - x' is zero for probabilities as well.",
        },
    )
    return "A black baseline can't see black. A blurred image, or the mean of healthy lungs, asks the question that was meant."
