"""Modules that load when they are first used: quick to import, and nothing is lost."""

import subprocess
import sys

import pytest

from xaihelpers._late import late


def run(code, folder):
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_module_loads_when_it_is_asked(tmp_path, monkeypatch):
    (tmp_path / "slow_part.py").write_text("import builtins\nbuiltins.slow_part_loads += 1\nvalue = 7\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    import builtins

    monkeypatch.setattr(builtins, "slow_part_loads", 0, raising=False)
    finders = list(sys.meta_path)
    with late(["slow_part", "there_is_none_of_this_name"]):
        import slow_part
    assert sys.meta_path == finders and builtins.slow_part_loads == 0
    assert slow_part.value == 7 and slow_part.value == 7 and builtins.slow_part_loads == 1
    monkeypatch.delitem(sys.modules, "slow_part")


def test_other_modules_and_errors_are_as_ever(tmp_path, monkeypatch):
    (tmp_path / "quick_part.py").write_text("value = 8\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    finders = list(sys.meta_path)
    with late(["there_is_none_of_this_name"]):
        import quick_part

        with pytest.raises(ModuleNotFoundError, match="there_is_none_of_this_name"):
            import there_is_none_of_this_name  # noqa: F401
    assert quick_part.value == 8 and sys.meta_path == finders
    monkeypatch.delitem(sys.modules, "quick_part")


FIRST_MAP = """
import sys
import xaihelpers as xh
xh.grad_cam(xh.load_classifier("rashnet"), xh.rashes.load_test_split().images[0])
print([name for name in ("sklearn", "matplotlib.pyplot") if name in sys.modules])
"""

ASKED = """
import keras, sklearn.base
print(issubclass(keras.wrappers.SKLearnClassifier, sklearn.base.ClassifierMixin))
print(callable(keras.visualization.plot_image_gallery))
from keras._tf_keras import keras as other
print(other.wrappers.SKLearnClassifier is keras.wrappers.SKLearnClassifier)
"""


def test_the_first_map_waits_for_neither_scikit_learn_nor_pyplot(tmp_path):
    assert run(FIRST_MAP, tmp_path) == ["[]"]


def test_all_of_keras_is_there_when_it_is_asked(tmp_path):
    assert run(FIRST_MAP + ASKED, tmp_path)[1:] == ["True"] * 3


def test_keras_that_was_imported_before_stays_as_it_is(tmp_path):
    assert run("import keras\n" + FIRST_MAP + ASKED, tmp_path) == ["['sklearn', 'matplotlib.pyplot']", *["True"] * 3]
