"""What can be known of images with labels before any training: `audit`."""

from .outcome import Audit, audit

__all__ = ["Audit", "audit"]
