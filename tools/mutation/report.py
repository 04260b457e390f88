"""What became of each mutant: a file that is written as results come, and a summary."""

import hashlib
import json
import os
import threading

from .package import Mutant


class Results:
    """Results in one JSON file, {"tests": {file: ...}, "mutants": {name: ...}}: each is written at once, whole or not at all."""

    def __init__(self, path, repository):
        self._path, self.repository, self._lock, self._hashes = path, repository, threading.Lock(), {}
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else '{"tests": {}, "mutants": {}}'
        self._all = json.loads(text)

    def take(self, files):
        """Note what the test files are now, as they are copied: they may be edited while they run."""
        self._hashes = {name: _hash(self.repository / name) for name in files}

    def baseline(self, name):
        """Return what is known of a test file as it is now: {"seconds", "failed", "usable"}, or None."""
        known = self._all["tests"].get(name)
        return known if known and known["hash"] == self._hashes[name] else None

    def keep_baseline(self, name, seconds, failed, usable):
        known = {"seconds": round(seconds, 1), "failed": failed, "usable": usable, "hash": self._hashes[name]}
        self._write("tests", name, known)

    def has(self, mutant):
        return mutant.name in self._all["mutants"]

    def keep(self, mutant, by, seconds):
        """Keep which test killed a mutant; by: "" for none."""
        known = {name: each for name, each in mutant._asdict().items() if name != "code" or not by}
        self._write("mutants", mutant.name, {**known, "killed_by": by, "seconds": round(seconds, 1)})

    def survivors(self):
        """Return the mutants that no test has killed."""
        found = [each for each in self._all["mutants"].values() if not each["killed_by"]]
        return [Mutant(**{name: each[name] for name in Mutant._fields}) for each in found]

    def of(self, mutants):
        """Return {name: what is known} of these mutants, as far as they were run."""
        return {each.name: self._all["mutants"][each.name] for each in mutants if self.has(each)}

    def all(self):
        """Return {name: what is known} of every mutant in the file."""
        return self._all["mutants"]

    def _write(self, part, name, known):
        with self._lock:
            self._all[part][name] = known
            temporary = self._path.with_suffix(".part")
            temporary.write_text(json.dumps(self._all, indent=1), encoding="utf-8")
            os.replace(temporary, self._path)


def report(results):
    """Return the text of a summary: each survivor, then how many were killed, by module and in all."""
    lines = []
    for name, each in sorted(results.items()):
        if not each["killed_by"]:
            lines += [f"SURVIVED {name}", *(f"    {line}" for line in each["diff"].splitlines())]
    for module in sorted({each["module"] for each in results.values()}):
        lines.append(_score(module, [each for each in results.values() if each["module"] == module]))
    return "\n".join([*lines, _score("all", list(results.values()))])


def _score(name, those):
    killed = sum(bool(each["killed_by"]) for each in those)
    return f"{name:42s} {killed:4d} of {len(those):4d} killed  {killed / max(1, len(those)):.1%}"


def _hash(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
