"""The exercises of the lesson on occlusion sensitivity."""

import itertools

import numpy as np

from .exercise import NotYet, attribution, choice, close, exercise, numbers


@exercise(
    hint="There are two patches: pixels 1 and 2, and pixels 3 and 4. What is lost when each is set to 0?",
    solution="""
# covering pixels 1 and 2 costs 1*1 + 1*2 = 3; covering 3 and 4 costs 5*0 - 1*3 = -3
answer = [3, 3, -3, -3]
""",
    wrong=["answer = [1, 2, 0, -3]", "answer = [3, 3, 3, 3]", "answer = [-3, -3, 3, 3]", "answer = [3, 2.5, -0.5, -3]"],
)
def by_hand(answer):
    """What is the map of the row of four pixels given in the lesson?"""
    given = numbers(answer, (4,))
    if close(given, [3, 3, -3, -3], 1e-3):
        return "Both pixels of a patch share its drop. The third has the largest weight, and nothing to multiply it with."
    if close(given, [1, 2, 0, -3], 1e-3):
        raise NotYet("This is what each pixel adds: patches of one pixel. Here two are covered at a time.")
    if close(given, [-3, -3, 3, 3], 1e-3):
        raise NotYet("Your signs are turned around: the map is the score of the image minus that of the covered one.")
    if close(given, [3, 3, 3, 3], 1e-3):
        raise NotYet("Covering pixels 3 and 4 takes away 5 x 0 and -1 x 3. Does the score fall or rise?")
    if close(given, [3, 2.5, -0.5, -3], 1e-3):
        raise NotYet("This is a stride of one. With a stride of two the patches do not overlap.")
    raise NotYet("Two patches, two drops; both pixels of a patch have its drop.")


@exercise(
    hint="How many times can you move a patch of 32 by 16 before it leaves an edge of 224? Do not forget the first place.",
    solution="""
answer = ((224 - 32) // 16 + 1) ** 2  # 13 places along each edge
""",
    wrong=["answer = 13", "answer = 144", "answer = 196", "answer = 49"],
)
def how_many(answer):
    """How many patches of 32, stride 16, does a photo of 224 x 224 have?"""
    given = float(numbers(answer, ()))
    if given == 169:
        return "13 x 13. Half the stride would be 25 x 25, nearly four times as many."
    reasons = {
        13: "That is one edge. There are two.",
        144: "You forgot the first place of each edge, which needs no move.",
        196: "224 / 16 = 14 counts a place at which only half a patch is left, after the border is covered already.",
        49: "That is a stride of 32: patches side by side.",
    }
    raise NotYet(reasons.get(given, "Places along one edge: (224 - 32) / 16 moves, and the first place."))


def _covers(place, patch, shape):
    covered = np.zeros(shape)
    covered[place[0] : place[0] + patch, place[1] : place[1] + patch] = 1
    return covered


def _mean_of_patches(drops, patch, shape):
    return sum(drop * _covers(place, patch, shape) for place, drop in drops.items()) / sum(
        _covers(place, patch, shape) for place in drops
    )


