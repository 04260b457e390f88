"""Which tests belong to a module, and what they say of a copy of the repository in which one module is changed."""

import ast
import contextlib
import importlib.util
import os
import re
import shutil
import time
from pathlib import Path

from .forking import Fork

# The test files of a module, without `test_` and `.py`; a folder's line holds for its modules that have none of their own.
TESTS = {
    "_quiet.py": "quiet",
    "images.py": "images plots",
    "decoding.py": "images folders saving",
    "classifier/": "classifier head describe",
    "classifier/base.py": "classifier describe copies",
    "classifier/capture.py": "classifier head guided_backprop deep_shap grad_cam",
    "classifier/describe.py": "describe classifier",
    "classifier/folding.py": "folding inference_twin",
    "classifier/head.py": "head describe",
    "classifier/inference_twin.py": "inference_twin folding classifier",
    "classifier/keeping.py": "model_files copies",
    "classifier/keras2.py": "model_files",
    "classifier/keras_model.py": "classifier head inference_twin places",
    "classifier/model_call.py": "head classifier model_files",
    "classifier/preprocessing.py": "preprocessing value_range copies",
    "classifier/proof.py": "head value_range preprocessing",
    "classifier/value_range.py": "value_range describe",
    "classifier/model_files.py": "model_files",
    "classifier/names.py": "class_names",
    "classifier/packing.py": "copies",
    "classifier/places.py": "places grad_cam",
    "classifier/layers.py": "places classifier grad_cam",
    "classifier/graph.py": "classifier head deep_shap folding",
    "classifier/probe.py": "preprocessing value_range head",
    "comparison/": "comparison comparison_statistics fingerprint protocol board randomised",
    "comparison/agreements.py": "families protocol",
    "comparison/board.py": "board",
    "comparison/claims.py": "answers claims",
    "comparison/controls.py": "comparison_statistics protocol",
    "comparison/entries.py": "protocol comparison board randomised",
    "comparison/evidence.py": "evidence_of_truth protocol randomised",
    "comparison/fingerprint.py": "fingerprint comparison",
    "comparison/guidance.py": "answers claims",
    "comparison/pictures.py": "families plots comparison comparison_statistics",
    "comparison/plan.py": "comparison fingerprint",
    "comparison/results.py": "answers claims stored",
    "comparison/statistics.py": "comparison_statistics comparison",
    "comparison/store.py": "comparison fingerprint",
    "comparison/table.py": "comparison fingerprint",
    "metrics/": "metrics metrics_protocol",
    "metrics/randomising.py": "randomising metrics",
    "metrics/sanity.py": "randomising metrics",
    "metrics/evidence_clusters.py": "evidence_clusters",
    "methods/": "contract",
    "methods/activation_maximization.py": "activation_maximization",
    "methods/anchors.py": "anchors anchor_search",
    "methods/cam_family.py": "cam_family titles stored_comparison",
    "methods/channel_account.py": "channel_account",
    "methods/concepts.py": "concepts",
    "methods/deep_dream.py": "deep_dream",
    "methods/deep_shap.py": "deep_shap rescale_rules",
    "methods/expected_gradients.py": "expected_gradients",
    "methods/extremal_perturbation.py": "extremal_perturbation",
    "methods/grad_cam.py": "grad_cam",
    "methods/guided_backprop.py": "guided_backprop",
    "methods/integrated_gradients.py": "saliency scales",
    "methods/lime.py": "lime scales",
    "methods/lrp.py": "lrp",
    "methods/occlusion.py": "occlusion scales",
    "methods/rise.py": "rise scales",
    "methods/saliency.py": "saliency",
    "methods/shapley.py": "shapley",
    "methods/shared/activation_rules.py": "guided_backprop deep_shap",
    "methods/shared/anchor_search.py": "anchors anchor_search",
    "methods/shared/backgrounds.py": "expected_gradients deep_shap",
    "methods/shared/bandits.py": "anchor_search anchors",
    "methods/shared/class_activation.py": "cam_family grad_cam",
    "methods/shared/coalitions.py": "shapley",
    "methods/shared/coverings.py": "anchors",
    "methods/shared/fills.py": "fills occlusion lime",
    "methods/shared/gradient_ascent.py": "gradient_ascent deep_dream activation_maximization",
    "methods/shared/kl_bounds.py": "anchor_search anchors",
    "methods/shared/mask_regression.py": "rise",
    "methods/shared/masks.py": "rise",
    "methods/shared/picture_space.py": "gradient_ascent activation_maximization",
    "methods/shared/questions.py": "rise occlusion lime scales",
    "methods/shared/relevance_rules.py": "lrp",
    "methods/shared/rescale_rules.py": "deep_shap rescale_rules",
    "methods/shared/shapley_regression.py": "shapley",
    "methods/shared/superpixels.py": "superpixels lime anchors",
}
# Not judged: another package's engine, which may be missing, and lists of names.
LEFT_OUT = ("methods/shared/alibi_search.py", "methods/__init__.py", "metrics/__init__.py", "comparison/__init__.py")
FOLDERS = ("classifier", "comparison", "methods", "metrics")


