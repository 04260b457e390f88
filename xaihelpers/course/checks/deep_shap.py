"""The exercises of the lesson on Deep SHAP."""

from itertools import permutations, product

import numpy as np

from .exercise import NotYet, choice, close, exercise, numbers


@exercise(
    hint="How far does the sum before the ReLU move from background to image, and how far its output? The quotient multiplies "
    "each pixel's own difference.",
    solution="""
# before the ReLU: from 0 + 0 - 2 = -2 to 4 + 1 - 2 = 3, a difference of 5; after it: from 0 to 3
# the multiplier is 3 / 5; the pixels differ by 4 and by 1
answer = [2.4, 0.6]
""",
    wrong=["answer = [2.5, 0.5]", "answer = [4, 1]", "answer = [2.4, 0.4]", "answer = [0.6, 0.6]"],
)
def by_hand(answer):
    """What does the rescale rule give the two pixels a and b of relu(a + b - 2), from (0, 0) to (4, 1)?"""
    given = numbers(answer, (2,))
    if close(given, [2.4, 0.6]):
        return "They add up to 3, the difference of the outputs. Shapley's values, 2.5 and 0.5, add up to the same."
    if close(given, [2.5, 0.5]):
        raise NotYet("These are Shapley's values. The rescale rule takes one multiplier for the whole ReLU: the secant.")
    if close(given, [4, 1]):
        raise NotYet("This is gradient × input, which adds up to 5. The output only moves by 3: take the secant's slope.")
    if close(given, [0.6, 0.6]):
        raise NotYet("0.6 is the multiplier. Multiply it by each pixel's difference from the background.")
    raise NotYet("The two contributions add up to relu(3) - relu(-2) = 3, in the proportion of the pixels' differences.")


@exercise(
    hint="Deep SHAP is a mean over the background images. What is the mean of one map against black and one against white?",
    solution="""
rashnet, image = xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[0]
black, white = (xh.deep_shap(rashnet, image, 0, background=name).heatmap for name in ("black", "white"))
answer = (black + white) / 2
""",
    wrong=[
        """
rashnet, image = xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[0]
answer = sum(xh.deep_shap(rashnet, image, 0, background=name).heatmap for name in ("black", "white"))
""",
        """
rashnet, image = xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[0]
answer = xh.deep_shap(rashnet, image, 0, background=np.full_like(image, 127)).heatmap
""",
        """
rashnet, image = xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[0]
answer = xh.deep_shap(rashnet, image, 0, background="black").heatmap
""",
    ],
)
def two_backgrounds(answer):
    """What is RashNet's Deep SHAP map of test image 0, class 0, against black and white together, from one call for each?"""
    given = numbers(answer, (128, 128))
    from ... import rashes, zoo
    from ...methods.deep_shap import deep_shap

    rashnet, image = zoo.load_classifier("rashnet"), rashes.load_test_split().images[0]
    right = deep_shap(rashnet, image, 0, background=np.stack([np.zeros_like(image), np.full_like(image, 255)])).heatmap
    if close(given, right, 1e-3):
        return "The mean of the maps is the map of the mean: each background asks its own question, and they count alike."
    if close(given, 2 * right, 1e-3):
        raise NotYet("This is the sum. The maps must still add up to one difference of logits: take their mean.")
    if close(given, deep_shap(rashnet, image, 0, background=np.full_like(image, 127)).heatmap, 1e-3):
        raise NotYet("A grey background is another question: the mean of the images is not the mean of the answers.")
    raise NotYet('Call xh.deep_shap(rashnet, image, 0, background=...) with "black" and with "white", and take the mean.')