@exercise(
    hint="Two arrays of zeros: add each drop to the pixels of its patch in one, and 1 in the other. Then divide.",
    solution="""
def answer(drops, patch, shape):
    total, times = np.zeros(shape), np.zeros(shape)
    for (top, left), drop in drops.items():
        total[top : top + patch, left : left + patch] += drop
        times[top : top + patch, left : left + patch] += 1
    return total / times
""",
    wrong=[
        """
def answer(drops, patch, shape):
    total = np.zeros(shape)
    for (top, left), drop in drops.items():
        total[top : top + patch, left : left + patch] += drop
    return total
""",
        """
def answer(drops, patch, shape):
    heatmap = np.zeros(shape)
    for (top, left), drop in drops.items():
        heatmap[top : top + patch, left : left + patch] = drop
    return heatmap
""",
        """
def answer(drops, patch, shape):
    total = np.zeros(shape)
    for (top, left), drop in drops.items():
        total[top : top + patch, left : left + patch] += drop
    return total / len(drops)
""",
        """
def answer(drops, patch, shape):
    heatmap = np.full(shape, -np.inf)
    for (top, left), drop in drops.items():
        part = heatmap[top : top + patch, left : left + patch]
        part[:] = np.maximum(part, drop)
    return heatmap
""",
    ],
)
def implement(answer):
    """Write a function of drops {(top, left): drop}, patch and shape (H, W) that returns the map (H, W)."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    rng = np.random.default_rng(2)
    for patch, stride, shape in ((2, 1, (3, 3)), (3, 2, (8, 6)), (4, 3, (9, 11))):
        tops, lefts = (range(0, edge - patch + stride, stride) for edge in shape)
        drops = {(top, left): float(rng.normal()) for top in tops for left in lefts}
        given, right = numbers(answer(dict(drops), patch, shape), shape), _mean_of_patches(drops, patch, shape)
        if close(given, right):
            continue
        times = sum(_covers(place, patch, shape) for place in drops)
        if close(given, right * times):
            raise NotYet("You add the drops up. Pixels in the middle lie in more patches: divide by how many.")
        raise NotYet(
            f"With patch {patch}, stride {stride} and shape {shape} the map is another. It is the mean over all patches "
            "that cover the pixel: not the last, not the largest, not over all patches there are."
        )
    return "It is the mean over the patches that cover each pixel; slices cut them off at the border by themselves."


_FIRST = """
rashes = xh.rashes.load_test_split()
first = int(np.flatnonzero(rashes.labels == rashes.class_names.index("cowpox"))[0])
"""
_ANSWER = 'answer = xh.occlusion(xh.load_classifier("rashnet"), rashes.images[first], '


@exercise(
    hint="White is the colour 255. The rest are arguments of xh.occlusion: patch and stride.",
    solution=_FIRST + _ANSWER + '"cowpox", patch=32, stride=16, fill=255)',
    wrong=[
        _FIRST + _ANSWER + '"cowpox", patch=32, stride=16)',
        _FIRST + _ANSWER + '"cowpox", patch=32, stride=16, fill=1)',
        _FIRST + _ANSWER + '"cowpox", patch=16, stride=16, fill=255)',
        _FIRST + _ANSWER + '"measles", patch=32, stride=16, fill=255)',
    ],
)
def white(answer):
    """Give the map of "cowpox" on the first cowpox image: patches of 32 pixels, stride 16, white."""
    from ... import rashes as rash_images
    from ... import zoo
    from ...methods.occlusion import occlusion

    rashes, network = rash_images.load_test_split(), zoo.load_classifier("rashnet")
    image = rashes.images[int(np.flatnonzero(rashes.labels == rashes.class_names.index("cowpox"))[0])]
    asked = {"patch": 32, "stride": 16, "fill": 255, "of": "probability"}
    given = numbers(attribution(answer, "occlusion", "cowpox", asked, image), (128, 128))
    right = occlusion(network, image, "cowpox", **asked).heatmap
    if np.abs(given - right).max() < 1e-3 * np.abs(right).max():
        return "What you see is what happens when white is put on the image, which is not the same as taking something away."
    raise NotYet("This is another map. Take the first cowpox image, patch=32, stride=16 and fill=255.")


def _pairs(score, image, patch, fill):
    """Return {(place, place): drop} of every two patches of a grid, side by side, covered together."""
    places = [(top, left) for top in range(0, image.shape[0], patch) for left in range(0, image.shape[1], patch)]
    drops = {}
    for pair in itertools.combinations(places, 2):
        covered = image.copy()
        for top, left in pair:
            covered[top : top + patch, left : left + patch] = fill
        drops[pair] = float(score(image) - score(covered))
    return drops


def _either(places, weights):
    """A network that needs any of some places: the largest of what they hold, whichever the others are."""
    return lambda image: float(max(weight * image[place] for place, weight in zip(places, weights)))


@exercise(
    hint="itertools.combinations(places, 2) lists the pairs. Copy the image for each, cover both patches, keep the largest drop.",
    solution="""
from itertools import combinations


def answer(score, image, patch, fill):
    places = [(top, left) for top in range(0, image.shape[0], patch) for left in range(0, image.shape[1], patch)]
    drops = {}
    for pair in combinations(places, 2):
        covered = image.copy()
        for top, left in pair:
            covered[top : top + patch, left : left + patch] = fill
        drops[pair] = score(image) - score(covered)
    return max(drops, key=drops.get)
