"""A PNG that says how it was made: what goes in comes back, for every sort of parameter, and other files are refused."""

import io

import networks
import numpy as np
import pytest
from PIL import Image

import xaihelpers as xh
from xaihelpers.saving import png

IMAGE = networks.image()


@pytest.fixture(scope="module")
def classifier():
    return xh.Classifier(networks.gap_network(), class_names=["a", "b", "“ß”"])


def test_a_saved_picture_says_how_to_make_the_map_again(classifier, tmp_path):
    found = xh.rise(classifier, IMAGE, "“ß”", n_masks=20, grid=2, seed=7)
    path = xh.save_png(tmp_path / "map.png", found, classifier="tiny", image="noise")
    kept = xh.read_png(path)
    assert (kept["classifier"], kept["image"]) == ("tiny", "noise")
    (one,) = kept["results"]
    assert (one["method"], one["target"], one["class_name"]) == ("rise", 2, "“ß”")
    assert one["cost"]["forward_passes"] == 20 and one["cost"]["seconds"] == found.seconds
    assert one["diagnostics"] == list(found.diagnostics)
    again = xh.METHODS[one["method"]].function(classifier, IMAGE, one["target"], **one["parameters"])
    np.testing.assert_array_equal(again.heatmap, found.heatmap)


def test_several_results_and_a_picture_of_ones_own(classifier):
    results = [xh.grad_cam(classifier, IMAGE, "a"), xh.occlusion(classifier, IMAGE, "b", patch=4)]
    drawn = xh.side_by_side(results)
    data = png(results, picture=drawn)
    assert [each["method"] for each in xh.read_png(data)["results"]] == ["grad_cam", "occlusion"]
    np.testing.assert_array_equal(Image.open(io.BytesIO(data)), Image.open(io.BytesIO(drawn.png)))


def test_parameters_that_json_does_not_have_are_described(classifier):
    labels = np.repeat(np.arange(4), 16).reshape(8, 8)
    found = xh.lime(classifier, IMAGE, n_samples=np.int64(30), segments=labels)
    kept = xh.read_png(png(found))["results"][0]["parameters"]
    assert kept["n_samples"] == 30 and kept["segments"]["array"] == [8, 8]
    found = xh.lime(classifier, IMAGE, n_samples=30, segments=lambda image: labels)
    assert xh.read_png(png(found))["results"][0]["parameters"]["segments"] == "function <lambda>"


def test_what_is_no_saved_picture_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        xh.read_png(tmp_path / "missing.png")
    buffer = io.BytesIO()
    Image.fromarray(IMAGE).save(buffer, format="PNG")
    with pytest.raises(ValueError, match="does not say how it was made"):
        xh.read_png(buffer.getvalue())
    for data in (b"", b"text", buffer.getvalue()[:60]):
        with pytest.raises(ValueError, match="damaged, or no picture"):
            xh.read_png(data)


@pytest.mark.parametrize("given", [None, [], 3, [IMAGE], "map"])
def test_what_is_no_result_is_refused_in_one_sentence(given, tmp_path):
    with pytest.raises(TypeError, match="give an Attribution or a Visualization"):
        xh.save_png(tmp_path / "no.png", given)
    assert not list(tmp_path.iterdir())