@exercise(
    hint="np.where needs a divisor that is never zero: divide by np.where(same, 1, x - b).",
    solution="""
def answer(x, b):
    same = x == b
    secant = (np.maximum(x, 0) - np.maximum(b, 0)) / np.where(same, 1, x - b)
    return np.where(same, x > 0, secant)
""",
    wrong=[
        "def answer(x, b):\n    return (x > 0).astype(float)",
        "def answer(x, b):\n    return (np.maximum(x, 0) - np.maximum(b, 0)) / np.where(x == b, 1, x - b)",
        "def answer(x, b):\n    return np.maximum(x, 0) - np.maximum(b, 0)",
        "def answer(x, b):\n    return np.abs(np.maximum(x, 0) - np.maximum(b, 0)) / np.where(x == b, 1, x - b)",
    ],
)
def implement(answer):
    """Write a function of the values before a ReLU, of image x and background b, that returns the multiplier."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    rng = np.random.default_rng(5)
    first = np.array([2.0, -1.0, -3.0, 3.0, 1.5, -2.0, 0.5]), np.array([-1.0, 3.0, -1.0, 1.0, 1.5, -2.0, 4.0])
    for x, b in [first, rng.normal(size=(2, 3, 5)), rng.integers(-2, 3, (2, 4, 2, 3)).astype(float)]:
        _check_multiplier(answer, x, b)
    return "Between 0 and 1 always: the multiplier of a ReLU can't blow up, however close the two values are."


def _check_multiplier(answer, x, b):
    """Raise NotYet where the multipliers of one pair of values before a ReLU are wrong."""
    with np.errstate(all="ignore"):
        try:
            given = numbers(answer(x.copy(), b.copy()), x.shape)
        except NotYet as mistake:
            if "NaN" not in str(mistake):
                raise
            raise NotYet(
                "Where image and background are the same you divide by zero: there the tangent's slope stands."
            ) from None
    same = x == b
    secant = (np.maximum(x, 0) - np.maximum(b, 0)) / np.where(same, 1, x - b)
    if close(given, np.where(same, x > 0, secant)):
        return
    if close(given, x > 0):
        raise NotYet("This is the gradient at the image. The rescale rule wants the secant between background and image.")
    if close(given[~same], secant[~same]):
        raise NotYet("Right where x and b differ. Where they are the same, take the slope of the ReLU: 1 above zero, else 0.")
    if close(given, secant * (x - b)):
        raise NotYet("This is the difference of the outputs. Divide it by the difference of the inputs.")
    if close(given[~same], np.abs(secant[~same] * (x - b)[~same]) / (x - b)[~same]):
        raise NotYet("You took the size of the difference of the outputs. Keep its sign: both differences have the same one.")
    raise NotYet("For x = 2 and b = -1 the outputs are 2 and 0: the multiplier is 2 / 3.")


def _quadrants(index):
    """Return, for test image `index` against the first healthy one: Shapley's values of the quadrants and usual mistakes."""
    from ... import rashes as rash_images
    from ... import zoo
    from ...methods.deep_shap import deep_shap

    rashes, network = rash_images.load_test_split(), zoo.load_classifier("rashnet")
    image, target = rashes.images[index], int(rashes.labels[index])
    healthy = rashes.images[rashes.labels == rashes.class_names.index("healthy")][0]
    half = np.arange(128) // 64
    place = 2 * half[:, None] + half  # 0 and 1 above, 2 and 3 below
    subsets = np.array(list(product((False, True), repeat=4)))
    pictures = np.where(subsets[:, place][..., None], image, healthy)

    def values(answers, orders):
        """Return the mean, over orders of coming, of what each quadrant adds to the answer."""
        worth = dict(zip(map(tuple, subsets.tolist()), answers))
        added = np.zeros(4)
        for order in orders:
            there = [False] * 4
            for k in order:
                before = worth[tuple(there)]
                there[k] = True
                added[k] += worth[tuple(there)] - before
        return added / len(orders)

    logits, probabilities = network.logits(pictures)[:, target], network.probabilities(pictures)[:, target]
    every = list(permutations(range(4)))
    shap = deep_shap(network, image, target, background=healthy[None]).heatmap
    return values(logits, every), {
        "one order": values(logits, [range(4)]),
        "alone": np.array([logits[1 << (3 - k)] - logits[0] for k in range(4)]),
        "last": np.array([logits[15] - logits[15 - (1 << (3 - k))] for k in range(4)]),
        "probability": values(probabilities, every),
        "deep shap": np.array([shap[place == k].sum() for k in range(4)]),
    }


