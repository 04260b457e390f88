"""What `explain_folder` gives back: all that was found, and the page that shows it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._types import PathLike
from .verdict import summary, verdict


@dataclass(repr=False, eq=False)
class FolderReport:
    """What is known of a folder, and of a network that learned from it.

    audit: `Audit`. classifier: `TrainedClassifier`, families never divided. leak: [right, N, balanced accuracy] of a split by
    image, or None. frame: what the outer frame alone tells. right, wrong: indices of images held back. said: {index: class}
    by the final network. maps: {index: (map for what was said, map for the true class)}. clusters: {class: (EvidenceClusters,
    indices)}. warned: what training said. settings: how all this was made. seconds: how long this run took. work: where the
    finished steps are kept.
    """

    audit: Any
    classifier: Any
    leak: list | None
    frame: dict
    right: list
    wrong: list
    said: dict
    maps: dict
    clusters: dict
    warned: list
    settings: dict
    seconds: float = 0.0
    work: Path | None = None
    sentences: list = field(default_factory=list)

    def __post_init__(self):
        self.sentences = verdict(self)

    @property
    def evaluation(self):
        """The `Evaluation` on all images that were held back: every one once where there are not too many."""
        return self.classifier.cross_validation or self.classifier.evaluation

    @property
    def summary(self):
        """Can it be trusted? In one sentence."""
        return summary(self.sentences)

    def __repr__(self):
        return "\n".join([self.summary, *(f"  {each.level:5}  {each.text}" for each in self.sentences)])

    def html(self):
        """Return the report as one page of HTML that needs nothing else."""
        from .page import page

        return page(self)

    def save(self, path: PathLike) -> Path:
        """Write the report to one HTML file, pictures inside; return its path."""
        path = Path(path).expanduser()
        path.write_text(self.html(), encoding="utf-8")
        return path
