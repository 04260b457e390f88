"""Stored results are found by name, wherever the package is installed."""

import json

import pytest
from PIL import Image

import xaihelpers as xh


def test_a_stored_result_is_a_file():
    assert json.loads(xh.stored("class_pictures.json").read_text())["steps"] == 160


def test_the_large_dreams_and_the_grid_of_channels_are_as_their_tables_say():
    dreams = json.loads(xh.stored("dreams.json").read_text())
    assert Image.open(xh.stored("dreams.jpg")).size == (448 * len(dreams["dreams"]), 448) and dreams["edge"] == 448
    film = xh.stored("dream_zoom.webp")
    assert film.stat().st_size < 400_000
    with Image.open(film) as playing:
        assert (playing.n_frames, playing.size) == (dreams["film"]["frames"], (dreams["film"]["edge"],) * 2)
    grid = json.loads(xh.stored("channel_grid.json").read_text())
    assert Image.open(xh.stored("channel_grid.webp")).size == (grid["edge"] * grid["columns"], grid["edge"] * len(grid["layers"]))
    assert grid["edge"] >= 130 and all(len(row["channels"]) == grid["columns"] for row in grid["layers"].values())
    assert all(rise > 0 for row in grid["layers"].values() for rise in row["risen"])


@pytest.mark.parametrize("name", ["nothing.csv", "../rashnet.weights.h5", "", None])
def test_another_name_gives_the_names_there_are(name):
    with pytest.raises(FileNotFoundError, match="class_pictures.json"):
        xh.stored(name)
