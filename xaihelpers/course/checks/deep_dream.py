"""The exercises of the lesson on deep dream."""

import numpy as np

from .exercise import NotYet, choice, close, exercise, numbers


@exercise(
    hint="The last octave is the image itself. Each one before is smaller by the scale, in height and in width.",
    solution="""
# 360 x 240, divided by 1.5, and by 1.5 once more
answer = [[160, 107], [240, 160], [360, 240]]
""",
    wrong=[
        "answer = [[360, 240], [240, 160], [160, 107]]",
        "answer = [[160, 106], [240, 160], [360, 240]]",
        "answer = [[120, 80], [240, 160], [360, 240]]",
        "answer = [[107, 71], [160, 107], [240, 160]]",
    ],
)
def by_hand(answer):
    """Which sizes do three octaves of an image of 360 x 240 pixels have, with a scale of 1.5? Smallest first, rounded."""
    given = numbers(answer, (3, 2))
    right = np.array([[160, 107], [240, 160], [360, 240]])
    if close(given, right):
        return "240 / 2.25 is 106.67: sizes are rounded, and the last octave has exactly the image's own size."
    if close(given, right[::-1]):
        raise NotYet("The sizes are right; the dream begins with the smallest.")
    if close(given, [[160, 106], [240, 160], [360, 240]]):
        raise NotYet("240 / 2.25 is 106.67: round it, don't cut it off.")
    if close(given[-1], right[-1]):
        raise NotYet("The last one is right. Divide by 1.5 for the one before, and by 1.5 once more for the first.")
    raise NotYet("The last octave is the image itself, 360 x 240.")


def _mixed():
    from ... import zoo
    from ...methods.deep_dream import deep_dream
    from ...rashes import load_test_split

    image = load_test_split().images[40]
    return deep_dream(zoo.load_classifier("rashnet"), image, layers={"relu2": 1.0, "relu4": 0.5}, octaves=2, steps=5)


@exercise(
    hint='layers also takes a dictionary from the name of a layer to its weight: layers={"relu2": 1.0, "relu4": 0.5}.',
    solution="""
rashnet = xh.load_classifier("rashnet")
image = xh.rashes.load_test_split().images[40]
answer = xh.deep_dream(rashnet, image, layers={"relu2": 1.0, "relu4": 0.5}, octaves=2, steps=5)
""",
    wrong=[
        """
rashnet, image = xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[40]
answer = xh.deep_dream(rashnet, image, layers=["relu2", "relu4"], octaves=2, steps=5)
""",
        """
rashnet, image = xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[40]
answer = xh.deep_dream(rashnet, image, layers={"relu2": 0.5, "relu4": 1.0}, octaves=2, steps=5)
""",
        """
rashnet, image = xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[40]
answer = xh.deep_dream(rashnet, image, layers={"relu2": 1.0, "relu4": 0.5}, octaves=1, steps=5)
""",
        "answer = xh.rashes.load_test_split().images[40]",
        """
rashnet, image = xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[40]
answer = xh.deep_dream(rashnet, image, layers={"relu2": 1.0, "relu4": 0.5}, octaves=2, steps=5, step_size=1.0)
""",
        """
rashnet, image = xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[41]
answer = xh.deep_dream(rashnet, image, layers={"relu2": 1.0, "relu4": 0.5}, octaves=2, steps=5)
""",
    ],
)
def mix(answer):
    """Dream test image 40 with RashNet: relu2 with weight 1 and relu4 with weight 0.5, two octaves of five steps."""
    asked = {"relu2": 1.0, "relu4": 0.5}
    parameters = getattr(answer, "parameters", None)
    if parameters is None or getattr(answer, "method", "") != "deep_dream":
        raise NotYet(f"Your answer is {type(answer).__name__}: give what xh.deep_dream returns, the whole result.")
    if not isinstance(parameters["layers"], dict):
        raise NotYet("Both layers have the weight 1 in your dream: give a dictionary from layer to weight.")
    if parameters["layers"] != asked:
        raise NotYet(f"Your weights are {parameters['layers']}: relu2 counts 1, relu4 one half.")
    if (parameters["octaves"], parameters["steps"]) != (2, 5):
        raise NotYet(f"You took {parameters['octaves']} octaves of {parameters['steps']} steps: asked are 2 of 5.")
    right = _mixed()
    other = [
        f"{name} = {value!r}" for name, value in parameters.items() if right.parameters.get(name) != value and name != "layers"
    ]
    if other:
        raise NotYet(f"You also chose {', '.join(other)}: leave that as it is.")
    if not np.allclose(answer.image, right.image, atol=3):
        raise NotYet("The call is right, the picture is another: take image 40 of the test split, and RashNet.")
    return "relu4 has larger activations than relu2, so it would win without the weights."


