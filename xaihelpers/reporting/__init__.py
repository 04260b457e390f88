"""From a folder of images to an answer: can a network that learned from it be trusted? `explain_folder`."""

from .explain_folder import explain_folder
from .report import FolderReport

__all__ = ["FolderReport", "explain_folder"]
