"""`python -m tools.draw_floors` draws the floors of the package into CONTRIBUTING.md, from the table of the architecture test."""

import re
import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "CONTRIBUTING.md"


def main():
    drawing = runpy.run_path(str(ROOT / "tests" / "test_architecture.py"))["drawing"](ROOT)
    text = PAGE.read_text(encoding="utf-8")
    new, times = re.subn(r"```text\nfloor \d.*?\n```\n", lambda found: f"```text\n{drawing}\n```\n", text, flags=re.S)
    assert times == 1, "CONTRIBUTING.md has no drawing to renew: a block of text that begins with `floor`"
    PAGE.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
