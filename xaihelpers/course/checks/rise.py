"""The exercises of the lesson on RISE."""

import numpy as np

from .exercise import NotYet, attribution, choice, close, exercise, numbers

# The exercise "by hand": which of the pixels A B / C D each mask keeps, and the answers.
MASKS = np.array([[[1, 1], [0, 0]], [[1, 0], [1, 0]], [[0, 1], [0, 1]], [[1, 0], [0, 1]]], dtype=float)
SCORES = np.array([0.9, 0.7, 0.1, 0.8])


def _map(masks, scores):
    return np.tensordot(scores, masks, 1) / masks.sum(axis=0)


@exercise(
    hint="Take one pixel at a time. In which masks is it kept? The mean of their answers is its value.",
    solution="""
# A: (0.9 + 0.7 + 0.8) / 3 = 0.8   B: (0.9 + 0.1) / 2 = 0.5   C: 0.7   D: (0.1 + 0.8) / 2 = 0.45
answer = [[0.8, 0.5], [0.7, 0.45]]
""",
    wrong=[
        "answer = [[0.6, 0.25], [0.175, 0.225]]",
        "answer = [[2.4, 1.0], [0.7, 0.9]]",
        "answer = [[1.2, 0.5], [0.35, 0.45]]",
        "answer = [[0.8, 0.5], [0.7, 0.4]]",
    ],
)
def by_hand(answer):
    """What is the RISE map, 2 x 2, of the four masks and answers given in the lesson?"""
    given, right = numbers(answer, (2, 2)), _map(MASKS, SCORES)
    if close(given, right, 1e-3):
        return "A is kept in three masks, C in one: each mean is over another number of answers."
    sums = np.tensordot(SCORES, MASKS, 1)
    if close(given, sums, 1e-3):
        raise NotYet("These are sums. Divide each by the number of masks that keep the pixel.")
    if close(given, sums / 4, 1e-3) or close(given, sums / 2, 1e-3):
        raise NotYet("You divided every pixel by the same number. Divide by how often this pixel was kept.")
    near = int((np.abs(given - right) < 5e-4).sum())
    raise NotYet(f"{near} of the 4 values are right. Take the mean over the answers of the masks that keep the pixel.")


@exercise(
    hint="np.tensordot(scores, masks, 1) adds up score times mask. By what must each pixel be divided?",
    solution="""
def answer(masks, scores):
    return np.tensordot(scores, masks, 1) / masks.sum(axis=0)
""",
    wrong=[
        "def answer(masks, scores):\n    return np.tensordot(scores, masks, 1)",
        "def answer(masks, scores):\n    return np.tensordot(scores, masks, 1) / len(masks)",
        "def answer(masks, scores):\n    return np.tensordot(scores, masks, 1) / masks.sum()",
        "def answer(masks, scores):\n    return np.tensordot(scores - scores.mean(), masks, 1) / masks.sum(axis=0)",
        "def answer(masks, scores):\n    return np.tensordot(scores, masks > 0.5, 1) / (masks > 0.5).sum(axis=0)",
    ],
)
def implement(answer):
    """Write a function of masks (N, H, W) and scores (N,) that returns the RISE map (H, W)."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    rng = np.random.default_rng(3)
    for shape in ((50, 3, 3), (40, 5, 2), (200, 6, 7)):
        masks, scores = rng.random(shape), rng.random(shape[0])
        given = numbers(answer(masks.copy(), scores.copy()), shape[1:])
        if close(given, _map(masks, scores)):
            continue
        sums = np.tensordot(scores, masks, 1)
        if close(given, sums):
            raise NotYet("These are sums. A pixel that is kept more often must not be higher for it: divide.")
        if close(given, sums / shape[0]) or close(given, sums / (0.5 * shape[0])) or close(given, sums / masks.sum()):
            raise NotYet("You divide every pixel by the same number. Divide by the sum of the masks at this pixel.")
        if close(given, _map(masks, scores - scores.mean())):
            raise NotYet("This is the map less the mean answer. The equation keeps the mean.")
        raise NotYet(f"For masks of shape {shape} the map is another. Masks have values between 0 and 1, not only 0 and 1.")
    return "It is the mean answer, weighted by how far each mask kept the pixel."


@exercise(
    hint='rashes.class_names.index("monkeypox") gives the label; np.flatnonzero(rashes.labels == label)[0] the first image. '
    "The rest are arguments of xh.rise: n_masks, grid, fill.",
    solution="""
rashes = xh.rashes.load_test_split()
first = int(np.flatnonzero(rashes.labels == rashes.class_names.index("monkeypox"))[0])
answer = xh.rise(xh.load_classifier("rashnet"), rashes.images[first], "monkeypox", n_masks=256, grid=5, fill="blur")
""",
    wrong=[
        """
