"""The table of all techniques: tidy, resumable, with failures as rows, and the same from a cluster."""

import itertools
import os
import signal
import threading
import time

import joblib
import numpy as np
import pandas as pd
import pytest
from networks import gap_network, image

import xaihelpers as xh
from xaihelpers.comparison import METRICS, summary

IMAGES = np.stack([image(seed=seed) for seed in range(6)])
MASKS = np.zeros((6, 8, 8), bool)
MASKS[:, 2:5, 3:6] = True
METHODS = ["saliency", "grad_cam", "hires_cam"]
CHEAP = ["pointing_game", "mass_inside", "sparseness"]


@pytest.fixture(scope="module")
def classifier():
    return xh.Classifier(gap_network())


def same(a, b):
    pd.testing.assert_frame_equal(a.drop(columns="seconds"), b.drop(columns="seconds"))


def test_every_number_is_that_of_the_metric_called_by_hand(classifier):
    table = xh.compare(classifier, IMAGES[:2], MASKS[:2], METHODS, progress=False)
    assert list(table.columns) == ["image", "method", "metric", "value", "passes", "seconds", "note"]
    assert len(table) == 2 * 3 * 6 and list(table.image[:18]) == [0] * 18
    found = xh.grad_cam(classifier, IMAGES[1])
    rows = table[(table.image == 1) & (table.method == "grad_cam")].set_index("metric")
    expected = {
        "pointing_game": xh.metrics.pointing_game(found, MASKS[1]),
        "mass_inside": xh.metrics.mass_inside(found, MASKS[1]),
        "rank_inside": xh.metrics.rank_inside(found, MASKS[1]),
        "deletion": float(xh.metrics.deletion(classifier, found, steps=20)),
        "insertion": float(xh.metrics.insertion(classifier, found, steps=20)),
        "sparseness": xh.metrics.sparseness(found),
    }
    assert rows.value.to_dict() == pytest.approx(expected, nan_ok=True)
    assert set(rows.passes) == {2}


def test_metrics_that_look_again(classifier):
    table = xh.compare(classifier, IMAGES[:1], None, ["saliency"], ["stability", "randomisation"], progress=False)
    found = xh.metrics.model_randomisation(classifier, "saliency", IMAGES[0], stages=1)
    expected = {"stability": xh.metrics.stability(classifier, "saliency", IMAGES[0]), "randomisation": found.correlations[-1]}
    assert table.set_index("metric").value.to_dict() == pytest.approx(expected, nan_ok=True)
    assert {*table.metric} < {*METRICS}


def test_a_failure_is_a_row_and_not_a_crash(classifier):
    def broken(classifier, image, target=None):
        raise RuntimeError("no light")

    table = xh.compare(classifier, IMAGES[:2], MASKS[:2], {"grad_cam": {}, "mine": (broken, {})}, CHEAP, progress=False)
    failed = table[table.method == "mine"]
    assert list(failed.note) == ["failed: RuntimeError: no light"] * 2
    assert failed[["metric", "value", "passes"]].isna().all(axis=None)
    assert len(table[table.method == "grad_cam"]) == 6
    empty = xh.compare(classifier, IMAGES[:1], MASKS[:1] * 0, ["grad_cam"], ["mass_inside"], progress=False)
    assert "no pixel inside" in empty.note[0] and np.isnan(empty.value[0])


def test_parameters_labels_names_and_own_metrics(classifier):
    methods = {"first": ("grad_cam", {"layer": "maps"}), "signed": ("grad_cam", {"relu": False})}
    metrics = {"largest": lambda classifier, found, mask: found.heatmap.max()}
    table = xh.compare(classifier, {"a": IMAGES[0]}, {"a": MASKS[0]}, methods, metrics, targets=2, progress=False)
    assert list(table.method) == ["first", "signed"] and set(table.image) == {"a"}
    assert table.value[1] == pytest.approx(xh.grad_cam(classifier, IMAGES[0], 2, relu=False).heatmap.max())


def test_summary(classifier):
    table = xh.compare(classifier, IMAGES[:3], MASKS[:3], METHODS, CHEAP, progress=False)
    wide = summary(table, better="sparseness")
    assert wide[("sparseness", "mean")].is_monotonic_decreasing
    assert wide.loc["grad_cam", ("sparseness", "mean")] == pytest.approx(
        table[(table.method == "grad_cam") & (table.metric == "sparseness")].value.mean()
    )
    assert wide.loc["saliency", ("cost", "passes")] == 2 and (wide[("sparseness", "count")] == 3).all()


