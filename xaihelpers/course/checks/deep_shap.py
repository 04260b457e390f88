"""The exercises of the lesson on Deep SHAP."""

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
    x = np.array([2.0, -1.0, -3.0, 3.0, 1.5, -2.0, 0.5])
    b = np.array([-1.0, 3.0, -1.0, 1.0, 1.5, -2.0, 4.0])
    with np.errstate(all="ignore"):
        try:
            given = numbers(answer(x.copy(), b.copy()), x.shape)
        except NotYet:
            raise NotYet(
                "Where image and background are the same you divide by zero: there the tangent's slope stands."
            ) from None
    same = x == b
    secant = (np.maximum(x, 0) - np.maximum(b, 0)) / np.where(same, 1, x - b)
    if close(given, np.where(same, x > 0, secant)):
        return "Between 0 and 1 always: the multiplier of a ReLU can't blow up, however close the two values are."
    if close(given, x > 0):
        raise NotYet("This is the gradient at the image. The rescale rule wants the secant between background and image.")
    if close(given[~same], secant[~same]):
        raise NotYet("Right where x and b differ. Where they are the same, take the slope of the ReLU: 1 above zero, else 0.")
    if close(given, secant * (x - b)):
        raise NotYet("This is the difference of the outputs. Divide it by the difference of the inputs.")
    raise NotYet("For x = 2 and b = -1 the outputs are 2 and 0: the multiplier is 2 / 3.")


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
