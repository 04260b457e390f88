"""The tables that lesson 11, the board and the guide read: whole, with what made them, and the same when computed anew."""

import gzip

import numpy as np
import pandas as pd
import pytest

import xaihelpers as xh
from xaihelpers.comparison import controls, entries, protocol
from xaihelpers.comparison.results import QUESTIONS, answer, results

# Part of each table that is computed anew: images, and rows that take few passes (their names, controls come along).
QUICK = ["Saliency", "Guided backpropagation", "Grad-CAM", "HiResCAM", "Deep SHAP, blur", "Integrated gradients, blur"]
PARTS = {"wired": 3, "contrast": 3, "sticker": 2, "lesions": 2}


@pytest.fixture(scope="module")
def runs(repository):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(repository))
        from benchmarks import comparison_runs
    return comparison_runs


@pytest.mark.slow  # about a minute
@pytest.mark.parametrize("name", PARTS)
def test_a_part_computed_anew_is_what_is_stored(runs, name):
    stored = results(name)
    size = runs.Size(**stored.attrs["about"]["size"])._replace(pairs=6, pairs_asked=2)
    make, combine = runs.RUNS[name]
    legs = [leg for leg in make(size) if not any(row.sampled for row in leg.rows) and "road" not in leg.measures]
    few = list(legs[0].evidence.images)[: PARTS[name] * (2 if name == "contrast" else 1)]
    rows = [row for row in legs[0].rows if row.label in QUICK or row.is_control]
    again = combine([protocol.run(leg.evidence.only(few), rows, leg.measures) for leg in legs])
    both = again.merge(stored, on=["image", "method", "metric"], suffixes=("", "_stored"))
    assert len(both) >= len(again.dropna(subset="value")) > 20
    # Another processor rounds otherwise, and a map's highest pixel may then be another one.
    same = np.isclose(both.value, both.value_stored, atol=0.02, equal_nan=True) & (both.passes == both.passes_stored)
    assert same.mean() >= 0.95, both[~same]


@pytest.mark.parametrize("name", sorted({each.table for each in QUESTIONS.values()} | {"healthy", "agreement"}))
def test_the_tables_are_whole_and_say_what_made_them(name):
    table = results(name)
    about = table.attrs["about"]
    assert about["table"] == name and about["cores"] >= 1 and about["seconds"] > 0
    assert {"tensorflow", "keras", "numpy", "python", "size", "images"} <= set(about)
    if name in ("agreement", "randomised"):
        return
    assert not table.note.fillna("").str.startswith("failed").any()
    known = {label for row in entries.entries("any") for label in row.labels.values()}
    assert set(table.method) <= known and set(controls.CONTROL_TITLES.values()) <= set(table.method)
    assert not table.duplicated(["image", "method", "metric"]).any()


def test_what_chance_scores_is_what_it_must():
    for question, asked in QUESTIONS.items():
        if asked.chance is None:
            continue
        row = answer(question).loc["Chance"]
        assert row.low - 0.02 <= asked.chance <= row.high + 0.02, question
    assert answer("sticker").loc["Chance", "mean"] == 0


@pytest.mark.parametrize("question", ["removal", "lesions", "deletion", "contrast"])
@pytest.mark.parametrize("baseline", ["blur", "mean", "black"])
def test_integrated_gradients_and_deep_shap_on_one_baseline_agree_within_their_spread(question, baseline):
    """Two ways to share out one difference: what parts them is their baseline, not their name."""
    asked = QUESTIONS[question]
    table = results(asked.table)
    wide = table[table.metric == asked.metric].pivot(index="image", columns="method", values="value")
    one, other = (wide[f"{name}, {baseline}"] for name in ("Integrated gradients", "Deep SHAP"))
    both = pd.concat([one, other], axis=1).dropna()
    assert len(both) >= 20
    assert abs((one - other).mean()) < min(one.std(), other.std())


def test_signs_and_settings_are_rows_and_every_technique_has_two():
    table = results("lesions")
    for name in (method for method in xh.METHODS if xh.METHODS[method].family != "feature visualization"):
        labels = [row.label for row in entries.entries("any") if row.technique == name]
        assert len([label for label in labels if label in set(table.method)]) >= 2, name


def test_rows_that_a_table_lacks_are_added_and_the_others_stay(runs, monkeypatch, tmp_path):
    whole, lost = results("wired"), ["XGrad-CAM", "XGrad-CAM, relu False"]
    part = whole[~whole.method.isin(lost)].reset_index(drop=True)
    written = {}
    monkeypatch.setattr(runs, "STORED", tmp_path)
    monkeypatch.setattr(runs, "results", lambda name: part)
    monkeypatch.setattr(runs, "write", lambda name, table, about: written.update({name: (table, about)}))
    assert runs.add("wired", runs.Size(wired=2, wired_asked=1))
    table, about = written["wired"]
    pd.testing.assert_frame_equal(table[: len(part)], part, check_dtype=False)
    added = table[len(part) :]
    rows = [row for row in entries.entries("any") if row.label in lost]
    assert set(added.method) == {label for row in rows for label in row.labels.values()} and added.image.nunique() == 2
    both = added.merge(whole, on=["image", "method", "metric"], suffixes=("", "_stored"))
    assert len(both) == added.method.isin(lost).sum() > 0 and np.allclose(both.value, both.value_stored, atol=0.02)
    assert '"added": [' in about and about.startswith("# {") and not list(tmp_path.iterdir())
    monkeypatch.setattr(runs, "results", lambda name: whole)
    assert runs.add("wired", runs.Size(wired=2, wired_asked=1)) is False


def test_an_interrupted_run_goes_on_with_the_table_that_it_was_at(runs, tmp_path, monkeypatch):
    """And one with another size, or of tables that are named, starts from the first."""
    computed, stop_at = [], "sticker"

    def table_of(name, size, jobs):
        if name == stop_at:
            raise SystemExit("Stopped")
        computed.append(name)
        return pd.DataFrame({"value": [len(computed)]}), [{"images": 1}]

    monkeypatch.setattr(runs, "STORED", tmp_path)
    monkeypatch.setattr(runs, "table_of", table_of)
    with pytest.raises(SystemExit):
        runs.compute(None, runs.QUICK)
    assert computed == ["wired", "contrast"]
    with pytest.raises(SystemExit):
        runs.compute(None, runs.Size())
    assert computed == ["wired", "contrast"] * 2
    runs.compute(["wired"], runs.Size())
    stop_at = None
    runs.compute(None, runs.Size())
    assert computed == ["wired", "contrast"] * 2 + ["wired", *runs.TABLES[2:]]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"comparison-{name}.csv.gz" for name in runs.TABLES)
    assert gzip.decompress((tmp_path / "comparison-wired.csv.gz").read_bytes()).decode().splitlines()[1:] == ["value", "5"]
    runs.compute(None, runs.Size())
    assert computed[-len(runs.TABLES) :] == list(runs.TABLES)