@exercise(
    hint="What the dream changed at the small size is dreamt - small. Enlarge that, not the picture, and add it to large.",
    solution="""
def answer(small, dreamt, large, enlarge):
    return large + enlarge(dreamt - small)
""",
    wrong=[
        "def answer(small, dreamt, large, enlarge):\n    return enlarge(dreamt)",
        "def answer(small, dreamt, large, enlarge):\n    return large + enlarge(small - dreamt)",
        "def answer(small, dreamt, large, enlarge):\n    return large + enlarge(dreamt)",
        "def answer(small, dreamt, large, enlarge):\n    return large",
    ],
)
def implement(answer):
    """Write answer(small, dreamt, large, enlarge): the dream at the next octave, with all the detail of the original."""
    if not callable(answer):
        raise NotYet(f"Your answer is {type(answer).__name__}: give the function itself, without calling it.")
    for seed, (height, width) in enumerate([(4, 3), (2, 5), (3, 3)]):
        _check_next(answer, np.random.default_rng(seed), height, width)
    return "With dreamt equal to small nothing was dreamt, and the original comes back to the last detail."


def _check_next(answer, rng, height, width):
    """Raise NotYet where the beginning of the next octave is wrong, for a small picture of such a size."""
    large, dreamt = rng.uniform(0, 255, (2 * height, 2 * width, 3)), rng.uniform(0, 255, (height, width, 3))
    small = large.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))

    def enlarge(picture):
        return np.repeat(np.repeat(picture, 2, axis=0), 2, axis=1)

    given = numbers(answer(small.copy(), dreamt.copy(), large.copy(), enlarge), large.shape)
    right = large + enlarge(dreamt - small)
    if close(given, right) or close(given, np.clip(right, 0, 255)):  # the lesson's own loop cuts it off at 0 and 255
        return
    if close(given, enlarge(dreamt)):
        raise NotYet("Your picture is as blurred as the small one: the detail of `large` is lost. Enlarge only the change.")
    if close(given, large - enlarge(dreamt - small)):
        raise NotYet("You take the dream away instead of adding it: what changed is dreamt - small.")
    if close(given, large):
        raise NotYet("Nothing of the dream is left in your picture.")
    raise NotYet("Enlarge what the dream changed, dreamt - small, and add that to large.")


@exercise(
    hint="What would you expect to see if the network had learned nothing at all? Look at the dream of the random weights.",
    solution="""
answer = "c"
""",
    wrong=['answer = "a"', 'answer = "b"', 'answer = "d"'],
)
def judge(answer):
    """A skin network dreams dark spots into a photo of healthy skin. What does it say?"""
    choice(
        answer,
        "c",
        {
            "a": "The spots were put there by the ascent: a dream shows what raises the activation, not what is in the photo.",
            "b": "A dream says nothing about a prediction: every network can be made to see almost anything.",
            "d": "Random networks dream too, but not forms that the classes have: compare the two, then conclude.",
        },
    )
    return "Only the comparison (randomised weights, other classes, other seeds) makes it evidence about what was learned."
