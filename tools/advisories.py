"""`python -m tools.advisories` holds the pins against known holes: a dated list beside this file, then pip-audit's database.

The list works offline. pip-audit asks the network; where it can't be reached, a sentence says so and only the list counts.
"""

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PINS = ("requirements.txt", "requirements-test.txt")
SECONDS = 180  # that pip-audit may take


class Hole(NamedTuple):
    """A pinned version with a known hole. accepted: why it stays, empty where it must not."""

    package: str
    version: str
    identifier: str
    what: str
    accepted: str

    def __str__(self):
        stays = f" Accepted: {self.accepted}." if self.accepted else ""
        return f"{self.package} {self.version}: {self.identifier}, {self.what}.{stays}"


def advisories():
    """Return (the day of the list, its advisories as dicts)."""
    listed = tomllib.loads((ROOT / "tools" / "advisories.toml").read_text(encoding="utf-8"))
    return listed["date"], listed["advisory"]


def pinned(text):
    """Return {package: set of the versions pinned for one machine or another} of a file of requirements."""
    versions = {}
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            requirement = Requirement(line)
            versions.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier).removeprefix("=="))
    return versions


def holes(text, listed):
    """Return the Holes that a list knows in a file of requirements."""
    versions = pinned(text)
    return [
        Hole(each["package"], version, each["id"], each["what"], each.get("accepted", ""))
        for each in listed
        for version in sorted(versions.get(each["package"], ()))
        if SpecifierSet(each["affected"]).contains(version, prereleases=True)
    ]


def audit(accepted):
    """Let pip-audit look the pins up; return what it found, in words, and a sentence about how far it came."""
    command = [sys.executable, "-m", "uv", "tool", "run", "pip-audit", "--no-deps", "--disable-pip", "--format=json"]
    command += ["--progress-spinner=off", *(f"--ignore-vuln={identifier}" for identifier in sorted(accepted))]
    command += [f"--requirement={ROOT / name}" for name in PINS]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        return judged(json.loads(done.stdout)["dependencies"])
    except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError, KeyError):
        return [], "pip-audit gave no answer: only the list beside this file was checked."


def judged(dependencies):
    """Return the holes that pip-audit names, in words, and a sentence about how far it came: what it skips it calls clean."""
    audited = [each for each in dependencies if "skip_reason" not in each]
    found = [f"{each['name']} {each['version']}: {hole['id']}" for each in audited for hole in each["vulns"]]
    if not audited:
        return found, "pip-audit could not reach its database: only the list beside this file was checked."
    return found, f"pip-audit looked {len(audited)} of {len(dependencies)} packages up and found {len(found)} holes."


def main():
    day, listed = advisories()
    found = {hole for name in PINS for hole in holes((ROOT / name).read_text(encoding="utf-8"), listed)}
    for hole in sorted(found):
        print(hole)
    open_ones = [hole for hole in found if not hole.accepted]
    print(f"{len(listed)} known holes of {day}: {len(open_ones)} open, {len(found) - len(open_ones)} accepted.")
    more, sentence = audit({hole.identifier for hole in found if hole.accepted})
    print(*more, sentence, sep="\n")
    return 1 if more or open_ones else 0


if __name__ == "__main__":
    sys.exit(main())