_SHAPLEY = """
from itertools import permutations

rashes, rashnet = xh.rashes.load_test_split(), xh.load_classifier("rashnet")
image, target = rashes.images[69], int(rashes.labels[69])
background = rashes.images[rashes.labels == rashes.class_names.index("healthy")][0]
halves = [slice(0, 64), slice(64, 128)]
corners = [(down, right) for down in halves for right in halves]
answer = np.zeros(4)
for order in permutations(range(4)):
    picture = background.copy()
    before = rashnet.logits(picture)[0, target]
    for k in order:
        picture[corners[k]] = image[corners[k]]  # this quadrant comes
        after = rashnet.logits(picture)[0, target]
        answer[k] += (after - before) / 24
        before = after
"""


@exercise(
    hint="Begin with the background. In each of the 24 orders let the quadrants come in, and note what each adds "
    "to the logit. The mean over the orders is its value.",
    solution=_SHAPLEY,
    wrong=[
        _SHAPLEY.replace("permutations(range(4))", "[(0, 1, 2, 3)]").replace("/ 24", "/ 1"),
        _SHAPLEY.replace("rashnet.logits(", "rashnet.probabilities("),
        _SHAPLEY.replace("/ 24", "/ 1"),
        _SHAPLEY.replace("    for k in order:\n", "    for k in order:\n        picture = background.copy()\n"),
        _SHAPLEY.replace('"healthy")][0]', '"healthy")][1]'),
        """
rashes, rashnet = xh.rashes.load_test_split(), xh.load_classifier("rashnet")
background = rashes.images[rashes.labels == rashes.class_names.index("healthy")][:1]
found = xh.deep_shap(rashnet, rashes.images[69], int(rashes.labels[69]), background=background)
answer = found.heatmap.reshape(2, 64, 2, 64).sum(axis=(1, 3)).ravel()
""",
    ],
)
def quadrants(answer):
    """What are Shapley's own values of the four quadrants of test image 69, for RashNet's logit, against healthy skin?"""
    given = numbers(answer)
    if given.size != 4:
        raise NotYet(f"Your answer has {given.size} numbers: expected 4, upper left, upper right, lower left, lower right.")
    given = given.ravel()
    right, mistakes = _quadrants(69)
    if close(given, right, 1e-3):
        sums = ", ".join(f"{value:.2f}" for value in mistakes["deep shap"])
        return f"Exact, for 16 pictures asked in 24 orders. Deep SHAP's sums over the same quadrants are {sums}: near, not equal."
    if close(given, 24 * right, 1e-3):
        raise NotYet("These are sums over the 24 orders. Take the mean: the values must add up to the difference of two logits.")
    if close(given, mistakes["one order"], 1e-3):
        raise NotYet("This is one order. Whoever comes later finds others there: take the mean over all 24 orders.")
    if close(given, mistakes["alone"], 1e-3) or close(given, mistakes["last"], 1e-3):
        raise NotYet("You let each quadrant come alone (or go alone). In most orders some others are there already.")
    if close(given, mistakes["probability"], 1e-3):
        raise NotYet("These are values of the probability. The logit is asked: rashnet.logits.")
    if close(given, mistakes["deep shap"], 1e-2):
        raise NotYet("These are Deep SHAP's contributions, added up. Shapley's own values need the 24 orders.")
    raise NotYet("Use image 69, its own class, the first healthy test image as background, and the logit.")


@exercise(
    hint="Each contribution has the factor x - background. What is that factor for a black hair?",
    solution="""
answer = "c"
""",
    wrong=['answer = "a"', 'answer = "b"', 'answer = "d"', 'answer = "yes"'],
)
def judge(answer):
    """Against a black background, black hairs get no contribution. What follows?"""
    choice(
        answer,
        "c",
        {
            "a": "With the factor x - background equal to zero the contribution is zero whatever the network does with hair.",
            "b": "The sum is complete in any case: what the hairs do not get, other pixels get. Completeness is not correctness.",
            "d": "More black images ask the same question again: the factor x - background stays zero.",
        },
    )
    return "The question was: why this image rather than a black one? In that the hairs do not differ."
