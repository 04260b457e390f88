"""Equations as MathML, which every browser draws by itself: no script, no fonts to fetch, and read aloud by screen readers."""

from docutils.nodes import SkipNode
from latex2mathml.converter import convert


def inline(self, node):
    """Draw an equation within a line."""
    self.body.append(convert(node.astext()))
    raise SkipNode


def block(self, node):
    """Draw an equation of its own."""
    self.body.append(f'<div class="math" tabindex="0">{convert(node.astext(), display="block")}</div>')
    raise SkipNode


def setup(app):
    """Add the renderer that conf.py chooses."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
