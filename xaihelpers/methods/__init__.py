"""The techniques. Adding one is a module in this folder, a lesson, and a line in the table below."""

from collections.abc import Mapping
from importlib import import_module

# technique: its module. The comparison, the playground, the command line and the tests read this table.
_MODULES = {
    "saliency": "saliency",
    "integrated_gradients": "integrated_gradients",
    "guided_backprop": "guided_backprop",
    "deep_shap": "deep_shap",
    "grad_cam": "grad_cam",
    "hires_cam": "grad_cam",
    "occlusion": "occlusion",
    "rise": "rise",
    "lime": "lime",
    "anchors": "anchors",
    "activation_maximization": "activation_maximization",
    "deep_dream": "deep_dream",
}


class _Registry(Mapping):
    """{name: Method}; a technique's module is imported when it is asked for, so that listing them is quick."""

    def __getitem__(self, name):
        if name not in _MODULES:
            raise KeyError(f"There is no technique {name!r}: choose from {', '.join(_MODULES)}.")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name).method

    def __iter__(self):
        return iter(_MODULES)

    def __len__(self):
        return len(_MODULES)


METHODS = _Registry()
