"""The command line: parse, call one function, print. Heavy libraries are imported by the command that needs them.

Every command is in docs/commands.md, and the README goes through the first ones.
"""

from __future__ import annotations

import sys


def main() -> None:
    """The entry of the `kenbaar` command: exits with a code of docs/commands.md."""
    from kenbaar.cli._stop import hear_no_more, hear_signals, how_stopped

    try:
        hear_signals()
        from kenbaar.cli._run import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt as err:  # before the command began, or while it said that it stopped
        said, code = how_stopped(err)
        sys.stderr.write(f"kenbaar: {said}\n")
    hear_no_more()
    sys.exit(code)


__all__ = ["main"]
