"""Helpers for explaining convolutional neural networks in Keras 3: `import xaihelpers as xh`.

image file -> images -> Classifier -> a technique -> Attribution -> plots, metrics, comparison, sliders

Every public name is imported when it is first used, so that `import xaihelpers` is quick.
"""

from importlib import import_module as _import_module

__version__ = "1.0.0"  # here only: pyproject.toml reads it

# public name: module it lives in
_HOME = {
    "Attribution": "results",
    "Classifier": "classifier",
    "DiagnosticWarning": "results",
    "METHODS": "methods",
    "Visualization": "results",
    "animate": "plots",
    "audit": "auditing",
    "board": "comparison.board",
    "channel_account": "methods.channel_account",
    "classifier_names": "zoo",
    "compare": "comparison",
    "concepts": "methods.concepts",
    "composites": "evidence",
    "cost_of": "methods",
    "evaluate": "training",
    "explain_folder": "reporting",
    "explore": "widgets.explore",
    "figure": "plots",
    "images_from_folder": "folders",
    "judge": "course.judging",
    "load_classifier": "zoo",
    "load_image": "images",
    "load_model": "classifier.model_files",
    "object_masks": "evidence",
    "overlay": "plots",
    "photo_credit": "images",
    "photo_names": "images",
    "playground": "widgets.playground",
    "read_png": "saving",
    "sample_photo": "images",
    "save_png": "saving",
    "show": "plots",
    "side_by_side": "plots",
    "silence": "methods.channel_account",
    "stored": "course.stored",
    "strip": "widgets.explore",
    "train_classifier": "training",
    "without_warnings": "_quiet",
}
# public module: where it lives
_MODULES = {
    "check": "course.checks",
    "comparison": "comparison",
    "field": "course.field",
    "images": "images",
    "methods": "methods",
    "metrics": "metrics",
    "plots": "plots",
    "rashes": "rashes",
    "results": "results",
    "zoo": "zoo",
}


def __getattr__(name):
    if name in _HOME:
        # Kept, so that a module of the same name (which importing it sets here) does not hide the function.
        globals()[name] = getattr(_import_module(f".{_HOME[name]}", __name__), name)
        return globals()[name]
    if name in _MODULES:
        return _import_module(f".{_MODULES[name]}", __name__)
    from .methods import METHODS

    if name in METHODS:
        return METHODS[name].function
    raise AttributeError(f"xaihelpers has no {name!r}: `dir(xaihelpers)` lists what there is.")


def __dir__():
    from .methods import METHODS

    return sorted({*_HOME, *_MODULES, *METHODS, "__version__"})


def _show_results_in_notebooks():
    """Let IPython draw an Attribution that is the last line of a cell; the results themselves know nothing of plots."""
    import sys

    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None:
        html = shell.display_formatter.formatters["text/html"]
        for kind in ("Attribution", "Visualization"):
            html.for_type_by_name(f"{__name__}.results", kind, lambda result: __getattr__("show")(result)._repr_html_())


_show_results_in_notebooks()
