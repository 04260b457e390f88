"""A table is taken up again only for the same question: whatever changes an answer changes the fingerprint."""

import functools
import subprocess
import sys
import textwrap

import cloudpickle
import keras
import numpy as np
import pytest
from networks import gap_network, image

import xaihelpers as xh
from xaihelpers.comparison.fingerprint import Digest

IMAGES = np.stack([image(seed=seed) for seed in range(2)])
MASKS = np.zeros((2, 8, 8), bool)
MASKS[:, 2:5, 3:6] = True


def digest(value):
    return Digest().of(value)


def made(source, name="f"):
    """A function written by a user, as a notebook's cell would make it."""
    namespace = {"__name__": "__main__", "np": np, "functools": functools}
    exec(textwrap.dedent(source), namespace)
    return namespace[name]


# Each source with {} for what changes: a function may differ in any of these and nowhere else.
PLACES = {
    "a constant": ("f = lambda x: x / {}", "255", "254"),
    "an operator": ("f = lambda x: x {} 2", "*", "+"),
    "an attribute": ("f = lambda x: x.{}()", "mean", "max"),
    "a global number": ("s = {}\ndef f(x): return x / s", "255", "127.5"),
    "a global list": ("s = [1, {}]\ndef f(x): return x / s[1]", "255", "127.5"),
    "a global array": ("s = np.array([1, {}])\ndef f(x): return x / s", "2", "3"),
    "a global dict": ("s = dict(a={})\ndef f(x): return x / s['a']", "2", "3"),
    "a global function": ("def g(x): return x {} 1\ndef f(x): return g(x)", "+", "-"),
    "a function of a function": ("def h(x): return x {} 1\ndef g(x): return h(x)\ndef f(x): return g(x)", "+", "-"),
    "a default": ("def f(x, s={}): return x / s", "255", "1"),
    "a keyword default": ("def f(x, *, s={}): return x / s", "255", "1"),
    "a default that is a function": ("def f(x, s=lambda y: y * {}): return s(x)", "2", "3"),
    "a closure": ("def outer(s):\n  def f(x): return x / s\n  return f\nf = outer({})", "255", "1"),
    "a closure over a list": ("def outer(s):\n  def f(x): return x / s[0]\n  return f\nf = outer([{}])", "255", "1"),
    "a closure over a function": ("def outer(s):\n  def f(x): return s(x)\n  return f\nf = outer(lambda x: x + {})", "1", "2"),
    "an inner lambda": ("def f(x): return list(map(lambda y: y + {}, x))", "1", "2"),
    "a nested constant": ("def f(x): return x in ((1, {}), 3)", "1", "2"),
    "a partial": ("def g(x, s): return x / s\nf = functools.partial(g, s={})", "255", "1"),
    "the function of a partial": ("def g(x, s): return x {} s\nf = functools.partial(g, s=2)", "/", "*"),
    "a callable object": (
        "class G:\n  def __init__(self, s): self.s = s\n  def __call__(self, x): return x / self.s\nf = G({})", "2", "3"
    ),
    "the code of a callable object": ("class G:\n  def __call__(self, x): return x / {}\nf = G()", "2", "3"),
    "the code of its base": ("class H:\n  def __call__(self, x): return x / {}\nclass G(H): pass\nf = G()", "2", "3"),
    "a method": ("class G:\n  s = {}\n  def go(self, x): return x / self.s\nf = G().go", "2", "3"),
    "a function of numpy": ("f = lambda x: np.{}(x)", "sqrt", "square"),
    "one that calls itself": ("def f(x): return x if x < {} else f(x - 1)", "2", "3"),
    "two that call each other": ("def g(x): return f(x {} 1)\ndef f(x): return g(x)", "-", "+"),
    "a set": ("f = lambda x: x in {{1, {}}}", "2", "3"),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_function_that_differs_in_one_place_is_another_and_an_equal_one_is_the_same(place):
    source, before, after = PLACES[place]
    assert digest(made(source.format(before))) == digest(made(source.format(before)))
    assert digest(made("# a comment\n\n" + source.format(before))) == digest(made(source.format(before))), "lines don't matter"
    assert digest(made(source.format(before))) != digest(made(source.format(after)))
    travelled = cloudpickle.loads(cloudpickle.dumps(made(source.format(before))))
    if not isinstance(travelled, functools.partial) and "object" not in place and "base" not in place and "method" not in place:
        assert digest(travelled) == digest(made(source.format(before)))


VALUES = [
    None, True, 1, 1.0, "1", b"1", (1,), [1], [[1]], [1, 1], {"a": 1}, {"a": 2}, {"b": 1}, {1}, {1, 2}, np.float32(1),
    np.float64(1), np.array([1]), np.array([[1]]), np.array([1.0]), np.array(["1"]), np.array([1, "a"], object),
    np.nan, 1j, ("a", "b"),
    ("ab",), ("a", ("b",)), range(3), slice(3), np.mean, np.sum, len, max, str, int, keras.layers.Dense, keras.ops.relu,
]  # fmt: skip


def test_different_values_have_different_digests():
    assert len({digest(value) for value in VALUES}) == len(VALUES)


def test_a_new_process_finds_the_same(tmp_path):
    """Sets, dictionaries and addresses differ from process to process; fingerprints must not."""
    code = (
        "import numpy as np, functools, textwrap, sys; from xaihelpers.comparison.fingerprint import Digest\n"
        "namespace = {'__name__': '__main__', 'np': np, 'functools': functools}\n"
        "for source in sys.argv[1:]:\n"
        "    exec(source, namespace); print(Digest().of(namespace['f']).hex())\n"
    )
    sources = [source.format(before) for source, before, _ in PLACES.values()]
    done = [
        subprocess.run([sys.executable, "-c", code, *sources], capture_output=True, text=True, env=_environment(seed), check=True)
        for seed in (1, 2)
    ]
    assert done[0].stdout == done[1].stdout and len(done[0].stdout.splitlines()) == len(PLACES)


def _environment(seed):
    import os

    return {**os.environ, "PYTHONHASHSEED": str(seed)}


# -- the whole comparison -----------------------------------------------------------------------------------------------


def twins(**changed):
    """Two networks with equal weights, and whatever else is said different."""

    def network(padding="valid", activation="relu"):
        keras.utils.set_random_seed(3)
        layers = [keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3, padding=padding, activation=activation)]
        layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, activation="softmax")]
        return keras.Sequential(layers)

    return network(), network(**changed)


