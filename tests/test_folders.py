"""Folders of images, as learners have them."""

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
    with pytest.warns(UserWarning, match=r"notes.txt \(no image that Pillow can read\)\."):
        images_from_folder(folder)


@pytest.mark.parametrize("name", ["a.JPG", "a.jpeg", "a.webp", "a.bmp", "a.gif", "a.tif", "a.png", "deeper/a.png"])
def test_usual_formats_and_deeper_folders(folder, name):
    write(folder / "blue" / name)
    assert images_from_folder(folder).counts["blue"] == 1


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
    ],
)
def test_what_can_not_be_used_is_one_sentence(folder, given, kind, says):
    with pytest.raises(kind, match=says) as error:
        images_from_folder(given(folder))
    assert str(error.value).count(". ") == 0 and str(error.value).endswith(".")


def test_a_size_that_is_none(folder):
    with pytest.raises(ValueError, match="size is 0: expected a whole number of pixels"):
        images_from_folder(folder, size=0)