def test_resumes_where_it_stopped(classifier, tmp_path):
    file = tmp_path / "table.csv"
    arguments = (classifier, IMAGES, MASKS, METHODS, CHEAP)
    whole = xh.compare(*arguments, file=file, progress=False)
    lines = file.read_text().splitlines(keepends=True)
    # Killed within the second metric of the fourth map: three maps are whole.
    file.write_text("".join(lines[:12]) + lines[12][:20])
    again = xh.compare(*arguments, file=file, progress=False)
    same(whole, again)
    assert len(file.read_text().splitlines()) == len(lines)
    before = file.read_text()
    same(whole, xh.compare(*arguments, file=file, progress=False))
    assert file.read_text() == before
    with pytest.raises(ValueError, match="other images, networks or settings"):
        xh.compare(classifier, IMAGES[::-1], MASKS, METHODS, CHEAP, file=file, progress=False)
    with pytest.raises(ValueError, match="other images, networks or settings"):
        xh.compare(xh.Classifier(gap_network(seed=5)), IMAGES, MASKS, METHODS, CHEAP, file=file, progress=False)


def test_interrupted_it_keeps_what_there_is(classifier, tmp_path):
    turn = itertools.count(1)  # what a function keeps in a list or number belongs to the fingerprint, and would change it

    def impatient(classifier, image, target=None):
        if next(turn) == 3:
            raise KeyboardInterrupt
        return xh.grad_cam(classifier, image, target)

    methods = {"mine": (impatient, {})}
    with pytest.warns(UserWarning, match="2 of 6 maps"):
        table = xh.compare(classifier, IMAGES, MASKS, methods, CHEAP, file=tmp_path / "t.csv", progress=False)
    assert set(table.image) == {0, 1}
    assert set(xh.compare(classifier, IMAGES, MASKS, methods, CHEAP, file=tmp_path / "t.csv", progress=False).image) == set(
        range(6)
    )
    assert next(turn) == 3 + 4 + 1


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        (dict(images=[]), ValueError, "no images"),
        (dict(masks=MASKS[:2]), ValueError, "6 images and 2 masks"),
        (dict(masks=3), TypeError, "masks is 3"),
        (dict(methods=["cam"]), ValueError, "no technique 'cam'"),
        (dict(methods={"rise": {"masks": 3}}), TypeError, "masks"),
        (dict(methods={"rise": 3}), TypeError, "A technique is .*: give its name, {name: parameters}"),
        (dict(methods={"mine": (max, {}, 3)}), TypeError, "A technique is .*: give its name, {name: parameters}"),
        (dict(methods={"mine": ([], {})}), TypeError, "A technique is list: give its name"),
        (dict(metrics=["beauty"]), ValueError, "no metric 'beauty'"),
        (dict(targets=[0, 1]), ValueError, "6 images and 2 targets"),
        (dict(targets=9), ValueError, "no class 9"),
    ],
)
def test_bad_arguments(classifier, options, error, sentence):
    with pytest.raises(error, match=sentence):
        xh.compare(classifier, **{"images": IMAGES, "masks": MASKS, "progress": False, **options})


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None)
    with cluster, distributed.Client(cluster) as client:
        yield client


def test_a_cluster_gives_the_same_table(classifier, cluster, tmp_path):
    arguments = (classifier, IMAGES, MASKS, METHODS, CHEAP)
    serial = xh.compare(*arguments, progress=False)
    with joblib.parallel_config(backend="dask"):
        spread = xh.compare(*arguments, progress=False)
    same(serial, spread)

    # The same again, and one of the two processes is killed as soon as the first rows are there.
    file, pids = tmp_path / "t.csv", list(cluster.run(os.getpid).values())

    def kill():
        while not file.exists() or len(file.read_text().splitlines()) < 5:
            time.sleep(0.005)
        os.kill(pids[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with joblib.parallel_config(backend="dask"):
        spread = xh.compare(*arguments, file=file, progress=False)
    killer.join(timeout=30)
    assert not killer.is_alive()
    same(serial, spread)
