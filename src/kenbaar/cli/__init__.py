"""The command line: parse, call one function, print. Heavy libraries are imported by the command that needs them.

Every command is in docs/commands.md, and the README goes through the first ones.
"""

from __future__ import annotations

import sys


def main() -> None:
    """The entry of the `kenbaar` command: exits with a code of docs/commands.md."""
    from kenbaar.cli._run import run

    sys.exit(run(sys.argv[1:]))


__all__ = ["main"]
