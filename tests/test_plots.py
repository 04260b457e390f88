"""Pictures keep the sign, the scale and the words."""

import io
import re

import networks
import numpy as np
import pytest
from PIL import Image

import xaihelpers as xh
from xaihelpers import plots
from xaihelpers.results import Cost


def attribution(heatmap):
    heatmap = np.asarray(heatmap, np.float32)
    return xh.Attribution("grad_cam", 0, "a <cat>", {}, Cost(1, 1, 0.1), {}, (), heatmap, networks.image())


RAMP = np.linspace(-1, 3, 64, dtype=np.float32).reshape(8, 8)


def test_signed_maps_are_centred_on_zero():
    colours, (low, high, name) = plots.colour(RAMP)
    assert (low, high, name) == (-3, 3, plots.SIGNED)
    zero, _ = plots.colour(np.zeros((1, 1)), limit=3, signed=True)
    np.testing.assert_allclose(zero[0, 0], colours[np.unravel_index(np.abs(RAMP).argmin(), RAMP.shape)], atol=0.02)
    assert zero.min() > 0.95  # the middle of the scale is white: no evidence


def test_unsigned_maps_begin_at_zero_and_a_common_limit_is_kept():
    _, (low, high, name) = plots.colour(np.abs(RAMP), limit=10)
    assert (low, high, name) == (0, 10, plots.UNSIGNED)
    dark, _ = plots.colour(np.abs(RAMP), limit=10)
    bright, _ = plots.colour(np.abs(RAMP), limit=3)
    assert dark.sum() < bright.sum()


def test_a_map_that_is_nowhere_near_zero_uses_all_the_colours():
    far = 0.3 + np.abs(RAMP) / 100
    colours, (low, high, _) = plots.colour(far)
    assert (low, high) == (pytest.approx(far.min()), pytest.approx(far.max()))
    np.testing.assert_allclose(colours, plots.colour(np.abs(RAMP) - np.abs(RAMP).min())[0], atol=0.02)
    assert plots.colour(np.full((2, 2), 0.3))[1][:2] == (0, pytest.approx(0.3))  # one value: no range to spread


def test_an_overlay_of_nothing_is_the_image_in_grey():
    image = networks.image()
    grey = np.asarray(Image.fromarray(image).convert("L"))
    seen = xh.overlay(RAMP, image, alpha=0)
    assert np.abs(seen.astype(int) - grey[..., None]).max() <= 1
    assert not np.array_equal(xh.overlay(RAMP, image, alpha=1), seen)


def test_no_map_is_rescaled_by_drawing():
    result = attribution(RAMP)
    before = result.heatmap.copy()
    xh.show(result), xh.overlay(result)
    np.testing.assert_array_equal(result.heatmap, before)
    np.testing.assert_array_equal(np.asarray(result), RAMP)


def test_a_picture_carries_alt_text_and_escapes_it():
    html = xh.show(attribution(RAMP))._repr_html_()
    alt = re.search('alt="([^"]*)"', html)[1]
    assert "strongest in the lower right" in alt and "a &lt;cat&gt;" in alt
    assert "1 forward, 1 backward" in html


def test_a_picture_can_be_saved(tmp_path):
    xh.side_by_side([networks.image(), RAMP], ["image", "map"]).save(tmp_path / "a.png")
    assert Image.open(tmp_path / "a.png").size[0] > 200


def test_one_scale_for_all_is_what_it_says():
    weak, strong = np.full((8, 8), 0.1), np.full((8, 8), 1.0)

    def drawn(shared):
        png = xh.side_by_side([weak, strong], ["", ""], shared_scale=shared, colour_bar=False).png
        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        height, width = pixels.shape[:2]
        return pixels[height // 2, width // 4], pixels[height // 2, 3 * width // 4]

    assert np.array_equal(*drawn(False)) and not np.array_equal(*drawn(True))


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: xh.overlay(RAMP), ValueError, "without an image"),
        (lambda: xh.overlay(RAMP[:4], networks.image()), ValueError, "same size"),
        (lambda: xh.overlay(RAMP, networks.image(), alpha=2), ValueError, "alpha is 2"),
        (lambda: xh.side_by_side([]), ValueError, "nothing to draw"),
        (lambda: xh.side_by_side([RAMP], ["a", "b"]), ValueError, "1 pictures and 2 titles"),
        (lambda: xh.show(RAMP), TypeError, "Attribution"),
    ],
)
def test_what_can_not_be_drawn_is_refused(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_result_draws_itself_in_a_notebook():
    import subprocess
    import sys

    code = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
import xaihelpers as xh, numpy as np
from xaihelpers.results import Cost
a = xh.Attribution("m", 0, "cat", {}, Cost(), {}, (), np.ones((4, 4), np.float32), np.zeros((4, 4, 3), np.uint8))
shown, _ = shell.display_formatter.format(a)
assert "<img alt=" in shown["text/html"], shown
"""
    subprocess.run([sys.executable, "-c", code], check=True)
