"""The table of what works on which network: nothing in it is wrong, it is what the code does, and its judges can say no."""

import keras
import numpy as np
import pytest

import xaihelpers as xh
from benchmarks.compatibility import table
from benchmarks.compatibility.judges import JUDGES, judge
from benchmarks.compatibility.networks import FAMILIES, HAND_MADE, WRAPPED, soften

FAMILIES_AT_LEAST = 12  # as they are, in Sequential, and inside another model
# A few seconds each: a head of each sort, a number type; and a family, which takes longer.
PART = ["one sigmoid", "the same in mixed bfloat16", "another input, held"]
PART.append(pytest.param("MobileNet, in Sequential", marks=pytest.mark.slow))


@pytest.fixture(scope="module")
def stored():
    return table.stored()


def test_every_technique_and_kind_of_network_is_in_the_table(stored):
    assert JUDGES.keys() == xh.METHODS.keys()
    assert list(stored) == [*FAMILIES, *HAND_MADE]
    assert all(list(verdicts) == list(JUDGES) for verdicts in stored.values())
    written = {kind: {name.split(",")[0] for name in stored if name.endswith(f", {kind}")} for kind in WRAPPED}
    assert all(len(families) >= FAMILIES_AT_LEAST for families in written.values())


def test_no_answer_in_the_table_is_wrong(stored):
    each = [verdict for verdicts in stored.values() for verdict in verdicts.values()]
    assert not [verdict for verdict in each if verdict.verdict not in ("right", "doubted", "refused")]
    for verdict in each:
        assert bool(verdict.says) == (verdict.verdict != "right"), verdict
        assert not verdict.says or (verdict.says.endswith(".") and "\n" not in verdict.says), verdict


def test_the_page_is_what_is_stored(stored):
    parts = {"keras.applications": list(FAMILIES), "Written by hand": list(HAND_MADE)}
    assert table.PAGE.read_text(encoding="utf-8") == table.page(stored, parts, list(JUDGES))


@pytest.mark.parametrize("name", PART)
def test_a_part_of_the_table_computed_anew(name, stored):
    subject = (FAMILIES | HAND_MADE)[name]()
    found = {technique: judge(subject, technique)[0] for technique in stored[name]}
    assert set(found.values()) <= {"right", "refused"}
    assert found == {technique: each.verdict for technique, each in stored[name].items()}


def test_the_head_that_is_softened_is_the_last_layer_also_inside_another_model():
    """With another layer the logits would stay as far apart as they are: the loop has an end, and says so."""
    i = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(3, 3, activation="relu")(i)
    inner = keras.Model(i, keras.layers.Dense(2, activation="softmax")(keras.layers.GlobalAveragePooling2D()(x)))
    inner.layers[-1].kernel.assign([[90.0, -90.0]] * 3)
    model = keras.Sequential([keras.Input((8, 8, 3)), inner])
    head = inner.layers[-1].kernel.numpy()
    soften(model, np.ones((2, 8, 8, 3), np.float32), None)
    p = model(np.ones((1, 8, 8, 3), np.float32)).numpy()
    assert 0.05 <= np.ptp(np.log(p)) <= 5 and not np.array_equal(inner.layers[-1].kernel, head)
    inner.layers[1].kernel.assign(np.zeros((3, 3, 3, 3)))
    with pytest.raises(ValueError, match="whatever the head's weights are"):
        soften(model, np.ones((2, 8, 8, 3), np.float32), None)


@pytest.mark.parametrize("technique", JUDGES)
def test_a_judge_can_say_no(technique):
    subject = HAND_MADE["convolutions, ReLU, softmax"]()
    assert judge(subject, technique)[0] == "right"
    subject.prepare = lambda x: 2 * x  # TensorFlow alone now looks at another picture than the technique
    verdict, off, _ = judge(subject, technique)
    assert verdict in ("wrong", "doubted")
    assert off > 10 * subject.close