""",
    wrong=[
        # the two patches that cost most one at a time
        """
def answer(score, image, patch, fill):
    places = [(top, left) for top in range(0, image.shape[0], patch) for left in range(0, image.shape[1], patch)]
    drops = {}
    for top, left in places:
        covered = image.copy()
        covered[top : top + patch, left : left + patch] = fill
        drops[top, left] = score(image) - score(covered)
    return tuple(sorted(places, key=drops.get)[-2:])
""",
        # the image is not copied: what was covered stays so
        """
from itertools import combinations


def answer(score, image, patch, fill):
    places = [(top, left) for top in range(0, image.shape[0], patch) for left in range(0, image.shape[1], patch)]
    drops, whole = {}, score(image)
    image = image.copy()
    for pair in combinations(places, 2):
        for top, left in pair:
            image[top : top + patch, left : left + patch] = fill
        drops[pair] = whole - score(image)
    return max(drops, key=drops.get)
""",
        # only squares: the image is higher than wide
        """
from itertools import combinations


def answer(score, image, patch, fill):
    places = [(top, left) for top in range(0, len(image), patch) for left in range(0, len(image), patch)]
    drops = {}
    for pair in combinations(places[: len(places) // 2], 2):
        covered = image.copy()
        for top, left in pair:
            covered[top : top + patch, left : left + patch] = fill
        drops[pair] = score(image) - score(covered)
    return max(drops, key=drops.get)
""",
        # black instead of the fill that is asked for
        """
from itertools import combinations


def answer(score, image, patch, fill):
    places = [(top, left) for top in range(0, image.shape[0], patch) for left in range(0, image.shape[1], patch)]
    drops = {}
    for pair in combinations(places, 2):
        covered = image.copy()
        for top, left in pair:
            covered[top : top + patch, left : left + patch] = 0
        drops[pair] = score(image) - score(covered)
    return max(drops, key=drops.get)
""",
    ],
)
def two_at_a_time(answer):
    """Write a function of score, image (H, W), patch and fill that returns the two places whose patches cost most together."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    for seed, (patch, shape, fill) in enumerate([(2, (6, 4), 0.0), (3, (6, 9), 0.0), (2, (4, 6), 3.0), (2, (8, 4), 0.5)]):
        rng = np.random.default_rng(seed)
        image = rng.uniform(0.1, 1, shape)
        spots = rng.permutation(np.array(list(np.ndindex(shape[0] // patch, shape[1] // patch))))[:2] * patch + patch - 1
        score = _either([tuple(spot) for spot in spots], (-1, -1) if fill > 1 else (4, 5))
        drops = _pairs(score, image, patch, fill)
        before, best = image.copy(), max(drops, key=drops.get)
        given = answer(score, image, patch, fill)
        if not np.array_equal(image, before):
            raise NotYet("Your function changes the image that it was given: copy it before you cover anything.")
        try:
            pair = tuple(sorted((int(top), int(left)) for top, left in given))
        except (TypeError, ValueError):
            raise NotYet(f"Your function gives {given!r}: expected two places, ((top, left), (top, left)).") from None
        if drops.get(pair, -np.inf) < drops[best] - 1e-9:
            raise NotYet(
                f"On an image of {shape}, patches of {patch}, filled with {fill}, your pair {pair} is another one. Cover both "
                "patches at once, in a fresh copy each time, with the fill that is given, and try every pair of the grid."
            )
    return "Two at a time finds what is there twice. It costs the square of the questions, and three copies would need three."


@exercise(
    hint="Think of the network as saying: at least one cup. What happens to its answer when you cover one of two?",
    solution="""
answer = "b"
""",
    wrong=['answer = "a"', 'answer = "c"', 'answer = "d"', "answer = 2"],
)
def judge(answer):
    """Two identical cups, p(cup) = 0.99, and an occlusion map that is nearly zero everywhere. What follows?"""
    choice(
        answer,
        "b",
        {
            "a": "Then covering the table would cost something. No single patch does, the table included.",
            "c": "Larger patches would show more, not less: one that covers both cups would cost the class nearly everything.",
            "d": "A thousandth of probability is no disturbance. The colours stretch to whatever they are given: read the bar.",
        },
    )
    return "Neither cup is necessary, since the other is enough; together they are. One patch at a time can't see that."
