"""Known holes in what is installed: asks PyPI's advisories (pip-audit), and says plainly where they could not be asked.

Run by .ci/run with the tests' environment. Ends with 1 where a known hole is found that no exception below covers.
"""

from __future__ import annotations

import json
import subprocess  # our own command
import sys
from datetime import date

# id of the advisory -> (until when, why it does not reach us). Past its date an exception counts no more.
EXCEPTIONS: dict[str, tuple[date, str]] = {
    "GHSA-x8r2-mggj-j6wr": (
        date(2027, 3, 31),
        "libheif 1.23.0 in pi-heif 1.4.0, the newest: uncompressed pictures are refused before libheif is asked"
        " (media/_heif_items.py), and every photo is read by a process that holds no key",
    ),
    "GHSA-w7mc-p8jc-p853": (
        date(2027, 3, 31),
        "libheif 1.23.0 in pi-heif 1.4.0, the newest: what could be disclosed is the memory of a process that holds no"
        " key, no gallery, and of photos only those it read before (docs/decisions/0028)",
    ),
}


def say(line: str) -> None:
    """One line of what CI prints."""
    sys.stdout.write(line + "\n")


def main() -> int:
    """The exit code."""
    command = [sys.executable, "-m", "pip_audit", "--format", "json", "--skip-editable", "--progress-spinner", "off"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)  # noqa: S603  # our own command
        told = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        say("Advisories: NOT ASKED, the service cannot be reached from here.")
        return 0
    asked = [package for package in told if "vulns" in package]
    if not asked:
        say("Advisories: NOT ASKED, the service knows none of our packages from here.")
        return 0
    found = 0
    for package in asked:
        for hole in package["vulns"]:
            which = f"{package['name']} {package['version']}: {hole['id']}"
            names = {hole["id"], *hole.get("aliases", ())}
            covered = [EXCEPTIONS[n] for n in names if n in EXCEPTIONS and date.today() <= EXCEPTIONS[n][0]]
            if covered:
                say(f"{which}, excepted until {covered[0][0]}: {covered[0][1]}.")
            else:
                found += 1
                say(f"{which}, fixed in {hole.get('fix_versions') or 'nothing yet'}.")
    say(f"Advisories: {len(asked)} packages asked for, {len(told) - len(asked)} not known there, {found} open.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