rashes = xh.rashes.load_test_split()
first = int(np.flatnonzero(rashes.labels == rashes.class_names.index("monkeypox"))[0])
answer = xh.rise(xh.load_classifier("rashnet"), rashes.images[first], "monkeypox", n_masks=256, grid=5)
""",
        """
rashes = xh.rashes.load_test_split()
first = int(np.flatnonzero(rashes.labels == rashes.class_names.index("monkeypox"))[0])
answer = xh.rise(xh.load_classifier("rashnet"), rashes.images[first], "monkeypox", n_masks=256, fill="blur")
""",
        """
rashes = xh.rashes.load_test_split()
first = int(np.flatnonzero(rashes.labels == rashes.class_names.index("monkeypox"))[0])
answer = xh.rise(xh.load_classifier("rashnet"), rashes.images[first], "smallpox", n_masks=256, grid=5, fill="blur")
""",
        """
rashes = xh.rashes.load_test_split()
answer = xh.rise(xh.load_classifier("rashnet"), rashes.images[0], "monkeypox", n_masks=256, grid=5, fill="blur")
""",
        """
rashes = xh.rashes.load_test_split()
first = int(np.flatnonzero(rashes.labels == rashes.class_names.index("monkeypox"))[0])
answer = xh.rise(xh.load_classifier("rashnet"), rashes.images[first], "monkeypox", n_masks=64, grid=5, fill="blur")
""",
        """
rashes = xh.rashes.load_test_split()
first = int(np.flatnonzero(rashes.labels == rashes.class_names.index("monkeypox"))[0])
answer = xh.lime(xh.load_classifier("rashnet"), rashes.images[first], "monkeypox", fill="blur", n_samples=64)
""",
        "answer = np.zeros((128, 128))",
    ],
)
def other_masks(answer):
    """Give the map of "monkeypox" with 256 masks of 5 x 5 cells and the blurred image behind them."""
    from ... import rashes as rash_images
    from ... import zoo
    from ...methods.rise import rise

    rashes = rash_images.load_test_split()
    image = rashes.images[int(np.flatnonzero(rashes.labels == rashes.class_names.index("monkeypox"))[0])]
    asked = {"n_masks": 256, "grid": 5, "fill": "blur"}
    given = numbers(attribution(answer, "rise", "monkeypox", asked, image), (128, 128))
    # Any seed, any p and either design is a right answer; a bare map must be the one of the default seed.
    if hasattr(answer, "parameters"):
        return "The blurred image keeps the skin's colours, so only the lesions' form is hidden."
    right = rise(zoo.load_classifier("rashnet"), image, "monkeypox", **asked)
    if close(given, right.heatmap, 1e-3):
        return "The blurred image keeps the skin's colours, so only the lesions' form is hidden."
    raise NotYet("Give the Attribution itself: a bare map does not say how it was made, and yours is not that of seed 0.")


@exercise(
    hint="The standard error falls with the square root of the number of masks. By what factor must it fall?",
    solution="""
answer = 400 * (0.02 / 0.005) ** 2  # a quarter of the error: sixteen times the masks
""",
    wrong=["answer = 1600", "answer = 800", "answer = 6000", "answer = 25"],
)
def how_many(answer):
    """The mean standard error is 0.02 with 400 masks. How many masks give 0.005?"""
    given = float(numbers(answer, ()))
    if close(given, 6400, 1e-3):
        return "A quarter of the error costs sixteen times the questions. That is why better questions are worth looking for."
    if close(given, 1600, 1e-3):
        raise NotYet("Four times the masks give half the error. You want a quarter of it.")
    raise NotYet("The error falls with the square root: masks needed = 400 times the square of the factor.")


def _curve(score, image, heatmap, fill, first="highest", alone=False):
    picture, scores = np.array(image, dtype=float), [score(image)]
    order = np.argsort(-heatmap.ravel() if first == "highest" else heatmap.ravel())
    for place in order:
        if alone:
            picture = np.array(image, dtype=float)
        picture[np.unravel_index(place, heatmap.shape)] = fill
        scores.append(score(picture.copy()))
    return np.array(scores)


@exercise(
    hint="np.argsort(-heatmap.ravel()) gives the places, the highest first; np.unravel_index turns each into (row, column). "
    "Change a copy of the image, one pixel after the other, and ask after each.",
    solution="""
def answer(score, image, heatmap, fill):
    picture, scores = np.array(image, dtype=float), [score(image)]
    for place in np.argsort(-heatmap.ravel()):
        picture[np.unravel_index(place, heatmap.shape)] = fill
        scores.append(score(picture.copy()))
    return scores