def mean(classifier, found, mask):
    return found.heatmap.mean()


def again(scale):
    return lambda classifier, image, target=None: xh.grad_cam(classifier, image * scale, target)


def base():
    """The arguments of a comparison, all made anew."""
    return dict(
        classifier=dict(model=twins()[0], class_names=["a", "b", "c"], preprocess=lambda x: x / 255, input_shape=(8, 8, 3)),
        images=IMAGES.copy(),
        masks=MASKS.copy(),
        methods={"grad_cam": {"relu": False}, "own": (again(1.0), {"target": 1})},
        metrics={"mean": mean, "top": lambda classifier, found, mask: found.heatmap.max()},
        targets=None,
    )


CHANGES = {
    "preprocess": lambda a: a["classifier"].update(preprocess=lambda x: x / 127.5),
    "class names": lambda a: a["classifier"].update(class_names=["a", "c", "b"]),
    "weights": lambda a: a["classifier"]["model"].layers[-1].bias.assign([0, 0, 1]),
    "padding": lambda a: a["classifier"].update(model=twins(padding="same")[1]),
    "activation": lambda a: a["classifier"].update(model=twins(activation="relu6")[1]),
    "a pixel": lambda a: a["images"].__setitem__((0, 0, 0, 0), 99),
    "order of images": lambda a: a.update(images=IMAGES[::-1]),
    "names of images": lambda a: a.update(images={"x": IMAGES[0], "y": IMAGES[1]}, masks={"x": MASKS[0], "y": MASKS[1]}),
    "a mask": lambda a: a["masks"].__setitem__((1, 0, 0), True),
    "no masks": lambda a: a.update(masks=None),
    "targets": lambda a: a.update(targets=1),
    "targets each": lambda a: a.update(targets=[1, 2]),
    "a parameter": lambda a: a["methods"].update(grad_cam={"relu": True}),
    "a label": lambda a: a.update(methods={"cam": ("grad_cam", {"relu": False}), "own": a["methods"]["own"]}),
    "the closure of a technique": lambda a: a["methods"].update(own=(again(0.5), {"target": 1})),
    "the parameters of an own technique": lambda a: a["methods"].update(own=(again(1.0), {"target": 0})),
    "an array among parameters": lambda a: a["methods"].update(deep_shap={"background": IMAGES[:1]}),
    "the code of a metric": lambda a: a["metrics"].update(top=lambda classifier, found, mask: found.heatmap.min()),
    "a metric of that name": lambda a: a["metrics"].update(mean=lambda classifier, found, mask: found.heatmap.sum()),
    "a metric more": lambda a: a["metrics"].update(sparseness=lambda classifier, found, mask: 0),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The file of a comparison."""
    file = tmp_path_factory.mktemp("compare") / "table.csv"
    run(base(), file)
    return file


def run(arguments, file):
    classifier = xh.Classifier(arguments["classifier"].pop("model"), **arguments.pop("classifier"))
    return xh.compare(classifier, **arguments, file=file, progress=False)


def test_the_same_arguments_made_anew_are_taken_up(written):
    before = written.read_text()
    run(base(), written)
    assert written.read_text() == before


@pytest.mark.parametrize("change", CHANGES)
def test_the_numbers_of_another_question_are_never_returned(written, change):
    arguments, before = base(), written.read_text()
    CHANGES[change](arguments)
    with pytest.raises(ValueError, match="other images, networks or settings"):
        run(arguments, written)
    assert written.read_text() == before


def test_a_classifier_by_its_name(tmp_path):
    """`compare("rashnet")` gives what the network itself gives, from one process and from two."""
    import joblib

    photos = xh.rashes.load_test_split().images[[0, 90]]
    table = xh.compare("rashnet", photos, methods=["grad_cam"], metrics=["sparseness"], progress=False, file=tmp_path / "t.csv")
    rashnet = xh.load_classifier("rashnet")
    expected = [xh.metrics.sparseness(xh.grad_cam(rashnet, photo)) for photo in photos]
    assert table.value.tolist() == pytest.approx(expected, abs=1e-6)
    with joblib.parallel_config(backend="loky", n_jobs=2):
        there = xh.compare("rashnet", photos, methods=["grad_cam"], metrics=["sparseness"], progress=False)
    assert there.value.tolist() == pytest.approx(expected, abs=1e-6)
    with pytest.raises(ValueError, match="There is no classifier 'rashnot'"):
        xh.compare("rashnot", photos)
    with pytest.raises(TypeError, match="compare got Functional: wrap the model first"):
        xh.compare(gap_network(), photos)


def test_a_function_may_hold_a_classifier_and_one_that_has_been_used_is_the_same():
    other = xh.Classifier(gap_network(seed=3))

    def against(classifier, image, target=None):
        return xh.grad_cam(other if image.mean() > 0 else classifier, image, target)

    before = digest(against)
    against(xh.Classifier(gap_network()), IMAGES[0])
    assert digest(against) == before
    other = xh.Classifier(gap_network(seed=4))
    assert digest(against) != before
