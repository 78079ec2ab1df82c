"""The command line: parse, call one function, print. Heavy libraries are imported by the command that needs them.

kenbaar init --organisation "Club De Brug"
kenbaar invite "Ada" --purpose find --purpose show:web
kenbaar enrol TOKEN ada1.jpg ada2.jpg
kenbaar collection add party ~/photos/party --mode roster --roster s-1a2b3c4d --officer "J. Smit"
kenbaar sweep party && kenbaar publish party ~/public --channel web
kenbaar withdraw s-1a2b3c4d
"""

from __future__ import annotations

import sys


def main() -> None:
    """The entry of the `kenbaar` command: exits with a code of docs/commands.md."""
    from kenbaar.cli._run import run

    sys.exit(run(sys.argv[1:]))


__all__ = ["main"]
