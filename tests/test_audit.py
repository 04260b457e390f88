"""An audit: clean drawings alarm nobody, planted shortcuts are named, copies and bad files are counted and shown."""

import numpy as np
import pytest
from augmented import with_copies
from PIL import Image

import xaihelpers as xh
from xaihelpers.auditing import probes
from xaihelpers.auditing.files import file_facts
from xaihelpers.auditing.probes import run_probes
from xaihelpers.rashes import make_rashes

N = 108


def alarms(images, data, facts=None, seed=0):
    found = run_probes(images, facts, data.labels, np.arange(len(images)), data.class_names, seed)
    assert all(probe.sentence.count("95 % interval") == 1 and probe.sentence.endswith(".") for probe in found)
    return {probe.name: probe.named for probe in found if probe.alarm}


@pytest.fixture(scope="module")
def drawn():
    return make_rashes(N, seed=21)


@pytest.mark.slow
def test_clean_drawings_alarm_at_most_once_in_ten_seeds():
    """About a minute."""
    found = [alarms(data.images, data, seed=k) for k, data in enumerate(make_rashes(N, seed=50 + k) for k in range(10))]
    assert sum(map(len, found)) <= 1, found


def planted(data, change, label=4, share=0.95, seed=0):
    """Return the images with `change` made to most images of one class, and to one in twenty of the others."""
    rng = np.random.default_rng(seed)
    chosen = np.where(data.labels == label, rng.random(len(data.labels)) < share, rng.random(len(data.labels)) < 0.05)
    return [change(image.copy()) if yes else image for image, yes in zip(data.images, chosen)]


def dark_border(image):
    for side in (image[:5], image[-5:], image[:, :5], image[:, -5:]):
        side[:] = side // 3
    return image


def other_camera(image):
    return np.clip(image * np.array([1.12, 1.0, 0.85]), 0, 255).astype(np.uint8)


def grey(image):
    return np.repeat(image.mean(axis=2, keepdims=True), 3, axis=2).astype(np.uint8)


def test_a_planted_border_is_named(drawn):
    found = alarms(planted(drawn, dark_border), drawn)
    assert found["border"] == ("monkeypox",) and set(found) <= {"border", "thumbnail", "centre hidden"}


@pytest.mark.parametrize("change", [other_camera, grey])
def test_a_planted_camera_colour_is_named(drawn, change):
    found = alarms(planted(drawn, change), drawn)
    assert found["mean colour"] == ("monkeypox",)


def write(folder, data, how):
    """Write the images as files. how(label, n): (suffix, options of Pillow) for each."""
    for n, (image, label) in enumerate(zip(data.images, data.labels)):
        suffix, options = how(label, n)
        path = folder / data.class_names[label] / f"{n:03}.{suffix}"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image).resize((160, 160)).save(path, **options)


@pytest.mark.parametrize(
    ("how", "named"),
    [
        (lambda label, n: ("png", {}), False),
        (lambda label, n: ("jpg", {"quality": 80}), False),
        (lambda label, n: ("jpg", {"quality": 95 if label == 2 else 70}), True),
        (lambda label, n: ("png", {"compress_level": 0 if label == 2 else 6}), True),
        (lambda label, n: ("png" if label == 2 else "jpg", {}), True),
        (lambda label, n: ("jpg", {"quality": 80 if label == 2 else 70}), True),
        (lambda label, n: ("bmp" if label == 2 else "png", {}), True),
    ],
)
def test_a_planted_size_of_files_is_named_and_what_the_pictures_show_is_not(tmp_path, drawn, how, named, monkeypatch):
    monkeypatch.setattr(probes, "WORDS", {"file": probes.WORDS["file"]})  # what looks at the pictures sees the same each time
    write(tmp_path, drawn, how)
    found = xh.audit(tmp_path, groups="images")
    file = next(probe for probe in found.probes if probe.name == "file")
    assert file.named == (("healthy",) if named else ()), file.sentence
    assert ("the size and format of the files alone tells 'healthy'" in file.sentence) == named
    assert len(found.facts) == N


def test_the_whole_on_a_folder_with_copies_and_bad_files(tmp_path):
    data = make_rashes(18, seed=3)
    images, families = with_copies(list(data.images), kinds=("flip", "crop", "bright"))
    for n, (image, family) in enumerate(zip(images, families)):
        path = tmp_path / data.class_names[data.labels[family]] / f"{n:03}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image).save(path)
        if n < 2:
            Image.fromarray(image).save(path.with_name(f"again-{n}.png"))
    other = tmp_path / data.class_names[(data.labels[0] + 1) % 6] / "wrong-label.png"
    Image.fromarray(images[0]).save(other)
    (tmp_path / "healthy" / "broken.jpg").write_bytes(b"\xff\xd8 not whole")
    Image.fromarray(images[8][:, :, 0]).save(tmp_path / "healthy" / "grey.png")
    with pytest.warns(UserWarning, match="broken.jpg"):
        found = xh.audit(tmp_path)
    assert len(np.unique(found.families)) == 18 and len(found.images) == 18 * 4 + 4
    text = repr(found)
    assert "from 18 photographs" in text and "1 can't be read" in text and "broken.jpg" in text
    assert "copies of 2 photographs are in two classes" in text and any("two classes" in each for each in found.alarms)
    assert "3 images are the same as another to the bit" in text
    assert found.show_families(most=3).png.startswith(b"\x89PNG") and "<img" in found._repr_html_()
    trained = xh.train_classifier((found.images, found.labels), class_names=found.class_names, groups=found.families,
                                  image_size=64, on_chance="warn", cross_validate=False, epochs=2, progress=False)  # fmt: skip
    assert not set(found.families[trained.validation]) & set(found.families[trained.training])


def test_files_of_every_kind_have_facts(tmp_path):
    image = Image.fromarray(make_rashes(6, seed=0).images[0])
    kinds = {"a.jpg": "RGB", "b.jpg": "CMYK", "c.jpg": "L", "d.png": "RGBA", "e.png": "P", "f.webp": "RGB", "g.tif": "RGB"}
    for name, mode in kinds.items():
        image.convert(mode).save(tmp_path / name)
        facts = file_facts(tmp_path / name)
        assert facts.width == 128 and facts.size == (tmp_path / name).stat().st_size and len(facts.numbers) == 12
        assert np.isfinite(facts.numbers).all(), name
        assert 0.9 < facts.rewritten < 1.1 and (facts.compression > 0) == name.endswith("jpg")


def test_arrays_without_files_and_what_is_wrong_with_them(drawn):
    found = xh.audit(drawn.images[:36], drawn.labels[:36], class_names=drawn.class_names, groups="images")
    assert found.facts is None and "file" not in [probe.name for probe in found.probes]
    with pytest.raises(ValueError, match="no copies to show"):
        found.show_families()
    with pytest.raises(ValueError, match="30 images and labels of shape"):
        xh.audit(drawn.images[:30], drawn.labels[:20])
    with pytest.raises(FileNotFoundError, match="There is no folder"):
        xh.audit("nowhere")