""",
    wrong=[
        # the lowest first
        """
def answer(score, image, heatmap, fill):
    picture, scores = np.array(image, dtype=float), [score(image)]
    for place in np.argsort(heatmap.ravel()):
        picture[np.unravel_index(place, heatmap.shape)] = fill
        scores.append(score(picture.copy()))
    return scores
""",
        # each pixel alone
        """
def answer(score, image, heatmap, fill):
    scores = [score(image)]
    for place in np.argsort(-heatmap.ravel()):
        picture = np.array(image, dtype=float)
        picture[np.unravel_index(place, heatmap.shape)] = fill
        scores.append(score(picture))
    return scores
""",
        # black, whatever the fill
        """
def answer(score, image, heatmap, fill):
    picture, scores = np.array(image, dtype=float), [score(image)]
    for place in np.argsort(-heatmap.ravel()):
        picture[np.unravel_index(place, heatmap.shape)] = 0
        scores.append(score(picture.copy()))
    return scores
""",
        # without the whole image
        """
def answer(score, image, heatmap, fill):
    picture, scores = np.array(image, dtype=float), []
    for place in np.argsort(-heatmap.ravel()):
        picture[np.unravel_index(place, heatmap.shape)] = fill
        scores.append(score(picture.copy()))
    return scores
""",
        # without a copy
        """
def answer(score, image, heatmap, fill):
    scores = [score(image)]
    for place in np.argsort(-heatmap.ravel()):
        image[np.unravel_index(place, heatmap.shape)] = fill
        scores.append(score(image))
    return scores
""",
        # rows and columns swapped
        """
def answer(score, image, heatmap, fill):
    picture, scores = np.array(image, dtype=float), [score(image)]
    for place in np.argsort(-heatmap.T.ravel()):
        picture[np.unravel_index(place, heatmap.shape)] = fill
        scores.append(score(picture.copy()))
    return scores
""",
    ],
)
def deletion_curve(answer):
    """Write a function of score, image (H, W), heatmap (H, W) and fill: the score after each pixel deleted, the highest first."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    for seed, (shape, fill) in enumerate([((2, 3), 0.0), ((4, 2), 0.5), ((3, 5), 2.0)]):
        rng = np.random.default_rng(seed)
        image, heatmap, weights = rng.uniform(1, 2, shape), rng.normal(size=shape), rng.normal(size=shape)

        def score(picture, weights=weights):
            return float((np.asarray(picture, dtype=float) * weights).sum())

        before = image.copy()
        given = numbers(answer(score, image, heatmap.copy(), fill))
        if not np.array_equal(image, before):
            raise NotYet("Your function changes the image that it was given: copy it first.")
        right = _curve(score, image, heatmap, fill)
        if close(given, right):
            continue
        if given.shape == (image.size,) and close(given, right[1:]):
            raise NotYet("The first number is missing: what does the network say of the whole image?")
        if given.shape != right.shape:
            raise NotYet(f"For an image of {shape} you return {given.shape}: expected {right.shape}, one score more than pixels.")
        if close(given, _curve(score, image, heatmap, fill, "lowest")):
            raise NotYet("You delete the lowest pixels first. np.argsort goes from small to large.")
        if close(given, _curve(score, image, heatmap, fill, alone=True)):
            raise NotYet("You delete each pixel alone. What was deleted stays so: the curve goes down to nothing left.")
        if close(given, _curve(score, image, heatmap, 0.0)):
            raise NotYet(f"You delete with 0, and the fill that is asked for is {fill}.")
        raise NotYet(
            f"For an image of {shape}, wider than high or higher than wide, the curve is another. Check rows and columns."
        )
    return "It is the deletion curve. Its mean is the area; compare it with that of an order that asks no network."


@exercise(
    hint="Compare 0.02 with 0.35. What do all the masked pictures share that the photo does not have?",
    solution="""
answer = "c"
""",
    wrong=['answer = "a"', 'answer = "b"', 'answer = "d"', "answer = 3"],
)
def judge(answer):
    """Hiding half of a photo makes "tunnel" much likelier, and the map is high along the borders. What do you report?"""
    choice(
        answer,
        "c",
        {
            "a": "The network does not see a tunnel in the photo, 0.02. It sees one in pictures that are half black.",
            "b": "Ten standard errors are not chance. The map is precise; it answers another question than yours.",
            "d": "Of the photo itself it says 0.02. The mean answer is about pictures with holes.",
        },
    )
    return "Hiding half of everything made the class likelier: the holes are the evidence. Try fill='mean' or fill='blur'."