def modules(package):
    """Return the paths below the package of the modules that are judged."""
    paths = [path for folder in FOLDERS for path in (package / folder).rglob("*.py")] + [
        package / "images.py",
        package / "decoding.py",
    ]
    names = sorted(path.relative_to(package).as_posix() for path in paths if path.name != "__init__.py" and path.exists())
    return [name for name in names if name not in LEFT_OUT]


def tests_of(module, repository):
    """Return the test files of a module, as paths below the repository."""
    own = TESTS.get(module) or TESTS[module.split("/")[0] + "/"]
    files = [f"tests/test_{name}.py" for name in own.split()]
    return [name for name in files if (repository / name).exists()]


class Copy:
    """A copy of a repository: the code is copied, the data are links. threads: for the tests' arithmetic."""

    def __init__(self, repository, folder, threads=1):
        self.folder, self.package = folder, folder / "xaihelpers"
        folder.mkdir(exist_ok=True)
        for path in repository.iterdir():
            if path.name == "tests":
                shutil.copytree(path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__", "browser"))
            elif path.name == "xaihelpers":
                shutil.copytree(path, self.package, ignore=shutil.ignore_patterns("__pycache__", "data"))
                for data in [each for each in path.rglob("data") if each.is_dir()]:
                    (self.package / data.relative_to(path)).symlink_to(data)
            elif path.is_file():
                shutil.copy(path, folder)
            elif path.name not in ("build", "dist") and not path.name.startswith("."):
                (folder / path.name).symlink_to(path)
        for name in modules(self.package):  # mutants are written without comments: so is what they are compared with
            path = self.package / name
            _write(path, ast.unparse(ast.parse(path.read_text(encoding="utf-8"))))
        number = {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "OPENBLAS", "MKL", "TF_INTRAOP", "TF_INTEROP")}
        number |= {"TF_NUM_INTRAOP_THREADS": str(threads), "TF_NUM_INTEROP_THREADS": str(threads)}
        self.environment = {
            **os.environ,
            **number,
            "PYTHONPATH": str(folder),
            "CUDA_VISIBLE_DEVICES": "-1",
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        self.environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take seconds to load, and no test of ours needs them
        self._fork = Fork(folder, self.environment)

    @contextlib.contextmanager
    def changed(self, module, code):
        """Another text for a module, for a while. Its byte code is removed: it would be taken for that of the new text."""
        path = self.package / module
        before = path.read_text(encoding="utf-8")
        try:
            _write(path, code)
            yield
        finally:
            _write(path, before)

    def run(self, files, limit, stop_at_first=True, without=()):
        """Return (exit status of pytest, or None if it took longer than `limit` seconds; seconds; the tests that failed).

        The status is 5 where no test was run, or all were skipped.
        """
        command = ["-q", "-p", "no:cacheprovider", "-m", "not slow and not browser", "-rfE", "--tb=no"]
        command += [
            "-o",
            "addopts=--strict-markers",
            *(["-x"] if stop_at_first else []),
            *(f"--deselect={each}" for each in without),
        ]
        if importlib.util.find_spec("hypothesis"):
            command += ["-p", "_hypothesis_pytestplugin", "--hypothesis-seed=0"]
        start = time.monotonic()
        code, text = self._fork.run([*command, *files], limit)
        failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", text, re.M)
        code = 5 if code == 0 and not re.search(r"\d passed", text) else code
        return code, time.monotonic() - start, failed

    def close(self):
        """End the process that waits for further runs."""
        self._fork.close()


def _write(path, text):
    path.write_text(text, encoding="utf-8")
    for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
        compiled.unlink()


REPOSITORY = Path(__file__).resolve().parent.parent.parent
