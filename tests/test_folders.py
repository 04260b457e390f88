"""Folders of images, as learners have them."""

import re

import numpy as np
import pytest
from PIL import Image

from xaihelpers.folders import images_from_folder


def write(path, colour=(10, 200, 30), size=(40, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


@pytest.fixture
def folder(tmp_path):
    """Two classes: three green images, one red one."""
    for i in range(3):
        write(tmp_path / "green" / f"{i}.png")
    write(tmp_path / "red" / "0.png", (250, 0, 0))
    return tmp_path


def test_images_labels_and_names(folder):
    data = images_from_folder(folder, size=20)
    assert data.images.shape == (4, 20, 20, 3) and data.images.dtype == np.uint8
    assert (data.images[:3] == (10, 200, 30)).all() and (data.images[3] == (250, 0, 0)).all()
    assert data.labels.tolist() == [0, 0, 0, 1] and data.class_names == ["green", "red"]
    assert [path.name for path in data.files] == ["0.png", "1.png", "2.png", "0.png"] and not data.skipped


def test_counts_and_imbalance_are_shown(folder):
    data = images_from_folder(folder)
    assert data.counts == {"green": 3, "red": 1} and data.imbalance == 3
    text = repr(data)
    assert "4 images of 2 classes, 128 x 128 pixels" in text
    assert "green      3   75%" in text and "red        1   25%" in text and "unbalanced, 3.0 to 1" in text


def test_ninety_of_a_hundred_are_used_and_ten_are_named(tmp_path):
    for i in range(90):
        write(tmp_path / "ab"[i % 2] / f"{i:02}.jpg")
    whole = (tmp_path / "a" / "00.jpg").read_bytes()
    broken = [b"", b"no image at all", whole[:100], whole[: len(whole) // 2], b"\x89PNG\r\n\x1a\n"]
    names = {f"broken-{i}.jpg" for i in range(10)}
    for i, name in enumerate(sorted(names)):
        (tmp_path / "ab"[i % 2] / name).write_bytes(broken[i % 5])
    with pytest.warns(UserWarning, match="10 of 100 files") as told:
        data = images_from_folder(tmp_path, size=16)
    assert len(data) == 90 and np.bincount(data.labels).tolist() == [45, 45]
    assert {path.name for path, _ in data.skipped} == names
    assert all(name in str(told[0].message) for name in names)
    assert "10 files skipped" in repr(data)


def test_the_reason_is_given_without_the_advice(folder):
    (folder / "red" / "notes.txt").write_text("hello")
    with pytest.warns(UserWarning, match=r"notes.txt \(no image of a format that is read here\)\."):
        images_from_folder(folder)


@pytest.mark.parametrize("name", ["a.JPG", "a.jpeg", "a.webp", "a.bmp", "a.gif", "a.tif", "a.png", "deeper/a.png"])
def test_usual_formats_and_deeper_folders(folder, name):
    write(folder / "blue" / name)
    assert images_from_folder(folder).counts["blue"] == 1


LEFT_BEHIND = [
    ".ipynb_checkpoints", "__MACOSX", "@eaDir", "green/.ipynb_checkpoints", "green/__MACOSX/green", "red/@eaDir/0.png",
    "green/$RECYCLE.BIN", "red/.thumbnails", "red/__pycache__", "green/deeper/.hidden", "green/#recycle", "lost+found",
]  # fmt: skip


@pytest.mark.parametrize("left", LEFT_BEHIND)
@pytest.mark.parametrize("change", [str, str.upper])
def test_folders_that_systems_leave_behind_are_not_read_and_are_named(folder, left, change):
    """A copy of an image of another colour lies in each; nothing of it may come back."""
    *parents, last = left.split("/")
    left = "/".join([*parents, change(last)]) if last.lower() != "green" else left
    write(folder / left / "copy.png", (1, 2, 3))
    data = images_from_folder(folder, size=16)
    assert data.counts == {"green": 3, "red": 1} and not (data.images == (1, 2, 3)).all(axis=-1).any()
    junk = next(part for part in left.split("/") if part not in ("green", "red", "deeper", "0.png"))
    assert [path.name for path, _ in data.left_out] == [junk]
    assert junk in repr(data) and "left out" in repr(data)


@pytest.mark.parametrize("name", ["Thumbs.db", "THUMBS.DB", "desktop.ini", ".DS_Store", "._0.png", ".hidden.png", "ehthumbs.db"])
@pytest.mark.parametrize("where", ["", "green", "green/deeper"])
def test_files_that_systems_leave_behind_are_not_read_and_are_named(folder, where, name):
    write(folder / "green" / "deeper" / "4.png")
    (folder / where / name).write_bytes((folder / "red" / "0.png").read_bytes())
    data = images_from_folder(folder, size=16)
    assert data.counts == {"green": 4, "red": 1} and [path.name for path, _ in data.left_out] == [name]
    assert name in repr(data)


@pytest.mark.parametrize("where", ["thumbnails", "green/Thumbs", "red/THUMBNAIL"])
def test_thumbnail_folders_and_loose_images_are_left_out_with_a_warning(folder, where):
    write(folder / where / "0.png", (1, 2, 3))
    with pytest.warns(UserWarning, match=where):
        data = images_from_folder(folder)
    assert len(data) == 4 and f"left out: {where}" in repr(data)


def test_a_loose_image_is_named_and_a_loose_text_is_only_listed(folder):
    write(folder / "lost.png")
    (folder / "README.txt").write_text("hello")
    with pytest.warns(UserWarning, match=r"left out: lost.png\.$"):
        data = images_from_folder(folder)
    assert "left out: README.txt (in no class folder)" in repr(data) and len(data) == 4


def test_images_in_folders_inside_a_class_are_counted_where_they_lie(folder):
    write(folder / "green" / "patient 7" / "a.png")
    data = images_from_folder(folder)
    assert data.counts["green"] == 4 and "green is read with the folders inside it: 3 in itself, 1 in patient 7" in repr(data)


PARTS = [("train", "test"), ("Train", "Test", "Valid"), ("TRAINING", "validation"), ("train_set", "test_set"), ("train", "val"),
         ("train2017", "val2017"), ("Training Set", "Testing Set"), ("dev", "train")]  # fmt: skip


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("beside", [(), ("notes",), ("cats", "dogs")])
def test_parts_of_a_data_set_around_the_classes_are_refused_and_the_advice_works(tmp_path, parts, beside):
    for part in parts:
        for kind in ("cats", "dogs"):
            write(tmp_path / part / kind / f"{part}.png")
    for name in beside:
        write(tmp_path / name / "x.png")
    with pytest.raises(ValueError, match="not classes: give one of them") as refused:
        images_from_folder(tmp_path)
    advice = re.search(r"such as (.*)\.$", str(refused.value))[1]
    assert all(name in str(refused.value) for name in (*parts, *beside))
    data = images_from_folder(advice)
    assert data.counts == {"cats": 1, "dogs": 1} and "tr" in data.files[0].name.lower()
    assert images_from_folder(tmp_path, part=parts[-1].lower()).files[0].stem == parts[-1]


@pytest.mark.parametrize("name", ["test", "Val", "TRAIN", "holdout"])
def test_a_flat_part_beside_the_classes_is_refused(folder, name):
    write(folder / name / "unlabelled.png")
    with pytest.raises(ValueError, match=f"subfolders {name} beside green, red: .*move what is no class out"):
        images_from_folder(folder)
    (folder / name).rename(folder.parent / f"{folder.name}-{name}")
    assert len(images_from_folder(folder)) == 4


def test_valid_and_invalid_are_classes(tmp_path):
    for name in ("valid", "invalid"):
        write(tmp_path / name / "a.png")
    assert images_from_folder(tmp_path).class_names == ["invalid", "valid"]


@pytest.mark.parametrize("parts", PARTS)
def test_parts_inside_the_classes_are_not_mixed_and_the_advice_works(tmp_path, parts):
    for part in parts:
        for kind in ("cats", "dogs"):
            write(tmp_path / kind / part / f"{part}.png")
    with pytest.raises(ValueError, match="which would be mixed: say which one to read") as refused:
        images_from_folder(tmp_path)
    part = re.search(r"part='(.*)'", str(refused.value))[1]
    data = images_from_folder(tmp_path, part=part)
    assert {file.parent.name for file in data.files} == {part} and data.counts == {"cats": 1, "dogs": 1}
    assert sum(why == f"not {part}" for _, why in data.left_out) == 2 * (len(parts) - 1)
    with pytest.raises(ValueError, match="has no subfolder nothing"):
        images_from_folder(tmp_path, part="nothing")


def test_a_folder_one_level_too_high_is_refused_and_the_advice_works(tmp_path):
    for part in ("seg_train", "seg_pred"):
        for kind in ("forest", "sea", "street"):
            write(tmp_path / part / kind / "a.png")
    with pytest.raises(ValueError, match="all hold the subfolders forest, sea, street") as refused:
        images_from_folder(tmp_path)
    assert len(images_from_folder(re.search(r"such as (.*), or", str(refused.value))[1])) == 3
    with pytest.raises(ValueError, match=r"one class only .*then give (.*)\.") as refused:
        images_from_folder(_wrapped(tmp_path / "seg_train"))
    assert len(images_from_folder(re.search(r"then give (.*)\.", str(refused.value))[1])) == 3


def _wrapped(folder):
    (folder.parent / "outer").mkdir()
    folder.rename(folder.parent / "outer" / "data")
    return folder.parent / "outer"


def test_twelve_bit_files_are_named_with_the_way_out_which_works(tmp_path):
    for kind, level in (("a", 1000), ("b", 4000)):
        (tmp_path / kind).mkdir()
        Image.fromarray(np.full((20, 20), level, np.uint16)).save(tmp_path / kind / "0.png")
    with pytest.raises(ValueError, match=r"0.png has numbers .*which of them is white: value_range="):
        images_from_folder(tmp_path, size=16)
    data = images_from_folder(tmp_path, size=16, value_range=(0, 4095))
    assert data.images[0].max() == round(1000 / 4095 * 255) and data.images[1].max() == round(4000 / 4095 * 255)


def test_what_systems_leave_behind_is_no_image_and_no_class(folder):
    for left in (".DS_Store", "green/.DS_Store", "green/Thumbs.db", "green/desktop.ini", ".ipynb_checkpoints/x.png"):
        (folder / left).parent.mkdir(exist_ok=True)
        (folder / left).write_bytes(b"?")
    data = images_from_folder(folder)
    assert data.class_names == ["green", "red"] and not data.skipped


def _nothing(folder):
    return folder / "not_there"


def _a_file(folder):
    return folder / "red" / "0.png"


def _empty(folder):
    (folder / "empty").mkdir()
    return folder / "empty"


def _only_images(folder):
    return folder / "green"


def _one_class(folder):
    (folder / "red" / "0.png").unlink()
    (folder / "red").rmdir()
    return folder


def _tiny(folder):
    for path in folder.rglob("*.png"):
        write(path, size=(1, 1))
    return folder


def _empty_class(folder):
    (folder / "blue").mkdir()
    return folder


def _splits(folder):
    for part in ("train", "test"):
        write(folder / "all" / part / "green" / "0.png")
    return folder / "all"


def _splits_without_classes(folder):
    (folder / "green").rename(folder / "train")
    (folder / "red").rename(folder / "test")
    return folder


@pytest.mark.parametrize(
    ("given", "kind", "says"),
    [
        (_nothing, FileNotFoundError, "There is no folder .*not_there"),
        (_a_file, NotADirectoryError, "is a file: expected a folder"),
        (_empty, ValueError, "is empty: expected a folder with one subfolder"),
        (_only_images, ValueError, "files but no subfolders"),
        (_one_class, ValueError, r"one class only \(green\)"),
        (_tiny, ValueError, "no image that can be used: 0.png is 1 x 1 pixels, at least 16 x 16"),
        (_empty_class, ValueError, "class folder .*blue has no image that can be used: it is empty"),
        (_splits, ValueError, "parts of a data set, not classes: give one of them, such as .*train"),
        (_splits_without_classes, ValueError, "after sorting its images into one subfolder a class"),
    ],
)
def test_what_can_not_be_used_is_one_sentence(folder, given, kind, says):
    with pytest.raises(kind, match=says) as error:
        images_from_folder(given(folder))
    assert str(error.value).count(". ") == 0 and str(error.value).endswith(".")


def test_a_size_that_is_none(folder):
    with pytest.raises(ValueError, match="size is 0: expected a whole number of pixels"):
        images_from_folder(folder, size=0)
