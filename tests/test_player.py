"""What a player records: which positions, the pictures as the course draws them, and HTML that needs nothing else."""

import base64
import io
import json
import re
import warnings

import numpy as np
import pytest
from PIL import Image

import xaihelpers as xh
from xaihelpers.plots import colour, overlay
from xaihelpers.results import Attribution, Cost
from xaihelpers.widgets.player import RECORD, Control, record, to_html
from xaihelpers.widgets.player.positions import MOST, combinations, plan, thinned

ROWS, COLUMNS = np.mgrid[:64, :64]
IMAGE = np.stack([4 * ROWS, 4 * COLUMNS, 2 * (ROWS + COLUMNS)], axis=-1).astype(np.uint8)


def scale(count, start=0):
    return list(range(count)), start, True


def things(count, start=0):
    return list(range(count)), start, False


def ramp(classifier, image, *, by=0, way="right"):
    heatmap = np.linspace(by - 50, 100, image.shape[0] * image.shape[1], dtype=np.float32).reshape(image.shape[:2])
    heatmap = heatmap.T if way == "down" else heatmap
    return Attribution("ramp", 0, f"by {by}", {}, Cost(2, 1, 0.123), heatmap=heatmap, image=image)


def data_of(page):
    return json.loads(re.search(r'<script type="application/json">(.*?)</script>', page, flags=re.S)[1])


# -- which positions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("start", "most"), [(0, 3), (7, 3), (20, 3), (11, 9), (3, 5)])
def test_thinning_keeps_both_ends_and_the_start(start, most):
    kept = thinned(list(range(21)), start, most)
    assert {0, 20, start} <= set(kept) and len(kept) <= most and kept == sorted(kept)


def test_a_small_product_is_recorded_whole():
    kept, together = plan({"a": things(6), "b": things(3), "c": scale(4, 2)})
    assert together == ["a", "b", "c"]
    positions = list(combinations(kept, together, {"a": 0, "b": 0, "c": 2}))
    assert len(positions) == 72 == len({tuple(each.values()) for each in positions})


def test_scales_are_thinned_before_combinations_are_given_up():
    kept, together = plan({"a": scale(8, 4), "b": scale(12, 5), "c": scale(9, 4)})
    assert together == ["a", "b", "c"] and [len(each) for each in kept.values()] == [4, 4, 4]


def test_too_much_for_a_grid_is_a_pair_and_the_rest_one_at_a_time():
    kept, together = plan({"a": things(3), "b": things(6), "c": things(11), "d": things(11)})
    assert together == ["b", "c"] and all(len(kept[name]) == n for name, n in zip("abcd", (3, 6, 11, 11)))
    positions = list(combinations(kept, together, dict.fromkeys("abcd", 0)))
    assert len(positions) == 66 + 2 + 10 == len({tuple(each.values()) for each in positions}) <= MOST
    for each in positions:
        assert each["a"] == each["d"] == 0 or (each["b"] == each["c"] == 0 and 0 in (each["a"], each["d"]))


def test_however_many_there_are_it_stays_bounded_and_the_start_is_there():
    rng = np.random.default_rng(0)
    for _ in range(300):
        controls = {}
        for name in "abcdef"[: rng.integers(1, 7)]:
            count = int(rng.integers(1, 40))
            controls[name] = list(range(count)), int(rng.integers(count)), bool(rng.integers(2))
        kept, together = plan(controls)
        start = {name: place for name, (_, place, _) in controls.items()}
        positions = [tuple(each.values()) for each in combinations(kept, together, start)]
        assert tuple(start.values()) in positions and len(set(positions)) == len(positions)
        largest = sum(count for count in (len(values) for values, _, numbers in controls.values() if not numbers))
        assert len(positions) <= max(MOST, largest + 3 * len(controls))


def test_what_is_costly_is_recorded_at_fewer_positions():
    def costly(classifier, image, *, a=0, b=0, passes=1):
        found = ramp(classifier, image, by=a + b)
        return Attribution(**{**vars(found), "cost": Cost(passes, 0, 0)})

    counts = {}
    for passes in (1, 1500, 10**9):
        data = data_of(xh.explore(costly, None, IMAGE, a=(0, 8), b=(0, 8), passes=passes).player())
        counts[passes] = len(data["positions"])
    assert counts == {1: 81, 1500: 25, 10**9: 9}


# -- what is kept of them --------------------------------------------------------------------------------------------------


def recorded(classifier=None, **ranges):
    return data_of(xh.explore(ramp, classifier, IMAGE, **ranges).player())


def test_the_image_is_stored_once_and_each_map_once():
    data = recorded(by=(0, 40, 10), way=["right", "down"])
    assert len(data["positions"]) == 10 and len(data["tiles"]) == 1 + 10
    assert {tuple(each["panels"][0]) for each in data["positions"].values()} == {(0, None, None)}


def level(data, number):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data["tiles"][number]))).convert("RGB"))


def test_what_the_player_computes_is_what_the_course_draws():
    """The script's arithmetic, in numpy: the browser's own is compared with the same in tests/browser/test_player.py."""
    data = recorded(by=[20], way=["right"])
    (position,) = data["positions"].values()
    picture, heat, name = position["panels"][2]
    palette = np.frombuffer(base64.b64decode(data["palettes"][name]), np.uint8).reshape(256, 3)
    levels, image = level(data, heat)[..., 0].astype(int), level(data, picture).astype(float)
    result = ramp(None, IMAGE, by=20)
    assert name == data["signed"] and np.abs(palette[levels] - 255 * colour(result.heatmap)[0]).mean() < 2
    strength = np.abs(2 * levels / 255 - 1)
    share = 0.55 * (0.4 + 0.6 * strength)[..., None]
    drawn = (1 - share) * (image @ [0.299, 0.587, 0.114])[..., None] + share * palette[levels]
    assert np.abs(drawn - overlay(result)).mean() < 3


