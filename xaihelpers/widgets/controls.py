"""Controls of parameters: a slider, a menu, or nothing for a value that is kept as it is."""

import ipywidgets
import numpy as np

USUAL = "default"  # the choice that leaves a parameter to the technique


def from_registry(slider, classifier):
    """Return a range as `explore` takes it, for a Slider of the registry."""
    if slider.options is not None:
        return slider.options(classifier) if callable(slider.options) else list(slider.options)
    return (slider.low, slider.high, slider.step) if slider.step else (slider.low, slider.high)


def make_control(name, given):
    """Return a control for a range, or None for a single value that is kept as it is."""
    style = {"description_width": "initial"}
    if isinstance(given, (list, dict)):
        if not given:
            raise ValueError(f"{name} has nothing to choose from: give at least one value.")
        choices = dict(given) if isinstance(given, dict) else {str(value): value for value in given}
        control = ipywidgets.Dropdown(options=list(choices), description=name, style=style)
        control.choices = choices  # the labels are the options: a value may be an image, which can't be compared
        return control
    if not isinstance(given, tuple):
        return None
    if len(given) not in (2, 3) or not all(isinstance(v, (int, float, np.number)) for v in given) or given[0] >= given[1]:
        raise ValueError(f"{name} got {given!r}: give (low, high) or (low, high, step) with low < high, or a list.")
    low, high = given[:2]
    whole = all(isinstance(v, (int, np.integer)) for v in given)
    step = given[2] if len(given) == 3 else (1 if whole else (high - low) / 20)
    kind = ipywidgets.IntSlider if whole else ipywidgets.FloatSlider
    middle = low + round((high - low) / 2 / step) * step
    # continuous_update=False: drawn when the slider is let go, not at every pixel on the way.
    return kind(value=middle, min=low, max=high, step=step, description=name, continuous_update=False, style=style)


def value_of(control):
    """Return what a control stands for."""
    return control.choices[control.value] if hasattr(control, "choices") else control.value


def positions(control):
    """Return the values that `sweep` visits: every choice, or low, middle and high."""
    if hasattr(control, "choices"):
        return list(control.choices)
    middle = control.min + round((control.max - control.min) / 2 / control.step) * control.step
    return [control.min, middle, control.max]


def choices_of(control):
    """Return ({label: value} of all that a control can stand for, the index of what it stands for now)."""
    if hasattr(control, "choices"):
        return control.choices, list(control.choices).index(control.value)
    count = round((control.max - control.min) / control.step)
    values = [min(control.min + i * control.step, control.max) for i in range(count + 1)]
    here = min(range(len(values)), key=lambda i: abs(values[i] - control.value))
    values[here] = control.value  # exactly as it stands, so that what is remembered is found
    return {f"{value:.10g}": value for value in values}, here


def parameter_control(name, slider, usual, classifier):
    """Return a control for a technique's parameter, which starts at what is usual.

    slider: a Slider of the registry. usual: the value that the technique takes where none is given; where the control
    could not show it, as None, the first choice is to leave the parameter out.
    """
    start, given = usual if slider.default is None else slider.default, from_registry(slider, classifier)
    if isinstance(given, tuple):
        if isinstance(start, (int, float, np.number)):
            control = make_control(name, given)
            control.value = min(max(start, control.min), control.max)
            return control
        low, high, step = (*given, 1)[:3]
        given = np.arange(low, high + step / 2, step).tolist()
    choices = given if isinstance(given, dict) else {str(value): value for value in given}
    usual = slider.usual_words(classifier)
    label = f"{USUAL} ({usual})" if usual else USUAL
    if str(start) not in choices:
        choices = {label: USUAL, **choices}
    control = make_control(name, choices)
    control.value = str(start) if str(start) in choices else label
    return control
