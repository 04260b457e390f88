"""Stored results are found by name, wherever the package is installed."""

import json

import pytest

import xaihelpers as xh


def test_a_stored_result_is_a_file():
    assert json.loads(xh.stored("class_pictures.json").read_text())["steps"] == 160


@pytest.mark.parametrize("name", ["nothing.csv", "../rashnet.weights.h5", "", None])
def test_another_name_gives_the_names_there_are(name):
    with pytest.raises(FileNotFoundError, match="class_pictures.json"):
        xh.stored(name)
