"""What a classifier found out about itself, to be read at one glance."""

import html
from dataclasses import dataclass, field
from importlib import import_module


@dataclass(frozen=True)
class Description:
    """What was found out about a classifier; shows itself as a table in a notebook, and as lines when printed.

    facts: {what: text}. techniques: {name: None where it works, else the sentence that says why not}. score: what `logits`
    gives: "logit", "log p", "log-odds" or "value". diagnostics: what can't be trusted, as said when it was made.
    """

    facts: dict
    techniques: dict
    score: str
    diagnostics: tuple = field(default=())

    def __str__(self):
        width = max(map(len, self.facts))
        lines = [f"{what:{width}}  {text}" for what, text in self.facts.items()]
        lines += [f"{'techniques':{width}}  {', '.join(name for name, why in self.techniques.items() if not why)}"]
        lines += [f"{'':{width}}  not {name}: {why}" for name, why in self.techniques.items() if why]
        return "\n".join([*lines, *(f"{'note':{width}}  {sentence}" for sentence in self.diagnostics)])

    __repr__ = __str__

    def _repr_html_(self):
        works = ", ".join(name for name, why in self.techniques.items() if not why)
        rows = [*self.facts.items(), ("techniques", works)]
        rows += [(f"not {name}", why) for name, why in self.techniques.items() if why]
        rows += [("note", sentence) for sentence in self.diagnostics]
        cells = "".join(
            f'<tr><th style="text-align:left;vertical-align:top">{html.escape(what)}</th>'
            f'<td style="text-align:left">{html.escape(str(text))}</td></tr>'
            for what, text in rows
        )
        return f"<table>{cells}</table>"


def techniques_of(classifier):
    """Return {name: None where it works on a classifier, else the sentence that says why not}."""
    # The techniques stand a floor above and know by themselves where they work; so they are asked by name, when it matters.
    methods = import_module(f"{__package__.partition('.')[0]}.methods").METHODS
    return {name: methods[name].why_not(classifier) for name in methods}


def describe_function(classifier):
    """Return the Description of a plain function."""
    names = classifier._names
    facts = {
        "model": "a function: it gives probabilities, and nothing else can be known of it",
        "images": f"{classifier.input_shape}, 0 to 255",
        "classes": _listed(names) if names else "not known before the first question",
    }
    return Description(facts, techniques_of(classifier), "probability")


def describe_model(classifier):
    """Return the Description of a Keras model."""
    head, proof, preprocessing = classifier._head, classifier._proof, classifier._preprocessing
    facts = {
        "model": f"{classifier.model.name} ({type(classifier.model).__name__}), {classifier.model.count_params():,} weights",
        "images": f"{classifier.input_shape}, 0 to 255",
        "preprocess": str(preprocessing),
        "range": str(proof.range),
        "head": str(head),
        "classes": _listed(classifier.class_names),
        "CAM layer": _cam_layer(classifier),
        "gradients": "at the model's input" if preprocessing.explains_input else "at the image, through the preprocessing",
        "questions": getattr(getattr(classifier, "twin", None), "note", "go to the model as it is"),
    }
    if classifier._call.held:
        facts["held inputs"] = ", ".join(f"{name} = {value}" for name, value in classifier._call.held.items())
    return Description(facts, techniques_of(classifier), head.score_name, proof.diagnostics)


def _cam_layer(classifier):
    try:
        path = classifier.spatial_layer()
    except ValueError:
        return "none: no layer has places in the image"
    places = classifier.places(path)
    return f"{path}, {places.grid[0]} x {places.grid[1]} places, {places.channels} channels"


def _listed(names):
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return f"{len(names)}: {', '.join(names[:5])}{more}"
