"""The board: a technique of one's own on fixed images, its row beside the stored ones; claims are read against the tables."""

import importlib

import networks
import numpy as np
import pandas as pd
import pytest

import xaihelpers as xh
from xaihelpers.comparison import board as board_module
from xaihelpers.comparison import claims, controls, evidence, protocol

results = importlib.import_module("xaihelpers.comparison.results")  # not the function of that name


def right(classifier, image, target):
    """Red on the left: what the wired network uses, by the formula that it was wired by."""
    red, green, _ = np.moveaxis(image, -1, 0) / 255
    return np.maximum(red - green - 0.25, 0) * (np.arange(image.shape[1]) < image.shape[1] // 2)


def test_a_technique_that_is_right_by_construction_tops_the_board():
    found = xh.board(right, "by formula", questions=["wired"], progress=False)
    row = found.table.loc["by formula", "wired"]
    assert row["mean"] == 1 and row.low == 1 and row.beats_controls and found.rows()[0][0] == "by formula"
    assert set(controls.CONTROL_TITLES.values()) <= set(found.table.index) and "Grad-CAM" in found.table.index
    assert found.table.loc["Chance", ("wired", "high")] < 0.7
    assert "<td>by formula</td>" in found._repr_html_() and "by formula" in repr(found) and "✗" in found.to_markdown()
    assert len({len(line.split("|")) for line in found.to_markdown().replace("\\|", "").splitlines()}) == 1


def test_the_same_images_give_the_same_numbers_as_the_stored_row():
    """A technique of the course, entered as one's own, scores what its stored row says on the board's images."""

    def mine(classifier, image, target):
        return xh.grad_cam(classifier, image, target)

    found = xh.board(mine, questions=["wired"], progress=False).table
    assert found.loc["mine", ("wired", "mean")] == pytest.approx(found.loc["Grad-CAM", ("wired", "mean")], abs=0.01)
    assert found.loc["mine", ("", "passes")] == found.loc["Grad-CAM", ("", "passes")] == 2


def test_without_a_technique_it_shows_what_is_stored():
    found = xh.board(rows=["Saliency", "HiResCAM"])
    assert found.own is None and set(found.ranked) == set(board_module.ASKED)
    assert {"Saliency", "HiResCAM", "Edges"} <= set(found.table.index) and "Grad-CAM" not in found.table.index


def test_the_mark_is_on_the_rows_that_do_not_beat_the_controls_and_on_no_control():
    columns = ["mean", "low", "high", "control", "beats_controls", "passes", "n"]
    rows = {"good": (0.9, 0.8, 1, False, True, 2, 5), "bad": (0.5, 0.4, 0.6, False, False, 30, 5)}
    rows |= {"Edges": (0.6, 0.5, 0.7, True, False, 0, 5), "unknown": (np.nan, np.nan, np.nan, False, False, np.nan, 0)}
    found = board_module.Board({"wired": pd.DataFrame.from_dict(rows, orient="index", columns=columns)}, "bad")
    assert found.rows() == [
        ("bad", "30", "0.50 [0.40, 0.60] ✗"),
        ("good", "2", "0.90 [0.80, 1.00]"),
        ("unknown", "", "–"),
        ("Edges", "0", "0.60 [0.50, 0.70]"),
    ]


def test_true_removal_is_measured_as_the_stored_row_was():
    """Edges, entered as one's own: the network, the split and the images are those of the stored table."""
    stored = results.results("lesions")
    stored = stored[(stored.metric == "removal") & (stored.method == "Edges")].set_index("image").value
    images = list(stored.index[:2])
    table = board_module._measured("removal", board_module.entered_as(controls.edges, "mine"), "mine", images, False)
    assert table.image.tolist() == images
    np.testing.assert_allclose(table.value, stored[images], atol=1e-3)


def test_each_quadrant_is_measured_by_itself(monkeypatch):
    """A map of the left upper quarter, on made-up grids: all of it is right in one quadrant, nothing in the other."""

    def grids(n, quadrant):
        names, mask = [f"{quadrant} {i}" for i in range(n)], np.zeros((8, 8), bool)
        mask[(slice(4) if quadrant == "top left" else slice(4, 8),) * 2] = True
        images = {name: np.full((8, 8, 3), i, np.uint8) for i, name in enumerate(names)}
        return evidence.Evidence(network, images, dict.fromkeys(names, mask), dict.fromkeys(names, 0), n)

    network = xh.Classifier(lambda x: np.full((len(x), 2), 0.5), class_names=["a", "b"])
    corner = np.kron([[1, 0], [0, 0]], np.ones((4, 4)))
    monkeypatch.setattr(evidence, "quadrants", grids)
    entered = board_module.entered_as(lambda classifier, image, target: corner, "mine")
    images = ["bottom right 0", "top left 2", "top left 0"]
    table = board_module._measured("quadrant", entered, "mine", images, False)
    assert dict(zip(table.image, table.value)) == {"bottom right 0": 0, "top left 0": 1, "top left 2": 1}


@pytest.mark.parametrize(
    ("technique", "error", "sentence"),
    [
        (3, TypeError, "technique is 3: give a function"),
        (lambda classifier: 0, TypeError, r"takes \(classifier\): expected"),
        (lambda classifier, image, target: np.zeros((3, 3)), ValueError, r"returned shape \(3, 3\)"),
        (lambda classifier, image, target: 1 / 0, ZeroDivisionError, "division"),
        (lambda classifier, image, target: np.full(image.shape[:2], np.nan), ValueError, "NaN"),
    ],
)
def test_what_is_no_technique_is_said_at_once(technique, error, sentence):
    with pytest.raises(error, match=sentence):
        xh.board(technique, questions=["wired"], progress=False)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"questions": ["beauty"]}, "choose from 'wired'"),
        ({"questions": []}, r"questions is \[\]: give a list of names, 1 or more"),
        ({"rows": "Grad-CAM"}, "rows is 'Grad-CAM': give a list of labels"),
        ({"rows": ["grad cam"]}, "There is no stored row 'grad cam': choose labels such as"),
        ({"rows": [["Grad-CAM"]]}, r"There is no stored row \['Grad-CAM'\]: choose labels such as"),
        ({"name": 3}, "name is 3: give a text"),
        ({"technique": right, "name": "Grad-CAM"}, "name is 'Grad-CAM', as one of the stored rows is called"),
        ({"technique": right, "name": "Chance"}, "name is 'Chance', as one of the stored rows is called"),
        ({"technique": type}, "technique is <class 'type'>: give a function"),
        ({"technique": networks.gap_network()}, "technique is <Functional name=.*: give a function"),
        ({"progress": 1}, "progress is 1: expected True or False"),
    ],
)
def test_what_is_no_good_for_a_board_is_one_sentence(given, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        xh.board(**{"questions": ["wired"], **given})


# -- claims ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
def tables(monkeypatch):
    """Tables made up for the purpose: a is better than b by far, b and c are alike, d is as good as the edges."""
    rng = np.random.default_rng(0)
    base = rng.normal(0.6, 0.1, 40)
    made = {
        "a": base + 0.3,
        "b": base + 0.1,
        "c": base + 0.1 + rng.normal(0, 0.03, 40),
        "d": base,
        "Edges": base + rng.normal(0, 0.03, 40),
    }

    def fake(name):
        rows = [(i, m, "contrast", v, 2) for m, values in made.items() for i, v in enumerate(values)]
        return pd.DataFrame(rows, columns=["image", "method", "metric", "value", "passes"])

    monkeypatch.setattr(results, "results", fake)
    monkeypatch.setattr(claims, "results", fake)
    return made


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("contrast: a beats b", True),
        ("contrast: b beats a", False),
        ("contrast: b beats c", False),
        ("contrast: b equals c", True),
        ("contrast: a equals b", False),
        ("contrast: a wins", True),
        ("contrast: b wins", False),
        ("contrast: no clear winner", False),
        ("contrast: b beats controls", True),
        ("contrast: d beats controls", False),
        ("contrast: d fails controls", True),
        ("contrast: a above 0.8", True),
        ("contrast: a above 0.9", False),
        ("contrast: d below 0.7", True),
    ],
)
def test_claims_are_read_against_the_table(tables, claim, holds):
    checked = claims.check(claim)
    assert checked.holds is holds and any(figure.isdigit() for figure in checked.numbers)


def test_a_claim_fails_when_the_table_changes(tables):
    assert claims.check("contrast: a wins").holds
    tables["b"] = tables["a"] + 0.001 * np.arange(40)
    assert not claims.check("contrast: a wins").holds
    tables["a"] = tables["b"] = tables["c"] = tables["d"]
    assert claims.check("contrast: no clear winner").holds


@pytest.mark.parametrize(
    "claim", ["a beats b", "beauty: a beats b", "contrast: a is nice", "contrast: z beats a", "contrast: a beats z"]
)
def test_a_claim_that_can_not_be_read_is_an_error(tables, claim):
    with pytest.raises(ValueError, match="can't be read|is no row"):
        claims.check(claim)


def test_claims_are_found_in_texts():
    text = "It is better.<!-- claim: contrast: a beats b -->\nAnd\n<!--claim:  wired: x\nwins-->"
    assert claims.claims_in(text) == ["contrast: a beats b", "wired: x wins"]


def test_the_board_measures_what_the_protocol_does():
    truth = evidence.wired(2)
    table = protocol.run(truth, {"mine": (board_module.entered_as(right, "mine"), {})}, protocol.WIRED)
    assert (table[table.metric == "used"].value == 1).all() and (table.passes == 0).all()