def test_words_and_alt_texts_are_of_their_position_and_name_no_seconds():
    data = recorded(by=(0, 80, 40))
    for by, position in zip((0, 40, 80), data["positions"].values()):
        assert position["text"][0].startswith(f"Ramp of “by {by}” · colours from") and position["text"][0].endswith(
            "2 forward, 1 backward"
        )
        assert position["alt"].startswith(f"Ramp map for by {by}: strongest in the lower right")


def test_it_is_the_same_twice_and_leaves_the_widget_as_it_was():
    widget = xh.explore(ramp, None, IMAGE, by=(0, 80, 20))
    before = widget.picture.value, widget.status.value, widget.controls["by"].value
    assert widget.player() == widget.player()
    assert (widget.picture.value, widget.status.value, widget.controls["by"].value) == before


def test_diagnostics_are_recorded_and_an_error_is_raised():
    def moody(classifier, image, *, by):
        if by == 1:
            warnings.warn("One is little: choose more.", xh.DiagnosticWarning, stacklevel=2)
        if by == 3:
            raise ValueError("by is 3: choose another.")
        return image

    data = data_of(xh.explore(moody, None, IMAGE, by=[0, 1]).player())
    assert [each["text"] for each in data["positions"].values()] == [[], ["One is little: choose more."]]
    with pytest.raises(ValueError, match="by is 3"):
        xh.explore(moody, None, IMAGE, by=[0, 1, 2, 3]).player()


def test_lists_visualizations_and_images_to_choose_from():
    def row(classifier, image, *, by=0):
        return [image, ramp(classifier, image, by=by), 255 - image]

    data = data_of(xh.explore(row, None, {"one": IMAGE, "two": 255 - IMAGE}, by=[0, 9]).player())
    assert [each["name"] for each in data["controls"]] == ["image", "by"] and len(data["positions"]) == 4
    assert all([panel[2] for panel in each["panels"]] == [None, "RdBu", None] for each in data["positions"].values())


def test_pictures_are_compressed_until_they_fit(monkeypatch):
    noise = np.random.default_rng(0).integers(0, 256, (12, 128, 128, 3), np.uint8)
    found = record([Control("n", [str(n) for n in range(12)], 0, False)], lambda places: (noise[places[0]], []))
    assert sum(map(len, found.tiles)) < 125_000
    flat = record([Control("n", ["0", "1"], 0, False)], lambda places: (np.full((64, 64, 3), places[0], np.uint8), []))
    assert sum(map(len, flat.tiles)) < 400


# -- the HTML --------------------------------------------------------------------------------------------------------------


def test_the_html_needs_nothing_else_and_its_script_is_short():
    page = xh.explore(ramp, None, IMAGE, by=(0, 80, 20)).player()
    script = re.findall(r"<script>(.*?)</script>", page, flags=re.S)
    assert len(script) == 1 and len(script[0].encode()) < 10_000
    assert not re.search(r"(src|href)=\"(?!data:)|https?:|@import|url\(", page)
    assert page.count("<img") == 1 and 'alt="Ramp map for' in page  # what is seen where no script runs


def test_a_label_cannot_break_out_of_the_page():
    bad = "</script><script>alert(1)</script>"
    control = Control(bad, [bad, '"&<'], 0, False)
    page = to_html(record([control], lambda places: (np.full((8, 8, 3), places[0], np.uint8), [bad])), b"", bad)
    assert "alert(1)</script>" not in page and data_of(page)["controls"][0]["labels"] == [bad, '"&<']


def test_it_is_part_of_what_is_stored_only_where_notebooks_are_stored(monkeypatch):
    widget = xh.explore(ramp, None, IMAGE, by=(0, 80, 20))
    assert "text/html" not in widget._repr_mimebundle_()
    monkeypatch.setenv(RECORD, "1")
    bundle = widget._repr_mimebundle_()
    assert 'class="xh-player"' in bundle["text/html"] and "application/vnd.jupyter.widget-view+json" in bundle


def test_it_says_what_is_recorded():
    page = xh.explore(ramp, None, IMAGE, by=(0, 80, 1), way=["right", "down"]).player()
    assert "Recorded: 18 positions, by and way in every combination. Run the notebook to reach every value." in page


def test_where_the_notebook_runs_the_sliders_move_and_reach_what_is_not_recorded():
    """What the still picture and the player advise is followed."""
    by, way = (0, 500, 1), ["right", "down"]
    widget = xh.explore(ramp, None, IMAGE, by=by, way=way)
    assert repr(widget) == "Sliders for by, way, overlay: run this notebook to move them."
    page = widget.player()
    assert "Run the notebook to reach every value." in page
    recorded = {float(label) for label in data_of(page)["controls"][0]["labels"]}
    left = min(set(range(501)) - recorded)
    widget.controls["by"].value, widget.controls["way"].value = left, "down"
    assert widget.result.class_name == f"by {left}" and np.array_equal(
        widget.result.heatmap, ramp(None, IMAGE, by=left, way="down").heatmap
    )
