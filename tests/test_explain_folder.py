"""From a folder to an answer: what the report says of planted faults, that it needs nothing else, and that no work is lost."""

import functools
import os
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from augmented import with_copies
from PIL import Image
from test_training import coloured, small_backbone

import xaihelpers as xh
from xaihelpers.reporting import steps
from xaihelpers.reporting.verdict import ALARM, FINE, LOOK, Sentence, summary
from xaihelpers.training import train_classifier

# Each picture and its copy have files that follow each other: that they are found is tested elsewhere.
OPTIONS = dict(size=32, method="saliency", progress=False, groups=np.repeat(np.arange(36), 2))


@pytest.fixture(scope="module")
def backbone():
    return small_backbone()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """36 noisy pictures, a tint for each of three classes, with a copy of each; one class has a name that is code."""
    folder = tmp_path_factory.mktemp("photos") / "mine"
    images, labels = coloured(36, size=64)
    images = [np.kron(image[:8, :8], np.ones((8, 8, 1), np.uint8)) for image in images]
    copies, families = with_copies(images, kinds=("bright",))
    for number, (image, family) in enumerate(zip(copies, families)):
        name = ["red", "green", "<b>blue & white</b>".replace("/", "∕")][labels[family]]
        path = folder / name / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    (folder / "red" / "broken.png").write_bytes(b"nothing")
    return folder


@pytest.fixture(scope="module", autouse=True)
def few_epochs():
    """What is tested here is not how well a head learns."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(steps, "train_classifier", functools.partial(train_classifier, epochs=4))
        yield


@pytest.fixture(scope="module")
def report(folder, backbone, tmp_path_factory):
    with pytest.warns(UserWarning, match="broken.png"):
        return xh.explain_folder(folder, backbone=backbone, work=tmp_path_factory.mktemp("work"), **OPTIONS)


class Page(HTMLParser):
    """What a reader of the page meets. tags: [(name, attributes)]; text: all of it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data


def test_a_planted_tint_and_a_broken_file_are_said(report):
    assert report.summary.startswith("Not yet: ")
    alarms = [each.text for each in report.sentences if each.level == ALARM]
    assert any("mean colour alone tells" in text for text in alarms)
    assert any("1 file could not be read" in each.text for each in report.sentences)
    assert any("are 36 photographs and their copies" in each.text for each in report.sentences)


def test_every_image_was_judged_by_a_network_that_had_not_seen_it(report):
    assert (report.classifier.said >= 0).all() and int(report.evaluation.confusion.sum()) == 72
    by_hand = np.zeros((3, 3), int)
    np.add.at(by_hand, (report.audit.labels, report.classifier.said), 1)
    assert np.array_equal(by_hand, report.evaluation.confusion)


def test_maps_are_of_images_held_back_and_those_of_the_technique(report):
    rows = report.right + report.wrong
    assert rows and set(rows) <= set(report.classifier.validation)
    row = rows[0]
    with xh.without_warnings():
        again = xh.saliency(report.classifier, report.audit.images[row], report.said[row])
    assert np.allclose(report.maps[row][0], again.heatmap, rtol=1e-4, atol=1e-6)
    assert all((report.said[k] == report.audit.labels[k]) == (k in report.right) for k in rows)


def test_the_page_needs_nothing_else_and_every_picture_has_words(report, tmp_path):
    text = report.save(tmp_path / "report.html").read_text(encoding="utf-8")
    page = Page(text)
    pictures = [given for tag, given in page.tags if tag == "img"]
    assert len(pictures) > 20 and all(given["src"].startswith("data:image/jpeg;base64,") for given in pictures)
    assert all(len(given["alt"]) > 5 for given in pictures)
    assert not [tag for tag, _ in page.tags if tag in ("script", "link", "iframe")]
    assert not re.search(r"(src|href)=\"(?!data:|#)", text) and "url(" not in text
    assert dict(page.tags)["html"]["lang"] == "en" and 'name="viewport"' in text
    for each in report.sentences:
        assert each.text in page.text
    assert len(text) < 3_000_000


def test_names_are_text_and_never_code(report):
    text = report.html()
    assert "<b>blue" not in text and "&lt;b&gt;blue &amp; white" in text


def test_the_folder_of_the_machine_is_not_in_the_page(report, folder):
    assert str(folder.parent) not in report.html()


@pytest.mark.parametrize("broken_at", ["run_probes", "train_classifier", "clusters_of_maps", "a map"])
def test_what_was_interrupted_goes_on(folder, backbone, tmp_path, monkeypatch, broken_at):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(steps, "_FEW", 0)  # one head in place of twelve
    with monkeypatch.context() as patched, xh.without_warnings():
        if broken_at == "a map":
            after = iter([False] * 40 + [True])
            saliency = xh.methods.METHODS["saliency"].function
            one = lambda *given: stop() if next(after) else saliency(*given)  # noqa: E731
            patched.setattr(steps, "METHODS", {"saliency": type("Method", (), {"function": staticmethod(one)})})
        else:
            patched.setattr(steps, broken_at, stop)
        with pytest.raises(KeyboardInterrupt):
            xh.explain_folder(folder, backbone=backbone, work=tmp_path, **OPTIONS)
    kept = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert "families.npy" in kept and not [name for name in kept if name.startswith(".part")]
    if broken_at == "a map":
        monkeypatch.setattr(steps, "train_classifier", stop)  # it is not trained again
    with xh.without_warnings():
        done = xh.explain_folder(folder, backbone=backbone, work=tmp_path, **OPTIONS)
    assert len(done.clusters) == 3
    finished = {path.name: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    again = [name for name in kept if kept[name] != finished[name]]
    assert again == [] or all(name.startswith("maps-") for name in again)


def test_a_second_call_asks_the_network_nothing_and_says_the_same(folder, backbone, report, monkeypatch):
    monkeypatch.setattr(steps, "METHODS", {})
    monkeypatch.setattr(steps, "train_classifier", None)
    with xh.without_warnings():
        again = xh.explain_folder(folder, backbone=backbone, work=report.work.parent, **OPTIONS)
    assert repr(again) == repr(report)
    assert np.array_equal(again.classifier.said, report.classifier.said) and again.html() == report.html()


def test_a_file_that_changed_is_work_anew(folder, backbone, report, tmp_path):
    from xaihelpers.folders import images_from_folder
    from xaihelpers.reporting.kept import fingerprint

    with xh.without_warnings():
        data = images_from_folder(folder, 32)
    before = fingerprint(data, {})
    assert before == fingerprint(data, {}) != fingerprint(data, {"size": 33})
    os.utime(data.files[0], (1, 1))
    assert fingerprint(data, {}) != before


def test_the_answer_in_one_sentence():
    alarm, look, fine = Sentence(ALARM, "a"), Sentence(LOOK, "b"), Sentence(FINE, "c")
    assert summary([fine]) == "Nothing speaks against it so far."
    assert summary([fine, look]) == "Nothing speaks against it so far; 1 point needs your own eyes."
    assert summary([look, alarm, alarm]).startswith("Not yet: 2 things have to be mended")


def test_one_image_a_class_is_refused_in_a_sentence(tmp_path, backbone):
    for name in ("red", "green"):
        (tmp_path / name).mkdir()
        Image.fromarray(np.full((40, 40, 3), len(name), np.uint8)).save(tmp_path / name / "one.png")
    with pytest.raises(ValueError, match=r"The class 'green' has 1 image: .* needs at least 3"):
        xh.explain_folder(tmp_path, size=32, backbone=backbone, progress=False)
