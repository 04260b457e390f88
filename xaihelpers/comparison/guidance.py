"""Which technique for which question? Lines of a guide, each with the tests behind it; `claims` reads them against the tables."""

import html
from typing import NamedTuple

from .claims import check
from .results import answer


class Line(NamedTuple):
    """One line. question, take: what is asked, and what to do about it. claims: what must hold for that. rows: whose price."""

    question: str
    take: str
    claims: tuple
    rows: tuple = ()


GUIDE = (
    Line(
        "Of several things in the image: which one speaks for this class?",
        "HiResCAM or Grad-CAM at the last layer. If you can only ask: RISE or occlusion. No clear winner among them.",
        (
            "contrast: HiResCAM beats controls",
            "contrast: RISE, mean, 300 masks beats controls",
            "contrast: Occlusion, mean, patch 16 beats controls",
            "contrast: no clear winner",
            "contrast: HiResCAM beats Guided backpropagation",
            "contrast: HiResCAM beats Integrated gradients, blur",
        ),
        ("HiResCAM", "RISE, mean, 300 masks", "Occlusion, mean, patch 16"),
    ),
    Line(
        "Does the network use this thing that should not matter?",
        "HiResCAM or occlusion on the suspect and, on the same images, on a network that does not use it. Keep the sign.",
        (
            "sticker: HiResCAM beats controls",
            "sticker: Occlusion, mean, patch 16 beats controls",
            "sticker: no clear winner",
            "sticker: HiResCAM beats Grad-CAM",
            "sticker: HiResCAM beats Saliency",
            "sticker: HiResCAM beats Guided backpropagation",
        ),
        ("HiResCAM", "Occlusion, mean, patch 16"),
    ),
    Line(
        "How much does each thing weigh?",
        "Integrated gradients or Deep SHAP, signed, from a blurred image or its mean colour; not from black, not a CAM. "
        "So on RashNet; on Xception neither was shown to beat a picture of the image's centre: measure on your network.",
        (
            "removal: Integrated gradients, blur beats controls",
            "removal: Integrated gradients, blur equals Deep SHAP, blur",
            "removal: Integrated gradients, black fails controls",
            "removal: Integrated gradients, blur beats Grad-CAM",
            "xception: Integrated gradients, blur fails controls",
            "xception: Deep SHAP, blur fails controls",
        ),
        ("Integrated gradients, blur", "Deep SHAP, blur"),
    ),
    Line(
        "Which map stays off what the network can't use?",
        "Saliency, integrated gradients, Deep SHAP, HiResCAM. Neither guided backpropagation nor Grad-CAM. "
        "The reverse does not hold: a low value is no proof that a pixel plays no part.",
        (
            "wired: Saliency above 0.99",
            "wired: HiResCAM above 0.99",
            "wired: Integrated gradients, blur above 0.99",
            "wired: HiResCAM beats Grad-CAM",
            "wired: Saliency beats Guided backpropagation",
        ),
        ("Saliency", "HiResCAM", "Integrated gradients, blur"),
    ),
    Line(
        "A sharp picture of what stands out in the image?",
        "Guided backpropagation draws the lesions best of all. It is no evidence of what the network uses.",
        (
            "lesions: Guided backpropagation wins",
            "contrast: Grad-CAM beats Guided backpropagation",
            "wired: Guided backpropagation below 0.9",
        ),
        ("Guided backpropagation",),
    ),
    Line(
        "Which pixels make the probability fall when they are painted over?",
        "Integrated gradients or Deep SHAP, absolute. |image − blur| knows no network and is nearly as good: remove truly.",
        (
            "deletion: Deep SHAP, blur, absolute beats controls",
            "deletion: Grad-CAM fails controls",
            "deletion: Guided backpropagation fails controls",
        ),
        ("Deep SHAP, blur",),
    ),
)


class Guide:
    """What `guide` returns: its lines, each with the numbers of the stored tables. `wrong`: claims that no longer hold."""

    def __init__(self, lines):
        self.lines = [(line, [check(claim) for claim in line.claims]) for line in lines]
        self.wrong = [each.claim for _, found in self.lines for each in found if not each.holds]

    def _repr_html_(self):
        rows = "".join(
            f"<tr style='vertical-align:top'><td>{html.escape(line.question)}</td><td>{html.escape(line.take)}</td>"
            f"<td>{'<br>'.join(html.escape(_says(each)) for each in found)}</td><td>{html.escape(_price(line))}</td></tr>"
            for line, found in self.lines
        )
        head = "".join(f"<th>{each}</th>" for each in ("your question", "take", "the test behind it", "passes"))
        return f"<table style='text-align:left'><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"

    def __repr__(self):
        return "\n".join(f"{line.question} {line.take} ({'; '.join(map(_says, found))})" for line, found in self.lines)


def guide():
    """Return the Guide: which technique passed which test for which question, read from the stored tables."""
    return Guide(GUIDE)


def _says(checked):
    return f"{checked.claim}: {checked.numbers}" if checked.holds else f"NO LONGER TRUE: {checked.claim}: {checked.numbers}"


def _price(line):
    passes = answer(line.claims[0].partition(": ")[0]).passes
    return ", ".join(f"{passes[row]:.0f}" for row in line.rows if row in passes.index)
