"""The rows of a comparison, and the file that they are written to as they come."""

import io
from pathlib import Path

import pandas as pd

from .._validation import shown

COLUMNS = ["image", "method", "metric", "value", "passes", "seconds", "note"]


class Store:
    """The rows so far, and their file. done: {(image, method)}."""

    def __init__(self, file, fingerprint, n_metrics):
        self.path, self.rows, self.done = None if file is None else _checked_path(file), [], set()
        self._n_metrics = n_metrics
        if self.path is None:
            return
        first = f"# xaihelpers compare {fingerprint}\n"
        if self.path.exists():
            self._read(first)
        self._write("w", first + ",".join(COLUMNS) + "\n" + self._text(self.rows))

    def _read(self, first):
        with self.path.open(encoding="utf-8", errors="replace", newline="") as stored:
            head, text = stored.readline(), stored.read()
        if head != first:
            raise ValueError(f"{self.path} was written for other images, networks or settings: give another file, or delete it.")
        # Killed while it wrote, it may end within a line, or within the metrics of a map.
        whole = text[: text.rfind("\n") + 1]
        table = pd.read_csv(
            io.StringIO(whole), dtype=dict.fromkeys(("image", "method", "metric", "note"), str), float_precision="round_trip"
        )
        pairs = table.groupby(["image", "method"]).metric
        complete = table.metric.isna() | (pairs.transform("count") == self._n_metrics)
        self.add(list(table[complete].itertuples(index=False, name=None)), write=False)

    def add(self, rows, write=True):
        """Keep the rows of finished maps, in the file too."""
        rows = [
            (str(row[0]), row[1], None if pd.isna(row[2]) else row[2], *row[3:6], "" if pd.isna(row[6]) else row[6])
            for row in rows
        ]
        self.rows += rows
        self.done |= {(row[0], row[1]) for row in rows}
        if write and self.path is not None:
            self._write("a", self._text(rows))

    def _text(self, rows):
        return pd.DataFrame(rows, columns=COLUMNS).to_csv(index=False, header=False, lineterminator="\n") if rows else ""

    def _write(self, mode, text):
        with self.path.open(mode, encoding="utf-8", newline="") as stored:
            stored.write(text)

    def table(self):
        """Return the rows as a table."""
        return pd.DataFrame(self.rows, columns=COLUMNS)


def _checked_path(file):
    """Return the path of a file that can be written, or say in one sentence why it can't."""
    if not isinstance(file, (str, Path)) or not str(file).strip():
        raise TypeError(f"file is {shown(file)}: give the path of a CSV file, or None.")
    path = Path(file)
    try:
        fits = path.parent.is_dir() and not path.is_dir() and "\0" not in str(path)
    except OSError:  # a name that is far too long
        fits = False
    if not fits:
        raise FileNotFoundError(f"{shown(file)} can't be written: give the path of a CSV file, in a folder that there is.")
    return path
