"""Write the board into the README: every technique in one setting, on the tests that it could have failed.

    python -m benchmarks.board

reads the stored tables, asks no network, and replaces what stands between the two markers.
"""

from pathlib import Path

import xaihelpers as xh

README = Path(__file__).resolve().parent.parent / "README.md"
BEGIN, END = "<!-- board -->", "<!-- end of the board -->"


def block():
    """Return the board with its legend, in Markdown."""
    board = xh.board(questions=("wired", "contrast", "sticker", "removal"))
    return f"{BEGIN}\n{board.to_markdown()}\n\n{board.legend()}\n{END}"


def written(text):
    """Return the README with the board in it, between its markers."""
    head, _, rest = text.partition(BEGIN)
    _, found, tail = rest.partition(END)
    if not found:
        raise ValueError(f"The README has no {BEGIN} and {END}: put them where the board belongs.")
    return head + block() + tail


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
    print(f"The board stands in {README.name}.")
