"""One thread for small products: in a block, in blocks that lie in each other or cross, and no longer than they last."""

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from xaihelpers.methods.shared import mask_regression
from xaihelpers.methods.shared.mask_regression import LineThroughAnswers
from xaihelpers.methods.shared.masks import Masks
from xaihelpers.methods.shared.threads import _libraries, one_thread


def threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


@pytest.fixture(autouse=True)
def three_threads():
    import scipy.linalg  # noqa: F401  # it may bring a library of its own, which is here from the beginning then

    _libraries.cache_clear()
    with threadpool_limits(3, user_api="blas"):
        yield


def test_the_threads_are_given_back_also_after_an_error():
    assert threads() == {3}
    with one_thread():
        assert threads() == {1}
        with one_thread():
            pass
        assert threads() == {1}
    assert threads() == {3}
    with pytest.raises(ZeroDivisionError), one_thread():
        1 / 0  # noqa: B018
    assert threads() == {3}


def test_of_blocks_that_cross_the_last_one_gives_the_threads_back():
    """As where the playground's thread draws a map while a cell computes another."""
    first, second = one_thread(), one_thread()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert threads() == {1}
    second.__exit__(None, None, None)
    assert threads() == {3}


def test_masks_and_the_line_through_the_answers_take_one_thread(monkeypatch):
    seen = []
    masks = Masks((64, 64))
    line = LineThroughAnswers(masks)
    drawn = masks.draw(64)
    blocks = []
    monkeypatch.setattr(mask_regression, "one_thread", lambda: (blocks.append("entered"), one_thread())[1])
    for where, name in ((np, "matmul"), (np.linalg, "eigh")):
        original = getattr(where, name)
        monkeypatch.setattr(where, name, lambda *a, run=original, **k: (seen.append(threads()), run(*a, **k))[1])
    masks.build(*drawn)
    line.add(*drawn, np.linspace(0, 1, 64, dtype=np.float32))
    assert blocks == ["entered"]
    line.estimate()
    assert len(blocks) == 2 and seen == [{1}, {1}] and threads() == {3}


def test_eigen_cam_decomposes_on_one_thread(monkeypatch):
    import keras

    import xaihelpers as xh

    seen, original = [], np.linalg.svd
    monkeypatch.setattr(np.linalg, "svd", lambda *a, **k: (seen.append(threads()), original(*a, **k))[1])
    i = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, activation="relu")(i))
    classifier = xh.Classifier(keras.Model(i, keras.layers.Dense(2, activation="softmax")(x)))
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3)).astype(np.uint8)
    before = threads()
    xh.eigen_cam(classifier, image)
    assert seen == [{1}] and threads() == before
